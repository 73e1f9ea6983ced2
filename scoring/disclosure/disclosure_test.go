package disclosure_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"pingyi/scoring"
	"pingyi/scoring/disclosure"
)

func TestGroups(t *testing.T) {
	t.Parallel()
	group := func(name string, n int64) disclosure.Group {
		return disclosure.Group{Name: name, N: n, Counts: map[string]int64{"5": n}}
	}
	for _, c := range []struct {
		name   string
		give   []disclosure.Group
		hidden string
	}{
		{"all large", []disclosure.Group{group("a", 9), group("b", 5)}, ""},
		{"the next smallest goes too", []disclosure.Group{group("a", 40), group("b", 2), group("c", 7), group("d", 9)}, "bc"},
		{"two small ones do not yet reach the minimum", []disclosure.Group{group("a", 1), group("b", 2), group("c", 7), group("d", 8)}, "abc"},
		{"two small ones together reach it", []disclosure.Group{group("a", 4), group("b", 4), group("c", 7)}, "ab"},
		{"nobody is not hidden and protects nobody", []disclosure.Group{group("a", 0), group("b", 3), group("c", 30)}, "bc"},
		{"everybody", []disclosure.Group{group("a", 3)}, "a"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := ""
			for _, g := range disclosure.Groups(c.give, 5) {
				if g.Hidden {
					got += g.Name
					if g.N != 0 || g.Counts != nil {
						t.Errorf("%s is hidden but still holds %d", g.Name, g.N)
					}
				}
			}
			if got != c.hidden {
				t.Errorf("hidden %q, want %q", got, c.hidden)
			}
		})
	}
}

// Whoever knows the total and what is shown learns nothing of fewer than the
// minimum.
func TestGroupsGiveNothingAway(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		least := rapid.Int64Range(1, 9).Draw(t, "minimum")
		var groups []disclosure.Group
		total := int64(0)
		for i, n := range rapid.SliceOfN(rapid.Int64Range(0, 14), 1, 8).Draw(t, "sizes") {
			groups = append(groups, disclosure.Group{Name: fmt.Sprint(i), N: n})
			total += n
		}
		rest, hidden, shown := total, 0, 0
		for _, g := range disclosure.Groups(groups, least) {
			switch {
			case g.Hidden:
				hidden++
			case g.N > 0 && g.N < least:
				t.Fatalf("a group of %d is shown under a minimum of %d", g.N, least)
			default:
				rest -= g.N
				if g.N > 0 {
					shown++
				}
			}
		}
		if shown > 0 && hidden > 0 && (hidden < 2 || rest < least) {
			t.Fatalf("total minus shown is %d over %d hidden groups, minimum %d", rest, hidden, least)
		}
	})
}

func TestComments(t *testing.T) {
	t.Parallel()
	said := []string{"好", "慢", "好", "远", "窗口少", "热情", "不错", "再来"}
	if got, ok := disclosure.Comments(said, 7, 5, []byte("seed")); ok || got != nil {
		t.Errorf("comments of 7 people are shown: %v", got)
	}
	if _, ok := disclosure.Comments(said, 9, 10, []byte("seed")); ok {
		t.Error("the panel's larger minimum is not kept")
	}
	got, ok := disclosure.Comments(said, 8, 5, []byte("seed"))
	if !ok || len(got) != len(said) {
		t.Fatalf("got %v", got)
	}
	turned := slices.Clone(said)
	slices.Reverse(turned)
	again, _ := disclosure.Comments(turned, 8, 5, []byte("seed"))
	if diff := cmp.Diff(got, again); diff != "" {
		t.Errorf("the order of arrival shows:\n%s", diff)
	}
	other, _ := disclosure.Comments(said, 8, 5, []byte("another seed"))
	if cmp.Equal(got, other) {
		t.Error("another seed gives the same order")
	}
	slices.Sort(got)
	slices.Sort(said)
	if diff := cmp.Diff(said, got); diff != "" {
		t.Errorf("comments were changed:\n%s", diff)
	}
}

const openScheme = `
scheme: open
panels:
  citizens: {min: 0, items: [q]}
  staff: {min: 0, items: [q]}
  leaders: {min: 0, items: [q]}
kinds:
  unit:
    parts:
      image:
        weighted_mean:
          citizens: {weight: 50, survey: citizens, show: [n]}
          staff: {weight: 30, survey: staff, show: [n]}
          leaders: {weight: 20, survey: leaders, show: [n]}
      work: {values: work}
      overall: {weighted_mean: {image: 30, work: 70}}
    total: overall
`

// compute scores one unit rated by so many of each panel, all with 4.
func compute(t *testing.T, sizes map[string]int) *scoring.Result {
	t.Helper()
	s, faults := scoring.ParseScheme("open.yaml", []byte(openScheme))
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	d := &scoring.Data{Subjects: []scoring.Subject{{Code: "u"}}, Values: []scoring.Value{{Subject: "u", Indicator: "work", Value: "90"}}}
	for panel, n := range sizes {
		for i := range n {
			d.Ballots.Add(scoring.Response{ID: fmt.Sprint(panel, i), Panel: panel, Subject: "u", Answers: []scoring.Answer{{Item: "q", Value: "4"}}})
		}
	}
	r, faults := scoring.Compute(s, d, nil)
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	return r
}

func csv(t *testing.T, r *scoring.Result) string {
	t.Helper()
	var b strings.Builder
	if err := r.WriteCSV(&b); err != nil {
		t.Fatal(err)
	}
	return strings.Split(b.String(), "\n")[1]
}

func TestResult(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		sizes map[string]int
		want  string
	}{
		{"all large enough", map[string]int{"citizens": 6, "staff": 5, "leaders": 7},
			"u,,80.0000000000,80.0000000000,6,80.0000000000,5,80.0000000000,7,90.0000000000,87.0000000000,87.0000000000,1,,,,"},
		{"a small one hides the next smallest", map[string]int{"citizens": 60, "staff": 9, "leaders": 4},
			"u,,80.0000000000,80.0000000000,60,*,*,*,*,90.0000000000,87.0000000000,87.0000000000,1,,,,"},
		{"with nobody beside it, all above is hidden", map[string]int{"leaders": 4},
			"u,,*,,0,,0,*,*,90.0000000000,*,*,1,,,,rescaled:image.citizens|rescaled:image.staff"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			full := compute(t, c.sizes)
			before := csv(t, full)
			shown := disclosure.Result(full, disclosure.Rules{})
			if got := csv(t, shown); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
			if csv(t, full) != before {
				t.Error("the full result was changed")
			}
			var trace strings.Builder
			if err := shown.WriteJSON(&trace); err != nil {
				t.Fatal(err)
			}
			if strings.Contains(c.want, "*") && strings.Contains(trace.String(), "4 × 80") {
				t.Error("the trace gives four ballots away")
			}
		})
	}
}

func TestMinimumOfPanel(t *testing.T) {
	t.Parallel()
	rules := disclosure.Rules{Panels: map[string]int64{"leaders": 1, "peers": 3}}
	for want, panels := range map[int64][]string{1: {"leaders"}, 3: {"leaders", "peers"}, 5: {"citizens"}} {
		if got := rules.Minimum(panels...); got != want {
			t.Errorf("%v: %d, want %d", panels, got, want)
		}
	}
}

// The mean of a team would give its one hidden member away.
func TestTeamOfAHiddenMember(t *testing.T) {
	t.Parallel()
	s, faults := scoring.ParseScheme("t.yaml", []byte(`
scheme: t
panels: {p: {min: 0, items: [q]}}
kinds:
  team: {parts: {x: {take: {part: y, of: children, kind: person, by: mean}}}, total: x}
  person: {parts: {y: {survey: p}}, total: y}
`))
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	d := &scoring.Data{Subjects: []scoring.Subject{{Code: "t", Kind: "team"}, {Code: "a", Kind: "person", Parent: "t"}, {Code: "b", Kind: "person", Parent: "t"}, {Code: "u", Kind: "team"}, {Code: "c", Kind: "person", Parent: "u"}}}
	for subject, n := range map[string]int64{"a": 9, "b": 2, "c": 8} {
		d.Ballots.Add(scoring.Response{ID: subject, Panel: "p", Subject: subject, Count: n, Answers: []scoring.Answer{{Item: "q", Value: "4"}}})
	}
	r, faults := scoring.Compute(s, d, nil)
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	got := map[string]bool{}
	for _, k := range disclosure.Result(r, disclosure.Rules{}).Kinds {
		for _, row := range k.Rows {
			got[row.Subject] = row.TotalHidden
		}
	}
	if diff := cmp.Diff(map[string]bool{"t": true, "a": false, "b": true, "u": false, "c": false}, got); diff != "" {
		t.Error(diff)
	}
}
