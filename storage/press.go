package storage

import (
	"context"
	"fmt"
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

// Pressed reads who an account belongs to and the request that was pressed,
// in one round trip where the request was read here shortly before. Its error
// is survey.ErrNotFound where the account is nobody's.
func (s *Store) Pressed(ctx context.Context, now time.Time, telegramID, request int64) (Press, error) {
	known, recent := s.ballots.get(now, request)
	batch := &pgx.Batch{}
	batch.Queue(sqlPersonByTelegram, pgx.NamedArgs{"telegram": telegramID})
	batch.Queue(sqlForm, pgx.NamedArgs{"request": request})
	if recent {
		batch.Queue(sqlOpenValues, known.args())
	}
	p, q, values, err := s.readPress(ctx, batch)
	if err != nil {
		return Press{}, err
	}
	if p.Err == nil {
		p.Form, p.Err = s.emptyForm(ctx, p.Person.ID, q)
	}
	switch {
	case p.Err != nil || len(q.Salt) == 0:
	case recent && known.of(q):
		p.Form.enter(known, values)
	default:
		p.Err = s.readBallots(ctx, now, p.Form, q)
	}
	if p.Err != nil {
		p.Form, p.Err = nil, fmt.Errorf("storage: form of request %d: %w", request, mapError(p.Err))
	}
	return p, nil
}

// readPress sends the questions and reads the answers. It asks nothing else meanwhile: it holds a
// connection, and all of them may be held so.
func (s *Store) readPress(ctx context.Context, batch *pgx.Batch) (p Press, q formRow, values []openValue, err error) {
	results := s.pool.SendBatch(ctx, batch)
	defer func() { _ = results.Close() }() // what failed was returned by the reading
	if p.Person, err = onePerson(results.Query()); err != nil {
		return Press{}, formRow{}, nil, fmt.Errorf("storage: person of an account: %w", mapError(err))
	}
	rows, _ := results.Query()
	if q, p.Err = pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[formRow]); p.Err != nil || batch.Len() < 3 {
		return p, q, nil, nil
	}
	rows, _ = results.Query()
	values, p.Err = pgx.CollectRows(rows, pgx.RowToStructByName[openValue])
	return p, q, values, nil
}

// readBallots fills a form in a round trip of its own and remembers whose ballots they are.
func (s *Store) readBallots(ctx context.Context, now time.Time, f *OpenForm, q formRow) error {
	b, err := s.ballotsOf(q)
	if err != nil {
		return err
	}
	rows, _ := s.pool.Query(ctx, sqlOpenValues, b.args())
	if err := f.fill(b, rows); err != nil {
		return err
	}
	s.ballots.put(now, q.RequestID, b)
	return nil
}

// ballots are the open ballots of a request.
type ballots struct {
	round int64
	ids   [][]byte // in the order of assignments
	whose map[string]int64
}

func (b ballots) args() pgx.NamedArgs { return pgx.NamedArgs{"round": b.round, "ballots": b.ids} }

// of reports whether these are all ballots of the request.
func (b ballots) of(q formRow) bool {
	if len(q.Salt) == 0 || b.round != q.RoundID || len(b.ids) != len(q.Asked) {
		return false
	}
	for i, a := range q.Asked {
		if b.whose[string(b.ids[i])] != a.Assignment {
			return false
		}
	}
	return true
}

// ballotsOf works out the ballots of a request whose round has its salt.
func (s *Store) ballotsOf(q formRow) (ballots, error) {
	key, err := s.roundKey(q.Salt)
	if err != nil {
		return ballots{}, err
	}
	b := ballots{round: q.RoundID, whose: make(map[string]int64, len(q.Asked))}
	for _, a := range q.Asked {
		id := ballotID(key, a.Assignment)
		b.ids = append(b.ids, id)
		b.whose[string(id)] = a.Assignment
	}
	return b, nil
}

// ballotLife is how long the ballots of a request are remembered, which is only in memory: who answers
// presses again within it, and once the round is over they are nobody's.
const (
	ballotLife = time.Minute
	maxBallots = 20_000
)

// ballotMemory remembers ballots of requests. The zero value is ready; it is safe for concurrent use.
type ballotMemory struct {
	mu    sync.Mutex
	young map[int64]ballots // since turned
	old   map[int64]ballots // of the time before
	turns time.Time
}

// turn forgets what is too old; the caller holds the lock.
func (m *ballotMemory) turn(now time.Time) {
	if age := now.Sub(m.turns); age >= 0 && age < ballotLife/2 && len(m.young) < maxBallots {
		return
	}
	if now.Sub(m.turns) > ballotLife {
		m.young = nil
	}
	m.old, m.young, m.turns = m.young, make(map[int64]ballots), now
}

func (m *ballotMemory) get(now time.Time, request int64) (ballots, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.turn(now)
	b, ok := m.young[request]
	if !ok {
		if b, ok = m.old[request]; ok {
			m.young[request] = b
		}
	}
	return b, ok
}

func (m *ballotMemory) put(now time.Time, request int64, b ballots) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.turn(now)
	m.young[request] = b
}

// AnswerTo is Answer to a form that was read for this very press: it asks nothing again. The form must
// not be kept for another press.
func (s *Store) AnswerTo(ctx context.Context, now time.Time, f *OpenForm, tap Tap) error {
	t, ok := f.tapped[tap.AssignmentID]
	err := error(survey.ErrForbidden)
	if ok && f.RequestID == tap.RequestID {
		err = s.answer(ctx, now, t, tap)
	}
	if err != nil {
		return fmt.Errorf("storage: answer to item %d of assignment %d: %w", tap.Item, tap.AssignmentID, err)
	}
	return nil
}
