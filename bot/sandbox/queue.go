package sandbox

import (
	"bytes"
	"container/list"
	"encoding/json"
	"fmt"
	"strconv"
	"sync"
	"time"
)

// pressID makes a callback query's id from which its person can be read.
func pressID(person int64, n int) string { return fmt.Sprintf("%d%08d", person, n%1e8) }

// pressOwner is the person in a callback query's id, or 0.
func pressOwner(id string) int64 {
	if len(id) <= 8 {
		return 0
	}
	n, err := strconv.ParseInt(id[:len(id)-8], 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// update is one update on its way to the bot.
type update struct {
	id   int64
	key  int64 // updates of one key are delivered one after another by webhook
	kind string
	body []byte // the JSON of the field named kind
	at   time.Time
	elem *list.Element
}

// json is the update as it is delivered.
func (u *update) json() []byte {
	out := make([]byte, 0, len(u.body)+64)
	out = append(out, `{"update_id":`...)
	out = strconv.AppendInt(out, u.id, 10)
	out = append(out, `,"`...)
	out = append(out, u.kind...)
	out = append(out, `":`...)
	out = append(out, u.body...)
	return append(out, '}')
}

// maxPending bounds what is kept for a bot that does not come for it; Telegram
// keeps a day's updates.
const maxPending = 200_000

// queue holds updates until the bot has confirmed them.
type queue struct {
	s *Sandbox

	mu      sync.Mutex
	lastID  int64
	pending *list.List          // of *update, ascending ids
	again   []*update           // to deliver once more, to whoever polls
	held    map[int64][]*update // by person
	last    map[int64]*update   // the latest update per person
	allowed map[string]bool     // nil: the default
	wake    chan struct{}       // closed when something arrives
	poller  chan string         // of the getUpdates call being held open
	hook    *webhook
}

func newQueue(s *Sandbox) *queue {
	return &queue{
		s: s, pending: list.New(), held: map[int64][]*update{}, last: map[int64]*update{},
		wake: make(chan struct{}), lastID: 100_000,
	}
}

// wants tells whether the bot asked for this kind of update.
func (q *queue) wants(kind string) bool {
	if q.allowed == nil {
		return kind != "chat_member" && kind != "message_reaction" && kind != "message_reaction_count"
	}
	return q.allowed[kind]
}

// enqueue tells the bot something. Updates of the same key keep their order;
// person is who caused it.
func (s *Sandbox) enqueue(kind string, key, person int64, body any) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(body); err != nil {
		s.cfg.Logger.Error("sandbox cannot encode an update", "kind", kind, "error", err)
		return
	}
	u := &update{key: key, kind: kind, body: bytes.TrimSpace(buf.Bytes()), at: s.cfg.Now()}
	q := s.queue
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.wants(kind) {
		return
	}
	if late, holding := q.held[person]; holding {
		q.held[person] = append(late, u)
		return
	}
	q.push(person, u)
}

// push gives the update its id and offers it; the caller holds q.mu.
func (q *queue) push(person int64, u *update) {
	q.lastID++
	u.id = q.lastID
	if q.pending.Len() >= maxPending {
		q.confirm(q.pending.Front().Value.(*update))
	}
	u.elem = q.pending.PushBack(u)
	q.last[person] = u
	q.offer(u)
}

// offer hands the update to the webhook or wakes the poller.
func (q *queue) offer(u *update) {
	if q.hook != nil {
		q.hook.add(u)
		return
	}
	close(q.wake)
	q.wake = make(chan struct{})
}

// confirm forgets an update; the caller holds q.mu.
func (q *queue) confirm(u *update) {
	if u.elem != nil {
		q.pending.Remove(u.elem)
		u.elem = nil
	}
}

// confirmed forgets an update that the webhook has taken.
func (q *queue) confirmed(u *update) {
	q.mu.Lock()
	q.confirm(u)
	q.mu.Unlock()
	q.s.busy.touch()
}

func (q *queue) count() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.pending.Len() + len(q.again)
}

// idle tells whether the bot has confirmed everything.
func (q *queue) idle() bool { return q.count() == 0 }

func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.setHook(nil)
}

// Hold keeps back what the person does from now on, until [Sandbox.Release].
func (s *Sandbox) Hold(person int64) {
	s.queue.mu.Lock()
	defer s.queue.mu.Unlock()
	if _, holding := s.queue.held[person]; !holding {
		s.queue.held[person] = []*update{}
	}
}

// Release lets held updates go, late; reversed, the last one first.
func (s *Sandbox) Release(person int64, reversed bool) {
	q := s.queue
	q.mu.Lock()
	defer q.mu.Unlock()
	late := q.held[person]
	delete(q.held, person)
	for i := range late {
		if reversed {
			q.push(person, late[len(late)-1-i])
		} else {
			q.push(person, late[i])
		}
	}
}

// DuplicateLast delivers the person's latest update once more with the same
// id, whether or not the bot has confirmed it. It reports false when there is
// none.
func (s *Sandbox) DuplicateLast(person int64) bool {
	q := s.queue
	q.mu.Lock()
	defer q.mu.Unlock()
	u, ok := q.last[person]
	if !ok {
		return false
	}
	twin := *u
	twin.elem = nil
	if q.hook != nil {
		twin.elem = q.pending.PushBack(&twin)
	} else {
		q.again = append(q.again, &twin)
	}
	q.offer(&twin)
	return true
}
