package edge

import (
	"encoding/json"
	"errors"
	"time"

	"miniatura/codec"
	"miniatura/internal/caught"
)

// The values of a Record's Decision.
const (
	Hit       = "hit"       // a fresh result was stored already: the request points at it
	Resized   = "resized"   // the result was made and stored: the request points at it
	Unchanged = "unchanged" // the request goes on as it came, and Error says why

	// Handle replaces Unchanged by one of the following where it can. Error then says why there is
	// no fresh result.
	Older    = "older"    // the request points at a result by another encoder or of another quality
	Direct   = "direct"   // the answer is the result itself, which could not be stored
	Redirect = "redirect" // the answer is a redirect to the original, cached for seconds
)

// The values of a Record's Fault. Handle sets it when a result was asked for and there is no fresh
// one.
const (
	Lasting = "lasting" // stays as long as the source stays the same
	Passing = "passing" // the next request may succeed
)

// A Record is what is known of a request when it is over. It is written as one line of the log.
type Record struct {
	RequestID string `json:"requestId,omitempty"`
	Key       string `json:"key"`
	Size      string `json:"size,omitempty"`
	WebP      bool   `json:"webp,omitempty"`
	Result    string `json:"result,omitempty"` // the result's key in the bucket
	Decision  string `json:"decision"`
	Error     string `json:"error,omitempty"`
	Fault     string `json:"fault,omitempty"`
	Replaced  bool   `json:"replaced,omitempty"` // what was stored is of an earlier version of the source
	Known     bool   `json:"known,omitempty"`    // a marker says that it would fail: nothing was tried
	Err       error  `json:"-"`                  // Error as a value, for errors.Is
	Note      string `json:"note,omitempty"`     // anything unusual, such as a bad color profile

	Format   string `json:"format,omitempty"` // the media type of the result's bytes
	InBytes  int    `json:"inBytes,omitempty"`
	InW      int    `json:"inW,omitempty"` // in pixels, after EXIF orientation
	InH      int    `json:"inH,omitempty"`
	OutBytes int    `json:"outBytes,omitempty"`
	OutW     int    `json:"outW,omitempty"`
	OutH     int    `json:"outH,omitempty"`
	Frames   int    `json:"frames,omitempty"`

	// Cost is the estimated CPU time of codec.Resize, as a time of codec's reference core.
	Cost Millis `json:"costMs,omitempty"`

	// The measured time of each stage.
	Head   Millis `json:"headMs,omitempty"`
	Get    Millis `json:"getMs,omitempty"`
	Resize Millis `json:"resizeMs,omitempty"`
	Put    Millis `json:"putMs,omitempty"`
	Total  Millis `json:"totalMs"`
}

// Alone reports whether the cause of the failure may concern only this result, so that other
// results of the same source are worth trying. Such causes are a limit, a panic, and a marker of a
// panic, of a deadline, or of a limit other than that of CPU time.
func (r *Record) Alone() bool { return errors.Is(r.Err, codec.ErrLimit) || caught.Is(r.Err) }

// Millis is a duration whose JSON is a number of milliseconds, precise to the microsecond.
type Millis time.Duration

// MarshalJSON writes m as a number of milliseconds.
func (m Millis) MarshalJSON() ([]byte, error) {
	return json.Marshal(float64(time.Duration(m).Microseconds()) / 1000)
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (m *Millis) UnmarshalJSON(b []byte) error {
	var ms float64
	if err := json.Unmarshal(b, &ms); err != nil {
		return err
	}
	*m = Millis(ms * float64(time.Millisecond))
	return nil
}
