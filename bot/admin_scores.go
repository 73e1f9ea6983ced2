package bot

import (
	"context"

	"pingyi/storage"
)

func (t *turn) pressScores(ctx context.Context, p press) error { return errForged }

func (t *turn) results(ctx context.Context, d storage.Delivery) (screen, error) {
	return screen{}, errObsolete
}
