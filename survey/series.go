package survey

import (
	"fmt"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
)

// MisfireGrace is how late a due time may be found and still count as on time: the clock looks
// around every few seconds, and a restart takes its while.
const MisfireGrace = 15 * time.Minute

// Occurrence is one due time of a series.
type Occurrence struct {
	Due   time.Time // as the cron expression says; it names the occurrence
	Opens time.Time // Due, moved to a working day where the series says so
}

// Schedule computes the due times of a series.
type Schedule struct {
	cron     cron.Schedule
	loc      *time.Location
	shift    Shift
	misfire  Misfire
	calendar Calendar
}

// Schedule returns the series' schedule in the project's time zone by its calendar of working days.
// The error wraps ErrInvalid where the cron expression is none.
func (s *SeriesSpec) Schedule(loc *time.Location, calendar Calendar) (*Schedule, error) {
	c, err := cron.ParseStandard(s.Cron)
	if err != nil {
		return nil, fmt.Errorf("series %s: cron %q: %w", s.Code, s.Cron, ErrInvalid)
	}
	return &Schedule{cron: c, loc: loc, shift: s.Shift, misfire: s.Misfire, calendar: calendar}, nil
}

// Next returns the first occurrence whose due time lies after t; false where the expression names
// no day within five years (the thirtieth of February).
func (s *Schedule) Next(t time.Time) (Occurrence, bool) {
	due := s.cron.Next(t.In(s.loc))
	if due.IsZero() {
		return Occurrence{}, false
	}
	opens := due
	if s.shift == ShiftNextWorkday {
		opens = s.calendar.NextWorkday(due)
	}
	return Occurrence{Due: due, Opens: opens}, true
}

// Decision is what is to be done about the due times of a series.
type Decision struct {
	Fire    *Occurrence // the one to be opened now; nil: none
	Skipped int         // due times that passed and are not made up for
	Since   time.Time   // due times up to here are settled by this decision
	Next    time.Time   // when to look again: the next opening; zero: never
}

// Decide settles the due times after since whose opening has come by now. At most one is opened,
// the latest: where it came within MisfireGrace in any case, else as the misfire policy says.
func (s *Schedule) Decide(since, now time.Time) Decision {
	d := Decision{Since: since}
	var latest *Occurrence
	for {
		o, ok := s.Next(d.Since)
		if !ok {
			break
		}
		if o.Opens.After(now) {
			d.Next = o.Opens
			break
		}
		if latest != nil {
			d.Skipped++
		}
		latest, d.Since = &o, o.Due
	}
	switch {
	case latest == nil:
	case s.misfire == MisfireRunOnce || now.Sub(latest.Opens) <= MisfireGrace:
		d.Fire = latest
	default:
		d.Skipped++
	}
	return d
}

// Plan is what a round file comes to at a given moment.
type Plan struct {
	Code   string
	Title  Text
	Period string
	Opens  time.Time // zero: by hand
	Closes time.Time // zero as long as Opens is
}

// Plan returns what the file of a single round comes to in the project's time zone.
func (s *RoundSpec) Plan(loc *time.Location) Plan {
	p := Plan{Code: s.Code, Title: s.Title, Period: s.Period}
	if s.Opens.Zero() {
		return p
	}
	p.Opens = s.Opens.In(loc)
	p.Closes = s.End(p.Opens)
	return p
}

// PlanOf returns what an occurrence of a series comes to. Patterns are filled in from the due time
// in its own location, moved by the series' PeriodShift.
func (s *RoundSpec) PlanOf(o Occurrence) Plan {
	at := s.Series.PeriodShift.After(o.Due)
	title := make(Text, len(s.Title))
	for lang, words := range s.Title {
		title[lang] = Fill(words, at)
	}
	return Plan{
		Code:   Fill(s.Series.RoundCode, at),
		Title:  title,
		Period: Fill(s.Period, at),
		Opens:  o.Opens,
		Closes: s.End(o.Opens),
	}
}

// End returns when a round that opens at the given moment closes.
func (s *RoundSpec) End(opens time.Time) time.Time {
	if !s.Closes.Zero() {
		return s.Closes.In(opens.Location())
	}
	return s.Duration.After(opens)
}

// variables are what patterns may hold, with what they stand for at a moment.
func variables(t time.Time) []string {
	return []string{
		"{yyyy}", t.Format("2006"),
		"{yy}", t.Format("06"),
		"{mm}", t.Format("01"),
		"{m}", t.Format("1"),
		"{dd}", t.Format("02"),
		"{d}", t.Format("2"),
		"{q}", fmt.Sprint((int(t.Month())-1)/3 + 1),
		"{h}", fmt.Sprint((int(t.Month())-1)/6 + 1),
		"{week}", fmt.Sprintf("%02d", isoWeek(t)),
		"{hour}", t.Format("15"),
		"{minute}", t.Format("04"),
	}
}

func isoWeek(t time.Time) int {
	_, week := t.ISOWeek()
	return week
}

// Fill puts the date and time of t into a pattern: {yyyy} {yy} year, {mm} {m} month, {dd} {d} day,
// {q} quarter, {h} half-year, {week} ISO week, {hour}, {minute}.
func Fill(pattern string, t time.Time) string {
	return strings.NewReplacer(variables(t)...).Replace(pattern)
}

// unfilled returns what looks like a variable in a pattern but is none.
func unfilled(pattern string) []string {
	rest := Fill(pattern, time.Time{})
	var names []string
	for {
		_, after, ok := strings.Cut(rest, "{")
		if !ok {
			return names
		}
		name, after, ok := strings.Cut(after, "}")
		if !ok {
			return append(names, "{"+name)
		}
		names = append(names, "{"+name+"}")
		rest = after
	}
}
