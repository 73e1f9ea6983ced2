package locales

import (
	"maps"
	"strings"

	"pingyi/survey"
)

// yamlWords puts into words what the YAML library says of a file that is none.
func (p *Printer) yamlWords(f survey.Fault) Args {
	if !strings.HasSuffix(f.Code, ".yaml") {
		return f.Args
	}
	args := maps.Clone(f.Args)
	for _, name := range []string{"Problem", "Detail"} {
		if said, ok := args[name].(string); ok {
			args[name] = p.Say(yamlProblem(said), nil)
		}
	}
	return args
}

// yamlProblem is the key of our words for a message of the library. The first
// that fits counts.
func yamlProblem(said string) string {
	for _, known := range []struct{ said, key string }{
		{"tab character", "yaml.tab"},
		{"that cannot start any token", "yaml.tab"},
		{"could not find end character of", "yaml.quote"},
		{"could not find flow mapping end token", "yaml.brace"},
		{"sequence end token ']' not found", "yaml.bracket"},
		{"could not find '[' character", "yaml.bracket_open"},
		{"could not find '{' character", "yaml.brace_open"},
		{"',' or '}' must be specified", "yaml.comma"},
		{"',' or ']' must be specified", "yaml.comma"},
		{"could not find flow map content", "yaml.comma"},
		{"map key-value is pre-defined", "yaml.after"},
		{"mapping value is not allowed in this context", "yaml.colon_inside"},
		{"value is not allowed in this context", "yaml.indent"},
		{"unexpected key name", "yaml.colon"},
		{"non-map value is specified", "yaml.colon"},
		{"is a reserved character", "yaml.reserved"},
		{"unexpected directive value", "yaml.reserved"},
		{"directive", "yaml.reserved"},
		{"undefined map key", "yaml.reserved"},
		{"found unknown escape character", "yaml.escape"},
		{"escaped UTF", "yaml.escape"},
		{"surrogate", "yaml.escape"},
		{"invalid key for this map", "yaml.inside"},
		{"expected sequence element", "yaml.inside"},
		{"could not find map value", "yaml.inside"},
		{"implicit line break", "yaml.inside"},
		{"unexpected scalar value", "yaml.inside"},
		{"unexpected map key", "yaml.comma"},
		{"block sequence entries", "yaml.dash"},
		{"document", "yaml.document"},
		{"unexpected end content", "yaml.document"},
		{"anchor", "yaml.marker"},
		{"alias", "yaml.marker"},
		{"tag", "yaml.marker"},
		{"header", "yaml.marker"},
		{"multi-line content", "yaml.marker"},
	} {
		if strings.Contains(said, known.said) {
			return known.key
		}
	}
	return "yaml.other"
}
