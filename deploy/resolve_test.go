package main

// This file deploys a template as CloudFormation does, up to the point where it makes resources: it
// checks the parameters, asserts the rules, decides the conditions, and replaces intrinsic
// functions by values. Anything that it does not know is an error, and so is a reference to a
// resource that does not exist.

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A world says where and with which parameters a stack is deployed.
type world struct {
	region, name string
	params       map[string]string
	elsewhere    map[string]map[string]any // outputs of other stacks, by Region, for Fn::GetStackOutput
}

// A deployed is a stack after its deployment.
type deployed struct {
	world
	part       string
	conditions map[string]bool
	resources  map[string]resource
	outputs    map[string]any
}

// A resource is a resource of a stack, with its functions replaced by values.
type resource struct {
	ID, Type string
	Body     map[string]any
	refs     map[string]bool // the resources that are made before it
}

func (r resource) properties() map[string]any {
	p, _ := r.Body["Properties"].(map[string]any)
	return p
}

// The values that CloudFormation would fill in.
const (
	account        = "123456789012"
	distributionID = "E1ABCDEF"
)

// noValue is the value of Ref AWS::NoValue: the property is left out.
var noValue = new(any)

type resolver struct {
	template
	world
	values  map[string]any // of the parameters
	decided map[string]bool
	pending map[string]bool
	alive   map[string]bool // resources whose condition is true
	refs    map[string]bool // references of the present resource; nil where no resource may be named
	only    []string        // functions that the section may use; nil means the same as properties
}

// A refusal is an error with which CloudFormation ends before it makes anything.
type refusal struct{ reason string }

func (r refusal) Error() string { return r.reason }

func refuse(format string, args ...any) { panic(refusal{fmt.Sprintf(format, args...)}) }

// resolve deploys t in w. A refusal is an error.
func resolve(t template, w world) (d deployed, err error) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case refusal:
			err = r
		default:
			panic(r)
		}
	}()
	r := &resolver{template: t, world: w, decided: map[string]bool{}, pending: map[string]bool{}, alive: map[string]bool{}}
	r.parameters()
	r.rules()
	for _, name := range slices.Sorted(maps.Keys(t.section("Conditions"))) {
		r.condition(name)
	}
	for id, v := range t.section("Resources") {
		if c, ok := at(v, "Condition").(string); !ok || r.condition(c) {
			r.alive[id] = true
		}
	}
	d = deployed{world: w, conditions: r.decided, resources: map[string]resource{}, outputs: map[string]any{}}
	d.part, _ = r.values["Part"].(string)
	r.only = nil
	for id := range r.alive {
		body := t.section("Resources")[id].(map[string]any)
		r.refs = map[string]bool{}
		for _, dep := range list(body["DependsOn"]) {
			if dep != nil {
				r.resource(dep.(string))
			}
		}
		d.resources[id] = resource{id, body["Type"].(string), r.eval(body).(map[string]any), r.refs}
	}
	if len(d.resources) == 0 {
		refuse("at least one resource must be defined")
	}
	r.refs = nil
	for id, v := range t.section("Outputs") {
		if c, ok := at(v, "Condition").(string); !ok || r.condition(c) {
			d.outputs[id] = r.eval(at(v, "Value"))
		}
	}
	return d, nil
}

// parameters checks the given values against the Parameters section.
func (r *resolver) parameters() {
	r.values = map[string]any{}
	for name := range r.params {
		if r.section("Parameters")[name] == nil {
			refuse("parameters: [%s] do not exist in the template", name)
		}
	}
	for name, p := range r.section("Parameters") {
		v, given := r.params[name]
		if !given {
			if at(p, "Default") == nil {
				refuse("parameters: [%s] must have values", name)
			}
			v = fmt.Sprint(at(p, "Default"))
		}
		number := at(p, "Type") == "Number"
		n, err := strconv.ParseFloat(v, 64)
		allowed := func(a any) bool { return fmt.Sprint(a) == v }
		pattern, _ := at(p, "AllowedPattern").(string)
		switch {
		case number && err != nil,
			at(p, "AllowedValues") != nil && !slices.ContainsFunc(at(p, "AllowedValues").([]any), allowed),
			pattern != "" && !regexp.MustCompile("^(?:"+pattern+")$").MatchString(v),
			at(p, "MinValue") != nil && n < at(p, "MinValue").(float64), at(p, "MaxValue") != nil && n > at(p, "MaxValue").(float64),
			at(p, "MinLength") != nil && float64(len(v)) < at(p, "MinLength").(float64),
			at(p, "MaxLength") != nil && float64(len(v)) > at(p, "MaxLength").(float64):
			refuse("parameter %s: %q", name, v)
		case number:
			r.values[name] = n
		default:
			r.values[name] = v
		}
	}
}

var (
	conditionFunctions = []string{"Fn::And", "Fn::Equals", "Fn::Not", "Fn::Or", "Condition", "Ref"}
	ruleFunctions      = []string{"Fn::And", "Fn::Contains", "Fn::Equals", "Fn::Not", "Fn::Or", "Ref"} // no conditions
)

// rules asserts the template's rules. An assertion that is false is a refusal.
func (r *resolver) rules() {
	r.only = ruleFunctions
	for _, name := range slices.Sorted(maps.Keys(r.section("Rules"))) {
		rule := r.section("Rules")[name]
		if c := at(rule, "RuleCondition"); c != nil && !r.eval(c).(bool) {
			continue
		}
		for _, a := range at(rule, "Assertions").([]any) {
			if !r.eval(at(a, "Assert")).(bool) {
				refuse("rule %s: %s", name, at(a, "AssertDescription"))
			}
		}
	}
}

// condition returns the value of a condition, which it decides on the first call.
func (r *resolver) condition(name string) bool {
	if v, ok := r.decided[name]; ok {
		return v
	}
	c, ok := r.section("Conditions")[name]
	if !ok || r.pending[name] {
		refuse("condition %s is not there, or depends on itself", name)
	}
	r.pending[name] = true
	only, refs := r.only, r.refs
	r.only, r.refs = conditionFunctions, nil
	r.decided[name] = r.eval(c).(bool)
	r.only, r.refs = only, refs
	return r.decided[name]
}

// resource notes that the present resource needs another one, and returns that.
func (r *resolver) resource(id string) resource {
	body, ok := r.section("Resources")[id].(map[string]any)
	if !ok || !r.alive[id] {
		refuse("unresolved resource dependencies [%s]", id)
	}
	if r.refs != nil {
		r.refs[id] = true
	}
	return resource{ID: id, Type: body["Type"].(string), Body: body}
}

// ref returns the value of Ref: a parameter, a pseudo parameter, or a resource.
func (r *resolver) ref(name string) any {
	switch name {
	case "AWS::Region":
		return r.region
	case "AWS::AccountId":
		return account
	case "AWS::StackName":
		return r.name
	case "AWS::Partition":
		return "aws"
	case "AWS::URLSuffix":
		return "amazonaws.com"
	case "AWS::NoValue":
		return noValue
	}
	if v, ok := r.values[name]; ok {
		return v
	}
	if r.only != nil {
		refuse("%s is not a parameter", name)
	}
	switch res := r.resource(name); res.Type {
	case "AWS::S3::Bucket":
		return r.eval(res.properties()["BucketName"])
	case "AWS::Logs::LogGroup":
		return r.eval(res.properties()["LogGroupName"])
	case "AWS::CloudFront::Distribution":
		return distributionID
	}
	return "${" + name + "}"
}

func (r *resolver) getAtt(id, attribute string) string {
	if res := r.resource(id); res.Type == "AWS::S3::Bucket" && attribute == "Arn" {
		return "arn:aws:s3:::" + r.ref(id).(string)
	}
	return "${" + id + "." + attribute + "}"
}

// eval returns v with its functions replaced by values.
func (r *resolver) eval(v any) any {
	switch v := v.(type) {
	case []any:
		out := make([]any, 0, len(v))
		for _, e := range v {
			if e = r.eval(e); e != noValue {
				out = append(out, e)
			}
		}
		return out
	case map[string]any:
		for name, arg := range v {
			if name == "Ref" || strings.HasPrefix(name, "Fn::") || name == "Condition" && r.only != nil {
				if len(v) != 1 || r.only != nil && !slices.Contains(r.only, name) {
					refuse("%s may not stand here", name)
				}
				return r.call(name, arg)
			}
		}
		out := map[string]any{}
		for k, e := range v {
			if e = r.eval(e); e != noValue {
				out[k] = e
			}
		}
		return out
	}
	return v
}

// call returns the value of one intrinsic function.
func (r *resolver) call(name string, arg any) any {
	args, _ := arg.([]any)
	boolean := func(v any) bool {
		b, ok := r.eval(v).(bool)
		if !ok {
			refuse("%v is no condition", v)
		}
		return b
	}
	switch name {
	case "Ref":
		return r.ref(arg.(string))
	case "Condition":
		return r.condition(arg.(string))
	case "Fn::GetAtt":
		if s, ok := arg.(string); ok {
			id, attribute, _ := strings.Cut(s, ".")
			return r.getAtt(id, attribute)
		}
		return r.getAtt(args[0].(string), args[1].(string))
	case "Fn::Sub":
		return r.sub(arg)
	case "Fn::Join":
		var words []string
		for _, w := range r.eval(args[1]).([]any) {
			words = append(words, w.(string))
		}
		return strings.Join(words, args[0].(string))
	case "Fn::Split":
		var parts []any
		for p := range strings.SplitSeq(r.eval(args[1]).(string), args[0].(string)) {
			parts = append(parts, p)
		}
		return parts
	case "Fn::GetStackOutput":
		v, ok := r.elsewhere[at(arg, "Region").(string)][at(arg, "OutputName").(string)]
		if !ok || at(arg, "StackName") != r.name {
			refuse("no such output: %v", arg)
		}
		return v
	case "Fn::If": // only the chosen branch is evaluated
		if r.condition(args[0].(string)) {
			return r.eval(args[1])
		}
		return r.eval(args[2])
	case "Fn::Equals":
		return r.eval(args[0]) == r.eval(args[1])
	case "Fn::Not":
		return !boolean(args[0])
	case "Fn::And", "Fn::Or":
		if len(args) < 2 || len(args) > 10 {
			refuse("%s takes two to ten", name)
		}
		n := 0
		for _, a := range args {
			if boolean(a) {
				n++
			}
		}
		return n == len(args) || name == "Fn::Or" && n > 0
	case "Fn::Contains":
		return slices.Contains(r.eval(args[0]).([]any), r.eval(args[1]))
	}
	refuse("%s is not known here", name)
	return nil
}

var variableRE = regexp.MustCompile(`\$\{([^}]*)\}`)

// sub returns the value of Fn::Sub.
func (r *resolver) sub(arg any) string {
	text, ok := arg.(string)
	own := map[string]any{}
	if !ok {
		text, own = at(arg, 0).(string), at(arg, 1).(map[string]any)
	}
	return variableRE.ReplaceAllStringFunc(text, func(m string) string {
		name := m[2 : len(m)-1]
		if v, ok := own[name]; ok {
			return fmt.Sprint(r.eval(v))
		}
		if id, attribute, ok := strings.Cut(name, "."); ok {
			return r.getAtt(id, attribute)
		}
		return fmt.Sprint(r.ref(name))
	})
}

func list(v any) []any {
	if a, ok := v.([]any); ok {
		return a
	}
	return []any{v}
}
