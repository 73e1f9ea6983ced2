package storage

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"pingyi/survey"
)

// testLease is how long tests lease deliveries.
const testLease = time.Minute

// city is a small town on a store of the test's own: three departments, two of
// them in one group; three cadres under one head; citizens c001… with Telegram
// accounts 1001… in the districts north (odd) and south.
type city struct {
	*Store
	t     testing.TB
	round int64 // the round last opened
}

const citySQL = `
	INSERT INTO setting VALUES ('project', '{"code":"city","name":{"":"市政府"},"language":"zh-Hans","retention":{"requests":"30d","comments":"60d"}}');
	INSERT INTO unit (code, name) VALUES ('city', '{"":"市"}');
	INSERT INTO unit (code, name, parent_id) SELECT code, '{}', (SELECT id FROM unit WHERE code = 'city')
	    FROM unnest(ARRAY['police', 'health', 'school']) AS code;
	INSERT INTO person (code, name, telegram_id, created_at) VALUES
	    ('head', 'Head', 21, now()), ('ann', 'Ann', 22, now()), ('bob', 'Bob', 23, now()), ('eve', 'Eve', 24, now()),
	    ('mayor', 'Mayor', 31, now());
	INSERT INTO membership (person_id, kind, unit_id, manager_id, post)
	    SELECT p.id, CASE p.code WHEN 'mayor' THEN 'leader' ELSE 'staff' END, (SELECT id FROM unit WHERE code = 'police'),
	           CASE WHEN p.code IN ('ann', 'bob', 'eve') THEN (SELECT id FROM person WHERE code = 'head') END, 'clerk'
	    FROM person p;
	INSERT INTO subject (code, name, kind, group_code, unit_id)
	    SELECT code, jsonb_build_object('', code), 'department', CASE code WHEN 'school' THEN 'b' ELSE 'a' END, id
	    FROM unit WHERE code <> 'city' ORDER BY code;
	INSERT INTO subject (code, name, kind, person_id)
	    SELECT code, jsonb_build_object('', name), 'cadre', id FROM person WHERE code IN ('head', 'ann', 'bob', 'eve') ORDER BY id`

const citizensSQL = `
	WITH people AS (
		INSERT INTO person (code, telegram_id, district, age_band, created_at)
		SELECT 'c' || to_char(i, 'FM000'), 1000 + i, CASE i % 2 WHEN 1 THEN 'north' ELSE 'south' END, '30', now()
		FROM generate_series(1, $1::int) AS i RETURNING id)
	INSERT INTO membership (person_id, kind) SELECT id, 'citizen' FROM people`

const satisfaction = `
questionnaire: satisfaction
title: 满意度
items:
  - {code: service, kind: rating, text: 服务, required: true, dont_know: true, comment: true, scale: satisfaction}
  - {code: why, kind: text, text: 为什么, max: 200, show_if: {service: {at_most: 2}}}
  - {code: speed, kind: rating, text: 速度, scale: satisfaction}
  - code: channels
    kind: multiple
    text: 渠道
    min: 2
    options: [{code: app, label: 应用}, {code: hall, label: 大厅}, {code: phone, label: 电话}]
scales:
  satisfaction:
    - {label: 非常满意, points: 100}
    - {label: 满意, points: 80}
    - {label: 基本满意, points: 60}
    - {label: 不满意, points: 40}
    - {label: 非常不满意, points: 20}
`

func newCity(t testing.TB, citizens int) *city {
	t.Helper()
	c := &city{Store: newStore(t), t: t}
	exec(t, c.Store, citySQL)
	exec(t, c.Store, citizensSQL, citizens)
	c.questionnaire(satisfaction)
	return c
}

// questionnaire adds the next version of a questionnaire.
func (c *city) questionnaire(body string) {
	c.t.Helper()
	q, faults := survey.ParseQuestionnaire("q.yaml", []byte(body))
	if len(faults) > 0 {
		c.t.Fatal(faults)
	}
	exec(c.t, c.Store, `INSERT INTO questionnaire (code, version, hash, body, created_at)
		SELECT $1, coalesce(max(version), 0) + 1, $2, $3, now() FROM questionnaire WHERE code = $1`, q.Code, q.Hash[:], body)
}

// draft adds a round from its file.
func (c *city) draft(body string) string {
	c.t.Helper()
	spec, faults := survey.ParseRound("r.yaml", []byte(body))
	if len(faults) > 0 {
		c.t.Fatal(faults)
	}
	exec(c.t, c.Store, `INSERT INTO round (code, title, period, spec, seed) VALUES ($1, $2, $3, $4, $5)`,
		spec.Code, spec.Title, spec.Period, body, []byte("seed of "+spec.Code))
	return spec.Code
}

// open drafts and opens a round.
func (c *city) open(body string) string {
	c.t.Helper()
	code := c.draft(body)
	if err := c.OpenRound(c.t.Context(), testNow, Cause{}, code); err != nil {
		c.t.Fatal(err)
	}
	c.round = scalar[int64](c.t, c.Store, `SELECT id FROM round WHERE code = $1`, code)
	return code
}

// person returns the id of a person.
func (c *city) person(code string) int64 {
	c.t.Helper()
	return scalar[int64](c.t, c.Store, `SELECT id FROM person WHERE code = $1`, code)
}

// form opens a person's request in the round last opened and reads it.
func (c *city) form(code string) (person int64, f *OpenForm) {
	c.t.Helper()
	person = c.person(code)
	request := scalar[int64](c.t, c.Store, `SELECT id FROM request WHERE round_id = $1 AND person_id = $2`, c.round, person)
	if err := c.Open(c.t.Context(), testNow, Cause{}, person, request); err != nil {
		c.t.Fatal(err)
	}
	f, err := c.Form(c.t.Context(), testNow, person, request)
	if err != nil {
		c.t.Fatal(err)
	}
	return person, f
}

// tap answers one item about one subject of a form.
func (c *city) tap(person int64, f *OpenForm, subject string, item int, value string) error {
	for _, a := range f.Form.Asked {
		if a.Subject == subject {
			return c.Answer(c.t.Context(), testNow, Tap{PersonID: person, RequestID: f.RequestID,
				AssignmentID: a.Assignment, Item: item, Value: value})
		}
	}
	return fmt.Errorf("subject %s is not asked: %w", subject, survey.ErrNotFound)
}

// vote gives every subject of a person's form the same answer to the required item.
func (c *city) vote(code, value string, submit bool) {
	c.t.Helper()
	person, f := c.form(code)
	for _, a := range f.Form.Asked {
		if err := c.tap(person, f, a.Subject, 1, value); err != nil {
			c.t.Fatal(err)
		}
	}
	if !submit {
		return
	}
	missing, err := c.Submit(c.t.Context(), testNow, Cause{}, person, f.RequestID)
	if err != nil || len(missing) > 0 {
		c.t.Fatalf("submitting for %s: %v, missing %v", code, err, missing)
	}
}

// close closes the round last opened.
func (c *city) close(code string) {
	c.t.Helper()
	if err := c.CloseRound(c.t.Context(), testNow.Add(time.Hour), Cause{}, code); err != nil {
		c.t.Fatal(err)
	}
}

// listed reads one column.
func listed[T any](t testing.TB, s *Store, sql string, args ...any) []T {
	t.Helper()
	rows, _ := s.pool.Query(t.Context(), sql, args...)
	values, err := pgx.CollectRows(rows, pgx.RowTo[T])
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return values
}

// want fails unless err is the sentinel.
func want(t testing.TB, what string, err, sentinel error) {
	t.Helper()
	if !errors.Is(err, sentinel) {
		t.Errorf("%s: %v, want %v", what, err, sentinel)
	}
}
