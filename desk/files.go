package desk

// This file reads and writes files, and takes paths apart.

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// await runs f, which may block for ever on a pipe, and returns f's result. When ctx ends first,
// await returns ctx's error, and f goes on in the background.
func await[T any](ctx context.Context, f func() (T, error)) (T, error) {
	type answer struct {
		v   T
		err error
	}
	done := make(chan answer, 1)
	go func() {
		v, err := f()
		done <- answer{v, err}
	}()
	select {
	case a := <-done:
		return a.v, a.err
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
}

// readFile returns the content of a file, a device or a pipe. It returns an error when name names a
// folder, or when there are more than limit bytes.
func readFile(name string, limit int64) ([]byte, error) {
	st, err := os.Stat(name)
	switch {
	case err != nil:
		return nil, err
	case st.IsDir():
		return nil, fmt.Errorf("%s is a folder", name)
	case st.Size() > limit:
		return nil, fmt.Errorf("%s has %d bytes, over %d", name, st.Size(), limit)
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readAll(f, name, limit)
}

// readAll reads r to its end. It returns an error, with name, when there are more than limit bytes.
func readAll(r io.Reader, name string, limit int64) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("%s has more than %d bytes", name, limit)
	}
	return data, nil
}

// writeFile makes data the content of the file called name, and creates the file's folder if there
// is none.
//
// A new or regular file is replaced in one step: a reader finds the old file or the new one, never
// a part of one. A device, a pipe, or the target of a symbolic link is written to instead, because
// renaming a file over a device would remove the device.
func writeFile(name string, data []byte) error {
	st, err := os.Lstat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		return replaceFile(name, data, 0o644)
	case err != nil:
		return err
	case st.Mode().IsRegular():
		return replaceFile(name, data, st.Mode().Perm())
	case st.IsDir():
		return fmt.Errorf("%s is a folder", name)
	}
	flag := os.O_WRONLY
	if st.Mode()&fs.ModeSymlink != 0 {
		// The link's target is created if it does not exist yet, and emptied if it does. The two
		// flags have no effect on a target that is a device.
		flag |= os.O_CREATE | os.O_TRUNC
	}
	f, err := os.OpenFile(name, flag, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Close())
}

// replaceFile writes data to a new file in the folder of name and renames it to name.
func replaceFile(name string, data []byte, mode fs.FileMode) error {
	f, err := os.CreateTemp(filepath.Dir(name), ".miniatura-*.tmp")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // fails after the rename
	_, err = f.Write(data)
	if err == nil {
		err = f.Chmod(mode)
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}

// A pathStyle is how an operating system writes paths. It is a type so that tests on one system can
// try the style of the other.
type pathStyle struct{ windows bool }

// isSeparator reports whether c separates the parts of a path.
func (p pathStyle) isSeparator(c byte) bool { return c == '/' || (p.windows && c == '\\') }

// base returns the last part of a path, without its folders and, on Windows, without the drive.
func (p pathStyle) base(path string) string {
	for i := len(path) - 1; i >= 0; i-- {
		endsDrive := p.windows && i == 1 && path[i] == ':'
		if p.isSeparator(path[i]) || endsDrive {
			return path[i+1:]
		}
	}
	return path
}

// ext returns the extension of the last part of a path, with its dot, or "" when there is none or
// when the dot is the first character.
func (p pathStyle) ext(path string) string {
	name := p.base(path)
	if i := strings.LastIndexByte(name, '.'); i > 0 {
		return name[i:]
	}
	return ""
}

// namesFolder reports whether a path ends in a separator, "." or "..", and so names a folder. The
// empty path does too.
func (p pathStyle) namesFolder(path string) bool {
	last := p.base(path)
	return last == "" || last == "." || last == ".."
}

// toSlash returns the path with slashes between its parts, as in keys.
func (p pathStyle) toSlash(path string) string {
	if p.windows {
		return strings.ReplaceAll(path, `\`, "/")
	}
	return path
}
