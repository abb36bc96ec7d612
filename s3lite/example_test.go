package s3lite_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log"
	"net/http/httptest"

	"miniatura/s3lite"
	"miniatura/s3lite/s3test"
)

// clientOf returns a client of a strict S3 in memory. Against AWS, Bucket and Region are enough.
func clientOf(server *httptest.Server) *s3lite.Client {
	return &s3lite.Client{
		Bucket:    "bucket",
		Region:    "us-east-1",
		Endpoint:  server.URL,
		PathStyle: true,
		Credentials: func() (s3lite.Credentials, error) {
			return s3lite.Credentials{AccessKeyID: "AKIDTEST", SecretAccessKey: "secret"}, nil
		},
	}
}

func ExampleClient() {
	server := httptest.NewServer(s3test.New(s3test.Config{}))
	defer server.Close()
	s3, ctx := clientOf(server), context.Background()

	err := s3.Put(ctx, "notes/a b.txt", []byte("hello"), s3lite.PutOptions{ContentType: "text/plain", Metadata: map[string]string{"author": "me"}})
	if err != nil {
		log.Fatal(err)
	}
	o, err := s3.Get(ctx, "notes/a b.txt", 1<<20) // at most 1 MB
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s, %s, by %s\n", o.Body, o.ContentType, o.Metadata["author"])

	_, err = s3.Head(ctx, "nothing")
	fmt.Println(errors.Is(err, s3lite.ErrNotFound), errors.Is(err, fs.ErrNotExist))
	// Output:
	// hello, text/plain, by me
	// true true
}

// The caller does not see a fault that goes away.
func ExampleClient_faults() {
	service := s3test.New(s3test.Config{})
	server := httptest.NewServer(service)
	defer server.Close()
	s3, ctx := clientOf(server), context.Background()
	if err := s3.Put(ctx, "k", []byte("body"), s3lite.PutOptions{}); err != nil {
		log.Fatal(err)
	}

	service.Requests() // empties the log
	service.Script(s3test.Rule{Fault: s3test.Status(500, "InternalError"), Times: 1})
	o, err := s3.Get(ctx, "k", 100)
	fmt.Println(string(o.Body), err, len(service.Requests()), "requests")
	// Output: body <nil> 2 requests
}

func ExampleParseDomain() {
	bucket, region, err := s3lite.ParseDomain("pictures.s3.eu-west-1.amazonaws.com")
	fmt.Println(bucket, region, err)
	// Output: pictures eu-west-1 <nil>
}
