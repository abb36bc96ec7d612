package desk

// This file keeps the last requests that serve answered.

import (
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"miniatura/edge"
	"miniatura/s3lite/s3test"
)

// An exchange is one viewer request, as the page's log shows it.
type exchange struct {
	Seq    int             `json:"seq"`
	Time   time.Time       `json:"time"`
	Method string          `json:"method"`
	URL    string          `json:"url"`
	ID     string          `json:"id"`
	Status int             `json:"status"`
	Event  json.RawMessage `json:"event"`  // the function's input
	Answer json.RawMessage `json:"answer"` // the function's output
	Record edge.Record     `json:"record"` // the function's log line
	S3     []string        `json:"s3"`     // requests to the local S3 since the previous exchange
}

// A journal keeps the last exchanges. The zero journal is empty.
type journal struct {
	mu   sync.Mutex
	seq  int
	last []exchange
}

// journalLength is how many exchanges a journal keeps.
const journalLength = 100

// add adds e to the journal. It gives e the next number, and the list of requests to local since
// the exchange before. local is nil for a real S3.
func (j *journal) add(e exchange, local *s3test.Server) {
	const most = 50 // requests that are listed
	j.mu.Lock()
	defer j.mu.Unlock()
	if local != nil { // the server's log grows until it is read
		for i, r := range local.Requests() {
			if i == most {
				e.S3 = append(e.S3, "...")
				break
			}
			e.S3 = append(e.S3, fmt.Sprintf("%s %s %d", r.Method, r.Key, r.Status))
		}
	}
	j.seq++
	e.Seq = j.seq
	j.last = append(j.last, e)
	if extra := len(j.last) - journalLength; extra > 0 {
		j.last = slices.Delete(j.last, 0, extra)
	}
}

// since returns the exchanges whose numbers are above seq, oldest first.
func (j *journal) since(seq int) []exchange {
	j.mu.Lock()
	defer j.mu.Unlock()
	for i, e := range j.last {
		if e.Seq > seq {
			return append([]exchange(nil), j.last[i:]...)
		}
	}
	return []exchange{}
}
