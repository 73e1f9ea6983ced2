package storage

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// Two persons turn out to be one: somebody came by the public link (or is an
// admin by PINGYI_ADMINS) and then links the same account to the roster. The
// roster's person stays and takes over what the other has. Assignments keep
// their ids, which open ballots are found by.

const (
	sqlMergeMemberships = `
	UPDATE membership f SET person_id = @to WHERE person_id = @from AND NOT EXISTS (
	    SELECT FROM membership t WHERE t.person_id = @to AND t.kind = f.kind
	    AND t.unit_id IS NOT DISTINCT FROM f.unit_id)`
	sqlMergeManagers = `UPDATE membership SET manager_id = @to WHERE manager_id = @from`
	sqlMergeConsents = `
	INSERT INTO consent (person_id, version, given_at)
	SELECT @to, version, given_at FROM consent WHERE person_id = @from
	ON CONFLICT DO NOTHING`
	sqlMergeRoles = `
	INSERT INTO role (person_id, role, unit_id) SELECT @to, role, unit_id FROM role WHERE person_id = @from
	ON CONFLICT DO NOTHING`
	sqlMergeAdmins = `
	UPDATE setting SET value = (
	    SELECT jsonb_agg(DISTINCT CASE id::bigint WHEN @from THEN @to::bigint ELSE id::bigint END)
	    FROM jsonb_array_elements_text(value) AS id)
	WHERE key = 'admins' AND value @> to_jsonb(@from::bigint)`
	sqlMergeSubjects  = `UPDATE subject SET person_id = @to WHERE person_id = @from`
	sqlMergeDecisions = `UPDATE relink SET decided_by = @to WHERE decided_by = @from`
	sqlMergeSelf      = `
	UPDATE person t SET language = CASE f.language WHEN '' THEN t.language ELSE f.language END,
	       district = CASE t.district WHEN '' THEN f.district ELSE t.district END,
	       age_band = CASE t.age_band WHEN '' THEN f.age_band ELSE t.age_band END
	FROM person f WHERE t.id = @to AND f.id = @from`
)

// progress orders how far a request has come. What somebody did outlives what
// was only planned.
const progress = `array_position(ARRAY['expired', 'pending', 'unreachable', 'sent', 'declined', 'opened', 'done'], `

const (
	// One request per round and panel: the one that went further; else the one
	// whose message is in the chat.
	sqlMergeSamePanel = `
	DELETE FROM request q USING request f, request t
	WHERE f.person_id = @from AND t.person_id = @to AND f.panel_id = t.panel_id
	  AND q.id = CASE WHEN ` + progress + `f.state) >= ` + progress + `t.state) THEN t.id ELSE f.id END`

	// One assignment per round, subject and relation: what was answered, then
	// what was begun, then the panel listed first.
	sqlMergeSameSubject = `
	DELETE FROM assignment a USING (
	    SELECT id, request_id, row_number() OVER (PARTITION BY round_id, subject_id, relation
	           ORDER BY answered DESC, progress DESC, position, id) AS place
	    FROM (SELECT a.id, a.request_id, a.round_id, a.subject_id, a.relation, a.state = 'answered' AS answered,
	                 greatest(` + progress + `q.state), ` + progress + `'declined')) AS progress, p.position
	          FROM assignment a JOIN request q ON q.id = a.request_id JOIN panel p ON p.id = q.panel_id
	          WHERE a.person_id IN (@from, @to) AND a.subject_id IS NOT NULL) AS both_persons
	) AS ranked
	WHERE a.id = ranked.id AND ranked.place > 1
	RETURNING a.request_id`

	sqlMergeRequests    = `UPDATE request SET person_id = @to WHERE person_id = @from`
	sqlMergeAssignments = `UPDATE assignment SET person_id = @to WHERE person_id = @from`
	sqlMergeDeliveries  = `UPDATE delivery SET person_id = @to WHERE person_id = @from`

	// A request that lost all its subjects is over; one whose message nobody
	// has seen never was.
	sqlEmptied = `
	WITH emptied AS (
	    SELECT q.id, q.state = 'pending' AND q.message_id IS NULL AS unseen FROM request q
	    WHERE q.id = ANY(@lost) AND q.state <> 'done'
	      AND NOT EXISTS (SELECT FROM assignment a WHERE ` + ofRequest + `)
	), gone AS (
	    DELETE FROM request q USING emptied e WHERE q.id = e.id AND e.unseen
	)
	UPDATE request q SET state = 'expired' FROM emptied e WHERE q.id = e.id AND NOT e.unseen`

	sqlDeletePerson = `DELETE FROM person WHERE id = @person`
)

// merge moves everything of one person to another and deletes the first. Both
// are held by the transaction.
func merge(ctx context.Context, tx pgx.Tx, from, to int64) error {
	args := pgx.NamedArgs{"from": from, "to": to, "person": from}
	steps := []string{sqlMergeSelf, sqlMergeMemberships, sqlMergeManagers, sqlMergeConsents, sqlMergeRoles,
		sqlMergeAdmins, sqlMergeSubjects, sqlMergeDecisions, sqlMergeSamePanel}
	for _, sql := range steps {
		if _, err := tx.Exec(ctx, sql, args); err != nil {
			return fmt.Errorf("merging person %d into %d: %w", from, to, err)
		}
	}
	rows, _ := tx.Query(ctx, sqlMergeSameSubject, args)
	lost, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil {
		return fmt.Errorf("merging the assignments of person %d into %d: %w", from, to, err)
	}
	args["lost"] = lost
	for _, sql := range []string{sqlMergeRequests, sqlMergeAssignments, sqlMergeDeliveries, sqlEmptied, sqlDeletePerson} {
		if _, err := tx.Exec(ctx, sql, args); err != nil {
			return fmt.Errorf("merging person %d into %d: %w", from, to, err)
		}
	}
	return nil
}
