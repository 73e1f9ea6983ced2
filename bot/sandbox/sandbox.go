package sandbox

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Config says what to imitate. Only Token is required.
type Config struct {
	// Token is the bot's token, "<bot id>:<secret>".
	Token string
	// Username of the bot, without @ (default "sandbox_bot").
	Username string
	// Name is the bot's first name (default: Username).
	Name string
	// Now is the clock for dates and limits (default time.Now).
	Now func() time.Time
	// Limits on the rate of requests; the zero value sets none.
	Limits Limits
	// CallbackLife is how long a press can be answered (default 150 s).
	CallbackLife time.Duration
	// History is how many messages a chat keeps (default 400).
	History int
	// FileBytes is how much the file store keeps (default 256 MiB).
	FileBytes int64
	// Traffic is how many requests the traffic log keeps (default 500,
	// negative: none).
	Traffic int
	// WebhookBackoff is the first pause after a failed webhook delivery; it
	// doubles up to 25 times that (default 200 ms, so 5 s).
	WebhookBackoff time.Duration
	// WebhookTimeout bounds one delivery (default 60 s).
	WebhookTimeout time.Duration
	// Hosts are further host names under which the page may be opened;
	// localhost and plain IP addresses always may.
	Hosts []string
	// Logger receives refusals at debug level, without texts and tokens
	// (default: none).
	Logger *slog.Logger
}

// Limits on requests, as Telegram's documentation describes them. A zero field
// sets no limit.
type Limits struct {
	// MessagesPerSecond sent over all chats, edits not counted.
	MessagesPerSecond int
	// ChatPerSecond is the lasting rate of messages and edits in one chat, and
	// ChatBurst how many pass at once.
	ChatPerSecond, ChatBurst int
	// GroupPerMinute is the number of messages and edits in one group.
	GroupPerMinute int
}

// TelegramLimits are the rates that Telegram's documentation names: 30
// messages a second over all chats, one a second in a chat with short bursts,
// 20 a minute in a group.
func TelegramLimits() Limits {
	return Limits{MessagesPerSecond: 30, ChatPerSecond: 1, ChatBurst: 20, GroupPerMinute: 20}
}

// Sandbox is a running Bot API server. Create it by [New].
type Sandbox struct {
	cfg     Config
	bot     User
	methods map[string]method
	shapes  map[string]shape
	root    http.Handler

	mu     sync.RWMutex // guards chats, names, order
	chats  map[int64]*chat
	names  map[string]int64 // @username in lower case → chat id
	order  []int64          // people in the order they were added
	groups []int64

	seq     atomic.Uint64 // changes, over all chats
	busy    activity
	queue   *queue
	hub     hub
	files   *fileStore
	profile profile
	limits  limiter
	faults  faultList
	judge   *judge
	traffic *trafficLog

	ctx  context.Context // ends with Close
	stop context.CancelFunc
	done sync.WaitGroup
}

var tokenForm = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[0-9]{1,18}:[A-Za-z0-9_-]{1,120}$`) })

// New starts a sandbox. It panics when the token is not "<number>:<secret>",
// which is a mistake in the calling program.
func New(cfg Config) *Sandbox {
	if !tokenForm().MatchString(cfg.Token) {
		panic("sandbox: Config.Token must look like 123456:secret")
	}
	cfg = withDefaults(cfg)
	id, _ := strconv.ParseInt(cfg.Token[:strings.IndexByte(cfg.Token, ':')], 10, 64)
	s := &Sandbox{
		cfg:     cfg,
		bot:     User{ID: id, IsBot: true, FirstName: cfg.Name, Username: cfg.Username},
		methods: methodTable(),
		shapes:  objectTable(),
		chats:   map[int64]*chat{},
		names:   map[string]int64{},
		files:   newFileStore(cfg.FileBytes),
		traffic: newTrafficLog(cfg.Traffic, cfg.Token),
		judge:   newJudge(),
	}
	s.ctx, s.stop = context.WithCancel(context.Background())
	s.queue = newQueue(s)
	s.profile.init()
	s.root = s.routes()
	return s
}

func withDefaults(cfg Config) Config {
	if cfg.Username == "" {
		cfg.Username = "sandbox_bot"
	}
	if cfg.Name == "" {
		cfg.Name = cfg.Username
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.CallbackLife == 0 {
		cfg.CallbackLife = 150 * time.Second
	}
	if cfg.History == 0 {
		cfg.History = 400
	}
	if cfg.FileBytes == 0 {
		cfg.FileBytes = 256 << 20
	}
	if cfg.Traffic == 0 {
		cfg.Traffic = 500
	}
	if cfg.WebhookBackoff == 0 {
		cfg.WebhookBackoff = 200 * time.Millisecond
	}
	if cfg.WebhookTimeout == 0 {
		cfg.WebhookTimeout = time.Minute
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	return cfg
}

// routes maps addresses to what answers them.
func (s *Sandbox) routes() http.Handler {
	page := http.NewServeMux()
	s.pageRoutes(page)
	guarded := s.guard(page)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasPrefix(r.URL.Path, "/bot"):
			s.serveAPI(w, r)
		case strings.HasPrefix(r.URL.Path, "/file/"):
			s.serveFile(w, r)
		default:
			guarded.ServeHTTP(w, r)
		}
	})
}

// Handler serves the Bot API, the page and the page's interface.
func (s *Sandbox) Handler() http.Handler { return s.root }

// BotUsername is the bot's user name, without @.
func (s *Sandbox) BotUsername() string { return s.cfg.Username }

// Close ends long polls, webhook deliveries and event streams. Requests after
// it are refused with 502.
func (s *Sandbox) Close() {
	s.stop()
	s.queue.close()
	s.hub.close()
	s.done.Wait()
}

// Errors of acting as a person.
var (
	ErrUnknownPerson  = errors.New("sandbox: no such person or chat")
	ErrNotStarted     = errors.New("sandbox: this person has not pressed START")
	ErrBlocked        = errors.New("sandbox: this person has blocked the bot")
	ErrUnknownMessage = errors.New("sandbox: no such message")
	ErrNoButton       = errors.New("sandbox: no such button on the message")
	ErrBadPayload     = errors.New("sandbox: a start payload is at most 64 of A-Z a-z 0-9 _ -")
	ErrBadInput       = errors.New("sandbox: a person cannot send this")
)

// Settle waits until the bot has confirmed every update and no request of its
// is being handled. A bot that works on after confirming (edits made by a pool)
// may be between two requests at that moment: where the outcome is known, wait
// for it by [Sandbox.WaitFor].
func (s *Sandbox) Settle(ctx context.Context) error {
	for {
		changed := s.busy.changed()
		if s.queue.idle() && s.busy.count() == 0 {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("sandbox: waiting for the bot to settle: %w", ctx.Err())
		}
	}
}

// activity counts requests in hand and wakes those who wait for a change of it
// or of the queue.
type activity struct {
	mu   sync.Mutex
	n    int
	wake chan struct{}
}

func (a *activity) add(d int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.n += d
	a.signal()
}

func (a *activity) touch() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.signal()
}

// signal wakes the waiters; the caller holds the lock.
func (a *activity) signal() {
	if a.wake != nil {
		close(a.wake)
		a.wake = nil
	}
}

func (a *activity) count() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.n
}

func (a *activity) changed() <-chan struct{} {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.wake == nil {
		a.wake = make(chan struct{})
	}
	return a.wake
}
