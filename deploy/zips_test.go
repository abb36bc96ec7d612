package main

import (
	"archive/zip"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/aws/jsii-runtime-go"
)

// zips is a folder with edge.zip and regional.zip. Their files have the names and modes of the real
// ones, but no code.
var zips string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "miniatura-deploy-")
	if err == nil {
		zips = dir
		err = writeZip("edge.zip", "miniatura", "lambda_function.py")
	}
	if err == nil {
		err = writeZip("regional.zip", "bootstrap")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	jsii.Close()
	os.RemoveAll(dir)
	os.Exit(code)
}

// writeZip writes a zip of executable files that hold no code.
func writeZip(name string, files ...string) error {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, f := range files {
		h := &zip.FileHeader{Name: f}
		h.SetMode(0o755)
		w, err := z.CreateHeader(h)
		if err != nil {
			return err
		}
		fmt.Fprintln(w, "not the real", f)
	}
	if err := z.Close(); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(zips, name), b.Bytes(), 0o600)
}
