package bmp

// This file implements Append: uncompressed bitmaps, bottom-up. Up to 256 opaque colors get a
// palette, other opaque pictures 24 bits a pixel (BITMAPINFOHEADER), pictures with alpha 32 bits
// with bit fields (BITMAPV4HEADER).

import (
	"encoding/binary"
	"image"
	"image/color"
	"io"
	"slices"
)

// Encode writes m to w as a BMP. See Append.
func Encode(w io.Writer, m image.Image) error {
	b, err := Append(nil, m)
	if err == nil {
		_, err = w.Write(b)
	}
	return err
}

// Append appends m as a BMP to dst. *image.Gray and *image.NRGBA are read directly, everything else
// through its color model. m may have at most MaxPixels pixels; there must be one at least.
func Append(dst []byte, m image.Image) ([]byte, error) {
	b := m.Bounds()
	w, h := b.Dx(), b.Dy()
	if w < 1 || h < 1 || w > MaxSide || h > MaxSide || w*h > MaxPixels {
		return nil, UnsupportedError("dimensions")
	}
	colors, opaque := survey(m)
	switch {
	case !opaque:
		dst = appendHeader(dst, w, h, 32, nil)
		eachRow(m, func(row []byte) {
			for p := row; len(p) >= 4; p = p[4:] {
				dst = append(dst, p[2], p[1], p[0], p[3])
			}
		})
	case colors == nil:
		dst = appendHeader(dst, w, h, 24, nil)
		eachRow(m, func(row []byte) {
			n := len(dst)
			for p := row; len(p) >= 4; p = p[4:] {
				dst = append(dst, p[2], p[1], p[0])
			}
			dst = pad(dst, n)
		})
	default:
		depth := 8
		for _, d := range []int{4, 1} {
			if len(colors) <= 1<<d {
				depth = d
			}
		}
		dst = appendHeader(dst, w, h, depth, colors)
		index := make(map[uint32]byte, len(colors))
		for i, c := range colors {
			index[c] = byte(i)
		}
		eachRow(m, func(row []byte) {
			n := len(dst)
			v, bits := 0, 0
			last, at := colors[0], index[colors[0]]
			for p := row; len(p) >= 4; p = p[4:] {
				if c := binary.LittleEndian.Uint32(p); c != last {
					last, at = c, index[c]
				}
				v = v<<depth | int(at)
				if bits += depth; bits == 8 {
					dst = append(dst, byte(v))
					bits = 0
				}
			}
			if bits > 0 {
				dst = append(dst, byte(v<<(8-bits)))
			}
			dst = pad(dst, n)
		})
	}
	return dst, nil
}

// survey returns the colors of an opaque picture when they are 256 or fewer, in a fixed order, as
// little-endian RGBA.
func survey(m image.Image) (colors []uint32, opaque bool) {
	seen := make(map[uint32]struct{})
	opaque = true
	last := uint32(0)
	eachRow(m, func(row []byte) {
		for p := row; len(p) >= 4; p = p[4:] {
			c := binary.LittleEndian.Uint32(p)
			opaque = opaque && p[3] == 255
			if c != last && seen != nil {
				if seen[c] = struct{}{}; len(seen) > 256 {
					seen = nil
				}
				last = c
			}
		}
	})
	if !opaque || seen == nil {
		return nil, opaque
	}
	for c := range seen {
		colors = append(colors, c)
	}
	slices.Sort(colors)
	return colors, true
}

// eachRow calls row with each row, from the bottom, as straight RGBA.
func eachRow(m image.Image, f func(row []byte)) {
	b := m.Bounds()
	w := b.Dx()
	row := make([]byte, 4*w)
	for y := b.Max.Y - 1; y >= b.Min.Y; y-- {
		switch m := m.(type) {
		case *image.NRGBA:
			i := m.PixOffset(b.Min.X, y)
			f(m.Pix[i : i+4*w])
			continue
		case *image.Gray:
			i := m.PixOffset(b.Min.X, y)
			for x, v := range m.Pix[i : i+w] {
				row[4*x], row[4*x+1], row[4*x+2], row[4*x+3] = v, v, v, 255
			}
		default:
			for x := range w {
				c := color.NRGBAModel.Convert(m.At(b.Min.X+x, y)).(color.NRGBA)
				row[4*x], row[4*x+1], row[4*x+2], row[4*x+3] = c.R, c.G, c.B, c.A
			}
		}
		f(row)
	}
}

// pad fills the row that began at position from to a multiple of 4 bytes.
func pad(dst []byte, from int) []byte {
	for (len(dst)-from)&3 != 0 {
		dst = append(dst, 0)
	}
	return dst
}

// appendHeader appends the headers and the palette.
func appendHeader(dst []byte, w, h, depth int, palette []uint32) []byte {
	size := 40
	if depth == 32 {
		size = 108
	}
	pixels := (w*depth + 31) / 32 * 4 * h
	offset := fileHeader + size + 4*len(palette)
	u16 := binary.LittleEndian.AppendUint16
	u32 := binary.LittleEndian.AppendUint32

	dst = append(dst, "BM"...)
	dst = u32(dst, uint32(offset+pixels))
	dst = u32(dst, 0)
	dst = u32(dst, uint32(offset))

	dst = u32(dst, uint32(size))
	dst = u32(u32(dst, uint32(w)), uint32(h))
	dst = u16(u16(dst, 1), uint16(depth))
	compression := uint32(biRGB)
	if depth == 32 {
		compression = biBitFields
	}
	dst = u32(u32(dst, compression), uint32(pixels))
	dst = u32(u32(dst, 2835), 2835) // 72 dots an inch
	dst = u32(u32(dst, uint32(len(palette))), 0)
	if depth == 32 {
		for _, mask := range []uint32{0xff0000, 0xff00, 0xff, 0xff000000} {
			dst = u32(dst, mask)
		}
		dst = u32(dst, 's'<<24|'R'<<16|'G'<<8|'B') // LCS_sRGB
		dst = append(dst, make([]byte, 36+12)...)  // end points and gammas, which sRGB does not use
	}
	for _, c := range palette {
		dst = append(dst, byte(c>>16), byte(c>>8), byte(c), 0)
	}
	return dst
}
