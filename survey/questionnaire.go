package survey

import (
	"math/big"
	"slices"
)

// Limits of what a questionnaire may hold, so that it fits a phone and a callback.
const (
	MaxItems   = 200  // items of a questionnaire
	MaxOptions = 40   // options of a choice
	MaxLevels  = 10   // levels of a rating
	MaxButton  = 36   // columns of a button's label; a Chinese character takes two
	MaxScreen  = 3400 // UTF-16 units of section, text and help; the rest of Telegram's 4096 is for the subject, the progress and the answer
	MaxText    = 2000 // characters of a short text, at most
	MaxComment = 1000 // characters of a comment
)

// Kind says how an item is answered.
type Kind string

// The kinds of items.
const (
	Rating    Kind = "rating"   // levels with labels and points, usually five
	Score     Kind = "score"    // 0 to 10
	Number    Kind = "number"   // a number with bounds, typed
	Single    Kind = "single"   // one of several options
	Multiple  Kind = "multiple" // several of several options
	YesNo     Kind = "yesno"    // yes or no
	ShortText Kind = "text"     // typed
	Matrix    Kind = "matrix"   // one question over all subjects, each answered as the kind Of says
)

// Kinds returns all kinds in the order in which they are documented.
func Kinds() []Kind {
	return []Kind{Rating, Score, Number, Single, Multiple, YesNo, ShortText, Matrix}
}

// Questionnaire is what one respondent is asked about one subject, plus questions over all subjects
// (matrix). Once parsed it is never changed; it is safe for concurrent use.
type Questionnaire struct {
	Code      string
	Version   int // set by the store, which numbers what differs; 0 in a file
	Languages []Lang
	Title     Text
	Intro     Text
	Minutes   int // as declared; 0: estimate it (see Form.Minutes)
	Items     []Item
	Hash      [32]byte // of the content: comments and layout of the file do not count
}

// Item is one question.
type Item struct {
	N    int    // 1-based place in the questionnaire; answers are stored under it
	Code string // unique in the questionnaire
	Kind Kind
	Of   Kind // matrix only: Rating, Score or YesNo

	Section Text // title of the section the item stands in; empty: none
	Text    Text
	Help    Text

	Required bool // cannot be skipped
	DontKnow bool // "don't know" is offered
	Comment  bool // a comment can be added

	Levels     []Level  // rating: best first
	Options    []Option // single, multiple
	Min, Max   *big.Rat // number: bounds, inclusive; nil: none
	Decimals   int      // number: digits allowed after the point
	MinChoices int      // multiple: at least so many, where answered
	MaxChoices int      // multiple: at most so many
	MaxLength  int      // text: characters

	ShowIf Condition // empty: always shown
}

// Level is one level of a rating.
type Level struct {
	Value  int // n for the best of n levels down to 1; 0 is "don't know" and never a level
	Label  Text
	Points *big.Rat // what the level is worth where a scheme takes the questionnaire's own points
}

// Option is one option of a choice.
type Option struct {
	Code  string
	Label Text
}

// Condition says when an item is shown: where at least one of its clauses holds. A clause holds
// where all its tests do. The empty condition always holds.
type Condition [][]Test

// Op is how a test compares an earlier answer.
type Op string

// The operations of tests. On an item that is unanswered, skipped or hidden only Answered=false
// holds: nothing is shown on the strength of an answer that is not there.
const (
	OpIn       Op = "in"       // the answer (or one of several chosen) is among Values
	OpNotIn    Op = "not_in"   // neither the answer nor anything chosen is among Values
	OpAtLeast  Op = "at_least" // the answer is a number not below Bound
	OpAtMost   Op = "at_most"  // the answer is a number not above Bound
	OpAnswered Op = "answered" // Values is {"yes"} or {"no"}
)

// Test compares the answer to an earlier item.
type Test struct {
	Item   int // N of the earlier item
	Op     Op
	Values []string
	Bound  *big.Rat
}

// Item returns the item numbered n; false where there is none.
func (q *Questionnaire) Item(n int) (*Item, bool) {
	if n < 1 || n > len(q.Items) {
		return nil, false
	}
	return &q.Items[n-1], true
}

// TakesTexts reports whether anything can be written into the questionnaire: texts, or comments.
func (q *Questionnaire) TakesTexts() bool {
	return slices.ContainsFunc(q.Items, func(it Item) bool { return it.Comment || it.AnswerKind() == ShortText })
}
