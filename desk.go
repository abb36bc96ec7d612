//go:build !edge && !regional

package main

import (
	"os"

	"miniatura/desk"
)

func commandLine() int {
	return desk.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
}
