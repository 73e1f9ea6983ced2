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

// redisPatience bounds one operation: somebody waits behind every press.
const redisPatience = 150 * time.Millisecond

// redisRest is how long Redis is left alone after it did not answer, so that
// an outage costs one press its patience and not all of them.
const redisRest = time.Second

// errRedisAway says that Redis did not answer a moment ago.
var errRedisAway = errors.New("storage: Redis is away")

// Redis keeps what may be lost at any time: conversations and shared pacing.
// Nothing here waits for it longer than a moment, and nothing fails for good
// where it is away. It is safe for concurrent use.
type Redis struct {
	client   redis.UniversalClient
	sessions *Sessions
	limiter  *Limiter
	log      *slog.Logger
	restEnds atomic.Int64 // Unix nanoseconds; until then nothing is asked
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
		return nil, fmt.Errorf("storage: the Redis URL cannot be read: %w", err)
	}
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	r := &Redis{client: client, log: log}
	r.sessions = &Sessions{redis: r, keys: k}
	r.limiter = newLimiter(r)
	return r, nil
}

func dialRedis(rawURL string) (redis.UniversalClient, error) {
	u, err := url.Parse(rawURL)
	if err != nil {
		return nil, err
	}
	if u.Query().Has("addr") {
		o, err := redis.ParseClusterURL(rawURL)
		if err != nil {
			return nil, err
		}
		o.DialTimeout, o.ReadTimeout, o.WriteTimeout = redisPatience, redisPatience, redisPatience
		o.PoolTimeout, o.MaxRetries, o.ContextTimeoutEnabled = redisPatience, 1, true
		return redis.NewClusterClient(o), nil
	}
	o, err := redis.ParseURL(rawURL)
	if err != nil {
		return nil, err
	}
	o.DialTimeout, o.ReadTimeout, o.WriteTimeout = redisPatience, redisPatience, redisPatience
	o.PoolTimeout, o.MaxRetries, o.ContextTimeoutEnabled = redisPatience, 1, true
	return redis.NewClient(o), nil
}

// Sessions returns the conversations.
func (r *Redis) Sessions() *Sessions { return r.sessions }

// Limiter returns the shared pacing.
func (r *Redis) Limiter() *Limiter { return r.limiter }

// Ping says whether Redis answers now.
func (r *Redis) Ping(ctx context.Context) error {
	if err := r.client.Ping(ctx).Err(); err != nil {
		return fmt.Errorf("storage: Redis does not answer: %w", err)
	}
	return nil
}

// Close ends the connections.
func (r *Redis) Close() error { return r.client.Close() }

// ask runs one operation within our patience. After one that failed Redis is
// left alone for a while: errRedisAway at once.
func (r *Redis) ask(ctx context.Context, do func(ctx context.Context) error) error {
	now := time.Now()
	if now.UnixNano() < r.restEnds.Load() {
		return errRedisAway
	}
	inner, cancel := context.WithTimeout(ctx, redisPatience)
	defer cancel()
	err := do(inner)
	if err == nil || errors.Is(err, redis.Nil) || ctx.Err() != nil {
		return err
	}
	if r.restEnds.Swap(now.Add(redisRest).UnixNano()) < now.Add(-redisRest).UnixNano() {
		r.log.WarnContext(ctx, "Redis does not answer; going on without it", "error", err)
	}
	return fmt.Errorf("%w: %w", errRedisAway, err)
}
