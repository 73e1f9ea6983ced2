package survey

import (
	"slices"
)

// Lang is a language of the product, written as a BCP 47 tag. The empty Lang stands for the
// project's own language, whichever it is.
type Lang string

// The languages the product speaks.
const (
	ZhHans Lang = "zh-Hans"
	ZhHant Lang = "zh-Hant"
	En     Lang = "en"
)

// Langs returns the languages the product speaks, in the order they are offered.
func Langs() []Lang { return []Lang{ZhHans, ZhHant, En} }

// Known reports whether the product speaks l.
func (l Lang) Known() bool { return slices.Contains(Langs(), l) }

// Text is a text in one or several languages. Under the empty Lang stands a text written without
// naming a language: it serves every language that has none of its own.
type Text map[Lang]string

// Plain returns a text written without naming a language.
func Plain(s string) Text { return Text{"": s} }

// In returns the text for a reader of l: in l itself, else as written without a language, else in
// the other Chinese, else in English, else in whichever language comes first by its tag. It is
// empty only where the text is.
func (t Text) In(l Lang) string {
	related := l
	switch l {
	case ZhHans:
		related = ZhHant
	case ZhHant:
		related = ZhHans
	}
	for _, k := range [...]Lang{l, "", related, En} {
		if s := t[k]; s != "" {
			return s
		}
	}
	for _, k := range t.languages() {
		if s := t[k]; s != "" {
			return s
		}
	}
	return ""
}

// Empty reports whether the text says nothing in any language.
func (t Text) Empty() bool {
	for _, s := range t {
		if s != "" {
			return false
		}
	}
	return true
}

// languages returns the languages of the text, sorted by tag.
func (t Text) languages() []Lang {
	ks := make([]Lang, 0, len(t))
	for k := range t {
		ks = append(ks, k)
	}
	slices.Sort(ks)
	return ks
}
