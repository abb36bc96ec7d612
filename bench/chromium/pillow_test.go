package chromium

import (
	"bufio"
	"fmt"
	"image"
	"image/draw"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"miniatura/internal/outside"
)

// A pillow is a running pillow.py.
type pillow struct {
	mu  sync.Mutex
	in  io.WriteCloser
	out *bufio.Reader
}

// startPillow starts pillow.py, and returns nil when there is no Python with Pillow.
func startPillow(t *testing.T) *pillow {
	python := outside.Pillow()
	if python == "" {
		return nil
	}
	cmd := exec.Command(python, "pillow.py")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		if err := cmd.Wait(); err != nil {
			t.Errorf("pillow.py: %v", err)
		}
	})
	return &pillow{in: in, out: bufio.NewReader(out)}
}

// loss returns the mean difference of samples between m and what Pillow's encoder of a format, like
// "jpeg", makes of m.
func (p *pillow) loss(m *image.RGBA, format string, quality int) (loss float64, err error) {
	pixels := image.NewNRGBA(m.Rect)
	draw.Draw(pixels, m.Rect, m, image.Point{}, draw.Src)
	p.mu.Lock()
	defer p.mu.Unlock()
	fmt.Fprintf(p.in, "%d %d %s %d\n", m.Rect.Dx(), m.Rect.Dy(), format, quality)
	if _, err := p.in.Write(pixels.Pix); err != nil {
		return 0, err
	}
	line, err := p.out.ReadString('\n')
	if err != nil {
		return 0, err
	}
	_, err = fmt.Sscan(strings.TrimSpace(line), &loss)
	return loss, err
}

// convert returns the picture in a file, converted from the file's color profile to sRGB by
// LittleCMS. r is the bounds of the picture.
func (p *pillow) convert(path string, r image.Rectangle) (*image.RGBA, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	fmt.Fprintf(p.in, "%d %d convert 0\n%s\n", r.Dx(), r.Dy(), path)
	m := image.NewRGBA(r)
	_, err := io.ReadFull(p.out, m.Pix)
	return m, err
}
