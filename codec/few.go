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
	channels int                // of the rows
	many     bool               // count is 0: there are more than maxFew colors, or no writer uses their number
	known    int                // the most colors that the header allows, used in place of a count; 0: it does not say
	lastRow  []byte             // the row before the present one
	n        int                // colors counted so far
	color    [4 * maxFew]uint32 // a hash table of the colors, with open addressing
	taken    [4 * maxFew]bool   // taken[i] says that color[i] has a color
}

// newFewColors returns a counter of the colors of rows with this number of channels. It counts
// nothing if no writer of a result uses the number of colors.
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
	if f.many || f.known > 0 || bytes.Equal(row, f.lastRow) {
		return
	}
	f.lastRow = append(f.lastRow[:0], row...)
	lastColor := ^f.pixel(row) // differs from the first pixel, so that this is counted
	for ; len(row) >= f.channels && !f.many; row = row[f.channels:] {
		if c := f.pixel(row); c != lastColor {
			f.addColor(c)
			lastColor = c
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
	// The product mixes the bits of c: its factor is a prime near 2^32 divided by the golden ratio.
	// Its highest 10 bits are the index of one of 1024 places.
	h := (c * 0x9e3779b1) >> 22
	for f.taken[h] && f.color[h] != c {
		h = (h + 1) % uint32(len(f.color))
	}
	if !f.taken[h] {
		f.taken[h], f.color[h] = true, c
		f.n++
		f.many = f.n > maxFew
	}
}

// countFor returns count for t's writer, or 0 if that writer does not use the number of colors.
func (f *fewColors) countFor(t *target) int {
	if !t.wantsColorCount() {
		return 0
	}
	return f.count()
}

// count returns the header's limit on the number of colors if there is one, and otherwise the
// number that was counted. If many is true, count returns 0.
func (f *fewColors) count() int {
	switch {
	case f.many:
		return 0
	case f.known > 0:
		return f.known
	}
	return f.n
}
