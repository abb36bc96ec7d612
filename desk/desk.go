// Package desk is the command line of miniatura. Nothing of it is linked into the binary that runs
// at the edge.
//
//	os.Exit(desk.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
//
//	desk.go      Main, and the exit codes
//	commands.go  the table of commands
//	help.go      help, flags, version: everything within 80 columns
//	files.go     reading and writing files, stdin and stdout
//	package.go   package: the zip to deploy
//	resize.go    resize: files through codec; resize_one.go, one of them
//	replay.go    replay: one saved event through the function
//	explain.go   explain: what the function would do with a URL; explain_cost.go, the time for it
//	warm.go      warm and purge: results of many pictures
//	deploy.go    deploy: the AWS CLI lines for deploy/cloudformation/template.yaml
//	serve.go     serve: a local CloudFront; journal.go, its log; weight.go, its memory
//	page.go      serve's playground; response.go, the responses that the function makes itself
//	listing.go   which objects are pictures, and in which order
//	bucket.go    where the pictures are stored; event.go, the event that CloudFront would send
//	demo/        pictures drawn by code
//	page/        the playground's HTML, CSS and JavaScript
//	progress/    the progress line of long work
//	browsertest/ tests of the playground in a real browser (a module of its own)
package desk

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

// The exit codes.
const (
	exitOK          = 0
	exitFailed      = 1   // the work failed
	exitUsage       = 2   // unknown command or flag, missing or unreadable file
	exitPassed      = 3   // resize: the source itself is the result, as it would be at the edge
	exitInterrupted = 130 // Ctrl-C, as shells number it
)

// A command is one command of the command line. run gets the arguments after the command's name,
// and a ctx that ends at Ctrl-C. It returns the exit code.
type command struct {
	name    string
	args    string // as help shows them, such as "[-webp] IN OUT"
	summary string // one line, no full stop
	run     func(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int
}

// Main runs the command line args (without the program's name) and returns the exit code.
func Main(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends a program that ignores the first
	if len(args) == 0 {
		help(stderr)
		return exitUsage
	}
	name := args[0]
	switch name {
	case "help", "-h", "-help", "--help":
		if len(args) == 1 {
			help(stdout)
			return exitOK
		}
		name, args = args[1], []string{args[1], "-h"} // "help NAME" is "NAME -h"
	case "-version", "--version":
		name = "version"
	}
	c := find(name)
	if c == nil {
		fmt.Fprintf(stderr, "%s: unknown command %q; `%s help` lists them\n", program.name, name, program.typed)
		return exitUsage
	}
	return c.run(ctx, args[1:], stdin, stdout, stderr)
}

// find returns the command called name, or nil.
func find(name string) *command {
	for _, c := range commands() {
		if c.name == name {
			return &c
		}
	}
	return nil
}

// A usageError is a mistake in the command line, or an input that cannot be used: exit code 2.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// usagef returns a usageError.
func usagef(format string, args ...any) error {
	return usageError{fmt.Errorf(format, args...)}
}

// errHelp ends a command that only showed its flags.
var errHelp = errors.New("help shown")

// report prints err in one line and returns the exit code for it.
func report(stderr io.Writer, command string, err error) int {
	var usage usageError
	code, words := exitFailed, ""
	switch {
	case err == nil, errors.Is(err, errHelp):
		return exitOK
	case errors.Is(err, errPassed):
		return exitPassed // the command has printed the reason
	case errors.Is(err, context.Canceled):
		code, words = exitInterrupted, "interrupted"
	case errors.As(err, &usage):
		code, words = exitUsage, oneLine(err)
	default:
		words = oneLine(err)
	}
	fmt.Fprintf(stderr, "%s %s: %s\n", program.name, command, words)
	return code
}

// oneLine returns err's message with its line breaks replaced by "; ".
func oneLine(err error) string {
	return strings.Join(strings.FieldsFunc(err.Error(), func(r rune) bool { return r == '\n' || r == '\r' }), "; ")
}
