package bot

import (
	"context"

	"pingyi/storage"
	"pingyi/survey"
)

// todoSize is how many questionnaires one page lists.
const todoSize = 8

// todo lists what waits for the person, and what can still be changed.
func (t *turn) todo(ctx context.Context, page int) error {
	if !t.known() {
		return t.welcome(ctx)
	}
	items, err := t.store.Todo(ctx, t.person.ID)
	if err != nil {
		return err
	}
	t.show(ctx, t.todoScreen(items, page))
	return nil
}

func (t *turn) todoScreen(items []storage.TodoItem, page int) screen {
	if len(items) == 0 {
		return screen{text: t.html("todo.empty", nil)}
	}
	s := screen{}
	parts := map[int64]int{} // how many parts of a round the person is asked in
	for _, item := range items {
		parts[item.RoundID]++
	}
	page, pages := pageOf(page, len(items), todoSize)
	text := []markup{t.html("todo.title", nil)}
	for _, item := range part(items, page, todoSize) {
		title := item.RoundTitle.In(t.lang)
		if parts[item.RoundID] > 1 { // the button is short: what differs stands first
			title = item.PanelTitle.In(t.lang) + " · " + title
		}
		text = append(text, lines(bold(name(title, unitsTitle)), t.todoLine(item)))
		s.row(button(todoMark(item)+title, widthButton, press{verb: verbOpen, request: item.RequestID}))
	}
	s.text = paragraphs(append(text, t.html("todo.hint", nil))...)
	s.row(t.pager(page, pages, func(to int) press { return press{verb: verbTodo, page: to} })...)
	return s
}

// todoLine is how far one questionnaire is and until when it is taken.
func (t *turn) todoLine(item storage.TodoItem) markup {
	key := "todo.new"
	switch {
	case item.RoundState == survey.RoundPaused:
		key = "todo.paused"
	case item.State == survey.RequestOpened:
		key = "todo.begun"
	case item.State == survey.RequestDone:
		key = "todo.done"
	case item.State == survey.RequestDeclined:
		key = "todo.declined"
	}
	state := t.plain(key, nil)
	if item.ClosesAt == nil {
		return escape(state)
	}
	return t.html("todo.line", map[string]any{"State": state, "When": t.when(*item.ClosesAt)})
}

func todoMark(item storage.TodoItem) string {
	switch {
	case item.RoundState == survey.RoundPaused:
		return "⏸ "
	case item.State == survey.RequestDone:
		return "✅ "
	case item.State == survey.RequestDeclined:
		return "✖ "
	case item.State == survey.RequestOpened:
		return "✏️ "
	}
	return "🆕 "
}
