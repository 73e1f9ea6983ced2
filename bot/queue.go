package bot

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"pingyi/storage"
)

// lease is when spans were leased, by the database's clock and by ours; the first goes on by the second.
type lease struct {
	now time.Time
	at  time.Time
}

func (l lease) time() time.Time { return l.now.Add(time.Since(l.at)) }

// spent reports that too little is left of the lease to begin a call.
func (l lease) spent() bool { return time.Since(l.at) > leaseTime-sendTimeout-leaseSlack }

// held is a span that this process holds.
type held struct {
	lease
	id       int64
	priority int
	left     []storage.Pick // not taken yet
	out      int            // taken, and neither done nor left undone
}

// comeback is a delivery that was taken already and is to be taken again; it has a slot of its chat.
type comeback struct {
	storage.Pick
	at time.Time
}

// queue is what a sender holds: spans, the most urgent first, and what comes again. A span is finished
// once everything in it was taken and is done with. It is safe for concurrent use.
type queue struct {
	mu    sync.Mutex
	order []*held
	byID  map[int64]*held
	later []comeback
	chats map[int64]bool // deliveries that come again: their chat's slot is taken
}

func newQueue() *queue {
	return &queue{byID: make(map[int64]*held), chats: make(map[int64]bool)}
}

// add takes in what a lease brought.
func (q *queue) add(l lease, spans []storage.Span) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, s := range spans {
		h := &held{lease: l, id: s.ID, priority: s.Priority, left: s.Picks()}
		q.byID[s.ID] = h
		q.order = append(q.order, h)
	}
	slices.SortStableFunc(q.order, func(a, b *held) int { return cmp.Compare(a.priority, b.priority) })
}

// size is how much can be taken now.
func (q *queue) size() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	n := 0
	now := time.Now()
	for _, c := range q.later {
		if !c.at.After(now) {
			n++
		}
	}
	for _, h := range q.order {
		n += len(h.left)
	}
	return n
}

// busy reports that something is under way.
func (q *queue) busy() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.byID) > 0
}

// take takes up to n: what comes again and is due, then the most urgent. What is left of a span whose
// lease is nearly over is left undone.
func (q *queue) take(n int) []storage.Pick {
	q.mu.Lock()
	defer q.mu.Unlock()
	var picks []storage.Pick
	now := time.Now()
	q.later = slices.DeleteFunc(q.later, func(c comeback) bool {
		if len(picks) == n || c.at.After(now) {
			return false
		}
		picks = append(picks, c.Pick)
		return true
	})
	for _, h := range q.order {
		if h.spent() {
			h.left = nil
		}
		m := min(n-len(picks), len(h.left))
		picks = append(picks, h.left[:m]...)
		h.left, h.out = h.left[m:], h.out+m
	}
	return picks
}

// back puts what was taken back to the front.
func (q *queue) back(picks []storage.Pick) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, p := range slices.Backward(picks) {
		if h := q.byID[p.Span]; h != nil {
			h.left, h.out = append([]storage.Pick{p}, h.left...), h.out-1
		}
	}
}

// settle marks as done what was taken but not found to be waiting.
func (q *queue) settle(picks []storage.Pick, found []storage.Delivery) {
	waiting := make(map[storage.Pick]bool, len(found))
	for _, d := range found {
		waiting[storage.Pick{ID: d.ID, Span: d.Span}] = true
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, p := range picks {
		if !waiting[p] {
			q.end(p)
		}
	}
}

// done marks a delivery as done with, or left undone for whoever leases the span next.
func (q *queue) done(d storage.Delivery) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.end(storage.Pick{ID: d.ID, Span: d.Span})
}

func (q *queue) end(p storage.Pick) {
	delete(q.chats, p.ID)
	if h := q.byID[p.Span]; h != nil {
		h.out--
	}
}

// again has a delivery taken once more, with the slot of its chat that it has.
func (q *queue) again(d storage.Delivery, at time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.chats[d.ID] = true
	q.later = append(q.later, comeback{storage.Pick{ID: d.ID, Span: d.Span}, at})
}

// paced reports that a delivery has a slot of its chat already.
func (q *queue) paced(d storage.Delivery) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.chats[d.ID]
}

// drop leaves undone what was taken last and everything that was not taken.
func (q *queue) drop(taken []storage.Delivery) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, d := range taken {
		q.end(storage.Pick{ID: d.ID, Span: d.Span})
	}
	for _, h := range q.order {
		h.left = nil
	}
	for _, c := range q.later {
		q.end(c.Pick)
	}
	q.later = nil
}

// finished returns the spans that are done with and forgets them.
func (q *queue) finished() []int64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	var ids []int64
	q.order = slices.DeleteFunc(q.order, func(h *held) bool {
		if len(h.left) > 0 || h.out > 0 {
			return false
		}
		delete(q.byID, h.id)
		ids = append(ids, h.id)
		return true
	})
	return ids
}

// clock returns a function that tells the database's time, as known with the delivery's lease.
func (q *queue) clock(d storage.Delivery) func() time.Time {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.byID[d.Span].time
}

// spent reports that too little is left of the delivery's lease to begin a call.
func (q *queue) spent(d storage.Delivery) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.byID[d.Span].spent()
}
