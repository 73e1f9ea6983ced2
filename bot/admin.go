package bot

import (
	"context"
	"fmt"

	"pingyi/storage"
	"pingyi/survey"
)

// adminSize is how many rounds, evaluations or claims one page lists.
const adminSize = 8

// organises reports whether the person runs rounds.
func (t *turn) organises() bool {
	return t.person.Has(storage.Admin) || t.person.Has(storage.Organiser)
}

// administers reports whether the person runs the installation: people, links, publishing.
func (t *turn) administers() bool { return t.person.Has(storage.Admin) }

// may returns ErrForbidden where the person lacks the right that the verb needs. Every press is
// checked anew: a role can be taken away while its buttons still stand in the chat.
func (t *turn) may(v verb) error {
	allowed := t.organises()
	switch v {
	case verbRelinks, verbRelink, verbInvites, verbPublish:
		allowed = t.administers()
	}
	if !allowed {
		return fmt.Errorf("bot: person %d may not %s: %w", t.person.ID, v, survey.ErrForbidden)
	}
	return nil
}

// adminMenu shows organisers what they can do; for everybody else there is no such command.
func (t *turn) adminMenu(ctx context.Context) error {
	if !t.organises() {
		t.show(ctx, screen{text: t.html("fallback.command", nil)})
		return nil
	}
	s, err := t.roundsScreen(ctx, 0)
	if err != nil {
		return err
	}
	t.show(ctx, s)
	t.ownMenu(ctx)
	return nil
}

// pressAdmin does a press of an organiser.
func (t *turn) pressAdmin(ctx context.Context, p press) error {
	if err := t.may(p.verb); err != nil {
		return err
	}
	switch p.verb {
	case verbAsk, verbDo, verbRound, verbAdmin, verbRounds:
		return t.pressRound(ctx, p)
	case verbScores, verbRanking, verbFile, verbScore, verbPublish:
		return t.pressScores(ctx, p)
	}
	var s screen
	var err error
	switch p.verb {
	case verbTryList:
		s, err = t.tryScreen(ctx, p.page)
	case verbTry:
		return t.try(ctx, p.id)
	case verbRelinks:
		s, err = t.relinksScreen(ctx, p.page)
	case verbRelink:
		return t.decide(ctx, p.id, p.on)
	case verbLink:
		return t.publicLink(ctx)
	case verbInvites:
		return t.inviteFile(ctx)
	default:
		return errForged
	}
	if err != nil {
		return err
	}
	t.show(ctx, s)
	return nil
}

// pressRound does a press on the list of rounds or on one of them.
func (t *turn) pressRound(ctx context.Context, p press) error {
	if p.verb == verbAdmin || p.verb == verbRounds {
		s, err := t.roundsScreen(ctx, p.page)
		if err == nil {
			t.show(ctx, s)
		}
		return err
	}
	r, err := t.roundByID(ctx, p.id)
	if err != nil {
		return err
	}
	switch p.verb {
	case verbAsk:
		return t.askAction(ctx, r, p.action)
	case verbDo:
		return t.doAction(ctx, r, p.action)
	}
	return t.showRound(ctx, r)
}

// roundByID finds a round that a button names.
func (t *turn) roundByID(ctx context.Context, id int64) (storage.Round, error) {
	rounds, err := t.store.Rounds(ctx)
	if err != nil {
		return storage.Round{}, err
	}
	for _, r := range rounds {
		if r.ID == id {
			return r, nil
		}
	}
	return storage.Round{}, fmt.Errorf("bot: round %d: %w", id, survey.ErrNotFound)
}

// roundsScreen lists the rounds and leads to everything else.
func (t *turn) roundsScreen(ctx context.Context, page int) (screen, error) {
	rounds, err := t.store.Rounds(ctx)
	if err != nil {
		return screen{}, err
	}
	text := t.html("admin.rounds", nil)
	if len(rounds) == 0 {
		text = paragraphs(text, t.html("admin.no_rounds", nil))
	}
	s := screen{text: text}
	page, pages := pageOf(page, len(rounds), adminSize)
	for _, r := range part(rounds, page, adminSize) {
		s.row(button(roundMark(r.State)+" "+r.Title.In(t.lang), widthButton, press{verb: verbRound, id: r.ID}))
	}
	s.row(t.pager(page, pages, func(to int) press { return press{verb: verbRounds, page: to} })...)
	s.row(button(t.plain("admin.scores", nil), widthHalf, press{verb: verbScores}),
		button(t.plain("admin.try", nil), widthHalf, press{verb: verbTryList}))
	if t.administers() {
		s.row(button(t.plain("admin.link", nil), widthHalf, press{verb: verbLink}),
			button(t.plain("admin.invites", nil), widthHalf, press{verb: verbInvites}))
		s.row(button(t.plain("admin.relinks", nil), widthButton, press{verb: verbRelinks}))
	}
	return s, nil
}

func roundMark(state survey.RoundState) string {
	switch state {
	case survey.RoundOpen:
		return "🟢"
	case survey.RoundPaused:
		return "⏸"
	case survey.RoundScheduled:
		return "📅"
	case survey.RoundClosed:
		return "🏁"
	case survey.RoundCancelled:
		return "✖"
	}
	return "📝"
}
