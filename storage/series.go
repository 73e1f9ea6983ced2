package storage

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"pingyi/survey"
)

// heldSeries is a series under lock.
type heldSeries struct {
	ID    int64
	Code  string
	Body  string
	Since time.Time
}

const (
	sqlDueSeries = `
	SELECT code FROM series WHERE active AND (next_due IS NULL OR next_due <= @now) ORDER BY id`
	sqlHoldSeries = `
	SELECT id, code, body, since FROM series
	WHERE code = @code AND active AND (next_due IS NULL OR next_due <= @now) FOR NO KEY UPDATE`
	// A round of that code or due time stands already: it is left as it is.
	sqlFireSeries = `
	INSERT INTO round (code, title, period, spec, state, series_id, due_at, opens_at, closes_at, seed)
	VALUES (@code, @title, @period, @spec, 'scheduled', @series, @due, @opens, @closes, @seed)
	ON CONFLICT DO NOTHING`
	sqlSettleSeries = `
	UPDATE series SET since = @since, next_due = @next WHERE id = @series`
	// Never again is far away, so that it is not asked for every time.
	never = "infinity"
)

// FireSeries makes the rounds that are due of all series, at most one each, by
// their misfire policies, and returns the codes of those it made. They open
// with OpenDue. It may be called by any number of replicas at any time.
func (s *Store) FireSeries(ctx context.Context, now time.Time) ([]string, error) {
	calendar, err := s.calendar(ctx)
	if err != nil {
		return nil, err
	}
	var made []string
	_, err = s.each(ctx, sqlDueSeries, pgx.NamedArgs{"now": now}, func(code string) (bool, error) {
		var round string
		err := s.tx(ctx, func(tx pgx.Tx) (err error) {
			round, err = s.fireSeries(ctx, tx, now, calendar, code)
			return err
		})
		if err == nil && round != "" {
			made = append(made, round)
		}
		return err == nil, err
	})
	return made, err
}

func (s *Store) fireSeries(ctx context.Context, tx pgx.Tx, now time.Time, calendar survey.Calendar, code string) (string, error) {
	rows, _ := tx.Query(ctx, sqlHoldSeries, pgx.NamedArgs{"code": code, "now": now})
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[heldSeries])
	if err != nil || len(found) == 0 { // none: another replica has settled it
		return "", err
	}
	series := found[0]
	spec, err := parseSpec(series.Body)
	if err != nil {
		return "", err
	}
	if spec.Series == nil {
		return "", fmt.Errorf("its file is not one of a series: %w", survey.ErrInvalid)
	}
	schedule, err := spec.Series.Schedule(s.zone, calendar)
	if err != nil {
		return "", err
	}
	decision := schedule.Decide(series.Since, now)
	args := pgx.NamedArgs{"series": series.ID, "since": decision.Since, "next": decision.Next}
	if decision.Next.IsZero() {
		args["next"] = never
	}
	if _, err := tx.Exec(ctx, sqlSettleSeries, args); err != nil {
		return "", err
	}
	if decision.Fire == nil {
		return "", nil
	}
	return s.makeRound(ctx, tx, now, series, spec, *decision.Fire)
}

// makeRound makes the round of one due time; empty where it stands already.
func (s *Store) makeRound(ctx context.Context, tx pgx.Tx, now time.Time, series heldSeries,
	spec *survey.RoundSpec, o survey.Occurrence) (string, error) {
	plan := spec.PlanOf(o)
	if now.Sub(plan.Opens) > survey.MisfireGrace { // made up for: it gets its whole length
		plan.Closes = spec.End(now.In(s.zone))
	}
	tag, err := tx.Exec(ctx, sqlFireSeries, pgx.NamedArgs{"code": plan.Code, "title": plan.Title,
		"period": plan.Period, "spec": series.Body, "series": series.ID, "due": o.Due,
		"opens": plan.Opens, "closes": plan.Closes, "seed": randomBytes(seedSize)})
	if err != nil || tag.RowsAffected() == 0 {
		return "", err
	}
	if err := notify(ctx, tx, clockChannel); err != nil {
		return "", err
	}
	return plan.Code, s.audit(ctx, tx, now, Cause{}, "series.fire", "series:"+series.Code, nil,
		map[string]any{"round": plan.Code, "due": o.Due})
}

const sqlCalendar = `SELECT day, working FROM calendar`

// calendar reads the working days.
func (s *Store) calendar(ctx context.Context) (survey.Calendar, error) {
	rows, _ := s.pool.Query(ctx, sqlCalendar)
	calendar := make(survey.Calendar)
	var day time.Time
	var working bool
	_, err := pgx.ForEachRow(rows, []any{&day, &working}, func() error {
		calendar[survey.DayOf(day)] = working
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("storage: reading the calendar: %w", mapError(err))
	}
	return calendar, nil
}
