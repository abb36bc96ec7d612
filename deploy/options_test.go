package main

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

func TestContextIsCheckedBeforeAnythingIsMade(t *testing.T) {
	for _, c := range []struct {
		context map[string]any
		wrong   string // the keys that the error names, in its order
	}{
		{map[string]any{}, ""},
		{map[string]any{"autoWebp": true, "memory": 1024.0, "existingBucket": "TRUE"}, ""}, // cdk.json has JSON's types
		{map[string]any{"@aws-cdk/core:x": "y", "availability-zones:account=1": []any{}, "aws:cdk:x": 1}, ""},
		{map[string]any{"autowebp": "true"}, "autowebp"}, // a misspelt option
		{map[string]any{"Memory": "1024"}, "Memory"},
		{map[string]any{"autoWebp": "yes"}, "autoWebp"},
		{map[string]any{"name": "9"}, "name"}, {map[string]any{"name": strings.Repeat("a", 41)}, "name"}, {map[string]any{"name": "a_b"}, "name"},
		{map[string]any{"bucketRegion": "Ireland"}, "bucketRegion"},
		{map[string]any{"bucketRegion": "xx-nowhere-1"}, "originShield"}, // an unknown Region
		{map[string]any{"bucketRegion": "xx-nowhere-1", "originShield": "off"}, ""},
		{map[string]any{"bucketRegion": "xx-nowhere-1", "originShield": "eu-west-1"}, ""},
		{map[string]any{"originShield": "eu-west-3"}, "originShield"},
		{map[string]any{"memory": "127"}, "memory"}, {map[string]any{"memory": "10241"}, "memory"}, {map[string]any{"memory": "1.5"}, "memory"},
		{map[string]any{"logDays": "15"}, "logDays"}, {map[string]any{"logDays": "0"}, "logDays"},
		{map[string]any{"resultDays": "0"}, "resultDays"},
		{map[string]any{"priceClass": "PRICE_CLASS_ALL"}, ""}, {map[string]any{"priceClass": "PriceClass_200"}, ""}, {map[string]any{"priceClass": "PRICE_CLASS_"}, "priceClass"},
		{map[string]any{"domainNames": "img.example.com, *.A.example.com", "certificateArn": certificate}, ""},
		{map[string]any{"domainNames": "img.example.com,http://x", "certificateArn": certificate}, "domainNames"},
		{map[string]any{"domainNames": "a.example.com", "certificateArn": strings.Replace(certificate, "us-east-1", "eu-west-1", 1)}, "certificateArn"},
		{map[string]any{"regionalSizes": "L,XXL"}, "regionalSizes"},
		{map[string]any{"regionalFormat": "avif"}, "regionalFormat"},
		{map[string]any{"part": "logs", "codeKey": "x"}, "codeKey part"}, // only this program sets these
		{map[string]any{"memory": "x", "logDays": "x", "name": "-"}, "logDays memory name"},
	} {
		_, err := ReadOptions(c.context)
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

// A zip that is missing or belongs to the other function is refused before CDK makes anything.
func TestCodeIsCheckedBeforeAnythingIsMade(t *testing.T) {
	edge, regional := zips+"/edge.zip", zips+"/regional.zip"
	for _, c := range []struct{ zip, regionalZip, said string }{
		{"none.zip", regional, "go run . package"}, {regional, regional, "no lambda_function.py"},
		{edge, "none.zip", "go run . package -regional"}, {edge, edge, "no bootstrap"},
	} {
		o, err := ReadOptions(map[string]any{"zip": c.zip, "regionalZip": c.regionalZip, "regional": true})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Wrap(nil, o, ""); err == nil || !strings.Contains(err.Error(), c.said) {
			t.Errorf("%s, %s: %v, want %q", c.zip, c.regionalZip, err, c.said)
		}
	}
}

// options returns the options of -c: every parameter of the template except those that the program
// sets, and the program's own.
func options(t *testing.T) map[string]string {
	t.Helper()
	rows := map[string]string{}
	for key, meaning := range ownOptions {
		what, def, _ := strings.Cut(meaning, ", default ")
		rows[key] = fmt.Sprintf("| `%s` | %s | `%s` |", key, what, def)
	}
	for name, p := range theTemplate().section("Parameters") {
		if slices.Contains(filledIn, name) {
			continue
		}
		def := ""
		if d := fmt.Sprint(at(p, "Default")); d != "" && at(p, "Default") != nil {
			def = "`" + d + "`"
		}
		key := strings.ToLower(name[:1]) + name[1:]
		rows[key] = fmt.Sprintf("| `%s` | %s | %s |", key, at(p, "Description"), def)
		if _, err := ReadOptions(map[string]any{key: fmt.Sprint(at(p, "Default")), "bucketRegion": "us-east-1"}); err != nil && def != "" {
			t.Errorf("%s refuses its default: %v", key, err)
		}
	}
	return rows
}

// The README's table of options has the template's parameters.
func TestREADMENamesEveryOption(t *testing.T) {
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := options(t)
	var missing []string
	for _, key := range slices.Sorted(maps.Keys(rows)) {
		if !strings.Contains(string(text), strings.ReplaceAll(rows[key], " |  |", " | |")) {
			missing = append(missing, strings.ReplaceAll(rows[key], " |  |", " | |"))
		}
	}
	if len(missing) > 0 {
		t.Errorf("README.md lacks\n%s", strings.Join(missing, "\n"))
	}
}
