//go:build !edge && !regional

package main

import (
	"os"

	"miniatura/desk"
)

// commandLine runs the command line and returns the process's exit code.
func commandLine() int {
	return desk.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
}
