package survey

import "time"

// Day is a date of the calendar.
type Day struct {
	Year  int
	Month time.Month
	Day   int
}

// DayOf returns the date of t by the calendar of t's location.
func DayOf(t time.Time) Day {
	y, m, d := t.Date()
	return Day{y, m, d}
}

// ParseDay reads a date as 2006-01-02; the error is time.Parse's.
func ParseDay(s string) (Day, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return Day{}, err
	}
	return DayOf(t), nil
}

// String writes the date as 2006-01-02.
func (d Day) String() string {
	return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC).Format(time.DateOnly)
}

// Calendar says which days are working days, where that differs from the week or is written down
// anyway. Days that are not in it follow the week: Saturday and Sunday are off.
type Calendar map[Day]bool

// Working reports whether t falls on a working day.
func (c Calendar) Working(t time.Time) bool {
	if working, ok := c[DayOf(t)]; ok {
		return working
	}
	return t.Weekday() != time.Saturday && t.Weekday() != time.Sunday
}

// Knows reports whether the calendar says anything about the year. Where it does not, holidays are
// taken for working days, of which people should be warned.
func (c Calendar) Knows(year int) bool {
	for d := range c {
		if d.Year == year {
			return true
		}
	}
	return false
}

// NextWorkday returns t where it falls on a working day, else the same time of the next working day.
// Where the calendar has none for a whole year it is taken not to know better, and t is returned.
func (c Calendar) NextWorkday(t time.Time) time.Time {
	for days := range 366 {
		if u := t.AddDate(0, 0, days); c.Working(u) {
			return u
		}
	}
	return t
}
