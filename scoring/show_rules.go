package scoring

import (
	"fmt"
	"math/big"
	"strings"
)

// rule says in a few words where the value comes from.
func (o *outline) rule(p *part) string {
	switch r := p.rule.(type) {
	case *surveyRule:
		return o.survey(r)
	case *valuesRule:
		return o.values(r)
	case *ledgerRule:
		var kinds []string
		for _, k := range r.kinds {
			kinds = append(kinds, titleFor(k.title, k.code, o.lang))
		}
		return o.say("ledger", "Kinds", strings.Join(kinds, ", "), "Base", r.base, "Take", r.take, "Per", r.highestPer)
	case *formulaRule:
		return "= " + o.condition(r.condition)
	case *constantRule:
		return "= " + ratText(r.value)
	case *attributeRule:
		return o.say("attribute", "Attribute", r.attribute) + o.steps(r.steps) + o.mapped(r.words)
	case *takeRule:
		if r.part == nil {
			return o.words("scoring.rule.take", nil)
		}
		return o.say("take", "Part", titleFor(r.part.title, r.part.path, o.lang), "Of", strings.TrimPrefix(r.of, scopeSame), "By", r.by)
	case *combineRule:
		var named []string
		for _, m := range r.members {
			if m.named && m.part != nil {
				named = append(named, titleFor(m.part.title, m.part.path, o.lang))
			}
		}
		return o.say("combine", "How", o.words("scoring.rule."+r.how, nil), "Parts", strings.Join(named, ", "), "Trim", r.trim, "Best", r.best) +
			o.missingParts(r)
	case *levelRule:
		return o.say("level", "Part", titleFor(r.part.title, r.part.path, o.lang), "Method", r.method, "Within", strings.TrimPrefix(r.within, scopeSame))
	case *rankOfRule:
		return o.rank("rank_of", r.rank, p.kind)
	case *contestRule:
		return o.say("contest", "With", r.with, "Parts", o.titles(r.parts), "Draw", r.draw, "Win", r.win, "Even", r.even, "Loss", orZero(r.loss))
	case *strengthRule:
		return o.say("strength", "First", r.first, "Digits", r.digits)
	case *pickRule:
		return o.say("pick", "Highest", r.highest, "Lowest", r.lowest, "Parts", o.titles(r.from))
	}
	return o.words("scoring.rule."+p.rule.name(), nil)
}

func (o *outline) titles(parts []*part) string {
	var out []string
	for _, p := range parts {
		out = append(out, titleFor(p.title, lastOf(p.path), o.lang))
	}
	return strings.Join(out, ", ")
}

// missingParts says what becomes of the whole where a part is missing; that it
// is left out of a mean, or makes a sum missing, goes without saying.
func (o *outline) missingParts(r *combineRule) string {
	whole := r.how == "sum" || r.how == "weighted_sum" || r.how == "product"
	if r.how == "first_of" || r.missing == "rescale" && !whole || r.missing == "whole" && whole {
		return ""
	}
	return o.say("parts_" + r.missing)
}

func (o *outline) survey(r *surveyRule) string {
	var panels []string
	for _, pan := range r.panels {
		panels = append(panels, titleFor(pan.title, pan.code, o.lang))
	}
	line := o.say("survey", "Panel", strings.Join(panels, ", "), "Relation", strings.Join(append(r.relations, r.strata...), ", "),
		"Items", strings.Join(r.items, ", "), "How", o.say("aggregate_"+r.aggregate), "Min", r.min)
	if r.by != "" {
		var weights []string
		for _, name := range keys(r.weights) {
			weights = append(weights, name+" "+plain(r.weights[name]))
		}
		line += o.say("by", "By", r.by, "Weights", strings.Join(weights, ", "), "Trim", r.trim)
	}
	if r.ownOut {
		line += o.say("own_out")
	}
	if r.centred {
		line += o.say("centred")
	}
	return line
}

func (o *outline) values(r *valuesRule) string {
	how := ""
	if r.combine != "" {
		how = o.words("scoring.rule."+r.combine, nil)
	}
	line := o.say("values", "Codes", strings.Join(r.codes, ", "), "Score", o.say("score_"+r.base.score), "How", how)
	line += o.valueRule(r.base)
	if r.byData {
		line += o.say("weights_data")
	}
	for _, p := range r.rules {
		line += o.say("indicator", "Code", p.pattern, "Score", o.say("score_"+p.rule.score)) + o.valueRule(p.rule)
	}
	return line
}

// valueRule says what a value's mark depends on beside its score.
func (o *outline) valueRule(r valueRule) string {
	line := ""
	if r.better == "lower" {
		line += o.say("lower")
	}
	if r.strict {
		line += o.say("strict")
	}
	if r.floor != nil {
		line += o.say("rate_floor", "Value", r.floor)
	}
	if r.cap != nil {
		line += o.say("rate_cap", "Value", r.cap)
	}
	if r.late != nil {
		line += o.say("late_factor", "Value", r.late)
	}
	if r.lateDay != nil {
		line += o.say("late_points", "Value", r.lateDay)
	}
	if r.rows != "" {
		line += o.say("rows", "How", o.words("scoring.rule."+r.rows, nil))
	}
	return line + o.steps(r.steps) + o.mapped(r.words)
}

func (o *outline) steps(steps []step) string {
	var out []string
	for _, s := range steps {
		sign := map[string]string{"from": "≥ ", "above": "> ", "up_to": "≤ ", "below": "< "}[s.how]
		if s.threshold == nil {
			out = append(out, "… → "+plain(s.gives))
			continue
		}
		out = append(out, sign+plain(s.threshold)+" → "+plain(s.gives))
	}
	if len(out) == 0 {
		return ""
	}
	return o.say("in_words", "Text", strings.Join(out, "; "))
}

func (o *outline) mapped(words map[string]*big.Rat) string {
	var out []string
	for _, w := range keys(words) {
		out = append(out, w+" = "+plain(words[w]))
	}
	if len(out) == 0 {
		return ""
	}
	return o.say("in_words", "Text", strings.Join(out, ", "))
}

// bounds says floors and caps with their conditions.
func (o *outline) bounds(key string, bounds []*bound) string {
	line := ""
	for _, f := range bounds {
		line += o.say(key, "Value", f.value)
		if f.when != nil {
			line += o.say("where", "When", o.condition(f.when))
		}
	}
	return line
}

// ledgerKinds lists the words of the ledger.
func (o *outline) ledgerKinds(entries map[string]*entryKind) {
	for _, code := range keys(entries) {
		e := entries[code]
		var levels []string
		for _, l := range keys(e.levels) {
			levels = append(levels, l+" "+plain(e.levels[l]))
		}
		o.put(1, o.say("entry", "Kind", titleFor(e.title, code, o.lang), "Code", code, "Sign", o.say("sign_"+e.sign),
			"Approval", e.approval, "Levels", strings.Join(levels, ", ")))
	}
}

func (o *outline) payout(r *payoutRule) string {
	name := titleFor(r.title, r.name, o.lang)
	if r.rank != nil {
		line := o.say("prizes", "Name", name, "Prizes", o.prizes(r), "Ties", o.say("prize_"+map[bool]string{true: "full", false: "split"}[r.full]))
		return line + o.when(r.when)
	}
	if r.by == nil {
		return name
	}
	by := titleFor(r.by.title, r.by.path, o.lang)
	if r.from != "" {
		return o.say("pool_parent", "Name", name, "From", r.from, "By", by) + o.when(r.when)
	}
	line := o.say("pool", "Name", name, "Pool", r.pool, "By", by)
	if r.over != nil && r.over != r.by {
		line += o.say("over", "Part", titleFor(r.over.title, r.over.path, o.lang))
	}
	if r.split != "" {
		line += o.say("split", "Scope", strings.TrimPrefix(r.split, scopeSame))
	}
	return line + o.when(r.when)
}

func (o *outline) when(c *condition) string {
	if c == nil {
		return ""
	}
	return o.say("only", "When", o.condition(c))
}

func (o *outline) prizes(r *payoutRule) string {
	var out []string
	if r.table == nil {
		for _, place := range keys(r.prizes) {
			out = append(out, fmt.Sprintf("%d: %s", place, plain(r.prizes[place])))
		}
		return strings.Join(out, ", ")
	}
	for _, row := range keys(r.table.rows) {
		var prizes []string
		for _, place := range keys(r.table.rows[row]) {
			prizes = append(prizes, place+": "+plain(r.table.rows[row][place]))
		}
		out = append(out, strings.TrimSpace(row+" ")+" ("+strings.Join(prizes, ", ")+")")
	}
	return strings.Join(out, "; ")
}
