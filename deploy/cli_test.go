package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// cdkCLI is the command line that goes with the library: newer ones refuse the
// schema it writes.
const cdkCLI = "aws-cdk@2.1148.1"

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
	for variant, args := range map[string][]string{
		"default":                  {"--parameters", "BucketName=my-pictures", "--parameters", "DestinationFolder=resized", "--parameters", "Quality=80"}, // the article's line
		"regional, some elsewhere": {"--all", "-c", "regional=true", "-c", "bucketRegion=eu-west-1", "-c", "regionalSizes=M,SS", "-c", "regionalFormat=webp"},
	} {
		out, err := synthCLI(args...)
		if err != nil {
			t.Errorf("%s: %v\n%s", variant, err, out)
			continue
		}
		for _, s := range synth(t, variant) {
			b, err := os.ReadFile(filepath.Join(out, s.Name+".template.json"))
			if err != nil {
				t.Error(err)
				continue
			}
			var got template
			if err := json.Unmarshal(b, &got); err != nil {
				t.Fatal(err)
			}
			if stable(got) != stable(s.template) {
				t.Errorf("%s: %s differs from what the tests look at", variant, s.Name)
			}
		}
	}
	for _, args := range [][]string{{"-c", "autowebp=true"}, {"-c", "memory=9"}, {"-c", "zip=none.zip"}} {
		if said, err := synthCLI(args...); err == nil || !strings.Contains(said, "-c ") && !strings.Contains(said, "go run . package") {
			t.Errorf("%q: %v, %s", args, err, said)
		}
	}
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range strings.Fields(string(readme)) {
		if strings.HasPrefix(word, "aws-cdk@") && word != cdkCLI {
			t.Errorf("README.md names %s, the tests use %s", word, cdkCLI)
		}
	}
}
