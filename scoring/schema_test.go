package scoring_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"pingyi/scoring"
	"pingyi/scoring/schemes"
)

// accepts is as much of JSON Schema as ours uses: $ref, anyOf, type, enum,
// const, properties, additionalProperties, items, required.
func accepts(root, schema map[string]any, value any) error {
	if ref, ok := schema["$ref"].(string); ok {
		return accepts(root, root["$defs"].(map[string]any)[strings.TrimPrefix(ref, "#/$defs/")].(map[string]any), value)
	}
	if shapes, ok := schema["anyOf"].([]any); ok {
		var last error
		for _, s := range shapes {
			if last = accepts(root, s.(map[string]any), value); last == nil {
				return nil
			}
		}
		return last
	}
	if enum, ok := schema["enum"].([]any); ok {
		if !slices.Contains(enum, any(fmt.Sprint(value))) {
			return fmt.Errorf("%v is none of %v", value, enum)
		}
		return nil
	}
	if c, ok := schema["const"]; ok {
		if c != value {
			return fmt.Errorf("%v is not %v", value, c)
		}
		return nil
	}
	return acceptsShape(root, schema, value)
}

func acceptsShape(root, schema map[string]any, value any) error {
	switch v := value.(type) {
	case map[string]any:
		if schema["type"] != "object" {
			return fmt.Errorf("a map where %v belongs", schema["type"])
		}
		properties, _ := schema["properties"].(map[string]any)
		for key, inner := range v {
			next, ok := properties[key].(map[string]any)
			if !ok {
				next, ok = schema["additionalProperties"].(map[string]any)
			}
			if !ok {
				return fmt.Errorf("unknown key %s", key)
			}
			if err := accepts(root, next, inner); err != nil {
				return fmt.Errorf("%s: %w", key, err)
			}
		}
		required, _ := schema["required"].([]any)
		for _, key := range required {
			if _, ok := v[key.(string)]; !ok {
				return fmt.Errorf("%v is missing", key)
			}
		}
	case []any:
		if schema["type"] != "array" {
			return fmt.Errorf("a list where %v belongs", schema["type"])
		}
		for i, item := range v {
			if err := accepts(root, schema["items"].(map[string]any), item); err != nil {
				return fmt.Errorf("%d: %w", i, err)
			}
		}
	case nil:
		if schema["type"] != "null" {
			return fmt.Errorf("nothing where %v belongs", schema["type"])
		}
	default:
		if _, several := schema["type"].([]any); !several && schema["type"] != "string" {
			return fmt.Errorf("%v where %v belongs", value, schema["type"])
		}
		if _, param := schema["pattern"]; param && !strings.HasPrefix(fmt.Sprint(value), "$") {
			return fmt.Errorf("%v is no word known here", value)
		}
	}
	return nil
}

func TestJSONSchema(t *testing.T) {
	t.Parallel()
	var root map[string]any
	if err := json.Unmarshal(scoring.JSONSchema(), &root); err != nil {
		t.Fatal(err)
	}
	check := func(src string) error {
		var doc map[string]any
		if err := yaml.Unmarshal([]byte(src), &doc); err != nil {
			t.Fatal(err)
		}
		return accepts(root, root, doc)
	}
	for _, name := range schemes.Names() {
		src, _ := schemes.Source(name)
		if err := check(string(src)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for what, src := range map[string]string{
		"a misspelt key":      strings.Replace(base, "survey: {panel", "survey: {pannel", 1),
		"a word not known":    strings.Replace(base, "score: completion", "score: completed", 1),
		"a list for a map":    strings.Replace(base, "{image: 40, work: 60}", "[40, 60]", 1),
		"a text for a list":   "scheme: x\nkinds: {u: {grades: none}}\n",
		"no code":             strings.Replace(base, "scheme: small\n", "", 1),
		"a map for a formula": strings.Replace(base, "all: both + extra", "all: {formula: {both: extra}}", 1),
	} {
		if err := check(src); err == nil {
			t.Errorf("%s is accepted", what)
		}
	}
}
