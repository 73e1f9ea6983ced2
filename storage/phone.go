package storage

import (
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"strings"

	"pingyi/survey"
)

// The least and most digits of a number with its country code (ITU-T E.164,
// which names no least; shorter ones are short codes).
const (
	minPhoneDigits = 8
	maxPhoneDigits = 15
)

// chinaCode is the country of numbers written without one.
const chinaCode = "86"

// PhoneHash returns the keyed hash under which a phone number is kept; the
// number itself never is. It may be written as people write it, with a country
// code or as within China. survey.ErrInvalid where it is no phone number.
func (s *Store) PhoneHash(phone string) ([]byte, error) {
	e164, err := normalizePhone(phone)
	if err != nil {
		return nil, err
	}
	mac := hmac.New(sha256.New, s.keys.phone)
	mac.Write([]byte(e164))
	return mac.Sum(nil), nil
}

// normalizePhone brings a number to E.164: +8613800138000. Without + or 00 a
// number that can be Chinese is; Telegram writes country codes without either.
func normalizePhone(phone string) (string, error) {
	digits, international := phoneDigits(phone)
	switch {
	case international:
	case len(digits) == 11 && digits[0] == '1' && digits[1] >= '3':
		digits = chinaCode + digits
	case len(digits) >= 10 && digits[0] == '0':
		digits = chinaCode + digits[1:]
	}
	if len(digits) < minPhoneDigits || len(digits) > maxPhoneDigits || digits[0] == '0' {
		return "", fmt.Errorf("storage: a phone number of %d digits: %w", len(digits), survey.ErrInvalid)
	}
	return "+" + digits, nil
}

// phoneDigits returns the digits of a number without its international prefix,
// and whether it had one. Anything but digits and the usual marks makes it none.
func phoneDigits(phone string) (digits string, international bool) {
	var b strings.Builder
	for i, r := range strings.TrimSpace(phone) {
		switch {
		case r >= '0' && r <= '9':
			b.WriteRune(r)
		case r >= '０' && r <= '９':
			b.WriteRune(r - '０' + '0')
		case (r == '+' || r == '＋') && i == 0:
			international = true
		case strings.ContainsRune(" -.()/\u00a0\u3000（）－‐–", r):
		default:
			return "", false
		}
	}
	digits = b.String()
	if rest, ok := strings.CutPrefix(digits, "00"); ok && !international {
		return rest, true
	}
	return digits, international
}
