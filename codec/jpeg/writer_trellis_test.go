package jpeg

import (
	"bytes"
	"image"
	"image/color"
	stdjpeg "image/jpeg"
	"math/bits"
	"math/rand"
	"testing"
)

// someCosts returns the costs of a scan. If runs is set, blocks may end together in this scan.
func someCosts(r *rand.Rand, runs bool) *costs {
	var freq [256]uint32
	for i := range freq {
		if size := i & 15; size > 0 && size <= 10 || i == 0xF0 || i == 0 {
			freq[i] = uint32(1 + r.Intn(1<<(12-min(size+i>>5, 11))))
		}
	}
	c := new(costs)
	c.learn(&freq, runs)
	return c
}

// priceOf returns what levels cost, error and bits, computed symbol by symbol in the order of a
// scan.
func priceOf(q *quantizer, level, raw *coefBlock, from, to int, c *costs, weight int64) int64 {
	total, run, any := int64(0), 0, false
	for k := from; k <= to; k++ {
		j := zigzagT[k]
		v, l := int64(raw[j]), int64(level[j])
		e := v - l*int64(q.step[j])
		// The cost is relative to that of a zero, and is rounded as the trellis rounds it.
		total += (e*e - v*v) * q.gain[j] >> 20 * weight >> 8
		if l == 0 {
			run++
			continue
		}
		for ; run > 15; run -= 16 {
			total += int64(c.symbol[0xF0])
		}
		total += int64(c.symbol[run<<4|bits.Len64(uint64(max(l, -l)))])
		run, any = 0, true
	}
	switch {
	case !any:
		total += int64(c.empty)
	case run > 0:
		total += int64(c.ended)
	}
	return total
}

// The trellis finds the same levels as a test of all choices, one by one.
func TestTrellisFindsTheCheapestLevels(t *testing.T) {
	r := rand.New(rand.NewSource(7))
	changed := 0
	for round := range 3000 {
		var q quantizer
		q.reset(r.Intn(3), scaleOf(30+r.Intn(70), largeArea))
		runs := r.Intn(2) == 0
		from, to := 1, 63
		if runs {
			from = 1 + r.Intn(10)
			to = from + r.Intn(64-from)
		}
		c, weight := someCosts(r, runs), int64(64+r.Intn(449))
		var level, raw coefBlock
		mask := uint64(0)
		for range 1 + r.Intn(6) {
			k := from + r.Intn(to-from+1)
			j := zigzagT[k]
			v := r.Intn(int(q.step[j]) * (1 + r.Intn(9)))
			l := (v + int(q.step[j])/2) / int(q.step[j])
			if r.Intn(2) == 0 {
				v, l = -v, -l
			}
			raw[j], level[j] = int16(v), int16(l)
			mask &^= 1 << k
			if l != 0 {
				mask |= 1 << k
			}
		}
		nearest, got := level, level
		kept := q.choose(new(trellis), &got, &raw, mask, from, to, c, weight)
		for k := range 64 {
			if kept>>k&1 == 1 != (got[zigzagT[k]] != 0) {
				t.Fatalf("round %d: mask %x does not fit the levels", round, kept)
			}
		}

		var try func(k int, b *coefBlock) int64
		try = func(k int, b *coefBlock) int64 {
			if k > to {
				return priceOf(&q, b, &raw, from, to, c, weight)
			}
			j := zigzagT[k]
			l := nearest[j]
			if l == 0 {
				return try(k+1, b)
			}
			sign, size := int16(1), bits.Len16(uint16(max(l, -l)))
			if l < 0 {
				sign = -1
			}
			best := int64(1) << 62
			for _, v := range []int16{l, sign * (1<<(size-1) - 1), 0} {
				b[j] = v
				best = min(best, try(k+1, b))
			}
			b[j] = l
			return best
		}
		b := nearest
		want := try(from, &b)
		if price := priceOf(&q, &got, &raw, from, to, c, weight); price != want {
			t.Fatalf("round %d: a price of %d, there is one of %d\n%v\n%v", round, price, want, nearest, got)
		}
		if got != nearest {
			changed++
		}
	}
	if changed < 300 {
		t.Errorf("only %d of 3000 blocks were changed: nothing was tried", changed)
	}
}

// A flat block has the largest weight, because it hides no error. A block that is busy all over has
// the smallest. A smooth block with an edge next to it is between the two.
func TestWeightOfBlocks(t *testing.T) {
	m := image.NewGray(image.Rect(0, 0, 32, 8))
	r := rand.New(rand.NewSource(1))
	for i := range m.Pix {
		switch x := i % 32; {
		case x < 8:
			m.Pix[i] = 90
		case x < 16:
			m.Pix[i] = byte(r.Intn(2) * 255)
		case x == 16:
			m.Pix[i] = 255
		default:
			m.Pix[i] = byte(100 + r.Intn(24))
		}
	}
	c := &writerComponent{w: 32, height: 8, plane: m.Pix, stride: 32}
	flat, busy, edge, usual := c.weight(0, 0), c.weight(8, 0), c.weight(16, 0), c.weight(24, 0)
	if flat < plainWeight*3/2 || busy != plainWeight/4 {
		t.Errorf("flat %d, busy %d", flat, busy)
	}
	if !(busy < edge && edge < flat && busy < usual && usual < flat) {
		t.Errorf("flat %d, usual %d, edge %d, busy %d", flat, usual, edge, busy)
	}
	// If a block extends beyond the picture, the picture's last samples are repeated.
	if got := c.weight(4, 4); got <= busy {
		t.Errorf("half flat: %d", got)
	}
}

func TestSmallestIsTheSmallerOne(t *testing.T) {
	kinds := map[bool]int{}
	for _, size := range []image.Point{{9, 7}, {120, 90}, {400, 300}} {
		m := painted(image.Rectangle{Max: size}, image.YCbCrSubsampleRatio420)
		a := mustAppend(t, m, &Options{Quality: 80})
		b := mustAppend(t, m, &Options{Quality: 80, Progressive: true})
		want := a
		if len(b) < len(a) {
			want = b
		}
		kinds[len(b) < len(a)]++
		got, err := Append([]byte("before"), m, &Options{Quality: 80, Smallest: true})
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, append([]byte("before"), want...)) {
			t.Errorf("%v: %d bytes; baseline has %d, progressive %d", size, len(got)-6, len(a), len(b))
		}
	}
	if len(kinds) != 2 {
		t.Errorf("one kind was always the smaller: %v", kinds)
	}
}

// A faint line on paper is spread over many frequencies, in each of which it is less than half a
// step. The line is kept nevertheless if there is blank paper in its row of blocks.
func TestFaintLinesOnPaperStay(t *testing.T) {
	for _, quality := range []int{50, 65, 80} {
		for column := range 8 {
			m := image.NewGray(image.Rect(0, 0, 128, 16))
			for i := range m.Pix {
				m.Pix[i] = 250
			}
			for y := range 8 {
				m.SetGray(64+column, y, color.Gray{240})
			}
			b, err := Append(nil, m, &Options{Quality: quality, Progressive: true})
			if err != nil {
				t.Fatal(err)
			}
			back, err := stdjpeg.Decode(bytes.NewReader(b))
			if err != nil {
				t.Fatal(err)
			}
			block := image.Rect(64, 0, 72, 8)
			if was, is := variance(m, block), variance(back, block); 10*is < was {
				t.Errorf("quality %d, column %d: of the variance %.1f, %.2f is left", quality, column, was, is)
			}
		}
	}
}

// variance returns the variance of the luma of r.
func variance(m image.Image, r image.Rectangle) float64 {
	var sum, squares, n float64
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			v := float64(color.GrayModel.Convert(m.At(x, y)).(color.Gray).Y)
			sum, squares, n = sum+v, squares+v*v, n+1
		}
	}
	return squares/n - sum/n*sum/n
}
