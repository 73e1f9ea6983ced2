package bot

import (
	"context"
	"errors"
	"fmt"
	"time"

	tg "github.com/go-telegram/bot"

	"pingyi/storage"
	"pingyi/survey"
)

// patience is the longest pause that Telegram may ask for before a reply to a press is given up: the
// message that stands there can be pressed again.
const patience = 3 * time.Second

// turn is one update of one person while it is being handled.
type turn struct {
	*Bot
	words
	now    time.Time
	update int64
	user   int64          // Telegram's id of the person, and of the private chat
	code   string         // the language of the person's Telegram
	person storage.Person // zero where the account belongs to nobody yet
	read   *storage.Press // the request pressed, until it is looked at

	query    string // id of the callback query; empty where nothing was pressed
	answered bool   // the query has been answered
	message  int    // the message to draw into; 0: a new one
	typed    int    // the person's own message; 0: none
	shared   bool   // the person has just shared their phone number
}

// known reports whether the account belongs to somebody.
func (t *turn) known() bool { return t.person.ID != 0 }

// cause names the person and the update as the cause of a change.
func (t *turn) cause() storage.Cause {
	return storage.Cause{Actor: t.person.ID, UpdateID: t.update}
}

// ack answers the callback query, with a line shown over the chat where text is not empty. Only the
// first call does anything, and nothing happens where nothing was pressed.
func (t *turn) ack(ctx context.Context, text string) {
	if t.query == "" || t.answered {
		return
	}
	t.answered = true
	answer := queryAnswer{query: t.query, text: cut(text, maxToast)}
	err := t.insist(ctx, func() error { return answerCallback(ctx, t.client, answer) })
	if outcome, _ := Judge(err); outcome != OutcomeRefused { // refused: the press is too old, which is no fault
		t.note(ctx, "answerCallbackQuery", err)
	}
}

// show draws the screen: into the message pressed where that can be, else as a new message. It
// returns the id of the message that shows it, 0 where Telegram took neither.
func (t *turn) show(ctx context.Context, s screen) int {
	t.ack(ctx, "")
	if t.message != 0 && t.edit(ctx, t.message, s) {
		return t.message
	}
	t.message = t.post(ctx, s)
	return t.message
}

// edit redraws a message and reports whether it now shows the screen.
func (t *turn) edit(ctx context.Context, message int, s screen) bool {
	err := t.insist(ctx, func() error {
		_, err := t.send(ctx, outgoing{chat: t.user, edit: message, screen: s})
		return err
	})
	if outcome, _ := Judge(err); outcome == OutcomeRefused {
		return false // gone, or too old to be edited
	}
	t.note(ctx, "editMessageText", err)
	return true // not reached or in doubt: a second message would not help
}

// post sends the screen as a new message and returns its id, 0 where that failed. It tries again after
// a fault of Telegram's, but not where the answer was lost: the message may be there.
func (t *turn) post(ctx context.Context, s screen) int {
	sent := 0
	post := func() (err error) {
		sent, err = t.send(ctx, outgoing{chat: t.user, screen: s})
		return err
	}
	err := t.call(ctx, post)
	if outcome, _ := Judge(err); outcome == OutcomeDown {
		err = t.call(ctx, post)
	}
	if err != nil {
		t.note(ctx, "sendMessage", err)
		return 0
	}
	return sent
}

// discard deletes the message the person typed, so that nobody reads it in the chat later.
func (t *turn) discard(ctx context.Context) {
	if t.typed == 0 {
		return
	}
	err := t.insist(ctx, func() error {
		_, err := t.client.DeleteMessage(ctx, &tg.DeleteMessageParams{ChatID: t.user, MessageID: t.typed})
		return err
	})
	if outcome, _ := Judge(err); outcome != OutcomeRefused { // refused: the person deleted it already
		t.note(ctx, "deleteMessage", err)
	}
	t.typed = 0
}

// insist is call for what can be repeated without harm: once more where it was lost on the way.
func (t *turn) insist(ctx context.Context, do func() error) error {
	err := t.call(ctx, do)
	if outcome, _ := Judge(err); outcome == OutcomeAmbiguous || outcome == OutcomeDown {
		err = t.call(ctx, do)
	}
	return err
}

// call calls Telegram, after what is left of a pause it asked for, and once more where it asks for a
// short one now.
func (t *turn) call(ctx context.Context, do func() error) error {
	if err := pause(ctx, min(t.floods.left(t.user), patience)); err != nil {
		return err
	}
	err := do()
	outcome, wait := Judge(err)
	if outcome != OutcomeTooMany {
		return err
	}
	t.floods.met(ctx, t.user, wait)
	if wait > patience || pause(ctx, wait) != nil {
		return err
	}
	return do()
}

// pause waits, or returns why it could not.
func pause(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// note logs a failed call. Somebody who cannot be written to is remembered as such, so that nothing
// more is sent until they come back.
func (t *turn) note(ctx context.Context, method string, err error) {
	outcome, _ := Judge(err)
	switch outcome {
	case OutcomeOK:
	case OutcomeUnreachable:
		if err := t.store.Unreachable(ctx, t.now, t.user); err != nil {
			t.log.ErrorContext(ctx, "unreachable person not recorded", "error", scrub(err))
		}
	default:
		t.log.WarnContext(ctx, "reply failed", "method", method, "update", t.update, "error", scrub(err))
	}
}

// refuse tells the person in a line why a press had no effect and returns nil, or returns the error
// where it is no matter for the person and the update has to come again.
func (t *turn) refuse(ctx context.Context, err error) error {
	key := ""
	switch {
	case errors.Is(err, survey.ErrForbidden), errors.Is(err, survey.ErrNotFound),
		errors.Is(err, survey.ErrInvalid), errors.Is(err, errForged):
		key = "toast.forged"
	case errors.Is(err, survey.ErrClosed):
		key = "toast.closed"
	case errors.Is(err, survey.ErrPaused), errors.Is(err, survey.ErrNotYet):
		key = "toast.paused"
	case errors.Is(err, survey.ErrStale), errors.Is(err, survey.ErrHandled):
		key = "toast.stale"
	default:
		return fmt.Errorf("bot: update %d: %w", t.update, err)
	}
	t.ack(ctx, t.plain(key, nil))
	return nil
}
