module miniatura

go 1.26.0

require (
	github.com/HugoSmits86/nativewebp v0.9.3
	github.com/aws/aws-lambda-go v1.55.1
	golang.org/x/image v0.47.0
	golang.org/x/sys v0.49.0
)
