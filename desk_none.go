//go:build edge || regional

package main

import "os"

// commandLine has nothing to offer in a build for Lambda.
func commandLine() int {
	os.Stderr.WriteString("miniatura: this build runs in Lambda only\n")
	return 2
}
