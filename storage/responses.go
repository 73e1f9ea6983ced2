package storage

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"pingyi/scoring"
	"pingyi/survey"
)

// statusFew is the status of ballots on a subject that fewer people rated than
// their panel's minimum promised them: they do not count, and are not shown.
const statusFew = "few"

// sqlJudged are the ballots of a panel with their status as it counts.
const sqlJudged = `
	WITH cell AS (
		SELECT subject_id, relation, count(*) FILTER (WHERE status = 'valid') AS n
		FROM ballot WHERE round_id = @round AND panel_id = @panel GROUP BY subject_id, relation
	), judged AS MATERIALIZED (
		SELECT b.id, s.code AS subject, b.relation, b.stratum, b.respondent,
		       CASE WHEN b.status = 'valid' AND cell.n < @few THEN '` + statusFew + `' ELSE b.status END AS status
		FROM ballot b JOIN cell USING (subject_id, relation) JOIN subject s ON s.id = b.subject_id
		WHERE b.round_id = @round AND b.panel_id = @panel
	)`

// Responses, equal ones of nobody in particular once with their number. The
// order is that of their content, or of random ids: it tells nothing.
const sqlResponses = sqlJudged + `, sheet AS (
		SELECT j.*, coalesce(array_agg(a.item ORDER BY a.item) FILTER (WHERE a.item IS NOT NULL), '{}') AS items,
		       coalesce(array_agg(a.value ORDER BY a.item) FILTER (WHERE a.item IS NOT NULL), '{}') AS values
		FROM judged j LEFT JOIN answer a ON a.round_id = @round AND a.ballot_id = j.id
		     AND a.item <> ALL(@texts::smallint[])
		GROUP BY j.id, j.subject, j.relation, j.stratum, j.respondent, j.status
	)
	SELECT subject, relation, stratum, status, coalesce(respondent, '') AS respondent, items, values, count(*) AS n
	FROM sheet
	GROUP BY subject, relation, stratum, status, respondent, items, values, CASE WHEN respondent IS NOT NULL THEN id END
	ORDER BY min(id)`

type sheetRow struct {
	Subject    string
	Relation   string
	Stratum    string
	Status     string
	Respondent string
	Items      []int16
	Values     []string
	N          int64
}

// readPanel reads a panel's ballots as responses, one after the other. respondents gives those who are
// named or numbered new numbers, the same over all panels and rounds.
func readPanel(ctx context.Context, tx pgx.Tx, p panelOf, questionnaire *survey.Questionnaire,
	respondents map[string]string, take func(scoring.Response)) error {
	args := pgx.NamedArgs{"round": p.RoundID, "panel": p.PanelID, "few": p.few, "texts": textItems(questionnaire)}
	if p.Imported {
		return readMixed(ctx, tx, p, questionnaire, respondents, args, take)
	}
	rows, _ := tx.Query(ctx, sqlResponses, args)
	defer rows.Close()
	for rows.Next() {
		sheet, err := pgx.RowToStructByName[sheetRow](rows)
		if err != nil {
			return err
		}
		r, err := sheet.response(p, questionnaire, respondents)
		if err != nil {
			return err
		}
		take(r)
	}
	return rows.Err()
}

// response makes a response of a row, without an id.
func (sheet *sheetRow) response(p panelOf, questionnaire *survey.Questionnaire,
	respondents map[string]string) (scoring.Response, error) {
	r := scoring.Response{Panel: p.Code, Subject: sheet.Subject, Period: p.Period, Relation: sheet.Relation,
		Status: sheet.Status, Stratum: sheet.Stratum, Count: sheet.N}
	if sheet.Respondent != "" {
		r.Respondent = numbered(respondents, p, sheet.Respondent)
	}
	for i, n := range sheet.Items {
		item, ok := questionnaire.Item(int(n))
		if !ok {
			return r, fmt.Errorf("there is no item %d in questionnaire %s: %w", n, questionnaire.Code, survey.ErrInvalid)
		}
		r.Answers = append(r.Answers, scoring.Answer{Item: item.Code, Value: sheet.Values[i]})
	}
	for _, item := range p.asked {
		if !slices.ContainsFunc(r.Answers, func(a scoring.Answer) bool { return a.Item == item }) {
			r.Answers = append(r.Answers, scoring.Answer{Item: item})
		}
	}
	return r, nil
}

// numbered returns a respondent's number. Named people are the same person in
// every round, pseudonyms in one.
func numbered(respondents map[string]string, p panelOf, respondent string) string {
	key := respondent
	if p.Identity != survey.Named {
		key = fmt.Sprintf("%d/%s", p.RoundID, respondent)
	}
	return number(respondents, "r", key)
}

// number returns the number of a key, a new one where it has none.
func number(numbers map[string]string, prefix, key string) string {
	n, ok := numbers[prefix+key]
	if !ok {
		n = fmt.Sprintf("%s%07d", prefix, len(numbers)+1)
		numbers[prefix+key] = n
	}
	return n
}

// ratedItems are the codes of all other items.
func ratedItems(q *survey.Questionnaire) []string {
	var rated []string
	for _, it := range q.Items {
		if it.AnswerKind() != survey.ShortText {
			rated = append(rated, it.Code)
		}
	}
	return rated
}

// textItems are the items whose answers are texts, which do not count.
func textItems(q *survey.Questionnaire) []int16 {
	texts := []int16{}
	for _, it := range q.Items {
		if it.AnswerKind() == survey.ShortText {
			texts = append(texts, int16(it.N))
		}
	}
	return texts
}

// numberResponses puts the responses in the order of their content, imported
// ones in that of their ids, and numbers them; the numbers compare as strings.
func numberResponses(responses []scoring.Response) {
	for i, r := range responses {
		if !imported(r) {
			responses[i].ID = ""
		}
	}
	slices.SortStableFunc(responses, func(a, b scoring.Response) int {
		return cmp.Or(strings.Compare(a.Panel, b.Panel), strings.Compare(a.Period, b.Period),
			strings.Compare(a.ID, b.ID), strings.Compare(a.Subject, b.Subject), strings.Compare(a.Relation, b.Relation),
			strings.Compare(a.Stratum, b.Stratum), strings.Compare(a.Status, b.Status),
			strings.Compare(a.Respondent, b.Respondent), slices.CompareFunc(a.Answers, b.Answers, compareAnswers))
	})
	for i, r := range responses {
		responses[i].ID = fmt.Sprintf("%09d", i+1)
		if imported(r) {
			responses[i].ID = importedID + responses[i].ID
		}
	}
}

func compareAnswers(a, b scoring.Answer) int {
	return cmp.Or(strings.Compare(a.Item, b.Item), strings.Compare(a.Value, b.Value))
}
