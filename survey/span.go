package survey

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Span is a length of time as people write it: calendar days and a time of clock. A day is a day of
// the calendar, also where the clocks change. It is written "14d", "36h", "1d12h", "90m", "2w"; a
// leading minus makes all of it negative.
type Span struct {
	Days  int
	Clock time.Duration
}

// ParseSpan reads a span; the error wraps ErrInvalid.
func ParseSpan(s string) (Span, error) {
	rest, negative := strings.CutPrefix(strings.TrimSpace(s), "-")
	if rest == "" {
		return Span{}, fmt.Errorf("span %q: %w", s, ErrInvalid)
	}
	var span Span
	for rest != "" {
		digits := strings.IndexFunc(rest, func(r rune) bool { return r < '0' || r > '9' })
		if digits <= 0 || digits > 6 {
			return Span{}, fmt.Errorf("span %q: %w", s, ErrInvalid)
		}
		n, err := strconv.Atoi(rest[:digits])
		if err != nil {
			return Span{}, fmt.Errorf("span %q: %w", s, ErrInvalid)
		}
		switch rest[digits] {
		case 'w':
			span.Days += 7 * n
		case 'd':
			span.Days += n
		case 'h':
			span.Clock += time.Duration(n) * time.Hour
		case 'm':
			span.Clock += time.Duration(n) * time.Minute
		case 's':
			span.Clock += time.Duration(n) * time.Second
		default:
			return Span{}, fmt.Errorf("span %q: %w", s, ErrInvalid)
		}
		rest = rest[digits+1:]
	}
	if negative {
		span = Span{Days: -span.Days, Clock: -span.Clock}
	}
	return span, nil
}

// After returns the moment that lies the span after t, by the calendar of t's location.
func (s Span) After(t time.Time) time.Time {
	return t.AddDate(0, 0, s.Days).Add(s.Clock)
}

// Before returns the moment that lies the span before t, by the calendar of t's location.
func (s Span) Before(t time.Time) time.Time {
	return t.AddDate(0, 0, -s.Days).Add(-s.Clock)
}

// Zero reports whether the span has no length.
func (s Span) Zero() bool { return s == Span{} }

// Negative reports whether the span leads backwards.
func (s Span) Negative() bool { return s.Days < 0 || s.Clock < 0 }

// String writes the span as ParseSpan reads it.
func (s Span) String() string {
	if s.Zero() {
		return "0d"
	}
	var b strings.Builder
	if s.Negative() {
		b.WriteByte('-')
		s = Span{Days: -s.Days, Clock: -s.Clock}
	}
	if s.Days > 0 {
		fmt.Fprintf(&b, "%dd", s.Days)
	}
	left := s.Clock
	for _, unit := range []struct {
		length time.Duration
		letter byte
	}{{time.Hour, 'h'}, {time.Minute, 'm'}, {time.Second, 's'}} {
		if n := left / unit.length; n > 0 {
			fmt.Fprintf(&b, "%d%c", n, unit.letter)
			left -= n * unit.length
		}
	}
	return b.String()
}

// MarshalText writes the span as ParseSpan reads it.
func (s Span) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (s *Span) UnmarshalText(b []byte) error {
	span, err := ParseSpan(string(b))
	if err != nil {
		return err
	}
	*s = span
	return nil
}
