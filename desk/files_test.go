package desk

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
)

func TestWriteFileReplacesRegularFilesOnly(t *testing.T) {
	dir := folder(t, map[string][]byte{"old": []byte("a longer text than the new one"), "target": []byte("a longer text than the new one"), "sub/x": nil})
	at := func(name string) string { return filepath.Join(dir, name) }
	read := func(name string) string {
		t.Helper()
		data, err := os.ReadFile(at(name))
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	if err := os.Chmod(at("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"old", "new", "deep/er/new"} {
		if err := writeFile(at(name), []byte("text")); err != nil || read(name) != "text" {
			t.Errorf("%s: %v, %q", name, err, read(name))
		}
	}
	if st, _ := os.Stat(at("old")); runtime.GOOS != "windows" && st.Mode().Perm() != 0o600 {
		t.Errorf("what was for its owner only has mode %v now", st.Mode())
	}
	if err := writeFile(at("sub"), []byte("text")); err == nil {
		t.Error("a folder was written to")
	}

	for _, l := range [][2]string{{"link", "target"}, {"dangling", "made"}, {"to sub", "sub"}} {
		if err := os.Symlink(l[1], at(l[0])); err != nil {
			t.Skip("no symbolic links here")
		}
	}
	for link, target := range map[string]string{"link": "target", "dangling": "made"} {
		if err := writeFile(at(link), []byte("text")); err != nil || read(target) != "text" {
			t.Errorf("%s: %v, %s holds %q", link, err, target, read(target))
		}
		if st, err := os.Lstat(at(link)); err != nil || st.Mode()&os.ModeSymlink == 0 {
			t.Errorf("%s is no link any more: %v", link, st.Mode())
		}
	}
	if err := writeFile(at("to sub"), []byte("text")); err == nil {
		t.Error("a link to a folder was written to")
	}
	want := []string{"dangling", "deep/er/new", "link", "made", "new", "old", "sub/x", "target", "to sub"}
	if got := contents(t, dir); !slices.Equal(got, want) {
		t.Errorf("the folder has %q, want %q", got, want)
	}
}

// Paths in both systems' styles are tested on every system.
func TestPathsOfBothSystems(t *testing.T) {
	windows, unix := pathStyle{true}, pathStyle{false}
	for _, c := range []struct {
		p               pathStyle
		path, base, ext string
		folder          bool
		slashed         string
	}{
		{windows, `C:\fotos\a.b.jpg`, "a.b.jpg", ".jpg", false, "C:/fotos/a.b.jpg"},
		{windows, `fotos\out`, "out", "", false, "fotos/out"},
		{windows, `fotos.old\out`, "out", "", false, "fotos.old/out"},
		{windows, `fotos\`, "", "", true, "fotos/"},
		{windows, `fotos/out.png`, "out.png", ".png", false, "fotos/out.png"},
		{windows, `C:a.jpg`, "a.jpg", ".jpg", false, "C:a.jpg"},
		{windows, `C:`, "", "", true, "C:"},
		{windows, `..\..`, "..", ".", true, "../.."},
		{windows, `\\server\share\a.jpg`, "a.jpg", ".jpg", false, "//server/share/a.jpg"},
		{unix, `a\b.jpg`, `a\b.jpg`, ".jpg", false, `a\b.jpg`},
		{unix, `fotos/a:b`, "a:b", "", false, "fotos/a:b"},
		{unix, `fotos.old/out`, "out", "", false, "fotos.old/out"},
		{unix, `fotos/`, "", "", true, "fotos/"},
		{unix, `.`, ".", "", true, "."},
		{unix, `.jpg`, ".jpg", "", false, ".jpg"},
	} {
		if got := c.p.base(c.path); got != c.base {
			t.Errorf("%q: base %q, want %q", c.path, got, c.base)
		}
		if got := c.p.ext(c.path); got != c.ext {
			t.Errorf("%q: ext %q, want %q", c.path, got, c.ext)
		}
		if got := c.p.namesFolder(c.path); got != c.folder {
			t.Errorf("%q: a folder: %v", c.path, got)
		}
		if got := c.p.toSlash(c.path); got != c.slashed {
			t.Errorf("%q: with slashes %q, want %q", c.path, got, c.slashed)
		}
		if c.p == native && c.base != "" && c.path != `C:a.jpg` && filepath.Base(c.path) != c.base {
			t.Errorf("%q: filepath says %q", c.path, filepath.Base(c.path))
		}
	}
}
