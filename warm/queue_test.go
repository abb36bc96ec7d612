package warm

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"miniatura/s3lite/s3test"
)

// batchOf returns a batch from a queue in the documented shape; the messages' ids are m0, m1 and so
// on.
func batchOf(t *testing.T, bodies ...string) []byte {
	t.Helper()
	var records []any
	for i, body := range bodies {
		records = append(records, map[string]any{
			"messageId": fmt.Sprint("m", i), "receiptHandle": "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a", "body": body,
			"attributes":        map[string]any{"ApproximateReceiveCount": "1", "SentTimestamp": "1545082649183", "SenderId": "AIDAIENQZJOLO23YVJ4VO", "ApproximateFirstReceiveTimestamp": "1545082649185"},
			"messageAttributes": map[string]any{}, "md5OfBody": "e4e68fb7bd0e697a0ae8f1bb342846b3",
			"eventSource": "aws:sqs", "eventSourceARN": "arn:aws:sqs:eu-west-1:123456789012:events", "awsRegion": "eu-west-1",
		})
	}
	b, err := json.Marshal(map[string]any{"Records": records})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// failedOf returns the ids of the messages that failed.
func failedOf(t *testing.T, answer []byte) []string {
	t.Helper()
	var a struct {
		BatchItemFailures []struct{ ItemIdentifier string }
	}
	if err := json.Unmarshal(answer, &a); err != nil || !strings.Contains(string(answer), `"batchItemFailures":[`) {
		t.Fatalf("%s: %v", answer, err)
	}
	ids := []string{}
	for _, f := range a.BatchItemFailures {
		ids = append(ids, f.ItemIdentifier)
	}
	return ids
}

func TestEventsComeInAQueuesBatches(t *testing.T) {
	w := newWorld(t, nil)
	w.Put(niño, s3test.Object{Body: picture(t, 640, 480), ContentType: "image/png"})
	answer, err := w.handle(t, batchOf(t, string(recorded(t, "test.json")), string(recorded(t, "created.json")), string(event(t, "ObjectCreated:Put", wantResults[0]))))
	if err != nil || len(failedOf(t, answer)) != 0 || !slices.Equal(w.results(), wantResults) {
		t.Fatalf("%s, %v, stored %q", answer, err, w.results())
	}
	if n := w.counts(); !reflect.DeepEqual(n, map[string]int{"HEAD": 5, "GET": 1, "PUT": 4}) {
		t.Errorf("four results took %v", n)
	}
	w.client.Delete(context.Background(), niño)
	answer, err = w.handle(t, batchOf(t, string(recorded(t, "removed.json"))))
	if err != nil || len(failedOf(t, answer)) != 0 || len(w.results()) != 0 {
		t.Errorf("removed: %s, %v, left %q", answer, err, w.results())
	}
}

// Messages that may succeed later come back, and so do messages that are not understood, until they
// reach the dead-letter queue. The others do not.
func TestAQueueGetsBackWhatFailed(t *testing.T) {
	w := newWorld(t, nil)
	w.Put("a.png", s3test.Object{Body: picture(t, 640, 480)})
	w.Put("b.png", s3test.Object{Body: picture(t, 640, 480)})
	w.Put("damaged.png", s3test.Object{Body: []byte("no picture")})
	w.Script(s3test.Rule{Method: "PUT", Key: wantKey("b.png"), Fault: s3test.Status(503, "SlowDown")})
	create := func(key string) string { return string(event(t, "ObjectCreated:Put", key)) }
	answer, err := w.handle(t, batchOf(t, create("b.png"), create("a.png"), create("damaged.png"), create("missing.png"), "", "{", "[]", "null", `{"x":1}`,
		`{"Records":[]}`, string(batchOf(t, create("a.png"))), strings.ReplaceAll(create("a.png"), `"bkt"`, `"other"`)))
	want := []string{"m0", "m4", "m5", "m6", "m7", "m8", "m9", "m10"}
	if got := failedOf(t, answer); err != nil || !slices.Equal(got, want) {
		t.Errorf("back come %q, want %q, %v", got, want, err)
	}
	if len(w.Object(wantKey("a.png")).Body) == 0 {
		t.Error("one that failed kept the others from being made")
	}
	if n := strings.Count(w.log.String(), `"event":"message"`); n != 7 {
		t.Errorf("%d unknown messages are in the log, want 7", n)
	}
	w.Calm()
	answer, err = w.handle(t, batchOf(t, create("b.png")))
	if err != nil || len(failedOf(t, answer)) != 0 {
		t.Errorf("again: %s, %v", answer, err)
	}
}

func wantKey(source string) string { return "resized/SS/" + source }

// Lambda stops the function at its deadline, and answers that were not sent are lost. Messages that
// there is no time for come back.
func TestAQueueGetsBackWhatThereIsNoTimeFor(t *testing.T) {
	w := newWorld(t, nil)
	w.Put("a.png", s3test.Object{Body: picture(t, 640, 480)})
	ctx, cancel := context.WithDeadline(context.Background(), time.Now().Add(margin-time.Second))
	defer cancel()
	e := string(event(t, "ObjectCreated:Put", "a.png"))
	answer, err := w.h.Invoke(ctx, batchOf(t, e, e))
	if err != nil || !slices.Equal(failedOf(t, answer), []string{"m0", "m1"}) {
		t.Errorf("%s, %v", answer, err)
	}
	if n := w.counts(); len(n) != 0 {
		t.Errorf("requests %v", n)
	}
}

func FuzzQueueBatch(f *testing.F) {
	f.Add([]byte(`{"Records":[{"eventSource":"aws:sqs","messageId":"m","body":"{}"}]}`))
	f.Add([]byte(`{"Records":[{"eventSource":"aws:sqs","messageId":"m","body":"{\"Records\":[{\"eventName\":\"ObjectRemoved:Delete\",\"s3\":{\"bucket\":{\"name\":\"bkt\"},\"object\":{\"key\":\"%zz\"}}}]}"}]}`))
	h := New(Config{Settings: Settings{Bucket: "other", Resized: "resized", Quality: 80}, Log: &bytes.Buffer{}})
	f.Fuzz(func(t *testing.T, raw []byte) {
		if bytes.Contains(raw, []byte("other")) {
			t.Skip("no bucket is asked here")
		}
		if answer, err := h.Invoke(context.Background(), raw); err == nil && !json.Valid(answer) {
			t.Errorf("%q", answer)
		}
	})
}
