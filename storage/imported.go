package storage

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"pingyi/scoring"
	"pingyi/survey"
)

// importedID begins the ids of imported responses in an evaluation. Their
// order is that of the ids in the files, for of two votes at the same time the
// later id counts; ids of other responses mean nothing.
const importedID = "i"

// All ballots of a panel that has imported ones: as sqlResponses, but each of
// those by itself.
const sqlMixedResponses = `
	WITH all_ballots AS MATERIALIZED (
		SELECT b.id, b.subject_id, b.relation, b.stratum, b.status, coalesce(b.respondent, '') AS respondent,
		       coalesce(i.ref, '') AS ref, coalesce(i.device, '') AS device, coalesce(i.submitted, '') AS submitted,
		       coalesce(i.count, 1) AS n
		FROM ballot b LEFT JOIN imported_ballot i ON i.round_id = b.round_id AND i.ballot_id = b.id
		WHERE b.round_id = @round AND b.panel_id = @panel
	), cell AS (
		SELECT subject_id, relation, sum(n) FILTER (WHERE status = 'valid') AS n FROM all_ballots GROUP BY subject_id, relation
	)
	SELECT s.code AS subject, b.relation, b.stratum, b.respondent, b.ref, b.device, b.submitted, b.n,
	       CASE WHEN b.status = 'valid' AND cell.n < @few THEN '` + statusFew + `' ELSE b.status END AS status,
	       coalesce(array_agg(a.item ORDER BY a.item) FILTER (WHERE a.item IS NOT NULL), '{}') AS items,
	       coalesce(array_agg(a.value ORDER BY a.item) FILTER (WHERE a.item IS NOT NULL), '{}') AS values
	FROM all_ballots b JOIN cell USING (subject_id, relation) JOIN subject s ON s.id = b.subject_id
	LEFT JOIN answer a ON a.round_id = @round AND a.ballot_id = b.id AND a.item <> ALL(@texts::smallint[])
	GROUP BY b.id, s.code, b.subject_id, b.relation, b.stratum, b.respondent, b.ref, b.device, b.submitted, b.n, b.status, cell.n
	ORDER BY b.id`

type mixedRow struct {
	sheetRow
	Ref, Device, Submitted string
}

// readMixed reads the ballots of a panel that has imported ones.
func readMixed(ctx context.Context, tx pgx.Tx, p panelOf, questionnaire *survey.Questionnaire,
	respondents map[string]string, args pgx.NamedArgs, take func(scoring.Response)) error {
	rows, _ := tx.Query(ctx, sqlMixedResponses, args)
	defer rows.Close()
	for rows.Next() {
		sheet, err := pgx.RowToStructByName[mixedRow](rows)
		if err != nil {
			return err
		}
		r, err := sheet.response(p, questionnaire, respondents)
		if err != nil {
			return err
		}
		r.Submitted = sheet.Submitted
		if sheet.Ref != "" {
			r.ID = importedID + sheet.Ref
		}
		if sheet.Device != "" {
			r.Device = number(respondents, "d", fmt.Sprintf("%d/%s", p.RoundID, sheet.Device))
		}
		take(r)
	}
	return rows.Err()
}

// withoutOrigin takes out of imported responses that may be released what
// tells where they come from, but not which of several counts: times become
// the order of ids, and only who answered twice about the same is named, by a
// name that holds there alone.
func withoutOrigin(responses []scoring.Response) {
	type place struct{ panel, period, subject, relation, name string }
	at := func(r scoring.Response, name string) place {
		return place{r.Panel, r.Period, r.Subject, r.Relation, name}
	}
	times := make(map[place]int)
	for _, r := range responses {
		if imported(r) {
			times[at(r, "r"+r.Respondent)]++
			times[at(r, "d"+r.Device)]++
		}
	}
	names := make(map[place]string)
	alias := func(r scoring.Response, kind, name string) string {
		p := at(r, kind+name)
		if name == "" || times[p] < 2 {
			return ""
		}
		if names[p] == "" {
			group := at(r, "")
			times[group]++
			names[p] = kind + strconv.Itoa(times[group])
		}
		return names[p]
	}
	for i, r := range responses {
		if !imported(r) {
			continue
		}
		responses[i].Respondent, responses[i].Device = alias(r, "r", r.Respondent), alias(r, "d", r.Device)
		responses[i].ID, responses[i].Submitted = importedID+r.Submitted+"\x00"+r.ID, ""
	}
	slices.SortStableFunc(responses, func(a, b scoring.Response) int { return strings.Compare(a.ID, b.ID) })
}

func imported(r scoring.Response) bool { return strings.HasPrefix(r.ID, importedID) }
