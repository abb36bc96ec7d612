package desk

// This file implements replay.

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"

	"miniatura/edge"
)

func runReplay(ctx context.Context, args []string, _ io.Reader, stdout, stderr io.Writer) int {
	return report(stderr, "replay", replay(ctx, args, stdout, stderr))
}

// replay runs the edge function on this machine, on one saved event, and prints its answer to
// stdout. Its log line goes to stderr.
func replay(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	f := newFlags("replay", stdout)
	dir := f.String("dir", "", "use `DIR` as the event's bucket")
	endpoint := f.String("endpoint", "", "ask the S3 service at this `URL` instead of AWS, with the credentials in the environment")
	rest, err := f.parse(args, 1, 1)
	if err != nil {
		return err
	}
	if *dir != "" && *endpoint != "" {
		return usagef("-dir and -endpoint exclude each other")
	}
	event, err := readFile(rest[0], 8<<20)
	if err != nil {
		return usageError{err}
	}
	plan, err := edge.NewPlan(event) // for the bucket and the settings that the event names
	if err != nil {
		return usagef("%s: %w", rest[0], err)
	}
	config := edge.Config{}
	if *dir != "" || *endpoint != "" {
		s := settings{bucket: plan.Bucket, region: plan.Region, resized: plan.Resized, quality: plan.Quality}
		var b *bucket
		if *dir != "" {
			b, err = openDir(*dir, s)
		} else {
			b, err = openEndpoint(*endpoint, s)
		}
		if err != nil {
			return usageError{err}
		}
		defer b.close()
		config = b.config()
	}
	config.Log = stderr
	answer, err := edge.New(config).Handle(ctx, event)
	if err != nil {
		return err
	}
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, answer, "", "  "); err != nil {
		return err
	}
	_, err = fmt.Fprintln(stdout, pretty.String())
	return err
}
