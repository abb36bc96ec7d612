package bmp

// This file decodes rows. Uncompressed rows are read in place. A run-length encoded picture
// (BI_RLE8, BI_RLE4) is first decoded into a buffer as a whole.

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
	expand := func(y int) { r.expand(out, r.row(y)) } // sets out to row y
	if r.isRLE() {
		indices, covered, err := r.runs()
		if err != nil {
			return err
		}
		expand = func(y int) { r.expandRuns(out, indices, covered, y) }
	}
	for y := range r.Height {
		if y&63 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		expand(y)
		if err := emit(y, out); err != nil {
			return err
		}
	}
	return nil
}

// expandRuns writes Channels samples to dst for each pixel of the y-th row from the top. indices
// and covered are the results of runs.
func (r *Reader) expandRuns(dst, indices, covered []byte, y int) {
	first := y * r.Width
	for x, index := range indices[first:][:r.Width] {
		pixel := dst[x*r.Channels:][:r.Channels]
		i := first + x
		if covered[i/8]&(1<<(i%8)) == 0 {
			clear(pixel) // skipped, so black
		} else {
			copy(pixel, r.palette[index][:])
		}
	}
}

// row returns the y-th row from the top as it lies in the file.
func (r *Reader) row(y int) []byte {
	if !r.topDown {
		y = r.Height - 1 - y
	}
	return r.src[r.data+y*r.stride():][:r.rowBytes()]
}

// readPixel returns the pixel of 16 or 32 bits that b begins with.
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
	case 24: // B, G, R
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
	default: // palette indices of 1 to 8 bits
		for x := range r.Width {
			bit := uint(x) * bpp // position of the index; the first pixel is in the highest bits
			index := (src[bit/8] >> (8 - bpp - bit%8)) & (1<<bpp - 1)
			copy(dst[n*x:][:n], r.palette[index][:])
		}
	}
}

// runs decodes all runs. It returns a palette index for each pixel, top row first. The bit
// covered[i/8]>>(i%8)&1 is set if a run covers the i-th pixel; the index of other pixels is 0.
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
	if err != nil {
		return nil, nil, err
	}
	return indices, covered, nil
}

// eachRun calls emit for each run: length pixels from column x on, in the y-th row from the bottom.
// The i-th pixel of the run has the palette index index(i). The part of a run past the end of a row
// is dropped. It is an error if the data ends before the end-of-bitmap code, unless all rows are
// complete.
func (r *Reader) eachRun(emit func(x, y, length int, index func(i int) byte)) error {
	x, y := 0, 0
	p := r.data // position of the current code
	isRLE4 := r.compression == biRLE4
	emitPart := func(length int, index func(i int) byte) error {
		length = min(length, r.Width-x) // the part of the run inside its row
		if length <= 0 {
			return nil
		}
		if y >= r.Height {
			return FormatError{p, "runs past the last row"}
		}
		emit(x, y, length, index)
		x += length
		return nil
	}
	var code, pixels []byte // the current code of two bytes, and the literal pixels after it
	// The functions repeated and literal return the i-th index of a run. A repeating run of RLE4
	// alternates between the two indices in code[1].
	repeated := func(i int) byte { return code[1] }
	literal := func(i int) byte { return pixels[i] }
	if isRLE4 {
		repeated = func(i int) byte { return half(code[1], i) }
		literal = func(i int) byte { return half(pixels[i/2], i) }
	}
	for {
		if len(r.src)-p < 2 {
			isComplete := y >= r.Height || (y == r.Height-1 && x == r.Width)
			if isComplete {
				return nil
			}
			return FormatError{p, "runs end early"}
		}
		next := p + 2
		code = r.src[p:next]
		if n := int(code[0]); n > 0 { // a repeating run of n pixels
			if err := emitPart(n, repeated); err != nil {
				return err
			}
			p = next
			continue
		}
		switch n := int(code[1]); n {
		case 0: // end of line
			x, y = 0, y+1
		case 1: // end of bitmap
			return nil
		case 2: // delta: go right and up, without pixels
			if len(r.src)-next < 2 {
				return FormatError{p, "runs end early"}
			}
			x, y = x+int(r.src[next]), y+int(r.src[next+1])
			next += 2
			if x > r.Width || y > r.Height {
				return FormatError{p, "delta out of the picture"}
			}
		default: // n literal pixels, padded to 16 bits
			size := n // bytes
			if isRLE4 {
				size = (n + 1) / 2
			}
			if size > len(r.src)-next {
				return FormatError{p, "runs end early"}
			}
			pixels = r.src[next : next+size]
			if err := emitPart(n, literal); err != nil {
				return err
			}
			next = min(next+size+(size&1), len(r.src)) // the source may end before the padding
		}
		p = next
	}
}

// half returns the high 4 bits of b if i is even, and the low 4 bits if i is odd.
func half(b byte, i int) byte { return (b >> (4 - 4*(i%2))) & 15 }
