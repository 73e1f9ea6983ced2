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

// Pressed reads who an account belongs to and the request that was pressed. Its
// error is survey.ErrNotFound where the account is nobody's.
func (s *Store) Pressed(ctx context.Context, now time.Time, telegramID, request int64) (Press, error) {
	p, q, err := s.readPress(ctx, telegramID, request)
	if err != nil {
		return Press{}, err
	}
	if p.Err == nil {
		p.Form, p.Err = s.emptyForm(ctx, p.Person.ID, q)
	}
	if p.Err == nil && len(q.Salt) > 0 {
		p.Err = s.readBallots(ctx, p.Form, q)
	}
	switch {
	case p.Err != nil:
		p.Form, p.Err = nil, fmt.Errorf("storage: form of request %d: %w", request, mapError(p.Err))
	case q.RoundState == survey.RoundOpen && q.State == survey.RequestOpened:
		s.recent.put(now, request, remember(p))
	}
	return p, nil
}

// readPress sends both questions and reads the answers. It asks nothing else meanwhile: it holds a
// connection, and all of them may be held so.
func (s *Store) readPress(ctx context.Context, telegramID, request int64) (p Press, q formRow, err error) {
	batch := &pgx.Batch{}
	batch.Queue(sqlPersonByTelegram, pgx.NamedArgs{"telegram": telegramID})
	batch.Queue(sqlForm, pgx.NamedArgs{"request": request})
	results := s.pool.SendBatch(ctx, batch)
	defer func() { _ = results.Close() }() // what failed was returned by the reading
	if p.Person, err = onePerson(results.Query()); err != nil {
		return Press{}, formRow{}, fmt.Errorf("storage: person of an account: %w", mapError(err))
	}
	rows, _ := results.Query()
	q, p.Err = pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[formRow])
	return p, q, nil
}

// Recent returns the press as Pressed read it here a moment ago, without asking anybody. It is good for
// answering only: its form is blank until AnswerTo has checked it against the database. False where
// nothing is remembered.
func (s *Store) Recent(now time.Time, telegramID, request int64) (Press, bool) {
	known, ok := s.recent.get(now, request)
	if !ok || known.person.TelegramID != telegramID {
		return Press{}, false
	}
	f, inner := known.form, known.inner
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
	w.ballots = f.ballots
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
	maxRecent  = 20_000
)

// remembered is what does not change while a request is being answered, and is shared by all presses on
// it. Whatever else stands in it is looked up again for every answer.
type remembered struct {
	person Person
	form   OpenForm
	inner  survey.Form // without answers
}

func remember(p Press) remembered {
	r := remembered{person: p.Person, form: *p.Form, inner: *p.Form.Form}
	r.form.Form, r.inner.Answers, r.inner.Comments = nil, nil, nil
	return r
}

// recentPresses remembers requests by their ids. The zero value is ready; it is safe for concurrent use.
type recentPresses struct {
	mu    sync.Mutex
	young map[int64]remembered // since turned
	old   map[int64]remembered // of the time before
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
	m.old, m.young, m.turns = m.young, make(map[int64]remembered), now
}

func (m *recentPresses) get(now time.Time, request int64) (remembered, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.turn(now)
	r, ok := m.young[request]
	if !ok {
		r, ok = m.old[request]
	}
	return r, ok
}

func (m *recentPresses) put(now time.Time, request int64, r remembered) {
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
