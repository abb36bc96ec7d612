package desk

import (
	"archive/zip"
	"crypto/sha256"
	"encoding/base64"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// codeZip writes a zip whose files have the names and modes of a function's code, but no code.
func codeZip(t *testing.T, name string, mode os.FileMode, files ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z := zip.NewWriter(f)
	for _, name := range files {
		h := &zip.FileHeader{Name: name}
		h.SetMode(mode)
		if _, err := z.CreateHeader(h); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// stubAWS is a substitute for the AWS CLI. It writes each call to a line, with tabs between the
// words. It has no buckets.
const stubAWS = `#!/bin/sh
line=$1; shift
for word in "$@"; do line="$line	$word"; done
printf '%s\n' "$line" >>"$CALLS"
case "$line" in
sts*) echo 123456789012 ;;
*head-bucket*) exit 255 ;;
*DistributionId*) echo E1ABCDEF ;;
esac
`

// runScript runs the printed lines in a shell that refuses unset variables, and returns the calls
// of aws.
func runScript(t *testing.T, script string) [][]string {
	t.Helper()
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip("no sh")
	}
	dir := t.TempDir()
	calls := filepath.Join(dir, "calls")
	if err := os.WriteFile(filepath.Join(dir, "aws"), []byte(stubAWS), 0o755); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("sh", "-u")
	cmd.Stdin = strings.NewReader(script)
	cmd.Env = []string{"PATH=" + dir + ":/usr/bin:/bin", "CALLS=" + calls}
	if said, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s\n%s", err, said, script)
	}
	log, err := os.ReadFile(calls)
	if err != nil {
		t.Fatal(err)
	}
	var all [][]string
	for line := range strings.Lines(string(log)) {
		all = append(all, strings.Split(strings.TrimSuffix(line, "\n"), "\t"))
	}
	return all
}

// value returns the argument after an option.
func value(call []string, option string) string {
	if i := slices.Index(call, option); i >= 0 && i+1 < len(call) {
		return call[i+1]
	}
	return ""
}

// overrides returns the parameters of a stack.
func overrides(call []string) map[string]string {
	all := map[string]string{}
	for _, p := range call[slices.Index(call, "--parameter-overrides")+1:] {
		name, value, _ := strings.Cut(p, "=")
		all[name] = value
	}
	return all
}

// step returns a call in a few words.
func step(call []string) string {
	switch s := strings.Join(call[:2], " "); s {
	case "s3 cp":
		return s + " " + strings.TrimSuffix(filepath.Base(call[2]), ".zip") + " " + value(call, "--region")
	case "s3 mb":
		return s + " " + strings.TrimPrefix(call[2], "s3://") + " " + value(call, "--region")
	case "cloudformation deploy":
		return "deploy " + overrides(call)["Part"] + " " + value(call, "--region")
	case "cloudformation describe-stacks":
		query := value(call, "--query")
		if _, after, ok := strings.Cut(query, "OutputKey=='"); ok {
			query, _, _ = strings.Cut(after, "'")
		}
		return "read " + query + " " + value(call, "--region")
	default:
		return s
	}
}

func TestDeployPrintsWhatMakesTheStacks(t *testing.T) {
	edgeZip := codeZip(t, "edge.zip", 0o755, "miniatura", "lambda_function.py")
	regionalZip := codeZip(t, "regional.zip", 0o755, "bootstrap")
	edgeBucket := []string{"sts get-caller-identity", "s3api head-bucket", "s3 mb miniatura-code-123456789012-us-east-1 us-east-1", "s3 cp edge us-east-1"}
	for name, c := range map[string]struct {
		args  []string
		steps []string
		set   map[string]string // some of the expected parameters
	}{
		"a new bucket": {
			args:  []string{"-bucket", "my-pictures"},
			steps: append(slices.Clone(edgeBucket), "deploy edge us-east-1", "read Stacks[0].Outputs us-east-1"),
			set:   map[string]string{"BucketName": "my-pictures", "DestinationFolder": "resized", "Quality": "80", "ExistingBucket": "false", "AttachOnly": "false", "BucketRegion": "us-east-1", "OriginShield": "bucket"},
		},
		"a new bucket elsewhere": {
			args: []string{"-region", "eu-west-3", "-bucket", "my-pictures", "-folder", "/a/b/", "-autowebp", "-memory", "1024", "-name", "Pics"},
			steps: append(slices.Clone(edgeBucket), "deploy edge us-east-1", "read DistributionId us-east-1", "deploy regional eu-west-3", "deploy logs eu-west-2",
				"read Stacks[0].Outputs us-east-1"),
			set: map[string]string{"DestinationFolder": "a/b", "AutoWebp": "true", "Memory": "1024", "BucketRegion": "eu-west-3", "OriginShield": "eu-west-2"},
		},
		"an existing bucket in another Region": {
			args: []string{"-bucket", "my-pictures", "-existing", "-region", "eu-west-1", "-regional", "-sizes", "M,SS", "-regionalzip", regionalZip},
			steps: append(slices.Clone(edgeBucket), "s3api head-bucket", "s3 mb miniatura-code-123456789012-eu-west-1 eu-west-1", "s3 cp regional eu-west-1",
				"deploy edge us-east-1", "deploy regional eu-west-1", "read BucketPolicyStatements us-east-1", "read BucketNotification eu-west-1", "read Stacks[0].Outputs us-east-1"),
			set: map[string]string{"ExistingBucket": "true", "Regional": "true", "RegionalSizes": "M,SS", "RegionalCodeBucket": "miniatura-code-123456789012-eu-west-1", "OriginShield": "bucket"},
		},
		"an existing bucket in another Region, with invalidations": {
			args: []string{"-bucket", "my-pictures", "-existing", "-region", "eu-west-1", "-regional", "-invalidate", "-regionalzip", regionalZip},
			steps: append(slices.Clone(edgeBucket), "s3api head-bucket", "s3 mb miniatura-code-123456789012-eu-west-1 eu-west-1", "s3 cp regional eu-west-1",
				"deploy edge us-east-1", "read DistributionId us-east-1", "deploy regional eu-west-1", "read BucketPolicyStatements us-east-1", "read BucketNotification eu-west-1",
				"read Stacks[0].Outputs us-east-1"),
			set: map[string]string{"RegionalInvalidate": "true"},
		},
		"an existing distribution, with invalidations": {
			args: []string{"-bucket", "my-pictures", "-attach", "-region", "us-east-1", "-regional", "-invalidate", "-distribution", "E1ABCDEF", "-regionalzip", regionalZip},
			steps: append(slices.Clone(edgeBucket), "s3api head-bucket", "s3 mb miniatura-code-123456789012-us-east-1 us-east-1", "s3 cp regional us-east-1",
				"deploy edge us-east-1", "read BucketNotification us-east-1", "read Stacks[0].Outputs us-east-1"),
			set: map[string]string{"RegionalInvalidate": "true", "DistributionId": "E1ABCDEF"},
		},
		"an existing bucket, logs elsewhere": {
			args:  []string{"-bucket", "my-pictures", "-existing", "-region", "eu-west-3"},
			steps: append(slices.Clone(edgeBucket), "deploy edge us-east-1", "deploy logs eu-west-2", "read BucketPolicyStatements us-east-1", "read Stacks[0].Outputs us-east-1"),
		},
		"an existing distribution": {
			args:  []string{"-bucket", "my-pictures", "-attach", "-region", "eu-central-1", "-shield", "off"},
			steps: append(slices.Clone(edgeBucket), "deploy edge us-east-1", "deploy regional eu-central-1", "read Stacks[0].Outputs us-east-1"),
			set:   map[string]string{"AttachOnly": "true", "OriginShield": "off"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			code, script, said := run(append([]string{"deploy", "-zip", edgeZip}, c.args...)...)
			if code != exitOK {
				t.Fatal(said)
			}
			calls := runScript(t, script)
			var steps []string
			for _, call := range calls {
				steps = append(steps, step(call))
			}
			if !slices.Equal(steps, c.steps) {
				t.Errorf("got  %q\nwant %q", steps, c.steps)
			}
			checkDeployCalls(t, calls, edgeZip, c.set)
		})
	}
}

// checkDeployCalls checks the parameters of each stack, and compares the code's key and hash with
// the zip.
func checkDeployCalls(t *testing.T, calls [][]string, edgeZip string, set map[string]string) {
	t.Helper()
	data, err := os.ReadFile(edgeZip)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(data)
	var uploaded string
	for _, call := range calls {
		if step(call) == "s3 cp edge us-east-1" {
			uploaded = call[3]
		}
		if call[1] != "deploy" {
			continue
		}
		p := overrides(call)
		for name, want := range set {
			if p[name] != want {
				t.Errorf("%s: %s is %q, want %q", step(call), name, p[name], want)
			}
		}
		if p["CodeSha256"] != base64.StdEncoding.EncodeToString(sum[:]) || "s3://"+p["CodeBucket"]+"/"+p["CodeKey"] != uploaded {
			t.Errorf("%s: code %s %s %s, uploaded as %s", step(call), p["CodeSha256"], p["CodeBucket"], p["CodeKey"], uploaded)
		}
		invalidates := p["RegionalInvalidate"] == "true"
		needed := p["Part"] == "regional" && p["AttachOnly"] == "false" && (p["ExistingBucket"] == "false" || invalidates) || p["AttachOnly"] == "true" && invalidates
		if (p["DistributionId"] == "E1ABCDEF") != needed {
			t.Errorf("%s: DistributionId %q", step(call), p["DistributionId"])
		}
		if !strings.HasSuffix(value(call, "--template-file"), "deploy/cloudformation/template.yaml") {
			t.Errorf("the template is %s", value(call, "--template-file"))
		}
		if _, err := os.Stat(value(call, "--template-file")); err != nil {
			t.Error(err)
		}
	}
}

func TestDeployRunsNothingAndRefusesEarly(t *testing.T) {
	good := codeZip(t, "edge.zip", 0o755, "miniatura", "lambda_function.py")
	plain := codeZip(t, "plain.zip", 0o644, "miniatura", "lambda_function.py")
	half := codeZip(t, "half.zip", 0o755, "miniatura")
	big := filepath.Join(t.TempDir(), "big.zip")
	if err := os.WriteFile(big, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(big, maxCode+1); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", "") // deploy must not run any program
	for _, c := range []struct {
		args []string
		code int
		said string
	}{
		{[]string{"-bucket", "my-pictures", "-zip", good}, exitOK, "nothing has run yet"},
		{nil, exitUsage, "-bucket NAME is missing"},
		{[]string{"-bucket", "My_Pictures"}, exitUsage, "-bucket NAME"},
		{[]string{"-bucket", "a$(reboot)b"}, exitUsage, "-bucket NAME"},
		{[]string{"-bucket", "my-pictures", "-region", "Ireland"}, exitUsage, "-region"},
		{[]string{"-bucket", "my-pictures", "-region", "xx-nowhere-1", "-zip", good}, exitUsage, "-shield"},
		{[]string{"-bucket", "my-pictures", "-region", "xx-nowhere-1", "-shield", "off", "-zip", good}, exitOK, ""},
		{[]string{"-bucket", "my-pictures", "-name", "a;b"}, exitUsage, "-name"},
		{[]string{"-bucket", "my-pictures", "-folder", "a/../b"}, exitUsage, "-folder"},
		{[]string{"-bucket", "my-pictures", "-invalidate"}, exitUsage, "-regional"},
		{[]string{"-bucket", "my-pictures", "-attach", "-regional", "-invalidate"}, exitUsage, "-distribution ID"},
		{[]string{"-bucket", "my-pictures", "-distribution", "E1"}, exitUsage, "-attach and -invalidate"},
		{[]string{"-bucket", "my-pictures", "-zip", "none.zip"}, exitFailed, "go run . package"},
		{[]string{"-bucket", "my-pictures", "-zip", plain}, exitFailed, "not executable"},
		{[]string{"-bucket", "my-pictures", "-zip", half}, exitFailed, "no lambda_function.py"},
		{[]string{"-bucket", "my-pictures", "-zip", big}, exitFailed, "over the limit"},
		{[]string{"-bucket", "my-pictures", "-zip", good, "-regional", "-regionalzip", good}, exitFailed, "no bootstrap"},
	} {
		code, _, said := run(append([]string{"deploy"}, c.args...)...)
		if code != c.code || !strings.Contains(said, c.said) {
			t.Errorf("%q: %d %q, want %d %q", c.args, code, said, c.code, c.said)
		}
	}
}

// The value of a flag reaches CloudFormation unchanged, whatever it means to a shell.
func TestDeployQuotesForTheShell(t *testing.T) {
	zip := codeZip(t, "it's code.zip", 0o755, "miniatura", "lambda_function.py")
	for _, odd := range []string{"a b", "$(echo x)", "`echo x`", "a'b\"c", "*", "a\\b", "~", ";", "-x", "ü"} {
		_, script, _ := run("deploy", "-bucket", "my-pictures", "-zip", zip, "-domains="+odd)
		for _, call := range runScript(t, script) {
			if call[1] == "cp" && call[2] != zip {
				t.Errorf("the zip became %q", call[2])
			}
			if call[1] == "deploy" && overrides(call)["DomainNames"] != odd {
				t.Errorf("%q became %q", odd, overrides(call)["DomainNames"])
			}
		}
	}
}

func TestStacksOfAShape(t *testing.T) {
	for _, c := range []struct {
		Shape
		want string
	}{
		{Shape{BucketRegion: "us-east-1", OriginShield: "bucket"}, "edge us-east-1"},
		{Shape{BucketRegion: "us-east-1", OriginShield: "off"}, "edge us-east-1"},
		{Shape{BucketRegion: "us-east-1", OriginShield: "eu-west-1"}, "edge us-east-1, logs eu-west-1"},
		{Shape{BucketRegion: "eu-west-1", OriginShield: "bucket"}, "edge us-east-1, regional eu-west-1"},
		{Shape{BucketRegion: "eu-west-3", OriginShield: "eu-west-2"}, "edge us-east-1, regional eu-west-3, logs eu-west-2"},
		{Shape{BucketRegion: "eu-west-3", OriginShield: "eu-west-2", ExistingBucket: true}, "edge us-east-1, logs eu-west-2"},
		{Shape{BucketRegion: "eu-west-3", OriginShield: "us-east-1", AttachOnly: true}, "edge us-east-1"},
		{Shape{BucketRegion: "eu-west-3", OriginShield: "off", AttachOnly: true}, "edge us-east-1, regional eu-west-3"},
		{Shape{BucketRegion: "eu-west-3", OriginShield: "us-east-1", AttachOnly: true, Regional: true}, "edge us-east-1, regional eu-west-3"},
	} {
		var got []string
		for _, s := range c.Stacks() {
			got = append(got, s.Part+" "+s.Region)
		}
		if strings.Join(got, ", ") != c.want {
			t.Errorf("%+v: %q, want %q", c.Shape, got, c.want)
		}
	}
	for region, shield := range shieldRegions {
		if shieldRegions[shield] != shield {
			t.Errorf("%s: Origin Shield in %s, where there is none", region, shield)
		}
	}
}
