package sandbox

import (
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"time"
)

// Exchange is one request of the bot and its answer, as the traffic view shows
// them. The token appears nowhere in it.
type Exchange struct {
	ID       uint64         `json:"id"`
	At       time.Time      `json:"at"`
	Micros   int64          `json:"micros"` // from request to answer
	Method   string         `json:"method"`
	Chat     int64          `json:"chat,omitempty"`
	Via      string         `json:"via"` // "request", "webhook reply" or "update"
	OK       bool           `json:"ok"`
	Empty    bool           `json:"empty,omitempty"` // a getUpdates that brought nothing
	Code     int            `json:"code,omitempty"`
	Request  map[string]any `json:"request"`
	Response any            `json:"response"`
}

// rawExchange is kept until somebody looks.
type rawExchange struct {
	Exchange
	raw map[string]rawParam
	out reply
}

// trafficLog keeps the last requests.
type trafficLog struct {
	token string
	mu    sync.Mutex
	size  int
	next  uint64
	ring  []rawExchange
	wake  chan struct{}
}

func newTrafficLog(size int, token string) *trafficLog {
	return &trafficLog{token: token, size: max(0, size), wake: make(chan struct{})}
}

func (t *trafficLog) add(name string, chat int64, raw map[string]rawParam, out reply, via string, began time.Time) {
	if t.size == 0 {
		return
	}
	for key, r := range raw {
		if r.upload != nil { // contents are not kept here
			raw[key] = rawParam{upload: &upload{name: r.upload.name, mime: r.upload.mime}, text: itoa(len(r.upload.content))}
		}
	}
	e := rawExchange{raw: raw, out: out}
	e.At, e.Micros, e.Method, e.Chat, e.Via = began, time.Since(began).Microseconds(), name, chat, via
	e.OK, e.Code = out.OK, out.Code
	if list, is := out.Result.([]json.RawMessage); is {
		e.Empty = len(list) == 0
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.next++
	e.ID = t.next
	if len(t.ring) < t.size {
		t.ring = append(t.ring, e)
	} else {
		t.ring[int(t.next-1)%t.size] = e
	}
	close(t.wake)
	t.wake = make(chan struct{})
}

// after lists what came after the exchange with this id, oldest first, and a
// channel that is closed when more comes.
func (t *trafficLog) after(id uint64, match func(Exchange) bool) ([]Exchange, <-chan struct{}) {
	t.mu.Lock()
	var found []rawExchange
	for _, e := range t.ring {
		if e.ID > id && match(e.Exchange) {
			found = append(found, e)
		}
	}
	wake := t.wake
	t.mu.Unlock()
	slices.SortFunc(found, func(a, b rawExchange) int { return int(int64(a.ID) - int64(b.ID)) })
	out := make([]Exchange, len(found))
	for i, e := range found {
		out[i] = t.render(e)
	}
	return out, wake
}

// render makes an exchange readable.
func (t *trafficLog) render(e rawExchange) Exchange {
	e.Request = t.show(e.raw)
	body, err := json.Marshal(e.out)
	if err == nil {
		e.Response = json.RawMessage(t.mask(string(body)))
	}
	return e.Exchange
}

// show turns parameters into JSON values, without secrets and contents.
func (t *trafficLog) show(raw map[string]rawParam) map[string]any {
	out := make(map[string]any, len(raw))
	for name, r := range raw {
		text := t.mask(r.text)
		switch {
		case name == "secret_token":
			out[name] = "•••"
		case r.upload != nil:
			out[name] = map[string]string{"file": r.upload.name, "type": r.upload.mime}
		case json.Valid([]byte(text)) && len(text) > 0 && strings.ContainsAny(text[:1], "{[-0123456789tf"):
			out[name] = json.RawMessage(text)
		default:
			out[name] = text
		}
	}
	return out
}

func (t *trafficLog) mask(s string) string {
	return strings.ReplaceAll(s, t.token, "•••")
}

// Traffic lists the last requests of the bot to the method, oldest first;
// without a method, all but getUpdates calls that brought nothing. Deliveries
// by webhook are listed as the method "update".
func (s *Sandbox) Traffic(method string) []Exchange {
	list, _ := s.traffic.after(0, matchMethod(method))
	return list
}

func matchMethod(method string) func(Exchange) bool {
	return func(e Exchange) bool {
		return e.Method == method || method == "" && !e.Empty
	}
}
