package sandbox

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

// webhook delivers updates: those of one key one after another, those of
// different keys in parallel up to max connections.
type webhook struct {
	q      *queue
	url    string
	secret string
	max    int
	names  []string // allowed_updates as given
	client *http.Client
	ctx    context.Context
	stop   context.CancelFunc

	mu      sync.Mutex
	lanes   map[int64]*lane
	ready   []*lane
	running int
	errAt   time.Time
	errText string
}

// lane is the line of updates of one key. It is in hook.ready, in a runner's
// hands or waiting out a backoff, never two of these.
type lane struct {
	key     int64
	updates []*update
	failed  int
}

// maxBackoff is the longest pause between two tries, in first pauses.
const maxBackoff = 25

var secretForm = regexp.MustCompile(`^[A-Za-z0-9_-]{1,256}$`)

func (s *Sandbox) setWebhook(c *call) (any, error) {
	var names []string
	if err := c.into("allowed_updates", &names); err != nil {
		return nil, err
	}
	allowed, err := allowedUpdates(names)
	if err != nil {
		return nil, err
	}
	hook, err := s.newWebhook(c, names)
	if err != nil {
		return nil, err
	}
	q := s.queue
	q.mu.Lock()
	defer q.mu.Unlock()
	if c.flag("drop_pending_updates") {
		q.dropPending()
	}
	if hook != nil && c.has("allowed_updates") {
		q.allowed = allowed
	}
	q.setHook(hook)
	return true, nil
}

// newWebhook checks the parameters; an empty address means none.
func (s *Sandbox) newWebhook(c *call, names []string) (*webhook, error) {
	if c.str("url") == "" {
		return nil, nil
	}
	if !hookURL(c.str("url")) {
		return nil, badForm("bad webhook: an HTTPS URL must be provided for webhook")
	}
	if c.has("secret_token") && !secretForm.MatchString(c.str("secret_token")) {
		return nil, badForm("secret token contains unallowed characters or is not 1 to 256 long")
	}
	connections := 40
	if c.has("max_connections") {
		if connections = int(c.num("max_connections")); connections < 1 || connections > 100 {
			return nil, badForm("max_connections must be 1 to 100")
		}
	}
	ctx, stop := context.WithCancel(s.ctx)
	return &webhook{
		q: s.queue, url: c.str("url"), secret: c.str("secret_token"), max: connections, names: names,
		ctx: ctx, stop: stop, lanes: map[int64]*lane{},
		client: &http.Client{
			Timeout:       s.cfg.WebhookTimeout,
			Transport:     &http.Transport{MaxIdleConnsPerHost: connections, IdleConnTimeout: time.Minute},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}, nil
}

// hookURL accepts https anywhere, and plain http on private addresses, as a
// local Bot API server does.
func hookURL(raw string) bool {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	local := u.Hostname() == "localhost" || ip != nil && (ip.IsLoopback() || ip.IsPrivate()) || ip == nil && !strings.Contains(u.Hostname(), ".")
	return u.Scheme == "https" || u.Scheme == "http" && local
}

// setHook replaces the webhook and gives the new one what is pending; the
// caller holds q.mu.
func (q *queue) setHook(h *webhook) {
	if old := q.hook; old != nil {
		old.mu.Lock() // so that no runner starts after this
		old.stop()
		old.mu.Unlock()
	}
	q.hook = h
	if h == nil {
		return
	}
	q.endOther("terminated by setWebhook request")
	for _, twin := range q.again { // nobody comes for them any more
		twin.elem = q.pending.PushBack(twin)
	}
	q.again = nil
	for e := q.pending.Front(); e != nil; e = e.Next() {
		h.add(e.Value.(*update))
	}
}

// dropPending forgets all updates; the caller holds q.mu.
func (q *queue) dropPending() {
	for e := q.pending.Front(); e != nil; e = q.pending.Front() {
		q.confirm(e.Value.(*update))
	}
	q.again = nil
	q.s.busy.touch()
}

func (s *Sandbox) deleteWebhook(c *call) (any, error) {
	q := s.queue
	q.mu.Lock()
	defer q.mu.Unlock()
	if c.flag("drop_pending_updates") {
		q.dropPending()
	}
	q.setHook(nil)
	return true, nil
}

type wireHookInfo struct {
	URL         string   `json:"url"`
	Certificate bool     `json:"has_custom_certificate"`
	Pending     int      `json:"pending_update_count"`
	ErrorDate   int64    `json:"last_error_date,omitempty"`
	ErrorText   string   `json:"last_error_message,omitempty"`
	Max         int      `json:"max_connections,omitempty"`
	Allowed     []string `json:"allowed_updates,omitempty"`
}

func (s *Sandbox) getWebhookInfo(*call) (any, error) {
	q := s.queue
	q.mu.Lock()
	defer q.mu.Unlock()
	info := wireHookInfo{Pending: q.pending.Len()}
	for kind := range q.allowed {
		info.Allowed = append(info.Allowed, kind)
	}
	slices.Sort(info.Allowed)
	if h := q.hook; h != nil {
		h.mu.Lock()
		defer h.mu.Unlock()
		info.URL, info.Max, info.ErrorText = h.url, h.max, h.errText
		if !h.errAt.IsZero() {
			info.ErrorDate = h.errAt.Unix()
		}
	}
	return info, nil
}

// add puts an update into its lane.
func (h *webhook) add(u *update) {
	h.mu.Lock()
	defer h.mu.Unlock()
	l, busy := h.lanes[u.key]
	if !busy {
		l = &lane{key: u.key}
		h.lanes[u.key] = l
	}
	l.updates = append(l.updates, u)
	if !busy {
		h.schedule(l)
	}
}

// schedule makes a lane ready and starts a runner where one more is allowed;
// the caller holds h.mu.
func (h *webhook) schedule(l *lane) {
	h.ready = append(h.ready, l)
	if h.running < h.max && h.ctx.Err() == nil {
		h.running++
		h.q.s.done.Add(1)
		go h.run()
	}
}

// run delivers from ready lanes until there are none.
func (h *webhook) run() {
	defer h.q.s.done.Done()
	for {
		h.mu.Lock()
		if len(h.ready) == 0 || h.ctx.Err() != nil {
			h.running--
			h.mu.Unlock()
			return
		}
		l := h.ready[0]
		h.ready = h.ready[1:]
		u := l.updates[0]
		h.mu.Unlock()
		err := h.deliver(u)
		if err == nil {
			h.q.confirmed(u)
		}
		h.settle(l, err)
	}
}

// settle puts a lane where it belongs after a delivery.
func (h *webhook) settle(l *lane, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err != nil {
		h.errAt, h.errText = h.q.s.cfg.Now(), err.Error()
		first := h.q.s.cfg.WebhookBackoff
		pause := min(first<<min(l.failed, 16), maxBackoff*first)
		l.failed++
		time.AfterFunc(pause, func() {
			h.mu.Lock()
			defer h.mu.Unlock()
			h.schedule(l)
		})
		return
	}
	l.failed = 0
	l.updates = l.updates[1:]
	if len(l.updates) == 0 {
		delete(h.lanes, l.key)
		return
	}
	h.schedule(l)
}

// deliver posts one update and notes it in the traffic log; nil means the bot
// answered 2xx.
func (h *webhook) deliver(u *update) error {
	began := time.Now()
	body, err := h.post(u)
	out := reply{OK: err == nil, Result: body}
	if err != nil {
		out.Code, out.Description = http.StatusBadGateway, err.Error()
	}
	h.q.s.traffic.add("update", u.key, map[string]rawParam{"update": {text: string(u.json()), json: true}}, out, viaUpdate, began)
	if err == nil {
		h.q.s.replyMethod(h.ctx, body)
	}
	return err
}

// post sends an update and returns the body of the bot's reply.
func (h *webhook) post(u *update) (jsonText, error) {
	req, err := http.NewRequestWithContext(h.ctx, http.MethodPost, h.url, bytes.NewReader(u.json()))
	if err != nil {
		return nil, fmt.Errorf("update %d: %w", u.id, err)
	}
	req.Header.Set("Content-Type", "application/json")
	if h.secret != "" {
		req.Header.Set("X-Telegram-Bot-Api-Secret-Token", h.secret)
	}
	resp, err := h.client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("update %d: %w", u.id, err)
	}
	defer func() {
		if err := resp.Body.Close(); err != nil {
			h.q.s.cfg.Logger.Debug("sandbox webhook reply", slog.Any("error", err))
		}
	}()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxField))
	if err != nil {
		return nil, fmt.Errorf("update %d: %w", u.id, err)
	}
	if resp.StatusCode/100 != 2 {
		return nil, fmt.Errorf("wrong response from the webhook: %s", resp.Status)
	}
	return body, nil
}

// jsonText is a reply's body; in the traffic log it is shown as JSON where it
// is JSON and as text otherwise.
type jsonText []byte

// MarshalJSON implements [json.Marshaler].
func (t jsonText) MarshalJSON() ([]byte, error) {
	if json.Valid(t) {
		return t, nil
	}
	return json.Marshal(string(t))
}

// replyMethod carries out the method in a webhook's reply, if there is one. The
// bot does not learn its outcome.
func (s *Sandbox) replyMethod(ctx context.Context, body []byte) {
	var head struct {
		Method string `json:"method"`
	}
	if len(body) == 0 || body[0] != '{' || json.Unmarshal(body, &head) != nil || head.Method == "" {
		return
	}
	raw := map[string]rawParam{}
	err := addJSON(raw, body)
	delete(raw, "method")
	s.handle(ctx, head.Method, raw, err, viaWebhook)
}
