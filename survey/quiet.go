package survey

import (
	"fmt"
	"time"
)

// Quiet are the hours in which nothing is sent, in minutes of the day; From is inside, To is not.
// Where From is after To they reach over midnight. The zero value is never quiet.
type Quiet struct {
	From, To int
}

// ParseQuiet reads "22:00-08:00"; the error wraps ErrInvalid.
func ParseQuiet(s string) (Quiet, error) {
	var h1, m1, h2, m2 int
	n, err := fmt.Sscanf(s, "%d:%d-%d:%d", &h1, &m1, &h2, &m2)
	q := Quiet{From: 60*h1 + m1, To: 60*h2 + m2}
	bad := h1 < 0 || h2 < 0 || h1 > 23 || h2 > 23 || m1 < 0 || m2 < 0 || m1 > 59 || m2 > 59
	if err != nil || n != 4 || bad || q.From == q.To || q.String() != s {
		return Quiet{}, fmt.Errorf("quiet hours %q: %w", s, ErrInvalid)
	}
	return q, nil
}

// String writes the hours as ParseQuiet reads them; empty for the zero value.
func (q Quiet) String() string {
	if q == (Quiet{}) {
		return ""
	}
	return fmt.Sprintf("%02d:%02d-%02d:%02d", q.From/60, q.From%60, q.To/60, q.To%60)
}

// MarshalText writes the hours as ParseQuiet reads them.
func (q Quiet) MarshalText() ([]byte, error) { return []byte(q.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (q *Quiet) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*q = Quiet{}
		return nil
	}
	hours, err := ParseQuiet(string(b))
	if err != nil {
		return err
	}
	*q = hours
	return nil
}

// Next returns t itself where t is not quiet, else the end of the quiet hours, by the clock of t's
// location.
func (q Quiet) Next(t time.Time) time.Time {
	if q.From == q.To {
		return t
	}
	minute := 60*t.Hour() + t.Minute()
	day := t.Day()
	switch {
	case q.From < q.To && (minute < q.From || minute >= q.To):
		return t
	case q.From > q.To && minute >= q.To && minute < q.From:
		return t
	case q.From > q.To && minute >= q.From:
		day++
	}
	return time.Date(t.Year(), t.Month(), day, q.To/60, q.To%60, 0, 0, t.Location())
}
