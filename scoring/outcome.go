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
	for _, r := range k.awards {
		for i, got := range c.selected(k, t, r) {
			if got && !t.vetoed[i] && !slices.Contains(t.awards[i], r.word) {
				t.awards[i] = append(t.awards[i], r.word)
				t.note(i, "award", "Award", r.word)
			}
		}
	}
	for i := range n {
		for _, o := range k.outcomes {
			if c.holds2(o.when, k, i) {
				t.then[i] = append(t.then[i], o.word)
				t.note(i, "consequence", "Consequence", o.word, "When", o.when.expr.String())
			}
		}
		if t.total[i].State != Present {
			t.flag(i, flagMissing, k.total.path)
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
			t.note(i, "veto", "When", k.veto.when.expr.String())
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
	for i, rank := range t.rank {
		if rank == 0 {
			t.flag(i, flagUnranked, "")
			t.note(i, "no_rank")
			continue
		}
		t.note(i, "rank", "Rank", rank, "By", k.rank.by.path, "Got", value(i), "Within", k.rank.within, "Group", scopeKey(c.subjects[k][i], k.rank.within))
	}
}

// applyGrades gives each subject the first grade of the list that it meets.
func (c *computation) applyGrades(k *kind, t *outcomeTable) {
	for i := range t.grade {
		if t.barred(k, i) {
			t.grade[i] = k.veto.grade
		}
	}
	for _, r := range k.grades {
		for i, got := range c.selected(k, t, r) {
			if got && t.grade[i] == "" && !t.barred(k, i) {
				t.grade[i] = r.word
				t.note(i, "grade", "Grade", r.word)
			}
		}
	}
}

// selected tells who meets a grade's or award's conditions.
func (c *computation) selected(k *kind, t *outcomeTable, r *placeRule) []bool {
	out := make([]bool, len(t.grade))
	meets := func(i int) bool { return c.meetsThreshold(t, r, i) && c.holds2(r.when, k, i) }
	if !r.byPlace() {
		for i := range out {
			out[i] = t.total[i].ok() && meets(i)
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
		for _, i := range r.inPlace(t, tiers, len(sizes[key])) {
			out[i] = meets(i)
			if !out[i] {
				t.note(i, "place_vacant", "Word", r.word)
			}
		}
	}
	return out
}

func (c *computation) meetsThreshold(t *outcomeTable, r *placeRule, i int) bool {
	if r.threshold == nil {
		return true
	}
	cell := t.total[i]
	if r.on != nil {
		cell = c.cells(r.on, scope{})[i]
	}
	if !cell.ok() {
		return false
	}
	v := cell.Value
	if r.decimals >= 0 {
		v = roundTo(v, r.decimals)
	}
	d := v.Cmp(r.threshold)
	return d > 0 || d == 0 && !r.strict
}

// inPlace picks those whose place lies within the rule's places. A tie across
// the last place is included, excluded, or left undecided where a chain did
// not break it; those excluded above come first below.
func (r *placeRule) inPlace(t *outcomeTable, tiers [][]int, size int) []int {
	first, last := max(r.first, 1), r.last
	if r.share != nil {
		quota := int(floorOf(new(big.Rat).Mul(r.share, rat(int64(size)))).Int64())
		last = max(quota, r.atLeast)
	}
	var out []int
	place := 1
	for _, tier := range tiers {
		from, to := place, place+len(tier)-1
		if r.rank.ties == "dense" {
			to = from
		}
		place = to + 1
		switch {
		case from > last || to < first:
		case to > last && r.ties != "include":
			for _, i := range tier {
				t.note(i, "border_tie", "Word", r.word, "Places", last)
				if r.ties == "chain" {
					t.flag(i, flagUndecided, r.word)
				}
			}
		case from < first && r.ties == "include":
		default:
			out = append(out, tier...)
		}
	}
	return out
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
