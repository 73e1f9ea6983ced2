package scoring

import (
	"math/big"
	"slices"
	"strings"

	"pingyi/scoring/formula"
)

// Scorecard is one subject's result with everything behind it.
type Scorecard struct {
	Scheme string
	Title  Text
	Kind   string
	Words  Glossary
	Scored bool // its kind has a result of its own
	Row    Row
}

// Explain returns the scorecard of a subject, by code; ok is false where the
// scheme has no kind for it. Subjects that only give values to others have a
// card too, without what follows from a total.
func (r *Result) Explain(subject string) (card *Scorecard, ok bool) {
	for i, k := range slices.Concat(r.Kinds, r.Others) {
		for _, row := range k.Rows {
			if row.Subject == subject {
				return &Scorecard{Scheme: r.Scheme, Title: r.Title, Kind: k.Kind, Words: k.Words, Scored: i < len(r.Kinds), Row: row}, true
			}
		}
	}
	return nil, false
}

// maxListed bounds how many figures of other subjects a step lists; beyond it
// their column in the results is to be added up.
const maxListed = 50

// written is a condition or formula as a step of a scorecard has it: parts as
// {path} or {path:period}, outcomes as {@grade}, so that a page can name them.
func (c *condition) written() string {
	return c.expr.Substitute(func(name string) string {
		switch o := c.names[name]; {
		case o.part != nil && o.period != "":
			return "{" + o.part.path + ":" + o.period + "}"
		case o.part != nil:
			return "{" + o.part.path + "}"
		case o.outcome != "":
			return "{@" + o.outcome + "}"
		}
		return name
	})
}

// Named puts titles into a condition or formula as a step has it, where
// {path:period} is a part, {@grade} an outcome, and what stands in quotes a
// word of the scheme.
func Named(text string, title func(path string) string, g Glossary, words Words, lang string) string {
	text = between(text, "'", "'", func(word string) string { return "'" + g.In(word, lang) + "'" })
	return between(text, "{", "}", func(name string) string {
		if outcome, is := strings.CutPrefix(name, "@"); is {
			return outcomeNamed(outcome, words)
		}
		path, period, _ := strings.Cut(name, ":")
		if period != "" {
			return title(path) + " (" + period + ")"
		}
		return title(path)
	})
}

// between replaces what stands between two signs, and the signs with it.
func between(text, from, to string, say func(string) string) string {
	var b strings.Builder
	for {
		before, rest, opened := strings.Cut(text, from)
		inside, after, closed := strings.Cut(rest, to)
		if !opened || !closed {
			return b.String() + text
		}
		b.WriteString(before + say(inside))
		text = after
	}
}

// outcomeNamed names total, rank, grade, size, or one of an earlier run: last2.grade.
func outcomeNamed(name string, words Words) string {
	if back, what, earlier := pastOutcome(name); earlier {
		return words("scoring.outcome.last_"+what, map[string]any{"Back": back})
	}
	return words("scoring.outcome."+name, nil)
}

// inNumbers is a condition or formula with a subject's values in place of names.
func (c *computation) inNumbers(cond *condition, k *kind, in scope, i int) string {
	env := c.environment(cond, k, in, i)
	return cond.expr.Substitute(func(name string) string {
		switch v := env(name); {
		case v.Number != nil && v.Number.Sign() < 0:
			return "(" + plain(v.Number) + ")"
		case v.Number != nil:
			return plain(v.Number)
		case v.Kind == formula.Word:
			return "'" + v.Word + "'"
		}
		return "–"
	})
}

// because gives the arguments by which a step states a condition.
func (c *computation) because(cond *condition, k *kind, in scope, i int) []any {
	if cond == nil {
		return []any{"When", "", "Numbers", ""}
	}
	return []any{"When", cond.written(), "Numbers", c.inNumbers(cond, k, in, i)}
}

// listed writes figures as they are keyed in with a sign, or as a list with a
// comma; nothing where there are too many.
func listed(values []*big.Rat, sign string) string {
	if len(values) > maxListed {
		return ""
	}
	out := make([]string, len(values))
	for i, v := range values {
		if out[i] = plain(v); sign != ", " {
			out[i] = keyed(v)
		}
	}
	return strings.Join(out, sign)
}

// keyed writes a number so that it can stand after a sign.
func keyed(v *big.Rat) string {
	if v.Sign() < 0 {
		return "(" + plain(v) + ")"
	}
	return plain(v)
}

// placing tells for each subject how its place comes about: how many are
// better, who is next above and below, who is level and what tells them apart.
func (c *computation) placing(k *kind, r *rankRule, in scope, value func(i int) *big.Rat) [][]any {
	out := make([][]any, len(c.subjects[k]))
	for _, tiers := range c.tiers(k, r, in, value, false) {
		ranked, better := 0, 0
		for _, tier := range tiers {
			ranked += len(tier)
		}
		for n, tier := range tiers {
			near := func(n int) string {
				if n < 0 || n >= len(tiers) {
					return ""
				}
				i := tiers[n][0]
				return c.subjects[k][i].Code + " " + plain(value(i))
			}
			above := better
			if r.ties == "dense" {
				above = n
			}
			for _, i := range tier {
				ahead, level := c.toldApart(k, r, in, tier, i)
				out[i] = []any{"By", r.by.path, "Got", value(i), "Within", r.within, "Group", scopeKey(c.subjects[k][i], r.within), "Dense", r.ties == "dense",
					"Of", ranked, "Better", above, "Ahead", ahead, "Next", near(n - 1), "After", near(n + 1), "Level", level}
			}
			better += len(tier)
		}
	}
	return out
}

// toldApart counts those level with a subject that the chain puts ahead of it,
// and lists whom it is level with, each with the part that tells them apart.
func (c *computation) toldApart(k *kind, r *rankRule, in scope, tier []int, i int) (ahead int, level string) {
	var list []string
	for _, j := range tier {
		if j == i || r.ties != "broken" && len(list) > maxListed {
			continue
		}
		apart := ""
		if r.ties == "broken" {
			var first bool
			if apart, first = c.firstDifference(r, in, i, j); first {
				ahead++
			}
		}
		list = append(list, c.subjects[k][j].Code+apart)
	}
	if more := len(list) - maxListed; more > 0 {
		list = append(list[:maxListed], "…")
	}
	return ahead, strings.Join(list, ", ")
}

// firstDifference is the first part of the chain in which j differs from i, and
// whether it puts j ahead.
func (c *computation) firstDifference(r *rankRule, in scope, i, j int) (apart string, ahead bool) {
	for _, p := range r.chain {
		own, other := c.cells(p, in)[i].Value, c.cells(p, in)[j].Value
		switch d := compareRat(own, other); {
		case d == 0:
			continue
		case own == nil || other == nil:
			return " ({" + p.path + "} " + ratText(own) + " : " + ratText(other) + ")", own == nil
		default:
			return " ({" + p.path + "} " + ratText(own) + " : " + ratText(other) + ")", d < 0
		}
	}
	return "", false
}
