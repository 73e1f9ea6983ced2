package survey

// Screen is what the live message of a request shows.
type Screen string

// The screens of a request, all drawn into one message.
const (
	ScreenInvitation Screen = "invitation" // who asks and why, anonymity, minutes, deadline
	ScreenChoose     Screen = "choose"     // the respondent chooses the subjects
	ScreenStep       Screen = "step"       // one question
	ScreenReview     Screen = "review"     // all answers, each of which can be reopened
	ScreenThanks     Screen = "thanks"     // submitted
	ScreenLater      Screen = "later"      // put off; it waits in the list
	ScreenDeclined   Screen = "declined"   // the respondent does not want to take part
)

// Awaiting says what a typed message would mean.
type Awaiting string

// What a typed message can mean.
const (
	AwaitingNothing Awaiting = ""
	AwaitingAnswer  Awaiting = "answer"  // the answer to the current step (number, short text)
	AwaitingComment Awaiting = "comment" // the comment on the current step
	AwaitingSearch  Awaiting = "search"  // letters of the name of a subject to choose
)

// Position is where a respondent is within one request. It is all the state that a conversation has
// beside the answers; it can be lost at any time and is then rebuilt by [Start].
type Position struct {
	Screen   Screen   `json:"screen"`
	Step     Step     `json:"step,omitzero"`
	Awaiting Awaiting `json:"awaiting,omitempty"`
	Page     int      `json:"page,omitempty"`     // 0-based page of the choose or review screen
	Search   string   `json:"search,omitempty"`   // what the choose screen is narrowed to
	Revising bool     `json:"revising,omitempty"` // the step was opened from the review and leads back to it
}

// EventKind is what happened in the conversation.
type EventKind string

// The events of a conversation. Those marked "step" carry the step they speak of: a press says what
// it is about, never "next", because the message pressed may be an old one.
const (
	EventBegin        EventKind = "begin"         // the invitation was accepted, or the request is taken up again
	EventLater        EventKind = "later"         // not now
	EventDecline      EventKind = "decline"       // does not want to take part
	EventInvite       EventKind = "invite"        // show the invitation
	EventChoose       EventKind = "choose"        // show the subjects to choose from; Page
	EventSearch       EventKind = "search"        // wants to type letters of a name
	EventFind         EventKind = "find"          // typed them; Text ("" shows all again)
	EventChosen       EventKind = "chosen"        // done with choosing
	EventShow         EventKind = "show"          // step: show this question
	EventAnswered     EventKind = "answered"      // step: an answer was saved that settles the question
	EventMarked       EventKind = "marked"        // step: an answer was saved that can go on growing (multiple choice)
	EventSkipped      EventKind = "skipped"       // step: skipped
	EventDone         EventKind = "done"          // step: leaves the question forward, its answer (if any) being as it is
	EventBack         EventKind = "back"          // step: to the question before this one
	EventComment      EventKind = "comment"       // step: wants to type a comment
	EventCommented    EventKind = "commented"     // step: the comment was saved or removed
	EventCancelTyping EventKind = "cancel_typing" // step: does not want to type after all
	EventReview       EventKind = "review"        // show the review; Page
	EventRevise       EventKind = "revise"        // step: reopen this answer from the review
	EventSubmitted    EventKind = "submitted"     // was submitted
	EventReopen       EventKind = "reopen"        // wants to change what was submitted
)

// Event is one thing that happened in the conversation.
type Event struct {
	Kind EventKind `json:"kind"`
	Step Step      `json:"step,omitzero"`
	Page int       `json:"page,omitempty"`
	Text string    `json:"text,omitempty"`
}

// Start returns where a respondent takes up a request that stands in the given state, for a
// conversation that begins or whose position was lost.
func Start(f *Form, state RequestState) Position {
	switch state {
	case RequestOpened:
		return resume(f)
	case RequestDone:
		return Position{Screen: ScreenThanks}
	case RequestDeclined:
		return Position{Screen: ScreenDeclined}
	}
	return Position{Screen: ScreenInvitation}
}

// After returns where an event leads. The form holds the answers as they are after the event. An
// event about a question that is not asked (any more) leads to where the form goes on.
func (p Position) After(e Event, f *Form) Position {
	switch e.Kind {
	case EventBegin:
		return resume(f)
	case EventInvite:
		return Position{Screen: ScreenInvitation}
	case EventLater:
		return Position{Screen: ScreenLater}
	case EventDecline:
		return Position{Screen: ScreenDeclined}
	case EventSubmitted:
		return Position{Screen: ScreenThanks}
	case EventReview, EventReopen:
		return Position{Screen: ScreenReview, Page: max(0, e.Page)}
	case EventChoose, EventSearch, EventFind, EventChosen:
		return p.choosing(e, f)
	case EventCancelTyping:
		if p.Screen == ScreenChoose {
			return Position{Screen: ScreenChoose, Page: p.Page, Search: p.Search}
		}
	}
	if !f.Shows(e.Step) {
		return resume(f)
	}
	return p.asking(e, f)
}

func (p Position) choosing(e Event, f *Form) Position {
	if f.Asks.Mode != AsksChoose {
		return resume(f)
	}
	to := Position{Screen: ScreenChoose}
	if p.Screen == ScreenChoose {
		to.Search = p.Search
	}
	switch e.Kind {
	case EventSearch:
		to.Awaiting = AwaitingSearch
	case EventFind:
		to.Search = e.Text
	case EventChosen:
		if !f.Choosing() {
			return resume(f)
		}
		to.Page = p.Page
	default:
		to.Page = max(0, e.Page)
	}
	return to
}

func (p Position) asking(e Event, f *Form) Position {
	here := question(f, e.Step)
	if p.Revising && p.Step == e.Step || e.Kind == EventRevise {
		here.Revising, here.Page = true, p.Page
	}
	switch e.Kind {
	case EventComment:
		here.Awaiting = AwaitingComment
	case EventAnswered, EventSkipped:
		return here.forward(f)
	case EventDone:
		_, begun := f.Answers[e.Step]
		if _, ok := f.settled(e.Step); ok || !begun {
			return here.forward(f)
		}
	case EventBack:
		return here.back(f)
	}
	return here
}

// question is the position at a question: where the answer is typed, what is typed is the answer.
func question(f *Form, s Step) Position {
	p := Position{Screen: ScreenStep, Step: s}
	if it, ok := f.Questionnaire.Item(s.Item); ok && it.Typed() {
		p.Awaiting = AwaitingAnswer
	}
	return p
}

// forward leaves a question. One that was reopened from the review leads back there, by way of the
// questions that the new answer has brought up.
func (p Position) forward(f *Form) Position {
	if p.Revising {
		for _, s := range f.Steps() {
			it, _ := f.Questionnaire.Item(s.Item)
			_, settled := f.settled(s)
			later := s.Assignment == p.Step.Assignment && s.Item > p.Step.Item
			if later && !settled && len(it.ShowIf) > 0 {
				to := question(f, s)
				to.Revising, to.Page = true, p.Page
				return to
			}
		}
		return Position{Screen: ScreenReview, Page: p.Page}
	}
	if s, ok := f.Next(p.Step); ok {
		return question(f, s)
	}
	return Position{Screen: ScreenReview}
}

func (p Position) back(f *Form) Position {
	if p.Revising {
		return Position{Screen: ScreenReview, Page: p.Page}
	}
	if s, ok := f.Prev(p.Step); ok {
		return question(f, s)
	}
	if f.Asks.Mode == AsksChoose {
		return Position{Screen: ScreenChoose}
	}
	return Position{Screen: ScreenInvitation}
}

// resume is where a form goes on: choosing subjects, the first question without an answer, or the
// review.
func resume(f *Form) Position {
	if f.Choosing() {
		return Position{Screen: ScreenChoose}
	}
	if s, ok := f.First(); ok {
		return question(f, s)
	}
	return Position{Screen: ScreenReview}
}
