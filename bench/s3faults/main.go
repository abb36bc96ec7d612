// Command s3faults runs the S3 clients s3lite, aws-sdk-go-v2 and minio-go through the fault table
// of s3lite/s3test, and prints how each client copes. aws-sdk-go-v2 and minio-go have their default
// settings, except for those that they need to reach the test server.
//
//	go run . [part of a fault's name]
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/minio/minio-go/v7"
	miniocredentials "github.com/minio/minio-go/v7/pkg/credentials"

	"miniatura/s3lite"
	"miniatura/s3lite/s3test"
)

const (
	bucket  = "bucket"
	region  = "us-east-1" // the first region that every client tries
	id      = "AKIDTEST"
	secret  = "secret"
	allowed = 15 * time.Second // for one operation
)

// A client has the operations that are tried. get returns the whole body.
type client struct {
	head func(ctx context.Context, key string) error
	get  func(ctx context.Context, key string) ([]byte, error)
	put  func(ctx context.Context, key string, body []byte) error
}

// ours returns s3lite's client for the server at url.
func ours(url string) client {
	c := &s3lite.Client{
		Bucket:   bucket,
		Region:   region,
		Endpoint: url,
		Credentials: func() (s3lite.Credentials, error) {
			return s3lite.Credentials{AccessKeyID: id, SecretAccessKey: secret}, nil
		},
	}
	return client{
		func(ctx context.Context, key string) error { _, err := c.Head(ctx, key); return err },
		func(ctx context.Context, key string) ([]byte, error) {
			o, err := c.Get(ctx, key, 32<<20)
			if err != nil {
				return nil, err
			}
			return o.Body, nil
		},
		func(ctx context.Context, key string, body []byte) error {
			return c.Put(ctx, key, body, s3lite.PutOptions{ContentType: "image/webp"})
		},
	}
}

// sdk returns aws-sdk-go-v2's client for the server at url.
func sdk(url string) client {
	c := s3.New(s3.Options{
		Region:                     region,
		BaseEndpoint:               &url,
		UsePathStyle:               true,
		Credentials:                credentials.NewStaticCredentialsProvider(id, secret, ""),
		ResponseChecksumValidation: aws.ResponseChecksumValidationWhenSupported,
		RequestChecksumCalculation: aws.RequestChecksumCalculationWhenSupported,
	})
	return client{
		func(ctx context.Context, key string) error {
			_, err := c.HeadObject(ctx, &s3.HeadObjectInput{Bucket: aws.String(bucket), Key: &key})
			return err
		},
		func(ctx context.Context, key string) ([]byte, error) {
			o, err := c.GetObject(ctx, &s3.GetObjectInput{Bucket: aws.String(bucket), Key: &key})
			if err != nil {
				return nil, err
			}
			defer o.Body.Close()
			return io.ReadAll(o.Body)
		},
		func(ctx context.Context, key string, body []byte) error {
			_, err := c.PutObject(ctx, &s3.PutObjectInput{
				Bucket:      aws.String(bucket),
				Key:         &key,
				Body:        bytes.NewReader(body),
				ContentType: aws.String("image/webp"),
			})
			return err
		},
	}
}

// minioGo returns minio-go's client for the server at url.
func minioGo(url string) client {
	c, err := minio.New(strings.TrimPrefix(url, "http://"), &minio.Options{
		Creds:        miniocredentials.NewStaticV4(id, secret, ""),
		Region:       region,
		BucketLookup: minio.BucketLookupPath,
	})
	if err != nil {
		log.Fatal(err)
	}
	return client{
		func(ctx context.Context, key string) error {
			_, err := c.StatObject(ctx, bucket, key, minio.StatObjectOptions{})
			return err
		},
		func(ctx context.Context, key string) ([]byte, error) {
			o, err := c.GetObject(ctx, bucket, key, minio.GetObjectOptions{})
			if err != nil {
				return nil, err
			}
			defer o.Close()
			return io.ReadAll(o)
		},
		func(ctx context.Context, key string, body []byte) error {
			opt := minio.PutObjectOptions{ContentType: "image/webp", DisableMultipart: true}
			_, err := c.PutObject(ctx, bucket, key, bytes.NewReader(body), int64(len(body)), opt)
			return err
		},
	}
}

// object is the body that is read and written.
var object = bytes.Repeat([]byte("0123456789"), 1000)

var errWrongBody = errors.New("a wrong body was taken for the object")

// play runs one scenario on one client, which connect makes. It returns the client's error, the
// number of requests that the client made, and the time that the operation took.
func play(sc s3test.Scenario, connect func(string) client) (err error, requests int, took time.Duration) {
	// The other clients sign bodies in chunks, which s3test cannot verify.
	srv := sc.New(s3test.Config{Unverified: true}, object)
	ts := httptest.NewServer(srv)
	defer ts.CloseClientConnections()
	c := connect(ts.URL)
	ctx, cancel := context.WithTimeout(context.Background(), allowed)
	defer cancel()
	// The fault shall meet a connection that was used before. But another request would already
	// teach the client the region or the clock, if the scenario is about that.
	if !sc.Learns() {
		c.head(ctx, "warm")
		srv.Requests() // are not counted
	}
	begin := time.Now()
	switch sc.Method() {
	case "HEAD":
		err = c.head(ctx, s3test.ScenarioKey)
	case "GET":
		var b []byte
		if b, err = c.get(ctx, s3test.ScenarioKey); err == nil && !bytes.Equal(b, object) {
			err = errWrongBody
		}
	case "PUT":
		err = c.put(ctx, s3test.ScenarioKey, object)
	}
	took = time.Since(begin)
	return err, len(srv.Requests()), took
}

// outcome returns the outcome of an operation in words. They are bold if the client took a wrong
// body, or failed where a client can recover.
func outcome(err error, recoverable bool) string {
	switch {
	case err == nil:
		return "ok"
	case err == errWrongBody:
		return "**wrong body**"
	case recoverable:
		return "**fails**"
	}
	return "error"
}

func main() {
	log.SetOutput(io.Discard) // net/http logs broken connections
	clients := []struct {
		name    string
		connect func(string) client
	}{{"s3lite", ours}, {"aws-sdk-go-v2", sdk}, {"minio-go", minioGo}}
	var rows []s3test.Scenario
	for _, sc := range s3test.Scenarios() {
		if len(os.Args) < 2 || strings.Contains(sc.Name, os.Args[1]) {
			rows = append(rows, sc)
		}
	}
	// All scenarios and clients run at the same time.
	cells := make([][]string, len(rows))   // by row and client
	recovered := make([]int, len(clients)) // how often each client recovered
	recoverable := 0                       // how many rows a client can recover in
	var mu sync.Mutex
	var wg sync.WaitGroup
	for i, sc := range rows {
		cells[i] = make([]string, len(clients))
		if sc.Recoverable {
			recoverable++
		}
		for j, c := range clients {
			wg.Go(func() {
				err, n, took := play(sc, c.connect)
				mu.Lock()
				defer mu.Unlock()
				if err == nil && sc.Recoverable {
					recovered[j]++
				}
				cells[i][j] = fmt.Sprintf("%s, %d in %.1f s", outcome(err, sc.Recoverable), n, took.Seconds())
			})
		}
	}
	wg.Wait()
	fmt.Println("| fault |", clients[0].name, "|", clients[1].name, "|", clients[2].name, "|")
	fmt.Println("|---|---|---|---|")
	for i, sc := range rows {
		fmt.Println("|", sc.Name, "|", strings.Join(cells[i], " | "), "|")
	}
	fmt.Printf("| **recovered of %d** | **%d** | **%d** | **%d** |\n", recoverable, recovered[0], recovered[1], recovered[2])
	fmt.Printf("\nEach cell: the outcome, requests made, time taken; %v allowed. ", allowed)
	fmt.Printf("No client can recover in the rows after the first %d: there fewer requests are better.\n", recoverable)
	if recovered[0] < recoverable {
		os.Exit(1)
	}
}
