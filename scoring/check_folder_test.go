package scoring_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"pingyi/scoring"
	"pingyi/scoring/schemes"
)

// checkable is a scheme for a folder in which every file can be wrong.
const checkable = `scheme: checkable
params:
  least: {value: 1, choices: ["1", "5"]}
panels:
  people: {items: [q1, q2], min: $least}
  others: {items: [q1], min: 1}
indicators: [study, key.roads, key.parks]
ledger:
  award: {points: add, levels: {city: 2, county: 1}}
kinds:
  unit:
    attributes: {size: number, partner: subject}
    parts:
      image: {survey: people}
      other: {survey: others}
      study: {values: study}
      keys: {values: {code: key.*, score: completion, combine: mean}}
      prizes: {ledger: {kinds: [award]}}
      large: {attribute: size}
      against: {take: {part: study, of: partner}}
      all: {sum: [image, other, study, keys, prizes, large, against], missing_parts: drop}
    total: all
`

// Everything that is wrong with a folder is told at once, at its place and with
// what was meant; nothing is told of what follows from it.
func TestCheckFolder(t *testing.T) {
	t.Parallel()
	files := map[string][]byte{
		"subjects.csv": []byte("code,kind,size,partnre\na,unit,many,b\nb,unit,2,a\nc,unti,1,a\nb,unit,1,a\n"),
		"values.csv":   []byte("subject,indicator,value,target\na,study,good,\na,stduy,1,\na,key.raods,1,2\nb,key.parks,1,\nb,study,1%,\nz,study,1,\n"),
		"answers.csv":  []byte("id,panel,subject,item,value\n1,people,a,q1,5\n1,people,a,q2,9\n1,people,a,q3,5\n2,peolpe,a,q1,5\n"),
		"ledger.csv":   []byte("id,subject,kind,level,approved\n1,a,awrad,city,\n2,b,award,citty,\n3,b,award,,maybe\n"),
		"params.csv":   []byte("name,value\nleats,1\nleast,7\n"),
		"valuse.csv":   []byte("subject\n"),
	}
	faults, notices := scoring.CheckFolder("x.yaml", []byte(checkable), scoring.InMemory(files), nil, scoring.Params{"period": "someday"})
	want := []string{
		"--param:0:0 period",
		"answers.csv:3:15 answer_scale", "answers.csv:4:12 items_ignored q1", "answers.csv:5:3 panel_ignored people",
		"ledger.csv:2:5 entry_kind award", "ledger.csv:3:11 entry_level city", "ledger.csv:4:12 not_yes_no",
		"params.csv:2:1 param_unknown least", "params.csv:3:7 param_choice",
		"subjects.csv:1:16 attribute_column partnre", "subjects.csv:2:8 attribute_number", "subjects.csv:4:3 kind_ignored unit",
		"subjects.csv:5:0 row_duplicate",
		"values.csv:2:9 value_number", "values.csv:3:3 indicator_ignored study", "values.csv:4:3 indicator_counted key.roads",
		"values.csv:5:15 target_missing", "values.csv:6:9 percent", "values.csv:7:1 subject_unlisted",
		"valuse.csv:0:0 unknown_file values.csv",
	}
	if diff := cmp.Diff(want, withMeant(t, faults)); diff != "" {
		t.Error(diff)
	}
	if len(notices) > 0 {
		t.Errorf("told as notices: %v", notices)
	}
}

// withMeant lists faults with what was meant, and says each in words.
func withMeant(t *testing.T, faults scoring.Faults) []string {
	t.Helper()
	say := words(t, "zh-Hans")
	var out []string
	for _, f := range faults {
		line := strings.Replace(faultList(scoring.Faults{f})[0], "scoring.notice.", "", 1)
		if near, ok := f.Args["Near"].(string); ok {
			line += " " + near
		}
		out = append(out, line)
		say(f.Code, f.Args)
	}
	return out
}

// A scheme that is wrong itself is held against the data all the same.
func TestCheckFolderWithAFaultyScheme(t *testing.T) {
	t.Parallel()
	files := func() scoring.Files {
		return scoring.InMemory(map[string][]byte{
			"subjects.csv": []byte("code,size,partner\na,1,\n"),
			"ledger.csv":   []byte("id,subject,kind,points\n1,a,awrad,1\n"),
		})
	}
	faults, _ := scoring.CheckFolder("x.yaml", []byte(strings.Replace(checkable, "values: study", "values: stduy", 1)), files(), nil, nil)
	if diff := cmp.Diff([]string{"ledger.csv:2:5 entry_kind award", "x.yaml:16:23 indicator_undeclared study"}, withMeant(t, faults)); diff != "" {
		t.Error(diff)
	}
	faults, _ = scoring.CheckFolder("x.yaml", []byte("kinds: ["), scoring.InMemory(map[string][]byte{"subjects.csv": []byte("kode\na\n")}), nil, nil)
	if len(faults) != 2 {
		t.Errorf("of a file that is no YAML and a folder: %v", faults)
	}
}

// The examples have no fault; whatever one writes into a cell of theirs, check
// finds an error where scoring is refused, at the same place, and none where it
// is not.
func TestCheckFolderAgreesWithScoring(t *testing.T) {
	t.Parallel()
	for _, name := range schemes.Names() {
		files := exampleFiles(t, name)
		if faults, _ := scoring.CheckFolder(name, source(name), scoring.InMemory(files), nil, nil); len(faults) > 0 && name != "city-overall" {
			t.Errorf("%s: %v", name, faults)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.SampledFrom(schemes.Names()).Draw(t, "scheme")
		files := exampleFiles(t, name)
		file := rapid.SampledFrom(slices.Sorted(maps.Keys(files))).Draw(t, "file")
		lines := strings.Split(strings.TrimRight(string(files[file]), "\r\n"), "\n")
		i := rapid.IntRange(0, len(lines)-1).Draw(t, "line")
		cells := strings.Split(strings.TrimRight(lines[i], "\r"), ",")
		at := rapid.IntRange(0, len(cells)-1).Draw(t, "cell")
		cells[at] = rapid.SampledFrom([]string{"", "x", cells[at] + "x", "-1", "50%", "0", "2025-13-01", "1/3"}).Draw(t, "text")
		lines[i] = strings.Join(cells, ",")
		files[file] = []byte(strings.Join(lines, "\n") + "\n")

		found, _ := scoring.CheckFolder("s.yaml", source(name), scoring.InMemory(files), nil, nil)
		s, faults := scoring.ParseScheme("s.yaml", source(name))
		d, _, refused := scoring.ReadFolder(scoring.InMemory(files), nil)
		if len(refused) == 0 {
			_, refused = scoring.Compute(s, d, nil)
		}
		if len(faults) > 0 || (len(refused) > 0) != (len(found.Errors()) > 0) {
			t.Fatalf("scoring says %v, check %v", refused, found)
		}
		for _, f := range refused {
			if !slices.ContainsFunc(found, func(g scoring.Fault) bool { return g.File == f.File && g.Code == f.Code }) {
				t.Fatalf("%v is not found by check: %v", f, found)
			}
		}
	})
}

func source(name string) []byte {
	src, _ := schemes.Source(name)
	return src
}

// A check goes on after a weight that cannot be, in whatever file it stands.
func TestCheckFolderWithImpossibleWeights(t *testing.T) {
	t.Parallel()
	files := exampleFiles(t, "mutual-pairs")
	lines := strings.Split(string(files["pairs.csv"]), "\n")
	lines[20] = strings.Join(append(strings.Split(lines[20], ",")[:2], "-1"), ",")
	files["pairs.csv"] = []byte(strings.Join(lines, "\n"))
	found, _ := scoring.CheckFolder("s.yaml", source("mutual-pairs"), scoring.InMemory(files), nil, nil)
	if len(found) != 1 || found[0].Code != "scoring.fault.weight_not_positive" {
		t.Errorf("found %v", found)
	}
}
