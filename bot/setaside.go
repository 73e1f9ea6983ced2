package bot

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/go-telegram/bot/models"
)

// SetAside keeps an update that could not be handled, sealed, and returns how often it has failed. Once
// it is given up, whoever pressed is told to press again.
func (b *Bot) SetAside(ctx context.Context, u *models.Update) (int, error) {
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
