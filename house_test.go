package main

import (
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"
)

// floors says which of our packages each of our packages may import: what is
// not listed is refused. A folder that is not here fails the test, so that a
// new room gets its floor.
var floors = map[string][]string{
	"sizes":            {},
	"s3lite":           {},
	"s3lite/s3test":    {},
	"internal/*":       {},
	"codec":            {"codec/", "internal/"},
	"codec/webp":       {"codec/vp8", "codec/internal/"},
	"codec/*":          {"codec/internal/"},
	"codec/internal/*": {},
	"edge":             {"codec", "s3lite", "sizes", "internal/"},
	"warm":             {"edge", "codec", "s3lite", "sizes"},
	"desk":             {"desk/", "warm", "edge", "codec", "codec/", "s3lite", "s3lite/", "sizes", "bench/metrics"},
	"desk/*":           {"desk/", "warm", "edge", "codec", "codec/", "s3lite", "s3lite/", "sizes", "bench/metrics"},
	"bench":            {"bench/", "desk/", "edge", "codec", "codec/", "s3lite", "s3lite/", "sizes"},
	"bench/*":          {"bench/", "desk/", "edge", "codec", "codec/", "s3lite", "s3lite/", "sizes"},
	"":                 {"edge", "desk", "warm", "codec", "s3lite", "internal/"},
}

type listed struct {
	ImportPath                         string
	Imports, TestImports, XTestImports []string
}

func list(t *testing.T, args ...string) []listed {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list", "-json=ImportPath,Imports,TestImports,XTestImports"}, args...)...)
	cmd.Env = append(os.Environ(), "GOOS=linux", "GOARCH=amd64", "CGO_ENABLED=0")
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var all []listed
	d := json.NewDecoder(out)
	for {
		var l listed
		if err := d.Decode(&l); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, l)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	return all
}

func ours(importPath string) (string, bool) {
	if importPath == "miniatura" {
		return "", true
	}
	return strings.CutPrefix(importPath, "miniatura/")
}

func TestEveryRoomImportsOnlyWhatItsFloorAllows(t *testing.T) {
	for _, p := range list(t, "./...") {
		room, ok := ours(p.ImportPath)
		if !ok {
			t.Fatal(p.ImportPath)
		}
		allowed, ok := floors[room]
		if !ok {
			if allowed, ok = floors[path.Dir(room)+"/*"]; !ok {
				t.Errorf("%s has no floor: say in this test whom it may import", room)
				continue
			}
		}
		for _, imp := range p.Imports {
			if imp == "github.com/aws/aws-lambda-go/lambda" && room != "" {
				t.Errorf("%s imports aws-lambda-go; the main package alone does", room)
			}
			r, ok := ours(imp)
			if !ok {
				if strings.HasPrefix(room, "s3lite") && strings.Contains(strings.SplitN(imp, "/", 2)[0], ".") {
					t.Errorf("%s imports %s; it imports the standard library only", room, imp)
				}
				continue
			}
			if !slices.ContainsFunc(allowed, func(a string) bool {
				return r == a || strings.HasSuffix(a, "/") && strings.HasPrefix(r, a)
			}) {
				t.Errorf("%s imports %s, which is not below it", room, r)
			}
		}
	}
}

// The edge build links what answers a request and nothing else.
func TestEdgeBuildLinksNoDesk(t *testing.T) {
	linked := map[string]bool{}
	for _, p := range list(t, "-deps", "-tags", "edge,lambda.norpc,nethttpomithttp2", ".") {
		linked[p.ImportPath] = true
		if room, ok := ours(p.ImportPath); ok {
			for _, not := range []string{"desk", "warm", "bench", "s3lite/s3test"} {
				if room == not || strings.HasPrefix(room, not+"/") {
					t.Errorf("the edge build links %s", room)
				}
			}
		}
	}
	for _, heavy := range []string{"net/http/httptest", "text/template", "html/template", "encoding/xml", "regexp", "testing", "flag", "net/rpc", "embed"} {
		if linked[heavy] {
			t.Errorf("the edge build links %s", heavy)
		}
	}
	for _, needed := range []string{"miniatura/edge", "miniatura/codec", "miniatura/s3lite", "miniatura/sizes"} {
		if !linked[needed] {
			t.Errorf("the edge build does not link %s: is this test looking at it?", needed)
		}
	}
}

// go.mod holds what the house lists, nothing more.
func TestDependenciesStayFew(t *testing.T) {
	b, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	allowed := []string{"github.com/HugoSmits86/nativewebp", "github.com/aws/aws-lambda-go", "golang.org/x/image", "golang.org/x/sys"}
	for line := range strings.Lines(string(b)) {
		f := strings.Fields(line)
		if len(f) >= 2 && strings.HasPrefix(f[1], "v") && !slices.Contains(allowed, f[0]) {
			t.Errorf("go.mod requires %s", f[0])
		}
	}
}
