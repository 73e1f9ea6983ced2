package bot

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	tg "github.com/go-telegram/bot"
	"github.com/google/go-cmp/cmp"
	"github.com/valyala/fasthttp"

	"pingyi/bot/locales"
	"pingyi/bot/sandbox"
	"pingyi/storage"
	"pingyi/storage/storagetest"
	"pingyi/survey"
)

var update = flag.Bool("update", false, "write the golden files anew")

var servers = storagetest.With(storage.Migrate)

func TestMain(m *testing.M) { servers.Main(m) }

const testToken = "4242:test"

// today is when the conversations of the tests happen.
func today() time.Time {
	zone, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		panic(err)
	}
	return time.Date(2026, 9, 28, 9, 0, 0, 0, zone)
}

// world is a bot in a sandbox, with stores and a project of its own, and a script of what happened.
type world struct {
	t      testing.TB
	bot    *Bot
	store  *storage.Store
	redis  *storage.Redis
	cache  string // the address of Redis
	box    *sandbox.Sandbox
	print  *locales.Printer
	me     int64 // who acts
	script strings.Builder
	events map[int64]<-chan sandbox.Event
	log    *bytes.Buffer

	dispatcher *Dispatcher
	tokens     []string // left out of the script: they are random
}

// The people of the tests, by their Telegram ids.
const (
	resident = 1001
	clerk    = 2001
	boss     = 3001
	stranger = 9001
)

// newWorld starts a bot that polls, for the project of the tests; everybody's Telegram is in the language.
func newWorld(t testing.TB, lang survey.Lang) *world {
	t.Helper()
	return startWorld(t, lang, (*world).poll)
}

// startWorld is newWorld with another way of getting updates.
func startWorld(t testing.TB, lang survey.Lang, receive func(w *world, api string, log *slog.Logger)) *world {
	t.Helper()
	databaseURL, redisURL := servers.New(t)
	secret := bytes.Repeat([]byte("secret--"), 4)
	w := &world{t: t, cache: redisURL, events: map[int64]<-chan sandbox.Event{}, log: &bytes.Buffer{}}
	log := slog.New(slog.NewTextHandler(w.log, nil))
	var err error
	w.store, err = storage.Open(t.Context(), storage.Config{URL: databaseURL, Secret: secret, Zone: today().Location(), Log: log})
	w.must(err)
	t.Cleanup(w.store.Close)
	w.redis, err = storage.OpenRedis(redisURL, secret, log)
	w.must(err)
	t.Cleanup(func() { _ = w.redis.Close() })
	w.box = sandbox.New(sandbox.Config{Token: testToken, Username: "pingyi_bot"})
	server := httptest.NewServer(w.box.Handler())
	t.Cleanup(func() { w.box.Close(); server.Close() })
	client, err := NewClient(testToken, server.URL)
	w.must(err)
	words, err := locales.Load()
	w.must(err)
	w.print = words.Printer(lang)
	w.bot = New(Config{
		Client: client, Store: w.store, Sessions: w.redis.Sessions(), Limiter: w.redis.Limiter(), Locales: words, Log: log,
		Username: "pingyi_bot", Language: survey.ZhHans, Now: today,
	})
	w.dispatcher = NewDispatcher(DispatcherConfig{
		Handle: w.bot.Handle, Workers: 8, Backoff: 10 * time.Millisecond, Log: log, SetAside: w.bot.SetAside,
	})
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := errors.Join(w.dispatcher.Drain(ctx), w.bot.Drain(ctx)); err != nil {
			t.Error(err)
		}
	})
	receive(w, server.URL, log)
	w.people(lang)
	w.apply(testHouse(t))
	t.Cleanup(w.judge)
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// poll fetches the sandbox's updates as the program does.
func (w *world) poll(api string, log *slog.Logger) {
	poller := NewPoller(PollerConfig{Token: testToken, API: api, Queue: w.dispatcher.Queue, Log: log})
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = poller.Run(ctx) }()
	w.t.Cleanup(func() { stop(); <-done })
}

// webhook has the sandbox send its updates.
func (w *world) webhook(_ string, log *slog.Logger) {
	const secret = "hook-secret"
	socket, err := new(net.ListenConfig).Listen(w.t.Context(), "tcp", "127.0.0.1:0")
	w.must(err)
	server := &fasthttp.Server{Handler: NewWebhook(secret, w.dispatcher.Do, log).Serve}
	go func() { _ = server.Serve(socket) }()
	w.t.Cleanup(func() { _ = server.Shutdown() })
	_, err = w.bot.client.SetWebhook(w.t.Context(), &tg.SetWebhookParams{
		URL: "http://" + socket.Addr().String(), SecretToken: secret, AllowedUpdates: AllowedUpdates(),
	})
	w.must(err)
}

// people puts everybody into the sandbox.
func (w *world) people(lang survey.Lang) {
	code := map[survey.Lang]string{survey.ZhHans: "zh-hans", survey.ZhHant: "zh-TW", survey.En: "en"}[lang]
	for _, p := range []sandbox.Person{
		{ID: resident, First: "王芳"}, {ID: clerk, First: "李明", Phone: "+8613800138000"},
		{ID: boss, First: "周处"}, {ID: stranger, First: "陌生人", Phone: "+8613900139000"},
	} {
		p.Language = code
		w.must(w.box.AddPerson(p))
		events, err := w.box.Follow(w.t.Context(), p.ID)
		w.must(err)
		w.events[p.ID] = events
	}
}

// apply writes project files.
func (w *world) apply(house *storage.House) {
	w.t.Helper()
	err := w.store.Apply(w.t.Context(), today(), storage.Cause{},
		func(*storage.House) (*storage.House, any, error) { return house, nil, nil })
	w.must(err)
}

// judge fails the test where a request was refused for its form, a press was never answered, or
// something was logged as an error.
func (w *world) judge() {
	for _, v := range w.box.Violations() {
		w.t.Errorf("the Bot API refuses %s: %s", v.Method, v.Description)
	}
	for _, a := range w.box.Unanswered(0) {
		w.t.Errorf("press not answered: %+v", a)
	}
	if w.t.Failed() && w.log.Len() > 0 {
		w.t.Logf("log:\n%s", w.log)
	}
}

// settle waits until the bot has done what it was given and writes down what people saw.
func (w *world) settle() {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), 20*time.Second)
	defer cancel()
	w.must(w.box.Settle(ctx))
	w.must(w.dispatcher.Drain(ctx))
	w.must(w.bot.Drain(ctx)) // it draws on after an update is confirmed
	for {
		select {
		case e := <-w.events[w.me]:
			w.saw(e)
		default:
			return
		}
	}
}

// saw writes down one thing that a person saw of the bot.
func (w *world) saw(e sandbox.Event) {
	switch {
	case e.Kind == sandbox.EventAnswer && e.Answer.Text != "":
		fmt.Fprintf(&w.script, "! %s\n", e.Answer.Text)
	case e.Kind == sandbox.EventDelete:
		fmt.Fprintf(&w.script, "x #%d\n", e.Message.ID)
	case e.Message == nil || !e.Message.FromBot:
	case e.Kind == sandbox.EventMessage:
		w.shown("<", *e.Message)
	case e.Kind == sandbox.EventEdit:
		w.shown("~", *e.Message)
	}
}

func (w *world) shown(sign string, m sandbox.Message) {
	fmt.Fprintf(&w.script, "%s #%d\n", sign, m.ID)
	switch {
	case m.Photo != nil:
		fmt.Fprintf(&w.script, "    (photo %dx%d)\n", m.Photo.Width, m.Photo.Height)
	case m.Document != nil:
		fmt.Fprintf(&w.script, "    (file %s)\n", m.Document.Name)
	}
	for line := range strings.SplitSeq(m.Text, "\n") {
		fmt.Fprintf(&w.script, "    %s\n", line)
	}
	for _, row := range m.Labels() {
		fmt.Fprintf(&w.script, "    [%s]\n", strings.Join(row, "] ["))
	}
	if m.Keyboard != nil {
		for _, row := range m.Keyboard.Rows {
			for _, key := range row {
				fmt.Fprintf(&w.script, "    {%s}\n", key.Text)
			}
		}
		if m.Keyboard.Remove {
			fmt.Fprintf(&w.script, "    {}\n")
		}
	}
	w.script.WriteByte('\n')
}

func (w *world) say(format string, args ...any) { fmt.Fprintf(&w.script, "> "+format+"\n", args...) }

// as changes who acts.
func (w *world) as(person int64) { w.me = person }

func (w *world) start(payload string) {
	w.t.Helper()
	w.say("/start %s", payload)
	_, err := w.box.Start(w.me, payload)
	w.must(err)
	w.settle()
}

func (w *world) send(text string) {
	w.t.Helper()
	w.say("%s", text)
	_, err := w.box.Send(w.me, text)
	w.must(err)
	w.settle()
}

// tap presses the button with the label, marks aside, on the latest message that has it.
func (w *world) tap(label string) {
	w.t.Helper()
	w.say("[%s]", label)
	message, data := w.button(label)
	_, err := w.box.Press(w.me, message, data)
	w.must(err)
	w.settle()
}

// button finds a button by its label, exact but for the marks before it, else by the label's beginning.
func (w *world) button(label string) (message int, data string) {
	w.t.Helper()
	messages := w.box.Messages(w.me)
	for _, fits := range []func(string) bool{
		func(text string) bool { return text == label },
		func(text string) bool { return strings.HasPrefix(text, label) },
	} {
		for _, m := range slices.Backward(messages) {
			for _, row := range m.Inline {
				for _, b := range row {
					if fits(strings.TrimLeft(b.Text, "✓☐☑○❗✏️🆕✅✖⏸ ")) || fits(b.Text) {
						return m.ID, b.Data
					}
				}
			}
		}
	}
	w.t.Fatalf("no button %q\n%s", label, w.script.String())
	return 0, ""
}

// tapKey presses the button whose label is the locale text.
func (w *world) tapKey(key string) {
	w.t.Helper()
	w.tap(w.print.Say(key, nil))
}

// forge sends callback data that no button carries.
func (w *world) forge(message int, data string) {
	w.t.Helper()
	w.say("[forged]")
	_, err := w.box.ForgePress(w.me, message, data)
	w.must(err)
	w.settle()
}

// deliver sends what is due.
func (w *world) deliver() {
	w.t.Helper()
	ctx := w.t.Context()
	spans, err := w.store.Lease(ctx, today(), storage.Claim{Worker: "test", Most: 100, TTL: time.Minute})
	w.must(err)
	var picks []storage.Pick
	for _, s := range spans {
		picks = append(picks, s.Picks()...)
	}
	found, err := w.store.Outgoing(ctx, "test", picks)
	w.must(err)
	for _, d := range found {
		out, err := w.bot.Render(ctx, d)
		w.must(err)
		sent, err := w.bot.send(ctx, out)
		w.must(err)
		w.must(w.store.Sent(ctx, today(), storage.Went{ID: d.ID, MessageID: int64(sent)}))
	}
	w.settle()
}

// last is the latest message of the bot to whoever acts.
func (w *world) last() sandbox.Message {
	w.t.Helper()
	var found sandbox.Message
	for _, m := range w.box.Messages(w.me) {
		if m.FromBot {
			found = m
		}
	}
	if found.ID == 0 {
		w.t.Fatal("the bot has written nothing")
	}
	return found
}

// golden compares the script with the file, or writes it.
func (w *world) golden(name string) {
	w.t.Helper()
	file := filepath.Join("testdata", name+".golden")
	got := w.script.String()
	for _, token := range w.tokens {
		got = strings.ReplaceAll(got, token, "TOKEN")
	}
	if *update {
		w.must(os.WriteFile(file, []byte(got), 0o644))
		return
	}
	want, err := os.ReadFile(file)
	w.must(err)
	if diff := cmp.Diff(string(want), got); diff != "" {
		w.t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}

// enrol joins the resident by the public link.
func (w *world) enrol() {
	w.t.Helper()
	w.start("join")
	w.tapKey("people.agree")
	w.tap(map[survey.Lang]string{survey.ZhHans: "城北", survey.ZhHant: "城北", survey.En: "North"}[w.print.Lang()])
	w.tap("35")
	w.deliver()
}
