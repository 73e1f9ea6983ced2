package scoring

import (
	"cmp"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/text/language"

	"pingyi/scoring/formula"
)

// binder reads the tree of a scheme file with one set of parameter values.
// It never stops at a fault: a faulty place yields something harmless and the
// reading goes on, so that all faults are found at once.
type binder struct {
	scheme *Scheme
	params Params
	prog   *program
	faults Faults
	used   map[string]bool // parameters and tables, by "param:x", "table:x", "scale:x"

	scales  map[string]*scale
	pending []func() // what can be resolved only when every name is known
}

func (b *binder) fault(n *node, code string, args map[string]any) { b.report(n, false, code, args) }
func (b *binder) warn(n *node, code string, args map[string]any)  { b.report(n, true, code, args) }

func (b *binder) report(n *node, warning bool, code string, args map[string]any) {
	f := Fault{File: b.scheme.file, Code: "scoring.fault." + code, Args: brief(args), Warning: warning}
	if n != nil {
		f.Line, f.Column = n.line, n.column
	}
	b.faults = append(b.faults, f)
}

// unknown reports a word that is none of those known, and returns the one most
// likely meant, or "": the reading goes on with it, so that one slip of the pen
// is one fault.
func (b *binder) unknown(n *node, code, got string, known []string) (meant string) {
	known = slices.Clone(known)
	slices.Sort(known)
	known = slices.Compact(known)
	args := map[string]any{"Got": got, "Known": strings.Join(known, ", ")}
	if meant = nearest(got, known); meant != "" {
		args["Near"] = meant
		n = b.origin(n)
	}
	b.fault(n, code, args)
	return meant
}

// idle warns of keys that say nothing where what they go with is not there.
func (b *binder) idle(body *node, there bool, with string, names ...string) {
	for _, name := range names {
		if n := body.get(name); n != nil && !there {
			b.warn(n, "key_idle", map[string]any{"Key": name, "With": with})
		}
	}
}

// origin is where a word is written: for $name the parameter's value or choice
// that stands for it, where the file holds it.
func (b *binder) origin(n *node) *node {
	p := b.paramOf(n)
	if p == nil {
		return n
	}
	value := b.params[p.Name]
	for _, word := range append(listOf(p.body.get("choices")), p.body.get("value"), p.body) {
		if word != nil && word.kind == nodeText && word.text == value {
			return word
		}
	}
	return n
}

// paramOf is the parameter that a node names, nil for none.
func (b *binder) paramOf(n *node) *Param {
	if n == nil || n.kind != nodeText || !strings.HasPrefix(n.text, "$") {
		return nil
	}
	for i := range b.scheme.params {
		if p := &b.scheme.params[i]; p.Name == n.text[1:] {
			return p
		}
	}
	return nil
}

func (n *node) place() at {
	if n == nil {
		return at{}
	}
	return at{n.line, n.column}
}

// text is the text of a node with $name replaced by the parameter's value.
func (b *binder) text(n *node) string {
	if n == nil || n.kind == nodeNull {
		return ""
	}
	if n.kind != nodeText {
		b.fault(n, "want_text", nil)
		return ""
	}
	name, is := strings.CutPrefix(n.text, "$")
	if !is {
		return n.text
	}
	return b.param(n, name)
}

func (b *binder) param(n *node, name string) string {
	b.used["param:"+name] = true
	value, ok := b.params[name]
	if !ok {
		var known []string
		for _, p := range b.scheme.params {
			known = append(known, p.Name)
		}
		meant := b.unknown(n, "param_unknown", name, known)
		b.used["param:"+meant] = true
		value = b.params[meant]
	}
	return value
}

// isLost tells whether a node names a parameter that there is not and that was
// reported: what it would have said is not missed a second time.
func (b *binder) isLost(n *node) bool {
	name, is := strings.CutPrefix(n.text, "$")
	_, known := b.params[name]
	return n.kind == nodeText && is && !known
}

// word is a text that must be one of those known; empty gives the first.
func (b *binder) word(n *node, known ...string) string {
	s := b.text(n)
	if n == nil || n.kind == nodeNull {
		return known[0]
	}
	if !slices.Contains(known, s) {
		if b.isLost(n) {
			return known[0]
		}
		return cmp.Or(b.unknown(n, "word_unknown", s, known), known[0])
	}
	return s
}

// number is nil for a missing node.
func (b *binder) number(n *node) *big.Rat {
	if n == nil || n.kind == nodeNull {
		return nil
	}
	s := b.text(n)
	r, ok := ParseNumber(s)
	if !ok {
		if !b.isLost(n) {
			b.fault(n, "want_number", map[string]any{"Got": s})
		}
		return new(big.Rat)
	}
	return r
}

// fraction is a number from 0 to 1, nil for a missing node.
func (b *binder) fraction(n *node) *big.Rat {
	r := b.number(n)
	if r != nil && (r.Sign() < 0 || r.Cmp(rat(1)) > 0) {
		b.fault(n, "fraction", map[string]any{"Got": b.text(n)})
	}
	return r
}

// limit is a number, or nil for "none": a bound a parameter may switch off.
func (b *binder) limit(n *node) *big.Rat {
	if n != nil && n.kind == nodeText && b.text(n) == "none" {
		return nil
	}
	return b.number(n)
}

// whole is a whole number of at least least; fallback where the node is missing.
func (b *binder) whole(n *node, fallback, least int64) int64 {
	if n == nil || n.kind == nodeNull {
		return fallback
	}
	if b.isLost(n) {
		b.text(n)
		return fallback
	}
	v, err := strconv.ParseInt(b.text(n), 10, 32)
	if err != nil || v < least {
		b.fault(n, "want_whole", map[string]any{"Got": n.text, "Least": least})
		return fallback
	}
	return v
}

func (b *binder) yes(n *node, fallback bool) bool {
	if n == nil || n.kind == nodeNull {
		return fallback
	}
	switch s := b.text(n); s {
	case "yes", "true":
		return true
	case "no", "false":
		return false
	default:
		b.unknown(n, "word_unknown", s, []string{"yes", "no"})
		return fallback
	}
}

// texts is a list of texts; a single text is a list of one.
func (b *binder) texts(n *node) []string {
	switch {
	case n == nil || n.kind == nodeNull:
		return nil
	case n.kind == nodeText:
		return []string{b.text(n)}
	case n.kind == nodeMap:
		b.fault(n, "want_list", nil)
		return nil
	}
	out := make([]string, 0, len(n.items))
	for _, item := range b.listOf(n) {
		out = append(out, b.text(item))
	}
	return out
}

// listOf gives the nodes of a list and reports what stands in it twice; a
// single node is a list of one.
func (b *binder) listOf(n *node) []*node {
	list := listOf(n)
	for i, item := range list {
		if item.kind == nodeText && slices.ContainsFunc(list[:i], func(x *node) bool { return x.kind == nodeText && x.text == item.text }) {
			b.fault(item, "list_twice", map[string]any{"Got": item.text})
		}
	}
	return list
}

// title is a text in one language or several.
func (b *binder) title(n *node) Text {
	switch {
	case n == nil || n.kind == nodeNull:
		return nil
	case n.kind == nodeText:
		return Text{"": n.text}
	}
	t := Text{}
	for _, e := range n.entries {
		if _, err := language.Parse(e.key); err != nil { // a slip, or a text with a comma that lacks its quotes
			b.unknown(e.at, "language", e.key, []string{"en", "zh-Hans", "zh-Hant"})
		}
		t[e.key] = b.text(e.node)
	}
	return t
}

// numbers is a map of numbers.
func (b *binder) numbers(n *node) map[string]*big.Rat {
	out := map[string]*big.Rat{}
	if !b.isMap(n) {
		return out
	}
	for _, e := range n.entries {
		if v := b.number(e.node); v != nil {
			out[e.key] = v
		} else {
			b.fault(e.at, "want_number", map[string]any{"Got": ""})
		}
	}
	return out
}

// amounts is a map of numbers of which none may be negative.
func (b *binder) amounts(n *node, code string) map[string]*big.Rat {
	out := b.numbers(n)
	for key, v := range out {
		if v.Sign() < 0 {
			b.fault(n.get(key), code, map[string]any{"Got": plain(v)})
			out[key] = new(big.Rat)
		}
	}
	return out
}

func (b *binder) isMap(n *node) bool {
	if n == nil || n.kind == nodeNull {
		return false
	}
	if n.kind != nodeMap {
		b.fault(n, "want_map", nil)
		return false
	}
	return true
}

// block checks the keys of a map against the vocabulary and returns it, with a
// misspelt key read as the one meant; a missing or faulty map reads as one
// without entries.
func (b *binder) block(n *node, name string) *node {
	if !b.isMap(n) {
		return &node{kind: nodeMap}
	}
	known, out := keysOf(name), *n
	out.entries = slices.Clone(n.entries)
	for i, e := range out.entries {
		if slices.Contains(known, e.key) {
			continue
		}
		if meant := b.unknown(e.at, "key_unknown", e.key, known); meant != "" && out.get(meant) == nil {
			out.entries[i].key = meant
		}
	}
	return &out
}

// condition reads a comparison; its names are resolved later by the caller.
func (b *binder) expr(n *node) *formula.Expr {
	source := n.text
	for _, p := range b.scheme.params {
		source = b.substitute(source, p.Name)
	}
	source = b.unknownParams(n, source)
	e, err := formula.Parse(source)
	if err != nil {
		args := map[string]any{"Formula": source}
		code := "formula_unexpected"
		var fe *formula.Error
		if errors.As(err, &fe) {
			code = "formula_" + fe.Code
			args["Got"], args["At"] = fe.Got, fe.Column
		}
		b.fault(n, code, args)
		for _, name := range strings.FieldsFunc(source, func(r rune) bool { return r != '.' && !isName(string(r)) && !unicode.IsDigit(r) }) {
			b.used["part:"+lastOf(name)] = true // what it would have used is not useless
		}
		return nil
	}
	return e
}

// unknownParams reports what a formula names with a dollar sign and no
// parameter is, and puts a number in its place.
func (b *binder) unknownParams(n *node, source string) string {
	for {
		before, after, found := strings.Cut(source, "$")
		if !found {
			return source
		}
		end := strings.IndexFunc(after, func(r rune) bool { return r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r) })
		if end < 0 {
			end = len(after)
		}
		b.param(n, after[:end])
		source = before + "1" + after[end:]
	}
}

// substitute puts a parameter into a formula: a number as it stands, a word in
// quotes.
func (b *binder) substitute(source, name string) string {
	var out strings.Builder
	for {
		i := strings.Index(source, "$"+name)
		if i < 0 {
			out.WriteString(source)
			return out.String()
		}
		end := i + 1 + len(name)
		if end < len(source) && (source[end] == '_' || source[end] >= '0' && source[end] <= '9' || source[end] >= 'A' && source[end] <= 'Z' || source[end] >= 'a' && source[end] <= 'z') {
			out.WriteString(source[:end])
			source = source[end:]
			continue
		}
		b.used["param:"+name] = true
		value := b.params[name]
		if _, ok := ParseNumber(value); !ok {
			value = fmt.Sprintf("'%s'", value)
		}
		out.WriteString(source[:i] + value)
		source = source[end:]
	}
}
