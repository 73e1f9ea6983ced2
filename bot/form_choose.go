package bot

import (
	"context"
	"errors"
	"strings"

	"pingyi/storage"
	"pingyi/survey"
)

// chooseSize is how many subjects one page lists.
const chooseSize = 8

// choose does a press on the list of subjects.
func (t *turn) choose(ctx context.Context, c *conversation, p press) error {
	switch p.verb {
	case verbChoose:
		c.move(survey.Event{Kind: survey.EventChoose, Page: p.page})
	case verbSearch:
		c.move(survey.Event{Kind: survey.EventSearch})
	case verbShowAll:
		c.move(survey.Event{Kind: survey.EventFind})
	case verbChosen:
		if c.Form.Choosing() {
			c.toast = t.plain("form.choose_few", map[string]any{"Min": max(1, c.Form.Asks.Min)})
		}
		c.move(survey.Event{Kind: survey.EventChosen})
	case verbPick:
		return t.pickSubject(ctx, c, p)
	}
	return nil
}

// pickSubject chooses a subject or takes it back.
func (t *turn) pickSubject(ctx context.Context, c *conversation, p press) error {
	c.move(survey.Event{Kind: survey.EventChoose, Page: p.page})
	if c.trying() || c.Form.Asks.Mode != survey.AsksChoose {
		return survey.ErrForbidden
	}
	err := t.store.Choose(ctx, t.now, t.cause(), t.person.ID, c.RequestID, p.subject, p.on)
	switch {
	case errors.Is(err, survey.ErrLimit):
		c.toast = t.plain("form.choose_full", map[string]any{"Max": c.Form.Asks.Max})
		return nil
	case err != nil:
		return err
	}
	fresh, err := t.store.Form(ctx, t.now, t.person.ID, c.RequestID)
	if err != nil {
		return err
	}
	c.OpenForm = fresh
	return nil
}

// chooseScreen lists the subjects to choose from, a page at a time, narrowed to what was typed.
func (t *turn) chooseScreen(c *conversation) screen {
	found := t.found(c, c.position.Search)
	s := screen{text: t.chooseText(c, len(found))}
	page, pages := pageOf(c.position.Page, len(found), chooseSize)
	for _, subject := range part(found, page, chooseSize) {
		mark := "☐ "
		if subject.Chosen {
			mark = "☑ "
		}
		s.row(button(mark+subject.Name.In(t.lang), widthButton, press{
			verb: verbPick, request: c.RequestID, subject: subject.ID, on: !subject.Chosen, page: page,
		}))
	}
	s.row(t.pager(page, pages, func(to int) press {
		return press{verb: verbChoose, request: c.RequestID, page: to}
	})...)
	var narrow, leave []inlineButton
	to := func(key string, v verb) inlineButton {
		return button(t.plain(key, nil), widthHalf, press{verb: v, request: c.RequestID})
	}
	if len(c.Choosable) > chooseSize {
		narrow = append(narrow, to("form.search", verbSearch))
	}
	if c.position.Search != "" || c.position.Awaiting == survey.AwaitingSearch {
		narrow = append(narrow, to("form.search_clear", verbShowAll))
	}
	s.row(narrow...)
	leave = append(leave, to("form.back", verbInvite))
	if !c.Form.Choosing() {
		leave = append(leave, to("form.chosen", verbChosen))
	}
	s.row(leave...)
	return s
}

// chooseText says how many to choose, what is chosen, and what the list is narrowed to.
func (t *turn) chooseText(c *conversation, found int) markup {
	asks, search := c.Form.Asks, c.position.Search
	key := "form.choose"
	if asks.Min == asks.Max {
		key = "form.choose_one"
	}
	ask := t.html(key, map[string]any{"Min": max(1, asks.Min), "Max": asks.Max, "N": len(c.Form.Asked)})
	note := markup("")
	switch args := map[string]any{"Search": name(search, unitsName)}; {
	case c.position.Awaiting == survey.AwaitingSearch:
		note = t.html("form.choose_search", nil)
	case search != "" && found == 0:
		note = t.html("form.choose_none", args)
	case search != "":
		note = t.html("form.choose_found", args)
	}
	return paragraphs(bold(name(t.titleOf(c), unitsTitle)), lines(ask, t.chosenSoFar(c)), note)
}

// chosenSoFar names what is chosen: on other pages it would be out of sight.
func (t *turn) chosenSoFar(c *conversation) markup {
	var names []string
	for _, subject := range c.Choosable {
		if subject.Chosen {
			names = append(names, isolate(cut(subject.Name.In(t.lang), unitsName)))
		}
	}
	if len(names) == 0 {
		return ""
	}
	return bold(escape(t.list(names, shownNames)))
}

// found are the subjects whose name or code has the letters typed, in any language.
func (t *turn) found(c *conversation, search string) []storage.Choosable {
	if search == "" {
		return c.Choosable
	}
	want := strings.ToLower(search)
	var found []storage.Choosable
	for _, subject := range c.Choosable {
		if strings.Contains(strings.ToLower(subject.Code), want) {
			found = append(found, subject)
			continue
		}
		for _, text := range subject.Name {
			if strings.Contains(strings.ToLower(text), want) {
				found = append(found, subject)
				break
			}
		}
	}
	return found
}
