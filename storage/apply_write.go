package storage

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"pingyi/survey"
)

// seedSize is the size of a round's seed, which decides every drawing in it.
const seedSize = 32

// writeHouse writes every row of h, in an order in which each finds what it
// refers to.
func (s *Store) writeHouse(ctx context.Context, tx pgx.Tx, now time.Time, h *House) error {
	if h.Project != nil {
		if err := keepProject(ctx, tx, *h.Project); err != nil {
			return err
		}
	}
	if err := writeUnits(ctx, tx, h.Units); err != nil {
		return err
	}
	if err := s.writePeople(ctx, tx, now, h.People); err != nil {
		return err
	}
	steps := []struct {
		what string
		sql  string
		args pgx.NamedArgs
	}{
		{"subjects", sqlWriteSubjects, subjectArgs(h.Subjects)},
		{"the calendar", sqlWriteCalendar, calendarArgs(h.Calendar)},
		{"questionnaires", sqlWriteQuestionnaires, versionArgs(h.Questionnaires, now)},
		{"schemes", sqlWriteSchemes, versionArgs(h.Schemes, now)},
		{"series", sqlWriteSeries, seriesArgs(h.Series, now)},
		{"rounds", sqlWriteRounds, roundArgs(h.Rounds)},
		{"values", sqlWriteValues, valueArgs(h.Values)},
		{"the ledger", sqlWriteLedger, ledgerArgs(h.Ledger)},
	}
	for _, step := range steps {
		if _, err := tx.Exec(ctx, step.sql, step.args); err != nil {
			return fmt.Errorf("writing %s: %w", step.what, err)
		}
	}
	for _, e := range h.Evaluations {
		if err := writeEvaluation(ctx, tx, e); err != nil {
			return err
		}
	}
	return s.askWritten(ctx, tx, now, h.People)
}

// column makes an array of what f takes from each row, for unnest.
func column[R, T any](rows []R, f func(R) T) []T {
	out := make([]T, len(rows))
	for i, r := range rows {
		out[i] = f(r)
	}
	return out
}

// asJSON writes a text or attributes for a jsonb column; neither can fail.
func asJSON[T survey.Text | map[string]string](v T) string {
	if v == nil {
		return "{}"
	}
	b, _ := json.Marshal(v)
	return string(b)
}

// Parents come second: a unit may stand before the one above it.
const (
	sqlWriteUnits = `
	INSERT INTO unit (code, name, kind, attributes)
	SELECT code, name::jsonb, kind, attributes::jsonb
	FROM unnest(@codes::text[], @names::text[], @kinds::text[], @attributes::text[])
	     WITH ORDINALITY AS x (code, name, kind, attributes, n) ORDER BY n
	ON CONFLICT (code) DO UPDATE SET name = excluded.name, kind = excluded.kind, attributes = excluded.attributes`
	sqlWriteParents = `
	UPDATE unit u SET parent_id = p.id
	FROM unnest(@codes::text[], @parents::text[]) AS x (code, parent) LEFT JOIN unit p ON p.code = x.parent
	WHERE u.code = x.code`
)

func writeUnits(ctx context.Context, tx pgx.Tx, units []UnitRow) error {
	args := pgx.NamedArgs{
		"codes":      column(units, func(u UnitRow) string { return u.Code }),
		"names":      column(units, func(u UnitRow) string { return asJSON(u.Name) }),
		"kinds":      column(units, func(u UnitRow) string { return u.Kind }),
		"attributes": column(units, func(u UnitRow) string { return asJSON(u.Attributes) }),
		"parents":    column(units, func(u UnitRow) string { return u.Parent }),
	}
	for _, sql := range []string{sqlWriteUnits, sqlWriteParents} {
		if _, err := tx.Exec(ctx, sql, args); err != nil {
			return fmt.Errorf("writing units: %w", err)
		}
	}
	return nil
}

const sqlWriteSubjects = `
	INSERT INTO subject (code, name, kind, group_code, parent, unit_id, person_id, attributes, active)
	SELECT x.code, x.name::jsonb, x.kind, x.grp, x.parent, u.id, p.id, x.attributes::jsonb, x.active
	FROM unnest(@codes::text[], @names::text[], @kinds::text[], @groups::text[], @parents::text[],
	            @units::text[], @people::text[], @attributes::text[], @active::bool[])
	     WITH ORDINALITY AS x (code, name, kind, grp, parent, unit, person, attributes, active, n)
	LEFT JOIN unit u ON u.code = x.unit LEFT JOIN person p ON p.code = x.person ORDER BY x.n
	ON CONFLICT (code) DO UPDATE SET name = excluded.name, kind = excluded.kind, group_code = excluded.group_code,
	    parent = excluded.parent, unit_id = excluded.unit_id, person_id = excluded.person_id,
	    attributes = excluded.attributes, active = excluded.active`

func subjectArgs(rows []SubjectRow) pgx.NamedArgs {
	return pgx.NamedArgs{
		"codes":      column(rows, func(x SubjectRow) string { return x.Code }),
		"names":      column(rows, func(x SubjectRow) string { return asJSON(x.Name) }),
		"kinds":      column(rows, func(x SubjectRow) string { return x.Kind }),
		"groups":     column(rows, func(x SubjectRow) string { return x.Group }),
		"parents":    column(rows, func(x SubjectRow) string { return x.Parent }),
		"units":      column(rows, func(x SubjectRow) string { return x.Unit }),
		"people":     column(rows, func(x SubjectRow) string { return x.Person }),
		"attributes": column(rows, func(x SubjectRow) string { return asJSON(x.Attributes) }),
		"active":     column(rows, func(x SubjectRow) bool { return x.Active }),
	}
}

const sqlWriteCalendar = `
	INSERT INTO calendar (day, working)
	SELECT day::date, working FROM unnest(@days::text[], @working::bool[]) AS x (day, working)
	ON CONFLICT (day) DO UPDATE SET working = excluded.working`

func calendarArgs(c survey.Calendar) pgx.NamedArgs {
	days, working := make([]string, 0, len(c)), make([]bool, 0, len(c))
	for d, w := range c {
		days, working = append(days, d.String()), append(working, w)
	}
	return pgx.NamedArgs{"days": days, "working": working}
}

const sqlNewVersions = ` (code, version, hash, body, created_at)
	SELECT code, version, hash, body, @now
	FROM unnest(@codes::text[], @versions::int[], @hashes::bytea[], @bodies::text[]) AS x (code, version, hash, body)`

const (
	sqlWriteQuestionnaires = `INSERT INTO questionnaire` + sqlNewVersions
	sqlWriteSchemes        = `INSERT INTO scheme` + sqlNewVersions
)

func versionArgs(rows []VersionRow, now time.Time) pgx.NamedArgs {
	return pgx.NamedArgs{
		"codes":    column(rows, func(v VersionRow) string { return v.Code }),
		"versions": column(rows, func(v VersionRow) int { return v.Version }),
		"hashes":   column(rows, func(v VersionRow) []byte { return v.Hash }),
		"bodies":   column(rows, func(v VersionRow) string { return v.Body }),
		"now":      now,
	}
}

// A series that changed is due from now on: times of its old calendar that
// have passed are settled.
const sqlWriteSeries = `
	INSERT INTO series (code, body, since)
	SELECT code, body, @now FROM unnest(@codes::text[], @bodies::text[]) AS x (code, body)
	ON CONFLICT (code) DO UPDATE SET body = excluded.body, since = excluded.since, next_due = NULL`

func seriesArgs(rows []SeriesRow, now time.Time) pgx.NamedArgs {
	return pgx.NamedArgs{
		"codes":  column(rows, func(r SeriesRow) string { return r.Code }),
		"bodies": column(rows, func(r SeriesRow) string { return r.Body }),
		"now":    now,
	}
}

// The state guards what the plan has seen: a round that has opened is not touched.
const sqlWriteRounds = `
	INSERT INTO round (code, title, period, spec, state, opens_at, closes_at, seed)
	SELECT code, title::jsonb, period, spec, state, opens, closes, seed
	FROM unnest(@codes::text[], @titles::text[], @periods::text[], @bodies::text[], @states::text[],
	            @opens::timestamptz[], @closes::timestamptz[], @seeds::bytea[])
	     WITH ORDINALITY AS x (code, title, period, spec, state, opens, closes, seed, n) ORDER BY n
	ON CONFLICT (code) DO UPDATE SET title = excluded.title, period = excluded.period, spec = excluded.spec,
	    state = excluded.state, opens_at = excluded.opens_at, closes_at = excluded.closes_at
	WHERE round.state IN ('draft', 'scheduled')`

func roundArgs(rows []RoundRow) pgx.NamedArgs {
	return pgx.NamedArgs{
		"codes":   column(rows, func(r RoundRow) string { return r.Code }),
		"titles":  column(rows, func(r RoundRow) string { return asJSON(r.Title) }),
		"periods": column(rows, func(r RoundRow) string { return r.Period }),
		"bodies":  column(rows, func(r RoundRow) string { return r.Body }),
		"states":  column(rows, func(r RoundRow) string { return string(r.State) }),
		"opens":   column(rows, func(r RoundRow) *time.Time { return r.OpensAt }),
		"closes":  column(rows, func(r RoundRow) *time.Time { return r.ClosesAt }),
		"seeds":   column(rows, func(RoundRow) []byte { return randomBytes(seedSize) }),
	}
}

const (
	sqlWriteEvaluation = `
	INSERT INTO evaluation (code, title, period, scheme_id, params)
	SELECT @code, @title, @period, id, @params
	FROM scheme WHERE code = @scheme ORDER BY version DESC LIMIT 1
	ON CONFLICT (code) DO UPDATE SET title = excluded.title, period = excluded.period,
	    scheme_id = excluded.scheme_id, params = excluded.params, state = 'draft'
	WHERE evaluation.state IN ('draft', 'scored')
	RETURNING id`
	sqlDropEvaluationRounds  = `DELETE FROM evaluation_round WHERE evaluation_id = @evaluation`
	sqlWriteEvaluationRounds = `
	INSERT INTO evaluation_round (evaluation_id, round_id, period)
	SELECT @evaluation, r.id, x.period
	FROM unnest(@rounds::text[], @periods::text[]) AS x (code, period) JOIN round r ON r.code = x.code`
)

func writeEvaluation(ctx context.Context, tx pgx.Tx, e EvaluationRow) error {
	if e.Params == nil {
		e.Params = map[string]string{}
	}
	var id int64
	err := tx.QueryRow(ctx, sqlWriteEvaluation, pgx.NamedArgs{"code": e.Code, "title": e.Title,
		"period": e.Period, "scheme": e.Scheme, "params": e.Params}).Scan(&id)
	if err != nil {
		return fmt.Errorf("writing evaluation %s: %w", e.Code, err)
	}
	args := pgx.NamedArgs{"evaluation": id,
		"rounds":  column(e.Rounds, func(r survey.EvaluationRound) string { return r.Round }),
		"periods": column(e.Rounds, func(r survey.EvaluationRound) string { return r.Period })}
	for _, sql := range []string{sqlDropEvaluationRounds, sqlWriteEvaluationRounds} {
		if _, err := tx.Exec(ctx, sql, args); err != nil {
			return fmt.Errorf("writing the rounds of evaluation %s: %w", e.Code, err)
		}
	}
	return nil
}

const sqlWriteValues = `
	INSERT INTO indicator_value (subject_id, indicator, period, source, date, value, target, due, weight)
	SELECT s.id, x.indicator, x.period, x.source, nullif(x.date, '')::date, x.value, x.target,
	       nullif(x.due, '')::date, x.weight
	FROM unnest(@subjects::text[], @indicators::text[], @periods::text[], @sources::text[], @dates::text[],
	            @values::text[], @targets::text[], @dues::text[], @weights::text[])
	     AS x (subject, indicator, period, source, date, value, target, due, weight)
	JOIN subject s ON s.code = x.subject
	ON CONFLICT (subject_id, indicator, period, source, coalesce(date, '0001-01-01'))
	DO UPDATE SET value = excluded.value, target = excluded.target, due = excluded.due, weight = excluded.weight`

func valueArgs(rows []ValueRow) pgx.NamedArgs {
	return pgx.NamedArgs{
		"subjects":   column(rows, func(v ValueRow) string { return v.Subject }),
		"indicators": column(rows, func(v ValueRow) string { return v.Indicator }),
		"periods":    column(rows, func(v ValueRow) string { return v.Period }),
		"sources":    column(rows, func(v ValueRow) string { return v.Source }),
		"dates":      column(rows, func(v ValueRow) string { return v.Date }),
		"values":     column(rows, func(v ValueRow) string { return v.Value }),
		"targets":    column(rows, func(v ValueRow) string { return v.Target }),
		"dues":       column(rows, func(v ValueRow) string { return v.Due }),
		"weights":    column(rows, func(v ValueRow) string { return v.Weight }),
	}
}

const sqlWriteLedger = `
	INSERT INTO ledger (id, subject_id, kind, points, category, date, approved, matter, level, indicator, period, reason)
	SELECT x.id, s.id, x.kind, x.points, x.category, nullif(x.date, '')::date, x.approved, x.matter, x.level,
	       x.indicator, x.period, x.reason
	FROM unnest(@ids::text[], @subjects::text[], @kinds::text[], @points::text[], @categories::text[], @dates::text[],
	            @approved::text[], @matters::text[], @levels::text[], @indicators::text[], @periods::text[], @reasons::text[])
	     AS x (id, subject, kind, points, category, date, approved, matter, level, indicator, period, reason)
	JOIN subject s ON s.code = x.subject
	ON CONFLICT (id) DO UPDATE SET subject_id = excluded.subject_id, kind = excluded.kind, points = excluded.points,
	    category = excluded.category, date = excluded.date, approved = excluded.approved, matter = excluded.matter,
	    level = excluded.level, indicator = excluded.indicator, period = excluded.period, reason = excluded.reason`

func ledgerArgs(rows []LedgerRow) pgx.NamedArgs {
	return pgx.NamedArgs{
		"ids":        column(rows, func(e LedgerRow) string { return e.ID }),
		"subjects":   column(rows, func(e LedgerRow) string { return e.Subject }),
		"kinds":      column(rows, func(e LedgerRow) string { return e.Kind }),
		"points":     column(rows, func(e LedgerRow) string { return e.Points }),
		"categories": column(rows, func(e LedgerRow) string { return e.Category }),
		"dates":      column(rows, func(e LedgerRow) string { return e.Date }),
		"approved":   column(rows, func(e LedgerRow) string { return e.Approved }),
		"matters":    column(rows, func(e LedgerRow) string { return e.Matter }),
		"levels":     column(rows, func(e LedgerRow) string { return e.Level }),
		"indicators": column(rows, func(e LedgerRow) string { return e.Indicator }),
		"periods":    column(rows, func(e LedgerRow) string { return e.Period }),
		"reasons":    column(rows, func(e LedgerRow) string { return e.Reason }),
	}
}
