package scoring

import (
	"cmp"
	"math/big"
	"slices"
	"strings"

	"pingyi/scoring/formula"
)

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
	set("cap", func(n *node) { p.cap = b.bounds(p, n) })
	b.checkBounds(p, cmp.Or(body.get("cap"), body.get("floor")))
	set("round", func(n *node) { p.round = int(b.whole(n, 2, 0)) })
	set("missing", func(n *node) { p.missing = b.substitutes(p, n) })
	set("show", func(n *node) { p.show = b.shows(n); p.used = true })
	set("hidden", func(n *node) { p.hidden = b.yes(n, false) })
	set("labels", func(n *node) { p.labels = b.labels(p, n) })
	set("periods", func(n *node) { p.periods = b.periods(p, n, body.get("adds_up_to")) })
	set("each", func(n *node) { p.each = b.eachRule(n) })
	if slices.Contains(p.show, "periods") && !p.inPeriods() {
		b.fault(body.get("show"), "show_periods", map[string]any{"Part": p.path})
	}
	if slices.Contains(p.show, "rank") {
		p.ranking = &rankRule{within: scopeGroup, ties: "competition", high: true, by: p}
	}
}

// inPeriods tells whether a part, or one it belongs to, is computed per period.
func (p *part) inPeriods() bool {
	for ; p != nil; p = p.parent {
		if p.periods != nil {
			return true
		}
	}
	return false
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

// checkBounds reports a cap below a floor that can hold together with it: one
// of them always holds, or both under the same condition.
func (b *binder) checkBounds(p *part, n *node) {
	if n == nil {
		return // those of a case have been looked at there
	}
	for _, c := range p.cap {
		for _, f := range p.floor {
			if (c.when == nil || f.when == nil || c.when.says() == f.when.says()) && c.value.Cmp(f.value) < 0 {
				b.fault(n, "cap_below_floor", map[string]any{"Part": p.path, "Cap": plain(c.value), "Floor": plain(f.value)})
			}
		}
	}
}

// says is a condition as it is written, "" where it could not be read.
func (c *condition) says() string {
	if c == nil || c.expr == nil {
		return ""
	}
	return c.expr.String()
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
		if len(out) > 0 && out[len(out)-1].when == nil {
			b.fault(item, "step_unreachable", nil)
		}
		if own, ok := l.when.step(); ok {
			for _, before := range out {
				if s, ok := before.when.step(); ok && s.name == own.name && b.stepOrder(item, s.step, own.step) {
					break
				}
			}
		}
		out = append(out, l)
	}
	return out
}

func (b *binder) periods(p *part, n, sum *node) *periodRule {
	body := b.block(n, "periods")
	r := &periodRule{combine: b.word(body.get("combine"), "", "mean", "sum", "weighted_mean", "min", "max", "latest", "count", "change"),
		weights: b.amounts(body.get("weights"), "weight_negative"), missing: b.word(body.get("missing"), "drop", "zero", "whole"), at: n.place()}
	if r.combine == "" {
		b.fault(n, "periods_combine", map[string]any{"Part": p.path})
		r.combine = "mean"
	}
	if each := body.get("each"); len(listOf(each)) == 0 {
		b.fault(cmp.Or(each, n), "periods_each", map[string]any{"Part": p.path})
	} else if names := b.texts(each); len(names) != 1 || names[0] != "all" {
		r.names = names
	}
	if w := body.get("where"); w != nil {
		b.later(func() { r.where = b.partNamed(w, p, p.kind) })
	}
	if r.combine == "weighted_mean" {
		b.periodWeights(p, r, cmp.Or(body.get("weights"), n), sum)
	} else if w := body.get("weights"); w != nil {
		b.fault(w, "weights_unused", map[string]any{"Part": p.path})
	}
	return r
}

// periodWeights holds the weights of periods against the periods there are.
func (b *binder) periodWeights(p *part, r *periodRule, n, sum *node) {
	complete := true
	for _, name := range r.names {
		if r.weights[name] == nil {
			b.fault(n, "periods_weight", map[string]any{"Part": p.path, "Period": name})
			complete = false
		}
	}
	for _, name := range keys(r.weights) {
		if r.names != nil && !slices.Contains(r.names, name) {
			b.fault(n, "periods_extra", map[string]any{"Part": p.path, "Period": name})
			complete = false
		}
	}
	if complete {
		b.sharesAddUp(p.path, n, sum, r.weights)
	}
}

func (b *binder) eachRule(n *node) *eachRule {
	body := b.block(n, "each")
	return &eachRule{column: b.word(body.get("column"), "source", "category"), names: b.texts(body.get("only")),
		combine: b.word(body.get("combine"), "mean", "sum", "min", "max"), missing: b.word(body.get("missing"), "drop", "zero", "whole"), at: n.place()}
}

func (b *binder) later(f func()) { b.pending = append(b.pending, f) }

func lastOf(path string) string { return path[strings.LastIndexByte(path, '.')+1:] }
