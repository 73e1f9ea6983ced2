package storage

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"pingyi/storage/local"
)

func startCluster(t *testing.T) *local.Cluster {
	t.Helper()
	c, err := local.StartCluster(t.Context(), local.Options{}, 3)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Stop(); err != nil {
			t.Error(err)
		}
	})
	return c
}

const clusterUsers = 60 // enough to fall on every node

// Everything that is kept in Redis works where its keys lie on several servers.
func TestRedisCluster(t *testing.T) {
	t.Parallel()
	cluster := startCluster(t)
	store := newStore(t)
	r, other := openRedis(t, cluster.URL()), openRedis(t, cluster.URL())
	ctx := t.Context()
	if err := r.Ping(ctx); err != nil {
		t.Fatal(err)
	}
	for user := range int64(clusterUsers) {
		r.Sessions().Put(user, 1+user%7, fmt.Appendf(nil, "session %d", user))
	}
	r.sessions.puts.flush()
	for user := range int64(clusterUsers) {
		got, ok, err := other.Sessions().Get(ctx, user)
		if err != nil || !ok {
			t.Fatalf("session of %d: %v, %v", user, ok, err)
		}
		same(t, "session", fmt.Sprintf("session %d", user), string(got))
	}
	if err := r.Sessions().Delete(ctx, 3); err != nil {
		t.Error(err)
	}
	for n := range clusterUsers { // paces of chats, as many
		key := fmt.Sprintf("chat:%d", n)
		first, second := reserve(ctx, r.Limiter(), key, 1), reserve(ctx, other.Limiter(), key, 1)
		if first != 0 || second < 900*time.Millisecond || second > 1100*time.Millisecond {
			t.Errorf("%s: slots after %v and %v", key, first, second)
		}
		r.Limiter().Penalise(ctx, key, time.Minute)
		if left := other.Limiter().Penalty(ctx, key); left < 50*time.Second {
			t.Errorf("%s: another replica knows of a penalty of %v", key, left)
		}
	}
	most := 0
	for _, node := range cluster.Nodes {
		most = max(most, keysOf(t, node))
	}
	if all := 2*clusterUsers + clusterUsers; most > all*2/3 {
		t.Errorf("one node has %d of about %d keys", most, all)
	}
	ended, err := r.Sessions().DropEnded(ctx, store)
	if err != nil || len(ended) != 7 {
		t.Errorf("rounds that are over: %v, %v", ended, err)
	}
	for user := range int64(clusterUsers) {
		if _, ok, err := r.Sessions().Get(ctx, user); ok || err != nil {
			t.Errorf("session of %d after its round: %v, %v", user, ok, err)
		}
	}
}

// keysOf counts the keys of one node.
func keysOf(t *testing.T, node *local.Redis) int {
	t.Helper()
	o, err := redis.ParseURL(node.URL())
	if err != nil {
		t.Fatal(err)
	}
	client := redis.NewClient(o)
	defer func() { _ = client.Close() }()
	n, err := client.DBSize(t.Context()).Result()
	if err != nil {
		t.Fatal(err)
	}
	return int(n)
}

// A node of three dies: that is told, nobody is held up, and once it is back all works as before.
func TestRedisClusterLosesANode(t *testing.T) {
	t.Parallel()
	cluster := startCluster(t)
	r := openRedis(t, cluster.URL())
	ctx := t.Context()
	put := func() (failed int) {
		for user := range int64(clusterUsers) {
			r.Sessions().Put(user, 0, []byte("x"))
		}
		r.sessions.puts.flush()
		for user := range int64(clusterUsers) {
			if _, ok, err := r.Sessions().Get(ctx, user); !ok || err != nil {
				failed++
			}
		}
		return failed
	}
	if failed := put(); failed > 0 {
		t.Fatalf("%d of %d sessions could not be kept", failed, clusterUsers)
	}
	for _, node := range cluster.Nodes {
		if err := node.Kill(); err != nil {
			t.Fatal(err)
		}
		if err := within(2*time.Second, r.Ping); err == nil {
			t.Error("it answers a ping, and a third of it is away")
		}
		began := time.Now()
		if put() == 0 {
			t.Error("all sessions were kept, and a third of Redis is away")
		}
		reserve(ctx, r.Limiter(), "all", 30)
		if took := time.Since(began); took > clusterUsers*pressPatience/4 {
			t.Errorf("%d presses took %v", clusterUsers, took)
		}
		if err := node.Start(ctx); err != nil {
			t.Fatal(err)
		}
		began = time.Now()
		for within(2*time.Second, r.Ping) != nil || put() > 0 {
			if time.Since(began) > 30*time.Second {
				t.Fatal("30 s after the node is back sessions are still not kept")
			}
			time.Sleep(50 * time.Millisecond)
		}
	}
}

// within asks with so much patience.
func within(d time.Duration, ask func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	return ask(ctx)
}
