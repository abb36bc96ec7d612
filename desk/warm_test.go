package desk

import (
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"miniatura/edge"
	"miniatura/s3lite/s3test"
)

// fakeAWS puts a program called aws into PATH. It writes its arguments, one per line, to the
// returned file.
func fakeAWS(t *testing.T, exit string) string {
	t.Helper()
	dir := t.TempDir()
	said := filepath.Join(dir, "said")
	script := "#!/bin/sh\nfor a in \"$@\"; do echo \"$a\"; done > '" + said + "'\nexit " + exit + "\n"
	if err := os.WriteFile(filepath.Join(dir, "aws"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir)
	return said
}

func TestWarmThenPurgeOverAFolder(t *testing.T) {
	dir := folder(t, map[string][]byte{"fotos/a b.jpg": jpegOf(t, 1000, 500), "b.jpg": jpegOf(t, 500, 1000), "notes.txt": []byte("x")})
	code, stdout, stderr := run("warm", "-dir", dir, "-sizes", "SS,SXS", "-formats", "same,webp", "fotos/a b.jpg", "b.jpg")
	if code != 0 || !strings.Contains(stdout, "2 pictures in folder "+dir+": 8 results made, 0 were fresh") {
		t.Fatalf("exit %d, stdout %q, stderr %q", code, stdout, stderr)
	}
	for _, name := range []string{"resized/SS/fotos/a b.jpg", "resized/SXS-webp/b.jpg.webp"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Error(err)
		}
	}
	if code, stdout, _ := run("warm", "-dir", dir, "-sizes", "SS,SXS", "b.jpg"); code != 0 || !strings.Contains(stdout, "0 results made, 4 were fresh") {
		t.Errorf("again: exit %d, %q", code, stdout)
	}
	// A picture that cannot be resized is reported, and the others are made.
	code, stdout, stderr = run("warm", "-dir", dir, "-sizes", "SM", "-formats", "same", "none.jpg", "notes.txt", "resized/SS/b.jpg", "b.jpg")
	if code != 1 || !strings.Contains(stdout, "1 results made") || !strings.Contains(stderr, "3 of 4 pictures failed") ||
		!strings.Contains(stderr, "none.jpg: ") || !strings.Contains(stderr, "notes.txt: not a picture's extension") || !strings.Contains(stderr, "resized/SS/b.jpg: already below") {
		t.Errorf("exit %d, stdout %q, stderr %q", code, stdout, stderr)
	}

	code, stdout, stderr = run("purge", "-dir", dir, "fotos/a b.jpg")
	line := "aws cloudfront create-invalidation --distribution-id ID --paths '#" + edge.CacheTag("fotos/a b.jpg") + "' '/fotos/a%20b.jpg*'\n"
	if code != 0 || !strings.Contains(stdout, ": 4 results deleted\n") || !strings.Contains(stdout, line) {
		t.Errorf("exit %d, stdout %q, stderr %q", code, stdout, stderr)
	}
	if _, err := os.Stat(filepath.Join(dir, "resized/SS/fotos/a b.jpg")); !os.IsNotExist(err) {
		t.Errorf("the result is still there: %v", err)
	}
	for _, name := range []string{"fotos/a b.jpg", "resized/SS/b.jpg"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Error(err)
		}
	}
}

func TestPurgeRunsTheInvalidation(t *testing.T) {
	dir := folder(t, map[string][]byte{"a.jpg": jpegOf(t, 100, 50)})
	said := fakeAWS(t, "0")
	code, stdout, stderr := run("purge", "-dir", dir, "-distribution", "E1", "a.jpg", "b.jpg")
	got, _ := os.ReadFile(said)
	want := []string{"cloudfront", "create-invalidation", "--distribution-id", "E1", "--paths",
		"#" + edge.CacheTag("a.jpg"), "/a.jpg*", "#" + edge.CacheTag("b.jpg"), "/b.jpg*"}
	if code != 0 || !slices.Equal(strings.Fields(string(got)), want) {
		t.Errorf("exit %d, %q, %q; aws was told %q", code, stdout, stderr, got)
	}

	fakeAWS(t, "3")
	if code, _, stderr := run("purge", "-dir", dir, "-distribution", "E1", "a.jpg"); code != 1 || !strings.Contains(stderr, "aws cloudfront") {
		t.Errorf("aws failed: exit %d, stderr %q", code, stderr)
	}
	t.Setenv("PATH", t.TempDir())
	if code, stdout, _ := run("purge", "-dir", dir, "-distribution", "E1", "a.jpg"); code != 0 || !strings.Contains(stdout, "--distribution-id E1 --paths '#") {
		t.Errorf("no aws: exit %d, stdout %q", code, stdout)
	}
}

// CloudFront accepts fifteen wildcards at once. So more pictures are invalidated in several rounds,
// with the spellings of browsers last, and every picture is invalidated.
func TestPurgeForgetsManyPicturesInRounds(t *testing.T) {
	dir := folder(t, map[string][]byte{"a.jpg": jpegOf(t, 100, 50)})
	calls := filepath.Join(t.TempDir(), "calls")
	bin := t.TempDir()
	script := "#!/bin/sh\nline=$1; shift; for a in \"$@\"; do line=\"$line\t$a\"; done; printf '%s\\n' \"$line\" >> '" + calls + "'\ncase $1 in create-*) echo I2ABC;; esac\n"
	if err := os.WriteFile(filepath.Join(bin, "aws"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	args := []string{"purge", "-dir", dir, "-distribution", "E1"}
	want := map[string]bool{}
	for i := range 31 {
		key := string(rune('a'+i%26)) + strings.Repeat("~", i/26) + ".jpg"
		args = append(args, key)
		want["#"+edge.CacheTag(key)] = true
		want["/"+strings.ReplaceAll(key, "~", "%7E")+"*"] = true
		want["/"+key+"*"] = true
	}
	recorded := func() (lines [][]string) {
		text, err := os.ReadFile(calls)
		if err != nil {
			t.Fatal(err)
		}
		os.Remove(calls)
		for line := range strings.Lines(string(text)) {
			lines = append(lines, strings.Split(strings.TrimSuffix(line, "\n"), "\t"))
		}
		return lines
	}
	path := os.Getenv("PATH")
	t.Setenv("PATH", bin)
	if code, stdout, stderr := run(args...); code != 0 {
		t.Fatalf("exit %d, %s %s", code, stdout, stderr)
	}
	checkRounds(t, "run", recorded(), want)

	// The printed lines do the same in a shell.
	t.Setenv("PATH", t.TempDir())
	code, stdout, stderr := run(args...)
	if code != 0 {
		t.Fatalf("exit %d, %s", code, stderr)
	}
	_, lines, _ := strings.Cut(stdout, "Run these lines where it is:\n")
	t.Setenv("PATH", bin+":"+path)
	cmd := exec.Command("sh", "-eu")
	cmd.Stdin = strings.NewReader(lines)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s\n%s", err, out, lines)
	}
	checkRounds(t, "printed", recorded(), want)
}

// checkRounds checks that the calls of aws invalidate everything wanted, with no more wildcards at
// once than CloudFront accepts, and wait for the end of each round.
func checkRounds(t *testing.T, what string, lines [][]string, want map[string]bool) {
	t.Helper()
	var steps []string
	seen := map[string]bool{}
	for _, l := range lines {
		steps = append(steps, l[1])
		if l[1] == "wait" {
			if !slices.Equal(l[2:], []string{"invalidation-completed", "--distribution-id", "E1", "--id", "I2ABC"}) {
				t.Errorf("%s: %q", what, l)
			}
			continue
		}
		wildcards := 0
		for _, p := range l {
			if seen[p] = true; strings.HasSuffix(p, "*") {
				wildcards++
			}
		}
		if wildcards > 15 {
			t.Errorf("%s: %d wildcards at once", what, wildcards)
		}
	}
	if !slices.Equal(steps, []string{"create-invalidation", "wait", "create-invalidation", "wait", "create-invalidation", "wait", "create-invalidation"}) {
		t.Errorf("%s: %q", what, steps)
	}
	for p := range want {
		if !seen[p] {
			t.Errorf("%s: %s is not forgotten", what, p)
		}
	}
}

func TestWarmAndPurgeAtAnyS3(t *testing.T) {
	server := s3test.New(s3test.Config{Bucket: "bkt", Region: "eu-west-1"})
	hs := httptest.NewServer(server)
	t.Cleanup(hs.Close)
	server.Put("site/a.jpg", s3test.Object{Body: jpegOf(t, 400, 300)})
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIDTEST")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	t.Setenv("AWS_SESSION_TOKEN", "")
	t.Setenv("AWS_REGION", "us-east-1") // not the bucket's Region
	at := []string{"-endpoint", hs.URL, "-bucket", "bkt", "-path", "/site/", "-resized", "small/"}
	if code, stdout, stderr := run(append([]string{"warm", "-sizes", "SXS", "-formats", "webp", "site/a.jpg"}, at...)...); code != 0 {
		t.Fatalf("exit %d, stdout %q, stderr %q", code, stdout, stderr)
	}
	if got := server.Keys(); !slices.Equal(got, []string{"site/a.jpg", "site/small/SXS-webp/a.jpg.webp"}) {
		t.Errorf("the bucket has %q", got)
	}
	code, stdout, stderr := run(append([]string{"purge", "site/a.jpg"}, at...)...)
	if code != 0 || !strings.Contains(stdout, "1 results deleted") || !strings.Contains(stdout, " '/a.jpg*'") {
		t.Errorf("exit %d, stdout %q, stderr %q", code, stdout, stderr)
	}
	if got := server.Keys(); !slices.Equal(got, []string{"site/a.jpg"}) {
		t.Errorf("the bucket has %q", got)
	}
}

func TestKeysFromStdin(t *testing.T) {
	dir := folder(t, map[string][]byte{"a.jpg": jpegOf(t, 400, 300), "b c.jpg": jpegOf(t, 400, 300)})
	var out, errs strings.Builder
	code := Main([]string{"warm", "-dir", dir, "-sizes", "SXS", "-formats", "same", "-"}, strings.NewReader("a.jpg\r\n\nb c.jpg"), &out, &errs)
	if code != 0 || !strings.Contains(out.String(), "2 pictures") || !strings.Contains(out.String(), "2 results made") {
		t.Errorf("exit %d, stdout %q, stderr %q", code, out.String(), errs.String())
	}
}

func TestWarmEverythingBelowAPrefix(t *testing.T) {
	picture := jpegOf(t, 400, 300)
	dir := folder(t, map[string][]byte{"fotos/a.jpg": picture, "fotos/deep/b c.jpg": picture, "fotos/notes.txt": []byte("x"), "fotos.jpg": picture, "z.jpg": picture})
	warm := []string{"warm", "-dir", dir, "-sizes", "SXS", "-formats", "same", "-prefix"}
	code, stdout, stderr := run(append(warm, "fotos/")...)
	if code != 0 || !strings.Contains(stdout, "2 pictures in folder "+dir+": 2 results made, 0 were fresh") {
		t.Errorf("exit %d, stdout %q, stderr %q", code, stdout, stderr)
	}
	want := []string{"resized/SXS/fotos/a.jpg", "resized/SXS/fotos/deep/b c.jpg"}
	made := func() (names []string) {
		for _, name := range contents(t, dir) {
			if strings.HasPrefix(name, "resized/SXS/") {
				names = append(names, name)
			}
		}
		return names
	}
	if got := made(); !slices.Equal(got, want) {
		t.Errorf("made %q, want %q", got, want)
	}
	// The empty prefix means the whole bucket, without the results in it.
	if code, stdout, stderr := run(append(warm, "")...); code != 0 || !strings.Contains(stdout, "4 pictures in folder "+dir+": 2 results made, 2 were fresh") {
		t.Errorf("all: exit %d, stdout %q, stderr %q", code, stdout, stderr)
	}
	if got := made(); len(got) != 4 {
		t.Errorf("all: made %q", got)
	}
	// warm fails for a prefix without pictures.
	if code, stdout, stderr := run(append(warm, "fotso/")...); code != 1 || stdout != "" || !strings.Contains(stderr, `no pictures whose keys begin with "fotso/"`) {
		t.Errorf("nothing: exit %d, stdout %q, stderr %q", code, stdout, stderr)
	}
	if code, _, stderr := run(append(warm, "fotos/", "a.jpg")...); code != 2 || !strings.Contains(stderr, "either KEY... or -prefix") {
		t.Errorf("both: exit %d, %q", code, stderr)
	}
}

func TestWarmAndPurgeMistakes(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	for _, args := range [][]string{
		{"warm"}, {"warm", "-dir", dir}, {"warm", "a.jpg"}, {"warm", "-bucket", "b", "a.jpg"}, {"warm", "-dir", dir, "-sizes", "XXL", "a.jpg"},
		{"warm", "-dir", dir, "-formats", "avif", "a.jpg"}, {"warm", "-dir", dir, "-quality", "0", "a.jpg"}, {"warm", "-dir", dir, "-jobs", "0", "a.jpg"},
		{"purge"}, {"purge", "a.jpg"}, {"purge", "-dir", dir, "-endpoint", "http://127.0.0.1:1", "a.jpg"}, {"purge", "-dir", dir, "-resized", "..", "a.jpg"},
		{"purge", "-dir", dir, "-path", "../x", "a.jpg"}, {"purge", "-dir", filepath.Join(dir, "none"), "a.jpg"},
	} {
		code, stdout, stderr := run(args...)
		if code != 2 || stdout != "" || strings.Count(stderr, "\n") != 1 || !strings.HasPrefix(stderr, "miniatura "+args[0]) {
			t.Errorf("%q: exit %d, stdout %q, stderr %q", args, code, stdout, stderr)
		}
	}
}
