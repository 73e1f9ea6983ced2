package scoring

import (
	"maps"
	"math/big"
	"slices"
	"strings"
)

// checkProgram looks at the scheme as a whole once every name is resolved.
func (b *binder) checkProgram() {
	for _, p := range b.scheme.params {
		for _, choice := range p.Choices { // `total: $method` may name any of them
			b.used["part:"+choice] = true
		}
	}
	covered := map[string]string{}
	for _, k := range b.prog.kinds {
		for _, name := range k.subjects {
			if other, twice := covered[name]; twice {
				b.fault(&node{line: k.at.line, column: k.at.column}, "kind_twice", map[string]any{"Kind": name, "First": other, "Second": k.code})
			}
			covered[name] = k.code
		}
		if k.total == nil && (len(k.grades) > 0 || len(k.awards) > 0 || k.hasPrizes()) {
			b.fault(&node{line: k.at.line, column: k.at.column}, "total_missing", map[string]any{"Kind": k.code})
		}
		b.checkUse(k)
		for _, p := range k.parts {
			if isReserved(p.path) && p != k.total {
				b.fault(p.node(), "name_reserved", map[string]any{"Got": p.path})
			}
		}
	}
	b.checkCycles()
	b.payoutCircles()
}

// hasPrizes tells whether a kind pays by rank, which needs a total.
func (k *kind) hasPrizes() bool {
	return slices.ContainsFunc(k.payouts, func(r *payoutRule) bool { return r.rank != nil })
}

// checkWeights reports weights of parts that do not add up to 1, 10, 100 or
// 1000, or to what the part itself says.
func (b *binder) checkWeights(p *part, r *combineRule, body *node) {
	total := new(big.Rat)
	for _, m := range r.members {
		if m.part == nil || m.weight == nil || m.part.when != nil {
			return
		}
		total.Add(total, m.weight.fixed)
	}
	b.addsUp(p.path, "", body, body.get("adds_up_to"), total)
}

// sharesAddUp looks at a map of weights or shares written out.
func (b *binder) sharesAddUp(name string, at, want *node, shares map[string]*big.Rat) {
	if len(shares) > 0 {
		b.addsUp(name, "", at, want, sumOf(slices.Collect(maps.Values(shares))))
	}
}

// addsUp reports weights that do not add up to a usual sum, or to the one
// wanted; row is the table's row they stand in.
func (b *binder) addsUp(name, row string, at, want *node, total *big.Rat) {
	if total.Sign() == 0 {
		b.fault(at, "weights_zero", map[string]any{"Part": name})
		return
	}
	if want != nil {
		if w := b.number(want); w.Cmp(total) != 0 {
			b.warn(want, "weights_sum", map[string]any{"Part": name, "Row": row, "Got": plain(total), "Want": plain(w)})
		}
		return
	}
	for _, usual := range []int64{1, 10, 100, 1000} {
		if total.Cmp(rat(usual)) == 0 {
			return
		}
	}
	b.warn(at, "weights_sum", map[string]any{"Part": name, "Row": row, "Got": plain(total), "Want": "100"})
}

// checkTableWeights holds a table against the children it gives weights to.
func (b *binder) checkTableWeights(p *part, r *combineRule, n, want *node, t *tableDef, by string) {
	for _, row := range keys(t.rows) {
		if (row == "") != (by == "") {
			b.fault(n, "table_rows", map[string]any{"Part": p.path})
			return
		}
		total, conditional := new(big.Rat), false // a part of weight 0 is left out on purpose
		var columns []string
		for _, m := range r.members {
			if m.part == nil {
				continue
			}
			columns = append(columns, lastOf(m.part.path))
			conditional = conditional || m.part.when != nil
			if w := t.rows[row][lastOf(m.part.path)]; w != nil {
				conditional = conditional || w.Sign() == 0
				total.Add(total, w)
			}
		}
		switch complete := b.columnsKnown(p.path, n, t, row, columns); {
		case !complete:
		case total.Sign() == 0:
			b.fault(n, "weights_zero", map[string]any{"Part": p.path})
			return
		case !conditional:
			b.addsUp(p.path, row, n, want, total)
		}
	}
}

// columnsKnown holds the columns of a table's row against those it is to have,
// and tells whether they are the same. What is misspelt is not missing as well.
func (b *binder) columnsKnown(part string, n *node, t *tableDef, row string, want []string) bool {
	var missing []string
	for _, column := range want {
		if t.rows[row][column] == nil {
			missing = append(missing, column)
		}
	}
	complete := len(missing) == 0
	for _, column := range keys(t.rows[row]) {
		if slices.Contains(want, column) {
			continue
		}
		complete = false
		args := map[string]any{"Part": part, "Column": column, "Row": row}
		if near := nearest(column, missing); near != "" {
			args["Near"] = near
			missing = slices.DeleteFunc(missing, func(x string) bool { return x == near })
		}
		b.fault(t.place(row, column), "table_extra", args)
	}
	for _, column := range missing {
		b.fault(n, "table_column", map[string]any{"Part": part, "Column": column, "Row": row})
	}
	return complete
}

// reads are all parts whose cells a part's own value is made from.
func (p *part) reads() []*part {
	out := append([]*part(nil), p.children...)
	out = append(out, p.rule.needs()...)
	conditions := []*condition{p.when}
	for _, x := range append(append([]*bound(nil), p.floor...), p.cap...) {
		conditions = append(conditions, x.when)
	}
	for _, s := range p.missing {
		conditions = append(conditions, s.when)
	}
	for _, c := range conditions {
		out = append(out, c.parts()...)
	}
	if p.periods != nil && p.periods.where != nil {
		out = append(out, p.periods.where)
	}
	return out
}

// parts are the parts a condition names, in order of name.
func (c *condition) parts() []*part {
	if c == nil {
		return nil
	}
	var out []*part
	for _, name := range keys(c.names) {
		if q := c.names[name].part; q != nil {
			out = append(out, q)
		}
	}
	return out
}

// checkCycles reports parts that are made from themselves, within a kind or
// through others.
func (b *binder) checkCycles() {
	state := map[*part]int{} // 1: being visited, 2: done
	var path []*part
	var visit func(p *part)
	visit = func(p *part) {
		switch state[p] {
		case 2:
			return
		case 1:
			var names []string
			for i := len(path) - 1; i >= 0; i-- {
				names = append([]string{path[i].kind.code + "." + path[i].path}, names...)
				if path[i] == p {
					break
				}
			}
			names = append(names, p.kind.code+"."+p.path)
			b.fault(p.node(), "part_cycle", map[string]any{"Path": strings.Join(names, " → ")})
			return
		}
		state[p] = 1
		path = append(path, p)
		for _, q := range p.reads() {
			visit(q)
		}
		path = path[:len(path)-1]
		state[p] = 2
	}
	for _, k := range b.prog.kinds {
		for _, p := range k.all {
			visit(p)
		}
	}
}

// checkUse reports parts that nothing uses, and parts that reach the total in
// two ways, so that they would count twice.
func (b *binder) checkUse(k *kind) {
	if k.total != nil {
		b.countTwice(k)
	}
	for _, p := range k.parts {
		if !p.used && p != k.total && !b.used["part:"+lastOf(p.path)] {
			b.warn(p.node(), "part_unused", map[string]any{"Part": p.path})
		}
	}
}

// countTwice follows only what adds up: children and sums of names.
func (b *binder) countTwice(k *kind) {
	ways := map[*part]*part{}
	var walk func(p, from *part)
	walk = func(p, from *part) {
		if first, again := ways[p]; again {
			if first != from {
				b.warn(from.node(), "part_twice", map[string]any{"Part": p.path, "First": first.path, "Second": from.path})
			}
			return
		}
		ways[p] = from
		for _, c := range p.children {
			walk(c, p)
		}
		if r, ok := p.rule.(*combineRule); ok {
			b.namedTwice(p, r)
			for _, q := range r.needs() {
				walk(q, p)
			}
		}
		if f, ok := p.rule.(*formulaRule); ok && f.condition != nil && f.plainSum() {
			for _, name := range f.expr.Repeated() {
				b.warn(p.node(), "part_twice", map[string]any{"Part": name, "First": p.path, "Second": p.path})
			}
			for _, q := range f.parts() {
				if q.kind == k {
					walk(q, p)
				}
			}
		}
	}
	walk(k.total, k.total)
}

// namedTwice reports a part that one rule names several times.
func (b *binder) namedTwice(p *part, r *combineRule) {
	seen := map[*part]bool{}
	for _, m := range r.members {
		if m.part != nil && seen[m.part] {
			b.warn(p.node(), "part_twice", map[string]any{"Part": m.part.path, "First": p.path, "Second": p.path})
		}
		seen[m.part] = true
	}
}

// plainSum tells whether a formula only adds and subtracts names.
func (f *formulaRule) plainSum() bool {
	return !strings.ContainsAny(f.expr.String(), "*/×÷()")
}

// isReserved tells whether a name is a column of the result files.
func isReserved(name string) bool {
	switch name {
	case "subject", "group", "total", "rank", "grade", "award", "consequences", "flags", "size":
		return true
	}
	return false
}
