package scoring

import (
	"cmp"
	"slices"
	"strings"
)

// Tally cleans responses as Compute does and returns them counted, for data
// that is to keep counts in place of responses. It takes panels none of whose
// rules read single responses; what it returns is in an order of its own.
func (s *Scheme) Tally(b *Ballots, given Params) ([]Count, []Turnout, Faults) {
	params, faults := s.paramValues(&Data{}, given)
	if len(faults) > 0 {
		return nil, nil, faults
	}
	prog, faults := s.bind(params)
	if errs := faults.Errors(); len(errs) > 0 {
		return nil, nil, errs
	}
	c := newComputation(prog, &Data{Ballots: *b})
	(&cleaner{computation: c, b: &c.data.Ballots}).run()
	if len(c.faults) > 0 {
		return nil, nil, c.faults.sorted()
	}
	var counts []Count
	var turnouts []Turnout
	for _, panel := range keys(c.sheaves) {
		for _, subject := range keys(c.sheaves[panel]) {
			for _, sh := range c.sheaves[panel][subject] {
				t := sh.turnout
				t.Panel, t.Subject, t.Relation, t.Stratum, t.Period = panel, subject, sh.key.relation, sh.key.stratum, sh.key.period
				turnouts = append(turnouts, t)
				counts = append(counts, sh.counted(t)...)
			}
		}
	}
	return counts, turnouts, nil
}

// counted lists how often each answer was given.
func (s *sheaf) counted(of Turnout) []Count {
	var out []Count
	for item, values := range s.counts {
		for value, n := range values {
			out = append(out, Count{Panel: of.Panel, Relation: of.Relation, Subject: of.Subject, Stratum: of.Stratum,
				Period: of.Period, Item: item, Value: value, N: n})
		}
	}
	slices.SortFunc(out, func(a, b Count) int {
		return cmp.Or(strings.Compare(a.Item, b.Item), strings.Compare(a.Value, b.Value))
	})
	return out
}
