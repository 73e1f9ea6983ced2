package survey_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"pingyi/survey"
)

func TestQuiet(t *testing.T) {
	t.Parallel()
	tests := []struct{ hours, now, want string }{
		{"22:00-08:00", "2026-10-01 21:59", "2026-10-01 21:59"},
		{"22:00-08:00", "2026-10-01 22:00", "2026-10-02 08:00"},
		{"22:00-08:00", "2026-12-31 23:30", "2027-01-01 08:00"},
		{"22:00-08:00", "2026-10-01 03:00", "2026-10-01 08:00"},
		{"22:00-08:00", "2026-10-01 08:00", "2026-10-01 08:00"},
		{"12:00-14:30", "2026-10-01 11:59", "2026-10-01 11:59"},
		{"12:00-14:30", "2026-10-01 13:00", "2026-10-01 14:30"},
		{"12:00-14:30", "2026-10-01 14:30", "2026-10-01 14:30"},
		{"", "2026-10-01 03:00", "2026-10-01 03:00"},
	}
	for _, tt := range tests {
		var q survey.Quiet
		if err := q.UnmarshalText([]byte(tt.hours)); err != nil {
			t.Fatal(err)
		}
		if got := q.Next(at(t, tt.now)); !got.Equal(at(t, tt.want)) {
			t.Errorf("%s at %s: %v, want %s", tt.hours, tt.now, got, tt.want)
		}
		if q.String() != tt.hours {
			t.Errorf("%q is written %q", tt.hours, q)
		}
	}
	for _, bad := range []string{"x", "22-8", "8:00-9:00", "24:00-08:00", "08:60-09:00", "08:00-08:00", "22:00-08:00 ", "-1:00-08:00"} {
		if _, err := survey.ParseQuiet(bad); !errors.Is(err, survey.ErrInvalid) {
			t.Errorf("%q is read", bad)
		}
	}
}

func TestSpan(t *testing.T) {
	t.Parallel()
	for written, want := range map[string]survey.Span{
		"14d": {Days: 14}, "2w": {Days: 14}, "36h": {Clock: 36 * time.Hour}, "1d12h": {Days: 1, Clock: 12 * time.Hour},
		"-1d": {Days: -1}, "-1d6h": {Days: -1, Clock: -6 * time.Hour}, "90m": {Clock: 90 * time.Minute}, "30s": {Clock: 30 * time.Second}, "0d": {},
	} {
		got, err := survey.ParseSpan(written)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s: %v\n%s", written, err, diff)
		}
	}
	for _, bad := range []string{"", "-", "d", "3", "3 d", "3x", "--3d", "1.5d", "9999999d", "３d", "soon"} {
		if got, err := survey.ParseSpan(bad); !errors.Is(err, survey.ErrInvalid) {
			t.Errorf("%q is read as %v", bad, got)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		sign := rapid.SampledFrom([]int{1, -1}).Draw(t, "sign")
		s := survey.Span{
			Days:  sign * rapid.IntRange(0, 5000).Draw(t, "days"),
			Clock: time.Duration(sign*rapid.IntRange(0, 200_000).Draw(t, "seconds")) * time.Second,
		}
		b, err := s.MarshalText()
		if err != nil {
			t.Fatal(err)
		}
		var again survey.Span
		if err := again.UnmarshalText(b); err != nil || again != s {
			t.Fatalf("%s is read as %v: %v", b, again, err)
		}
	})
}

// TestSpanFollowsTheCalendar: a day is a day also where the clocks change.
func TestSpanFollowsTheCalendar(t *testing.T) {
	t.Parallel()
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	noon := time.Date(2026, 3, 28, 12, 0, 0, 0, paris) // the clocks go forward that night
	day := survey.Span{Days: 1}
	if got := day.After(noon); got.Hour() != 12 || got.Sub(noon) != 23*time.Hour {
		t.Errorf("a day after %v is %v", noon, got)
	}
	if got := day.Before(day.After(noon)); !got.Equal(noon) {
		t.Errorf("there and back: %v", got)
	}
}

func TestCalendar(t *testing.T) {
	t.Parallel()
	c := survey.Calendar{
		{Year: 2026, Month: time.October, Day: 1}:  false, // a Thursday off
		{Year: 2026, Month: time.October, Day: 10}: true,  // a Saturday worked
	}
	for day, want := range map[string]bool{
		"2026-09-30 12:00": true, "2026-10-01 12:00": false, "2026-10-03 12:00": false, "2026-10-10 12:00": true, "2026-10-11 12:00": false,
	} {
		if c.Working(at(t, day)) != want {
			t.Errorf("%s: working %v", day, !want)
		}
	}
	if !c.Knows(2026) || c.Knows(2027) {
		t.Error("the calendar knows 2026 only")
	}
	if got := c.NextWorkday(at(t, "2026-10-01 09:30")); !got.Equal(at(t, "2026-10-02 09:30")) {
		t.Errorf("after the holiday: %v", got)
	}
	never := make(survey.Calendar)
	for d := range 800 {
		never[survey.DayOf(at(t, "2026-01-01 00:00").AddDate(0, 0, d))] = false
	}
	if start := at(t, "2026-01-01 09:00"); !never.NextWorkday(start).Equal(start) {
		t.Error("a calendar without working days has one")
	}
	if d, err := survey.ParseDay("2026-02-28"); err != nil || d.String() != "2026-02-28" {
		t.Errorf("day: %v, %v", d, err)
	}
	if _, err := survey.ParseDay("2026-02-30"); err == nil {
		t.Error("the thirtieth of February is read")
	}
}
