package main

import (
	"encoding/json"
	"os/exec"
	"path/filepath"
	"testing"
)

// cfn-lint reads the template for those without CDK and the golden ones of CDK.
func TestCfnLintFindsNothing(t *testing.T) {
	if err := exec.Command("cfn-lint", "--version").Run(); err != nil {
		t.Skip("no cfn-lint: ", err)
	}
	golden, err := filepath.Glob("testdata/*.json")
	if err != nil || len(golden) != 3 {
		t.Fatal(golden, err)
	}
	args := []string{"--format", "parseable", "--regions", "us-east-1", "--ignore-checks",
		"W3002", // a path as Code is what aws cloudformation package replaces
		"W3005", // a dependency that CDK writes although a reference says so already
		"W2001", // Quality, in the stack of the function: every stack takes the parameters of one command line
		"--", templateYAML}
	out, err := exec.Command("cfn-lint", append(args, golden...)...).CombinedOutput()
	if err != nil || len(out) > 0 {
		t.Errorf("%v\n%s", err, out)
	}
}

// moto runs as much of the template as it knows.
func TestMotoDeploysTheTemplate(t *testing.T) {
	if err := exec.Command("python3", "-c", "import boto3, moto").Run(); err != nil {
		t.Skip("no python3 with boto3 and moto: ", err)
	}
	cmd := exec.Command("python3", "-W", "ignore", "testdata/moto_deploy.py", templateYAML, filepath.Join(zips, "edge.zip"))
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var got any
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	want(t, "what moto made", got, map[string]any{
		"status":     "CREATE_COMPLETE",
		"encryption": "AES256",
		"function":   []any{"python3.13", "lambda_function.lambda_handler", 512.0, 30.0},
		"versions":   2.0, // $LATEST and the one that CloudFront runs
		"logs":       []any{[]any{"/miniatura/Miniatura", 14.0}},
	})
}
