package scoring

import (
	"math/big"
	"slices"
	"strings"
)

// cleaner cleans the responses of one panel, in this order: only valid ones;
// one per respondent; void below the share that must be answered. It works on
// words, not strings, for there may be millions of responses.
type cleaner struct {
	*computation
	b     *Ballots
	panel *panel
	rows  []int32

	items  []bool // by word: an item that counts
	judged []int8 // by word: 0 not yet seen, 1 counts, 2 does not, 3 is not on the scale
	asked  int64  // how many items count
	needed int64  // how many of them must be answered
	kept   []bool // by place in rows
	groups map[groupKey]*group
}

type groupKey struct{ relation, subject, stratum, period word }

// group is a sheaf in the making.
type group struct {
	turnout Turnout
	counts  map[[2]word]int64
	sheets  []*sheet
}

func (c *cleaner) run() {
	c.judge()
	c.choose()
	c.groups = map[groupKey]*group{}
	for n, i := range c.rows {
		row := &c.b.rows[i]
		g := c.group(row)
		switch {
		case row.invalid:
			g.turnout.Invalid += row.count
		case !c.kept[n]:
			g.turnout.Superseded += row.count
		case c.answered(row) < c.needed:
			g.turnout.Void += row.count
		default:
			c.count(g, row)
		}
	}
	c.finish()
}

// judge settles which items count (those the scheme lists, else those the data
// holds) and what each word is on the scale.
func (c *cleaner) judge() {
	c.items, c.judged = make([]bool, len(c.b.words)), make([]int8, len(c.b.words))
	listed := len(c.panel.items) > 0
	seen := make([]bool, len(c.b.words))
	for _, item := range c.panel.items {
		if w, ok := c.b.index[item]; ok {
			c.items[w] = true
		}
	}
	for _, i := range c.rows {
		row := &c.b.rows[i]
		for _, g := range c.b.given[row.from:row.to] {
			seen[g.item] = true
			if !listed {
				c.items[g.item] = true
			}
			if c.items[g.item] && c.verdict(g.value) == 3 {
				c.fault(fileAnswers, int(row.line), "answer_scale", "Panel", c.panel.code, "Item", c.b.text(g.item),
					"Got", c.b.text(g.value), "ID", c.b.text(row.id))
			}
		}
	}
	c.asked = int64(len(c.panel.items))
	var other []string
	for w, ok := range seen {
		if ok && !listed {
			c.asked++
		} else if ok && !c.items[w] {
			other = append(other, c.b.text(word(w)))
		}
	}
	need := new(big.Rat).Mul(c.panel.answered, rat(c.asked))
	c.needed = max(1, new(big.Int).Neg(floorOf(new(big.Rat).Neg(need))).Int64()) // rounded up
	c.tellItems(seen, other)
}

func (c *cleaner) tellItems(seen []bool, other []string) {
	var absent []string // most likely the scheme or the data misspells them
	for _, item := range c.panel.items {
		if w, ok := c.b.index[item]; !ok || !seen[w] {
			absent = append(absent, item)
		}
	}
	if len(absent) > 0 {
		c.notice(fileAnswers, "items_absent", "Panel", c.panel.code, "Items", strings.Join(absent, ", "))
	}
	if len(other) > 0 {
		slices.Sort(other)
		c.notice(fileAnswers, "items_ignored", "Panel", c.panel.code, "Items", strings.Join(other, ", "))
	}
}

func (c *cleaner) verdict(w word) int8 {
	if c.judged[w] == 0 {
		_, counted, known := c.panel.scale.value(c.b.text(w))
		switch {
		case !known:
			c.judged[w] = 3
		case counted:
			c.judged[w] = 1
		default:
			c.judged[w] = 2
		}
	}
	return c.judged[w]
}

// choose picks the response that counts of each respondent.
func (c *cleaner) choose() {
	type who struct{ subject, period, relation, name word }
	c.kept = make([]bool, len(c.rows))
	empty, hasEmpty := c.b.index[""]
	best := map[who]int{}
	for n, i := range c.rows {
		row := &c.b.rows[i]
		if row.invalid {
			continue
		}
		name := row.respondent
		if c.panel.once == "device" {
			name = row.device
		}
		if c.panel.once == "none" || c.panel.keep == "all" || hasEmpty && name == empty {
			c.kept[n] = true
			continue
		}
		key := who{row.subject, row.period, row.relation, name}
		have, ok := best[key]
		if !ok || c.later(row, &c.b.rows[c.rows[have]]) == (c.panel.keep == "latest") {
			best[key] = n
		}
	}
	for _, n := range best {
		c.kept[n] = true
	}
}

// later tells whether x came after y: by time, then by id.
func (c *cleaner) later(x, y *ballot) bool {
	if x.submitted != y.submitted {
		return x.submitted > y.submitted
	}
	return c.b.text(x.id) > c.b.text(y.id)
}

func (c *cleaner) answered(row *ballot) int64 {
	n := int64(0)
	for _, g := range c.b.given[row.from:row.to] {
		if c.items[g.item] && c.verdict(g.value) == 1 {
			n++
		}
	}
	return n
}

func (c *cleaner) group(row *ballot) *group {
	key := groupKey{row.relation, row.subject, row.stratum, row.period}
	g, ok := c.groups[key]
	if !ok {
		g = &group{counts: map[[2]word]int64{}}
		c.groups[key] = g
	}
	return g
}

func (c *cleaner) count(g *group, row *ballot) {
	g.turnout.Valid += row.count
	var answers []Answer
	for _, a := range c.b.given[row.from:row.to] {
		if !c.items[a.item] || c.b.text(a.value) == "" {
			continue
		}
		g.counts[[2]word{a.item, a.value}] += row.count
		if c.panel.rows {
			answers = append(answers, Answer{c.b.text(a.item), c.b.text(a.value)})
		}
	}
	if c.panel.rows {
		slices.SortFunc(answers, func(x, y Answer) int { return strings.Compare(x.Item, y.Item) })
		g.sheets = append(g.sheets, &sheet{c.b.text(row.respondent), row.count, answers})
	}
}

// finish puts words back into text and files the groups.
func (c *cleaner) finish() {
	sheaves := map[sheafKey]*sheaf{}
	for key, g := range c.groups {
		s := &sheaf{key: sheafKey{c.b.text(key.relation), c.b.text(key.subject), c.b.text(key.stratum), c.b.text(key.period)},
			turnout: g.turnout, counts: map[string]map[string]int64{}, sheets: g.sheets}
		for pair, n := range g.counts {
			s.add(c.b.text(pair[0]), c.b.text(pair[1]), n)
		}
		sheaves[s.key] = s
	}
	var items []string
	for w, ok := range c.items {
		if ok {
			items = append(items, c.b.text(word(w)))
		}
	}
	slices.Sort(items)
	c.store(c.panel.code, items, sheaves)
}
