package browsertest

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

func TestSlidersAndPreview(t *testing.T) {
	b := open(t)
	dir := folder(t)
	b.visit(serve(t, "-dir", dir), "photo.jpg")
	b.do(chromedp.Click(`#tile-S-0 .thumb`))
	b.until("both pictures are loaded", `['c-before', 'c-after'].every(id => { const i = document.getElementById(id); return i.complete && i.naturalWidth > 0; })`)

	// Both the keyboard and the pointer move the divider.
	clip := func() string { return js[string](b, `getComputedStyle(document.getElementById('c-after')).clipPath`) }
	middle := clip()
	if focus := js[string](b, `document.activeElement.id`); focus != "c-split" {
		t.Errorf("Compare moved the focus to %q, want c-split", focus)
	}
	for range 20 {
		b.key(kb.ArrowRight)
	}
	if got := js[string](b, `document.getElementById('c-split').value`); got != "60" || clip() == middle {
		t.Errorf("after 20 steps the slider is at %s and the clip at %s (was %s)", got, clip(), middle)
	}
	var box []float64
	b.do(chromedp.Evaluate(`(() => { const r = document.getElementById('stagebox').getBoundingClientRect(); return [r.left, r.top, r.width, r.height]; })()`, &box))
	b.do(chromedp.MouseEvent(input.MousePressed, box[0]+box[2]/2, box[1]+20, chromedp.ButtonLeft),
		chromedp.MouseEvent(input.MouseMoved, box[0]+box[2]/4, box[1]+20, chromedp.ButtonLeft),
		chromedp.MouseEvent(input.MouseReleased, box[0]+box[2]/4, box[1]+20, chromedp.ButtonLeft))
	if got := js[float64](b, `Number(document.getElementById('c-split').value)`); got < 24 || got > 26 {
		t.Errorf("the pointer moved the seam to %v, want a quarter", got)
	}
	b.view("compare")

	// The quality slider makes a new preview and stores nothing.
	before := files(t, dir)
	b.do(chromedp.Focus(`#c-quality`))
	b.key(kb.Home)
	b.until("a preview at quality 1", `document.getElementById('c-figures').textContent.startsWith('Preview at quality 1:')`)
	words := js[string](b, `document.getElementById('c-figures').textContent`)
	if !regexp.MustCompile(`−[\d.]+ % against the stored .* nothing stored`).MatchString(words) {
		t.Errorf("the preview says %q", words)
	}
	b.view("preview")
	b.key(kb.End)
	b.until("a preview at quality 100", `document.getElementById('c-figures').textContent.startsWith('Preview at quality 100:')`)
	if after := files(t, dir); after != before {
		t.Errorf("a preview changed the folder:\n%s\nwas\n%s", after, before)
	}
	for range 20 {
		b.key(kb.ArrowLeft)
	}
	b.until("the stored result again", `document.getElementById('c-figures').textContent.endsWith('Made now and stored at quality 80.')`)
}

func TestCopiesAndMarkup(t *testing.T) {
	b := open(t)
	page := serve(t)
	b.do(browser.GrantPermissions([]browser.PermissionType{browser.PermissionTypeClipboardReadWrite, browser.PermissionTypeClipboardSanitizedWrite}).WithOrigin(strings.TrimSuffix(page, "/")))
	b.visit(page, "Übersicht 1+1 = 100%.png")
	clipboard := func() string { return js[string](b, `navigator.clipboard.readText()`) }
	b.do(chromedp.Click(`#tile-M-1 .copy`))
	b.until("the button says so", `document.querySelector('#tile-M-1 .copy').textContent === 'Copied'`)
	want := page + "%C3%9Cbersicht%201%2B1%20%3D%20100%25.png?size=M&to_webp=1"
	if got := clipboard(); got != want {
		t.Errorf("copied %q, want %q", got, want)
	}
	if kind := js[string](b, fmt.Sprintf(`fetch(%q).then(r => r.headers.get('Content-Type') + ' ' + r.headers.get('X-Cache'))`, want)); kind != "image/webp Hit" {
		t.Errorf("the copied URL answers %q", kind)
	}
	b.do(chromedp.SetValue(`#m-domain`, "cdn.example/"), chromedp.Evaluate(`document.getElementById('m-domain').dispatchEvent(new Event('input'))`, nil))
	b.do(chromedp.Click(`#m-copy`))
	b.until("the button says so", `document.getElementById('m-copy').textContent === 'Copied'`)
	markup := clipboard()
	// 1400x1000 fits 427x240 as 336x240, 854x480 as 672x480, 1200x628 as 879x628 and 1280x720 as
	// 1008x720.
	for _, want := range []string{`type="image/webp"`, `https://cdn.example/%C3%9Cbersicht%201%2B1%20%3D%20100%25.png?size=XS&amp;to_webp=1 336w`, `?size=S 672w`, `?size=M 879w`, `?size=L 1008w`, `width="672" height="480"`} {
		if !strings.Contains(markup, want) {
			t.Errorf("the markup lacks %s:\n%s", want, markup)
		}
	}
	// The markup has two lists of all sizes that are not square.
	oblong := js[int](b, `catalogue.sizes.filter(s => s.wide.join() !== s.tall.join()).length`)
	if n := strings.Count(markup, "w,\n"); oblong < 2 || n != 2*(oblong-1) {
		t.Errorf("the markup has %d commas between widths, want %d", n, 2*(oblong-1))
	}
}
