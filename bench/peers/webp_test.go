package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"golang.org/x/image/webp"

	"miniatura/bench/metrics"
)

func TestParse3Norm(t *testing.T) {
	if v, err := parse3Norm("1.2345678901\n3-norm: 0.654321\n"); err != nil || v != 0.654321 {
		t.Errorf("%v, %v", v, err)
	}
	if _, err := parse3Norm("1.2345678901\n"); err == nil {
		t.Error("no 3-norm, no error")
	}
}

// The C contender makes the same bytes as cwebp, and prints a sample as measure.go expects it.
func TestLibwebpLoopWritesWhatCwebpWrites(t *testing.T) {
	s := &suite{dir: t.TempDir()}
	loop, err := s.buildLibwebpLoop()
	if err != nil {
		t.Skip("no C compiler or no libwebp-dev: ", err)
	}
	const w, h = 70, 50
	rgba := make([]byte, 4*w*h)
	for i := range w * h {
		x, y := i%w, i/w
		copy(rgba[4*i:], []byte{byte(x * 3), byte(y * 5), byte(x * y / 9), 255})
	}
	in, out := filepath.Join(s.dir, "in.rgba"), filepath.Join(s.dir, "out.webp")
	if err := os.WriteFile(in, rgba, 0o600); err != nil {
		t.Fatal(err)
	}
	b, err := exec.Command(loop, "any", in, "3", fmt.Sprintf("%dx%d", w, h), out).Output()
	if err != nil {
		t.Fatal(err)
	}
	var got sample
	if err := json.Unmarshal(b, &got); err != nil || len(got.User) != 3 || len(got.Sys) != 3 {
		t.Fatalf("%s: %v", b, err)
	}
	file, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	if m, err := webp.DecodeConfig(bytes.NewReader(file)); err != nil || m.Width != w || m.Height != h || got.Bytes != len(file) {
		t.Errorf("%v, %v, %d bytes of %d", m, err, got.Bytes, len(file))
	}
	cmd := exec.Command("cwebp", "-quiet", "-q", "80", "-m", "4", "-o", "-", "--", "-")
	cmd.Stdin = bytes.NewReader(append(fmt.Appendf(nil, "P7\nWIDTH %d\nHEIGHT %d\nDEPTH 4\nMAXVAL 255\nTUPLTYPE RGB_ALPHA\nENDHDR\n", w, h), rgba...))
	want, err := cmd.Output()
	if err != nil {
		t.Skip("no cwebp: ", err)
	}
	if !bytes.Equal(file, want) {
		t.Errorf("%d bytes, and cwebp -q 80 -m 4 makes %d others", len(file), len(want))
	}
}

// A curve with twice the bytes at the same qualities is +100 % on every axis.
func TestWebpAxesRiseWithQuality(t *testing.T) {
	worse := webpPoint{PSNR: 30, SSIM: 0.9, Butteraugli: 2}
	better := webpPoint{PSNR: 40, SSIM: 0.99, Butteraugli: 1}
	for _, a := range webpAxes {
		if a.of(worse) >= a.of(better) {
			t.Errorf("%s falls", a.name)
		}
		ref := []metrics.Point{{Quality: a.of(worse), Bytes: 100}, {Quality: a.of(better), Bytes: 300}}
		test := []metrics.Point{{Quality: a.of(worse), Bytes: 200}, {Quality: a.of(better), Bytes: 600}}
		if v, ok := metrics.BDRate(ref, test); !ok || v < 99.99 || v > 100.01 {
			t.Errorf("%s: %v, %v", a.name, v, ok)
		}
	}
}
