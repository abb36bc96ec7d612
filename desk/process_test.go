package desk

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// programAt returns the command line as a process of its own, started as path. Both of its outputs
// go to the buffer.
func programAt(path string, args ...string) (*exec.Cmd, *bytes.Buffer) {
	var said bytes.Buffer
	cmd := exec.Command(path)
	cmd.Env = append(os.Environ(), "MINIATURA_TEST_ARGS="+strings.Join(args, "\n"))
	cmd.Stdout, cmd.Stderr = &said, &said
	return cmd, &said
}

func TestABinaryOfAnotherName(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "thumbs")
	if err := os.Symlink(self, path); err != nil {
		t.Skip("no symbolic links here")
	}
	for args, want := range map[string]string{
		"help": "Usage: thumbs COMMAND", "help resize": "Usage: thumbs resize -size NAME",
		"frob": "thumbs: unknown command \"frob\"; `thumbs help` lists them\n", "serve -x": "thumbs serve: ",
	} {
		cmd, said := programAt(path, strings.Fields(args)...)
		if err := cmd.Run(); errors.As(err, new(*exec.Error)) || !strings.Contains(said.String(), want) {
			t.Errorf("%s: %v, said %q, want %q", args, err, said, want)
		}
	}
}

// Ctrl-C ends a command that waits for stdin. Messages have the name with which the program was
// started.
func TestInterrupted(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a process cannot be sent Ctrl-C here")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, args := range map[string][]string{
		"resize": {"-size", "S", "-", "-"}, "warm": {"-dir", dir, "-"}, "purge": {"-dir", dir, "-"},
	} {
		cmd, said := programAt(self, append([]string{name}, args...)...)
		in, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		// This is more than a pipe can hold: after the write the program must be reading.
		if _, err := in.Write(bytes.Repeat([]byte("x"), 1<<20)); err != nil {
			t.Fatal(err)
		}
		cmd.Process.Signal(os.Interrupt)
		err = cmd.Wait()
		if want := "miniatura " + name + ": interrupted\n"; cmd.ProcessState.ExitCode() != 130 || said.String() != want {
			t.Errorf("%s: %v, said %q, want %q", name, err, said, want)
		}
	}
}
