package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

func TestCfnLintFindsNothing(t *testing.T) {
	if err := exec.Command("cfn-lint", "--version").Run(); err != nil {
		t.Skip("no cfn-lint: ", err)
	}
	out, err := exec.Command("cfn-lint", "--format", "parseable", "--regions", "us-east-1", "eu-west-1", "--", templateFile).CombinedOutput()
	if err != nil || len(out) > 0 {
		t.Errorf("%v\n%s", err, out)
	}
	// And in what CDK makes of it, nothing but what comes from writing values into it.
	dir := t.TempDir()
	args := []string{"--format", "parseable", "--ignore-checks",
		"W8003", "W1028", "W1020", // conditions with one answer, and a Sub without a variable
		"--"}
	for _, s := range synth(t, "everything, elsewhere") {
		name := filepath.Join(dir, s.id+".json")
		if err := os.WriteFile(name, []byte(text(s.template)), 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, name)
	}
	out, err = exec.Command("cfn-lint", args...).CombinedOutput()
	if err != nil || len(out) > 0 {
		t.Errorf("%v\n%s", err, out)
	}
}

// moto runs as much of the template as it knows, in every Region of a deployment.
func TestMotoDeploysTheTemplate(t *testing.T) {
	if err := exec.Command("python3", "-c", "import boto3, moto").Run(); err != nil {
		t.Skip("no python3 with boto3 and moto: ", err)
	}
	cmd := exec.Command("python3", "-W", "ignore", "testdata/moto_deploy.py", templateFile, filepath.Join(zips, "edge.zip"), filepath.Join(zips, "regional.zip"))
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var got any
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	edge := []any{"python3.13", "lambda_function.lambda_handler", 512.0, 30.0}
	warm := []any{"provided.al2023", "bootstrap", 512.0, 300.0}
	logs := []any{"/miniatura/Miniatura", 14.0}
	want(t, "what moto made", got, map[string]any{
		"alone": map[string]any{
			"us-east-1": map[string]any{"status": "CREATE_COMPLETE", "functions": []any{edge}, "versions": 2.0, "logs": []any{logs}, "queues": 0.0, "buckets": []any{"bkt"}}},
		"elsewhere": map[string]any{
			"us-east-1": map[string]any{"status": "CREATE_COMPLETE", "functions": []any{edge}, "versions": 2.0, "logs": []any{}, "queues": 0.0, "buckets": []any{}},
			"eu-west-3": map[string]any{"status": "CREATE_COMPLETE", "functions": []any{warm}, "versions": 1.0,
				"logs": []any{[]any{"/miniatura/Miniatura-warm", 14.0}}, "queues": 1.0, "buckets": []any{"bkt"}},
			"eu-west-2": map[string]any{"status": "CREATE_COMPLETE", "functions": []any{}, "versions": 0.0, "logs": []any{logs}, "queues": 0.0, "buckets": []any{}}},
	})
}
