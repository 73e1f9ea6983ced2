package scoring

import (
	"cmp"
	"math/big"
	"slices"
	"strings"

	"pingyi/scoring/formula"
)

func (b *binder) surveyRule(p *part, n, sum *node) rule {
	r := &surveyRule{}
	if n.kind == nodeText {
		n = &node{kind: nodeMap, line: n.line, column: n.column, entries: []entry{{"panel", n, n}}}
	}
	body := b.block(n, "survey")
	if body.get("panel") == nil {
		b.fault(n, "survey_panel", map[string]any{"Part": p.path})
	}
	for _, name := range b.listOf(body.get("panel")) {
		if pan := b.panel(name); pan != nil {
			r.panels = append(r.panels, pan)
		}
	}
	r.relations, r.strata = b.texts(body.get("relation")), b.texts(body.get("stratum"))
	r.items = b.texts(body.get("items"))
	b.itemsKnown(body.get("items"), r)
	b.later(func() {
		if p.title == nil && len(r.panels) == 1 {
			p.title = r.panels[0].title
		}
	})
	if s := body.get("scale"); s != nil {
		r.scale = b.scale(s)
	}
	r.aggregate = b.word(body.get("aggregate"), "items", "persons", "answers")
	r.by = b.word(body.get("by"), "", "relation", "stratum", "panel", "respondent")
	r.combine = b.word(body.get("combine"), "mean", "pooled")
	if r.combine == "pooled" {
		r.by = ""
	}
	if w := body.get("weights"); w != nil && w.kind == nodeText {
		r.weights = b.weightTable(w).rows[""]
	} else {
		r.weights = b.amounts(w, "weight_negative")
	}
	b.sharesAddUp(p.path, body.get("weights"), sum, r.weights)
	b.surveyMinimums(r, body)
	b.classesKnown(p, r, body)
	r.ownOut = b.word(body.get("own"), "included", "excluded") == "excluded"
	r.trim = int(b.whole(body.get("trim"), 0, 0))
	r.centred = b.yes(body.get("centred"), false)
	if (r.trim > 0 || r.centred || len(r.weights) > 0) && r.by == "" && r.combine != "pooled" {
		b.fault(n, "survey_by", map[string]any{"Part": p.path})
	}
	for _, pan := range r.panels {
		pan.named = pan.named || r.by == "respondent"
		pan.rows = pan.rows || pan.named || r.aggregate == "persons"
		pan.least = append(pan.least, r.leastOf(pan))
	}
	return r
}

// surveyMinimums reads the minimum of the whole and of each class; where the
// scheme gives none, the panels' own hold.
func (b *binder) surveyMinimums(r *surveyRule, body *node) {
	r.min, r.minEach = b.whole(body.get("min"), 0, 0), map[string]int64{}
	each := body.get("min_each")
	for _, pan := range r.panels {
		switch {
		case r.by == "panel" && each == nil:
			r.minEach[pan.code] = pan.min
		case r.by != "panel" && body.get("min") == nil:
			r.min = max(r.min, pan.min)
		}
	}
	if each == nil {
		return
	}
	if each.kind != nodeMap {
		r.minEach[""] = b.whole(each, 0, 0)
		return
	}
	for _, e := range each.entries {
		r.minEach[e.key] = b.whole(e.node, 0, 0)
	}
}

// classesKnown reports weights and minimums of classes that the rule does not
// have; which relations and strata there are is known only where it lists them.
func (b *binder) classesKnown(p *part, r *surveyRule, body *node) {
	known := map[string][]string{"relation": r.relations, "stratum": r.strata}[r.by]
	if r.by == "panel" {
		for _, pan := range r.panels {
			known = append(known, pan.code)
		}
	}
	if len(known) == 0 {
		return
	}
	if each := body.get("min_each"); each != nil && each.kind == nodeMap {
		for name, at := range each.names() {
			if !slices.Contains(known, name) {
				b.unknown(at, "class_unknown", name, known)
			}
		}
	}
	if w := body.get("weights"); len(r.weights) > 0 {
		t := &tableDef{rows: map[string]map[string]*big.Rat{"": r.weights}, node: w}
		if w.kind == nodeText {
			t.node = b.prog.tables[b.text(w)].node
		}
		b.columnsKnown(p.path, w, t, "", known)
	}
}

// listOf gives the nodes of a list; a single node is a list of one.
func listOf(n *node) []*node {
	switch {
	case n == nil || n.kind == nodeNull:
		return nil
	case n.kind == nodeList:
		return n.items
	}
	return []*node{n}
}

func (b *binder) itemsKnown(n *node, r *surveyRule) {
	for i, node := range listOf(n) {
		for _, pan := range r.panels {
			if len(pan.items) > 0 && !slices.Contains(pan.items, r.items[i]) {
				b.unknown(node, "item_unknown", r.items[i], pan.items)
			}
		}
	}
}

func (b *binder) valuesRule(p *part, n, sum *node) rule {
	r := &valuesRule{}
	body, code := &node{kind: nodeMap}, n
	if n.kind != nodeText {
		body = b.block(n, "values")
		code = body.get("code")
	}
	if r.codes = b.indicators(code); len(r.codes) == 0 {
		b.fault(n, "values_code", map[string]any{"Part": p.path})
	}
	for i, at := range listOf(code) {
		if c := r.codes[i]; slices.ContainsFunc(r.codes[:i], func(x string) bool { return x != c && overlap(x, c) }) {
			b.fault(at, "list_twice", map[string]any{"Got": c})
		}
	}
	r.period = b.text(body.get("period"))
	r.base = b.valueRule(body, valueRule{score: "mark", better: "higher", rows: ""})
	r.combine = b.word(body.get("combine"), "", "mean", "sum", "weighted_mean", "weighted_sum", "min", "max", "product")
	if r.combine == "" && (len(r.codes) > 1 || strings.HasSuffix(strings.Join(r.codes, ""), "*")) {
		b.fault(n, "values_combine", map[string]any{"Part": p.path})
	}
	b.valueWeights(p, r, body.get("weights"), sum)
	if rules := body.get("rules"); b.isMap(rules) {
		for _, e := range rules.entries {
			b.codeForm(e.at, e.key)
			pattern := b.indicator(e.at, e.key)
			if !slices.ContainsFunc(r.codes, func(c string) bool { return overlap(c, pattern) }) {
				b.notAmong(p, e.at, pattern, r.codes, r.codes)
			}
			r.rules = append(r.rules, patternRule{pattern, b.valueRule(b.block(e.node, "value_rule"), r.base)})
		}
	}
	return r
}

// overlap tells whether two patterns can match the same code.
func overlap(a, b string) bool {
	headA, openA := strings.CutSuffix(a, "*")
	headB, openB := strings.CutSuffix(b, "*")
	return openA && strings.HasPrefix(headB, headA) || openB && strings.HasPrefix(headA, headB) || a == b
}

func (b *binder) valueWeights(p *part, r *valuesRule, w, sum *node) {
	weighted := strings.HasPrefix(r.combine, "weighted")
	switch {
	case w == nil && weighted:
		r.byData = true // the weight column is the only other place they can stand
	case w == nil:
	case w.kind == nodeText && b.text(w) == "data":
		r.byData = true
	case w.kind == nodeMap && w.get("table") != nil:
		spec := b.block(w, "weights")
		r.table, r.by = b.weightTable(spec.get("table")), b.text(spec.get("by"))
		b.attributeKnown(spec.get("by"), p.kind, r.by)
		b.weightsNamed(p, r, w, sum, b.codes())
	case w.kind == nodeMap:
		weights := b.amounts(w, "weight_negative")
		r.table = &tableDef{rows: map[string]map[string]*big.Rat{"": weights}, node: w}
		b.sharesAddUp(p.path, w, sum, weights)
		b.weightsNamed(p, r, w, sum, r.codes)
	default:
		r.table = b.weightTable(w)
		b.weightsNamed(p, r, w, sum, b.codes())
	}
	if w != nil && !weighted {
		b.fault(w, "weights_unused", map[string]any{"Part": p.path})
	}
}

// valueRule reads how one value becomes a mark; what is not said is as in base.
func (b *binder) valueRule(body *node, base valueRule) valueRule {
	r := base
	set := func(key string, read func(*node)) {
		if n := body.get(key); n != nil {
			read(n)
		}
	}
	set("score", func(n *node) {
		r.score = b.word(n, "mark", "completion", "reached", "steps", "deadline", "error_rate", "position")
	})
	set("better", func(n *node) { r.better = b.word(n, "higher", "lower") })
	set("cap", func(n *node) { r.cap = b.limit(n) })
	set("floor", func(n *node) { r.floor = b.limit(n) })
	set("words", func(n *node) { r.words = b.numbers(n) })
	set("steps", func(n *node) { r.steps = b.steps(n) })
	set("steps_on", func(n *node) { r.onRatio = b.word(n, "value", "ratio") == "ratio" })
	set("strict", func(n *node) { r.strict = b.yes(n, false) })
	set("late", func(n *node) {
		if n.kind == nodeText {
			r.late = b.limit(n)
			return
		}
		late := b.block(n, "late")
		r.late, r.lateDay = b.number(late.get("factor")), b.number(late.get("points"))
	})
	set("rows", func(n *node) { r.rows = b.word(n, "sum", "mean", "latest", "first", "min", "max") })
	if r.cap != nil && r.floor != nil && r.cap.Cmp(r.floor) < 0 {
		b.fault(cmp.Or(body.get("cap"), body.get("floor"), body), "cap_below_floor", map[string]any{"Part": "", "Cap": plain(r.cap), "Floor": plain(r.floor)})
	}
	if r.score == "steps" && len(r.steps) == 0 {
		b.fault(body, "steps_missing", nil)
	}
	return r
}

// steps is a list of thresholds tried in order; the last may have none.
func (b *binder) steps(n *node) []step {
	if n.kind != nodeList {
		b.fault(n, "want_list", nil)
		return nil
	}
	var out []step
	for _, item := range n.items {
		body := b.block(item, "step")
		s := step{gives: b.number(body.get("gives"))}
		if s.gives == nil {
			b.fault(item, "step_gives", nil)
			s.gives = new(big.Rat)
		}
		for _, how := range []string{"from", "above", "up_to", "below"} {
			if t := body.get(how); t != nil {
				if s.how != "" {
					b.fault(t, "step_two", nil)
				}
				s.how, s.threshold, s.percent = how, b.number(t), IsPercent(b.text(t))
			}
		}
		for _, before := range out {
			if b.stepOrder(item, before, s) {
				break
			}
		}
		out = append(out, s)
	}
	return out
}

// stepOrder reports a step that can never be reached after one before it.
func (b *binder) stepOrder(n *node, before, s step) bool {
	if before.how == "" {
		b.fault(n, "step_unreachable", nil)
		return true
	}
	falling := s.how == "from" || s.how == "above"
	if fallingBefore := before.how == "from" || before.how == "above"; s.how == "" || falling != fallingBefore {
		return false
	}
	c := s.threshold.Cmp(before.threshold)
	wider := c == 0 && (before.how == "above" && s.how == "from" || before.how == "below" && s.how == "up_to")
	if wider || falling && c < 0 || !falling && c > 0 {
		return false
	}
	b.fault(n, "step_order", map[string]any{"Threshold": plain(s.threshold), "Before": plain(before.threshold)})
	return true
}

func (b *binder) ledgerRule(p *part, n *node) rule {
	body := b.block(n, "ledger")
	r := &ledgerRule{categories: b.texts(body.get("categories")), indicators: b.indicators(body.get("indicators")),
		base: b.number(body.get("base")), take: b.word(body.get("take"), "points", "plus", "minus", "count"),
		highestPer: b.word(body.get("highest_per"), "", "matter", "category", "none")}
	if r.highestPer == "none" {
		r.highestPer = ""
	}
	kindsNode := body.get("kinds")
	if kindsNode == nil {
		b.fault(n, "ledger_kinds", map[string]any{"Part": p.path})
	}
	for _, node := range b.listOf(kindsNode) {
		name := b.text(node)
		b.used["entry:"+name] = true
		k, ok := b.prog.entries[name]
		if !ok {
			meant := b.unknown(node, "entry_unknown", name, keys(b.prog.entries))
			if k = b.prog.entries[meant]; k == nil {
				continue
			}
			b.used["entry:"+meant] = true
		}
		r.kinds = append(r.kinds, k)
	}
	return r
}

func (b *binder) attributeRule(p *part, n *node) rule {
	r := &attributeRule{}
	if n.kind == nodeText {
		r.attribute = b.text(n)
		b.attributeKnown(n, p.kind, r.attribute)
		return r
	}
	body := b.block(n, "attribute")
	r.attribute = b.text(body.get("name"))
	b.attributeKnown(body.get("name"), p.kind, r.attribute)
	r.words, r.otherwise = b.numbers(body.get("words")), b.number(body.get("otherwise"))
	if s := body.get("steps"); s != nil {
		r.steps = b.steps(s)
	}
	return r
}

// attributeKnown reports an attribute the kind does not declare.
func (b *binder) attributeKnown(n *node, k *kind, name string) {
	if name == "" {
		return
	}
	known := append(keys(k.attributes), fixedAttributes()...)
	if !slices.Contains(known, name) {
		b.unknown(n, "attribute_unknown", name, known)
	}
}

// fixedAttributes are the columns every subject has.
func fixedAttributes() []string { return []string{"code", "kind", "group", "parent"} }

func (b *binder) formulaRule(p *part, n *node) rule {
	if v, ok := ParseNumber(b.text(n)); ok {
		return &constantRule{value: v}
	}
	c := b.condition(p, p.kind, n, formula.Number, false)
	return &formulaRule{condition: c}
}
