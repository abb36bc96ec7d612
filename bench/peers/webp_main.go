//go:build webppeers

package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

// main runs the webp section alone: go run -tags webppeers ./bench/peers
func main() {
	flag.Parse()
	root := os.Getenv("MINIATURA_SHARED")
	if root == "" {
		root = "../shared"
	}
	t, err := measureWebP(filepath.Join(root, "corpus"), os.Stderr)
	if err != nil {
		fmt.Fprintln(os.Stderr, "webp:", err)
		os.Exit(1)
	}
	t.print(os.Stdout)
}
