package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"
)

// connections is how many calls at once a webhook is given, as Telegram would be told.
const connections = 80

// contender is somebody who takes updates by webhook.
type contender struct {
	name  string
	start func(ctx context.Context, listen string) (*process, error)
}

func (b *bench) contenders() ([]contender, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	rival := func(name string) func(ctx context.Context, listen string) (*process, error) {
		return func(ctx context.Context, listen string) (*process, error) {
			env := []string{rivalListen + "=" + listen, rivalDatabase + "=" + b.postgres.URL("postgres"), rivalAPI + "=" + b.telegram.url}
			return start(ctx, "http://"+listen, env, self, "-rival", name)
		}
	}
	return []contender{
		{"pingyi", func(ctx context.Context, listen string) (*process, error) {
			env := b.env("PINGYI_LISTEN="+listen, "PINGYI_PUBLIC_URL=http://"+listen, "PINGYI_WEBHOOK_SECRET="+hookSecret)
			return start(ctx, "http://"+listen, env, b.program, "serve")
		}},
		{"by hand", rival("by-hand")},
		{"library", rival("library")},
	}, nil
}

// updates measures a press from the webhook to the redrawn message.
func (b *bench) updates(ctx context.Context, length time.Duration) error {
	all, err := b.contenders()
	if err != nil {
		return err
	}
	for _, delay := range []time.Duration{0, 50 * time.Millisecond} {
		b.telegram.delay.Store(int64(delay))
		rows := [][]any{{"", "updates/s", "pingyi is", "200 p50", "200 p99", "half load p99", "CPU ms/update", "MB"}}
		var ours float64
		for _, c := range all {
			r, err := b.contest(ctx, c, length)
			if err != nil {
				return fmt.Errorf("%s: %w", c.name, err)
			}
			if ours == 0 {
				ours = r.rate
			}
			rows = append(rows, []any{c.name, int(r.rate), fmt.Sprintf("%.1f×", ours/r.rate), percentile(r.latencies, 50),
				percentile(r.latencies, 99), percentile(r.half, 99), fmt.Sprintf("%.2f", r.cpu), r.memory})
		}
		if err := table(fmt.Sprintf("Press by webhook → saved → answered and redrawn, a Bot API that takes %v", delay), rows...); err != nil {
			return err
		}
	}
	b.telegram.delay.Store(0)
	return nil
}

type contestResult struct {
	rate            float64 // updates done to the end, per second
	latencies, half []time.Duration
	cpu             float64 // milliseconds per update
	memory          int     // MB
}

func (b *bench) contest(ctx context.Context, c contender, length time.Duration) (contestResult, error) {
	listen, err := freeAddress(ctx)
	if err != nil {
		return contestResult{}, err
	}
	p, err := c.start(ctx, listen)
	if err != nil {
		return contestResult{}, err
	}
	defer p.stop()
	if _, _, err := b.load(ctx, p, time.Second, 0); err != nil { // warm
		return contestResult{}, err
	}
	used := p.cpu()
	rate, latencies, err := b.load(ctx, p, length, 0)
	if err != nil {
		return contestResult{}, err
	}
	r := contestResult{rate: rate, latencies: latencies, memory: p.memory()}
	r.cpu = float64((p.cpu() - used).Milliseconds()) / float64(len(latencies))
	_, r.half, err = b.load(ctx, p, length, rate/2)
	return r, err
}

// load presses for a while, as fast as it goes or at a rate; whoever has pressed presses again once the
// message is redrawn. It returns how many presses a second came to their end, and how long each took
// until 200, sorted.
func (b *bench) load(ctx context.Context, p *process, length time.Duration, rate float64) (float64, []time.Duration, error) {
	client := newPresser(p)
	defer client.CloseIdleConnections()
	ready := make(chan int, len(b.forms)) // who may press
	who := make(map[int64]int, len(b.forms))
	for i, f := range b.forms {
		who[f.Telegram] = i
		ready <- i
	}
	drawn := func(chat int64) { ready <- who[chat] }
	b.telegram.drawn.Store(&drawn)
	defer b.telegram.drawn.Store(nil)
	began := time.Now()
	var mu sync.Mutex
	var latencies []time.Duration
	var failed error
	var turn atomic.Int64
	var all sync.WaitGroup
	for range connections {
		all.Go(func() {
			for i := 0; ctx.Err() == nil && time.Since(began) < length; i++ {
				person := <-ready
				at := time.Now()
				if rate > 0 {
					at = began.Add(time.Duration(float64(turn.Add(1)) / rate * float64(time.Second)))
					time.Sleep(time.Until(at))
				}
				err := press(client, b.forms[person], i)
				mu.Lock()
				latencies = append(latencies, time.Since(at))
				if err != nil {
					failed = err
				}
				mu.Unlock()
			}
		})
	}
	all.Wait()
	for range b.forms { // until everybody sees the last of what they pressed
		select {
		case <-ready:
		case <-time.After(time.Minute):
			return 0, nil, errors.New("a message was not redrawn")
		}
	}
	took := time.Since(began)
	slices.Sort(latencies)
	return float64(len(latencies)) / took.Seconds(), latencies, failed
}

var lastUpdate atomic.Int64

// newPresser returns a client for the presses on a process.
func newPresser(p *process) *fasthttp.HostClient {
	return &fasthttp.HostClient{Addr: strings.TrimPrefix(p.base, "http://"), ReadTimeout: time.Minute}
}

// press sends one update: the answer of a person to one of their questions.
func press(client *fasthttp.HostClient, f form, i int) error {
	id := 1_000_000 + lastUpdate.Add(1)
	data := fmt.Sprintf("a.%s.%s.%d.%d", strconv.FormatInt(f.Request, 36),
		strconv.FormatInt(f.Assignments[i%len(f.Assignments)], 36), 1+i/3%3, i%5)
	body := fmt.Sprintf(`{"update_id":%d,"callback_query":{"id":"%d","from":{"id":%d,"is_bot":false,"first_name":"P","language_code":"en"},`+
		`"message":{"message_id":5,"date":1,"chat":{"id":%d,"type":"private"},"text":"?"},"chat_instance":"1","data":"%s"}}`,
		id, id, f.Telegram, f.Telegram, data)
	req, resp := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
	defer func() { fasthttp.ReleaseRequest(req); fasthttp.ReleaseResponse(resp) }()
	req.Header.SetMethod(fasthttp.MethodPost)
	req.Header.SetContentType("application/json")
	req.Header.Set("X-Telegram-Bot-Api-Secret-Token", hookSecret)
	req.SetRequestURI("http://" + client.Addr + hookPath)
	req.SetBodyString(body)
	if err := client.Do(req, resp); err != nil {
		return err
	}
	if resp.StatusCode() != fasthttp.StatusOK {
		return fmt.Errorf("press answered with %d", resp.StatusCode())
	}
	return nil
}
