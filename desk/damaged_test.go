package desk

import (
	"cmp"
	"debug/elf"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// pythons returns the paths of the installed interpreters: python3, and every python3.N in PATH and
// in the folders of pyenv and uv.
func pythons(t *testing.T) []string {
	t.Helper()
	found := []string{python(t)}
	seen := map[string]bool{found[0]: true}
	dirs := filepath.SplitList(os.Getenv("PATH"))
	if home, err := os.UserHomeDir(); err == nil {
		dirs = append(dirs, filepath.Join(cmp.Or(os.Getenv("PYENV_ROOT"), filepath.Join(home, ".pyenv")), "versions", "*", "bin"),
			filepath.Join(home, ".local", "share", "uv", "python", "*", "bin"))
	}
	var names []string
	for _, dir := range dirs {
		for _, name := range []string{"python3.[0-9]", "python3.[0-9][0-9]"} {
			some, err := filepath.Glob(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			names = append(names, some...)
		}
	}
	for _, name := range names {
		// Lambda has no runtime before 3.9 any more.
		out, err := exec.Command(name, "-c", "import os, sys; sys.version_info >= (3, 9) or sys.exit(1); print(os.path.realpath(sys.executable))").Output()
		if p := strings.TrimSpace(string(out)); err == nil && !seen[p] {
			found = append(found, p)
			seen[p] = true
		}
	}
	return found
}

// The binary starts and dies each time that Lambda imports the function in a sandbox. At most one
// request fails.
func TestUnpackedZipSurvivesABinaryThatStartsAndDies(t *testing.T) {
	for _, py := range pythons(t) {
		for name, damage := range map[string]func(file string) error{
			"cut to half": func(file string) error {
				st, err := os.Stat(file)
				if err != nil {
					return err
				}
				return os.Truncate(file, st.Size()/2)
			},
			"an instruction that is none at its entry": func(file string) error { return poke(file, 0x0f, 0x0b) },
			"an exit at its entry":                     func(file string) error { return poke(file, 0xb8, 60, 0, 0, 0, 0x0f, 0x05) }, // exit(2)
		} {
			t.Run(filepath.Base(py)+"/"+name, func(t *testing.T) {
				dir := unpack(t)
				crumb := crumbOf(t, dir)
				if err := damage(filepath.Join(dir, "miniatura")); err != nil {
					t.Fatal(err)
				}
				api := newRuntimeAPI(t)
				var out lockedBuffer
				if err := start(t, py, dir, api, &out).Wait(); err == nil && !strings.Contains(name, "exit") {
					t.Fatal("the damaged binary ended well")
				}
				if _, err := os.Stat(crumb); err != nil {
					t.Fatalf("no crumb: %v", err)
				}
				for range 2 { // Lambda imports it again
					start(t, py, dir, api, &out)
					if agent := wait(t, "poll; output: "+out.String(), api.polls); agent != "python" {
						t.Fatalf("the poll came from %q", agent)
					}
					event, request := anEvent("/a.jpg", "size=M")
					api.events <- event
					kind, body, _ := strings.Cut(wait(t, "answer", api.answers), " ")
					if kind != "response" || !sameJSON(t, body, request) {
						t.Errorf("%s %s\nwant the request: %s", kind, body, request)
					}
					wait(t, "poll", api.polls)
				}
				if !strings.Contains(out.String(), `"decision":"unchanged"`) || !strings.Contains(out.String(), "started before") {
					t.Errorf("the log does not say why: %s", &out)
				}
			})
		}
	}
}

// A binary that works removes its crumb, so that it starts again if it is killed later.
func TestTheBinaryRemovesItsCrumb(t *testing.T) {
	py := python(t)
	dir := unpack(t)
	crumb := crumbOf(t, dir)
	api := newRuntimeAPI(t)
	for range 2 {
		var out lockedBuffer
		cmd := start(t, py, dir, api, &out)
		if agent := wait(t, "poll; output: "+out.String(), api.polls); !strings.HasPrefix(agent, "aws-lambda-go/") {
			t.Fatalf("the poll came from %q; output: %s", agent, &out)
		}
		if _, err := os.Stat(crumb); !os.IsNotExist(err) {
			t.Errorf("at the first poll the crumb is there: %v", err)
		}
		cmd.Process.Kill()
		cmd.Wait()
	}
}

// crumbOf returns the path of the crumb of the function in dir.
func crumbOf(t *testing.T, dir string) string {
	t.Helper()
	name := "miniatura" + strings.ReplaceAll(dir, "/", "_")
	crumb := "/tmp/" + name[:min(len(name), 200)] + ".starting"
	t.Cleanup(func() { os.Remove(crumb) })
	return crumb
}

// poke overwrites the first instructions of a program with code.
func poke(file string, code ...byte) error {
	f, err := elf.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	for _, p := range f.Progs {
		if p.Type == elf.PT_LOAD && p.Vaddr <= f.Entry && f.Entry < p.Vaddr+p.Filesz {
			w, err := os.OpenFile(file, os.O_WRONLY, 0)
			if err != nil {
				return err
			}
			defer w.Close()
			_, err = w.WriteAt(code, int64(f.Entry-p.Vaddr+p.Off))
			return err
		}
	}
	return fmt.Errorf("no segment holds the entry %#x", f.Entry)
}
