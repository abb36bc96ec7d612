package warm

// This file answers event notifications: Amazon S3 User Guide, "Event message structure", version
// 2.

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
)

type notification struct {
	Records []struct {
		EventName string `json:"eventName"`
		S3        struct {
			Bucket struct {
				Name string `json:"name"`
			} `json:"bucket"`
			Object struct {
				Key       string `json:"key"`       // encoded as in a query: + is a space
				VersionID string `json:"versionId"` // in a versioned bucket
			} `json:"object"`
		} `json:"s3"`
	} `json:"Records"`
}

// events answers a notification. It works on all records, even if some fail. The error joins the
// failures that may pass. When Lambda invokes again because of the error, the records that have
// succeeded cost little.
func (h *Handler) events(ctx context.Context, raw []byte, changed *changes) error {
	var n notification
	if err := json.Unmarshal(raw, &n); err != nil {
		return fmt.Errorf("%w (%v)", ErrEvent, err)
	}
	var again []error
	for _, r := range n.Records {
		// An EventName is like "ObjectCreated:Put". Only a bucket's configuration has the prefix
		// "s3:".
		eventType, _, _ := strings.Cut(strings.TrimPrefix(r.EventName, "s3:"), ":")
		key, err := url.QueryUnescape(r.S3.Object.Key)
		if err != nil || r.S3.Bucket.Name != h.cfg.Bucket {
			continue
		}
		switch eventType {
		case "ObjectCreated":
			_, err = h.create(ctx, "created", key, changed)
		case "ObjectRemoved", "LifecycleExpiration":
			// In a versioned bucket the event may be about an old version. Then the source exists,
			// and its results are kept. Otherwise they are deleted without asking: S3 may deliver
			// events out of order, but if the source exists again, its results are made again on
			// their next request.
			exists := false
			if r.S3.Object.VersionID != "" {
				exists, err = h.exists(ctx, key)
			}
			if !exists && err == nil {
				err = h.remove(ctx, key, changed)
			}
		}
		if temporary(err) {
			again = append(again, fmt.Errorf("%s %s: %w", r.EventName, key, err))
		}
	}
	return errors.Join(again...)
}
