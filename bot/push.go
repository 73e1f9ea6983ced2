package bot

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/go-telegram/bot/models"

	"pingyi/storage"
	"pingyi/survey"
)

const (
	sendWorkers  = 64
	leaseTime    = 2 * time.Minute
	idlePause    = 5 * time.Second // NOTIFY wakes earlier; this catches what is due later
	maxAttempts  = 8
	maxAmbiguous = 2 // a lost answer may mean that the message is there: once more, then no more
)

// SenderConfig is what a Sender needs.
type SenderConfig struct {
	Bot     *Bot
	Store   *storage.Store
	Limiter *storage.Limiter
	Rate    float64 // deliveries per second over all replicas
	Worker  string  // names this process in leases
	Wake    <-chan struct{}
	Count   func(kind storage.DeliveryKind, outcome Outcome) // for metrics
	// Backoff is the pause after a first failure; it doubles.
	Backoff time.Duration
	Log     *slog.Logger
}

// Sender sends what stands in deliveries: leased by this process for a while, paced by a rate that
// all replicas share, tried again where that can help. A crash doubles at most what was in flight.
type Sender struct{ cfg SenderConfig }

// NewSender returns a Sender that has sent nothing yet.
func NewSender(cfg SenderConfig) *Sender { return &Sender{cfg: cfg} }

// Run sends until ctx ends; what is in flight then is finished.
func (s *Sender) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		n, err := s.batch(ctx)
		switch {
		case ctx.Err() != nil:
		case err != nil:
			s.cfg.Log.WarnContext(ctx, "sending failed", "error", scrub(err))
			s.sleep(ctx, idlePause)
		case n == 0:
			s.sleep(ctx, idlePause)
		}
	}
	return nil
}

func (s *Sender) sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	case <-s.cfg.Wake:
	}
}

// batch leases about a second's worth, so that a round that is paused or closed stops within about
// as much, and sends it side by side; one person's messages follow one another.
func (s *Sender) batch(ctx context.Context) (int, error) {
	now, err := s.cfg.Store.Now(ctx)
	if err != nil {
		return 0, err
	}
	leased, err := s.cfg.Store.Lease(ctx, now, s.cfg.Worker, max(int(s.cfg.Rate), 10), leaseTime)
	if err != nil {
		return 0, err
	}
	byPerson := map[int64][]storage.Delivery{}
	var order []int64
	for _, d := range leased {
		if len(byPerson[d.PersonID]) == 0 {
			order = append(order, d.PersonID)
		}
		byPerson[d.PersonID] = append(byPerson[d.PersonID], d)
	}
	slots := make(chan struct{}, sendWorkers)
	var all sync.WaitGroup
	for _, person := range order {
		slots <- struct{}{}
		all.Go(func() {
			defer func() { <-slots }()
			for _, d := range byPerson[person] {
				if err := s.deliver(context.WithoutCancel(ctx), d); err != nil {
					s.cfg.Log.ErrorContext(ctx, "delivery not recorded", "delivery", d.ID, "error", scrub(err))
				}
			}
		})
	}
	all.Wait()
	return len(leased), nil
}

// deliver sends one delivery and records what became of it.
func (s *Sender) deliver(ctx context.Context, d storage.Delivery) error {
	out, err := s.cfg.Bot.Render(ctx, d)
	if errors.Is(err, errObsolete) {
		return s.finish(ctx, d, survey.DeliveryExpired, "obsolete")
	}
	if err != nil {
		return s.again(ctx, d, "render", err)
	}
	if wait, err := s.pace(ctx, d.TelegramID); err != nil {
		return err
	} else if wait > 0 {
		return s.putOff(ctx, d, wait, OutcomeTooMany.String())
	}
	sent, err := s.cfg.Bot.send(ctx, out)
	outcome, wait := Judge(err)
	s.cfg.Count(d.Kind, outcome)
	switch outcome {
	case OutcomeOK:
		return s.sent(ctx, d, sent)
	case OutcomeUnreachable:
		return s.finish(ctx, d, survey.DeliveryUnreachable, outcome.String())
	case OutcomeRefused:
		if !s.cfg.Bot.reaches(ctx, d.TelegramID) {
			return s.finish(ctx, d, survey.DeliveryUnreachable, OutcomeUnreachable.String())
		}
		s.cfg.Log.ErrorContext(ctx, "delivery refused", "delivery", d.ID, "kind", d.Kind)
		return s.finish(ctx, d, survey.DeliveryFailed, outcome.String())
	case OutcomeTooMany:
		s.cfg.Bot.floods.met(ctx, d.TelegramID, wait)
		return s.putOff(ctx, d, wait, outcome.String())
	}
	return s.again(ctx, d, outcome.String(), err)
}

// pace waits for a slot of the chat's own pace, then for one of the rate that all share. Where a
// slot is too far off, after a penalty, it returns how far instead of waiting.
func (s *Sender) pace(ctx context.Context, chat int64) (time.Duration, error) {
	reserves := []func() time.Duration{
		func() time.Duration { return s.cfg.Limiter.Reserve(ctx, chatPace(chat), 1) },
		func() time.Duration { return s.cfg.Limiter.Reserve(ctx, globalPace, s.cfg.Rate) },
	}
	for _, reserve := range reserves {
		wait := reserve()
		if wait > storage.MaxPace {
			return wait, nil
		}
		select {
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-time.After(wait):
		}
	}
	return 0, nil
}

func (s *Sender) sent(ctx context.Context, d storage.Delivery, m *models.Message) error {
	now, err := s.cfg.Store.Now(ctx)
	if err != nil {
		return err
	}
	id := int64(0)
	if m != nil {
		id = int64(m.ID)
	}
	return s.cfg.Store.Sent(ctx, now, d.ID, id)
}

func (s *Sender) finish(ctx context.Context, d storage.Delivery, state survey.DeliveryState, reason string) error {
	now, err := s.cfg.Store.Now(ctx)
	if err != nil {
		return err
	}
	return s.cfg.Store.Fail(ctx, now, d.ID, state, reason)
}

// again puts a delivery off after a failure, unless it was tried often enough.
func (s *Sender) again(ctx context.Context, d storage.Delivery, reason string, cause error) error {
	limit := maxAttempts
	if outcome, _ := Judge(cause); outcome == OutcomeAmbiguous {
		limit = maxAmbiguous
	}
	if d.Attempts >= limit {
		s.cfg.Log.ErrorContext(ctx, "delivery given up", "delivery", d.ID, "kind", d.Kind, "reason", reason)
		return s.finish(ctx, d, survey.DeliveryFailed, reason)
	}
	return s.putOff(ctx, d, s.cfg.Backoff<<min(d.Attempts, 6), reason)
}

func (s *Sender) putOff(ctx context.Context, d storage.Delivery, wait time.Duration, reason string) error {
	now, err := s.cfg.Store.Now(ctx)
	if err != nil {
		return err
	}
	return s.cfg.Store.Retry(ctx, d.ID, now.Add(wait), reason)
}
