package bot

import (
	"context"
	"errors"
	"strings"

	"pingyi/survey"
)

// maxSearch is how many characters of a typed search are looked at.
const maxSearch = 40

// typedText takes a typed message that the conversation waits for. It reports false where none is
// expected.
func (t *turn) typedText(ctx context.Context, text string) (bool, error) {
	s := t.recall(ctx)
	if s.Position.Screen == "" {
		var err error
		if s, err = t.lostSession(ctx); err != nil {
			return false, err
		}
	}
	if s.Position.Awaiting == survey.AwaitingNothing {
		return false, nil
	}
	c, err := t.takeTyped(ctx, s, text)
	switch {
	case errors.Is(err, survey.ErrForbidden), errors.Is(err, survey.ErrNotFound):
		return false, nil // the session speaks of something that is gone
	case err != nil:
		return false, err
	}
	if err := t.choosing(ctx, c); err != nil {
		return false, err
	}
	// Not confirmed before it is drawn and remembered: after a crash in between, the update has to come
	// again to do that, or the next words would be taken for this answer.
	t.discard(ctx)
	t.message = s.Message
	t.draw(ctx, c)
	return true, nil
}

// takeTyped does with a typed message what the session says it means, and returns the conversation as
// it stands then.
func (t *turn) takeTyped(ctx context.Context, s session, text string) (*conversation, error) {
	c, err := t.load(ctx, s.Request)
	if err != nil || !c.answering() {
		return c, err
	}
	c.position = s.Position
	if s.Position.Awaiting != survey.AwaitingSearch && s.Seen != standing(c.Form, s.Position.Step) {
		return t.outOfDate(ctx, c)
	}
	err = t.typedInto(ctx, c, text)
	switch {
	case errors.Is(err, survey.ErrHandled), errors.Is(err, survey.ErrClosed), errors.Is(err, survey.ErrPaused),
		errors.Is(err, survey.ErrStale), errors.Is(err, survey.ErrForbidden), errors.Is(err, survey.ErrNotFound):
		// Written before, or no longer possible: show how things stand.
		if c, err = t.load(ctx, s.Request); err == nil {
			c.position = survey.Start(c.Form, c.State)
		}
	}
	return c, err
}

// outOfDate shows how things stand where the session does not know it: what was typed is taken where
// it was saved before, and else left in the chat, to be sent again under the question it belongs to.
func (t *turn) outOfDate(ctx context.Context, c *conversation) (*conversation, error) {
	c.position = survey.Start(c.Form, c.State)
	handled, err := t.store.Handled(ctx, t.update)
	if err != nil {
		return nil, err
	}
	if !handled {
		c.hint = t.html("toast.stale", nil)
		t.typed = 0
	}
	return c, nil
}

// typedInto does with the text what it was asked for.
func (t *turn) typedInto(ctx context.Context, c *conversation, text string) error {
	if c.position.Awaiting == survey.AwaitingSearch {
		search := strings.ToValidUTF8(strings.Join(strings.Fields(text), " "), "")
		c.move(survey.Event{Kind: survey.EventFind, Text: cut(search, maxSearch)})
		return nil
	}
	step := c.position.Step
	it, _, ok := c.Form.Item(step)
	if !ok {
		return survey.ErrStale
	}
	tap := t.tap(c, step)
	event := survey.Event{Kind: survey.EventAnswered, Step: step}
	var err error
	switch {
	case c.position.Awaiting == survey.AwaitingComment:
		event.Kind = survey.EventCommented
		var comment string
		comment, err = it.Commenting(text)
		tap.Comment = &comment
	case it.AnswerKind() == survey.Number:
		tap.Value, err = it.Number(text)
	default:
		tap.Value, err = it.Typing(text)
	}
	if errors.Is(err, survey.ErrInvalid) {
		c.hint = t.badHint(c, it, text)
		if it.AnswerKind() != survey.Number || c.position.Awaiting == survey.AwaitingComment {
			t.typed = 0 // a long text stays in the chat, to be shortened rather than written again
		}
		return nil
	}
	if err := t.save(ctx, c, tap); err != nil {
		return err
	}
	c.move(event)
	return nil
}

// badHint says what was wrong, quoting what is taken out of the chat.
func (t *turn) badHint(c *conversation, it *survey.Item, text string) markup {
	if it.AnswerKind() == survey.Number && c.position.Awaiting == survey.AwaitingAnswer {
		return t.html("form.bad_number", map[string]any{"Typed": name(text, unitsTyped)})
	}
	return t.html("form.bad_text", nil)
}

// lostSession rebuilds what typed words mean when nothing is remembered: where exactly one request is
// being filled in and its next question is one to type an answer to, they are that answer.
func (t *turn) lostSession(ctx context.Context) (session, error) {
	if !t.known() {
		return session{}, nil
	}
	items, err := t.store.Todo(ctx, t.person.ID)
	if err != nil {
		return session{}, err
	}
	var found session
	for _, item := range items {
		if item.State != survey.RequestOpened {
			continue
		}
		if found.Request != 0 {
			return session{}, nil
		}
		form, err := t.store.FormToAnswer(ctx, t.person.ID, item.RequestID)
		if err != nil {
			return session{}, err
		}
		found = session{
			Request: form.RequestID, Round: form.Round.ID, Message: int(form.MessageID),
			Position: survey.Start(form.Form, form.State),
		}
		found.Seen = standing(form.Form, found.Position.Step)
	}
	return found, nil
}
