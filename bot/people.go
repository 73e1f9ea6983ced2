package bot

import (
	"context"
	"errors"
	"strings"

	"github.com/go-telegram/bot/models"

	"pingyi/survey"
)

// joinPayload is what the public link carries behind /start.
const joinPayload = "join"

// messaged does a message in the private chat.
func (b *Bot) messaged(ctx context.Context, u *models.Update) error {
	m := u.Message
	t, err := b.turn(ctx, u, m.From)
	if err != nil {
		return err
	}
	t.typed = m.ID
	if err := t.receive(ctx, m); err != nil {
		return t.explain(ctx, err)
	}
	return nil
}

// receive routes a message by what it is.
func (t *turn) receive(ctx context.Context, m *models.Message) error {
	switch {
	case m.Contact != nil:
		return t.contact(ctx, m.Contact)
	case strings.HasPrefix(m.Text, "/"):
		return t.command(ctx, m.Text)
	case m.Text != "":
		taken, err := t.typedText(ctx, m.Text)
		if err != nil || taken {
			return err
		}
		return t.unexpectedText(ctx)
	}
	return t.unexpectedThing(ctx, m)
}

// command splits "/name@bot argument" and does it. Commands for another bot are not ours.
func (t *turn) command(ctx context.Context, text string) error {
	head, argument, _ := strings.Cut(text, " ")
	head, at, addressed := strings.Cut(strings.TrimPrefix(head, "/"), "@")
	if addressed && !strings.EqualFold(at, t.username) {
		return nil
	}
	argument = strings.TrimSpace(argument)
	switch strings.ToLower(head) {
	case "start":
		return t.start(ctx, argument)
	case "todo":
		return t.todo(ctx, 0)
	case "language":
		t.show(ctx, t.languageScreen())
	case "help":
		t.show(ctx, t.helpScreen())
	case "privacy":
		return t.privacy(ctx)
	case "stop":
		return t.ask(ctx, "people.stop", "people.stop_yes", verbStop)
	case "forget":
		return t.ask(ctx, "people.forget", "people.forget_yes", verbForget)
	case "notme":
		return t.askNotMe(ctx)
	case "admin":
		return t.adminMenu(ctx)
	case "invite":
		return t.invite(ctx, strings.Fields(argument))
	default:
		t.show(ctx, screen{text: t.html("fallback.command", nil)})
	}
	return nil
}

// start greets somebody, or follows the link they came by.
func (t *turn) start(ctx context.Context, payload string) error {
	if t.person.UnreachableAt != nil {
		if err := t.store.Reachable(ctx, t.now, t.user); err != nil {
			return err
		}
	}
	switch {
	case payload == joinPayload:
		return t.joinScreen(ctx)
	case payload != "":
		return t.inviteScreen(ctx, payload)
	case t.known() && t.person.StoppedAt != nil:
		return t.back(ctx)
	case t.known():
		return t.todo(ctx, 0)
	}
	return t.welcome(ctx)
}

// welcome tells a stranger what this is and how to join.
func (t *turn) welcome(ctx context.Context) error {
	project, err := t.settings(ctx)
	if err != nil {
		return err
	}
	s := screen{text: paragraphs(
		t.html("people.welcome", map[string]any{"Body": t.body(project)}),
		t.html("people.ways", nil))}
	if project.Enrolment.Open {
		s.row(button(t.plain("people.join", nil), widthButton, press{verb: verbConsent, notice: showNotice}))
	}
	s.row(button(t.plain("people.by_phone", nil), widthButton, press{verb: verbPhone, notice: showNotice}))
	s.row(t.languageButtons(speakIn)...)
	t.show(ctx, s)
	return nil
}

// speakIn is the press that chooses a language.
func speakIn(place int) press { return press{verb: verbLanguage, id: int64(place)} }

// body is the name of the public body that asks.
func (t *turn) body(project survey.Project) markup {
	if body := project.Name.In(t.lang); body != "" {
		return name(body, unitsName)
	}
	return t.html("people.body", nil)
}

// languageButtons are the languages in their own names, the one in use marked.
func (t *turn) languageButtons(to func(place int) press) []inlineButton {
	var row []inlineButton
	for i, lang := range survey.Langs() {
		mark := ""
		if lang == t.lang {
			mark = "✓ "
		}
		own := t.locales.Printer(lang).Say("people.language_name", nil)
		row = append(row, button(mark+own, widthHalf, to(i)))
	}
	return row
}

func (t *turn) languageScreen() screen {
	s := screen{text: t.html("people.language", nil)}
	for _, b := range t.languageButtons(speakIn) {
		s.row(b)
	}
	return s
}

// setLanguage changes the language and says so in it.
func (t *turn) setLanguage(ctx context.Context, place int64) error {
	if err := t.chooseLanguage(ctx, place); err != nil {
		return err
	}
	if !t.known() {
		return t.welcome(ctx)
	}
	t.ack(ctx, "")
	t.ownMenu(ctx)
	s := screen{text: t.html("people.language_set", nil)}
	s.row(button(t.plain("todo.open", nil), widthButton, press{verb: verbTodo}))
	t.show(ctx, s)
	return nil
}

// chooseLanguage goes on in another language and keeps it: of somebody known with the person, of a
// stranger, about whom nothing is kept, with the conversation.
func (t *turn) chooseLanguage(ctx context.Context, place int64) error {
	langs := survey.Langs()
	if place >= int64(len(langs)) {
		return errForged
	}
	t.speak(langs[place])
	if !t.known() {
		s := t.recall(ctx)
		s.Language = t.lang
		t.remember(ctx, s)
		return nil
	}
	err := t.store.SetLanguage(ctx, t.now, t.cause(), t.person.ID, t.lang)
	if err != nil && !errors.Is(err, survey.ErrHandled) {
		return err
	}
	return nil
}

func (t *turn) helpScreen() screen {
	text := t.html("people.help", nil)
	if t.organises() {
		text = paragraphs(text, t.html("people.help_admin", nil))
	}
	return screen{text: text}
}

// privacy says what is kept and who sees it, in the project's words after ours.
func (t *turn) privacy(ctx context.Context) error {
	project, err := t.settings(ctx)
	if err != nil {
		return err
	}
	parts := []markup{t.html("people.privacy", map[string]any{"Body": t.body(project)})}
	if text := project.Notice.Text.In(t.lang); text != "" {
		rest := maxUnits - visible(parts[0]) - 200
		parts = append(parts,
			t.html("people.notice", map[string]any{"Version": name(project.Notice.Version, unitsName)}),
			escape(isolate(cut(text, rest))))
	}
	s := screen{text: paragraphs(parts...)}
	t.show(ctx, s)
	return nil
}

// ask asks whether a far-reaching wish is meant.
func (t *turn) ask(ctx context.Context, question, yes string, v verb) error {
	if !t.known() {
		return t.welcome(ctx)
	}
	s := screen{text: t.html(question, nil)}
	s.row(button(t.plain(yes, nil), widthButton, press{verb: v}))
	s.row(button(t.plain("people.keep", nil), widthButton, press{verb: verbKeep}))
	t.show(ctx, s)
	return nil
}

func (t *turn) askNotMe(ctx context.Context) error {
	if !t.known() {
		return t.welcome(ctx)
	}
	if t.person.Enrolled {
		t.show(ctx, screen{text: t.html("people.notme_enrolled", nil)})
		return nil
	}
	return t.ask(ctx, "people.notme", "people.notme_yes", verbNotMe)
}

// pressPeople does a press that concerns the person rather than a questionnaire.
func (t *turn) pressPeople(ctx context.Context, p press) error {
	switch p.verb {
	case verbLanguage:
		return t.setLanguage(ctx, p.id)
	case verbNotice:
		return t.noticeIn(ctx, p.id, p.token)
	case verbConsent, verbDistrict, verbAge:
		return t.enrol(ctx, p)
	case verbRedeem:
		return t.redeem(ctx, p)
	case verbPhone:
		return t.askPhone(ctx, p.notice)
	}
	if !t.known() {
		return errForged
	}
	switch p.verb {
	case verbKeep:
		t.show(ctx, screen{text: t.html("people.kept", nil)})
	case verbStop:
		return t.stop(ctx)
	case verbBack:
		return t.back(ctx)
	case verbForget:
		return t.forget(ctx)
	case verbNotMe:
		return t.notMe(ctx)
	case verbAskNotMe:
		return t.askNotMe(ctx)
	default:
		return errForged
	}
	return nil
}

func (t *turn) stop(ctx context.Context) error {
	err := t.store.Stop(ctx, t.now, t.cause(), t.person.ID)
	if err != nil && !errors.Is(err, survey.ErrHandled) {
		return err
	}
	s := screen{text: t.html("people.stopped", nil)}
	s.row(button(t.plain("people.back", nil), widthButton, press{verb: verbBack}))
	t.show(ctx, s)
	return nil
}

// back ends a stop: the person is asked again, and sees at once what waits.
func (t *turn) back(ctx context.Context) error {
	err := t.store.Resume(ctx, t.now, t.cause(), t.person.ID)
	if err != nil && !errors.Is(err, survey.ErrHandled) {
		return err
	}
	s := screen{text: t.html("people.resumed", nil)}
	s.row(button(t.plain("todo.open", nil), widthButton, press{verb: verbTodo}))
	t.show(ctx, s)
	return nil
}

func (t *turn) forget(ctx context.Context) error {
	err := t.store.Forget(ctx, t.now, t.cause(), t.person.ID)
	if err != nil && !errors.Is(err, survey.ErrHandled) {
		return err
	}
	t.dropSession(ctx)
	t.show(ctx, screen{text: t.html("people.forgotten", nil)})
	return nil
}

func (t *turn) notMe(ctx context.Context) error {
	err := t.store.NotMe(ctx, t.now, t.cause(), t.person.ID)
	switch {
	case errors.Is(err, survey.ErrInvalid):
		t.show(ctx, screen{text: t.html("people.notme_enrolled", nil)})
		return nil
	case err != nil && !errors.Is(err, survey.ErrHandled):
		return err
	}
	t.dropSession(ctx)
	t.show(ctx, screen{text: t.html("people.notme_done", nil)})
	return nil
}
