package codec

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"miniatura/codec/icc"
	"miniatura/codec/internal/limit"
)

// This file adds a format to the table the way CONTRIBUTING says: a row and an adapter. No other
// code mentions the format.

// A TOY file is "TOY1", width and height as 32-bit little-endian numbers, and rows of 3-byte
// pixels.
var toy = &Format{
	name: "Toy", mediaType: "image/x-toy", extensions: []string{"toy"},
	magic: []string{"TOY1"},
	open:  openToy, encode: writeToy,
}

type toySource struct {
	src  []byte
	w, h int
}

func openToy(src []byte) (source, error) {
	if len(src) < 12 {
		return nil, errors.New("toy: damaged: no header")
	}
	w, h := binary.LittleEndian.Uint32(src[4:]), binary.LittleEndian.Uint32(src[8:])
	if w > 1<<20 || h > 1<<20 {
		return nil, &limit.Error{Room: "toy", What: "pixels a side", Met: int64(max(w, h)), Allowed: 1 << 20}
	}
	if src[3] == '2' {
		return nil, unsupported("TOY2")
	}
	return toySource{src, int(w), int(h)}, nil
}

func (s toySource) header() header {
	return header{w: s.w, h: s.h, frames: 1, orientation: 1, space: icc.RGB}
}

func (s toySource) peak(ts ...*target) int64 { return rowsPeak(ts) }

func (s toySource) decodeStill(ctx context.Context, ts ...*target) ([]picture, error) {
	return resizeRows(ctx, ts, 3, func(_ context.Context, emit func(y int, row []byte) error) error {
		for y := range s.h {
			if len(s.src) < 12+3*s.w*(y+1) {
				return errors.New("toy: damaged: the rows end early")
			}
			if err := emit(y, s.src[12+3*s.w*y:][:3*s.w]); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s toySource) player(*conversion) (player, int, error) {
	return nil, 0, unsupported("an animated toy")
}

func (s toySource) note() string { return "" }

func writeToy(m picture, t *target) ([]byte, bool, error) {
	out := toyHeader(t.w, t.h)
	for y := range t.h {
		for x := range t.w {
			r, g, b, _ := m.At(x, y).RGBA()
			out = append(out, byte(r>>8), byte(g>>8), byte(b>>8))
		}
	}
	return out, true, nil
}

func toyHeader(w, h int) []byte {
	return binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32([]byte("TOY1"), uint32(w)), uint32(h))
}

// toyPicture returns a TOY file that is red on the left and blue on the right.
func toyPicture(w, h int) []byte {
	src := toyHeader(w, h)
	for range h {
		for x := range w {
			if x < w/2 {
				src = append(src, 200, 10, 10)
			} else {
				src = append(src, 10, 10, 200)
			}
		}
	}
	return src
}

func TestToyFormatGoesThroughTheDoor(t *testing.T) {
	defer AddFormat(toy)()
	ctx := context.Background()
	src := toyPicture(400, 200)
	for _, f := range []*Format{nil, JPEG, PNG, GIF, BMP, WebP} {
		out, info, err := Resize(ctx, src, fitter(t, "SXS"), Options{Format: f})
		if err != nil {
			t.Fatalf("to %v: %v", f, err)
		}
		want := toy
		if f != nil {
			want = f
		}
		if info.Source != "image/x-toy" || info.ContentType != want.MediaType() || info.OutW != 180 || info.OutH != 90 || Sniff(out) != want {
			t.Errorf("to %v: %+v", f, info)
		}
		if f == nil {
			if left, right := out[12+3*20], out[12+3*160+2]; left != 200 || right != 200 {
				t.Errorf("left red is %d, right blue is %d", left, right)
			}
			continue
		}
		// And back: the result becomes a toy again.
		back, _, err := Resize(ctx, out, fitter(t, "SXS"), Options{Format: toy, Quality: 90})
		if err != nil || len(back) != 12+3*180*90 {
			t.Fatalf("from %v: %d bytes, %v", f, len(back), err)
		}
		if left := back[12+3*(45*180+20)]; left < 190 || left > 210 {
			t.Errorf("from %v: left red is %d", f, left)
		}
	}
	if out, _, err := Resize(ctx, toyPicture(100, 50), fitter(t, "SXS"), Options{}); err != nil || !bytes.Equal(out, toyPicture(100, 50)) {
		t.Errorf("a toy that fits: %d bytes, %v", len(out), err)
	}
	if FormatOf("shelf/Bear.TOY") != toy || FormatOf("toy") != nil || FormatOf("a.toy/b") != nil {
		t.Error("the extension is not the table's")
	}
}

func TestToyErrorsKeepTheContract(t *testing.T) {
	defer AddFormat(toy)()
	for _, c := range []struct {
		name        string
		src         []byte
		opt         Options
		unsupported bool
		limit       bool
	}{
		{"cut", toyPicture(400, 200)[:9000], Options{}, false, false},
		{"no header", []byte("TOY1"), Options{}, false, false},
		{"its own limit", toyHeader(1<<21, 1), Options{}, false, true},
		{"pixels", toyHeader(1<<15, 1<<15), Options{}, false, true},
		{"memory", toyPicture(400, 200), Options{Memory: 1 << 20}, false, true},
	} {
		out, _, err := Resize(context.Background(), c.src, fitter(t, "SXS"), c.opt)
		if err == nil || out != nil || errors.Is(err, ErrUnsupported) != c.unsupported || errors.Is(err, ErrLimit) != c.limit {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	toy2 := *toy
	toy2.magic = []string{"TOY2"}
	defer AddFormat(&toy2)()
	if _, _, err := Resize(context.Background(), append([]byte("TOY2"), toyPicture(40, 20)[4:]...), fitter(t, "SXS"), Options{}); !errors.Is(err, ErrUnsupported) {
		t.Errorf("unsupported: %v", err)
	}
}

// The source can be collected before a result of another size is encoded, whatever its format.
func TestSourceIsLetGoBeforeEncoding(t *testing.T) {
	for name, read := range goldenSources(t) {
		var gone atomic.Bool
		probe := *toy
		probe.magic, probe.extensions = nil, nil
		probe.encode = func(m picture, t *target) ([]byte, bool, error) {
			for range 10 { // a cleanup runs some time after the collection that finds it due
				runtime.GC()
				if gone.Load() {
					break
				}
			}
			return writeToy(m, t)
		}
		src := read()
		runtime.AddCleanup(&src[0], func(gone *atomic.Bool) { gone.Store(true) }, &gone)
		_, info, err := resizeAndForget(src, &probe)
		if err != nil {
			if !errors.Is(err, ErrUnsupported) || info.Frames == 1 {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if !gone.Load() {
			t.Errorf("%s is held while its result is encoded", name)
		}
	}
}

//go:noinline
func resizeAndForget(src []byte, f *Format) ([]byte, Info, error) {
	return Resize(context.Background(), src, func(w, h int) (int, int) { return max(w/2, 1), max(h/2, 1) }, Options{Format: f})
}

// A panic below Resize becomes an error in one line that says where.
func TestPanicSaysWhere(t *testing.T) {
	broken := *toy
	broken.magic = []string{"BROKEN"}
	broken.open = func(src []byte) (source, error) { return nil, fmt.Errorf("%d", src[1<<20]) }
	defer AddFormat(&broken)()
	_, _, err := Resize(context.Background(), []byte("BROKEN......"), fitter(t, "SXS"), Options{})
	if err == nil || !strings.Contains(err.Error(), "toy_test.go:") || !strings.Contains(err.Error(), "index out of range") || strings.Contains(err.Error(), "\n") {
		t.Errorf("%v", err)
	}
}
