//go:build !edge

package s3lite_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const (
	signer  = "Suite|Worked|Canonical|Everything|RoundTrips"
	escaped = `strings.ReplaceAll(url.QueryEscape(s), "+", "%20")`
)

// mutants are the package with one change that makes it wrong: old becomes new in file. At least
// one of tests must fail.
var mutants = []struct{ name, file, old, new, tests string }{
	{"pairs not sorted", "list.go", "slices.SortFunc(pairs,", "_ = func(p [][2]string, f func(a, b [2]string) int) {}; slices.SortFunc([][2]string{},", signer},
	{"pairs sorted as strings", "list.go", "slices.Compare(a[:], b[:])", `strings.Compare(a[0]+"="+a[1], b[0]+"="+b[1])`, signer},
	{"query not encoded", "list.go", "{escape(p[0]), escape(p[1])}", "{p[0], p[1]}", signer},
	{"slash kept in query", "list.go", "escape(p[1])", "escapePath(p[1])", signer},
	{"path not encoded", "endpoint.go", "u.RawPath = escapePath(u.Path)", "u.RawPath = u.Path", signer},
	{"path's slash encoded", "endpoint.go", "u.RawPath = escapePath(u.Path)", "u.RawPath = escape(u.Path)", signer},
	{"space written as plus", "sign.go", escaped, "url.QueryEscape(s)", signer},
	{"plus taken for plain", "sign.go", escaped, "strings.ReplaceAll(" + escaped + `, "%2B", "+")`, signer},
	{"tilde encoded", "sign.go", escaped, "strings.ReplaceAll(" + escaped + `, "~", "%7E")`, signer},
	{"lower-case escapes", "sign.go", escaped, "strings.ReplaceAll(" + escaped + `, "%2B", "%2b")`, signer},
	{"host not signed", "sign.go", `{"host": r.Host}`, `{"host": ""}`, signer},
	{"a header left out", "sign.go", "for name, values := range r.Header {", `for name, values := range r.Header {
		if name == "X-Amz-Date" {
			continue
		}`, signer},
	{"headers not sorted", "sign.go", "slices.Sort(names)", "_ = slices.Sort[[]string]", signer},
	{"headers sorted before lower case", "sign.go", "slices.Sort(names)", `slices.SortFunc(names, func(a, b string) int {
		return strings.Compare(http.CanonicalHeaderKey(a), http.CanonicalHeaderKey(b))
	})`, signer},
	{"inner spaces kept", "sign.go", `strings.Join(strings.Fields(v), " ")`, "strings.TrimSpace(v)", signer},
	{"only the first value", "sign.go", `strings.Join(trimmed, ",")`, "trimmed[0]", signer},
	{"payload left out", "sign.go", `"", signedHeaders, payload)`, `"", signedHeaders)`, signer},
	{"secret not part of the key", "sign.go", `"AWS4" + secret`, `"AWS4"`, "CredentialsAre"},
	{"learned region not in the scope", "sign.go", `"/" + region + "/" + service`, `"/us-east-1/" + service`, "ConcurrentRequestsLearn|FaultTable"},
	{"local time", "sign.go", "at.UTC().Format", `at.In(time.FixedZone("", 7200)).Format`, signer},
	{"token not signed", "sign.go", `if cr.SessionToken != "" {`, `if false {`, "CredentialsAre"},
	{"body not hashed", "sign.go", "hexSHA256(body)", "hexSHA256(nil)", signer},
	{"no checksum verified", "answer.go", "want == sum.compute(body)", "true", "FaultsOfTheBody|FaultTable"},
	{"length not demanded", "answer.go", `err = errors.New("no Content-Length: the end cannot be told from a broken connection")`,
		"o.object.Body, err = io.ReadAll(body)", "FaultsOfTheBody|FaultTable"},
	{"part for whole", "answer.go", "case s == 200, s == 204:", "case s/100 == 2:", "APart"},
	{"certificates not verified", "request.go", "&tls.Config{", "&tls.Config{InsecureSkipVerify: true, ", "SharedTransport"},
	{"HTTP/2", "request.go", "DisableCompression:  true,", "DisableCompression: true, ForceAttemptHTTP2: true,", "SharedTransport"},
	{"no watchdog", "request.go", "cancel(errStalled) })", "})", "TestAHang"},
	{"a byte is progress", "request.go", "16 << 10", "1", "Trickle"},
	{"idle neighbours kept", "request.go", "idle.CloseIdleConnections()", "_ = idle", "DeadIdle"},
	{"clock not learned", "answer.go", "c.skew.Store(int64(time.Until(date)))", "", "FaultTable"},
	{"region not learned", "answer.go", "c.region.Store(&place{name: named})", "", "FaultTable"},
	{"409 final", "answer.go", "s == 409", "s == 499", "FaultTable"},
	{"expired token retried", "answer.go", `code == "RequestTimeout":`, `code == "RequestTimeout", code == "ExpiredToken":`, "FaultTable"},
	{"CRC64NVME not verified", "answer.go", `, {"X-Amz-Checksum-Crc64nvme", crc64Base64}}`, "}", "CRC64NVME"},
	{"another polynomial", "answer.go", "0x9a6c9329ac4bc9b5", "crc64.ECMA", "CRC64NVME"},
	{"polynomial not reversed", "answer.go", "0x9a6c9329ac4bc9b5", "0xad93d23594c93659", "CRC64NVME"},
	{"CRC64NVME little-endian", "answer.go", "BigEndian.AppendUint64", "LittleEndian.AppendUint64", "CRC64NVME"},
	{"composite by type alone", "answer.go", "(parts, 10, 32); err != nil", "(parts, 10, 32); err != nil || true", "Composite"},
	{"composite by number alone", "answer.go", ` || h.Get("X-Amz-Checksum-Type") == "COMPOSITE"`, "", "Composite"},
	{"composite without a number", "answer.go", "(parts, 10, 32); err != nil", `(parts, 10, 32); err != nil && parts == ""`, "Composite"},
	{"odd region kept", "answer.go", "c.region.CompareAndSwap(believed, nil)", "", "Nowhere"},
	{"sure region forgotten", "answer.go", "!believed.sure && ", "", "Nowhere"},
	{"only a refusal makes an odd region", "request.go", `op.Op == "dial"`, `op.Op == "read"`, "Nowhere"},
	{"stale region final", "answer.go", "case moved && believed != nil && believed.name != o.region:", "case false:", "WhatAnother"},
	{"GET answers for HEAD", "answer.go", "case learned, o.request.probe && s == 200:", "case learned:", "InPlaceOfAHEAD"},
	{"GET never again HEAD", "request.go", "current = q // a probe", "_ = q // a probe", "InPlaceOfAHEAD"},
	{"HEAD never GET", "request.go", "o.status == 400:", "o.status == 499:", "InPlaceOfAHEAD|HeadFinds"},
	{"five requests", "request.go", "e.Attempts == maxAttempts", "e.Attempts > maxAttempts", "AtMostFour"},
	{"nil wrapped", "errors.go", "return err == nil })", "return false })", "AtMostFour"},
	{"restored is archived", "s3lite.go", "archive && !strings", "archive || strings", "Archived"},
	{"no DEEP_ARCHIVE", "s3lite.go", `"DEEP_ARCHIVE"`, `"DEEP"`, "Archived"},
	{"too large is tried again", "answer.go", "		return atOnce, ErrTooLarge", "		return atOnce, ErrExhausted", "TooLarge"},
	{"body still in use", "request.go", "<-closed.Done() }()", "_ = closed }()", "PutIsDone"},
}

// A test that passes on a broken client is of no use, so the tests must fail on every mutant.
func TestMutantsAreCaught(t *testing.T) {
	for _, m := range mutants {
		t.Run(strings.ReplaceAll(m.name, " ", "_"), func(t *testing.T) {
			src, err := os.ReadFile(m.file)
			if err != nil {
				t.Fatal(err)
			}
			if n := bytes.Count(src, []byte(m.old)); n != 1 {
				t.Fatalf("%q occurs %d times in %s", m.old, n, m.file)
			}
			if os.Getenv("MINIATURA_LONG") == "" {
				t.Skip("builds the package for each mutant: set MINIATURA_LONG=1")
			}
			dir := t.TempDir()
			wd, _ := os.Getwd()
			mutant := filepath.Join(dir, m.file)
			overlay, _ := json.Marshal(map[string]any{"Replace": map[string]string{filepath.Join(wd, m.file): mutant}})
			for name, b := range map[string][]byte{mutant: bytes.Replace(src, []byte(m.old), []byte(m.new), 1), filepath.Join(dir, "overlay.json"): overlay} {
				if err := os.WriteFile(name, b, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			args := []string{"test", "-vet=off", "-count=1", "-failfast", "-timeout=10s", "-overlay", filepath.Join(dir, "overlay.json"), "-run", m.tests}
			cmd := exec.Command("go", append(args, ".")...)
			cmd.Env = append(os.Environ(), "MINIATURA_LONG=")
			out, err := cmd.CombinedOutput()
			if err == nil {
				t.Errorf("no test saw it")
			} else if !bytes.Contains(out, []byte("--- FAIL")) && !bytes.Contains(out, []byte("panic: test timed out")) {
				t.Errorf("does not build:\n%s", out)
			}
		})
	}
}
