package scoring

import (
	"cmp"
	"math/big"
	"slices"
	"strings"

	"pingyi/scoring/formula"
)

// Scopes: whose cells a rule looks at.
const (
	scopeKind   = "kind"   // all subjects of the kind
	scopeGroup  = "group"  // those of the same group
	scopeParent = "parent" // those with the same parent
	scopeSame   = "same:"  // those with the same value of an attribute
)

// scopeName reads a scope: kind, group, parent, or an attribute's name.
func (b *binder) scopeName(n *node, k *kind, fallback string) string {
	if n == nil {
		return fallback
	}
	s := b.text(n)
	if s == scopeKind || s == scopeGroup || s == scopeParent {
		return s
	}
	if _, ok := k.attributes[s]; !ok {
		b.unknown(n, "scope_unknown", s, append(keys(k.attributes), scopeKind, scopeGroup, scopeParent))
		return fallback
	}
	return scopeSame + s
}

func (b *binder) takeRule(p *part, n *node) rule {
	body := b.block(n, "take")
	r := &takeRule{of: b.text(body.get("of"))}
	r.by = b.word(body.get("by"), "", "mean", "sum", "min", "max", "count", "sd", "median")
	switch {
	case r.of == "parent" && r.by == "", p.kind.attributes[r.of] == "subject":
		r.single = true
	case r.of == "children":
	case body.get("of") == nil:
		b.fault(n, "take_of", map[string]any{"Part": p.path})
	default:
		r.of = b.scopeName(body.get("of"), p.kind, scopeKind)
	}
	if !r.single && r.by == "" {
		b.fault(n, "take_by", map[string]any{"Part": p.path})
		r.by = "mean"
	}
	b.later(func() { b.taken(p, r, n, body) })
	return r
}

// taken resolves what a take rule takes, once all parts are known.
func (b *binder) taken(p *part, r *takeRule, n, body *node) {
	partNode, kindNode := body.get("part"), body.get("kind")
	r.kind = p.kind
	if kindNode != nil {
		r.kind = b.prog.kindOf[b.text(kindNode)]
		if r.kind == nil {
			if r.kind = b.prog.kindOf[b.unknown(kindNode, "kind_unknown", b.text(kindNode), keys(b.prog.kindOf))]; r.kind == nil {
				return
			}
		}
	} else if r.single || r.of == "children" {
		r.kind = b.kindWith(partNode, p.kind)
	}
	if partNode == nil {
		b.fault(n, "take_part", map[string]any{"Part": p.path})
		return
	}
	from := p
	if r.kind != p.kind {
		from = nil
	}
	r.part = b.partNamed(partNode, from, r.kind)
	if w := body.get("weighted_by"); w != nil {
		r.weightedBy = b.partNamed(w, from, r.kind)
	}
}

// kindWith guesses the kind a part belongs to when another subject's part is
// taken: the only other kind that has it, else the part's own.
func (b *binder) kindWith(n *node, own *kind) *kind {
	if n == nil {
		return own
	}
	name := b.text(n)
	var found []*kind
	for _, k := range b.prog.kinds {
		if k != own && k.byPath[name] != nil {
			found = append(found, k)
		}
	}
	if len(found) == 1 {
		return found[0]
	}
	if len(found) > 1 && own.byPath[name] == nil {
		b.fault(n, "take_kind", map[string]any{"Part": name})
	}
	return own
}

// partNamed finds a part by its name as seen from another part.
func (b *binder) partNamed(n *node, from *part, k *kind) *part {
	name := b.text(n)
	if name == "" {
		return nil
	}
	if p := lookup(name, from, k); p != nil {
		p.use()
		return p
	}
	meant := k.byPath[b.unknown(n, "part_unknown", name, keys(k.byPath))]
	meant.use()
	return meant
}

// use marks a part as used, and with it the parts it belongs to.
func (p *part) use() {
	for ; p != nil; p = p.parent {
		p.used = true
	}
}

// lookup resolves a name from the inside outwards: a child of the part, its
// siblings, its ancestors' siblings, the top of the tree.
func lookup(name string, from *part, k *kind) *part {
	for p := from; p != nil; p = p.parent {
		if q := k.byPath[p.path+"."+name]; q != nil {
			return q
		}
	}
	return k.byPath[name]
}

func (b *binder) rankOfRule(p *part, n *node) rule {
	body := b.block(n, "rank_of")
	r := &rankOfRule{rank: b.rankBody(p, p.kind, body)}
	partNode := body.get("part")
	if partNode == nil {
		b.fault(n, "take_part", map[string]any{"Part": p.path})
		return r
	}
	b.later(func() { r.rank.by = b.partNamed(partNode, p, p.kind) })
	return r
}

// rankBody reads what all ranks have: scope, ties, direction, tie-breaks.
func (b *binder) rankBody(p *part, k *kind, body *node) *rankRule {
	r := &rankRule{within: b.scopeName(body.get("within"), k, scopeGroup),
		ties: b.word(body.get("ties"), "competition", "dense", "broken"), high: b.word(body.get("order"), "high", "low") == "high"}
	breakNode := body.get("break")
	b.later(func() {
		for _, n := range b.listOf(breakNode) {
			if q := b.partNamed(n, p, k); q != nil {
				r.chain = append(r.chain, q)
			}
		}
	})
	if r.ties == "broken" && len(listOf(breakNode)) == 0 {
		b.fault(body.get("ties"), "ties_chain", nil)
	}
	return r
}

func (b *binder) levelRule(p *part, n *node) rule {
	body := b.block(n, "level")
	r := &levelRule{within: b.scopeName(body.get("within"), p.kind, scopeParent), method: b.word(body.get("method"), "ratio", "shift", "zscore")}
	partNode := body.get("part")
	if partNode == nil {
		b.fault(n, "take_part", map[string]any{"Part": p.path})
		return r
	}
	b.later(func() { r.part = b.partNamed(partNode, p, p.kind) })
	return r
}

func (b *binder) contestRule(p *part, n *node) rule {
	body := b.block(n, "contest")
	r := &contestRule{with: b.text(body.get("with")), draw: new(big.Rat), win: rat(1), even: big.NewRat(1, 2)}
	b.attributeKnown(body.get("with"), p.kind, r.with)
	if t, declared := p.kind.attributes[r.with]; r.with == "" || declared && t != "subject" {
		b.fault(cmp.Or(body.get("with"), n), "contest_with", map[string]any{"Part": p.path})
	}
	if d := b.number(body.get("draw")); d != nil {
		r.draw = d
	}
	if g := body.get("give"); g != nil {
		points := b.numbers(g)
		for word, to := range map[string]**big.Rat{"win": &r.win, "draw": &r.even, "loss": &r.loss} {
			if v := points[word]; v != nil {
				*to = v
			}
		}
	}
	parts := b.listOf(body.get("parts"))
	if len(parts) == 0 {
		b.fault(n, "contest_parts", map[string]any{"Part": p.path})
	}
	b.later(func() {
		for _, q := range parts {
			if t := b.partNamed(q, p, p.kind); t != nil {
				r.parts = append(r.parts, t)
			}
		}
	})
	return r
}

func (b *binder) strengthRule(n *node) rule {
	body := b.block(n, "strength")
	return &strengthRule{first: b.word(body.get("scale"), "sum_zero", "first_zero") == "first_zero",
		digits: int(b.whole(body.get("digits"), 12, 1))}
}

func (b *binder) pickRule(p *part, n *node) rule {
	body := b.block(n, "pick")
	r := &pickRule{highest: int(b.whole(body.get("highest"), 0, 1)), lowest: int(b.whole(body.get("lowest"), 0, 1))}
	if (r.highest > 0) == (r.lowest > 0) {
		b.fault(n, "pick_one", nil)
	}
	from := b.listOf(body.get("from"))
	if len(from) == 0 {
		b.fault(n, "pick_from", nil)
	}
	b.later(func() {
		for _, q := range from {
			t := b.partNamed(q, p, p.kind)
			switch {
			case t == nil:
			case len(from) == 1 && len(t.children) > 0:
				r.from = append(r.from, t.children...)
			default:
				r.from = append(r.from, t)
			}
		}
	})
	return r
}

// condition reads a formula and resolves its names once all parts are known.
// Outcome words (rank, grade, last.total …) are allowed in rules on totals.
func (b *binder) condition(p *part, k *kind, n *node, want formula.Kind, outcomes bool) *condition {
	c := &condition{at: n.place()}
	if n.kind != nodeText {
		b.fault(n, "want_text", nil)
		return nil
	}
	c.expr = b.expr(n)
	if c.expr == nil {
		return nil
	}
	c.names = map[string]operand{}
	b.later(func() {
		for _, name := range c.expr.Names() {
			if o, ok := b.operand(name.Name, p, k, outcomes); ok {
				c.names[name.Name] = o
				b.periodKnown(n, o)
			} else {
				meant := b.unknown(n, "name_unknown", name.Name, slices.Concat(keys(k.byPath), keys(k.attributes)))
				k.byPath[meant].use()
			}
		}
		b.gradesNamed(c, k, n)
		got, bad := c.expr.Kind(func(name string) formula.Kind { return b.kindOfOperand(c.names[name], k) })
		if bad != nil || got != want && got != formula.Unknown {
			b.fault(n, "formula_kind", map[string]any{"Formula": c.expr.String(), "Want": map[formula.Kind]string{formula.Number: "number", formula.Truth: "condition"}[want]})
		}
	})
	return c
}

// gradesNamed reports a grade that a condition waits for and nobody can get.
// Earlier years may have had other grades.
func (b *binder) gradesNamed(c *condition, k *kind, n *node) {
	given := k.gradeWords()
	for name, o := range c.names {
		for _, word := range c.expr.Compared(name) {
			switch {
			case word == "" || slices.Contains(given, word):
			case o.outcome == "grade":
				b.unknown(n, "grade_unknown", word, given)
			case strings.HasSuffix(o.outcome, ".grade"):
				b.gradeMeant(n, word, given)
			}
		}
	}
}

// gradeWords are the grades somebody can get.
func (k *kind) gradeWords() []string {
	var out []string
	for _, g := range k.grades {
		out = append(out, g.word)
	}
	if k.veto != nil {
		out = append(out, k.veto.grade)
	}
	return out
}

// gradeMeant warns of a grade that may be one of its own, but looks like a
// misspelt other.
func (b *binder) gradeMeant(n *node, word string, given []string) {
	if near := nearest(word, given); near != "" && near != word {
		b.warn(n, "grade_meant", map[string]any{"Got": word, "Near": near})
	}
}

func (b *binder) operand(name string, p *part, k *kind, outcomes bool) (operand, bool) {
	base, period, _ := strings.Cut(name, ":")
	if q := lookup(base, p, k); q != nil && q != p || q != nil && p != nil && base == lastOf(p.path) {
		q.use()
		return operand{part: q, period: period}, true
	}
	if period != "" {
		return operand{}, false
	}
	if _, ok := k.attributes[name]; ok || slices.Contains(fixedAttributes(), name) {
		return operand{attribute: name}, true
	}
	if outcomes && isOutcome(name) {
		return operand{outcome: name}, true
	}
	return operand{}, false
}

// periodKnown reports a period that none of those its part is combined of is.
func (b *binder) periodKnown(n *node, o operand) {
	owner := o.part
	for owner != nil && owner.periods == nil {
		owner = owner.parent
	}
	if o.period != "" && owner != nil && owner.periods.names != nil && !slices.Contains(owner.periods.names, o.period) {
		b.fault(n, "period_unknown", map[string]any{"Got": o.period, "Part": o.part.path, "Known": strings.Join(owner.periods.names, ", ")})
	}
}

// isOutcome tells whether a name is an outcome of this run or an earlier one:
// last.grade is the run before, last2.grade the one before that.
func isOutcome(name string) bool {
	switch name {
	case "total", "rank", "grade", "size":
		return true
	}
	_, _, ok := pastOutcome(name)
	return ok
}

func pastOutcome(name string) (back int, what string, ok bool) {
	head, what, _ := strings.Cut(name, ".")
	n, is := strings.CutPrefix(head, "last")
	if !is || what != "grade" && what != "total" {
		return 0, "", false
	}
	switch {
	case n == "":
		return 1, what, true
	case len(n) == 1 && n[0] >= '2' && n[0] <= '9':
		return int(n[0] - '0'), what, true
	}
	return 0, "", false
}

func (b *binder) kindOfOperand(o operand, k *kind) formula.Kind {
	switch {
	case o.part != nil:
		if _, words := o.part.rule.(*pickRule); words {
			return formula.Word
		}
		return formula.Number
	case o.attribute != "":
		if k.attributes[o.attribute] == "number" {
			return formula.Number
		}
		return formula.Word
	case strings.HasSuffix(o.outcome, "grade"):
		return formula.Word
	case o.outcome != "":
		return formula.Number
	}
	return formula.Unknown
}
