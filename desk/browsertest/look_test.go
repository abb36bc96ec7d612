package browsertest

import (
	"fmt"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

func TestDarkAndPhone(t *testing.T) {
	b := open(t)
	page := serve(t)
	luminance := func() float64 {
		return js[float64](b, `(() => { const c = document.createElement('canvas').getContext('2d', {willReadFrequently: true}); c.fillStyle = getComputedStyle(document.body).backgroundColor;
			c.fillRect(0, 0, 1, 1); const p = c.getImageData(0, 0, 1, 1).data; return (p[0] + p[1] + p[2]) / 765; })()`)
	}
	b.do(chromedp.Navigate(page))
	b.whole()
	if l := luminance(); l < 0.8 {
		t.Errorf("the light page has luminance %.2f", l)
	}
	b.do(emulation.SetEmulatedMedia().WithFeatures(still(&emulation.MediaFeature{Name: "prefers-color-scheme", Value: "dark"})))
	if l := luminance(); l > 0.2 {
		t.Errorf("the dark page has luminance %.2f", l)
	}
	b.shot("dark")
	b.do(chromedp.Click(`#theme`)) // system -> light
	if l := luminance(); l < 0.8 {
		t.Errorf("the page that was asked to be light has luminance %.2f", l)
	}
	b.do(chromedp.Reload())
	b.whole()
	if l := luminance(); l < 0.8 {
		t.Errorf("the choice is forgotten: luminance %.2f", l)
	}

	b.do(chromedp.EmulateViewport(375, 812, chromedp.EmulateScale(2), chromedp.EmulateMobile), chromedp.Reload())
	b.whole()
	b.do(chromedp.Evaluate(`document.getElementById('links').open = true`, nil))
	if w := js[int](b, `document.documentElement.scrollWidth`); w > 375 {
		wide := js[[]string](b, `[...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > 376 && !e.closest('.scroll, .strip, .scroller, pre')).map(e => e.tagName + '.' + e.className).slice(0, 5)`)
		t.Errorf("at 375 pixels the page is %d wide: %v", w, wide)
	}
	if small := js[[]string](b, `[...document.querySelectorAll('main button, main select')].filter(e => e.offsetParent && e.getBoundingClientRect().height < 30).map(e => e.textContent)`); len(small) > 0 {
		t.Errorf("too small for a finger: %v", small)
	}
	b.do(emulation.SetEmulatedMedia().WithFeatures(still()))
	b.shot("phone")
}

// contrasts returns what has too little contrast: text below 4.5:1, and borders of controls and
// parts of the bar below 3:1 (WCAG 2.2, 1.4.3 and 1.4.11). Colours are read as the browser paints
// them.
const contrasts = `(() => {
	const c = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
	const over = (color, under) => { c.clearRect(0, 0, 1, 1); c.fillStyle = under; c.fillRect(0, 0, 1, 1); c.fillStyle = color; c.fillRect(0, 0, 1, 1);
		return 'rgb(' + [...c.getImageData(0, 0, 1, 1).data].slice(0, 3).join(',') + ')'; };
	const luminance = color => { const [r, g, b] = color.match(/\d+/g).map(v => { v /= 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; }); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
	const ratio = (a, b) => { const [x, y] = [luminance(a), luminance(b)].sort((p, q) => q - p); return (x + 0.05) / (y + 0.05); };
	const ground = e => { let chain = []; for (; e; e = e.parentElement) chain.unshift(getComputedStyle(e).backgroundColor); return chain.reduce((under, color) => over(color, under), 'rgb(255,255,255)'); };
	const bad = new Set(), seen = {text: 0, control: 0, part: 0};
	const say = (what, e, r) => bad.add(what + ' ' + e.tagName + '#' + e.id + '.' + e.className + ' ' + (e.textContent || '').trim().slice(0, 30) + ' ' + r.toFixed(2));
	for (const e of document.querySelectorAll('body *')) {
		if (!e.checkVisibility({visibilityProperty: true}) || e.closest('.hidden-text, .stagebox, .skip')) continue;
		const s = getComputedStyle(e), g = ground(e);
		if ([...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim())) { seen.text++; const r = ratio(over(s.color, g), g); if (r < 4.5) say('text', e, r); }
		if (e.matches('input[placeholder]')) { const r = ratio(over(getComputedStyle(e, '::placeholder').color, g), g); if (r < 4.5) say('placeholder', e, r); }
		if (e.matches('button, select, input[type=text], input[type=search], .drop')) {
			seen.control++;
			const outside = ground(e.parentElement), r = ratio(over(s.borderTopColor, outside), outside);
			if (r < 3 && !(e.disabled)) say('control', e, r);
		}
		if (e.matches('#stages-bar i')) { seen.part++; const around = ground(e.closest('section')), r = ratio(over(s.backgroundColor, around), around); if (r < 3) say('part', e, r); }
	}
	if (seen.text < 100 || seen.control < 40 || seen.part < 2) bad.add('only ' + JSON.stringify(seen) + ' were looked at');
	return [...bad];
})()`

func TestContrastInBothSchemes(t *testing.T) {
	b := open(t)
	dir := folder(t)
	lay(t, dir, []byte("words"), "words.png")
	page := serve(t, "-dir", dir)
	for _, scheme := range []string{"light", "dark"} {
		b.do(emulation.SetEmulatedMedia().WithFeatures(still(&emulation.MediaFeature{Name: "prefers-color-scheme", Value: scheme})))
		for _, name := range []string{"photo.jpg", "words.png"} {
			b.do(chromedp.Navigate("about:blank"))
			b.visit(page, name)
			if name == "photo.jpg" {
				b.do(chromedp.Evaluate(`document.getElementById('status').textContent = ''`, nil), chromedp.Click(`#again`)) // so that the bar has every part
				b.whole()
			}
			b.do(chromedp.Evaluate(`document.getElementById('links').open = true; complain('A line that went wrong.')`, nil))
			b.until("the log has a line", `document.querySelectorAll('#lines details').length > 0`)
			if name == "words.png" {
				b.do(chromedp.Evaluate(`const bar = document.getElementById('stages'); bar.hidden = false; document.getElementById('stages-bar').append(el('i', {class: 's-put'}), el('i', {class: 's-wait'}))`, nil))
			}
			for _, bad := range js[[]string](b, contrasts) {
				t.Errorf("%s, %s: %s", scheme, name, bad)
			}
		}
	}
}

// The whole page can be used in a narrow window.
func TestNarrowWindows(t *testing.T) {
	b := open(t)
	page := serve(t)
	for _, width := range []int64{375, 320} {
		b.do(chromedp.EmulateViewport(width, 812, chromedp.EmulateScale(2), chromedp.EmulateMobile), chromedp.Navigate("about:blank"))
		b.visit(page, "lake.jpg")
		b.do(chromedp.Evaluate(`document.getElementById('links').open = true`, nil))
		if w := js[int64](b, `document.documentElement.scrollWidth`); w > width {
			wide := js[[]string](b, fmt.Sprintf(`[...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > %d && !e.closest('.scroll, .strip, .scroller, pre')).map(e => e.tagName + '.' + e.className).slice(0, 8)`, width+1))
			t.Errorf("at %d pixels the page is %d wide: %v", width, w, wide)
		}
		if small := js[[]string](b, `[...document.querySelectorAll('main button, main select, main input[type=search], main input[type=text]')].filter(e => e.offsetParent && e.getBoundingClientRect().height < 30).map(e => e.textContent || e.id)`); len(small) > 0 {
			t.Errorf("at %d pixels these are too small for a finger: %v", width, small)
		}
		if cut := js[[]string](b, `[...document.querySelectorAll('.tile .words > *')].filter(e => e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).display !== 'inline').map(e => e.textContent).slice(0, 5)`); len(cut) > 0 {
			t.Errorf("at %d pixels these are cut off: %q", width, cut)
		}
		b.do(chromedp.Evaluate(`document.getElementById('links').open = false`, nil))
		b.shot(fmt.Sprintf("phone-%d", width))
	}
}
