package scoring

import (
	"cmp"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"pingyi/scoring/formula"
)

// rankRule orders subjects by a part (nil: the total).
type rankRule struct {
	by     *part
	within string
	ties   string // competition, dense, broken
	high   bool
	chain  []*part
	when   *condition
	none   bool // the kind is not ranked
}

type vetoRule struct {
	when  *condition
	grade string
	prize bool // only prizes and awards are lost
}

// placeRule gives a grade or an award: by a threshold, by place, by a
// condition, or by several of these together.
type placeRule struct {
	word      string
	title     Text
	threshold *big.Rat
	strict    bool
	on        *part // nil: the total
	decimals  int   // the threshold is held against the rounded value; -1: exact
	first     int   // places first..last of the order
	last      int
	span      *node    // those places as written
	share     *big.Rat // or floor(share × n) places
	atLeast   int
	rank      *rankRule // order the places are counted in
	ties      string    // chain, include, exclude
	when      *condition
	vacant    bool // who fails the condition leaves a place empty
	at        at
}

func (r *placeRule) byPlace() bool { return r.last > 0 || r.share != nil }

// forAll tells whether nothing is asked for the word.
func (r *placeRule) forAll() bool { return r.threshold == nil && r.when == nil && !r.byPlace() }

type outcome struct {
	word  string
	title Text
	when  *condition
}

func (b *binder) readKinds(n *node) {
	if !b.isMap(n) {
		b.fault(b.scheme.root, "kinds_missing", nil)
		return
	}
	for _, e := range n.entries {
		k := &kind{code: e.key, byPath: map[string]*part{}, attributes: map[string]string{}, at: e.at.place()}
		b.prog.kinds = append(b.prog.kinds, k)
		b.prog.kindOf[e.key] = k
		b.readKind(k, b.block(e.node, "kind"))
	}
}

func (b *binder) readKind(k *kind, body *node) {
	k.title = b.title(body.get("title"))
	k.subjects = b.texts(body.get("subjects"))
	if len(k.subjects) == 0 {
		k.subjects = []string{k.code}
	}
	b.readAttributes(k, body.get("attributes"))
	k.parts = b.readParts(k, nil, body.get("parts"))
	if t := body.get("total"); t != nil {
		b.later(func() {
			k.total = b.partNamed(t, nil, k)
			if k.rank != nil && k.rank.by == nil {
				k.rank.by = k.total
			}
		})
	}
	k.rank = b.kindRank(k, body.get("rank"))
	b.readVeto(k, body.get("veto"))
	for _, item := range listOf(body.get("grades")) {
		k.grades = append(k.grades, b.place(k, b.block(item, "grade"), "grade", k.rank))
	}
	b.later(func() { b.gradeOrder(k, listOf(body.get("grades"))) })
	if k.veto != nil && !slices.ContainsFunc(k.grades, func(r *placeRule) bool { return r.word == k.veto.grade }) {
		b.gradeMeant(body.get("veto").get("grade"), k.veto.grade, k.gradeWords()[:len(k.grades)])
	}
	for _, item := range listOf(body.get("awards")) {
		k.awards = append(k.awards, b.place(k, b.block(item, "award"), "award", k.rank))
	}
	b.later(func() { b.placesFit(k) })
	for _, item := range listOf(body.get("payouts")) {
		r := b.payout(k, b.block(item, "payout"))
		if slices.ContainsFunc(k.payouts, func(x *payoutRule) bool { return x.name == r.name }) {
			b.fault(item, "payout_twice", map[string]any{"Payout": r.name})
		}
		k.payouts = append(k.payouts, r)
	}
	for _, item := range listOf(body.get("consequences")) {
		k.outcomes = append(k.outcomes, b.outcome(k, item))
	}
}

func (b *binder) readAttributes(k *kind, n *node) {
	if !b.isMap(n) {
		return
	}
	for _, e := range n.entries {
		k.attributes[e.key] = b.word(e.node, "word", "number", "subject")
		if !isName(e.key) {
			b.fault(e.at, "name", map[string]any{"Got": e.key})
		}
	}
}

func (b *binder) readVeto(k *kind, n *node) {
	if n == nil {
		return
	}
	body := b.block(n, "veto")
	k.veto = &vetoRule{grade: b.text(body.get("grade")), prize: b.word(body.get("blocks"), "grade_and_rank", "prize") == "prize"}
	if w := body.get("when"); w != nil {
		k.veto.when = b.condition(nil, k, w, formula.Truth, false)
	} else {
		b.fault(n, "veto_when", nil)
	}
}

func (b *binder) outcome(k *kind, n *node) *outcome {
	body := b.block(n, "consequence")
	o := &outcome{word: b.text(body.get("consequence")), title: b.title(body.get("title"))}
	if w := body.get("when"); w != nil {
		o.when = b.condition(nil, k, w, formula.Truth, true)
	} else {
		b.fault(n, "consequence_when", nil)
	}
	return o
}

func (b *binder) kindRank(k *kind, n *node) *rankRule {
	if n == nil {
		return &rankRule{within: scopeGroup, ties: "competition", high: true}
	}
	if n.kind == nodeText && b.text(n) == "none" {
		return &rankRule{within: scopeGroup, ties: "competition", high: true, none: true}
	}
	body := b.block(n, "rank")
	r := b.rankBody(nil, k, body)
	if by := body.get("by"); by != nil {
		b.later(func() { r.by = b.partNamed(by, nil, k) })
	}
	if w := body.get("when"); w != nil {
		r.when = b.condition(nil, k, w, formula.Truth, false)
	}
	return r
}

// place reads a grade or an award. Its order is the kind's rank unless it
// names another figure, scope or chain.
func (b *binder) place(k *kind, body *node, key string, rank *rankRule) *placeRule {
	r := &placeRule{word: b.text(body.get(key)), title: b.title(body.get("title")), decimals: -1, at: body.place(),
		ties: b.word(body.get("ties"), "", "chain", "include", "exclude"), vacant: b.yes(body.get("vacant"), true),
		atLeast: int(b.whole(body.get("at_least"), 0, 0)), share: b.fraction(body.get("share"))}
	for _, how := range []string{"from", "above"} {
		if n := body.get(how); n != nil {
			if r.threshold != nil {
				b.fault(n, "step_two", nil)
			}
			r.threshold, r.strict = b.number(n), how == "above"
		}
	}
	if n := body.get("on"); n != nil {
		b.later(func() { r.on = b.partNamed(n, nil, k) })
	}
	if n := body.get("decimals"); n != nil && b.text(n) != "exact" {
		r.decimals = int(b.whole(n, 2, 0))
	}
	if n := body.get("places"); n != nil {
		r.first, r.last = b.placeRange(n)
		r.span = n
	}
	r.rank = rank
	if body.get("by") != nil || body.get("within") != nil || body.get("break") != nil || body.get("order") != nil {
		r.rank = b.placeRank(k, body, rank)
	}
	if w := body.get("when"); w != nil {
		r.when = b.condition(nil, k, w, formula.Truth, true)
	}
	b.checkPlace(r, body, key)
	b.idle(body, r.threshold != nil, "from, above", "on", "decimals")
	b.idle(body, r.share != nil, "share", "at_least")
	b.idle(body, r.byPlace(), "places, share", "by", "within", "order", "break", "ties", "vacant")
	return r
}

// checkPlace reports words that cannot stand in a result, a grade that depends
// on the grade, and places without a rule for ties.
func (b *binder) checkPlace(r *placeRule, body *node, key string) {
	if r.word == "" {
		b.fault(body, "place_word", map[string]any{"Key": key})
	}
	if strings.Contains(r.word, "|") {
		b.fault(body.get(key), "word_bar", map[string]any{"Got": r.word})
	}
	if r.span != nil && r.share != nil {
		b.fault(r.span, "quota_two", map[string]any{"Word": r.word})
	}
	if r.byPlace() && r.ties == "" {
		b.fault(body, "quota_ties", map[string]any{"Word": r.word})
	}
	b.later(func() {
		if r.ties == "chain" && len(r.rank.chain) == 0 {
			b.fault(body.get("ties"), "ties_chain", nil)
		}
		if key != "grade" || r.when == nil {
			return
		}
		for name, o := range r.when.names {
			if o.outcome == "grade" {
				b.fault(body.get("when"), "grade_of_itself", map[string]any{"Got": name})
			}
		}
	})
}

func (b *binder) placeRank(k *kind, body *node, base *rankRule) *rankRule {
	own := *base
	own.chain = nil
	own.within = b.scopeName(body.get("within"), k, base.within)
	if n := body.get("order"); n != nil {
		own.high = b.word(n, "high", "low") == "high"
	}
	by, chain := body.get("by"), b.listOf(body.get("break"))
	b.later(func() {
		own.by = base.by
		if by != nil {
			own.by = b.partNamed(by, nil, k)
		}
		if len(chain) == 0 && by == nil {
			own.chain = base.chain
		}
		for _, n := range chain {
			if q := b.partNamed(n, nil, k); q != nil {
				own.chain = append(own.chain, q)
			}
		}
	})
	return &own
}

// placeRange reads "3" (the third only), "1..3", or "..10" (up to the tenth).
func (b *binder) placeRange(n *node) (first, last int) {
	s := b.text(n)
	from, to, is := strings.Cut(s, "..")
	if !is {
		to = from
	}
	if from == "" {
		from = "1"
	}
	first, err1 := strconv.Atoi(from)
	last, err2 := strconv.Atoi(to)
	if err1 != nil || err2 != nil || first < 1 || last < first {
		b.fault(n, "places", map[string]any{"Got": s})
		return 1, 1
	}
	return first, last
}

// gradeOrder reports grades that cannot be reached because one before them
// takes all they ask for.
func (b *binder) gradeOrder(k *kind, nodes []*node) {
	for i, g := range k.grades {
		if i > 0 && k.grades[i-1].forAll() {
			b.fault(nodes[i], "step_unreachable", nil)
		}
		own, ok := g.step(k)
		if !ok {
			continue
		}
		for _, before := range k.grades[:i] {
			if s, ok := before.step(k); ok && before.decimals == g.decimals && s.name == own.name && b.stepOrder(nodes[i], s.step, own.step) {
				break
			}
		}
	}
}

// namedStep is a threshold on what a name stands for: the path of a part, or
// another word.
type namedStep struct {
	name string
	step step
}

// step is the one threshold a rule asks for, by itself or as a condition.
func (r *placeRule) step(k *kind) (namedStep, bool) {
	how := "from"
	if r.strict {
		how = "above"
	}
	switch on := cmp.Or(r.on, k.total); {
	case r.byPlace() || on == nil:
	case r.threshold == nil:
		s, ok := r.when.step()
		if s.name == "total" {
			s.name = on.path
		}
		return s, ok
	case r.when == nil:
		return namedStep{on.path, step{how: how, threshold: r.threshold}}, true
	}
	return namedStep{}, false
}

// step is what a condition says that is a single threshold.
func (c *condition) step() (namedStep, bool) {
	if c == nil || c.expr == nil {
		return namedStep{}, false
	}
	name, sign, number, ok := c.expr.Bound()
	if p := c.names[name].part; p != nil {
		name = p.path
	}
	return namedStep{name, step{how: map[string]string{">=": "from", ">": "above", "<=": "up_to", "<": "below"}[sign], threshold: number}}, ok
}
