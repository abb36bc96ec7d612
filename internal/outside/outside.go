// Package outside gives tests access to things that are not in this repository: pictures in a
// folder beside it, and programs of other projects. A test that asks for something that does not
// exist is skipped with a message.
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

// Root returns the folder of shared test files: $MINIATURA_SHARED, or else the nearest folder
// "shared" that is beside the working directory or beside one of its parents, and has a folder
// "corpus". If there is none, Root returns "shared".
func Root() string {
	if root := os.Getenv("MINIATURA_SHARED"); root != "" {
		return root
	}
	const none = "shared"
	dir, err := os.Getwd()
	if err != nil {
		return none
	}
	for dir != filepath.Dir(dir) { // up to the root of the file system
		dir = filepath.Dir(dir)
		shared := filepath.Join(dir, "shared")
		if _, err := os.Stat(filepath.Join(shared, "corpus")); err == nil {
			return shared
		}
	}
	return none
}

// Shared returns the path of a file or folder below Root. It skips the test when there is nothing
// at that path.
func Shared(t testing.TB, name string) string {
	t.Helper()
	path := filepath.Join(Root(), name)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("no %s here; MINIATURA_SHARED names the folder of shared test files", name)
	}
	return path
}

// Files returns the sorted paths of the files below some folders of Root whose names end in suffix,
// in lower or upper case. suffix is in lower case. Files skips the test when a folder does not
// exist, and fails the test when a folder has no such file.
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
