package desk

import (
	"bytes"
	"encoding/json"
	"image"
	"image/color/palette"
	"image/gif"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// explain -source prints a file's cost, and whether a function with some memory would begin it.
func TestExplainEstimatesASource(t *testing.T) {
	m := image.NewPaletted(image.Rect(0, 0, 1000, 700), palette.Plan9)
	for i := range m.Pix {
		m.Pix[i] = byte(i / 40)
	}
	g := &gif.GIF{}
	for range 130 {
		g.Image, g.Delay = append(g.Image, m), append(g.Delay, 4)
	}
	var b bytes.Buffer
	if err := gif.EncodeAll(&b, g); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "long.gif")
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{"explain", "-source", path, "-memory"}
	ask := func(memory, query string) *estimate {
		code, stdout, stderr := run(append(args, memory, "-json", "/long.gif?"+query)...)
		var e explanation
		if err := json.Unmarshal([]byte(stdout), &e); err != nil || code != 0 {
			t.Fatalf("%v in %q; exit %d, %q", err, stdout, code, stderr)
		}
		return e.Estimate
	}
	half, whole := ask("512", "size=M&to_webp=1"), ask("1769", "size=M&to_webp=1")
	if half.CPU != whole.CPU || half.CPU < 1000 || half.Wait < 3*whole.Wait || !whole.Begun {
		t.Errorf("%+v at 512 MB, %+v at 1769", half, whole)
	}
	if own := ask("512", "size=M"); own.CPU <= 0 || own.CPU == half.CPU {
		t.Errorf("%+v to GIF, %+v to WebP", own, half)
	}
	if e := ask("16", "size=XS"); e.Begun || !strings.Contains(e.Why, "memory") {
		t.Errorf("16 MB: %+v", e)
	}
	if e := ask("512", "size=none"); e != nil {
		t.Errorf("nothing is made, but %+v", e)
	}
	code, words, _ := run(append(args, "512", "/long.gif?size=M")...)
	if code != 0 || !strings.Contains(words, "ms of CPU") || !strings.Contains(words, "begun") {
		t.Errorf("exit %d, %q", code, words)
	}
	for _, bad := range [][]string{{path + ".none", "512"}, {path, "0"}, {path, "-1"}} {
		if code, _, _ := run("explain", "-source", bad[0], "-memory", bad[1], "/long.gif?size=M"); code == 0 {
			t.Errorf("%q: exit 0", bad)
		}
	}
}
