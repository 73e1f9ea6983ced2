package scoring_test

import (
	"strings"
	"testing"
)

// The same mistake is told at its place however the language lets one write it.
func TestMistakesInEverySpelling(t *testing.T) {
	t.Parallel()
	const (
		image  = "image: {survey: {panel: people}}"
		work   = "work: {values: {code: work.*, score: completion, cap: 1, floor: 0, combine: mean}}"
		both   = "both: {weighted_mean: [image, work], weights: weights}"
		extra  = "extra: {ledger: {kinds: [bonus]}, cap: 5}"
		all    = "all: both + extra"
		tables = "weights: {image: 40, work: 60}"
		least  = "least: 5"
		grades = "    grades:\n      - {grade: A, share: 30%, ties: include, from: 80}\n      - {grade: B, from: 60}\n      - {grade: C}\n"
	)
	for _, c := range []struct {
		what string
		edit []string // pairs of old and new
		at   string   // in the last new text, else in the whole
		want string
	}{
		// Weights that do not add up.
		{"own weights", []string{both, "both: {weighted_mean: {x: {weight: 50, formula: image}, y: {weight: 40, formula: work}}}"}, "weighted_mean", "weights_sum"},
		{"plain weights", []string{both, "both: {weighted_mean: {image: 50, work: 40}}"}, "weighted_mean", "weights_sum"},
		{"weights of a sum", []string{both, "both: {weighted_sum: {image: 50%, work: 40%}}"}, "weighted_sum", "weights_sum"},
		{"weights in a map", []string{both, "both: {weighted_mean: [image, work], weights: {image: 50, work: 40}}"}, "image: 50", "weights_sum"},
		{"a row of a table", []string{tables, "weights: {x: {image: 50, work: 40}, y: {image: 60, work: 40}}", both, "both: {weighted_mean: [image, work], weights: {table: weights, by: area}}"}, "table: weights", "weights_sum"},
		{"a table by a choice", []string{tables, "weights: {image: 40, work: 60}\n  other: {image: 40, work: 50}", least, "least: 5\n  table: {value: weights, choices: [weights, other]}", both, "both: {weighted_mean: [image, work], weights: $table}"}, "$table", "weights_sum"},
		{"not what it says", []string{both, "both: {weighted_mean: {image: 50, work: 50}, adds_up_to: 90}"}, "90", "weights_sum"},
		{"classes", []string{image, "image: {survey: {panel: people, by: stratum, weights: {a: 50, b: 40}}}"}, "a: 50", "weights_sum"},
		{"classes by a table", []string{tables, "weights: {image: 40, work: 60}\n  strata: {a: 50, b: 40}", image, "image: {survey: {panel: people, by: stratum, weights: strata}}"}, "strata}", "weights_sum"},
		{"indicators", []string{work, "work: {values: {code: [a, b], combine: weighted_mean, weights: {a: 50, b: 40}}}"}, "a: 50", "weights_sum"},
		{"indicators by a table", []string{tables, "weights: {image: 40, work: 60}\n  marks: {a: 50, b: 40}", work, "work: {values: {code: [a, b], combine: weighted_mean, weights: marks}}"}, "marks", "weights_sum"},
		{"periods", []string{extra, "extra: {ledger: {kinds: [bonus]}, periods: {each: [H1, H2], combine: weighted_mean, weights: {H1: 50, H2: 40}}}"}, "H1: 50", "weights_sum"},
		{"shares of a pool", []string{grades, "    payouts: [{payout: pay, pool: 9, by: all, split: area, shares: {a: 50, b: 40}}]\n"}, "a: 50", "weights_sum"},
		{"shares by a table", []string{tables, "weights: {image: 40, work: 60}\n  parts: {a: 50, b: 40}", grades, "    payouts: [{payout: pay, pool: 9, by: all, split: area, shares: parts}]\n"}, "parts}", "weights_sum"},
		{"weights of a plain mean", []string{both, "both: {mean: [image, work], weights: weights}"}, "weights}", "weights_unused"},
		{"a weight under a plain mean", []string{both, "both: {mean: {x: {weight: 50, formula: image}, y: {formula: work}}}"}, "x: {weight", "weight_unused"},
		{"weights of a mean of periods", []string{extra, "extra: {ledger: {kinds: [bonus]}, periods: {each: [H1, H2], combine: mean, weights: {H1: 50, H2: 50}}}"}, "H1: 50", "weights_unused"},

		// A part used twice or never.
		{"named twice in a list", []string{all, "all: {sum: [both, extra, both]}"}, "all", "part_twice"},
		{"named twice with weights", []string{all, "all: {weighted_mean: {both: 50, image: 50}}"}, "all", "part_twice"},
		{"added twice", []string{all, "all: both + extra + both"}, "all", "part_twice"},
		{"a part and its child", []string{both, "both: {sum: {x: {formula: image}, y: {formula: work}}}", all, "all: both + extra + both.x"}, "all", "part_twice"},
		{"never", []string{all, "all: {sum: [both]}"}, extra, "part_unused"},
		{"never, but by another choice that does not use it either", []string{least, "least: 5\n  how: {value: one, choices: [one, two]}", all, "all: {choose: $how, cases: {one: both, two: image}}"}, extra, "part_unused"},

		// Circles.
		{"by a list", []string{work, "work: {mean: [both]}"}, "work", "part_cycle"},
		{"by a condition", []string{work, "work: {constant: 1, when: all > 3}"}, "work", "part_cycle"},
		{"by a bound", []string{work, "work: {constant: 1, cap: {value: 3, when: all > 3}}"}, "work", "part_cycle"},
		{"by what stands in", []string{work, "work: {values: w, missing: {use: 3, when: all > 3}}"}, "work", "part_cycle"},
		{"by a rank", []string{work, "work: {rank_of: {part: all}}"}, "work", "part_cycle"},
		{"by the breaking of ties", []string{work, "work: {rank_of: {part: image, ties: broken, break: [all]}}"}, "work", "part_cycle"},
		{"by levelling", []string{work, "work: {level: {part: all}}"}, "work", "part_cycle"},
		{"by all of the kind", []string{work, "work: {take: {part: all, of: kind, by: mean}}"}, "work", "part_cycle"},
		{"by its weight", []string{work, "work: {take: {part: image, of: kind, by: mean, weighted_by: all}}"}, "work", "part_cycle"},
		{"by a pick", []string{work, "work: {pick: {highest: 1, from: [all, image]}}"}, "work", "part_cycle"},
		{"by its periods", []string{work, "work: {values: w, periods: {each: all, where: all, combine: mean}}"}, "work", "part_cycle"},
		{"by a period of a part", []string{work, "work: \"all:H1\""}, "work", "part_cycle"},

		// Quotas without a rule for ties.
		{"a share", []string{grades, "    grades: [{grade: A, share: 30%}, {grade: C}]\n"}, "grade: A", "quota_ties"},
		{"places", []string{grades, "    grades: [{grade: A, places: 1..3}, {grade: C}]\n"}, "grade: A", "quota_ties"},
		{"places of an award", []string{grades, "    awards: [{award: A, places: 3}]\n"}, "award: A", "quota_ties"},
		{"share of an award", []string{grades, "    awards: [{award: A, share: 1/3, when: all > 3}]\n"}, "award: A", "quota_ties"},
		{"broken by nothing", []string{grades, "    awards: [{award: A, share: 1/3, ties: chain}]\n"}, "chain", "ties_chain"},
		{"ranks broken by nothing", []string{grades, "    rank: {ties: broken}\n"}, "broken", "ties_chain"},

		// Thresholds out of order.
		{"grades", []string{grades, "    grades: [{grade: A, from: 60}, {grade: B, from: 80}]\n"}, "grade: B", "step_order"},
		{"grades, strictly", []string{grades, "    grades: [{grade: A, above: 60}, {grade: B, above: 60}]\n"}, "grade: B", "step_order"},
		{"grades, not next to each other", []string{grades, "    grades: [{grade: A, from: 60}, {grade: D, from: 1, on: image}, {grade: B, from: 80}]\n"}, "grade: B", "step_order"},
		{"grades by a choice", []string{least, "least: 5\n  good: {value: 50, choices: [\"50\", \"70\"]}", grades, "    grades: [{grade: A, from: 60}, {grade: B, from: $good}]\n"}, "grade: B", "step_order"},
		{"grades under conditions", []string{grades, "    grades: [{grade: A, when: all >= 60}, {grade: B, when: all >= 80}]\n"}, "grade: B", "step_order"},
		{"steps", []string{extra, "extra: {ledger: {kinds: [bonus]}, steps: [{from: 60, gives: 1}, {from: 80, gives: 2}, {gives: 0}]}"}, "from: 80", "step_order"},
		{"steps, rising", []string{extra, "extra: {ledger: {kinds: [bonus]}, steps: [{below: 60, gives: 1}, {up_to: 20, gives: 2}, {gives: 0}]}"}, "up_to: 20", "step_order"},
		{"steps, not next to each other", []string{extra, "extra: {ledger: {kinds: [bonus]}, steps: [{from: 60, gives: 1}, {below: 10, gives: 2}, {from: 80, gives: 3}, {gives: 0}]}"}, "from: 80", "step_order"},
		{"steps of a coefficient", []string{extra, "extra: {attribute: {name: size, steps: [{above: 1500, gives: 1.04}, {above: 2000, gives: 1.08}, {gives: 1}]}}"}, "above: 2000", "step_order"},
		{"steps of an indicator", []string{work, "work: {values: {code: w, score: steps, steps: [{up_to: 3%, gives: 80}, {up_to: 1%, gives: 100}, {gives: 0}]}}"}, "up_to: 1%", "step_order"},
		{"steps of some indicators", []string{work, "work: {values: {code: w.*, combine: mean, rules: {w.x: {score: position, steps: [{up_to: 3, gives: 80}, {up_to: 1, gives: 100}, {gives: 0}]}}}}"}, "up_to: 1", "step_order"},
		{"steps by a parameter", []string{least, "least: 5\n  top: 50", extra, "extra: {ledger: {kinds: [bonus]}, steps: [{from: $top, gives: 1}, {from: 80, gives: 2}, {gives: 0}]}"}, "from: 80", "step_order"},
		{"steps after the last", []string{extra, "extra: {ledger: {kinds: [bonus]}, steps: [{gives: 0}, {from: 80, gives: 2}]}"}, "from: 80", "step_unreachable"},
		{"labels", []string{extra, "extra: {ledger: {kinds: [bonus]}, labels: [{label: a, when: extra > 1}, {label: b, when: extra > 3}]}"}, "label: b", "step_order"},
		{"labels, falling", []string{extra, "extra: {ledger: {kinds: [bonus]}, labels: [{label: a, when: extra <= 3}, {label: b, when: extra < 1}]}"}, "label: b", "step_order"},
		{"bounds of a scale", []string{"tables:", "scales:\n  height: {from: 150, to: 0}\ntables:"}, "height", "scale_bounds"},

		// Caps below floors.
		{"numbers", []string{extra, "extra: {ledger: {kinds: [bonus]}, cap: 5, floor: 6}"}, "5, floor", "cap_below_floor"},
		{"of a survey", []string{image, "image: {survey: people, floor: 60, cap: 50%}"}, "50%", "cap_below_floor"},
		{"of an attribute", []string{extra, "extra: {attribute: size, cap: 1, floor: 2}"}, "1, floor", "cap_below_floor"},
		{"of a formula", []string{extra, "extra: {ledger: {kinds: [bonus]}}", all, "all: {formula: both + extra, floor: [1, {value: 9, when: size > 1}], cap: 8}"}, "8", "cap_below_floor"},
		{"of a parameter", []string{least, "least: 5\n  most: 5", extra, "extra: {ledger: {kinds: [bonus]}, floor: 6, cap: $most}"}, "$most", "cap_below_floor"},
		{"of a choice", []string{least, "least: 5\n  most: {value: 9, choices: [\"9\", none, \"5\"]}", extra, "extra: {ledger: {kinds: [bonus]}, floor: 6, cap: $most}"}, "$most", "cap_below_floor"},
		{"of a floor's choice", []string{least, "least: 5\n  base: {value: 3, choices: [\"3\", \"7\"]}", extra, "extra: {ledger: {kinds: [bonus]}, floor: $base, cap: 6}"}, "6", "cap_below_floor"},
		{"under the same condition", []string{extra, "extra: {ledger: {kinds: [bonus]}, floor: {value: 6, when: size > 1}, cap: {value: 5, when: size > 1}}"}, "value: 5", "cap_below_floor"},
		{"in a case and around it", []string{least, "least: 5\n  how: {value: one, choices: [one, two]}", extra, "extra: {choose: $how, cases: {one: {ledger: {kinds: [bonus]}, cap: 5}, two: 1}, floor: 6}"}, "6}", "cap_below_floor"},
		{"of a rate", []string{work, "work: {values: {code: w, score: completion, cap: 50%, floor: 1}}"}, "50%", "cap_below_floor"},
		{"of a rate in a rule", []string{work, "work: {values: {code: w.*, combine: mean, score: completion, floor: 1, rules: {w.x: {cap: 0.5}}}}"}, "0.5", "cap_below_floor"},
		{"of a rate by a choice", []string{least, "least: 5\n  most: {value: 9, choices: [\"9\", \"0.5\"]}", work, "work: {values: {code: w, score: completion, cap: $most, floor: 1}}"}, "$most", "cap_below_floor"},

		// Points, pools, periods.
		{"a level in the middle", []string{"tables:", "scales:\n  five: {points: {1: 0, 2: 25, 4: 75, 5: 100}}\ntables:"}, "five", "scale_level"},
		{"the lowest level", []string{"tables:", "scales:\n  five: {points: {2: 25, 3: 50}}\ntables:"}, "five", "scale_level"},
		{"a level twice", []string{"tables:", "scales:\n  five: {points: {1: 25, 1: 50}}\ntables:"}, "1: 50", "key_twice"},
		{"a pool", []string{grades, "    payouts: [{payout: pay, pool: 100}]\n"}, "payout: pay", "pool_base"},
		{"a pool of the parent", []string{grades, "    payouts: [{payout: pay, pool: {of: parent, payout: pay}}]\n"}, "payout: pay, pool", "pool_base"},
		{"a pool that is split", []string{grades, "    payouts: [{payout: pay, pool: 100, split: area}]\n"}, "payout: pay", "pool_base"},
		{"neither pool nor prizes", []string{grades, "    payouts: [{payout: pay, by: all}]\n"}, "payout: pay", "payout_rule"},
		{"periods of a leaf", []string{extra, "extra: {ledger: {kinds: [bonus]}, periods: {each: [H1, H2]}}"}, "each", "periods_combine"},
		{"periods of a tree", []string{both, "both: {weighted_mean: [image, work], weights: weights, periods: {each: all}}"}, "each", "periods_combine"},
		{"periods in a case", []string{least, "least: 5\n  how: {value: one, choices: [one, two]}", extra, "extra: {choose: $how, cases: {one: 1, two: {ledger: {kinds: [bonus]}, periods: {each: [H1]}}}}"}, "each", "periods_combine"},
	} {
		src := base
		for i := 0; i+1 < len(c.edit); i += 2 {
			if !strings.Contains(src, c.edit[i]) {
				t.Fatalf("%s: the base has no %q", c.what, c.edit[i])
			}
			src = strings.Replace(src, c.edit[i], c.edit[i+1], 1)
		}
		last := c.edit[len(c.edit)-1]
		place := position(src, c.at)
		if strings.Contains(last, c.at) {
			place = lineColumn(src, strings.Index(src, last)+strings.Index(last, c.at))
		}
		if got := checked(t, src); !strings.Contains(got, place+" "+c.want) {
			t.Errorf("%s: want %s %s, got\n%s", c.what, place, c.want, got)
		}
	}
}
