package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"miniatura/desk"
	"miniatura/edge"
	"miniatura/s3lite"
	"miniatura/s3lite/s3test"
	"miniatura/warm"
)

// newBucket returns the bucket bkt in region with one picture in it, and a client of it.
func newBucket(t *testing.T, region string) (*s3test.Server, *s3lite.Client) {
	t.Helper()
	server := s3test.New(s3test.Config{Bucket: "bkt", Region: region})
	hs := httptest.NewServer(server)
	t.Cleanup(hs.Close)
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewNRGBA(image.Rect(0, 0, 400, 300))); err != nil {
		t.Fatal(err)
	}
	if err := server.Put("fotos/niño.png", s3test.Object{Body: b.Bytes()}); err != nil {
		t.Fatal(err)
	}
	return server, &s3lite.Client{Bucket: "bkt", Region: region, Endpoint: hs.URL, Credentials: func() (s3lite.Credentials, error) {
		return s3lite.Credentials{AccessKeyID: "AKIDTEST", SecretAccessKey: "secret"}, nil
	}}
}

// originRequest returns the event that CloudFront makes for a distribution's origin, as in the
// developer guide's "Lambda@Edge event structure".
func originRequest(origin any, uri, query string) []byte {
	headers := map[string]any{}
	for _, h := range at(origin, "OriginCustomHeaders").([]any) {
		name := at(h, "HeaderName").(string)
		headers[strings.ToLower(name)] = []any{map[string]any{"key": name, "value": at(h, "HeaderValue")}}
	}
	domain := at(origin, "DomainName").(string)
	path, _ := at(origin, "OriginPath").(string)
	e := map[string]any{"Records": []any{map[string]any{"cf": map[string]any{
		"config": map[string]any{"distributionId": "EDFDVBD6EXAMPLE", "eventType": "origin-request", "requestId": "1"},
		"request": map[string]any{"clientIp": "203.0.113.178", "method": "GET", "uri": uri, "querystring": query,
			"headers": map[string]any{"host": []any{map[string]any{"key": "Host", "value": domain}}},
			"origin":  map[string]any{"s3": map[string]any{"authMethod": "none", "customHeaders": headers, "domainName": domain, "path": path}}},
	}}}}
	b, err := json.Marshal(e)
	if err != nil {
		panic(err)
	}
	return b
}

// may reports whether a role's policies allow an action on a resource. It knows the part of IAM
// that these roles use, which has no conditions and no denials.
func may(role any, action, resource string) bool {
	policies, _ := at(role, "Properties", "Policies").([]any)
	for _, p := range policies {
		for _, st := range at(p, "PolicyDocument", "Statement").([]any) {
			if at(st, "Effect") != "Allow" || !slices.Contains(list(at(st, "Action")), any(action)) {
				continue
			}
			for _, r := range list(at(st, "Resource")) {
				if pattern := r.(string); pattern == resource || strings.HasSuffix(pattern, "/*") && strings.HasPrefix(resource, pattern[:len(pattern)-1]) {
					return true
				}
			}
		}
	}
	return false
}

// allowAll checks that a role allows every request that reached the bucket.
func allowAll(t *testing.T, role any, log []s3test.Request) {
	t.Helper()
	if len(log) == 0 {
		t.Error("no request reached the bucket")
	}
	for _, r := range log {
		action := map[string]string{"HEAD": "s3:GetObject", "GET": "s3:GetObject", "PUT": "s3:PutObject", "DELETE": "s3:DeleteObject"}[r.Method]
		if !may(role, action, "arn:aws:s3:::bkt/"+r.Key) {
			t.Errorf("the role does not allow %s %s", r.Method, r.Key)
		}
	}
	for _, forbidden := range []string{"PutObject", "DeleteObject"} {
		if may(role, "s3:"+forbidden, "arn:aws:s3:::bkt/fotos/niño.png") {
			t.Errorf("the role allows %s on an original", forbidden)
		}
	}
}

// forReplayedShapes runs check for the shapes whose events are replayed: one for each way in which
// the origin, the role or the environment differs.
func forReplayedShapes(t *testing.T, check func(t *testing.T, s shape, stacks []deployed)) {
	for _, region := range []string{"us-east-1", "eu-west-1", "eu-west-3"} {
		for bits := range 1 << 2 {
			s := shape{Shape: desk.Shape{BucketRegion: region, OriginShield: "eu-west-2", Regional: true, ExistingBucket: bits&1 != 0}, otherNumbers: bits&2 != 0}
			t.Run(fmt.Sprintf("%+v", s), func(t *testing.T) {
				stacks, err := s.deploy(theTemplate())
				if err != nil {
					t.Fatal(err)
				}
				check(t, s, stacks)
			})
		}
	}
}

// The handler gets an event with the origin that a shape sets. It reads what the stack wrote, finds
// the bucket, and sends only requests that the stack's role allows.
func TestHandlerReadsWhatEveryShapeSets(t *testing.T) {
	forReplayedShapes(t, func(t *testing.T, s shape, stacks []deployed) {
		d, _ := one(t, stacks, "Distribution")
		origin := at(d.properties(), "DistributionConfig", "Origins", 0)
		server, client := newBucket(t, s.BucketRegion)
		var got edge.Record
		var region string
		h := edge.New(edge.Config{Log: &bytes.Buffer{}, Observe: func(r edge.Record) { got = r }, Client: func(bucket, r string) *s3lite.Client {
			region = r
			if bucket != "bkt" {
				t.Errorf("bucket %q", bucket)
			}
			return client
		}})
		answer, err := h.Handle(context.Background(), originRequest(origin, "/fotos/ni%C3%B1o.png", "size=SXS&to_webp=1"))
		if err != nil || got.Decision != edge.Resized || got.Error != "" {
			t.Fatalf("%+v, %v", got, err)
		}
		folder := s.number("DestinationFolder", "resized").(string)
		want(t, "the rewritten uri", at(jsonOf(t, answer), "uri"), "/"+folder+"/SXS-webp/fotos/ni%C3%B1o.png.webp")
		want(t, "the bucket's region", region, s.BucketRegion)
		o := server.Object(folder + "/SXS-webp/fotos/niño.png.webp")
		tag := at(d.properties(), "DistributionConfig", "CacheTagConfig", "HeaderName").(string)
		if o == nil || o.ContentType != "image/webp" || o.Metadata[strings.TrimPrefix(tag, "x-amz-meta-")] == "" {
			t.Errorf("stored %+v", o)
		}
		role, _ := one(t, stacks, "FunctionRole")
		allowAll(t, role.Body, server.Requests())
	})
}

// The regional function runs with the environment that the stack sets.
func TestRegionalHandlerReadsWhatTheStackSets(t *testing.T) {
	forReplayedShapes(t, func(t *testing.T, s shape, stacks []deployed) {
		f, _ := one(t, stacks, "Warm")
		settings, err := warm.FromEnv(func(name string) string {
			v, _ := at(f.properties(), "Environment", "Variables", name).(string)
			return v
		})
		if err != nil || settings.Bucket != "bkt" {
			t.Fatalf("%+v, %v", settings, err)
		}
		server, client := newBucket(t, s.BucketRegion)
		h := warm.New(warm.Config{Settings: settings, Client: client, Log: &bytes.Buffer{}})
		for _, event := range []string{"ObjectCreated:Put", "ObjectRemoved:Delete"} {
			raw := fmt.Sprintf(`{"Records":[{"eventName":%q,"s3":{"bucket":{"name":"bkt"},"object":{"key":"fotos/ni%%C3%%B1o.png"}}}]}`, event)
			batch := fmt.Sprintf(`{"Records":[{"messageId":"m","eventSource":"aws:sqs","body":%q}]}`, raw)
			if answer, err := h.Invoke(context.Background(), []byte(batch)); err != nil || string(answer) != `{"batchItemFailures":[]}` {
				t.Fatal(string(answer), err)
			}
			results := 2 * len(sizeNames())
			if s.otherNumbers { // sizes M,SS in webp
				results = 2
			}
			if event == "ObjectRemoved:Delete" {
				results = 0
			}
			want(t, "objects after "+event, len(server.Keys()), 1+results)
		}
		role, _ := one(t, stacks, "WarmRole")
		allowAll(t, role.Body, server.Requests())
	})
}

func jsonOf(t *testing.T, raw []byte) any {
	t.Helper()
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	return v
}
