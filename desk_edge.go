//go:build edge

package main

import "os"

// commandLine has nothing to offer in the edge build.
func commandLine() int {
	os.Stderr.WriteString("miniatura: this build answers Lambda@Edge only\n")
	return 2
}
