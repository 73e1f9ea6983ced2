package scoring

import (
	"maps"
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
		b.fault(p.node(), "part_empty", map[string]any{"Part": p.path})
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
		cases = b.casesKnown(c, cases)
		if chosen = cases.get(name); chosen == nil {
			b.unknown(c, "case_unknown", name, slices.Collect(maps.Keys(maps.Collect(cases.names()))))
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

// casesKnown reports cases that no choice of the parameter selects, and returns
// them with each under the name most likely meant.
func (b *binder) casesKnown(c, cases *node) *node {
	out := *cases
	out.entries = slices.Clone(cases.entries)
	var choices []string
	if p := b.paramOf(c); p != nil {
		choices = p.Choices
	}
	for i, e := range cases.entries {
		b.mention(e.node)
		if len(choices) == 0 || slices.Contains(choices, e.key) {
			continue
		}
		left := slices.DeleteFunc(slices.Clone(choices), func(x string) bool { return cases.get(x) != nil })
		if meant := b.unknown(e.at, "case_extra", e.key, left); meant != "" {
			out.entries[i].key = meant
		}
	}
	return &out
}

// mention notes the names a case uses, chosen or not: a part that only another
// choice of a parameter uses is not useless.
func (b *binder) mention(n *node) {
	for _, e := range n.entries {
		b.used["part:"+lastOf(e.key)] = true
		b.mention(e.node)
	}
	for _, item := range n.items {
		b.mention(item)
	}
	if n.kind == nodeText {
		b.used["word:"+n.text] = true
		if e, err := formula.Parse(n.text); err == nil {
			for _, name := range e.Names() {
				b.used["part:"+lastOf(name.Name)] = true
			}
		}
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
	b.idle(body, slices.Contains(combining(), key), strings.Join(combining(), ", "), "weights", "missing_parts", "trim")
	b.idle(body, key == "best_of", "best_of", "best")
	b.idle(body, false, "choose", "cases")
	switch key {
	case "survey":
		return b.surveyRule(p, n, body.get("adds_up_to"))
	case "values":
		return b.valuesRule(p, n, body.get("adds_up_to"))
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
	b.weightsUsed(p, body, weighted)
	if weighted {
		b.readWeights(p, r, body)
	}
	if r.missing == "rescale" && whole {
		b.later(func() { b.fullMarks(r, body) })
	}
	return r
}

// weightsUsed reports weights that a rule does not look at.
func (b *binder) weightsUsed(p *part, body *node, weighted bool) {
	w := body.get("weights")
	if w != nil && !weighted {
		b.fault(w, "weights_unused", map[string]any{"Part": p.path})
	}
	for _, child := range p.children {
		if child.weight != nil && (!weighted || w != nil) {
			b.fault(child.node(), "weight_unused", map[string]any{"Part": child.path, "Parent": p.path})
		}
	}
}

// listIf gives the items of a list and nothing for anything else.
func listIf(n *node) []*node {
	if n.kind == nodeList {
		return n.items
	}
	return nil
}

// weightTable finds a table whose numbers are weights.
func (b *binder) weightTable(n *node) *tableDef {
	t := b.table(n)
	for _, row := range t.rows {
		for _, w := range row {
			if w.Sign() < 0 {
				b.fault(n, "weight_negative", nil)
				return t
			}
		}
	}
	return t
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
func (b *binder) fullMarks(r *combineRule, body *node) {
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
			complete := true
			for _, m := range r.members {
				if m.part != nil && m.weight == nil {
					b.fault(m.part.node(), "weight_missing", map[string]any{"Part": m.part.path})
					m.weight, complete = &weight{fixed: rat(1)}, false
				}
			}
			if complete {
				b.checkWeights(p, r, body)
			}
		})
		return
	}
	var table *tableDef
	by := ""
	switch {
	case w.kind != nodeMap:
		table = b.weightTable(w)
	case w.get("table") != nil || w.get("by") != nil:
		spec := b.block(w, "weights")
		table, by = b.weightTable(spec.get("table")), b.text(spec.get("by"))
		b.attributeKnown(spec.get("by"), p.kind, by)
	default:
		table = &tableDef{rows: map[string]map[string]*big.Rat{"": b.amounts(w, "weight_negative")}, node: w}
	}
	b.later(func() {
		for _, m := range r.members {
			if m.part != nil {
				m.weight = &weight{table: table, by: by, column: lastOf(m.part.path)}
				m.part.weight = m.weight
			}
		}
		b.checkTableWeights(p, r, w, body.get("adds_up_to"), table, by)
	})
}
