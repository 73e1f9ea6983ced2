package bot

import (
	"context"
	"errors"
	"strings"

	tg "github.com/go-telegram/bot"
	"github.com/go-telegram/bot/models"

	"pingyi/survey"
)

// explain tells somebody who typed something why it had no effect, and returns nil; errors that are no
// matter for them are returned.
func (t *turn) explain(ctx context.Context, err error) error {
	switch {
	case errors.Is(err, survey.ErrForbidden), errors.Is(err, survey.ErrNotFound), errors.Is(err, survey.ErrInvalid),
		errors.Is(err, survey.ErrClosed), errors.Is(err, survey.ErrPaused), errors.Is(err, survey.ErrStale):
		t.show(ctx, screen{text: t.html("fallback.nothing", nil)})
		return nil
	}
	return err
}

// unexpectedText answers words that nobody asked for: where a question waits for a press it is shown
// again below, else the list of what waits is.
func (t *turn) unexpectedText(ctx context.Context) error {
	if !t.known() {
		return t.welcome(ctx)
	}
	s := t.recall(ctx)
	if s.Position.Screen == survey.ScreenStep || s.Position.Screen == survey.ScreenReview {
		c, err := t.load(ctx, s.Request)
		if err == nil && c.answering() {
			c.hint = t.html("form.press_answer", nil) // on a question or the review, which choose nothing
			t.draw(ctx, c)
			return nil
		}
		if err != nil && !errors.Is(err, survey.ErrForbidden) && !errors.Is(err, survey.ErrNotFound) {
			return err
		}
	}
	return t.helpless(ctx, "fallback.text")
}

// unexpectedThing answers stickers, photos, files, voices and places.
func (t *turn) unexpectedThing(ctx context.Context, m *models.Message) error {
	if serviceMessage(m) {
		return nil
	}
	if !t.known() {
		return t.welcome(ctx)
	}
	key := "fallback.thing"
	if t.recall(ctx).Position.Awaiting != survey.AwaitingNothing {
		key = "fallback.words_only"
	}
	return t.helpless(ctx, key)
}

// helpless says that the bot has no use for something, and what it has instead.
func (t *turn) helpless(ctx context.Context, key string) error {
	s := screen{text: t.html(key, nil)}
	if t.known() {
		s.row(button(t.plain("todo.open", nil), widthButton, press{verb: verbTodo}))
	}
	t.show(ctx, s)
	return nil
}

// serviceMessage reports that Telegram wrote the message: nobody expects an answer.
func serviceMessage(m *models.Message) bool {
	content := m.Sticker != nil || len(m.Photo) > 0 || m.Document != nil || m.Voice != nil || m.Video != nil ||
		m.VideoNote != nil || m.Audio != nil || m.Animation != nil || m.Location != nil || m.Venue != nil ||
		m.Poll != nil || m.Dice != nil || m.Story != nil || m.Game != nil
	return !content
}

// edited answers somebody who changed a message they had sent: what was typed is taken when it is
// sent, and changed in the form.
func (b *Bot) edited(ctx context.Context, u *models.Update) error {
	t, err := b.turn(ctx, u, u.EditedMessage.From)
	if err != nil {
		return err
	}
	if !t.known() {
		return nil
	}
	return t.helpless(ctx, "fallback.edited")
}

// inGroup points to the private chat where a command asks for it, and says no more: a group is no
// place for opinions.
func (b *Bot) inGroup(ctx context.Context, m *models.Message) error {
	if m.Chat.Type == models.ChatTypeChannel {
		return b.leave(ctx, m.Chat.ID)
	}
	if m.From == nil || !b.addressed(m.Text) {
		return nil
	}
	return b.pointAway(ctx, m.Chat.ID, m.From.LanguageCode)
}

// pointAway tells a group where the bot talks.
func (b *Bot) pointAway(ctx context.Context, chat int64, code string) error {
	lang, err := b.languageOf(ctx, code)
	if err != nil {
		return err
	}
	w := b.wordsIn(lang, b.clock())
	_, err = b.client.SendMessage(ctx, &tg.SendMessageParams{
		ChatID: chat, ParseMode: models.ParseModeHTML,
		Text: string(w.html("fallback.group", map[string]any{"Bot": "@" + b.username})),
	})
	if err != nil {
		b.log.WarnContext(ctx, "group not answered", "error", scrub(err))
	}
	return nil
}

// addressed reports that a text in a group is a command, and not one for another bot.
func (b *Bot) addressed(text string) bool {
	if !strings.HasPrefix(text, "/") {
		return false
	}
	command, _, _ := strings.Cut(text, " ")
	_, at, named := strings.Cut(command, "@")
	return !named || strings.EqualFold(at, b.username)
}

// member follows what becomes of the bot in chats: people who block it or come back, groups and
// channels that take it in.
func (b *Bot) member(ctx context.Context, u *models.Update) error {
	m := u.MyChatMember
	in := m.NewChatMember.Type == models.ChatMemberTypeMember || m.NewChatMember.Type == models.ChatMemberTypeAdministrator
	switch m.Chat.Type {
	case models.ChatTypePrivate:
		if in {
			return b.store.Reachable(ctx, b.clock(), m.Chat.ID)
		}
		return b.store.Unreachable(ctx, b.clock(), m.Chat.ID)
	case models.ChatTypeChannel:
		if in {
			return b.leave(ctx, m.Chat.ID)
		}
	default:
		was := m.OldChatMember.Type
		fresh := was == models.ChatMemberTypeLeft || was == models.ChatMemberTypeBanned
		if in && fresh {
			return b.pointAway(ctx, m.Chat.ID, m.From.LanguageCode)
		}
	}
	return nil
}

// leave leaves a channel: nobody there can be asked.
func (b *Bot) leave(ctx context.Context, chat int64) error {
	_, err := b.client.LeaveChat(ctx, &tg.LeaveChatParams{ChatID: chat})
	if outcome, _ := Judge(err); outcome != OutcomeOK && outcome != OutcomeRefused && outcome != OutcomeUnreachable {
		b.log.WarnContext(ctx, "channel not left", "error", scrub(err))
	}
	return nil
}
