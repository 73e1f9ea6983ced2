package storage

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"pingyi/scoring"
	"pingyi/survey"
)

// Export returns the folder of design §7 of an evaluation, with its scheme as
// scheme.yaml: file names and their contents, the same bytes for the same rows.
// Where it was scored, values, ledger and the rest are those of the latest run.
//
// Unsealed it holds what may be released: no ballot that does not count, none
// on a subject that fewer people rated than their panel's minimum (the score
// leaves them out as well), no comments, of panels that are not named no
// respondents, and no group of theirs below the minimum. Sealed, which the
// audit log records, it holds everything, and `pingyi score` on it repeats the
// run to the byte; in either nothing says who answered.
func (s *Store) Export(ctx context.Context, now time.Time, cause Cause, code string, sealed bool) (map[string][]byte, error) {
	files, err := s.export(ctx, now, cause, code, sealed)
	if err != nil {
		return nil, fmt.Errorf("storage: exporting evaluation %s: %w", code, err)
	}
	return files, nil
}

func (s *Store) export(ctx context.Context, now time.Time, cause Cause, code string, sealed bool) (map[string][]byte, error) {
	e, in, err := s.readInputs(ctx, code, false)
	if err != nil {
		return nil, err
	}
	switch run, err := s.runInputs(ctx, code); {
	case err == nil:
		in.Files = run.Files
	case !errors.Is(err, survey.ErrNotFound):
		return nil, err
	}
	first := firstItems(in.Responses)
	responses := in.Responses
	if !sealed {
		responses = releasable(responses, e.Panels)
	}
	header, rows := answerTable(responses, first)
	if err := table(in.Files, "answers.csv", header, rows); err != nil || !sealed {
		return in.Files, err
	}
	comments, err := s.readComments(ctx, e.ID)
	if err != nil {
		return nil, err
	}
	if err := table(in.Files, "comments.csv", []string{"panel", "subject", "relation", "item", "text"}, comments); err != nil {
		return nil, err
	}
	err = s.change(ctx, now, cause, func(tx pgx.Tx) error {
		return s.audit(ctx, tx, now, cause, "export.sealed", "evaluation:"+code, nil, nil)
	})
	return in.Files, err
}

// releasable takes out of responses what may not leave the house.
func releasable(responses []scoring.Response, panels []panelOf) []scoring.Response {
	minimum := make(map[string]int64)
	protected := make(map[string]bool) // not named
	for _, p := range panels {
		minimum[p.Code] = max(minimum[p.Code], int64(p.Minimum))
		protected[p.Code] = protected[p.Code] || p.Identity != survey.Named
	}
	type group struct{ panel, period, subject, relation, stratum string }
	whole := func(r scoring.Response) group { return group{r.Panel, r.Period, r.Subject, r.Relation, ""} }
	class := func(r scoring.Response) group {
		return group{r.Panel, r.Period, r.Subject, r.Relation, "/" + r.Stratum}
	}
	size := make(map[group]int64)
	for _, r := range responses {
		if r.Status == "valid" {
			size[whole(r)] += max(1, r.Count)
			size[class(r)] += max(1, r.Count)
		}
	}
	var released []scoring.Response
	for _, r := range responses {
		if r.Status == "valid" && size[whole(r)] >= minimum[r.Panel] {
			released = append(released, r)
		}
	}
	withoutOrigin(released)
	for i, r := range released {
		if !protected[r.Panel] {
			continue
		}
		if !imported(r) {
			released[i].Respondent = ""
		}
		if size[class(r)] < minimum[r.Panel] {
			released[i].Stratum = ""
		}
	}
	numberResponses(released)
	return released
}

// firstItems returns an item of each panel, for responses that have none.
func firstItems(responses []scoring.Response) map[string]string {
	first := make(map[string]string)
	for _, r := range responses {
		for _, a := range r.Answers {
			if item, ok := first[r.Panel]; !ok || a.Item < item {
				first[r.Panel] = a.Item
			}
		}
	}
	return first
}

const sqlComments = `
	SELECT p.code AS panel, s.code AS subject, c.relation, c.item, c.text, p.questionnaire_id
	FROM evaluation_round er JOIN comment c ON c.round_id = er.round_id
	JOIN panel p ON p.id = c.panel_id JOIN subject s ON s.id = c.subject_id
	WHERE er.evaluation_id = @evaluation ORDER BY c.id`

// commentRow is one comment or typed text.
type commentRow struct {
	Panel, Subject, Relation string
	Item                     int
	Text                     string
	QuestionnaireID          int64
}

// readComments returns what people wrote, in the order of random ids.
func (s *Store) readComments(ctx context.Context, evaluation int64) ([][]string, error) {
	rows, _ := s.pool.Query(ctx, sqlComments, pgx.NamedArgs{"evaluation": evaluation})
	comments, err := pgx.CollectRows(rows, pgx.RowToStructByName[commentRow])
	if err != nil {
		return nil, fmt.Errorf("reading the comments: %w", mapError(err))
	}
	table := make([][]string, 0, len(comments))
	for _, c := range comments {
		questionnaire, err := s.questionnaires.get(ctx, s.pool, c.QuestionnaireID)
		if err != nil {
			return nil, err
		}
		item, ok := questionnaire.Item(c.Item)
		if !ok {
			return nil, fmt.Errorf("there is no item %d in questionnaire %s: %w", c.Item, questionnaire.Code, survey.ErrInvalid)
		}
		table = append(table, []string{c.Panel, c.Subject, c.Relation, item.Code, c.Text})
	}
	return table, nil
}
