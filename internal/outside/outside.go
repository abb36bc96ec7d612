// Package outside gives tests what lies outside of this repository: pictures beside it, and other
// people's programs. A test that asks for something that is not there is skipped with a message.
//
//	for _, path := range outside.Files(t, ".png", "corpus/png") { ... }
//	browser := outside.Chromium(t)
//
//	outside.go    pictures: Root, Shared, Files
//	programs.go   Pillow, Chromium, versitygw
package outside

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Root returns the folder of shared test files: $MINIATURA_SHARED, or the folder "shared" beside
// the repository, which is looked for from the working directory upward. It need not exist.
func Root() string {
	if root := os.Getenv("MINIATURA_SHARED"); root != "" {
		return root
	}
	dir, err := os.Getwd()
	for err == nil && dir != filepath.Dir(dir) {
		dir = filepath.Dir(dir)
		shared := filepath.Join(dir, "shared")
		if _, err := os.Stat(filepath.Join(shared, "corpus")); err == nil {
			return shared
		}
	}
	return "shared"
}

// Shared returns the path of a file or folder below Root, or skips the test.
func Shared(t testing.TB, name string) string {
	t.Helper()
	path := filepath.Join(Root(), name)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("no %s here; MINIATURA_SHARED names the folder of shared test files", name)
	}
	return path
}

// Files returns the paths of all files below folders of Root whose names end in suffix, in either
// case. It skips the test when there is no such folder, and fails it when a folder has no such
// file.
func Files(t testing.TB, suffix string, folders ...string) (files []string) {
	t.Helper()
	for _, folder := range folders {
		before := len(files)
		err := filepath.WalkDir(Shared(t, folder), func(path string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() && strings.HasSuffix(strings.ToLower(path), suffix) {
				files = append(files, path)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if len(files) == before {
			t.Fatalf("no %s below %s", suffix, folder)
		}
	}
	slices.Sort(files)
	return files
}
