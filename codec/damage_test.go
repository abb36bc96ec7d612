package codec

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"

	"miniatura/codec/bmp"
	"miniatura/codec/gif"
	"miniatura/codec/jpeg"
	"miniatura/codec/png"
	"miniatura/codec/webp"
)

// A damageCase is a source that is damaged at a known place.
type damageCase struct {
	name   string
	src    []byte
	offset int
}

// damageCases returns sources of every format that are damaged in headers, containers and samples.
func damageCases(t *testing.T) []damageCase {
	jpg, prog := golden(t, "444.jpg"), golden(t, "progressive.jpg")
	dht, sos := offsetAfter(t, jpg, "\xff\xc4"), offsetAfter(t, jpg, "\xff\xda")
	first := offsetAfter(t, prog, "\xff\xda")
	still, palette, frames := golden(t, "rgb.png"), golden(t, "palette.png"), golden(t, "moving.png")
	plte, idat, fctl := offsetAfter(t, palette, "PLTE"), offsetAfter(t, still, "IDAT"), offsetAfter(t, frames, "fcTL")
	moving := golden(t, "moving.gif")
	image := 13 + 3<<(moving[10]&7+1) // extensions come first
	for moving[image] == '!' {
		for image += 2; moving[image] != 0; image += 1 + int(moving[image]) {
		}
		image++
	}
	bits, runs := golden(t, "24.bmp"), golden(t, "rle.bmp")
	pixels := int(binary.LittleEndian.Uint32(runs[10:]))
	lossy, alpha, wmoving := golden(t, "lossy.webp"), golden(t, "alpha.webp"), golden(t, "moving.webp")
	vp8, alph, anmf := offsetAfter(t, lossy, "VP8 "), offsetAfter(t, alpha, "ALPH"), offsetAfter(t, wmoving, "ANMF")
	garbage := bytes.Repeat([]byte{0xff}, 40)
	return []damageCase{
		{"jpeg: segment", changed(jpg, dht+2, 0x55), dht - 2},
		{"jpeg: samples", jpg[:len(jpg)/2], sos + int(binary.BigEndian.Uint16(jpg[sos:]))},
		{"jpeg: progressive samples", changed(prog, first+int(binary.BigEndian.Uint16(prog[first:])), bytes.Repeat([]byte{0xfe}, 16)...), first + int(binary.BigEndian.Uint16(prog[first:]))},
		{"png: header", changed(still, 16, 0xff), 8},
		{"png: chunk", changed(palette, plte, palette[plte]^1), plte - 8},
		{"png: samples", changed(still, idat+12, garbage...), idat - 8},
		{"png: frame", changed(frames, fctl, 0xff), fctl - 8},
		{"gif: block", changed(moving, image, 0x7f), image},
		{"gif: frame", moving[:image+20], image},
		{"bmp: dimensions", changed(bits, 18, 0, 0, 0, 0), 18},
		{"bmp: end", bits[:len(bits)/2], len(bits) / 2},
		{"bmp: run", changed(runs, pixels, 0, 2, 0xff, 0xff), pixels},
		{"webp: chunk", changed(lossy, vp8, 0xff, 0xff, 0xff, 0x7f), vp8 - 4},
		{"webp: samples", changed(lossy, vp8+4+10, garbage[:6]...), vp8 - 4},
		{"webp: alpha", changed(alpha, alph+4+1, garbage...), alph - 4},
		{"webp: frame", changed(wmoving, anmf+4, garbage[:6]...), anmf - 4},
	}
}

// offsetIn returns the Offset of the room's FormatError, and false where err is not one.
func offsetIn(room string, err error) (int, bool) {
	switch room {
	case "jpeg":
		e, ok := errors.AsType[jpeg.FormatError](err)
		return e.Offset, ok
	case "png":
		e, ok := errors.AsType[png.FormatError](err)
		return e.Offset, ok
	case "gif":
		e, ok := errors.AsType[gif.FormatError](err)
		return e.Offset, ok
	case "bmp":
		e, ok := errors.AsType[bmp.FormatError](err)
		return e.Offset, ok
	}
	e, ok := errors.AsType[webp.FormatError](err)
	return e.Offset, ok
}

// The errors of Resize and of a Set, which edge calls, wrap the FormatError of the format's
// package, which says where in the source the damage is.
func TestDamageSaysWhere(t *testing.T) {
	for _, c := range damageCases(t) {
		room, _, _ := strings.Cut(c.name, ":")
		fit := fitter(t, "SXS")
		_, _, one := Resize(context.Background(), c.src, fit, Options{})
		_, _, ofSet := NewSet(c.src, []Job{{Fit: fit}}).Resize(context.Background(), 0)
		for _, err := range []error{one, ofSet} {
			offset, ok := offsetIn(room, err)
			if !ok || offset != c.offset {
				t.Errorf("%s: the offset is %d, %v, want %d: %v", c.name, offset, ok, c.offset, err)
			}
			if err == nil || strings.Count(err.Error(), fmt.Sprintf("%s: invalid format at byte %d: ", room, c.offset)) != 1 {
				t.Errorf("%s: the message is %v", c.name, err)
			}
		}
	}
}

// A picture with a damaged profile is still resized: the note says where in the profile the damage
// is.
func TestDamagedProfileSaysWhere(t *testing.T) {
	src := golden(t, "profile.webp")
	profile := offsetAfter(t, src, "ICCP") + 4
	src = changed(src, profile+36, 'A') // the signature
	_, info, err := Resize(context.Background(), src, fitter(t, "SXS"), Options{})
	if err != nil || !strings.Contains(info.Note, "icc: invalid format at byte 36: no acsp signature") {
		t.Errorf("%q, %v", info.Note, err)
	}
}
