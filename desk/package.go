package desk

// This file implements package.

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"miniatura/codec/png"
	"miniatura/desk/progress"
)

// zipBudget is the largest size of the edge's zip, in bytes. Cold starts fetch the zip in every
// Region.
const zipBudget = 3_050_000

// notInlined are packages that are compiled without inlining, because inlined copies of small
// functions would add 92 kB to the zip. The packages mostly wait for the network, and their
// additional calls cost about a microsecond per request.
var notInlined = []string{"crypto/tls", "crypto/x509", "math/big", "net", "net/http"}

// A bundle is a zip that Lambda can run: the Go binary for some build tags, and the files that it
// needs.
type bundle struct {
	tags   string
	binary string   // the Go binary's name in the zip
	files  []string // further files, relative to the module's root
	budget int      // the largest size of the zip, in bytes
}

var (
	// edgeBundle is for Lambda@Edge, where a Python module starts the binary.
	edgeBundle = bundle{
		tags:   "edge,lambda.norpc,nethttpomithttp2",
		binary: "miniatura",
		files:  []string{"deploy/lambda_function.py"},
		budget: zipBudget,
	}
	// regionalBundle is for the regional function, on the runtime provided.al2023.
	regionalBundle = bundle{
		tags:   "regional,lambda.norpc,nethttpomithttp2",
		binary: "bootstrap",
		budget: 50_000_000, // below maxCode, which deploy checks
	}
)

func runPackage(ctx context.Context, args []string, _ io.Reader, stdout, stderr io.Writer) int {
	f := newFlags("package", stdout)
	out := f.String("o", "", "write the zip to this `file` (default dist/edge.zip, or dist/regional.zip)")
	regional := f.Bool("regional", false, "build the regional function's zip (S3 events, S3 Batch) instead of the edge's")
	if _, err := f.parse(args, 0, 0); err != nil {
		return report(stderr, "package", err)
	}
	b, name := edgeBundle, "edge.zip"
	if *regional {
		b, name = regionalBundle, "regional.zip"
	}
	if *out == "" {
		*out = filepath.Join("dist", name)
	}
	root, err := moduleRoot()
	if err != nil {
		return report(stderr, "package", usageError{err})
	}
	line := progress.New(stderr, "package", 0, "")
	data, err := b.build(ctx, root, func(step string) { line.Add(1, step) })
	if err == nil {
		err = writeFile(*out, data)
	}
	if err != nil {
		line.Done("failed")
		return report(stderr, "package", err)
	}
	line.Done("")
	sum := sha256.Sum256(data)
	fmt.Fprintf(stdout, "%s: %d bytes (%.2f of %.2f MB), CodeSha256 %s\n", *out, len(data),
		float64(len(data))/1e6, float64(b.budget)/1e6, base64.StdEncoding.EncodeToString(sum[:]))
	return exitOK
}

// build compiles the module at root and returns the zip. The zip's bytes depend only on the source
// and the Go release. step is called before each step of the work, with a description of the step.
func (b bundle) build(ctx context.Context, root string, step func(string)) ([]byte, error) {
	step("compiling for linux/amd64")
	binary, err := b.compile(ctx, root)
	if err != nil {
		return nil, err
	}
	step("compressing")
	return b.pack(root, binary)
}

// compile builds the module at root and returns the binary.
func (b bundle) compile(ctx context.Context, root string) ([]byte, error) {
	tmp, err := os.MkdirTemp("", "miniatura-package-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(tmp)
	path := filepath.Join(tmp, b.binary)
	args := []string{"build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w -buildid="}
	for _, pkg := range notInlined {
		args = append(args, "-gcflags="+pkg+"=-l")
	}
	cmd := exec.CommandContext(ctx, "go", append(args, "-tags", b.tags, "-o", path, ".")...)
	cmd.Dir = root
	// The bytes must not depend on the user's environment: no flags, no workspace, no experiments,
	// and the baseline processor.
	cmd.Env = append(os.Environ(), "GOFLAGS=", "CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64", "GOAMD64=v1", "GOWORK=off", "GOEXPERIMENT=", "GOFIPS140=off")
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if errors.Is(err, exec.ErrNotFound) {
			return nil, errors.New("the go command is not in PATH")
		}
		return nil, fmt.Errorf("go build: %w: %s", err, strings.TrimSpace(said.String()))
	}
	return os.ReadFile(path)
}

// A compressor compresses a file of a zip with the DEFLATE encoder of codec/png. That encoder is
// slow and thorough, which fits a zip that is packed once and fetched at every cold start.
type compressor struct {
	w   io.Writer
	buf []byte
}

func (c *compressor) Write(p []byte) (int, error) {
	c.buf = append(c.buf, p...)
	return len(p), nil
}

func (c *compressor) Close() error {
	_, err := c.w.Write(png.AppendDeflate(nil, c.buf))
	return err
}

// pack returns a zip of binary and the bundle's files. It returns an error when the zip is larger
// than the budget.
func (b bundle) pack(root string, binary []byte) ([]byte, error) {
	var buf bytes.Buffer
	z := zip.NewWriter(&buf)
	z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return &compressor{w: w}, nil })
	if err := addFile(z, b.binary, binary); err != nil {
		return nil, err
	}
	for _, name := range b.files {
		text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
		if err != nil {
			return nil, err
		}
		// A checkout on Windows may have changed the line ends.
		text = bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n"))
		if err := addFile(z, filepath.Base(name), text); err != nil {
			return nil, err
		}
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	if buf.Len() > b.budget {
		return nil, fmt.Errorf("the zip has %d bytes, over the budget of %d", buf.Len(), b.budget)
	}
	return buf.Bytes(), nil
}

// addFile adds one file with the mode that Lambda needs and with a fixed time.
func addFile(z *zip.Writer, name string, data []byte) error {
	h := &zip.FileHeader{Name: name, Method: zip.Deflate, Modified: time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)}
	h.SetMode(0o755)
	w, err := z.CreateHeader(h)
	if err != nil {
		return err
	}
	_, err = w.Write(data)
	return err
}

// moduleRoot returns the folder of miniatura's go.mod, at or above the working directory.
func moduleRoot() (string, error) {
	working, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for dir := working; ; dir = filepath.Dir(dir) {
		mod, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil {
			line, _, _ := strings.Cut(string(mod), "\n")
			if strings.TrimSpace(line) == "module miniatura" {
				return dir, nil
			}
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("no go.mod of module miniatura at or above %s; run it inside the project", working)
		}
	}
}
