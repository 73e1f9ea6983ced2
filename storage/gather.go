package storage

import (
	"context"
	"runtime"
	"sync"
	"time"
)

// gatherer does together what waits together. There is no timer: the batch
// before is the window in which the next collects. It is safe for concurrent use.
type gatherer[T any] struct {
	// do does a batch and returns an error for each, or one for all where nothing was done.
	do func(ctx context.Context, batch []T) ([]error, error)
	// key, where it is not nil, tells what may stand in a batch only once: what has the same waits for the
	// outcome of the first.
	key func(T) int64

	mu      sync.Mutex
	waiting []gathered[T]
	running bool
}

type gathered[T any] struct {
	what    T
	outcome chan error
}

// maxBatch bounds a statement; what is beyond waits for the next.
const maxBatch = 500

// batchTimeout bounds one statement: it belongs to no single waiter's context.
const batchTimeout = 20 * time.Second

// wait queues and waits for the outcome. Where the context ends first it may
// still be done.
func (g *gatherer[T]) wait(ctx context.Context, what T) error {
	outcome := make(chan error, 1)
	g.mu.Lock()
	g.waiting = append(g.waiting, gathered[T]{what, outcome})
	if !g.running {
		g.running = true
		go g.run()
	}
	g.mu.Unlock()
	select {
	case err := <-outcome:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// run does batches until nothing waits.
func (g *gatherer[T]) run() {
	for {
		runtime.Gosched() // whoever is about to queue does so first: in a larger batch each costs less
		g.mu.Lock()
		batch, outcomes := g.take()
		g.running = len(batch) > 0
		g.mu.Unlock()
		if len(batch) == 0 {
			return
		}
		for i, err := range g.settle(batch) {
			outcomes[i] <- err
		}
	}
}

// take removes the next batch from the queue; the caller holds the lock.
func (g *gatherer[T]) take() (batch []T, outcomes []chan error) {
	var rest []gathered[T]
	keys := make(map[int64]bool, len(g.waiting))
	for _, w := range g.waiting {
		if len(batch) == maxBatch || g.key != nil && keys[g.key(w.what)] {
			rest = append(rest, w)
			continue
		}
		if g.key != nil {
			keys[g.key(w.what)] = true
		}
		batch, outcomes = append(batch, w.what), append(outcomes, w.outcome)
	}
	g.waiting = rest
	return batch, outcomes
}

// settle does a batch, and one by one where that fails: a bad one must not fail
// all. It returns an error for each.
func (g *gatherer[T]) settle(batch []T) []error {
	ctx, cancel := context.WithTimeout(context.Background(), batchTimeout)
	defer cancel()
	outcomes, err := g.do(ctx, batch)
	if err == nil {
		return outcomes
	}
	outcomes = nil
	for i := range batch {
		alone, err := g.do(ctx, batch[i:i+1])
		if err != nil {
			alone = []error{mapError(err)}
		}
		outcomes = append(outcomes, alone...)
	}
	return outcomes
}
