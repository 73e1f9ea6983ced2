package storage

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"pingyi/survey"
)

// How long what only served its moment is kept.
const (
	keepDeliveries = 30 * 24 * time.Hour // after they were due
	keepInvites    = 30 * 24 * time.Hour // after they expired or were used
	keepRelinks    = 90 * 24 * time.Hour // after they were decided
)

// Retained says how many rows retention deleted, by what they were.
type Retained struct {
	Deliveries, Invites, Relinks, Requests, Comments, People int
}

const (
	sqlOldDeliveries = `
	DELETE FROM delivery WHERE state IN ('sent', 'unreachable', 'failed', 'expired') AND due_at < @before`
	sqlOldInvites = `
	DELETE FROM invite WHERE coalesce(used_at, expires_at) < @before`
	sqlOldRelinks = `
	DELETE FROM relink WHERE decided_at < @before`
	sqlOldRequests = `
	DELETE FROM request q USING round r
	WHERE r.id = q.round_id AND r.state IN ('closed', 'cancelled') AND r.closed_at < @before`
	sqlOldComments = `
	DELETE FROM comment c USING round r WHERE r.id = c.round_id AND r.closed_at < @before`
	sqlIdlePeople = `
	SELECT id FROM person p
	WHERE enrolled AND greatest(stopped_at, unreachable_at) < @before
	  AND NOT EXISTS (SELECT FROM role WHERE person_id = p.id)
	ORDER BY id`
)

// Retain carries out the retention periods: of the project where it names
// them, else of this file. Counts and sealed ballots stay. Idle people are
// forgotten as if they had asked for it.
func (s *Store) Retain(ctx context.Context, now time.Time) (Retained, error) {
	var r Retained
	keep, err := s.retention(ctx)
	if err != nil {
		return r, fmt.Errorf("storage: reading the retention periods: %w", mapError(err))
	}
	now = now.In(s.zone)
	periods := []struct {
		what   string
		n      *int
		sql    string
		before time.Time
		keep   bool
	}{
		{"deliveries", &r.Deliveries, sqlOldDeliveries, now.Add(-keepDeliveries), false},
		{"invites", &r.Invites, sqlOldInvites, now.Add(-keepInvites), false},
		{"relinks", &r.Relinks, sqlOldRelinks, now.Add(-keepRelinks), false},
		{"requests", &r.Requests, sqlOldRequests, keep.Requests.Before(now), keep.Requests.Zero()},
		{"comments", &r.Comments, sqlOldComments, keep.Comments.Before(now), keep.Comments.Zero()},
	}
	var faults []error
	for _, p := range periods {
		if p.keep {
			continue
		}
		tag, err := s.pool.Exec(ctx, p.sql, pgx.NamedArgs{"before": p.before})
		if err != nil {
			faults = append(faults, fmt.Errorf("storage: deleting old %s: %w", p.what, mapError(err)))
			continue
		}
		*p.n = int(tag.RowsAffected())
	}
	if !keep.Idle.Zero() {
		r.People, err = s.forgetIdle(ctx, now, keep.Idle.Before(now))
		faults = append(faults, err)
	}
	faults = append(faults, s.ForgetUpdates(ctx, now), s.dropPartitions(ctx))
	return r, errors.Join(faults...)
}

// retention returns the project's periods; none where there is no project yet.
func (s *Store) retention(ctx context.Context) (survey.Retention, error) {
	p, err := project(ctx, s.pool)
	if errors.Is(err, pgx.ErrNoRows) {
		return survey.Retention{}, nil
	}
	return p.Retention, err
}

func (s *Store) forgetIdle(ctx context.Context, now, before time.Time) (int, error) {
	rows, _ := s.pool.Query(ctx, sqlIdlePeople, pgx.NamedArgs{"before": before})
	people, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil {
		return 0, fmt.Errorf("storage: looking for idle people: %w", mapError(err))
	}
	for i, id := range people {
		if err := s.Forget(ctx, now, Cause{}, id); err != nil {
			return i, err
		}
	}
	return len(people), nil
}
