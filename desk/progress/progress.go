// Package progress shows the progress of work that takes long. On a terminal it rewrites one line
// in place, with the rate and the time left. Elsewhere (a pipe, a CI log) it writes a plain line at
// most every few seconds.
//
//	line := progress.New(os.Stderr, "warm", len(keys), "keys")
//	for _, key := range keys {
//		work(key)
//		line.Add(1, key)
//	}
//	line.Done("")
//
// A Line is safe for concurrent use. Errors of its writer are ignored on purpose, so that they do
// not end the work.
package progress

import (
	"fmt"
	"io"
	"math"
	"os"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

const (
	terminalEvery = 100 * time.Millisecond // how often the line on a terminal is rewritten
	plainEvery    = 5 * time.Second        // how often a line is written elsewhere
	width         = 100                    // the columns of a terminal's line
)

// A Line is the progress of one piece of work.
type Line struct {
	mu       sync.Mutex
	w        io.Writer
	terminal bool
	name     string    // of the work
	unit     string    // "": the line does not show how many units are done
	total    int       // units of work, 0 if not known
	done     int       // units of work
	note     string    // what was worked on last
	start    time.Time // of the work
	shown    time.Time // when the last line was written
	drawn    bool      // a line without its newline is on the terminal
	now      func() time.Time
}

// New starts the line for work called name. total is how many units of work there are, or 0 if that
// is not known. If unit, the name of a unit, is empty, the line does not show how many are done.
// The line is written to w, and rewritten in place when w is a terminal.
func New(w io.Writer, name string, total int, unit string) *Line {
	return newLine(w, isTerminal(w), name, total, unit, time.Now)
}

// newLine is New for a clock, and for a w that is a terminal or not.
func newLine(w io.Writer, terminal bool, name string, total int, unit string, now func() time.Time) *Line {
	t := now()
	l := &Line{w: w, terminal: terminal, name: name, unit: unit, total: total, start: t, shown: t, now: now}
	if terminal {
		l.draw()
	}
	return l
}

// isTerminal reports whether w is a terminal on which a line can be rewritten: a character device
// other than the null device.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok || os.Getenv("TERM") == "dumb" {
		return false
	}
	st, err := f.Stat()
	if err != nil || st.Mode()&os.ModeCharDevice == 0 {
		return false
	}
	null, err := os.Stat(os.DevNull)
	return err != nil || !os.SameFile(st, null)
}

// Add counts n more units as done. note says in a word or two what was worked on.
func (l *Line) Add(n int, note string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.done += n
	l.note = note
	l.tick()
}

// Printf writes a line that stays above the progress line, such as a failure.
func (l *Line) Printf(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.erase()
	fmt.Fprintf(l.w, strings.TrimSuffix(format, "\n")+"\n", args...)
	if l.terminal {
		l.draw()
	}
}

// Done ends the line with the number of units (unless the unit is ""), the time that the work took,
// and note.
func (l *Line) Done(note string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	took := l.now().Sub(l.start)
	var text string
	if l.unit == "" {
		text = fmt.Sprintf("%s: %s", l.name, round(took))
	} else {
		text = fmt.Sprintf("%s: %s in %s%s", l.name, l.count(), round(took), l.rate(took))
	}
	if note != "" {
		text += ", " + note
	}
	l.erase()
	fmt.Fprintln(l.w, text)
}

// tick shows the line if its time has come. The caller holds l.mu.
func (l *Line) tick() {
	every := plainEvery
	if l.terminal {
		every = terminalEvery
	}
	t := l.now()
	if t.Sub(l.shown) < every {
		return
	}
	l.shown = t
	if l.terminal {
		l.draw()
	} else {
		fmt.Fprintln(l.w, l.text(t))
	}
}

// draw rewrites the line on the terminal. The caller holds l.mu.
func (l *Line) draw() {
	text := []rune(printable(l.text(l.now())))
	if len(text) > width {
		text = append(text[:width-1], '…')
	}
	fmt.Fprintf(l.w, "\r\x1b[K%s", string(text))
	l.drawn = true
}

// erase removes the line from the terminal. The caller holds l.mu.
func (l *Line) erase() {
	if l.drawn {
		fmt.Fprint(l.w, "\r\x1b[K")
		l.drawn = false
	}
}

// text returns a line like "warm: 120 of 4000 keys, 3 %, 41 keys/s, 1m34s left: photos/a.jpg".
func (l *Line) text(t time.Time) string {
	if l.unit == "" {
		return l.name + ": " + printable(l.note)
	}
	text := l.name + ": " + l.count()
	elapsed := t.Sub(l.start)
	if l.total > 0 {
		text += fmt.Sprintf(", %d %%", 100*l.done/l.total)
	}
	text += l.rate(elapsed)
	if l.total > l.done && l.done > 0 {
		left := time.Duration(float64(elapsed) * float64(l.total-l.done) / float64(l.done))
		text += ", " + round(left).String() + " left"
	}
	if l.note != "" {
		text += ": " + printable(l.note)
	}
	return text
}

// count returns the number of units done, in words.
func (l *Line) count() string {
	if l.total > 0 {
		return fmt.Sprintf("%d of %d %s", l.done, l.total, l.unit)
	}
	return fmt.Sprintf("%d %s", l.done, l.unit)
}

// rate returns the rate in words, or "" when it is too early to compute one.
func (l *Line) rate(elapsed time.Duration) string {
	if l.done == 0 || elapsed < 100*time.Millisecond {
		return ""
	}
	r := float64(l.done) / elapsed.Seconds()
	switch {
	case r >= 10:
		return fmt.Sprintf(", %.0f %s/s", r, l.unit)
	case r >= 0.1:
		return fmt.Sprintf(", %.1f %s/s", r, l.unit)
	}
	each := time.Duration(math.Round(float64(elapsed) / float64(l.done)))
	return fmt.Sprintf(", %s a piece", round(each))
}

// round returns d with the digits that a person reads.
func round(d time.Duration) time.Duration {
	switch {
	case d >= 10*time.Second:
		return d.Round(time.Second)
	case d >= time.Second:
		return d.Round(100 * time.Millisecond)
	}
	return d.Round(time.Millisecond)
}

// printable replaces characters in a key or file name that would control the terminal, break the
// line, or change the direction of text.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		control := r < ' ' || (r >= 0x7f && r < 0xa0) || r == utf8.RuneError
		lineBreak := r == '\u2028' || r == '\u2029'
		direction := (r >= '\u202a' && r <= '\u202e') || (r >= '\u2066' && r <= '\u2069')
		if control || lineBreak || direction {
			return '?'
		}
		return r
	}, s)
}
