package storage

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"pingyi/scoring"
	"pingyi/survey"
)

// Ballots are cleaned and counted where they are. Closing numbered them so that
// those which are counted together have the upper half of their ids in common,
// their cell (seal.go): a histogram by cell is one scan of the answers and joins
// nothing, and the ballots of a panel are one range of ids.

// cellBits is how far an id is shifted to get the ballot's cell.
const cellBits = `32`

// sqlRange is the range of the ids of a panel's ballots; NULL where it has none.
const sqlRange = `SELECT min(id), max(id) FROM ballot WHERE round_id = @round AND panel_id = @panel`

// Ballots with the number of their answers that count: as closing wrote it down,
// if that is what the scheme asks for …
const sqlSheetsAsSealed = `
	SELECT id, subject_id, relation, stratum, status, rated AS n
	FROM ballot WHERE round_id = @round AND panel_id = @panel`

// … or else counted from the answers.
const sqlSheetsCounted = `
	SELECT b.id, b.subject_id, b.relation, b.stratum, b.status, coalesce(a.n, 0) AS n
	FROM ballot b LEFT JOIN (
		SELECT ballot_id, count(*) AS n FROM answer
		WHERE round_id = @round AND ballot_id BETWEEN @from AND @to
		  AND item = ANY(@items::smallint[]) AND value <> '' AND value <> ALL(@unknown::text[])
		GROUP BY ballot_id
	) a ON a.ballot_id = b.id
	WHERE b.round_id = @round AND b.panel_id = @panel`

// sqlVerdicts returns the statement that says what became of a panel's ballots.
func sqlVerdicts(sheets string) string {
	return `
	WITH cell AS MATERIALIZED (
		SELECT subject_id, relation, stratum, status, count(*) AS n,
		       count(*) FILTER (WHERE n * @denominator::bigint >= @needed::bigint) AS enough
		FROM (` + sheets + `) sheets GROUP BY subject_id, relation, stratum, status
	), big AS (
		SELECT subject_id, relation FROM cell GROUP BY subject_id, relation
		HAVING coalesce(sum(n) FILTER (WHERE status = 'valid'), 0) >= @few
	)
	SELECT s.code, cell.relation, cell.stratum,
	       coalesce(sum(n) FILTER (WHERE status <> 'valid' OR big.subject_id IS NULL), 0)::bigint,
	       coalesce(sum(n - enough) FILTER (WHERE status = 'valid' AND big.subject_id IS NOT NULL), 0)::bigint,
	       coalesce(sum(enough) FILTER (WHERE status = 'valid' AND big.subject_id IS NOT NULL), 0)::bigint
	FROM cell JOIN subject s ON s.id = cell.subject_id LEFT JOIN big USING (subject_id, relation)
	GROUP BY s.code, cell.relation, cell.stratum`
}

// sqlHistogram returns the statement that says how often which answer was given
// by those ballots that count. Those with too few answers are left out one by
// one; the others go by cells, and only what is counted is looked at more closely.
func sqlHistogram(sheets string) string {
	return `
	WITH counted AS MATERIALIZED (
		SELECT ballot_id >> ` + cellBits + ` AS cell, item, value, count(*) AS n FROM answer
		WHERE round_id = @round AND ballot_id BETWEEN @from AND @to
		  AND item = ANY(@items::smallint[]) AND value <> ''
		  AND NOT EXISTS (SELECT FROM (` + sheets + `) void
		                  WHERE void.id = ballot_id AND void.n * @denominator::bigint < @needed::bigint)
		GROUP BY 1, 2, 3
	), cell AS MATERIALIZED (
		SELECT id >> ` + cellBits + ` AS cell, subject_id, relation, stratum, count(*) AS n
		FROM ballot WHERE round_id = @round AND panel_id = @panel AND status = 'valid' GROUP BY 1, 2, 3, 4
	), big AS (
		SELECT subject_id, relation FROM cell GROUP BY subject_id, relation HAVING sum(n) >= @few
	)
	SELECT s.code, cell.relation, cell.stratum, asked.code, counted.value, sum(counted.n)::bigint
	FROM counted JOIN cell USING (cell) JOIN big USING (subject_id, relation) JOIN subject s ON s.id = subject_id
	JOIN unnest(@items::smallint[], @codes::text[]) AS asked (item, code) USING (item)
	GROUP BY s.code, cell.relation, cell.stratum, asked.code, counted.value`
}

// countPanel cleans and counts a panel's ballots in the database.
func countPanel(ctx context.Context, tx pgx.Tx, p panelOf, questionnaire *survey.Questionnaire,
	rule scoring.PanelRule, in *inputs) error {
	var from, to *int64
	of := pgx.NamedArgs{"round": p.RoundID, "panel": p.PanelID}
	if err := tx.QueryRow(ctx, sqlRange, of).Scan(&from, &to); err != nil || from == nil {
		return err
	}
	var items []int16
	var codes []string
	for _, it := range questionnaire.Items {
		if slices.Contains(rule.Items, it.Code) {
			items, codes = append(items, int16(it.N)), append(codes, it.Code)
		}
	}
	// answered ≥ share·items, in whole numbers, and at least one.
	share := rule.Answered
	needed := share.Num().Int64() * int64(len(rule.Items))
	args := pgx.NamedArgs{"round": p.RoundID, "panel": p.PanelID, "few": p.few, "items": items, "codes": list(codes),
		"unknown": list(rule.Unknown), "denominator": share.Denom().Int64(), "needed": max(1, needed),
		"from": *from, "to": *to}
	sheets := sqlSheetsCounted
	if asSealed(questionnaire, rule) {
		sheets = sqlSheetsAsSealed
	}
	if err := readTurnouts(ctx, tx, p, sheets, args, in); err != nil {
		return err
	}
	return readHistogram(ctx, tx, p, sheets, args, in)
}

// asSealed says whether a rule counts just those answers of a ballot that
// closing counted (ballot.rated): all but texts, "don't know" and what was skipped.
func asSealed(q *survey.Questionnaire, rule scoring.PanelRule) bool {
	for _, it := range q.Items {
		switch it.AnswerKind() {
		case survey.ShortText:
		case survey.Rating, survey.Score, survey.Number, survey.YesNo:
			if !slices.Contains(rule.Items, it.Code) {
				return false
			}
		default:
			return false // an option may be called as closing calls a text
		}
	}
	unknown := slices.Sorted(slices.Values(rule.Unknown))
	return slices.Equal(slices.Compact(unknown), []string{survey.RatingUnknown, survey.DontKnow})
}

// readTurnouts reads what became of a panel's ballots.
func readTurnouts(ctx context.Context, tx pgx.Tx, p panelOf, sheets string, args pgx.NamedArgs, in *inputs) error {
	rows, _ := tx.Query(ctx, sqlVerdicts(sheets), args)
	t := scoring.Turnout{Panel: p.Code, Period: p.Period}
	var turnouts []scoring.Turnout
	_, err := pgx.ForEachRow(rows, []any{&t.Subject, &t.Relation, &t.Stratum, &t.Invalid, &t.Void, &t.Valid}, func() error {
		turnouts = append(turnouts, t)
		return nil
	})
	slices.SortFunc(turnouts, func(a, b scoring.Turnout) int {
		return cmp.Or(strings.Compare(a.Subject, b.Subject), strings.Compare(a.Relation, b.Relation),
			strings.Compare(a.Stratum, b.Stratum))
	})
	in.Turnouts = append(in.Turnouts, turnouts...)
	return err
}

// readHistogram reads the counts of a panel's answers.
func readHistogram(ctx context.Context, tx pgx.Tx, p panelOf, sheets string, args pgx.NamedArgs, in *inputs) error {
	rows, _ := tx.Query(ctx, sqlHistogram(sheets), args)
	c := scoring.Count{Panel: p.Code, Period: p.Period}
	var counts []scoring.Count
	_, err := pgx.ForEachRow(rows, []any{&c.Subject, &c.Relation, &c.Stratum, &c.Item, &c.Value, &c.N}, func() error {
		counts = append(counts, c)
		return nil
	})
	slices.SortFunc(counts, func(a, b scoring.Count) int {
		return cmp.Or(strings.Compare(a.Subject, b.Subject), strings.Compare(a.Relation, b.Relation),
			strings.Compare(a.Stratum, b.Stratum), strings.Compare(a.Item, b.Item), strings.Compare(a.Value, b.Value))
	})
	in.Counts = append(in.Counts, counts...)
	return err
}
