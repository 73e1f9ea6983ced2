package sandbox

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

const (
	rowPause    = 300 * time.Millisecond // rows of the list are sent at most this often
	trafficRate = 150 * time.Millisecond
	keepAlive   = 20 * time.Second
	maxBurst    = 100 // exchanges sent at once
)

// stream is one page's event stream. A page keeps one connection for all it
// wants to know, because browsers allow few per server.
type stream struct {
	s       *Sandbox
	w       http.ResponseWriter
	person  int64 // whose chat is shown; 0 none, -1 all in full
	traffic bool
	seen    uint64 // last exchange sent
	rows    map[int64]bool
}

// serveEvents streams what happens: "chat" events of the chosen person (all
// chats with person=-1), "rows" with changed rows of the list, "traffic" where
// asked for, and "reload" when something was lost.
func (s *Sandbox) serveEvents(w http.ResponseWriter, r *http.Request) {
	person, err := strconv.ParseInt(r.FormValue("person"), 10, 64)
	if err != nil {
		person = 0
	}
	after, err := strconv.ParseUint(r.FormValue("after"), 10, 64)
	if err != nil {
		after = 0
	}
	events, err := s.Follow(r.Context())
	if err != nil {
		writeActError(w, err)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	st := &stream{s: s, w: w, person: person, traffic: r.FormValue("traffic") == "1", seen: after, rows: map[int64]bool{}}
	if err := st.send("hello", map[string]uint64{"events": s.eventCount(person)}); err != nil {
		return
	}
	st.run(r, events)
}

// eventCount is how many events a chat has seen, 0 for none chosen.
func (s *Sandbox) eventCount(person int64) uint64 {
	c, err := s.person(person)
	if err != nil {
		return 0
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.events
}

// run ends when the page goes away, the sandbox closes or a write fails.
func (st *stream) run(r *http.Request, events <-chan Event) {
	alive := time.NewTicker(keepAlive)
	defer alive.Stop()
	var flush, look <-chan time.Time
	var err error
	_, more := st.s.traffic.after(^uint64(0), matchMethod(""))
	if st.traffic {
		look = time.After(0)
	}
	for err == nil {
		wake := more
		if !st.traffic || look != nil {
			wake = nil
		}
		select {
		case e, open := <-events:
			if !open {
				return
			}
			if err = st.take(e); len(st.rows) > 0 && flush == nil {
				flush = time.After(rowPause)
			}
		case <-flush:
			flush = nil
			err = st.flushRows()
		case <-wake:
			look = time.After(trafficRate)
		case <-look:
			look = nil
			more, err = st.flushTraffic()
		case <-alive.C:
			_, err = fmt.Fprint(st.w, ": alive\n\n")
			st.flush()
		case <-r.Context().Done():
			return
		}
	}
}

func (st *stream) take(e Event) error {
	switch {
	case e.Kind == EventGap:
		return st.send("reload", e)
	case e.Kind == EventProfile && e.Chat == 0:
		return st.send("chat", e)
	}
	if e.Chat > 0 && e.Kind != EventAction && e.Kind != EventAnswer {
		st.rows[e.Chat] = true
	}
	if e.Chat == st.person || st.person == -1 {
		return st.send("chat", e)
	}
	return nil
}

func (st *stream) flushRows() error {
	rows := make([]rowChange, 0, len(st.rows))
	for id := range st.rows {
		if c, err := st.s.person(id); err == nil {
			rows = append(rows, rowChange{ID: id, rowState: c.rowState()})
		}
	}
	clear(st.rows)
	return st.send("rows", rows)
}

func (st *stream) flushTraffic() (<-chan struct{}, error) {
	list, more := st.s.traffic.after(st.seen, matchMethod(""))
	if len(list) == 0 {
		return more, nil
	}
	st.seen = list[len(list)-1].ID
	return more, st.send("traffic", list[max(0, len(list)-maxBurst):])
}

func (st *stream) send(kind string, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("event %s: %w", kind, err)
	}
	if _, err := fmt.Fprintf(st.w, "event: %s\ndata: %s\n\n", kind, body); err != nil {
		return fmt.Errorf("event %s: %w", kind, err)
	}
	st.flush()
	return nil
}

func (st *stream) flush() {
	// A connection that cannot flush fails at the next write.
	_ = http.NewResponseController(st.w).Flush()
}
