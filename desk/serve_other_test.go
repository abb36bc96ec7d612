//go:build unix

package desk

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// serve -dir makes and stores no result for a page of another site, for a file that is not a
// regular file, or for a key that is too long.
func TestServeMakesNothingForOthers(t *testing.T) {
	dir := folder(t, map[string][]byte{"a.png": pngOf(t, 700, 500)})
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe.png"), 0o600); err != nil {
		t.Fatal(err)
	}
	b, err := openDir(dir, settings{bucket: "local", resized: "resized", quality: 80})
	if err != nil {
		t.Fatal(err)
	}
	defer b.close()
	hs := httptest.NewServer(newCloudFront(b, io.Discard))
	defer hs.Close()
	client := &http.Client{Timeout: 10 * time.Second}
	get := func(path, site string) (int, int, http.Header) {
		t.Helper()
		req, err := http.NewRequest("GET", hs.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if site != "" {
			req.Header.Set("Sec-Fetch-Site", site)
		}
		res, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		n, err := io.Copy(io.Discard, res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, int(n), res.Header
	}
	result := filepath.Join(dir, "resized", "SS", "a.png")

	original, err := os.Stat(filepath.Join(dir, "a.png"))
	if err != nil {
		t.Fatal(err)
	}
	status, n, h := get("/a.png?size=SS", "cross-site")
	if status != 200 || n != int(original.Size()) || h.Get("Cross-Origin-Resource-Policy") != "same-site" {
		t.Errorf("cross-site: %d, %d bytes, %v", status, n, h)
	}
	if _, err := os.Stat(result); !os.IsNotExist(err) {
		t.Errorf("cross-site: a result was stored, %v", err)
	}
	for _, site := range []string{"", "none", "same-origin", "same-site"} {
		os.Remove(result)
		if status, n, _ := get("/a.png?size=SS", site); status != 200 || n == int(original.Size()) {
			t.Errorf("%q: %d, %d bytes", site, status, n)
		}
		if _, err := os.Stat(result); err != nil {
			t.Errorf("%q: %v", site, err)
		}
	}

	for _, query := range []string{"", "?size=SS"} {
		if status, _, _ := get("/pipe.png"+query, ""); status != 404 {
			t.Errorf("a pipe%s: %d", query, status)
		}
		if status, _, _ := get("/"+strings.Repeat("k", 1025)+".png"+query, ""); status != 400 {
			t.Errorf("a long key%s: %d", query, status)
		}
	}
}
