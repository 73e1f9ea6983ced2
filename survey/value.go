package survey

import (
	"fmt"
	"iter"
	"math/big"
	"math/bits"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// What is stored besides the answers themselves.
const (
	Skipped       = ""   // the question was seen and passed over
	DontKnow      = "dk" // "don't know" on every kind but ratings
	RatingUnknown = "0"  // "don't know" on ratings
	Yes           = "yes"
	No            = "no"
	Separator     = "|" // between the options of a multiple choice
)

// AnswerKind is the kind of the single answers: Of for a matrix, else Kind.
func (it *Item) AnswerKind() Kind {
	if it.Kind == Matrix {
		return it.Of
	}
	return it.Kind
}

// Unknown returns the value that stands for "don't know" on this item, whether it is offered or not.
func (it *Item) Unknown() string {
	if it.AnswerKind() == Rating {
		return RatingUnknown
	}
	return DontKnow
}

// Choice is one answer that can be pressed.
type Choice struct {
	Value string
	Label Text // empty where the words are the program's: yes, no, a number
}

// Choices goes through the answers that can be pressed, in the order in which they are shown, without
// "don't know". There are none for numbers and short texts, which are typed.
func (it *Item) Choices() iter.Seq2[int, Choice] {
	return func(yield func(int, Choice) bool) {
		for i := 0; ; i++ {
			if c, ok := it.choice(i); !ok || !yield(i, c) {
				return
			}
		}
	}
}

// choice returns the i-th of them; false behind the last.
func (it *Item) choice(i int) (Choice, bool) {
	switch kind := it.AnswerKind(); {
	case kind == Rating && i < len(it.Levels):
		return Choice{Value: strconv.Itoa(it.Levels[i].Value), Label: it.Levels[i].Label}, true
	case kind == Score && i <= 10:
		return Choice{Value: strconv.Itoa(i)}, true
	case (kind == Single || kind == Multiple) && i < len(it.Options):
		return Choice{Value: it.Options[i].Code, Label: it.Options[i].Label}, true
	case kind == YesNo && i < 2:
		return Choice{Value: [...]string{Yes, No}[i]}, true
	}
	return Choice{}, false
}

// Chosen returns the pressed answers that a value stands for: none for a skip, "don't know" and what
// was typed, several for a multiple choice.
func (it *Item) Chosen(value string) []Choice {
	if it.Typed() || value == Skipped {
		return nil
	}
	values := []string{value}
	if it.AnswerKind() == Multiple {
		values = strings.Split(value, Separator)
	}
	var chosen []Choice
	for _, c := range it.Choices() {
		if slices.Contains(values, c.Value) {
			chosen = append(chosen, c)
		}
	}
	return chosen
}

// Typed reports whether the answer is typed rather than pressed.
func (it *Item) Typed() bool {
	k := it.AnswerKind()
	return k == Number || k == ShortText
}

// Check reports whether value is a canonical value that this item takes. A skip is one where the
// item is not required, "don't know" where it is offered. A multiple choice may have fewer options
// than MinChoices while it is being made; Complete tells. Errors wrap ErrInvalid and never repeat
// the value.
func (it *Item) Check(value string) error {
	if it.takes(value) {
		return nil
	}
	return fmt.Errorf("item %s: %w", it.Code, ErrInvalid)
}

func (it *Item) takes(value string) bool {
	switch {
	case value == Skipped:
		return !it.Required
	case value == it.Unknown() && it.AnswerKind() != ShortText:
		return it.DontKnow
	}
	switch it.AnswerKind() {
	case Multiple:
		return it.takesSet(value)
	case Number:
		canonical, err := it.Number(value)
		return err == nil && canonical == value
	case ShortText:
		canonical, err := it.Typing(value)
		return err == nil && canonical == value
	}
	for _, c := range it.Choices() {
		if c.Value == value {
			return true
		}
	}
	return false
}

func (it *Item) takesSet(value string) bool {
	mask, ok := it.Mask(value)
	return ok && mask != 0 && it.Join(mask) == value && bits.OnesCount64(mask) <= it.MaxChoices
}

// Complete reports whether value settles the question: it passes Check and, for a multiple choice,
// has at least MinChoices options.
func (it *Item) Complete(value string) bool {
	if !it.takes(value) {
		return false
	}
	if it.AnswerKind() != Multiple || value == Skipped || value == it.Unknown() {
		return true
	}
	mask, _ := it.Mask(value)
	return bits.OnesCount64(mask) >= it.MinChoices
}

// Mask returns the options of a multiple choice's value as bits, the first option being bit 0;
// false where the value holds anything that is no option of the item.
func (it *Item) Mask(value string) (uint64, bool) {
	if value == Skipped || value == it.Unknown() {
		return 0, true
	}
	var mask uint64
	for code := range strings.SplitSeq(value, Separator) {
		i := slices.IndexFunc(it.Options, func(o Option) bool { return o.Code == code })
		if i < 0 {
			return 0, false
		}
		mask |= 1 << i
	}
	return mask, true
}

// Join returns the value of a multiple choice whose options are given as bits; bits beyond the
// options are left out.
func (it *Item) Join(mask uint64) string {
	var codes []string
	for i, o := range it.Options {
		if mask&(1<<i) != 0 {
			codes = append(codes, o.Code)
		}
	}
	return strings.Join(codes, Separator)
}

// Number reads a number as people type it (full-width digits, a comma for the point, spaces around)
// and returns it in canonical form: no leading zeros or plus, no trailing zeros after the point. The
// error wraps ErrInvalid where it is no number, lies outside the bounds or has too many decimals.
func (it *Item) Number(typed string) (string, error) {
	s := strings.Map(func(r rune) rune {
		switch {
		case r >= '０' && r <= '９':
			return r - '０' + '0'
		case r == '．' || r == ',' || r == '，' || r == '。':
			return '.'
		case r == '－' || r == '−':
			return '-'
		case r == '＋':
			return '+'
		}
		return r
	}, strings.TrimSpace(typed))
	canonical, ok := canonicalDecimal(s)
	if !ok {
		return "", fmt.Errorf("item %s: not a number: %w", it.Code, ErrInvalid)
	}
	if _, decimals, _ := strings.Cut(canonical, "."); len(decimals) > it.Decimals {
		return "", fmt.Errorf("item %s: too many decimals: %w", it.Code, ErrInvalid)
	}
	n, _ := new(big.Rat).SetString(canonical)
	if it.Min != nil && n.Cmp(it.Min) < 0 || it.Max != nil && n.Cmp(it.Max) > 0 {
		return "", fmt.Errorf("item %s: out of bounds: %w", it.Code, ErrInvalid)
	}
	return canonical, nil
}

// maxDigits bounds typed numbers: more digits are a slip, and no survey needs them.
const maxDigits = 30

// canonicalDecimal reads [+-]digits[.digits] and strips what does not change the value.
func canonicalDecimal(s string) (string, bool) {
	negative := strings.HasPrefix(s, "-")
	if negative || strings.HasPrefix(s, "+") {
		s = s[1:]
	}
	whole, decimals, pointed := strings.Cut(s, ".")
	if whole == "" || pointed && decimals == "" || len(s) > maxDigits {
		return "", false
	}
	for _, r := range whole + decimals {
		if r < '0' || r > '9' {
			return "", false
		}
	}
	whole = strings.TrimLeft(whole, "0")
	decimals = strings.TrimRight(decimals, "0")
	if whole == "" {
		whole = "0"
	}
	if decimals != "" {
		whole += "." + decimals
	}
	if negative && whole != "0" {
		whole = "-" + whole
	}
	return whole, true
}

// Typing reads a short text as people type it and returns it as stored: spaces around and characters
// that cannot be shown removed. The error wraps ErrInvalid where nothing is left or it is too long.
func (it *Item) Typing(typed string) (string, error) {
	return cleanText(it.Code, typed, it.MaxLength)
}

// Commenting reads a comment as Typing reads a short text, up to MaxComment characters. The error
// wraps ErrInvalid too where the item takes no comment.
func (it *Item) Commenting(typed string) (string, error) {
	if !it.Comment {
		return "", fmt.Errorf("item %s takes no comment: %w", it.Code, ErrInvalid)
	}
	return cleanText(it.Code, typed, MaxComment)
}

// cleanText keeps line breaks and joiners (emoji and some scripts need them) and drops the control
// characters, among them NUL, which no database text takes.
func cleanText(code, typed string, limit int) (string, error) {
	s := strings.ToValidUTF8(typed, "")
	s = strings.ReplaceAll(s, "\r\n", "\n")
	s = strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return -1
		}
		return r
	}, s))
	switch n := utf8.RuneCountInString(s); {
	case n == 0:
		return "", fmt.Errorf("item %s: nothing was typed: %w", code, ErrInvalid)
	case n > limit:
		return "", fmt.Errorf("item %s: %d characters, at most %d: %w", code, n, limit, ErrInvalid)
	}
	return s, nil
}
