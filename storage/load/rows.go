package load

import (
	"slices"
	"strings"

	"pingyi/scoring"
	"pingyi/storage"
	"pingyi/survey"
)

// unitColumns, … are the headers of the tables.
func unitColumns() columns {
	return columns{must: []string{"code", "name"}, may: []string{"kind", "parent"}, texts: []string{"name"}, open: true}
}

func subjectColumns() columns {
	return columns{must: []string{"code", "name", "kind"}, may: []string{"group", "parent", "of", "active"},
		texts: []string{"name"}, open: true}
}

func calendarColumns() columns {
	return columns{must: []string{"date", "working"}, may: []string{"name"}, texts: []string{"name"}}
}

func valueColumns() columns {
	return columns{must: []string{"subject", "indicator", "value"},
		may: []string{"period", "target", "date", "due", "source", "weight"}}
}

func ledgerColumns() columns {
	return columns{must: []string{"id", "subject", "kind"}, may: []string{"points", "category", "date", "approved",
		"matter", "level", "indicator", "period", "reason"}}
}

func (s *set) readUnits(f file) {
	cols := unitColumns()
	t := s.open(f, cols)
	has := t.columnsHad()
	for t.next() {
		code, ok := t.neededCode("code")
		u := unit{place: t.here("code"), parent: t.ref("parent"), has: has}
		u.Code, u.Name, u.Kind, u.Parent = code, t.name(), t.code("kind"), u.parent.code
		u.Attributes = t.attributes(cols)
		if ok {
			s.units = append(s.units, u)
		}
	}
	s.close(f, t)
}

func (s *set) readSubjects(f file) {
	cols := subjectColumns()
	t := s.open(f, cols)
	has := t.columnsHad()
	for t.next() {
		code, ok := t.neededCode("code")
		kind, _ := t.neededCode("kind")
		x := subject{place: t.here("code"), parent: t.ref("parent"), of: t.ref("of"), has: has}
		x.Code, x.Name, x.Kind, x.Group, x.Parent = code, t.name(), kind, t.label("group"), x.parent.code
		x.Attributes = t.attributes(cols)
		if active, set := t.yes("active"); set {
			x.active = &active
		}
		if ok {
			s.subjects = append(s.subjects, x)
		}
	}
	s.close(f, t)
}

func (s *set) readCalendar(f file) {
	t := s.open(f, calendarColumns())
	for t.next() {
		date := t.needed("date")
		if date != "" {
			date = t.date("date")
		}
		t.needed("working")
		working, set := t.yes("working")
		if date == "" || !set {
			continue
		}
		if d, err := survey.ParseDay(date); err == nil { // date has written it so
			s.days = append(s.days, day{place: t.here("date"), day: d, working: working})
		}
	}
	s.close(f, t)
}

func (s *set) readValues(f file) {
	t := s.open(f, valueColumns())
	has := t.columnsHad()
	for t.next() {
		of, ok := t.neededRef("subject")
		indicator := t.needed("indicator")
		if indicator != "" {
			indicator = t.codeLike("indicator", indicatorForm)
		}
		v := value{place: t.here("subject"), subject: of, has: has}
		v.Subject, v.Indicator, v.Period, v.Source = of.code, indicator, t.code("period"), t.code("source")
		v.Date, v.Due = t.date("date"), t.date("due")
		v.Value, v.Target, v.Weight = t.cell("value"), t.number("target", false), t.number("weight", true)
		if scoring.PercentMixed(v.Value, v.Target) {
			t.fault("value", "scoring.fault.percent_mixed", args{"Got": clip(v.Value), "Target": clip(v.Target)})
		}
		if ok && indicator != "" {
			s.values = append(s.values, v)
		}
	}
	s.close(f, t)
}

// code is how a value is named: subject, indicator, and what else tells it
// from others.
func (v value) code() string {
	return strings.TrimRight(strings.Join([]string{v.Subject, v.Indicator, v.Period, v.Source, v.Date}, ","), ",")
}

func (s *set) readLedger(f file) {
	t := s.open(f, ledgerColumns())
	has := t.columnsHad()
	for t.next() {
		id, ok := t.neededCode("id")
		of, named := t.neededRef("subject")
		kind, _ := t.neededCode("kind")
		e := entry{place: t.here("id"), subject: of, has: has}
		e.ID, e.Subject, e.Kind, e.Points = id, of.code, kind, t.points("points")
		e.Category, e.Matter, e.Level = t.cell("category"), t.cell("matter"), t.cell("level")
		e.Date, e.Indicator, e.Period, e.Reason = t.date("date"), t.codeLike("indicator", indicatorForm), t.code("period"), t.cell("reason")
		if yes, set := t.yes("approved"); set {
			e.Approved = map[bool]string{true: "yes", false: "no"}[yes]
		}
		if ok && named {
			s.ledger = append(s.ledger, e)
		}
	}
	s.close(f, t)
}

func peopleColumns() columns {
	return columns{must: []string{"code", "name", "kind"}, may: []string{"unit", "manager", "post", "phone",
		"telegram", "language", "district", "age", "role", "from", "to"}}
}

// kindsOfPeople and rolesOfPeople are the words of the columns kind and role.
func kindsOfPeople() []string {
	return []string{string(survey.Citizen), string(survey.Staff), string(survey.Leader)}
}

func rolesOfPeople() []string { return []string{"admin", "organiser", "auditor", "contact"} }

func (s *set) readPeople(f file) {
	t := s.open(f, peopleColumns())
	has := t.columnsHad()
	for t.next() {
		if p, ok := t.person(has); ok {
			s.people = append(s.people, p)
		}
	}
	s.close(f, t)
}

// person reads a row; false where it has no code to know it by.
func (t *table) person(has map[string]bool) (person, bool) {
	code, ok := t.neededCode("code")
	p := person{place: t.here("code"), code: code, has: has, name: t.cell("name"),
		phone: t.cell("phone"), account: t.account("telegram"),
		language: survey.Lang(t.word("language", "load.language", languageTags())),
		district: t.code("district"), age: t.code("age"), unit: t.ref("unit"), manager: t.ref("manager"),
		at: personPlaces{name: t.place("name"), kind: t.place("kind"), phone: t.place("phone"),
			telegram: t.place("telegram"), district: t.place("district"), age: t.place("age"), to: t.place("to")}}
	t.needed("kind")
	p.membership = storage.MembershipRow{
		Kind: survey.PersonKind(t.word("kind", "load.person_kind", kindsOfPeople())),
		Unit: p.unit.code, Manager: p.manager.code, Post: t.cell("post"), From: t.date("from"), To: t.date("to")}
	if m := p.membership; m.From != "" && m.To != "" && m.To < m.From {
		t.fault("to", "load.dates_order", args{"From": m.From, "To": m.To})
	}
	p.roles = t.roles(p.unit)
	return p, ok
}

// roles reads admin|contact@police: roles, each for all or for one unit. A
// contact without a unit speaks for the row's.
func (t *table) roles(own ref) []roleRef {
	var out []roleRef
	cell := t.cell("role")
	if cell == "" {
		return nil
	}
	for _, word := range strings.FieldsFunc(cell, func(r rune) bool { return r == '|' || r == '、' || r == ',' }) {
		role, unit, _ := strings.Cut(strings.TrimSpace(word), "@")
		if fault := checkCode(unit, codeForm); fault != "" {
			t.fault("role", fault, args{"Got": clip(unit), "Most": MaxCode})
			continue
		}
		if !slices.Contains(rolesOfPeople(), role) {
			t.fault("role", "load.role", args{"Got": clip(role), "Near": nearest(role, slices.Values(rolesOfPeople())),
				"Known": strings.Join(rolesOfPeople(), ", ")})
			continue
		}
		r := roleRef{role: role, unit: ref{unit, t.place("role")}}
		if role == "contact" && unit == "" {
			r.unit = own
		}
		out = append(out, r)
	}
	return out
}
