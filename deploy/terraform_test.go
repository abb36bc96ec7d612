package main

import (
	"maps"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"miniatura/desk"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclparse"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

const terraformFile = "terraform/main.tf"

// terraform returns the blocks of the module, by type and labels.
func terraform(t *testing.T) map[string]*hclsyntax.Body {
	t.Helper()
	f, diags := hclparse.NewParser().ParseHCLFile(terraformFile)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	blocks := map[string]*hclsyntax.Body{}
	for _, b := range f.Body.(*hclsyntax.Body).Blocks {
		blocks[strings.Join(append([]string{b.Type}, b.Labels...), " ")] = b.Body
	}
	return blocks
}

// constant returns a function of Terraform's whose result does not matter here.
func constant(v string) function.Function {
	return function.New(&function.Spec{
		VarParam: &function.Parameter{Name: "any", Type: cty.DynamicPseudoType},
		Type:     function.StaticReturnType(cty.String),
		Impl:     func([]cty.Value, cty.Type) (cty.Value, error) { return cty.StringVal(v), nil },
	})
}

func object(m map[string]cty.Value) cty.Value { return cty.ObjectVal(m) }

// terraformContext returns the variables and functions that the module's expressions use, for a
// shape.
func terraformContext(s shape) *hcl.EvalContext {
	params := map[string]cty.Value{}
	for name, v := range s.parameters() {
		if name != "BucketName" && name != "BucketRegion" && name != "OriginShield" && !strings.HasPrefix(name, "Code") {
			params[name] = cty.StringVal(v)
		}
	}
	stacks := map[string]cty.Value{"edge": object(map[string]cty.Value{"outputs": cty.MapVal(map[string]cty.Value{"DistributionId": cty.StringVal(distributionID)})})}
	zip := object(map[string]cty.Value{"bucket": cty.StringVal(code["CodeBucket"]), "key": cty.StringVal(code["CodeKey"])})
	return &hcl.EvalContext{
		Variables: map[string]cty.Value{
			"var": object(map[string]cty.Value{"bucket": cty.StringVal("bkt"), "bucket_region": cty.StringVal(s.BucketRegion), "name": cty.StringVal(stackName),
				"zip": cty.StringVal("edge.zip"), "shield": cty.StringVal(s.OriginShield), "parameters": cty.MapVal(params)}),
			"path":                     object(map[string]cty.Value{"module": cty.StringVal("terraform")}),
			"aws_s3_object":            object(map[string]cty.Value{"code": zip}),
			"aws_cloudformation_stack": object(stacks),
		},
		Functions: map[string]function.Function{"lookup": stdlib.LookupFunc, "contains": stdlib.ContainsFunc, "merge": stdlib.MergeFunc,
			"file": constant("the template"), "filebase64sha256": constant(code["CodeSha256"])},
	}
}

// terraformStacks evaluates Terraform's expressions for a shape, and returns the stacks and their
// parameters.
func terraformStacks(t *testing.T, blocks map[string]*hclsyntax.Body, s shape) []world {
	t.Helper()
	ctx := terraformContext(s)
	eval := func(body *hclsyntax.Body, name string) cty.Value {
		v, diags := body.Attributes[name].Expr.Value(ctx)
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		return v
	}
	locals := map[string]cty.Value{}
	for name := range blocks["locals"].Attributes {
		locals[name] = eval(blocks["locals"], name)
	}
	ctx.Variables["local"] = object(locals)

	var all []world
	for _, part := range []string{"edge", "regional", "logs"} {
		body := blocks["resource aws_cloudformation_stack "+part]
		if body == nil {
			t.Fatalf("no stack %s", part)
		}
		if body.Attributes["count"] != nil && eval(body, "count").Equals(cty.Zero).True() {
			continue
		}
		w := world{region: eval(body, "region").AsString(), name: eval(body, "name").AsString(), params: map[string]string{}}
		for name, v := range eval(body, "parameters").AsValueMap() {
			w.params[name] = v.AsString()
		}
		want(t, "the body", eval(body, "template_body").AsString(), "the template")
		all = append(all, w)
	}
	return all
}

// In every shape Terraform makes the stacks that desk names. The template accepts their parameters,
// and the stacks have the same resources as when they are deployed with the AWS CLI or the CDK.
func TestTerraformDeploysTheTemplate(t *testing.T) {
	blocks := terraform(t)
	eachShape(t, func(t *testing.T, s shape, ours []deployed) {
		var places []desk.Stack
		for i, w := range terraformStacks(t, blocks, s) {
			places = append(places, desk.Stack{Part: w.params["Part"], Region: w.region})
			d, err := resolve(theTemplate(), w)
			if err != nil {
				t.Fatalf("%s in %s: %v", w.params["Part"], w.region, err)
			}
			want(t, "its resources", slices.Sorted(maps.Keys(d.resources)), slices.Sorted(maps.Keys(ours[i].resources)))
			for id, r := range ours[i].resources {
				want(t, id, d.resources[id].Body, r.Body)
			}
		}
		want(t, "the stacks", places, s.Stacks())
	})
}

func TestTerraformFindsItsFiles(t *testing.T) {
	blocks := terraform(t)
	text, diags := blocks["locals"].Attributes["template"].Expr.(*hclsyntax.FunctionCallExpr).Args[0].Value(&hcl.EvalContext{
		Variables: map[string]cty.Value{"path": object(map[string]cty.Value{"module": cty.StringVal("terraform")})}})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	want(t, "the template", text.AsString(), "terraform/../"+templateFile)
	for name, p := range map[string]string{"bucket": "aws_s3_bucket", "code": "aws_s3_object"} {
		if blocks["resource "+p+" code"] == nil {
			t.Errorf("no %s", name)
		}
	}
	if _, err := exec.LookPath("terraform"); err != nil {
		t.Skip("no terraform: its formatting is not looked at")
	}
	if out, err := exec.Command("terraform", "fmt", "-check", "-diff", "terraform").Output(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
