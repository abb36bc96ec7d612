package png

import (
	"bytes"
	"compress/flate"
	"fmt"
	"os"
	"testing"
	"time"
)

func TestStat(t *testing.T) {
	src, _ := os.ReadFile(os.Getenv("PNG_FILE"))
	r, _ := NewReader(src)
	var z []byte
	for p := r.idat; ; {
		k, d, nx, _ := chunk(src, p)
		if k != "IDAT" {
			break
		}
		p = nx
		z = append(z, d...)
	}
	s := time.Now()
	fr := flate.NewReader(bytes.NewReader(z[2:]))
	buf := make([]byte, 1<<16)
	n := 0
	for {
		m, err := fr.Read(buf)
		n += m
		if err != nil {
			break
		}
	}
	fmt.Println("std", time.Since(s), n)
	fmt.Println(statDecode(z[2:]))
}
func statDecode(z []byte) (lits, matches, blocks, long int, hist [12]int, dlt8 int) {
	// simple canonical decoder
	var f inflater
	pos := uint(0)
	bit := func(n uint) (v uint) {
		for i := uint(0); i < n; i++ {
			v |= uint(z[pos/8]>>(pos%8)&1) << i
			pos++
		}
		return
	}
	dec := func(c *canon) int {
		code := 0
		for l := 1; l <= 15; l++ {
			code = code<<1 | int(bit(1))
			if d := code - int(c.first[l]); d >= 0 && d < int(c.count[l]) {
				if l > 11 {
					long++
				}
				return int(c.symbols[int(c.offset[l])+d])
			}
		}
		panic("x")
	}
	for {
		final := bit(1)
		k := bit(2)
		blocks++
		if k != 2 {
			return
		}
		hl := int(bit(5)) + 257
		hd := int(bit(5)) + 1
		hc := int(bit(4)) + 4
		var cl [19]uint8
		for i := 0; i < hc; i++ {
			cl[codeOrder[i]] = uint8(bit(3))
		}
		var cc canon
		cc.build(cl[:])
		var ll [320]uint8
		for i := 0; i < hl+hd; {
			s := dec(&cc)
			rep, v := 1, uint8(s)
			switch s {
			case 16:
				rep = 3 + int(bit(2))
				v = ll[i-1]
			case 17:
				rep = 3 + int(bit(3))
				v = 0
			case 18:
				rep = 11 + int(bit(7))
				v = 0
			}
			for ; rep > 0; rep-- {
				ll[i] = v
				i++
			}
		}
		f.litCanon.build(ll[:hl])
		f.distCanon.build(ll[hl : hl+hd])
		for {
			s := dec(&f.litCanon)
			if s < 256 {
				lits++
				continue
			}
			if s == 256 {
				break
			}
			l := int(lengthBase[s-257]) + int(bit(uint(lengthExtra[s-257])))
			d := dec(&f.distCanon)
			dd := int(distBase[d]) + int(bit(uint(distExtra[d])))
			if dd < 8 {
				dlt8++
			}
			matches++
			hist[min(l, 11)]++
		}
		if final == 1 {
			return
		}
	}
}
