package main

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// floors lists which of our packages each package may import; all others are refused. A folder that
// is not listed fails the test, so that a new room must be added here.
var floors = map[string][]string{
	"sizes":            {},
	"sizes/*":          {"sizes"},
	"s3lite":           {},
	"s3lite/s3test":    {},
	"internal/*":       {},
	"codec":            {"codec/", "internal/"},
	"codec/webp":       {"codec/vp8", "codec/internal/"},
	"codec/*":          {"codec/internal/"},
	"codec/internal/*": {"codec/internal/"},
	"edge":             {"codec", "s3lite", "sizes", "internal/"},
	"warm":             {"edge", "codec", "s3lite", "sizes"},
	"desk":             {"desk/", "warm", "edge", "codec", "codec/", "s3lite", "s3lite/", "sizes", "bench/metrics"},
	"desk/*":           {"desk/", "warm", "edge", "codec", "codec/", "s3lite", "s3lite/", "sizes", "bench/metrics"},
	"bench":            {"bench/", "desk/", "edge", "codec", "codec/", "s3lite", "s3lite/", "sizes"},
	"bench/*":          {"bench/", "desk/", "edge", "codec", "codec/", "s3lite", "s3lite/", "sizes"},
	"":                 {"edge", "desk", "warm", "codec", "s3lite", "internal/"},
}

// testFloors lists which packages the tests of a package may import, besides itself and its floor.
// "*" is for every package.
var testFloors = map[string][]string{
	"*":              {"internal/outside"},
	"s3lite":         {"s3lite/s3test"},
	"s3lite/sigtest": {"s3lite"},
	"codec":          {"sizes", "edge", "bench/pictures"}, // edge: a new format is one of its extensions
	"codec/*":        {"codec/"},                          // another room as an oracle
	"edge":           {"s3lite/s3test"},
	"warm":           {"s3lite/s3test"},
}

type listed struct {
	ImportPath                         string
	Imports, TestImports, XTestImports []string
}

// list returns what go list says about the packages, for the edge's platform.
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
		if slices.Contains(p.Imports, "github.com/aws/aws-lambda-go/lambda") && room != "" {
			t.Errorf("%s imports aws-lambda-go; the main package alone does", room)
		}
		if strings.HasPrefix(room, "s3lite") {
			for _, imp := range p.Imports {
				if _, ok := ours(imp); !ok && strings.Contains(strings.SplitN(imp, "/", 2)[0], ".") {
					t.Errorf("%s imports %s; it imports the standard library only", room, imp)
				}
			}
		}
		checkFloor(t, room, p.Imports, allowed)
		forTests, ok := testFloors[room]
		if !ok {
			forTests = testFloors[path.Dir(room)+"/*"]
		}
		checkFloor(t, "a test of "+room, append(p.TestImports, p.XTestImports...), slices.Concat(allowed, forTests, testFloors["*"], []string{room}))
	}
}

// checkFloor reports each of imports that is ours and not allowed. An entry that ends in a slash
// allows every room below it.
func checkFloor(t *testing.T, who string, imports, allowed []string) {
	t.Helper()
	for _, imp := range imports {
		r, ok := ours(imp)
		if ok && !slices.ContainsFunc(allowed, func(a string) bool {
			return r == a || strings.HasSuffix(a, "/") && strings.HasPrefix(r, a)
		}) {
			t.Errorf("%s imports %s, which is not below it", who, r)
		}
	}
}

// adapters are the files of codec that may name a format: the table, the functions of its rows, and
// their costs.
var adapters = []string{"format.go", "jpeg.go", "png.go", "pngcolor.go", "gif.go", "bmp.go", "webp.go", "cost_table.go"}

// A format is a row of the table and an adapter. No other file of codec names a format, in its code
// or in its messages.
func TestCodecNamesNoFormatOutsideItsAdapter(t *testing.T) {
	name := regexp.MustCompile(`(?i)jpe?g|png|gif|bmp|webp|vp8`)
	files, err := filepath.Glob("codec/*.go")
	if err != nil || len(files) < 10 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		base := filepath.Base(file)
		if strings.HasSuffix(base, "_test.go") || slices.Contains(adapters, base) {
			continue
		}
		set := token.NewFileSet()
		tree, err := parser.ParseFile(set, file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(tree, func(n ast.Node) bool {
			var word string
			switch n := n.(type) {
			case *ast.Ident:
				word = n.Name
			case *ast.BasicLit:
				word = n.Value
			default:
				return true
			}
			if name.MatchString(word) {
				t.Errorf("%s names a format: %s", set.Position(n.Pos()), word)
			}
			return true
		})
	}
}

// The map in a package's doc lists the files of its folder. A line of the map begins with one tab
// and the names of files. Kernels and their stubs need no line.
func TestFileMapsShowTheFolder(t *testing.T) {
	kernels := regexp.MustCompile(`(_amd64|_generic|_noasm|_other|_none)\.go$`)
	maps := 0
	for _, p := range list(t, "./...") {
		room, _ := ours(p.ImportPath)
		files, err := filepath.Glob(filepath.Join(room, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		mapped, there := map[string]bool{}, map[string]bool{}
		for _, file := range files {
			base := filepath.Base(file)
			if strings.HasSuffix(base, "_test.go") {
				continue
			}
			there[base] = true
			tree, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments|parser.PackageClauseOnly)
			if err != nil {
				t.Fatal(err)
			}
			if tree.Doc == nil {
				continue
			}
			mapped[base] = true // the file with the doc
			for line := range strings.Lines(tree.Doc.Text()) {
				if !strings.HasPrefix(line, "\t") {
					continue
				}
				for _, word := range strings.FieldsFunc(line, func(r rune) bool { return strings.ContainsRune(" \t\n,;:()", r) }) {
					if strings.HasSuffix(word, ".go") {
						mapped[word] = true
					}
				}
			}
		}
		if len(mapped) < 2 {
			continue // no map
		}
		maps++
		for file := range mapped {
			if !there[file] {
				t.Errorf("%s: the map has %s, the folder does not", room, file)
			}
		}
		for file := range there {
			if !mapped[file] && !kernels.MatchString(file) && !strings.HasPrefix(file, "stub") && file != "doc.go" && len(there) > 2 {
				t.Errorf("%s: %s is not on the map in the package's doc", room, file)
			}
		}
	}
	if maps < 6 {
		t.Errorf("%d maps found", maps)
	}
}

// The edge build links only packages that are needed to answer requests.
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

// go.mod has only the dependencies listed here.
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

// long are the functions that may have more than maxLines lines, with the reason. The test fails
// for a name that is no longer needed, so that the list stays short.
var long = map[string]string{
	"codec/png/inflate.go symbols":     "kernel",
	"codec/vp8/trellis.go trellis":     "kernel",
	"codec/pngcolor_test.go pngColors": "table",
}

const maxLines = 80

// A longer function should be cut into its steps. The generators of kernels, in folders named _asm,
// are not checked.
func TestFunctionsAreShort(t *testing.T) {
	found := map[string]bool{}
	for _, file := range goFiles(t) {
		set := token.NewFileSet()
		tree, err := parser.ParseFile(set, file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range tree.Decls {
			f, ok := decl.(*ast.FuncDecl)
			if !ok {
				continue
			}
			name := file + " " + f.Name.Name
			lines := set.Position(f.End()).Line - set.Position(f.Pos()).Line + 1
			if lines <= maxLines {
				continue
			}
			found[name] = true
			if long[name] == "" {
				t.Errorf("%s has %d lines, more than %d", name, lines, maxLines)
			}
		}
	}
	for name := range long {
		if !found[name] {
			t.Errorf("%s is short or gone: take it off the list", name)
		}
	}
}

// Comments on lines of their own are at most 100 columns wide, with a tab as one column. Lines of
// code in comments, directives, and the first lines of generated files may be wider.
func TestCommentsAreNarrow(t *testing.T) {
	for _, file := range goFiles(t) {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for i, line := range strings.Split(string(b), "\n") {
			text := strings.TrimLeft(line, "\t")
			if strings.HasPrefix(text, "// ") && !strings.HasPrefix(text, "// Code generated") && utf8.RuneCountInString(line) > 100 {
				t.Errorf("%s:%d: a comment of %d columns", file, i+1, utf8.RuneCountInString(line))
			}
		}
	}
}

// goFiles lists the Go files of all modules, except those in folders named _asm.
func goFiles(t *testing.T) (files []string) {
	t.Helper()
	err := filepath.WalkDir(".", func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "_asm" || d.Name() == "node_modules" || d.Name() == ".git") {
			return filepath.SkipDir
		}
		if strings.HasSuffix(file, ".go") {
			files = append(files, filepath.ToSlash(file))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
