package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

var update = flag.Bool("update", false, "write the golden templates anew")

var (
	assetRE   = regexp.MustCompile(`[0-9a-f]{64}`)
	versionRE = regexp.MustCompile(`ResizeCurrentVersion[0-9a-f]{40}|ResizeCurrentVersion[0-9A-F]{8}[0-9a-f]{32}`)
	outputRE  = regexp.MustCompile(`(PublishOutputRefResizeVersion)[0-9A-F]{8}`)
)

// stable is a template without what changes with the code in the zip, and
// without the metadata that CDK keeps for itself.
func stable(t template) string {
	b, err := json.MarshalIndent(t, "", " ")
	if err != nil {
		panic(err)
	}
	b = assetRE.ReplaceAll(b, []byte("ASSET"))
	b = versionRE.ReplaceAll(b, []byte("ResizeVersion"))
	b = outputRE.ReplaceAll(b, []byte("${1}"))
	var clean template
	if err := json.Unmarshal(b, &clean); err != nil {
		panic(err)
	}
	for _, r := range clean.of("") {
		delete(r.Body, "Metadata")
	}
	b, err = json.MarshalIndent(clean, "", " ")
	if err != nil {
		panic(err)
	}
	return string(b) + "\n"
}

// A golden template shows what a change of this program, or of CDK, does to a
// deployment. go test -run Golden -update writes it anew; its diff is to be read.
func TestGoldenTemplates(t *testing.T) {
	for _, variant := range []string{"default", "regional, some elsewhere"} {
		for _, s := range synth(t, variant) {
			name := "testdata/" + strings.ReplaceAll(strings.ReplaceAll(variant, ",", ""), " ", "-") + "." + s.Name + ".json"
			got := stable(s.template)
			if *update {
				if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				continue
			}
			want, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if got == string(want) {
				continue
			}
			a, b := strings.Split(got, "\n"), strings.Split(string(want), "\n")
			for i := range a {
				if i >= len(b) || a[i] != b[i] {
					t.Errorf("%s differs from line %d: now %q", name, i+1, a[i])
					break
				}
			}
		}
	}
}

// difference is one way in which template.yaml is not the default stack, and why.
type difference struct {
	why string
	cdk func(template) // takes the difference out of CDK's template
	own func(template) // takes it out of template.yaml
}

var differences = []difference{
	{why: "the stack's name is not known to the file: the log group is named by a pseudo parameter, which CloudFormation fills in to the same",
		own: func(t template) { replaceAll(t, "${AWS::StackName}", "Miniatura") },
		cdk: func(t template) { replaceAll(t, "${AWS::StackName}", "Miniatura") }},
	{why: "CDK uploads the code under its hash; aws cloudformation package does the same with a path, and writes the same two properties",
		own: func(t template) {
			p := at(t, "Resources", "Resize", "Properties").(map[string]any)
			if p["Code"] == "../../dist/edge.zip" {
				p["Code"] = "the code"
			}
		},
		cdk: func(t template) {
			p := at(t, "Resources", "Resize", "Properties").(map[string]any)
			if reflect.DeepEqual(p["Code"], map[string]any{"S3Bucket": "cdk-hnb659fds-assets-${AWS::AccountId}-us-east-1", "S3Key": "ASSET.zip"}) {
				p["Code"] = "the code"
			}
		}},
	{why: "CDK names the version by a hash of the function, so that a change makes a new one; without CDK it is the code's hash, a parameter, which also proves that the right code was uploaded",
		own: func(t template) {
			p := at(t, "Resources", "ResizeVersion", "Properties").(map[string]any)
			if p["CodeSha256"] == "${CodeSha256}" {
				delete(p, "CodeSha256")
				delete(t.section("Parameters"), "CodeSha256")
			}
		}},
	{why: "CDK says twice that the function waits for its role, whose ARN it needs anyway; cfn-lint minds",
		cdk: func(t template) {
			if r := t.section("Resources")["Resize"].(map[string]any); reflect.DeepEqual(r["DependsOn"], []any{"FunctionRole", "LogGroup"}) {
				r["DependsOn"] = []any{"LogGroup"}
			}
		}},
	{why: "only CDK needs its own bootstrap stack",
		cdk: func(t template) {
			delete(t.section("Parameters"), "BootstrapVersion")
			delete(t.section("Rules"), "CheckBootstrapVersion")
		}},
	{why: "the file says in its description what it needs",
		own: func(t template) { delete(t, "Description") },
		cdk: func(t template) { delete(t, "Description") }},
	{why: "the format version is the only one there is, and optional",
		own: func(t template) { delete(t, "AWSTemplateFormatVersion") }},
}

// replaceAll replaces in every string of t, in place.
func replaceAll(t template, old, new string) {
	var walk func(v any) any
	walk = func(v any) any {
		switch v := v.(type) {
		case string:
			return strings.ReplaceAll(v, old, new)
		case []any:
			for i := range v {
				v[i] = walk(v[i])
			}
		case map[string]any:
			for k := range v {
				v[k] = walk(v[k])
			}
		}
		return v
	}
	walk(map[string]any(t))
}

// readYAML reads CloudFormation's YAML, with its short forms written out.
func readYAML(t testing.TB, name string) template {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	var value func(n *yaml.Node) any
	value = func(n *yaml.Node) any {
		tag := n.Tag
		if strings.HasPrefix(tag, "!") && !strings.HasPrefix(tag, "!!") {
			plain := *n
			plain.Tag = map[yaml.Kind]string{yaml.ScalarNode: "!!str", yaml.SequenceNode: "!!seq", yaml.MappingNode: "!!map"}[n.Kind]
			name := strings.TrimPrefix(tag, "!")
			if name != "Ref" && name != "Condition" {
				name = "Fn::" + name
			}
			v := value(&plain)
			if s, ok := v.(string); ok && name == "Fn::GetAtt" {
				a, b, _ := strings.Cut(s, ".")
				v = []any{a, b}
			}
			return map[string]any{name: v}
		}
		switch n.Kind {
		case yaml.DocumentNode:
			return value(n.Content[0])
		case yaml.SequenceNode:
			all := make([]any, 0, len(n.Content))
			for _, c := range n.Content {
				all = append(all, value(c))
			}
			return all
		case yaml.MappingNode:
			all := map[string]any{}
			for i := 0; i < len(n.Content); i += 2 {
				all[n.Content[i].Value] = value(n.Content[i+1])
			}
			return all
		}
		var v any
		if err := n.Decode(&v); err != nil {
			t.Fatal(err)
		}
		if i, ok := v.(int); ok {
			return float64(i)
		}
		return v
	}
	return value(&doc).(map[string]any)
}

// compare lists where a and b differ, by path.
func compare(path string, a, b any, report func(string)) {
	am, aok := a.(map[string]any)
	bm, bok := b.(map[string]any)
	if aok && bok {
		keys := map[string]bool{}
		for k := range am {
			keys[k] = true
		}
		for k := range bm {
			keys[k] = true
		}
		for _, k := range slices.Sorted(maps.Keys(keys)) {
			compare(path+"/"+k, am[k], bm[k], report)
		}
		return
	}
	as, aok := a.([]any)
	bs, bok := b.([]any)
	if aok && bok && len(as) == len(bs) {
		for i := range as {
			compare(fmt.Sprintf("%s/%d", path, i), as[i], bs[i], report)
		}
		return
	}
	if !reflect.DeepEqual(a, b) {
		report(fmt.Sprintf("%s: template.yaml has %v, the default stack %v", path, a, b))
	}
}

const templateYAML = "cloudformation/template.yaml"

// template.yaml is the default stack: resource by resource, property by property.
func TestTemplateForThoseWithoutCDKIsTheSame(t *testing.T) {
	var cdk template
	if err := json.Unmarshal([]byte(stable(synth(t, "default")[0].template)), &cdk); err != nil {
		t.Fatal(err)
	}
	own := readYAML(t, templateYAML)
	cdk, own = plain(map[string]any(cdk)).(map[string]any), plain(map[string]any(own)).(map[string]any)
	for _, d := range differences {
		before := fmt.Sprint(own, cdk)
		if d.cdk != nil {
			d.cdk(cdk)
		}
		if d.own != nil {
			d.own(own)
		}
		if fmt.Sprint(own, cdk) == before {
			t.Errorf("no difference any more, strike it from the list: %s", d.why)
		}
	}
	compare("", map[string]any(own), map[string]any(cdk), func(s string) { t.Error(s) })
	if n := len(own.section("Resources")); n != 11 {
		t.Errorf("%d resources were compared, want 11", n)
	}
}
