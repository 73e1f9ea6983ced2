package scoring_test

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pingyi/scoring"
	"pingyi/scoring/schemes"
)

// examples are the folders under deploy/examples, whose golden files are
// computed in SQL, with which of the scheme's columns a golden column is where
// the two are named differently ("-": the SQL shows a step the scheme has no
// column for).
var examples = map[string]map[string]string{
	"tengzhou":      {},
	"ganxi-village": {"democratic.villager": "-", "democratic.member": "-", "democratic.colleague": "-", "imputed": "-"},
	"tmt360": {
		"shareholder": "-", "self": "-", "peer": "-", "subordinate": "-", "grassroots": "-", "peer.n": "-", "subordinate.n": "-", "grassroots.n": "-",
		"gap.ability": "gap_ability", "gap.leadership": "gap_leadership", "gap.quality": "gap_quality",
		"label.ability": "gap_ability.grade", "label.leadership": "gap_leadership.grade", "label.quality": "gap_quality.grade",
		"sheet.ability": "-", "sheet.leadership": "-", "sheet.quality": "-",
	},
	"xinping":       {},
	"ganxi-leaders": {},
	"ganxi-units":   {},
	"youth-league": {"self": "base.self", "youth": "base.youth", "leader": "base.leader", "comprehensive": "base.comprehensive",
		"youth.student": "-", "youth.student.n": "-", "youth.urban": "-", "youth.urban.n": "-", "youth.rural": "-", "youth.rural.n": "-",
		"youth.founder": "-", "youth.founder.n": "-", "youth.migrant": "-", "youth.migrant.n": "-"},
	"factory-calibration": {"quality": "raw.quality", "output": "raw.output", "execution": "raw.execution", "cost": "raw.cost"},
	"tahe-hospital":       {"quality": "score.quality", "patient": "score.patient", "patient.n": "score.patient.n", "peer": "score.peer", "peer.n": "score.peer.n"},
	"yunhe-school": {
		"teacher": "score.teaching", "group_marks": "score.teaching.marks", "questionnaire": "score.teaching.questionnaire",
		"questionnaire.manager": "score.teaching.questionnaire.manager", "questionnaire.peer": "score.teaching.questionnaire.peer",
		"questionnaire.student": "score.teaching.questionnaire.student", "questionnaire.parent": "score.teaching.questionnaire.parent",
		"questionnaire.self": "score.teaching.questionnaire.self", "questionnaire.manager.n": "-", "questionnaire.peer.n": "-",
		"questionnaire.student.n": "-", "questionnaire.parent.n": "-", "questionnaire.self.n": "-", "cadre": "score.cadre", "test": "score.cadre.test",
		"test.n": "-", "leader": "-", "main": "score.cadre.main", "staff": "score.staff", "marks": "score.staff.teachers", "marks.n": "-", "department": "score.staff.departments",
	},
	"ganxi-stationed": {"score.social.people": "-", "score.social.business": "-", "score.social.cadre": "-"},
	"district-letter": {
		"letter.amount": "amount", "letter.position": "position", "letter.deadline": "deadline", "letter.error": "error",
		"care.hypertension": "care_hypertension", "order.hypertension": "order_hypertension", "care.diabetes": "care_diabetes", "order.diabetes": "order_diabetes",
		"process": "score.process", "final": "score.final", "handling": "score.handling",
		"final.student": "-", "final.student.n": "-", "final.teacher": "-", "final.teacher.n": "-", "final.parent": "-", "final.parent.n": "-",
		"final.society": "-", "final.society.n": "-", "final.department": "-", "final.department.n": "-",
	},
	"jingzhou":     {"image.rank": "image_rank", "work.label": "work.grade"},
	"mutual-pairs": {"contest.label": "contest.grade"},
}

// readingRow is a row of the table of readings: scheme, reading, parameter.
var readingRow = regexp.MustCompile("(?m)^\\| `([^`]+)` \\| `([^`]+)` \\| `([^`=]+)=([^`]+)` \\|$")

// readings are the parameters of every other reading of the examples, as their
// README tells people.
func readings(t *testing.T) map[string]map[string]scoring.Params {
	t.Helper()
	src, err := os.ReadFile(filepath.Join("..", "deploy", "examples", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]map[string]scoring.Params{}
	for _, m := range readingRow.FindAllStringSubmatch(string(src), -1) {
		if out[m[1]] == nil {
			out[m[1]] = map[string]scoring.Params{}
		}
		out[m[1]][m[2]] = scoring.Params{m[3]: m[4]}
	}
	return out
}

// TestExamples holds every shipped scheme against golden files that were not
// made by this engine, in every reading.
func TestExamples(t *testing.T) {
	t.Parallel()
	known := readings(t)
	for name, columns := range examples {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join("..", "deploy", "examples", name)
			s, d := shipped(t, name), dir(t, path)
			files, err := filepath.Glob(filepath.Join(path, "golden*.csv"))
			if err != nil || len(files) != len(known[name])+1 {
				t.Fatalf("%d golden files for %d readings (%v)", len(files), len(known[name])+1, err)
			}
			for _, file := range files {
				reading := strings.TrimPrefix(strings.TrimSuffix(filepath.Base(file), ".csv"), "golden")
				reading = strings.TrimPrefix(reading, ".")
				params, there := known[name][reading]
				if reading != "" && !there {
					t.Errorf("no parameters for the reading %s", reading)
					continue
				}
				compare(t, reading, file, rows(t, compute(t, s, d, params)), columns)
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
