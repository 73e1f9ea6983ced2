package storage

import (
	"strings"
	"testing"
	"time"
)

// A round that has more to send than fits into the day goes on after the quiet hours.
func TestQuietHoursInterruptSending(t *testing.T) {
	t.Parallel()
	c := newCity(t, 20)
	quiet := c.open(strings.Replace(residents, "duration: 14d", "duration: 14d\nquiet: \"22:00-08:00\"", 1))
	loud := c.open(strings.Replace(residents, "round: 2026-q4", "round: loud", 1))
	exec(t, c.Store, `INSERT INTO uninvited (round_id, due_at, requests) SELECT id, $2, '{}' FROM round WHERE code = $1`, quiet, testNow)
	evening, night, morning := testNow.Add(13*time.Hour-time.Minute), testNow.Add(13*time.Hour), testNow.Add(23*time.Hour)
	hush := func(now time.Time) []string {
		t.Helper()
		codes, err := c.HushDue(t.Context(), now)
		if err != nil {
			t.Fatal(err)
		}
		return codes
	}
	exec(t, c.Store, `UPDATE span SET served_at = $2 WHERE round_id <> (SELECT id FROM round WHERE code = $1)`, quiet, testNow)
	same(t, "hushed in the evening", []string(nil), hush(evening))
	same(t, "leased in the evening", []string{quiet + " 5"}, c.claim(evening, 5))
	same(t, "hushed at night", []string{quiet}, hush(night))
	same(t, "hushed a second time", []string(nil), hush(night.Add(time.Second)))
	same(t, "leased at night", []string{loud + " 20"}, c.claim(night, 100))
	same(t, "put off", []string{"1 5", "1 15", "1"}, listed[string](t, c.Store, `
		SELECT priority || ' ' || last_id - first_id + 1 FROM span WHERE due_at = $1
		UNION ALL SELECT count(*)::text FROM uninvited WHERE due_at = $1`, morning))
	exec(t, c.Store, `UPDATE span SET due_at = $1, leased_until = $2 WHERE id = (SELECT min(id) FROM span)`, testNow, night.Add(time.Minute))
	same(t, "hushed while it is leased", []string(nil), hush(night.Add(time.Second)))
	same(t, "hushed when the lease has run out", []string{quiet}, hush(night.Add(time.Hour)))
	exec(t, c.Store, `DELETE FROM span WHERE round_id = (SELECT id FROM round WHERE code = $1)`, loud)
	at, ok, err := c.NextDelivery(t.Context())
	if err != nil || !ok || !at.Equal(morning) {
		t.Errorf("the next delivery is due at %v, %v, %v, want %v", at, ok, err, morning)
	}
	c.claim(morning, 100)
	same(t, "leased in the morning", 20, scalar[int](t, c.Store, `SELECT sum(last_id - first_id + 1) FROM span WHERE leased_until > $1`, morning))
}
