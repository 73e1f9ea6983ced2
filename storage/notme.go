package storage

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"pingyi/survey"
)

const (
	// The link never was: requests of rounds under way wait for the right person.
	sqlResetRequests = `
	UPDATE request q SET state = 'pending', message_id = NULL, sent_at = NULL, opened_at = NULL, done_at = NULL
	FROM round r
	WHERE r.id = q.round_id AND q.person_id = @person AND r.state IN ('open', 'paused') AND q.state <> 'expired'`

	// A new id cuts an assignment from its ballot: what the wrong person
	// answered stays behind as a draft that nobody can submit.
	sqlResetAssignments = `
	UPDATE assignment a SET id = DEFAULT, state = 'invited'
	FROM request q JOIN panel p ON p.id = q.panel_id JOIN round r ON r.id = q.round_id
	WHERE q.id = a.request_id AND a.person_id = @person AND p.asks <> 'choose' AND r.state IN ('open', 'paused')`
	sqlDropChoices = `
	DELETE FROM assignment a USING request q, panel p, round r
	WHERE q.id = a.request_id AND p.id = q.panel_id AND r.id = q.round_id
	  AND a.person_id = @person AND p.asks = 'choose' AND r.state IN ('open', 'paused')`

	sqlDropConsents = `DELETE FROM consent WHERE person_id = @person`

	// The roster may name the account still; it is not to link it again.
	sqlRelease = `UPDATE person SET released = true WHERE id = @person`
)

// NotMe undoes a wrong link: the account says that it is not this person. The
// person is free again, everything the account did in rounds under way counts
// as never done, and admins are told. Whoever had joined as a citizen before
// the wrong link is that citizen again.
//
// survey.ErrInvalid: the person came by this account in the first place;
// survey.ErrStale: not linked any more.
func (s *Store) NotMe(ctx context.Context, now time.Time, cause Cause, person int64) error {
	err := s.join(ctx, now, cause, func(tx pgx.Tx) error {
		p, _, err := holdPeople(ctx, tx, person, 0)
		switch {
		case err != nil:
			return err
		case p.Enrolled:
			return survey.ErrInvalid
		case p.TelegramID == 0:
			return survey.ErrStale
		}
		citizen, err := splitCitizen(ctx, tx, now, p)
		if err != nil {
			return err
		}
		if err := release(ctx, tx, person); err != nil {
			return err
		}
		if citizen != 0 {
			if err := s.settleCitizen(ctx, tx, now, citizen, p.TelegramID); err != nil {
				return err
			}
		}
		return tellAdmins(ctx, tx, now, DeliverNotMe, map[string]int64{"person": person})
	})
	if err != nil {
		return fmt.Errorf("storage: undoing the link of person %d: %w", person, err)
	}
	return nil
}

// release frees a person from an account and from what it did in rounds under way.
func release(ctx context.Context, tx pgx.Tx, person int64) error {
	steps := []string{sqlResetRequests, sqlResetAssignments, sqlDropChoices, sqlDropConsents,
		sqlExpireDeliveries, sqlUnlink, sqlRelease}
	for _, sql := range steps {
		if _, err := tx.Exec(ctx, sql, pgx.NamedArgs{"person": person}); err != nil {
			return fmt.Errorf("releasing person %d: %w", person, err)
		}
	}
	return nil
}

const (
	sqlSplitPerson = `
	INSERT INTO person (code, language, district, age_band, enrolled, created_at)
	SELECT @code, @language, @district, @age, true, @now
	WHERE EXISTS (SELECT FROM membership WHERE person_id = @person AND enrolled)
	RETURNING id`
	sqlSplitMembership = `UPDATE membership SET person_id = @citizen WHERE person_id = @person AND enrolled`
	sqlSplitConsents   = `UPDATE consent SET person_id = @citizen WHERE person_id = @person`
	sqlSplitRequests   = `
	UPDATE request q SET person_id = @citizen FROM panel p
	WHERE p.id = q.panel_id AND q.person_id = @person AND p.who ->> 'kind' = 'citizen'`
	sqlSplitAssignments = `
	UPDATE assignment a SET person_id = q.person_id FROM request q
	WHERE q.id = a.request_id AND a.person_id = @person AND q.person_id = @citizen`
	sqlSplitDeliveries = `
	UPDATE delivery d SET person_id = q.person_id FROM request q
	WHERE q.id = d.request_id AND d.person_id = @person AND q.person_id = @citizen`
	sqlForgetAge = `UPDATE person SET age_band = '' WHERE id = @person`
)

// splitCitizen is the inverse of merge: it gives what a citizen did before a
// wrong link to a person of its own. 0: was no citizen.
func splitCitizen(ctx context.Context, tx pgx.Tx, now time.Time, p held) (int64, error) {
	var citizen int64
	args := pgx.NamedArgs{"person": p.ID, "code": personCode("citizen"), "language": p.Language,
		"district": p.District, "age": p.AgeBand, "now": now}
	err := tx.QueryRow(ctx, sqlSplitPerson, args).Scan(&citizen)
	if isNone(err) {
		return 0, nil
	}
	args["citizen"] = citizen
	steps := []string{sqlSplitMembership, sqlSplitConsents, sqlSplitRequests, sqlSplitAssignments,
		sqlSplitDeliveries, sqlForgetAge}
	for _, sql := range steps {
		if err != nil {
			break
		}
		_, err = tx.Exec(ctx, sql, args)
	}
	if err != nil {
		return 0, fmt.Errorf("splitting a citizen from person %d: %w", p.ID, err)
	}
	return citizen, nil
}

// settleCitizen links the account to the citizen it was before.
func (s *Store) settleCitizen(ctx context.Context, tx pgx.Tx, now time.Time, citizen, telegramID int64) error {
	_, err := tx.Exec(ctx, sqlLink, pgx.NamedArgs{
		"person": citizen, "telegram": telegramID, "language": "", "now": now})
	if err != nil {
		return fmt.Errorf("linking person %d: %w", citizen, err)
	}
	return s.askNow(ctx, tx, now, citizen)
}
