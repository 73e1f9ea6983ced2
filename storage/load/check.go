package load

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"pingyi/survey"
)

// known are the codes that something may refer to: of the files and of what
// stands. A nil set lets every code pass: its file could not be read, and that
// was said already.
type known struct {
	units, people, subjects                map[string]bool
	questionnaires, schemes                map[string]bool
	rounds, kinds, groups, districts, ages map[string]bool
}

func (s *set) known(h *standing) known {
	k := known{units: keys(h.units), people: keys(h.people), subjects: keys(h.subjects),
		questionnaires: keys(h.questionnaires), schemes: keys(h.schemes), rounds: keys(h.rounds),
		kinds: map[string]bool{}, groups: map[string]bool{}}
	for _, x := range h.subjects {
		k.kinds[x.Kind], k.groups[x.Group] = true, true
	}
	add(k.units, s.units, func(u unit) string { return u.Code })
	add(k.people, s.people, func(p person) string { return p.code })
	add(k.subjects, s.subjects, func(x subject) string { return x.Code })
	add(k.kinds, s.subjects, func(x subject) string { return x.Kind })
	add(k.groups, s.subjects, func(x subject) string { return x.Group })
	for _, b := range s.questionnaires {
		k.questionnaires[b.code] = true
	}
	for _, b := range s.schemes {
		k.schemes[b.code] = true
	}
	for _, b := range s.rounds {
		if b.spec.Series == nil && b.code != "" {
			k.rounds[b.code] = true
		}
	}
	if p := current(s.project, h.project); p != nil {
		k.districts, k.ages = places(p.Enrolment.Districts), places(p.Enrolment.Ages)
	}
	s.pass(&k)
	return k
}

// pass lets everything refer to what stands in files that could not be read.
func (s *set) pass(k *known) {
	for kind, sets := range map[Kind][]*map[string]bool{
		Project: {&k.districts, &k.ages}, Units: {&k.units}, People: {&k.people},
		Subjects: {&k.subjects, &k.kinds, &k.groups}, Questionnaire: {&k.questionnaires},
		Scheme: {&k.schemes}, Round: {&k.rounds},
	} {
		if s.unread[kind] {
			for _, set := range sets {
				*set = nil
			}
		}
	}
}

func current(file, standing *survey.Project) *survey.Project {
	if file != nil {
		return file
	}
	return standing
}

// groupNames are the groups that the project has names for.
func groupNames(p *survey.Project) []survey.Place {
	if p == nil {
		return nil
	}
	return p.Groups
}

func keys[V any](m map[string]V) map[string]bool {
	out := make(map[string]bool, len(m))
	for k := range m {
		out[k] = true
	}
	return out
}

func add[R any](to map[string]bool, rows []R, code func(R) string) {
	for _, r := range rows {
		to[code(r)] = true
	}
}

// places are the codes that enrolment offers, nil where it asks for none.
func places(ps []survey.Place) map[string]bool {
	if len(ps) == 0 {
		return nil
	}
	out := map[string]bool{}
	for _, p := range ps {
		out[p.Code] = true
	}
	return out
}

// check adds what the files say about each other and about what stands.
func (s *set) check(h *standing) {
	s.addShipped(h)
	k := s.known(h)
	s.checkTwice()
	for _, u := range s.units {
		s.refers(u.place, u.parent, k.units, "load.unit_unknown")
	}
	s.checkUnitCycles(h)
	s.checkPeople(h, k)
	named := places(groupNames(current(s.project, h.project)))
	for _, x := range s.subjects {
		s.refers(x.place, x.parent, k.subjects, "load.subject_unknown")
		s.checkOf(x, k)
		if x.Group != "" && named != nil && !named[x.Group] {
			s.notice(x.place, "load.group_nameless", args{"Got": x.Group, "Near": nearest(x.Group, maps.Keys(named))})
		}
	}
	s.checkSubjectCycles(h)
	for _, v := range s.values {
		s.refers(v.place, v.subject, k.subjects, "load.subject_unknown")
	}
	for _, e := range s.ledger {
		s.refers(e.place, e.subject, k.subjects, "load.subject_unknown")
	}
	for _, b := range s.rounds {
		s.checkRound(b, k, h)
	}
	for _, b := range s.evaluations {
		s.checkEvaluation(b, k, h)
	}
}

// refers reports a reference to nothing.
func (s *set) refers(row place, r ref, to map[string]bool, code string) {
	if r.code == "" || to == nil || to[r.code] || s.full() {
		return
	}
	s.faultAt(place{row.file, r.at}, code, args{"Got": r.code, "Near": nearest(r.code, maps.Keys(to))})
}

// checkOf reports a subject that stands for nothing there is.
func (s *set) checkOf(x subject, k known) {
	if x.Kind == personKind {
		s.refers(x.place, x.of, k.people, "load.person_unknown")
		return
	}
	if !k.people[x.of.code] {
		s.refers(x.place, x.of, k.units, "load.of_unknown")
	}
}

// personKind is the kind of subject whose column of names a person.
const personKind = "person"

// checkTwice reports what is said twice.
func (s *set) checkTwice() {
	once(s, s.units, func(u unit) (place, string) { return u.place, u.Code })
	once(s, s.subjects, func(x subject) (place, string) { return x.place, x.Code })
	once(s, s.days, func(d day) (place, string) { return d.place, d.day.String() })
	once(s, s.values, func(v value) (place, string) {
		return v.place, strings.Join([]string{v.Subject, v.Indicator, v.Period, v.Source, v.Date}, ",")
	})
	once(s, s.ledger, func(e entry) (place, string) { return e.place, e.ID })
	once(s, s.questionnaires, func(b body[*survey.Questionnaire]) (place, string) { return b.place, b.code })
	once(s, s.evaluations, func(b body[*survey.EvaluationSpec]) (place, string) { return b.place, b.code })
	once(s, s.rounds, func(b body[*survey.RoundSpec]) (place, string) { return b.place, b.code })
	seen := map[string]place{}
	for _, b := range s.schemes {
		s.onceIn(seen, b.place, b.code)
	}
}

func once[R any](s *set, rows []R, key func(R) (place, string)) {
	seen := make(map[string]place, len(rows))
	for _, r := range rows {
		at, code := key(r)
		s.onceIn(seen, at, code)
	}
}

func (s *set) onceIn(seen map[string]place, at place, code string) {
	if code == "" {
		return // its file has faults, and does not say what it is called
	}
	if first, again := seen[code]; again {
		s.faultAt(at, "load.twice", args{"Got": code, "First": first.String()})
		return
	}
	seen[code] = at
}

// String is the place as faults name it, without the column.
func (p place) String() string { return fmt.Sprintf("%s:%d", p.file, p.line) }

func (s *set) checkUnitCycles(h *standing) {
	above := make(map[string][]link, len(h.units)+len(s.units))
	for code, u := range h.units {
		above[code] = []link{{to: u.Parent}}
	}
	for _, u := range slices.Backward(s.units) { // of a code said twice the first counts
		if u.has["parent"] {
			above[u.Code] = []link{{u.Parent, place{u.file, u.parent.at}}}
		}
	}
	s.checkCircles(above, "load.unit_cycle")
}

func (s *set) checkSubjectCycles(h *standing) {
	above := make(map[string][]link, len(h.subjects)+len(s.subjects))
	for code, x := range h.subjects {
		above[code] = []link{{to: x.Parent}}
	}
	for _, x := range slices.Backward(s.subjects) {
		if x.has["parent"] {
			above[x.Code] = []link{{x.Parent, place{x.file, x.parent.at}}}
		}
	}
	s.checkCircles(above, "load.subject_cycle")
}
