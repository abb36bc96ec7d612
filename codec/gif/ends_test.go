package gif

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"strings"
	"testing"
	"time"
)

// This file makes files with bad ends by hand. The expected canvases are those that Chromium's
// decoder made of the same files. They are computed here from the indices.

const endsW, endsH = 40, 32

var endsColors = [8][3]byte{{255, 0, 0}, {0, 255, 0}, {0, 0, 255}, {255, 255, 0}, {0, 255, 255}, {255, 0, 255}, {9, 9, 9}, {255, 255, 255}}

func endsHead() []byte {
	b := []byte("GIF89a\x28\x00\x20\x00\xf2\x00\x00")
	for _, c := range endsColors {
		b = append(b, c[:]...)
	}
	return append(b, "\x21\xff\x0bNETSCAPE2.0\x03\x01\x00\x00\x00"...)
}

// tiles returns the indices of frame k, row by row.
func tiles(k int) (p []byte) {
	for y := range endsH {
		for x := range endsW {
			p = append(p, byte((k+(x/5+y/4)%3)%8))
		}
	}
	return p
}

// codes writes a code for each index, with a clear code before the codes would widen. Any decoder
// reads this LZW data, and it takes no packer.
func codes(indices []byte, end bool) (sub []byte) {
	var acc, bits uint
	var b []byte
	put := func(c byte) {
		acc |= uint(c) << bits
		for bits += 4; bits >= 8; bits -= 8 {
			b = append(b, byte(acc))
			acc >>= 8
		}
	}
	for i, v := range indices {
		if i%6 == 0 {
			put(8)
		}
		put(v)
	}
	if end {
		put(9)
	}
	if bits > 0 {
		b = append(b, byte(acc)|8<<bits) // a clear code as padding, not a pixel
	}
	for len(b) > 0 {
		n := min(len(b), 255)
		sub = append(append(sub, byte(n)), b[:n]...)
		b = b[n:]
	}
	return append(sub, 0)
}

type endsFrame struct {
	x, y, w, h  int
	interlaced  bool
	transparent int // 0 is none
	disposal    byte
	data        []byte
}

func (f endsFrame) bytes() []byte {
	b := []byte{0x21, 0xf9, 4, f.disposal << 2, 10, 0, byte(f.transparent), 0, 0x2c}
	if f.transparent > 0 {
		b[3] |= 1
	}
	for _, v := range []int{f.x, f.y, f.w, f.h} {
		b = binary.LittleEndian.AppendUint16(b, uint16(v))
	}
	if f.interlaced {
		return append(append(b, 0x40, 3), f.data...)
	}
	return append(append(b, 0, 3), f.data...)
}

func full(k int) []byte {
	return endsFrame{w: endsW, h: endsH, disposal: 1, data: codes(tiles(k), true)}.bytes()
}

// canvasesOf returns the canvases of src, each of which must last 100 ms.
func canvasesOf(t *testing.T, name string, src []byte) (frames [][]byte, note string, err error) {
	t.Helper()
	r, err := NewReader(src)
	if err != nil {
		return nil, "", err
	}
	for {
		m, delay, err := r.Next(context.Background())
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, "", err
		}
		if m.Rect.Dx() != endsW || m.Rect.Dy() != endsH || delay != 100*time.Millisecond {
			t.Errorf("%s: %v for %v", name, m.Rect, delay)
		}
		frames = append(frames, bytes.Clone(m.Pix))
	}
	if len(frames) != r.Frames || r.Plays != 0 {
		t.Errorf("%s: %d frames of %d, %d plays", name, len(frames), r.Frames, r.Plays)
	}
	return frames, r.Note, nil
}

// canvas paints the indices that at returns; -1 means that no frame covers the pixel.
func canvas(at func(x, y int) int) (p []byte) {
	for y := range endsH {
		for x := range endsW {
			if k := at(x, y); k >= 0 {
				p = append(append(p, endsColors[k][:]...), 255)
			} else {
				p = append(p, 0, 0, 0, 0)
			}
		}
	}
	return p
}

func tile(k int) func(x, y int) int { return func(x, y int) int { return int(tiles(k)[y*endsW+x]) } }

func TestJunkBehindFramesEndsThePicture(t *testing.T) {
	two := [][]byte{canvas(tile(0)), canvas(tile(1))}
	three := append(two[:2:2], canvas(tile(2)))
	head, junk := endsHead(), []byte("\xde\xad\xbe\xefjunk")
	f := [][]byte{full(0), full(1), full(2)}
	all := bytes.Join(append([][]byte{head}, f...), nil)
	next := endsFrame{w: endsW, h: endsH, data: codes(tiles(3), true)}.bytes()
	join := func(b ...[]byte) []byte { return bytes.Join(b, nil) }
	trailer := []byte{0x3b}
	for name, c := range map[string]struct {
		src  []byte
		want [][]byte
		note string
	}{
		"right":                  {join(all, trailer), three, ""},
		"behind the trailer":     {join(all, trailer, junk), three, ""},
		"no trailer":             {all, three, "no trailer"},
		"junk":                   {join(all, junk), three, "unknown block"},
		"one byte":               {join(all, junk[:1]), three, "unknown block"},
		"junk and a trailer":     {join(all, junk, trailer), three, "unknown block"},
		"junk between":           {join(head, f[0], f[1], junk, f[2], trailer), two, "unknown block"},
		"zeros between":          {join(head, f[0], make([]byte, 3), f[1], []byte{0}, f[2], trailer), three, ""},
		"unknown extensions":     {join(head, f[0], []byte("\x21\x77\x05hello\x00"), f[1], []byte("\x21\x00\x03abc\x00"), f[2], []byte("\x21\x78\x02xx\x00"), trailer), three, ""},
		"an extension's first":   {join(all, []byte{0x21}), three, "truncated extension"},
		"an extension cut":       {join(all, []byte("\x21\x77\x05he")), three, "truncated data blocks"},
		"a comment cut":          {join(all, []byte("\x21\xfe\x40hello")), three, "truncated data blocks"},
		"a control cut":          {join(all, next[:5]), three, "truncated data blocks"},
		"a control alone":        {join(all, next[:8]), three, "no trailer"},
		"a descriptor cut":       {join(all, next[:8+6]), three, "truncated image descriptor"},
		"no terminator":          {join(head, f[0], f[1], f[2][:len(f[2])-1]), three, "no trailer"},
		"a frame without pixels": {join(head, f[0], f[1], endsFrame{disposal: 1, data: codes(nil, true)}.bytes(), trailer), append(two[:2:2], two[1]), ""},
		"one without height": {join(head, f[0], endsFrame{w: endsW, disposal: 1, data: codes(tiles(3), true)}.bytes(), f[1], trailer),
			[][]byte{two[0], two[0], two[1]}, ""},
		"one without width, first": {join(head, endsFrame{h: endsH, x: 500, disposal: 1, data: []byte{0}}.bytes(), f[0], trailer),
			[][]byte{make([]byte, 4*endsW*endsH), two[0]}, ""},
	} {
		got, note, err := canvasesOf(t, name, c.src)
		if err != nil || len(got) != len(c.want) {
			t.Errorf("%s: %d frames, want %d: %v", name, len(got), len(c.want), err)
			continue
		}
		if !strings.Contains(note, c.note) || c.note == "" && note != "" {
			t.Errorf("%s: the note is %q, want %q", name, note, c.note)
		}
		for i := range got {
			if !bytes.Equal(got[i], c.want[i]) {
				t.Errorf("%s: frame %d is another", name, i+1)
			}
		}
	}
	for name, src := range map[string][]byte{
		"cut in the data":            join(all, next[:60]),
		"cut before the data":        join(all, next[:8+11]),
		"cut behind the descriptor":  join(all, next[:8+10]),
		"the last pixels cut off":    join(head, f[0], f[1][:len(f[1])-4]),
		"nothing but no pixels":      join(head, endsFrame{data: []byte{0}}.bytes(), trailer),
		"one frame and no pixel":     join(head, endsFrame{w: endsW, h: endsH, data: []byte{0}}.bytes(), trailer),
		"junk before the first":      join(head, junk, f[0], trailer),
		"a broken code in the first": join(head, endsFrame{w: endsW, h: endsH, data: []byte{3, 0x18, 0xff, 0xff, 0}}.bytes(), f[1], trailer),
		"a broken code":              join(head, f[0], endsFrame{w: endsW, h: endsH, data: []byte{3, 0x18, 0xff, 0xff, 0}}.bytes(), trailer),
	} {
		if got, _, err := canvasesOf(t, name, src); err == nil {
			t.Errorf("%s: played %d frames", name, len(got))
		}
	}
}

// passes returns the place in the data of each row of an interlaced frame (appendix E).
func passes(h int) map[int]int {
	place := map[int]int{}
	for _, p := range [][2]int{{0, 8}, {4, 8}, {2, 4}, {1, 2}} {
		for y := p[0]; y < h; y += p[1] {
			place[y] = len(place)
		}
	}
	return place
}

// Data that ends early, though its blocks end as they should, leaves its missing pixels uncovered:
// the canvas shows there, except below a frame that would cover all of it, and in a first
// interlaced frame, whose rows fill the missing ones.
func TestShortDataLeavesPixelsUncovered(t *testing.T) {
	for _, n := range []int{0, 1, 85, 120, 167, 249, 647, endsW*endsH - endsW - 3, endsW*endsH - 1} {
		for _, end := range []bool{true, false} {
			for name, c := range shortCases(n, end) {
				c.check(t, name, n)
			}
		}
	}
}

// A shortCase is an animation whose frame at index short lacks pixels.
type shortCase struct {
	frames [][]byte
	short  int
	want   func(x, y int) int // what is shown with that frame
}

// shortCases returns animations with a frame that has data for n pixels; end says whether the data
// ends in an end code.
func shortCases(n int, end bool) map[string]shortCase {
	place := passes(endsH)
	short := endsFrame{w: endsW, h: endsH, disposal: 1, data: codes(tiles(3)[:n], end)}
	woven := short
	woven.interlaced = true
	over := short
	over.transparent = 4
	at := func(x, y int) int {
		if i := y*endsW + x; i < n {
			return int(tiles(3)[i])
		}
		return -1
	}
	wovenAt := func(x, y int) int {
		if i := place[y]*endsW + x; i < n {
			return int(tiles(3)[i])
		}
		return -1
	}
	// A row fills the rows down to the next of its pass, until these come.
	filledAt := func(x, y int) int {
		if k := wovenAt(x, y); k >= 0 {
			return k
		}
		for _, p := range [][3]int{{2, 4, 2}, {4, 8, 4}, {0, 8, 8}} {
			row := y - (y-p[0]+8*endsH)%p[1]
			if row >= 0 && y < row+p[2] && (place[row]+1)*endsW <= n {
				return wovenAt(x, row)
			}
		}
		return -1
	}
	overAt := func(x, y int) int {
		if k := at(x, y); k >= 0 && k != 4 {
			return k
		}
		return tile(0)(x, y)
	}
	return map[string]shortCase{
		"a still":             {[][]byte{short.bytes()}, 0, at},
		"an interlaced still": {[][]byte{woven.bytes()}, 0, filledAt},
		"the first":           {[][]byte{short.bytes(), full(1)}, 0, at},
		"in the middle":       {[][]byte{full(0), short.bytes(), full(2)}, 1, at},
		"interlaced":          {[][]byte{full(0), woven.bytes(), full(2)}, 1, wovenAt},
		"the last":            {[][]byte{full(0), full(1), short.bytes()}, 2, at},
		"with transparency":   {[][]byte{full(0), over.bytes(), full(2)}, 1, overAt},
	}
}

func (c *shortCase) check(t *testing.T, name string, n int) {
	t.Helper()
	src := append(bytes.Join(append([][]byte{endsHead()}, c.frames...), nil), 0x3b)
	got, note, err := canvasesOf(t, name, src)
	if n == 0 && len(c.frames) == 1 {
		if err == nil {
			t.Errorf("%s without a pixel was played", name)
		}
		return
	}
	if err != nil || len(got) != len(c.frames) {
		t.Errorf("%s, %d pixels: %d frames of %d: %v", name, n, len(got), len(c.frames), err)
		return
	}
	if !bytes.Equal(got[c.short], canvas(c.want)) {
		t.Errorf("%s, %d pixels: another picture", name, n)
	}
	if !strings.Contains(note, "ends early") {
		t.Errorf("%s, %d pixels: the note is %q", name, n, note)
	}
	if last := len(got) - 1; last > c.short && !bytes.Equal(got[last], canvas(tile(last))) {
		t.Errorf("%s, %d pixels: the frame behind it is another", name, n)
	}
}

// Pixels of a rectangle that its data does not reach stay as they were.
func TestShortDataOfARectangleLeavesWhatWasThere(t *testing.T) {
	part := endsFrame{x: 5, y: 3, w: 30, h: 22, disposal: 1, data: codes(tiles(3)[:100], true)}
	got, _, err := canvasesOf(t, "part", append(bytes.Join([][]byte{endsHead(), full(0), part.bytes()}, nil), 0x3b))
	if err != nil || !bytes.Equal(got[1], canvas(func(x, y int) int {
		if i := (y-3)*30 + x - 5; x >= 5 && x < 35 && i >= 0 && i < 100 {
			return int(tiles(3)[i])
		}
		return tile(0)(x, y)
	})) {
		t.Errorf("a rectangle: %v", err)
	}
}

// A frame that is far larger than its data takes no memory for the pixels that cannot come.
func TestShortDataCostsLittle(t *testing.T) {
	huge := endsFrame{w: 65535, h: 65535, disposal: 1, data: codes(tiles(3)[:50], true)}
	src := append(bytes.Join([][]byte{endsHead(), full(0), huge.bytes()}, nil), 0x3b)
	r, err := NewReader(src)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, _, err := r.Next(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	if n := cap(r.indices); n > 1<<20 {
		t.Errorf("%d indices for %d bytes", n, len(huge.data))
	}
}
