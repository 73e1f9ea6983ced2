package load

import (
	"maps"
	"slices"
	"strings"

	"pingyi/storage"
	"pingyi/survey"
)

// Change is one thing that applying a plan makes new or different.
type Change struct {
	Kind   Kind
	Code   string
	Added  bool
	Fields []Field // what differs; of something new, what it says
}

// Field is what one property was and will be. Private values (phones, Telegram
// accounts) are never shown: both are empty.
type Field struct {
	Name          string
	Before, After string
	Private       bool
}

// fields collects what differs.
type fields []Field

func (f *fields) text(name, before, after string) {
	if before != after {
		*f = append(*f, Field{Name: name, Before: before, After: after})
	}
}

func (f *fields) private(name string, differs bool) {
	if differs {
		*f = append(*f, Field{Name: name, Private: true})
	}
}

// words compares a text language by language: name, name:en, …
func (f *fields) words(name string, before, after survey.Text) {
	for _, lang := range both(before, after) {
		column := name
		if lang != "" {
			column += ":" + string(lang)
		}
		f.text(column, before[lang], after[lang])
	}
}

func (f *fields) attributes(before, after map[string]string) {
	for _, key := range both(before, after) {
		f.text(key, before[key], after[key])
	}
}

// both are the keys of two maps, in order.
func both[K ~string, V any](a, b map[K]V) []K {
	all := map[K]bool{}
	for k := range a {
		all[k] = true
	}
	for k := range b {
		all[k] = true
	}
	return slices.Sorted(maps.Keys(all))
}

func changedUnit(was, want storage.UnitRow) fields {
	var f fields
	f.words("name", was.Name, want.Name)
	f.text("kind", was.Kind, want.Kind)
	f.text("parent", was.Parent, want.Parent)
	f.attributes(was.Attributes, want.Attributes)
	return f
}

func changedPerson(was, want storage.PersonRow) fields {
	var f fields
	f.text("name", was.Name, want.Name)
	f.text("language", string(was.Language), string(want.Language))
	f.private("telegram", was.TelegramID != want.TelegramID)
	f.private("phone", string(was.PhoneHash) != string(want.PhoneHash))
	f.text("district", was.District, want.District)
	f.text("age", was.Age, want.Age)
	f.text("memberships", memberships(was.Memberships), memberships(want.Memberships))
	f.text("roles", roles(was), roles(want))
	if was.Enrolled {
		f.text("enrolled", "yes", "no")
	}
	return f
}

// memberships writes capacities as people read them: staff police 科长.
func memberships(ms []storage.MembershipRow) string {
	var all []string
	for _, m := range ms {
		parts := []string{string(m.Kind), m.Unit, m.Post}
		if m.Manager != "" {
			parts = append(parts, "↑"+m.Manager)
		}
		if m.From != "" || m.To != "" {
			parts = append(parts, m.From+"…"+m.To)
		}
		parts = slices.DeleteFunc(parts, func(s string) bool { return s == "" })
		all = append(all, strings.Join(parts, " "))
	}
	slices.Sort(all)
	return strings.Join(all, "; ")
}

// roles writes the roles that files decide on: not those by PINGYI_ADMINS.
func roles(p storage.PersonRow) string {
	var all []string
	for _, r := range p.Roles {
		switch {
		case p.Admin && r.Role == "admin" && r.Unit == "":
		case r.Unit == "":
			all = append(all, r.Role)
		default:
			all = append(all, r.Role+"@"+r.Unit)
		}
	}
	slices.Sort(all)
	return strings.Join(all, "|")
}

func changedSubject(was, want storage.SubjectRow) fields {
	var f fields
	f.words("name", was.Name, want.Name)
	f.text("kind", was.Kind, want.Kind)
	f.text("group", was.Group, want.Group)
	f.text("parent", was.Parent, want.Parent)
	f.text("of", was.Unit+was.Person, want.Unit+want.Person)
	f.text("active", active(was), active(want))
	f.attributes(was.Attributes, want.Attributes)
	return f
}

func active(x storage.SubjectRow) string {
	switch {
	case x.Code == "":
		return ""
	case x.Active:
		return "yes"
	}
	return "no"
}

func changedValue(was, want storage.ValueRow) fields {
	var f fields
	f.text("value", was.Value, want.Value)
	f.text("target", was.Target, want.Target)
	f.text("due", was.Due, want.Due)
	f.text("weight", was.Weight, want.Weight)
	return f
}

func changedEntry(was, want storage.LedgerRow) fields {
	var f fields
	f.text("subject", was.Subject, want.Subject)
	f.text("kind", was.Kind, want.Kind)
	f.text("points", was.Points, want.Points)
	f.text("category", was.Category, want.Category)
	f.text("date", was.Date, want.Date)
	f.text("approved", was.Approved, want.Approved)
	f.text("matter", was.Matter, want.Matter)
	f.text("level", was.Level, want.Level)
	f.text("indicator", was.Indicator, want.Indicator)
	f.text("period", was.Period, want.Period)
	f.text("reason", was.Reason, want.Reason)
	return f
}

// changedEvaluation compares evaluations; scheme is the newest version's
// number, 0 to leave it out.
func changedEvaluation(was, want storage.EvaluationRow, scheme int) fields {
	var f fields
	f.words("title", was.Title, want.Title)
	f.text("period", was.Period, want.Period)
	f.text("scheme", was.Scheme, want.Scheme)
	f.attributes(was.Params, want.Params)
	f.text("rounds", evaluationRounds(was.Rounds), evaluationRounds(want.Rounds))
	if len(f) == 0 && scheme != 0 && scheme != was.Version {
		f.text("scheme", was.Scheme+" "+version(was.Version), want.Scheme+" "+version(scheme))
	}
	return f
}

func evaluationRounds(rs []survey.EvaluationRound) string {
	var all []string
	for _, r := range rs {
		all = append(all, strings.TrimSuffix(r.Round+"="+r.Period, "="))
	}
	return strings.Join(all, ", ")
}
