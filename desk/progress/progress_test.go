package progress

import (
	"bytes"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

// A clock is a time that changes only when the test says so.
type clock struct{ t time.Time }

func (c *clock) now() time.Time          { return c.t }
func (c *clock) forward(d time.Duration) { c.t = c.t.Add(d) }

func TestPlainLogGetsALineEveryFewSeconds(t *testing.T) {
	var out bytes.Buffer
	c := &clock{time.Unix(1000, 0)}
	l := newLine(&out, false, "warm", 100, "keys", c.now)
	for range 20 {
		c.forward(time.Second)
		l.Add(2, "a.jpg")
	}
	l.Done("3 failed")
	// 20 s at 2 keys/s give lines at 5, 10, 15 and 20 s, and the end.
	want := strings.Join([]string{
		"warm: 10 of 100 keys, 10 %, 2.0 keys/s, 45s left: a.jpg",
		"warm: 20 of 100 keys, 20 %, 2.0 keys/s, 40s left: a.jpg",
		"warm: 30 of 100 keys, 30 %, 2.0 keys/s, 35s left: a.jpg",
		"warm: 40 of 100 keys, 40 %, 2.0 keys/s, 30s left: a.jpg",
		"warm: 40 of 100 keys in 20s, 2.0 keys/s, 3 failed",
		""}, "\n")
	if out.String() != want {
		t.Errorf("got\n%swant\n%s", out.String(), want)
	}
}

func TestTerminalLineIsRewrittenInPlace(t *testing.T) {
	var out bytes.Buffer
	c := &clock{time.Unix(1000, 0)}
	l := newLine(&out, true, "bench", 4, "pictures", c.now)
	c.forward(30 * time.Second)
	l.Add(1, "one\x1b[31m\nred \u202etxt")
	c.forward(10 * time.Millisecond) // too early to draw
	l.Add(1, "two")
	l.Printf("failed: %s", "three")
	l.Done("")
	want := "\r\x1b[Kbench: 0 of 4 pictures, 0 %" +
		"\r\x1b[Kbench: 1 of 4 pictures, 25 %, 30s a piece, 1m30s left: one?[31m?red ?txt" +
		"\r\x1b[Kfailed: three\n" +
		"\r\x1b[Kbench: 2 of 4 pictures, 50 %, 15s a piece, 30s left: two" +
		"\r\x1b[Kbench: 2 of 4 pictures in 30s, 15s a piece\n"
	if out.String() != want {
		t.Errorf("got  %q\nwant %q", out.String(), want)
	}
}

func TestTerminalLineStaysOnOneRow(t *testing.T) {
	var out bytes.Buffer
	c := &clock{time.Unix(1000, 0)}
	l := newLine(&out, true, "warm", 0, "keys", c.now)
	c.forward(time.Second)
	l.Add(1, strings.Repeat("ñ", 500))
	_, last, _ := strings.Cut(out.String()[1:], "\r\x1b[K")
	if n := len([]rune(last)); n != width {
		t.Errorf("the line has %d columns, want %d", n, width)
	}
}

func TestFilesAndTheNullDeviceAreNoTerminals(t *testing.T) {
	f, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	if isTerminal(f) || isTerminal(null) || isTerminal(new(bytes.Buffer)) {
		t.Error("a file, a buffer or the null device was taken for a terminal")
	}
}

func TestSeveralGoroutinesShareALine(t *testing.T) {
	var out bytes.Buffer
	l := New(&out, "warm", 1000, "keys")
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			for range 100 {
				l.Add(1, "k")
			}
		})
	}
	wg.Wait()
	l.Done("")
	if !strings.HasPrefix(out.String(), "warm: 1000 of 1000 keys in ") {
		t.Errorf("got %q", out.String())
	}
}

func TestStepsHaveNoRate(t *testing.T) {
	var out bytes.Buffer
	c := &clock{time.Unix(1000, 0)}
	l := newLine(&out, true, "package", 0, "", c.now)
	c.forward(time.Second)
	l.Add(1, "compiling")
	c.forward(time.Second)
	l.Done("")
	if want := "\r\x1b[Kpackage: \r\x1b[Kpackage: compiling\r\x1b[Kpackage: 2s\n"; out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
}
