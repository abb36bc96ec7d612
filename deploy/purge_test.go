package main

import (
	"encoding/json"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"miniatura/warm"
)

// For every key, purge invalidates the path that a browser sends (by the URL standard, as Node has
// it), and the path into which the viewer function changes that, which is the key in the cache.
// Both are compared in the spelling of browsers.
func TestPurgeForgetsWhatBrowsersAskFor(t *testing.T) {
	n := newNode(t)
	keys := []string{"a.jpg", "fotos/foto (1).jpg", "a+b.jpg", "100%.jpg", "100%25.jpg", "ni\u00f1o.jpg", "nin\u0303o.jpg", "it's.jpg", "🐈.jpg", "~me/a.jpg", "a[1]|b.jpg", "a^b`{c}.jpg",
		`say "hi" <b>.jpg`, "a&b=c;d,e:f@g$h!.jpg", "what?#x.jpg", `back\slash.jpg`, "x/./y.jpg", "x//y.jpg", "a*b.jpg", "tab\there.jpg"}
	// page encodes what a page has to encode so that the browser asks for the key.
	page := strings.NewReplacer("%", "%25", "?", "%3F", "#", "%23", `\`, "%5C", "+", "%2B", "*", "%2A", "\t", "%09")
	var written []string
	for _, k := range keys {
		written = append(written, page.Replace(k))
	}
	in, err := json.Marshal(written)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("node", "-e", `let s='';process.stdin.on('data',d=>s+=d).on('end',()=>console.log(JSON.stringify(JSON.parse(s).map(p=>new URL('http://h/'+p).pathname))))`)
	cmd.Stdin = strings.NewReader(string(in))
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var sent []string
	if err := json.Unmarshal(out, &sent); err != nil || len(sent) != len(keys) {
		t.Fatal(string(out), err)
	}
	other := 0
	for i, key := range keys {
		if strings.Contains(key, "/./") {
			continue // browsers do not ask for it
		}
		forgotten := warm.Invalidation(warm.Settings{}, key, false)
		if p := warm.BrowserSpelling(warm.Settings{}, key, false); p != "" {
			forgotten = append(forgotten, p)
			other++
		}
		cached := n.view(t, question{URI: sent[i], Query: "size=L"})[0].URI
		// Some browsers encode ^, because earlier versions of the URL standard did.
		for what, p := range map[string]string{"the browser": strings.ReplaceAll(sent[i], "^", "%5E"), "the cache": strings.ReplaceAll(cached, "^", "%5E")} {
			if !slices.Contains(forgotten, p) {
				t.Errorf("%q: %s has %s, forgotten are %q", key, what, p, forgotten)
			}
		}
		for _, p := range forgotten[1:] {
			if is, ok := keyIn(p[1:]); !ok || is != key {
				t.Errorf("%q: %s is another key", key, p)
			}
		}
	}
	if other != 2 {
		t.Errorf("%d names have another spelling in browsers, want 2", other)
	}
}
