package storage

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// ballotTables are the tables of open ballots, in the order in which they are locked.
var ballotTables = [...]string{"open_ballot", "open_answer", "open_comment"}

// makePartitions makes the tables that a round's ballots live in while it is
// open. Attaching, unlike CREATE … PARTITION OF, lets taps of other rounds go
// on; the room left in pages makes changed answers cheap.
func makePartitions(ctx context.Context, tx pgx.Tx, round int64) error {
	for _, table := range ballotTables {
		make := fmt.Sprintf(`CREATE TABLE %[1]s_%[2]d (LIKE %[1]s INCLUDING ALL) WITH (fillfactor = 80)`, table, round)
		attach := fmt.Sprintf(`ALTER TABLE %[1]s ATTACH PARTITION %[1]s_%[2]d FOR VALUES IN (%[2]d)`, table, round)
		for _, sql := range []string{make, attach} {
			if _, err := tx.Exec(ctx, sql); err != nil {
				return fmt.Errorf("making the tables of ballots: %w", err)
			}
		}
	}
	return nil
}

// emptyPartitions destroys a round's open ballots with the transaction: the
// files are unlinked at commit. Emptying locks the round's own tables only;
// dropping would lock every round's, and is left to dropPartitions.
func emptyPartitions(ctx context.Context, tx pgx.Tx, round int64) error {
	sql := fmt.Sprintf(`TRUNCATE open_ballot_%[1]d, open_answer_%[1]d, open_comment_%[1]d`, round)
	if _, err := tx.Exec(ctx, sql); err != nil {
		return fmt.Errorf("emptying the tables of open ballots: %w", err)
	}
	return nil
}

// dropWait is how long dropping empty tables may make taps of other rounds wait.
const dropWait = 2 * time.Second

const sqlLeftPartitions = `
	SELECT r.id FROM round r
	WHERE r.state IN ('closed', 'cancelled') AND to_regclass('open_ballot_' || r.id) IS NOT NULL`

// dropPartitions removes the emptied tables of rounds that are over. What
// cannot be locked soon is left to the next call.
func (s *Store) dropPartitions(ctx context.Context) error {
	rows, _ := s.pool.Query(ctx, sqlLeftPartitions)
	rounds, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil {
		return fmt.Errorf("looking for tables of closed rounds: %w", mapError(err))
	}
	for _, round := range rounds {
		err := s.tx(ctx, func(tx pgx.Tx) error {
			wait := fmt.Sprintf(`SET LOCAL lock_timeout = '%dms'`, dropWait.Milliseconds())
			if _, err := tx.Exec(ctx, wait); err != nil {
				return err
			}
			_, err := tx.Exec(ctx, fmt.Sprintf(
				`DROP TABLE IF EXISTS open_ballot_%[1]d, open_answer_%[1]d, open_comment_%[1]d`, round))
			return err
		})
		if err != nil {
			return fmt.Errorf("dropping the tables of round %d: %w", round, err)
		}
	}
	return nil
}
