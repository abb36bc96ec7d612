package scale

import (
	"bytes"
	"fmt"
	"image"
	"math"
	"math/rand"
	"testing"

	"golang.org/x/image/draw"
)

// run scales one picture in a fresh Scaler, by way of Dst.
func run(t testing.TB, src []byte, srcW, srcH, dstW, dstH, channels int, opt *Options) []byte {
	t.Helper()
	var o Options
	if opt != nil {
		o = *opt
	}
	o.Stride = dstW * channels
	o.Dst = make([]byte, o.Stride*dstH)
	s, err := NewScaler(srcW, srcH, dstW, dstH, channels, &o)
	if err != nil {
		t.Fatal(err)
	}
	push(t, s, src)
	return o.Dst
}

func push(t testing.TB, s *Scaler, src []byte) {
	t.Helper()
	for y := range s.srcH {
		if s.Done() && int(s.y.start[s.dstH-1])+s.y.taps > y {
			t.Fatalf("done after %d of %d source rows", y, s.srcH)
		}
		s.Push(src[y*s.srcW*s.channels:][:s.srcW*s.channels])
	}
	if !s.Done() {
		t.Fatalf("not done after all %d source rows", s.srcH)
	}
}

// shapes are sizes of source and destination. Some are reductions on both sides of the steps in
// weight precision; others are enlargements, both at once, or very narrow.
var shapes = [][4]int{
	{1, 1, 1, 1}, {1, 1, 5, 7}, {2, 2, 1, 1}, {3, 5, 2, 9}, {7, 7, 7, 7}, {16, 16, 8, 8},
	{17, 33, 16, 31}, {33, 17, 64, 3}, {100, 75, 99, 74}, {100, 75, 51, 37}, {100, 75, 49, 38},
	{128, 96, 31, 24}, {131, 97, 427, 240}, {63, 64, 65, 66}, {500, 3, 20, 1}, {3, 500, 1, 20},
	{301, 211, 13, 7}, {400, 300, 5, 3}, {1000, 40, 10, 1}, {1024, 64, 1, 1},
}

// textures are pictures on which resamplers often fail: noise, the extremes that overshoot most,
// single samples.
var textures = []struct {
	name string
	at   func(r *rand.Rand, x, y, c int) byte
}{
	{"noise", func(r *rand.Rand, x, y, c int) byte { return byte(r.Intn(256)) }},
	{"black or white", func(r *rand.Rand, x, y, c int) byte { return byte(r.Intn(2) * 255) }},
	{"checkerboard", func(r *rand.Rand, x, y, c int) byte { return byte((x + y) & 1 * 255) }},
	{"stripes", func(r *rand.Rand, x, y, c int) byte { return byte(x >> 1 & 1 * 255) }},
	{"bars", func(r *rand.Rand, x, y, c int) byte { return byte(y >> 2 & 1 * 255) }},
	{"edge", func(r *rand.Rand, x, y, c int) byte { return byte(min(x/7, 1) * 255) }},
	{"white", func(r *rand.Rand, x, y, c int) byte { return 255 }},
}

func texture(i, w, h, channels int) []byte {
	r := rand.New(rand.NewSource(int64(i)))
	p := make([]byte, 0, w*h*channels)
	for y := range h {
		for x := range w {
			for c := range channels {
				p = append(p, textures[i].at(r, x, y, c))
			}
		}
	}
	return p
}

func eachCase(t *testing.T, f func(t *testing.T, shape [4]int, texture int)) {
	for _, shape := range shapes {
		for i := range textures {
			t.Run(fmt.Sprintf("%dx%d to %dx%d/%s", shape[0], shape[1], shape[2], shape[3], textures[i].name),
				func(t *testing.T) { f(t, shape, i) })
		}
	}
}

func TestPlaneIsWithinOneOfDraw(t *testing.T) {
	eachCase(t, func(t *testing.T, s [4]int, tex int) {
		src := &image.Gray{Pix: texture(tex, s[0], s[1], 1), Stride: s[0], Rect: image.Rect(0, 0, s[0], s[1])}
		got := run(t, src.Pix, s[0], s[1], s[2], s[3], 1, nil)
		want := image.NewGray(image.Rect(0, 0, s[2], s[3]))
		draw.CatmullRom.Scale(want, want.Rect, src, src.Rect, draw.Src, nil)
		for i := range got {
			if d := int(got[i]) - int(want.Pix[i]); d < -1 || d > 1 {
				t.Fatalf("sample %d: got %d, draw %d", i, got[i], want.Pix[i])
			}
		}
	})
}

// The package documentation promises an error of less than 0.25 before the last rounding. Against
// draw's result of 16 bits, the difference is at most that, plus 0.5 for our last rounding and one
// of draw's steps.
func TestPlaneErrorIsWithinTheDocumentedBound(t *testing.T) {
	worst := 0.0
	eachCase(t, func(t *testing.T, s [4]int, tex int) {
		src := &image.Gray{Pix: texture(tex, s[0], s[1], 1), Stride: s[0], Rect: image.Rect(0, 0, s[0], s[1])}
		got := run(t, src.Pix, s[0], s[1], s[2], s[3], 1, nil)
		want := image.NewGray16(image.Rect(0, 0, s[2], s[3]))
		draw.CatmullRom.Scale(want, want.Rect, src, src.Rect, draw.Src, nil)
		for i := range got {
			exact := float64(want.Gray16At(i%s[2], i/s[2]).Y) / 257
			d := math.Abs(float64(got[i]) - exact)
			worst = max(worst, d)
			if d > 0.75+1.0/257 {
				t.Fatalf("sample %d: got %d, draw %.3f", i, got[i], exact)
			}
		}
	})
	t.Logf("largest distance from the real value: %.3f", worst)
}

func TestPremultipliedPictureIsWithinOneOfDraw(t *testing.T) {
	eachCase(t, func(t *testing.T, s [4]int, tex int) {
		src := &image.RGBA{Pix: texture(tex, s[0], s[1], 4), Stride: 4 * s[0], Rect: image.Rect(0, 0, s[0], s[1])}
		for i := 0; i < len(src.Pix); i += 4 {
			p := src.Pix[i:][:4]
			for c := range 3 {
				p[c] = byte(int(p[c]) * int(p[3]) / 255)
			}
		}
		got := run(t, src.Pix, s[0], s[1], s[2], s[3], 4, &Options{Premultiplied: true})
		want := image.NewRGBA(image.Rect(0, 0, s[2], s[3]))
		draw.CatmullRom.Scale(want, want.Rect, src, src.Rect, draw.Src, nil)
		for i := range got {
			if d := int(got[i]) - int(want.Pix[i]); d < -1 || d > 1 {
				t.Fatalf("sample %d: got %d, draw %d", i, got[i], want.Pix[i])
			}
			if got[i] > got[i|3] {
				t.Fatalf("sample %d: color %d over alpha %d", i, got[i], got[i|3])
			}
		}
	})
}

// Channels never mix: a picture with three or four of them is scaled like three or four planes.
func TestInterleavedChannelsAreSoManyPlanes(t *testing.T) {
	for _, s := range shapes {
		for _, channels := range []int{3, 4} {
			src := texture(0, s[0], s[1], channels)
			got := run(t, src, s[0], s[1], s[2], s[3], channels, nil)
			for c := range channels {
				plane := make([]byte, 0, s[0]*s[1])
				for i := c; i < len(src); i += channels {
					plane = append(plane, src[i])
				}
				want := run(t, plane, s[0], s[1], s[2], s[3], 1, nil)
				for i := range want {
					if got[i*channels+c] != want[i] {
						t.Fatalf("%v, channel %d of %d, sample %d: got %d, as a plane %d", s, c, channels, i, got[i*channels+c], want[i])
					}
				}
			}
		}
	}
}

// reference resamples a plane by the definition, in float64, with each destination sample on its
// own.
func reference(src []byte, srcW, srcH, dstW, dstH int, o Options) []float64 {
	axis := func(n, dst, i int, x0, x1 float64) []float64 {
		scale := (x1 - x0) / float64(dst)
		center := min(max(x0+(float64(i)+0.5)*scale, 0), float64(n))
		ws := make([]float64, n)
		sum := 0.0
		for j := range ws {
			// A sample is the interval [j, j+1), the last one as far as the rectangle goes.
			from, to := float64(j), float64(j+1)
			if j == n-1 && x1 > from {
				to = min(to, x1)
			}
			t := math.Abs((from+to)/2-center) / max(scale, 1)
			switch {
			case t < 1:
				ws[j] = 1.5*t*t*t - 2.5*t*t + 1
			case t < 2:
				ws[j] = -0.5*t*t*t + 2.5*t*t - 4*t + 2
			}
			ws[j] *= to - from
			sum += ws[j]
		}
		for j := range ws {
			ws[j] /= sum
		}
		return ws
	}
	out := make([]float64, 0, dstW*dstH)
	for v := range dstH {
		wy := axis(srcH, dstH, v, o.Y0, o.Y1)
		for u := range dstW {
			wx := axis(srcW, dstW, u, o.X0, o.X1)
			sum := 0.0
			for y, b := range wy {
				if b == 0 {
					continue
				}
				for x, a := range wx {
					sum += a * b * float64(src[y*srcW+x])
				}
			}
			out = append(out, min(max(sum, 0), 255))
		}
	}
	return out
}

func TestFractionalRectangles(t *testing.T) {
	const w, h = 41, 29
	rects := [][4]float64{
		{0, 0, 40.5, 28.5}, {0, 0, 41.75, 29.4}, {0.25, 0.5, 40, 28}, {-0.5, -0.25, 41.5, 29.5},
		{10.3, 7.7, 12.1, 9.2}, {3, 4, 3.5, 4.5}, {-3, -3, 50, 40}, {0, 0, 20.625, 14.5},
	}
	for _, r := range rects {
		for _, d := range [][2]int{{1, 1}, {7, 5}, {20, 15}, {41, 29}, {83, 59}} {
			src := texture(1, w, h, 1)
			o := Options{X0: r[0], Y0: r[1], X1: r[2], Y1: r[3]}
			got := run(t, src, w, h, d[0], d[1], 1, &o)
			for i, want := range reference(src, w, h, d[0], d[1], o) {
				if math.Abs(float64(got[i])-want) > 0.75 {
					t.Fatalf("%v to %v, sample %d: got %d, want %.3f", r, d, i, got[i], want)
				}
			}
		}
	}
}

// A ramp over the picture is scaled to the same ramp from planes decoded at any N/8, with and
// without chroma subsampling. So the phase is exact: an error of half a sample of the coarsest
// plane would change the ramp by up to eight levels.
func TestShrunkAndSubsampledPlanesShareOneGrid(t *testing.T) {
	const w, h, dstW, dstH = 249, 187, 45, 34
	level := func(x, y float64) float64 { return 20 + 0.5*x + 0.4*y } // at luma position x, y
	for n := 1; n <= 8; n++ {
		for _, sub := range []int{1, 2} {
			// One sample of the plane is step luma samples wide, in both axes.
			step := 8 / float64(n) * float64(sub)
			pw, ph := int(math.Ceil(w/step)), int(math.Ceil(h/step))
			src := make([]byte, 0, pw*ph)
			middle := func(i, size int) float64 { // middle of sample i, or of the part of it within the picture
				return (float64(i)*step + min(float64(i+1)*step, float64(size))) / 2
			}
			for y := range ph {
				for x := range pw {
					src = append(src, byte(math.Round(level(middle(x, w), middle(y, h)))))
				}
			}
			got := run(t, src, pw, ph, dstW, dstH, 1, &Options{X1: w / step, Y1: h / step})
			for y := 2; y < dstH-2; y++ { // windows that the edge cuts off see less of the slope
				for x := 2; x < dstW-2; x++ {
					want := level((float64(x)+0.5)*w/dstW, (float64(y)+0.5)*h/dstH)
					if d := math.Abs(float64(got[y*dstW+x]) - want); d > 1.5 {
						t.Fatalf("N=%d, subsampling %d, at %d,%d: got %d, want %.2f", n, sub, x, y, got[y*dstW+x], want)
					}
				}
			}
		}
	}
}

func TestFlatPicturesStayFlat(t *testing.T) {
	for _, s := range shapes {
		for v := 0; v < 256; v += 5 {
			src := bytes.Repeat([]byte{byte(v)}, s[0]*s[1])
			for i, g := range run(t, src, s[0], s[1], s[2], s[3], 1, nil) {
				if int(g) != v {
					t.Fatalf("%v: a flat %d became %d at sample %d", s, v, g, i)
				}
			}
		}
	}
}

func TestSameSizeIsACopy(t *testing.T) {
	src := texture(0, 67, 43, 1)
	if !bytes.Equal(run(t, src, 67, 43, 67, 43, 1, nil), src) {
		t.Fatal("67x43 to 67x43 changed samples")
	}
}

// Gamma-space averaging, as Pillow and sharp do.
func TestCheckerboardBecomesMiddleGray(t *testing.T) {
	for i, v := range run(t, texture(2, 256, 256, 1), 256, 256, 32, 32, 1, nil) {
		if v != 127 && v != 128 {
			t.Fatalf("sample %d is %d", i, v)
		}
	}
}

func TestEmitHandsOutTheRowsInOrder(t *testing.T) {
	for _, s := range shapes {
		for _, channels := range []int{1, 4} {
			src := texture(0, s[0], s[1], channels)
			want := run(t, src, s[0], s[1], s[2], s[3], channels, nil)
			var got []byte
			next := 0
			sc, err := NewScaler(s[0], s[1], s[2], s[3], channels, &Options{Emit: func(y int, row []byte) {
				if y != next {
					t.Fatalf("row %d where %d was due", y, next)
				}
				next++
				got = append(got, row...)
			}})
			if err != nil {
				t.Fatal(err)
			}
			push(t, sc, src)
			if !bytes.Equal(got, want) {
				t.Fatalf("%v, %d channels: Emit and Dst differ", s, channels)
			}
		}
	}
}

func TestStrideLeavesMarginsAlone(t *testing.T) {
	const w, h, dstW, dstH, stride = 50, 40, 21, 17, 29
	src := texture(0, w, h, 1)
	want := run(t, src, w, h, dstW, dstH, 1, nil)
	dst := bytes.Repeat([]byte{0xA5}, (dstH-1)*stride+dstW)
	s, err := NewScaler(w, h, dstW, dstH, 1, &Options{Dst: dst, Stride: stride})
	if err != nil {
		t.Fatal(err)
	}
	push(t, s, src)
	for i, v := range dst {
		x, y := i%stride, i/stride
		if x >= dstW && v != 0xA5 {
			t.Fatalf("margin at %d,%d is %#x", x, y, v)
		}
		if x < dstW && v != want[y*dstW+x] {
			t.Fatalf("sample %d,%d is %d, want %d", x, y, v, want[y*dstW+x])
		}
	}
}

// Reuse buffers, never state: A, B, A gives the same bytes for A both times.
func TestResetForgetsTheLastPicture(t *testing.T) {
	s := new(Scaler)
	for round := range 2 {
		for _, sh := range shapes {
			for _, channels := range []int{4, 1, 3} {
				src := texture(0, sh[0], sh[1], channels)
				o := Options{Stride: sh[2] * channels, Dst: make([]byte, sh[2]*sh[3]*channels)}
				if err := s.Reset(sh[0], sh[1], sh[2], sh[3], channels, &o); err != nil {
					t.Fatal(err)
				}
				push(t, s, src)
				if !bytes.Equal(o.Dst, run(t, src, sh[0], sh[1], sh[2], sh[3], channels, nil)) {
					t.Fatalf("round %d, %v, %d channels: a used Scaler differs from a fresh one", round, sh, channels)
				}
			}
		}
	}
}

func TestRowsPastTheEndAreIgnored(t *testing.T) {
	s, err := NewScaler(4, 4, 2, 2, 1, nil)
	if err != nil {
		t.Fatal(err)
	}
	for range 10 {
		s.Push([]byte{1, 2, 3, 4})
	}
	if !s.Done() {
		t.Fatal("not done")
	}
}

func TestRefusals(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for _, c := range []struct {
		name                             string
		srcW, srcH, dstW, dstH, channels int
		opt                              *Options
	}{
		{"no width", 0, 1, 1, 1, 1, nil},
		{"negative height", 1, -1, 1, 1, 1, nil},
		{"no destination", 1, 1, 0, 1, 1, nil},
		{"too large", 1, 1, 1, 1 << 16, 1, nil},
		{"two channels", 1, 1, 1, 1, 2, nil},
		{"empty rectangle", 8, 8, 4, 4, 1, &Options{X0: 3, X1: 3, Y1: 8}},
		{"backward rectangle", 8, 8, 4, 4, 1, &Options{X0: 8, X1: 0, Y1: 8}},
		{"not a number", 8, 8, 4, 4, 1, &Options{X0: nan, X1: 8, Y1: 8}},
		{"infinite", 8, 8, 4, 4, 1, &Options{X1: inf, Y1: 8}},
		{"short destination", 8, 8, 4, 4, 1, &Options{Dst: make([]byte, 15), Stride: 4}},
		{"narrow stride", 8, 8, 4, 4, 1, &Options{Dst: make([]byte, 99), Stride: 3}},
	} {
		if _, err := NewScaler(c.srcW, c.srcH, c.dstW, c.dstH, c.channels, c.opt); err == nil {
			t.Errorf("%s: accepted", c.name)
		}
	}
}

// The sums of the package documentation, computed with the real weights, fit the number formats of
// both passes for any reduction and rectangle.
func TestSumsFitTheirFormats(t *testing.T) {
	r := rand.New(rand.NewSource(1))
	for range 300 {
		srcW, srcH := 1+r.Intn(2000), 1+r.Intn(2000)
		dstW, dstH := 1+r.Intn(300), 1+r.Intn(300)
		o := &Options{X0: r.Float64() * 2, Y0: -r.Float64(), X1: 2.1 + float64(srcW)*r.Float64(), Y1: 0.1 + float64(srcH)*1.1*r.Float64()}
		s, err := NewScaler(srcW, srcH, dstW, dstH, 1, o)
		if err != nil {
			t.Fatal(err)
		}
		largest := func(a *axis) (abs int) {
			for i := range a.start {
				sum := 0
				one := 0
				for _, w := range a.weights[i*a.taps:][:a.taps] {
					one += int(w)
					sum += max(int(w), -int(w))
				}
				if one != 1<<a.bits {
					t.Fatalf("weights sum to %d, want %d", one, 1<<a.bits)
				}
				if i > 0 && a.start[i] < a.start[i-1] || a.start[i] < 0 {
					t.Fatalf("window %d starts at %d", i, a.start[i])
				}
				abs = max(abs, sum)
			}
			return abs
		}
		v := largest(&s.y)*255 + 1<<(s.y.bits-s.midBits)
		mid := v >> (s.y.bits - s.midBits)
		if v > math.MaxInt32 || mid > math.MaxInt16 {
			t.Fatalf("vertical sum %d, intermediate %d", v, mid)
		}
		if h := largest(&s.x)*mid + 1<<(s.x.bits+s.midBits-1); h > math.MaxInt32 {
			t.Fatalf("horizontal sum %d with %d and %d bits", h, s.x.bits, s.midBits)
		}
		if s.x.bits < 14 || s.y.bits < 14 || s.midBits < 4 {
			t.Fatalf("bits: %d, %d and %d", s.x.bits, s.y.bits, s.midBits)
		}
	}
}

func TestMemoryIsOfTheOrderOfAWindow(t *testing.T) {
	// 100 megapixels, three channels and one.
	for _, c := range []int{1, 3, 4} {
		got := Memory(12000, 8400, 837, 586, c, nil)
		if window := int64(12000 * c * (4*8400/586 + 4)); got < window || got > 3*window+1<<20 {
			t.Errorf("%d channels: %d bytes, where a window has %d", c, got, window)
		}
	}
	if Memory(0, 1, 1, 1, 1, nil) != 0 {
		t.Error("an impossible Scaler has a size")
	}
}

func TestPushDoesNotAllocate(t *testing.T) {
	src := texture(0, 400, 300, 1)
	o := Options{Dst: make([]byte, 133*100), Stride: 133}
	s := new(Scaler)
	scale := func() {
		if err := s.Reset(400, 300, 133, 100, 1, &o); err != nil {
			t.Fatal(err)
		}
		for y := range 300 {
			s.Push(src[y*400:][:400])
		}
	}
	scale()
	if n := testing.AllocsPerRun(10, scale); n > 0 {
		t.Errorf("%v allocations for a picture in a used Scaler", n)
	}
}

func FuzzScaler(f *testing.F) {
	f.Add(uint8(20), uint8(30), uint8(7), uint8(9), uint8(0), 0.0, 0.0, 20.0, 30.0, []byte("seed"))
	f.Add(uint8(200), uint8(3), uint8(255), uint8(1), uint8(2), -1.5, 0.25, 199.5, 4.0, []byte{0, 255, 0, 255})
	f.Fuzz(func(t *testing.T, srcW, srcH, dstW, dstH, ch uint8, x0, y0, x1, y1 float64, data []byte) {
		channels := []int{1, 3, 4}[ch%3]
		o := Options{X0: x0, Y0: y0, X1: x1, Y1: y1, Premultiplied: ch >= 128}
		o.Stride = int(dstW) * channels
		o.Dst = make([]byte, o.Stride*int(dstH))
		s, err := NewScaler(int(srcW), int(srcH), int(dstW), int(dstH), channels, &o)
		if err != nil {
			return
		}
		src := make([]byte, int(srcW)*int(srcH)*channels)
		for i := range src {
			if len(data) > 0 {
				src[i] = data[i%len(data)]
			}
		}
		push(t, s, src)
		first := bytes.Clone(o.Dst)
		withGeneric(func() {
			if !bytes.Equal(first, run(t, src, int(srcW), int(srcH), int(dstW), int(dstH), channels, &o)) {
				t.Fatal("kernels differ")
			}
		})
	})
}

func BenchmarkScale(b *testing.B) {
	for _, c := range []struct{ srcW, srcH, dstW, dstH, channels int }{
		{2016, 1512, 837, 628, 1}, {1008, 756, 837, 628, 1}, {1008, 756, 419, 314, 1}, {4032, 3024, 837, 628, 3}, {4032, 3024, 837, 628, 4},
	} {
		b.Run(fmt.Sprintf("src=%dx%d/dst=%dx%d/channels=%d", c.srcW, c.srcH, c.dstW, c.dstH, c.channels), func(b *testing.B) {
			src := texture(0, c.srcW, c.srcH, c.channels)
			o := Options{Dst: make([]byte, c.dstW*c.dstH*c.channels), Stride: c.dstW * c.channels}
			s := new(Scaler)
			b.SetBytes(int64(len(src)))
			for b.Loop() {
				if err := s.Reset(c.srcW, c.srcH, c.dstW, c.dstH, c.channels, &o); err != nil {
					b.Fatal(err)
				}
				push(b, s, src)
			}
		})
	}
}
