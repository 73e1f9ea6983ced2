package storage

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// The channels on which a change wakes those who wait. A notification carries
// nothing: whoever wakes reads the tables.
const (
	clockChannel    = "pingyi_clock"    // something falls due at another time than before
	deliveryChannel = "pingyi_delivery" // there is something to send
)

const sqlNotify = `SELECT pg_notify(channel, '') FROM unnest(@channels::text[]) AS channel`

// notify wakes the listeners of the channels once the transaction is committed.
func notify(ctx context.Context, tx pgx.Tx, channels ...string) error {
	if _, err := tx.Exec(ctx, sqlNotify, pgx.NamedArgs{"channels": channels}); err != nil {
		return fmt.Errorf("waking the listeners: %w", err)
	}
	return nil
}
