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
const connections = 100

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
		results, err := b.contest(ctx, all, length)
		if err != nil {
			return err
		}
		rows := [][]any{{"", "updates/s", "pingyi is", "200 p50", "200 p99", "half load p99", "CPU ms/update", "MB"}}
		for i, r := range results {
			rows = append(rows, []any{all[i].name, int(r.rate()), fmt.Sprintf("%.1f×", results[0].rate()/r.rate()), percentile(r.latencies, 50),
				percentile(r.latencies, 99), percentile(r.half, 99), fmt.Sprintf("%.2f", r.cpu.Seconds()*1e3/float64(len(r.latencies))), r.memory})
		}
		if err := table(fmt.Sprintf("Press by webhook → saved → answered and redrawn, a Bot API that takes %v", delay), rows...); err != nil {
			return err
		}
	}
	b.telegram.delay.Store(0)
	return nil
}

// turn is how long a contender is pressed before it is the next one's turn: what else the machine does
// meets them alike.
const turn = time.Second

type contestResult struct {
	latencies, half []time.Duration // until 200, sorted
	took            time.Duration   // until the last message was redrawn
	cpu             time.Duration
	memory          int // MB
}

// rate is how many updates were done to the end, per second.
func (r *contestResult) rate() float64 { return float64(len(r.latencies)) / r.took.Seconds() }

// contest presses the contenders in turns.
func (b *bench) contest(ctx context.Context, all []contender, length time.Duration) ([]contestResult, error) {
	processes, results := make([]*process, len(all)), make([]contestResult, len(all))
	pressers := make([]*fasthttp.HostClient, len(all))
	for i, c := range all {
		listen, err := freeAddress(ctx)
		if err == nil {
			processes[i], err = c.start(ctx, listen)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", c.name, err)
		}
		defer processes[i].stop()
		pressers[i] = newPresser(processes[i])
		defer pressers[i].CloseIdleConnections()
		if _, _, err := b.load(ctx, pressers[i], turn, 0); err != nil { // warm
			return nil, fmt.Errorf("%s: %w", c.name, err)
		}
	}
	for range max(1, length/turn) {
		for i, p := range processes {
			r, used := &results[i], p.cpu()
			took, latencies, err := b.load(ctx, pressers[i], turn, 0)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", all[i].name, err)
			}
			r.took, r.latencies, r.cpu = r.took+took, append(r.latencies, latencies...), r.cpu+p.cpu()-used
		}
	}
	for i, p := range processes {
		r := &results[i]
		slices.Sort(r.latencies)
		r.memory = p.memory()
		_, half, err := b.load(ctx, pressers[i], length, r.rate()/2)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", all[i].name, err)
		}
		slices.Sort(half)
		r.half = half
	}
	return results, nil
}

// load presses for a while, as fast as it goes or at a rate; whoever has pressed presses again once the
// message is redrawn. It returns when the last one was, and how long each press took until 200; a message
// that is not redrawn within a minute is an error.
func (b *bench) load(ctx context.Context, client *fasthttp.HostClient, length time.Duration, rate float64) (time.Duration, []time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, length+time.Minute)
	defer cancel()
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
	var pressed atomic.Int64
	var all sync.WaitGroup
	for range connections {
		all.Go(func() {
			for i := 0; time.Since(began) < length; i++ {
				var person int
				select {
				case person = <-ready:
				case <-ctx.Done():
					return
				}
				at := time.Now()
				if rate > 0 {
					at = began.Add(time.Duration(float64(pressed.Add(1)) / rate * float64(time.Second)))
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
		case <-ctx.Done():
			return 0, nil, errors.Join(failed, fmt.Errorf("waiting for a message to be redrawn: %w", ctx.Err()))
		}
	}
	return time.Since(began), latencies, failed
}

var lastUpdate atomic.Int64

// newPresser returns a client for the presses on a process.
func newPresser(p *process) *fasthttp.HostClient {
	return &fasthttp.HostClient{Addr: strings.TrimPrefix(p.base, "http://"), ReadTimeout: time.Minute, DisablePathNormalizing: true}
}

// press sends one update: the answer of a person to one of their questions.
func press(client *fasthttp.HostClient, f form, i int) error {
	req, resp := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
	defer func() { fasthttp.ReleaseRequest(req); fasthttp.ReleaseResponse(resp) }()
	req.Header.SetMethod(fasthttp.MethodPost)
	req.Header.SetContentType("application/json")
	req.Header.Set("X-Telegram-Bot-Api-Secret-Token", hookSecret)
	req.SetRequestURI("http://" + client.Addr + hookPath)
	req.SwapBody(f.update(req.SwapBody(nil)[:0], i))
	if err := client.Do(req, resp); err != nil {
		return err
	}
	if resp.StatusCode() != fasthttp.StatusOK {
		return fmt.Errorf("press answered with %d", resp.StatusCode())
	}
	return nil
}

// update appends the i-th press of a person as it comes from Telegram.
func (f form) update(b []byte, i int) []byte {
	id := 1_000_000 + lastUpdate.Add(1)
	who := func() {
		b = append(b, `"id":`...)
		b = strconv.AppendInt(b, f.Telegram, 10)
		b = append(b, `,"first_name":"P","last_name":"Resser","username":"presser",`...)
	}
	b = append(b, `{"update_id":`...)
	b = strconv.AppendInt(b, id, 10)
	b = append(b, `,"callback_query":{"id":"`...)
	b = strconv.AppendInt(b, id, 10)
	b = append(b, `","from":{`...)
	who()
	b = append(b, `"is_bot":false,"language_code":"en"},"message":{"chat":{`...)
	who()
	b = append(b, `"type":"private"},`+questionShown+`},"chat_instance":"-8273645182736451827","data":"a.`...)
	b = strconv.AppendInt(b, f.Request, 36)
	b = append(b, '.')
	b = strconv.AppendInt(b, f.Assignments[i%len(f.Assignments)], 36)
	b = append(b, '.')
	b = strconv.AppendInt(b, int64(1+i/3%3), 36)
	b = append(b, '.')
	b = strconv.AppendInt(b, int64(i%5), 36)
	return append(b, `"}}`...)
}
