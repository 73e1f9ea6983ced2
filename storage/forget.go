package storage

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// Forgetting happens in steps, the ballots first: once the person is gone they
// could not be found. Each step is a transaction of its own, because one that
// touches ballots must not touch a row that names a person. A step that fails
// is made good by forgetting again.

// openDraft is where an open ballot of a person is found.
type openDraft struct {
	RoundID    int64
	Salt       []byte
	Assignment int64
}

const (
	sqlOpenDrafts = `
	SELECT a.round_id, r.salt, a.id AS assignment
	FROM assignment a JOIN round r ON r.id = a.round_id
	WHERE a.person_id = @person AND r.state IN ('open', 'paused') AND r.salt IS NOT NULL AND a.subject_id IS NOT NULL`

	// Holding the round keeps it from closing meanwhile; one that has closed
	// has cut the ballots from the person by itself.
	sqlHoldOpen     = `SELECT id FROM round WHERE id = @round AND state IN ('open', 'paused') FOR SHARE`
	sqlDropComments = `DELETE FROM open_comment WHERE round_id = @round AND ballot_id = ANY(@ballots)`
	sqlDropAnswers  = `DELETE FROM open_answer WHERE round_id = @round AND ballot_id = ANY(@ballots)`
	sqlDropBallots  = `DELETE FROM open_ballot WHERE round_id = @round AND id = ANY(@ballots)`

	sqlForgetNamed = `
	UPDATE ballot b SET respondent = f.alias
	FROM (SELECT round_id, 'forgotten-' || encode(sha256(@salt::bytea || int8send(round_id)), 'hex') AS alias
	      FROM (SELECT DISTINCT ballot.round_id FROM ballot JOIN panel ON panel.id = ballot.panel_id
	            WHERE respondent = @code AND identity = 'named') AS rounds) AS f
	WHERE b.round_id = f.round_id AND b.respondent = @code
	  AND EXISTS (SELECT FROM panel p WHERE p.id = b.panel_id AND p.identity = 'named')`
)

// Forget deletes what can still be linked to a person: the account, the phone
// number, consents, claims, who was asked and who answered, and the ballots of
// rounds under way; on ballots of named panels a random alias takes the place
// of the code. Ballots of closed rounds that name nobody stay: nobody can tell
// whose they are. Who came by the public link is gone altogether; of people on
// the roster the roster's own entry stays, free to be linked anew.
//
// An admin who does it for somebody else leaves an entry in the audit log.
func (s *Store) Forget(ctx context.Context, now time.Time, cause Cause, person int64) error {
	p, err := s.Person(ctx, person)
	if err != nil {
		return err
	}
	if err := s.forgetBallots(ctx, person); err != nil {
		return fmt.Errorf("storage: forgetting the open ballots of person %d: %w", person, err)
	}
	args := pgx.NamedArgs{"code": p.Code, "salt": randomBytes(keySize)}
	if _, err := s.pool.Exec(ctx, sqlForgetNamed, args); err != nil {
		return fmt.Errorf("storage: forgetting the name of person %d: %w", person, mapError(err))
	}
	err = s.join(ctx, now, cause, func(tx pgx.Tx) error { // a round that opens must not ask who is gone
		return s.forgetPerson(ctx, tx, now, cause, person)
	})
	if err != nil {
		return fmt.Errorf("storage: forgetting person %d: %w", person, err)
	}
	return nil
}

// forgetBallots deletes the open ballots of a person, round by round, in
// transactions that know ballot ids only.
func (s *Store) forgetBallots(ctx context.Context, person int64) error {
	rows, _ := s.pool.Query(ctx, sqlOpenDrafts, pgx.NamedArgs{"person": person})
	drafts, err := pgx.CollectRows(rows, pgx.RowToStructByName[openDraft])
	if err != nil {
		return err
	}
	ballots := map[int64][][]byte{}
	for _, d := range drafts {
		key, err := s.roundKey(d.Salt)
		if err != nil {
			return err
		}
		ballots[d.RoundID] = append(ballots[d.RoundID], ballotID(key, d.Assignment))
	}
	for round, ids := range ballots {
		err := s.tx(ctx, func(tx pgx.Tx) error { return dropBallots(ctx, tx, round, ids) })
		if err != nil {
			return fmt.Errorf("round %d: %w", round, err)
		}
	}
	return nil
}

// dropBallots deletes open ballots of a round while it is open.
func dropBallots(ctx context.Context, tx pgx.Tx, round int64, ballots [][]byte) error {
	args := pgx.NamedArgs{"round": round, "ballots": ballots}
	tag, err := tx.Exec(ctx, sqlHoldOpen, args)
	if err != nil || tag.RowsAffected() == 0 {
		return err
	}
	for _, sql := range []string{sqlDropComments, sqlDropAnswers, sqlDropBallots} {
		if _, err := tx.Exec(ctx, sql, args); err != nil {
			return err
		}
	}
	return nil
}

const (
	sqlDropOldRequests = `
	DELETE FROM request q USING round r
	WHERE r.id = q.round_id AND q.person_id = @person AND r.state NOT IN ('open', 'paused')`
	sqlDropCitizenRequests = `
	DELETE FROM request q USING panel p
	WHERE p.id = q.panel_id AND q.person_id = @person AND p.who ->> 'kind' = 'citizen'
	  AND EXISTS (SELECT FROM membership WHERE person_id = @person AND kind = 'citizen' AND enrolled)`
	sqlDropEnrolment = `DELETE FROM membership WHERE person_id = @person AND enrolled`
	sqlDropInvited   = `DELETE FROM invite WHERE person_id = @person`
	sqlDropClaims    = `
	DELETE FROM relink WHERE person_id = @person
	   OR telegram_id = (SELECT telegram_id FROM person WHERE id = @person)`
	sqlDropSent      = `DELETE FROM delivery WHERE person_id = @person`
	sqlForgetDetails = `
	DELETE FROM audit_detail d USING audit a WHERE a.id = d.audit_id AND a.object = @object`
	sqlForgetSelf = `
	UPDATE person p SET language = '', phone_hash = NULL, age_band = '', district = CASE
	    WHEN EXISTS (SELECT FROM membership WHERE person_id = p.id AND enrolled) THEN '' ELSE district END
	WHERE id = @person`
)

// forgetPerson deletes the person, or leaves what the roster says.
func (s *Store) forgetPerson(ctx context.Context, tx pgx.Tx, now time.Time, cause Cause, person int64) error {
	p, _, err := holdPeople(ctx, tx, person, 0)
	if err != nil {
		return err
	}
	args := pgx.NamedArgs{"person": person, "object": personObject(person)}
	steps := []string{sqlDropClaims, sqlForgetDetails}
	if p.Enrolled {
		steps = append(steps, sqlDeletePerson)
	} else {
		steps = append(steps, sqlForgetSelf, sqlDropOldRequests, sqlDropCitizenRequests,
			sqlDropEnrolment, sqlDropInvited, sqlDropSent)
	}
	for _, sql := range steps {
		if _, err := tx.Exec(ctx, sql, args); err != nil {
			return err
		}
	}
	if !p.Enrolled {
		if err := release(ctx, tx, person); err != nil {
			return err
		}
	}
	if cause.Actor != person {
		return s.audit(ctx, tx, now, cause, "person.forget", personObject(person), nil, nil)
	}
	return nil
}
