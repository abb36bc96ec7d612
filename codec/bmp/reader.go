package bmp

// This file implements the rows: uncompressed ones are read in place, run-length encoded ones
// (BI_RLE8, BI_RLE4) from a buffer.

import (
	"context"
	"encoding/binary"
)

// Rows decodes the picture and calls emit for each row from the top, with Width*Channels bytes that
// are valid during the call only. It ends with the error of emit, or with that of the context,
// which is checked every 64 rows. For damaged run-length encoded data it returns a FormatError
// before it emits any row.
func (r *Reader) Rows(ctx context.Context, emit func(y int, row []byte) error) error {
	out := make([]byte, r.Width*r.Channels)
	if r.isRLE() {
		indices, covered, err := r.runs()
		if err != nil {
			return err
		}
		for y := range r.Height {
			if y&63 == 0 && ctx.Err() != nil {
				return ctx.Err()
			}
			first := y * r.Width
			for x, index := range indices[first:][:r.Width] {
				pixel := out[x*r.Channels:][:r.Channels]
				if i := first + x; covered[i/8]&(1<<(i%8)) == 0 {
					clear(pixel)
					continue
				}
				copy(pixel, r.palette[index][:])
			}
			if err := emit(y, out); err != nil {
				return err
			}
		}
		return nil
	}
	for y := range r.Height {
		if y&63 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		r.expand(out, r.row(y))
		if err := emit(y, out); err != nil {
			return err
		}
	}
	return nil
}

// row returns the y-th row from the top as it lies in the file.
func (r *Reader) row(y int) []byte {
	if !r.topDown {
		y = r.Height - 1 - y
	}
	return r.src[r.data+y*r.stride():][:(r.Width*r.BitsPerPixel+7)/8]
}

// readPixel reads a pixel of 16 or 32 bits.
func (r *Reader) readPixel(b []byte) uint32 {
	if r.BitsPerPixel == 16 {
		return uint32(binary.LittleEndian.Uint16(b))
	}
	return binary.LittleEndian.Uint32(b)
}

// expand writes Channels samples to dst for each pixel of src, an uncompressed row.
func (r *Reader) expand(dst, src []byte) {
	n := r.Channels
	switch bpp := uint(r.BitsPerPixel); bpp {
	case 24:
		for i := 0; i+3 <= len(src); i += 3 {
			dst[i], dst[i+1], dst[i+2] = src[i+2], src[i+1], src[i]
		}
	case 16, 32:
		for x := range r.Width {
			pixel, samples := r.readPixel(src[x*int(bpp)/8:]), dst[n*x:]
			for c := range n {
				samples[c] = r.fields[c].value(pixel)
			}
		}
	default:
		for x := range r.Width {
			bit := uint(x) * bpp // position of the index; the first pixel is in the highest bits
			index := src[bit/8] >> (8 - bpp - bit%8) & (1<<bpp - 1)
			copy(dst[n*x:][:n], r.palette[index][:])
		}
	}
}

// runs decodes all runs. It returns a palette index for each pixel, top row first, and a bit for
// each pixel, which is set if a run covers the pixel.
func (r *Reader) runs() (indices, covered []byte, err error) {
	indices = make([]byte, r.Width*r.Height)
	covered = make([]byte, (len(indices)+7)/8)
	err = r.eachRun(func(x, y, length int, index func(i int) byte) {
		first := (r.Height-1-y)*r.Width + x
		for i := range length {
			at := first + i
			indices[at] = index(i)
			covered[at/8] |= 1 << (at % 8)
		}
	})
	return indices, covered, err
}

// eachRun calls f for each run: length pixels from column x on, in the y-th row from the bottom.
// The i-th pixel of the run has the palette index index(i). The part of a run past the end of a row
// is dropped. It is an error if the data ends before the end-of-bitmap code, unless all rows are
// complete.
func (r *Reader) eachRun(f func(x, y, length int, index func(i int) byte)) error {
	x, y := 0, 0
	p := r.data // position of the current code
	four := r.compression == biRLE4
	var b []byte // the current code, then its literal pixels if it has any
	callF := func(length int, index func(i int) byte) error {
		if length = min(length, r.Width-x); length > 0 {
			if y >= r.Height {
				return FormatError{p, "runs past the last row"}
			}
			f(x, y, length, index)
			x += length
		}
		return nil
	}
	// In RLE4 a byte holds two pixels, which a repeating run alternates.
	literal := func(i int) byte { return b[i] }
	repeated := func(i int) byte { return b[1] }
	if four {
		literal = func(i int) byte { return b[i/2] >> (4 - i%2*4) & 15 }
		repeated = func(i int) byte { return b[1] >> (4 - i%2*4) & 15 }
	}
	for {
		if len(r.src)-p < 2 {
			if y >= r.Height || y == r.Height-1 && x == r.Width {
				return nil
			}
			return FormatError{p, "runs end early"}
		}
		next := p + 2
		b = r.src[p:next]
		if n := int(b[0]); n > 0 { // n times the same
			if err := callF(n, repeated); err != nil {
				return err
			}
			p = next
			continue
		}
		switch n := int(b[1]); n {
		case 0: // end of line
			x, y = 0, y+1
		case 1: // end of bitmap
			return nil
		case 2: // delta
			if len(r.src)-next < 2 {
				return FormatError{p, "runs end early"}
			}
			x, y = x+int(r.src[next]), y+int(r.src[next+1])
			next += 2
			if x > r.Width || y > r.Height {
				return FormatError{p, "delta out of the picture"}
			}
		default: // n literal pixels, padded to 16 bits
			size := n
			if four {
				size = (n + 1) / 2
			}
			if size > len(r.src)-next {
				return FormatError{p, "runs end early"}
			}
			b = r.src[next : next+size]
			if err := callF(n, literal); err != nil {
				return err
			}
			next = min(next+size+size&1, len(r.src)) // the source may end before the padding
		}
		p = next
	}
}
