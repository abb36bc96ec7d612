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

// cdkCLI is the command line that matches the library. Newer ones refuse the schema that it writes.
const cdkCLI = "aws-cdk@2.1148.1"

// articleLine is the article's command line for a deployment, which must keep working word for
// word.
const articleLine = "deploy --parameters BucketName=my-pictures --parameters DestinationFolder=resized --parameters Quality=80"

func text(t template) string {
	b, err := json.MarshalIndent(t, "", " ")
	if err != nil {
		panic(err)
	}
	return string(b)
}

// buildApp builds the app that cdk.json starts with go run.
func buildApp(t *testing.T) string {
	t.Helper()
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
	return app
}

// The README's lines make the same templates when the CDK's command line runs them.
func TestCommandLineMakesTheSameTemplates(t *testing.T) {
	app := buildApp(t)
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

// The article's command line deploys to moto's servers. The account has only those parts of the
// CDK's bootstrap that the command line checks.
func TestCommandLineDeploysTheArticlesLine(t *testing.T) {
	app, aws := buildApp(t), motoAWS(t)
	aws("ssm", "put-parameter", "--region", "us-east-1", "--name", "/cdk-bootstrap/hnb659fds/version", "--type", "String", "--value", "30")
	aws("s3api", "create-bucket", "--region", "us-east-1", "--bucket", "cdk-hnb659fds-assets-"+account+"-us-east-1")
	args := append([]string{"--yes", cdkCLI}, strings.Fields(articleLine)...)
	cmd := exec.Command("npx", append(args, "--app", app, "--output", t.TempDir(), "--require-approval", "never", "-c", "zip="+zips+"/edge.zip", "-c", "regionalZip=none.zip")...)
	// moto accepts the address of a template only if it is one of S3's own.
	cmd.Env = append(aws.env(), "AWS_REGION=us-east-1", "AWS_ENDPOINT_URL_S3_FOR_CLOUDFORMATION=https://s3.us-east-1.amazonaws.com")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	want(t, "the stack", aws("cloudformation", "describe-stacks", "--region", "us-east-1", "--query", "Stacks[].[StackName,StackStatus]"), []any{[]any{"Miniatura", "CREATE_COMPLETE"}})
	want(t, "the function", aws("lambda", "list-functions", "--region", "us-east-1", "--query", "Functions[].[Runtime,MemorySize]"), []any{[]any{"python3.13", 512.0}})
	want(t, "the bucket", aws("s3api", "list-buckets", "--query", "Buckets[?Name=='my-pictures'].Name"), []any{"my-pictures"})
}

func TestREADMEHasTheLinesThatAreTested(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(readme), "npx "+cdkCLI+" "+articleLine+"\n") {
		t.Errorf("README.md lacks the line %s", articleLine)
	}
	words := strings.FieldsFunc(string(readme), func(r rune) bool { return strings.ContainsRune(" \n`", r) })
	if i := slices.IndexFunc(words, func(w string) bool { return strings.HasPrefix(w, "aws-cdk@") && w != cdkCLI }); i >= 0 {
		t.Errorf("README.md names %s, the tests use %s", words[i], cdkCLI)
	}
}
