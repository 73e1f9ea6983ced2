package scoring

import (
	"maps"
	"slices"
)

// Text is a name in several languages, keyed by language tag; the empty tag
// holds a text given without a language.
type Text map[string]string

// In returns the text in the given language; else in the other Chinese, else
// the one without a language, else English, else the first by tag.
func (t Text) In(lang string) string {
	tries := []string{lang, "", "en"}
	switch lang {
	case "zh-Hans":
		tries = []string{"zh-Hans", "", "zh-Hant", "en"}
	case "zh-Hant":
		tries = []string{"zh-Hant", "zh-Hans", "", "en"}
	}
	for _, l := range tries {
		if s := t[l]; s != "" {
			return s
		}
	}
	for _, l := range slices.Sorted(maps.Keys(t)) {
		if t[l] != "" {
			return t[l]
		}
	}
	return ""
}
