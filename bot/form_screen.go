package bot

import (
	"context"
	"crypto/sha256"
	"encoding/hex"

	"pingyi/survey"
)

// shownNames is how many subjects an invitation names before it only counts them.
const shownNames = 6

// formScreen draws a request as it stands: the state of the round first, then where the person is.
func (t *turn) formScreen(ctx context.Context, c *conversation) screen {
	title := bold(name(t.titleOf(c), unitsTitle))
	switch c.Round.State {
	case survey.RoundOpen:
	case survey.RoundPaused:
		s := screen{text: paragraphs(title, t.html("form.paused", nil))}
		s.row(button(t.plain("form.continue", nil), widthButton, press{verb: verbOpen, request: c.RequestID}))
		return s
	case survey.RoundClosed:
		key := "form.closed"
		if c.State == survey.RequestDone {
			key = "form.closed_done"
		}
		return screen{text: paragraphs(title, t.html(key, nil))}
	case survey.RoundCancelled:
		return screen{text: paragraphs(title, t.html("form.cancelled", nil))}
	default:
		return screen{text: paragraphs(title, t.html("form.not_yet", nil))}
	}
	switch c.position.Screen {
	case survey.ScreenChoose:
		return t.chooseScreen(c)
	case survey.ScreenStep:
		return t.stepScreen(c)
	case survey.ScreenReview:
		return t.reviewScreen(c)
	case survey.ScreenThanks:
		return t.thanksScreen(c)
	case survey.ScreenLater:
		return t.waitingScreen(c, t.html("form.later_text", map[string]any{"When": t.deadline(c)}))
	case survey.ScreenDeclined:
		s := t.waitingScreen(c, t.html("form.declined", nil))
		s.rows[0][0].Text = label(t.plain("form.undo", nil), widthButton)
		return s
	}
	return t.invitationScreen(ctx, c)
}

// titleOf names a request: the round, and in 360° the part of it, as one person has several.
func (t *turn) titleOf(c *conversation) string {
	title := c.Round.Title.In(t.lang)
	if c.Panel.Relation != "" {
		title = dotted(title, c.Panel.Title.In(t.lang))
	}
	return title
}

// invitationScreen says who asks and why, who sees what, how long it takes and until when.
func (t *turn) invitationScreen(ctx context.Context, c *conversation) screen {
	project, err := t.settings(ctx)
	if err != nil { // the words are poorer without it, but nobody is kept from answering
		t.log.WarnContext(ctx, "project settings not read", "error", scrub(err))
	}
	q := c.Form.Questionnaire
	title := t.titleOf(c)
	if own := q.Title.In(t.lang); own != "" && own != title {
		title += " · " + own
	}
	who := markup("")
	if body := project.Name.In(t.lang); body != "" {
		who = t.html("form.who", map[string]any{"Body": name(body, unitsName)})
	}
	intro := escape(isolate(cut(q.Intro.In(t.lang), unitsIntro)))
	minutes := t.html("form.minutes", map[string]any{"N": q.Estimate(t.subjects(c), t.lang)})
	until := markup("")
	if c.Round.ClosesAt != nil {
		until = t.html("form.until", map[string]any{"When": t.when(*c.Round.ClosesAt)})
	}
	s := screen{}
	begin := t.beginPress(c, project.Notice.Version)
	consent := markup("")
	if begin.notice != noNotice && project.Notice.Version != "" {
		consent = t.html("form.consent", map[string]any{
			"Begin": t.plain("form.begin", nil), "Version": name(project.Notice.Version, unitsName)})
	}
	trying := markup("")
	if c.trying() {
		trying = t.html("form.try", nil)
	}
	s.text = paragraphs(trying, bold(name(title, unitsTitle)), lines(who, intro), t.about(c),
		t.promise(c), lines(minutes, until), consent)
	if c.State == survey.RequestOpened {
		s.row(button(t.plain("form.continue", nil), widthButton, press{verb: verbOpen, request: c.RequestID}))
	} else {
		s.row(button(t.plain("form.begin", nil), widthButton, begin))
	}
	s.row(button(t.plain("form.later", nil), widthHalf, press{verb: verbLater, request: c.RequestID}),
		button(t.plain("form.decline", nil), widthHalf, press{verb: verbDecline, request: c.RequestID}))
	return s
}

// about names what is rated, or says that one may choose.
func (t *turn) about(c *conversation) markup {
	if asks := c.Form.Asks; asks.Mode == survey.AsksChoose {
		key := "form.about_choose"
		if asks.Min == asks.Max {
			key = "form.about_choose_one"
		}
		return t.html(key, map[string]any{"Min": max(1, asks.Min), "Max": asks.Max})
	}
	names := make([]string, len(c.Form.Asked))
	for i, a := range c.Form.Asked {
		names[i] = isolate(cut(a.Name.In(t.lang), unitsName))
	}
	if len(names) == 0 { // declined: the subjects come back with a change of mind
		return ""
	}
	return t.html("form.about", map[string]any{"Names": t.list(names, shownNames)})
}

// subjects is how many subjects the person will be asked about.
func (t *turn) subjects(c *conversation) int {
	if c.Form.Asks.Mode == survey.AsksChoose {
		return max(len(c.Form.Asked), c.Form.Asks.Min, 1)
	}
	return max(len(c.Form.Asked), 1)
}

// promise is the sentence on who sees what.
func (t *turn) promise(c *conversation) markup {
	if c.trying() {
		return ""
	}
	icon := map[survey.Identity]markup{survey.Anonymous: "🔒 ", survey.Confidential: "🔏 ", survey.Named: "👤 "}
	p := survey.PromiseOf(c.Panel.Identity, c.Panel.Minimum)
	return icon[c.Panel.Identity] + t.html(p.Code, p.Args)
}

// noNotice stands in a button where nothing has to be agreed to.
const noNotice = "-"

// noticeTag is the version of a notice as callback data carry it.
func noticeTag(version string) string {
	if version == "" {
		return noNotice
	}
	sum := sha256.Sum256([]byte(version))
	return hex.EncodeToString(sum[:5])
}

// beginPress is what the button "begin" says: beginning, and agreeing to the notice shown where the
// person has not yet agreed to it.
func (t *turn) beginPress(c *conversation, version string) press {
	p := press{verb: verbBegin, request: c.RequestID, notice: noNotice}
	if !c.trying() && t.person.Consent != version {
		p.notice = noticeTag(version)
	}
	return p
}

// waitingScreen is a request that was put off or declined: one button takes it up again.
func (t *turn) waitingScreen(c *conversation, text markup) screen {
	s := screen{text: paragraphs(bold(name(t.titleOf(c), unitsTitle)), text)}
	s.row(button(t.plain("form.begin", nil), widthButton, press{verb: verbInvite, request: c.RequestID}))
	return s
}

// thanksScreen follows the submitting. It shows no answers: somebody may look over the shoulder.
func (t *turn) thanksScreen(c *conversation) screen {
	title := bold(name(t.titleOf(c), unitsTitle))
	if c.trying() {
		s := screen{text: paragraphs(title, t.html("form.try_done", nil))}
		s.row(button(t.plain("form.again", nil), widthButton,
			press{verb: verbTry, id: c.session.Trial.Questionnaire}))
		return s
	}
	s := screen{text: paragraphs(title, t.html("form.thanks", nil),
		t.html("form.change_until", map[string]any{"When": t.deadline(c)}))}
	s.row(button(t.plain("form.change", nil), widthButton, press{verb: verbChange, request: c.RequestID}))
	s.row(button(t.plain("todo.open", nil), widthButton, press{verb: verbTodo}))
	return s
}

// deadline is when the round closes, in words.
func (t *turn) deadline(c *conversation) string {
	if c.Round.ClosesAt == nil {
		return t.plain("form.open_end", nil)
	}
	return t.when(*c.Round.ClosesAt)
}
