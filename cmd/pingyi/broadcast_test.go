package main

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"pingyi/bot/sandbox"
)

// TestBroadcastSurvivesKills has four replicas send a round's invitations, kills two of them in the
// middle and starts them again: everybody is invited, and nobody twice whose invitation was recorded.
func TestBroadcastSurvivesKills(t *testing.T) {
	t.Parallel()
	const many, rate = 400, 200
	sb, api := telegram(t)
	env := withStores(t)
	env = append(env, "PINGYI_TELEGRAM_TOKEN="+botToken, "PINGYI_TELEGRAM_API="+api, fmt.Sprintf("PINGYI_SEND_RATE=%d", rate))
	var roster strings.Builder
	roster.WriteString("code,name,kind,telegram\n")
	for i := range many {
		fmt.Fprintf(&roster, "p%d,Person %d,citizen,%d\n", i, i, 1000+i)
		if err := sb.AddPerson(sandbox.Person{ID: int64(1000 + i), First: "P"}); err != nil {
			t.Fatal(err)
		}
	}
	env.must(t, "migrate")
	env.must(t, "apply", town(t), write(t, map[string]string{"people.csv": roster.String()}))
	var replicas []*replica
	for range 4 {
		replicas = append(replicas, serve(t, env))
	}
	for i := range many {
		if _, err := sb.Start(int64(1000+i), ""); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	if err := sb.Settle(ctx); err != nil {
		t.Fatal(err)
	}
	conn, err := pgx.Connect(ctx, environment(env, "PINGYI_DATABASE_URL"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	env.must(t, "round", "open", "now")
	wait := func(what string, sql string) {
		for done := false; !done; time.Sleep(20 * time.Millisecond) {
			if err := conn.QueryRow(ctx, sql).Scan(&done); err != nil {
				t.Fatalf("%s: %v", what, err)
			}
		}
	}
	wait("the first are sent", fmt.Sprintf(`SELECT count(*) >= %d FROM delivery WHERE state = 'sent'`, many/4))
	replicas[0].kill()
	replicas[1].kill()
	recorded := invited(ctx, t, conn)
	if len(recorded) > many*9/10 {
		t.Errorf("%d of %d were sent before the kill", len(recorded), many)
	}
	replicas[0].start(t)
	replicas[1].start(t)
	wait("all are sent", `SELECT count(*) = 0 FROM delivery WHERE state = 'pending'`)
	for i := range many {
		id := int64(1000 + i)
		switch n := invitationsOf(sb, id); {
		case n == 0:
			t.Errorf("person %d was skipped", id)
		case n > 1 && recorded[id]:
			t.Errorf("person %d was invited %d times, although the first was recorded", id, n)
		}
	}
	checkConduct(t, sb)
}

// invited returns the accounts whose invitation is recorded as sent.
func invited(ctx context.Context, t *testing.T, conn *pgx.Conn) map[int64]bool {
	t.Helper()
	rows, _ := conn.Query(ctx, `SELECT p.telegram_id FROM delivery d JOIN person p ON p.id = d.person_id WHERE d.state = 'sent'`)
	ids, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil {
		t.Fatal(err)
	}
	all := make(map[int64]bool, len(ids))
	for _, id := range ids {
		all[id] = true
	}
	return all
}

// invitationsOf counts the messages of a chat that can be begun from.
func invitationsOf(sb *sandbox.Sandbox, chat int64) int {
	n := 0
	for _, m := range sb.Messages(chat) {
		for _, row := range m.Inline {
			for _, b := range row {
				if strings.HasPrefix(b.Data, tapBegin) {
					n++
				}
			}
		}
	}
	return n
}
