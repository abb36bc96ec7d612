//go:build unix

package desk

import (
	"bytes"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// reader starts to read the pipe at path to its end, like the program at its other side.
func reader(t *testing.T, path string) <-chan []byte {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0) // does not block until there is a writer
	if err != nil {
		t.Fatal(err)
	}
	got := make(chan []byte, 1)
	go func() {
		defer f.Close()
		var all bytes.Buffer
		for all.Len() == 0 { // before the first writer, a read returns at once
			if _, err := io.Copy(&all, f); err != nil {
				break
			}
		}
		got <- all.Bytes()
	}()
	return got
}

// A pipe, a link to one and a socket are not replaced: renaming a file over them would break the
// programs that use them.
func TestResizeKeepsNodes(t *testing.T) {
	dir := folder(t, map[string][]byte{"in.jpg": jpegOf(t, 400, 200)})
	in, pipe, link := filepath.Join(dir, "in.jpg"), filepath.Join(dir, "pipe"), filepath.Join(dir, "link")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Skip("no pipes here: ", err)
	}
	if err := os.Symlink("pipe", link); err != nil {
		t.Fatal(err)
	}
	for _, out := range []string{pipe, link} {
		before, err := os.Lstat(out)
		if err != nil {
			t.Fatal(err)
		}
		got := reader(t, pipe)
		if code, stdout, stderr := run("resize", "-size", "SS", in, out); code != 0 {
			t.Fatalf("%s: exit %d, %q %q", out, code, stdout, stderr)
		}
		after, err := os.Lstat(out)
		if err != nil || !os.SameFile(before, after) || before.Mode() != after.Mode() {
			t.Fatalf("%s was %v and is %v", out, before.Mode(), after.Mode())
		}
		if kind := dimensionsOf(t, string(<-got)); kind != "jpeg 360x180" {
			t.Errorf("%s: out came %s", out, kind)
		}
	}

	// A pipe can be an input too.
	go os.WriteFile(pipe, jpegOf(t, 400, 200), 0)
	out := filepath.Join(dir, "out.jpg")
	if code, stdout, stderr := run("resize", "-size", "SS", pipe, out); code != 0 || !strings.Contains(stdout, "360x180") {
		t.Errorf("from a pipe: exit %d, %q %q", code, stdout, stderr)
	}

	socket := filepath.Join(dir, "s")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Skip("no sockets here: ", err)
	}
	defer l.Close()
	if code, _, stderr := run("resize", "-size", "SS", in, socket); code != 2 || !strings.Contains(stderr, socket) {
		t.Errorf("a socket: exit %d, %q", code, stderr)
	}
	if st, err := os.Lstat(socket); err != nil || st.Mode()&os.ModeSocket == 0 {
		t.Errorf("the socket is %v now", st.Mode())
	}
}
