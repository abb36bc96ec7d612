//go:build regional

package main

import (
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"miniatura/s3lite"
	"miniatura/warm"
)

// handler returns the regional function. memory is how many bytes the function may use; 0 means
// codec.DefaultMemory. The settings are in the environment, and the error names every wrong
// setting. If AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL_CLOUDFRONT is set, the function uses that
// address in the place of AWS's own, as AWS's SDKs do.
func handler(memory int64) (lambda.Handler, error) {
	s, err := warm.FromEnv(os.Getenv)
	if err != nil {
		return nil, err
	}
	c := warm.Config{
		Settings:   s,
		Region:     os.Getenv("AWS_REGION"),
		Memory:     memory,
		CloudFront: os.Getenv("AWS_ENDPOINT_URL_CLOUDFRONT"),
	}
	c.Client = &s3lite.Client{Bucket: c.Bucket, Region: c.Region}
	if e := os.Getenv("AWS_ENDPOINT_URL_S3"); e != "" {
		c.Client.Endpoint, c.Client.PathStyle = e, true
	}
	return warm.New(c), nil
}
