package browsertest

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

func TestMoreThanAPageOfPictures(t *testing.T) {
	b := open(t)
	dir := t.TempDir()
	small := square(t)
	var names []string
	for i := range 1203 {
		names = append(names, fmt.Sprintf("holiday/picture number %04d.png", i))
	}
	lay(t, dir, small, names...)
	lay(t, dir, small, ".trash/a.png", "._b.png")
	lay(t, dir, nil, "phone.HEIC")
	page := serve(t, "-dir", dir)
	b.do(chromedp.Navigate(page))
	b.whole()
	where := func() string { return js[string](b, `document.getElementById('p-where').textContent`) }
	keys := func() []string {
		return js[[]string](b, `[...document.querySelectorAll('#strip button')].map(e => e.dataset.key)`)
	}
	if got := keys(); where() != "1 to 500 of 1205" || len(got) != 500 || got[0] != names[0] {
		t.Errorf("the strip says %q and has %d pictures", where(), len(got))
	}
	if got := js[string](b, `document.getElementById('left-out').textContent`); !strings.Contains(got, "1 HEIC") || !strings.Contains(got, "2 more have a name that begins with a dot; they are shown last") {
		t.Errorf("what is left out: %q", got)
	}
	b.shot("many")
	b.do(chromedp.Click(`#p-after`))
	b.until("the second page is there", `document.getElementById('p-where').textContent === '501 to 1000 of 1205'`)
	b.do(chromedp.Click(`#p-after`))
	b.until("the last page is there", `document.getElementById('p-where').textContent === '1001 to 1205 of 1205'`)
	if got := keys(); len(got) != 205 || got[203] != "._b.png" || got[204] != ".trash/a.png" {
		t.Errorf("the last page has %d pictures, the last %q", len(got), got[len(got)-2:])
	}
	if js[bool](b, `!document.getElementById('p-after').disabled`) {
		t.Error("there is a page after the last")
	}
	// The filter searches all pages.
	b.do(chromedp.SendKeys(`#filter`, "NUMBER 07"))
	b.until("the filter has its hundred", `document.querySelectorAll('#strip button').length === 100 && document.getElementById('pager').hidden`)
	b.do(chromedp.SendKeys(`#filter`, "no such"))
	b.until("nothing is left", `document.getElementById('strip').textContent === 'No picture has that in its name.'`)
	// A link to a picture opens the page of the list that contains it.
	b.do(chromedp.Navigate("about:blank"))
	b.visit(page, names[700])
	if where() != "501 to 1000 of 1205" || js[string](b, `document.querySelector('#strip button[aria-pressed=true]').dataset.key`) != names[700] {
		t.Errorf("the link leads to %q", where())
	}
	// The strip has one tab stop, from which keys reach both ends.
	if n := js[int](b, `document.querySelectorAll('#strip button[tabindex="0"]').length`); n != 1 {
		t.Errorf("the strip has %d tab stops", n)
	}
	b.do(chromedp.Evaluate(`document.querySelector('#strip button[tabindex="0"]').focus()`, nil))
	for _, k := range [][2]string{{kb.End, names[999]}, {kb.ArrowLeft, names[998]}, {kb.Home, names[500]}, {kb.ArrowLeft, names[500]}} {
		b.key(k[0])
		if got := js[string](b, `document.activeElement.dataset.key`); got != k[1] {
			t.Errorf("a key leads to %q, want %q", got, k[1])
		}
	}
	// A long name is shortened in its middle.
	parts := js[[]float64](b, `(() => { const c = document.querySelector('#strip .caption'), t = c.querySelector('.tail').getBoundingClientRect(), h = c.querySelector('.head'); return [h.scrollWidth - h.clientWidth, t.right - c.getBoundingClientRect().right, t.width]; })()`)
	if parts[0] <= 0 || parts[1] > 0.5 || parts[2] < 20 {
		t.Errorf("a long name: %v pixels of its head hidden, its tail %v beyond the end and %v wide", parts[0], parts[1], parts[2])
	}
	b.do(chromedp.Navigate("about:blank")) // so that no thumbnail is being loaded when the server ends
}

func TestEveryFailedUploadIsNamed(t *testing.T) {
	b := open(t)
	dir := folder(t)
	b.visit(serve(t, "-dir", dir), "photo.jpg")
	from := t.TempDir()
	lay(t, from, []byte("words"), "one.png", "two.jpg")
	lay(t, from, square(t), "good.png")
	lay(t, from, nil, "empty.gif")
	var paths []string
	for _, name := range []string{"one.png", "good.png", "two.jpg", "empty.gif"} {
		paths = append(paths, filepath.Join(from, name))
	}
	b.do(chromedp.SetUploadFiles(`#file`, paths, chromedp.ByQuery))
	b.until("the good one is chosen", `document.querySelector('#strip button[aria-pressed=true]').dataset.key === 'good.png'`)
	b.whole()
	got := js[[]string](b, `[...document.querySelectorAll('#alert li')].map(e => e.textContent)`)
	if len(got) != 3 || !strings.HasPrefix(got[0], "one.png: ") || !strings.HasPrefix(got[1], "two.jpg: ") || !strings.HasPrefix(got[2], "empty.gif: ") {
		t.Errorf("the page says %q", got)
	}
	b.troubles() // the browser reports the 415s
}

func TestWhatPassesThrough(t *testing.T) {
	b := open(t)
	dir := folder(t)
	photo, err := os.ReadFile(filepath.Join(dir, "photo.jpg"))
	if err != nil {
		t.Fatal(err)
	}
	lay(t, dir, photo[:len(photo)/3], "cut.jpg")
	lay(t, dir, []byte("words"), "words.png")
	lay(t, dir, nil, "empty.jpg")
	page := serve(t, "-dir", dir)
	for _, name := range []string{"cut.jpg", "words.png", "empty.jpg"} {
		b.do(chromedp.Navigate("about:blank"))
		b.visit(page, name)
		if got := b.badges(); got["passed through"] != b.count() {
			t.Errorf("%s: badges %v", name, got)
		}
		banner := js[string](b, `document.getElementById('banner').hidden ? '' : document.getElementById('banner').textContent`)
		if !regexp.MustCompile(`^This picture passes through\. Whatever the size, visitors get the original: .+\.$`).MatchString(banner) {
			t.Errorf("%s: the banner says %q", name, banner)
		}
		if text := js[string](b, `document.body.innerText`); regexp.MustCompile(`NaN|undefined|Infinity|\[object`).MatchString(text) {
			t.Errorf("%s: the page says %s", name, regexp.MustCompile(`.{0,40}(NaN|undefined|Infinity|\[object).{0,40}`).FindString(text))
		}
		if name != "cut.jpg" && js[bool](b, `!document.getElementById('picture').hidden`) {
			t.Errorf("%s: there is nothing to compare, and a slider", name)
		}
		b.shot("passed-" + name)
	}
	b.do(chromedp.Navigate("about:blank"))
	b.visit(page, "photo.jpg")
	if js[bool](b, `!document.getElementById('banner').hidden`) {
		t.Error("the banner stays with a picture that does not pass through")
	}
}

func TestABareDomainGetsItsScheme(t *testing.T) {
	b := open(t)
	b.visit(serve(t), "lake.jpg")
	for given, want := range map[string]string{"cdn.example": "https://cdn.example", " cdn.example// ": "https://cdn.example", "//cdn.example": "https://cdn.example",
		"http://cdn.example": "http://cdn.example", "HTTPS://cdn.example/x/": "HTTPS://cdn.example/x", "cdn.example:8443/a": "https://cdn.example:8443/a"} {
		b.do(chromedp.SetValue(`#m-domain`, given), chromedp.Evaluate(`document.getElementById('m-domain').dispatchEvent(new Event('input'))`, nil))
		if got := js[string](b, `document.getElementById('m-code').textContent`); !strings.Contains(got, `src="`+want+`/lake.jpg?size=`) {
			t.Errorf("%q gives %q", given, regexp.MustCompile(`src="[^"]*"`).FindString(got))
		}
	}
}
