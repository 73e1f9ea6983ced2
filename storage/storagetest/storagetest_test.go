package storagetest_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"

	"pingyi/storage/storagetest"
)

var servers = storagetest.With(migrate)

func TestMain(m *testing.M) { servers.Main(m) }

func migrate(ctx context.Context, databaseURL string) error {
	conn, err := pgx.Connect(ctx, databaseURL)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, "CREATE TABLE note (text text PRIMARY KEY)")
	return err
}

// Every test works on the migrated schema alone, however many run at once.
func TestNewIsPrivate(t *testing.T) {
	t.Parallel()
	for i := range 8 {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			ctx := t.Context()
			databaseURL, redisURL := servers.New(t)

			conn, err := pgx.Connect(ctx, databaseURL)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close(ctx)
			// The same key everywhere: a shared database would refuse the second.
			if _, err := conn.Exec(ctx, "INSERT INTO note VALUES ('same')"); err != nil {
				t.Fatal(err)
			}

			options, err := redis.ParseURL(redisURL)
			if err != nil {
				t.Fatal(err)
			}
			client := redis.NewClient(options)
			defer client.Close()
			fresh, err := client.SetNX(ctx, "same", i, 0).Result()
			if err != nil || !fresh {
				t.Fatalf("SETNX = %v, %v, want an empty database", fresh, err)
			}
		})
	}
}

// A logical Redis database given back is empty for whoever gets it next.
func TestRedisIsEmptiedBetweenTests(t *testing.T) {
	t.Parallel()
	for range 3 {
		t.Run("", func(t *testing.T) {
			_, redisURL := servers.New(t)
			options, err := redis.ParseURL(redisURL)
			if err != nil {
				t.Fatal(err)
			}
			client := redis.NewClient(options)
			defer client.Close()
			if n, err := client.DBSize(t.Context()).Result(); err != nil || n != 0 {
				t.Fatalf("DBSIZE = %d, %v, want 0", n, err)
			}
			if err := client.Set(t.Context(), "left", "over", 0).Err(); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func TestBlankHasNoSchema(t *testing.T) {
	t.Parallel()
	conn, err := pgx.Connect(t.Context(), servers.Blank(t))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	var tables int
	if err := conn.QueryRow(t.Context(), "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").Scan(&tables); err != nil || tables != 0 {
		t.Fatalf("tables = %d, %v, want 0", tables, err)
	}
}

func BenchmarkNew(b *testing.B) {
	for b.Loop() {
		servers.New(b)
	}
}
