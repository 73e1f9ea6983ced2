package bot

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"pingyi/storage"
	"pingyi/survey"
)

const (
	// leaseTime leaves room for the longest wait for a slot, the longest call and the record of it;
	// after a crash it is how long others wait before they send what was leased.
	leaseTime    = 30 * time.Second
	leaseSlack   = 5 * time.Second
	sendTimeout  = 10 * time.Second
	idlePause    = 5 * time.Second // NOTIFY wakes earlier; this catches what is due later
	leastHeld    = 16
	mostHeld     = 1000
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
// all replicas share, tried again where that can help. About a second's worth is held at a time and
// made good as it goes out, so that the next lease never has to wait for the last. A crash doubles at
// most what was in flight.
type Sender struct {
	cfg   SenderConfig
	slots *slots
	log   *sentLog
	gate  *gate
	held  chan struct{} // a token for every delivery held
	freed chan struct{}
}

// NewSender returns a Sender that has sent nothing yet.
func NewSender(cfg SenderConfig) *Sender {
	return &Sender{
		cfg:   cfg,
		slots: &slots{limiter: cfg.Limiter, rate: cfg.Rate},
		log:   &sentLog{store: cfg.Store},
		gate:  &gate{read: cfg.Store.RoundState, known: map[int64]seen{}},
		held:  make(chan struct{}, min(max(int(cfg.Rate), leastHeld), mostHeld)),
		freed: make(chan struct{}, 1),
	}
}

// Run sends until ctx ends; what is in flight then is finished, and the rest given back.
func (s *Sender) Run(ctx context.Context) error {
	var all sync.WaitGroup
	for ctx.Err() == nil {
		room := cap(s.held) - len(s.held)
		if room < max(1, cap(s.held)/4) {
			select {
			case <-ctx.Done():
			case <-s.freed:
			}
			continue
		}
		n, err := s.lease(ctx, room, &all)
		switch {
		case ctx.Err() != nil:
		case err != nil:
			s.cfg.Log.WarnContext(ctx, "sending failed", "error", scrub(err))
			s.sleep(ctx, idlePause)
		case n == 0:
			s.sleep(ctx, idlePause)
		}
	}
	all.Wait()
	back, cancel := context.WithTimeout(context.WithoutCancel(ctx), sendTimeout)
	defer cancel()
	if err := s.cfg.Store.GiveBack(back, s.cfg.Worker, 0); err != nil {
		s.cfg.Log.WarnContext(ctx, "deliveries not given back; others take them when the lease ends", "error", scrub(err))
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

// leased is what one lease brought, and when; the database's clock goes on by ours.
type leased struct {
	now time.Time
	at  time.Time
}

func (l leased) time() time.Time { return l.now.Add(time.Since(l.at)) }

// spent reports that too little is left of the lease to begin a call.
func (l leased) spent() bool { return time.Since(l.at) > leaseTime-sendTimeout-leaseSlack }

// lease takes up to n deliveries and sends them side by side, those of one person one after another.
// It returns how many there were without waiting for them.
func (s *Sender) lease(ctx context.Context, n int, all *sync.WaitGroup) (int, error) {
	now, err := s.cfg.Store.Now(ctx)
	if err != nil {
		return 0, err
	}
	lease := leased{now: now, at: time.Now()}
	deliveries, err := s.cfg.Store.Lease(ctx, now, s.cfg.Worker, n, leaseTime)
	if err != nil {
		return 0, err
	}
	byPerson := map[int64][]storage.Delivery{}
	var order []int64
	for _, d := range deliveries {
		if len(byPerson[d.PersonID]) == 0 {
			order = append(order, d.PersonID)
		}
		byPerson[d.PersonID] = append(byPerson[d.PersonID], d)
		s.held <- struct{}{}
	}
	for _, person := range order {
		all.Go(func() {
			for _, d := range byPerson[person] {
				s.one(ctx, lease, d)
			}
		})
	}
	return len(deliveries), nil
}

// one sends one delivery, or gives it back where the program is ending.
func (s *Sender) one(ctx context.Context, lease leased, d storage.Delivery) {
	defer func() {
		<-s.held
		select {
		case s.freed <- struct{}{}:
		default:
		}
	}()
	if ctx.Err() != nil {
		return
	}
	if err := s.deliver(context.WithoutCancel(ctx), lease, d); err != nil {
		s.cfg.Log.ErrorContext(ctx, "delivery not recorded", "delivery", d.ID, "error", scrub(err))
	}
}

// deliver sends one delivery and records what became of it.
func (s *Sender) deliver(ctx context.Context, lease leased, d storage.Delivery) error {
	out, err := s.cfg.Bot.Render(ctx, d)
	switch {
	case errors.Is(err, errObsolete):
		return s.finish(ctx, lease, d, survey.DeliveryExpired, "obsolete")
	case errors.Is(err, errHeld):
		return s.giveBack(ctx, d)
	case err != nil:
		return s.again(ctx, lease, d, "render", err)
	}
	if wait := s.pace(ctx, d.TelegramID); wait > 0 {
		return s.putOff(ctx, lease, d, wait, OutcomeTooMany.String())
	}
	if lease.spent() {
		return s.giveBack(ctx, d)
	}
	switch state, err := s.gate.state(ctx, d); {
	case err != nil || state == survey.RoundPaused:
		return s.giveBack(ctx, d)
	case state != survey.RoundOpen:
		return s.finish(ctx, lease, d, survey.DeliveryExpired, "obsolete")
	}
	return s.attempt(ctx, lease, d, out)
}

// attempt makes the call, whatever it brings.
func (s *Sender) attempt(ctx context.Context, lease leased, d storage.Delivery, out outgoing) error {
	call, cancel := context.WithTimeout(ctx, sendTimeout)
	sent, err := s.cfg.Bot.send(call, out)
	cancel()
	outcome, wait := Judge(err)
	s.cfg.Count(d.Kind, outcome)
	switch outcome {
	case OutcomeOK:
		went := storage.Went{ID: d.ID}
		if sent != nil {
			went.MessageID = int64(sent.ID)
		}
		return s.log.add(ctx, lease.time(), went)
	case OutcomeUnreachable:
		return s.finish(ctx, lease, d, survey.DeliveryUnreachable, outcome.String())
	case OutcomeRefused:
		if !s.cfg.Bot.reaches(ctx, d.TelegramID) {
			return s.finish(ctx, lease, d, survey.DeliveryUnreachable, OutcomeUnreachable.String())
		}
		s.cfg.Log.ErrorContext(ctx, "delivery refused", "delivery", d.ID, "kind", d.Kind)
		return s.finish(ctx, lease, d, survey.DeliveryFailed, outcome.String())
	case OutcomeTooMany:
		s.cfg.Bot.floods.met(ctx, d.TelegramID, wait)
		return s.putOff(ctx, lease, d, wait, outcome.String())
	}
	return s.again(ctx, lease, d, outcome.String(), err)
}

// pace waits for a slot of the chat's own pace, then for one of the rate that all share. Where a
// slot is too far off, after a penalty, it returns how far instead of waiting.
func (s *Sender) pace(ctx context.Context, chat int64) time.Duration {
	wait := s.cfg.Limiter.Reserve(ctx, chatPace(chat), 1)
	if wait > storage.MaxPace {
		return wait
	}
	time.Sleep(wait)
	for range slotTries {
		at, wait := s.slots.take(ctx)
		if wait > storage.MaxPace {
			return wait
		}
		time.Sleep(time.Until(at))
		if time.Since(at) < slotLate {
			break
		}
	}
	return 0
}

func (s *Sender) finish(ctx context.Context, lease leased, d storage.Delivery, state survey.DeliveryState, reason string) error {
	return s.cfg.Store.Fail(ctx, lease.time(), d.ID, state, reason)
}

// again puts a delivery off after a failure, unless it was tried often enough.
func (s *Sender) again(ctx context.Context, lease leased, d storage.Delivery, reason string, cause error) error {
	limit := maxAttempts
	if outcome, _ := Judge(cause); outcome == OutcomeAmbiguous {
		limit = maxAmbiguous
	}
	if d.Attempts >= limit {
		s.cfg.Log.ErrorContext(ctx, "delivery given up", "delivery", d.ID, "kind", d.Kind, "reason", reason)
		return s.finish(ctx, lease, d, survey.DeliveryFailed, reason)
	}
	return s.putOff(ctx, lease, d, s.cfg.Backoff<<min(d.Attempts, 6), reason)
}

func (s *Sender) putOff(ctx context.Context, lease leased, d storage.Delivery, wait time.Duration, reason string) error {
	return s.cfg.Store.Retry(ctx, d.ID, lease.time().Add(wait), reason)
}

// giveBack returns what was not attempted.
func (s *Sender) giveBack(ctx context.Context, d storage.Delivery) error {
	return s.cfg.Store.GiveBack(ctx, s.cfg.Worker, d.ID)
}
