package scoring

import (
	"fmt"
	"math/big"
	"slices"
	"strings"
)

// surveyRule makes a value of answers: points per item, mean per item over the
// respondents, mean over the items; by classes of respondents where it says so.
type surveyRule struct {
	panels    []*panel
	relations []string
	strata    []string
	items     []string
	scale     *scale // overrides the panels' own
	aggregate string // items, persons, answers
	by        string // "", relation, stratum, panel, respondent: each class counts by itself
	combine   string
	weights   map[string]*big.Rat
	min       int64
	minEach   map[string]int64 // by class; "" for those not named
	ownOut    bool
	trim      int
	centred   bool
}

func (r *surveyRule) name() string   { return "survey" }
func (r *surveyRule) needs() []*part { return nil }

// class is what respondents of one class said of one subject.
type class struct {
	name   string
	shown  string // its name on a scorecard; empty: one respondent, who is not named
	n      int64
	counts map[string]map[string]int64 // item → value → n, over the panels' scale
	scales map[string]*scale           // item → scale
	sheets []*sheet
	value  *big.Rat
}

func (r *surveyRule) compute(c *computation, p *part, in scope) []*Cell {
	c.looked[r] = true
	subjects := c.subjects[p.kind]
	out := make([]*Cell, len(subjects))
	classes := make([][]*class, len(subjects))
	for i, s := range subjects {
		out[i] = &Cell{Trace: &Trace{}}
		classes[i] = r.classes(c, s, in, out[i])
		for _, cl := range classes[i] {
			r.evaluate(cl, out[i])
		}
	}
	if r.centred {
		r.centre(classes, out)
	}
	for i := range subjects {
		r.combineClasses(p, in, out[i], classes[i])
		out[i].Trace.N = out[i].N
		for _, pan := range r.panels {
			out[i].Trace.Panels = append(out[i].Trace.Panels, pan.code)
		}
	}
	return out
}

// classes gathers the subject's cleaned responses class by class.
func (r *surveyRule) classes(c *computation, s *Subject, in scope, cell *Cell) []*class {
	byName := map[string]*class{}
	var turnout Turnout
	own := int64(0)
	for _, p := range r.panels {
		for _, sh := range c.sheaves[p.code][s.Code] {
			if !r.wants(c, sh, in) {
				continue
			}
			sh.taken = sh.taken || r.weighs(p, sh)
			if r.ownOut && sh.key.stratum == s.Code {
				own += sh.turnout.Valid
				continue
			}
			turnout.Valid += sh.turnout.Valid
			turnout.Void += sh.turnout.Void
			turnout.Superseded += sh.turnout.Superseded
			turnout.Invalid += sh.turnout.Invalid
			r.sort(c, byName, p, sh)
		}
	}
	cell.line("turnout", "Valid", turnout.Valid, "Void", turnout.Void, "Superseded", turnout.Superseded, "Invalid", turnout.Invalid)
	if own > 0 {
		cell.line("own_left_out", "Count", own)
	}
	out := make([]*class, 0, len(byName))
	for _, name := range keys(byName) {
		out = append(out, byName[name])
	}
	return out
}

func (r *surveyRule) wants(c *computation, sh *sheaf, in scope) bool {
	return r.takes(sh.key) &&
		(in.period == "" || partOfRun(c.prog.params[periodParam], in.period, sh.key.period, "")) &&
		(in.column != "source" || sh.key.stratum == in.name)
}

// sort puts a sheaf into the class it belongs to; by respondent, each of its
// sheets into a class of its own.
func (r *surveyRule) sort(c *computation, byName map[string]*class, p *panel, sh *sheaf) {
	items := r.items
	if len(items) == 0 {
		items = c.asked[p.code]
	}
	if r.by == "respondent" {
		r.sortSheets(byName, p, sh, items)
		return
	}
	cl := r.class(byName, r.classOf(p, sh), items, p)
	cl.n += sh.turnout.Valid
	cl.sheets = append(cl.sheets, sh.sheets...)
	for item, values := range sh.counts {
		for value, n := range values {
			cl.add(items, item, value, n)
		}
	}
}

// classOf names the class of a sheaf, where they go by what sheaves have in common.
func (r *surveyRule) classOf(p *panel, sh *sheaf) string {
	return map[string]string{"relation": sh.key.relation, "stratum": sh.key.stratum, "panel": p.code}[r.by]
}

// sortSheets puts each sheet into the class of its respondent; one that names
// nobody is a class by itself.
func (r *surveyRule) sortSheets(byName map[string]*class, p *panel, sh *sheaf, items []string) {
	i := 0
	for _, s := range sh.sheets {
		for range s.times {
			name := s.respondent
			if name == "" {
				name = fmt.Sprintf("%s/%06d", sh.key.order(), i)
			}
			i++
			cl := r.class(byName, name, items, p)
			cl.n += s.count
			for _, a := range *s.answers {
				cl.add(items, a.Item, a.Value, s.count)
			}
		}
	}
}

// class finds or starts a class and notes the scale of its items.
func (r *surveyRule) class(byName map[string]*class, name string, items []string, p *panel) *class {
	cl, ok := byName[name]
	if !ok {
		cl = &class{name: name, shown: name, counts: map[string]map[string]int64{}, scales: map[string]*scale{}}
		if r.by == "respondent" {
			cl.shown = ""
		}
		byName[name] = cl
	}
	for _, item := range items {
		cl.scales[item] = p.scale
		if r.scale != nil {
			cl.scales[item] = r.scale
		}
	}
	return cl
}

func (cl *class) add(items []string, item, value string, n int64) {
	if !slices.Contains(items, item) {
		return
	}
	if cl.counts[item] == nil {
		cl.counts[item] = map[string]int64{}
	}
	cl.counts[item][value] += n
}

// evaluate works out a class's own value.
func (r *surveyRule) evaluate(cl *class, cell *Cell) {
	if r.by != "" && r.by != "respondent" {
		cell.line("class", "Class", cl.name, "Count", cl.n)
	}
	switch r.aggregate {
	case "persons":
		cl.value = cl.byPersons(cell)
	case "answers":
		cl.value = cl.pooled(cell)
	default:
		cl.value = cl.byItems(cell, r.by == "respondent")
	}
}

// itemSum is Σ n·points, n and the sum as written of one item.
func (cl *class) itemSum(item string) (total *big.Rat, n int64, written string) {
	total = new(big.Rat)
	var parts []string
	for _, value := range keys(cl.counts[item]) {
		points, counted, _ := cl.scales[item].value(value)
		if !counted {
			continue
		}
		k := cl.counts[item][value]
		n += k
		total.Add(total, new(big.Rat).Mul(points, rat(k)))
		parts = append(parts, fmt.Sprintf("%d × %s", k, plain(points)))
	}
	return total, n, strings.Join(parts, " + ")
}

func (cl *class) byItems(cell *Cell, quiet bool) *big.Rat {
	var means []*big.Rat
	var written []string
	for _, item := range keys(cl.scales) {
		total, n, sum := cl.itemSum(item)
		if n == 0 {
			continue
		}
		mean := new(big.Rat).Quo(total, rat(n))
		if !quiet {
			cell.line("item", "Item", item, "Sum", sum, "Count", n, "Value", mean)
		}
		means = append(means, mean)
		written = append(written, plain(mean))
	}
	if len(means) == 0 {
		return nil
	}
	mean := meanOf(means)
	switch terms := strings.Join(written, " + "); {
	case len(means) == 1:
	case quiet:
		cell.line("response", "Terms", terms, "Count", cl.n, "Items", len(means), "Value", mean)
	default:
		cell.line("mean_of_items", "Terms", terms, "Count", len(means), "Value", mean)
	}
	return mean
}

// pooled is the mean of all answers, whatever the item.
func (cl *class) pooled(cell *Cell) *big.Rat {
	all := tally{}
	for _, item := range keys(cl.scales) {
		for value, k := range cl.counts[item] {
			if points, counted, _ := cl.scales[item].value(value); counted {
				all.add(points, k)
			}
		}
	}
	return all.mean(cell, "pooled")
}

// byPersons is the mean over respondents of each one's own mean.
func (cl *class) byPersons(cell *Cell) *big.Rat {
	alike := map[*[]Answer]int64{} // persons by what they said
	for _, s := range cl.sheets {
		alike[s.answers] += s.count * int64(s.times)
	}
	all := tally{}
	for answers, persons := range alike {
		if own := cl.ownMean(*answers); own != nil {
			all.add(own, persons)
		}
	}
	return all.mean(cell, "by_persons")
}

// ownMean is the mean of the points that one person gave, nil for none.
func (cl *class) ownMean(answers []Answer) *big.Rat {
	own, k := new(big.Rat), int64(0)
	for _, a := range answers {
		sc := cl.scales[a.Item]
		if sc == nil {
			continue
		}
		if points, counted, _ := sc.value(a.Value); counted {
			own.Add(own, points)
			k++
		}
	}
	if k == 0 {
		return nil
	}
	return own.Quo(own, rat(k))
}
