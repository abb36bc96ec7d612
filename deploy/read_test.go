package main

import (
	"os"
	"strings"

	"go.yaml.in/yaml/v3"
)

// A template is CloudFormation's JSON, or its YAML with the short forms expanded.
type template map[string]any

func (t template) section(name string) map[string]any {
	m, _ := t[name].(map[string]any)
	return m
}

// readYAML reads CloudFormation's YAML.
func readYAML(name string) template {
	text, err := os.ReadFile(name)
	if err != nil {
		panic(err)
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		panic(err)
	}
	return yamlValue(doc.Content[0]).(map[string]any)
}

// yamlValue returns the value of a YAML node, with CloudFormation's short forms expanded.
func yamlValue(n *yaml.Node) any {
	if strings.HasPrefix(n.Tag, "!") && !strings.HasPrefix(n.Tag, "!!") {
		plain := *n
		plain.Tag = map[yaml.Kind]string{yaml.ScalarNode: "!!str", yaml.SequenceNode: "!!seq", yaml.MappingNode: "!!map"}[n.Kind]
		name := strings.TrimPrefix(n.Tag, "!")
		if name != "Ref" && name != "Condition" {
			name = "Fn::" + name
		}
		v := yamlValue(&plain)
		if s, ok := v.(string); ok && name == "Fn::GetAtt" {
			a, b, _ := strings.Cut(s, ".")
			v = []any{a, b}
		}
		return map[string]any{name: v}
	}
	switch n.Kind {
	case yaml.SequenceNode:
		all := make([]any, 0, len(n.Content))
		for _, c := range n.Content {
			all = append(all, yamlValue(c))
		}
		return all
	case yaml.MappingNode:
		all := map[string]any{}
		for i := 0; i < len(n.Content); i += 2 {
			all[n.Content[i].Value] = yamlValue(n.Content[i+1])
		}
		return all
	}
	var v any
	if err := n.Decode(&v); err != nil {
		panic(err)
	}
	if i, ok := v.(int); ok {
		return float64(i)
	}
	return v
}

// at follows keys of objects and indexes of arrays into v. It returns nil when there is nothing.
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
