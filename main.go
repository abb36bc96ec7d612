package main

import (
	_ "github.com/HugoSmits86/nativewebp"
	_ "github.com/aws/aws-lambda-go/lambda"
	_ "golang.org/x/image/bmp"
	_ "golang.org/x/image/draw"
	_ "golang.org/x/image/webp"
	_ "golang.org/x/sys/cpu"
)

func main() {}
