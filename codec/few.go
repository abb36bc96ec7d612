package codec

import (
	"bytes"
	"encoding/binary"
)

// This file counts the colors of a source while its rows go by.

// maxFew is the largest number of colors that counts as few.
const maxFew = 256

// fewColors counts the colors of a source as long as they are few.
type fewColors struct {
	channels int                // of its rows
	many     bool               // colors are not counted: they are more than maxFew, or no writer uses their number
	known    int                // the largest number of colors that is possible, where the header says it, or 0
	last     []byte             // the row before
	n        int                // colors counted so far
	color    [4 * maxFew]uint32 // an open-addressed table of the colors
	taken    [4 * maxFew]bool   // which of its places hold one
}

// newFewColors returns a count for rows. It counts nothing if no writer of a result uses the
// number. channels is the number of channels of a row.
func newFewColors(ts []*target, channels int) *fewColors {
	f := &fewColors{channels: channels, many: true, known: ts[0].colors}
	for _, t := range ts {
		f.many = f.many && !t.wantsColorCount()
	}
	return f
}

// wantsColorCount reports whether t's writer uses the number of the source's colors. It does not
// where nothing is scaled, since the result then has these colors.
func (t *target) wantsColorCount() bool { return t.format.usesColors && !t.keepsSize() }

// add counts the colors of a row of 8-bit samples.
func (f *fewColors) add(row []byte) {
	if f.many || f.known > 0 || bytes.Equal(row, f.last) {
		return
	}
	f.last = append(f.last[:0], row...)
	last := ^f.pixel(row)
	for ; len(row) >= f.channels && !f.many; row = row[f.channels:] {
		if c := f.pixel(row); c != last {
			f.addColor(c)
			last = c
		}
	}
}

// pixel returns the first pixel of p as a number.
func (f *fewColors) pixel(p []byte) uint32 {
	switch f.channels {
	case 1:
		return uint32(p[0])
	case 2:
		return uint32(p[0]) | uint32(p[1])<<8
	case 3:
		return uint32(p[0]) | uint32(p[1])<<8 | uint32(p[2])<<16
	}
	return binary.LittleEndian.Uint32(p)
}

// addColor counts a color, unless it was counted before.
func (f *fewColors) addColor(c uint32) {
	h := c * 0x9e3779b1 >> 22
	for f.taken[h] && f.color[h] != c {
		h = (h + 1) % uint32(len(f.color))
	}
	if !f.taken[h] {
		f.taken[h], f.color[h] = true, c
		f.n++
		f.many = f.n > maxFew
	}
}

// countFor returns the number of colors for t's writer. It is 0 if they are many or the writer does
// not use the number.
func (f *fewColors) countFor(t *target) int {
	if !t.wantsColorCount() {
		return 0
	}
	return f.count()
}

// count returns the number of colors, 0 when they are many.
func (f *fewColors) count() int {
	switch {
	case f.many:
		return 0
	case f.known > 0:
		return f.known
	}
	return f.n
}
