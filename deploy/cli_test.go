package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// cdkCLI is the command line that goes with the library: newer ones refuse the schema it writes.
const cdkCLI = "aws-cdk@2.1148.1"

// articleLine is how people deploy, and stays so word for word.
const articleLine = "deploy --parameters BucketName=my-pictures --parameters DestinationFolder=resized --parameters Quality=80"

func text(t template) string {
	b, err := json.MarshalIndent(t, "", " ")
	if err != nil {
		panic(err)
	}
	return string(b)
}

// The README's lines, through the command line that people use: same templates.
func TestCommandLineMakesTheSameTemplates(t *testing.T) {
	if os.Getenv("MINIATURA_LONG") == "" {
		t.Skip("MINIATURA_LONG is not set: npx fetches the command line")
	}
	if _, err := exec.LookPath("npx"); err != nil {
		t.Skip("no npx")
	}
	app := filepath.Join(t.TempDir(), "app")
	if out, err := exec.Command("go", "build", "-o", app, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	synthCLI := func(args ...string) (string, error) {
		out := t.TempDir()
		cmd := exec.Command("npx", append([]string{"--yes", cdkCLI, "synth", "--quiet", "--app", app, "--output", out,
			"-c", "zip=" + zips + "/edge.zip", "-c", "regionalZip=" + zips + "/regional.zip"}, args...)...)
		said, err := cmd.CombinedOutput()
		if err != nil {
			return string(said), err
		}
		return out, nil
	}
	elsewhere := []string{"--all"}
	for key, v := range variants["everything, elsewhere"].context {
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		elsewhere = append(elsewhere, "-c", key+"="+strings.Trim(string(b), `"`))
	}
	for variant, args := range map[string][]string{
		"default":               strings.Fields(articleLine)[1:],
		"everything, elsewhere": elsewhere,
	} {
		out, err := synthCLI(args...)
		if err != nil {
			t.Errorf("%s: %v\n%s", variant, err, out)
			continue
		}
		for _, s := range synth(t, variant) {
			var got template
			readJSON(t, filepath.Join(out, s.id+".template.json"), &got)
			if text(got) != text(s.template) {
				t.Errorf("%s: %s differs from what the tests look at", variant, s.id)
			}
		}
	}
	for _, args := range [][]string{{"-c", "autowebp=true"}, {"-c", "memory=9"}, {"-c", "zip=none.zip"}} {
		if said, err := synthCLI(args...); err == nil || !strings.Contains(said, "-c ") && !strings.Contains(said, "go run . package") {
			t.Errorf("%q: %v, %s", args, err, said)
		}
	}
}

func TestREADMEHasTheLinesThatAreTested(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(readme), "npx "+cdkCLI+" "+articleLine+"\n") {
		t.Errorf("README.md has not the line %s", articleLine)
	}
	words := strings.FieldsFunc(string(readme), func(r rune) bool { return strings.ContainsRune(" \n`", r) })
	if i := slices.IndexFunc(words, func(w string) bool { return strings.HasPrefix(w, "aws-cdk@") && w != cdkCLI }); i >= 0 {
		t.Errorf("README.md names %s, the tests use %s", words[i], cdkCLI)
	}
}
