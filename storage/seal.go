package storage

import (
	"context"
	"crypto/sha256"
	"fmt"

	"github.com/jackc/pgx/v5"

	"pingyi/survey"
)

// Sealing copies the ballots of a round that closes into their final tables,
// in a random order in which they are numbered, so that neither id, place nor
// system column says when, in what order or by whom they were written. Ballots
// alike in all that their rows say stand together: that order tells no more
// than the rows, and lets them be counted without a look at each (histogram.go).

// The temporary tables hold, for the length of the transaction, which open
// ballot becomes which final one. They never reach the write-ahead log.
const (
	sqlFound = `
	CREATE TEMP TABLE found (
		open_id bytea NOT NULL, panel_id bigint NOT NULL, subject_id bigint NOT NULL,
		relation text NOT NULL, stratum text NOT NULL, status text NOT NULL, respondent text
	) ON COMMIT DROP`
	sqlHidden = `
	CREATE TEMP TABLE hidden (open_id bytea, item smallint, PRIMARY KEY (open_id, item)) ON COMMIT DROP`
)

// randomID is 62 random bits: a random UUID without the bits that are fixed.
const randomID = `('x' || translate(right(gen_random_uuid()::text, 17), '-', ''))::bit(64)::bigint & 4611686018427387903`

// Ballots are found by the keyed hash of their assignment (HMAC, RFC 2104).
// What was declined, taken out or forgotten has no assignment any more, and is
// not kept. A pseudonym is one person's in this round, and random.
const sqlFind = `
	WITH whose AS MATERIALIZED (
		SELECT person_id, 'r' || left(translate(gen_random_uuid()::text, '-', ''), 12) AS pseudonym
		FROM request WHERE round_id = @round GROUP BY person_id
	)
	INSERT INTO found
	SELECT b.id, b.panel_id, b.subject_id, b.relation, b.stratum,
	       CASE WHEN a.state = 'answered' OR @count THEN 'valid' ELSE 'draft' END,
	       CASE p.identity WHEN 'named' THEN person.code WHEN 'confidential' THEN whose.pseudonym END
	FROM (SELECT id, state, person_id,
	             substring(sha256(@outer::bytea || sha256(@inner::bytea || int8send(id))) FOR @size::int) AS ballot_id
	      FROM assignment WHERE round_id = @round AND state IN ('invited', 'answered')) a
	JOIN open_ballot b ON b.round_id = @round AND b.id = a.ballot_id
	JOIN panel p ON p.id = b.panel_id
	JOIN person ON person.id = a.person_id
	JOIN whose ON whose.person_id = a.person_id`

// In anonymous panels a stratum with fewer ballots on a subject than the
// panel's minimum is merged with the other small ones, and with the next
// larger as long as they are too few together.
const sqlMergeStrata = `
	UPDATE found SET stratum = ''
	FROM (
		SELECT panel_id, subject_id, relation, stratum, n, sum(n) OVER (
		           PARTITION BY panel_id, subject_id, relation ORDER BY stratum <> '', n, stratum
		           ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS merged
		FROM (SELECT panel_id, subject_id, relation, stratum, count(*) AS n
		      FROM found GROUP BY panel_id, subject_id, relation, stratum) counted
	) small JOIN panel p ON p.id = small.panel_id
	WHERE p.identity = 'anonymous' AND (small.n < p.minimum OR small.merged < p.minimum)
	  AND (found.panel_id, found.subject_id, found.relation, found.stratum)
	    = (small.panel_id, small.subject_id, small.relation, small.stratum)`

// A ballot's id is its cell, which is all that is counted together, and its
// place there, in an order that is drawn.
const sqlNumber = `
	CREATE TEMP TABLE sealing ON COMMIT DROP AS
	SELECT found.*, dense_rank() OVER (ORDER BY panel_id, subject_id, relation, stratum, status) << ` + cellBits + `
	       | row_number() OVER (PARTITION BY panel_id, subject_id, relation, stratum, status ORDER BY gen_random_uuid()) AS id
	FROM found`

const (
	// How many answers say something is counted now, for all who will ask.
	sqlSealBallots = `
	INSERT INTO ballot (round_id, id, panel_id, subject_id, relation, stratum, status, respondent, rated)
	SELECT @round, s.id, s.panel_id, s.subject_id, s.relation, s.stratum, s.status, s.respondent, coalesce(a.rated, 0)
	FROM sealing s LEFT JOIN (
		SELECT ballot_id, count(*) AS rated FROM answer
		WHERE round_id = @round AND value <> ALL(@unrated::text[]) GROUP BY ballot_id
	) a ON a.ballot_id = s.id ORDER BY s.id`
	sqlSealAnswers = `
	INSERT INTO answer (round_id, ballot_id, item, value)
	SELECT @round, s.id, a.item, a.value
	FROM open_answer a JOIN sealing s ON s.open_id = a.ballot_id
	LEFT JOIN hidden h ON h.open_id = a.ballot_id AND h.item = a.item
	WHERE a.round_id = @round AND h.item IS NULL ORDER BY s.id, a.item`
	// Of drafts no text is kept: nobody sent it.
	sqlSealComments = `
	WITH texts AS MATERIALIZED (
		SELECT ` + randomID + ` AS id, s.panel_id, s.subject_id, s.relation, c.item,
		       CASE p.identity WHEN 'anonymous' THEN NULL ELSE s.id END AS ballot_id, c.text
		FROM open_comment c JOIN sealing s ON s.open_id = c.ballot_id JOIN panel p ON p.id = s.panel_id
		LEFT JOIN hidden h ON h.open_id = c.ballot_id AND h.item = c.item
		WHERE c.round_id = @round AND c.text <> '' AND s.status = 'valid' AND h.item IS NULL
	)
	INSERT INTO comment (id, round_id, panel_id, subject_id, relation, item, ballot_id, text)
	SELECT id, @round, panel_id, subject_id, relation, item, ballot_id, text FROM texts ORDER BY id`
	sqlParticipation = `
	INSERT INTO participation (round_id, panel_id, subject_id, relation, asked, answered, drafts)
	SELECT @round, asked.*, coalesce(drafts.n, 0)
	FROM (SELECT q.panel_id, a.subject_id, a.relation, count(*), count(*) FILTER (WHERE a.state = 'answered')
	      FROM assignment a JOIN request q ON q.id = a.request_id
	      WHERE a.round_id = @round AND q.round_id = @round AND a.state <> 'withdrawn' GROUP BY 1, 2, 3) asked
	LEFT JOIN (SELECT panel_id, subject_id, relation, count(*) AS n FROM sealing WHERE status = 'draft'
	           GROUP BY 1, 2, 3) drafts USING (panel_id, subject_id, relation)
	ORDER BY 2, 3, 4`
)

// sealBallots settles what counts and copies it.
func (s *Store) sealBallots(ctx context.Context, tx pgx.Tx, r heldRound, unsubmitted survey.Unsubmitted) error {
	key, err := s.roundKey(r.Salt)
	if err != nil {
		return err
	}
	inner, outer := hmacPads(key)
	args := pgx.NamedArgs{"round": r.ID, "inner": inner, "outer": outer, "size": ballotIDSize,
		"count":   unsubmitted == survey.UnsubmittedCount,
		"unrated": []string{survey.Skipped, survey.RatingUnknown, survey.DontKnow, textGiven}}
	for _, sql := range []string{sqlFound, sqlHidden} {
		if _, err := tx.Exec(ctx, sql); err != nil {
			return fmt.Errorf("preparing to seal: %w", err)
		}
	}
	if _, err := tx.Exec(ctx, sqlWholeSets); err != nil {
		return fmt.Errorf("preparing to seal: %w", err)
	}
	for _, sql := range []string{sqlFind, sqlMergeStrata, sqlNumber} {
		if _, err := tx.Exec(ctx, sql, args); err != nil {
			return fmt.Errorf("settling the ballots: %w", err)
		}
	}
	if err := s.findHidden(ctx, tx, r.ID); err != nil {
		return err
	}
	for _, sql := range []string{sqlSealAnswers, sqlSealBallots, sqlSealComments, sqlParticipation} {
		if _, err := tx.Exec(ctx, sql, args); err != nil {
			return fmt.Errorf("sealing the ballots: %w", err)
		}
	}
	return nil
}

// hmacPads returns the two blocks that HMAC-SHA256 begins its hashes with.
func hmacPads(key []byte) (inner, outer []byte) {
	inner, outer = make([]byte, sha256.BlockSize), make([]byte, sha256.BlockSize)
	copy(inner, key)
	copy(outer, key)
	for i := range inner {
		inner[i] ^= 0x36
		outer[i] ^= 0x5c
	}
	return inner, outer
}

const (
	sqlRoundQuestionnaires = `SELECT id, questionnaire_id FROM panel WHERE round_id = @round ORDER BY position`
	sqlPanelAnswers        = `
	SELECT ballot_id, item, coalesce(value, '') FROM
	    (SELECT ballot_id, item, value FROM open_answer WHERE round_id = @round) a
	    FULL JOIN (SELECT ballot_id, item FROM open_comment WHERE round_id = @round) c USING (ballot_id, item)
	JOIN sealing s ON s.open_id = ballot_id
	WHERE s.panel_id = @panel ORDER BY ballot_id`
)

// findHidden writes down the answers to questions whose condition does not hold
// (any more): they were given before an earlier answer was changed.
func (s *Store) findHidden(ctx context.Context, tx pgx.Tx, round int64) error {
	rows, _ := tx.Query(ctx, sqlRoundQuestionnaires, pgx.NamedArgs{"round": round})
	type pinned struct{ ID, QuestionnaireID int64 }
	panels, err := pgx.CollectRows(rows, pgx.RowToStructByName[pinned])
	if err != nil {
		return fmt.Errorf("reading the panels: %w", err)
	}
	for _, p := range panels {
		questionnaire, err := s.questionnaires.get(ctx, tx, p.QuestionnaireID)
		if err != nil {
			return err
		}
		if !conditional(questionnaire) {
			continue
		}
		if err := hideAnswers(ctx, tx, round, p.ID, questionnaire); err != nil {
			return fmt.Errorf("hidden answers of panel %d: %w", p.ID, err)
		}
	}
	return nil
}

func conditional(q *survey.Questionnaire) bool {
	for _, it := range q.Items {
		if len(it.ShowIf) > 0 {
			return true
		}
	}
	return false
}

// hideAnswers reads a panel's ballots one after the other and copies the keys
// of hidden answers into the table of that name.
func hideAnswers(ctx context.Context, tx pgx.Tx, round, panel int64, questionnaire *survey.Questionnaire) error {
	rows, _ := tx.Query(ctx, sqlPanelAnswers, pgx.NamedArgs{"round": round, "panel": panel})
	var hidden [][]any
	var current string
	answers := make(map[survey.Key]string)
	settle := func() {
		f := survey.Form{Questionnaire: questionnaire, Asked: []survey.Asked{{}}, Answers: answers}
		for _, shown := range f.Steps() {
			delete(answers, shown)
		}
		for key := range answers {
			hidden = append(hidden, []any{[]byte(current), int16(key.Item)})
		}
		clear(answers)
	}
	var ballot []byte
	var item int
	var value string
	_, err := pgx.ForEachRow(rows, []any{&ballot, &item, &value}, func() error {
		if string(ballot) != current {
			settle()
			current = string(ballot)
		}
		answers[survey.Key{Item: item}] = value
		return nil
	})
	if err != nil {
		return err
	}
	settle()
	_, err = tx.CopyFrom(ctx, pgx.Identifier{"hidden"}, []string{"open_id", "item"}, pgx.CopyFromRows(hidden))
	return err
}
