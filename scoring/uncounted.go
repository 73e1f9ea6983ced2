package scoring

import (
	"cmp"
	"maps"
	"slices"
)

// What counts nowhere although the scheme takes its like is most likely a slip.

// tellUncounted notices rows that no part has looked at although one takes their
// indicator: their period or source is none of those that are combined.
func (c *computation) tellUncounted() {
	type group struct{ indicator, period, source string }
	var rows []*Value
	count := map[group]int{}
	for i := range c.data.Values {
		if v := &c.data.Values[i]; c.passedOver(v) {
			g := group{v.Indicator, v.Period, v.Source}
			if count[g]++; count[g] == 1 {
				rows = append(rows, v)
			}
		}
	}
	for _, v := range rows {
		c.noticeAt(fileValues, v.Line, "values_uncounted", "Indicator", v.Indicator, "Period", v.Period, "Source", v.Source,
			"Count", count[group{v.Indicator, v.Period, v.Source}])
	}
}

// passedOver tells whether all parts that take a value's indicator have looked
// at their rows, and at none such as this. What is dated outside of the run is
// another's.
func (c *computation) passedOver(v *Value) bool {
	at, scored := c.place[v.Subject]
	if !scored || c.counted[v] || v.Value == "" || c.outside(v.Period) || v.Period == "" && v.Date != "" && c.hasRun && !c.run.holds(v.Date) {
		return false
	}
	taken := false
	for _, p := range at.kind.all {
		if r, ok := p.rule.(*valuesRule); ok && r.matches(v.Indicator) {
			if !c.looked[r] {
				return false
			}
			taken = true
		}
	}
	return taken
}

// tellUncountedAnswers notices responses that no part has looked at although one
// takes their panel: their relation, stratum or period is none that it counts.
func (c *computation) tellUncountedAnswers() {
	for _, panel := range keys(c.sheaves) {
		type group struct{ relation, stratum, period string }
		count, near, fits := map[group]int64{}, map[group]string{}, map[group]bool{}
		for _, subject := range keys(c.sheaves[panel]) {
			rules := c.surveysOf(subject, panel)
			for _, sh := range c.sheaves[panel][subject] {
				if sh.taken || sh.turnout.Valid == 0 || len(rules) == 0 {
					continue
				}
				g := group{sh.key.relation, sh.key.stratum, sh.key.period}
				count[g] += sh.turnout.Valid
				near[g] = cmp.Or(near[g], meant(rules, sh.key))
				fits[g] = fits[g] || slices.ContainsFunc(rules, func(r *surveyRule) bool { return r.fits(c.prog.panels[panel], sh) })
			}
		}
		groups := slices.SortedFunc(maps.Keys(count), func(x, y group) int {
			return cmp.Or(cmp.Compare(x.relation, y.relation), cmp.Compare(x.stratum, y.stratum), cmp.Compare(x.period, y.period))
		})
		for _, g := range groups {
			args := []any{"Panel", panel, "Relation", g.relation, "Stratum", g.stratum, "Period", g.period, "Count", count[g], "Fits", fits[g]}
			if near[g] != "" {
				args = append(args, "Near", near[g])
			}
			c.notice(fileAnswers, "answers_uncounted", args...)
		}
	}
}

// surveysOf are the rules that take a panel's responses on a subject, none where
// one of them has not looked at any.
func (c *computation) surveysOf(subject, panel string) (out []*surveyRule) {
	at, scored := c.place[subject]
	if !scored {
		return nil
	}
	for _, p := range at.kind.all {
		r, ok := p.rule.(*surveyRule)
		if !ok || !slices.Contains(r.panels, c.prog.panels[panel]) {
			continue
		}
		if !c.looked[r] {
			return nil
		}
		out = append(out, r)
	}
	return out
}

// meant is the word of one of the rules that a word of a response, which none
// of them has, was most likely to be.
func meant(rules []*surveyRule, key sheafKey) string {
	var relations, strata []string
	for _, r := range rules {
		relations, strata = append(relations, r.relations...), append(strata, r.strata...)
		switch r.by {
		case "relation":
			relations = append(relations, keys(r.weights)...)
		case "stratum":
			strata = append(strata, keys(r.weights)...)
		}
	}
	return cmp.Or(slip(key.relation, relations), slip(key.stratum, strata))
}

// slip is the known word that another was most likely to be; none where it is
// known itself, for then it is not what is wrong.
func slip(word string, known []string) string {
	if slices.ContainsFunc(known, func(p string) bool { return matchCode(p, word) }) {
		return ""
	}
	return nearest(word, known)
}

// fits tells whether a rule takes the relation and stratum of a sheaf: if it counts
// nowhere, its period or source is none that is combined.
func (r *surveyRule) fits(p *panel, sh *sheaf) bool {
	return r.takes(sh.key) && r.weighs(p, sh)
}

// takes tells whether a rule wants responses of a relation and a stratum.
func (r *surveyRule) takes(key sheafKey) bool {
	return (len(r.relations) == 0 || slices.Contains(r.relations, key.relation)) && (len(r.strata) == 0 || slices.Contains(r.strata, key.stratum))
}

// weighs tells whether a rule that gives its classes weights has one for that of
// a sheaf.
func (r *surveyRule) weighs(p *panel, sh *sheaf) bool {
	_, has := r.weights[r.classOf(p, sh)]
	return len(r.weights) == 0 || has
}

// tellUncountedEntries notices ledger entries of a kind that parts take, but
// none of them its category or indicator.
func (c *computation) tellUncountedEntries() {
	type group struct{ kind, category, indicator string }
	count := map[group]int{}
	for i := range c.data.Ledger {
		e := &c.data.Ledger[i]
		at, scored := c.place[e.Subject]
		if !scored || c.entryOutside(e) {
			continue
		}
		rules := at.kind.ledgersOf(e.Kind)
		if len(rules) == 0 || slices.ContainsFunc(rules, func(r *ledgerRule) bool { return r.takes(e) }) {
			continue
		}
		g := group{e.Kind, e.Category, e.Indicator}
		if count[g]++; count[g] > 1 {
			continue
		}
		column, near := misfit(rules, e)
		args := []any{"Kind", e.Kind, "Category", e.Category, "Indicator", e.Indicator, "Column", column}
		if near != "" {
			args = append(args, "Near", near)
		}
		c.noticeAt(fileLedger, e.Line, "entries_uncounted", args...)
	}
}

// misfit is the column for which no rule takes an entry, and the word that was
// most likely meant in it.
func misfit(rules []*ledgerRule, e *Entry) (column, near string) {
	var categories, indicators []string
	for _, r := range rules {
		categories, indicators = append(categories, r.categories...), append(indicators, r.indicators...)
	}
	if near = slip(e.Category, categories); near != "" {
		return "category", near
	}
	if near = slip(e.Indicator, indicators); near != "" || e.Category == "" || slices.Contains(categories, e.Category) {
		return "indicator", near
	}
	return "category", ""
}

// ledgersOf are the rules of a kind of subject that take a kind of entry.
func (k *kind) ledgersOf(entry string) (out []*ledgerRule) {
	for _, p := range k.all {
		if r, ok := p.rule.(*ledgerRule); ok && r.kindOf(entry) != nil {
			out = append(out, r)
		}
	}
	return out
}
