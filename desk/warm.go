package desk

// This file implements warm and purge.

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"sync"

	"miniatura/desk/progress"
	"miniatura/edge"
	"miniatura/s3lite"
	"miniatura/warm"
)

// bucketFlags are the flags of a command that works on a bucket: a folder, an S3 service, or AWS.
type bucketFlags struct {
	dir, endpoint, resized, path string
	settings
}

// add adds the flags to f.
func (b *bucketFlags) add(f *flags) {
	f.StringVar(&b.dir, "dir", "", "use this `folder` as the bucket, as serve -dir does")
	f.StringVar(&b.endpoint, "endpoint", "", "ask the S3 service at this `URL` instead of AWS")
	f.StringVar(&b.bucket, "bucket", "", "the bucket's `name`; its credentials are in the environment")
	f.StringVar(&b.region, "region", "", "the bucket's `region`, default AWS_REGION or us-east-1; a wrong one is corrected")
	f.StringVar(&b.resized, "resized", "resized", "the `folder` for results")
	f.StringVar(&b.path, "path", "", "the origin's `path` inside the bucket, which is also part of every KEY")
}

// open returns the bucket that the flags name, and the settings by which package warm finds the
// results in it.
func (b *bucketFlags) open() (*bucket, warm.Settings, error) {
	s := b.settings
	var w warm.Settings
	var err error
	if s.resized, err = edge.CleanFolder(b.resized); err != nil {
		return nil, w, fmt.Errorf("-resized: %w", err)
	}
	if b.path != "" {
		if w.Path, err = edge.CleanFolder(b.path); err != nil {
			return nil, w, fmt.Errorf("-path: %w", err)
		}
	}
	var opened *bucket
	switch {
	case b.dir != "" && b.endpoint != "":
		return nil, w, errors.New("-dir and -endpoint exclude each other")
	case b.dir != "":
		if s.bucket == "" {
			s.bucket = "bucket"
		}
		opened, err = openDir(b.dir, s)
	case s.bucket == "":
		return nil, w, errors.New("either -bucket NAME or -dir FOLDER is needed")
	case b.endpoint != "":
		opened, err = openEndpoint(b.endpoint, s)
	default:
		opened, err = openAWS(s)
	}
	if err != nil {
		return nil, w, err
	}
	w.Bucket, w.Resized, w.Quality = opened.bucket, opened.resized, opened.quality
	return opened, w, nil
}

// openAWS returns a bucket of AWS, with the credentials in the environment.
func openAWS(s settings) (*bucket, error) {
	// openEndpoint checks the credentials and chooses the region.
	b, err := openEndpoint("https://s3.amazonaws.com", s)
	if err == nil {
		b.client = &s3lite.Client{Bucket: b.bucket, Region: b.region}
		b.where = "bucket " + b.bucket
	}
	return b, err
}

// keys returns the keys in args or, if "-" is the only argument, those in the lines of stdin. With
// -dir, separators of this system become slashes.
func (b *bucketFlags) keys(ctx context.Context, args []string, stdin io.Reader) ([]string, error) {
	all := args
	if len(args) == 1 && args[0] == std {
		text, err := await(ctx, func() ([]byte, error) { return io.ReadAll(stdin) })
		if err != nil {
			return nil, err
		}
		all = nil
		for line := range strings.Lines(string(text)) {
			if line = strings.TrimRight(line, "\r\n"); line != "" {
				all = append(all, line)
			}
		}
	}
	if b.dir == "" {
		return all, nil
	}
	all = slices.Clone(all)
	for i := range all {
		all[i] = native.toSlash(all[i])
	}
	return all, nil
}

// picturesBelow returns the keys of pictures in the bucket that begin with prefix, without those of
// results. It returns an error when there are none.
func picturesBelow(ctx context.Context, b *bucket, s warm.Settings, prefix string) ([]string, error) {
	var found []string
	for o, err := range b.client.List(ctx, prefix) {
		if err != nil {
			return nil, cmp.Or(ctx.Err(), err)
		}
		if _, err := s.Targets(o.Key, b.region); err == nil {
			found = append(found, o.Key)
		}
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("%s has no pictures whose keys begin with %q", b.where, prefix)
	}
	return found, nil
}

func runWarm(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	return report(stderr, "warm", warmKeys(ctx, args, stdin, stdout, stderr))
}

// warmKeys implements warm: it makes the results of pictures with the function's own code.
func warmKeys(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) error {
	f := newFlags("warm", stdout)
	var opts bucketFlags
	opts.add(f)
	f.IntVar(&opts.quality, "quality", 80, "1-100, the distribution's setting: results with another quality are made again")
	names := f.String("sizes", "", "the `sizes` to make, like L,M,SS; default all")
	formats := f.String("formats", "", "the `formats` to make: same, webp or same,webp, the default")
	jobs := f.Int("jobs", runtime.NumCPU(), "how many pictures to work on at once (default the number of processors)")
	prefix := f.String("prefix", "", "instead of KEY...: every picture whose key begins like this, like `fotos/`; empty: the whole bucket")
	f.notes = "KEY - stands for the lines of stdin."
	rest, err := f.parse(args, 0, -1)
	if err != nil {
		return err
	}
	hasKeys := len(rest) > 0
	if hasKeys == f.given("prefix") { // both or neither
		return usagef("want either KEY... or -prefix PREFIX; `%s help warm` says more", program.typed)
	}
	if opts.quality < 1 || opts.quality > 100 || *jobs < 1 {
		return usagef("-quality is 1 to 100, -jobs at least 1")
	}
	var want warm.Settings
	if err := errors.Join(want.SetSizes(*names), want.SetFormats(*formats)); err != nil {
		return usageError{err}
	}
	b, s, err := opts.open()
	if err != nil {
		return usageError{err}
	}
	defer b.close()
	s.Sizes, s.Same, s.WebP = want.Sizes, want.Same, want.WebP
	var sources []string
	if hasKeys {
		sources, err = opts.keys(ctx, rest, stdin)
	} else {
		sources, err = picturesBelow(ctx, b, s, *prefix)
	}
	if err != nil {
		return err
	}

	// Make the results, and count them.
	config := b.config()
	config.Log, config.Concurrent = io.Discard, *jobs
	h := edge.New(config)
	line := progress.New(stderr, "warm", len(sources), "pictures")
	var mu sync.Mutex
	var sum warm.Tally
	failed := 0
	makeResults := func(key string) (warm.Tally, error) {
		targets, err := s.Targets(key, b.region)
		if err != nil {
			return warm.Tally{}, err
		}
		return warm.Make(ctx, h, targets, nil)
	}
	each(ctx, *jobs, sources, func(key string) {
		tally, err := makeResults(key)
		mu.Lock()
		defer mu.Unlock()
		sum.Add(tally)
		if err != nil {
			failed++
			line.Printf("%s: %v", key, err)
		}
		line.Add(1, key)
	})
	line.Done("")
	fmt.Fprintf(stdout, "%d pictures in %s: %d results made, %d were fresh\n", len(sources), b.where, sum.Made, sum.Fresh)
	return incomplete(ctx, failed, len(sources))
}

func runPurge(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	return report(stderr, "purge", purge(ctx, args, stdin, stdout, stderr))
}

// purge deletes the results of pictures, and then prints or runs CloudFront's invalidations.
func purge(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) error {
	f := newFlags("purge", stdout)
	var opts bucketFlags
	opts.add(f)
	distribution := f.String("distribution", "", "run the invalidation for this distribution's `ID`, with the AWS CLI; without it, print it")
	rest, err := f.parse(args, 1, -1)
	if err != nil {
		return err
	}
	opts.quality = 80 // not used: results of any quality are deleted
	b, s, err := opts.open()
	if err != nil {
		return usageError{err}
	}
	defer b.close()
	sources, err := opts.keys(ctx, rest, stdin)
	if err != nil {
		return err
	}

	// Delete the results, and count them.
	deleteResults := func(key string) (warm.Tally, error) {
		targets, err := s.Results(key, b.region)
		if err != nil {
			return warm.Tally{}, err
		}
		return warm.Delete(ctx, b.client, targets, true)
	}
	line := progress.New(stderr, "purge", len(sources), "pictures")
	failed, deleted := 0, 0
	var purged []string // the keys of pictures without results now
	for _, key := range sources {
		if ctx.Err() != nil {
			break
		}
		tally, err := deleteResults(key)
		deleted += tally.Deleted
		if err != nil {
			failed++
			line.Printf("%s: %v", key, err)
		} else {
			purged = append(purged, key)
		}
		line.Add(1, key)
	}
	line.Done("")
	fmt.Fprintf(stdout, "%d pictures in %s: %d results deleted\n", len(sources), b.where, deleted)
	if err := invalidate(ctx, *distribution, invalidations(s, purged), stdout, stderr); err != nil {
		return err
	}
	return incomplete(ctx, failed, len(sources))
}

// invalidations returns the paths to invalidate for keys, in rounds. A round is one invalidation,
// which has at most as many wildcards as CloudFront accepts at once.
func invalidations(s warm.Settings, keys []string) (rounds [][]string) {
	var browsers []string // paths as browsers spell them, where that differs
	for some := range slices.Chunk(keys, warm.MaxWildcards) {
		var paths []string
		for _, key := range some {
			paths = append(paths, warm.Invalidation(s, key, true)...)
			if p := warm.BrowserSpelling(s, key, true); p != "" {
				browsers = append(browsers, p)
			}
		}
		rounds = append(rounds, paths)
	}
	return slices.AppendSeq(rounds, slices.Chunk(browsers, warm.MaxWildcards))
}

// invalidate runs one invalidation for each round with the AWS CLI, and starts none before the
// previous one has ended. Without a distribution or without the AWS CLI, it prints the commands
// instead.
func invalidate(ctx context.Context, distribution string, rounds [][]string, stdout, stderr io.Writer) error {
	if len(rounds) == 0 {
		return nil
	}
	if distribution == "" {
		fmt.Fprintln(stdout, "To invalidate CloudFront's copies, run:")
		return printInvalidations(stdout, "ID", rounds)
	}
	aws, err := exec.LookPath("aws")
	if err != nil {
		fmt.Fprintln(stdout, "The AWS CLI is not installed here. Run these lines where it is:")
		return printInvalidations(stdout, distribution, rounds)
	}
	run := func(stdout io.Writer, args []string) error {
		cmd := exec.CommandContext(ctx, aws, args...)
		cmd.Stdout, cmd.Stderr = stdout, stderr
		if err := cmd.Run(); err != nil {
			return fmt.Errorf("aws %s: %w", warm.ShellLine(args), err)
		}
		return nil
	}
	for i, paths := range rounds {
		args := warm.CreateInvalidation(distribution, paths)
		if i == len(rounds)-1 {
			return run(stdout, args)
		}
		var id strings.Builder
		if err := run(&id, append(args, idOnly...)); err != nil {
			return err
		}
		fmt.Fprintf(stdout, "Invalidation %d of %d is in progress; the next one waits for it\n", i+1, len(rounds))
		if err := run(stdout, awaitInvalidation(distribution, strings.TrimSpace(id.String()))); err != nil {
			return err
		}
	}
	return nil
}

// idOnly makes the AWS CLI print only the id of the invalidation that it creates.
var idOnly = []string{"--query", "Invalidation.Id", "--output", "text"}

// awaitInvalidation returns the AWS CLI's arguments that wait for the end of an invalidation. The
// id is the last one.
func awaitInvalidation(distribution, id string) []string {
	return []string{"cloudfront", "wait", "invalidation-completed", "--distribution-id", distribution, "--id", id}
}

// printInvalidations writes the commands that invalidate would run, as lines for a shell.
func printInvalidations(w io.Writer, distribution string, rounds [][]string) error {
	for i, paths := range rounds {
		args := warm.CreateInvalidation(distribution, paths)
		line := "aws " + warm.ShellLine(args)
		if i < len(rounds)-1 { // make the invalidation, and wait for the id that this prints
			wait := awaitInvalidation(distribution, "")
			wait = wait[:len(wait)-1] // without the id: ShellLine would quote the $(...)
			printID := "aws " + warm.ShellLine(append(args, idOnly...))
			line = "aws " + warm.ShellLine(wait) + ` "$(` + printID + `)"`
		}
		if _, err := fmt.Fprintln(w, line); err != nil {
			return err
		}
	}
	return nil
}

// incomplete returns ctx's error if ctx has ended, or else an error that says how many of the
// pictures failed, or nil if none did.
func incomplete(ctx context.Context, failed, pictures int) error {
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case failed > 0:
		return fmt.Errorf("%d of %d pictures failed", failed, pictures)
	}
	return nil
}

// each calls work for every key, with up to jobs calls at a time, until ctx ends.
func each(ctx context.Context, jobs int, keys []string, work func(key string)) {
	next := make(chan string)
	var wg sync.WaitGroup
	for range min(jobs, len(keys)) {
		wg.Go(func() {
			for key := range next {
				work(key)
			}
		})
	}
	defer wg.Wait() // after close
	defer close(next)
	for _, key := range keys {
		select {
		case next <- key:
		case <-ctx.Done():
			return
		}
	}
}
