package scoring

import (
	"math/big"
	"slices"
)

// centre takes out how severe each class is: cell − class mean + grand mean,
// both over the cells there are.
func (r *surveyRule) centre(classes [][]*class, out []*Cell) {
	byClass := map[string][]*big.Rat{}
	var all []*big.Rat
	for _, list := range classes {
		for _, cl := range list {
			if cl.value != nil {
				byClass[cl.name] = append(byClass[cl.name], cl.value)
				all = append(all, cl.value)
			}
		}
	}
	if len(all) == 0 {
		return
	}
	grand, sum := meanOf(all), sumOf(all)
	for i, list := range classes {
		for _, cl := range list {
			if cl.value == nil {
				continue
			}
			was, mine := cl.value, byClass[cl.name]
			own := meanOf(mine)
			cl.value = new(big.Rat).Add(new(big.Rat).Sub(was, own), grand)
			out[i].line("centred", "Class", cl.shown, "Was", was, "Own", own, "OwnSum", sumOf(mine), "OwnCount", len(mine),
				"Grand", grand, "GrandSum", sum, "GrandCount", len(all), "Value", cl.value)
		}
	}
}

// combineClasses drops classes and surveys below their minimum, trims, and
// weighs what is left.
func (r *surveyRule) combineClasses(p *part, in scope, cell *Cell, classes []*class) {
	var used []share
	for _, cl := range classes {
		cell.N += cl.n
		if r.by == "" || cl.value == nil {
			continue
		}
		if least := r.least(cl.name); cl.n < least {
			cell.flag(flagMinimum, p, in)
			cell.line("class_below", "Class", cl.shown, "Min", least)
			continue
		}
		w := rat(1)
		if len(r.weights) > 0 {
			w = orZero(r.weights[cl.name])
		}
		used = append(used, share{cl.name, present(cl.value), w})
	}
	switch {
	case cell.N > 0 && cell.N < r.min:
		cell.flag(flagMinimum, p, in)
		cell.line("below_minimum", "Count", cell.N, "Min", r.min)
	case r.by != "":
		r.weigh(p, in, cell, used)
	case len(classes) == 1 && classes[0].value != nil:
		cell.State, cell.Value = Present, classes[0].value
	default:
		cell.line("no_answers")
	}
}

// weigh combines the classes that are left.
func (r *surveyRule) weigh(p *part, in scope, cell *Cell, used []share) {
	r.missedClasses(p, in, cell, used)
	if r.by == "respondent" { // a scorecard names no respondent
		for i := range used {
			used[i].name = ""
		}
	}
	used = trimShares(cell, used, r.trim)
	switch {
	case len(used) == 0:
		cell.line("no_answers")
	case len(r.weights) > 0:
		fold(cell, "weighted_mean", used)
	default:
		fold(cell, "mean", used)
	}
}

// least is the minimum of a class.
func (r *surveyRule) least(class string) int64 {
	if n, ok := r.minEach[class]; ok {
		return n
	}
	return r.minEach[""]
}

// leastOf is the smallest number of a panel's responses on one subject, of one
// relation, that can make or join a figure: fewer drop out by this rule itself.
func (r *surveyRule) leastOf(p *panel) int64 {
	switch {
	case r.by == "panel":
		return r.least(p.code)
	case len(r.panels) > 1:
		return 0
	case r.by == "":
		return r.min
	case r.by == "relation":
		least := r.least("")
		for _, n := range r.minEach {
			least = min(least, n)
		}
		return least
	}
	return 0
}

// missedClasses flags classes that have a weight but no value: the weights of
// the others are rescaled.
func (r *surveyRule) missedClasses(p *part, in scope, cell *Cell, used []share) {
	for _, name := range keys(r.weights) {
		if r.weights[name].Sign() > 0 && !slices.ContainsFunc(used, func(s share) bool { return s.name == name }) {
			cell.flag(flagRescaled, p, in)
			cell.line("class_missing", "Class", name)
		}
	}
}
