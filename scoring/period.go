package scoring

import (
	"fmt"
	"strconv"
	"strings"
)

// period is a year, half-year, quarter or month. Unit is 'Y', 'H', 'Q' or 'M';
// N counts from 1 within the year.
type period struct {
	year int
	unit byte
	n    int
}

func perYear(unit byte) int {
	switch unit {
	case 'H':
		return 2
	case 'Q':
		return 4
	case 'M':
		return 12
	}
	return 1
}

// parsePeriod reads 2025, 2025-H1, 2025-Q3, 2025-06.
func parsePeriod(s string) (period, bool) {
	year, part, cut := strings.Cut(s, "-")
	y, err := strconv.Atoi(year)
	if err != nil || len(year) != 4 {
		return period{}, false
	}
	if !cut {
		return period{y, 'Y', 1}, true
	}
	return within(y, part)
}

// within reads a part of a year: H1, Q3, 06.
func within(year int, part string) (period, bool) {
	unit, digits := byte('M'), part
	if strings.HasPrefix(part, "H") || strings.HasPrefix(part, "Q") {
		unit, digits = part[0], part[1:]
	} else if len(part) != 2 {
		return period{}, false
	}
	n, err := strconv.Atoi(digits)
	if err != nil || n < 1 || n > perYear(unit) || unit != 'M' && len(digits) != 1 {
		return period{}, false
	}
	return period{year, unit, n}, true
}

// String writes a period as files do.
func (p period) String() string {
	switch p.unit {
	case 'Y':
		return strconv.Itoa(p.year)
	case 'M':
		return fmt.Sprintf("%d-%02d", p.year, p.n)
	}
	return fmt.Sprintf("%d-%c%d", p.year, p.unit, p.n)
}

// before is the period n steps earlier.
func (p period) before(n int) period {
	k := p.year*perYear(p.unit) + p.n - 1 - n
	return period{k / perYear(p.unit), p.unit, k%perYear(p.unit) + 1}
}

// covers tells whether q lies within p.
func (p period) covers(q period) bool {
	pLong, qLong := 12/perYear(p.unit), 12/perYear(q.unit)
	first, last := (q.n-1)*qLong, q.n*qLong
	return p.year == q.year && first >= (p.n-1)*pLong && last <= p.n*pLong
}

// holds tells whether a date (YYYY-MM-DD) lies in the period.
func (p period) holds(date string) bool {
	if len(date) < 7 {
		return false
	}
	year, err1 := strconv.Atoi(date[:4])
	month, err2 := strconv.Atoi(date[5:7])
	length := 12 / perYear(p.unit)
	return err1 == nil && err2 == nil && year == p.year && (month-1)/length+1 == p.n
}

// partOfRun tells whether a row belongs to the named part of the run: by its
// own period where it has one (H1, or written out, 2025-H1), else by its date.
func partOfRun(run, name, rowPeriod, date string) bool {
	own, runKnown := parsePeriod(run)
	if rowPeriod != "" {
		if rowPeriod == name {
			return true
		}
		full, ok := within(own.year, name)
		return ok && runKnown && rowPeriod == full.String()
	}
	if date == "" {
		return false
	}
	if !runKnown {
		if len(date) < 4 {
			return false
		}
		own.year, _ = strconv.Atoi(date[:4])
	}
	part, ok := within(own.year, name)
	return ok && part.holds(date)
}
