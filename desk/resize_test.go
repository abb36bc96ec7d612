package desk

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	_ "golang.org/x/image/bmp"

	"miniatura/codec"
	"miniatura/edge"
)

// kindOf returns a file's format and dimensions, such as "jpeg 360x180", or "webp".
func kindOf(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Error(err)
		return ""
	}
	return dimensionsOf(t, string(data))
}

// The format of the result is that of OUT's name; the format of IN is found from its bytes.
func TestResizeMakesWhatOutIsCalled(t *testing.T) {
	dir := folder(t, map[string][]byte{"really a jpeg.png": jpegOf(t, 1000, 500), "p.png": pngOf(t, 400, 200)})
	for _, c := range []struct{ in, out, kind string }{
		{"really a jpeg.png", "new/a.jpg", "jpeg 360x180"},
		{"really a jpeg.png", "a.PNG", "png 360x180"},
		{"really a jpeg.png", "a.webp", "webp 360x180"},
		{"really a jpeg.png", "no extension", "jpeg 360x180"},
		{"really a jpeg.png", "a.tmp", "jpeg 360x180"},
		{"p.png", "p.JPEG", "jpeg 360x180"},
		{"p.png", "p.gif", "gif 360x180"},
		{"really a jpeg.png", "a.gif", "gif 360x180"},
		{"really a jpeg.png", "a.bmp", "bmp 360x180"},
	} {
		out := filepath.Join(dir, filepath.FromSlash(c.out))
		code, stdout, stderr := run("resize", "-size", "SS", filepath.Join(dir, c.in), out)
		if code != 0 || stderr != "" || !strings.Contains(stdout, "360x180 image/") {
			t.Errorf("%s: exit %d, stdout %q, stderr %q", c.out, code, stdout, stderr)
		}
		if got := kindOf(t, out); got != c.kind {
			t.Errorf("%s is %s, want %s", c.out, got, c.kind)
		}
	}
	if left := contents(t, filepath.Join(dir, "new")); len(left) != 1 {
		t.Errorf("files left behind: %q", left)
	}
	// Flags may follow the files.
	in, out := filepath.Join(dir, "p.png"), filepath.Join(dir, "plain")
	if code, stdout, _ := run("resize", in, out, "-webp", "-size=SS", "-quality", "50"); code != 0 || kindOf(t, out) != "webp 360x180" || !strings.Contains(stdout, "image/webp") {
		t.Errorf("-webp: exit %d, stdout %q", code, stdout)
	}
	for args, want := range map[[2]string]string{
		{"-webp", "x.jpg"}: "-webp contradicts the extension of", {"-webp", "x.PNG"}: "stands for PNG",
		{"-json", "x.avif"}: "is not written here", {"-webp", "x.heic"}: "is not written here",
	} {
		name := filepath.Join(dir, args[1])
		code, stdout, stderr := run("resize", args[0], "-size", "SS", in, name)
		if _, err := os.Stat(name); code != 2 || stdout != "" || !strings.Contains(stderr, want) || err == nil {
			t.Errorf("%s: exit %d, stdout %q, stderr %q; written: %v", args, code, stdout, stderr, err == nil)
		}
	}
}

func TestResizeToAnyBox(t *testing.T) {
	dir := folder(t, map[string][]byte{"in.jpg": jpegOf(t, 1000, 500)})
	in, out := filepath.Join(dir, "in.jpg"), filepath.Join(dir, "out.jpg")
	for box, want := range map[string]string{"100x100": "jpeg 100x50", "500x20": "jpeg 40x20", "65535x65535": "jpeg 1000x500"} {
		if code, stdout, stderr := run("resize", "-size", box, in, out); code != 0 || kindOf(t, out) != want {
			t.Errorf("%s: exit %d, %q %q, made %s", box, code, stdout, stderr, kindOf(t, out))
		}
	}
	for _, bad := range []string{"", "m", "100", "x", "100x", "x100", "0x5", "5x0", "-5x5", "5x65536", "5x5x5", "1e3x5", " 5x5", "M,L"} {
		if code, stdout, stderr := run("resize", "-size", bad, in, out); code != 2 || stdout != "" || !strings.Contains(stderr, " a box like 800x600") {
			t.Errorf("%q: exit %d, %q %q", bad, code, stdout, stderr)
		}
	}
}

func TestResizeBetweenStdinAndStdout(t *testing.T) {
	dir := t.TempDir()
	pipe := func(stdin []byte, args ...string) (int, string, string) {
		var out, errs bytes.Buffer
		code := Main(append([]string{"resize"}, args...), bytes.NewReader(stdin), &out, &errs)
		return code, out.String(), errs.String()
	}
	code, stdout, stderr := pipe(jpegOf(t, 1000, 500), "-size", "SS", "-webp", "-", "-")
	if code != 0 || dimensionsOf(t, stdout) != "webp 360x180" || !strings.Contains(stderr, "-: 1000x500 image/jpeg, ") {
		t.Errorf("exit %d, %d bytes of %.20q, stderr %q", code, len(stdout), stdout, stderr)
	}
	file := filepath.Join(dir, "from stdin.png")
	if code, stdout, stderr := pipe(jpegOf(t, 1000, 500), "-size", "SS", "-", file); code != 0 || stderr != "" || kindOf(t, file) != "png 360x180" {
		t.Errorf("to a file: exit %d, %q %q", code, stdout, stderr)
	}
	if code, stdout, stderr := pipe(nil, "-size", "SS", file, "-"); code != 0 || dimensionsOf(t, stdout) != "png 360x180" || stderr == "" {
		t.Errorf("to stdout: exit %d, stderr %q", code, stderr)
	}
	if code, stdout, _ := pipe([]byte("words"), "-size", "SS", "-", "-"); code != 3 || stdout != "words" {
		t.Errorf("words: exit %d, %q", code, stdout)
	}
	for _, args := range [][]string{{"-", "-", dir}, {"-", dir}, {file, file, "-"}} {
		if code, stdout, stderr := pipe(nil, append([]string{"-size", "SS"}, args...)...); code != 2 || stdout != "" || strings.Count(stderr, "\n") != 1 {
			t.Errorf("%q: exit %d, %q %q", args, code, stdout, stderr)
		}
	}
	if left := contents(t, dir); !slices.Equal(left, []string{"from stdin.png"}) {
		t.Errorf("the folder has %q", left)
	}
}

func TestResizeManyIntoAFolder(t *testing.T) {
	dir := folder(t, map[string][]byte{"a.jpg": jpegOf(t, 400, 200), "b/b.PNG": pngOf(t, 400, 200), "c.png": jpegOf(t, 400, 200), "b/a.jpg": jpegOf(t, 500, 250), "text.gif": []byte("words")})
	at := func(names ...string) []string {
		var all []string
		for _, n := range names {
			all = append(all, filepath.Join(dir, filepath.FromSlash(n)))
		}
		return all
	}
	resize := func(flags string, names ...string) (int, string, string) {
		return run(append(append([]string{"resize", "-size", "SS"}, strings.Fields(flags)...), at(names...)...)...)
	}
	// The folder is created. Each file keeps its name, and gets the right extension if it had a
	// wrong one.
	code, stdout, stderr := resize("", "a.jpg", "b/b.PNG", "c.png", "out")
	if got := contents(t, at("out")[0]); code != 0 || stderr != "" || strings.Count(stdout, "\n") != 3 || !slices.Equal(got, []string{"a.jpg", "b.PNG", "c.jpg"}) {
		t.Errorf("exit %d, %q %q, made %q", code, stdout, stderr, got)
	}
	code, stdout, stderr = resize("-webp", "a.jpg", "b/b.PNG", "webp")
	if got := contents(t, at("webp")[0]); code != 0 || !slices.Equal(got, []string{"a.webp", "b.webp"}) || kindOf(t, at("webp/b.webp")[0]) != "webp 360x180" {
		t.Errorf("-webp: exit %d, %q %q, made %q", code, stdout, stderr, got)
	}
	// With one input, OUT is a folder if it exists or if its name ends like one.
	if code, _, stderr := run("resize", "-size", "SS", at("a.jpg")[0], at("b")[0]+string(os.PathSeparator)+"new"+string(os.PathSeparator)); code != 0 || kindOf(t, at("b/new/a.jpg")[0]) != "jpeg 360x180" {
		t.Errorf("a new folder: exit %d, %q", code, stderr)
	}
	// The failure of one picture does not stop the others. Two pictures of one name do not
	// overwrite each other, and no source is replaced.
	code, stdout, stderr = resize("", "none.jpg", "a.jpg", "b/a.jpg", "c.png", "some")
	if got := contents(t, at("some")[0]); code != 1 || !slices.Equal(got, []string{"a.jpg", "c.jpg"}) || !strings.Contains(stderr, "none.jpg") ||
		!strings.Contains(stderr, "has been written for another picture already") || !strings.HasSuffix(stderr, "2 of 4 pictures failed\n") {
		t.Errorf("exit %d, %q %q, made %q", code, stdout, stderr, got)
	}
	before, _ := os.ReadFile(at("a.jpg")[0])
	code, _, stderr = resize("", "a.jpg", "b/b.PNG", ".")
	if after, _ := os.ReadFile(at("a.jpg")[0]); code != 1 || !bytes.Equal(before, after) || !strings.Contains(stderr, "its result would replace") {
		t.Errorf("into the originals' folder: exit %d, %q", code, stderr)
	}
	// The source of a later picture is not replaced either, because it would be lost before it is
	// read.
	later := at("webp/a.webp")[0]
	before, _ = os.ReadFile(later)
	code, _, stderr = run("resize", "-size", "SXS", "-webp", at("a.jpg")[0], later, at("webp")[0])
	if after, _ := os.ReadFile(later); code != 1 || !bytes.Equal(before, after) || strings.Count(stderr, "its result would replace") != 2 {
		t.Errorf("over a later original: exit %d, %q", code, stderr)
	}
	// If a picture passes through, the exit code says so.
	code, stdout, _ = resize("", "a.jpg", "text.gif", "passed")
	if got, _ := os.ReadFile(at("passed/text.gif")[0]); code != 3 || string(got) != "words" || strings.Count(stdout, "passed through") != 1 {
		t.Errorf("exit %d, %q, copied %q", code, stdout, got)
	}
	for _, names := range [][]string{{"a.jpg", "c.png", "text.gif"}, {"a.jpg", "c.png", "new.jpg"}} {
		if code, stdout, stderr := resize("", names...); code != 2 || stdout != "" || !strings.Contains(stderr, "need a folder") {
			t.Errorf("%q: exit %d, %q %q", names, code, stdout, stderr)
		}
	}
}

func TestResizePassesThrough(t *testing.T) {
	whole := jpegOf(t, 1000, 500)
	dir := folder(t, map[string][]byte{"text.jpg": []byte("words"), "cut.jpg": whole[:len(whole)/2], "large.jpg": append(slices.Clone(whole), make([]byte, edge.MaxSource)...)})
	out := filepath.Join(dir, "out.jpg")
	for _, name := range []string{"text.jpg", "cut.jpg", "large.jpg"} {
		in := filepath.Join(dir, name)
		code, stdout, stderr := run("resize", "-size", "SS", in, out)
		want, _ := os.ReadFile(in)
		if got, _ := os.ReadFile(out); code != 3 || stderr != "" || !bytes.Equal(got, want) || !strings.Contains(stdout, "passed through, the same bytes (") {
			t.Errorf("%s: exit %d, %q %q", name, code, stdout, stderr)
		}
		// It is not written under a name of another format.
		other := filepath.Join(dir, "other.webp")
		code, stdout, stderr = run("resize", "-size", "SS", in, other)
		if _, err := os.Stat(other); code != 1 || stdout != "" || !strings.Contains(stderr, "is not written") || err == nil {
			t.Errorf("%s as WebP: exit %d, %q %q; written: %v", name, code, stdout, stderr, err == nil)
		}
	}
}

func TestResizeSaysJSON(t *testing.T) {
	dir := folder(t, map[string][]byte{"in&.png": jpegOf(t, 1000, 500), "text.jpg": []byte("words")})
	in, text, out := filepath.Join(dir, "in&.png"), filepath.Join(dir, "text.jpg"), filepath.Join(dir, "out")
	code, stdout, stderr := run("resize", "-json", "-webp", "-size", "SS", in, text, out)
	if code != 3 || stderr != "" || strings.Count(stdout, "\n") != 2 {
		t.Fatalf("exit %d, %q %q", code, stdout, stderr)
	}
	type picture struct {
		Name                 string
		Width, Height, Bytes int
		Format               string
	}
	var lines [2]struct {
		In, Out       picture
		Frames        int
		PassedThrough string
	}
	d := json.NewDecoder(strings.NewReader(stdout))
	for i := range lines {
		if err := d.Decode(&lines[i]); err != nil {
			t.Fatal(err)
		}
	}
	data, err := os.ReadFile(filepath.Join(out, "in&.webp"))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := lines[0].In, (picture{in, 1000, 500, len(jpegOf(t, 1000, 500)), "image/jpeg"}); got != want {
		t.Errorf("in: %+v, want %+v", got, want)
	}
	if got, want := lines[0].Out, (picture{filepath.Join(out, "in&.webp"), 360, 180, len(data), "image/webp"}); got != want || lines[0].PassedThrough != "" || lines[0].Frames != 1 {
		t.Errorf("out: %+v, want %+v", got, want)
	}
	if got, want := lines[1].Out, (picture{Name: filepath.Join(out, "text.jpg"), Bytes: 5}); got != want || lines[1].PassedThrough == "" {
		t.Errorf("passed: %+v, want %+v because %q", got, want, lines[1].PassedThrough)
	}
}

func TestNamesOfResults(t *testing.T) {
	for _, c := range []struct {
		p        pathStyle
		in, want string
		f        *codec.Format
	}{
		{pathStyle{}, "x/a.jpg", "a.webp", codec.WebP}, {pathStyle{}, "x/a.JPEG", "a.JPEG", codec.JPEG}, {pathStyle{}, "x/a", "a.png", codec.PNG},
		{pathStyle{}, "x/a.b", "a.b.png", codec.PNG}, {pathStyle{}, "x/a.jpg", "a.jpg", nil}, {pathStyle{}, "x/.jpg", ".jpg", codec.JPEG},
		{pathStyle{true}, `C:\x\a.jpg`, "a.webp", codec.WebP}, {pathStyle{true}, `C:a.jpg`, "a.webp", codec.WebP}, {pathStyle{true}, `x.jpg\a`, "a.jpg", codec.JPEG},
	} {
		if got := outputName(c.p, c.in, c.f); got != c.want {
			t.Errorf("%q as %v is called %q, want %q", c.in, c.f, got, c.want)
		}
	}
}
