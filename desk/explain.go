package desk

// This file implements explain.

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"strings"
	"text/tabwriter"

	"miniatura/codec"
	"miniatura/edge"
	"miniatura/sizes"
)

// An explanation is what the function would do with a URL. explain finds all of it in the URL
// alone, without a request to S3; only Estimate needs a file.
type explanation struct {
	URL      string `json:"url"`
	Decision string `json:"decision"` // "resize" or "unchanged"
	Why      string `json:"why"`
	Key      string `json:"key,omitempty"`    // the source's key in the bucket
	Size     string `json:"size,omitempty"`   // the name of the size
	Wide     *box   `json:"wide,omitempty"`   // the box of a picture that is wider than high
	Tall     *box   `json:"tall,omitempty"`   // the box of any other picture
	Format   string `json:"format,omitempty"` // of the result
	Quality  int    `json:"quality,omitempty"`
	Result   string `json:"result,omitempty"`   // the result's key in the bucket
	URI      string `json:"uri,omitempty"`      // the path of the result
	CacheTag string `json:"cacheTag,omitempty"` // invalidates all results of the source

	Estimate *estimate `json:"estimate,omitempty"` // with -source only
}

type box struct {
	W int `json:"w"`
	H int `json:"h"`
}

func runExplain(_ context.Context, args []string, _ io.Reader, stdout, stderr io.Writer) int {
	return report(stderr, "explain", explainCommand(args, stdout))
}

// explainCommand implements explain.
func explainCommand(args []string, stdout io.Writer) error {
	f := newFlags("explain", stdout)
	asJSON := f.Bool("json", false, "print JSON")
	s := settings{region: "us-east-1"}
	f.StringVar(&s.bucket, "bucket", "bucket", "the bucket's `name`")
	f.StringVar(&s.resized, "resized", "resized", "the `folder` for results")
	f.IntVar(&s.quality, "quality", 80, "1-100")
	path := f.String("path", "", "the origin's `path` inside the bucket")
	source := f.String("source", "", "estimate the time for this `file` as the source")
	memory := f.Int("memory", 512, "with -source, the function's `MB`")
	rest, err := f.parse(args, 1, 1)
	if err != nil {
		return err
	}
	e, err := explain(rest[0], *path, s)
	if err != nil {
		return usageError{err}
	}
	// Only a resizing has a cost.
	if size, ok := sizes.Parse(e.Size); ok && *source != "" && e.Decision == "resize" {
		if err := e.estimateFile(*source, *memory, size.Fit, e.Format == codec.WebP.MediaType()); err != nil {
			return usageError{err}
		}
	}
	if *asJSON {
		enc := json.NewEncoder(stdout)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		return enc.Encode(e)
	}
	e.print(stdout)
	return nil
}

// explain returns what the function would do with raw, which is a URL, or the path and query of
// one. explain makes the event that CloudFront would send, and reads that event as the function
// does.
func explain(raw, originPath string, s settings) (explanation, error) {
	uri, query, err := splitURL(raw)
	if err != nil {
		return explanation{}, err
	}
	event, _ := newEvent(s, "GET", uri, query, "127.0.0.1")
	if originPath != "" { // newEvent leaves the origin's path empty
		var withPath originRequest
		if err := json.Unmarshal(event, &withPath); err != nil {
			return explanation{}, err
		}
		withPath.Records[0].CF.Request.Origin.S3.Path = "/" + strings.Trim(originPath, "/")
		if event, err = json.Marshal(withPath); err != nil {
			return explanation{}, err
		}
	}
	plan, err := edge.NewPlan(event)
	if err != nil {
		return explanation{}, err
	}
	size := plan.Size
	e := explanation{URL: raw, Decision: "resize", Key: plan.SourceKey(), Size: size.Name, Quality: plan.Quality}
	if size != (sizes.Size{}) { // the URL names a size
		e.Wide, e.Tall = &box{size.Wide.W, size.Wide.H}, &box{size.Tall.W, size.Tall.H}
		e.Format = "the format that the source's bytes are, whatever its name says"
		if plan.WebP {
			e.Format = "image/webp"
		}
	}
	if plan.Skip != nil {
		e.Decision, e.Why = "unchanged", plan.Skip.Error()
		e.Format, e.Quality = "", 0
		return e, nil
	}
	e.Why = fmt.Sprintf("size=%s is a size and the key ends like a picture", size.Name)
	e.Result, e.URI, e.CacheTag = plan.ResultKey(), plan.URI(), edge.CacheTag(plan.SourceKey())
	return e, nil
}

// print writes the explanation as a table.
func (e explanation) print(w io.Writer) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := func(name, value string) {
		if value != "" {
			fmt.Fprintf(t, "%s\t%s\n", name, printableKey(value))
		}
	}
	if e.Decision == "unchanged" {
		row("decision", "unchanged: the request goes on as it came, the visitor gets the original")
	} else {
		row("decision", "resize, unless a fresh result is stored already; unchanged if the source is missing or no whole picture, which a marker under the result's key remembers")
	}
	row("why", e.Why)
	row("source key", e.Key)
	if e.Wide != nil {
		row("size", e.Size)
		if *e.Wide == *e.Tall {
			row("box", fmt.Sprintf("%dx%d", e.Wide.W, e.Wide.H))
		} else {
			row("box", fmt.Sprintf("%dx%d when wider than high, else %dx%d", e.Wide.W, e.Wide.H, e.Tall.W, e.Tall.H))
		}
	}
	row("format", e.Format)
	if e.Quality != 0 {
		row("quality", fmt.Sprint(e.Quality))
	}
	row("result key", e.Result)
	row("rewritten to", e.URI)
	row("cache tag", e.CacheTag)
	if e.Estimate != nil {
		row("estimate", e.Estimate.String())
	}
	t.Flush()
}

// splitURL returns the path and the query of raw, which is a URL, or the path and query of one. The
// path stays percent-encoded.
func splitURL(raw string) (uri, query string, err error) {
	if strings.HasPrefix(raw, "http://") || strings.HasPrefix(raw, "https://") {
		if _, err := url.Parse(raw); err != nil {
			return "", "", err
		}
		// Cut off scheme and host. url.Parse would decode the path.
		_, raw, _ = strings.Cut(raw, "://")
		hostEnd := strings.IndexAny(raw, "/?#")
		if hostEnd < 0 {
			hostEnd = len(raw)
		}
		raw = raw[hostEnd:]
		if !strings.HasPrefix(raw, "/") {
			raw = "/" + raw
		}
	}
	raw, _, _ = strings.Cut(raw, "#")
	uri, query, _ = strings.Cut(raw, "?")
	if !strings.HasPrefix(uri, "/") {
		return "", "", fmt.Errorf("%q is neither a URL nor a path that begins with a slash", raw)
	}
	return uri, query, nil
}

// printableKey replaces control characters in a key, so that they do not reach the terminal.
func printableKey(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || (r >= 0x7f && r < 0xa0) {
			return '?'
		}
		return r
	}, s)
}
