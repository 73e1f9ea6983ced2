package scoring

import (
	"math/big"
	"slices"
	"strings"

	"pingyi/scoring/formula"
)

// outcomeTable is what follows from the totals of one kind.
type outcomeTable struct {
	total  []*Cell
	vetoed []bool
	rank   []int
	order  []int // place after the tie-break chain; 0: unranked
	grade  []string
	awards [][]string
	then   [][]string
	notes  [][]Line // what was decided and why, per subject
	flags  [][]Flag
	past   []map[string]Past
}

// outcomes ranks, grades and rewards the subjects of a kind.
func (c *computation) outcomes(k *kind) {
	if !k.scored() {
		return
	}
	n := len(c.subjects[k])
	t := &outcomeTable{total: make([]*Cell, n), vetoed: make([]bool, n), rank: make([]int, n), order: make([]int, n),
		grade: make([]string, n), awards: make([][]string, n), then: make([][]string, n), notes: make([][]Line, n), flags: make([][]Flag, n)}
	c.done[k] = t
	if k.total == nil { // a kind that only hands money down
		for i := range t.total {
			t.total[i] = &Cell{Trace: &Trace{}}
		}
		return
	}
	t.total = c.cells(k.total, scope{})
	c.readHistory(k, t)
	c.applyVeto(k, t)
	c.applyRank(k, t)
	c.applyGrades(k, t)
	c.applyAwards(k, t)
	for i := range n {
		c.tellPast(k, t, i)
		for _, o := range k.outcomes {
			if c.holds2(o.when, k, i) {
				t.then[i] = append(t.then[i], o.word)
				t.note(i, "consequence", append(c.because(o.when, k, scope{}, i), "Consequence", o.word)...)
			}
		}
		if t.total[i].State != Present {
			t.flag(i, flagMissing, k.total.path)
		}
	}
}

// tellPast lists the earlier outcomes that the kind's conditions read.
func (c *computation) tellPast(k *kind, t *outcomeTable, i int) {
	deepest := 0
	for _, o := range k.outcomes {
		for _, x := range o.when.names {
			if back, _, is := pastOutcome(x.outcome); is {
				deepest = max(deepest, back)
			}
		}
	}
	for back := 1; back <= deepest; back++ {
		if h, ok := c.pastOf(t, i, back); ok {
			t.note(i, "past", "Period", h.Period, "Grade", h.Grade, "Total", ratText(h.Total))
		}
	}
}

// scored tells whether a kind has rows in the result.
func (k *kind) scored() bool { return k.total != nil || len(k.payouts) > 0 }

func (t *outcomeTable) note(i int, code string, args ...any) {
	var cell Cell
	cell.line(code, args...)
	t.notes[i] = append(t.notes[i], cell.Trace.Lines...)
}

func (t *outcomeTable) flag(i int, code, part string) {
	t.flags[i] = append(t.flags[i], Flag{Code: code, Part: part})
}

// holds2 tells whether a condition on outcomes holds.
func (c *computation) holds2(cond *condition, k *kind, i int) bool {
	return cond == nil || cond.expr.Holds(c.environment(cond, k, scope{}, i))
}

func (c *computation) applyVeto(k *kind, t *outcomeTable) {
	if k.veto == nil {
		return
	}
	for i := range t.vetoed {
		if c.holds2(k.veto.when, k, i) {
			t.vetoed[i] = true
			t.flag(i, flagVeto, "")
			t.note(i, "veto", append(c.because(k.veto.when, k, scope{}, i), "Prize", k.veto.prize)...)
		}
	}
}

// barred tells whether a veto takes rank and grade away.
func (t *outcomeTable) barred(k *kind, i int) bool { return t.vetoed[i] && !k.veto.prize }

// standing is the figure a subject is ranked by, nil where it is not ranked.
func (c *computation) standing(k *kind, t *outcomeTable, r *rankRule) func(i int) *big.Rat {
	by := r.by
	if by == nil {
		by = k.total
	}
	cells := c.cells(by, scope{})
	return func(i int) *big.Rat {
		if t.barred(k, i) || !cells[i].ok() || !c.holds2(r.when, k, i) {
			return nil
		}
		return cells[i].Value
	}
}

func (c *computation) applyRank(k *kind, t *outcomeTable) {
	if k.rank.none {
		return
	}
	value := c.standing(k, t, k.rank)
	t.rank = c.ranks(k, k.rank, scope{}, value)
	broken := *k.rank
	broken.ties = "broken"
	t.order = c.ranks(k, &broken, scope{}, value)
	why := c.placing(k, k.rank, scope{}, value)
	for i, rank := range t.rank {
		if rank > 0 {
			t.note(i, "rank", append(why[i], "Rank", rank)...)
			continue
		}
		t.flag(i, flagUnranked, "")
		if k.rank.when != nil && !t.barred(k, i) && !c.holds2(k.rank.when, k, i) {
			t.note(i, "no_rank_when", c.because(k.rank.when, k, scope{}, i)...)
		} else {
			t.note(i, "no_rank", "By", k.rank.by.path, "Veto", t.barred(k, i))
		}
	}
}

// applyGrades gives each subject the first grade of the list that it meets.
func (c *computation) applyGrades(k *kind, t *outcomeTable) {
	for i := range t.grade {
		if t.barred(k, i) {
			t.grade[i] = k.veto.grade
			if k.veto.grade != "" {
				t.note(i, "grade_veto", "Grade", k.veto.grade)
			}
		}
	}
	for _, r := range k.grades {
		for i, v := range c.selected(k, t, r) {
			if t.grade[i] != "" || t.barred(k, i) {
				continue
			}
			t.notes[i] = append(t.notes[i], v.lines...)
			if v.got {
				t.grade[i] = r.word
				t.note(i, "grade", "Grade", r.word)
			}
		}
	}
}

// applyAwards gives each subject the awards it meets, unless a veto takes them.
func (c *computation) applyAwards(k *kind, t *outcomeTable) {
	for _, r := range k.awards {
		for i, v := range c.selected(k, t, r) {
			if slices.Contains(t.awards[i], r.word) || !t.total[i].ok() {
				continue
			}
			t.notes[i] = append(t.notes[i], v.lines...)
			switch {
			case v.got && t.vetoed[i]:
				t.note(i, "award_veto", "Award", r.word)
			case v.got:
				t.awards[i] = append(t.awards[i], r.word)
				t.note(i, "award", "Award", r.word)
			}
		}
	}
}

// verdict tells whether a subject meets a grade or an award, and why.
type verdict struct {
	got   bool
	lines []Line
}

func (v *verdict) line(code string, args ...any) {
	var cell Cell
	cell.line(code, args...)
	v.lines = append(v.lines, cell.Trace.Lines...)
}

// selected tells who meets a grade's or award's conditions.
func (c *computation) selected(k *kind, t *outcomeTable, r *placeRule) []verdict {
	out := make([]verdict, len(t.grade))
	meets := func(i int) bool { return c.meetsThreshold(t, r, i) && c.holds2(r.when, k, i) }
	for i := range out {
		if t.total[i].ok() {
			c.tellConditions(k, t, r, &out[i], i)
		}
	}
	if !r.byPlace() {
		for i := range out {
			out[i].got = t.total[i].ok() && meets(i)
		}
		return out
	}
	value := c.standing(k, t, r.rank)
	if !r.vacant {
		all := value
		value = func(i int) *big.Rat {
			if !meets(i) {
				return nil
			}
			return all(i)
		}
	}
	sizes := c.scopes(k, r.rank.within)
	for key, tiers := range c.tiers(k, r.rank, scope{}, value, r.ties == "chain" || r.rank.ties == "broken") {
		for _, i := range r.inPlace(t, tiers, len(sizes[key]), out) {
			out[i].got = meets(i)
			if !out[i].got {
				out[i].line("place_vacant", "Word", r.word)
			}
		}
	}
	return out
}

// tellConditions states a rule's threshold and condition with the subject's figures.
func (c *computation) tellConditions(k *kind, t *outcomeTable, r *placeRule, into *verdict, i int) {
	if exact, v := c.measured(t, r, i); r.threshold != nil {
		on := k.total
		if r.on != nil {
			on = r.on
		}
		if v == nil {
			into.line("threshold_missing", "Word", r.word, "On", on.path)
		} else {
			sign := map[int]string{-1: "<", 0: "=", 1: ">"}[v.Cmp(r.threshold)]
			into.line("threshold", "Word", r.word, "On", on.path, "Exact", exact, "Decimals", r.decimals, "Got", v, "Sign", sign,
				"Threshold", r.threshold, "Strict", r.strict, "Met", c.meetsThreshold(t, r, i))
		}
	}
	if r.when != nil {
		into.line("condition", append(c.because(r.when, k, scope{}, i), "Word", r.word, "Met", c.holds2(r.when, k, i))...)
	}
}

// measured is the figure a threshold is held against, exact and as rounded;
// nil where there is none.
func (c *computation) measured(t *outcomeTable, r *placeRule, i int) (exact, rounded *big.Rat) {
	cell := t.total[i]
	if r.on != nil {
		cell = c.cells(r.on, scope{})[i]
	}
	switch {
	case !cell.ok():
		return nil, nil
	case r.decimals >= 0:
		return cell.Value, roundTo(cell.Value, r.decimals)
	}
	return cell.Value, cell.Value
}

func (c *computation) meetsThreshold(t *outcomeTable, r *placeRule, i int) bool {
	if r.threshold == nil {
		return true
	}
	_, v := c.measured(t, r, i)
	if v == nil {
		return false
	}
	d := v.Cmp(r.threshold)
	return d > 0 || d == 0 && !r.strict
}

// inPlace picks those whose place lies within the rule's places. A tie across
// the last place is included, excluded, or left undecided where a chain did
// not break it; those excluded above come first below.
func (r *placeRule) inPlace(t *outcomeTable, tiers [][]int, size int, out []verdict) []int {
	first, last := max(r.first, 1), r.last
	args := []any{"Word", r.word, "Share", r.share, "Size", size, "AtLeast", r.atLeast}
	if r.share != nil {
		product := new(big.Rat).Mul(r.share, rat(int64(size)))
		last = max(int(floorOf(product).Int64()), r.atLeast)
		args = append(args, "Product", product)
	}
	args = append(args, "First", first, "Last", last)
	var in []int
	place := 1
	for _, tier := range tiers {
		from, to := place, place+len(tier)-1
		if r.rank.ties == "dense" {
			to = from
		}
		place = to + 1
		for _, i := range tier {
			out[i].line("places", append(args, "Place", from, "To", to, "Level", len(tier))...)
		}
		switch {
		case from > last || to < first:
		case to > last && r.ties != "include":
			for _, i := range tier {
				out[i].line("border_tie", "Word", r.word, "Places", last, "Chain", r.ties == "chain")
				if r.ties == "chain" {
					t.flag(i, flagUndecided, r.word)
				}
			}
		case from < first && r.ties == "include":
		default:
			in = append(in, tier...)
		}
	}
	return in
}

// readHistory files earlier outcomes by period; those of this run or after it
// do not count.
func (c *computation) readHistory(k *kind, t *outcomeTable) {
	t.past = make([]map[string]Past, len(t.grade))
	for i := range t.past {
		t.past[i] = map[string]Past{}
	}
	for _, h := range c.data.History {
		if at, ok := c.place[h.Subject]; ok && at.kind == k {
			t.past[at.index][h.Period] = h
		}
	}
}

// outcomeValue is the value of an outcome word for a subject.
func (c *computation) outcomeValue(k *kind, i int, name string) formula.Value {
	t := c.done[k]
	switch name {
	case "total":
		if t.total[i].ok() {
			return formula.Num(t.total[i].Value)
		}
		return formula.Missing()
	case "rank":
		if t.rank[i] == 0 {
			return formula.Missing()
		}
		return formula.Num(rat(int64(t.rank[i])))
	case "size":
		key := scopeKey(c.subjects[k][i], k.rank.within)
		return formula.Num(rat(int64(len(c.scopes(k, k.rank.within)[key]))))
	case "grade":
		return formula.Text(t.grade[i])
	}
	back, what, _ := pastOutcome(name)
	h, ok := c.pastOf(t, i, back)
	switch {
	case !ok:
		return formula.Missing()
	case what == "grade":
		return formula.Text(h.Grade)
	}
	return formula.Num(h.Total)
}

// pastOf is the outcome `back` periods before this run: by the calendar where
// the run names its period, else the latest there are.
func (c *computation) pastOf(t *outcomeTable, i, back int) (Past, bool) {
	if c.hasRun {
		h, ok := t.past[i][c.run.before(back).String()]
		return h, ok
	}
	periods := keys(t.past[i])
	if len(periods) < back {
		return Past{}, false
	}
	return t.past[i][periods[len(periods)-back]], true
}

func joinWords(words []string) string { return strings.Join(words, "|") }
