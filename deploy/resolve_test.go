package main

import (
	"fmt"
	"strings"
)

// plain turns CloudFormation's ways of writing a string into one: Ref is
// "${Name}", GetAtt "${Name.Attribute}", and Sub and Join of such are what they
// spell. Two templates that mean the same then are the same.
func plain(v any) any {
	switch v := v.(type) {
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = plain(v[i])
		}
		return out
	case map[string]any:
		if len(v) == 1 {
			if s, ok := spell(v); ok {
				return s
			}
		}
		out := make(map[string]any, len(v))
		for k, e := range v {
			out[k] = plain(e)
		}
		return out
	}
	return v
}

func spell(m map[string]any) (string, bool) {
	if name, ok := m["Ref"].(string); ok {
		return "${" + name + "}", true
	}
	if a, ok := m["Fn::GetAtt"].([]any); ok && len(a) == 2 {
		return fmt.Sprintf("${%s.%s}", a[0], a[1]), true
	}
	if a, ok := m["Fn::GetAtt"].(string); ok {
		return "${" + a + "}", true
	}
	if j, ok := m["Fn::Join"].([]any); ok && len(j) == 2 {
		parts, ok := j[1].([]any)
		if !ok {
			return "", false
		}
		var words []string
		for _, p := range parts {
			s, ok := plain(p).(string)
			if !ok {
				return "", false
			}
			words = append(words, s)
		}
		return strings.Join(words, j[0].(string)), true
	}
	switch sub := m["Fn::Sub"].(type) {
	case string:
		return sub, true
	case []any:
		if len(sub) != 2 {
			return "", false
		}
		text, ok := sub[0].(string)
		vars, ok2 := sub[1].(map[string]any)
		if !ok || !ok2 {
			return "", false
		}
		for name, value := range vars {
			s, ok := plain(value).(string)
			if !ok {
				return "", false
			}
			text = strings.ReplaceAll(text, "${"+name+"}", s)
		}
		return text, true
	}
	return "", false
}

// fill puts values in the place of ${Name} in every string of v, which plain
// made.
func fill(v any, values map[string]string) any {
	switch v := v.(type) {
	case string:
		for name, value := range values {
			v = strings.ReplaceAll(v, "${"+name+"}", value)
		}
		return v
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = fill(v[i], values)
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, e := range v {
			out[k] = fill(e, values)
		}
		return out
	}
	return v
}

// deployed is a template as CloudFormation would see it for the article's
// command line with bucket bkt, in account 123456789012.
func deployed(s stack, bucketRegion string) template {
	values := map[string]string{
		"BucketName": "bkt", "DestinationFolder": "resized", "Quality": "80",
		"AWS::Region": s.Region, "AWS::AccountId": "123456789012", "AWS::Partition": "aws", "AWS::URLSuffix": "amazonaws.com",
		"AWS::StackName": s.Name,
		"Images":         "bkt", "Images.Arn": "arn:aws:s3:::bkt",
		"Images.RegionalDomainName": "bkt.s3." + bucketRegion + ".amazonaws.com",
		"Warm.Arn":                  "arn:aws:lambda:" + bucketRegion + ":123456789012:function:Warm",
		"WarmFailed.Arn":            "arn:aws:sqs:" + bucketRegion + ":123456789012:WarmFailed",
	}
	return fill(plain(map[string]any(s.template)), values).(map[string]any)
}
