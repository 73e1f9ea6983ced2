package bot

import (
	"context"

	"pingyi/storage"
)

// organises reports whether the person runs rounds.
func (t *turn) organises() bool {
	return t.person.Has(storage.Admin) || t.person.Has(storage.Organiser)
}

func (t *turn) adminMenu(ctx context.Context) error                             { return nil }
func (t *turn) pressAdmin(ctx context.Context, p press) error                   { return nil }
func (t *turn) results(ctx context.Context, d storage.Delivery) (screen, error) { return screen{}, nil }
func (t *turn) claim(ctx context.Context, id int64) (screen, error)             { return screen{}, nil }
func (t *turn) wrongLink(ctx context.Context, id int64) (screen, error)         { return screen{}, nil }

type roundAction string

const actionCancel roundAction = "cancel"
