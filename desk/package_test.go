package desk

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// theZip builds the edge's zip once for all tests of this package, even if it is over its budget.
var theZip = sync.OnceValues(func() ([]byte, error) {
	root, err := moduleRoot()
	if err != nil {
		return nil, err
	}
	b := edgeBundle
	b.budget = 50_000_000
	return b.build(context.Background(), root, func(string) {})
})

// zipOrSkip returns theZip, but skips the test for `go test -short`: building it takes seconds, and
// minutes with the race detector.
func zipOrSkip(t testing.TB) ([]byte, error) {
	t.Helper()
	if testing.Short() {
		t.Skip("the zip takes its time")
	}
	return theZip()
}

func TestTwoBuildsOfTheZipAreEqual(t *testing.T) {
	first, err := zipOrSkip(t)
	if err != nil {
		t.Fatal(err)
	}
	z, err := zip.NewReader(bytes.NewReader(first), int64(len(first)))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	var binary []byte
	for _, f := range z.File {
		names = append(names, f.Name)
		if f.Mode() != 0o755 {
			t.Errorf("%s has mode %v", f.Name, f.Mode())
		}
		if f.Modified.UTC() != time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC) {
			t.Errorf("%s has time %v", f.Name, f.Modified)
		}
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		if f.Name == "miniatura" {
			binary = body
		}
	}
	if want := []string{"miniatura", "lambda_function.py"}; !slices.Equal(names, want) {
		t.Errorf("files %q, want %q", names, want)
	}

	// The second zip is built in another user's environment, with other flags and another
	// processor.
	t.Setenv("GOFLAGS", "-ldflags=-X=main.x=1 -tags=other")
	t.Setenv("GOAMD64", "v3")
	t.Setenv("CGO_ENABLED", "1")
	t.Setenv("GOEXPERIMENT", "greenteagc")
	t.Setenv("TZ", "Asia/Tokyo")
	root, err := moduleRoot()
	if err != nil {
		t.Fatal(err)
	}
	again, err := edgeBundle.compile(context.Background(), root)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(binary, again) {
		t.Errorf("two builds differ: %d and %d bytes", len(binary), len(again))
	}
}

func TestZipIsWithinItsBudget(t *testing.T) {
	data, err := zipOrSkip(t)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d of %d bytes", len(data), zipBudget)
	if len(data) > zipBudget {
		t.Errorf("the zip has %d bytes, over the budget of %d", len(data), zipBudget)
	}
}

// This test takes some time, because the command builds the zip again.
func TestPackageWritesTheZip(t *testing.T) {
	if os.Getenv("MINIATURA_LONG") == "" {
		t.Skip("set MINIATURA_LONG=1 to build the zip a second time")
	}
	want, err := zipOrSkip(t)
	if err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "new", "edge.zip")
	code, stdout, stderr := run("package", "-o", out)
	got, err := os.ReadFile(out)
	if code != 0 || err != nil || !bytes.Equal(got, want) {
		t.Errorf("exit %d, %d bytes, want %d (%v): %s", code, len(got), len(want), err, stderr)
	}
	if size := fmt.Sprintf("%d bytes", len(want)); !strings.Contains(stdout, size) {
		t.Errorf("the size %q is not in %q", size, stdout)
	}
}

func TestZipOverItsBudgetFails(t *testing.T) {
	root, err := moduleRoot()
	if err != nil {
		t.Fatal(err)
	}
	b := edgeBundle
	b.budget = 2000
	if _, err := b.pack(root, make([]byte, 2000)); err != nil {
		t.Errorf("a small zip: %v", err)
	}
	b.budget = 100
	if _, err := b.pack(root, make([]byte, 2000)); err == nil || !strings.Contains(err.Error(), "over the budget of 100") {
		t.Errorf("error %v, want one that names the budget", err)
	}
}

// bootstrap does the part of AWS's Python runtime that matters to the zip: it imports the function,
// and then asks the Runtime API for events.
const bootstrap = `
import http.client, json, os
import lambda_function
c = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
while True:
    c.request("GET", "/2018-06-01/runtime/invocation/next", headers={"User-Agent": "python"})
    r = c.getresponse()
    event = json.loads(r.read())
    answer = json.dumps(lambda_function.lambda_handler(event, None))
    c.request("POST", "/2018-06-01/runtime/invocation/%s/response" % r.headers["Lambda-Runtime-Aws-Request-Id"], answer)
    c.getresponse().read()
`

// A runtimeAPI is a substitute for Lambda's Runtime API. It hands out the events of a channel and
// passes on the answers.
type runtimeAPI struct {
	*httptest.Server
	events  chan string   // bodies of events
	answers chan string   // "response BODY" or "error BODY"
	polls   chan string   // one User-Agent per poll
	stop    chan struct{} // ends the polls when the test ends
}

// newRuntimeAPI starts a Runtime API that ends with the test.
func newRuntimeAPI(t testing.TB) *runtimeAPI {
	api := &runtimeAPI{events: make(chan string), answers: make(chan string, 10), polls: make(chan string, 10), stop: make(chan struct{})}
	mux := http.NewServeMux()
	n := 0
	mux.HandleFunc("GET /2018-06-01/runtime/invocation/next", func(w http.ResponseWriter, r *http.Request) {
		api.polls <- r.UserAgent()
		select {
		case e := <-api.events:
			n++
			w.Header().Set("Lambda-Runtime-Aws-Request-Id", fmt.Sprintf("id-%d", n))
			w.Header().Set("Lambda-Runtime-Deadline-Ms", fmt.Sprint(time.Now().Add(30*time.Second).UnixMilli()))
			w.Header().Set("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:us-east-1:123456789012:function:f:1")
			w.Header().Set("Content-Type", "application/json")
			io.WriteString(w, e)
		case <-api.stop:
		case <-r.Context().Done():
		}
	})
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/{kind}", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.WriteHeader(http.StatusAccepted)
		api.answers <- r.PathValue("kind") + " " + string(body)
	})
	mux.HandleFunc("POST /2018-06-01/runtime/init/error", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		api.answers <- "init error " + string(body)
	})
	api.Server = httptest.NewServer(mux)
	t.Cleanup(func() {
		close(api.stop)
		api.Server.CloseClientConnections()
		api.Server.Close()
	})
	return api
}

// wait returns the next value of c. It fails the test when there is none in time.
func wait(t testing.TB, what string, c <-chan string) string {
	t.Helper()
	select {
	case s := <-c:
		return s
	case <-time.After(20 * time.Second):
		t.Fatalf("no %s in 20 s", what)
		return ""
	}
}

// python returns the path of the interpreter, resolved through wrapper scripts. It skips the test
// when there is none.
func python(t testing.TB) string {
	t.Helper()
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		t.Skip("the zip's binary runs on linux/amd64 only")
	}
	out, err := exec.Command("python3", "-c", "import sys; print(sys.executable)").Output()
	if err != nil {
		t.Skipf("no python3: %v", err)
	}
	return strings.TrimSpace(string(out))
}

// unpack unpacks the zip, as Lambda does to /var/task, and returns the folder.
func unpack(t testing.TB) string {
	t.Helper()
	data, err := zipOrSkip(t)
	if err != nil {
		t.Fatal(err)
	}
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, f.Name), body, f.Mode()); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// start runs the Python bootstrap in dir with api, in an environment like that of Lambda.
func start(t testing.TB, python, dir string, api *runtimeAPI, out io.Writer) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(python, "-c", bootstrap)
	cmd.Dir = dir
	cmd.Env = []string{
		"PATH=/usr/bin:/bin",
		"LANG=en_US.UTF-8",
		"PYTHONPATH=" + dir,
		"PYTHONDONTWRITEBYTECODE=1",
		"AWS_LAMBDA_RUNTIME_API=" + api.Listener.Addr().String(),
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE=512",
		"AWS_LAMBDA_FUNCTION_NAME=us-east-1.miniatura",
		"AWS_REGION=eu-central-1",
		"AWS_ACCESS_KEY_ID=AKIDEXAMPLE",
		"AWS_SECRET_ACCESS_KEY=secret",
		"AWS_SESSION_TOKEN=token",
	}
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	return cmd
}

// anEvent returns an origin-request event for uri and query. Nothing listens at its origin, so the
// function has to answer without it or fail open.
func anEvent(uri, query string) (event, request string) {
	request = fmt.Sprintf(`{"clientIp":"203.0.113.178","headers":{"host":[{"key":"Host","value":"bkt.s3.eu-west-1.amazonaws.com"}]},"method":"GET","origin":{"s3":{"authMethod":"none","customHeaders":{"x-env-resized-path":[{"key":"X-Env-Resized-Path","value":"resized"}],"x-env-quality":[{"key":"X-Env-Quality","value":"80"}]},"domainName":"bkt.s3.eu-west-1.amazonaws.com","path":"","region":"eu-west-1"}},"querystring":%q,"uri":%q}`, query, uri)
	return fmt.Sprintf(`{"Records":[{"cf":{"config":{"distributionDomainName":"d111111abcdef8.cloudfront.net","eventType":"origin-request","requestId":"r-1"},"request":%s}}]}`, request), request
}

// sameJSON reports whether a and b are the same JSON value.
func sameJSON(t testing.TB, a, b string) bool {
	t.Helper()
	var x, y any
	if err := json.Unmarshal([]byte(a), &x); err != nil {
		t.Fatalf("%v in %s", err, a)
	}
	if err := json.Unmarshal([]byte(b), &y); err != nil {
		t.Fatalf("%v in %s", err, b)
	}
	ax, _ := json.Marshal(x)
	by, _ := json.Marshal(y)
	return bytes.Equal(ax, by)
}

// A lockedBuffer is written by a process and read by the test.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// running returns the file that process pid executes.
func running(t testing.TB, pid int) string {
	t.Helper()
	exe, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", pid))
	if err != nil {
		t.Fatal(err)
	}
	return exe
}

// TestUnpackedZipAnswersOnOnePID runs the zip as Lambda does: Python imports lambda_function, the
// process becomes the Go binary, and this process answers every event.
func TestUnpackedZipAnswersOnOnePID(t *testing.T) {
	py := python(t)
	for _, c := range []struct {
		name   string
		damage func(dir string) error
		exe    func(dir string) string
	}{
		{"as it is", func(string) error { return nil }, func(dir string) string { return filepath.Join(dir, "miniatura") }},
		{"the x bit is lost", func(dir string) error { return os.Chmod(filepath.Join(dir, "miniatura"), 0o644) }, func(string) string { return "/tmp/miniatura" }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Cleanup(func() { os.Remove("/tmp/miniatura") })
			dir := unpack(t)
			if err := c.damage(dir); err != nil {
				t.Fatal(err)
			}
			api := newRuntimeAPI(t)
			var out lockedBuffer
			cmd := start(t, py, dir, api, &out)
			for i := range 5 {
				if agent := wait(t, "poll; output: "+out.String(), api.polls); !strings.HasPrefix(agent, "aws-lambda-go/") {
					t.Fatalf("poll %d came from %q; output: %s", i, agent, &out)
				}
				if got, want := running(t, cmd.Process.Pid), c.exe(dir); got != want {
					t.Fatalf("pid %d runs %s, want %s", cmd.Process.Pid, got, want)
				}
				// One request has no size, and the other lacks the bucket's name. Both are returned
				// unchanged, and the log has a line about the second.
				query := []string{"", "size=M&to_webp=1"}[i%2]
				event, request := anEvent(fmt.Sprintf("/fotos/ni%%C3%%B1o%d.jpg", i), query)
				api.events <- event
				kind, body, _ := strings.Cut(wait(t, "answer", api.answers), " ")
				if kind != "response" || body != request {
					t.Errorf("invocation %d: %s %s\nwant the request, byte for byte: %s", i, kind, body, request)
				}
			}
			// After an event that is not valid the process still runs.
			wait(t, "poll", api.polls)
			api.events <- `{"Records":[]}`
			wait(t, "answer", api.answers)
			wait(t, "poll after a bad event", api.polls)
			if got, want := running(t, cmd.Process.Pid), c.exe(dir); got != want {
				t.Errorf("pid %d runs %s, want %s", cmd.Process.Pid, got, want)
			}
			// The process has written its log, but this program may not have read it yet.
			const missing = "missing: x-env-bucket-name"
			for range 100 {
				if strings.Contains(out.String(), missing) {
					return
				}
				time.Sleep(50 * time.Millisecond)
			}
			t.Errorf("no log line says %q: %s", missing, &out)
		})
	}
}

// TestUnpackedZipWithoutABinaryPassesRequestsOn: the binary cannot be started, not even from a
// copy, so Python itself answers.
func TestUnpackedZipWithoutABinaryPassesRequestsOn(t *testing.T) {
	py := python(t)
	for name, damage := range map[string]func(file string) error{
		"an empty file in its place": func(file string) error { return os.WriteFile(file, nil, 0o755) },
		"a text file in its place": func(file string) error {
			return os.WriteFile(file, []byte("version https://git-lfs.example/spec/v1\n"), 0o755)
		},
		"no file": os.Remove,
		"a folder in its place": func(file string) error {
			if err := os.Remove(file); err != nil {
				return err
			}
			return os.Mkdir(file, 0o755)
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := unpack(t)
			if err := damage(filepath.Join(dir, "miniatura")); err != nil {
				t.Fatal(err)
			}
			api := newRuntimeAPI(t)
			var out lockedBuffer
			start(t, py, dir, api, &out)
			for range 3 {
				if agent := wait(t, "poll; output: "+out.String(), api.polls); agent != "python" {
					t.Fatalf("the poll came from %q", agent)
				}
				event, request := anEvent("/a.jpg", "size=M")
				api.events <- event
				kind, body, _ := strings.Cut(wait(t, "answer", api.answers), " ")
				if kind != "response" || !sameJSON(t, body, request) {
					t.Errorf("%s %s\nwant the request: %s", kind, body, request)
				}
			}
			line := regexp.MustCompile(`\{"decision".*\}`).FindString(out.String())
			var record struct{ Decision, Error string }
			if err := json.Unmarshal([]byte(line), &record); err != nil || record.Decision != "unchanged" || !strings.Contains(record.Error, "exec") {
				t.Errorf("the log does not say why: %s (%v)", &out, err)
			}
		})
	}
}

// TestStartToFirstPoll compares the time that the zip takes to start with the time that the same
// Python takes with an empty handler. The two alternate.
func TestStartToFirstPoll(t *testing.T) {
	if os.Getenv("MINIATURA_LONG") == "" {
		t.Skip("set MINIATURA_LONG=1 to measure the start")
	}
	py := python(t)
	empty := t.TempDir()
	if err := os.WriteFile(filepath.Join(empty, "lambda_function.py"), []byte("def lambda_handler(event, context):\n    return event\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	ours := unpack(t)
	api := newRuntimeAPI(t)
	once := func(dir string) time.Duration {
		begin := time.Now()
		cmd := start(t, py, dir, api, io.Discard)
		wait(t, "poll", api.polls)
		took := time.Since(begin)
		cmd.Process.Kill()
		cmd.Wait()
		return took
	}
	// The best of many turns is the start without other work on the machine. It takes more turns to
	// meet a quiet moment where there is much of that.
	var a, b []time.Duration
	var best float64
	for range 5 {
		for range 60 {
			a, b = append(a, once(empty)), append(b, once(ours))
		}
		best = float64(slices.Min(b)) / float64(slices.Min(a))
		t.Logf("start to first poll, %d turns: empty handler %v, zip %v, ratio %.3f", len(a), slices.Min(a), slices.Min(b), best)
		if best <= 1.1 {
			break
		}
	}
	if best > 1.1 {
		t.Errorf("ratio %.3f, over 1.1", best)
	}
}
