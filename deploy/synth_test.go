package main

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"
)

// zips holds edge.zip and regional.zip with the names and modes that the real
// ones have, and nothing to run inside.
var zips string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "miniatura-deploy-")
	if err == nil {
		zips = dir
		err = writeZip("edge.zip", 0o755, "miniatura", "lambda_function.py")
	}
	if err == nil {
		err = writeZip("regional.zip", 0o755, "bootstrap")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	jsii.Close()
	os.RemoveAll(dir)
	os.Exit(code)
}

func writeZip(name string, mode os.FileMode, files ...string) error {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, f := range files {
		h := &zip.FileHeader{Name: f}
		h.SetMode(mode)
		w, err := z.CreateHeader(h)
		if err != nil {
			return err
		}
		fmt.Fprintln(w, "not the real", f)
	}
	if err := z.Close(); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(zips, name), b.Bytes(), 0o600)
}

// context is cdk.json's, which the command line has too, and then more.
func contextOf(t testing.TB, more map[string]any) map[string]any {
	t.Helper()
	var file struct{ Context map[string]any }
	b, err := os.ReadFile("cdk.json")
	if err == nil {
		err = json.Unmarshal(b, &file)
	}
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]any{"zip": filepath.Join(zips, "edge.zip"), "regionalZip": filepath.Join(zips, "regional.zip")}
	maps.Copy(all, file.Context)
	maps.Copy(all, more)
	return all
}

// A stack is a synthesized template and where it is to be deployed.
type stack struct {
	Name, Region string
	template
}

// A template is CloudFormation's JSON.
type template map[string]any

func (t template) section(name string) map[string]any {
	m, _ := t[name].(map[string]any)
	return m
}

// A resource is one of a template.
type resource struct {
	ID, Type string
	Body     map[string]any
}

func (r resource) properties() map[string]any {
	p, _ := r.Body["Properties"].(map[string]any)
	return p
}

// of returns the resources of a type, by logical id.
func (t template) of(kind string) []resource {
	var all []resource
	for _, id := range slices.Sorted(maps.Keys(t.section("Resources"))) {
		body := t.section("Resources")[id].(map[string]any)
		if k := body["Type"].(string); k == kind || kind == "" {
			all = append(all, resource{id, k, body})
		}
	}
	return all
}

// variants are the shapes this can be deployed in, by a word for each.
var variants = map[string]map[string]any{
	"default":                   {},
	"auto webp":                 {"autoWebp": "true"},
	"existing bucket":           {"existingBucket": "true"},
	"existing bucket elsewhere": {"existingBucket": "true", "bucketRegion": "ap-southeast-2"},
	"new bucket elsewhere":      {"bucketRegion": "eu-west-1"},
	"shield elsewhere":          {"bucketRegion": "eu-west-3"},
	"shield off":                {"originShield": "off"},
	"shield off, elsewhere":     {"originShield": "off", "bucketRegion": "eu-west-3"},
	"attach only":               {"attachOnly": "true"},
	"attach only, elsewhere":    {"attachOnly": "true", "bucketRegion": "eu-central-1"},
	"own domain": {"domainNames": "img.example.com, *.pics.example.com",
		"certificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/01234567-89ab-cdef-0123-456789abcdef"},
	"other numbers":            {"name": "Pics", "memory": "1024", "priceClass": "PRICE_CLASS_ALL", "logDays": "30", "resultDays": "7"},
	"regional":                 {"regional": "true"},
	"regional, some elsewhere": {"regional": "true", "bucketRegion": "eu-west-1", "regionalSizes": "M,SS", "regionalFormat": "webp"},
	"regional, existing":       {"regional": "true", "existingBucket": "true"},
}

var (
	synthMu sync.Mutex
	synths  = map[string][]stack{}
)

// synth returns the stacks of a variant, made once a process.
func synth(t testing.TB, variant string) []stack {
	t.Helper()
	synthMu.Lock()
	defer synthMu.Unlock()
	if st, ok := synths[variant]; ok {
		return st
	}
	extra, ok := variants[variant]
	if !ok {
		t.Fatalf("no variant %q", variant)
	}
	st, err := synthesize(t, extra)
	if err != nil {
		t.Fatal(err)
	}
	synths[variant] = st
	return st
}

func synthesize(t testing.TB, extra map[string]any) ([]stack, error) {
	t.Helper()
	out := t.TempDir()
	context := contextOf(t, extra)
	app := awscdk.NewApp(&awscdk.AppProps{AnalyticsReporting: jsii.Bool(false), Outdir: jsii.String(out), Context: &context})
	c, err := ReadConfig(context, "")
	if err != nil {
		return nil, err
	}
	built, err := Build(app, c)
	if err != nil {
		return nil, err
	}
	app.Synth(nil)
	// CDK's own rules over the finished templates.
	var report struct{ PluginReports []struct{ Violations []any } }
	b, err := os.ReadFile(filepath.Join(out, "validation-report.json"))
	if err == nil {
		err = json.Unmarshal(b, &report)
	}
	if err != nil {
		return nil, err
	}
	for _, r := range report.PluginReports {
		if len(r.Violations) > 0 {
			t.Errorf("%v: CDK's rules find %v", extra, r.Violations)
		}
	}
	var all []stack
	for _, s := range built.All() {
		b, err := os.ReadFile(filepath.Join(out, *s.TemplateFile()))
		if err != nil {
			return nil, err
		}
		var tpl template
		if err := json.Unmarshal(b, &tpl); err != nil {
			return nil, err
		}
		all = append(all, stack{*s.StackName(), *s.Region(), tpl})
	}
	return all, nil
}

// one returns the only resource of a type in all stacks, and its stack.
func one(t testing.TB, stacks []stack, kind string) (resource, stack) {
	t.Helper()
	var found []resource
	var in stack
	for _, s := range stacks {
		if r := s.of(kind); len(r) > 0 {
			found, in = append(found, r...), s
		}
	}
	if len(found) != 1 {
		t.Fatalf("%d of %s, want one", len(found), kind)
	}
	return found[0], in
}

// at walks into v by keys of objects and indexes of arrays, nil where there is
// nothing.
func at(v any, path ...any) any {
	for _, p := range path {
		if t, ok := v.(template); ok {
			v = map[string]any(t)
		}
		switch p := p.(type) {
		case string:
			m, _ := v.(map[string]any)
			v = m[p]
		case int:
			a, _ := v.([]any)
			if p >= len(a) {
				return nil
			}
			v = a[p]
		}
	}
	return v
}
