package survey

import (
	"iter"
	"slices"
)

// Key names one answer: an assignment (this person about this subject) and the number of an item.
type Key struct {
	Assignment int64 `json:"assignment"`
	Item       int   `json:"item"`
}

// Step is one question put to the respondent.
type Step = Key

// Asked is one subject that the respondent is asked about.
type Asked struct {
	Assignment int64
	Subject    string // code
	Name       Text
	Relation   Relation // of the respondent to the subject; empty outside 360°
}

// Form is one questionnaire before one respondent: what is asked, about whom, and what has been
// answered so far. Its methods only read it, so it may be shared as long as nobody writes the maps.
//
// All items but matrices are asked subject by subject: every item about the first, then every item
// about the second. A matrix stands at its place for all subjects at once: a questionnaire with a
// matrix in the middle asks what stands before it about everybody, then the matrix, then the rest.
type Form struct {
	Questionnaire *Questionnaire
	Asks          Asks           // how the subjects come about; the zero value: every subject
	Asked         []Asked        // in the order in which they are asked
	Answers       map[Key]string // canonical values; Skipped is a question that was passed over
	Comments      map[Key]string // comments on items
}

// Steps returns the questions that are to be asked, in their order. Questions whose condition does
// not hold are left out; answers to them do not count, neither here nor anywhere in a Form.
func (f *Form) Steps() []Step {
	return slices.AppendSeq(make([]Step, 0, len(f.Questionnaire.Items)*len(f.Asked)), f.steps())
}

func (f *Form) steps() iter.Seq[Step] {
	shown := f.shown()
	return func(yield func(Step) bool) {
		for s := range f.order() {
			if shown(s) && !yield(s) {
				return
			}
		}
	}
}

// order goes through the questions in their order, shown or not.
func (f *Form) order() iter.Seq[Step] {
	return func(yield func(Step) bool) {
		items := f.Questionnaire.Items
		for start := 0; start < len(items); {
			end := start + 1
			if items[start].Kind != Matrix {
				for end < len(items) && items[end].Kind != Matrix {
					end++
				}
			}
			for _, a := range f.Asked {
				for i := start; i < end; i++ {
					if !yield(Step{Assignment: a.Assignment, Item: items[i].N}) {
						return
					}
				}
			}
			start = end
		}
	}
}

// shown returns which questions are to be asked: all, where there are no conditions. Conditions look at
// earlier items of the same assignment only, so one pass in order settles them.
func (f *Form) shown() func(Step) bool {
	items := f.Questionnaire.Items
	if !slices.ContainsFunc(items, func(it Item) bool { return len(it.ShowIf) > 0 }) {
		return func(s Step) bool { _, _, ok := f.Item(s); return ok }
	}
	shown := make(map[Step]bool, len(items)*len(f.Asked))
	for _, a := range f.Asked {
		for _, it := range items {
			shown[Step{a.Assignment, it.N}] = it.ShowIf.holds(f.Questionnaire, func(n int) (string, bool) {
				earlier := Step{a.Assignment, n}
				if !shown[earlier] {
					return "", false
				}
				value, ok := f.settled(earlier)
				return value, ok && value != Skipped
			})
		}
	}
	return func(s Step) bool { return shown[s] }
}

// settled returns the answer that settles a question, shown or not; false where there is none.
func (f *Form) settled(s Step) (string, bool) {
	value, ok := f.Answers[s]
	it, known := f.Questionnaire.Item(s.Item)
	return value, ok && known && it.Complete(value)
}

// Shows reports whether the question is to be asked.
func (f *Form) Shows(s Step) bool { return f.shown()(s) }

// Item returns the item of a step and the subject it asks about; false where the step is none of
// this form's.
func (f *Form) Item(s Step) (*Item, *Asked, bool) {
	it, ok := f.Questionnaire.Item(s.Item)
	i := slices.IndexFunc(f.Asked, func(a Asked) bool { return a.Assignment == s.Assignment })
	if !ok || i < 0 {
		return nil, nil, false
	}
	return it, &f.Asked[i], true
}

// First returns the first question without an answer; false where all are answered or skipped.
func (f *Form) First() (Step, bool) {
	for s := range f.steps() {
		if _, ok := f.settled(s); !ok {
			return s, true
		}
	}
	return Step{}, false
}

// Next returns the question after s, also where s itself is hidden by now; false after the last.
func (f *Form) Next(s Step) (Step, bool) {
	shown, passed := f.shown(), false
	for t := range f.order() {
		if passed && shown(t) {
			return t, true
		}
		passed = passed || t == s
	}
	return Step{}, false
}

// Prev returns the question before s, also where s itself is hidden by now; false before the first.
func (f *Form) Prev(s Step) (before Step, ok bool) {
	shown := f.shown()
	for t := range f.order() {
		if t == s {
			return before, ok
		}
		if shown(t) {
			before, ok = t, true
		}
	}
	return Step{}, false
}

// Missing returns the questions that stand in the way of submitting: required ones without an
// answer, and any with an answer that is not complete.
func (f *Form) Missing() []Step {
	var missing []Step
	for s := range f.steps() {
		if f.lacks(s) {
			missing = append(missing, s)
		}
	}
	return missing
}

// Complete reports whether nothing is Missing.
func (f *Form) Complete() bool {
	for s := range f.steps() {
		if f.lacks(s) {
			return false
		}
	}
	return true
}

// lacks reports whether a question that is asked stands in the way of submitting.
func (f *Form) lacks(s Step) bool {
	_, begun := f.Answers[s]
	_, ok := f.settled(s)
	it, _ := f.Questionnaire.Item(s.Item)
	return !ok && (begun || it.Required)
}

// Progress returns the place of a question and the number of questions it is counted among: those
// about the same subject, or, for a matrix, the subjects of the same question. Both are 0 where the
// question is not asked.
func (f *Form) Progress(s Step) (n, total int) {
	it, ok := f.Questionnaire.Item(s.Item)
	if !ok {
		return 0, 0
	}
	for t := range f.steps() {
		other, _ := f.Questionnaire.Item(t.Item)
		together := t.Assignment == s.Assignment && other.Kind != Matrix
		if it.Kind == Matrix {
			together = t.Item == s.Item
		}
		if together {
			total++
		}
		if t == s {
			n = total
		}
	}
	if n == 0 {
		return 0, 0
	}
	return n, total
}

// Settled returns how many questions have been answered or skipped, and how many there are.
func (f *Form) Settled() (n, total int) {
	for s := range f.steps() {
		total++
		if _, ok := f.settled(s); ok {
			n++
		}
	}
	return n, total
}

// Counted returns the answers that count: shown, complete and not skipped.
func (f *Form) Counted() map[Key]string {
	counted := make(map[Key]string)
	for s := range f.steps() {
		if value, ok := f.settled(s); ok && value != Skipped {
			counted[s] = value
		}
	}
	return counted
}

// Choosing reports whether the respondent has yet to choose subjects before questions can be asked.
func (f *Form) Choosing() bool {
	return f.Asks.Mode == AsksChoose && len(f.Asked) < max(1, f.Asks.Min)
}

// Trial returns a form to try a questionnaire on made-up subjects, numbered from 1. Nothing that is
// answered in it concerns anybody.
func Trial(q *Questionnaire, subjects []Text) *Form {
	f := &Form{Questionnaire: q, Answers: make(map[Key]string), Comments: make(map[Key]string)}
	for i, name := range subjects {
		f.Asked = append(f.Asked, Asked{Assignment: int64(i + 1), Name: name})
	}
	return f
}
