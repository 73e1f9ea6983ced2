package scoring

import (
	"math/big"
	"strings"
)

// maxDigits bounds the numbers people may write; more is a mistake or an
// attack on the exact arithmetic.
const maxDigits = 40

// ParseNumber reads "12", "-3.50", "30%" (3/10) or "1/3" exactly. Exponents,
// thousands separators and other bases are not numbers here.
func ParseNumber(s string) (*big.Rat, bool) {
	s = strings.TrimSpace(s)
	body, percent := strings.CutSuffix(s, "%")
	if len(body) == 0 || len(body) > 2*maxDigits {
		return nil, false
	}
	unsigned := strings.TrimPrefix(strings.TrimPrefix(body, "-"), "+")
	num, den, fraction := strings.Cut(unsigned, "/")
	if !isDecimal(num) || fraction && (!isDecimal(den) || percent) {
		return nil, false
	}
	r, ok := new(big.Rat).SetString(num)
	if !ok {
		return nil, false
	}
	if fraction {
		d, ok := new(big.Rat).SetString(den)
		if !ok || d.Sign() == 0 {
			return nil, false
		}
		r.Quo(r, d)
	}
	if percent {
		r.Quo(r, big.NewRat(100, 1))
	}
	if body[0] == '-' {
		r.Neg(r)
	}
	return r, true
}

// IsPercent tells whether a number is written with a percent sign. Points may
// not be: nobody can tell whether 50% is half a point or fifty.
func IsPercent(s string) bool { return strings.HasSuffix(strings.TrimSpace(s), "%") }

// PercentMixed tells whether of a value and its target only one is written with
// a percent sign; without either there is nothing to hold it against.
func PercentMixed(value, target string) bool {
	return value != "" && target != "" && IsPercent(value) != IsPercent(target)
}

// isDecimal tells whether s is digits with at most one point inside or before
// digits.
func isDecimal(s string) bool {
	if len(s) > maxDigits {
		return false
	}
	digits, points := 0, 0
	for i := range len(s) {
		switch {
		case s[i] >= '0' && s[i] <= '9':
			digits++
		case s[i] == '.' && i < len(s)-1:
			points++
		default:
			return false
		}
	}
	return digits > 0 && points <= 1
}

// FormatNumber writes r with the given decimals, half away from zero; a value
// that rounds to zero has no sign.
func FormatNumber(r *big.Rat, decimals int) string {
	s := r.FloatString(decimals)
	if s[0] == '-' && strings.Trim(s, "-0.") == "" {
		return s[1:]
	}
	return s
}

// plain writes r with six decimals, or exactly where fewer do. What would look
// exact and is not (799.9999999) gets the decimals that show it.
func plain(r *big.Rat) string {
	if r.IsInt() {
		return r.Num().String()
	}
	for decimals := 6; ; decimals++ {
		s := FormatNumber(r, decimals)
		short := strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
		if len(short) == len(s) || decimals == maxDigits {
			return short
		}
		if shown, ok := new(big.Rat).SetString(short); ok && shown.Cmp(r) == 0 {
			return short
		}
	}
}

// roundTo rounds r half away from zero to the given decimals.
func roundTo(r *big.Rat, decimals int) *big.Rat {
	out, _ := new(big.Rat).SetString(r.FloatString(decimals))
	return out
}

func rat(n int64) *big.Rat { return big.NewRat(n, 1) }

func sumOf(xs []*big.Rat) *big.Rat {
	total := new(big.Rat)
	for _, x := range xs {
		total.Add(total, x)
	}
	return total
}

func meanOf(xs []*big.Rat) *big.Rat {
	return new(big.Rat).Quo(sumOf(xs), rat(int64(len(xs))))
}

// floorOf is the greatest integer not above r: Euclidean division by a positive
// denominator.
func floorOf(r *big.Rat) *big.Int { return new(big.Int).Div(r.Num(), r.Denom()) }

// FormatBrief writes a number as people write it: exactly where six decimals
// do, else rounded, to more than six where it would look exact.
func FormatBrief(r *big.Rat) string { return plain(r) }
