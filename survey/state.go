package survey

import (
	"fmt"
	"slices"
)

// RoundState is where a round stands.
type RoundState string

// The states of a round: draft → scheduled → open ⇄ paused → closed; cancelled from any before closed.
const (
	RoundDraft     RoundState = "draft"
	RoundScheduled RoundState = "scheduled"
	RoundOpen      RoundState = "open"
	RoundPaused    RoundState = "paused"
	RoundClosed    RoundState = "closed"
	RoundCancelled RoundState = "cancelled"
)

// RoundAction is something an admin or the clock does to a round.
type RoundAction string

// The actions on rounds.
const (
	RoundSchedule RoundAction = "schedule"
	RoundStart    RoundAction = "open"
	RoundPause    RoundAction = "pause"
	RoundResume   RoundAction = "resume"
	RoundExtend   RoundAction = "extend"
	RoundRemind   RoundAction = "remind"
	RoundClose    RoundAction = "close"
	RoundCancel   RoundAction = "cancel"
)

// RoundActions returns all actions in the order in which they are offered.
func RoundActions() []RoundAction {
	return []RoundAction{
		RoundSchedule, RoundStart, RoundPause, RoundResume,
		RoundExtend, RoundRemind, RoundClose, RoundCancel,
	}
}

// Can reports whether the action is allowed in the state.
func (s RoundState) Can(a RoundAction) bool {
	_, err := s.After(a)
	return err == nil
}

// After returns the state that the action leads to. Where the state does not allow the action the
// error wraps ErrClosed (the round is over), ErrPaused or ErrNotYet (it has not opened), else
// ErrStale: what the action asks for has happened already.
func (s RoundState) After(a RoundAction) (RoundState, error) {
	from := map[RoundAction][]RoundState{
		RoundSchedule: {RoundDraft, RoundScheduled},
		RoundStart:    {RoundDraft, RoundScheduled},
		RoundPause:    {RoundOpen},
		RoundResume:   {RoundPaused},
		RoundExtend:   {RoundOpen, RoundPaused},
		RoundRemind:   {RoundOpen},
		RoundClose:    {RoundOpen, RoundPaused},
		RoundCancel:   {RoundDraft, RoundScheduled, RoundOpen, RoundPaused},
	}
	to := map[RoundAction]RoundState{
		RoundSchedule: RoundScheduled,
		RoundStart:    RoundOpen,
		RoundPause:    RoundPaused,
		RoundResume:   RoundOpen,
		RoundExtend:   s,
		RoundRemind:   s,
		RoundClose:    RoundClosed,
		RoundCancel:   RoundCancelled,
	}
	if slices.Contains(from[a], s) {
		return to[a], nil
	}
	return s, fmt.Errorf("%s a round that is %s: %w", a, s, s.refusal(a))
}

func (s RoundState) refusal(a RoundAction) error {
	switch {
	case s == RoundClosed || s == RoundCancelled:
		return ErrClosed
	case s == RoundDraft || s == RoundScheduled:
		return ErrNotYet
	case s == RoundPaused && a == RoundRemind:
		return ErrPaused
	}
	return ErrStale
}

// Answering reports whether the round takes answers: nil, or ErrNotYet, ErrPaused or ErrClosed.
func (s RoundState) Answering() error {
	switch s {
	case RoundOpen:
		return nil
	case RoundPaused:
		return ErrPaused
	case RoundDraft, RoundScheduled:
		return ErrNotYet
	}
	return ErrClosed
}

// RequestState is where the one message to one person for one panel stands.
type RequestState string

// The states of a request: pending → sent → opened → done, or one of the last three.
const (
	RequestPending     RequestState = "pending"
	RequestSent        RequestState = "sent"
	RequestOpened      RequestState = "opened"
	RequestDone        RequestState = "done"
	RequestDeclined    RequestState = "declined"
	RequestUnreachable RequestState = "unreachable"
	RequestExpired     RequestState = "expired"
)

// CanBecome reports whether a request may go from s to t. A request that is done is opened again
// to change it; one that was declined or unreachable can still be opened while the round is open.
func (s RequestState) CanBecome(t RequestState) bool {
	next := map[RequestState][]RequestState{
		RequestPending:     {RequestSent, RequestOpened, RequestDeclined, RequestUnreachable, RequestExpired},
		RequestSent:        {RequestOpened, RequestDeclined, RequestUnreachable, RequestExpired},
		RequestOpened:      {RequestDone, RequestDeclined, RequestUnreachable, RequestExpired},
		RequestDone:        {RequestOpened},
		RequestDeclined:    {RequestOpened, RequestExpired},
		RequestUnreachable: {RequestPending, RequestSent, RequestOpened, RequestExpired},
	}
	return slices.Contains(next[s], t)
}

// Finished reports whether the person is not to be reminded.
func (s RequestState) Finished() bool {
	return s == RequestDone || s == RequestDeclined || s == RequestExpired
}

// AssignmentState is where one person's rating of one subject stands.
type AssignmentState string

// The states of an assignment: proposed → invited → answered, or one of the last three.
const (
	AssignmentProposed  AssignmentState = "proposed"
	AssignmentInvited   AssignmentState = "invited"
	AssignmentAnswered  AssignmentState = "answered"
	AssignmentRecused   AssignmentState = "recused"
	AssignmentWithdrawn AssignmentState = "withdrawn"
	AssignmentExpired   AssignmentState = "expired"
)

// CanBecome reports whether an assignment may go from s to t; it can be changed until the round
// closes, so an answered one may be taken back to invited.
func (s AssignmentState) CanBecome(t AssignmentState) bool {
	next := map[AssignmentState][]AssignmentState{
		AssignmentProposed: {AssignmentInvited, AssignmentRecused, AssignmentWithdrawn, AssignmentExpired},
		AssignmentInvited:  {AssignmentAnswered, AssignmentRecused, AssignmentWithdrawn, AssignmentExpired},
		AssignmentAnswered: {AssignmentInvited, AssignmentWithdrawn},
		AssignmentRecused:  {AssignmentInvited, AssignmentExpired},
	}
	return slices.Contains(next[s], t)
}

// DeliveryState is where something to be sent stands.
type DeliveryState string

// The states of a delivery: pending → leased → sent, or one of the last three. Leased is one that is
// pending while a sender holds the span it lies in.
const (
	DeliveryPending     DeliveryState = "pending"
	DeliverySent        DeliveryState = "sent"
	DeliveryUnreachable DeliveryState = "unreachable"
	DeliveryFailed      DeliveryState = "failed"
	DeliveryExpired     DeliveryState = "expired"
)

// EvaluationState is where an evaluation stands.
type EvaluationState string

// The states of an evaluation: draft → scored → approved → published.
const (
	EvaluationDraft     EvaluationState = "draft"
	EvaluationScored    EvaluationState = "scored"
	EvaluationApproved  EvaluationState = "approved"
	EvaluationPublished EvaluationState = "published"
)

// CanBecome reports whether an evaluation may go from s to t. Scoring again sets an approved one
// back; a published one stands.
func (s EvaluationState) CanBecome(t EvaluationState) bool {
	next := map[EvaluationState][]EvaluationState{
		EvaluationDraft:    {EvaluationScored},
		EvaluationScored:   {EvaluationScored, EvaluationApproved},
		EvaluationApproved: {EvaluationScored, EvaluationPublished},
	}
	return slices.Contains(next[s], t)
}
