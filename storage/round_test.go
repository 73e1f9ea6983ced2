package storage

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pingyi/survey"
)

const residents = `
round: 2026-q4
title: 四季度
period: 2026-Q4
questionnaire: satisfaction
subjects: {kind: department}
duration: 14d
panels:
  - {panel: residents, title: 居民, who: {kind: citizen}, identity: anonymous, minimum: 2}
`

// sealed lists what closing kept: subject, item, value and status of every answer.
const sealed = `SELECT s.code || ' ' || a.item || '=' || a.value || ' ' || b.status FROM ballot b
	JOIN answer a ON (a.round_id, a.ballot_id) = (b.round_id, b.id) JOIN subject s ON s.id = b.subject_id ORDER BY 1`

func TestRoundFromOpeningToCounts(t *testing.T) {
	t.Parallel()
	c := newCity(t, 6)
	code := c.open(strings.Replace(residents, "minimum: 2", "minimum: 3", 1))
	round, err := c.Round(t.Context(), code)
	if err != nil {
		t.Fatal(err)
	}
	if round.State != survey.RoundOpen || !round.ClosesAt.Equal(testNow.AddDate(0, 0, 14)) {
		t.Errorf("opened as %s until %v", round.State, round.ClosesAt)
	}
	c.vote("c001", "5", true)
	c.vote("c002", "4", true)
	c.vote("c003", "1", false)
	person, f := c.form("c004")
	if err := c.Decline(t.Context(), testNow, Cause{}, person, f.RequestID); err != nil {
		t.Fatal(err)
	}
	want := []PanelCounts{{Code: "residents", Title: survey.Plain("居民"), Identity: survey.Anonymous, Minimum: 3,
		Counts: Counts{Asked: 6, Delivered: 4, Opened: 4, Done: 2, Declined: 1},
		Groups: []GroupCounts{
			{"north", nil, Counts{Asked: 3, Delivered: 2, Opened: 2, Done: 1}},
			{"south", nil, Counts{Asked: 3, Delivered: 2, Opened: 2, Done: 1, Declined: 1}},
		}}}
	for _, when := range []string{"open", "closed"} {
		got, err := c.RoundCounts(t.Context(), round.ID)
		if err != nil {
			t.Fatal(err)
		}
		got[0].ID = 0
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("counts while %s (-want +got):\n%s", when, diff)
		}
		if when == "open" {
			c.close(code)
		}
	}
	kept := []string{"health 1=1 draft", "health 1=4 valid", "health 1=5 valid", "police 1=1 draft", "police 1=4 valid",
		"police 1=5 valid", "school 1=1 draft", "school 1=4 valid", "school 1=5 valid"}
	if diff := cmp.Diff(kept, listed[string](t, c.Store, sealed)); diff != "" {
		t.Errorf("ballots (-want +got):\n%s", diff)
	}
}

// Who has not answered is nobody's to know, also where single ballots are scored.
func TestGroupsAreNeverCountedByOnes(t *testing.T) {
	t.Parallel()
	c := newCity(t, 6)
	code := c.open(strings.Replace(residents, "identity: anonymous, minimum: 2", "identity: named, minimum: 1", 1))
	round, err := c.Round(t.Context(), code)
	if err != nil {
		t.Fatal(err)
	}
	counts, err := c.RoundCounts(t.Context(), round.ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range counts[0].Groups {
		if g.Asked < 5 {
			t.Errorf("group %q of %d people is counted apart", g.Group, g.Asked)
		}
	}
	if len(counts[0].Groups) != 1 || counts[0].Groups[0].Asked != 6 {
		t.Errorf("groups %+v, want the two districts as one", counts[0].Groups)
	}
}
