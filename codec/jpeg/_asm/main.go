// Command _asm writes the AVX2 kernels of codec/jpeg. It is a module of its own, so that the
// program's go.mod does not carry avo.
//
//	go run . -kernels idct -out ../idct_amd64.s -stubs ../idct_amd64.go -pkg jpeg
//
// The init function of each other file registers a group of kernels under a name. Each group
// becomes one pair of files.
package main

import (
	"flag"
	"fmt"
	"os"

	"github.com/mmcloughlin/avo/build"
)

// kernels maps the value of -kernels to the function that emits the group's routines.
var kernels = map[string]func(){}

func main() {
	name := flag.String("kernels", "", "which kernels to write")
	flag.Parse()
	emit, ok := kernels[*name]
	if !ok {
		fmt.Fprintf(os.Stderr, "_asm: no kernels named %q\n", *name)
		os.Exit(2)
	}
	build.ConstraintExpr("amd64,!purego")
	emit()
	build.Generate()
}
