package survey_test

import (
	"crypto/sha256"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"pingyi/survey"
)

func TestRank(t *testing.T) {
	t.Parallel()
	want := sha256.Sum256([]byte("seed\x00p001"))
	if got := survey.Rank([]byte("seed"), "p001"); got != want {
		t.Errorf("got %x, want %x", got, want)
	}
}

func TestAllocate(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		size         int
		strata, want map[string]int
	}{
		"proportional":        {10, map[string]int{"a": 50, "b": 30, "c": 20}, map[string]int{"a": 5, "b": 3, "c": 2}},
		"largest remainder":   {10, map[string]int{"a": 47, "b": 16, "c": 15, "d": 12, "e": 6, "f": 3}, map[string]int{"a": 5, "b": 2, "c": 1, "d": 1, "e": 1, "f": 0}},
		"equal remainders":    {2, map[string]int{"c": 1, "b": 1, "a": 1}, map[string]int{"a": 1, "b": 1, "c": 0}},
		"more than there are": {9, map[string]int{"a": 2, "b": 3}, map[string]int{"a": 2, "b": 3}},
		"nobody":              {9, map[string]int{}, map[string]int{}},
		"none":                {0, map[string]int{"a": 2}, map[string]int{"a": 0}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, survey.Allocate(tt.size, tt.strata)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestSampleProperties: the sample has exactly its size, each stratum its share to within one, and
// it depends neither on chance nor on the order of the candidates.
func TestSampleProperties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		seed := rapid.SliceOf(rapid.Byte()).Draw(t, "seed")
		n := rapid.IntRange(0, 200).Draw(t, "people")
		size := rapid.IntRange(0, 250).Draw(t, "size")
		var people []survey.Candidate
		strata := make(map[string]int)
		for i := range n {
			c := survey.Candidate{Code: fmt.Sprintf("p%03d", i), Stratum: rapid.SampledFrom([]string{"东", "西", "south", ""}).Draw(t, "stratum")}
			people = append(people, c)
			strata[c.Stratum]++
		}
		drawn := survey.Sample(seed, size, people)
		if len(drawn) != min(size, n) {
			t.Fatalf("%d drawn, want %d", len(drawn), min(size, n))
		}
		got := make(map[string]int)
		for _, code := range drawn {
			i := slices.IndexFunc(people, func(c survey.Candidate) bool { return c.Code == code })
			got[people[i].Stratum]++
		}
		for stratum, of := range strata {
			share := float64(min(size, n)) * float64(of) / float64(n)
			if math.Abs(float64(got[stratum])-share) >= 1 {
				t.Fatalf("%s: %d drawn, its share is %.2f", stratum, got[stratum], share)
			}
		}
		shuffled := rapid.Permutation(people).Draw(t, "order")
		if diff := cmp.Diff(drawn, survey.Sample(seed, size, shuffled)); diff != "" {
			t.Fatalf("the order of the candidates matters:\n%s", diff)
		}
		if len(unique(drawn)) != len(drawn) {
			t.Fatal("somebody is drawn twice")
		}
	})
}

// TestDrawSubjectsProperties: everybody gets the number asked for, nothing twice, nothing ineligible,
// and where all are eligible the subjects are drawn equally often to within one.
func TestDrawSubjectsProperties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		seed := rapid.SliceOf(rapid.Byte()).Draw(t, "seed")
		respondents := codes("r", rapid.IntRange(0, 60).Draw(t, "respondents"))
		subjects := codes("s", rapid.IntRange(0, 15).Draw(t, "subjects"))
		n := rapid.IntRange(1, 20).Draw(t, "n")
		drawn := survey.DrawSubjects(seed, respondents, subjects, n, nil)
		counts := make(map[string]int)
		for _, r := range respondents {
			if want := min(n, len(subjects)); len(drawn[r]) != want || len(unique(drawn[r])) != want {
				t.Fatalf("%s draws %v, want %d different", r, drawn[r], want)
			}
			for _, s := range drawn[r] {
				counts[s]++
			}
		}
		least, most := math.MaxInt, 0
		for _, s := range subjects {
			least, most = min(least, counts[s]), max(most, counts[s])
		}
		if len(subjects) > 0 && most-least > 1 {
			t.Fatalf("drawn between %d and %d times", least, most)
		}
		again := survey.DrawSubjects(seed, rapid.Permutation(respondents).Draw(t, "order"), rapid.Permutation(subjects).Draw(t, "order of subjects"), n, nil)
		if diff := cmp.Diff(drawn, again); diff != "" {
			t.Fatalf("the order matters:\n%s", diff)
		}
		if len(subjects) == 0 {
			return
		}
		barred := rapid.SampledFrom(subjects).Draw(t, "barred")
		for r, got := range survey.DrawSubjects(seed, respondents, subjects, n, func(_, s string) bool { return s != barred }) {
			if slices.Contains(got, barred) || len(got) != min(n, len(subjects)-1) {
				t.Fatalf("%s draws %v although %s is barred", r, got, barred)
			}
		}
	})
}

func codes(prefix string, n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf("%s%02d", prefix, i)
	}
	return all
}

func unique(all []string) []string { return slices.Compact(slices.Sorted(slices.Values(all))) }
