package bot

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"runtime/debug"
	"sync"
	"time"

	"github.com/go-telegram/bot/models"
)

const (
	// maxTries is how often one update is handled before it is set aside.
	maxTries = 3
	// maxTime is how long one try may take: Telegram waits a minute for a webhook, and a database that
	// hangs must not hold people up for good.
	maxTime = 30 * time.Second
	// maxQueue bounds what one person can have waiting; more comes back later by itself.
	maxQueue = 200
)

// errOvertaking says that an older update of the person failed and has not come again yet.
var errOvertaking = errors.New("bot: an older update of the same person has to come first")

// ErrBusy says that a person has too many updates waiting: the update is not confirmed and comes again.
var ErrBusy = errors.New("bot: too many updates waiting for one person")

// DispatcherConfig is what a Dispatcher needs.
type DispatcherConfig struct {
	// Handle does one update and returns nil once its effects are committed.
	Handle func(context.Context, *models.Update) error
	// SetAside keeps the update for a person to look at after it failed for a cause, and returns how
	// often it has failed so far. Where it fails itself, the update is tried again later.
	SetAside func(ctx context.Context, u *models.Update, cause error) (attempts int, err error)
	// Workers bounds how many people are served at the same time.
	Workers int
	// Backoff is the pause before the second try; it doubles.
	Backoff time.Duration
	Log     *slog.Logger
}

// Dispatcher serves updates one after the other for each person and side by side over people.
// A panic is contained and counts as a failure. It is safe for concurrent use.
type Dispatcher struct {
	cfg   DispatcherConfig
	slots chan struct{}
	crew  *crew

	mu     sync.Mutex
	queues map[int64][]*job
	failed map[int64]failure // by person
	busy   sync.WaitGroup
}

// failure is an update that has to come again.
type failure struct {
	update int64
	at     time.Time
}

// maxFailed bounds how many failures are remembered before those are forgotten that are over.
const maxFailed = 1000

type job struct {
	ctx    context.Context
	update *models.Update
	done   chan error
	told   sync.Once
}

// tell reports the outcome once: at the commit, or at the end where nothing was said before.
func (j *job) tell(err error) { j.told.Do(func() { j.done <- err }) }

type committedKey struct{}

// committed says that the effects of the update being handled are durable, so that it may be confirmed
// to Telegram while messages are still being drawn.
func committed(ctx context.Context) {
	if tell, ok := ctx.Value(committedKey{}).(func(error)); ok {
		tell(nil)
	}
}

// NewDispatcher returns a Dispatcher that has nothing to do yet.
func NewDispatcher(cfg DispatcherConfig) *Dispatcher {
	return &Dispatcher{cfg: cfg, slots: make(chan struct{}, cfg.Workers), crew: newCrew(), queues: map[int64][]*job{}, failed: map[int64]failure{}}
}

// Do queues the update behind the person's earlier ones and waits for the outcome: nil as soon as it
// is committed, or set aside; an error when it has to come again. An update that is queued runs to its
// end even when ctx is cancelled, so that a shutdown drains instead of cutting.
func (d *Dispatcher) Do(ctx context.Context, u *models.Update) error {
	done, err := d.Queue(ctx, u)
	if err != nil {
		return err
	}
	return <-done
}

// Queue is Do without the waiting: the outcome comes on the channel. Updates queued one after the
// other by one goroutine are handled in that order for each person.
func (d *Dispatcher) Queue(ctx context.Context, u *models.Update) (<-chan error, error) {
	j := &job{update: u, done: make(chan error, 1)}
	j.ctx = context.WithValue(context.WithoutCancel(ctx), committedKey{}, j.tell)
	key := sender(u)
	d.mu.Lock()
	defer d.mu.Unlock()
	if f, ok := d.failed[key]; ok {
		if u.ID > f.update && time.Since(f.at) < maxTime { // after that it came to another replica, or never will
			return nil, fmt.Errorf("%w: update %d", errOvertaking, u.ID)
		}
		delete(d.failed, key)
	}
	waiting, running := d.queues[key]
	if len(waiting) >= maxQueue {
		d.failed[key] = failure{u.ID, time.Now()}
		return nil, fmt.Errorf("%w: update %d", ErrBusy, u.ID)
	}
	d.queues[key] = append(waiting, j)
	if !running {
		d.busy.Add(1)
		d.crew.do(func() { d.serve(key) })
	}
	return j.done, nil
}

// serve empties one person's queue and ends.
func (d *Dispatcher) serve(key int64) {
	defer d.busy.Done()
	d.slots <- struct{}{}
	defer func() { <-d.slots }()
	for {
		d.mu.Lock()
		waiting := d.queues[key]
		if len(waiting) == 0 {
			delete(d.queues, key)
			d.mu.Unlock()
			return
		}
		j := waiting[0]
		d.queues[key] = waiting[1:]
		d.mu.Unlock()
		err := d.try(j.ctx, j.update)
		j.tell(err)
		if err != nil {
			d.turnBack(key, j.update.ID, err)
		}
	}
}

// turnBack lets everything that waits behind an update that has to come again, or comes before that
// does, come again as well: done now, it would be overtaken by the older one later.
func (d *Dispatcher) turnBack(key, update int64, cause error) {
	d.mu.Lock()
	waiting := d.queues[key]
	d.queues[key] = nil
	if len(d.failed) >= maxFailed {
		maps.DeleteFunc(d.failed, func(_ int64, f failure) bool { return time.Since(f.at) >= maxTime })
	}
	d.failed[key] = failure{update, time.Now()}
	d.mu.Unlock()
	for _, j := range waiting {
		j.tell(cause)
	}
}

// Drain waits until nothing is being handled, or until ctx ends.
func (d *Dispatcher) Drain(ctx context.Context) error {
	idle := make(chan struct{})
	go func() { d.busy.Wait(); close(idle) }()
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("bot: updates were still being handled: %w", ctx.Err())
	}
}

// try handles an update, a few times where it fails, and sets it aside in the end.
func (d *Dispatcher) try(ctx context.Context, u *models.Update) error {
	pause := d.cfg.Backoff
	for {
		err := d.once(ctx, u)
		if err == nil {
			return nil
		}
		d.cfg.Log.ErrorContext(ctx, "update failed", "update", u.ID, "error", scrub(err))
		attempts, aside := d.setAside(ctx, u, err)
		if aside != nil {
			return fmt.Errorf("bot: update %d failed and could not be set aside: %w", u.ID, errors.Join(err, aside))
		}
		if attempts >= maxTries {
			d.cfg.Log.ErrorContext(ctx, "update set aside", "update", u.ID, "attempts", attempts)
			return nil
		}
		time.Sleep(pause)
		pause *= 2
	}
}

func (d *Dispatcher) setAside(ctx context.Context, u *models.Update, cause error) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, maxTime)
	defer cancel()
	return d.cfg.SetAside(ctx, u, cause)
}

func (d *Dispatcher) once(ctx context.Context, u *models.Update) (err error) {
	ctx, cancel := context.WithTimeout(ctx, maxTime)
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			// The value of the panic may quote what somebody wrote: only the place is logged.
			d.cfg.Log.ErrorContext(ctx, "panic contained", "update", u.ID, "stack", string(debug.Stack()))
			err = fmt.Errorf("bot: update %d: panic", u.ID)
		}
	}()
	return d.cfg.Handle(ctx, u)
}

// sender is the key of the queue an update belongs to: the person it comes from, else its chat.
func sender(u *models.Update) int64 {
	switch {
	case u.CallbackQuery != nil:
		return u.CallbackQuery.From.ID
	case u.Message != nil && u.Message.From != nil:
		return u.Message.From.ID
	case u.Message != nil:
		return u.Message.Chat.ID
	case u.EditedMessage != nil && u.EditedMessage.From != nil:
		return u.EditedMessage.From.ID
	case u.MyChatMember != nil:
		return u.MyChatMember.From.ID
	}
	return 0
}
