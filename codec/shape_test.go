package codec

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/color"
	"io"
	"testing"
	"time"

	"miniatura/codec/bmp"
	"miniatura/codec/gif"
	"miniatura/codec/jpeg"
	"miniatura/codec/png"
	"miniatura/codec/webp"
)

// The readers have one shape, and so have the writers; the compiler holds that.
type (
	emitRow  = func(y int, row []byte) error
	animated interface {
		Add(canvas *image.NRGBA, delay time.Duration) error
		Bytes() ([]byte, error)
	}
)

var (
	_ func([]byte) (*bmp.Reader, error)  = bmp.NewReader
	_ func([]byte) (*gif.Reader, error)  = gif.NewReader
	_ func([]byte) (*jpeg.Reader, error) = jpeg.NewReader
	_ func([]byte) (*png.Reader, error)  = png.NewReader
	_ func([]byte) (*webp.Reader, error) = webp.NewReader

	_ func(context.Context, emitRow) error = (*bmp.Reader)(nil).Rows
	_ func(context.Context, emitRow) error = (*png.Reader)(nil).Rows
	_ func(context.Context, emitRow) error = (*webp.Frame)(nil).Rows

	_ []player   = []player{(*gif.Reader)(nil), (*png.Player)(nil), (*webp.Player)(nil)}
	_ []animated = []animated{(*gif.AnimationWriter)(nil), (*png.AnimationWriter)(nil), (*webp.AnimationWriter)(nil)}

	_ func() int64 = (*bmp.Reader)(nil).PeakBytes
	_ func() int64 = (*gif.Reader)(nil).PeakBytes
	_ func() int64 = (*png.Reader)(nil).PeakBytes
	_ func() int64 = (*webp.Reader)(nil).PeakBytes

	_ = [5][2]int{
		{bmp.Reader{}.Width, bmp.Reader{}.Height}, {gif.Reader{}.Width, gif.Reader{}.Height}, {jpeg.Reader{}.Width, jpeg.Reader{}.Height},
		{png.Reader{}.Width, png.Reader{}.Height}, {webp.Reader{}.Width, webp.Reader{}.Height},
	}
	_ = [4][]byte{bmp.Reader{}.ICC, gif.Reader{}.ICC, jpeg.Reader{}.ICC, webp.Reader{}.ICC}
	_ = [3][]byte{jpeg.Reader{}.EXIF, png.Reader{}.EXIF, webp.Reader{}.EXIF}
	_ = [4]string{bmp.Reader{}.Note, gif.Reader{}.Note, jpeg.Reader{}.Note, png.Reader{}.Note}
	_ = [3]Effort{png.Options{}.Effort, webp.Options{}.Effort, Options{}.Effort}
)

// A writerOf is a room's writer with its Options: what nil is documented to stand for, and a choice
// that is another.
type writerOf[O any] struct {
	append          func([]byte, image.Image, *O) ([]byte, error)
	encode          func(io.Writer, image.Image, *O) error
	stands, another O
	animate         func(w, h, plays int, o *O) (animated, error) // nil: stills only
}

// holdNil compares what w makes without Options with what nil is documented to stand for.
func holdNil[O any](t *testing.T, room string, w writerOf[O]) {
	t.Helper()
	m := image.NewNRGBA(image.Rect(0, 0, 320, 200))
	for i := range 320 * 200 { // 200 colors, and some noise
		x, y := i%320, i/320
		v := byte((x/4 + y/3 + x*y*7%13) % 200)
		m.SetNRGBA(x, y, color.NRGBA{v, v, 255 - v, 255})
	}
	made := func(o *O) []byte {
		b, err := w.append([]byte("before"), m, o)
		if err != nil {
			t.Fatalf("%s: %v", room, err)
		}
		return b
	}
	moving := func(o *O) []byte {
		if w.animate == nil {
			return nil
		}
		a, err := w.animate(320, 200, 0, o)
		if err == nil {
			err = errors.Join(a.Add(m, time.Second), a.Add(image.NewNRGBA(m.Rect), time.Second))
		}
		if err != nil {
			t.Fatalf("%s: %v", room, err)
		}
		b, err := a.Bytes()
		if err != nil {
			t.Fatalf("%s: %v", room, err)
		}
		return b
	}
	var zero O
	var encoded bytes.Buffer
	encoded.WriteString("before")
	if err := w.encode(&encoded, m, nil); err != nil {
		t.Fatalf("%s: %v", room, err)
	}
	for name, same := range map[string]bool{
		"nil is the zero value":                       bytes.Equal(made(nil), made(&zero)),
		"nil is what is documented":                   bytes.Equal(made(nil), made(&w.stands)),
		"nil is not the other choice":                 !bytes.Equal(made(nil), made(&w.another)),
		"Encode writes what Append appends":           bytes.Equal(made(nil), encoded.Bytes()),
		"nil is the same of an animation":             bytes.Equal(moving(nil), moving(&w.stands)) && bytes.Equal(moving(nil), moving(&zero)),
		"nil is not the other choice of an animation": w.animate == nil || !bytes.Equal(moving(nil), moving(&w.another)),
	} {
		if !same {
			t.Errorf("%s: untrue: %s", room, name)
		}
	}
}

// Without Options, or with a quality of 0, a writer makes what a person would choose: quality 75,
// and no loss where the format has none.
func TestNilOptionsAreAChoice(t *testing.T) {
	holdNil(t, "jpeg", writerOf[jpeg.Options]{
		append: jpeg.Append, encode: jpeg.Encode,
		stands: jpeg.Options{Quality: 75}, another: jpeg.Options{Quality: 1},
	})
	holdNil(t, "webp", writerOf[webp.Options]{
		append: webp.Append, encode: webp.Encode,
		stands: webp.Options{Quality: 75, Effort: DefaultEffort}, another: webp.Options{Quality: 1},
		animate: func(w, h, plays int, o *webp.Options) (animated, error) {
			return webp.NewAnimationWriter(w, h, plays, o)
		},
	})
	holdNil(t, "png", writerOf[png.Options]{
		append: png.Append, encode: png.Encode,
		stands: png.Options{Effort: DefaultEffort}, another: png.Options{Effort: HighEffort},
		animate: func(w, h, plays int, o *png.Options) (animated, error) { return png.NewAnimationWriter(w, h, plays, o) },
	})
	holdNil(t, "gif", writerOf[gif.Options]{
		append: gif.Append, encode: gif.Encode,
		stands: gif.Options{Tolerance: 0}, another: gif.Options{Tolerance: 50, Budget: 1, Frames: 2},
		animate: func(w, h, plays int, o *gif.Options) (animated, error) { return gif.NewAnimationWriter(w, h, plays, o) },
	})
	holdNil(t, "bmp", writerOf[struct{ other bool }]{ // a BMP leaves nothing to choose
		append: func(dst []byte, m image.Image, o *struct{ other bool }) ([]byte, error) {
			if o != nil && o.other {
				m = image.NewGray(m.Bounds())
			}
			return bmp.Append(dst, m)
		},
		encode:  func(w io.Writer, m image.Image, _ *struct{ other bool }) error { return bmp.Encode(w, m) },
		another: struct{ other bool }{true},
	})
}
