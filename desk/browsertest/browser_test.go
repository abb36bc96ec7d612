package browsertest

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io/fs"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"miniatura/internal/outside"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// binary builds the command line, once, and returns its path.
var binary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "miniatura-browser-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "miniatura")
	cmd := exec.Command("go", "build", "-o", path, ".")
	cmd.Dir = filepath.Join("..", "..")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return path, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if path, err := binary(); err == nil {
		os.RemoveAll(filepath.Dir(path))
	}
	os.Exit(code)
}

// serve starts `miniatura serve` with args and returns the page's address.
func serve(t *testing.T, args ...string) string {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, append([]string{"serve", "-addr", "127.0.0.1:0"}, args...)...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	if !lines.Scan() {
		t.Fatal("serve said nothing")
	}
	address := regexp.MustCompile(`http://\S+/`).FindString(lines.Text())
	if address == "" {
		t.Fatalf("no address in %q", lines.Text())
	}
	drained := make(chan struct{})
	go func() {
		for lines.Scan() {
		}
		close(drained)
	}()
	t.Cleanup(func() {
		cmd.Process.Signal(os.Interrupt)
		<-drained
		if err := cmd.Wait(); err != nil {
			t.Errorf("Ctrl-C did not end serve cleanly: %v", err)
		}
	})
	return address
}

// A tab is a page of the browser that records everything that goes wrong in it.
type tab struct {
	*testing.T
	ctx context.Context

	mu      sync.Mutex
	trouble []string
}

// open starts the browser with an empty tab of 1280x900. It skips the test when there is no
// browser.
func open(t *testing.T) *tab {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(outside.Chromium(t)), chromedp.NoSandbox, chromedp.WindowSize(1280, 900),
		chromedp.WSURLReadTimeout(60*time.Second))
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	ctx, cancel = context.WithTimeout(ctx, 4*time.Minute)
	t.Cleanup(cancel)
	b := &tab{T: t, ctx: ctx}
	chromedp.ListenTarget(ctx, func(event any) {
		b.mu.Lock()
		defer b.mu.Unlock()
		switch e := event.(type) {
		case *runtime.EventExceptionThrown:
			b.trouble = append(b.trouble, "exception: "+e.ExceptionDetails.Error())
		case *log.EventEntryAdded:
			if e.Entry.Level == log.LevelError {
				b.trouble = append(b.trouble, fmt.Sprintf("%s: %s (%s)", e.Entry.Source, e.Entry.Text, e.Entry.URL))
			}
		case *cdppage.EventJavascriptDialogOpening:
			b.trouble = append(b.trouble, "a dialog opened: "+e.Message)
			go chromedp.Run(ctx, cdppage.HandleJavaScriptDialog(false))
		}
	})
	b.do(emulation.SetEmulatedMedia().WithFeatures(still())) // without smooth scrolling, which takes time
	t.Cleanup(func() {
		for _, s := range b.troubles() {
			t.Error(s)
		}
	})
	return b
}

// still returns the media features that the tests set: no motion, and those in more.
func still(more ...*emulation.MediaFeature) []*emulation.MediaFeature {
	return append(more, &emulation.MediaFeature{Name: "prefers-reduced-motion", Value: "reduce"})
}

// troubles returns what went wrong since the last call.
func (b *tab) troubles() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	all := b.trouble
	b.trouble = nil
	return all
}

func (b *tab) do(actions ...chromedp.Action) {
	b.Helper()
	if err := chromedp.Run(b.ctx, actions...); err != nil {
		b.shot("failed")
		b.Fatal(err)
	}
}

// js evaluates an expression in the page and returns its value.
func js[T any](b *tab, expression string) T {
	b.Helper()
	var v T
	b.do(chromedp.Evaluate(expression, &v, func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }))
	return v
}

// until waits until an expression is true.
func (b *tab) until(what, expression string) {
	b.Helper()
	end := time.Now().Add(90 * time.Second)
	for !js[bool](b, expression) {
		if time.Now().After(end) {
			b.shot("failed")
			b.Fatalf("waited in vain until %s", what)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// whole waits until all results of the chosen picture are there.
func (b *tab) whole() {
	b.Helper()
	b.until("all results are there", `document.querySelectorAll('.tile').length === 2 * catalogue.sizes.length && catalogue.sizes.length > 1 &&
		document.querySelectorAll('.tile.wait').length === 0 && document.getElementById('status').textContent.startsWith('All results of')`)
}

// count returns how many results a picture has.
func (b *tab) count() int {
	b.Helper()
	return js[int](b, `2 * catalogue.sizes.length`)
}

// visit opens the page with the picture key chosen, and waits for its results.
func (b *tab) visit(page, key string) {
	b.Helper()
	b.do(chromedp.Navigate(page + "#" + url.PathEscape(key)))
	b.until(key+" is chosen", fmt.Sprintf(`document.querySelector('#results-title bdi')?.textContent === %q`, key))
	b.whole()
}

// shot writes a screenshot of the whole page to desk/shots/NAME.png.
func (b *tab) shot(name string) {
	var data []byte
	if err := chromedp.Run(b.ctx, chromedp.FullScreenshot(&data, 100)); err != nil {
		b.Logf("no screenshot %s: %v", name, err)
		return
	}
	b.keep(name, data)
}

// view writes a screenshot of the window.
func (b *tab) view(name string) {
	var data []byte
	if err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot(&data)); err != nil {
		b.Logf("no screenshot %s: %v", name, err)
		return
	}
	b.keep(name, data)
}

func (b *tab) keep(name string, data []byte) {
	dir := filepath.Join("..", "shots")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		b.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name+".png"), data, 0o644); err != nil {
		b.Fatal(err)
	}
}

// key presses a key.
func (b *tab) key(keys string) {
	b.Helper()
	b.do(chromedp.KeyEvent(keys))
}

// badges counts the tiles' badges by their text.
func (b *tab) badges() map[string]int {
	b.Helper()
	count := map[string]int{}
	for _, s := range js[[]string](b, `[...document.querySelectorAll('.tile .badge')].map(e => e.textContent)`) {
		count[s]++
	}
	return count
}

// folder returns a new folder with one photo-like JPEG.
func folder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	m := image.NewRGBA(image.Rect(0, 0, 1200, 900))
	seed := uint32(1)
	for y := range 900 {
		for x := range 1200 {
			seed = seed*1664525 + 1013904223
			n := uint8(seed >> 27)
			m.SetRGBA(x, y, color.RGBA{uint8(x/6) + n, uint8(y/5) + n, uint8((x*y)>>13) + n, 255})
		}
	}
	var out bytes.Buffer
	if err := jpeg.Encode(&out, m, nil); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "photo.jpg"), out.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

// square returns a small PNG.
func square(t *testing.T) []byte {
	t.Helper()
	m := image.NewNRGBA(image.Rect(0, 0, 400, 400))
	for i := range m.Pix {
		m.Pix[i] = uint8(i / 640)
	}
	var out bytes.Buffer
	if err := png.Encode(&out, m); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// files returns a list of all files below dir, with their sizes and times.
func files(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			fmt.Fprintln(&b, path, info.Size(), info.ModTime().UnixNano())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// lay writes data to files in dir, and makes their folders.
func lay(t *testing.T, dir string, data []byte, names ...string) {
	t.Helper()
	for _, name := range names {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
