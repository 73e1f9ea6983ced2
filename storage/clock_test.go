package storage

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"

	"pingyi/survey"
)

const quarterly = `
series: quarterly
code: resident-{yyyy}-q{q}
title: "{yyyy} 年第 {q} 季度"
period: "{yyyy}-Q{q}"
cron: "0 9 1 1,4,7,10 *"
questionnaire: satisfaction
subjects: {kind: department}
duration: 14d
reminders: [3d, 7d, -1d]
quiet: "22:00-08:00"
panels:
  - {panel: residents, title: 居民, who: {kind: citizen}, identity: anonymous, minimum: 2}
`

// series adds a series as of a moment.
func (c *city) series(body string, since time.Time) {
	c.t.Helper()
	spec, faults := survey.ParseRound("s.yaml", []byte(body))
	if len(faults) > 0 {
		c.t.Fatal(faults)
	}
	exec(c.t, c.Store, `INSERT INTO series (code, body, since) VALUES ($1, $2, $3)`, spec.Series.Code, body, since)
}

// at is a moment in the project's time zone.
func (c *city) at(s string) time.Time {
	c.t.Helper()
	at, err := time.ParseInLocation("2006-01-02 15:04", s, c.Zone())
	if err != nil {
		c.t.Fatal(err)
	}
	return at
}

const roundStates = `SELECT code || ' ' || state || ' ' || to_char(opens_at AT TIME ZONE 'Asia/Shanghai', 'MM-DD HH24:MI')
	|| ' ' || to_char(closes_at AT TIME ZONE 'Asia/Shanghai', 'MM-DD HH24:MI') FROM round ORDER BY opens_at`

func TestSeriesFiresByItsPolicy(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, edit string
		looks      []string // moments at which the clock looks around
		want       []string
	}{
		{"on time", "", []string{"2026-09-30 23:59", "2026-10-01 08:59", "2026-10-01 09:00", "2026-10-01 09:01"},
			[]string{"resident-2026-q4 scheduled 10-01 09:00 10-15 09:00"}},
		{"late within the grace", "misfire: skip", []string{"2026-10-01 09:10"},
			[]string{"resident-2026-q4 scheduled 10-01 09:00 10-15 09:00"}},
		{"late, skipped", "misfire: skip", []string{"2026-10-01 11:00", "2026-10-02 09:00"}, []string{}},
		{"late, made up for with its whole length", "misfire: run-once", []string{"2026-10-03 11:00"},
			[]string{"resident-2026-q4 scheduled 10-01 09:00 10-17 11:00"}},
		{"three missed, one made up for", "misfire: run-once", []string{"2027-04-02 11:00", "2027-04-02 11:01"},
			[]string{"resident-2027-q2 scheduled 04-01 09:00 04-16 11:00"}},
		{"not on a day off", "shift: next-workday", []string{"2026-10-01 09:00", "2026-10-07 10:00", "2026-10-08 09:00"},
			[]string{"resident-2026-q4 scheduled 10-08 09:00 10-22 09:00"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c := newCity(t, 1)
			exec(t, c.Store, `INSERT INTO calendar SELECT day, false FROM generate_series('2026-10-01'::date, '2026-10-07', '1 day') AS day`)
			c.series(quarterly+test.edit+"\n", c.at("2026-09-28 09:00"))
			for _, look := range test.looks {
				if _, err := c.FireSeries(t.Context(), c.at(look)); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(test.want, listed[string](t, c.Store, roundStates)); diff != "" {
				t.Errorf("rounds (-want +got):\n%s", diff)
			}
		})
	}
}

// TestReplicasTickTogether lets several clocks live through a quarter at once:
// everything happens once.
func TestReplicasTickTogether(t *testing.T) {
	t.Parallel()
	c := newCity(t, 5)
	c.series(quarterly, c.at("2026-09-28 09:00"))
	replicas := []*Store{c.Store, openStore(t, c.pool.Config().ConnString()), openStore(t, c.pool.Config().ConnString())}
	tick := func(moment string) {
		t.Helper()
		now := c.at(moment)
		var g errgroup.Group
		for _, s := range replicas {
			g.Go(func() error {
				for _, step := range []func() ([]string, error){
					func() ([]string, error) { return s.FireSeries(t.Context(), now) },
					func() ([]string, error) { return s.OpenDue(t.Context(), now) },
					func() ([]string, error) { return s.RemindDue(t.Context(), now) },
					func() ([]string, error) { return s.CloseDue(t.Context(), now) },
				} {
					if _, err := step(); err != nil {
						return fmt.Errorf("%s: %w", moment, err)
					}
				}
				return nil
			})
		}
		if err := g.Wait(); err != nil {
			t.Fatal(err)
		}
		for {
			leased := c.lease(now)
			for _, d := range leased {
				if err := c.Sent(t.Context(), now, Went{ID: d.ID, MessageID: d.ID + 100}); err != nil {
					t.Fatal(err)
				}
			}
			if len(leased) == 0 {
				break
			}
		}
	}
	sent := func() []string {
		return listed[string](t, c.Store, `SELECT d.kind || ' ' || count(*) FROM delivery d WHERE state = 'sent' GROUP BY kind ORDER BY 1`)
	}
	for _, step := range []struct {
		moment string
		do     func() error
		sent   []string
	}{
		{"2026-10-01 08:59", nil, []string{}},
		{"2026-10-01 09:00", nil, []string{"invitation 5"}},
		{"2026-10-04 08:59", nil, []string{"invitation 5"}},
		{"2026-10-04 09:00", func() error { c.round = 1; c.vote("c001", "4", true); return nil }, []string{"invitation 5", "reminder 4"}},
		{"2026-10-04 09:15", nil, []string{"invitation 5", "reminder 4"}},
		{"2026-10-14 23:00", nil, []string{"invitation 5", "reminder 4"}}, // two were missed: one makes up for them, in the morning
		{"2026-10-15 08:00", nil, []string{"invitation 5", "reminder 8"}},
		{"2026-10-15 08:59", nil, []string{"invitation 5", "reminder 8"}},
		{"2026-10-15 09:00", nil, []string{"closed 5", "invitation 5", "reminder 8"}},
		{"2026-10-15 09:15", nil, []string{"closed 5", "invitation 5", "reminder 8"}},
	} {
		if step.do != nil {
			if err := step.do(); err != nil {
				t.Fatal(err)
			}
		}
		tick(step.moment)
		if diff := cmp.Diff(step.sent, sent()); diff != "" {
			t.Errorf("sent by %s (-want +got):\n%s", step.moment, diff)
		}
	}
	if diff := cmp.Diff([]string{"resident-2026-q4 closed 10-01 09:00 10-15 09:00"}, listed[string](t, c.Store, roundStates)); diff != "" {
		t.Errorf("rounds (-want +got):\n%s", diff)
	}
	log := listed[string](t, c.Store, `SELECT action || ' ' || actor_id || ' ' || count(*) FROM audit GROUP BY action, actor_id ORDER BY min(id)`)
	if diff := cmp.Diff([]string{"series.fire 0 1", "round.open 0 1", "round.remind 0 2", "round.close 0 1"}, log); diff != "" {
		t.Errorf("audit log (-want +got):\n%s", diff)
	}
	if report, err := c.VerifyAudit(t.Context()); err != nil || len(report.Faults) > 0 {
		t.Errorf("the audit log: %v %v", report.Faults, err)
	}
}

func TestChangingARound(t *testing.T) {
	t.Parallel()
	c := newCity(t, 2)
	ctx := t.Context()
	code := c.draft(residents + "reminders: [-1d]\n")
	want(t, "pausing a draft", c.PauseRound(ctx, testNow, Cause{}, code), survey.ErrNotYet)
	if err := c.ScheduleRound(ctx, testNow, Cause{Actor: 3}, code, testNow.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	due := func() string {
		t.Helper()
		at, ok, err := c.NextDue(ctx, testNow)
		if err != nil || !ok {
			t.Fatal(ok, err)
		}
		return at.Format("01-02 15:04")
	}
	if got := due(); got != "09-28 10:00" {
		t.Errorf("next due %s, want the opening", got)
	}
	opened, err := c.OpenDue(ctx, testNow.Add(time.Hour))
	if err != nil || len(opened) != 1 {
		t.Fatal(opened, err)
	}
	if got := due(); got != "10-11 10:00" {
		t.Errorf("next due %s, want the reminder a day before the end", got)
	}
	end := testNow.AddDate(0, 1, 0)
	if err := c.ExtendRound(ctx, testNow, Cause{Actor: 3}, code, end); err != nil {
		t.Fatal(err)
	}
	if got := due(); got != "10-27 09:00" {
		t.Errorf("next due %s, want the reminder moved along", got)
	}
	want(t, "ending in the past", c.ExtendRound(ctx, testNow, Cause{}, code, testNow), survey.ErrInvalid)
	if err := c.PauseRound(ctx, testNow, Cause{Actor: 3, UpdateID: 9}, code); err != nil {
		t.Fatal(err)
	}
	want(t, "the same update again", c.PauseRound(ctx, testNow, Cause{Actor: 3, UpdateID: 9}, code), survey.ErrHandled)
	want(t, "pausing twice", c.PauseRound(ctx, testNow, Cause{}, code), survey.ErrStale)
	_, err = c.RemindRound(ctx, testNow, Cause{}, code)
	want(t, "reminding of a paused round", err, survey.ErrPaused)
	if closed, err := c.CloseDue(ctx, end); err != nil || len(closed) != 0 {
		t.Errorf("a paused round closed by itself: %v %v", closed, err)
	}
	want(t, "resuming after the end", c.ResumeRound(ctx, end, Cause{}, code), survey.ErrInvalid)
	if err := c.ExtendRound(ctx, end, Cause{Actor: 3}, code, end.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if err := c.ResumeRound(ctx, end, Cause{Actor: 3}, code); err != nil {
		t.Fatal(err)
	}
	if closed, err := c.CloseDue(ctx, end.Add(time.Hour)); err != nil || len(closed) != 1 {
		t.Errorf("closed %v: %v", closed, err)
	}
	want(t, "extending what is over", c.ExtendRound(ctx, testNow, Cause{}, code, end), survey.ErrClosed)
	log := listed[string](t, c.Store, `SELECT action || ' ' || actor_id FROM audit ORDER BY id`)
	if diff := cmp.Diff([]string{"round.schedule 3", "round.open 0", "round.extend 3", "round.pause 3", "round.extend 3",
		"round.resume 3", "round.close 0"}, log); diff != "" {
		t.Errorf("audit log (-want +got):\n%s", diff)
	}
	detail := scalar[string](t, c.Store, `SELECT detail FROM audit_detail ORDER BY audit_id OFFSET 3 LIMIT 1`)
	if !strings.Contains(detail, `"before":{"state":"open"`) || !strings.Contains(detail, `"after":{"state":"paused"`) {
		t.Errorf("detail of pausing: %s", detail)
	}
}

func TestRoundMissedAltogetherIsCancelled(t *testing.T) {
	t.Parallel()
	c := newCity(t, 1)
	code := c.draft(residents)
	exec(t, c.Store, `UPDATE round SET state = 'scheduled', opens_at = $1, closes_at = $2`, testNow, testNow.Add(time.Hour))
	if opened, err := c.OpenDue(t.Context(), testNow.Add(2*time.Hour)); err != nil || len(opened) != 0 {
		t.Errorf("opened %v: %v", opened, err)
	}
	if r, err := c.Round(t.Context(), code); err != nil || r.State != survey.RoundCancelled {
		t.Errorf("it is %s: %v", r.State, err)
	}
}

func TestRetention(t *testing.T) {
	t.Parallel()
	c := newCity(t, 3)
	code := c.open(residents)
	person, f := c.form("c001")
	note := "note"
	if err := c.Answer(t.Context(), testNow, Tap{UpdateID: 4, PersonID: person, RequestID: f.RequestID,
		AssignmentID: f.Form.Asked[0].Assignment, Item: 1, Comment: &note}); err != nil {
		t.Fatal(err)
	}
	for _, subject := range f.Form.Asked {
		if err := c.tap(person, f, subject.Subject, 1, "4"); err != nil {
			t.Fatal(err)
		}
	}
	if missing, err := c.Submit(t.Context(), testNow, Cause{}, person, f.RequestID); err != nil || len(missing) > 0 {
		t.Fatal(missing, err)
	}
	c.close(code)
	count := func() string {
		return scalar[string](t, c.Store, `SELECT concat_ws(' ', (SELECT count(*) FROM request), (SELECT count(*) FROM comment),
			(SELECT count(*) FROM delivery), (SELECT count(*) FROM ballot), (SELECT count(*) FROM handled_update))`)
	}
	for _, step := range []struct {
		days int
		want string
	}{{0, "3 1 3 3 1"}, {4, "3 1 3 3 0"}, {32, "0 1 0 3 0"}, {62, "0 0 0 3 0"}} {
		if _, err := c.Retain(t.Context(), testNow.AddDate(0, 0, step.days)); err != nil {
			t.Fatal(err)
		}
		if got := count(); got != step.want {
			t.Errorf("after %d days %s requests, comments, deliveries, ballots, updates; want %s", step.days, got, step.want)
		}
	}
	counts, err := c.RoundCounts(t.Context(), c.round)
	if err != nil || len(counts) != 1 || counts[0].Asked != 3 || counts[0].Done != 1 {
		t.Errorf("counts outlive the requests: %+v %v", counts, err)
	}
}
