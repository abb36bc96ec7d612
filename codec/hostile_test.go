package codec

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"image"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"
)

const hostileChild = "MINIATURA_HOSTILE_CHILD"

// Every hostile file of the corpus gives, in bounded time and memory and in both formats, an error
// or a whole picture with the announced dimensions. The work is done in a child process that may
// not have more than 512 MB of data.
func TestHostileFilesAreBounded(t *testing.T) {
	if dir := os.Getenv(hostileChild); dir != "" {
		hostileFiles(t)
		return
	}
	corpus(t, "hostile") // skips when there is none
	if runtime.GOOS != "linux" {
		t.Skip("needs RLIMIT_DATA and /proc")
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestHostileFilesAreBounded$", "-test.v", "-test.timeout=9m")
	cmd.Env = append(os.Environ(), hostileChild+"=1")
	out, err := cmd.CombinedOutput()
	for line := range strings.Lines(string(out)) {
		if strings.Contains(line, "hostile_test.go") {
			t.Log(strings.TrimSpace(line))
		}
	}
	if err != nil {
		t.Errorf("the child: %v\n%s", err, tail(out, 4000))
	}
}

func tail(b []byte, n int) []byte { return b[max(0, len(b)-n):] }

func hostileFiles(t *testing.T) {
	const limit = 512 << 20
	if err := limitData(limit); err != nil {
		t.Fatal(err)
	}
	resized, passed := 0, 0
	var slowest time.Duration
	var slow string
	for _, row := range corpus(t, "hostile") {
		src, err := os.ReadFile(row.path)
		if err != nil {
			t.Fatal(err)
		}
		for _, webp := range []bool{false, true} {
			start := time.Now()
			ctx, cancel := context.WithTimeout(context.Background(), 28*time.Second)
			out, info, err := Resize(ctx, src, fitter(t, "S"), Options{Format: formatOf(webp)})
			cancel()
			d := time.Since(start)
			if d > slowest {
				slowest, slow = d, row.name
			}
			most := 10 * time.Second
			if strings.Contains(row.must, "answers in < 1 s") || strings.Contains(row.must, "answer in < 1 s") {
				most = time.Second
			}
			if d > most {
				t.Errorf("%s, webp %v: %v, allowed %v", row.name, webp, d, most)
			}
			if err != nil {
				passed++
				if strings.Contains(err.Error(), "panic") {
					t.Errorf("%s, webp %v: %v", row.name, webp, err)
				}
				continue
			}
			resized++
			if strings.Contains(row.must, "nothing stored") {
				t.Errorf("%s, webp %v: gave %d bytes of %s; must: %s", row.name, webp, len(out), info.ContentType, row.must)
			}
			if err := wholePicture(out, info); err != nil {
				t.Errorf("%s, webp %v: %v", row.name, webp, err)
			}
		}
	}
	peak, err := peakRSS()
	if err != nil {
		t.Fatal(err)
	}
	if peak > limit {
		t.Errorf("peak %d MB", peak>>20)
	}
	t.Logf("resized %d, passed through %d; slowest %s in %v; peak RSS %d MB", resized, passed, slow, slowest.Round(time.Millisecond), peak>>20)
}

// wholePicture returns an error unless out is the picture that info describes. The readers are not
// the project's own, except for animated WebP and the bitmaps that x/image does not know.
func wholePicture(out []byte, info Info) error {
	f, s, p, err := open(out)
	if err != nil {
		return err
	}
	if f.mediaType != info.ContentType || p.w != info.OutW || p.h != info.OutH || p.frames != info.Frames {
		return fmt.Errorf("%s %dx%d, said to be %s %dx%d", f, p.w, p.h, info.ContentType, info.OutW, info.OutH)
	}
	switch {
	case f == WebP && s.(webpSource).Animated:
		play, _, err := s.player(&conversion{})
		if err != nil {
			return err
		}
		for range p.frames {
			if _, _, err := play.Next(context.Background()); err != nil {
				return err
			}
		}
		return nil
	case f == BMP:
		rows := 0
		err := s.(bmpSource).Rows(context.Background(), func(int, []byte) error { rows++; return nil })
		if err == nil && rows != p.h {
			err = fmt.Errorf("%d rows of %d", rows, p.h)
		}
		return err
	}
	m, kind, err := image.Decode(bytes.NewReader(out))
	if err == nil && ("image/"+kind != info.ContentType || f != GIF && m.Bounds().Dx() != info.OutW || f != GIF && m.Bounds().Dy() != info.OutH) { // image/gif gives the first frame's rectangle
		err = fmt.Errorf("reads as %s %v", kind, m.Bounds())
	}
	return err
}

// peakRSS returns the most memory that this process has used, in bytes.
func peakRSS() (int64, error) {
	f, err := os.Open("/proc/self/status")
	if err != nil {
		return 0, err
	}
	defer f.Close()
	s := bufio.NewScanner(f)
	for s.Scan() {
		if v, ok := strings.CutPrefix(s.Text(), "VmHWM:"); ok {
			kb, err := strconv.ParseInt(strings.Fields(v)[0], 10, 64)
			return kb << 10, err
		}
	}
	return 0, fmt.Errorf("no VmHWM")
}
