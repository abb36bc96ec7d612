//go:build !edge

package s3lite_test

import (
	"encoding/pem"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	"miniatura/s3lite"
	"miniatura/s3lite/s3test"
)

// The test uses the transport that all Clients share, over TLS, with certificates from a file. It
// runs in a process of its own, because crypto/x509 reads the certificates once.
func TestSharedTransportVerifiesAndResumes(t *testing.T) {
	if url := os.Getenv("MINIATURA_TEST_TLS"); url != "" {
		s3lite.Warm()
		c := client(url, nil)
		c.Transport = nil
		for range 3 {
			if _, err := c.Head(t.Context(), "k"); !errors.Is(err, s3lite.ErrNotFound) {
				t.Fatal(err)
			}
		}
		return
	}
	if runtime.GOOS != "linux" {
		t.Skip("SSL_CERT_FILE is heeded on Linux")
	}
	srv := s3test.New(s3test.Config{})
	var resumed []bool
	ts := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor != 1 {
			t.Errorf("%s", r.Proto)
		}
		resumed = append(resumed, r.TLS.DidResume) // the requests come one after another
		w.Header().Set("Connection", "close")
		srv.ServeHTTP(w, r)
	}))
	ts.EnableHTTP2 = true // the client must not use it even if it is offered
	ts.StartTLS()
	defer ts.Close()
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ts.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	run := func(ca string) error {
		cmd := exec.Command(os.Args[0], "-test.run=^TestSharedTransportVerifiesAndResumes$")
		cmd.Env = append(os.Environ(), "MINIATURA_TEST_TLS="+ts.URL, "SSL_CERT_FILE="+ca, "SSL_CERT_DIR="+t.TempDir())
		out, err := cmd.CombinedOutput()
		t.Logf("%s", out)
		return err
	}
	if err := run(file); err != nil {
		t.Error(err)
	}
	if len(resumed) != 3 || resumed[0] || !resumed[1] || !resumed[2] {
		t.Errorf("sessions resumed: %v", resumed)
	}
	if err := run(os.DevNull); err == nil {
		t.Error("a certificate of an unknown authority was accepted")
	}
}
