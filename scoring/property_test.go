package scoring_test

import (
	"bytes"
	"fmt"
	"math/big"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"pingyi/scoring"
)

// shuffled reads a folder with the rows of every file in another order.
func shuffled(t *testing.T, rng *rand.Rand, path string) *scoring.Data {
	entries, err := os.ReadDir(path)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".csv") || strings.HasPrefix(e.Name(), "golden") {
			continue
		}
		src, err := os.ReadFile(filepath.Join(path, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSpace(string(src)), "\n")
		body := lines[1:]
		rng.Shuffle(len(body), func(i, j int) { body[i], body[j] = body[j], body[i] })
		files[e.Name()] = []byte(lines[0] + "\n" + strings.Join(body, "\n") + "\n")
	}
	d, _, faults := scoring.ReadFolder(scoring.InMemory(files), nil)
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	return d
}

func TestOrderOfRowsChangesNothing(t *testing.T) {
	t.Parallel()
	for name := range examples {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join("..", "deploy", "examples", name)
			s := shipped(t, name)
			want := jsonText(t, compute(t, s, dir(t, path), nil))
			rng := rand.New(rand.NewPCG(1, 2))
			for range 6 {
				if got := jsonText(t, compute(t, s, shuffled(t, rng, path), nil)); got != want {
					t.Fatalf("another order of rows gives another result:\n%s", cmp.Diff(want, got))
				}
			}
		})
	}
}

// treeScheme is a scheme of three panels with given weights, some absent.
func treeScheme(weights []int64, extra string, bonus bool) string {
	total := "image"
	if bonus {
		total = "image + bonus"
	}
	sum := int64(0)
	for _, w := range weights {
		sum += w
	}
	return fmt.Sprintf(`scheme: tree
panels: {a: {items: [q]}, b: {items: [q]}, c: {items: [q]}, absent: {items: [q]}}
ledger: {bonus: add}
kinds:
  unit:
    parts:
      image:
        adds_up_to: %d
        weighted_mean:
          a: {weight: %d, survey: a}
          b: {weight: %d, survey: b}
          c: {weight: %d, survey: c}
%s
      bonus: {ledger: {kinds: [bonus]}, show: [value]}
      sum: {formula: %s}
    total: sum
`, sum, weights[0], weights[1], weights[2], extra, total)
}

type answered struct {
	panel, subject string
	value          int
}

func drawAnswers(t *rapid.T) []answered {
	var out []answered
	for range rapid.IntRange(0, 30).Draw(t, "answers") {
		out = append(out, answered{rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "panel"),
			rapid.SampledFrom([]string{"x", "y", "z"}).Draw(t, "subject"), rapid.IntRange(1, 5).Draw(t, "value")})
	}
	return out
}

func dataOf(answers []answered, subjects ...string) *scoring.Data {
	d := &scoring.Data{}
	for _, s := range subjects {
		d.Subjects = append(d.Subjects, scoring.Subject{Code: s})
	}
	for i, a := range answers {
		for _, s := range subjects {
			if s == a.subject {
				d.Ballots.Add(scoring.Response{ID: fmt.Sprint(i), Panel: a.panel, Subject: s, Answers: []scoring.Answer{{Item: "q", Value: fmt.Sprint(a.value)}}})
			}
		}
	}
	return d
}

func totals(t *rapid.T, scheme string, d *scoring.Data) map[string]string {
	s, faults := scoring.ParseScheme("tree.yaml", []byte(scheme))
	if len(faults.Errors()) > 0 {
		t.Fatal(faults)
	}
	r, faults := scoring.Compute(s, d, nil)
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	out := map[string]string{}
	for _, row := range r.Kinds[0].Rows {
		out[row.Subject] = fmt.Sprint(row.Total, row.Rank, row.Flags)
	}
	return out
}

func drawWeights(t *rapid.T) []int64 {
	w := []int64{rapid.Int64Range(0, 50).Draw(t, "a"), rapid.Int64Range(0, 50).Draw(t, "b"), rapid.Int64Range(1, 50).Draw(t, "c")}
	return w
}

func TestDoublingWeightsChangesNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w, answers := drawWeights(t), drawAnswers(t)
		double := []int64{2 * w[0], 2 * w[1], 2 * w[2]}
		d := dataOf(answers, "x", "y", "z")
		if diff := cmp.Diff(totals(t, treeScheme(w, "", true), d), totals(t, treeScheme(double, "", true), d)); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestAbsentPanelOfWeightZeroChangesNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w, answers := drawWeights(t), drawAnswers(t)
		d := dataOf(answers, "x", "y", "z")
		with := treeScheme(w, "          absent: {weight: 0, survey: absent}", true)
		if diff := cmp.Diff(totals(t, treeScheme(w, "", true), d), totals(t, with, d)); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestTotalDependsOnNobodyElse(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w, answers := drawWeights(t), drawAnswers(t)
		together := totals(t, treeScheme(w, "", true), dataOf(answers, "x", "y", "z"))
		alone := totals(t, treeScheme(w, "", true), dataOf(answers, "x"))
		cut := func(s string) string { return strings.Fields(s)[0] } // the rank may differ
		if cut(together["x"]) != cut(alone["x"]) {
			t.Fatalf("x has %s among others and %s alone", together["x"], alone["x"])
		}
	})
}

func TestTotalLiesWithinItsParts(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w, answers := drawWeights(t), drawAnswers(t)
		s, faults := scoring.ParseScheme("tree.yaml", []byte(treeScheme(w, "", false)))
		if len(faults.Errors()) > 0 {
			t.Fatal(faults)
		}
		r, faults := scoring.Compute(s, dataOf(answers, "x", "y", "z"), nil)
		if len(faults) > 0 {
			t.Fatal(faults)
		}
		for _, row := range r.Kinds[0].Rows {
			var low, high *big.Rat
			for i, c := range r.Kinds[0].Columns {
				v := row.Figures[i].Value
				if c.Depth != 1 || v == nil {
					continue
				}
				if low == nil || v.Cmp(low) < 0 {
					low = v
				}
				if high == nil || v.Cmp(high) > 0 {
					high = v
				}
			}
			if row.Total == nil {
				continue
			}
			if row.Total.Cmp(low) < 0 || row.Total.Cmp(high) > 0 {
				t.Fatalf("%s has %v outside of %v..%v", row.Subject, row.Total, low, high)
			}
		}
	})
}

// The same result again, and the result of a copy, are the same bytes.
func TestRepeats(t *testing.T) {
	t.Parallel()
	path := filepath.Join("..", "deploy", "examples", "tengzhou")
	var last string
	for range 5 {
		var b bytes.Buffer
		r := compute(t, shipped(t, "tengzhou"), dir(t, path), nil)
		if err := r.WriteJSON(&b); err != nil {
			t.Fatal(err)
		}
		if last != "" && b.String() != last {
			t.Fatal("a run cannot be repeated to the byte")
		}
		last = b.String()
	}
}
