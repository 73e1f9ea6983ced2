package local

import (
	"testing"
)

// A standby holds what the primary held, takes its place, and the killed
// primary comes back as a standby.
func TestStandby(t *testing.T) {
	t.Parallel()
	old := startPostgres(t, Options{})
	execute(t, old.URL("postgres"), "CREATE TABLE kept (n int)")
	first, second := startStandby(t, old), startStandby(t, old)
	const kept = "SELECT coalesce(string_agg(n::text, '' ORDER BY n), '') FROM kept"
	holds := func(p *Postgres, want string) {
		t.Helper()
		eventually(t, "the rows arrive", func() bool { return ask(t, p.URL("postgres"), kept) == want })
	}
	execute(t, old.URL("postgres"), "INSERT INTO kept VALUES (1)")
	holds(first, "1")
	holds(second, "1")

	if err := old.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := first.Promote(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := second.Follow(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	execute(t, first.URL("postgres"), "INSERT INTO kept VALUES (2)")
	holds(second, "12")
	address := old.URL("postgres")
	if err := old.Rebuild(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	if got := old.URL("postgres"); got != address {
		t.Errorf("URL = %s, want the same as before, %s", got, address)
	}
	holds(old, "12")
	for p, want := range map[*Postgres]string{old: "true", first: "false", second: "true"} {
		if got := ask(t, p.URL("postgres"), "SELECT pg_is_in_recovery()::text"); got != want {
			t.Errorf("in recovery: %s, want %s", got, want)
		}
	}
}

func startStandby(t *testing.T, primary *Postgres) *Postgres {
	t.Helper()
	p, err := StartStandby(t.Context(), primary)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Stop(); err != nil {
			t.Error(err)
		}
	})
	return p
}
