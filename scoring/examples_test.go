package scoring_test

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pingyi/scoring"
	"pingyi/scoring/schemes"
)

// example maps a folder under deploy/examples, whose golden files are computed
// in SQL, to the scheme: which parameters make a reading, and which of the
// scheme's columns a golden column is where the two are named differently
// ("-": the SQL shows a step the scheme has no column for).
type example struct {
	readings map[string]scoring.Params
	columns  map[string]string
}

func set(pairs ...string) scoring.Params {
	p := scoring.Params{}
	for i := 0; i+1 < len(pairs); i += 2 {
		p[pairs[i]] = pairs[i+1]
	}
	return p
}

var examples = map[string]example{
	"tengzhou": {
		readings: map[string]scoring.Params{
			"likert0": set("points", "likert0"), "person_first": set("aggregate", "persons"),
			"veto_counts_all_minus_points": set("veto_counts", "all_minus_points"), "threshold_without_bonus": set("threshold_on", "without_bonus"),
			"threshold_on_rounded": set("threshold_decimals", "2"), "veto_only_blocks_prize": set("veto_blocks", "prize"),
			"dense_rank": set("ties", "dense"), "tiebreak_execution_business_public": set("ties", "broken"),
		},
		columns: map[string]string{"survey.H1": "survey.H1", "survey.H2": "survey.H2"},
	},
	"ganxi-village": {
		readings: map[string]scoring.Params{
			"cap_per_indicator": set("indicator_cap", "1.2"), "coef_times_final": set("coef_on", "final"), "coef_on_100_base": set("coef_on", "hundred"),
			"coef_only_in_denominator": set("coef_in", "denominator"), "rank_on_adjusted": set("rank_on", "adjusted"),
			"reward_tie_split": set("reward_ties", "split"), "cadres_person_first": set("aggregate", "persons"),
		},
		columns: map[string]string{"democratic.villager": "-", "democratic.member": "-", "democratic.colleague": "-", "imputed": "-"},
	},
	"tmt360": {
		readings: map[string]scoring.Params{
			"self_excluded": set("weights", "self_excluded"), "items_equal_weight": set("items", "items"), "no_minimum_group_size": set("least", "0"),
		},
		columns: map[string]string{
			"shareholder": "-", "self": "-", "peer": "-", "subordinate": "-", "grassroots": "-", "peer.n": "-", "subordinate.n": "-", "grassroots.n": "-",
			"gap.ability": "gap_ability", "gap.leadership": "gap_leadership", "gap.quality": "gap_quality",
			"label.ability": "gap_ability.grade", "label.leadership": "gap_leadership.grade", "label.quality": "gap_quality.grade",
			"sheet.ability": "-", "sheet.leadership": "-", "sheet.quality": "-",
		},
	},
	"xinping": {
		readings: map[string]scoring.Params{
			"coef_on_job_part": set("coef_on", "job"), "rank_by_score": set("rank_by", "score"), "pool_by_coef_sum": set("split", "coefficients"),
			"no_prorating": set("prorating", "none"),
		},
	},
	"youth-league": {
		readings: map[string]scoring.Params{
			"self_excluded": set("weights", "self_excluded"), "youth_pooled": set("youth", "pooled"), "no_min_answers": set("least", "0"),
			"percent_targets_proportional": set("percent", "completion"), "late_zero": set("late", "0"), "bonus_uncapped": set("bonus_cap", "none"),
		},
		columns: map[string]string{"self": "base.self", "youth": "base.youth", "leader": "base.leader", "comprehensive": "base.comprehensive",
			"youth.student": "-", "youth.student.n": "-", "youth.urban": "-", "youth.urban.n": "-", "youth.rural": "-", "youth.rural.n": "-",
			"youth.founder": "-", "youth.founder.n": "-", "youth.migrant": "-", "youth.migrant.n": "-"},
	},
	"factory-calibration": {
		readings: map[string]scoring.Params{"quality_mean_of_daily_rates": set("quality_rows", "mean")},
		columns:  map[string]string{"quality": "raw.quality", "output": "raw.output", "execution": "raw.execution", "cost": "raw.cost"},
	},
	"ganxi-leaders": {readings: map[string]scoring.Params{"no_cap_on_completion": set("completion_cap", "none")}},
	"ganxi-units": {
		readings: map[string]scoring.Params{
			"village_link_of_unit": set("village_link", "unit"), "self_counts_10": set("style_weights", "self_counts_10"), "no_min_peers": set("min_peers", "0"),
			"award_highest_per_matter": set("awards", "matter"), "reward_tie_split": set("reward_ties", "split"),
		},
	},
	"tahe-hospital": {
		readings: map[string]scoring.Params{
			"small_n_dropped": set("small_n", "dropped"), "logistics_patient_full": set("small_n", "logistics_full"), "coef_on_quality_only": set("coef_on", "quality"),
			"pool_by_area_60_15_10_15": set("split", "area"),
		},
		columns: map[string]string{"quality": "score.quality", "patient": "score.patient", "patient.n": "score.patient.n", "peer": "score.peer", "peer.n": "score.peer.n"},
	},
	"yunhe-school": {
		readings: map[string]scoring.Params{
			"self_excluded": set("weights", "self_excluded"), "no_minimum_group_size": set("least", "0"), "missing_group_is_zero": set("missing_groups", "zero"),
			"trim_1_high_1_low": set("trim", "1"), "dual_60_teaching": set("dual", "dual_60"),
		},
		columns: map[string]string{
			"teacher": "score.teaching", "group_marks": "score.teaching.marks", "questionnaire": "score.teaching.questionnaire",
			"questionnaire.manager": "score.teaching.questionnaire.manager", "questionnaire.peer": "score.teaching.questionnaire.peer",
			"questionnaire.student": "score.teaching.questionnaire.student", "questionnaire.parent": "score.teaching.questionnaire.parent",
			"questionnaire.self": "score.teaching.questionnaire.self", "questionnaire.manager.n": "-", "questionnaire.peer.n": "-",
			"questionnaire.student.n": "-", "questionnaire.parent.n": "-", "questionnaire.self.n": "-", "cadre": "score.cadre", "test": "score.cadre.test",
			"test.n": "-", "leader": "-", "main": "score.cadre.main", "staff": "score.staff", "marks": "score.staff.teachers", "marks.n": "-", "department": "score.staff.departments",
		},
	},
	"ganxi-stationed": {
		readings: map[string]scoring.Params{
			"likert0": set("points", "likert0"), "social_pooled": set("social", "pooled"), "quota_tie_include": set("quota_ties", "include"),
			"quota_tie_exclude": set("quota_ties", "exclude"),
		},
		columns: map[string]string{"score.social.people": "-", "score.social.business": "-", "score.social.cadre": "-"},
	},
	"district-letter": {
		columns: map[string]string{
			"letter.amount": "amount", "letter.position": "position", "letter.deadline": "deadline", "letter.error": "error",
			"care.hypertension": "care_hypertension", "order.hypertension": "order_hypertension", "care.diabetes": "care_diabetes", "order.diabetes": "order_diabetes",
			"process": "score.process", "final": "score.final", "handling": "score.handling",
			"final.student": "-", "final.student.n": "-", "final.teacher": "-", "final.teacher.n": "-", "final.parent": "-", "final.parent.n": "-",
			"final.society": "-", "final.society.n": "-", "final.department": "-", "final.department.n": "-",
		},
	},
	"jingzhou": {
		readings: map[string]scoring.Params{
			"image_weight_25": set("weights", "image_25"), "online_first": set("online_keep", "first"), "online_no_dedupe": set("online_keep", "all"),
			"likert0": set("points", "likert0"), "half_year_not_counted": set("halves", "half_0"), "prov_top3_full_marks": set("prov_floor", "100"),
			"prov_top3_label_only": set("prov_floor", "none"), "lose_by_bottom_10_percent": set("lose_by", "bottom_10_percent"),
			"vacant_place_filled": set("vacant", "no"),
		},
		columns: map[string]string{"image.rank": "image_rank", "work.label": "work.grade"},
	},
	"mutual-pairs": {
		readings: map[string]scoring.Params{
			"self_included": set("self", "included"), "pooled_delegates": set("delegates", "pooled"), "trimmed_high_low": set("trim", "1"), "rater_centred": set("centred", "yes"),
		},
		columns: map[string]string{"contest.label": "contest.grade"},
	},
}

// TestExamples holds every shipped scheme against golden files that were not
// made by this engine, in every reading.
func TestExamples(t *testing.T) {
	t.Parallel()
	for name, ex := range examples {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join("..", "deploy", "examples", name)
			s, d := shipped(t, name), dir(t, path)
			files, err := filepath.Glob(filepath.Join(path, "golden*.csv"))
			if err != nil || len(files) != len(ex.readings)+1 {
				t.Fatalf("%d golden files for %d readings (%v)", len(files), len(ex.readings)+1, err)
			}
			for _, file := range files {
				reading := strings.TrimPrefix(strings.TrimSuffix(filepath.Base(file), ".csv"), "golden")
				reading = strings.TrimPrefix(reading, ".")
				params, known := ex.readings[reading]
				if reading != "" && !known {
					t.Errorf("no parameters for the reading %s", reading)
					continue
				}
				compare(t, reading, file, rows(t, compute(t, s, d, params)), ex.columns)
			}
		})
	}
}

// Every shipped scheme but the one the demo city shows has an example folder.
func TestEverySchemeHasAnExample(t *testing.T) {
	t.Parallel()
	for _, name := range schemes.Names() {
		if _, ok := examples[name]; !ok && name != "city-overall" {
			t.Errorf("%s has no example", name)
		}
	}
}

// compare reports the first cells of each golden column that differ.
func compare(t *testing.T, reading, file string, got map[string]map[string]string, columns map[string]string) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	golden, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(golden)-1 > len(got) {
		t.Errorf("%s: %d rows, golden has %d", reading, len(got), len(golden)-1)
	}
	reported := []string{}
	for _, rec := range golden[1:] {
		for i, name := range golden[0] {
			ours := name
			if m := columns[name]; m != "" {
				ours = m
			}
			if i == 0 || ours == "-" || slices.Contains(reported, name) {
				continue
			}
			cell, there := got[rec[0]][ours]
			nobody := strings.HasSuffix(name, ".n") && cell == "0" // SQL has no row for them
			if want := trimZeros(rec[i]); !there || cell != want && (!nobody || want != "") {
				t.Errorf("%s %s %s: got %q (column %t), want %q", reading, rec[0], name, cell, there, want)
				reported = append(reported, name)
			}
		}
	}
}

func trimZeros(s string) string {
	if strings.Contains(s, ".") && !strings.ContainsAny(s, ":|") {
		return strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
	}
	return s
}
