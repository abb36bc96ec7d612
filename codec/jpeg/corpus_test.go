package jpeg

import (
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"

	"miniatura/internal/outside"
)

// corpusJPEGs returns the paths of all files below the corpus folders that are named as JPEGs.
func corpusJPEGs(t testing.TB, folders ...string) []string {
	dir := outside.Shared(t, "corpus")
	var out []string
	for _, f := range folders {
		err := filepath.WalkDir(filepath.Join(dir, f), func(p string, e os.DirEntry, err error) error {
			if err == nil && (strings.HasSuffix(p, ".jpg") || strings.HasSuffix(p, ".jpeg")) {
				out = append(out, p)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	sort.Strings(out)
	return out
}

// long reports whether tests may take minutes.
func long() bool { return os.Getenv("MINIATURA_LONG") != "" }

func readFile(t testing.TB, p string) []byte {
	b, err := os.ReadFile(p)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
