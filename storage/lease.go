package storage

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
)

// Span is a stretch of deliveries leased to one sender: those of its batch with
// ids from First to Last that still wait.
type Span struct {
	ID          int64
	First, Last int64
	Priority    int // the less, the more urgent
}

// Picks names every delivery that can lie in the span, in the order of sending.
func (s Span) Picks() []Pick {
	picks := make([]Pick, 0, s.Last-s.First+1)
	for id := s.First; id <= s.Last; id++ {
		picks = append(picks, Pick{ID: id, Span: s.ID})
	}
	return picks
}

// Claim says who leases how much.
type Claim struct {
	Worker string
	Most   int           // deliveries
	TTL    time.Duration // from now
	Urgent bool          // only what somebody is waiting for
}

// Of batches of the same urgency the one comes first whose last turn is longest
// ago: rounds share. Whoever finds a row locked passes on; that others do so
// for a moment is what SKIP LOCKED costs.
const sqlLease = `
	WITH due AS (
		SELECT s.id, s.first_id, s.last_id, s.priority, s.served_at
		FROM span s
		WHERE s.due_at <= @now AND (s.leased_until IS NULL OR s.leased_until <= @now) AND s.priority <= @least
		  AND NOT EXISTS (SELECT FROM round r WHERE r.id = s.round_id AND r.state = 'paused')
		ORDER BY s.priority, s.served_at NULLS FIRST, s.id
		LIMIT @most::bigint FOR UPDATE SKIP LOCKED
	), sized AS (
		SELECT id, last_id, coalesce(sum(last_id - first_id + 1) OVER (
		       ORDER BY priority, served_at NULLS FIRST, id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0)::bigint AS before
		FROM due
	), leased AS (
		UPDATE span s SET leased_by = @worker, leased_until = @until,
		       last_id = least(s.last_id, s.first_id - 1 + @most::bigint - t.before)
		FROM sized t WHERE s.id = t.id AND t.before < @most::bigint
		RETURNING s.id, s.batch, s.round_id, s.priority, s.due_at, s.first_id, s.last_id, t.last_id AS end_id
	), rest AS (
		INSERT INTO span (batch, round_id, priority, due_at, first_id, last_id, served_at)
		SELECT batch, round_id, priority, due_at, last_id + 1, end_id, @now FROM leased WHERE last_id < end_id
	)
	SELECT id, first_id AS first, last_id AS last, priority FROM leased ORDER BY priority, id`

// Lease hands spans of due deliveries to a sender until now+TTL, the most
// urgent first and none of paused rounds, and cuts the last one where it is
// longer than asked for. A lease that runs out makes the span due again. Where
// a round has run out of invitations more of them are written first, unless only
// what somebody waits for is asked for.
func (s *Store) Lease(ctx context.Context, now time.Time, c Claim) ([]Span, error) {
	least := priorityClosing
	if c.Urgent {
		least = priorityWaiting
	} else if err := s.inviteDry(ctx, now); err != nil {
		return nil, fmt.Errorf("storage: writing invitations: %w", err)
	}
	rows, _ := s.pool.Query(ctx, sqlLease, pgx.NamedArgs{
		"now": now, "worker": c.Worker, "most": c.Most, "until": now.Add(c.TTL), "least": least})
	spans, err := pgx.CollectRows(rows, pgx.RowToStructByName[Span])
	if err != nil {
		return nil, fmt.Errorf("storage: leasing deliveries: %w", mapError(err))
	}
	return spans, nil
}

const (
	sqlDropSpans = `
	DELETE FROM span s WHERE s.leased_by = @worker AND (cardinality(@ids::bigint[]) = 0 OR s.id = ANY(@ids))
	  AND NOT EXISTS (SELECT FROM delivery d WHERE d.id BETWEEN s.first_id AND s.last_id AND d.state = 'pending'
	                  AND d.batch = s.batch AND d.round_id IS NOT DISTINCT FROM s.round_id)`
	sqlReturnSpans = `
	UPDATE span s SET leased_by = NULL, leased_until = NULL
	WHERE s.leased_by = @worker AND (cardinality(@ids::bigint[]) = 0 OR s.id = ANY(@ids))`
)

// Release ends leases of a sender, all of them where none is named: whatever
// still waits in them is for whoever comes next.
func (s *Store) Release(ctx context.Context, worker string, spans ...int64) error {
	slices.Sort(spans)
	args := pgx.NamedArgs{"worker": worker, "ids": append([]int64{}, spans...)}
	for _, sql := range []string{sqlDropSpans, sqlReturnSpans} {
		if _, err := s.pool.Exec(ctx, sql, args); err != nil {
			return fmt.Errorf("storage: releasing %d leases: %w", len(spans), mapError(err))
		}
	}
	return nil
}

const sqlNextDelivery = `
	SELECT min(at) FROM (
		SELECT round_id, greatest(due_at, coalesce(leased_until, due_at)) AS at FROM span
		UNION ALL SELECT round_id, due_at FROM uninvited
	) waits LEFT JOIN round r ON r.id = waits.round_id
	WHERE r.state IS DISTINCT FROM 'paused'`

// NextDelivery returns when something falls due; false where nothing waits.
func (s *Store) NextDelivery(ctx context.Context) (time.Time, bool, error) {
	var at *time.Time
	if err := s.pool.QueryRow(ctx, sqlNextDelivery).Scan(&at); err != nil {
		return time.Time{}, false, fmt.Errorf("storage: reading the next delivery: %w", mapError(err))
	}
	if at == nil {
		return time.Time{}, false, nil
	}
	return at.In(s.zone), true, nil
}
