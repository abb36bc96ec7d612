package browsertest

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// svg is a picture that runs a script when it is shown as a page.
const svg = `<svg xmlns="http://www.w3.org/2000/svg" onload="alert(5)"><script>alert(6)</script></svg>`

func TestHostileUploads(t *testing.T) {
	b := open(t)
	dir := folder(t)
	names := fillHostile(t, dir)
	page := serve(t, "-dir", dir)
	b.do(chromedp.Navigate(page))
	b.until("the strip is there", fmt.Sprintf(`document.querySelectorAll('#strip button').length === %d`, len(names)+2))
	b.whole()
	upload := func(name string, body []byte) {
		t.Helper()
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, body, 0o644); err != nil {
			t.Fatal(err)
		}
		b.do(chromedp.SetUploadFiles(`#file`, []string{path}, chromedp.ByQuery))
	}
	small := square(t)
	hostile := `<svg onload=alert(8)> & "quotes".png`
	upload(hostile, small)
	b.until("the upload is chosen", `document.querySelector('#strip button[aria-pressed=true]').dataset.key.startsWith('<svg')`)
	b.whole()
	if got := js[string](b, `document.querySelector('#results-title bdi').textContent`); got != hostile {
		t.Errorf("the page calls it %q, want %q", got, hostile)
	}
	if got := b.badges(); got["failed"] != 0 {
		t.Errorf("badges %v", got)
	}
	if stored, err := os.ReadFile(filepath.Join(dir, hostile)); err != nil || string(stored) != string(small) {
		t.Errorf("the upload is not in the folder as it was: %v", err)
	}
	b.shot("hostile")

	// An upload of the same name with other bytes does not replace the first one.
	upload(hostile, append(small, 0))
	b.until("the second one has a name of its own", `document.querySelector('#strip button[aria-pressed=true]').dataset.key.endsWith('-2.png')`)
	b.whole()

	// A file that is no picture is refused with a message.
	upload("evil.png", []byte(svg))
	b.until("the page says why not", `document.getElementById('alert').textContent.includes('evil.png: its bytes are not a JPEG, PNG, GIF, BMP or WebP picture')`)
	b.troubles() // the browser reports the 415
	b.view("refused")

	// If the name is a path, only its last part is used, so the file stays in the folder.
	for _, c := range [][2]string{{"../../up.png", "up.png"}, {`C:\photos\win.png`, "win.png"}, {"/etc/passwd", "passwd.png"}, {"..", "picture.png"}, {"resized/L/x.png", "x.png"}, {"nul\x00byte.png", "nul_byte.png"}} {
		got := js[string](b, fmt.Sprintf(`(async () => { const png = await (await fetch('/' + encodeURIComponent(%q))).blob();
			return (await (await fetch('/.miniatura/pictures?name=' + encodeURIComponent(%q), {method: 'PUT', body: png})).json()).key; })()`, hostile, c[0]))
		if got != c[1] {
			t.Errorf("name %q became %q, want %q", c[0], got, c[1])
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "..", "up.png")); !errors.Is(err, fs.ErrNotExist) {
		t.Error("an upload left the folder")
	}

	b.runsNothing(page)
}

// fillHostile writes files into dir that an attacker may have uploaded: pictures whose names are
// markup, and pages. It returns the names of the pictures.
func fillHostile(t *testing.T, dir string) (names []string) {
	t.Helper()
	names = []string{`<img src=x onerror=alert(1)>.png`, `"><script>alert(2)</script>.png`, `' onmouseover='alert(3).png`, "javascript:alert(4).png", "\u202egnp.exe.png", "{{.}}.png"}
	picture := filepath.Join(dir, "photo.jpg")
	data, err := os.ReadFile(picture)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if strings.Contains(name, "/") {
			name = strings.ReplaceAll(name, "/", "\u2215")
		}
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for name, body := range map[string]string{"evil.svg": svg, "evil.html": `<script>alert(7)</script>`, "really an svg.png": svg} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(body), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return names
}

// runsNothing opens pages that are stored in the bucket. They must be shown and run no script.
func (b *tab) runsNothing(page string) {
	b.Helper()
	for _, name := range []string{"evil.svg", "evil.html"} {
		b.do(chromedp.Navigate(page + name))
		time.Sleep(200 * time.Millisecond)
		blocked := b.troubles()
		for _, s := range blocked {
			if strings.Contains(s, "dialog") {
				b.Errorf("%s: %s", name, s)
			}
		}
	}
}
