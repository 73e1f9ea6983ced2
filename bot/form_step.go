package bot

import (
	"html"
	"math/big"
	"strconv"
	"strings"

	"pingyi/survey"
)

// stepScreen is one question: about whom, how far, what is asked, and the answers to press.
func (t *turn) stepScreen(c *conversation) screen {
	step := c.position.Step
	it, asked, ok := c.Form.Item(step)
	if !ok {
		return t.reviewScreen(c)
	}
	s := screen{text: t.question(c, it, asked)}
	if c.position.Awaiting == survey.AwaitingComment {
		t.typingRows(&s, c, step)
		return s
	}
	t.choiceRows(&s, c, it, step)
	t.moveRows(&s, c, it, step)
	return s
}

// question is the text over the buttons. The question itself gives way where everything together
// would not fit into a message.
func (t *turn) question(c *conversation, it *survey.Item, asked *survey.Asked) markup {
	n, total := c.Form.Progress(c.position.Step)
	head := bold(name(asked.Name.In(t.lang), unitsName)) +
		markup(" · "+strconv.Itoa(n)+"/"+strconv.Itoa(total)+" "+bar(n, total))
	if c.trying() {
		head = lines(t.html("form.try", nil), head)
	}
	if section := it.Section.In(t.lang); section != "" {
		head = lines(head, italic(name(section, unitsTitle)))
	}
	foot := t.foot(c, it)
	rest := maxUnits - visible(head) - visible(foot) - len("\n\n\n\n\n\n")
	help := it.Help.In(t.lang)
	text := cut(it.Text.In(t.lang), max(rest/2, rest-units(help)))
	help = cut(help, max(rest-units(text), 0))
	body := bold(escape(isolate(text)))
	if it.Required {
		body += " *"
	}
	if help != "" {
		body = lines(body, italic(escape(isolate(help))))
	}
	return paragraphs(head, body, foot)
}

// foot is what stands under a question: what was typed so far, and how to answer.
func (t *turn) foot(c *conversation, it *survey.Item) markup {
	step := c.position.Step
	value, answered := c.Form.Answers[step]
	var said, comment markup
	if answered && it.Typed() && value != survey.Skipped && value != it.Unknown() {
		said = t.html("form.now", map[string]any{"Answer": name(value, unitsEcho)})
	}
	if text := c.Form.Comments[step]; text != "" {
		comment = "💬 " + name(text, unitsEcho)
	}
	return paragraphs(lines(said, comment), lines(c.hint, t.prompt(c, it)))
}

// prompt says how to answer where pressing alone does not explain itself.
func (t *turn) prompt(c *conversation, it *survey.Item) markup {
	if c.position.Awaiting == survey.AwaitingComment {
		return lines(t.html("form.comment_prompt", map[string]any{"N": survey.MaxComment}), t.typingNote(c))
	}
	switch it.AnswerKind() {
	case survey.Multiple:
		return t.choosePrompt(it)
	case survey.Number:
		return lines(
			t.html(numberKey(it), map[string]any{"Min": decimal(it.Min), "Max": decimal(it.Max)}),
			t.decimalsPrompt(it))
	case survey.ShortText:
		return lines(t.html("form.text", map[string]any{"N": it.MaxLength}), t.typingNote(c))
	}
	return ""
}

// typingNote says what becomes of a typed text: it leaves the chat, and the organisers read it.
func (t *turn) typingNote(c *conversation) markup {
	deleted := t.html("form.typed", nil)
	if c.Panel.Identity == survey.Named {
		return deleted
	}
	return lines(deleted, t.html("form.text_shown", nil))
}

func (t *turn) choosePrompt(it *survey.Item) markup {
	args := map[string]any{"Min": it.MinChoices, "Max": it.MaxChoices}
	switch {
	case it.MinChoices > 1:
		return t.html("form.choose_between", args)
	case it.MaxChoices < len(it.Options):
		return t.html("form.choose_at_most", args)
	}
	return t.html("form.choose_any", nil)
}

func (t *turn) decimalsPrompt(it *survey.Item) markup {
	if it.Decimals == 0 {
		return t.html("form.whole", nil)
	}
	return t.html("form.decimals", map[string]any{"N": it.Decimals})
}

func numberKey(it *survey.Item) string {
	switch {
	case it.Min != nil && it.Max != nil:
		return "form.number_between"
	case it.Min != nil:
		return "form.number_from"
	case it.Max != nil:
		return "form.number_to"
	}
	return "form.number"
}

// decimal writes a bound as it was written in the questionnaire: bounds have finitely many decimals.
func decimal(r *big.Rat) string {
	if r == nil {
		return ""
	}
	digits, _ := r.FloatPrec()
	return r.FloatString(digits)
}

// choiceRows are the answers that can be pressed; the one that stands is marked.
func (t *turn) choiceRows(s *screen, c *conversation, it *survey.Item, step survey.Step) {
	value, answered := c.Form.Answers[step]
	answer := func(text string, columns int, k pick) inlineButton { return button(text, columns, c.answer(step, k)) }
	columns, perRow := widthButton, rowLength(it)
	if perRow > 1 {
		columns = widthHalf
	}
	var row []inlineButton
	for i, choice := range it.Choices() {
		mark := marker(it, answered && chosen(it, i, choice, value))
		row = append(row, answer(mark+t.choiceLabel(it, choice), columns, pickOf(it, i, value)))
		if len(row) == perRow {
			s.row(row...)
			row = nil
		}
	}
	s.row(row...)
	if it.DontKnow {
		mark := ""
		if answered && value == it.Unknown() {
			mark = "✓ "
		}
		s.row(answer(mark+t.plain("form.dont_know", nil), widthButton, pick{kind: pickDontKnow}))
	}
}

// answer is what a button that answers the question on the screen says.
func (c *conversation) answer(step survey.Step, k pick) press {
	p := press{verb: verbAnswer, request: c.RequestID, assignment: step.Assignment, item: step.Item, pick: k}
	if c.position.Revising {
		p.verb, p.page = verbMend, c.position.Page
	}
	return p
}

// rowLength is how many answers stand side by side: numbers and yes/no do, words do not.
func rowLength(it *survey.Item) int {
	switch it.AnswerKind() {
	case survey.Score:
		return 6
	case survey.YesNo:
		return 2
	}
	return 1
}

func marker(it *survey.Item, on bool) string {
	switch several := it.AnswerKind() == survey.Multiple; {
	case several && on:
		return "☑ "
	case several:
		return "☐ "
	case on:
		return "✓ "
	}
	return ""
}

// choiceLabel is the label of an answer: the questionnaire's own words, else ours.
func (t *turn) choiceLabel(it *survey.Item, choice survey.Choice) string {
	if own := choice.Label.In(t.lang); own != "" {
		return own
	}
	if it.AnswerKind() == survey.YesNo {
		return t.plain("form."+choice.Value, nil)
	}
	return choice.Value
}

// moveRows are the ways out of a question: back, a comment, onward, the review.
func (t *turn) moveRows(s *screen, c *conversation, it *survey.Item, step survey.Step) {
	to := func(key string, v verb) inlineButton {
		return button(t.plain(key, nil), widthHalf,
			press{verb: v, request: c.RequestID, assignment: step.Assignment, item: step.Item})
	}
	row := []inlineButton{to("form.back", verbBefore)}
	if it.Comment {
		key := "form.comment"
		if c.Form.Comments[step] != "" {
			key = "form.comment_edit"
		}
		row = append(row, to(key, verbComment))
	}
	_, answered := c.Form.Answers[step]
	switch {
	case it.AnswerKind() == survey.Multiple && answered:
		row = append(row, to("form.done", verbDone))
	case answered:
		row = append(row, to("form.next", verbDone))
	case !it.Required:
		row = append(row, button(t.plain("form.skip", nil), widthHalf, c.answer(step, pick{kind: pickSkip})))
	}
	s.row(row...)
	if c.Form.Complete() {
		s.row(button(t.plain("form.overview", nil), widthButton, press{verb: verbReview, request: c.RequestID}))
	}
}

// typingRows are the ways out of typing a comment.
func (t *turn) typingRows(s *screen, c *conversation, step survey.Step) {
	to := func(key string, v verb) inlineButton {
		return button(t.plain(key, nil), widthHalf,
			press{verb: v, request: c.RequestID, assignment: step.Assignment, item: step.Item})
	}
	row := []inlineButton{to("form.cancel", verbCancel)}
	if c.Form.Comments[step] != "" {
		row = append(row, to("form.erase", verbErase))
	}
	s.row(row...)
}

// answerLabel says an answer in words: on the review, where it stands beside its question.
func (t *turn) answerLabel(it *survey.Item, value string) string {
	switch {
	case value == survey.Skipped:
		return t.plain("form.skipped", nil)
	case it.Typed() && value != it.Unknown():
		return value
	case value == it.Unknown():
		return t.plain("form.dont_know", nil)
	}
	var labels []string
	for i, choice := range it.Choices() {
		if chosen(it, i, choice, value) {
			labels = append(labels, t.choiceLabel(it, choice))
		}
	}
	return strings.Join(labels, t.plain("list.comma", nil))
}

// visible is how long markup is once Telegram has taken the tags out.
func visible(m markup) int {
	n := 0
	for rest := string(m); rest != ""; {
		var text string
		text, rest, _ = strings.Cut(rest, "<")
		n += units(html.UnescapeString(text))
		_, rest, _ = strings.Cut(rest, ">")
	}
	return n
}
