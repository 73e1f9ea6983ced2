package storage

import "pingyi/survey"

// Who may rate whom: a request paired with each subject it may rate. Every
// statement here begins with the requests in question (asked), goes on with
// the memberships in force and the relation, and is completed by what is to be
// done with the pairs.

// panelRequests are the requests of a panel that have no assignments yet.
const panelRequests = `
	WITH asked AS (
		SELECT q.id, q.person_id, 0::bigint AS r` + fromUnassigned + `
	)`

// drawingRequests are the same where subjects are drawn: r is a respondent's
// place in the order of ranks; who joins later comes last.
const drawingRequests = `
	WITH asked AS (
		SELECT q.id, q.person_id, CASE WHEN @person::bigint = 0
		           THEN row_number() OVER (ORDER BY ` + rank + `, p.id)
		           ELSE (SELECT sum(asked)::bigint FROM progress WHERE round_id = @round AND panel_id = @panel)
		       END - 1 AS r` + fromUnassigned + `
	)`

const fromUnassigned = `
		FROM request q JOIN person p ON p.id = q.person_id
		WHERE q.round_id = @round AND q.panel_id = @panel
		  AND (@person::bigint = 0 OR q.person_id = @person)
		  AND (@opening::boolean OR NOT EXISTS (SELECT FROM assignment a WHERE ` + ofRequest + `))`

// rank puts the people of a round, p, in the order that its seed draws, as
// survey.Rank has it.
const rank = `sha256(@seed::bytea || '\x00'::bytea || convert_to(p.code, 'UTF8'))`

// ofRequest finds the assignments of a request. The person and the round are in
// an index; the request, which follows from them and the subject, is not.
const ofRequest = `a.person_id = q.person_id AND a.round_id = q.round_id AND a.request_id = q.id`

// oneRequest is the request of somebody who chooses.
const oneRequest = `
	WITH asked AS (SELECT q.id, q.person_id, 0::bigint AS r FROM request q WHERE q.id = @request)`

const sqlInForce = `, subjects AS (
		SELECT rs.subject_id, rs.position, s.person_id, count(*) OVER () AS circle,
		       row_number() OVER (ORDER BY sha256(@seed::bytea || '\x00'::bytea || convert_to(s.code, 'UTF8')), s.code COLLATE "C") - 1 AS k
		FROM round_subject rs JOIN subject s ON s.id = rs.subject_id WHERE rs.round_id = @round
	), force AS (
		SELECT person_id, manager_id, unit_id FROM membership
		WHERE kind <> 'citizen'
		  AND coalesce(from_date, @today::date) <= @today AND coalesce(to_date, @today::date) >= @today
	), related AS (`

const pairColumns = `asked.id AS request_id, asked.person_id, asked.r, subjects.subject_id, subjects.position, subjects.k, subjects.circle`

// Nobody rates himself, except in the relation self.
const sqlAnySubject = `
		SELECT ` + pairColumns + ` FROM asked CROSS JOIN subjects
		WHERE subjects.person_id IS DISTINCT FROM asked.person_id`

// The same for those who are drawn subjects by turns: of each only the next few
// on the circle, as many as are drawn and as anybody could have to pass over.
// All pairs would be a hundred million where a city rates its offices.
const sqlNextSubjects = `
		SELECT ` + pairColumns + `
		FROM asked CROSS JOIN generate_series(0, least((SELECT count(*) FROM subjects), @draw::bigint
		    + (SELECT coalesce(max(n), 0) FROM (SELECT count(*) AS n FROM subjects
		                                        WHERE person_id IS NOT NULL GROUP BY person_id) own)
		    + (SELECT coalesce(max(n), 0) FROM (SELECT count(*) AS n FROM assignment JOIN asked USING (person_id)
		                                        WHERE round_id = @round AND relation = @relation GROUP BY person_id) rated)
		) - 1) AS step
		JOIN subjects ON subjects.k = (asked.r * @draw::bigint + step) % (SELECT count(*) FROM subjects)
		WHERE subjects.person_id IS DISTINCT FROM asked.person_id`

const sqlOneself = `
		SELECT ` + pairColumns + ` FROM asked JOIN subjects USING (person_id)`

const sqlManager = `
		SELECT DISTINCT ` + pairColumns + `
		FROM subjects JOIN force theirs ON theirs.person_id = subjects.person_id
		JOIN asked ON asked.person_id = theirs.manager_id
		WHERE asked.person_id <> subjects.person_id`

const sqlSubordinate = `
		SELECT DISTINCT ` + pairColumns + `
		FROM subjects JOIN force mine ON mine.manager_id = subjects.person_id
		JOIN asked ON asked.person_id = mine.person_id
		WHERE asked.person_id <> subjects.person_id`

// Peers have the same manager; those without any, the same unit.
const sqlPeer = `
		SELECT ` + pairColumns + `
		FROM subjects JOIN force theirs ON theirs.person_id = subjects.person_id
		JOIN force mine ON mine.manager_id = theirs.manager_id
		JOIN asked ON asked.person_id = mine.person_id
		WHERE asked.person_id <> subjects.person_id
		UNION
		SELECT ` + pairColumns + `
		FROM subjects JOIN force theirs ON theirs.person_id = subjects.person_id
		JOIN force mine ON mine.unit_id = theirs.unit_id AND mine.manager_id IS NULL AND theirs.manager_id IS NULL
		JOIN asked ON asked.person_id = mine.person_id
		WHERE asked.person_id <> subjects.person_id`

// A subject that the person rates already in another panel is not rated again.
const sqlUnrated = `
	), pair AS (
		SELECT * FROM related
		WHERE NOT EXISTS (
			SELECT FROM assignment a
			WHERE a.round_id = @round AND a.person_id = related.person_id AND a.subject_id = related.subject_id
			  AND a.relation = @relation AND a.request_id <> related.request_id)
	)`

// sqlPairs returns the beginning of a statement: the pairs of the requests and
// the subjects that they may rate.
func sqlPairs(relation survey.Relation, requests string) string {
	related := map[survey.Relation]string{
		"":                 sqlAnySubject,
		survey.Self:        sqlOneself,
		survey.Manager:     sqlManager,
		survey.Subordinate: sqlSubordinate,
		survey.Peer:        sqlPeer,
	}
	return requests + sqlInForce + related[relation] + sqlUnrated
}

// sqlDraw returns the statement that draws the subjects of a panel's requests.
func sqlDraw(relation survey.Relation) string {
	if relation == "" {
		return drawingRequests + sqlInForce + sqlNextSubjects + sqlUnrated + sqlAssignDrawn
	}
	return sqlPairs(relation, drawingRequests) + sqlAssignDrawn
}

const sqlAssignEvery = `
	INSERT INTO assignment (round_id, request_id, person_id, subject_id, relation, position)
	SELECT @round, request_id, person_id, subject_id, @relation, position
	FROM pair ORDER BY request_id, position`

// Subjects drawn so that each is drawn about equally often, as
// survey.DrawSubjects draws them.
const sqlAssignDrawn = `, drawn AS (
		SELECT *, row_number() OVER (PARTITION BY request_id
		              ORDER BY ((k - r * @draw::bigint) % circle + circle) % circle) AS turn
		FROM pair
	)
	INSERT INTO assignment (round_id, request_id, person_id, subject_id, relation, position)
	SELECT @round, request_id, person_id, subject_id, @relation, position
	FROM drawn WHERE turn <= @draw ORDER BY request_id, position`

const sqlDropChoiceless = `
	DELETE FROM request q USING asked
	WHERE q.id = asked.id AND NOT EXISTS (SELECT FROM pair WHERE pair.request_id = q.id)`

const sqlChoosable = `
	SELECT s.id, s.code, s.name, rs.group_code AS "group"
	FROM pair JOIN subject s ON s.id = pair.subject_id
	JOIN round_subject rs ON rs.round_id = @round AND rs.subject_id = s.id
	ORDER BY pair.position`
