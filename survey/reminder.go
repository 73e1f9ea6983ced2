package survey

import (
	"slices"
	"time"
)

// ReminderTimes returns when those who have not finished are reminded, in order: the spec's
// reminders by the calendar of opens' location, moved out of the quiet hours, those that do not lie
// between opening and closing left out, no moment twice.
func (s *RoundSpec) ReminderTimes(opens, closes time.Time, quiet Quiet) []time.Time {
	var times []time.Time
	for _, span := range s.Reminders {
		from := opens
		if span.Negative() {
			from = closes.In(opens.Location())
		}
		if t := quiet.Next(span.After(from)); t.After(opens) && t.Before(closes) {
			times = append(times, t)
		}
	}
	slices.SortFunc(times, time.Time.Compare)
	return slices.CompactFunc(times, time.Time.Equal)
}

// DueReminders returns how many of the times have come. A reminder is due where that is more than
// have gone out; several that were missed are made up for by one. After a round's end is moved, the
// number that went out has to be set to what DueReminders then returns.
func DueReminders(times []time.Time, now time.Time) int {
	n := 0
	for _, t := range times {
		if !t.After(now) {
			n++
		}
	}
	return n
}
