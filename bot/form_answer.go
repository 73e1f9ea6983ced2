package bot

import (
	"context"
	"fmt"

	"pingyi/storage"
	"pingyi/survey"
)

// turnStep does a press on a question: answering, moving on, commenting.
func (t *turn) turnStep(ctx context.Context, c *conversation, p press) error {
	step := survey.Step{Assignment: p.assignment, Item: p.item}
	it, _, ok := c.Form.Item(step)
	if !ok {
		return fmt.Errorf("bot: step %d.%d of request %d: %w", step.Assignment, step.Item, c.RequestID, survey.ErrForbidden)
	}
	event := survey.Event{Step: step}
	switch p.verb {
	case verbBefore:
		event.Kind = survey.EventBack
	case verbRevise:
		event.Kind = survey.EventRevise
	case verbComment:
		if !it.Comment {
			return fmt.Errorf("bot: item %s takes no comment: %w", it.Code, survey.ErrInvalid)
		}
		event.Kind = survey.EventComment
	case verbCancel:
		event.Kind = survey.EventCancelTyping
	case verbErase:
		return t.erase(ctx, c, step)
	case verbDone:
		return t.leave(c, it, step)
	case verbAnswer, verbMend:
		return t.answer(ctx, c, it, step, p.pick)
	default:
		return errForged
	}
	c.move(event)
	return nil
}

// leave goes on from a question, unless a choice of several is still too small.
func (t *turn) leave(c *conversation, it *survey.Item, step survey.Step) error {
	if value, begun := c.Form.Answers[step]; begun && !it.Complete(value) || !begun && it.Required {
		c.toast = t.plain("form.pick_few", map[string]any{"Min": max(1, it.MinChoices)})
		c.move(survey.Event{Kind: survey.EventShow, Step: step})
		return nil
	}
	c.move(survey.Event{Kind: survey.EventDone, Step: step})
	return nil
}

// answer saves what was pressed and goes on; for a choice of several it stays.
func (t *turn) answer(ctx context.Context, c *conversation, it *survey.Item, step survey.Step, k pick) error {
	if !c.Form.Shows(step) { // hidden by an answer given since this message was drawn
		c.toast = t.plain("toast.stale", nil)
		c.move(survey.Event{Kind: survey.EventShow, Step: step})
		return nil
	}
	value, err := k.value(it)
	if err != nil {
		return err
	}
	marking := it.AnswerKind() == survey.Multiple && k.kind == pickOption
	if marking && !t.fits(c, it, k) {
		c.move(survey.Event{Kind: survey.EventMarked, Step: step})
		return nil
	}
	if !marking || k.n != 0 { // a required choice of several may pass through the empty set
		if err := it.Check(value); err != nil {
			return err
		}
	}
	tap := t.tap(c, step)
	tap.Value = value
	if err := t.save(ctx, c, tap); err != nil {
		return err
	}
	kind := survey.EventAnswered
	switch {
	case marking:
		kind = survey.EventMarked
	case value == survey.Skipped:
		kind = survey.EventSkipped
	}
	c.move(survey.Event{Kind: kind, Step: step})
	return nil
}

// fits reports whether a set can be saved, and says in a line what keeps it from being.
func (t *turn) fits(c *conversation, it *survey.Item, k pick) bool {
	if bits(k.n) > it.MaxChoices {
		c.toast = t.plain("form.pick_full", map[string]any{"Max": it.MaxChoices})
		return false
	}
	return true
}

// tap begins what is saved about a question.
func (t *turn) tap(c *conversation, step survey.Step) storage.Tap {
	return storage.Tap{
		UpdateID: t.update, PersonID: t.person.ID, TelegramID: t.user, RequestID: c.RequestID,
		AssignmentID: step.Assignment, Item: step.Item,
	}
}

// save makes an answer or comment durable and enters it into the form.
func (t *turn) save(ctx context.Context, c *conversation, tap storage.Tap) error {
	step := survey.Step{Assignment: tap.AssignmentID, Item: tap.Item}
	if !c.trying() {
		if err := t.store.AnswerTo(ctx, t.now, c.OpenForm, tap); err != nil {
			return err
		}
		if err := t.complete(ctx, c); err != nil {
			return err
		}
		if c.Language.Known() && c.Language != t.lang { // changed since the person was read
			t.speak(c.Language)
		}
	}
	switch {
	case tap.Comment == nil:
		c.Form.Answers[step] = tap.Value
	case *tap.Comment == "":
		delete(c.Form.Comments, step)
	default:
		c.Form.Comments[step] = *tap.Comment
	}
	if c.trying() {
		c.session.Trial.keep(c.Form)
	}
	return nil
}

// erase removes the comment on a question.
func (t *turn) erase(ctx context.Context, c *conversation, step survey.Step) error {
	none := ""
	tap := t.tap(c, step)
	tap.Comment = &none
	if err := t.save(ctx, c, tap); err != nil {
		return err
	}
	c.move(survey.Event{Kind: survey.EventCommented, Step: step})
	return nil
}

// value is the canonical value that a pressed button stands for; ErrInvalid where the item has no
// such option.
func (k pick) value(it *survey.Item) (string, error) {
	switch k.kind {
	case pickDontKnow:
		return it.Unknown(), nil
	case pickSkip:
		return survey.Skipped, nil
	}
	if it.AnswerKind() == survey.Multiple {
		if k.n>>len(it.Options) != 0 {
			return "", fmt.Errorf("bot: item %s has no such options: %w", it.Code, survey.ErrInvalid)
		}
		return it.Join(uint64(k.n)), nil //nolint:gosec // parsed as not negative
	}
	for i, choice := range it.Choices() {
		if int64(i) == k.n {
			return choice.Value, nil
		}
	}
	return "", fmt.Errorf("bot: item %s has no such option: %w", it.Code, survey.ErrInvalid)
}

// pickOf is the button that stands for the i-th choice, given the current value: for a choice of
// several it says the whole set that pressing it leads to.
func pickOf(it *survey.Item, i int, current string) pick {
	if it.AnswerKind() != survey.Multiple {
		return pick{n: int64(i)}
	}
	mask, _ := it.Mask(current)
	mask ^= 1 << i
	if it.MaxChoices == 1 {
		mask &= 1 << i
	}
	return pick{n: int64(mask)} //nolint:gosec // at most survey.MaxOptions bits
}

// bits counts the options in a set.
func bits(mask int64) int {
	n := 0
	for ; mask != 0; mask &= mask - 1 {
		n++
	}
	return n
}

// chosen reports whether the value has the i-th choice in it.
func chosen(it *survey.Item, i int, choice survey.Choice, current string) bool {
	if it.AnswerKind() == survey.Multiple {
		mask, _ := it.Mask(current)
		return mask&(1<<i) != 0
	}
	return choice.Value == current
}
