package survey

import (
	"bytes"
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// Limits of a file, far above what people write: beyond them it is not one of ours.
const (
	maxFile    = 1 << 20 // bytes
	maxNesting = 64      // brackets within brackets
)

// node is a value in a YAML file and where it stands.
type node struct {
	line, column int
	shape        shape
	text         string // scalars: as written, without quotes
	pairs        []pair // mappings
	items        []node // lists
}

type pair struct {
	key   node
	value node
}

type shape int

const (
	nothing shape = iota
	scalar
	mapping
	list
)

// source collects the faults of one file.
type source struct {
	file   string
	faults Faults
}

func (s *source) fault(at node, code string, args map[string]any) {
	for name, value := range args {
		if words, ok := value.(string); ok {
			args[name] = clip(words)
		}
	}
	s.faults = append(s.faults, Fault{
		File: s.file, Line: at.line, Column: at.column, Code: "survey." + code, Args: args,
	})
}

// maxQuoted is how much of a file a fault repeats, in characters.
const maxQuoted = 200

// clip makes what a fault repeats one line of bearable length.
func clip(words string) string {
	words = strings.Join(strings.Fields(words), " ")
	if runes := []rune(words); len(runes) > maxQuoted {
		return string(runes[:maxQuoted]) + "…"
	}
	return words
}

// done returns the faults in order, nil where there are none.
func (s *source) done() Faults {
	s.faults.Sort()
	return s.faults
}

// read parses a file into nodes. Faults of YAML itself end the reading: nothing after them can be
// trusted.
func (s *source) read(src []byte) (node, bool) {
	start := node{line: 1, column: 1}
	src = bytes.TrimPrefix(src, []byte("\ufeff"))
	switch {
	case len(src) > maxFile:
		s.fault(start, "file_large", map[string]any{"Limit": maxFile >> 10})
		return node{}, false
	case !utf8.Valid(src):
		s.fault(start, "file_encoding", nil)
		return node{}, false
	case nesting(src) > maxNesting:
		s.fault(start, "file_nested", map[string]any{"Limit": maxNesting})
		return node{}, false
	}
	file, err := parser.ParseBytes(src, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		at, detail := start, err.Error()
		var syntax yaml.Error
		if errors.As(err, &syntax) {
			detail = syntax.GetMessage()
			if p := syntax.GetToken(); p != nil && p.Position != nil {
				at = node{line: p.Position.Line, column: p.Position.Column}
			}
		}
		s.fault(at, "yaml", map[string]any{"Detail": detail})
		return node{}, false
	}
	return s.body(file, start)
}

func (s *source) body(file *ast.File, start node) (node, bool) {
	var bodies []ast.Node
	for _, d := range file.Docs {
		if d.Body != nil {
			bodies = append(bodies, d.Body)
		}
	}
	if len(bodies) == 0 {
		s.fault(start, "file_empty", nil)
		return node{}, false
	}
	before := len(s.faults)
	root := s.convert(bodies[0])
	if len(bodies) > 1 {
		s.fault(s.convert(bodies[1]), "file_documents", nil)
	}
	if root.shape != mapping && len(s.faults) == before {
		s.fault(start, "want_mapping", map[string]any{"Key": s.file})
	}
	return root, len(s.faults) == before
}

// nesting returns how deep brackets are nested, a guard before the parser, which takes a time that
// grows with the square of it.
func nesting(src []byte) int {
	depth, deepest := 0, 0
	for _, c := range src {
		switch c {
		case '[', '{':
			depth++
			deepest = max(deepest, depth)
		case ']', '}':
			depth = max(0, depth-1)
		}
	}
	return deepest
}

// convert turns the parser's tree into ours: quotes and comments gone, every node with its place.
func (s *source) convert(n ast.Node) node {
	if n == nil {
		return node{}
	}
	out := place(n.GetToken())
	switch v := n.(type) {
	case *ast.MappingNode:
		out.shape = mapping
		for i, value := range v.Values {
			p := s.pair(value)
			if i == 0 {
				out.line, out.column = p.key.line, p.key.column
			}
			out.pairs = append(out.pairs, p)
		}
	case *ast.MappingValueNode:
		p := s.pair(v)
		out = node{line: p.key.line, column: p.key.column, shape: mapping, pairs: []pair{p}}
	case *ast.SequenceNode:
		out.shape = list
		for _, item := range v.Values {
			out.items = append(out.items, s.convert(item))
		}
	case *ast.NullNode:
	case *ast.StringNode:
		out.shape, out.text = scalar, v.Value
	case *ast.LiteralNode:
		out.shape, out.text = scalar, v.Value.Value
	case *ast.AnchorNode, *ast.AliasNode, *ast.TagNode, *ast.MergeKeyNode, *ast.MappingKeyNode:
		s.fault(out, "yaml_feature", nil)
	case *ast.CommentGroupNode, *ast.CommentNode:
	default:
		out.shape, out.text = scalar, n.GetToken().Value
	}
	return out
}

func (s *source) pair(v *ast.MappingValueNode) pair {
	key := place(v.Key.GetToken())
	switch k := v.Key.(type) {
	case *ast.MergeKeyNode, *ast.MappingKeyNode:
		s.fault(key, "yaml_feature", nil)
	case *ast.StringNode:
		key.text = k.Value
	default:
		key.text = v.Key.GetToken().Value
	}
	key.shape = scalar
	value := s.convert(v.Value)
	if value.shape == nothing {
		value.line, value.column = key.line, key.column
	}
	return pair{key: key, value: value}
}

func place(t *token.Token) node {
	if t == nil || t.Position == nil {
		return node{line: 1, column: 1}
	}
	return node{line: t.Position.Line, column: t.Position.Column}
}

// nearest returns the candidate that a word was probably meant to be; empty where none is near.
func nearest(word string, candidates []string) string {
	best, least := "", max(1, utf8.RuneCountInString(word)/3)+1
	for _, c := range candidates {
		if d := distance(strings.ToLower(word), strings.ToLower(c)); d < least {
			best, least = c, d
		}
	}
	return best
}

// distance is the number of letters to insert, delete, replace or swap with their neighbour to get
// from a to b (optimal string alignment).
func distance(a, b string) int {
	x, y := []rune(a), []rune(b)
	rows := make([][]int, len(x)+1)
	for i := range rows {
		rows[i] = make([]int, len(y)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(x); i++ {
		for j := 1; j <= len(y); j++ {
			cost := 1
			if x[i-1] == y[j-1] {
				cost = 0
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+cost)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(x)][len(y)]
}
