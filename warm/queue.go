package warm

// This file answers batches from a queue that S3 sends its events to: AWS Lambda Developer Guide,
// "Using Lambda with Amazon SQS". The answer reports which messages failed.

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
		Body string `json:"body"` // as S3 sent it: a notification, or the test event
	} `json:"Records"`
}

// failures is the answer to a batch. The messages that it names come back after the queue's
// visibility timeout; the others are deleted. An empty list means that every message succeeded.
type failures struct {
	Items []failedItem `json:"batchItemFailures"`
}

type failedItem struct {
	ID string `json:"itemIdentifier"`
}

// queue answers a batch of messages. The answer names each message that is worth another try. It
// also names each message that is not understood: after its last try, such a message goes to the
// dead-letter queue.
func (h *Handler) queue(ctx context.Context, raw []byte, changed *changes) ([]byte, error) {
	var m messages
	if err := json.Unmarshal(raw, &m); err != nil {
		return nil, err
	}
	out := failures{Items: []failedItem{}}
	for _, r := range m.Records {
		start := time.Now()
		err := context.Cause(ctx) // when there is no time left, the message comes back
		if err == nil {
			err = h.message(ctx, []byte(r.Body), changed)
		}
		if errors.Is(err, ErrEvent) { // other errors are logged with their keys
			h.log("message", r.ID, Tally{}, err, start)
		}
		if err != nil {
			out.Items = append(out.Items, failedItem{r.ID})
		}
	}
	return json.Marshal(out)
}

// message answers one message from S3. The error is ErrEvent for a message that is not understood.
func (h *Handler) message(ctx context.Context, body []byte, changed *changes) error {
	var k kind
	if err := json.Unmarshal(body, &k); err != nil {
		return errors.Join(ErrEvent, err)
	}
	switch {
	case k.Event == testEvent:
		return nil
	case len(k.Records) > 0 && !k.isQueue():
		return h.events(ctx, body, changed)
	}
	return ErrEvent
}
