package survey

import (
	"math"
	"unicode"
)

// Promise is the sentence on anonymity that a respondent reads before the first question, as data.
type Promise struct {
	Code string         // key of the sentence in the locale files
	Args map[string]any // Minimum
}

// Promise returns the sentence for the panel: who sees what, and where a minimum larger than one
// protects groups, that it does.
func (p *PanelSpec) Promise() Promise { return PromiseOf(p.Identity, p.Minimum) }

// PromiseOf returns the sentence for an identity mode and a minimum.
func PromiseOf(identity Identity, minimum int) Promise {
	code := "promise." + string(identity)
	if minimum > 1 && identity != Named {
		code += "_minimum"
	}
	return Promise{Code: code, Args: map[string]any{"Minimum": minimum}}
}

// How long people take, in seconds: silent reading of Chinese runs at about 400 characters a minute
// and of English at about 230 words; a question that was read before is only glanced at.
const (
	secondsPerHan   = 0.15
	secondsPerWord  = 0.26
	secondsPerTap   = 2.5
	secondsPerEntry = 8.0  // a typed number
	secondsPerText  = 20.0 // a typed text
	againFactor     = 0.2  // of reading, about the second and later subjects
)

// Estimate returns the minutes that answering takes for the given number of subjects, at least 1:
// as declared in the file, else from the length of the texts in the language and the kinds of
// questions.
func (q *Questionnaire) Estimate(subjects int, l Lang) int {
	if q.Minutes > 0 {
		return q.Minutes
	}
	seconds := reading(q.Intro.In(l))
	times := float64(max(1, subjects))
	for _, it := range q.Items {
		once := reading(it.Text.In(l)) + reading(it.Help.In(l))
		for _, c := range it.Choices() {
			once += reading(c.Label.In(l))
		}
		act := secondsPerTap
		switch it.AnswerKind() {
		case Number:
			act = secondsPerEntry
		case ShortText:
			act = secondsPerText
		}
		share := 1.0
		if len(it.ShowIf) > 0 {
			share = 0.5
		}
		seconds += share * (once + againFactor*once*(times-1) + act*times)
	}
	return max(1, int(math.Ceil(seconds/60)))
}

// reading returns the seconds that silent reading takes.
func reading(s string) float64 {
	var han, words int
	inWord := false
	for _, r := range s {
		switch {
		case unicode.Is(unicode.Han, r):
			han++
			inWord = false
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			if !inWord {
				words++
			}
			inWord = true
		default:
			inWord = false
		}
	}
	return secondsPerHan*float64(han) + secondsPerWord*float64(words)
}
