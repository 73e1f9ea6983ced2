package bot

import (
	"context"
	"errors"

	"pingyi/storage"
	"pingyi/survey"
)

// conversation is one request of a person: the form, where the person is in it, and what is
// remembered of it.
type conversation struct {
	*storage.OpenForm
	position survey.Position
	session  session
	hint     markup // a line over the question: what was wrong with what was typed
	toast    string // the answer to the press
}

// loadFor reads the request of a press. An answer says by itself where it was given.
func (t *turn) loadFor(ctx context.Context, p press) (*conversation, error) {
	if !p.answers() || p.request == 0 {
		return t.load(ctx, p.request)
	}
	form, err := t.readForm(ctx, p.request)
	if err != nil {
		return nil, err
	}
	c := &conversation{OpenForm: form}
	c.position = survey.Position{Screen: survey.ScreenStep, Step: survey.Step{Assignment: p.assignment, Item: p.item},
		Revising: p.verb == verbMend, Page: p.page}
	return c, nil
}

// load reads a request of the person. The position is the remembered one where the session speaks of
// this request, else it is rebuilt. Request 0 is the questionnaire being tried.
func (t *turn) load(ctx context.Context, request int64) (*conversation, error) {
	c := &conversation{session: t.recall(ctx)}
	var err error
	if request == 0 {
		c.OpenForm, err = t.trialForm(ctx, c.session.Trial)
	} else {
		c.OpenForm, err = t.readForm(ctx, request)
	}
	if err != nil {
		return nil, err
	}
	if c.session.Request == request && c.session.Position.Screen != "" {
		c.position = c.session.Position
	} else {
		c.position = survey.Start(c.Form, c.State)
	}
	return c, nil
}

// readForm reads a request of the person. What was read with the press is used once: whoever asks
// again wants to know what has changed.
func (t *turn) readForm(ctx context.Context, request int64) (*storage.OpenForm, error) {
	if read := t.read; read != nil {
		t.read = nil
		return read.Form, read.Err
	}
	return t.store.FormToAnswer(ctx, t.person.ID, request)
}

// choosing reads what may be chosen from, which only that screen needs.
func (t *turn) choosing(ctx context.Context, c *conversation) error {
	if c.trying() || c.Choosable != nil || c.position.Screen != survey.ScreenChoose {
		return nil
	}
	full, err := t.store.Form(ctx, t.now, t.person.ID, c.RequestID)
	if err != nil {
		return err
	}
	c.OpenForm = full
	return nil
}

// pressForm does a press that concerns a request of the person.
func (t *turn) pressForm(ctx context.Context, p press) error {
	c, err := t.loadFor(ctx, p)
	if err != nil {
		return err
	}
	if err := c.Round.State.Answering(); err != nil {
		t.ack(ctx, t.plain(stoppedToast(err), nil))
		t.draw(ctx, c)
		return nil
	}
	err = t.turnForm(ctx, c, p)
	switch {
	case errors.Is(err, survey.ErrHandled): // this update came before: show how things stand
		if c, err = t.load(ctx, p.request); err != nil {
			return err
		}
	case errors.Is(err, survey.ErrClosed), errors.Is(err, survey.ErrPaused), errors.Is(err, survey.ErrStale):
		// It changed between reading and writing.
		key := stoppedToast(err)
		if c, err = t.load(ctx, p.request); err != nil {
			return err
		}
		t.ack(ctx, t.plain(key, nil))
	case err != nil:
		return err
	}
	if err := t.complete(ctx, c); err != nil {
		return err
	}
	t.draw(ctx, c)
	return nil
}

// complete reads what the screen needs and is not known yet: the form, where it was only remembered, and
// what may be chosen from.
func (t *turn) complete(ctx context.Context, c *conversation) error {
	if c.Blank() {
		form, err := t.store.FormToAnswer(ctx, t.person.ID, c.RequestID)
		if err != nil {
			return err
		}
		c.OpenForm = form
	}
	return t.choosing(ctx, c)
}

func stoppedToast(err error) string {
	switch {
	case errors.Is(err, survey.ErrClosed):
		return "toast.closed"
	case errors.Is(err, survey.ErrStale):
		return "toast.stale"
	}
	return "toast.paused"
}

// turnForm does what the press asks for and moves the position accordingly. Whatever was done stands
// in the database when it returns.
func (t *turn) turnForm(ctx context.Context, c *conversation, p press) error {
	switch p.verb {
	case verbOpen:
		c.position = survey.Start(c.Form, c.State)
		return nil
	case verbInvite:
		c.move(survey.Event{Kind: survey.EventInvite})
		return nil
	case verbBegin:
		return t.begin(ctx, c, p.notice)
	case verbLater:
		c.later()
		return nil
	case verbDecline:
		return t.decline(ctx, c)
	case verbChange:
		return t.change(ctx, c)
	}
	if c.State != survey.RequestOpened {
		// An old message: nothing may be answered before beginning, nor after submitting.
		c.position = survey.Start(c.Form, c.State)
		c.toast = t.plain("toast.stale", nil)
		return nil
	}
	switch p.verb {
	case verbChoose, verbPick, verbChosen, verbSearch, verbShowAll:
		return t.choose(ctx, c, p)
	case verbReview:
		c.move(survey.Event{Kind: survey.EventReview, Page: p.page})
		return nil
	case verbSubmit:
		return t.submit(ctx, c)
	}
	return t.turnStep(ctx, c, p)
}

// move takes the position on by an event.
func (c *conversation) move(e survey.Event) { c.position = c.position.After(e, c.Form) }

// begin opens the form. The notice named on the button is the one that was agreed to; where it has
// been replaced meanwhile, the invitation is shown again with the new one.
func (t *turn) begin(ctx context.Context, c *conversation, notice string) error {
	if c.trying() {
		c.move(survey.Event{Kind: survey.EventBegin})
		return nil
	}
	if c.State == survey.RequestDone || c.State == survey.RequestOpened {
		c.position = survey.Start(c.Form, c.State)
		return nil
	}
	project, err := t.settings(ctx)
	if err != nil {
		return err
	}
	version := project.Notice.Version
	if t.person.Consent != version {
		if notice != noticeTag(version) {
			c.position = survey.Position{Screen: survey.ScreenInvitation}
			c.toast = t.plain("toast.stale", nil)
			return nil
		}
		again := storage.Cause{Actor: t.person.ID} // repeating it does no harm; opening carries the update
		if err := t.store.Consent(ctx, t.now, again, t.person.ID, version); err != nil {
			return err
		}
	}
	if err := t.store.Open(ctx, t.now, t.cause(), t.person.ID, c.RequestID); err != nil {
		return err
	}
	if c.State == survey.RequestDeclined { // the subjects had been taken out
		fresh, err := t.store.FormToAnswer(ctx, t.person.ID, c.RequestID)
		if err != nil {
			return err
		}
		c.OpenForm = fresh
	}
	c.State = survey.RequestOpened
	c.move(survey.Event{Kind: survey.EventBegin})
	return nil
}

// later puts the request off; what was submitted or declined stays so.
func (c *conversation) later() {
	if c.State == survey.RequestDone || c.State == survey.RequestDeclined {
		c.position = survey.Start(c.Form, c.State)
		return
	}
	c.move(survey.Event{Kind: survey.EventLater})
}

func (t *turn) decline(ctx context.Context, c *conversation) error {
	if c.trying() {
		c.move(survey.Event{Kind: survey.EventDecline})
		return nil
	}
	if c.State == survey.RequestDone {
		c.position = survey.Start(c.Form, c.State)
		return nil
	}
	if c.State != survey.RequestDeclined {
		if err := t.store.Decline(ctx, t.now, t.cause(), t.person.ID, c.RequestID); err != nil {
			return err
		}
	}
	c.State = survey.RequestDeclined
	c.move(survey.Event{Kind: survey.EventDecline})
	return nil
}

// change reopens what was submitted.
func (t *turn) change(ctx context.Context, c *conversation) error {
	if c.State != survey.RequestDone {
		c.position = survey.Start(c.Form, c.State)
		return nil
	}
	if !c.trying() {
		if err := t.store.Reopen(ctx, t.now, t.cause(), t.person.ID, c.RequestID); err != nil {
			return err
		}
	}
	c.State = survey.RequestOpened
	c.move(survey.Event{Kind: survey.EventReopen})
	return nil
}

// submit submits, or shows the first question that stands in the way.
func (t *turn) submit(ctx context.Context, c *conversation) error {
	missing := c.Form.Missing()
	if len(missing) == 0 && !c.trying() {
		var err error
		if missing, err = t.store.Submit(ctx, t.now, t.cause(), t.person.ID, c.RequestID); err != nil {
			return err
		}
	}
	if len(missing) > 0 {
		c.move(survey.Event{Kind: survey.EventRevise, Step: missing[0]})
		c.toast = t.plain("form.missing", map[string]any{"N": len(missing)})
		return nil
	}
	c.State = survey.RequestDone
	c.move(survey.Event{Kind: survey.EventSubmitted})
	return nil
}

// draw shows the conversation where it stands, in the message pressed, and remembers it. After a press
// the message is redrawn behind the scenes.
func (t *turn) draw(ctx context.Context, c *conversation) {
	s := t.formScreen(ctx, c)
	t.ack(ctx, c.toast)
	if t.query == "" || t.message == 0 {
		t.drawings.wait(ctx, t.user)
		t.keep(ctx, c, t.show(ctx, s))
		return
	}
	pressed, later := t.message, *t // this turn may be over by then
	t.drawings.put(t.user, pressed, func() {
		ctx := context.WithoutCancel(ctx)
		if message := later.show(ctx, s); message != pressed {
			later.keep(ctx, c, message)
		}
	})
	t.keep(ctx, c, pressed)
}

// keep remembers where the person is and which message shows it. The database is told only where it
// is another message than before: closing will redraw that one.
func (t *turn) keep(ctx context.Context, c *conversation, message int) {
	s := c.session
	s.Request, s.Round, s.Message, s.Position = c.RequestID, c.Round.ID, message, c.position
	s.Seen = ""
	if c.position.Awaiting != survey.AwaitingNothing {
		s.Seen = standing(c.Form, c.position.Step)
	}
	if !c.trying() {
		s.Trial = nil
	}
	t.remember(ctx, s)
	if c.trying() || message == 0 || int64(message) == c.MessageID {
		return
	}
	if err := t.store.SetMessage(ctx, t.person.ID, c.RequestID, int64(message)); err != nil {
		t.log.WarnContext(ctx, "live message not recorded", "request", c.RequestID, "error", scrub(err))
	}
}

// answering reports that answers are taken now.
func (c *conversation) answering() bool {
	return c.Round.State == survey.RoundOpen && c.State == survey.RequestOpened
}

// trying reports that this is a trial, of which nothing is kept.
func (c *conversation) trying() bool { return c.RequestID == 0 }
