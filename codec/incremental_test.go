package codec

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	stdjpeg "image/jpeg"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// This file tests every WebP result with libwebp's two decoders: the one that has the whole file,
// and the one that gets it piece by piece, which is what browsers run.

// A webpFrame is one picture of a WebP file as a still file of its own.
type webpFrame struct {
	w, h int
	file []byte
}

// webpFrames cuts a WebP file into stills (RFC 9649 section 2.7.1.1), by other code than the code
// under test.
func webpFrames(file []byte) (frames []webpFrame, err error) {
	chunks, err := webpChunks(file[12:])
	if err != nil {
		return nil, err
	}
	u24 := func(b []byte) int { return int(b[0]) | int(b[1])<<8 | int(b[2])<<16 }
	for _, c := range chunks {
		if c.id != "ANMF" {
			continue
		}
		parts, err := webpChunks(c.body[16:])
		if err != nil {
			return nil, err
		}
		f := webpFrame{w: u24(c.body[6:]) + 1, h: u24(c.body[9:]) + 1}
		f.file = []byte("RIFF\x00\x00\x00\x00WEBP")
		if parts[0].id == "ALPH" {
			f.file = append(f.file, "VP8X\x0a\x00\x00\x00\x10\x00\x00\x00"...)
			f.file = append(f.file, c.body[6:12]...)
		}
		f.file = append(f.file, c.body[16:]...)
		binary.LittleEndian.PutUint32(f.file[4:], uint32(len(f.file)-8))
		frames = append(frames, f)
	}
	return frames, nil
}

type webpChunk struct {
	id   string
	body []byte
}

func webpChunks(b []byte) (list []webpChunk, err error) {
	for len(b) > 0 {
		if len(b) < 8 {
			return nil, fmt.Errorf("%d bytes behind the last chunk", len(b))
		}
		n := int64(binary.LittleEndian.Uint32(b[4:]))
		if 8+n+n&1 > int64(len(b)) {
			return nil, fmt.Errorf("chunk %q of %d bytes where %d are left", b[:4], n, len(b)-8)
		}
		list = append(list, webpChunk{string(b[:4]), b[8 : 8+n]})
		b = b[8+n+n&1:]
	}
	return list, nil
}

// A bothDecoders runs libwebp's two decoders.
type bothDecoders struct {
	exe, file string
	frames    int
}

func newBothDecoders(t *testing.T) *bothDecoders {
	exe, err := exec.LookPath("dwebp")
	if err != nil {
		t.Skip("dwebp is not installed (Debian: webp)")
	}
	return &bothDecoders{exe: exe, file: filepath.Join(t.TempDir(), "a.webp")}
}

// still returns an error unless both decoders read the same w x h picture.
func (d *bothDecoders) still(file []byte, w, h int) error {
	d.frames++
	if err := os.WriteFile(d.file, file, 0o600); err != nil {
		return err
	}
	whole, err := exec.Command(d.exe, d.file, "-quiet", "-pam", "-o", "-").Output()
	if err != nil {
		return fmt.Errorf("dwebp: %w", err)
	}
	pieces, err := exec.Command(d.exe, d.file, "-quiet", "-incremental", "-pam", "-o", "-").Output()
	if err != nil {
		return fmt.Errorf("dwebp -incremental: %w", err)
	}
	if !bytes.Equal(whole, pieces) {
		return fmt.Errorf("dwebp and dwebp -incremental differ")
	}
	if head := fmt.Sprintf("WIDTH %d\nHEIGHT %d\n", w, h); !bytes.Contains(whole[:min(64, len(whole))], []byte(head)) {
		return fmt.Errorf("dwebp finds %.40q", whole)
	}
	return nil
}

// result checks a WebP result of any kind: the picture, or each frame.
func (d *bothDecoders) result(out []byte, info Info) error {
	if info.Frames == 1 {
		return d.still(out, info.OutW, info.OutH)
	}
	frames, err := webpFrames(out)
	if err != nil {
		return err
	}
	if len(frames) != info.Frames {
		return fmt.Errorf("%d frames of %d", len(frames), info.Frames)
	}
	for i, f := range frames {
		if err := d.still(f.file, f.w, f.h); err != nil {
			return fmt.Errorf("frame %d: %w", i, err)
		}
	}
	return nil
}

// Each picture of the corpus and of the folders beside it, and each frame of its animations, is
// written as WebP, and the file is read whole and piece by piece. The short run takes only some of
// them.
func TestCorpusAsWebPIsReadPieceByPiece(t *testing.T) {
	d := newBothDecoders(t)
	long := os.Getenv("MINIATURA_LONG") != ""
	files := 0
	var names []string
	for _, row := range corpus(t, "photos", "orientation", "png", "gif", "bmp", "webp", "hostile") {
		names = append(names, row.path)
	}
	for _, folder := range []string{"graphics", "reports"} {
		more, _ := filepath.Glob(filepath.Join(sharedFolder(t), folder, "*.*"))
		names = append(names, more...)
	}
	for i, name := range names {
		if !long && i%7 != 0 {
			continue
		}
		src, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, size := range []string{"SXS", "SS"} {
			if !long && size == "SS" {
				continue
			}
			out, info, err := Resize(context.Background(), src, fitter(t, size), Options{Format: WebP})
			if err != nil {
				continue // the tests of the formats say which these may be
			}
			files++
			if err := d.result(out, info); err != nil {
				t.Errorf("%s at %s: %v", name, size, err)
			}
		}
	}
	t.Logf("%d files, %d pictures", files, d.frames)
}

// A frame like the one before is written as one pixel, and a picture of one color has a first
// partition of little more than its header. Both are read piece by piece.
func TestOneMacroblockIsReadPieceByPiece(t *testing.T) {
	d := newBothDecoders(t)
	for _, c := range []color.NRGBA{{0, 0, 0, 255}, {255, 255, 255, 255}, {200, 30, 60, 255}, {20, 90, 160, 255}} {
		for side := 1; side <= 16; side += 5 {
			m := image.NewNRGBA(image.Rect(0, 0, side, side))
			for i := 0; i < len(m.Pix); i += 4 {
				m.Pix[i], m.Pix[i+1], m.Pix[i+2], m.Pix[i+3] = c.R, c.G, c.B, c.A
			}
			var b bytes.Buffer
			if err := stdjpeg.Encode(&b, m, &stdjpeg.Options{Quality: 90}); err != nil {
				t.Fatal(err)
			}
			for quality := 1; quality <= 100; quality += 9 {
				out, info, err := Resize(context.Background(), b.Bytes(), fitter(t, "SXS"), Options{Format: WebP, Quality: quality})
				if err == nil {
					err = d.result(out, info)
				}
				if err != nil {
					t.Errorf("%dx%d of %v at quality %d: %v", side, side, c, quality, err)
				}
			}
		}
		out, info, err := Resize(context.Background(), heldColorGIF(t, c), fitter(t, "SXS"), Options{Format: WebP})
		if frames, _ := webpFrames(out); err == nil && (len(frames) != 6 || frames[1].w != 1 || frames[1].h != 1) {
			t.Errorf("a frame like the one before is not one pixel: this test tests nothing")
		}
		if err == nil {
			err = d.result(out, info)
		}
		if err != nil {
			t.Errorf("an animation with a corner of %v that holds a frame: %v", c, err)
		}
	}
}

// heldColorGIF returns an animation of a picture that is like a photo, except that one corner has a
// single color. The picture moves only in every second frame.
func heldColorGIF(t testing.TB, corner color.NRGBA) []byte {
	t.Helper()
	palette := color.Palette{corner}
	for i := range 120 {
		palette = append(palette, color.NRGBA{uint8(2*i + 10), uint8(i + 60), uint8(200 - i), 255})
	}
	g := &gif.GIF{}
	for i := range 6 {
		f := image.NewPaletted(image.Rect(0, 0, 96, 64), palette)
		s := uint32(7)
		for p := range f.Pix {
			x, y := p%96+9*(i/2), p/96
			s = s*1664525 + 1013904223
			if p%96 >= 8 || y >= 8 {
				f.Pix[p] = uint8(1 + (x+y)/2 + int(s>>27)) // with grain, so that VP8 is smaller than VP8L
			}
		}
		g.Image, g.Delay = append(g.Image, f), append(g.Delay, 10)
	}
	var b bytes.Buffer
	if err := gif.EncodeAll(&b, g); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
