package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	"miniatura/sizes"
)

// name returns the name of the narrowest size that is at least width wide, or else of the widest.
func name(width int) string {
	var least, widest sizes.Size
	for _, s := range sizes.All() {
		if s.Wide.W > widest.Wide.W {
			widest = s
		}
		if s.Wide.W >= width && (least.Name == "" || s.Wide.W < least.Wide.W) {
			least = s
		}
	}
	if least.Name == "" {
		return widest.Name
	}
	return least.Name
}

// assets is a substitute for what astro/assets gives a service. Without these functions Astro's
// <img> has no alt and no srcset.
const assets = `export const baseService = {getURL() { return '' }, validateOptions() {}, getHTMLAttributes() {}, getSrcSet() {}}`

// The loaders of docs/loaders.md are run in node, and ask for the sizes of the table.
func TestLoadersNameWhatTheTableHas(t *testing.T) {
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("no node is installed")
	}
	root, err := moduleRoot()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(loaders)))
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```js\n(.*?)```").FindAllSubmatch(text, -1)
	calls := []string{"m.default({src: '/a.jpg', width})", "m.default().getImage('/a.jpg', {modifiers: {width, format: 'webp'}}).url", "m.default.getHTMLAttributes && m.default.getSrcSet && m.default.validateOptions && m.default.getURL({src: {src: '/a.jpg'}, width, format: 'webp'})"}
	if len(blocks) != len(calls) {
		t.Fatalf("%d loaders, want %d", len(blocks), len(calls))
	}
	widths := []int{1, 16, 180, 181, 360, 427, 428, 640, 854, 1080, 1200, 1280, 1281, 3840}
	asked, err := json.Marshal(widths)
	if err != nil {
		t.Fatal(err)
	}
	for i, call := range calls {
		file := filepath.Join(t.TempDir(), "loader.mjs")
		astro := filepath.Join(filepath.Dir(file), "node_modules", "astro")
		if err := os.MkdirAll(astro, 0o755); err != nil {
			t.Fatal(err)
		}
		for name, text := range map[string]string{"package.json": `{"type": "module", "exports": {"./assets": "./assets.js"}}`, "assets.js": assets} {
			if err := os.WriteFile(filepath.Join(astro, name), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.WriteFile(file, blocks[i][1], 0o644); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(node, "--input-type=module", "-e", "const m = await import(process.argv[1]); console.log(JSON.stringify("+string(asked)+".map(width => "+call+")))", "file://"+file)
		cmd.Stderr = os.Stderr
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		var urls []string
		if err := json.Unmarshal(out, &urls); err != nil {
			t.Fatalf("%v in %q", err, out)
		}
		for j, w := range widths {
			if want := "https://your.domain/a.jpg?size=" + name(w) + "&to_webp=1"; urls[j] != want {
				t.Errorf("loader %d, width %d: %s, want %s", i, w, urls[j], want)
			}
		}
	}
}
