package edge

import (
	"encoding/json"
	"time"
)

// Decisions a Record can hold.
const (
	Hit       = "hit"       // a fresh result was stored already: the request points at it
	Resized   = "resized"   // the result was made and stored: the request points at it
	Unchanged = "unchanged" // the request goes on as it came, and Error says why
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
	Err       error  `json:"-"`              // what Error says, for errors.Is
	Note      string `json:"note,omitempty"` // what was odd, e.g. a profile that did not parse

	Format   string `json:"format,omitempty"` // what the result's bytes are, a media type
	InBytes  int    `json:"inBytes,omitempty"`
	InW      int    `json:"inW,omitempty"` // upright, in pixels
	InH      int    `json:"inH,omitempty"`
	OutBytes int    `json:"outBytes,omitempty"`
	OutW     int    `json:"outW,omitempty"`
	OutH     int    `json:"outH,omitempty"`
	Frames   int    `json:"frames,omitempty"`

	// Milliseconds a stage.
	Head   Millis `json:"headMs,omitempty"`
	Get    Millis `json:"getMs,omitempty"`
	Resize Millis `json:"resizeMs,omitempty"`
	Put    Millis `json:"putMs,omitempty"`
	Total  Millis `json:"totalMs"`
}

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
