package edge

import (
	"encoding/json"
	"errors"
	"time"

	"miniatura/codec"
	"miniatura/internal/caught"
)

// Decisions a Record can hold.
const (
	Hit       = "hit"       // a fresh result was stored already: the request points at it
	Resized   = "resized"   // the result was made and stored: the request points at it
	Unchanged = "unchanged" // the request goes on as it came, and Error says why

	// What Handle makes of Unchanged where it can; Error says why nothing better was done.
	Older    = "older"    // the request points at a result of the same source, by another encoder or at another quality
	Direct   = "direct"   // the answer is the result itself, which could not be stored
	Redirect = "redirect" // the answer sends the visitor to the original, for seconds
)

// Faults a Record can hold beside its Error.
const (
	Lasting = "lasting" // as long as the source stays what it is
	Passing = "passing" // the next request may end better
)

// A Record is what is known of one request when it is over: the log line.
type Record struct {
	RequestID string `json:"requestId,omitempty"`
	Key       string `json:"key"`
	Size      string `json:"size,omitempty"`
	WebP      bool   `json:"webp,omitempty"`
	Result    string `json:"result,omitempty"` // the result's key in the bucket
	Decision  string `json:"decision"`
	Error     string `json:"error,omitempty"`
	Fault     string `json:"fault,omitempty"`
	Replaced  bool   `json:"replaced,omitempty"` // what was stored is of an earlier source
	Known     bool   `json:"known,omitempty"`    // the failure was remembered, nothing was tried
	Err       error  `json:"-"`                  // what Error says, for errors.Is
	Note      string `json:"note,omitempty"`     // what was odd, e.g. a profile that did not parse

	Format   string `json:"format,omitempty"` // what the result's bytes are, a media type
	InBytes  int    `json:"inBytes,omitempty"`
	InW      int    `json:"inW,omitempty"` // upright, in pixels
	InH      int    `json:"inH,omitempty"`
	OutBytes int    `json:"outBytes,omitempty"`
	OutW     int    `json:"outW,omitempty"`
	OutH     int    `json:"outH,omitempty"`
	Frames   int    `json:"frames,omitempty"`

	// Cost is what Resize was estimated to take of a CPU, in milliseconds of codec's reference
	// core.
	Cost Millis `json:"costMs,omitempty"`

	// Milliseconds a stage.
	Head   Millis `json:"headMs,omitempty"`
	Get    Millis `json:"getMs,omitempty"`
	Resize Millis `json:"resizeMs,omitempty"`
	Put    Millis `json:"putMs,omitempty"`
	Total  Millis `json:"totalMs"`
}

// Alone reports whether the failure is this result's alone: a limit that others of the same source
// may not meet, a panic, or what is remembered of one of these, or of a deadline.
func (r *Record) Alone() bool { return errors.Is(r.Err, codec.ErrLimit) || caught.Is(r.Err) }

// Millis is a duration that JSON shows in milliseconds, to the microsecond.
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
