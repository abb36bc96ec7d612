package outside

// This file starts other people's programs.

import (
	"bytes"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// Pillow returns a Python that imports Pillow, or "".
func Pillow() string {
	for _, python := range []string{"python3", "/usr/bin/python3"} {
		if exec.Command(python, "-c", "import PIL").Run() == nil {
			return python
		}
	}
	return ""
}

// Python runs a script that needs Pillow and returns what it writes. The test is skipped where
// there is no Pillow, and fails when the script does.
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

// Chromium returns the path of a browser of Chromium's kind, or skips the test.
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
// Apache-2.0), found in $MINIATURA_VERSITYGW or PATH, and returns its address. It knows the access
// key and the secret given, its region is eu-west-1, and it has no bucket. It ends with the test.
func Versitygw(t *testing.T, accessKey, secret string) (address string) {
	t.Helper()
	bin := os.Getenv("MINIATURA_VERSITYGW")
	if bin == "" {
		var err error
		if bin, err = exec.LookPath("versitygw"); err != nil {
			t.Skip("versitygw is not installed (go install github.com/versity/versitygw/cmd/versitygw@v1.8.0)")
		}
	}
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
