package scoring_test

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"pingyi/scoring"
	"pingyi/scoring/schemes"
)

// A slip of the pen at any place where a shipped scheme uses a name or a key is
// told at that place, with what was meant. The places are found in the file's
// own tree; the JSON Schema tells the language's keys from names.
func TestSlipsOfThePen(t *testing.T) {
	t.Parallel()
	for _, name := range schemes.Names() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			src, _ := schemes.Source(name)
			found := places(t, string(src))
			if len(found.keys) < 40 || len(found.uses) < 8 {
				t.Fatalf("only %d keys and %d uses", len(found.keys), len(found.uses))
			}
			for i, p := range slices.Concat(found.keys, found.uses) {
				slip := swapped(p.name)
				if i%2 == 0 || slip == p.name {
					slip = stuttered(p.name)
				}
				p.check(t, string(src), slip)
			}
		})
	}
}

// stuttered has its last letter twice; the star of a pattern stays last.
func stuttered(s string) string {
	head, _ := strings.CutSuffix(s, ".*")
	r := []rune(head)
	return head + string(r[len(r)-1]) + s[len(head):]
}

// swapped has the last two letters that differ exchanged.
func swapped(s string) string {
	head, _ := strings.CutSuffix(s, ".*")
	r := []rune(head)
	for i := len(r) - 1; i > 0; i-- {
		if r[i] != r[i-1] {
			r[i], r[i-1] = r[i-1], r[i]
			break
		}
	}
	return string(r) + s[len(head):]
}

// spot is a word in a scheme file: where it stands, and where a fault about it
// is to be told (the beginning of its formula).
type spot struct {
	name         string
	line, column int // of the word, in characters
	told         int // column of the fault
	path         string
}

func (p spot) check(t *testing.T, src, slip string) {
	t.Helper()
	lines := strings.Split(src, "\n")
	r := []rune(lines[p.line-1])
	end := p.column - 1 + len([]rune(p.name))
	if string(r[p.column-1:end]) != p.name {
		t.Fatalf("%d:%d is not %q but %q", p.line, p.column, p.name, string(r[p.column-1:end]))
	}
	lines[p.line-1] = string(r[:p.column-1]) + slip + string(r[end:])
	faults := scoring.CheckScheme("x.yaml", []byte(strings.Join(lines, "\n")))
	for _, f := range faults {
		near, _ := f.Args["Near"].(string)
		if f.Line == p.line && f.Column == p.told && (near == p.name || strings.HasSuffix(near, "."+p.name)) {
			return
		}
		if strings.HasSuffix(p.path, "/choices/-") && f.Args["Got"] == p.name && near == slip {
			return // whether the choice is misspelt or the case it selects, nobody can tell: it is told at the case
		}
	}
	t.Errorf("%d:%d %s: %q for %q is told as %v", p.line, p.column, p.path, slip, p.name, faults)
}

// spots are the places of a scheme where the language's keys stand, and where
// names that it declares are used.
type spots struct {
	t          *testing.T
	root       map[string]any
	declared   map[string]bool
	grades     map[string]bool
	keys, uses []spot
	scalars    []scalarAt
}

type scalarAt struct {
	tk   *token.Token
	path string
}

func places(t *testing.T, src string) *spots {
	t.Helper()
	file, err := parser.ParseBytes([]byte(src), 0)
	if err != nil {
		t.Fatal(err)
	}
	s := &spots{t: t, declared: map[string]bool{}, grades: map[string]bool{}}
	if err := json.Unmarshal(scoring.JSONSchema(), &s.root); err != nil {
		t.Fatal(err)
	}
	s.walk(file.Docs[0].Body, []map[string]any{s.root}, "")
	for _, sc := range s.scalars {
		s.use(sc)
	}
	return s
}

// shapes are the alternatives a schema gives, references followed.
func (s *spots) shapes(schema map[string]any) []map[string]any {
	if ref, ok := schema["$ref"].(string); ok {
		return s.shapes(s.root["$defs"].(map[string]any)[strings.TrimPrefix(ref, "#/$defs/")].(map[string]any))
	}
	alternatives, ok := schema["anyOf"].([]any)
	if !ok {
		return []map[string]any{schema}
	}
	var out []map[string]any
	for _, a := range alternatives {
		out = append(out, s.shapes(a.(map[string]any))...)
	}
	return out
}

func (s *spots) walk(n ast.Node, shapes []map[string]any, path string) {
	switch n := n.(type) {
	case *ast.MappingNode:
		for _, v := range n.Values {
			s.entry(v, n.Values, shapes, path)
		}
	case *ast.MappingValueNode:
		s.entry(n, []*ast.MappingValueNode{n}, shapes, path)
	case *ast.SequenceNode:
		var inner []map[string]any
		for _, shape := range shapes {
			if items, ok := shape["items"].(map[string]any); ok {
				inner = append(inner, s.shapes(items)...)
			}
		}
		for _, v := range n.Values {
			s.walk(v, inner, path+"/-")
		}
	case *ast.NullNode:
	default:
		s.scalars = append(s.scalars, scalarAt{n.GetToken(), path})
		if declares.MatchString(path) {
			s.declared[n.GetToken().Value] = true
			s.grades[n.GetToken().Value] = strings.HasSuffix(path, "/grade")
		}
	}
}

// entry takes a key for the language's where a shape that has all keys of the
// map has it, and for a name otherwise.
func (s *spots) entry(v *ast.MappingValueNode, all []*ast.MappingValueNode, shapes []map[string]any, path string) {
	tk := v.Key.GetToken()
	at := path + "/" + tk.Value
	var inner []map[string]any
	ours := false
	for _, shape := range shapes {
		properties, _ := shape["properties"].(map[string]any)
		if len(properties) > 0 && !slices.ContainsFunc(all, func(x *ast.MappingValueNode) bool { return properties[x.Key.GetToken().Value] == nil }) {
			ours = true
			inner = append(inner, s.shapes(properties[tk.Value].(map[string]any))...)
		}
	}
	if ours {
		s.keys = append(s.keys, spot{tk.Value, tk.Position.Line, tk.Position.Column + quoted(tk), tk.Position.Column, at})
		s.walk(v.Value, inner, at)
		return
	}
	for _, shape := range shapes {
		if more, ok := shape["additionalProperties"].(map[string]any); ok {
			inner = append(inner, s.shapes(more)...)
		}
	}
	if strings.HasSuffix(path, "/title") && strings.Contains(tk.Value, "-") { // of a shorter tag any other is a language too
		s.keys = append(s.keys, spot{tk.Value, tk.Position.Line, tk.Position.Column, tk.Position.Column, at})
	}
	at = path + "/*"
	_, text := v.Value.(ast.MapNode)
	if declaresKeys.MatchString(path) || parts.MatchString(path) && text {
		s.declared[tk.Value] = true
	} else {
		s.scalars = append(s.scalars, scalarAt{tk, at + "key"})
	}
	s.walk(v.Value, inner, at)
}

func quoted(tk *token.Token) int {
	if tk.Type == token.DoubleQuoteType || tk.Type == token.SingleQuoteType {
		return 1
	}
	return 0
}

var (
	declaresKeys = regexp.MustCompile(`^/(params|tables|scales|panels|indicators|ledger|kinds)$|/attributes$|/parts$`)
	parts        = regexp.MustCompile(`/(weighted_mean|weighted_sum|mean|sum|product|min|max|best_of|first_of)$`)
	declares     = regexp.MustCompile(`^/panels/[^/]*/items/-$|^/indicators/-$|/grades/-/grade$|/payouts/-/payout$`)
	// Not names that the scheme declares elsewhere, though they may be spelt like
	// one: titles and notes, and words that follow (label, award, consequence);
	// relations, strata, periods, sources, kinds of subjects and words of
	// attributes, which only the data knows; rows of tables, levels, points and
	// words with marks, which are declared where they stand.
	elsewhere = regexp.MustCompile(`/(title|note|relation|stratum|period|only|subjects|words|levels|label|consequence|award|points|unknown)(/|$)|^/(scheme|version|decimals)$|` +
		`^/tables/\*/\*/\*key$|/periods/each(/|$)|/prizes/\*key|/give/`)
	word = regexp.MustCompile(`'[^']*'|"[^"]*"|\$?[\p{L}_][\p{L}\d_.]*`)
)

// use notes the names that a scalar uses: it is one, or it is a formula.
func (s *spots) use(sc scalarAt) {
	tk := sc.tk
	if elsewhere.MatchString(sc.path) || declares.MatchString(sc.path) {
		return
	}
	told := tk.Position.Column
	note := func(name string, at int) {
		s.uses = append(s.uses, spot{strings.TrimPrefix(name, "$"), tk.Position.Line, told + quoted(tk) + at, told, sc.path})
	}
	if s.declared[tk.Value] {
		note(tk.Value, 0)
		return
	}
	for _, span := range word.FindAllStringIndex(tk.Value, -1) {
		name := tk.Value[span[0]:span[1]]
		at := len([]rune(tk.Value[:span[0]]))
		switch {
		case name[0] == '$' || s.declared[name] || s.declared[name[strings.LastIndexByte(name, '.')+1:]]:
			if name[0] == '$' {
				at++
			}
			note(name, at)
		case name[0] == '\'' && s.grades[strings.Trim(name, "'")]:
			note(strings.Trim(name, "'"), at+1)
		}
	}
}
