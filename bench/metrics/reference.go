package metrics

// This file reads originals with the primaries of their color profile.

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"image"
	"image/draw"
	"image/png"
	"io"
)

// ReadReference decodes an original, a PNG. It returns the original prepared for comparisons, and
// the original's pixels. Like SSIMULACRA2's own tool, ReadReference takes only the primaries from a
// color profile, and assumes sRGB's transfer curve.
func ReadReference(file []byte) (*Reference, *image.RGBA, error) {
	m, err := png.Decode(bytes.NewReader(file))
	if err != nil {
		return nil, nil, err
	}
	rgba := image.NewRGBA(image.Rect(0, 0, m.Bounds().Dx(), m.Bounds().Dy()))
	draw.Draw(rgba, rgba.Rect, m, m.Bounds().Min, draw.Src)
	profile, err := profileOf(file)
	if err != nil {
		return nil, nil, err
	}
	if profile == nil {
		return newReference(rgba, nil), rgba, nil
	}
	primaries, err := primariesOf(profile)
	if err != nil {
		return nil, nil, err
	}
	return newReference(rgba, &primaries), rgba, nil
}

var errProfile = errors.New("metrics: no matrix profile")

// profileOf returns the color profile of a PNG, or nil if there is none. It cuts off a profile of
// more than 1 MB.
func profileOf(file []byte) ([]byte, error) {
	const signature = 8                       // bytes before the first chunk
	for at := signature; at+8 <= len(file); { // a chunk begins with 8 bytes of length and kind
		n := int(binary.BigEndian.Uint32(file[at:]))
		kind, data := string(file[at+4:at+8]), file[at+8:]
		if n > len(data) || kind == "IDAT" { // a profile is before the pixels
			break
		}
		if kind == "iCCP" {
			// A zero ends the profile's name. The next zero is the compression method.
			_, data, ok := bytes.Cut(data[:n], []byte{0, 0})
			if !ok {
				return nil, errProfile
			}
			z, err := zlib.NewReader(bytes.NewReader(data))
			if err != nil {
				return nil, err
			}
			return io.ReadAll(io.LimitReader(z, 1<<20))
		}
		at += 12 + n // length, kind, data and checksum
	}
	return nil, nil
}

// primariesOf returns the XYZ of red, green and blue in a color profile.
func primariesOf(profile []byte) (xyz [3][3]float64, err error) {
	for i, name := range []string{"rXYZ", "gXYZ", "bXYZ"} {
		tag := findXYZ(profile, name)
		if tag == nil {
			return [3][3]float64{}, errProfile
		}
		for j := range xyz[i] {
			v := int32(binary.BigEndian.Uint32(tag[8+4*j:]))
			xyz[i][j] = float64(v) / 65536 // 16 fractional bits
		}
	}
	return xyz, nil
}

// findXYZ returns the tag of a color profile that has this name, or nil if there is none. The tag
// has 8 bytes of type and reserved bytes, then three numbers of 4 bytes.
func findXYZ(profile []byte, name string) []byte {
	const (
		header = 132 // with the number of tags
		entry  = 12  // of the tag table: name, offset and size of a tag
		size   = 8 + 3*4
	)
	if len(profile) < header {
		return nil
	}
	for table := profile[header:]; len(table) >= entry; table = table[entry:] {
		offset := int(binary.BigEndian.Uint32(table[4:]))
		if string(table[:4]) == name && offset <= len(profile)-size {
			return profile[offset:][:size]
		}
	}
	return nil
}
