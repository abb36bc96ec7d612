package browsertest

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

func TestEveryResultOfADemoPicture(t *testing.T) {
	b := open(t)
	page := serve(t)
	b.visit(page, "lake.jpg")
	all := b.count()
	// The URL of the result is a link beside the comparison.
	link := js[[]string](b, `[document.getElementById('u-link').href, document.getElementById('u-link').textContent]`)
	if want := page + "lake.jpg?size=S&to_webp=1"; link[0] != want || link[1] != want {
		t.Errorf("the link is %q, want %s", link, want)
	}
	if got := js[string](b, `document.getElementById('c-figures').textContent`); !regexp.MustCompile(`^[\d.]+ kB instead of [\d.]+ kB: [\d.]+ %, for 720 × 480\. Made now and stored at quality 80\.$`).MatchString(got) {
		t.Errorf("beside the comparison stands %q", got)
	}
	if top := js[float64](b, `document.getElementById('u-link').getBoundingClientRect().bottom`); top > 900 {
		t.Errorf("the URL is not to be seen at first: it ends at %v", top)
	}
	for i, text := range js[[]string](b, `[...document.querySelectorAll('.tile')].map(e => e.innerText.replace(/\s+/g, ' '))`) {
		// Each tile has dimensions, bytes, part, time and state, with their units.
		if want := `^\d+ × \d+( JPEG)? [\d.]+ kB [\d.]+ % [\d.]+ m?s made now Copy URL$`; !regexp.MustCompile(want).MatchString(text) {
			t.Errorf("result %d is not like %s: %q", i, want, text)
		}
	}
	// 2400x1600 in a box of 1280x720 is 1080x720, and in a box of 180 it is 180x120.
	if got := js[string](b, `document.getElementById('tile-L-0').innerText`); !strings.Contains(got, "1080 × 720") || !strings.Contains(got, "JPEG") {
		t.Errorf("size L says %q", got)
	}
	if got := js[string](b, `document.getElementById('tile-SXS-1').innerText`); !strings.Contains(got, "180 × 120") {
		t.Errorf("size SXS in WebP says %q", got)
	}
	// There is one bar for all results. Each part has a name, and is as long as its share.
	for _, want := range []string{"look up (HEAD)", "fetch (GET)", "resize", "store (PUT)"} {
		if got := js[string](b, `document.getElementById('stages-names').innerText`); !strings.Contains(got, want) {
			t.Errorf("the bar's names lack %s: %q", want, got)
		}
	}
	if wide := js[[]float64](b, `(() => { const w = c => document.querySelector('#stages-bar .' + c).getBoundingClientRect().width; return [w('s-resize'), w('s-head')]; })()`); wide[0] < wide[1] {
		t.Errorf("resizing has %v pixels of the bar, asking %v", wide[0], wide[1])
	}
	if js[bool](b, `!document.getElementById('banner').hidden`) {
		t.Error("a banner says that this one passes through")
	}
	b.shot("light")
	b.view("light-top")

	b.do(chromedp.Reload())
	b.whole()
	if got := b.badges(); got["stored"] != all {
		t.Errorf("after a reload the badges are %v, want %d stored", got, all)
	}
	b.do(chromedp.Click(`#again`))
	b.until("the results are made again", `[...document.querySelectorAll('.tile .badge')].filter(e => e.textContent === 'made now').length === 2 * catalogue.sizes.length`)
	b.whole()

	b.until("the log has the requests", fmt.Sprintf(`document.querySelectorAll('#lines details').length >= %d`, 2*all))
	// A poll of the log moves the lines down, from under the mouse too: a line is opened by its key.
	b.do(chromedp.Evaluate(`document.querySelector('#lines details summary').focus()`, nil))
	b.key(kb.Enter)
	b.until("the line is open", `document.querySelector('#lines details[open] .body')?.childElementCount > 0`)
	if got := js[string](b, `document.querySelector('#lines details[open] .body').textContent`); !strings.Contains(got, `"x-env-resized-path"`) || !strings.Contains(got, `"decision"`) {
		t.Errorf("the log shows neither event nor line: %q", got)
	}
	// Two polls at the same time write each request once.
	if n := js[[]int](b, `(async () => { logSeq = 0; document.getElementById('lines').replaceChildren(); await Promise.all([readLog(), readLog()]);
		return [document.querySelectorAll('#lines details').length, (await (await fetch(own + 'log?since=0')).json()).length]; })()`); n[0] != n[1] || n[0] < 2*all {
		t.Errorf("the log has %d lines of %d requests", n[0], n[1])
	}
}

// While results are made, the page shows how many are done.
func TestProgressWhileSlow(t *testing.T) {
	b := open(t)
	page := serve(t)
	b.visit(page, "logo.png")
	b.do(chromedp.Evaluate(`window.steps = []; new MutationObserver(() => { const p = document.getElementById('progress');
		if (!p.hidden) steps.push(document.getElementById('summary').textContent.match(/^\d+ of \d+/)?.[0] + ' ' + p.value + '/' + p.max); }).observe(document.getElementById('summary'), {childList: true, subtree: true})`, nil))
	b.do(chromedp.Click(`#again`))
	b.until("the results are gone", `steps.length > 0`)
	b.whole()
	all := b.count()
	steps := strings.Join(js[[]string](b, `steps`), "\n") + "\n"
	for _, n := range []int{0, 3, all - 1} {
		if want := fmt.Sprintf("%d of %d %d/%d\n", n, all, n, all); !strings.Contains(steps, want) {
			t.Errorf("it never said %q:\n%s", want, steps)
		}
	}
	if js[bool](b, `!document.getElementById('progress').hidden`) {
		t.Error("the progress is still there")
	}
}

func TestEveryDemoPicture(t *testing.T) {
	b := open(t)
	b.do(chromedp.Navigate(serve(t)))
	b.until("the strip is there", `document.querySelectorAll('#strip button').length === 6`)
	b.whole()
	for i := range 6 {
		b.do(chromedp.Evaluate(fmt.Sprintf(`document.querySelectorAll('#strip button')[%d].click()`, i), nil))
		b.until("the old results are gone", `!document.getElementById('status').textContent.startsWith('All results of')`)
		b.whole()
		name := js[string](b, `document.querySelector('#strip button[aria-pressed=true]').dataset.key`)
		if got := b.badges(); got["failed"] != 0 {
			t.Errorf("%s: %v", name, got)
		}
		if name == "still life, sideways.jpg" { // 2000x1500 in the file, 1500x2000 upright
			if got := js[string](b, `document.getElementById('tile-S-0').innerText`); !strings.Contains(got, "480 × 640") {
				t.Errorf("the sideways picture at S says %q", got)
			}
		}
		b.shot(fmt.Sprintf("demo-%d", i))
	}
}
