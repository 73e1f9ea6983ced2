package survey_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"pingyi/survey"
)

func shanghai(t testing.TB) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

// at reads a time of clock in Shanghai.
func at(t testing.TB, s string) time.Time {
	t.Helper()
	if s == "" {
		return time.Time{}
	}
	lt, err := survey.ParseLocalTime(s)
	if err != nil {
		t.Fatal(err)
	}
	return lt.In(shanghai(t))
}

func TestDecide(t *testing.T) {
	t.Parallel()
	type want struct {
		fire, opens string
		skipped     int
		since, next string
	}
	monthly := survey.SeriesSpec{Code: "m", Cron: "0 9 1 * *", Misfire: survey.MisfireRunOnce, Shift: survey.ShiftNone}
	skipping := monthly
	skipping.Misfire = survey.MisfireSkip
	workday := monthly
	workday.Shift = survey.ShiftNextWorkday
	daily := survey.SeriesSpec{Code: "d", Cron: "0 9 * * *", Misfire: survey.MisfireSkip, Shift: survey.ShiftNextWorkday}
	tests := map[string]struct {
		spec       survey.SeriesSpec
		since, now string
		want       want
	}{
		"not yet": {monthly, "2026-10-01 09:00", "2026-10-31 23:59",
			want{since: "2026-10-01 09:00", next: "2026-11-01 09:00"}},
		"due": {skipping, "2026-10-01 09:00", "2026-11-01 09:00",
			want{fire: "2026-11-01 09:00", opens: "2026-11-01 09:00", since: "2026-11-01 09:00", next: "2026-12-01 09:00"}},
		"a little late": {skipping, "2026-10-01 09:00", "2026-11-01 09:15",
			want{fire: "2026-11-01 09:00", opens: "2026-11-01 09:00", since: "2026-11-01 09:00", next: "2026-12-01 09:00"}},
		"late, skipped": {skipping, "2026-10-01 09:00", "2026-11-01 09:16",
			want{skipped: 1, since: "2026-11-01 09:00", next: "2026-12-01 09:00"}},
		"late, made up for": {monthly, "2026-10-01 09:00", "2026-11-05 10:00",
			want{fire: "2026-11-01 09:00", opens: "2026-11-01 09:00", since: "2026-11-01 09:00", next: "2026-12-01 09:00"}},
		"three missed, one made up for": {monthly, "2026-10-01 09:00", "2027-01-05 10:00",
			want{fire: "2027-01-01 09:00", opens: "2027-01-01 09:00", skipped: 2, since: "2027-01-01 09:00", next: "2027-02-01 09:00"}},
		"three missed, none": {skipping, "2026-10-01 09:00", "2027-01-05 10:00",
			want{skipped: 3, since: "2027-01-01 09:00", next: "2027-02-01 09:00"}},
		"first working day, after a Sunday": {workday, "2026-10-01 09:00", "2026-11-01 12:00",
			want{since: "2026-10-01 09:00", next: "2026-11-02 09:00"}},
		"first working day, come": {workday, "2026-10-01 09:00", "2026-11-02 09:00",
			want{fire: "2026-11-01 09:00", opens: "2026-11-02 09:00", since: "2026-11-01 09:00", next: "2026-12-01 09:00"}},
		"over the holidays": {workday, "2026-09-01 09:00", "2026-10-07 23:00",
			want{since: "2026-09-01 09:00", next: "2026-10-08 09:00"}},
		"Saturday, Sunday and Monday open once": {daily, "2026-11-06 09:00", "2026-11-09 09:00",
			want{fire: "2026-11-09 09:00", opens: "2026-11-09 09:00", skipped: 2, since: "2026-11-09 09:00", next: "2026-11-10 09:00"}},
	}
	calendar := make(survey.Calendar)
	for d := 1; d <= 7; d++ {
		calendar[survey.Day{Year: 2026, Month: time.October, Day: d}] = false
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := tt.spec.Schedule(shanghai(t), calendar)
			if err != nil {
				t.Fatal(err)
			}
			d := s.Decide(at(t, tt.since), at(t, tt.now).UTC())
			w := survey.Decision{Skipped: tt.want.skipped, Since: at(t, tt.want.since), Next: at(t, tt.want.next)}
			if tt.want.fire != "" {
				w.Fire = &survey.Occurrence{Due: at(t, tt.want.fire), Opens: at(t, tt.want.opens)}
			}
			if diff := cmp.Diff(w, d); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestDecideProperties: however often the clock looks, no due time is opened twice, none is settled
// backwards, and every settled one was opened or skipped.
func TestDecideProperties(t *testing.T) {
	t.Parallel()
	loc := shanghai(t)
	rapid.Check(t, func(t *rapid.T) {
		spec := survey.SeriesSpec{
			Cron:    rapid.SampledFrom([]string{"0 9 * * *", "30 8 1 * *", "0 9 * * 1", "0 0 29 2 *", "0 */6 * * *"}).Draw(t, "cron"),
			Misfire: rapid.SampledFrom([]survey.Misfire{survey.MisfireRunOnce, survey.MisfireSkip}).Draw(t, "misfire"),
			Shift:   rapid.SampledFrom([]survey.Shift{survey.ShiftNone, survey.ShiftNextWorkday}).Draw(t, "shift"),
		}
		s, err := spec.Schedule(loc, nil)
		if err != nil {
			t.Fatal(err)
		}
		now := time.Date(2026, 1, 1, 0, 0, 0, 0, loc)
		start, since := now, now
		settled := 0
		for range rapid.IntRange(1, 30).Draw(t, "looks") {
			now = now.Add(time.Duration(rapid.IntRange(1, 5*24*60).Draw(t, "minutes")) * time.Minute)
			d := s.Decide(since, now)
			if d.Fire != nil {
				settled++
				if !d.Fire.Due.After(since) || d.Fire.Opens.After(now) {
					t.Fatalf("%v opens at %v though settled up to %v", d.Fire, now, since)
				}
			}
			settled += d.Skipped
			if d.Since.Before(since) || !d.Next.IsZero() && !d.Next.After(now) {
				t.Fatalf("at %v: settled up to %v after %v, next %v", now, d.Since, since, d.Next)
			}
			if again := s.Decide(d.Since, now); again.Fire != nil || again.Skipped != 0 {
				t.Fatalf("looking again finds %+v", again)
			}
			since = d.Since
		}
		dues := 0
		for o, ok := s.Next(start); ok && !o.Due.After(since); o, ok = s.Next(o.Due) {
			dues++
		}
		if dues != settled {
			t.Fatalf("%d due times, %d settled", dues, settled)
		}
	})
}

func TestPlanOf(t *testing.T) {
	t.Parallel()
	spec := round(t, "series")
	s, err := spec.Series.Schedule(shanghai(t), survey.Calendar{{Year: 2027, Month: time.January, Day: 1}: false})
	if err != nil {
		t.Fatal(err)
	}
	o, ok := s.Next(at(t, "2026-12-31 00:00"))
	if !ok {
		t.Fatal("never due")
	}
	// The first of January is a holiday, the second a Saturday; asked is about the quarter before.
	want := survey.Plan{
		Code:   "residents-2026-q4",
		Title:  survey.Text{"zh-Hans": "2026年第4季度居民满意度", "en": "Residents, quarter 4 of 2026"},
		Period: "2026-Q4",
		Opens:  at(t, "2027-01-04 09:00"),
		Closes: at(t, "2027-01-14 21:00"),
	}
	if diff := cmp.Diff(want, spec.PlanOf(o)); diff != "" {
		t.Error(diff)
	}
}

func TestPlan(t *testing.T) {
	t.Parallel()
	spec := round(t, "single")
	got := spec.Plan(shanghai(t))
	if !got.Opens.Equal(at(t, "2026-10-01 09:00")) || !got.Closes.Equal(at(t, "2026-10-15 09:00")) {
		t.Errorf("%v to %v", got.Opens, got.Closes)
	}
	spec.Opens = survey.LocalTime{}
	if got := spec.Plan(shanghai(t)); !got.Opens.IsZero() || !got.Closes.IsZero() {
		t.Errorf("opened by hand, but %v to %v", got.Opens, got.Closes)
	}
	spec.Closes = survey.LocalTime{Year: 2026, Month: 12, Day: 24, Hour: 18}
	if end := spec.End(at(t, "2026-12-01 09:00")); !end.Equal(at(t, "2026-12-24 18:00")) {
		t.Errorf("closes %v", end)
	}
}

func TestFill(t *testing.T) {
	t.Parallel()
	pattern := "{yyyy} {yy} {mm} {m} {dd} {d} Q{q} H{h} W{week} {hour}:{minute} {other}"
	for when, want := range map[string]string{
		"2026-01-01 09:05": "2026 26 01 1 01 1 Q1 H1 W01 09:05 {other}",
		"2026-07-31 23:59": "2026 26 07 7 31 31 Q3 H2 W31 23:59 {other}",
		"2026-12-31 00:00": "2026 26 12 12 31 31 Q4 H2 W53 00:00 {other}",
	} {
		if diff := cmp.Diff(want, survey.Fill(pattern, at(t, when))); diff != "" {
			t.Error(diff)
		}
	}
}

func TestReminderTimes(t *testing.T) {
	t.Parallel()
	spec := round(t, "single")
	opens, closes := at(t, "2026-10-01 22:30"), at(t, "2026-10-15 22:30")
	format := func(times []time.Time) []string {
		var all []string
		for _, t := range times {
			all = append(all, t.Format("01-02 15:04"))
		}
		return all
	}
	got := format(spec.ReminderTimes(opens, closes, *spec.Quiet))
	if diff := cmp.Diff([]string{"10-05 08:00", "10-09 08:00", "10-15 08:00"}, got); diff != "" {
		t.Error(diff)
	}
	// Ended early: the second would come after the end, the one before the end falls on the first.
	got = format(spec.ReminderTimes(opens, at(t, "2026-10-05 22:30").UTC(), survey.Quiet{}))
	if diff := cmp.Diff([]string{"10-04 22:30"}, got); diff != "" {
		t.Error(diff)
	}
	times := spec.ReminderTimes(opens, closes, *spec.Quiet)
	for moment, want := range map[string]int{"2026-10-05 07:59": 0, "2026-10-05 08:00": 1, "2026-10-14 12:00": 2, "2026-11-01 00:00": 3} {
		if n := survey.DueReminders(times, at(t, moment)); n != want {
			t.Errorf("%s: %d due, want %d", moment, n, want)
		}
	}
}
