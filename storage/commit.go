package storage

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"pingyi/survey"
)

// Group commit: whatever taps wait are looked up by one statement and written
// by another, and each tapper is answered after its commit.

// tapWrite is one tap, and the rows to write for it. What is written names no
// person.
type tapWrite struct {
	tap      Tap
	day      time.Time
	round    int64
	ballot   []byte
	panel    int64
	subject  int64
	relation string
	stratum  string
	item     int16
	value    *string // nil: leave the answer as it is
	text     *string // nil: leave the text as it is; "": none

	ballots ballots     // of the request, to be read back; none: not wanted
	found   *tapFound   // how things stand around it; nil: still to be looked up
	values  []openValue // what stands in the ballots once it is written
}

// errBusy says that the round's row is held by somebody who changes it.
var errBusy = errors.New("the round is being changed")

// busyPause is how long whoever finds a round held waits before trying again,
// without keeping a connection meanwhile.
const busyPause = 30 * time.Millisecond

// unlessBusy calls fn until the round is not held any more, or ctx ends.
func unlessBusy(ctx context.Context, fn func() error) error {
	for {
		err := fn()
		if !errors.Is(err, errBusy) {
			return err
		}
		if !sleep(ctx, busyPause) {
			return fmt.Errorf("%w: %w", err, ctx.Err())
		}
	}
}

// write makes a tap durable, together with others. Where the context ends first
// the tap may still be written; it carries its update's id, so that trying
// again is safe.
func (s *Store) write(ctx context.Context, w *tapWrite) error {
	return unlessBusy(ctx, func() error { return s.taps.wait(ctx, w) })
}

// One statement: rounds are share-locked (rows that somebody holds to change
// them are passed over: waiting here would hold up the taps of all rounds),
// updates recorded, and what is left written: a request is in a batch once, and
// so is a key. Keys are sorted, so that two batches cannot deadlock. A text that
// is removed stays as an empty row: deleting would lock every round's table.
const sqlWriteTaps = `
	WITH tap AS MATERIALIZED (
		SELECT * FROM unnest(@n::int[], @updates::bigint[], @rounds::bigint[], @ballots::bytea[],
		    @panels::bigint[], @subjects::bigint[], @relations::text[], @strata::text[], @items::smallint[],
		    @values::text[], @texts::text[])
		    AS t (n, update_id, round_id, ballot_id, panel_id, subject_id, relation, stratum, item, value, text)
	), held AS MATERIALIZED (
		SELECT id, state FROM round WHERE id = ANY(@rounds::bigint[]) ORDER BY id FOR SHARE SKIP LOCKED
	), fresh AS (
		INSERT INTO handled_update (update_id, day)
		SELECT t.update_id, @day::date FROM tap t JOIN held h ON h.id = t.round_id
		WHERE h.state = 'open' AND t.update_id <> 0 ORDER BY t.update_id
		ON CONFLICT (update_id) DO NOTHING RETURNING update_id
	), good AS MATERIALIZED (
		SELECT t.* FROM tap t JOIN held h ON h.id = t.round_id
		WHERE h.state = 'open' AND (t.update_id = 0 OR t.update_id IN (SELECT update_id FROM fresh))
	), ballots AS (
		INSERT INTO open_ballot (round_id, id, panel_id, subject_id, relation, stratum)
		SELECT round_id, ballot_id, panel_id, subject_id, relation, stratum
		FROM good ORDER BY round_id, ballot_id
		ON CONFLICT (round_id, id) DO NOTHING
	), answers AS (
		INSERT INTO open_answer (round_id, ballot_id, item, value)
		SELECT round_id, ballot_id, item, value
		FROM good WHERE value IS NOT NULL ORDER BY round_id, ballot_id, item
		ON CONFLICT (round_id, ballot_id, item) DO UPDATE SET value = excluded.value
	), texts AS (
		INSERT INTO open_comment (round_id, ballot_id, item, text)
		SELECT round_id, ballot_id, item, text
		FROM good WHERE text IS NOT NULL ORDER BY round_id, ballot_id, item
		ON CONFLICT (round_id, ballot_id, item) DO UPDATE SET text = excluded.text
	)
	SELECT t.n, CASE WHEN h.id IS NULL THEN 'busy' WHEN h.state <> 'open' THEN h.state
	                 WHEN g.n IS NULL THEN 'handled' ELSE 'saved' END
	FROM tap t LEFT JOIN held h ON h.id = t.round_id LEFT JOIN good g ON g.n = t.n`

// writeTaps looks up what is not known yet, writes what is admitted in one
// transaction, and returns a verdict per tap.
func (s *Store) writeTaps(ctx context.Context, batch []*tapWrite) ([]error, error) {
	if err := s.lookUp(ctx, batch); err != nil {
		return nil, fmt.Errorf("looking up %d taps: %w", len(batch), err)
	}
	verdicts := make([]error, len(batch))
	var admitted []*tapWrite
	var at []int
	for i, w := range batch {
		if verdicts[i] = w.found.admits(w.tap); verdicts[i] == nil {
			admitted, at = append(admitted, w), append(at, i)
		}
	}
	if len(admitted) == 0 {
		return verdicts, nil
	}
	err := s.writeAdmitted(ctx, admitted, func(i int, verdict error) {
		verdicts[at[i]] = verdict
		if errors.Is(verdict, errBusy) {
			admitted[i].found = nil // by the next time it may stand otherwise
		}
	})
	if err != nil {
		return nil, fmt.Errorf("writing %d taps: %w", len(admitted), err)
	}
	return verdicts, nil
}

// writeAdmitted writes taps and reads back, in the same transaction, what their
// requests' ballots hold then.
func (s *Store) writeAdmitted(ctx context.Context, taps []*tapWrite, verdict func(i int, err error)) error {
	of := make([]ballots, len(taps))
	for i, w := range taps {
		of[i], w.values = w.ballots, make([]openValue, 0, 4*len(w.ballots.ids))
	}
	both := &pgx.Batch{}
	both.Queue(sqlWriteTaps, tapColumns(taps))
	reads := openReads(of)
	queueOpenValues(both, reads)
	results := s.byKeys(ctx, both)
	defer func() { _ = results.Close() }() // a second time, where all went well
	rows, _ := results.Query()
	var n int
	var word string
	_, err := pgx.ForEachRow(rows, []any{&n, &word}, func() error {
		verdict(n, verdictOf(word))
		return nil
	})
	if err != nil {
		return err
	}
	if err := eachOpenValue(results, reads, func(i int, v openValue) { taps[i].values = append(taps[i].values, v) }); err != nil {
		return err
	}
	return results.Close() // the commit
}

func verdictOf(word string) error {
	switch word {
	case "saved":
		return nil
	case "busy":
		return errBusy
	case "handled":
		return survey.ErrHandled
	}
	if err := survey.RoundState(word).Answering(); err != nil {
		return err
	}
	return fmt.Errorf("a tap became %q: %w", word, survey.ErrStale)
}

// tapColumns turns a batch into one array per column, in the order of keys.
func tapColumns(batch []*tapWrite) pgx.NamedArgs {
	order := make([]int, len(batch))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return bytes.Compare(batch[a].ballot, batch[b].ballot) })
	n := len(batch)
	ns, items := make([]int32, 0, n), make([]int16, 0, n)
	updates, rounds, panels, subjects := make([]int64, 0, n), make([]int64, 0, n), make([]int64, 0, n), make([]int64, 0, n)
	ballots, relations, strata := make([][]byte, 0, n), make([]string, 0, n), make([]string, 0, n)
	values, texts := make([]*string, 0, n), make([]*string, 0, n)
	for _, i := range order {
		w := batch[i]
		ns = append(ns, int32(i))
		updates, rounds = append(updates, w.tap.UpdateID), append(rounds, w.round)
		panels, subjects = append(panels, w.panel), append(subjects, w.subject)
		ballots, items = append(ballots, w.ballot), append(items, w.item)
		relations, strata = append(relations, w.relation), append(strata, w.stratum)
		values, texts = append(values, w.value), append(texts, w.text)
	}
	return pgx.NamedArgs{"n": ns, "updates": updates, "day": batch[0].day, "rounds": rounds, "ballots": ballots,
		"panels": panels, "subjects": subjects, "relations": relations, "strata": strata, "items": items,
		"values": values, "texts": texts}
}
