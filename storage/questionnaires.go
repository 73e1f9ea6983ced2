package storage

import (
	"context"
	"fmt"
	"sync"

	"github.com/jackc/pgx/v5"

	"pingyi/survey"
)

// questionnaires keeps the versions in use, parsed. A version is never
// changed, so what is kept is never out of date. The zero value is ready; it
// is safe for concurrent use.
type questionnaires struct {
	mu   sync.Mutex
	byID map[int64]*survey.Questionnaire
}

const sqlQuestionnaire = `SELECT code, version, body FROM questionnaire WHERE id = @id`

// get returns a version; it is shared and must not be changed.
func (c *questionnaires) get(ctx context.Context, db querier, id int64) (*survey.Questionnaire, error) {
	c.mu.Lock()
	kept := c.byID[id]
	c.mu.Unlock()
	if kept != nil {
		return kept, nil
	}
	var code, body string
	var version int
	if err := db.QueryRow(ctx, sqlQuestionnaire, pgx.NamedArgs{"id": id}).Scan(&code, &version, &body); err != nil {
		return nil, fmt.Errorf("reading questionnaire %d: %w", id, err)
	}
	q, faults := survey.ParseQuestionnaire(code, []byte(body))
	if err := faults.Err(); err != nil {
		return nil, fmt.Errorf("questionnaire %s version %d: %w", code, version, err)
	}
	q.Version = version
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.byID == nil {
		c.byID = make(map[int64]*survey.Questionnaire)
	}
	c.byID[id] = q
	return q, nil
}
