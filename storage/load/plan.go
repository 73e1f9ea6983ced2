package load

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"time"

	"pingyi/storage"
	"pingyi/survey"
)

// Plan is what applying a set of files would change. It holds for the database
// as it was when the plan was made.
type Plan struct {
	store     *storage.Store
	files     Files
	changes   []Change
	unchanged map[Kind]int
	notices   []Notice
}

// Make checks the files against each other and against the database, and says
// what applying them would change. Faults say that nothing can be applied; the
// error is about the database.
func Make(ctx context.Context, store *storage.Store, now time.Time, files Files) (*Plan, survey.Faults, error) {
	house, err := store.House(ctx)
	if err != nil {
		return nil, nil, err
	}
	p := &Plan{store: store, files: files}
	d, faults := p.draft(house, now)
	if len(faults) > 0 {
		return nil, faults, nil
	}
	p.changes, p.unchanged, p.notices = d.changes, d.unchanged, d.notices
	return p, nil, nil
}

// Changes are what applying makes new or different, in the order of the kinds.
func (p *Plan) Changes() []Change { return p.changes }

// Unchanged counts, by kind, what the files say and stands already.
func (p *Plan) Unchanged() map[Kind]int { return p.unchanged }

// Notices are worth knowing before applying.
func (p *Plan) Notices() []Notice { return p.notices }

// Apply makes the changes in one transaction, all or none. It is
// survey.ErrStale where the database has changed so that the plan would change
// something else than it shows; make a new one. A plan without changes is
// nothing to apply, and leaves no trace.
func (p *Plan) Apply(ctx context.Context, now time.Time, cause storage.Cause) error {
	return p.store.Apply(ctx, now, cause, func(house *storage.House) (*storage.House, any, error) {
		d, faults := p.draft(house, now)
		if err := faults.Err(); err != nil {
			return nil, nil, fmt.Errorf("the database has changed: %w: %w", survey.ErrStale, err)
		}
		if !reflect.DeepEqual(d.changes, p.changes) {
			return nil, nil, fmt.Errorf("the database has changed: %w", survey.ErrStale)
		}
		return &d.write, record(p.files, d.changes), nil
	})
}

// draft is a plan being made: what to write, and how it differs.
type draft struct {
	write     storage.House
	changes   []Change
	unchanged map[Kind]int
	notices   []Notice
}

func (p *Plan) draft(house *storage.House, now time.Time) (*draft, survey.Faults) {
	h := index(house, p.store.Zone(), now, p.store.PhoneHash)
	s := parse(p.files)
	s.check(h)
	if len(s.faults) > 0 {
		s.faults.Sort()
		return nil, s.faults
	}
	d := &draft{unchanged: map[Kind]int{}, notices: s.notices}
	d.project(s, h)
	d.rows(s, h)
	d.bodies(s, h)
	d.figures(s, h)
	return d, nil
}

// note keeps what differs and reports whether there is anything to write.
func (d *draft) note(kind Kind, code string, exists bool, f fields) bool {
	if exists && len(f) == 0 {
		d.unchanged[kind]++
		return false
	}
	d.changes = append(d.changes, Change{Kind: kind, Code: code, Added: !exists, Fields: f})
	return true
}

func (d *draft) project(s *set, h *standing) {
	if s.project == nil {
		return
	}
	var f fields
	before, after := map[string]json.RawMessage{}, asFields(s.project)
	if h.project != nil {
		before = asFields(h.project)
	}
	for _, key := range both(before, after) {
		f.text(key, string(before[key]), string(after[key]))
	}
	if d.note(Project, s.project.Code, h.project != nil, f) {
		d.write.Project = s.project
	}
}

// asFields splits the project into its settings as they are kept.
func asFields(p *survey.Project) map[string]json.RawMessage {
	b, _ := json.Marshal(p) // texts, numbers and flags only
	out := map[string]json.RawMessage{}
	_ = json.Unmarshal(b, &out)
	return out
}

// rows are units, people, subjects and the calendar.
func (d *draft) rows(s *set, h *standing) {
	for _, u := range s.units {
		was, exists := h.units[u.Code]
		want := u.want(was)
		if d.note(Units, u.Code, exists, changedUnit(was, want)) {
			d.write.Units = append(d.write.Units, want)
		}
	}
	d.people(s, h)
	people := keys(h.people)
	add(people, s.people, func(p person) string { return p.code })
	for _, x := range s.subjects {
		was, exists := h.subjects[x.Code]
		want := x.want(was, people)
		if d.note(Subjects, x.Code, exists, changedSubject(was, want)) {
			d.write.Subjects = append(d.write.Subjects, want)
		}
	}
	d.days(s, h)
}

// people takes the rows of each person together, in the order in which people
// are first named.
func (d *draft) people(s *set, h *standing) {
	rowsOf := make(map[string][]person, len(s.people))
	var order []string
	for _, p := range s.people {
		if rowsOf[p.code] == nil {
			order = append(order, p.code)
		}
		rowsOf[p.code] = append(rowsOf[p.code], p)
	}
	for _, code := range order {
		was, exists := h.people[code]
		want := wantPerson(rowsOf[code], was)
		if d.note(People, code, exists, changedPerson(was, want)) {
			d.write.People = append(d.write.People, want)
		}
	}
}

func (d *draft) days(s *set, h *standing) {
	for _, day := range s.days {
		was, exists := h.calendar[day.day]
		var f fields
		switch {
		case !exists:
			f.text("working", "", yesOrNo(day.working))
		case was != day.working:
			f.text("working", yesOrNo(was), yesOrNo(day.working))
		}
		if d.note(Calendar, day.day.String(), exists, f) {
			if d.write.Calendar == nil {
				d.write.Calendar = survey.Calendar{}
			}
			d.write.Calendar[day.day] = day.working
		}
	}
}

func yesOrNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func version(n int) string {
	if n == 0 {
		return ""
	}
	return "v" + strconv.Itoa(n)
}

// bodies are the YAML files with versions, states and schedules.
func (d *draft) bodies(s *set, h *standing) {
	for _, b := range s.questionnaires {
		d.version(Questionnaire, &d.write.Questionnaires, h.questionnaires[b.code], b.code, b.spec.Hash[:], b.text)
	}
	newest := map[string]int{}
	for code, sc := range h.schemes {
		newest[code] = sc.Version
	}
	for _, b := range s.schemes {
		hash := sha256.Sum256(bytes.TrimSpace(bytes.ReplaceAll(b.text, []byte("\r\n"), []byte("\n"))))
		newest[b.code] = d.version(Scheme, &d.write.Schemes, h.schemes[b.code], b.code, hash[:], b.text)
	}
	for _, b := range s.rounds {
		d.round(b, h)
	}
	for _, b := range s.evaluations {
		was, exists := h.evaluations[b.code]
		want := evaluationRow(b.spec)
		scheme := newest[want.Scheme]
		if was.State == survey.EvaluationApproved || was.State == survey.EvaluationPublished {
			scheme = 0 // what was approved keeps its version
		}
		if d.note(Evaluation, b.code, exists, changedEvaluation(was, want, scheme)) {
			d.write.Evaluations = append(d.write.Evaluations, want)
		}
	}
}

// version writes content that differs from the newest version as the next one,
// and returns the number of the newest.
func (d *draft) version(kind Kind, to *[]storage.VersionRow, was storage.VersionRow, code string, hash, text []byte) int {
	var f fields
	next := was.Version
	if !bytes.Equal(was.Hash, hash) {
		next++
		f.text("version", version(was.Version), version(next))
	}
	if d.note(kind, code, was.Version != 0, f) {
		*to = append(*to, storage.VersionRow{Code: code, Version: next, Hash: hash, Body: string(text)})
	}
	return next
}

func (d *draft) round(b body[*survey.RoundSpec], h *standing) {
	var f fields
	if b.spec.Series != nil {
		was, exists := h.series[b.code]
		if !exists || !sameRound(was.Body, b.spec) {
			f.text("file", digest(was.Body), digest(string(b.text)))
		}
		if d.note(Series, b.code, exists, f) {
			d.write.Series = append(d.write.Series, storage.SeriesRow{Code: b.code, Body: string(b.text)})
		}
		return
	}
	was, exists := h.rounds[b.code]
	want := roundRow(b, was, h)
	if !exists || !sameRound(was.Body, b.spec) {
		f.words("title", was.Title, want.Title)
		f.text("period", was.Period, want.Period)
		f.text("opens", moment(was.OpensAt, h.zone), moment(want.OpensAt, h.zone))
		f.text("file", digest(was.Body), digest(want.Body))
	}
	if d.note(Round, b.code, exists, f) {
		d.write.Rounds = append(d.write.Rounds, want)
	}
}

func moment(t *time.Time, zone *time.Location) string {
	if t == nil {
		return ""
	}
	return t.In(zone).Format("2006-01-02 15:04")
}

// digest names a text briefly, so that one can see that it differs.
func digest(text string) string {
	if text == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:4])
}

// figures are values and the ledger.
func (d *draft) figures(s *set, h *standing) {
	for _, v := range s.values {
		was, exists := h.values[v.ValueKey]
		want := v.want(was)
		if d.note(Values, v.code(), exists, changedValue(was, want)) {
			d.write.Values = append(d.write.Values, want)
		}
	}
	for _, e := range s.ledger {
		was, exists := h.ledger[e.ID]
		want := e.want(was)
		if d.note(Ledger, e.ID, exists, changedEntry(was, want)) {
			d.write.Ledger = append(d.write.Ledger, want)
		}
	}
}
