package bot

import (
	"slices"

	"pingyi/survey"
)

// reviewSize is how many answers one page of the review lists.
const reviewSize = 8

// reviewScreen lists the answers; each can be reopened.
func (t *turn) reviewScreen(c *conversation) screen {
	steps, missing := c.Form.Steps(), c.Form.Missing()
	n, total := len(c.Form.Counted()), len(steps)
	state := t.html("form.review_all", map[string]any{"Total": total})
	switch {
	case len(missing) > 0:
		state = t.html("form.review_missing", map[string]any{"N": len(missing)})
	case n < total:
		state = t.html("form.review_some", map[string]any{"N": n, "Total": total})
	}
	head := markup("")
	if c.trying() {
		head = t.html("form.try", nil)
	}
	title := name(t.titleOf(c), unitsTitle)
	s := screen{text: paragraphs(lines(head, bold(title)), lines(t.html("form.review", nil), state))}
	page, pages := pageOf(c.position.Page, len(steps), reviewSize)
	for _, step := range part(steps, page, reviewSize) {
		s.row(t.reviewRow(c, step, slices.Contains(missing, step)))
	}
	s.row(t.pager(page, pages, func(to int) press {
		return press{verb: verbReview, request: c.RequestID, page: to}
	})...)
	if len(missing) == 0 {
		s.row(button(t.plain("form.submit", nil), widthButton, press{verb: verbSubmit, request: c.RequestID}))
	}
	return s
}

// reviewRow is one answer: the subject where there are several, the question, what was answered.
func (t *turn) reviewRow(c *conversation, step survey.Step, missing bool) inlineButton {
	it, asked, _ := c.Form.Item(step)
	value, answered := c.Form.Answers[step]
	mark, said := "✓ ", t.plain("form.unanswered", nil)
	if answered {
		said = t.answerLabel(it, value)
	}
	switch {
	case missing:
		mark = "❗ "
	case !answered || value == survey.Skipped:
		mark = "○ "
	}
	if len(c.Form.Asked) > 1 {
		mark += label(asked.Name.In(t.lang), widthReviewName) + " · "
	}
	text := t.plain("form.review_line", map[string]any{
		"Question": label(it.Text.In(t.lang), widthReviewText), "Answer": label(said, widthReviewSaid),
	})
	return button(mark+text, widthReview,
		press{verb: verbRevise, request: c.RequestID, assignment: step.Assignment, item: step.Item})
}

// pager is the row under a list of several pages: back, where one is, onward.
func (t *turn) pager(page, pages int, to func(page int) press) []inlineButton {
	if pages < 2 {
		return nil
	}
	here := t.plain("list.page", map[string]any{"Page": page + 1, "Pages": pages})
	row := make([]inlineButton, 0, 3)
	if page > 0 {
		row = append(row, button("◀", widthHalf, to(page-1)))
	}
	row = append(row, button(here, widthHalf, press{verb: verbNothing}))
	if page < pages-1 {
		row = append(row, button("▶", widthHalf, to(page+1)))
	}
	return row
}

// pageOf brings a page asked for into the range there is: 0-based, at least one page.
func pageOf(asked, items, size int) (page, pages int) {
	pages = max(1, (items+size-1)/size)
	return min(max(asked, 0), pages-1), pages
}

// part returns the items on a page.
func part[T any](items []T, page, size int) []T {
	from := min(page*size, len(items))
	return items[from:min(from+size, len(items))]
}
