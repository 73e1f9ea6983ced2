package local

import (
	"context"
	"errors"
	"net/url"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

func TestRedisKeepsNothing(t *testing.T) {
	t.Parallel()
	r := startRedis(t, Options{})
	client := redisClient(t, r.DatabaseURL(redisDatabases-1))
	checkKill(t, r, client)
	for setting, want := range map[string]string{"save": "", "appendonly": "no", "bind": "127.0.0.1"} {
		got, err := client.ConfigGet(t.Context(), setting).Result()
		if err != nil || got[setting] != want {
			t.Errorf("%s = %q, %v, want %q", setting, got[setting], err, want)
		}
	}
}

func TestSubstituteForRedis(t *testing.T) {
	t.Parallel()
	r := startRedis(t, Options{Substitute: true, Search: []string{}, Offline: true, Cache: t.TempDir()})
	client := redisClient(t, r.DatabaseURL(7))
	checkKill(t, r, client)
	checkPassword(t, r)
	if err := client.Set(t.Context(), "short", "lived", 300*time.Millisecond).Err(); err != nil {
		t.Fatal(err)
	}
	if got := client.Get(t.Context(), "short").Val(); got != "lived" {
		t.Fatalf("before its time is over the key holds %q", got)
	}
	eventually(t, "the key expires", func() bool {
		return errors.Is(client.Get(t.Context(), "short").Err(), redis.Nil)
	})
	if err := r.Stop(); err != nil {
		t.Fatal(err)
	}
	if err := r.Start(t.Context()); err == nil {
		t.Error("Start after Stop succeeded")
	}
}

func TestRedisAsksForPassword(t *testing.T) {
	t.Parallel()
	checkPassword(t, startRedis(t, Options{}))
}

// checkKill kills the server and expects it back, empty, on the same port.
func checkKill(t *testing.T, r *Redis, client *redis.Client) {
	t.Helper()
	address := r.URL()
	if err := client.Set(t.Context(), "key", "value", 0).Err(); err != nil {
		t.Fatal(err)
	}
	if err := r.Kill(); err != nil {
		t.Fatal(err)
	}
	if listening(t, address) {
		t.Fatal("a killed server still listens")
	}
	if err := r.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if r.URL() != address {
		t.Fatalf("URL = %s, want the same as before, %s", r.URL(), address)
	}
	if err := client.Get(t.Context(), "key").Err(); !errors.Is(err, redis.Nil) {
		t.Fatalf("after a kill: %v, want the key gone", err)
	}
}

func checkPassword(t *testing.T, r *Redis) {
	t.Helper()
	address, err := url.Parse(r.URL())
	if err != nil {
		t.Fatal(err)
	}
	for _, user := range []*url.Userinfo{nil, url.UserPassword("default", "wrong")} {
		address.User = user
		if err := redisClient(t, address.String()).Ping(context.Background()).Err(); err == nil {
			t.Errorf("user %v was let in", user)
		}
	}
}
