package storage

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"pingyi/survey"
)

const (
	sqlStop   = `UPDATE person SET stopped_at = coalesce(stopped_at, @now) WHERE id = @person`
	sqlComeIn = `UPDATE person SET stopped_at = NULL, unreachable_at = NULL WHERE id = @person`

	sqlReached = `
	UPDATE request q SET state = 'pending' FROM round r
	WHERE r.id = q.round_id AND q.person_id = @person AND q.state = 'unreachable' AND r.state IN ('open', 'paused')`

	sqlPersonAway = `
	UPDATE person SET unreachable_at = coalesce(unreachable_at, @now) WHERE telegram_id = @telegram RETURNING id`
	sqlRequestsAway = `
	UPDATE request q SET state = 'unreachable' FROM round r
	WHERE r.id = q.round_id AND q.person_id = @person AND q.state IN ('pending', 'sent') AND r.state IN ('open', 'paused')`
	sqlDeliveriesAway = `
	UPDATE delivery SET state = 'unreachable' WHERE person_id = @person AND state = 'pending'`
)

// Stop ends all messages to a person: what waits to be sent expires. Requests
// stay, and can be taken up after coming back.
func (s *Store) Stop(ctx context.Context, now time.Time, cause Cause, person int64) error {
	err := s.changePerson(ctx, now, cause, person, func(tx pgx.Tx) error {
		for _, sql := range []string{sqlStop, sqlExpireDeliveries} {
			if _, err := tx.Exec(ctx, sql, pgx.NamedArgs{"person": person, "now": now}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("storage: stopping for person %d: %w", person, err)
	}
	return nil
}

// Resume takes back Stop: the person is asked in every open round in which that
// did not happen yet.
func (s *Store) Resume(ctx context.Context, now time.Time, cause Cause, person int64) error {
	err := s.join(ctx, now, cause, func(tx pgx.Tx) error { return s.comeBack(ctx, tx, now, person) })
	if err != nil {
		return fmt.Errorf("storage: resuming for person %d: %w", person, err)
	}
	return nil
}

func (s *Store) comeBack(ctx context.Context, tx pgx.Tx, now time.Time, person int64) error {
	if _, _, err := holdPeople(ctx, tx, person, 0); err != nil {
		return err
	}
	for _, sql := range []string{sqlComeIn, sqlReached} {
		if _, err := tx.Exec(ctx, sql, pgx.NamedArgs{"person": person}); err != nil {
			return err
		}
	}
	return s.askNow(ctx, tx, now, person)
}

// Unreachable notes that an account blocked the bot or is gone: nothing is sent
// to it until it is back. It may be repeated; strangers are ignored.
func (s *Store) Unreachable(ctx context.Context, now time.Time, telegramID int64) error {
	err := s.tx(ctx, func(tx pgx.Tx) error {
		var person int64
		err := tx.QueryRow(ctx, sqlPersonAway, pgx.NamedArgs{"telegram": telegramID, "now": now}).Scan(&person)
		if isNone(err) {
			return nil
		}
		for _, sql := range []string{sqlRequestsAway, sqlDeliveriesAway} {
			if err == nil {
				_, err = tx.Exec(ctx, sql, pgx.NamedArgs{"person": person})
			}
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("storage: noting an account that cannot be reached: %w", err)
	}
	return nil
}

// Reachable notes that an account unblocked the bot: what it missed in open
// rounds is sent. Stop stays in force. It may be repeated; strangers are ignored.
func (s *Store) Reachable(ctx context.Context, now time.Time, telegramID int64) error {
	p, err := s.PersonByTelegram(ctx, telegramID)
	if err != nil || p.UnreachableAt == nil {
		return ignoreMissing(err)
	}
	err = s.join(ctx, now, Cause{}, func(tx pgx.Tx) error {
		if _, _, err := holdPeople(ctx, tx, p.ID, 0); err != nil {
			return ignoreMissing(err)
		}
		return s.reached(ctx, tx, now, p.ID)
	})
	if err != nil {
		return fmt.Errorf("storage: person %d can be reached again: %w", p.ID, err)
	}
	return nil
}

const sqlReachable = `UPDATE person SET unreachable_at = NULL WHERE id = @person`

func (s *Store) reached(ctx context.Context, tx pgx.Tx, now time.Time, person int64) error {
	for _, sql := range []string{sqlReachable, sqlReached} {
		if _, err := tx.Exec(ctx, sql, pgx.NamedArgs{"person": person}); err != nil {
			return err
		}
	}
	return s.askNow(ctx, tx, now, person)
}

// ignoreMissing makes nothing of a person who is not there.
func ignoreMissing(err error) error {
	if errors.Is(err, survey.ErrNotFound) {
		return nil
	}
	return err
}
