package bot

import (
	"context"
	"errors"
	"fmt"
	"strings"

	tg "github.com/go-telegram/bot"
	"github.com/go-telegram/bot/models"

	"pingyi/storage"
	"pingyi/survey"
)

// errObsolete says that there is nothing left to say by a delivery.
var errObsolete = errors.New("bot: the delivery is obsolete")

// errHeld says that a delivery has to wait: its round was paused while the delivery was being read.
var errHeld = errors.New("bot: the round of the delivery is paused")

// outgoing is one message to a private chat.
type outgoing struct {
	screen
	chat    int64
	edit    int  // the message to redraw; 0: a new one
	protect bool // may be neither forwarded nor saved
	quiet   bool // redraws what may be gone by now, which is no fault
	paced   bool // has a slot of the rate
}

// send sends or redraws a message. It returns the id of the message that was sent, 0 for one that was
// redrawn.
func (b *Bot) send(ctx context.Context, out outgoing) (int, error) {
	params := &textParams{chat: out.chat, message: out.edit, text: out.text, protect: out.protect, buttons: out.keyboard()}
	b.floods.goes(out.chat)
	if out.edit != 0 {
		_, err := b.client.text(ctx, params)
		if outcome, _ := Judge(err); unchanged(err) || out.quiet && outcome == OutcomeRefused {
			return 0, nil
		}
		return 0, err
	}
	params.reply = out.reply
	if !out.paced {
		b.unpaced.Add(1)
	}
	return b.client.text(ctx, params)
}

// reaches reports whether a private chat is there at all. A message to somebody who never started the
// bot is refused by the same code as a message that is wrong in itself; a sign of typing, which cannot
// be wrong, tells which it was.
func (b *Bot) reaches(ctx context.Context, chat int64) bool {
	_, err := b.client.SendChatAction(ctx, &tg.SendChatActionParams{ChatID: chat, Action: models.ChatActionTyping})
	outcome, _ := Judge(err)
	return outcome != OutcomeRefused && outcome != OutcomeUnreachable
}

// unchanged reports that an edit was refused because the message shows this already. It is the one
// place that looks at Telegram's wording, because nothing else tells; should the wording change, the
// worst is a second copy of a message.
func unchanged(err error) bool {
	return errors.Is(err, tg.ErrorBadRequest) && strings.Contains(err.Error(), "not modified")
}

// Render makes the message of a delivery, in the person's language and of what was read with it. It
// returns errObsolete where there is nothing left to say, and errHeld where it is not the time to say it.
func (b *Bot) Render(ctx context.Context, d storage.Delivery) (outgoing, error) {
	t, err := b.addressee(ctx, d)
	if err != nil {
		return outgoing{}, err
	}
	out := outgoing{chat: d.TelegramID}
	switch d.Kind {
	case storage.DeliverInvitation, storage.DeliverReminder:
		out.screen, err = t.asking(ctx, d)
	case storage.DeliverClosed, storage.DeliverCancelled:
		if d.MessageID == 0 {
			return outgoing{}, errObsolete
		}
		out.edit, out.quiet = int(d.MessageID), true
		out.screen, err = t.over(ctx, d)
	case storage.DeliverResults:
		out.screen, err = t.results(ctx, d)
	case storage.DeliverRelink:
		out.screen, err = t.claim(ctx, d.Args["relink"])
	case storage.DeliverLinked:
		out.screen = screen{text: t.html("people.linked", nil)}
	case storage.DeliverNotMe:
		out.screen, err = t.wrongLink(ctx, d.Args["person"])
	default:
		return outgoing{}, fmt.Errorf("bot: delivery %d of unknown kind %s", d.ID, d.Kind)
	}
	if errors.Is(err, survey.ErrNotFound) || errors.Is(err, survey.ErrForbidden) || errors.Is(err, survey.ErrStale) {
		return outgoing{}, errObsolete
	}
	return out, err
}

// addressee is a turn for somebody who is written to unasked.
func (b *Bot) addressee(ctx context.Context, d storage.Delivery) (*turn, error) {
	person := storage.Person{ID: d.PersonID, TelegramID: d.TelegramID, Language: d.Lang, Consent: d.Consent}
	t := &turn{Bot: b, now: b.clock(), user: d.TelegramID, person: person}
	lang := d.Lang
	if !lang.Known() {
		var err error
		if lang, err = b.languageOf(ctx, ""); err != nil {
			return nil, err
		}
	}
	t.speak(lang)
	return t, nil
}

// asking is the invitation, or a reminder of what is unfinished.
func (t *turn) asking(ctx context.Context, d storage.Delivery) (screen, error) {
	if d.Form == nil {
		return screen{}, errObsolete
	}
	c := &conversation{OpenForm: d.Form, position: survey.Start(d.Form.Form, d.Form.State)}
	if c.Round.State == survey.RoundPaused {
		return screen{}, errHeld
	}
	if c.Round.State != survey.RoundOpen || c.State == survey.RequestDone || c.State == survey.RequestDeclined {
		return screen{}, errObsolete
	}
	if d.Kind == storage.DeliverInvitation {
		err := t.choosing(ctx, c)
		return t.formScreen(ctx, c), err
	}
	key, done := "deliver.reminder_new", ""
	if c.State == survey.RequestOpened {
		n, total := c.Form.Settled()
		key, done = "deliver.reminder_begun", fmt.Sprintf("%d/%d %s", n, total, bar(n, total))
	}
	s := screen{text: paragraphs(
		bold(name(t.titleOf(c), unitsTitle)),
		t.html(key, map[string]any{"When": t.deadline(c)}), escape(done))}
	open := "form.continue"
	if c.State != survey.RequestOpened {
		open = "form.begin"
	}
	s.row(button(t.plain(open, nil), widthButton, press{verb: verbOpen, request: c.RequestID}))
	return s, nil
}

// over turns the live message of a request into one that says that the round has ended.
func (t *turn) over(ctx context.Context, d storage.Delivery) (screen, error) {
	if d.Form == nil {
		return screen{}, errObsolete
	}
	c := &conversation{OpenForm: d.Form}
	if c.Round.State != survey.RoundClosed && c.Round.State != survey.RoundCancelled {
		return screen{}, errObsolete
	}
	return t.formScreen(ctx, c), nil
}
