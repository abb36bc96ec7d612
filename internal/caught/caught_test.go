package caught

import (
	"errors"
	"io"
	"strings"
	"testing"
)

func catch(f func()) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = Error(p)
		}
	}()
	f()
	return nil
}

func index(s []int, i int) int { return s[i] }

func deref(p *struct{ n int }) int { return p.n }

func TestErrorSaysWhere(t *testing.T) {
	for name, f := range map[string]func(){
		"runtime error": func() { index(nil, 3) },
		"nil pointer":   func() { var p *struct{ n int }; _ = deref(p) },
		"string":        func() { panic("two\nlines") },
		"error":         func() { panic(io.ErrUnexpectedEOF) },
	} {
		err := catch(f)
		if err == nil {
			t.Fatalf("%s: no error", name)
		}
		s := err.Error()
		first, _, _ := strings.Cut(s[strings.Index(s, " at ")+4:], " < ")
		if !strings.HasPrefix(s, "panic: ") || strings.Contains(s, "\n") || !strings.HasPrefix(first, "caught.") || !strings.Contains(first, "caught_test.go:") {
			t.Errorf("%s: %q", name, s)
		}
		if len(s) > 600 {
			t.Errorf("%s: %d bytes", name, len(s))
		}
	}
	if err := catch(func() { panic(io.ErrUnexpectedEOF) }); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("%v is not what was thrown", err)
	}
	if err := catch(func() {}); err != nil {
		t.Error(err)
	}
}
