package storage

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"pingyi/survey"
)

// Press is what a press on a form is about, read in one go.
type Press struct {
	Person Person
	Form   *OpenForm // nil where there is an error
	Err    error     // of the form alone, as that of FormToAnswer
}

// Pressed reads who an account belongs to and the request that was pressed, together with other presses.
// Where the press answers an item (0: it does not), that is enough of the form as long as the item is
// asked whatever was answered before: it stays blank until AnswerTo has entered what stands in the
// database. The error is survey.ErrNotFound where the account is nobody's.
func (s *Store) Pressed(ctx context.Context, now time.Time, telegramID, request int64, answers int) (Press, error) {
	if p, ok := s.remembered(now, telegramID, request, answers); ok {
		return p, nil
	}
	read := &pressRead{account: telegramID, request: request}
	if err := s.presses.wait(ctx, read); err != nil {
		return Press{}, fmt.Errorf("storage: press on request %d: %w", request, mapError(err))
	}
	if read.person == nil {
		return Press{}, fmt.Errorf("storage: person of an account: %w", survey.ErrNotFound)
	}
	p := Press{Person: *read.person}
	if p.Form, p.Err = s.pressedForm(ctx, now, read, answers); p.Err != nil {
		p.Form, p.Err = nil, fmt.Errorf("storage: form of request %d: %w", request, mapError(p.Err))
	}
	return p, nil
}

// pressedForm is the form of the request pressed, and remembers it where it can be answered.
func (s *Store) pressedForm(ctx context.Context, now time.Time, read *pressRead, answers int) (*OpenForm, error) {
	if read.form == nil {
		return nil, survey.ErrNotFound
	}
	q := *read.form
	f, err := s.emptyForm(ctx, read.person.ID, q)
	if err != nil || len(q.Salt) == 0 {
		return f, err
	}
	if f.ballots, err = s.ballotsOf(q, f.Form.Questionnaire); err != nil {
		return nil, err
	}
	open := q.RoundState == survey.RoundOpen && q.State == survey.RequestOpened
	if open {
		s.recent.put(now, q.RequestID, remember(*read.person, f))
	}
	f.found = &tapFound{at: read.at, PersonID: q.PersonID, TelegramID: read.person.TelegramID, Language: read.person.Language,
		State: q.State, MessageID: q.MessageID, RoundState: q.RoundState, ClosesAt: q.ClosesAt, Asked: f.ballots.assignments}
	if f.blank = open && f.suffices(answers); f.blank {
		return f, nil
	}
	return f, s.readBallots(ctx, f)
}

// suffices reports whether an item can be answered without knowing what else was.
func (o *OpenForm) suffices(item int) bool {
	it, ok := o.Form.Questionnaire.Item(item)
	return ok && len(it.ShowIf) == 0
}

// pressRead is a press whose person and request are to be read.
type pressRead struct {
	account, request int64
	at               time.Time // when it was read
	person           *Person   // nil: there is none
	form             *formRow  // nil: there is none
}

const sqlPressPeople = `
	SELECT t.n::int, p.* FROM unnest(@accounts::bigint[]) WITH ORDINALITY AS t (account, n)
	CROSS JOIN LATERAL (` + sqlPerson + `WHERE p.telegram_id = t.account OFFSET 0) AS p`

// readPresses reads people and requests of a batch of presses. It asks nothing else meanwhile: it holds a
// connection, and all of them may be held so.
func (s *Store) readPresses(ctx context.Context, presses []*pressRead) ([]error, error) {
	accounts, requests := make([]int64, len(presses)), make([]int64, len(presses))
	for i, p := range presses {
		accounts[i], requests[i], p.at = p.account, p.request, time.Now()
	}
	both := &pgx.Batch{}
	both.Queue(sqlPressPeople, pgx.NamedArgs{"accounts": accounts})
	both.Queue(sqlForms, pgx.NamedArgs{"requests": requests})
	results := s.byKeys(ctx, both)
	defer func() { _ = results.Close() }() // what failed was returned by the reading
	type person struct {
		N int
		Person
	}
	rows, _ := results.Query()
	people, err := pgx.CollectRows(rows, pgx.RowToStructByName[person])
	if err != nil {
		return nil, err
	}
	rows, _ = results.Query()
	forms, err := pgx.CollectRows(rows, pgx.RowToStructByName[formOfMany])
	if err != nil {
		return nil, err
	}
	for i := range people {
		presses[people[i].N-1].person = &people[i].Person
	}
	for i := range forms {
		presses[forms[i].N-1].form = &forms[i].formRow
	}
	return make([]error, len(presses)), nil
}

// remembered returns the press as Pressed read it here a moment ago, without asking anybody. False where
// nothing is remembered, or it does not suffice.
func (s *Store) remembered(now time.Time, telegramID, request int64, answers int) (Press, bool) {
	known, ok := s.recent.get(now, request)
	if !ok || known.person.TelegramID != telegramID || !known.form.suffices(answers) {
		return Press{}, false
	}
	f, inner := known.form, *known.form.Form
	f.Form, f.blank = &inner, true
	return Press{Person: known.person, Form: &f}, true
}

// AnswerTo is Answer to a form that was read or remembered for this very press. It returns the form as
// the database has it after the answer; where the subjects have changed meanwhile the form stays blank
// and has to be read again. The form must not be kept for another press.
func (s *Store) AnswerTo(ctx context.Context, now time.Time, f *OpenForm, tap Tap) error {
	err := s.answerTo(ctx, now, f, tap)
	if err != nil {
		s.recent.forget(tap.RequestID)
		return fmt.Errorf("storage: answer to item %d of assignment %d: %w", tap.Item, tap.AssignmentID, err)
	}
	return nil
}

func (s *Store) answerTo(ctx context.Context, now time.Time, f *OpenForm, tap Tap) error {
	i := slices.Index(f.ballots.assignments, tap.AssignmentID)
	if i < 0 || f.RequestID != tap.RequestID {
		return survey.ErrForbidden
	}
	t := f.tapped[tap.AssignmentID]
	if err := t.admits(tap); err != nil {
		return err
	}
	w, err := s.tapOf(ctx, now, t, tap, f.ballots.ids[i])
	if err != nil {
		return err
	}
	w.ballots, w.found = f.ballots, f.found
	if err := s.write(ctx, w); err != nil {
		return err
	}
	f.State, f.MessageID, f.Language = w.found.State, w.found.MessageID, w.found.Language
	f.Round.State, f.Round.ClosesAt = w.found.RoundState, w.found.ClosesAt
	f.blank = !slices.Equal(w.found.Asked, f.ballots.assignments)
	if f.blank {
		s.recent.forget(tap.RequestID)
		return nil
	}
	f.Form.Answers, f.Form.Comments = make(map[survey.Key]string, len(w.values)), make(map[survey.Key]string)
	f.enter(w.values)
	return nil
}

// How long what was read about a request is remembered, which is only in memory: who answers presses
// again within it.
const (
	recentLife = time.Minute
	maxRecent  = 5_000 // about 5 kB each
)

// recentPress is what does not change while a request is being answered, and is shared by all presses on
// it. Whatever else stands in it is looked up again for every answer.
type recentPress struct {
	person Person
	form   OpenForm // without answers
}

func remember(person Person, f *OpenForm) *recentPress {
	r, inner := &recentPress{person: person, form: *f}, *f.Form
	inner.Answers, inner.Comments = nil, nil
	r.form.Form = &inner
	return r
}

// recentPresses remembers requests by their ids. The zero value is ready; it is safe for concurrent use.
type recentPresses struct {
	mu    sync.Mutex
	young map[int64]*recentPress // since turned
	old   map[int64]*recentPress // of the time before
	turns time.Time
}

// turn forgets what is too old; the caller holds the lock.
func (m *recentPresses) turn(now time.Time) {
	if age := now.Sub(m.turns); age >= 0 && age < recentLife/2 && len(m.young) < maxRecent {
		return
	}
	if now.Sub(m.turns) > recentLife {
		m.young = nil
	}
	m.old, m.young, m.turns = m.young, make(map[int64]*recentPress), now
}

func (m *recentPresses) get(now time.Time, request int64) (*recentPress, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.turn(now)
	r, ok := m.young[request]
	if !ok {
		r, ok = m.old[request]
	}
	return r, ok
}

func (m *recentPresses) put(now time.Time, request int64, r *recentPress) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.turn(now)
	m.young[request] = r
}

func (m *recentPresses) forget(request int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.young, request)
	delete(m.old, request)
}
