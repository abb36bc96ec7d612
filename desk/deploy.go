package desk

// This file implements deploy: it prints the AWS CLI lines that deploy
// deploy/cloudformation/template.yaml, in order and with their parameters. It also decides which
// stacks a deployment has; the CDK app in deploy/ uses the same decision.

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"miniatura/edge"
)

// EdgeRegion is the Region where every Lambda@Edge function has to be created.
const EdgeRegion = "us-east-1"

// A Shape decides which stacks a deployment has. Its fields are named as the template's parameters.
type Shape struct {
	BucketRegion                         string
	OriginShield                         string // a Region, "bucket" for the bucket's Region, or "off"
	ExistingBucket, AttachOnly, Regional bool
}

// A Stack is one stack of a deployment: the template's Part, and the Region of the stack.
type Stack struct{ Part, Region string }

// LogRegion returns the Region where the edge function runs and writes its logs: that of Origin
// Shield. Without Origin Shield the function runs in every Region, and LogRegion returns the
// bucket's.
func (s Shape) LogRegion() string {
	if s.OriginShield == "bucket" || s.OriginShield == "off" {
		return s.BucketRegion
	}
	return s.OriginShield
}

// Stacks returns the stacks in the order in which they have to be created. The first one is always
// that of the edge function. Stacks without resources are left out.
func (s Shape) Stacks() []Stack {
	all := []Stack{{"edge", EdgeRegion}}
	logs := s.LogRegion()
	// Part regional is needed for a new bucket, for the regional function, or for logs there. If the
	// bucket is in EdgeRegion, part edge has these resources.
	newBucket := !s.ExistingBucket && !s.AttachOnly
	hasResources := newBucket || s.Regional || logs == s.BucketRegion
	if s.BucketRegion != EdgeRegion && hasResources {
		all = append(all, Stack{"regional", s.BucketRegion})
	}
	if logs != EdgeRegion && logs != s.BucketRegion {
		all = append(all, Stack{"logs", logs})
	}
	return all
}

// shieldRegions maps the Region of an origin to the Region of Origin Shield that CloudFront's
// developer guide recommends for that origin ("Choosing the AWS Region for Origin Shield").
var shieldRegions = map[string]string{
	"us-east-1": "us-east-1", "us-east-2": "us-east-2", "us-west-2": "us-west-2", "sa-east-1": "sa-east-1",
	"ap-south-1": "ap-south-1", "ap-northeast-1": "ap-northeast-1", "ap-northeast-2": "ap-northeast-2",
	"ap-southeast-1": "ap-southeast-1", "ap-southeast-2": "ap-southeast-2",
	"eu-central-1": "eu-central-1", "eu-west-1": "eu-west-1", "eu-west-2": "eu-west-2",
	// These have no Origin Shield: the nearest Region that has it.
	"us-west-1": "us-west-2", "af-south-1": "eu-west-1", "ap-east-1": "ap-southeast-1",
	"ca-central-1": "us-east-1", "eu-south-1": "eu-central-1", "eu-west-3": "eu-west-2",
	"eu-north-1": "eu-west-2", "me-south-1": "ap-south-1",
}

// NearestShield returns the template's OriginShield for a bucket in a Region: "bucket" where
// CloudFront has Origin Shield, or else the nearest Region that has it. It returns an error for a
// Region that is not in the guide.
func NearestShield(region string) (string, error) {
	switch shield, ok := shieldRegions[region]; {
	case !ok:
		return "", fmt.Errorf("no Region of Origin Shield is known for %s: name the nearest one, or off", region)
	case shield == region:
		return "bucket", nil
	default:
		return shield, nil
	}
}

// maxCode is the size of the largest zip of an origin-request function, in bytes (Lambda@Edge
// quotas).
const maxCode = 50 << 20

// checkCode returns the SHA-256 of a function's zip. It returns an error when the zip is missing or
// too large, when a file of names is not in the zip, or when the file's mode forbids Lambda to read
// or to start the file. CloudFormation would report the same half an hour later. makeCommand is the
// command that makes the zip.
func checkCode(path, makeCommand string, names ...string) (sum [sha256.Size]byte, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return sum, fmt.Errorf("the function's code is missing: %w; make it in the project's folder with: %s", err, makeCommand)
	}
	if info.Size() > maxCode {
		return sum, fmt.Errorf("%s has %d bytes, over the limit of %d", path, info.Size(), maxCode)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return sum, err
	}
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return sum, fmt.Errorf("%s: %w", path, err)
	}
	for _, name := range names {
		i := slices.IndexFunc(z.File, func(f *zip.File) bool { return f.Name == name })
		if i < 0 {
			return sum, fmt.Errorf("%s holds no %s", path, name)
		}
		if z.File[i].Mode()&0o555 != 0o555 {
			return sum, fmt.Errorf("%s: %s is not executable", path, name)
		}
	}
	return sha256.Sum256(data), nil
}

// CheckEdgeCode returns the SHA-256 of the edge function's zip, or an error when Lambda could not
// run it.
func CheckEdgeCode(path string) ([sha256.Size]byte, error) {
	return checkCode(path, "go run . package", "lambda_function.py", "miniatura")
}

// CheckRegionalCode returns the SHA-256 of the regional function's zip, or an error when Lambda
// could not run it.
func CheckRegionalCode(path string) ([sha256.Size]byte, error) {
	return checkCode(path, "go run . package -regional", "bootstrap")
}

// A deployment holds the values of deploy's flags.
type deployment struct {
	Shape
	name                       string // of the stacks
	zip, regionalZip, template string // paths
	invalidate                 bool
	parameters                 []parameter // of the template, the same for every stack
}

type parameter struct{ name, value string }

var (
	bucketRE    = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)
	regionRE    = regexp.MustCompile(`^[a-z]{2}(-[a-z]+)+-[0-9]$`)
	stackNameRE = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9-]{0,39}$`)
)

func runDeploy(_ context.Context, args []string, _ io.Reader, stdout, stderr io.Writer) int {
	f := newFlags("deploy", stdout)
	d, err := f.parseDeployment(args)
	if err == nil {
		err = d.locate()
	}
	if err != nil {
		return report(stderr, "deploy", err)
	}
	script, err := d.script()
	if err == nil {
		_, err = io.WriteString(stdout, script)
	}
	if err == nil { // stdout usually goes into a file
		fmt.Fprintf(stderr, "deploy: nothing has run yet. Read the %d lines, then run them with sh\n", strings.Count(script, "\n"))
	}
	return report(stderr, "deploy", err)
}

// parseDeployment reads the command line. A value that does not decide the stacks is passed to
// CloudFormation unchecked, because the template has rules for it.
func (f *flags) parseDeployment(args []string) (*deployment, error) {
	var d deployment
	bucket := f.String("bucket", "", "the bucket's `name`: a new one, unless -existing or -attach")
	f.BoolVar(&d.ExistingBucket, "existing", false, "the bucket exists already; nothing of it is changed")
	f.BoolVar(&d.AttachOnly, "attach", false, "bucket and distribution exist already: make only the function's version")
	f.StringVar(&d.BucketRegion, "region", EdgeRegion, "the bucket's `region`")
	f.StringVar(&d.OriginShield, "shield", "", "`region` of Origin Shield, or off (default the bucket's, or the nearest to it)")
	f.BoolVar(&d.Regional, "regional", false, "also the function for S3 events and S3 Batch")
	f.StringVar(&d.name, "name", "Miniatura", "`name` of the stacks; a second deployment in one account needs another")
	f.StringVar(&d.zip, "zip", "", "the function's code, a `file` (default dist/edge.zip)")
	f.StringVar(&d.regionalZip, "regionalzip", "", "the regional function's code, a `file` (default dist/regional.zip)")
	f.BoolVar(&d.invalidate, "invalidate", false, "the regional function invalidates copies of what is replaced or deleted")
	distribution := f.String("distribution", "", "with -attach and -invalidate: the `ID` of your distribution")
	folder := f.String("folder", "resized", "the `folder` for results")
	auto := f.Bool("autowebp", false, "browsers that accept WebP get it without to_webp=1")
	// Flags that become parameters of the template as they are.
	texts := []struct {
		name  string
		value *string
	}{
		{"Quality", f.String("quality", "80", "`quality` of JPEG and WebP, 1 to 100")},
		{"CorsOrigins", f.String("cors", "", "`origins` whose scripts may read the pictures, comma separated, or *")},
		{"DomainNames", f.String("domains", "", "your own `names` for the distribution, comma separated")},
		{"CertificateArn", f.String("certificate", "", "the `arn` of their certificate, in us-east-1")},
		{"PriceClass", f.String("priceclass", "PriceClass_100", "`class` of CloudFront's edge locations: PriceClass_100, _200 or _All")},
		{"Memory", f.String("memory", "512", "the functions' `MB`")},
		{"LogDays", f.String("logdays", "14", "`days` that logs are kept")},
		{"ResultDays", f.String("resultdays", "90", "`days` after which a result is deleted, to be made again")},
		{"RegionalSizes", f.String("sizes", strings.Join(sizeNames(), ","), "the `sizes` that the regional function makes ahead")},
		{"RegionalFormat", f.String("formats", "same,webp", "in which `formats`: same, webp or same,webp")},
		{"RegionalConcurrency", f.String("concurrency", "5", "how `many` batches of events it works on at once, at least 2")},
	}
	if _, err := f.parse(args, 0, 0); err != nil {
		return nil, err
	}
	attachedID := d.invalidate && d.AttachOnly // -distribution is for this case only
	switch {
	case *bucket == "":
		return nil, usagef("-bucket NAME is missing")
	case !bucketRE.MatchString(*bucket):
		return nil, usagef("-bucket NAME: %q is not 3 to 63 lower-case letters, digits, dots and hyphens", *bucket)
	case !regionRE.MatchString(d.BucketRegion):
		return nil, usagef("-region: %q is not a Region's code, like eu-west-1", d.BucketRegion)
	case d.invalidate && !d.Regional:
		return nil, usagef("-invalidate is the regional function's: it wants -regional")
	case attachedID && *distribution == "":
		return nil, usagef("-invalidate with -attach wants -distribution ID")
	case *distribution != "" && !attachedID:
		return nil, usagef("-distribution goes with -attach and -invalidate; otherwise it is the one that is made")
	case !stackNameRE.MatchString(d.name):
		return nil, usagef("-name: %q: letters, digits and hyphens, a letter first, at most 40", d.name)
	}
	clean, err := edge.CleanFolder(*folder)
	if err != nil {
		return nil, usagef("-folder: %w", err)
	}
	if d.OriginShield == "" {
		if d.OriginShield, err = NearestShield(d.BucketRegion); err != nil {
			return nil, usagef("-shield: %w", err)
		}
	}
	// The parameters of the template.
	d.add("BucketName", *bucket)
	d.add("DestinationFolder", clean)
	d.add("BucketRegion", d.BucketRegion)
	d.add("ExistingBucket", strconv.FormatBool(d.ExistingBucket))
	d.add("AttachOnly", strconv.FormatBool(d.AttachOnly))
	d.add("OriginShield", d.OriginShield)
	d.add("AutoWebp", strconv.FormatBool(*auto))
	for _, t := range texts {
		d.add(t.name, *t.value)
	}
	d.add("Regional", strconv.FormatBool(d.Regional))
	d.add("RegionalInvalidate", strconv.FormatBool(d.invalidate))
	if *distribution != "" {
		d.add("DistributionId", *distribution)
	}
	return &d, nil
}

// add gives a parameter of the template a value.
func (d *deployment) add(name, value string) {
	d.parameters = append(d.parameters, parameter{name, value})
}

// locate sets the path of the template, and the paths of zips that no flag has named. The paths are
// relative to the working directory.
func (d *deployment) locate() error {
	root, err := moduleRoot()
	if err != nil {
		return usageError{err}
	}
	here, err := os.Getwd()
	if err != nil {
		return err
	}
	for _, p := range []struct {
		path *string
		name string // below the root
	}{{&d.template, "deploy/cloudformation/template.yaml"}, {&d.zip, "dist/edge.zip"}, {&d.regionalZip, "dist/regional.zip"}} {
		if *p.path != "" {
			continue
		}
		rel, err := filepath.Rel(here, filepath.Join(root, filepath.FromSlash(p.name)))
		if err != nil {
			return err
		}
		*p.path = filepath.ToSlash(rel)
	}
	return nil
}

// script returns the lines to run. It adds the parameter CodeSha256.
func (d *deployment) script() (string, error) {
	// The keys of the zips have digits of their sums, so that new code has a new key.
	edgeSum, err := CheckEdgeCode(d.zip)
	if err != nil {
		return "", err
	}
	d.add("CodeSha256", base64.StdEncoding.EncodeToString(edgeSum[:]))
	edgeKey := "edge-" + hex.EncodeToString(edgeSum[:8]) + ".zip"
	regionalKey := ""
	if d.Regional {
		regionalSum, err := CheckRegionalCode(d.regionalZip)
		if err != nil {
			return "", err
		}
		regionalKey = "regional-" + hex.EncodeToString(regionalSum[:8]) + ".zip"
	}

	// The head, and the lines that store the zips.
	stacks := d.Stacks()
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	stacksInWords := "a stack"
	if n := len(stacks); n > 1 {
		stacksInWords = fmt.Sprintf("%d stacks", n)
	}
	line("# These lines deploy miniatura to AWS: %s named %s. Nothing has run yet. Read them, then: sh FILE", stacksInWords, d.name)
	line("set -eu")
	line("ACCOUNT=$(aws sts get-caller-identity --region us-east-1 --query Account --output text)")
	line("")
	line("# The code is stored in a bucket of your account, in the Region of its function.")
	d.upload(line, "CODE", EdgeRegion, d.zip, edgeKey)
	if d.Regional {
		d.upload(line, "REGIONAL_CODE", d.BucketRegion, d.regionalZip, regionalKey)
	}
	// The parameters, as the shell's "$@".
	overrides := []string{"set --"}
	for _, p := range d.parameters {
		overrides = append(overrides, quote(p.name+"="+p.value))
	}
	overrides = append(overrides, `CodeBucket="$CODE"`, "CodeKey="+edgeKey)
	if d.Regional {
		overrides = append(overrides, `RegionalCodeBucket="$REGIONAL_CODE"`, "RegionalCodeKey="+regionalKey)
	}
	line("")
	line("# The parameters of all stacks.")
	line("%s", wrap(overrides, 96, " \\\n    ")) // 96, because an indent of 4 makes 100 columns
	// The stacks.
	for _, s := range stacks {
		own := "Part=" + s.Part // the parameters of this stack only
		line("")
		line("# Part %s, in %s", s.Part, s.Region)
		// Part regional uses the distribution's id in the policy of a new bucket, and in
		// invalidations. The id is an output of part edge. With -attach it is not: there is no new
		// bucket, and the id for invalidations is the parameter that -distribution has set.
		usesOutput := !d.AttachOnly && (!d.ExistingBucket || d.invalidate)
		if s.Part == "regional" && usesOutput {
			line("DISTRIBUTION=$(%s)", d.output(EdgeRegion, "DistributionId"))
			own += ` DistributionId="$DISTRIBUTION"`
		}
		line("aws cloudformation deploy --region %s --stack-name %s --template-file %s \\", s.Region, d.name, quote(d.template))
		line(`    --capabilities CAPABILITY_IAM --no-fail-on-empty-changeset --parameter-overrides %s "$@"`, own)
	}
	d.printRemaining(line)
	return b.String(), nil
}

// upload prints the lines that store a zip in a bucket for code in a Region, and that set a shell
// variable to the name of that bucket.
func (d *deployment) upload(line func(string, ...any), variable, region, file, key string) {
	line("%s=miniatura-code-$ACCOUNT-%s", variable, region)
	line(`aws s3api head-bucket --bucket "$%[1]s" --region %[2]s 2>/dev/null || aws s3 mb "s3://$%[1]s" --region %[2]s`, variable, region)
	line(`aws s3 cp %s "s3://$%s/%s" --region %s`, quote(file), variable, key, region)
}

// output returns the command that prints one output of a stack.
func (d *deployment) output(region, name string) string {
	return fmt.Sprintf("aws cloudformation describe-stacks --region %s --stack-name %s --output text \\\n"+
		`    --query "Stacks[0].Outputs[?OutputKey=='%s'].OutputValue"`, region, d.name, name)
}

// printRemaining prints what the owner of a bucket or of a distribution still has to do, and the
// command that shows the outputs.
func (d *deployment) printRemaining(line func(string, ...any)) {
	line("")
	switch {
	case d.AttachOnly:
		line("# To be done by you: in your distribution, associate FunctionVersionArn and ViewerRequestArn, and set the origin's")
		line("# headers and the cache key. deploy/README.md, \"Into an existing distribution\", says how.")
	case d.ExistingBucket:
		line("# To be done by you: add the statements that the next command prints to the bucket's policy. Until then, CloudFront")
		line("# gets 403 for everything.")
		line("# deploy/README.md, \"Onto an existing bucket\", says how.")
		line("%s", d.output(EdgeRegion, "BucketPolicyStatements"))
	}
	if d.Regional && (d.AttachOnly || d.ExistingBucket) {
		line("# To be done by you: add the notifications that the next command prints to the bucket.")
		line("%s", d.output(d.BucketRegion, "BucketNotification"))
	}
	line("# What was made:")
	line("aws cloudformation describe-stacks --region %s --stack-name %s --query 'Stacks[0].Outputs' --output table", EdgeRegion, d.name)
}

var wordRE = regexp.MustCompile(`^[A-Za-z0-9_./:=,+@%-]+$`)

// quote returns s as one word of a POSIX shell.
func quote(s string) string {
	if wordRE.MatchString(s) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// wrap joins words with spaces, and with sep where a line would be longer than width.
func wrap(words []string, width int, sep string) string {
	var b strings.Builder
	length := 0 // of the line so far
	for i, w := range words {
		switch {
		case i > 0 && length+1+len(w) > width:
			b.WriteString(sep)
			length = 0
		case i > 0:
			b.WriteByte(' ')
			length++
		}
		b.WriteString(w)
		length += len(w)
	}
	return b.String()
}
