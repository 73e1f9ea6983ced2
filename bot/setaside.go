package bot

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/go-telegram/bot/models"

	"pingyi/storage"
)

// SetAside keeps an update that could not be handled, sealed, and returns how often it has failed. Once
// it is given up, whoever pressed is told to press again. A failure of the database is none of the
// update's: it comes again, and whoever pressed is told that it waits.
func (b *Bot) SetAside(ctx context.Context, u *models.Update, cause error) (int, error) {
	if storage.Away(cause) {
		b.console(ctx, u)
		return 0, fmt.Errorf("bot: update %d waits: %w", u.ID, cause)
	}
	body, err := json.Marshal(u)
	if err != nil {
		return 0, fmt.Errorf("bot: update %d: %w", u.ID, err)
	}
	attempts, err := b.store.FailUpdate(ctx, b.clock(), int64(u.ID), body)
	if err != nil {
		return 0, fmt.Errorf("bot: update %d: %w", u.ID, err)
	}
	if attempts >= maxTries {
		b.apologise(ctx, u)
	}
	return attempts, nil
}

// apologise answers the press of an update that is given up, so that no button keeps spinning and the
// person knows to press again. It attempts no more than that.
func (b *Bot) apologise(ctx context.Context, u *models.Update) {
	if t := b.pressOnly(u); t != nil {
		t.ack(ctx, t.plain("toast.failed", nil))
	}
}

// console answers the press of an update that has to come again. It does not go the way of other
// answers, by which the update would count as done.
func (b *Bot) console(ctx context.Context, u *models.Update) {
	t := b.pressOnly(u)
	if t == nil {
		return
	}
	err := b.client.answerQuery(ctx, queryAnswer{query: t.query, text: cut(t.plain("toast.away", nil), maxToast)})
	if outcome, _ := Judge(err); outcome != OutcomeOK && outcome != OutcomeRefused { // refused: told before
		b.log.WarnContext(ctx, "reply failed", "method", "answerCallbackQuery", "update", u.ID, "error", scrub(err))
	}
}

// pressOnly is a turn that can do nothing but answer a press, without any store; nil where the update is
// none.
func (b *Bot) pressOnly(u *models.Update) *turn {
	if u.CallbackQuery == nil {
		return nil
	}
	lang, ok := spoken(u.CallbackQuery.From.LanguageCode)
	if !ok {
		lang = b.language
	}
	t := &turn{Bot: b, now: b.clock(), update: int64(u.ID), user: u.CallbackQuery.From.ID, query: u.CallbackQuery.ID}
	t.speak(lang)
	return t
}
