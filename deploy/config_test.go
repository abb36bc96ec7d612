package main

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

func TestContextIsCheckedBeforeAnythingIsMade(t *testing.T) {
	const arn = "arn:aws:acm:us-east-1:123456789012:certificate/01234567-89ab-cdef-0123-456789abcdef"
	for _, c := range []struct {
		context map[string]any
		wrong   string // keys that are named, in the order of the message
	}{
		{map[string]any{}, ""},
		{map[string]any{"autoWebp": true, "memory": 1024.0, "existingBucket": "TRUE"}, ""}, // cdk.json has JSON's types
		{map[string]any{"@aws-cdk/core:x": "y", "availability-zones:account=1": []any{}, "aws:cdk:x": 1}, ""},
		{map[string]any{"autowebp": "true"}, "autowebp"}, // a slip of the pen is not silence
		{map[string]any{"autoWebp": "yes"}, "autoWebp"},
		{map[string]any{"name": "9"}, "name"}, {map[string]any{"name": strings.Repeat("a", 41)}, "name"}, {map[string]any{"name": "a_b"}, "name"},
		{map[string]any{"bucketRegion": "Ireland"}, "bucketRegion"},
		{map[string]any{"bucketRegion": "xx-nowhere-1"}, "originShield"}, // a region to come
		{map[string]any{"bucketRegion": "xx-nowhere-1", "originShield": "off"}, ""},
		{map[string]any{"bucketRegion": "xx-nowhere-1", "originShield": "eu-west-1"}, ""},
		{map[string]any{"originShield": "eu-west-3"}, "originShield"},
		{map[string]any{"memory": "127"}, "memory"}, {map[string]any{"memory": "10241"}, "memory"}, {map[string]any{"memory": "1.5"}, "memory"},
		{map[string]any{"logDays": "15"}, "logDays"}, {map[string]any{"logDays": "0"}, "logDays logDays"},
		{map[string]any{"resultDays": "0"}, "resultDays"},
		{map[string]any{"priceClass": "PriceClass_100"}, "priceClass"},
		{map[string]any{"domainNames": "img.example.com"}, "certificateArn"},
		{map[string]any{"certificateArn": arn}, "certificateArn"},
		{map[string]any{"domainNames": "img.example.com", "certificateArn": arn}, ""},
		{map[string]any{"domainNames": "img.example.com,http://x", "certificateArn": arn}, "domainNames"},
		{map[string]any{"domainNames": "img.example.com", "certificateArn": strings.Replace(arn, "us-east-1", "eu-west-1", 1)}, "certificateArn"},
		{map[string]any{"regionalSizes": "L,XXL"}, "regionalSizes"},
		{map[string]any{"regionalFormat": "avif"}, "regionalFormat"},
		{map[string]any{"attachOnly": "true", "regional": "true"}, "regional"},
		{map[string]any{"attachOnly": "true", "existingBucket": "true"}, "existingBucket"},
		{map[string]any{"memory": "x", "logDays": "x", "name": "-"}, "memory logDays name logDays"},
	} {
		_, err := ReadConfig(c.context, "")
		var named []string
		if err != nil {
			for line := range strings.SplitSeq(err.Error(), "\n") {
				key, _, _ := strings.Cut(strings.TrimPrefix(line, "-c "), ":")
				named = append(named, key)
			}
		}
		if got := strings.Join(named, " "); got != c.wrong {
			t.Errorf("%v: named %q, want %q (%v)", c.context, got, c.wrong, err)
		}
	}
}

func TestEveryRegionHasItsShieldAndItsLogs(t *testing.T) {
	for region, shield := range shieldRegions {
		if shieldRegions[shield] != shield {
			t.Errorf("%s: Origin Shield in %s, where there is none", region, shield)
		}
		c, err := ReadConfig(map[string]any{"bucketRegion": region}, "")
		if err != nil || c.LogRegion() != shield {
			t.Errorf("%s: logs in %s, %v", region, c.LogRegion(), err)
		}
	}
	for _, days := range logDays {
		if retention(days) == "" {
			t.Errorf("no retention of %d days", days)
		}
	}
}

// The README's table of options is contextKeys.
func TestREADMENamesEveryOption(t *testing.T) {
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	var missing []string
	for _, key := range slices.Sorted(maps.Keys(contextKeys)) {
		if !strings.Contains(string(text), "| `"+key+"` | "+contextKeys[key]+" |") {
			missing = append(missing, "| `"+key+"` | "+contextKeys[key]+" |")
		}
	}
	if len(missing) > 0 {
		t.Errorf("README.md lacks\n%s", strings.Join(missing, "\n"))
	}
}

func TestZipIsCheckedBeforeCloudFormationFails(t *testing.T) {
	if err := writeZip("plain.zip", 0o644, "miniatura", "lambda_function.py"); err != nil {
		t.Fatal(err)
	}
	if err := writeZip("half.zip", 0o755, "miniatura"); err != nil {
		t.Fatal(err)
	}
	big, err := os.Create(zips + "/big.zip")
	if err == nil {
		err = big.Truncate(maxZip + 1)
	}
	if err == nil {
		err = big.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"edge.zip": "", "none.zip": "go run . package", "plain.zip": "not executable", "half.zip": "no lambda_function.py", "big.zip": "over the limit",
	} {
		err := checkZip(zips+"/"+name, "go run . package", "lambda_function.py", "miniatura")
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", name, err, want)
		}
	}
}
