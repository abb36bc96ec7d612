package codec

import "miniatura/codec/gif"

// AddFormat adds a row to the table for a test, which has to call the function that it returns.
func AddFormat(f *Format) (remove func()) {
	formats = append(formats, f)
	return func() { formats = formats[:len(formats)-1] }
}

// UpdateGolden is the flag -update.
var UpdateGolden = updateGolden

// CostOfGIF returns the Cost of an animation without making a file: its frames fill w x h pixels,
// and take size bytes together.
func CostOfGIF(w, h, frames, size int, fit func(w, h int) (int, int), opt Options) (ms float64, err error) {
	hd := header{w: w, h: h, frames: frames, orientation: 1}
	t, err := newTarget(GIF, &hd, size, fit, &opt)
	if err != nil {
		return 0, err
	}
	if err := checkLimits(gifSource{&gif.Reader{Width: w, Height: h, Frames: frames}}, t, size, &opt); err != nil {
		return 0, err
	}
	c := coding{name: "GIF"}
	c.drawing = func(int) (int64, int64) { return int64(w) * int64(h), int64(size / frames) }
	return costs.estimate(t, &c), nil
}
