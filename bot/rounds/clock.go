package rounds

import (
	"context"
	"log/slog"
	"time"

	"github.com/robfig/cron/v3"

	"pingyi/storage"
)

const (
	// heartbeat is how often the clock looks around even where nothing woke it.
	heartbeat = "@every 15s"
	// retainEvery is how often retention periods are carried out.
	retainEvery = time.Hour
)

// Clock is the clockwork of one replica.
type Clock struct {
	store *storage.Store
	log   *slog.Logger
	wake  chan struct{} // holds one: whoever wakes a clock that is awake is heard afterwards

	retained time.Time // when retention was last carried out
}

// New returns a clock on a store. It logs codes of rounds, never people.
func New(store *storage.Store, log *slog.Logger) *Clock {
	return &Clock{store: store, log: log, wake: make(chan struct{}, 1)}
}

// Run does what is due until ctx ends, then returns nil. It looks around every
// 15 seconds, whenever the database says that something changed, and when the
// next thing falls due. Faults are logged and tried again at the next look.
func (c *Clock) Run(ctx context.Context) error {
	look := cron.NewChain(cron.SkipIfStillRunning(cronLog{c.log}), cron.Recover(cronLog{c.log})).
		Then(cron.FuncJob(func() { c.tick(ctx) }))
	beat := cron.New(cron.WithLogger(cronLog{c.log}))
	if _, err := beat.AddFunc(heartbeat, c.rouse); err != nil {
		return err
	}
	beat.Start()
	defer func() { <-beat.Stop().Done() }()
	signals := c.store.Listen(ctx)
	c.rouse()
	next := time.NewTimer(0)
	defer next.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case signal, ok := <-signals:
			if ok && signal == storage.SignalClock {
				c.rouse()
			}
		case <-next.C:
			c.rouse()
		case <-c.wake:
			look.Run()
			c.setTimer(ctx, next)
		}
	}
}

// rouse makes the clock look around, now or after the look it is at.
func (c *Clock) rouse() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// tick is one look: everything that is due, in the order in which one thing
// leads to another.
func (c *Clock) tick(ctx context.Context) {
	now, err := c.store.Now(ctx)
	if err != nil {
		c.fault(ctx, "reading the time", err)
		return
	}
	for _, step := range []struct {
		name string
		do   func(context.Context, time.Time) ([]string, error)
	}{
		{"fire series", c.store.FireSeries},
		{"open", c.store.OpenDue},
		{"remind", c.store.RemindDue},
		{"hush", c.store.HushDue},
		{"close", c.store.CloseDue},
		{"score", c.store.ScoreDue},
	} {
		did, err := step.do(ctx, now)
		if err != nil {
			c.fault(ctx, step.name, err)
		}
		for _, code := range did {
			c.log.InfoContext(ctx, "clock", "step", step.name, "code", code)
		}
	}
	if now.Sub(c.retained) < retainEvery {
		return
	}
	c.retained = now
	if _, err := c.store.Retain(ctx, now); err != nil {
		c.fault(ctx, "retain", err)
	}
}

// setTimer sets the timer to when the next thing falls due, by the store's time.
func (c *Clock) setTimer(ctx context.Context, timer *time.Timer) {
	now, err := c.store.Now(ctx)
	if err != nil {
		return // the heartbeat will do
	}
	at, ok, err := c.store.NextDue(ctx, now)
	switch {
	case err != nil:
		c.fault(ctx, "reading what falls due next", err)
	case ok && at.After(now):
		timer.Reset(at.Sub(now))
	}
}

func (c *Clock) fault(ctx context.Context, step string, err error) {
	if ctx.Err() == nil {
		c.log.ErrorContext(ctx, "clock", "step", step, "error", err)
	}
}

// cronLog passes on what cron has to say.
type cronLog struct{ log *slog.Logger }

// Info drops cron's talk of entries and wake-ups.
func (cronLog) Info(string, ...any) {}

// Error logs what cron could not do, a panic it contained among others.
func (l cronLog) Error(err error, msg string, more ...any) {
	l.log.Error("clock", append([]any{"step", msg, "error", err}, more...)...)
}
