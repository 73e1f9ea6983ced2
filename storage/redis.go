package storage

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

// How long one operation is waited for.
const (
	pressPatience = 150 * time.Millisecond // somebody waits behind every press
	pacePatience  = time.Second            // nobody waits behind what is paced
)

// redisRest is how long Redis is left alone after it did not answer, so that
// an outage costs one press its patience and not all of them.
const redisRest = time.Second

// ErrRedisURL says that an address of Redis cannot be read.
var ErrRedisURL = errors.New("storage: the Redis URL cannot be read")

// errRedisAway says that Redis did not answer a moment ago.
var errRedisAway = errors.New("storage: Redis is away")

// Redis keeps what may be lost at any time: conversations and shared pacing.
// Nothing here waits for it longer than a moment, and nothing fails for good
// where it is away. It is safe for concurrent use.
type Redis struct {
	client   redis.UniversalClient
	sessions *Sessions
	limiter  *Limiter
}

// OpenRedis prepares connections; Redis need not be there yet. A URL that
// lists further addresses (…?addr=host:port) is a Redis Cluster. Sessions are
// sealed by a key of the secret. A nil log is silence.
func OpenRedis(rawURL string, secret []byte, log *slog.Logger) (*Redis, error) {
	k, err := deriveSessionKeys(secret)
	if err != nil {
		return nil, err
	}
	client, err := dialRedis(rawURL)
	if err != nil {
		return nil, err
	}
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	presses := &patience{limit: pressPatience, log: log}
	sessions := &Sessions{client: client, presses: presses, keys: k, listed: map[string]int64{}}
	sessions.puts = newPutQueue(sessions.put)
	return &Redis{
		client:   client,
		sessions: sessions,
		limiter:  newLimiter(client, presses, &patience{limit: pacePatience, log: log}),
	}, nil
}

func dialRedis(rawURL string) (redis.UniversalClient, error) {
	u, err := url.Parse(rawURL)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRedisURL, err)
	}
	if u.Query().Has("addr") {
		o, err := redis.ParseClusterURL(rawURL)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrRedisURL, err)
		}
		o.DialTimeout, o.ReadTimeout, o.WriteTimeout = pacePatience, pacePatience, pacePatience
		o.PoolTimeout, o.MaxRetries, o.DialerRetries, o.ContextTimeoutEnabled = pacePatience, 1, 1, true
		return redis.NewClusterClient(o), nil
	}
	o, err := redis.ParseURL(rawURL)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRedisURL, err)
	}
	o.DialTimeout, o.ReadTimeout, o.WriteTimeout = pacePatience, pacePatience, pacePatience
	o.PoolTimeout, o.MaxRetries, o.DialerRetries, o.ContextTimeoutEnabled = pacePatience, 1, 1, true
	return redis.NewClient(o), nil
}

// Sessions returns the conversations.
func (r *Redis) Sessions() *Sessions { return r.sessions }

// Limiter returns the shared pacing.
func (r *Redis) Limiter() *Limiter { return r.limiter }

// Ping says whether Redis answers now; of a cluster, whether all of it does.
func (r *Redis) Ping(ctx context.Context) error { return ping(ctx, r.client) }

func ping(ctx context.Context, client redis.UniversalClient) error {
	err := client.Ping(ctx).Err()
	if cluster, ok := client.(*redis.ClusterClient); ok {
		err = cluster.ForEachMaster(ctx, func(ctx context.Context, node *redis.Client) error { return node.Ping(ctx).Err() })
	}
	if err != nil {
		return fmt.Errorf("storage: Redis does not answer: %w", err)
	}
	return nil
}

// DiagnoseRedis looks whether the Redis at url answers: ErrRedisURL where that
// is no address of one.
func DiagnoseRedis(ctx context.Context, url string) error {
	client, err := dialRedis(url)
	if err != nil {
		return err
	}
	defer func() { _ = client.Close() }()
	return ping(ctx, client)
}

// Close ends the connections, once what is on its way has gone out.
func (r *Redis) Close() error {
	r.sessions.puts.flush()
	r.limiter.close()
	return r.client.Close()
}

// patience bounds operations, and leaves Redis alone after one that failed.
type patience struct {
	limit time.Duration
	log   *slog.Logger
	ends  atomic.Int64 // Unix nanoseconds; until then nothing is asked
}

// ask runs one operation within the limit. After one that failed all fail at
// once for a while, with errRedisAway.
func (p *patience) ask(ctx context.Context, do func(ctx context.Context) error) error {
	now := time.Now()
	if now.UnixNano() < p.ends.Load() {
		return errRedisAway
	}
	inner, cancel := context.WithTimeout(ctx, p.limit)
	defer cancel()
	err := do(inner)
	if err == nil || errors.Is(err, redis.Nil) || ctx.Err() != nil {
		return err
	}
	if last := p.ends.Swap(now.Add(p.limit + redisRest).UnixNano()); last == 0 || now.UnixNano()-last > int64(time.Minute) {
		p.log.WarnContext(ctx, "Redis does not answer; going on without it", "error", err)
	}
	return fmt.Errorf("%w: %w", errRedisAway, err)
}
