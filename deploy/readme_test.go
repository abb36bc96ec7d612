package main

import (
	"bytes"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// shellBlocks returns the README's shell blocks, in order.
func shellBlocks(t *testing.T) []string {
	t.Helper()
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	var blocks []string
	for _, m := range regexp.MustCompile("(?ms)^( *)```sh\n(.*?)^ *```$").FindAllStringSubmatch(string(readme), -1) {
		blocks = append(blocks, strings.ReplaceAll("\n"+m[2], "\n"+m[1], "\n"))
	}
	if len(blocks) < 10 {
		t.Fatalf("%d blocks of sh", len(blocks))
	}
	return blocks
}

// A reader who starts at the top finds every variable set before it is used.
func TestREADMESetsEveryVariableBeforeItsUse(t *testing.T) {
	set := map[string]bool{"$": true}
	uses := regexp.MustCompile(`(?m)(^|[\s;|(])([A-Za-z_]+)=|\bfor ([a-z]+) in\b|\$\{?([A-Za-z_]+)`)
	single := regexp.MustCompile(`'[^']*'`) // the shell does not expand these; jq has variables of its own
	for _, block := range shellBlocks(t) {
		for _, m := range uses.FindAllStringSubmatch(single.ReplaceAllString(block, "''"), -1) {
			switch {
			case m[2] != "" || m[3] != "":
				set[m[2]+m[3]] = true
			case !set[m[4]]:
				t.Errorf("$%s is used before it is set, in\n%s", m[4], block)
			}
		}
	}
	for _, name := range []string{"BUCKET", "REGION", "NAME", "DOMAIN", "LOGS", "STATEMENTS", "ETAG"} {
		if !set[name] {
			t.Errorf("%s is never set: is this test looking at the blocks?", name)
		}
	}
}

func TestREADMEIsShell(t *testing.T) {
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip("no sh")
	}
	for _, block := range shellBlocks(t) {
		cmd := exec.Command("sh", "-n")
		cmd.Stdin = strings.NewReader(block)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v: %s\n%s", err, out, block)
		}
	}
}

// Every flag that the README gives to deploy exists.
func TestREADMEUsesTheFlagsOfDeploy(t *testing.T) {
	for _, block := range shellBlocks(t) {
		for line := range strings.Lines(block) {
			if !strings.HasPrefix(line, "go run . deploy ") {
				continue
			}
			line, _, _ = strings.Cut(line, " >")
			args := strings.Fields(strings.NewReplacer(`"$BUCKET"`, "bkt", `"$REGION"`, "eu-west-3", `"$NAME"`, "Pics").Replace(line))[4:]
			said, err := printedLines(args...)
			if err != nil {
				t.Errorf("%s: %v %s", line, err, said)
			}
		}
	}
}

// The recipe for an existing distribution changes nothing else of it.
func TestREADMEChangesADistributionWithJQ(t *testing.T) {
	for _, block := range shellBlocks(t) {
		_, filter, ok := strings.Cut(block, `--arg viewer "$VIEWER" '`)
		if !ok {
			continue
		}
		filter, _, _ = strings.Cut(filter, "'")
		out := jq(t, []byte(`{"ETag":"E1","DistributionConfig":{"Comment":"mine","Origins":{"Quantity":1,"Items":[{"Id":"a","DomainName":"b"}]},
			"DefaultCacheBehavior":{"TargetOriginId":"a","LambdaFunctionAssociations":{"Quantity":0}}}}`),
			"--arg", "bucket", "bkt", "--arg", "version", "arn:v", "--arg", "viewer", "arn:f", filter)
		got := jsonOf(t, out)
		want(t, "what was there", []any{at(got, "Comment"), at(got, "Origins", "Items", 0, "DomainName"), at(got, "DefaultCacheBehavior", "TargetOriginId")}, []any{"mine", "b", "a"})
		// The template sets the same for a distribution of its own.
		stacks, err := shapes()[0].deploy(theTemplate())
		if err != nil {
			t.Fatal(err)
		}
		d, _ := one(t, stacks, "Distribution")
		ours := at(d.properties(), "DistributionConfig")
		want(t, "headers", len(list(at(got, "Origins", "Items", 0, "CustomHeaders", "Items"))), 3)
		for _, h := range list(at(ours, "Origins", 0, "OriginCustomHeaders")) {
			found := false
			for _, g := range list(at(got, "Origins", "Items", 0, "CustomHeaders", "Items")) {
				found = found || at(g, "HeaderName") == at(h, "HeaderName") && at(g, "HeaderValue") == at(h, "HeaderValue")
			}
			want(t, at(h, "HeaderName").(string), found, true)
		}
		want(t, "the version", at(got, "DefaultCacheBehavior", "LambdaFunctionAssociations", "Items", 0),
			map[string]any{"EventType": "origin-request", "LambdaFunctionARN": "arn:v", "IncludeBody": false})
		want(t, "the viewer function", at(got, "DefaultCacheBehavior", "FunctionAssociations", "Items", 0), map[string]any{"EventType": "viewer-request", "FunctionARN": "arn:f"})
		return
	}
	t.Error("the recipe is not there")
}

// jq runs jq and returns its output. It skips the test when jq is not installed.
func jq(t *testing.T, in []byte, args ...string) []byte {
	t.Helper()
	if _, err := exec.LookPath("jq"); err != nil {
		t.Skip("no jq")
	}
	cmd := exec.Command("jq", args...)
	cmd.Stdin = bytes.NewReader(in)
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	return out
}
