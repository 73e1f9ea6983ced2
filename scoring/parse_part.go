package scoring

import (
	"math/big"
	"slices"
	"strings"

	"pingyi/scoring/formula"
)

// readParts reads a map of parts under a parent (nil: the top of the tree).
func (b *binder) readParts(k *kind, parent *part, n *node) []*part {
	if !b.isMap(n) {
		return nil
	}
	var out []*part
	for _, e := range n.entries {
		path := e.key
		if parent != nil {
			path = parent.path + "." + e.key
		}
		if !isName(e.key) {
			b.fault(e.at, "name", map[string]any{"Got": e.key})
			continue
		}
		p := &part{path: path, kind: k, parent: parent, at: e.at.place(), round: -1}
		k.byPath[path] = p
		k.all = append(k.all, p)
		out = append(out, p)
		b.readPart(p, e.node)
	}
	return out
}

// readPart reads the body of a part; a plain text is a formula.
func (b *binder) readPart(p *part, n *node) {
	switch n.kind {
	case nodeText:
		p.rule = b.formulaRule(p, n)
		return
	case nodeMap:
	default:
		b.fault(&node{line: p.at.line, column: p.at.column}, "part_empty", map[string]any{"Part": p.path})
		p.rule = &constantRule{value: new(big.Rat)}
		return
	}
	body := b.block(n, "part")
	if c := body.get("choose"); c != nil {
		b.readChosen(p, body, c)
	} else {
		p.rule = b.readRule(p, body)
	}
	b.readModifiers(p, body)
}

// readChosen reads the case a parameter selects.
func (b *binder) readChosen(p *part, body, c *node) {
	name := b.text(c)
	cases := body.get("cases")
	var chosen *node
	if b.isMap(cases) {
		for _, e := range cases.entries {
			b.mention(e.node)
		}
		chosen = cases.get(name)
		if chosen == nil {
			var known []string
			for _, e := range cases.entries {
				known = append(known, e.key)
			}
			b.unknown(c, "case_unknown", name, known)
		}
	} else if cases == nil {
		b.fault(c, "cases_missing", nil)
	}
	if chosen == nil {
		p.rule = &constantRule{value: new(big.Rat)}
		return
	}
	b.readPart(p, chosen)
}

// mention notes the names a case uses, chosen or not: a part that only another
// choice of a parameter uses is not useless.
func (b *binder) mention(n *node) {
	if n.kind == nodeText {
		if e, err := formula.Parse(n.text); err == nil {
			for _, name := range e.Names() {
				b.used["part:"+lastOf(name.Name)] = true
			}
		}
	}
	for _, item := range n.items {
		b.mention(item)
	}
	for _, e := range n.entries {
		b.mention(e.node)
	}
}

func (b *binder) readRule(p *part, body *node) rule {
	var found []entry
	for _, e := range body.entries {
		if slices.Contains(ruleKeys(), e.key) {
			found = append(found, e)
		}
	}
	if len(found) != 1 {
		var names []string
		for _, e := range found {
			names = append(names, e.key)
		}
		b.fault(body, "part_rules", map[string]any{"Part": p.path, "Got": strings.Join(names, ", "), "Count": len(names),
			"Known": strings.Join(ruleKeys(), ", ")})
		return &constantRule{value: new(big.Rat)}
	}
	key, n := found[0].key, found[0].node
	switch key {
	case "survey":
		return b.surveyRule(p, n)
	case "values":
		return b.valuesRule(p, n)
	case "ledger":
		return b.ledgerRule(p, n)
	case "attribute":
		return b.attributeRule(p, n)
	case "constant":
		return &constantRule{value: b.number(n)}
	case "formula":
		return b.formulaRule(p, n)
	case "take":
		return b.takeRule(p, n)
	case "rank_of":
		return b.rankOfRule(p, n)
	case "level":
		return b.levelRule(p, n)
	case "contest":
		return b.contestRule(p, n)
	case "strength":
		return b.strengthRule(n)
	case "pick":
		return b.pickRule(p, n)
	}
	return b.combineRule(p, key, n, body)
}

func (b *binder) combineRule(p *part, how string, n, body *node) rule {
	r := &combineRule{how: how, trim: int(b.whole(body.get("trim"), 0, 0)), best: int(b.whole(body.get("best"), 1, 1))}
	whole := how == "sum" || how == "weighted_sum" || how == "product"
	if whole {
		r.missing = b.word(body.get("missing_parts"), "whole", "zero", "rescale", "drop")
	} else {
		r.missing = b.word(body.get("missing_parts"), "rescale", "zero", "whole", "group_mean")
	}
	weighted := strings.HasPrefix(how, "weighted")
	for _, item := range listIf(n) { // a list names parts that stand elsewhere
		b.named(p, r, item, nil)
	}
	for _, e := range n.entries { // so does a plain weight
		if weighted && e.node.kind == nodeText {
			b.named(p, r, &node{text: e.key, line: e.at.line, column: e.at.column}, &weight{fixed: b.positive(e.node)})
			continue
		}
		one := &node{kind: nodeMap, entries: []entry{e}}
		for _, child := range b.readParts(p.kind, p, one) {
			p.children = append(p.children, child)
			r.members = append(r.members, &member{part: child, weight: child.weight})
		}
	}
	if n.kind == nodeText || len(r.members) == 0 {
		b.fault(n, "part_empty", map[string]any{"Part": p.path})
	}
	if weighted {
		b.readWeights(p, r, body)
	}
	if r.missing == "rescale" && whole {
		b.later(func() { b.fullMarks(p, r, body) })
	}
	return r
}

// listIf gives the items of a list and nothing for anything else.
func listIf(n *node) []*node {
	if n.kind == nodeList {
		return n.items
	}
	return nil
}

// named adds a part that stands elsewhere in the tree.
func (b *binder) named(p *part, r *combineRule, name *node, w *weight) {
	m := &member{named: true, weight: w}
	r.members = append(r.members, m)
	b.later(func() {
		m.part = b.partNamed(name, p, p.kind)
		if m.part == nil {
			r.members = slices.DeleteFunc(r.members, func(x *member) bool { return x == m })
		} else if m.part.weight == nil {
			m.part.weight = m.weight
		}
	})
}

// fullMarks reports members without a full mark where a sum is rescaled by it.
func (b *binder) fullMarks(p *part, r *combineRule, body *node) {
	for _, m := range r.members {
		if m.part != nil && m.part.full == nil {
			b.fault(body.get("missing_parts"), "rescale_full", map[string]any{"Part": m.part.path})
		}
	}
}

// readWeights gives each member its weight: its own, or its column in the
// table the parent names.
func (b *binder) readWeights(p *part, r *combineRule, body *node) {
	w := body.get("weights")
	if w == nil {
		b.later(func() {
			for _, m := range r.members {
				if m.part != nil && m.weight == nil {
					b.fault(&node{line: m.part.at.line, column: m.part.at.column}, "weight_missing", map[string]any{"Part": m.part.path})
					m.weight = &weight{fixed: rat(1)}
				}
			}
			b.checkWeights(p, r, body)
		})
		return
	}
	var table *tableDef
	by := ""
	if w.kind == nodeMap && (w.get("table") != nil || w.get("by") != nil) {
		spec := b.block(w, "weights")
		table, by = b.table(spec.get("table")), b.text(spec.get("by"))
		b.attributeKnown(spec.get("by"), p.kind, by)
	} else if w.kind == nodeMap {
		table = &tableDef{rows: map[string]map[string]*big.Rat{"": b.numbers(w)}, at: w.place()}
	} else {
		table = b.table(w)
	}
	b.later(func() {
		for _, m := range r.members {
			if m.part != nil {
				m.weight = &weight{table: table, by: by, column: lastOf(m.part.path)}
				m.part.weight = m.weight
			}
		}
		b.checkTableWeights(p, r, w, table, by)
	})
}

func (b *binder) readModifiers(p *part, body *node) {
	set := func(key string, read func(*node)) {
		if n := body.get(key); n != nil {
			read(n)
		}
	}
	set("title", func(n *node) { p.title = b.title(n) })
	set("weight", func(n *node) { p.weight = &weight{fixed: b.positive(n)} })
	set("when", func(n *node) { p.when = b.condition(p, p.kind, n, formula.Truth, false) })
	set("steps", func(n *node) { p.steps = b.steps(n) })
	set("full", func(n *node) { p.full = b.number(n) })
	set("floor", func(n *node) { p.floor = b.bounds(p, n) })
	set("cap", func(n *node) { p.cap = b.bounds(p, n); b.checkBounds(p, n) })
	set("round", func(n *node) { p.round = int(b.whole(n, 2, 0)) })
	set("missing", func(n *node) { p.missing = b.substitutes(p, n) })
	set("show", func(n *node) { p.show = b.shows(n); p.used = true })
	set("hidden", func(n *node) { p.hidden = b.yes(n, false) })
	set("labels", func(n *node) { p.labels = b.labels(p, n) })
	set("periods", func(n *node) { p.periods = b.periods(p, n) })
	set("each", func(n *node) { p.each = b.eachRule(n) })
	if slices.Contains(p.show, "rank") {
		p.ranking = &rankRule{within: scopeGroup, ties: "competition", high: true, by: p}
	}
}

func (b *binder) positive(n *node) *big.Rat {
	r := b.number(n)
	if r == nil || r.Sign() < 0 {
		b.fault(n, "weight_negative", nil)
		return new(big.Rat)
	}
	return r
}

func (b *binder) shows(n *node) []string {
	out := b.texts(n)
	for i, s := range out {
		if known := []string{"value", "periods", "n", "rank", "grade"}; !slices.Contains(known, s) {
			at := n
			if n.kind == nodeList {
				at = n.items[i]
			}
			b.unknown(at, "word_unknown", s, known)
		}
	}
	return out
}

// bounds is one number, or a list of numbers that hold under a condition;
// "none" is no bound.
func (b *binder) bounds(p *part, n *node) []*bound {
	var out []*bound
	for _, item := range listOf(n) {
		x := &bound{}
		value := item
		if item.kind == nodeMap {
			body := b.block(item, "bound")
			value = body.get("value")
			if value == nil {
				b.fault(item, "want_number", map[string]any{"Got": ""})
			}
			if w := body.get("when"); w != nil {
				x.when = b.condition(p, p.kind, w, formula.Truth, false)
			}
		}
		if x.value = b.limit(value); x.value != nil {
			out = append(out, x)
		}
	}
	return out
}

func (b *binder) checkBounds(p *part, n *node) {
	for _, c := range p.cap {
		for _, f := range p.floor {
			if c.when == nil && f.when == nil && c.value.Cmp(f.value) < 0 {
				b.fault(n, "cap_below_floor", map[string]any{"Part": p.path, "Cap": plain(c.value), "Floor": plain(f.value)})
			}
		}
	}
}

// substitutes says what stands in for a missing value: a word, a number, or a
// list tried in order.
func (b *binder) substitutes(p *part, n *node) []*substitute {
	items := []*node{n}
	if n.kind == nodeList {
		items = n.items
	}
	var out []*substitute
	for _, item := range items {
		use := item
		s := &substitute{}
		if item.kind == nodeMap {
			body := b.block(item, "missing")
			use = body.get("use")
			s.over = b.scopeName(body.get("over"), p.kind, scopeGroup)
			if w := body.get("when"); w != nil {
				s.when = b.condition(p, p.kind, w, formula.Truth, false)
			}
		} else {
			s.over = scopeGroup
		}
		word := b.text(use)
		if v, ok := ParseNumber(word); ok {
			s.how, s.value = "constant", v
		} else {
			s.how = b.word(use, "drop", "zero", "group_mean", "mean")
		}
		if s.how == "group_mean" {
			s.how, s.over = "mean", scopeGroup
		}
		out = append(out, s)
	}
	return out
}

func (b *binder) labels(p *part, n *node) []*label {
	if n.kind != nodeList {
		b.fault(n, "want_list", nil)
		return nil
	}
	var out []*label
	for _, item := range n.items {
		body := b.block(item, "label")
		l := &label{code: b.text(body.get("label")), title: b.title(body.get("title"))}
		if w := body.get("when"); w != nil {
			l.when = b.condition(p, p.kind, w, formula.Truth, false)
		}
		out = append(out, l)
	}
	return out
}

func (b *binder) periods(p *part, n *node) *periodRule {
	body := b.block(n, "periods")
	r := &periodRule{combine: b.word(body.get("combine"), "", "mean", "sum", "weighted_mean", "min", "max", "latest", "count", "change"),
		weights: b.numbers(body.get("weights")), missing: b.word(body.get("missing"), "drop", "zero", "whole"), at: n.place()}
	if r.combine == "" {
		b.fault(n, "periods_combine", map[string]any{"Part": p.path})
		r.combine = "mean"
	}
	each := body.get("each")
	if each == nil {
		b.fault(n, "periods_each", map[string]any{"Part": p.path})
	} else if names := b.texts(each); len(names) != 1 || names[0] != "all" {
		r.names = names
	}
	if w := body.get("where"); w != nil {
		b.later(func() { r.where = b.partNamed(w, p, p.kind) })
	}
	if r.combine == "weighted_mean" {
		for _, name := range r.names {
			if r.weights[name] == nil {
				b.fault(n, "periods_weight", map[string]any{"Part": p.path, "Period": name})
			}
		}
	}
	return r
}

func (b *binder) eachRule(n *node) *eachRule {
	body := b.block(n, "each")
	return &eachRule{column: b.word(body.get("column"), "source", "category"), names: b.texts(body.get("only")),
		combine: b.word(body.get("combine"), "mean", "sum", "min", "max"), missing: b.word(body.get("missing"), "drop", "zero", "whole"), at: n.place()}
}

func (b *binder) later(f func()) { b.pending = append(b.pending, f) }

func lastOf(path string) string { return path[strings.LastIndexByte(path, '.')+1:] }
