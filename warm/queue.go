package warm

// This file answers batches of a queue that S3 sends its events to: AWS Lambda Developer Guide,
// "Using Lambda with Amazon SQS", the event and the answer that reports which messages failed.

import (
	"context"
	"encoding/json"
	"errors"
	"time"
)

// fromQueue is the eventSource of a queue's records.
const fromQueue = "aws:sqs"

type messages struct {
	Records []struct {
		ID   string `json:"messageId"`
		Body string `json:"body"` // what S3 sent: a notification, or its test event
	} `json:"Records"`
}

// failures is the answer. What it names comes back after the queue's visibility timeout, the rest
// is deleted; an empty list is that all went well.
type failures struct {
	Items []failedItem `json:"batchItemFailures"`
}

type failedItem struct {
	ID string `json:"itemIdentifier"`
}

// queue answers a batch. A message that deserves another try is named, and so is one that nobody
// here understands: after its last try it lies where somebody may look at it.
func (h *Handler) queue(ctx context.Context, raw []byte, changed *changes) ([]byte, error) {
	var m messages
	if err := json.Unmarshal(raw, &m); err != nil {
		return nil, err
	}
	out := failures{Items: []failedItem{}}
	for _, r := range m.Records {
		start := time.Now()
		err := context.Cause(ctx) // no time left: it comes back
		if err == nil {
			err = h.message(ctx, []byte(r.Body), changed)
		}
		if errors.Is(err, ErrEvent) {
			h.log("message", r.ID, Tally{}, err, start)
		}
		if err != nil {
			out.Items = append(out.Items, failedItem{r.ID})
		}
	}
	return json.Marshal(out)
}

// message answers what S3 sent.
func (h *Handler) message(ctx context.Context, body []byte, changed *changes) error {
	var kind kind
	if err := json.Unmarshal(body, &kind); err != nil {
		return errors.Join(ErrEvent, err)
	}
	switch {
	case kind.Event == testEvent:
		return nil
	case len(kind.Records) > 0 && !kind.queued():
		return h.events(ctx, body, changed)
	}
	return ErrEvent
}
