// Package desk is the command line: what a person at a desk does with miniatura, none of which is linked into the binary that
// runs at the edge.
//
//	desk.go      running a command: help, flags, exit codes; commands.go is the table of them
//	package.go   package: the zip to deploy
//	deploy.go    deploy: the AWS CLI lines for deploy/cloudformation/template.yaml
//	resize.go    resize: one file through codec
//	replay.go    replay: one saved event through the function
//	explain.go   explain: what the function would do with a URL, and why
//	warm.go      warm and purge; journal.go, what they have done already; weight.go, how much there is to do
//	serve.go     serve: a local CloudFront over s3test or any S3; page.go is its playground
//	bucket.go    where the pictures lie; event.go, the event that CloudFront would send
//	demo/        pictures made by code, for those who have none at hand
//	page/        the playground's HTML, CSS and JavaScript
//	progress/    the progress line of long work
//	browsertest/ the playground in a real browser (a module of its own)
package desk

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"text/tabwriter"
)

// Exit codes: what a script can tell apart.
const (
	exitOK     = 0
	exitFailed = 1 // the work was understood and did not succeed
	exitUsage  = 2 // unknown command or flag, missing or unreadable file
)

// A Command is one word of the command line. Run gets the arguments after the word and returns the exit code; ctx ends at
// Ctrl-C. Its parameters are std types, so that a package below desk can offer a command without importing desk.
type Command struct {
	Name    string
	Args    string // as help shows them: "[-webp] IN OUT"
	Summary string // one line, no full stop
	Run     func(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int
}

// Main runs the command line args (without the program's name) and returns the exit code.
func Main(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if len(args) == 0 {
		help(stderr)
		return exitUsage
	}
	name := args[0]
	switch name {
	case "help", "-h", "-help", "--help":
		if len(args) > 1 && find(args[1]) != nil {
			return find(args[1]).Run(ctx, []string{"-h"}, stdin, stdout, stderr)
		}
		help(stdout)
		return exitOK
	}
	c := find(name)
	if c == nil {
		fmt.Fprintf(stderr, "miniatura: unknown command %q; `help` lists them\n", name)
		return exitUsage
	}
	return c.Run(ctx, args[1:], stdin, stdout, stderr)
}

func find(name string) *Command {
	for _, c := range commands() {
		if c.Name == name {
			return &c
		}
	}
	return nil
}

func help(w io.Writer) {
	fmt.Fprint(w, `miniatura resizes pictures on their way through CloudFront: /photo.jpg?size=M&to_webp=1

Usage: go run . COMMAND [flags] [arguments]      (go run . COMMAND -h shows a command's flags)

`)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, c := range commands() {
		fmt.Fprintf(t, "  %s\t%s\n", strings.TrimSpace(c.Name+" "+c.Args), c.Summary)
	}
	t.Flush()
	fmt.Fprint(w, `
Sizes: L M S XS are wide or tall boxes (1280x720, 1200x628, 854x480, 427x240), SL SM SS SXS square ones
(1080, 540, 360, 180). A picture is fitted inside its box, never enlarged, never cropped.
`)
}

// usageError is an error of the person at the keyboard: exit code 2.
type usageError struct{ error }

func usagef(format string, args ...any) error {
	return usageError{fmt.Errorf(format, args...)}
}

// errHelp ends a command that only showed its flags.
var errHelp = errors.New("help shown")

// report prints err as one line and returns the exit code it deserves.
func report(stderr io.Writer, command string, err error) int {
	var usage usageError
	switch {
	case err == nil, errors.Is(err, errHelp):
		return exitOK
	case errors.As(err, &usage):
		fmt.Fprintf(stderr, "miniatura %s: %s\n", command, oneLine(err))
		return exitUsage
	}
	fmt.Fprintf(stderr, "miniatura %s: %s\n", command, oneLine(err))
	return exitFailed
}

func oneLine(err error) string {
	return strings.Join(strings.FieldsFunc(err.Error(), func(r rune) bool { return r == '\n' || r == '\r' }), "; ")
}

// flags is a flag set whose errors are one line and whose -h prints to stdout.
type flags struct {
	*flag.FlagSet
	stdout io.Writer
}

func newFlags(c string, stdout io.Writer) *flags {
	f := &flags{flag.NewFlagSet(c, flag.ContinueOnError), stdout}
	f.SetOutput(io.Discard)
	return f
}

// parse reads the flags, wherever among the arguments they stand, and demands between least and most further arguments
// (most < 0: any number).
func (f *flags) parse(args []string, least, most int) ([]string, error) {
	c := find(f.Name())
	var rest []string
	for {
		if err := f.Parse(args); errors.Is(err, flag.ErrHelp) {
			fmt.Fprintf(f.stdout, "Usage: go run . %s\n\n%s.\n", strings.TrimSpace(c.Name+" "+c.Args), c.Summary)
			any := false
			f.VisitAll(func(*flag.Flag) { any = true })
			if any {
				fmt.Fprint(f.stdout, "\nFlags:\n")
				f.SetOutput(f.stdout)
				f.PrintDefaults()
			}
			return nil, errHelp
		} else if err != nil {
			return nil, usageError{err}
		}
		parsed := args[:len(args)-f.NArg()]
		args = f.Args()
		if len(args) == 0 {
			break
		}
		if len(parsed) > 0 && parsed[len(parsed)-1] == "--" {
			rest = append(rest, args...)
			break
		}
		rest, args = append(rest, args[0]), args[1:]
	}
	if len(rest) < least || most >= 0 && len(rest) > most {
		return nil, usagef("want %s; `help %s` says more", strings.TrimSpace(c.Name+" "+c.Args), c.Name)
	}
	return rest, nil
}
