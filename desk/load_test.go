package desk

import (
	"bufio"
	"fmt"
	"image"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"miniatura/sizes"
)

// TestMain lets the test binary be the command line, for tests that need a process of their own.
func TestMain(m *testing.M) {
	if args, ok := os.LookupEnv("MINIATURA_TEST_ARGS"); ok {
		os.Exit(Main(strings.Split(args, "\n"), os.Stdin, os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

// process starts the command line in a process of its own, and returns the process and its output.
func process(t testing.TB, args ...string) (*exec.Cmd, *bufio.Reader) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), "MINIATURA_TEST_ARGS="+strings.Join(args, "\n"))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	return cmd, bufio.NewReader(out)
}

func TestCtrlCEndsTheProcessCleanly(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a process cannot be sent Ctrl-C here")
	}
	cmd, out := process(t, "serve", "-addr", "127.0.0.1:0", "-dir", t.TempDir())
	if _, err := out.ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	rest, err := io.ReadAll(out)
	if err != nil || string(rest) != "stopped\n" {
		t.Errorf("after Ctrl-C it prints %q (%v)", rest, err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("it ends with %v", err)
	}
}

// Two hundred viewers at once each ask for a new result from 12 megapixels. All are answered, and
// memory stays below serveMemory.
func TestTwoHundredAtOnceStayUnderTheCeiling(t *testing.T) {
	if os.Getenv("MINIATURA_LONG") == "" {
		t.Skip("set MINIATURA_LONG=1 to run it")
	}
	if runtime.GOOS != "linux" {
		t.Skip("peak memory is read from /proc")
	}
	photo := jpegOf(t, 4000, 3000)
	files := map[string][]byte{"graphic.png": pngOf(t, 4000, 3000)}
	for i := range 12 {
		files[fmt.Sprintf("photo%d.jpg", i)] = photo
	}
	dir := folder(t, files)
	cmd, out := process(t, "serve", "-addr", "127.0.0.1:0", "-dir", dir)
	first, err := out.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	go io.Copy(io.Discard, out)
	base := regexp.MustCompile(`http://\S+/`).FindString(first)

	var targets []string
	for name := range files {
		for _, s := range sizes.All() {
			targets = append(targets, name+"?size="+s.Name, name+"?size="+s.Name+"&to_webp=1")
		}
	}
	targets = targets[:200]
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 200}, Timeout: 5 * time.Minute}
	var wg sync.WaitGroup
	var mu sync.Mutex
	made, passed := 0, 0
	begin := time.Now()
	for _, target := range targets {
		wg.Go(func() {
			r, err := client.Get(base + target)
			if err != nil {
				t.Errorf("%s: %v", target, err)
				return
			}
			defer r.Body.Close()
			body, err := io.ReadAll(r.Body)
			if err != nil || r.StatusCode != 200 || int64(len(body)) != r.ContentLength {
				t.Errorf("%s: %s, %d of %d bytes, %v", target, r.Status, len(body), r.ContentLength, err)
				return
			}
			if r.Header.Get("Content-Type") != "image/webp" {
				if _, _, err := image.DecodeConfig(strings.NewReader(string(body))); err != nil {
					t.Errorf("%s: no picture: %v", target, err)
				}
			}
			mu.Lock()
			defer mu.Unlock()
			if strings.Contains(r.Header.Get("X-Miniatura-Record"), `"decision":"unchanged"`) {
				passed++
			} else {
				made++
			}
		})
	}
	wg.Wait()
	peak := peakMemory(t, cmd.Process.Pid)
	t.Logf("200 requests in %v: %d results made, %d originals passed on; peak %d MB of %d", time.Since(begin).Round(time.Second), made, passed, peak>>20, serveMemory>>20)
	if peak > serveMemory {
		t.Errorf("peak memory %d bytes, over the %d that serve states", peak, serveMemory)
	}
	if made+passed != 200 || made < 20 {
		t.Errorf("%d results made, %d originals passed on, of 200", made, passed)
	}
}

// peakMemory returns a process's peak resident set in bytes.
func peakMemory(t testing.TB, pid int) int64 {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindSubmatch(text)
	if m == nil {
		t.Fatal("no VmHWM")
	}
	kb, err := strconv.ParseInt(string(m[1]), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return kb << 10
}
