package chromium

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"miniatura/codec"
	"miniatura/internal/outside"
	"miniatura/sizes"
)

// quality is the edge's usual quality.
const quality = 80

// stall is how long the page may be silent. The page gives up a picture after half of this time.
const stall = 6 * time.Minute

// judged are the sizes to which every file is resized.
var judged = []sizes.Size{mustSize("SS"), mustSize("SXS")}

func mustSize(name string) sizes.Size {
	s, ok := sizes.Parse(name)
	if !ok {
		panic(name)
	}
	return s
}

type corpusFile struct{ name, path string }

// corpus returns the files of the corpus, without the hostile ones, and those of the folders beside
// it. It skips the test when there is no corpus.
func corpus(t *testing.T) (files []corpusFile) {
	t.Helper()
	dir := outside.Root()
	f, err := os.Open(filepath.Join(dir, "corpus", "MANIFEST.tsv"))
	if err != nil {
		t.Skip("no corpus of real pictures here")
	}
	defer f.Close()
	s := bufio.NewScanner(f)
	s.Scan()
	for s.Scan() {
		name, _, _ := strings.Cut(s.Text(), "\t")
		if !strings.HasPrefix(name, "hostile/") {
			files = append(files, corpusFile{name, filepath.Join(dir, "corpus", name)})
		}
	}
	if err := s.Err(); err != nil {
		t.Fatal(err)
	}
	for _, folder := range []string{"reports", "graphics"} {
		entries, _ := os.ReadDir(filepath.Join(dir, folder))
		for _, e := range entries {
			if codec.FormatOf(e.Name()) != nil {
				files = append(files, corpusFile{folder + "/" + e.Name(), filepath.Join(dir, folder, e.Name())})
			}
		}
	}
	only := os.Getenv("MINIATURA_ONLY")
	files = slices.DeleteFunc(files, func(f corpusFile) bool { return !strings.HasPrefix(f.name, only) })
	if len(files) == 0 {
		t.Fatalf("no file's name begins with %q", only)
	}
	return files
}

// browse opens the page in a browser and waits until the page's work is done. It skips the test
// when there is no browser. It ends the test when the page is silent for longer than stall.
func browse(t *testing.T, j *judge, address string) {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(outside.Chromium(t)), chromedp.NoSandbox, chromedp.WSURLReadTimeout(60*time.Second),
		chromedp.Flag("force-color-profile", "srgb"))
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	defer cancel()
	ctx, cancel = chromedp.NewContext(ctx)
	defer cancel()
	ctx, cancel = context.WithCancel(ctx)
	defer cancel()
	go func() {
		for ctx.Err() == nil && j.idle() < stall {
			time.Sleep(time.Second)
		}
		cancel()
	}()
	var secure bool
	err := chromedp.Run(ctx, chromedp.Navigate(address), chromedp.Evaluate("isSecureContext && 'ImageDecoder' in window", &secure))
	if err != nil {
		t.Fatal(err)
	}
	if !secure {
		t.Skip("this Chromium has no ImageDecoder")
	}
	if err := chromedp.Run(ctx, chromedp.Evaluate("Promise.all([work(), work()])", nil, func(p *runtime.EvaluateParams) *runtime.EvaluateParams {
		return p.WithAwaitPromise(true)
	})); err != nil {
		t.Errorf("%v, %v after the page was last heard of; in its hands: %q", err, j.idle().Round(time.Second), j.open())
	}
}

// A tally counts the results of a folder.
type tally struct{ shown, differs, notShown, unchanged, passed, unknown int }

// A reporter counts results, and keeps a line for each result that is not right.
type reporter struct {
	mu     sync.Mutex
	t      *testing.T
	of, n  int // all files, and those judged so far
	tally  map[string]*tally
	lines  []string
	notes  []string
	pillow *pillow
}

// Chromium shows every result of the corpus, and shows the same picture as for the source.
func TestChromiumShowsWhatItShowsOfTheSource(t *testing.T) {
	files := corpus(t)
	r := &reporter{t: t, of: len(files), tally: map[string]*tally{}, pillow: startPillow(t)}
	if r.pillow == nil {
		t.Log("no Python with Pillow here: how near the pixels are is not judged")
	}
	j := &judge{files: files, tasks: map[int]*task{}, done: r.judge, pillow: r.pillow, heard: time.Now()}
	server := httptest.NewServer(j.handler())
	defer server.Close()
	browse(t, j, server.URL)
	slices.Sort(r.lines)
	slices.Sort(r.notes)
	for _, l := range r.notes {
		t.Log(l)
	}
	for _, l := range r.lines {
		t.Error(l)
	}
	all := 0
	for _, folder := range slices.Sorted(maps.Keys(r.tally)) {
		n := r.tally[folder]
		all += n.shown + n.differs + n.notShown + n.unchanged + n.passed + n.unknown
		t.Logf("%-12s shown %d, differs %d, not shown %d; the source itself %d, passed through %d, no source to compare with %d",
			folder, n.shown, n.differs, n.notShown, n.unchanged, n.passed, n.unknown)
	}
	if want := 2 * len(judged) * len(files); all != want {
		t.Errorf("%d results were judged, of %d", all, want)
	}
}

// judge adds the judgement of one finished task to the report.
func (r *reporter) judge(t *task) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.n++; r.n%50 == 0 {
		r.t.Logf("%d of %d files, %d results not right", r.n, r.of, len(r.lines))
	}
	folder, _, _ := strings.Cut(t.name, "/")
	n := r.tally[folder]
	if n == nil {
		n = new(tally)
		r.tally[folder] = n
	}
	n.unchanged += t.same
	n.passed += len(t.passed)
	for _, p := range t.passed {
		line := fmt.Sprintf("passed through: %s at %s: %v", t.name, p.size, p.err)
		if errors.Is(p.err, codec.ErrUnsupported) || errors.Is(p.err, codec.ErrLimit) {
			r.notes = append(r.notes, line)
		} else {
			r.lines = append(r.lines, line)
		}
	}
	if t.odd.why != "" {
		r.notes = append(r.notes, fmt.Sprintf("held against another picture than Chromium's: %s: %s", t.name, t.odd.why))
	}
	if t.shown.Error != "" {
		line := fmt.Sprintf("Chromium does not show the source: %s: %s", t.name, t.shown.Error)
		if t.odd.short {
			r.notes = append(r.notes, line)
		} else {
			r.lines = append(r.lines, line)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(t.results)) {
		res := t.results[name]
		where := fmt.Sprintf("%s at %s as %s", t.name, res.size, res.kind)
		if bad := res.unseen(); bad != "" {
			n.notShown++
			r.lines = append(r.lines, where+" is not shown: "+bad)
			continue
		}
		if t.shown.Error != "" {
			n.unknown++
			continue
		}
		bad, err := r.differs(t, res)
		switch {
		case err != nil:
			r.lines = append(r.lines, fmt.Sprintf("%s: %v", where, err))
			n.differs++
		case bad != "":
			n.differs++
			r.lines = append(r.lines, fmt.Sprintf("%s differs: %s; source %s, result %s", where, bad, t.shown.Turned, res.shown.Turned))
		default:
			n.shown++
		}
	}
}

// unseen returns what Chromium does not show of the result, or "" when it shows everything.
func (res *result) unseen() string {
	switch s := res.shown; {
	case s.Error != "":
		return s.Error
	case s.Frames != res.info.Frames:
		return fmt.Sprintf("%d frames of %d", s.Frames, res.info.Frames)
	case s.W != res.info.OutW || s.H != res.info.OutH:
		return fmt.Sprintf("%dx%d, not %dx%d", s.W, s.H, res.info.OutW, res.info.OutH)
	}
	return ""
}

// mostLoops is how often a WebP can run again after the first run. The 16-bit number in a WebP
// counts the first run too; that in a GIF does not.
const mostLoops = 1<<16 - 2

// differs returns how the result differs from the source, or "".
func (r *reporter) differs(t *task, res *result) (string, error) {
	a, b := t.shown, res.shown
	loops := a.Loops
	if res.kind == "image/webp" {
		loops = min(loops, mostLoops)
	}
	switch {
	case a.W != res.info.W || a.H != res.info.H:
		return fmt.Sprintf("the source is %dx%d upright, not %dx%d", a.W, a.H, res.info.W, res.info.H), nil
	case a.Frames != b.Frames:
		return fmt.Sprintf("%d frames, the source has %d", b.Frames, a.Frames), nil
	case a.Frames > 1 && !slices.Equal(a.Delays, b.Delays):
		return fmt.Sprintf("delays %v, the source has %v", b.Delays, a.Delays), nil
	case a.Frames > 1 && loops != b.Loops:
		return fmt.Sprintf("repeats %d times, the source %d", b.Loops, loops), nil
	case len(res.apart) != a.Frames:
		return "", fmt.Errorf("%d frames were compared, of %d", len(res.apart), a.Frames)
	case r.pillow == nil:
		return "", nil
	}
	for i, apart := range res.apart {
		if apart <= 1 {
			continue
		}
		_, format, _ := strings.Cut(res.kind, "/")
		loss, err := r.pillow.loss(t.frames[res.size][i], format, quality)
		if err != nil {
			return "", err
		}
		if allowed := 1 + 1.25*loss; apart > allowed {
			return fmt.Sprintf("mean difference %.2f in frame %d, allowed %.2f", apart, i, allowed), nil
		}
	}
	return "", nil
}
