package sigtest

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/smithy-go/aws-http-auth/credentials"
	"github.com/aws/smithy-go/aws-http-auth/sigv4"
	v4 "github.com/aws/smithy-go/aws-http-auth/v4"

	"miniatura/s3lite"
)

// signsAll makes AWS's signer sign every header that it gets, as s3lite does.
type signsAll struct{}

func (signsAll) IsSigned(string) bool { return true }

// second is a transport that signs each request again with AWS's signer and compares the
// signatures.
type second struct {
	t    *testing.T
	cr   s3lite.Credentials
	now  time.Time
	key  string
	seen int
}

func (s *second) RoundTrip(r *http.Request) (*http.Response, error) {
	if s.seen++; s.seen == 1 { // answer with a time, which the client then signs with
		if r.Body != nil {
			r.Body.Close()
		}
		return &http.Response{StatusCode: 403, Header: http.Header{"Date": {s.now.UTC().Format(http.TimeFormat)}}, Body: http.NoBody}, nil
	}
	at, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
	if late := at.Sub(s.now); err != nil || late < -time.Second || late > 10*time.Second {
		s.t.Fatalf("signed at %v, when it was %v: %v", at, s.now, err)
	}
	var body []byte
	if r.Body != nil {
		body, _ = io.ReadAll(r.Body)
		r.Body.Close()
	}
	// The path is encoded here by other code than that of the client.
	var want string
	for _, b := range []byte(s.key) {
		if strings.IndexByte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/", b) >= 0 {
			want += string(rune(b))
		} else {
			want += fmt.Sprintf("%%%02X", b)
		}
	}
	if path := r.URL.EscapedPath(); !strings.HasSuffix(path, "/"+want) && s.key != "" {
		s.t.Fatalf("path %s for key %q", path, s.key)
	}
	c := r.Clone(r.Context())
	for _, name := range []string{"Authorization", "X-Amz-Date", "X-Amz-Content-Sha256", "X-Amz-Security-Token"} {
		c.Header.Del(name)
	}
	region := strings.Split(r.Header.Get("Authorization"), "/")[2]
	sum := sha256.Sum256(body)
	err = sigv4.New().SignRequest(&sigv4.SignRequestInput{Request: c, PayloadHash: sum[:], Service: "s3", Region: region, Time: at,
		Credentials: credentials.Credentials{AccessKeyID: s.cr.AccessKeyID, SecretAccessKey: s.cr.SecretAccessKey, SessionToken: s.cr.SessionToken}},
		func(o *v4.SignerOptions) {
			o.HeaderRules, o.DisableDoublePathEscape, o.AddPayloadHashHeader = signsAll{}, true, true
		})
	if err != nil {
		s.t.Fatal(err)
	}
	for _, name := range []string{"Authorization", "X-Amz-Date", "X-Amz-Content-Sha256", "X-Amz-Security-Token"} {
		if a, b := r.Header.Get(name), c.Header.Get(name); a != b {
			s.t.Fatalf("%s of %s %s\nours  %s\nAWS's %s", name, r.Method, r.URL, a, b)
		}
	}
	return &http.Response{StatusCode: 404, Header: http.Header{}, Body: http.NoBody}, nil
}

func TestTwentyThousandRequestsAreSignedAsAWSSignsThem(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	pick := func(from ...string) string { return from[rng.IntN(len(from))] }
	// text returns n characters, among them those that encoders treat differently, characters of
	// many bytes, and bytes that are not UTF-8.
	text := func(n int) string {
		var b strings.Builder
		for range n {
			switch rng.IntN(6) {
			case 0:
				b.WriteByte(byte(rng.IntN(256)))
			case 1:
				b.WriteRune(rune(rng.IntN(0x3000)))
			case 2:
				b.WriteString(pick("/", "//", ".", "..", "./", " ", "+", "%", "%2F", "%25", "~", "&", "=", "?", "#", ";", ":", "@", "$", "!", "'", "(", ")", "*", ",", "🎉", "ñ"))
			default:
				b.WriteByte("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_."[rng.IntN(65)])
			}
		}
		return b.String()
	}
	word := func(n int) string { // a header's value: at most one space between words, as AWS's signer keeps more
		var b strings.Builder
		for i := range n {
			if i > 0 && i < n-1 && rng.IntN(6) == 0 {
				b.WriteByte(' ')
			}
			b.WriteByte(byte('!' + rng.IntN('~'-'!'+1)))
		}
		return b.String()
	}
	hexWord := func() string { return hex.EncodeToString([]byte(word(8))) }

	total := 0
	counts := map[string]int{}
	for i := range 20_000 {
		s := &second{t: t, now: time.Unix(rng.Int64N(4e9), rng.Int64N(1e9)), cr: s3lite.Credentials{AccessKeyID: "AKID" + hexWord(), SecretAccessKey: word(1 + rng.IntN(90))}}
		if rng.IntN(2) == 0 {
			s.cr.SessionToken = word(1 + rng.IntN(900))
		}
		c := &s3lite.Client{Bucket: pick("bucket", "my.dotted.bucket", "b-1", "Upper_Case"), Region: pick("us-east-1", "eu-west-1", "cn-north-1", "ap-southeast-5"),
			Endpoint: pick("", "", "http://127.0.0.1:9000", "https://s3.example.com/prefix", "http://localhost:80"), PathStyle: rng.IntN(2) == 0,
			Transport: s, Credentials: func() (s3lite.Credentials, error) { return s.cr, nil }}
		s.key = text(1 + rng.IntN(60))
		op := pick("HEAD", "GET", "PUT", "DELETE", "LIST")
		counts[op]++
		switch op {
		case "HEAD":
			c.Head(t.Context(), s.key)
		case "GET":
			c.Get(t.Context(), s.key, 1)
		case "DELETE":
			c.Delete(t.Context(), s.key)
		case "PUT":
			o := s3lite.PutOptions{ContentType: word(rng.IntN(30)), CacheControl: word(rng.IntN(30)), Metadata: map[string]string{},
				Expires: word(rng.IntN(30)), ContentLanguage: word(rng.IntN(30)), ContentDisposition: word(rng.IntN(30))}
			for range rng.IntN(6) {
				o.Metadata[fmt.Sprint(pick("a", "A-b", "_a", "source-etag", "0", "z.z"), rng.IntN(9))] = word(1 + rng.IntN(30))
			}
			c.Put(t.Context(), s.key, bytes.Repeat([]byte{byte(i)}, rng.IntN(300)), o)
		case "LIST":
			prefix := s.key
			s.key = ""
			for range c.List(t.Context(), prefix) {
			}
		}
		if s.seen != 2 {
			t.Fatalf("request %d (%s) was made %d times", i, op, s.seen)
		}
		total++
	}
	t.Logf("%d requests equal: %v", total, counts)
}
