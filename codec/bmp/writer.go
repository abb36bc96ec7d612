package bmp

// This file implements Append. It writes uncompressed bitmaps, bottom-up, of three kinds:
//
//	opaque, up to 256 colors  a palette and a BITMAPINFOHEADER
//	other opaque pictures     24 bits a pixel and a BITMAPINFOHEADER
//	pictures with alpha       bit fields in 32 bits a pixel and a BITMAPV4HEADER

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

// Append appends m as a BMP to dst. It reads the samples of *image.Gray and *image.NRGBA directly,
// and the pixels of other types by their At method. It returns an UnsupportedError if m is empty,
// or over MaxSide in either direction, or over MaxPixels.
func Append(dst []byte, m image.Image) ([]byte, error) {
	b := m.Bounds()
	w, h := b.Dx(), b.Dy()
	if w < 1 || h < 1 || w > MaxSide || h > MaxSide || w*h > MaxPixels {
		return nil, UnsupportedError("dimensions")
	}
	colors, opaque := colorsOf(m)
	switch {
	case !opaque:
		dst = appendHeader(dst, w, h, 32, nil)
		eachRow(m, func(row []byte) {
			for pixel := row; len(pixel) >= 4; pixel = pixel[4:] {
				dst = append(dst, pixel[2], pixel[1], pixel[0], pixel[3])
			}
		})
	case colors == nil:
		dst = appendHeader(dst, w, h, 24, nil)
		eachRow(m, func(row []byte) {
			start := len(dst)
			for pixel := row; len(pixel) >= 4; pixel = pixel[4:] {
				dst = append(dst, pixel[2], pixel[1], pixel[0])
			}
			dst = pad(dst, start)
		})
	default:
		// The fewest bits a pixel that suffice: 1, 4 or 8.
		depth := 8
		for _, d := range []int{4, 1} {
			if len(colors) <= 1<<d {
				depth = d
			}
		}
		dst = appendHeader(dst, w, h, depth, colors)
		indexOf := make(map[uint32]byte, len(colors))
		for i, c := range colors {
			indexOf[c] = byte(i)
		}
		eachRow(m, func(row []byte) {
			start := len(dst)
			// The lowest bits of packed, as many as bits says, are not yet written.
			packed, bits := 0, 0
			last, index := colors[0], indexOf[colors[0]] // of the pixel before
			for pixel := row; len(pixel) >= 4; pixel = pixel[4:] {
				if c := binary.LittleEndian.Uint32(pixel); c != last {
					last, index = c, indexOf[c]
				}
				packed = packed<<depth | int(index)
				bits += depth
				if bits == 8 {
					dst = append(dst, byte(packed))
					bits = 0
				}
			}
			if bits > 0 {
				dst = append(dst, byte(packed<<(8-bits)))
			}
			dst = pad(dst, start)
		})
	}
	return dst, nil
}

// colorsOf returns the colors of m, sorted, as little-endian RGBA, if m is opaque and has at most
// 256; otherwise nil. It also reports whether m is opaque.
func colorsOf(m image.Image) (colors []uint32, opaque bool) {
	seen := make(map[uint32]struct{}) // nil from the 257th color on
	opaque = true
	last := uint32(0) // color of the pixel before; 0 at first, which no opaque picture has
	eachRow(m, func(row []byte) {
		for pixel := row; len(pixel) >= 4; pixel = pixel[4:] {
			c := binary.LittleEndian.Uint32(pixel)
			opaque = opaque && pixel[3] == 255
			if c != last && seen != nil {
				seen[c] = struct{}{}
				if len(seen) > 256 {
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

// eachRow calls f with each row of m, the lowest first, as RGBA with straight alpha. The row is
// valid until f returns.
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

// pad appends zeros until the row that starts at dst[start] has a multiple of 4 bytes.
func pad(dst []byte, start int) []byte {
	for (len(dst)-start)&3 != 0 {
		dst = append(dst, 0)
	}
	return dst
}

// appendHeader appends the two headers and the palette, whose colors are little-endian RGBA. depth
// is the number of bits a pixel. With 32 bits the header has the masks of bit fields, and alpha is
// one of these.
func appendHeader(dst []byte, w, h, depth int, palette []uint32) []byte {
	size := infoSize
	if depth == 32 {
		size = v4Size
	}
	pixels := (w*depth + 31) / 32 * 4 * h // bytes
	offset := fileHeaderSize + size + 4*len(palette)
	u16 := binary.LittleEndian.AppendUint16
	u32 := binary.LittleEndian.AppendUint32

	// The file header.
	dst = append(dst, "BM"...)
	dst = u32(dst, uint32(offset+pixels)) // size of the file
	dst = u32(dst, 0)                     // reserved
	dst = u32(dst, uint32(offset))        // position of the pixels

	// The info header.
	dst = u32(dst, uint32(size))
	dst = u32(dst, uint32(w))
	dst = u32(dst, uint32(h))
	dst = u16(dst, 1) // planes
	dst = u16(dst, uint16(depth))
	compression := uint32(biRGB)
	if depth == 32 {
		compression = biBitFields
	}
	dst = u32(dst, compression)
	dst = u32(dst, uint32(pixels))
	const perMeter = 2835    // 72 dots an inch
	dst = u32(dst, perMeter) // pixels per meter along a row
	dst = u32(dst, perMeter) // and along a column
	dst = u32(dst, uint32(len(palette)))
	dst = u32(dst, 0) // all colors are important
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
