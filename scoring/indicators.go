package scoring

import (
	"cmp"
	"iter"
	"math/big"
	"slices"
	"strings"
)

// indicator is a code of values.csv that a scheme declares; one that ends in *
// stands for all that begin so.
type indicator struct {
	code  string
	title Text
}

// readIndicators reads the declared indicators: a list of codes, or a map from
// codes to titles. A scheme that declares none at all leaves them to the data.
func (b *binder) readIndicators(n *node) {
	if n == nil {
		return
	}
	b.prog.declares = true
	if n.kind != nodeMap {
		for _, item := range b.listOf(n) {
			b.declare(item, b.text(item), nil)
		}
		return
	}
	for _, e := range n.entries {
		title := e.node
		if title.kind == nodeMap {
			title = b.block(title, "indicator").get("title")
		}
		b.declare(e.at, e.key, b.title(title))
	}
}

func (b *binder) declare(n *node, code string, title Text) {
	b.codeForm(n, code)
	b.prog.codes = append(b.prog.codes, indicator{code, title})
}

// codeForm reports a code with a star before its end.
func (b *binder) codeForm(n *node, code string) {
	if strings.Contains(strings.TrimSuffix(code, "*"), "*") {
		b.fault(n, "values_pattern", map[string]any{"Got": code})
	}
}

// declared tells whether the scheme knows an indicator of the data.
func (p *program) declared(code string) bool {
	return slices.ContainsFunc(p.codes, func(d indicator) bool { return matchCode(d.code, code) })
}

// codes are the declared codes.
func (b *binder) codes() []string {
	var out []string
	for _, d := range b.prog.codes {
		out = append(out, d.code)
	}
	return out
}

// indicator reports a code that is not declared, and returns the one to go on
// with. A pattern takes in what it fits. A code by itself must be declared by
// itself: under a pattern a slip of the pen would pass.
func (b *binder) indicator(n *node, code string) string {
	if !b.prog.declares || b.useIndicators(code) {
		return code
	}
	known := b.codes()
	for _, c := range known[:len(b.prog.codes)] { // and the patterns that would take in something
		for i := range c {
			if pattern := c[:i+1] + "*"; c[i] == '.' && !slices.Contains(known, pattern) {
				known = append(known, pattern)
			}
		}
	}
	meant := cmp.Or(b.unknown(n, "indicator_undeclared", code, known), code)
	b.useIndicators(meant)
	return meant
}

// indicators is a list of codes, or a single one.
func (b *binder) indicators(n *node) []string {
	out := b.texts(n)
	for i, at := range listOf(n) {
		b.codeForm(at, out[i])
		out[i] = b.indicator(at, out[i])
	}
	return out
}

// useIndicators marks what a code or pattern takes in as used, and tells
// whether there is any.
func (b *binder) useIndicators(code string) bool {
	found := false
	for _, d := range b.prog.codes {
		if matchCode(code, d.code) {
			b.used["indicator:"+d.code] = true
			found = true
		}
	}
	return found
}

// weightsNamed holds weights against the indicators they may be of: each names
// one, by its code or the last word of it, and each that the rule takes in has
// one. What others a pattern takes in is known only where they are declared.
func (b *binder) weightsNamed(p *part, r *valuesRule, w, sum *node, of []string) {
	codes := of
	if b.prog.declares {
		codes = slices.DeleteFunc(b.codes(), func(c string) bool { return !slices.ContainsFunc(of, func(o string) bool { return matchCode(o, c) }) })
	}
	var names []string
	for _, c := range codes {
		if !strings.HasSuffix(c, "*") {
			names = append(names, c, lastOf(c))
		}
	}
	named := map[string]bool{}
	for name, at := range r.table.columns() {
		switch {
		case slices.Contains(names, name):
			named[name] = true
		case !b.prog.declares && (w.kind != nodeMap || w.get("table") != nil): // a table may serve several rules
		case !b.prog.declares && slices.ContainsFunc(of, func(c string) bool {
			return overlap(c, name) || strings.HasSuffix(c, "*") && !strings.Contains(name, ".")
		}):
		default:
			named[b.notAmong(p, at, name, names, of)] = true
		}
	}
	if w.kind == nodeText || w.get("table") != nil {
		b.listedAddUp(p, r, w, sum)
	}
	for _, d := range b.prog.codes {
		if r.matches(d.code) && !strings.HasSuffix(d.code, "*") && len(named) > 0 && !named[d.code] && !named[lastOf(d.code)] {
			b.fault(w, "weight_indicator", map[string]any{"Part": p.path, "Indicator": d.code})
		}
	}
}

// listedAddUp adds up the weights that a table gives to the indicators a rule
// lists; what a pattern takes in may differ by subject.
func (b *binder) listedAddUp(p *part, r *valuesRule, w, sum *node) {
	for _, row := range keys(r.table.rows) {
		total := new(big.Rat)
		for _, code := range r.codes {
			one := cmp.Or(r.table.rows[row][code], r.table.rows[row][lastOf(code)])
			if one == nil {
				return
			}
			total.Add(total, one)
		}
		b.addsUp(p.path, row, w, sum, total)
	}
}

// place is where a column of a row is written.
func (t *tableDef) place(row, column string) *node {
	n := t.node
	if row != "" {
		n = n.get(row)
	}
	for name, at := range n.names() {
		if name == column {
			return at
		}
	}
	return t.node
}

// columns are the names in each row of a table, with their places.
func (t *tableDef) columns() iter.Seq2[string, *node] {
	return func(yield func(string, *node) bool) {
		for name, at := range t.node.names() {
			row := t.node.get(name)
			if row.kind != nodeMap {
				row = &node{entries: []entry{{name, at, row}}}
			}
			for column, at := range row.names() {
				if !yield(column, at) {
					return
				}
			}
		}
	}
}

// notAmong reports an indicator that a rule does not have, and returns the one
// most likely meant.
func (b *binder) notAmong(p *part, n *node, name string, names, codes []string) string {
	args := map[string]any{"Got": name, "Part": p.path, "Known": strings.Join(codes, ", ")}
	near := nearest(name, names)
	if near != "" {
		args["Near"] = near
	}
	b.fault(n, "indicator_unknown", args)
	return near
}
