package desk

// This file opens the bucket that a command works on.

import (
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"miniatura/edge"
	"miniatura/s3lite"
	"miniatura/s3lite/s3test"
)

// A bucket holds pictures and their results: a folder or memory behind s3test, or a bucket of a
// real S3 service. All access is by signed HTTP requests.
type bucket struct {
	settings
	client *s3lite.Client
	where  string         // what the bucket is, in words for people
	local  *s3test.Server // nil for a real S3 service
	close  func()
}

// localRegion is the region that s3test pretends to be in, and localKeyID the access key id that it
// accepts.
const (
	localRegion = "us-east-1"
	localKeyID  = "AKIDDESK"
)

// openDir returns the folder dir as a bucket. Keys cannot leave the folder, by dots or by symbolic
// links.
func openDir(dir string, s settings) (*bucket, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	b, err := openLocal(s3test.Config{Root: root, Results: s.resized}, s)
	if err != nil {
		root.Close()
		return nil, err
	}
	stop := b.close
	b.close = func() { stop(); root.Close() }
	b.where = "folder " + dir
	return b, nil
}

// openMemory returns an empty bucket that exists until the program ends.
func openMemory(s settings) (*bucket, error) {
	b, err := openLocal(s3test.Config{}, s)
	if err == nil {
		b.where = "memory"
	}
	return b, err
}

// openLocal starts s3test on a local port, with the configuration c and a new secret, and returns
// that server's bucket. The caller sets where.
func openLocal(c s3test.Config, s settings) (*bucket, error) {
	s.region = localRegion
	secret := rand.Text()
	c.Bucket, c.Region, c.Secrets = s.bucket, s.region, map[string]string{localKeyID: secret}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	local := s3test.New(c)
	server := &http.Server{Handler: local, ReadHeaderTimeout: 10 * time.Second}
	go server.Serve(l)
	return &bucket{
		settings: s,
		client: &s3lite.Client{
			Bucket: s.bucket, Region: s.region, Endpoint: "http://" + l.Addr().String(), PathStyle: true,
			Credentials: func() (s3lite.Credentials, error) {
				return s3lite.Credentials{AccessKeyID: localKeyID, SecretAccessKey: secret}, nil
			},
		},
		local: local,
		close: func() { server.Close() },
	}, nil
}

// openEndpoint returns the bucket of an S3 service, with the credentials in the environment. It
// returns an error when endpoint is no HTTP URL or when there are no credentials.
func openEndpoint(endpoint string, s settings) (*bucket, error) {
	u, err := url.Parse(endpoint)
	isHTTP := err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
	if !isHTTP {
		return nil, fmt.Errorf("-endpoint %q is not like http://127.0.0.1:7070", endpoint)
	}
	if _, err := s3lite.EnvCredentials(); err != nil {
		return nil, err
	}
	s.region = cmp.Or(s.region, os.Getenv("AWS_REGION"), localRegion)
	return &bucket{
		settings: s,
		client:   &s3lite.Client{Bucket: s.bucket, Region: s.region, Endpoint: strings.TrimSuffix(endpoint, "/"), PathStyle: true},
		where:    fmt.Sprintf("bucket %s at %s", s.bucket, endpoint),
		close:    func() {},
	}, nil
}

// config returns the Config of an edge.Handler that uses b, whatever bucket and region an event
// names.
func (b *bucket) config() edge.Config {
	return edge.Config{Client: func(string, string) *s3lite.Client { return b.client }}
}

// absent reports whether err says that there is no such object, or none that may be read.
func absent(err error) bool {
	return errors.Is(err, s3lite.ErrNotFound) || errors.Is(err, s3lite.ErrDenied)
}
