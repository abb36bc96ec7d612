//go:build !edge

package s3lite_test

import (
	"errors"
	"net/http"
	"slices"
	"testing"
	"time"

	"miniatura/internal/outside"
	"miniatura/s3lite"
)

// versitygw returns a client of a new bucket on a versitygw server (see outside.Versitygw).
func versitygw(t *testing.T) *s3lite.Client {
	address := outside.Versitygw(t, "AKIDTEST", "secret")
	tr := &http.Transport{}
	t.Cleanup(tr.CloseIdleConnections)
	c := client("http://"+address, tr)
	c.Region, c.Progress = "eu-west-1", 5*time.Second
	if err := c.Put(t.Context(), "", nil, s3lite.PutOptions{}); err != nil { // a PUT without a key makes the bucket
		t.Fatal(err)
	}
	return c
}

func TestVersitygwAgrees(t *testing.T) {
	gw := versitygw(t)
	var kept []string
	t.Run("keys", func(t *testing.T) {
		for _, k := range append(slices.Clone(oddKeys), "tilde~-_.!*'()/x y+z%2B%20é.webp") {
			if k == "nl\n.jpg" || k == "ctl\x01\x7f.jpg" {
				continue // the server refuses these; S3 does not
			}
			kept = append(kept, k)
			absent(t, gw, k)
			roundTrip(t, gw, k)
		}
		slices.Sort(kept)
		got := list(t, gw, "")
		slices.Sort(got)
		if !slices.Equal(got, kept) {
			t.Errorf("list: %q, want %q", got, kept)
		}
		if err := gw.Delete(t.Context(), "a+b.jpg"); err != nil {
			t.Error(err)
		}
		absent(t, gw, "a+b.jpg")
		absent(t, gw, "a b+.jpg")
	})

	t.Run("wrong region and half an hour off", func(t *testing.T) {
		for _, op := range []string{"HEAD", "GET", "PUT"} {
			for _, off := range []time.Duration{0, 30 * time.Minute, -30 * time.Minute} {
				c := like(gw)
				c.Region = "us-east-1"
				c.SetSkew(off)
				var err error
				switch op {
				case "HEAD":
					_, err = c.Head(t.Context(), "a b.jpg")
				case "GET":
					_, err = c.Get(t.Context(), "a b.jpg", 1<<20)
				case "PUT":
					err = c.Put(t.Context(), "new.jpg", []byte("x"), s3lite.PutOptions{})
				}
				if err != nil {
					t.Errorf("%s, %v off: %v", op, off, err)
				}
			}
		}
	})

	t.Run("wrong secret", func(t *testing.T) {
		c := like(gw)
		c.Credentials = func() (s3lite.Credentials, error) {
			return s3lite.Credentials{AccessKeyID: "AKIDTEST", SecretAccessKey: "Secret"}, nil
		}
		_, get := c.Get(t.Context(), "a b.jpg", 1<<20)
		_, head := c.Head(t.Context(), "a b.jpg")
		put := c.Put(t.Context(), "forged.jpg", []byte("x"), s3lite.PutOptions{})
		for _, err := range []error{get, head, put} {
			var e *s3lite.Error
			if !errors.Is(err, s3lite.ErrDenied) || !errors.As(err, &e) || e.Attempts != 1 || e.Op != "HEAD" && e.Code != "SignatureDoesNotMatch" {
				t.Error(err)
			}
		}
		absent(t, gw, "forged.jpg")
	})

	refusesTampering(t, gw)
}
