package desk

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

// await runs f, which may wait for ever for a pipe's other end, and does not wait longer than ctx.
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

// readFile reads a file, or what else of that name can be read, of at most limit bytes.
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

// readAll reads r, which is called name, to its end, or fails when that is beyond limit bytes.
func readAll(r io.Reader, name string, limit int64) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err == nil && int64(len(data)) > limit {
		err = fmt.Errorf("%s has more than %d bytes", name, limit)
	}
	return data, err
}

// writeFile makes data the content of the file called name, and makes its folder when there is
// none.
//
// Where nothing has the name, or a regular file has it, this is one step: a reader finds the old
// file or the new one, never half of it. Anything else keeps its place and is written to: a device,
// a pipe, or what a symbolic link leads to. Renaming over those would put a file where the device
// was.
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
		// The file that the link leads to may have to be made, and is emptied first; a device does
		// not mind.
		flag |= os.O_CREATE | os.O_TRUNC
	}
	f, err := os.OpenFile(name, flag, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Close())
}

// replaceFile writes a new file beside name and renames it to that.
func replaceFile(name string, data []byte, mode fs.FileMode) error {
	f, err := os.CreateTemp(filepath.Dir(name), ".miniatura-*.tmp")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // fails when it has its name
	_, err = f.Write(data)
	if err == nil {
		err = f.Chmod(mode)
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}

// A pathStyle is how an operating system writes paths, so that one system's tests can hold the
// other's.
type pathStyle struct{ windows bool }

// isSeparator reports whether c stands between the parts of a path.
func (p pathStyle) isSeparator(c byte) bool { return c == '/' || p.windows && c == '\\' }

// base is the last part of a path, without its folders and, on Windows, without the drive.
func (p pathStyle) base(path string) string {
	end := len(path)
	for i := end - 1; i >= 0; i-- {
		if p.isSeparator(path[i]) || p.windows && i == 1 && path[i] == ':' {
			return path[i+1 : end]
		}
	}
	return path
}

// ext is the extension of the last part of a path, with its dot: "" where there is none, or nothing
// before it.
func (p pathStyle) ext(path string) string {
	name := p.base(path)
	if i := strings.LastIndexByte(name, '.'); i > 0 {
		return name[i:]
	}
	return ""
}

// namesFolder reports whether a path says by its end that it is a folder's.
func (p pathStyle) namesFolder(path string) bool {
	last := p.base(path)
	return last == "" || last == "." || last == ".."
}

// toSlash is a path with slashes between its parts, as keys have them.
func (p pathStyle) toSlash(path string) string {
	if p.windows {
		return strings.ReplaceAll(path, `\`, "/")
	}
	return path
}
