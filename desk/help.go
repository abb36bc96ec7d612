package desk

// This file prints help, reads flags, and implements version.

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"runtime/debug"
	"strings"
	"text/tabwriter"
	"unicode/utf8"

	"miniatura/codec"
	"miniatura/sizes"
)

// helpWidth is how many columns help uses at most.
const helpWidth = 80

// A calling is how the program is called: its name in messages, and what a user types to start the
// program.
type calling struct{ name, typed string }

var program = called(os.Args[0])

// called returns the calling of the binary at path. A binary in one of the go command's own folders
// was made by `go run .` or go test, and has no name of its own.
func called(path string) calling {
	for part := range strings.FieldsFuncSeq(path, func(r rune) bool { return r == '/' || r == '\\' }) {
		if strings.HasPrefix(part, "go-build") {
			return calling{"miniatura", "go run ."}
		}
	}
	name := strings.TrimSuffix(filepath.Base(path), ".exe")
	return calling{name, name}
}

// help prints the commands and the sizes.
func help(w io.Writer) {
	fmt.Fprintf(w, `miniatura resizes pictures on their way through CloudFront:
/photo.jpg?size=M&to_webp=1

Usage: %[1]s COMMAND [flags] [arguments]

`, program.typed)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, c := range commands() {
		fmt.Fprintf(t, "  %s\t%s\n", c.name, c.summary)
	}
	t.Flush()
	fmt.Fprintf(w, "\n`%s help COMMAND` shows a command's flags.\n\n%s", program.typed, fold(sizesInWords(), "", ""))
}

// sizesInWords returns the table of sizes as two sentences.
func sizesInWords() string {
	var oblong, square []string
	for _, s := range sizes.All() {
		if s.Wide == s.Tall {
			square = append(square, fmt.Sprintf("%s"+nbsp+"%d", s.Name, s.Wide.W))
		} else {
			oblong = append(oblong, fmt.Sprintf("%s"+nbsp+"%dx%d", s.Name, s.Wide.W, s.Wide.H))
		}
	}
	return fmt.Sprintf("Sizes: boxes that are turned as the picture is (%s), and square ones (%s). "+
		"A picture is fitted inside its box, never enlarged, never cropped.", strings.Join(oblong, ", "), strings.Join(square, ", "))
}

// nbsp is a space where fold must not break the line.
const nbsp = "\u00a0"

// fold breaks text between words into lines of at most helpWidth columns. start is put before the
// first line, and indent before the others.
func fold(text, start, indent string) string {
	var b strings.Builder
	line := start
	empty := true // no word is in the line yet
	for word := range strings.SplitSeq(text, " ") {
		columns := utf8.RuneCountInString(line) + 1 + utf8.RuneCountInString(word)
		if !empty && columns > helpWidth {
			b.WriteString(line + "\n")
			line, empty = indent, true
		}
		if !empty {
			line += " "
		}
		line, empty = line+word, false
	}
	return strings.ReplaceAll(b.String()+line+"\n", nbsp, " ")
}

// flags is a flag set whose errors are one line and whose -h prints to stdout.
type flags struct {
	*flag.FlagSet
	stdout io.Writer
	notes  string // printed by help below the flags
}

// newFlags returns an empty flag set for the command called name.
func newFlags(name string, stdout io.Writer) *flags {
	f := &flags{FlagSet: flag.NewFlagSet(name, flag.ContinueOnError), stdout: stdout}
	f.SetOutput(io.Discard)
	return f
}

// parse reads the flags, which may stand anywhere among the arguments, and returns the other
// arguments. It returns an error when there are fewer than least of them, or more than most. A
// negative most means any number.
func (f *flags) parse(args []string, least, most int) ([]string, error) {
	c := find(f.Name())
	var rest []string
	// Parse stops at the first argument that is no flag. Take that one, and go on behind it. After
	// "--" no argument is a flag.
	for {
		err := f.Parse(args)
		if errors.Is(err, flag.ErrHelp) {
			f.printHelp(c)
			return nil, errHelp
		}
		if err != nil {
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
	tooMany := most >= 0 && len(rest) > most
	if len(rest) < least || tooMany {
		return nil, usagef("want %s; `%s help %s` says more", strings.TrimSpace(c.name+" "+c.args), program.typed, c.name)
	}
	return rest, nil
}

// given reports whether a flag is on the command line, with any value.
func (f *flags) given(name string) bool {
	found := false
	f.Visit(func(one *flag.Flag) { found = found || one.Name == name })
	return found
}

// optional matches a part of a command's args that must stay on one line.
var optional = regexp.MustCompile(`\[[^]]*\]`)

// printHelp prints how the command is called, what it does, and its flags.
func (f *flags) printHelp(c *command) {
	start := "Usage: " + program.typed + " " + c.name
	if c.args == "" {
		fmt.Fprintln(f.stdout, start)
	} else {
		keepTogether := func(s string) string { return strings.ReplaceAll(s, " ", nbsp) }
		args := optional.ReplaceAllStringFunc(c.args, keepTogether)
		indent := strings.Repeat(" ", len(start)+1)
		fmt.Fprint(f.stdout, fold(args, start+" ", indent))
	}
	sentence := strings.ToUpper(c.summary[:1]) + c.summary[1:] + "."
	fmt.Fprint(f.stdout, "\n", fold(sentence, "", ""))
	heading := "\nFlags:\n" // above the first flag only
	f.VisitAll(func(one *flag.Flag) {
		kind, usage := flag.UnquoteUsage(one)
		hasDefault := one.DefValue != "" && one.DefValue != "false"
		if hasDefault && !strings.Contains(usage, "default") {
			usage += " (default " + one.DefValue + ")"
		}
		typed := strings.TrimSpace("-" + one.Name + " " + kind)
		fmt.Fprint(f.stdout, heading, "  ", typed, "\n", fold(usage, "      ", "      "))
		heading = ""
	})
	if f.notes != "" {
		fmt.Fprint(f.stdout, "\n", fold(f.notes, "", ""))
	}
}

func runVersion(_ context.Context, args []string, _ io.Reader, stdout, stderr io.Writer) int {
	f := newFlags("version", stdout)
	if _, err := f.parse(args, 0, 0); err != nil {
		return report(stderr, "version", err)
	}
	fmt.Fprintf(stdout, "miniatura%s, encoder version %d, %s, %s/%s\n", commit(), codec.Version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return exitOK
}

// commit returns the first 12 digits of the commit that the binary was built from, after a space,
// and says whether the files were changed since. It returns "" when go build recorded no commit.
func commit() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	var revision, changed string
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			revision = " " + s.Value[:min(12, len(s.Value))]
		case s.Key == "vcs.modified" && s.Value == "true":
			changed = ", changed since"
		}
	}
	if revision == "" {
		return ""
	}
	return revision + changed
}
