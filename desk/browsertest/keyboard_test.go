package browsertest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

func TestKeyboardOnly(t *testing.T) {
	b := open(t)
	b.do(chromedp.Navigate(serve(t)))
	b.whole()
	focus := func() string {
		return js[string](b, `(() => { const e = document.activeElement; return e.id || e.className || e.dataset.key || e.tagName; })()`)
	}
	visible := func(what string) {
		t.Helper()
		if o := js[string](b, `(() => { const e = document.activeElement, d = e.closest('.drop'); return getComputedStyle(e).outlineStyle + (d ? getComputedStyle(d).outlineStyle : ''); })()`); !strings.Contains(o, "solid") {
			t.Errorf("the focus on %s cannot be seen: %s", what, o)
		}
	}
	b.key(kb.Tab)
	if focus() != "skip" {
		t.Errorf("the first stop is %q, want the skip link", focus())
	}
	b.key(kb.Tab)
	if focus() != "theme" {
		t.Errorf("the second stop is %q", focus())
	}
	visible("the theme button")
	for _, stop := range []string{"c-split", "u-link", "c-size", "c-format", "c-zoom", "c-quality", "u-copy", "file", "filter"} {
		b.key(kb.Tab)
		if focus() == "scroller" { // browsers make an area that scrolls a tab stop
			b.key(kb.Tab)
		}
		if focus() != stop {
			t.Errorf("the next stop is %q, want %s", focus(), stop)
		}
		visible(stop)
	}
	b.key(kb.Tab)
	first := js[string](b, `document.activeElement.dataset.key`)
	b.key(kb.Tab)
	if next := focus(); next != "again" {
		t.Errorf("the strip has another stop: %s", next)
	}
	b.do(chromedp.Evaluate(`document.querySelector('#strip button').focus()`, nil))
	b.key(kb.ArrowRight)
	second := js[string](b, `document.activeElement.dataset.key`)
	if first == second || second == "" {
		t.Errorf("the arrow moved from %q to %q", first, second)
	}
	visible("a picture")
	b.key(kb.Enter)
	b.until("Enter chooses it", fmt.Sprintf(`document.getElementById('results-title').textContent.includes(%q)`, second))
	b.whole()
	seen := map[string]bool{}
	for range 90 { // every control is a tab stop
		b.key(kb.Tab)
		seen[js[string](b, `(document.activeElement.id || document.activeElement.title || document.activeElement.textContent || document.activeElement.value)`)] = true
		if js[bool](b, `document.activeElement === document.body`) {
			break
		}
	}
	for _, want := range []string{"again", "Compare", "Copy URL", "box", "m-domain", "m-copy", "l-clear"} {
		if !seen[want] {
			t.Errorf("Tab never stops at %s", want)
		}
	}
	if unnamed := js[[]string](b, `[...document.querySelectorAll('button, input, select')].filter(e => e.offsetParent && !(e.textContent.trim() || e.getAttribute('aria-label') || (e.labels && e.labels.length))).map(e => e.outerHTML)`); len(unnamed) > 0 {
		t.Errorf("controls without a name: %q", unnamed)
	}
}

func TestWithoutScript(t *testing.T) {
	b := open(t)
	page := serve(t)
	b.do(emulation.SetScriptExecutionDisabled(true), chromedp.Navigate(page))
	b.do(chromedp.WaitVisible(`#links a[href="/lake.jpg?size=XS&to_webp=1"]`))
	b.shot("without-script")
	var links, columns []*cdp.Node
	b.do(chromedp.Nodes(`#links td a`, &links), chromedp.Nodes(`#links thead th`, &columns))
	if want := 6 * 2 * (len(columns) - 1); want < 6*2*8 || len(links) != want {
		t.Errorf("%d links, want %d for 6 pictures", len(links), want)
	}
	b.do(chromedp.Click(`#links a[href="/lake.jpg?size=XS&to_webp=1"]`))
	end := time.Now().Add(20 * time.Second)
	var title string
	for !strings.Contains(title, "360×240") && time.Now().Before(end) { // Chromium puts a picture's dimensions in the title
		b.do(chromedp.Title(&title))
		time.Sleep(50 * time.Millisecond)
	}
	b.troubles() // the browser's own viewer tries to run a script, which is not allowed
	if !strings.Contains(title, "360×240") {
		t.Errorf("the link leads to %q, want a picture of 360×240", title)
	}
}
