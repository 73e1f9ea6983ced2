package sandbox

import (
	"encoding/json"
	"net/http"
	"time"
)

const (
	maxBatch    = 100
	maxPollTime = 50 * time.Second // Telegram shortens longer ones
)

func conflict(why string) error {
	return &refusal{code: http.StatusConflict, description: "Conflict: " + why}
}

// getUpdates confirms what lies below the offset and returns what follows,
// waiting for it where a timeout is given. A later call ends an earlier one
// that is still waiting.
func (s *Sandbox) getUpdates(c *call) (any, error) {
	limit, offset := maxBatch, c.num("offset")
	if c.has("limit") {
		if limit = int(c.num("limit")); limit < 1 || limit > maxBatch {
			return nil, badForm("limit must be 1 to 100")
		}
	}
	timeout := time.Duration(c.num("timeout")) * time.Second
	if timeout < 0 {
		return nil, badForm("timeout must not be negative")
	}
	var names []string
	if err := c.into("allowed_updates", &names); err != nil {
		return nil, err
	}
	allowed, err := allowedUpdates(names)
	if err != nil {
		return nil, err
	}
	q := s.queue
	stop, err := q.startPoll(offset, c.has("allowed_updates"), allowed)
	if err != nil {
		return nil, err
	}
	defer q.endPoll(stop)
	return q.poll(c, stop, limit, time.NewTimer(min(timeout, maxPollTime)))
}

// startPoll takes the poller's place and confirms updates.
func (q *queue) startPoll(offset int64, setAllowed bool, allowed map[string]bool) (chan string, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.hook != nil {
		return nil, conflict("can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first")
	}
	q.endOther("terminated by other getUpdates request; make sure that only one bot instance is running")
	if setAllowed {
		q.allowed = allowed
	}
	if offset < 0 {
		keep := int64(q.pending.Len()) + offset
		for ; keep > 0; keep-- {
			q.confirm(q.pending.Front().Value.(*update))
		}
	}
	for e := q.pending.Front(); e != nil && e.Value.(*update).id < offset; e = q.pending.Front() {
		q.confirm(e.Value.(*update))
	}
	q.poller = make(chan string, 1)
	q.s.busy.touch()
	return q.poller, nil
}

// endOther ends the call that is waiting; the caller holds q.mu.
func (q *queue) endOther(why string) {
	if q.poller != nil {
		q.poller <- why
		q.poller = nil
	}
}

func (q *queue) endPoll(stop chan string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.poller == stop {
		q.poller = nil
	}
}

// poll waits for updates.
func (q *queue) poll(c *call, stop chan string, limit int, timer *time.Timer) (any, error) {
	defer timer.Stop()
	expired := false
	for {
		batch, wake := q.batch(limit)
		if len(batch) > 0 || expired {
			return batch, nil
		}
		select {
		case <-wake:
		case <-timer.C:
			expired = true
		case why := <-stop:
			return nil, conflict(why)
		case <-c.ctx.Done():
			return batch, nil
		case <-q.s.ctx.Done():
			return nil, &refusal{code: http.StatusBadGateway, description: "Bad Gateway"}
		}
	}
}

// batch is what a poll gets now, and what to wait for if that is nothing.
func (q *queue) batch(limit int) ([]json.RawMessage, <-chan struct{}) {
	q.mu.Lock()
	defer q.mu.Unlock()
	out := []json.RawMessage{}
	for e := q.pending.Front(); e != nil && len(out) < limit; e = e.Next() {
		out = append(out, e.Value.(*update).json())
	}
	// Behind the others: no poll gets an update before an earlier one that is not confirmed.
	for len(q.again) > 0 && len(out) < limit {
		out = append(out, q.again[0].json())
		q.again = q.again[1:]
	}
	return out, q.wake
}
