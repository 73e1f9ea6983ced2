package load

import (
	"maps"
	"slices"
	"strings"
	"time"

	"pingyi/storage"
	"pingyi/survey"
)

// What a row wants is what stands, changed by the columns its file has.

// keep returns what the row says where its file has the column, else what stands.
func keep(has map[string]bool, column, row, was string) string {
	if has[column] {
		return row
	}
	return was
}

// keepName takes over the languages that the file has columns for.
func keepName(has map[string]bool, row, was survey.Text) survey.Text {
	want := survey.Text{}
	for lang, words := range was {
		column := "name"
		if lang != "" {
			column += ":" + string(lang)
		}
		if !has[column] {
			want[lang] = words
		}
	}
	maps.Copy(want, row)
	return want
}

func keepAttributes(has map[string]bool, row, was map[string]string) map[string]string {
	want := map[string]string{}
	for key, v := range was {
		if !has[key] {
			want[key] = v
		}
	}
	maps.Copy(want, row)
	return want
}

func (u unit) want(was storage.UnitRow) storage.UnitRow {
	return storage.UnitRow{Code: u.Code, Name: keepName(u.has, u.Name, was.Name),
		Kind: keep(u.has, "kind", u.Kind, was.Kind), Parent: keep(u.has, "parent", u.Parent, was.Parent),
		Attributes: keepAttributes(u.has, u.Attributes, was.Attributes)}
}

func (x subject) want(was storage.SubjectRow, people map[string]bool) storage.SubjectRow {
	want := storage.SubjectRow{Code: x.Code, Name: keepName(x.has, x.Name, was.Name), Kind: x.Kind,
		Group: keep(x.has, "group", x.Group, was.Group), Parent: keep(x.has, "parent", x.Parent, was.Parent),
		Unit: was.Unit, Person: was.Person, Active: was.Active || was.Code == "" || x.has["active"],
		Attributes: keepAttributes(x.has, x.Attributes, was.Attributes)}
	if x.active != nil {
		want.Active = *x.active
	}
	if x.has["of"] {
		want.Unit, want.Person = x.of.code, ""
		if x.Kind == personKind || people[x.of.code] {
			want.Unit, want.Person = "", x.of.code
		}
	}
	return want
}

func (v value) want(was storage.ValueRow) storage.ValueRow {
	want := v.ValueRow
	want.Target = keep(v.has, "target", v.Target, was.Target)
	want.Due = keep(v.has, "due", v.Due, was.Due)
	want.Weight = keep(v.has, "weight", v.Weight, was.Weight)
	return want
}

func (e entry) want(was storage.LedgerRow) storage.LedgerRow {
	want := e.LedgerRow
	for column, to := range map[string]struct {
		value *string
		was   string
	}{
		"points": {&want.Points, was.Points}, "category": {&want.Category, was.Category},
		"date": {&want.Date, was.Date}, "approved": {&want.Approved, was.Approved},
		"matter": {&want.Matter, was.Matter}, "level": {&want.Level, was.Level},
		"indicator": {&want.Indicator, was.Indicator}, "period": {&want.Period, was.Period},
		"reason": {&want.Reason, was.Reason},
	} {
		*to.value = keep(e.has, column, *to.value, to.was)
	}
	return want
}

// wantPerson is what all rows of one person say together.
func wantPerson(rows []person, was storage.PersonRow) storage.PersonRow {
	want := was
	want.Code, want.Enrolled = rows[0].code, false
	want.Memberships, want.Roles = nil, nil
	hasRole := false
	for _, p := range rows {
		first(&want.Name, was.Name, p.name)
		first(&want.District, was.District, p.district)
		first(&want.Age, was.Age, p.age)
		if was.TelegramID == 0 { // not joined yet: people choose for themselves later
			if p.account != 0 && !was.Released {
				want.TelegramID = p.account
			}
			if p.language != "" {
				want.Language = p.language
			}
		}
		if p.phoneHash != nil {
			want.PhoneHash = p.phoneHash
		}
		want.Memberships = append(want.Memberships, p.wantMembership(was.Memberships))
		for _, r := range p.roles {
			role := storage.RoleRow{Role: r.role, Unit: r.unit.code}
			if !slices.Contains(want.Roles, role) {
				want.Roles = append(want.Roles, role)
			}
		}
		hasRole = hasRole || p.has["role"]
	}
	if !hasRole {
		want.Roles = was.Roles
	}
	return want
}

// first takes what a row says, unless an earlier row of the person said it.
func first(want *string, was, row string) {
	if row != "" && *want == was {
		*want = row
	}
}

// wantMembership fills columns the file does not have from the one capacity
// that stands and can be meant.
func (p person) wantMembership(standing []storage.MembershipRow) storage.MembershipRow {
	m := p.membership
	meant := slices.DeleteFunc(slices.Clone(standing), func(was storage.MembershipRow) bool {
		return was.Kind != m.Kind || p.has["unit"] && was.Unit != m.Unit
	})
	if len(meant) != 1 {
		return m
	}
	was := meant[0]
	m.Unit, m.Manager = keep(p.has, "unit", m.Unit, was.Unit), keep(p.has, "manager", m.Manager, was.Manager)
	m.Post = keep(p.has, "post", m.Post, was.Post)
	m.From, m.To = keep(p.has, "from", m.From, was.From), keep(p.has, "to", m.To, was.To)
	return m
}

// roundRow is a round as its file has it. Times that an admin has set stay
// where neither this file nor the one before names any.
func roundRow(b body[*survey.RoundSpec], was storage.RoundRow, h *standing) storage.RoundRow {
	row := storage.RoundRow{Code: b.code, Title: b.spec.Title, Period: b.spec.Period, Body: string(b.text),
		State: survey.RoundDraft, OpensAt: was.OpensAt, ClosesAt: was.ClosesAt}
	before, faults := survey.ParseRound("", []byte(was.Body)) // faults: new, or no longer readable
	row.OpensAt = momentOf(b.spec.Opens, row.OpensAt, len(faults) == 0 && !before.Opens.Zero(), h.zone)
	row.ClosesAt = momentOf(b.spec.Closes, row.ClosesAt, len(faults) == 0 && !before.Closes.Zero(), h.zone)
	if row.OpensAt != nil {
		row.State = survey.RoundScheduled
	}
	return row
}

// momentOf is the moment a file names; else what was set by hand, unless it
// came from the file before.
func momentOf(t survey.LocalTime, set *time.Time, fromFile bool, zone *time.Location) *time.Time {
	switch {
	case !t.Zero():
		at := t.In(zone)
		return &at
	case fromFile:
		return nil
	}
	return set
}

func evaluationRow(e *survey.EvaluationSpec) storage.EvaluationRow {
	rounds := slices.Clone(e.Rounds)
	slices.SortFunc(rounds, func(a, b survey.EvaluationRound) int { return strings.Compare(a.Round, b.Round) })
	return storage.EvaluationRow{Code: e.Code, Title: e.Title, Period: e.Period, Scheme: e.Scheme,
		Params: e.Params, Rounds: rounds}
}
