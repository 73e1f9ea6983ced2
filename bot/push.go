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
	// leaseTime leaves room for a call begun late, and the record of it; after a crash it is how long
	// others wait before they send what was leased.
	leaseTime    = 20 * time.Second
	leaseSlack   = 5 * time.Second
	sendTimeout  = 10 * time.Second
	idlePause    = 5 * time.Second // NOTIFY wakes earlier; this catches what no notice tells of
	briefPause   = 20 * time.Millisecond
	troublePause = time.Second
	leastHeld    = 16
	mostHeld     = 1000
	mostFlying   = 1000
	maxAttempts  = 8
	maxAmbiguous = 3 // a lost answer may mean that the message is there: a few times, then no more
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

// Sender sends what stands in deliveries. It leases them by spans, about a second's worth at a time,
// and goes row by row: the next tenth of a second is read as things stand, given slots of the rate that
// all replicas share, and sent, each at its slot. What fails is put off where trying again can help. A
// crash doubles at most what was in flight.
type Sender struct {
	cfg     SenderConfig
	queue   *queue
	log     *sentLog
	gate    *gate
	flying  chan struct{} // a token for every message under way
	flights sync.WaitGroup
	path    *path
	permit  *permit
	next    time.Time // when the next row is due
	rested  time.Time // no lease is asked for before, unless there is a notice
}

// NewSender returns a Sender that has sent nothing yet.
func NewSender(cfg SenderConfig) *Sender {
	return &Sender{
		cfg:    cfg,
		queue:  newQueue(),
		log:    &sentLog{store: cfg.Store},
		gate:   &gate{read: cfg.Store.RoundState, known: map[int64]seen{}},
		flying: make(chan struct{}, mostFlying),
		path:   &path{},
		permit: &permit{store: cfg.Store, limiter: cfg.Limiter},
	}
}

// Run sends until ctx ends; what is in flight then is finished, and the rest given back.
func (s *Sender) Run(ctx context.Context) error {
	var permitted sync.WaitGroup
	permitted.Go(func() { s.permit.keep(ctx) })
	defer permitted.Wait()
	for ctx.Err() == nil {
		pause, err := s.step(ctx)
		if err != nil && ctx.Err() == nil {
			s.cfg.Log.WarnContext(ctx, "sending failed", "error", scrub(err))
			pause = troublePause
		}
		s.sleep(ctx, pause)
	}
	s.flights.Wait()
	s.queue = newQueue()
	back, cancel := context.WithTimeout(context.WithoutCancel(ctx), sendTimeout)
	defer cancel()
	if err := s.cfg.Store.Release(back, s.cfg.Worker); err != nil {
		s.cfg.Log.WarnContext(ctx, "deliveries not given back; others take them when the lease ends", "error", scrub(err))
	}
	return nil
}

// Sends reports whether this replica takes part in sending: not where it alone has lost Redis.
func (s *Sender) Sends() bool { return s.permit.given.Load() }

// sleep waits; where nothing is held, a notice ends it.
func (s *Sender) sleep(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	var wake <-chan struct{}
	if s.queue.size() == 0 && time.Now().After(s.next) {
		wake = s.cfg.Wake
	}
	select {
	case <-ctx.Done():
	case <-timer.C:
	case <-wake:
		s.rested = time.Time{}
	}
}

// step leases what there is room for and sends the next row. It returns how long there is nothing to do.
func (s *Sender) step(ctx context.Context) (time.Duration, error) {
	if wait := time.Until(s.next); wait > 0 {
		return wait, nil
	}
	if !s.Sends() {
		s.queue.drop(nil)
		return briefPause, s.giveBack(ctx)
	}
	if err := s.lease(ctx); err != nil {
		return 0, err
	}
	if s.queue.size() == 0 {
		s.cfg.Bot.unpaced.Store(0)
		return s.idle(ctx)
	}
	if err := s.row(ctx); err != nil {
		return 0, err
	}
	return time.Until(s.next), nil
}

// idle returns how long nothing falls due.
func (s *Sender) idle(ctx context.Context) (time.Duration, error) {
	if s.queue.busy() {
		return briefPause, nil // what is in flight makes room, or comes again
	}
	now, err := s.cfg.Store.Now(ctx)
	if err != nil {
		return 0, err
	}
	due, some, err := s.cfg.Store.NextDelivery(ctx)
	if err != nil || !some {
		return idlePause, err
	}
	return min(max(due.Sub(now), briefPause), idlePause), nil
}

// lease gives back the spans that are done with and takes new ones: to have a second's worth where half
// of that has gone, else, after a notice, what somebody waits for.
func (s *Sender) lease(ctx context.Context) error {
	if err := s.giveBack(ctx); err != nil {
		return err
	}
	claim := storage.Claim{Worker: s.cfg.Worker, TTL: leaseTime}
	select {
	case <-s.cfg.Wake:
		claim.Urgent, claim.Most = true, leastHeld
	default:
	}
	most := min(max(int(s.cfg.Rate), leastHeld), mostHeld)
	if size := s.queue.size(); size <= most/2 && (claim.Urgent || time.Now().After(s.rested)) {
		claim.Urgent, claim.Most = false, most-size
	}
	if claim.Most == 0 {
		return nil
	}
	now, err := s.cfg.Store.Now(ctx)
	if err != nil {
		return err
	}
	at := time.Now()
	spans, err := s.cfg.Store.Lease(ctx, now, claim)
	if err != nil {
		return err
	}
	if !claim.Urgent && len(spans) == 0 {
		s.rested = time.Now().Add(2 * slotRow)
	}
	s.queue.add(lease{now: now, at: at}, spans)
	return nil
}

// giveBack ends the leases of spans that are done with, and of what is left undone in them.
func (s *Sender) giveBack(ctx context.Context) error {
	done := s.queue.finished()
	if len(done) == 0 {
		return nil
	}
	return s.cfg.Store.Release(ctx, s.cfg.Worker, done...) // where this fails the leases run out
}

// row sends what fits into the next row of slots.
func (s *Sender) row(ctx context.Context) error {
	read := time.Now()
	picks := s.queue.take(max(1, int(s.cfg.Rate*slotRow.Seconds())))
	found, err := s.cfg.Store.Outgoing(ctx, s.cfg.Worker, picks)
	if err != nil {
		s.queue.back(picks)
		return err
	}
	s.queue.settle(picks, found)
	fit, err := s.paceChats(ctx, found)
	if err != nil || len(fit) == 0 {
		return err
	}
	// New messages that answered somebody count with Telegram as well: they get their slots afterwards.
	replies := min(int(s.cfg.Bot.unpaced.Swap(0)), len(fit))
	slots := s.cfg.Limiter.ReserveRow(ctx, globalPace, s.cfg.Rate, replies+len(fit))
	if slots == nil {
		s.cfg.Bot.unpaced.Add(int64(replies))
		return s.wait(ctx, fit)
	}
	for _, slot := range slots[:replies] {
		s.cfg.Limiter.Settle(slot, time.Now())
	}
	for i, d := range fit {
		s.launch(ctx, flight{Delivery: d, read: read, slot: slots[replies+i]})
	}
	s.next = slots[len(slots)-1].At.Add(-slotAhead)
	return nil
}

// wait waits where there are no slots. During a penalty what is held is for whoever comes first when it
// ends; else so much is under way that nobody knows yet to have arrived, which passes.
func (s *Sender) wait(ctx context.Context, fit []storage.Delivery) error {
	penalty := s.cfg.Limiter.Penalty(ctx, globalPace)
	if penalty > 0 {
		s.cfg.Bot.floods.everybody(penalty)
		s.next = time.Now().Add(penalty - slotAhead)
		s.queue.drop(fit)
		return s.giveBack(ctx)
	}
	for _, d := range fit {
		s.queue.again(d, time.Now())
	}
	s.next = time.Now().Add(slotRow)
	return nil
}

// paceChats takes a slot of the chat's own pace for each. What has to wait for its chat comes again
// when it is time.
func (s *Sender) paceChats(ctx context.Context, found []storage.Delivery) ([]storage.Delivery, error) {
	var keys []string
	for _, d := range found {
		if !s.queue.paced(d) {
			keys = append(keys, chatPace(d.TelegramID))
		}
	}
	waits := s.cfg.Limiter.ReserveEach(ctx, keys, 1)
	fit := found[:0]
	for _, d := range found {
		var wait time.Duration
		if !s.queue.paced(d) {
			wait, waits = waits[0], waits[1:]
		}
		switch {
		case wait > storage.MaxPace:
			now := s.queue.clock(d)
			s.queue.done(d)
			if err := s.putOff(ctx, now, d, wait, OutcomeTooMany.String(), false); err != nil {
				return nil, err
			}
		case wait > 0:
			s.queue.again(d, time.Now().Add(wait))
		default:
			fit = append(fit, d)
		}
	}
	return fit, nil
}

// flight is a delivery as it was read at a moment, with its slot.
type flight struct {
	storage.Delivery
	read time.Time
	slot storage.Slot
}

// launch sends one delivery at its slot, beside the others.
func (s *Sender) launch(ctx context.Context, f flight) {
	s.flying <- struct{}{}
	s.flights.Go(func() {
		defer func() { <-s.flying }()
		if err := s.fly(context.WithoutCancel(ctx), f); err != nil {
			s.cfg.Log.ErrorContext(ctx, "delivery not recorded", "delivery", f.ID, "error", scrub(err))
		}
	})
}

// fly renders a delivery, waits for its slot, sends it and records what became of it. What it leaves
// undone still waits in its span.
func (s *Sender) fly(ctx context.Context, f flight) error {
	now := s.queue.clock(f.Delivery)
	out, err := s.cfg.Bot.Render(ctx, f.Delivery)
	if err == nil {
		time.Sleep(time.Until(f.slot.At))
		if time.Since(f.slot.At) <= slotLate && !s.queue.spent(f.Delivery) && !s.cfg.Bot.floods.stopped() && s.gate.open(ctx, f) {
			defer s.queue.done(f.Delivery)
			return s.attempt(ctx, now, f, out)
		}
	}
	s.cfg.Limiter.Waive(f.slot)
	if err == nil && time.Since(f.slot.At) > slotLate {
		s.queue.again(f.Delivery, time.Now())
		return nil
	}
	defer s.queue.done(f.Delivery)
	switch {
	case errors.Is(err, errHeld): // it still waits in its span
	case errors.Is(err, errObsolete):
		return s.cfg.Store.Fail(ctx, now(), f.ID, survey.DeliveryExpired, "obsolete")
	case err != nil:
		return s.retry(ctx, now, f.Delivery, "render", err)
	}
	return nil
}

// attempt makes the call, whatever it brings.
func (s *Sender) attempt(ctx context.Context, now func() time.Time, f flight, out outgoing) error {
	d := f.Delivery
	call, cancel := context.WithTimeout(ctx, sendTimeout)
	out.paced = true
	begun := time.Now()
	sent, err := s.cfg.Bot.send(call, out)
	cancel()
	s.cfg.Limiter.Settle(f.slot, s.path.arrived(begun, time.Now()))
	outcome, wait := Judge(err)
	s.cfg.Count(d.Kind, outcome)
	switch outcome {
	case OutcomeOK:
		return s.log.add(ctx, now(), storage.Went{ID: d.ID, MessageID: int64(sent)})
	case OutcomeUnreachable:
		return s.cfg.Store.Fail(ctx, now(), d.ID, survey.DeliveryUnreachable, outcome.String())
	case OutcomeRefused:
		if !s.cfg.Bot.reaches(ctx, d.TelegramID) {
			return s.cfg.Store.Fail(ctx, now(), d.ID, survey.DeliveryUnreachable, OutcomeUnreachable.String())
		}
		s.cfg.Log.ErrorContext(ctx, "delivery refused", "delivery", d.ID, "kind", d.Kind)
		return s.cfg.Store.Fail(ctx, now(), d.ID, survey.DeliveryFailed, outcome.String())
	case OutcomeTooMany:
		s.cfg.Bot.floods.met(ctx, d.TelegramID, wait)
		return s.putOff(ctx, now, d, wait, outcome.String(), false)
	}
	return s.retry(ctx, now, d, outcome.String(), err)
}

// retry puts a delivery off after a failure, unless it was tried often enough.
func (s *Sender) retry(ctx context.Context, now func() time.Time, d storage.Delivery, reason string, cause error) error {
	limit := maxAttempts
	if outcome, _ := Judge(cause); outcome == OutcomeAmbiguous {
		limit = maxAmbiguous
	}
	if d.Attempts+1 >= limit {
		s.cfg.Log.ErrorContext(ctx, "delivery given up", "delivery", d.ID, "kind", d.Kind, "reason", reason)
		return s.cfg.Store.Fail(ctx, now(), d.ID, survey.DeliveryFailed, reason)
	}
	return s.putOff(ctx, now, d, s.cfg.Backoff<<min(d.Attempts+1, 6), reason, true)
}

func (s *Sender) putOff(ctx context.Context, now func() time.Time, d storage.Delivery, wait time.Duration, reason string, tried bool) error {
	return s.cfg.Store.PutOff(ctx, d, now().Add(wait), reason, tried)
}
