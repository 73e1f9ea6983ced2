package storage

import (
	"context"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"strconv"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"
)

// sessionLife is how long a conversation is kept that nobody goes on with. Its
// answers stand in Postgres; only the place in it is lost.
const sessionLife = 14 * 24 * time.Hour

// listLife is how long a round's list of sessions is kept that nobody is added
// to: longer than rounds are open, as nobody is added twice.
const listLife = 366 * 24 * time.Hour

// sessionKeys seal conversations and hide whose they are.
type sessionKeys struct {
	sealer cipher.AEAD
	names  *sync.Pool // of keyed hashes
}

func deriveSessionKeys(secret []byte) (sessionKeys, error) {
	if len(secret) < MinSecret {
		return sessionKeys{}, fmt.Errorf("storage: the secret has %d bytes, it needs at least %d", len(secret), MinSecret)
	}
	var k sessionKeys
	var errs [2]error
	k.sealer, errs[0] = deriveSealer(secret, "sessions")
	var key []byte
	key, errs[1] = derive(secret, "session names")
	k.names = &sync.Pool{New: func() any { return hmac.New(sha256.New, key) }}
	return k, errors.Join(errs[:]...)
}

// Sessions keep where people are in their conversations, in Redis: sealed, for
// two weeks, under names that do not tell whose they are, until their round
// is over (DropEnded). They can vanish at any time. An error means that Redis is away, and
// comes within 200 ms; go on as if there were none.
type Sessions struct {
	client  redis.UniversalClient
	presses *patience
	keys    sessionKeys
	puts    *putQueue
	listed  map[string]int64 // by name, the round known to list a session; put's alone
}

// roundSize is the size of what stands before a sealed session: the id of its round.
const roundSize = 8

// name is the key of an account's session.
func (s *Sessions) name(user int64) string {
	mac := s.keys.names.Get().(hash.Hash) //nolint:forcetypeassert // nothing else is put there
	defer s.keys.names.Put(mac)
	mac.Reset()
	mac.Write(binary.BigEndian.AppendUint64(nil, uint64(user)))
	return "pingyi:session:{" + base64.RawURLEncoding.EncodeToString(mac.Sum(nil)[:16]) + "}"
}

// roundsName is the key of the set of all rounds that have sessions.
const roundsName = "pingyi:sessions"

// roundName is the key of the set of all sessions of a round.
func roundName(round int64) string { return "pingyi:sessions:{" + strconv.FormatInt(round, 10) + "}" }

// Get returns what was put for an account (a Telegram id), false where there is
// nothing, or what there is was not sealed by us.
func (s *Sessions) Get(ctx context.Context, user int64) ([]byte, bool, error) {
	name := s.name(user)
	if sealed, ok := s.puts.get(name); ok {
		plain, err := unseal(s.keys.sealer, sealed, name)
		return plain, err == nil, nil
	}
	var value []byte
	err := s.presses.ask(ctx, func(ctx context.Context) (err error) {
		value, err = s.client.Get(ctx, name).Bytes()
		return err
	})
	if errors.Is(err, redis.Nil) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("storage: reading a session: %w", err)
	}
	if len(value) < roundSize {
		return nil, false, nil
	}
	plain, err := unseal(s.keys.sealer, value[roundSize:], name)
	return plain, err == nil, nil
}

// Put replaces an account's session. It belongs to a round (0: to none), and
// goes with it. Nobody waits: whatever is put together goes to Redis together,
// and what Get returns here is the latest that was put. Where Redis is away it
// is lost.
func (s *Sessions) Put(user, round int64, session []byte) {
	name := s.name(user)
	s.puts.add(sessionPut{name: name, round: round, sealed: seal(s.keys.sealer, session, name)})
}

// Delete removes an account's session.
func (s *Sessions) Delete(ctx context.Context, user int64) error {
	s.puts.drop(s.name(user))
	err := s.presses.ask(ctx, func(ctx context.Context) error {
		return s.client.Unlink(ctx, s.name(user)).Err()
	})
	if err != nil {
		return fmt.Errorf("storage: deleting a session: %w", err)
	}
	return nil
}

// dropBatch is how many sessions are deleted in one go.
const dropBatch = 500

const sqlEnded = `
	SELECT id FROM unnest(@rounds::bigint[]) AS x (id)
	WHERE NOT EXISTS (SELECT FROM round WHERE round.id = x.id AND state IN ('open', 'paused'))`

// DropEnded deletes the sessions of all rounds that are over, and returns the
// rounds. Call it when the clock is woken and now and then: it is cheap, not in
// anybody's way, and goes on where an earlier call failed.
func (s *Sessions) DropEnded(ctx context.Context, store *Store) ([]int64, error) {
	s.puts.flush()
	var rounds []int64
	if err := s.client.SMembers(ctx, roundsName).ScanSlice(&rounds); err != nil {
		return nil, fmt.Errorf("storage: reading which rounds have sessions: %w", err)
	}
	if len(rounds) == 0 {
		return nil, nil
	}
	rows, _ := store.pool.Query(ctx, sqlEnded, pgx.NamedArgs{"rounds": rounds})
	ended, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil {
		return nil, fmt.Errorf("storage: looking for rounds that are over: %w", mapError(err))
	}
	for _, round := range ended {
		if err := s.dropRound(ctx, round); err != nil {
			return nil, fmt.Errorf("storage: deleting the sessions of round %d: %w", round, err)
		}
	}
	return ended, nil
}

// dropRound deletes all sessions of a round.
func (s *Sessions) dropRound(ctx context.Context, round int64) error {
	for {
		names, err := s.client.SRandMemberN(ctx, roundName(round), dropBatch).Result()
		if err != nil {
			return err
		}
		if len(names) == 0 {
			return s.client.SRem(ctx, roundsName, round).Err()
		}
		if err := s.drop(ctx, round, names); err != nil {
			return err
		}
	}
}

// drop deletes sessions, each by a command of its own (a cluster has them in
// different places), and only then takes them off the list.
func (s *Sessions) drop(ctx context.Context, round int64, names []string) error {
	_, err := s.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for _, name := range names {
			p.Unlink(ctx, name)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return s.client.SRem(ctx, roundName(round), names).Err()
}
