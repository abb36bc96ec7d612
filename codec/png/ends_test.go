package png

import (
	"bytes"
	"compress/zlib"
	"context"
	"math/rand/v2"
	"testing"
)

// sample returns a picture of 8-bit RGB as scanlines of filter type 0, deflated at a level.
func sample(t *testing.T, w, h, level int) (raw, deflated []byte) {
	t.Helper()
	rng := rand.New(rand.NewPCG(1, uint64(level)))
	for y := range h {
		raw = append(raw, 0)
		for x := range w {
			raw = append(raw, byte(3*x), byte(5*y), byte(x*y/7)+byte(rng.IntN(4)))
		}
	}
	var b bytes.Buffer
	z, err := zlib.NewWriterLevel(&b, level)
	if err != nil {
		t.Fatal(err)
	}
	z.Write(raw)
	z.Close()
	return raw, b.Bytes()
}

// rowsAre decodes src and compares its rows with raw. Unless whole, decoding must fail.
func rowsAre(t *testing.T, name string, src, raw []byte, whole, noted bool) {
	t.Helper()
	r, err := NewReader(src)
	var got []byte
	if err == nil {
		err = r.Rows(context.Background(), func(y int, row []byte) error {
			got = append(append(got, 0), row...)
			return nil
		})
	}
	switch {
	case !whole && err == nil:
		t.Errorf("%s: taken for a whole picture", name)
	case whole && err != nil:
		t.Errorf("%s: %v", name, err)
	case whole && !bytes.Equal(got, raw):
		t.Errorf("%s: other pixels", name)
	case whole && (r.Note != "") != noted:
		t.Errorf("%s: the note is %q", name, r.Note)
	}
}

// A picture is whole when it has all its rows, even if the bytes after them are damaged. Chromium
// does the same, and so does Pillow, except for a wrong Adler-32 and bytes that cannot be a chunk.
func TestBadEnds(t *testing.T) {
	raw, z := sample(t, 60, 45, 6)
	head, idat := ihdr(60, 45, 8, 2, 0), chunkBytes("IDAT", z)
	half := len(z) / 2
	flip := func(b []byte) []byte {
		b = bytes.Clone(b)
		b[len(b)-1] ^= 1
		return b
	}
	text := chunkBytes("tEXt", bytes.Repeat([]byte("Comment\x00hello"), 30))
	frames := func(n byte) []byte { return chunkBytes("acTL", []byte{0, 0, 0, n, 0, 0, 0, 0}) }
	control := chunkBytes("fcTL", append([]byte{0, 0, 0, 0, 0, 0, 0, 60, 0, 0, 0, 45}, make([]byte, 14)...))
	cut := func(b []byte, n int) []byte { return b[:len(b)-n] }
	for name, b := range map[string][]byte{
		"no IEND":                  file(head, idat),
		"IEND CRC":                 file(head, idat, flip(iend)),
		"IEND with data":           file(head, idat, chunkBytes("IEND", []byte("xx"))),
		"Adler wrong":              file(head, chunkBytes("IDAT", flip(z)), iend),
		"Adler missing":            file(head, chunkBytes("IDAT", cut(z, 4)), iend),
		"Adler cut":                file(head, chunkBytes("IDAT", cut(z, 2)), iend),
		"IDAT CRC":                 file(head, flip(idat), iend),
		"IDAT CRC, the first of 2": file(head, flip(chunkBytes("IDAT", z[:half])), chunkBytes("IDAT", z[half:]), iend),
		"IDAT CRC cut":             file(head, cut(idat, 2)),
		"cut in the Adler":         file(head, cut(idat, 6)),
		"cut before the Adler":     file(head, cut(idat, 8)),
		"tEXt cut":                 file(head, idat, cut(text, 200)),
		"no chunk":                 file(head, idat, []byte("\xff\xfe this is no chunk"), iend),
		"zeros":                    file(head, idat, make([]byte, 64)),
		"critical":                 file(head, idat, chunkBytes("ABCD", []byte("x")), iend),
		"PLTE behind":              file(head, idat, chunkBytes("PLTE", make([]byte, 3)), iend),
		"second IHDR behind":       file(head, idat, head, iend),
		"IDAT again":               file(head, idat, text, chunkBytes("IDAT", []byte("zzz")), iend),
		"one frame, no IEND":       file(head, frames(1), control, idat),
	} {
		rowsAre(t, name, b, raw, true, true)
	}
	for n := 1; n < len(iend); n++ {
		rowsAre(t, "IEND cut", file(head, idat, iend[:n]), raw, true, true)
	}
	for name, b := range map[string][]byte{
		"right":              file(head, idat, iend),
		"bytes behind":       append(file(head, idat, iend), "JUNKjunk"...),
		"CRC of a text":      file(head, idat, flip(text), iend),
		"one frame":          file(head, frames(1), control, idat, iend),
		"no frame":           file(head, frames(0), idat, iend),
		"one frame, no fcTL": file(head, frames(1), idat, iend),
	} {
		rowsAre(t, name, b, raw, true, false)
		if r, err := NewReader(b); err != nil || r.Frames != 0 {
			t.Errorf("%s is no still: %+v, %v", name, r, err)
		}
	}
	// The one frame of this is not in IDAT.
	hidden := file(head, frames(1), idat, control, chunkBytes("fdAT", append([]byte{0, 0, 0, 1}, z...)), iend)
	if r, err := NewReader(hidden); err != nil || r.Frames != 1 {
		t.Errorf("a frame behind the default picture: %+v, %v", r, err)
	}
	bad := bytes.Clone(z)
	bad[half] ^= 0x55
	for name, b := range map[string][]byte{
		"a row missing":  file(ihdr(60, 46, 8, 2, 0), idat, iend),
		"a byte missing": file(ihdr(61, 45, 8, 2, 0), idat, iend),
		"cut in two":     file(head, cut(idat, 300)),
		"damaged":        file(head, append(cut(chunkBytes("IDAT", bad), 4), idat[len(idat)-4:]...), iend),
	} {
		rowsAre(t, name, b, raw, false, false)
	}
}

// Wherever the data is cut, the reader returns the picture or an error: bytes past the end never
// become pixels. With stored blocks, it is known exactly after which byte the picture is complete.
func TestCutDataNeverInventsPixels(t *testing.T) {
	for level := -2; level <= 9; level++ {
		raw, z := sample(t, 23, 17, level)
		head := ihdr(23, 17, 8, 2, 0)
		whole := 0
		for n := range len(z) {
			src := file(head, chunkBytes("IDAT", z)[:8+n])
			r, err := NewReader(src)
			if err != nil {
				t.Fatalf("level %d, %d bytes: %v", level, n, err)
			}
			var got []byte
			err = r.Rows(context.Background(), func(y int, row []byte) error { got = append(append(got, 0), row...); return nil })
			if err == nil {
				whole++
			} else if whole > 0 {
				t.Errorf("level %d: %d bytes are too few, fewer were not", level, n)
			}
			if err == nil && !bytes.Equal(got, raw) || !bytes.HasPrefix(raw, got) {
				t.Errorf("level %d, %d of %d bytes: other pixels", level, n, len(z))
			}
		}
		// The Adler-32 is 4 bytes. Before it, the writer ends with an empty stored block of 5
		// bytes. Before that block are up to 3 bits of padding, and the end-of-block code of up to
		// 15 bits.
		if level == 0 && whole != 4+5 || whole < 4 || whole > 4+5+3 {
			t.Errorf("level %d: whole without the last %d bytes", level, whole)
		}
	}
}
