//go:build !edge

package s3lite

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"miniatura/internal/outside"
)

// vectors reads a file of AWS's published test cases (aws-c-auth and the S3 endpoint rules,
// Apache-2.0). They are in the shared folder, not in this repository.
func vectors(t *testing.T, name string, into any) {
	t.Helper()
	b, err := os.ReadFile(outside.Shared(t, "vectors/"+name))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, into); err != nil {
		t.Fatal(err)
	}
}

// rawRequest reads a request in the suite's format. Its target may be encoded, in part or not at
// all, and its header lines may be folded.
func rawRequest(t *testing.T, raw string) (r *http.Request, body string) {
	t.Helper()
	head, body, _ := strings.Cut(raw, "\n\n")
	lines := strings.Split(strings.TrimSuffix(head, "\n"), "\n")
	method, target, _ := strings.Cut(strings.TrimSuffix(lines[0], " HTTP/1.1"), " ")
	path, rawQuery, _ := strings.Cut(target, "?")
	decode := func(s string) string {
		d, err := url.PathUnescape(s)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	var query [][2]string
	for pair := range strings.SplitSeq(rawQuery, "&") {
		if name, value, _ := strings.Cut(pair, "="); name != "" {
			query = append(query, [2]string{decode(name), decode(value)})
		}
	}
	r = &http.Request{Method: method, Header: http.Header{}, URL: &url.URL{RawPath: escapePath(decode(path)), RawQuery: canonicalQuery(query)}}
	last := ""
	for _, l := range lines[1:] {
		if l[0] == ' ' || l[0] == '\t' {
			v := r.Header[last]
			v[len(v)-1] += l
			continue
		}
		name, value, _ := strings.Cut(l, ":")
		if last = http.CanonicalHeaderKey(name); last == "Host" {
			r.Host = value
		} else {
			r.Header.Add(last, value)
		}
	}
	return r, body
}

func TestAWSSigningSuite(t *testing.T) {
	var cases []struct {
		Name, Token, Request, Creq, Sts, Sig string
		SignBody                             bool `json:"sign_body"`
		Omit                                 bool
	}
	vectors(t, "aws-c-auth-v4-s3-header.json", &cases)
	if len(cases) != 32 {
		t.Errorf("%d cases, want 32", len(cases))
	}
	for _, tc := range cases {
		t.Run(tc.Name, func(t *testing.T) {
			r, body := rawRequest(t, tc.Request)
			payload := "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
			if tc.SignBody {
				payload = tc.Creq[strings.LastIndex(tc.Creq, "\n")+1:]
				r.Header.Set("X-Amz-Content-Sha256", payload)
			}
			const date = "20150830T123600Z"
			r.Header.Set("X-Amz-Date", date)
			if tc.Token != "" && !tc.Omit {
				r.Header.Set("X-Amz-Security-Token", tc.Token)
			}
			canonical, _ := canonicalRequest(r, payload)
			if canonical != tc.Creq {
				t.Errorf("canonical request of %q\n%s\nwant\n%s", body, canonical, tc.Creq)
			}
			scope := date[:8] + "/us-east-1/service/aws4_request"
			sts := stringToSign(date, scope, canonical)
			if sts != tc.Sts {
				t.Errorf("string to sign\n%s\nwant\n%s", sts, tc.Sts)
			}
			if sig := signature("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", scope, sts); sig != tc.Sig {
				t.Errorf("signature %s, want %s", sig, tc.Sig)
			}
		})
	}
}

// These are the examples of "Authenticating Requests: Using the Authorization Header" and "...
// Using Query Parameters" in the Amazon S3 API Reference.
func TestS3WorkedExamples(t *testing.T) {
	const (
		empty   = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
		welcome = "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072" // "Welcome to Amazon S3."
		host    = "examplebucket.s3.amazonaws.com"
		scope   = "20130524/us-east-1/s3/aws4_request"
	)
	cr := Credentials{AccessKeyID: "AKIAIOSFODNN7EXAMPLE", SecretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}
	at := time.Date(2013, 5, 24, 0, 0, 0, 0, time.UTC)
	for _, tc := range []struct {
		name, method, path string
		query              [][2]string
		header             http.Header
		payload            string
		canonical          string // lines
		hash, sig          string
	}{
		{"GET Object", "GET", "/test.txt", nil, http.Header{"Range": {"bytes=0-9"}}, empty,
			"GET|/test.txt||host:" + host + "|range:bytes=0-9|x-amz-content-sha256:" + empty + "|x-amz-date:20130524T000000Z||host;range;x-amz-content-sha256;x-amz-date|" + empty,
			"7344ae5b7ee6c3e7e6b0fe0640412a37625d1fbfff95c48bbb2dc43964946972", "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"},
		{"PUT Object", "PUT", "/test$file.text", nil, http.Header{"Date": {"Fri, 24 May 2013 00:00:00 GMT"}, "X-Amz-Storage-Class": {"REDUCED_REDUNDANCY"}}, welcome,
			"PUT|/test%24file.text||date:Fri, 24 May 2013 00:00:00 GMT|host:" + host + "|x-amz-content-sha256:" + welcome + "|x-amz-date:20130524T000000Z|x-amz-storage-class:REDUCED_REDUNDANCY||date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class|" + welcome,
			"9e0e90d9c76de8fa5b200d8c849cd5b8dc7a3be3951ddb7f6a76b4158342019d", "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"},
		{"GET Bucket Lifecycle", "GET", "/", [][2]string{{"lifecycle", ""}}, nil, empty,
			"GET|/|lifecycle=|host:" + host + "|x-amz-content-sha256:" + empty + "|x-amz-date:20130524T000000Z||host;x-amz-content-sha256;x-amz-date|" + empty,
			"9766c798316ff2757b517bc739a67f6213b4ab36dd5da2f94eaebf79c77395ca", "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"},
		{"List Objects", "GET", "/", [][2]string{{"prefix", "J"}, {"max-keys", "2"}}, nil, empty,
			"GET|/|max-keys=2&prefix=J|host:" + host + "|x-amz-content-sha256:" + empty + "|x-amz-date:20130524T000000Z||host;x-amz-content-sha256;x-amz-date|" + empty,
			"df57d21db20da04d7fa30298dd4488ba3a2b47ca3a489c74750e0f1e7df1b9b7", "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"},
		{"presigned GET", "GET", "/test.txt", [][2]string{{"X-Amz-Algorithm", "AWS4-HMAC-SHA256"}, {"X-Amz-Credential", cr.AccessKeyID + "/" + scope}, {"X-Amz-Date", "20130524T000000Z"},
			{"X-Amz-Expires", "86400"}, {"X-Amz-SignedHeaders", "host"}}, nil, "UNSIGNED-PAYLOAD",
			"GET|/test.txt|X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host|host:" + host + "||host|UNSIGNED-PAYLOAD",
			"3bfa292879f6447bbcda7001decf97f4a54dc650c8942174ae0a9121cf58ad04", "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := &http.Request{Method: tc.method, Host: host, Header: tc.header, URL: &url.URL{RawPath: escapePath(tc.path), RawQuery: canonicalQuery(tc.query)}}
			if r.Header == nil {
				r.Header = http.Header{}
			}
			if tc.payload != "UNSIGNED-PAYLOAD" { // the whole signer
				var body []byte
				if tc.payload == welcome {
					body = []byte("Welcome to Amazon S3.")
				}
				sign(r, cr, "us-east-1", at, body)
				if got := r.Header.Get("Authorization"); !strings.HasSuffix(got, "/"+scope+", SignedHeaders="+strings.Split(tc.canonical, "|")[strings.Count(tc.canonical, "|")-1]+", Signature="+tc.sig) {
					t.Error(got)
				}
				r.Header.Del("Authorization")
			}
			canonical, _ := canonicalRequest(r, tc.payload)
			if want := strings.ReplaceAll(tc.canonical, "|", "\n"); canonical != want {
				t.Errorf("canonical request\n%s\nwant\n%s", canonical, want)
			}
			sts := stringToSign("20130524T000000Z", scope, canonical)
			if want := "AWS4-HMAC-SHA256\n20130524T000000Z\n" + scope + "\n" + tc.hash; sts != want {
				t.Errorf("string to sign\n%s\nwant\n%s", sts, want)
			}
			if sig := signature(cr.SecretAccessKey, scope, sts); sig != tc.sig {
				t.Errorf("signature %s, want %s", sig, tc.sig)
			}
		})
	}
}

// These cases are not in the suite: an order that differs from the order of "name=value" strings,
// several values of one name, bytes that are not UTF-8, and header names whose order depends on
// their case.
func TestCanonicalFormBeyondTheSuite(t *testing.T) {
	for want, query := range map[string][][2]string{
		"a=&a-b=&a.b=":             {{"a.b", ""}, {"a-b", ""}, {"a", ""}}, // as strings: "a-b=" < "a.b=" < "a="
		"a=1&a=2&a%20=0":           {{"a ", "0"}, {"a", "2"}, {"a", "1"}},
		"k=%00%0A%2B%2F~%3D%FF%25": {{"k", "\x00\n+/~=\xff%"}},
	} {
		if got := canonicalQuery(query); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	r := &http.Request{Method: "PUT", Host: "h", URL: &url.URL{RawPath: "/"}, Header: http.Header{"X-Amz-Meta-A": {"1"}, "X-Amz-Meta-_a": {" 2  \t x "}, "X-Amz-Meta-0": {"3", " 4 "}}}
	canonical, signed := canonicalRequest(r, "p")
	if want := "PUT\n/\n\nhost:h\nx-amz-meta-0:3,4\nx-amz-meta-_a:2 x\nx-amz-meta-a:1\n\n" + signed + "\np"; canonical != want {
		t.Errorf("%s\nwant\n%s", canonical, want)
	}
	if a, b := escapePath("a/ñ~+ %"), "a/%C3%B1~%2B%20%25"; a != b {
		t.Errorf("%s, want %s", a, b)
	}
}

func TestAWSEndpointCases(t *testing.T) {
	var cases []struct {
		Bucket, Region        string
		FIPS, DualStack, Path bool
		Endpoint, URL         string
		Signing               []string
	}
	vectors(t, "s3-endpoint-general-purpose.json", &cases)
	if len(cases) != 45 {
		t.Errorf("%d cases, want 45", len(cases))
	}
	for _, tc := range cases {
		c := &Client{Bucket: tc.Bucket, Region: tc.Region, FIPS: tc.FIPS, DualStack: tc.DualStack, PathStyle: tc.Path, Endpoint: tc.Endpoint}
		for _, key := range []string{"", "a b/ñ"} {
			u, err := c.url(tc.Region, key)
			want := tc.URL + "/" + map[string]string{"a b/ñ": "a%20b/%C3%B1"}[key]
			if err != nil || u.String() != want || len(tc.Signing) != 1 || tc.Signing[0] != tc.Region {
				t.Errorf("%+v: %v, %v", tc, u, err)
			}
		}
	}
}

// A service that names a region chooses part of the host of the next request. It must not be able
// to choose more than the region.
func TestARegionCannotBecomeAHost(t *testing.T) {
	for _, s := range []string{"", "x", "evil.com/", "a-b.evil.com", "eu-west-1#", "eu-west-1@evil.com", "EU-WEST-1", "eu west-1", "-eu-west-1", "eu-west-", "../..", strings.Repeat("a-b", 20), "eu-west-1\r\n"} {
		if isRegion(s) {
			t.Errorf("%q is taken for a region", s)
		}
	}
	for _, s := range []string{"eu-west-1", "us-gov-west-1", "cn-northwest-1", "ap-southeast-5", "us-iso-east-1"} {
		if !isRegion(s) {
			t.Errorf("%q is not taken for a region", s)
		}
	}
}
