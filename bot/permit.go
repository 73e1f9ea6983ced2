package bot

import (
	"context"
	"sync/atomic"
	"time"

	"pingyi/storage"
)

const (
	// sendLock is the lock that senders share while Redis paces them, and that one holds alone while
	// Redis paces nobody.
	sendLock = "send"
	// permitCheck is how often a sender looks whether Redis answers.
	permitCheck = time.Second
	// aloneRest is how long nobody sends after one who sent alone: until what it had slots for has gone
	// and is a second ago.
	aloneRest = 2 * time.Second
)

// permit says whether a sender may send: beside others while Redis answers it, which paces them all, or
// alone while it answers no sender. So what all send keeps to the rate even where one of them loses
// Redis: that one leaves sending to the others. It is safe for concurrent use.
type permit struct {
	store   *storage.Store
	limiter *storage.Limiter
	given   atomic.Bool
}

// keep asks for the permit, again whenever it has ended, until ctx ends.
func (p *permit) keep(ctx context.Context) {
	for ctx.Err() == nil {
		answers := p.limiter.Answers(ctx, globalPace)
		lock := p.store.WithLock
		if answers {
			lock = p.store.WithSharedLock
		}
		same, end := context.WithCancel(ctx)
		go func() {
			defer end()
			for pause(same, permitCheck) == nil && p.limiter.Answers(same, globalPace) == answers {
			}
		}()
		_ = lock(same, sendLock, func(ctx context.Context) error { return p.use(ctx, answers) }) // use never fails
		end()
	}
}

// use gives the permit until ctx ends.
func (p *permit) use(ctx context.Context, shared bool) error {
	p.limiter.GoAlone(!shared)
	p.given.Store(true)
	<-ctx.Done()
	p.given.Store(false)
	p.limiter.GoAlone(false)
	if !shared {
		time.Sleep(aloneRest)
	}
	return nil
}
