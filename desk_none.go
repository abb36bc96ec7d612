//go:build edge || regional

package main

import "os"

// commandLine returns exit code 2: a build for Lambda has no command line.
func commandLine() int {
	os.Stderr.WriteString("miniatura: this build runs in Lambda only\n")
	return 2
}
