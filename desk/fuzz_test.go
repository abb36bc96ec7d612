package desk

import (
	"io/fs"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"miniatura/edge"
)

// The link for any key leads back to that key, and to no other host, for the browser, for serve and
// for the function.
func FuzzLinksLeadBackToTheirKeys(f *testing.F) {
	for _, key := range []string{"a.jpg", "x y/+%?#&=ñ.jpg", "//evil/a.jpg", "/a.jpg", "a//b.jpg", "\x00.jpg", "%2e.jpg", "a:b@c.jpg"} {
		f.Add(key)
	}
	base, err := url.Parse("http://host/")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, key string) {
		for _, part := range strings.Split(key, "/") {
			if part == "." || part == ".." {
				t.Skip("browsers take dot segments out; there is no link to such a key")
			}
		}
		link := keyPath(key)
		if strings.ContainsAny(link, " \"'<>&?#\\") || strings.HasPrefix(link, "//") {
			t.Fatalf("the link of %q is %q", key, link)
		}
		u, err := base.Parse(link)
		if err != nil || u.Host != "host" {
			t.Fatalf("the link of %q leads to %v (%v)", key, u, err)
		}
		// A browser sends "/./" as "/".
		sent := strings.Replace(link, "/.//", "//", 1)
		if got, err := edge.ObjectKey(sent); err != nil || got != key {
			t.Fatalf("serve reads %q from %q, want %q (%v)", got, sent, key, err)
		}
		e, err := explain(sent+"?size=S", "", settings{bucket: "b", region: "us-east-1", resized: "resized", quality: 80})
		if utf8.ValidString(key) && (err != nil || e.Key != key) {
			t.Fatalf("the function reads %q from %q, want %q (%v)", e.Key, sent, key, err)
		}
	})
}

func FuzzUploadNames(f *testing.F) {
	for _, name := range []string{"photo.jpg", "../../x.png", `C:\x.gif`, "a\x00b.png", "\xff.png", strings.Repeat("ñ", 300), "....", ".png/", "x.JPEG "} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		got := uploadName(name, ".png")
		if !edge.HasExtension(got) || !fs.ValidPath(got) || strings.ContainsAny(got, "/\\\x00\n\r") || len(got) > 200 || strings.HasPrefix(got, ".") || !utf8.ValidString(got) {
			t.Fatalf("%q becomes %q", name, got)
		}
		if again := uploadName(got, ".png"); again != got {
			t.Fatalf("%q becomes %q, and that %q", name, got, again)
		}
	})
}
