package storage

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"pingyi/scoring"
	"pingyi/survey"
)

// The folder of design §7, as an evaluation fills it.

// byteOrderMark begins exported tables: without it Excel takes them for GB18030.
const byteOrderMark = "\ufeff"

// table writes a CSV file; with no rows there is no file.
func table(files map[string][]byte, name string, header []string, rows [][]string) error {
	if len(rows) == 0 {
		return nil
	}
	b := bytes.NewBufferString(byteOrderMark)
	w := csv.NewWriter(b)
	if err := w.Write(header); err != nil {
		return err
	}
	if err := w.WriteAll(rows); err != nil {
		return fmt.Errorf("writing %s: %w", name, err)
	}
	files[name] = b.Bytes()
	return nil
}

// readFiles makes all files but the answers, and the scheme.
func readFiles(ctx context.Context, tx pgx.Tx, e evaluated) (map[string][]byte, error) {
	files := map[string][]byte{schemeFile: []byte(e.Scheme)}
	subjects, err := readSubjects(ctx, tx, e)
	if err != nil {
		return nil, fmt.Errorf("reading the subjects: %w", err)
	}
	codes := make([]string, len(subjects))
	for i, s := range subjects {
		codes[i] = s.Code
	}
	header, rows := subjectTable(subjects)
	err = table(files, "subjects.csv", header, rows)
	for _, more := range []func(context.Context, pgx.Tx, evaluated, []string, map[string][]byte) error{
		writeValues, writeLedger, writeHistory,
	} {
		if err == nil {
			err = more(ctx, tx, e, codes, files)
		}
	}
	if err != nil {
		return nil, err
	}
	var named [][]string
	given := runParams(e)
	for _, name := range slices.Sorted(maps.Keys(given)) {
		named = append(named, []string{name, given[name]})
	}
	return files, table(files, "params.csv", []string{"name", "value"}, named)
}

// subjectOf is a subject as an evaluation sees it.
type subjectOf struct {
	Code       string
	Name       survey.Text
	Kind       string
	Group      string
	Parent     string
	Attributes map[string]string
	Pinned     bool // rated in one of the rounds, with the group it had then
}

const sqlSubjectsOf = `
	SELECT s.code, s.name, s.kind, s.parent, coalesce(pin.group_code, s.group_code) AS "group",
	       coalesce(pin.attributes, s.attributes) AS attributes, pin.group_code IS NOT NULL AS pinned
	FROM subject s LEFT JOIN LATERAL (
		SELECT rs.group_code, rs.attributes
		FROM evaluation_round er JOIN round r ON r.id = er.round_id JOIN round_subject rs ON rs.round_id = r.id
		WHERE er.evaluation_id = @evaluation AND r.state = 'closed' AND rs.subject_id = s.id
		ORDER BY r.closed_at DESC, r.id DESC LIMIT 1) pin ON true
	WHERE s.active OR pin.group_code IS NOT NULL
	ORDER BY s.code COLLATE "C"`

// readSubjects returns the subjects of an evaluation: of a kind that its rounds
// rated, those that they rated; of other kinds, all; and whose parents they are.
func readSubjects(ctx context.Context, tx pgx.Tx, e evaluated) ([]subjectOf, error) {
	rows, _ := tx.Query(ctx, sqlSubjectsOf, pgx.NamedArgs{"evaluation": e.ID})
	all, err := pgx.CollectRows(rows, pgx.RowToStructByName[subjectOf])
	if err != nil {
		return nil, err
	}
	rated := make(map[string]bool)
	byCode := make(map[string]subjectOf, len(all))
	for _, s := range all {
		byCode[s.Code] = s
		if s.Pinned {
			rated[s.Kind] = true
		}
	}
	keep := make(map[string]bool)
	for _, s := range all {
		for at := s; (s.Pinned || !rated[s.Kind]) && !keep[at.Code]; at = byCode[at.Parent] {
			keep[at.Code] = true
			if _, ok := byCode[at.Parent]; !ok {
				break
			}
		}
	}
	return slices.DeleteFunc(all, func(s subjectOf) bool { return !keep[s.Code] }), nil
}

// subjectTable has a column per language and per attribute that occurs.
func subjectTable(subjects []subjectOf) (header []string, rows [][]string) {
	langs, attributes := make(map[survey.Lang]bool), make(map[string]bool)
	for _, s := range subjects {
		for l := range s.Name {
			langs[l] = true
		}
		for name := range s.Attributes {
			attributes[name] = true
		}
	}
	spoken, known := slices.Sorted(maps.Keys(langs)), slices.Sorted(maps.Keys(attributes))
	header = []string{"code"}
	for _, l := range spoken {
		header = append(header, strings.TrimSuffix("name:"+string(l), ":"))
	}
	header = append(append(header, "kind", "group", "parent"), known...)
	for _, s := range subjects {
		row := []string{s.Code}
		for _, l := range spoken {
			row = append(row, s.Name[l])
		}
		row = append(row, s.Kind, s.Group, s.Parent)
		for _, name := range known {
			row = append(row, s.Attributes[name])
		}
		rows = append(rows, row)
	}
	return header, rows
}

const sqlValuesOf = `
	SELECT s.code, v.indicator, v.period, v.value, v.target, coalesce(v.date::text, ''), coalesce(v.due::text, ''),
	       v.source, v.weight
	FROM indicator_value v JOIN subject s ON s.id = v.subject_id
	WHERE s.code = ANY(@subjects)
	ORDER BY s.code COLLATE "C", v.indicator COLLATE "C", v.source COLLATE "C", v.date NULLS FIRST, v.period COLLATE "C"`

// writeValues writes the values of the evaluation's period, under the names of
// its parts. One without a period counts where there is none of the period.
func writeValues(ctx context.Context, tx pgx.Tx, e evaluated, subjects []string, files map[string][]byte) error {
	found, err := textRows(ctx, tx, sqlValuesOf, pgx.NamedArgs{"subjects": subjects}, 9)
	if err != nil {
		return fmt.Errorf("reading the values: %w", err)
	}
	type key [5]string
	place := make(map[key]int)
	var rows [][]string
	for _, v := range found {
		part, ok := partOf(v[2], e.Period)
		if !ok {
			continue
		}
		general := v[2] == ""
		v[2] = part
		k := key{v[0], v[1], v[2], v[7], v[5]}
		switch i, there := place[k]; {
		case !there:
			place[k] = len(rows)
			rows = append(rows, v)
		case !general:
			rows[i] = v
		}
	}
	return table(files, "values.csv",
		[]string{"subject", "indicator", "period", "value", "target", "date", "due", "source", "weight"}, rows)
}

const sqlLedgerOf = `
	SELECT l.id, s.code, l.kind, l.points, l.category, coalesce(l.date::text, ''), l.approved, l.matter, l.level,
	       l.indicator, l.period, l.reason
	FROM ledger l JOIN subject s ON s.id = l.subject_id
	WHERE s.code = ANY(@subjects) ORDER BY l.id COLLATE "C"`

func writeLedger(ctx context.Context, tx pgx.Tx, e evaluated, subjects []string, files map[string][]byte) error {
	found, err := textRows(ctx, tx, sqlLedgerOf, pgx.NamedArgs{"subjects": subjects}, 12)
	if err != nil {
		return fmt.Errorf("reading the ledger: %w", err)
	}
	var rows [][]string
	for _, l := range found {
		if part, ok := partOf(l[10], e.Period); ok {
			l[10] = part
			rows = append(rows, l)
		}
	}
	return table(files, "ledger.csv", []string{"id", "subject", "kind", "points", "category", "date", "approved",
		"matter", "level", "indicator", "period", "reason"}, rows)
}

// The latest run of every earlier evaluation by the same scheme that was
// published.
const sqlHistoryOf = `
	SELECT DISTINCT ON (e.period COLLATE "C", s.code COLLATE "C")
	       e.period, s.code, coalesce(trim_scale(sc.total)::text, ''), sc.grade
	FROM evaluation e JOIN scheme m ON m.id = e.scheme_id
	JOIN score_run run ON run.evaluation_id = e.id
	     AND run.id = (SELECT max(id) FROM score_run WHERE evaluation_id = e.id)
	JOIN score sc ON sc.run_id = run.id JOIN subject s ON s.id = sc.subject_id
	WHERE m.code = @scheme AND e.state = 'published' AND e.id <> @evaluation AND e.period <> ''
	  AND e.period COLLATE "C" < @period AND s.code = ANY(@subjects)
	ORDER BY e.period COLLATE "C", s.code COLLATE "C", run.id DESC`

func writeHistory(ctx context.Context, tx pgx.Tx, e evaluated, subjects []string, files map[string][]byte) error {
	rows, err := textRows(ctx, tx, sqlHistoryOf, pgx.NamedArgs{
		"scheme": e.SchemeCode, "evaluation": e.ID, "period": e.Period, "subjects": subjects}, 4)
	if err != nil {
		return fmt.Errorf("reading the history: %w", err)
	}
	return table(files, "history.csv", []string{"period", "subject", "total", "grade"}, rows)
}

// textRows reads rows of n texts.
func textRows(ctx context.Context, tx pgx.Tx, sql string, args pgx.NamedArgs, n int) ([][]string, error) {
	rows, _ := tx.Query(ctx, sql, args)
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) ([]string, error) {
		texts := make([]string, n)
		into := make([]any, n)
		for i := range texts {
			into[i] = &texts[i]
		}
		return texts, row.Scan(into...)
	})
}

// partOf says how a period is called within a run's (design §7): the run's own
// "" and any part of its year by what follows the year, where it lies in the
// run's. What names no year is a part already.
func partOf(period, run string) (string, bool) {
	if period == "" || period == run {
		return "", true
	}
	year, part, _ := strings.Cut(period, "-")
	if run == "" || len(year) != 4 || strings.Trim(year, "0123456789") != "" {
		return period, true
	}
	runYear, runPart, _ := strings.Cut(run, "-")
	if year != runYear || part == "" {
		return "", false
	}
	from, to, ok := months(part)
	runFrom, runTo, runOK := months(runPart)
	return part, ok && runOK && runFrom <= from && to <= runTo
}

// months returns the first and the last month of a part of a year: H1, Q3, 06,
// 06-30; the empty part is the year.
func months(part string) (from, to int, ok bool) {
	if part == "" {
		return 1, 12, true
	}
	length := map[byte]int{'H': 6, 'Q': 3}[part[0]]
	digits := part[1:]
	if length == 0 {
		length = 1
		digits, _, _ = strings.Cut(part, "-")
	}
	n, err := strconv.Atoi(digits)
	if err != nil || n < 1 || n*length > 12 {
		return 0, 0, false
	}
	return (n-1)*length + 1, n * length, true
}

// answerTable writes responses as answers.csv: a row per item; a response
// without any answer shows with its panel's first item left empty.
func answerTable(responses []scoring.Response, first map[string]string) (header []string, rows [][]string) {
	header = []string{"id", "panel", "respondent", "subject", "period", "relation", "status", "stratum", "count", "item", "value"}
	origin := slices.ContainsFunc(responses, func(r scoring.Response) bool { return r.Submitted+r.Device != "" })
	if origin {
		header = append(header, "submitted_at", "device")
	}
	for _, r := range responses {
		row := []string{r.ID, r.Panel, r.Respondent, r.Subject, r.Period, r.Relation, r.Status, r.Stratum,
			strconv.FormatInt(max(1, r.Count), 10)}
		answers := r.Answers
		if len(answers) == 0 {
			answers = []scoring.Answer{{Item: first[r.Panel]}}
		}
		for _, a := range answers {
			cells := append(slices.Clone(row), a.Item, a.Value)
			if origin {
				cells = append(cells, r.Submitted, r.Device)
			}
			rows = append(rows, cells)
		}
	}
	return header, rows
}
