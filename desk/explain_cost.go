package desk

// This file estimates the time that a result takes, for explain.

import (
	"fmt"
	"time"

	"miniatura/codec"
	"miniatura/edge"
)

// edgeTimeout is the timeout of the origin-request function in the template, the longest that
// Lambda@Edge allows.
const edgeTimeout = 30 * time.Second

// An estimate is the estimated cost of making a result.
type estimate struct {
	CPU    float64 `json:"cpuMs"`  // milliseconds on codec's reference core; 0 if unknown
	Wait   float64 `json:"waitMs"` // milliseconds on the part of a core that comes with Memory
	Memory int     `json:"memory"` // of the function, in MB
	Begun  bool    `json:"begun"`  // whether the function would try to make the result
	Why    string  `json:"why"`    // why Begun is what it is
}

// estimateFile sets e.Estimate for the picture in a file. memory is the function's, in MB. fit
// returns the dimensions of the result. estimateFile returns an error when the file cannot be read
// or the memory is too little. If the file is no picture that can be resized, Why says so, and
// there is no error.
func (e *explanation) estimateFile(path string, memory int, fit func(w, h int) (int, int), webp bool) error {
	src, err := readFile(path, inputLimit)
	if err != nil {
		return err
	}
	opt := codec.Options{Quality: e.Quality, Memory: int64(memory) << 20}
	if webp {
		opt.Format = codec.WebP
	}
	share := edge.Share(opt.Memory)
	if share <= 0 {
		return fmt.Errorf("-memory %d: too little", memory)
	}
	e.Estimate = &estimate{Memory: memory}
	info, err := codec.Cost(src, fit, opt) // with an error, info.Cost is 0
	e.Estimate.CPU, e.Estimate.Wait = info.Cost, info.Cost/share
	limit := float64(edgeTimeout.Milliseconds())
	switch {
	case len(src) > edge.MaxSource:
		e.Estimate.Why = fmt.Sprintf("%d bytes, the limit is %d", len(src), int64(edge.MaxSource))
	case err != nil:
		e.Estimate.Why = oneLine(err)
	case e.Estimate.Wait > limit:
		e.Estimate.Why = fmt.Sprintf("over the %.0f s that there are", limit/1000)
	default:
		e.Estimate.Begun = true
		e.Estimate.Why = fmt.Sprintf("within the %.0f s that there are", limit/1000)
	}
	return nil
}

// String returns the estimate in words.
func (e *estimate) String() string {
	verdict := "not begun"
	if e.Begun {
		verdict = "begun"
	}
	if e.CPU == 0 {
		return verdict + ": " + e.Why
	}
	return fmt.Sprintf("%.0f ms of CPU, %.1f s at %d MB: %s, %s", e.CPU, e.Wait/1000, e.Memory, verdict, e.Why)
}
