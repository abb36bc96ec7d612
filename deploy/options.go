package main

// This file reads and checks the options.

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"miniatura/desk"

	"go.yaml.in/yaml/v3"
)

const templateFile = "cloudformation/template.yaml"

// Options are what the CDK's context, -c key=value, asks for.
type Options struct {
	Name             string // of the stacks
	Zip, RegionalZip string // paths of the functions' zips
	desk.Shape
	// Values are the template's parameters that the context sets. They are written into the
	// template. The other parameters stay parameters of the stack, for --parameters.
	Values map[string]string
}

// ownOptions are the options that are not parameters of the template, with their meanings.
var ownOptions = map[string]string{
	"name":        "Name of the stacks, default Miniatura",
	"zip":         "The edge function's code, default ../dist/edge.zip",
	"regionalZip": "Code of the function for S3 events, default ../dist/regional.zip",
}

// filledIn are the parameters that only this program sets.
var filledIn = []string{"Part", "CodeBucket", "CodeKey", "CodeSha256", "RegionalCodeBucket", "RegionalCodeKey"}

// A parameter is a parameter of the template.
type parameter struct {
	Type, Default, AllowedPattern, ConstraintDescription string
	AllowedValues                                        []string
	MinValue, MaxValue, MaxLength                        *int
}

// parameters returns the template's parameters by name.
func parameters() (map[string]parameter, error) {
	text, err := os.ReadFile(templateFile)
	if err != nil {
		return nil, err
	}
	var t struct {
		Parameters map[string]parameter `yaml:"Parameters"`
	}
	err = yaml.Unmarshal(text, &t)
	return t.Parameters, err
}

// UnmarshalYAML reads the keys as CloudFormation spells them; package yaml would expect lower case.
func (p *parameter) UnmarshalYAML(n *yaml.Node) error {
	var m struct {
		Type                  string   `yaml:"Type"`
		Default               string   `yaml:"Default"`
		AllowedPattern        string   `yaml:"AllowedPattern"`
		ConstraintDescription string   `yaml:"ConstraintDescription"`
		AllowedValues         []string `yaml:"AllowedValues"`
		MinValue              *int     `yaml:"MinValue"`
		MaxValue              *int     `yaml:"MaxValue"`
		MaxLength             *int     `yaml:"MaxLength"`
	}
	err := n.Decode(&m)
	*p = parameter(m)
	return err
}

// check returns nil if v can be a value of the parameter, or else the error that CloudFormation
// would report.
func (p parameter) check(v string) error {
	switch {
	case p.AllowedValues != nil && !slices.Contains(p.AllowedValues, v):
		return fmt.Errorf("%q is none of %s", v, strings.Join(p.AllowedValues, " "))
	case p.MaxLength != nil && len(v) > *p.MaxLength:
		return fmt.Errorf("%q is longer than %d", v, *p.MaxLength)
	case p.AllowedPattern != "" && !regexp.MustCompile(p.AllowedPattern).MatchString(v):
		return fmt.Errorf("%q: %s", v, p.ConstraintDescription)
	case p.MinValue != nil: // then there is a MaxValue too
		if n, err := strconv.Atoi(v); err != nil || n < *p.MinValue || n > *p.MaxValue {
			return fmt.Errorf("%q is not a whole number from %d to %d", v, *p.MinValue, *p.MaxValue)
		}
	}
	return nil
}

var (
	nameRE  = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9-]{0,39}$`)
	plainRE = regexp.MustCompile(`^[A-Za-z]+$`)
)

// ReadOptions reads a context. Values of -c are strings, and values in cdk.json are any JSON. An
// option is one of ownOptions, or a parameter of the template whose name is spelled here with a
// small first letter. The error names every wrong option. Keys that are not all letters are
// ignored, because CDK's own contain an @ or a colon. So are options without a value.
func ReadOptions(context map[string]any) (Options, error) {
	o := Options{Name: "Miniatura", Zip: "../dist/edge.zip", RegionalZip: "../dist/regional.zip", Values: map[string]string{}}
	params, err := parameters()
	if err != nil {
		return o, err
	}
	var errs []error
	for _, key := range slices.Sorted(maps.Keys(context)) {
		value := strings.TrimSpace(fmt.Sprint(context[key]))
		if !plainRE.MatchString(key) || value == "" || context[key] == nil {
			continue
		}
		name := strings.ToUpper(key[:1]) + key[1:]
		p, ok := params[name]
		// A parameter is no option if this program sets it, or if key is spelled as in the
		// template.
		_, own := ownOptions[key]
		isOption := ok && !slices.Contains(filledIn, name) && key != name
		if !own && !isOption {
			errs = append(errs, fmt.Errorf("-c %s: there is no such option", key))
			continue
		}
		switch key {
		case "name":
			o.Name = value
			if !nameRE.MatchString(value) {
				errs = append(errs, fmt.Errorf("-c name: %q: letters, digits and hyphens, a letter first, at most 40", value))
			}
		case "zip":
			o.Zip = value
		case "regionalZip":
			o.RegionalZip = value
		default:
			value = inTemplateSpelling(p, value)
			if name == "DomainNames" {
				value = strings.ToLower(value)
			}
			if err := p.check(value); err != nil {
				errs = append(errs, fmt.Errorf("-c %s: %w", key, err))
			}
			o.Values[name] = value
		}
	}
	if len(errs) == 0 {
		errs = append(errs, o.setShape(params))
	}
	return o, errors.Join(errs...)
}

// inTemplateSpelling returns v, a value of p, as the template spells it. v may be in a spelling of
// JSON or of earlier versions: true, TRUE, PRICE_CLASS_ALL, "a, b".
func inTemplateSpelling(p parameter, v string) string {
	if class, ok := strings.CutPrefix(v, "PRICE_CLASS_"); ok && class != "" {
		return "PriceClass_" + class[:1] + strings.ToLower(class[1:])
	}
	if b, err := strconv.ParseBool(v); err == nil && slices.Equal(p.AllowedValues, []string{"true", "false"}) {
		return strconv.FormatBool(b)
	}
	return strings.ReplaceAll(v, ", ", ",")
}

// setShape sets o.Shape, the options that decide which stacks there are. Two of these options,
// BucketRegion and OriginShield, become Values even if the context does not set them, so that they
// are written into the template.
func (o *Options) setShape(params map[string]parameter) (err error) {
	value := func(name string) string {
		if v, ok := o.Values[name]; ok {
			return v
		}
		return params[name].Default
	}
	o.Values["BucketRegion"] = value("BucketRegion")
	if _, ok := o.Values["OriginShield"]; !ok {
		if o.Values["OriginShield"], err = desk.NearestShield(o.Values["BucketRegion"]); err != nil {
			return fmt.Errorf("-c originShield: %w", err)
		}
	}
	o.Shape = desk.Shape{
		BucketRegion:   value("BucketRegion"),
		OriginShield:   value("OriginShield"),
		ExistingBucket: value("ExistingBucket") == "true",
		AttachOnly:     value("AttachOnly") == "true",
		Regional:       value("Regional") == "true",
	}
	return nil
}
