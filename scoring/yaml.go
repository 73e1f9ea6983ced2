package scoring

import (
	"bytes"
	"errors"
	"io"
	"iter"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// maxSchemeBytes bounds what a scheme file may be; the largest a person would
// sign is far smaller.
const maxSchemeBytes = 1 << 20

// maxNesting bounds how deep a scheme is nested; nobody could read a deeper
// one, and the parser's time grows with the square of it.
const maxNesting = 60

// nesting is at least how deep the text is nested: by brackets, by dashes, and
// by indentation (a level takes a space or more).
func nesting(text []byte) int {
	depth, deepest := 0, 0
	for line := range bytes.Lines(text) {
		body := bytes.TrimLeft(line, " -")
		head := line[:len(line)-len(body)]
		dashes := bytes.Count(head, []byte("- "))
		indent := (len(head) - 2*dashes) / 2 // two spaces a level, as is usual
		deepest = max(deepest, dashes, indent)
		for _, c := range body {
			switch c {
			case '[', '{':
				depth++
				deepest = max(deepest, depth)
			case ']', '}':
				depth = max(0, depth-1)
			}
		}
	}
	return deepest
}

// node is YAML reduced to what a scheme may hold: text, lists and maps, each
// with its place in the file.
type node struct {
	kind    nodeKind
	text    string
	entries []entry
	items   []*node
	line    int
	column  int
}

type entry struct {
	key  string
	at   *node // the key's place
	node *node
}

type nodeKind int

const (
	nodeText nodeKind = iota
	nodeNull
	nodeList
	nodeMap
)

// get returns the value of a key, or nil.
func (n *node) get(key string) *node {
	if n == nil {
		return nil
	}
	for _, e := range n.entries {
		if e.key == key {
			return e.node
		}
	}
	return nil
}

// names are what a map or a list of texts declares, each with its place.
func (n *node) names() iter.Seq2[string, *node] {
	return func(yield func(string, *node) bool) {
		if n == nil {
			return
		}
		for _, e := range n.entries {
			if !yield(e.key, e.at) {
				return
			}
		}
		for _, item := range n.items {
			if !yield(item.text, item) {
				return
			}
		}
	}
}

// parseYAML reads one document. Anchors, aliases, tags and merge keys are
// refused: what is signed must read as it stands.
func parseYAML(file string, src []byte) (*node, Faults) {
	fault := func(line, column int, code string, args map[string]any) Faults {
		return Faults{{File: file, Line: line, Column: column, Code: code, Args: args}}
	}
	decoded, _, err := readText(bytes.NewReader(src))
	var bad *textError
	switch {
	case errors.Is(err, errBlank):
		return nil, fault(0, 0, "scoring.fault.scheme_empty", map[string]any{})
	case errors.As(err, &bad):
		return nil, fault(bad.line, 0, bad.code, map[string]any{})
	}
	text, err := io.ReadAll(io.LimitReader(decoded, maxSchemeBytes+1))
	if err != nil || len(text) > maxSchemeBytes {
		return nil, fault(0, 0, "scoring.fault.scheme_size", map[string]any{"Max": maxSchemeBytes})
	}
	if nesting(text) > maxNesting {
		return nil, fault(0, 0, "scoring.fault.scheme_nested", map[string]any{"Max": maxNesting})
	}
	parsed, err := parser.ParseBytes(text, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		line, column, message := 0, 0, err.Error()
		var at yaml.Error
		if errors.As(err, &at) {
			message = at.GetMessage()
			if tk := at.GetToken(); tk != nil && tk.Position != nil {
				line, column = tk.Position.Line, tk.Position.Column
			}
		}
		return nil, fault(line, column, "scoring.fault.yaml", map[string]any{"Problem": message})
	}
	c := &converter{file: file}
	if len(parsed.Docs) != 1 || parsed.Docs[0].Body == nil {
		return nil, fault(1, 1, "scoring.fault.scheme_empty", map[string]any{})
	}
	root := c.node(parsed.Docs[0].Body)
	return root, c.faults
}

type converter struct {
	file   string
	faults Faults
}

func (c *converter) refuse(n ast.Node, code string, args map[string]any) {
	at := place(n)
	c.faults = append(c.faults, Fault{File: c.file, Line: at.line, Column: at.column, Code: code, Args: args})
}

func place(n ast.Node) node {
	if tk := n.GetToken(); tk != nil && tk.Position != nil {
		return node{line: tk.Position.Line, column: tk.Position.Column}
	}
	return node{}
}

func (c *converter) node(n ast.Node) *node {
	out := place(n)
	switch n := n.(type) {
	case *ast.MappingNode:
		return c.mapping(&out, n.Values)
	case *ast.MappingValueNode:
		return c.mapping(&out, []*ast.MappingValueNode{n})
	case *ast.SequenceNode:
		out.kind = nodeList
		for _, v := range n.Values {
			out.items = append(out.items, c.node(v))
		}
	case *ast.NullNode:
		out.kind = nodeNull
	case *ast.LiteralNode:
		out.text = n.Value.Value
	case *ast.StringNode:
		out.text = n.Value
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		out.text = n.GetToken().Value
	default:
		c.refuse(n, "scoring.fault.yaml_feature", map[string]any{"Got": n.GetToken().Value})
	}
	return &out
}

func (c *converter) mapping(out *node, values []*ast.MappingValueNode) *node {
	out.kind = nodeMap
	for i, v := range values {
		key := place(v.Key)
		if i == 0 {
			out.line, out.column = key.line, key.column
		}
		if v.Key.IsMergeKey() {
			c.refuse(v.Key, "scoring.fault.yaml_feature", map[string]any{"Got": "<<"})
			continue
		}
		name := v.Key.GetToken().Value
		if out.get(name) != nil {
			c.refuse(v.Key, "scoring.fault.key_twice", map[string]any{"Key": name})
			continue
		}
		out.entries = append(out.entries, entry{name, &key, c.node(v.Value)})
	}
	return out
}
