package desk

import (
	"strings"
	"testing"
)

// Manifests of S3 Batch list every key of the bucket. Like the policies of package deploy, serve
// does not hand them out, in any spelling of their folder.
func TestServeHandsOutNoListOfKeys(t *testing.T) {
	const secret = "bkt,fotos/secret.jpg"
	s := serving(t, "-dir", folder(t, map[string][]byte{
		"miniatura-batch/manifest.csv": []byte(secret), "miniatura-batch/job-1/results/report.csv": []byte(secret),
		"fotos/miniatura-batch/a.csv": []byte("another folder"), "miniatura-batch.csv": []byte("a file"),
	}))
	for _, path := range []string{
		"/miniatura-batch/manifest.csv", "/miniatura-batch/manifest.csv?size=M", "/miniatura-batch/manifest.csv?size=M&to_webp=1", "/miniatura-batch%2Fmanifest.csv",
		"/%6diniatura-batch/manifest.csv", "/miniatura%2Dbatch/manifest%2Ecsv", "/miniatura-batch/job-1/results/report.csv", "/miniatura-batch/none.csv",
	} {
		if r, body := s.get(path, 403); strings.Contains(body, secret) {
			t.Errorf("%s: %d %s", path, r.StatusCode, body)
		}
	}
	for _, path := range []string{"//miniatura-batch/manifest.csv", "/./miniatura-batch/manifest.csv", "/fotos/../miniatura-batch/manifest.csv"} { // other keys to S3
		if r, body := s.do("GET", path); strings.Contains(body, secret) {
			t.Errorf("%s: %d %s", path, r.StatusCode, body)
		}
	}
	s.get("/fotos/miniatura-batch/a.csv", 200)
	s.get("/miniatura-batch.csv", 200)
}
