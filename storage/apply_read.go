package storage

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"pingyi/survey"
)

const sqlReadUnits = `
	SELECT u.code, u.name, u.kind, coalesce(p.code, '') AS parent, u.attributes
	FROM unit u LEFT JOIN unit p ON p.id = u.parent_id`

// Memberships and roles come as JSON: one row per person, whatever they hold.
const sqlReadPeople = `
	SELECT p.code, p.name, p.language, coalesce(p.telegram_id, 0) AS telegram_id, p.phone_hash,
	       p.district, p.age_band AS age, p.enrolled, p.released, (a.value @> to_jsonb(p.id)) IS TRUE AS admin,
	       coalesce(m.held, '[]') AS memberships, coalesce(r.held, '[]') AS roles
	FROM person p LEFT JOIN setting a ON a.key = 'admins'
	LEFT JOIN (
	    SELECT m.person_id, jsonb_agg(jsonb_build_object('Kind', m.kind, 'Unit', coalesce(u.code, ''),
	               'Manager', coalesce(b.code, ''), 'Post', m.post,
	               'From', coalesce(m.from_date::text, ''), 'To', coalesce(m.to_date::text, ''))
	           ORDER BY m.kind, u.code COLLATE "C" NULLS FIRST, m.post COLLATE "C", m.from_date NULLS FIRST) AS held
	    FROM membership m LEFT JOIN unit u ON u.id = m.unit_id LEFT JOIN person b ON b.id = m.manager_id
	    WHERE NOT m.enrolled GROUP BY m.person_id) m ON m.person_id = p.id
	LEFT JOIN (
	    SELECT r.person_id, jsonb_agg(jsonb_build_object('Role', r.role, 'Unit', coalesce(u.code, ''))
	           ORDER BY r.role, u.code COLLATE "C" NULLS FIRST) AS held
	    FROM role r LEFT JOIN unit u ON u.id = r.unit_id
	    GROUP BY r.person_id) r ON r.person_id = p.id`

const sqlReadSubjects = `
	SELECT s.code, s.name, s.kind, s.group_code AS "group", s.parent, coalesce(u.code, '') AS unit,
	       coalesce(p.code, '') AS person, s.attributes, s.active
	FROM subject s LEFT JOIN unit u ON u.id = s.unit_id LEFT JOIN person p ON p.id = s.person_id
	ORDER BY s.id`

const sqlReadQuestionnaires = `
	SELECT DISTINCT ON (code) code, version, hash, body FROM questionnaire ORDER BY code, version DESC`

const sqlReadSchemes = `
	SELECT DISTINCT ON (code) code, version, hash, body FROM scheme ORDER BY code, version DESC`

const sqlReadSeries = `SELECT code, body FROM series`

const sqlReadRoundRows = `
	SELECT code, title, period, spec AS body, state, opens_at, closes_at FROM round`

const sqlReadEvaluations = `
	SELECT e.code, e.title, e.period, e.state, s.code AS scheme, s.version, e.params,
	       coalesce((SELECT jsonb_agg(jsonb_build_object('Round', r.code, 'Period', er.period) ORDER BY r.code COLLATE "C")
	                 FROM evaluation_round er JOIN round r ON r.id = er.round_id
	                 WHERE er.evaluation_id = e.id), '[]') AS rounds
	FROM evaluation e JOIN scheme s ON s.id = e.scheme_id`

const sqlReadCalendar = `SELECT day, working FROM calendar`

const sqlReadValues = `
	SELECT s.code AS subject, v.indicator, v.period, v.source, coalesce(v.date::text, '') AS date,
	       v.value, v.target, coalesce(v.due::text, '') AS due, v.weight
	FROM indicator_value v JOIN subject s ON s.id = v.subject_id`

const sqlReadLedger = `
	SELECT l.id, s.code AS subject, l.kind, l.points, l.category, coalesce(l.date::text, '') AS date,
	       l.approved, l.matter, l.level, l.indicator, l.period, l.reason
	FROM ledger l JOIN subject s ON s.id = l.subject_id`

func readHouse(ctx context.Context, tx pgx.Tx) (*House, error) {
	h := &House{}
	err := errors.Join(
		readRows(ctx, tx, sqlReadUnits, &h.Units),
		readRows(ctx, tx, sqlReadPeople, &h.People),
		readRows(ctx, tx, sqlReadSubjects, &h.Subjects),
		readRows(ctx, tx, sqlReadQuestionnaires, &h.Questionnaires),
		readRows(ctx, tx, sqlReadSchemes, &h.Schemes),
		readRows(ctx, tx, sqlReadSeries, &h.Series),
		readRows(ctx, tx, sqlReadRoundRows, &h.Rounds),
		readRows(ctx, tx, sqlReadEvaluations, &h.Evaluations),
		readRows(ctx, tx, sqlReadValues, &h.Values),
		readRows(ctx, tx, sqlReadLedger, &h.Ledger),
		h.readProject(ctx, tx),
		h.readCalendar(ctx, tx),
	)
	if err != nil {
		return nil, err
	}
	return h, nil
}

func readRows[R any](ctx context.Context, tx pgx.Tx, sql string, into *[]R) error {
	rows, _ := tx.Query(ctx, sql)
	all, err := pgx.CollectRows(rows, pgx.RowToStructByName[R])
	if err != nil {
		return fmt.Errorf("reading %T: %w", *into, err)
	}
	*into = all
	return nil
}

func (h *House) readProject(ctx context.Context, tx pgx.Tx) error {
	p, err := project(ctx, tx)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading the project: %w", err)
	}
	h.Project = &p
	return nil
}

func (h *House) readCalendar(ctx context.Context, tx pgx.Tx) error {
	h.Calendar = survey.Calendar{}
	rows, _ := tx.Query(ctx, sqlReadCalendar)
	var day time.Time
	var working bool
	_, err := pgx.ForEachRow(rows, []any{&day, &working}, func() error {
		h.Calendar[survey.DayOf(day)] = working
		return nil
	})
	if err != nil {
		return fmt.Errorf("reading the calendar: %w", err)
	}
	return nil
}
