package bmp

// This file implements the rows: uncompressed ones are read in place, run-length encoded ones
// (BI_RLE8, BI_RLE4) from a buffer.

import (
	"context"
	"encoding/binary"
)

// Rows decodes the picture and calls emit for each row from the top, with Width*Channels bytes that
// are valid during the call only. It ends with the error of emit, or with that of the context,
// which is checked every 64 rows. Run-length encoded data that is damaged is a FormatError before
// any row.
func (r *Reader) Rows(ctx context.Context, emit func(y int, row []byte) error) error {
	out := make([]byte, r.Width*r.Channels)
	if r.rle() {
		index, covered, err := r.runs()
		if err != nil {
			return err
		}
		for y := range r.Height {
			if y&63 == 0 && ctx.Err() != nil {
				return ctx.Err()
			}
			at := y * r.Width
			for x, v := range index[at:][:r.Width] {
				p := out[x*r.Channels:][:r.Channels]
				if i := at + x; covered[i/8]&(1<<(i%8)) == 0 {
					clear(p)
					continue
				}
				copy(p, r.palette[v][:])
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

// expand makes Channels samples of each pixel of an uncompressed row.
func (r *Reader) expand(dst, src []byte) {
	n := r.Channels
	switch bpp := uint(r.BitsPerPixel); bpp {
	case 24:
		for i := 0; i+3 <= len(src); i += 3 {
			dst[i], dst[i+1], dst[i+2] = src[i+2], src[i+1], src[i]
		}
	case 16, 32:
		for x := range r.Width {
			v, p := r.readPixel(src[x*int(bpp)/8:]), dst[n*x:]
			for c := range n {
				p[c] = r.mask[c].value(v)
			}
		}
	default:
		for x := range r.Width {
			at := uint(x) * bpp
			v := src[at/8] >> (8 - bpp - at%8) & (1<<bpp - 1)
			copy(dst[n*x:][:n], r.palette[v][:])
		}
	}
}

// runs decodes all runs into palette indices, top row first, and sets a bit for each pixel that
// some run covers.
func (r *Reader) runs() (index, covered []byte, err error) {
	index = make([]byte, r.Width*r.Height)
	covered = make([]byte, (len(index)+7)/8)
	err = r.walk(func(x, y, length int, sample func(i int) byte) {
		from := (r.Height-1-y)*r.Width + x
		for i := range length {
			at := from + i
			index[at] = sample(i)
			covered[at/8] |= 1 << (at % 8)
		}
	})
	return index, covered, err
}

// walk calls run with the pieces of the encoded picture: length pixels from x on in the y-th row
// from the bottom. Pixels past the end of a row are cut off. Data that ends before the
// end-of-bitmap code is an error unless all rows are done.
func (r *Reader) walk(run func(x, y, length int, sample func(i int) byte)) error {
	x, y := 0, 0
	p := r.data // position of the code that is read
	four := r.compression == biRLE4
	var b []byte
	piece := func(length int, sample func(i int) byte) error {
		if length = min(length, r.Width-x); length > 0 {
			if y >= r.Height {
				return FormatError{p, "runs past the last row"}
			}
			run(x, y, length, sample)
			x += length
		}
		return nil
	}
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
		if n := int(b[0]); n > 0 {
			if err := piece(n, repeated); err != nil {
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
			if err := piece(n, literal); err != nil {
				return err
			}
			next = min(next+size+size&1, len(r.src))
		}
		p = next
	}
}
