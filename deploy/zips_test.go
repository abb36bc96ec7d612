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

// zips holds edge.zip and regional.zip with the names and modes that the real ones have, and
// nothing to run inside.
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
