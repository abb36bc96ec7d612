package main

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"miniatura/desk"
)

func TestCfnLintFindsNothing(t *testing.T) {
	if err := exec.Command("cfn-lint", "--version").Run(); err != nil {
		t.Skip("no cfn-lint: ", err)
	}
	out, err := exec.Command("cfn-lint", "--format", "parseable", "--regions", "us-east-1", "eu-west-1", "--", templateFile).CombinedOutput()
	if err != nil || len(out) > 0 {
		t.Errorf("%v\n%s", err, out)
	}
	// CDK writes values into its templates. cfn-lint's checks of what that leaves behind are off.
	dir := t.TempDir()
	args := []string{"--format", "parseable", "--ignore-checks",
		"W8003", "W1028", "W1020", // a condition with only one possible result, a Sub without a variable
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

// The lines that desk prints are run by a shell with the real AWS CLI against moto's servers, and
// the resources in each Region are checked. moto makes log groups, roles, functions and their
// versions, queues and buckets. It does not know CloudFront in CloudFormation, or rules, bucket
// policies, public access blocks and lifecycles.
func TestPrintedLinesDeployTheTemplate(t *testing.T) {
	aws := motoAWS(t)
	deploy := func(args ...string) string {
		script, err := printedLines(append(args, "-bucket", "bkt")...)
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command("sh")
		cmd.Stdin, cmd.Env = strings.NewReader(script), aws.env()
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return string(out)
	}
	made := func(region string) string {
		f := aws("lambda", "list-functions", "--region", region, "--query", "Functions[].[Runtime,Handler,MemorySize,Timeout]")
		g := aws("logs", "describe-log-groups", "--region", region, "--query", "sort_by(logGroups,&logGroupName)[].[logGroupName,retentionInDays]")
		q := aws("cloudformation", "describe-stack-resources", "--region", region, "--stack-name", "Miniatura", "--query", "length(StackResources[?ResourceType=='AWS::SQS::Queue'])")
		s := aws("cloudformation", "describe-stacks", "--region", region, "--query", "Stacks[].[StackName,StackStatus]")
		return fmt.Sprint(s, f, g, q)
	}

	deploy("-region", "eu-west-3", "-regional")
	const edge = "[[python3.13 lambda_function.lambda_handler 512 30]]"
	want(t, "us-east-1", made("us-east-1"), "[[Miniatura CREATE_COMPLETE]] "+edge+" [] 0")
	want(t, "eu-west-3", made("eu-west-3"), "[[Miniatura CREATE_COMPLETE]] [[provided.al2023 bootstrap 512 300]] [[/miniatura/Miniatura-warm 14]] 2")
	want(t, "eu-west-2", made("eu-west-2"), "[[Miniatura CREATE_COMPLETE]] [] [[/miniatura/Miniatura 14]] 0")
	want(t, "the bucket is in", aws("s3api", "get-bucket-location", "--bucket", "bkt", "--query", "LocationConstraint"), "eu-west-3")
	if said := deploy("-existing", "-name", "Pics", "-logdays", "30"); !strings.Contains(said, "Successfully created/updated stack - Pics") {
		t.Error(said)
	}
	want(t, "the second deployment's logs", aws("logs", "describe-log-groups", "--region", "us-east-1", "--query", "logGroups[].[logGroupName,retentionInDays]"),
		[]any{[]any{"/miniatura/Pics", 30.0}})
}

// printedLines returns the output of go run . deploy.
func printedLines(args ...string) (string, error) {
	var script, said bytes.Buffer
	args = append([]string{"deploy", "-zip", zips + "/edge.zip", "-regionalzip", zips + "/regional.zip"}, args...)
	if code := desk.Main(args, strings.NewReader(""), &script, &said); code != 0 {
		return "", errors.New(said.String())
	}
	return script.String(), nil
}

// An awsCLI runs the real AWS CLI against moto's servers and returns its output, read as JSON.
type awsCLI func(args ...string) any

// env returns an environment for other programs that use the same servers.
func (a awsCLI) env() []string { return a().([]string) }

// motoAWS starts moto's servers. It skips the test when moto or the AWS CLI is not installed.
func motoAWS(t *testing.T) awsCLI {
	t.Helper()
	if err := exec.Command("python3", "-c", "import moto.server").Run(); err != nil {
		t.Skip("no python3 with moto's server: ", err)
	}
	if err := exec.Command("aws", "--version").Run(); err != nil {
		t.Skip("no aws: ", err)
	}
	env := append(os.Environ(), "AWS_ENDPOINT_URL="+motoServer(t), "AWS_ACCESS_KEY_ID=x", "AWS_SECRET_ACCESS_KEY=y", "AWS_PAGER=")
	return func(args ...string) any {
		if len(args) == 0 {
			return env
		}
		cmd := exec.Command("aws", append(args, "--output", "json")...)
		cmd.Env = env
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(args, err)
		}
		return jsonOf(t, out)
	}
}

// motoServer starts one server and returns its address.
func motoServer(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	_, port, _ := net.SplitHostPort(address)
	cmd := exec.Command("python3", "-W", "ignore", "-m", "moto.server", "-p", port)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	for range 100 {
		if c, err := net.Dial("tcp", address); err == nil {
			c.Close()
			return "http://" + address
		}
		time.Sleep(200 * time.Millisecond)
	}
	t.Fatal("moto's server does not start")
	return ""
}
