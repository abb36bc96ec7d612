package warm

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"miniatura/s3lite/s3test"
	"miniatura/sizes"
)

// A runtimeAPI is Lambda's side of the custom runtime interface (AWS Lambda Developer Guide, "Using
// the Lambda runtime API"): it hands out events and collects the answers.
type runtimeAPI struct {
	mu      sync.Mutex
	events  [][]byte
	answers []string // "response ..." or "error ..."
	done    chan struct{}
}

func (a *runtimeAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	path := strings.TrimPrefix(r.URL.Path, "/2018-06-01/runtime/invocation/")
	if r.Method == http.MethodGet && path == "next" {
		n := len(a.answers)
		if n == len(a.events) {
			a.mu.Unlock()
			<-r.Context().Done() // Lambda also waits until there is an event
			a.mu.Lock()
			return
		}
		h := w.Header()
		h.Set("Lambda-Runtime-Aws-Request-Id", fmt.Sprint("r", n))
		h.Set("Lambda-Runtime-Deadline-Ms", fmt.Sprint(time.Now().Add(time.Minute).UnixMilli()))
		h.Set("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:eu-west-1:123456789012:function:Warm")
		w.Write(a.events[n])
		return
	}
	body, _ := io.ReadAll(r.Body)
	_, kind, _ := strings.Cut(path, "/")
	a.answers = append(a.answers, kind+" "+string(body))
	w.WriteHeader(http.StatusAccepted)
	if len(a.answers) == len(a.events) {
		close(a.done)
	}
}

// The program built with the tag regional runs as on provided.al2023: its settings are in its
// environment, its events come from the runtime API, and its S3 is a strict one.
func TestTheProgramInLambda(t *testing.T) {
	if _, err := os.Stat("../main_regional.go"); err != nil {
		t.Skip("the program has no regional build here: ", err)
	}
	bootstrap := filepath.Join(t.TempDir(), "bootstrap")
	build := exec.Command("go", "build", "-tags", "regional,lambda.norpc,nethttpomithttp2", "-o", bootstrap, "..")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	bucket := s3test.New(s3test.Config{Bucket: "bkt", Region: "eu-west-1", Token: "token"})
	s3 := httptest.NewServer(bucket)
	defer s3.Close()
	bucket.Put(niño, s3test.Object{Body: picture(t, 640, 480)})
	api := &runtimeAPI{done: make(chan struct{}), events: [][]byte{
		recorded(t, "test.json"), recorded(t, "created.json"), recorded(t, "batch2.json"), []byte("{}"), batchOf(t, "?", string(recorded(t, "removed.json"))),
	}}
	lambda := httptest.NewServer(api)
	defer lambda.Close()

	var log bytes.Buffer
	cmd := exec.Command(bootstrap)
	cmd.Env = []string{
		"AWS_LAMBDA_RUNTIME_API=" + strings.TrimPrefix(lambda.URL, "http://"), "AWS_LAMBDA_FUNCTION_MEMORY_SIZE=512", "AWS_REGION=eu-west-1",
		"AWS_ACCESS_KEY_ID=AKIDTEST", "AWS_SECRET_ACCESS_KEY=secret", "AWS_SESSION_TOKEN=token", "AWS_ENDPOINT_URL_S3=" + s3.URL,
		EnvBucket + "=bkt", EnvResized + "=resized", EnvQuality + "=80", EnvSizes + "=SXS", EnvFormats + "=webp",
	}
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-api.done:
	case <-time.After(time.Minute):
		t.Error("no answer to the last event")
	}
	cmd.Process.Kill()
	cmd.Wait()

	for i, want := range []string{"response null", "response null", `"resultCode":"Succeeded","resultString":"0 made, 1 were fresh"`, "error ", `response {"batchItemFailures":[{"itemIdentifier":"m0"}]}`} {
		if i >= len(api.answers) || !strings.Contains(api.answers[i], want) {
			t.Fatalf("answers %q, want %q as number %d\n%s", api.answers, want, i, &log)
		}
	}
	n := map[string]int{}
	for _, r := range bucket.Requests() {
		n[r.Method]++
	}
	if n["PUT"] != 1 || n["DELETE"] != 2*len(sizes.All()) || len(bucket.Keys()) != 1 {
		t.Errorf("requests %v, left %q", n, bucket.Keys())
	}
	if l := log.String(); !strings.Contains(l, `"event":"created","key":"`+niño+`","made":1`) || !strings.Contains(l, fmt.Sprintf(`"deleted":%d`, 2*len(sizes.All()))) {
		t.Errorf("logged %s", l)
	}
}
