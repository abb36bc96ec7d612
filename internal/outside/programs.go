package outside

// This file finds and starts programs of other projects.

import (
	"bytes"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// Pillow returns the command of a Python that can import Pillow, or "" if there is none.
func Pillow() string {
	for _, python := range []string{"python3", "/usr/bin/python3"} {
		if exec.Command(python, "-c", "import PIL").Run() == nil {
			return python
		}
	}
	return ""
}

// Python runs a Python script that needs Pillow, and returns its output. It skips the test when
// there is no Pillow, and fails it when the script fails.
func Python(t testing.TB, script string, stdin []byte, args ...string) []byte {
	t.Helper()
	python := Pillow()
	if python == "" {
		t.Skip("Pillow is not installed (Debian: python3-pil)")
	}
	cmd := exec.Command(python, append([]string{"-c", script}, args...)...)
	cmd.Stdin = bytes.NewReader(stdin)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("Pillow: %v\n%s", err, &stderr)
	}
	return out
}

// Chromium returns the path of a Chromium or Chrome. It skips the test when there is none.
func Chromium(t testing.TB) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Skip("no Chromium is installed")
	return ""
}

// Versitygw starts a real S3 server that verifies signatures (github.com/versity/versitygw,
// Apache-2.0), and returns the server's address. The program is $MINIATURA_VERSITYGW, or found in
// PATH; without it the test is skipped. The server accepts the given key, is in the region
// eu-west-1, has no bucket, and is stopped when the test ends.
func Versitygw(t *testing.T, accessKey, secret string) (address string) {
	t.Helper()
	bin := os.Getenv("MINIATURA_VERSITYGW")
	if bin == "" {
		var err error
		if bin, err = exec.LookPath("versitygw"); err != nil {
			t.Skip("versitygw is not installed (go install github.com/versity/versitygw/cmd/versitygw@v1.8.0)")
		}
	}
	// Find a free port, and leave it to the server.
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address = l.Addr().String()
	l.Close()
	var out bytes.Buffer
	cmd := exec.Command(bin, "--port", address, "--region", "eu-west-1", "posix", t.TempDir())
	cmd.Env = []string{"ROOT_ACCESS_KEY=" + accessKey, "ROOT_SECRET_KEY=" + secret}
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
		if t.Failed() {
			t.Logf("%s", out.Bytes())
		}
	})
	// Wait until the server listens, for ten seconds.
	for range 200 {
		if conn, err := net.Dial("tcp", address); err == nil {
			conn.Close()
			return address
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("versitygw does not listen at %s", address)
	return ""
}
