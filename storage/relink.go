package storage

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"pingyi/survey"
)

// What is sent because of links.
const (
	DeliverRelink DeliveryKind = "relink" // to admins: a claim waits; args: relink
	DeliverLinked DeliveryKind = "linked" // to the person: an admin approved the new account
	DeliverNotMe  DeliveryKind = "notme"  // to admins: an account was linked to the wrong person; args: person
)

// claimRest is how long a rejected account has to wait to claim the same person again.
const claimRest = 24 * time.Hour

// Relink is an account's claim on a person, which waits for an admin: the
// person is linked to another account, or the account to another person.
type Relink struct {
	ID         int64
	PersonID   int64
	Person     string // code
	Name       string
	TelegramID int64  // the account that claims the person
	Holder     string // code of the person of the roster who has this account now; empty: nobody
	Linked     bool   // the person has another account now
	CreatedAt  time.Time
}

const (
	sqlClaim = `
	INSERT INTO relink (person_id, telegram_id, language, created_at)
	SELECT @person, @telegram, @language, @now
	WHERE NOT EXISTS (SELECT FROM relink WHERE person_id = @person AND telegram_id = @telegram
	                  AND state = 'rejected' AND decided_at > @rested)
	ON CONFLICT (person_id, telegram_id) WHERE state = 'waiting' DO NOTHING
	RETURNING id`
	sqlWaiting = `
	SELECT EXISTS (SELECT FROM relink WHERE person_id = @person AND telegram_id = @telegram AND state = 'waiting')`
)

// waiting says whether an account's claim on a person waits for an admin.
func waiting(ctx context.Context, tx pgx.Tx, person, telegramID int64) (yes bool, err error) {
	err = tx.QueryRow(ctx, sqlWaiting, pgx.NamedArgs{"person": person, "telegram": telegramID}).Scan(&yes)
	return yes, err
}

// claim writes down that an account claims a person, and tells the admins once.
// Right after a rejection it is survey.ErrForbidden.
func (s *Store) claim(ctx context.Context, tx pgx.Tx, now time.Time, person, telegramID int64, lang survey.Lang) error {
	var id int64
	err := tx.QueryRow(ctx, sqlClaim, pgx.NamedArgs{"person": person, "telegram": telegramID,
		"language": lang, "now": now, "rested": now.Add(-claimRest)}).Scan(&id)
	if err == nil {
		return tellAdmins(ctx, tx, now, DeliverRelink, map[string]int64{"relink": id})
	}
	if !isNone(err) {
		return fmt.Errorf("claiming person %d: %w", person, err)
	}
	if yes, err := waiting(ctx, tx, person, telegramID); err != nil || yes {
		return err
	}
	return fmt.Errorf("claiming person %d again: %w", person, survey.ErrForbidden)
}

const sqlRelinks = `
	SELECT l.id, l.person_id, p.code AS person, p.name, l.telegram_id, coalesce(o.code, '') AS holder,
	       p.telegram_id IS NOT NULL AS linked, l.created_at
	FROM relink l JOIN person p ON p.id = l.person_id
	LEFT JOIN person o ON o.telegram_id = l.telegram_id AND NOT o.enrolled
	WHERE l.state = 'waiting' AND (@relink::bigint = 0 OR l.id = @relink)
	ORDER BY l.id`

// PendingRelinks returns the claims that wait for an admin, the oldest first.
func (s *Store) PendingRelinks(ctx context.Context) ([]Relink, error) {
	rows, _ := s.pool.Query(ctx, sqlRelinks, pgx.NamedArgs{"relink": 0})
	relinks, err := pgx.CollectRows(rows, pgx.RowToStructByName[Relink])
	if err != nil {
		return nil, fmt.Errorf("storage: reading the relinks: %w", mapError(err))
	}
	return relinks, nil
}

// PendingRelink returns one claim; survey.ErrStale where it is decided or gone.
func (s *Store) PendingRelink(ctx context.Context, id int64) (Relink, error) {
	rows, _ := s.pool.Query(ctx, sqlRelinks, pgx.NamedArgs{"relink": id})
	relink, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[Relink])
	if isNone(err) {
		err = survey.ErrStale
	}
	if err != nil {
		return Relink{}, fmt.Errorf("storage: relink %d: %w", id, mapError(err))
	}
	return relink, nil
}

const (
	sqlDecide = `
	UPDATE relink SET state = @state, decided_at = @now, decided_by = nullif(@actor::bigint, 0)
	WHERE id = @relink AND state = 'waiting'
	RETURNING person_id, telegram_id, language`
	sqlTellPerson = `
	SELECT 'linked' AS kind, @person::bigint AS person_id, NULL::bigint AS request_id, NULL::bigint AS round_id,
	       '{}'::jsonb AS args`
)

// ApproveRelink moves the person to the account that claims it, with all that
// was answered; the old account is nobody's then. An account that another
// person of the roster had is taken from them. survey.ErrStale: decided already.
func (s *Store) ApproveRelink(ctx context.Context, now time.Time, cause Cause, id int64) error {
	err := s.join(ctx, now, cause, func(tx pgx.Tx) error {
		person, telegramID, lang, err := decide(ctx, tx, now, cause, id, "approved")
		if err != nil {
			return err
		}
		me, other, err := holdPeople(ctx, tx, person, telegramID)
		if err != nil {
			return err
		}
		if me.TelegramID != telegramID {
			if err := s.linkHeld(ctx, tx, now, me, other, telegramID, lang); err != nil {
				return err
			}
		}
		if _, err := deliver(ctx, tx, now, priorityWaiting, sqlTellPerson, pgx.NamedArgs{"person": person}); err != nil {
			return err
		}
		return s.audit(ctx, tx, now, cause, "relink.approve", personObject(person), nil, map[string]int64{"relink": id})
	})
	if err != nil {
		return fmt.Errorf("storage: approving relink %d: %w", id, err)
	}
	return nil
}

// RejectRelink leaves everything as it is. survey.ErrStale: decided already.
func (s *Store) RejectRelink(ctx context.Context, now time.Time, cause Cause, id int64) error {
	err := s.change(ctx, now, cause, func(tx pgx.Tx) error {
		person, _, _, err := decide(ctx, tx, now, cause, id, "rejected")
		if err != nil {
			return err
		}
		return s.audit(ctx, tx, now, cause, "relink.reject", personObject(person), nil, map[string]int64{"relink": id})
	})
	if err != nil {
		return fmt.Errorf("storage: rejecting relink %d: %w", id, err)
	}
	return nil
}

func decide(ctx context.Context, tx pgx.Tx, now time.Time, cause Cause, id int64,
	state string) (person, telegramID int64, lang survey.Lang, err error) {
	err = tx.QueryRow(ctx, sqlDecide, pgx.NamedArgs{"relink": id, "state": state, "actor": cause.Actor, "now": now}).
		Scan(&person, &telegramID, &lang)
	if isNone(err) {
		err = survey.ErrStale
	}
	return person, telegramID, lang, err
}

// personObject names a person in the audit log, by id only.
func personObject(person int64) string { return fmt.Sprintf("person:%d", person) }
