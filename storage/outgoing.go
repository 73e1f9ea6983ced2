package storage

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"pingyi/survey"
)

// Pick names a delivery by its id and the leased span it lies in.
type Pick struct{ ID, Span int64 }

// Delivery is something to be sent, with what its words are made from.
type Delivery struct {
	ID         int64
	Span       int64
	Kind       DeliveryKind
	Priority   int
	PersonID   int64
	TelegramID int64
	Lang       survey.Lang // empty: the project's
	Consent    string      // version of the notice the person last agreed to; empty: none
	RequestID  int64       // 0: none
	RoundID    int64       // 0: none
	MessageID  int64       // the request's live message; 0: none
	Attempts   int         // that were made and failed
	Args       map[string]int64
	Form       *OpenForm `db:"-"` // of the request; nil: none
}

// What belongs to a round goes out only while it is open, or, where it tells
// of its end, once it is over; the rest of a paused round waits. Each is found
// by its key: how many are asked for is what the planner knows.
const sqlOutgoing = `
	SELECT d.id, s.id AS span, d.kind, s.priority, d.person_id, coalesce(p.telegram_id, 0) AS telegram_id,
	       coalesce(p.language, '') AS lang,
	       coalesce((SELECT version FROM consent WHERE person_id = p.id
	                 ORDER BY given_at DESC, version DESC LIMIT 1), '') AS consent,
	       coalesce(d.request_id, 0) AS request_id, coalesce(d.round_id, 0) AS round_id,
	       coalesce(q.message_id, 0) AS message_id, d.attempts, d.args,
	       coalesce(r.state = 'paused', false) AS held,
	       p.telegram_id IS NULL OR p.stopped_at IS NOT NULL OR coalesce(d.request_id, 0) <> coalesce(q.id, 0)
	       OR d.kind IN ('invitation', 'reminder') AND (r.state <> 'open' OR q.state IN ('done', 'declined', 'expired'))
	       OR d.kind = 'invitation' AND q.state IN ('sent', 'opened') AS pointless
	FROM unnest(@ids::bigint[], @spans::bigint[]) WITH ORDINALITY AS pick (id, span, n)
	JOIN span s ON s.id = pick.span AND s.leased_by = @worker
	JOIN delivery d ON d.id = pick.id AND d.state = 'pending' AND d.batch = s.batch
	                AND d.round_id IS NOT DISTINCT FROM s.round_id
	LEFT JOIN person p ON p.id = d.person_id
	LEFT JOIN request q ON q.id = d.request_id
	LEFT JOIN round r ON r.id = d.round_id
	ORDER BY pick.n`

const sqlExpire = `
	UPDATE delivery SET state = 'expired', error = 'obsolete' WHERE id = ANY(@ids::bigint[]) AND state = 'pending'`

// Outgoing reads deliveries of spans that the worker holds, in the order they
// are named, as things stand now. Left out is what does not wait any more,
// waits for a paused round, or belongs to another; what has become pointless
// (round over, request finished or gone, person stopped or gone) expires here.
func (s *Store) Outgoing(ctx context.Context, worker string, picks []Pick) ([]Delivery, error) {
	type read struct {
		Delivery
		Held, Pointless bool
	}
	rows, _ := s.pool.Query(ctx, sqlOutgoing, pgx.NamedArgs{"worker": worker,
		"ids":   column(picks, func(p Pick) int64 { return p.ID }),
		"spans": column(picks, func(p Pick) int64 { return p.Span })})
	all, err := pgx.CollectRows(rows, pgx.RowToStructByName[read])
	if err != nil {
		return nil, fmt.Errorf("storage: reading %d deliveries: %w", len(picks), mapError(err))
	}
	var live []Delivery
	var pointless []int64
	for _, d := range all {
		switch {
		case d.Held:
		case d.Pointless:
			pointless = append(pointless, d.ID)
		default:
			live = append(live, d.Delivery)
		}
	}
	if len(pointless) > 0 {
		if _, err := s.pool.Exec(ctx, sqlExpire, pgx.NamedArgs{"ids": pointless}); err != nil {
			return nil, fmt.Errorf("storage: %d deliveries have become pointless: %w", len(pointless), mapError(err))
		}
	}
	return live, s.fillForms(ctx, live)
}

// fillForms reads the forms of deliveries, all at once.
func (s *Store) fillForms(ctx context.Context, deliveries []Delivery) error {
	people := make(map[int64]int64) // by request
	for _, d := range deliveries {
		if d.RequestID != 0 {
			people[d.RequestID] = d.PersonID
		}
	}
	if len(people) == 0 {
		return nil
	}
	forms, err := s.formsToAnswer(ctx, people)
	if err != nil {
		return fmt.Errorf("storage: reading %d forms: %w", len(people), mapError(err))
	}
	for i := range deliveries {
		deliveries[i].Form = forms[deliveries[i].RequestID]
	}
	return nil
}

// formsToAnswer is FormToAnswer for many requests, whose people are given.
func (s *Store) formsToAnswer(ctx context.Context, people map[int64]int64) (map[int64]*OpenForm, error) {
	requests := make([]int64, 0, len(people))
	for id := range people {
		requests = append(requests, id)
	}
	asked := &pgx.Batch{}
	asked.Queue(sqlForms, pgx.NamedArgs{"requests": requests})
	results := s.byKeys(ctx, asked)
	rows, _ := results.Query()
	read, err := pgx.CollectRows(rows, pgx.RowToStructByName[formOfMany])
	_ = results.Close() // what failed was returned by the reading
	if err != nil {
		return nil, err
	}
	forms := make(map[int64]*OpenForm, len(read))
	var begun []*OpenForm
	for _, q := range read {
		f, err := s.emptyForm(ctx, people[q.RequestID], q.formRow)
		if err != nil {
			return nil, fmt.Errorf("request %d: %w", q.RequestID, err)
		}
		forms[q.RequestID] = f
		if q.State != survey.RequestOpened || len(q.Salt) == 0 {
			continue // nothing was answered
		}
		if f.ballots, err = s.ballotsOf(q.formRow, f.Form.Questionnaire); err != nil {
			return nil, err
		}
		begun = append(begun, f)
	}
	if len(begun) == 0 {
		return forms, nil
	}
	return forms, s.readBallots(ctx, begun...)
}
