package storage

import (
	"bytes"
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

func openRedis(t testing.TB, url string) *Redis {
	t.Helper()
	r, err := OpenRedis(url, testSecret, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return r
}

func newRedis(t testing.TB) *Redis {
	t.Helper()
	_, url := servers.New(t)
	return openRedis(t, url)
}

// silentRedis takes connections and never answers.
func silentRedis(t testing.TB) *Redis {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return openRedis(t, "redis://"+l.Addr().String())
}

func TestSessions(t *testing.T) {
	t.Parallel()
	database, url := servers.New(t)
	store, r := openStore(t, database), openRedis(t, url)
	exec(t, store, `INSERT INTO round (code, title, spec, state, seed) VALUES ('r', '{}', '', 'open', '')`)
	round := scalar[int64](t, store, `SELECT id FROM round`)
	s := r.Sessions()
	ctx := t.Context()
	get := func(user int64) string {
		t.Helper()
		raw, ok, err := s.Get(ctx, user)
		if err != nil || ok != (raw != nil) {
			t.Fatalf("session of %d: %q, %v, %v", user, raw, ok, err)
		}
		return string(raw)
	}
	same(t, "nothing yet", "", get(1))
	for user := range int64(5) {
		s.Put(user, user%2*round, []byte(strings.Repeat("半句话", int(user)+1)))
	}
	same(t, "a session", "半句话半句话", get(1))
	s.Put(1, round, []byte("其他"))
	same(t, "a replaced session on its way", "其他", get(1))
	s.puts.flush()
	same(t, "a replaced session", "其他", get(1))

	keys, err := r.client.Keys(ctx, "*").Result()
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range keys {
		if key == roundsName {
			continue // names rounds only, and goes with the last
		}
		ttl, err := r.client.TTL(ctx, key).Result()
		if err != nil || ttl <= 0 || ttl > listLife {
			t.Errorf("%s stays for %v, %v", key, ttl, err)
		}
		if raw, err := r.client.Get(ctx, key).Bytes(); err == nil && bytes.Contains(raw, []byte("话")) {
			t.Errorf("%s is not sealed", key)
		}
	}
	for _, state := range []string{"open", "paused", "closed"} {
		same(t, "a session before the round is over", "其他", get(1))
		exec(t, store, `UPDATE round SET state = $1`, state)
		if _, err := s.DropEnded(ctx, store); err != nil {
			t.Fatal(err)
		}
	}
	same(t, "of the round that closed", "", get(1)+get(3))
	same(t, "of no round", strings.Repeat("半句话", 3), get(2))
	if err := s.Delete(ctx, 2); err != nil {
		t.Fatal(err)
	}
	same(t, "deleted", "", get(2))
	if left, err := r.client.Keys(ctx, "*").Result(); err != nil || len(left) != 2 { // users 0 and 4
		t.Errorf("left: %v, %v", left, err)
	}
	if err := r.client.FlushDB(ctx).Err(); err != nil {
		t.Fatal(err)
	}
	same(t, "after a flush", "", get(4))
}

func TestManySessionsOfARoundAreDropped(t *testing.T) {
	t.Parallel()
	database, url := servers.New(t)
	store, r := openStore(t, database), openRedis(t, url)
	ctx := t.Context()
	const n = 2*dropBatch + 7
	for user := range int64(n) {
		r.Sessions().Put(user, 3, []byte("x"))
	}
	ended, err := r.Sessions().DropEnded(ctx, store)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "rounds", []int64{3}, ended) // one that does not exist is over too
	if left, err := r.client.DBSize(ctx).Result(); err != nil || left != 0 {
		t.Errorf("%d keys left, %v", left, err)
	}
}

func TestSessionsOpenForTheirOwnerOnly(t *testing.T) {
	t.Parallel()
	_, url := servers.New(t)
	r := openRedis(t, url)
	ctx := t.Context()
	r.Sessions().Put(1, 0, []byte("mine"))
	r.Sessions().puts.flush()
	other, err := OpenRedis(url, bytes.Repeat([]byte("other---"), 4), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = other.Close() })
	if _, ok, err := other.Sessions().Get(ctx, 1); ok || err != nil {
		t.Errorf("another secret reads it: %v, %v", ok, err)
	}
	moved, err := r.client.Get(ctx, r.sessions.name(1)).Bytes()
	if err != nil {
		t.Fatal(err)
	}
	for _, raw := range [][]byte{moved, moved[:5], {}, []byte("garbage that was never sealed by anybody")} {
		if err := r.client.Set(ctx, r.sessions.name(2), raw, time.Minute).Err(); err != nil {
			t.Fatal(err)
		}
		if _, ok, err := r.Sessions().Get(ctx, 2); ok || err != nil {
			t.Errorf("a session moved or made up opens: %v, %v", ok, err)
		}
	}
}

func TestRedisAwayHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	tests := map[string]func() *Redis{
		"refusing": func() *Redis { return openRedis(t, "redis://127.0.0.1:1") },
		"silent":   func() *Redis { return silentRedis(t) },
	}
	for name, open := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			least := time.Hour // of a few presses: the machine may be busy with other tests
			for range 5 {
				least = min(least, pressWithout(t, open()))
			}
			if least > 300*time.Millisecond {
				t.Errorf("a press waits %v", least)
			}
		})
	}
}

// pressWithout does what a press asks of Redis, which is away, and returns how
// long that took.
func pressWithout(t *testing.T, r *Redis) time.Duration {
	began := time.Now()
	_, _, err := r.Sessions().Get(t.Context(), 1)
	want(t, "reading", err, errRedisAway)
	r.Sessions().Put(1, 2, []byte("x"))
	want(t, "deleting", r.Sessions().Delete(t.Context(), 1), errRedisAway)
	r.Limiter().Penalty(t.Context(), "all")
	took := time.Since(began)
	if err := r.Ping(t.Context()); err == nil {
		t.Error("it answers a ping")
	}
	return took
}

// A caller who gives up says nothing about Redis.
func TestCancelledCallsDoNotSendRedisAway(t *testing.T) {
	t.Parallel()
	r := newRedis(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := r.Sessions().Get(ctx, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	r.Sessions().Put(1, 0, []byte("x"))
	r.Sessions().puts.flush()
	if _, ok, err := r.Sessions().Get(t.Context(), 1); !ok || err != nil {
		t.Errorf("kept afterwards: %v, %v", ok, err)
	}
}

func TestRedisURLs(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"", "http://localhost", "redis://localhost:6379/x", "::"} {
		if _, err := OpenRedis(url, testSecret, nil); err == nil {
			t.Errorf("%q is taken for a Redis URL", url)
		}
	}
	if _, err := OpenRedis("redis://localhost", []byte("short"), nil); err == nil {
		t.Error("a short secret was accepted")
	}
	r := openRedis(t, "redis://127.0.0.1:1?addr=127.0.0.1:2")
	if _, ok := r.client.(*redis.ClusterClient); !ok {
		t.Errorf("several addresses give a %T", r.client)
	}
}

// The keys of one script lie in one slot of a cluster.
func TestPaceKeysShareASlot(t *testing.T) {
	t.Parallel()
	tag := func(key string) string {
		_, rest, _ := strings.Cut(key, "{")
		tag, _, _ := strings.Cut(rest, "}")
		return tag
	}
	for _, key := range []string{"all", "chat:5"} {
		if a, b := tag(slotName(key)), tag(penaltyName(key)); a != key || a != b {
			t.Errorf("hash tags %q and %q, want %q", a, b, key)
		}
	}
}

// sends lets senders reserve and send for a while, and returns when their turns
// were: what the machine adds by waking them late is not the limiter's.
func sends(ctx context.Context, limiters []*Limiter, workers int, rate float64, during func(at time.Duration)) []time.Duration {
	began := time.Now()
	var mu sync.Mutex
	var at []time.Duration
	var all sync.WaitGroup
	for _, l := range limiters {
		for range workers {
			all.Go(func() {
				for ctx.Err() == nil {
					wait := reserve(ctx, l, "all", rate)
					turn := time.Since(began) + wait
					if !sleep(ctx, wait) {
						return
					}
					mu.Lock()
					at = append(at, turn)
					mu.Unlock()
					during(turn)
				}
			})
		}
	}
	all.Wait()
	slices.Sort(at)
	return at
}

// busiest returns the most sends in any window of one second.
func busiest(at []time.Duration) int {
	most, from := 0, 0
	for to := range at {
		for at[to]-at[from] >= time.Second {
			from++
		}
		most = max(most, to-from+1)
	}
	return most
}

func fourLimiters(t testing.TB) []*Limiter {
	_, url := servers.New(t)
	var limiters []*Limiter
	for range 4 { // each with connections and a memory of its own, as replicas have
		limiters = append(limiters, openRedis(t, url).Limiter())
	}
	return limiters
}

func TestPacingOverReplicas(t *testing.T) {
	t.Parallel()
	const rate, seconds = 50, 6
	limiters := fourLimiters(t)
	ctx, cancel := context.WithTimeout(t.Context(), seconds*time.Second)
	defer cancel()
	at := sends(ctx, limiters, 8, rate, func(time.Duration) {})
	if most := busiest(at); most > rate {
		t.Errorf("%d sends within one second, the rate is %d", most, rate)
	}
	// How near the rate it comes is for cmd/measure to say: here only that nobody starves.
	if used := float64(len(at)) / (rate * seconds); used < 0.7 {
		t.Errorf("%.1f %% of the rate is used", 100*used)
	}
}

// Redis forgets everything in the middle; what the processes remember keeps the
// pace nearly even, and a penalty in force.
func TestPacingSurvivesAFlush(t *testing.T) {
	t.Parallel()
	const rate = 50
	limiters := fourLimiters(t)
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second)
	defer cancel()
	var once sync.Once
	at := sends(ctx, limiters, 2, rate, func(at time.Duration) {
		if at > 2*time.Second {
			once.Do(func() { limiters[0].client.FlushDB(ctx) })
		}
	})
	if most := busiest(at); most > rate+8 { // those that were waiting may find company
		t.Errorf("%d sends within one second, the rate is %d", most, rate)
	}
	limiters[0].Penalise(t.Context(), "all", 20*time.Second)
	if err := limiters[0].client.FlushDB(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	if wait := reserve(t.Context(), limiters[0], "all", rate); wait < 15*time.Second {
		t.Errorf("after a flush the penalty is forgotten: %v", wait)
	}
}

func TestPenalty(t *testing.T) {
	t.Parallel()
	ls := fourLimiters(t)
	ctx := t.Context()
	ls[0].Penalise(ctx, "all", 5*time.Second)
	ls[1].Penalise(ctx, "all", time.Second) // a shorter one changes nothing
	if left := ls[2].Penalty(ctx, "all"); left < 4*time.Second || left > 5*time.Second {
		t.Errorf("others see a penalty of %v", left)
	}
	if wait := reserve(ctx, ls[3], "all", 10); wait < 4*time.Second {
		t.Errorf("a slot during the penalty: %v", wait)
	}
	keys := []string{"chat:1", "chat:2", "chat:1"}
	for _, waits := range [][]time.Duration{ls[2].ReserveEach(ctx, keys, 1), ls[3].ReserveEach(ctx, keys[:1], 1)} {
		for i, wait := range waits {
			if again := i == 2 || len(waits) == 1; again == (wait == 0) {
				t.Errorf("slot %d of %d chats: %v", i, len(waits), wait)
			}
		}
	}
	if wait := reserve(ctx, ls[2], "chat:5", 1); wait != 0 {
		t.Errorf("another pace waits %v", wait)
	}
	ls[0].Penalise(ctx, "chat:7", 3*time.Hour)
	if wait := reserve(ctx, ls[1], "chat:7", 1); wait < 2*time.Hour {
		t.Errorf("a long penalty: %v", wait)
	}
	if n := ls[1].client.Exists(ctx, slotName("chat:7")).Val(); n != 0 {
		t.Error("a wait that is too long took a slot")
	}
	if wait := reserve(ctx, ls[0], "never", 0); wait <= MaxPace {
		t.Errorf("a rate of nothing waits %v", wait)
	}
}

// Without Redis there are slots only for who sends alone.
func TestPacingWithoutRedis(t *testing.T) {
	t.Parallel()
	const rate = 100
	l := openRedis(t, "redis://127.0.0.1:1").Limiter()
	if row := l.ReserveRow(t.Context(), "all", rate, 1); row != nil {
		t.Error("a slot, while others may still have Redis")
	}
	if l.Answers(t.Context(), "all") {
		t.Error("it is said to answer")
	}
	l.GoAlone(true)
	row := l.ReserveRow(t.Context(), "all", rate, rate)
	if len(row) != rate {
		t.Fatalf("alone: %d slots", len(row))
	}
	if took := row[rate-1].At.Sub(row[0].At); took < 1200*time.Millisecond || took > 1400*time.Millisecond {
		t.Errorf("alone: %d slots in %v", rate, took)
	}
	if next := l.ReserveRow(t.Context(), "all", rate, 1); len(next) != 1 || !next[0].At.After(row[rate-1].At) {
		t.Errorf("the slot after %v is %v", row[rate-1].At, next)
	}
	if waits := l.ReserveEach(t.Context(), []string{"chat:1", "chat:2", "chat:1"}, 1); waits[0] != 0 || waits[1] != 0 || waits[2] <= 0 {
		t.Errorf("chats wait %v", waits)
	}
	l.Penalise(t.Context(), "all", time.Minute)
	if row := l.ReserveRow(t.Context(), "all", rate, 1); row != nil {
		t.Errorf("penalised: %v", row)
	}
	if left := l.Penalty(t.Context(), "all"); left < 50*time.Second {
		t.Errorf("penalty: %v", left)
	}
	l.GoAlone(false)
	if row := l.ReserveRow(t.Context(), "other", rate, 1); row != nil {
		t.Error("a slot for who sends alone no more")
	}
}

func TestLimiterForgetsWhatIsPast(t *testing.T) {
	t.Parallel()
	l := newLimiter(nil, nil, nil)
	for chat := range int64(maxPaces + 10) {
		l.remember(string(rune(chat)), func(p *localPace) { p.next = time.Now().Add(-time.Second) })
	}
	if n := len(l.paces); n > maxPaces {
		t.Errorf("%d paces are remembered", n)
	}
}

// reserve takes one slot and returns the wait for it; what is sent there comes at once.
func reserve(ctx context.Context, l *Limiter, key string, rate float64) time.Duration {
	row := l.ReserveRow(ctx, key, rate, 1)
	if len(row) == 0 {
		return max(l.Penalty(ctx, key), MaxPace+time.Second)
	}
	l.Settle(row[0], row[0].At)
	l.tell(key)
	return max(0, time.Until(row[0].At))
}
