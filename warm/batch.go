package warm

// This file answers S3 Batch Operations: Amazon S3 User Guide, "Invoke AWS Lambda function",
// request and response, invocation schema versions 1.0 and 2.0.

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// The result codes of a task.
const (
	succeeded        = "Succeeded"
	temporaryFailure = "TemporaryFailure" // the job tries the task again
	permanentFailure = "PermanentFailure" // the job's report lists the task
)

type invocation struct {
	SchemaVersion string `json:"invocationSchemaVersion"`
	ID            string `json:"invocationId"`
	Tasks         []task `json:"tasks"`
}

type task struct {
	ID        string `json:"taskId"`
	Key       string `json:"s3Key"`       // encoded as in a query, both versions
	BucketArn string `json:"s3BucketArn"` // 1.0
	Bucket    string `json:"s3Bucket"`    // 2.0
}

type answer struct {
	SchemaVersion      string       `json:"invocationSchemaVersion"`
	TreatMissingKeysAs string       `json:"treatMissingKeysAs"`
	ID                 string       `json:"invocationId"`
	Results            []taskResult `json:"results"`
}

type taskResult struct {
	TaskID string `json:"taskId"`
	Code   string `json:"resultCode"`
	Text   string `json:"resultString"`
}

// maxResultString is the longest text of a taskResult, in bytes. The job's report is a CSV with one
// line per task.
const maxResultString = 512

// batch answers an invocation of S3 Batch. The answer has a taskResult for each task.
func (h *Handler) batch(ctx context.Context, raw []byte) ([]byte, error) {
	var in invocation
	if err := json.Unmarshal(raw, &in); err != nil {
		return nil, fmt.Errorf("%w (%v)", ErrEvent, err)
	}
	out := answer{SchemaVersion: in.SchemaVersion, ID: in.ID,
		TreatMissingKeysAs: temporaryFailure} // S3 then tries a task without a result again
	for _, t := range in.Tasks {
		r := h.runTask(ctx, t)
		r.TaskID = t.ID
		r.Text = r.Text[:min(len(r.Text), maxResultString)]
		out.Results = append(out.Results, r)
	}
	return json.Marshal(out)
}

// runTask makes the results of t's key. The taskResult says how that went; its TaskID is not set.
func (h *Handler) runTask(ctx context.Context, t task) taskResult {
	bucket := t.Bucket
	if bucket == "" {
		bucket = t.BucketArn[strings.LastIndexByte(t.BucketArn, ':')+1:]
	}
	if bucket != h.cfg.Bucket {
		return taskResult{Code: permanentFailure, Text: fmt.Sprintf("bucket %q is not the function's, %q", bucket, h.cfg.Bucket)}
	}
	key, err := url.QueryUnescape(t.Key)
	if err != nil {
		return taskResult{Code: permanentFailure, Text: err.Error()}
	}
	// The changes are not used: a job over a whole bucket makes no invalidations.
	tally, err := h.create(ctx, "batch", key, new(changes))
	var skip skipError
	switch {
	case err == nil:
		return taskResult{Code: succeeded, Text: fmt.Sprintf("%d made, %d were fresh", tally.Made, tally.Fresh)}
	case errors.As(err, &skip):
		// A job over a whole bucket also meets results and objects that are not pictures.
		return taskResult{Code: succeeded, Text: "skipped: " + err.Error()}
	case temporary(err):
		return taskResult{Code: temporaryFailure, Text: err.Error()}
	}
	return taskResult{Code: permanentFailure, Text: err.Error()}
}
