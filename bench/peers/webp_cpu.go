//go:build webppeers

package main

import (
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"

	ourwebp "miniatura/codec/webp"
)

//go:embed webp_libwebp.c.txt
var libwebpLoop []byte

// buildLibwebpLoop compiles the C loop against libwebp-dev into dir.
func buildLibwebpLoop(dir string) (string, error) {
	exe := filepath.Join(dir, "libwebp-loop")
	cmd := exec.Command("cc", "-O2", "-x", "c", "-o", exe, "-", "-lwebp")
	in, err := cmd.StdinPipe()
	if err != nil {
		return "", err
	}
	go func() {
		in.Write(libwebpLoop) // a short write shows as cc failing
		in.Close()
	}()
	if b, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("cc with libwebp-dev: %v: %.200s", err, b)
	}
	return exe, nil
}

// cpuMS is the CPU time of this process so far, user and system, in milliseconds: garbage
// collection counts.
func cpuMS() float64 {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		return 0
	}
	ms := func(t syscall.Timeval) float64 { return float64(t.Sec)*1e3 + float64(t.Usec)/1e3 }
	return ms(r.Utime) + ms(r.Stime)
}

// webpCPU measures the CPU of one encode of p in a warm process: libwebp -m 4 in the C loop,
// ours here, turn by turn; the least of the rounds of each, which load from neighbours only raises.
func webpCPU(loop string, p webpPicture, quality int, o *ourwebp.Options, scratch string) (lib, ours float64, err error) {
	raw := filepath.Join(scratch, "cpu.rgba")
	if err := os.WriteFile(raw, p.m.Pix, 0o644); err != nil {
		return 0, 0, err
	}
	w, h := strconv.Itoa(p.m.Rect.Dx()), strconv.Itoa(p.m.Rect.Dy())
	lib, ours = 1e30, 1e30
	var buf []byte
	if buf, err = ourwebp.Append(buf[:0], p.m, o); err != nil { // warm
		return 0, 0, err
	}
	const rounds, reps = 3, 3
	for range rounds {
		out, err := exec.Command(loop, raw, w, h, strconv.Itoa(quality), "4", strconv.Itoa(reps)).Output()
		if err != nil {
			return 0, 0, fmt.Errorf("libwebp loop: %w", err)
		}
		var best, mean float64
		var n int
		if _, err := fmt.Sscan(string(out), &best, &mean, &n); err != nil {
			return 0, 0, fmt.Errorf("libwebp loop printed %q: %w", out, err)
		}
		lib = min(lib, best)
		for range reps {
			t := cpuMS()
			if buf, err = ourwebp.Append(buf[:0], p.m, o); err != nil {
				return 0, 0, err
			}
			ours = min(ours, cpuMS()-t)
		}
	}
	return lib, ours, nil
}
