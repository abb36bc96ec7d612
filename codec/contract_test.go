package codec

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	stdpng "image/png"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"miniatura/codec/webp"
)

// A contractCase is a source that is refused, and the error that is expected.
type contractCase struct {
	name        string
	src         []byte
	opt         Options
	unsupported bool
	limit       bool
}

func golden(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata/golden", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// changed returns src with the bytes of with at offset.
func changed(src []byte, offset int, with ...byte) []byte {
	src = bytes.Clone(src)
	copy(src[offset:], with)
	return src
}

// offsetAfter returns the offset behind the first mark in src.
func offsetAfter(t *testing.T, src []byte, mark string) int {
	t.Helper()
	i := bytes.Index(src, []byte(mark))
	if i < 0 {
		t.Fatalf("no %q", mark)
	}
	return i + len(mark)
}

// pngSize returns src with another IHDR.
func pngSize(src []byte, w, h uint32) []byte {
	src = bytes.Clone(src)
	binary.BigEndian.PutUint32(src[16:], w)
	binary.BigEndian.PutUint32(src[20:], h)
	binary.BigEndian.PutUint32(src[29:], crc32.ChecksumIEEE(src[12:29]))
	return src
}

// manyScans returns a progressive JPEG's scans, without samples, of one coefficient each: more than
// any encoder writes, and each follows from the one before.
func manyScans() (scans []byte) {
	const bits = 8
	for k := byte(1); k < 64; k++ {
		for al := bits; al >= 0; al-- {
			ah := byte(al+1) % (bits + 1)
			scans = append(scans, 0xff, 0xda, 0, 8, 1, 1, 0, k, k, ah<<4|byte(al), 0)
		}
	}
	return scans
}

// manyFrames returns an animated WebP of one pixel and a frame more than is allowed.
func manyFrames(t *testing.T) []byte {
	t.Helper()
	still, err := webp.Append(nil, image.NewNRGBA(image.Rect(0, 0, 1, 1)), &webp.Options{Lossless: true})
	if err != nil {
		t.Fatal(err)
	}
	payload := still[offsetAfter(t, still, "WEBP"):]
	frame := append(riffChunk("ANMF", 16+len(payload)), make([]byte, 16)...)
	body := append([]byte("WEBP"), riffChunk("VP8X", 10)...)
	body = append(body, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0)
	body = append(body, append(riffChunk("ANIM", 6), make([]byte, 6)...)...)
	body = append(body, bytes.Repeat(append(frame, payload...), MaxFrames+1)...)
	return append(riffChunk("RIFF", len(body)), body...)
}

// riffChunk returns the header of a chunk of RIFF.
func riffChunk(name string, size int) []byte {
	return binary.LittleEndian.AppendUint32([]byte(name), uint32(size))
}

// widePNG returns a PNG that is wider than a WebP can be.
func widePNG(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := stdpng.Encode(&b, image.NewGray(image.Rect(0, 0, 17000, 2))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// contractCases returns sources of every format. Some are of a kind that is not resized, some are
// over one of the limits that the format can exceed, and some are damaged.
func contractCases(t *testing.T) []contractCase {
	little := Options{Memory: 20 << 20}
	jpg, prog := golden(t, "444.jpg"), golden(t, "progressive.jpg")
	sof := offsetAfter(t, jpg, "\xff\xc0") // length, precision, height, width
	sos := offsetAfter(t, prog, "\xff\xda")
	ac := sos + offsetAfter(t, prog[sos:], "\xff\xda") // the second scan
	png := golden(t, "rgb.png")
	idat := offsetAfter(t, png, "IDAT")
	critical := binary.BigEndian.AppendUint32([]byte("\x00\x00\x00\x00ABCD"), crc32.ChecksumIEEE([]byte("ABCD")))
	gif, moving := golden(t, "still.gif"), golden(t, "moving.gif")
	bitmap := golden(t, "24.bmp")
	lossy, lossless, wmoving := golden(t, "lossy.webp"), golden(t, "lossless.webp"), golden(t, "moving.webp")
	vp8, vp8l, anmf := offsetAfter(t, lossy, "VP8 "), offsetAfter(t, lossless, "VP8L"), offsetAfter(t, wmoving, "ANMF")
	alpha, wide := golden(t, "alpha.webp"), widePNG(t)
	return []contractCase{
		{"jpeg: arithmetic coding", changed(jpg, sof-1, 0xc9), Options{}, true, false},
		{"jpeg: 12 bits", changed(changed(jpg, sof-1, 0xc1), sof+2, 12), Options{}, true, false},
		{"jpeg: memory", jpg, little, false, true},
		{"jpeg: scans", append(bytes.Clone(prog[:ac-2]), manyScans()...), Options{}, false, true},
		{"jpeg: pixels", append(changed(jpg, sof+3, 0x40, 0, 0x40, 0), make([]byte, 4<<20)...), Options{}, false, true},
		{"jpeg: damage", jpg[:len(jpg)/2], Options{}, false, false},
		{"jpeg: no header", jpg[:20], Options{}, false, false},

		{"png: critical chunk", bytes.Join([][]byte{png[:33], critical, png[33:]}, nil), Options{}, true, false},
		{"png: pixels", pngSize(png, 40000, 40000), Options{}, false, true},
		{"png: pixels a side", pngSize(png, 1<<30, 1), Options{}, false, true},
		{"png: memory", png, little, false, true},
		{"png: damage", changed(png, idat+12, 0xff, 0xff, 0xff, 0xff), Options{}, false, false},
		{"png: end", png[:len(png)/2], Options{}, false, false},

		{"gif: pixels", changed(gif, 6, 0xff, 0xff, 0xff, 0xff), Options{}, false, true},
		{"gif: memory", gif, little, false, true},
		{"gif: moving, as JPEG", moving, Options{Format: JPEG}, true, false},
		{"gif: moving, as BMP", moving, Options{Format: BMP}, true, false},
		{"gif: moving, memory", moving, little, false, true},
		{"gif: damage", gif[:14], Options{}, false, false},

		{"bmp: header size", changed(bitmap, 14, 41), Options{}, true, false},
		{"bmp: compression", changed(bitmap, 30, 4), Options{}, true, false},
		{"bmp: pixels a side", changed(bitmap, 18, 0, 0, 0, 0x40), Options{}, false, true},
		{"bmp: pixels", changed(bitmap, 18, 0, 0xa0, 0, 0, 0, 0xa0, 0, 0), Options{}, false, true},
		{"bmp: memory", bitmap, little, false, true},
		{"bmp: damage", bitmap[:len(bitmap)/2], Options{}, false, false},

		{"webp: moving, as JPEG", wmoving, Options{Format: JPEG}, true, false},
		{"webp: memory", lossy, little, false, true},
		{"webp: lossless, memory", lossless, little, false, true},
		{"webp: moving, memory", wmoving, little, false, true},
		{"webp: damage in VP8", changed(lossy, vp8+4+10, bytes.Repeat([]byte{0xff}, 6)...), Options{}, false, false},
		{"webp: damage in VP8L", changed(lossless, vp8l+4+5, bytes.Repeat([]byte{0xff}, 40)...), Options{}, false, false},
		{"webp: damage in a frame", changed(wmoving, anmf+4+16+8+12, bytes.Repeat([]byte{0xff}, 40)...), Options{}, false, false},
		{"webp: cut", lossy[:len(lossy)/2], Options{}, false, false},

		{"webp: damage in ALPH", changed(alpha, offsetAfter(t, alpha, "ALPH")+4+1, bytes.Repeat([]byte{0xff}, 40)...), Options{}, false, false},
		{"webp: frames", manyFrames(t), Options{}, false, true},
		{"to a side that WebP has not", wide, Options{Format: WebP}, true, false},

		{"no picture", []byte("%PDF-1.4"), Options{}, true, false},
		{"nothing", nil, Options{}, true, false},
	}
}

// rooms are the words that an error's message may begin with, after codec itself.
var rooms = regexp.MustCompile(`(?i)\b(codec|jpeg|png|gif|bmp|webp|vp8|vp8l|icc|exif|scale): `)

// checkMessage reports a message that names a room twice, or has more than one line.
func checkMessage(t *testing.T, name, message string) {
	t.Helper()
	seen := map[string]bool{}
	for _, room := range rooms.FindAllString(message, -1) {
		room = strings.ToLower(room)
		if seen[room] {
			t.Errorf("%s: names a room twice: %s", name, message)
		}
		seen[room] = true
	}
	if !strings.HasPrefix(message, "codec: ") || strings.ContainsAny(message, "\r\n") {
		t.Errorf("%s: %q", name, message)
	}
}

// Errors keep their reason through every wrap: the source is of a kind that is not resized, is over
// a limit, or is damaged.
func TestErrorsKeepTheContract(t *testing.T) {
	for _, c := range contractCases(t) {
		fit := fitter(t, "SXS")
		if strings.HasPrefix(c.name, "to a side") {
			fit = func(w, h int) (int, int) { return w, h }
		}
		out, _, err := Resize(context.Background(), c.src, fit, c.opt)
		switch {
		case err == nil || out != nil:
			t.Errorf("%s: %d bytes, %v", c.name, len(out), err)
			continue
		case errors.Is(err, ErrUnsupported) != c.unsupported || errors.Is(err, ErrLimit) != c.limit:
			t.Errorf("%s: unsupported %v, limit %v: %v", c.name, errors.Is(err, ErrUnsupported), errors.Is(err, ErrLimit), err)
		case strings.Contains(err.Error(), "panic"):
			t.Errorf("%s: %v", c.name, err)
		}
		checkMessage(t, c.name, err.Error())
		t.Logf("%s: %v", c.name, err)
	}
}

// When the context has ended, its error is returned.
func TestContextIsTheError(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for name, read := range goldenSources(t) {
		_, _, err := Resize(ctx, read(), func(w, h int) (int, int) { return max(w/2, 1), max(h/2, 1) }, Options{})
		if err != nil && (!errors.Is(err, context.Canceled) || errors.Is(err, ErrUnsupported) || errors.Is(err, ErrLimit)) {
			t.Errorf("%s: %v", name, err)
		}
		if err == nil {
			t.Errorf("%s: made in spite of its context", name)
		}
	}
}

// The messages of the corpus's hostile files name a room once.
func TestHostileMessagesNameARoomOnce(t *testing.T) {
	refused := 0
	for _, row := range corpus(t, "hostile") {
		src, err := os.ReadFile(row.path)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := Resize(context.Background(), src, fitter(t, "SXS"), Options{}); err != nil {
			refused++
			checkMessage(t, row.name, err.Error())
		}
	}
	if refused < 50 {
		t.Errorf("%d files refused", refused)
	}
}
