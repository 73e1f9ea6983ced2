package storage

import (
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"pingyi/survey"
)

// Plans are kept by their connections: one made while a table was small would read all of it for every
// row that is wanted, and be kept when there are a million.
const sqlByKeys = `SELECT set_config('enable_seqscan', 'off', true)`

// byKeys sends statements that look rows up by their keys, in one transaction. Each row is to be looked up
// by itself (LATERAL, OFFSET 0).
func (s *Store) byKeys(ctx context.Context, statements *pgx.Batch) pgx.BatchResults {
	all := &pgx.Batch{}
	all.Queue(sqlByKeys)
	all.QueuedQueries = append(all.QueuedQueries, statements.QueuedQueries...)
	results := s.pool.SendBatch(ctx, all)
	_, _ = results.Exec() // where that failed, the next reading says so
	return results
}

// Whose the requests are and how everything stands, for a batch of taps. It locks nothing, and is apart
// from the writing so that nothing ties a ballot to it.
const sqlLookUp = `
	SELECT t.n::int, f.*
	FROM unnest(@requests::bigint[]) WITH ORDINALITY AS t (request_id, n)
	CROSS JOIN LATERAL (
		SELECT q.person_id, coalesce(p.telegram_id, 0), p.language, q.state, coalesce(q.message_id, 0),
		       r.state, r.closes_at,
		       ARRAY(SELECT a.id FROM assignment a
		             WHERE ` + ofRequest + ` AND a.state IN ('invited', 'answered') AND a.subject_id IS NOT NULL
		             ORDER BY a.position, a.id)
		FROM request q JOIN person p ON p.id = q.person_id JOIN round r ON r.id = q.round_id
		WHERE q.id = t.request_id OFFSET 0
	) AS f`

// foundLife is how long what was found holds for a tap: longer than it waits for the batch before, as a rule.
const foundLife = time.Second

// tapFound is how things stand around a tap at the moment it is written.
type tapFound struct {
	at         time.Time // when that was
	PersonID   int64
	TelegramID int64
	Language   survey.Lang
	State      survey.RequestState
	MessageID  int64
	RoundState survey.RoundState
	ClosesAt   *time.Time
	Asked      []int64 // assignments, in order
}

// lookUp finds how things stand around those taps of a batch of which it is not known, or not any more;
// what is not there stays unknown.
func (s *Store) lookUp(ctx context.Context, batch []*tapWrite) error {
	var unknown []*tapWrite
	var requests []int64
	for _, w := range batch {
		if w.found == nil || time.Since(w.found.at) > foundLife {
			w.found = nil
			unknown, requests = append(unknown, w), append(requests, w.tap.RequestID)
		}
	}
	if len(unknown) == 0 {
		return nil
	}
	now := time.Now()
	asked := &pgx.Batch{}
	asked.Queue(sqlLookUp, pgx.NamedArgs{"requests": requests})
	results := s.byKeys(ctx, asked)
	defer func() { _ = results.Close() }() // what failed was returned by the reading
	rows, _ := results.Query()
	var n int
	var f tapFound
	_, err := pgx.ForEachRow(rows, []any{&n, &f.PersonID, &f.TelegramID, &f.Language, &f.State, &f.MessageID,
		&f.RoundState, &f.ClosesAt, &f.Asked}, func() error {
		found := f
		found.at = now
		unknown[n-1].found = &found
		f.Asked, f.ClosesAt = nil, nil // the next row's are its own
		return nil
	})
	return err
}

// admits says whether a tap may be written as things stand now.
func (f *tapFound) admits(tap Tap) error {
	if f == nil {
		return survey.ErrNotFound
	}
	if f.PersonID != tap.PersonID || tap.TelegramID != 0 && f.TelegramID != tap.TelegramID {
		return survey.ErrForbidden
	}
	if err := f.RoundState.Answering(); err != nil {
		return err
	}
	if f.State != survey.RequestOpened || !slices.Contains(f.Asked, tap.AssignmentID) {
		return survey.ErrStale
	}
	return nil
}
