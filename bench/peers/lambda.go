package main

// This file models Lambda functions of several memory sizes: the worker runs in a control group
// with the share of a CPU that a function of the size has. The model is no measurement on Lambda,
// which has other machines and another kernel.

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"miniatura/bench/pictures"
)

// A function is a memory size and the share of a CPU that Lambda gives to it, in proportion to the
// memory: 1,769 MB have a whole CPU.
type function struct {
	mb    int
	share float64
}

var functions = []function{{128, 0.07}, {256, 0.14}, {512, 0.29}, {1024, 0.58}, {1769, 1}}

// Lambda@Edge's prices in dollars (aws.amazon.com/lambda/pricing): per request, and per GB-second.
const (
	requestPrice  = 0.60 / 1e6
	gbSecondPrice = 0.00005001
)

// waitable is how long a visitor may wait for a picture, in milliseconds. A memory size is only
// recommended if no picture of this section takes longer.
const waitable = 10_000

// lambdaSection adds the rows about waiting and cost by memory size. It prints the cheapest size
// with which no picture takes longer than waitable.
func lambdaSection(s *suite) error {
	files, err := s.lambdaFiles()
	if err != nil {
		return err
	}
	list := functions
	if s.short {
		list = list[len(list)-1:] // the one with a whole CPU
	}
	best, cheapest := 0, 0.0 // the recommended size in MB, 0 for none; its cost for all pictures
	for _, f := range list {
		g, err := newGroup(f.share)
		if err != nil {
			s.say("lambda: left out, no control group can be made here: %v", err)
			return nil
		}
		cost, slowest, err := s.lambdaSize(g, f, files)
		if err != nil {
			return err
		}
		if slowest <= waitable && (best == 0 || cost < cheapest) {
			best, cheapest = f.mb, cost
		}
	}
	if best > 0 {
		s.say("lambda: %d MB is the cheapest size with which each of these takes at most %d s", best, waitable/1000)
	}
	return nil
}

// lambdaSize adds the rows of one memory size. It returns the cost of all files together, in
// dollars for a thousand requests of each, and how many milliseconds the slowest takes. It removes
// g.
func (s *suite) lambdaSize(g *group, f function, files []picture) (cost, slowest float64, err error) {
	defer g.remove()
	for _, p := range files {
		work := fmt.Sprintf("lambda model, %d MB: %s -> M webp", f.mb, p.name)
		wait, err := s.wait(g, p)
		if err != nil {
			return 0, 0, err
		}
		gbSeconds := wait / 1000 * float64(f.mb) / 1024
		thousand := 1000 * (requestPrice + gbSeconds*gbSecondPrice)
		s.row(work, "avx2", "wait_ms", wait, "", 0)
		s.row(work, "avx2", "usd_per_1000", thousand, "", 0)
		cost += thousand
		slowest = max(slowest, wait)
	}
	if s.python != nil {
		if err := s.lambdaStart(g, f); err != nil {
			s.skip(fmt.Sprintf("lambda model, %d MB: start", f.mb), err.Error())
		}
	}
	return cost, slowest, nil
}

// lambdaFiles returns a photo, a graphic and an animation.
func (s *suite) lambdaFiles() ([]picture, error) {
	photo, err := s.make("photo 12MP", pictures.Photo(4032, 3024))
	if err != nil {
		return nil, err
	}
	graphic, err := s.makePNG("page 2000x1500", pictures.Text(2000, 1500))
	if err != nil {
		return nil, err
	}
	a := pictures.Animations()[0]
	moving, err := s.record(a)
	if err != nil {
		return nil, err
	}
	return []picture{
		{name: "photo 12MP jpeg", path: photo, w: 4032, h: 3024},
		{name: "page 2000x1500 png", path: graphic.path, w: 2000, h: 1500},
		{name: a.Name + " gif", path: moving[0], w: a.W, h: a.H},
	}, nil
}

// wait returns the median wall-clock time that p takes in g, at size M and as WebP, in
// milliseconds.
func (s *suite) wait(g *group, p picture) (float64, error) {
	c := contender{name: "avx2", command: g.enter([]string{s.self, workerFlag})}
	var wall []float64
	for range s.rounds {
		got, err := s.run(c, "webp", p.path, 1, p.box("M"), "-")
		if err != nil {
			return 0, err
		}
		wall = append(wall, got.Wall[0])
	}
	return median(wall), nil
}

// lambdaStart adds the row about a cold start in g.
func (s *suite) lambdaStart(g *group, f function) error {
	task, err := s.unpackedZip()
	if err != nil {
		return err
	}
	api, polls, stop, err := runtimeAPI()
	if err != nil {
		return err
	}
	defer stop()
	least := 0.0
	for range 3 * s.rounds {
		took, err := s.firstPoll(g.enter(edgeCommand(s.python[0], task)), api, polls)
		if err != nil {
			return err
		}
		if least == 0 || took < least {
			least = took
		}
	}
	s.row(fmt.Sprintf("lambda model, %d MB: start to first poll", f.mb), "edge", "ms_min", least, "", 0)
	return nil
}

// A group is a control group whose processes share part of a CPU.
type group struct{ dir string }

// newGroup makes a group below the group of this process, with version 1 or 2 of the kernel's
// interface. share is how much of a CPU the group has.
func newGroup(share float64) (*group, error) {
	const period = 100_000 // microseconds
	quota := int(share * period)
	lines, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return nil, err
	}
	own := map[string]string{} // this process's group by controller, which is "" in version 2
	for line := range strings.Lines(string(lines)) {
		fields := strings.SplitN(strings.TrimSpace(line), ":", 3) // number, controllers, group
		if len(fields) < 3 {
			continue
		}
		for controller := range strings.SplitSeq(fields[1], ",") {
			own[controller] = fields[2]
		}
	}
	// Try each place where the controller may be. err is the reason why the last one failed.
	name := "miniatura-" + strconv.Itoa(os.Getpid())
	err = errors.New("no cpu controller in /sys/fs/cgroup")
	for _, place := range []struct{ root, own, file, text string }{
		{"/sys/fs/cgroup/cpu", own["cpu"], "cpu.cfs_quota_us", strconv.Itoa(quota)},
		{"/sys/fs/cgroup/cpu,cpuacct", own["cpu"], "cpu.cfs_quota_us", strconv.Itoa(quota)},
		{"/sys/fs/cgroup", own[""], "cpu.max", fmt.Sprintf("%d %d", quota, period)},
	} {
		parent := filepath.Join(place.root, place.own)
		if _, statErr := os.Stat(parent); statErr != nil {
			continue
		}
		g := &group{filepath.Join(parent, name)}
		if err = g.create(place.file, place.text); err == nil {
			return g, nil
		}
	}
	return nil, err
}

// create makes the group, writes text to the group's file that limits the CPU, and checks that a
// process can enter the group. It leaves no group when it returns an error.
func (g *group) create(file, text string) (err error) {
	if err := os.Mkdir(g.dir, 0o755); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			g.remove()
		}
	}()
	// os.WriteFile would create the file if the controller is not enabled.
	f, err := os.OpenFile(filepath.Join(g.dir, file), os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	argv := g.enter([]string{"true"})
	return exec.Command(argv[0], argv[1:]...).Run()
}

// enter returns the command that runs argv in the group: a shell enters the group, and then becomes
// argv.
func (g *group) enter(argv []string) []string {
	const script = `echo $$ > "$0" && exec "$@"`
	return append([]string{"sh", "-c", script, filepath.Join(g.dir, "cgroup.procs")}, argv...)
}

// remove deletes the group, whose processes must have ended.
func (g *group) remove() { os.Remove(g.dir) }
