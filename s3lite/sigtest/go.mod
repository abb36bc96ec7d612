module miniatura/s3lite/sigtest

go 1.26.0

replace miniatura => ../..

require (
	github.com/aws/smithy-go/aws-http-auth v1.1.3
	miniatura v0.0.0-00010101000000-000000000000
)
