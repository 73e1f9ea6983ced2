package scoring_test

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"maps"
	"math/big"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"pingyi/scoring"
	"pingyi/scoring/schemes"
)

// What holds of every shipped scheme whatever the data. The data are made of its example: some of the
// subjects, some of the rows, values and answers exchanged for others of their kind, in any order.

// rowTable is a CSV file in pieces.
type rowTable struct {
	header []string
	rows   [][]string
}

func (t rowTable) cell(row []string, column string) string {
	if i := slices.Index(t.header, column); i >= 0 {
		return row[i]
	}
	return ""
}

// exampleTables reads the data of an example.
func exampleTables(t *testing.T, name string) map[string]rowTable {
	t.Helper()
	tables := map[string]rowTable{}
	paths, err := filepath.Glob(filepath.Join("..", "deploy", "examples", name, "*.csv"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no example of %s: %v", name, err)
	}
	for _, path := range paths {
		if strings.HasPrefix(filepath.Base(path), "golden") {
			continue
		}
		src, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(bytes.NewReader(src)).ReadAll()
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		tables[filepath.Base(path)] = rowTable{rows[0], rows[1:]}
	}
	return tables
}

// mostSubjects keeps a computation short.
const mostSubjects = 30

// thin keeps some of the subjects, whoever they name in a column, and the rows about them.
func thin(rng *rand.Rand, tables map[string]rowTable) map[string]rowTable {
	subjects := tables["subjects.csv"]
	byCode := map[string][]string{}
	for _, row := range subjects.rows {
		byCode[row[0]] = row
	}
	keep := map[string]bool{}
	var take func(code string)
	take = func(code string) {
		if row, known := byCode[code]; known && !keep[code] {
			keep[code] = true
			for _, cell := range row[1:] {
				take(cell)
			}
		}
	}
	for _, i := range rng.Perm(len(subjects.rows))[:min(len(subjects.rows), mostSubjects)] {
		take(subjects.rows[i][0])
	}
	out := map[string]rowTable{}
	for file, table := range tables {
		rows := rowTable{header: table.header}
		for _, row := range table.rows {
			about := row[0]
			if i := slices.Index(table.header, "subject"); i >= 0 {
				about = row[i]
			}
			if file == "params.csv" || keep[about] && (file != "pairs.csv" || keep[row[1]]) {
				rows.rows = append(rows.rows, row)
			}
		}
		out[file] = rows
	}
	return out
}

// exchange gives one row in eight of those about whom the value of another of its kind, and drops one
// in thirty.
func exchange(rng *rand.Rand, tables map[string]rowTable, whom func(subject string) bool) map[string]rowTable {
	kinds := map[string][2]string{"values.csv": {"indicator", "value"}, "answers.csv": {"item", "value"}, "ledger.csv": {"kind", "points"}}
	out := map[string]rowTable{}
	for _, file := range slices.Sorted(maps.Keys(tables)) {
		table := tables[file]
		columns, mixed := kinds[file]
		at := slices.Index(table.header, columns[1])
		if !mixed || at < 0 {
			out[file] = table
			continue
		}
		kind := func(row []string) string {
			return table.cell(row, "panel") + "\x00" + table.cell(row, columns[0]) + "\x00" + table.cell(row, "level")
		}
		seen := map[string][]string{}
		for _, row := range table.rows {
			seen[kind(row)] = append(seen[kind(row)], table.cell(row, columns[1]))
		}
		fresh := rowTable{header: table.header}
		for _, row := range table.rows {
			changed := slices.Clone(row)
			if whom(table.cell(row, "subject")) {
				if rng.IntN(30) == 0 {
					continue
				}
				if others := seen[kind(row)]; rng.IntN(8) == 0 {
					changed[at] = others[rng.IntN(len(others))]
				}
			}
			fresh.rows = append(fresh.rows, changed)
		}
		out[file] = fresh
	}
	return out
}

// mixed puts the rows into another order.
func mixed(rng *rand.Rand, tables map[string]rowTable) map[string]rowTable {
	out := map[string]rowTable{}
	for _, file := range slices.Sorted(maps.Keys(tables)) {
		rows := slices.Clone(tables[file].rows)
		rng.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
		out[file] = rowTable{tables[file].header, rows}
	}
	return out
}

// outcome computes tables by a scheme; where there are faults, they are the outcome.
func outcome(t *rapid.T, scheme string, params scoring.Params, tables map[string]rowTable) (*scoring.Result, string) {
	s, faults := scoring.ParseScheme("s.yaml", []byte(scheme))
	if len(faults.Errors()) > 0 {
		t.Fatal(faults)
	}
	files := map[string][]byte{}
	for name, table := range tables {
		var b bytes.Buffer
		if err := csv.NewWriter(&b).WriteAll(append([][]string{table.header}, table.rows...)); err != nil {
			t.Fatal(err)
		}
		files[name] = b.Bytes()
	}
	d, _, faults := scoring.ReadFolder(scoring.InMemory(files), nil)
	if len(faults.Errors()) > 0 {
		t.Fatal(faults)
	}
	r, faults := scoring.Compute(s, d, params)
	codes := []string{}
	for _, f := range faults.Errors() {
		codes = append(codes, fmt.Sprint(f.Code, f.Args))
	}
	slices.Sort(codes)
	return r, strings.Join(codes, "\n")
}

// standings is what a result says of each subject, apart from columns and traces.
func standings(r *scoring.Result) map[string]string {
	out := map[string]string{}
	for _, k := range r.Kinds {
		for _, row := range k.Rows {
			out[row.Subject] = fmt.Sprint(totalText(row), row.Rank, row.Order, row.Grade, row.Awards, row.Consequences, row.Flags)
			for _, p := range row.Payouts {
				out[row.Subject] += " " + p.Value.RatString()
			}
		}
	}
	return out
}

func totalText(row scoring.Row) string {
	if row.Total == nil {
		return "–"
	}
	return row.Total.RatString()
}

var (
	weightKey   = regexp.MustCompile(`\bweight: (\d+)`)
	plainNumber = regexp.MustCompile(`: (\d+)`)
)

// doubled is a scheme with all its weights twice as large.
func doubled(src string) string {
	double := func(pattern *regexp.Regexp, s string) string {
		return pattern.ReplaceAllStringFunc(s, func(m string) string {
			n, _ := new(big.Int).SetString(pattern.FindStringSubmatch(m)[1], 10)
			return strings.TrimSuffix(m, n.String()) + n.Lsh(n, 1).String()
		})
	}
	lines := strings.Split(src, "\n")
	tables := false
	for i, line := range lines {
		if line != "" && line[0] != ' ' {
			tables = line == "tables:"
		}
		before, list, inline := strings.Cut(line, "weighted_mean: {")
		switch {
		case tables && !strings.HasPrefix(strings.TrimSpace(line), `"`): // prizes by group are quoted
			lines[i] = double(plainNumber, line)
		case inline:
			lines[i] = before + "weighted_mean: {" + double(plainNumber, list)
		default:
			lines[i] = double(weightKey, line)
		}
	}
	return strings.Join(lines, "\n")
}

var openMean = regexp.MustCompile(`(?m)^( *)weighted_mean:\n( +\S+:(?: |\n +)\{?weight: )`)

// withAbsent is a scheme with one more panel, of weight 0 and without ballots, in every mean whose
// parts have their weights beside them.
func withAbsent(src string) string {
	n := 0
	src = openMean.ReplaceAllStringFunc(src, func(m string) string {
		n++
		found := openMean.FindStringSubmatch(m)
		return fmt.Sprintf("%[1]sweighted_mean:\n%[1]s  absent%[2]d: {weight: 0, survey: absent}\n%[3]s", found[1], n, found[2])
	})
	if strings.Contains(src, "\npanels:\n") {
		return strings.Replace(src, "\npanels:\n", "\npanels:\n  absent: {min: 1}\n", 1)
	}
	return strings.Replace(src, "\nkinds:\n", "\npanels:\n  absent: {min: 1}\n\nkinds:\n", 1)
}

// everybody is whom an exchange is about if not one subject.
func everybody(string) bool { return true }

// related tells whether a rule makes a subject's total depend on another's rows: it takes from its
// parent, or the mean of others stands in.
func related(of, other scoring.Row) bool {
	if of.Parent == other.Subject || other.Parent == of.Subject {
		return true
	}
	for _, f := range of.Flags {
		if f.Code == "imputed" {
			return true
		}
	}
	return false
}

func TestShippedSchemesHoldOnAnyData(t *testing.T) {
	t.Parallel()
	known := readings(t)
	all := map[string]map[string]rowTable{}
	for name := range examples {
		all[name] = exampleTables(t, name)
	}
	names := slices.DeleteFunc(schemes.Names(), func(name string) bool { return all[name] == nil })
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.SampledFrom(names).Draw(t, "scheme")
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		raw, _ := schemes.Source(name)
		src := string(raw)
		tables := exchange(rng, thin(rng, all[name]), everybody)
		reading := rapid.SampledFrom(append(slices.Sorted(maps.Keys(known[name])), "default")).Draw(t, "reading")
		params := known[name][reading]
		want, faults := outcome(t, src, params, tables)
		same := func(what, scheme string, tables map[string]rowTable) {
			got, gotFaults := outcome(t, scheme, params, tables)
			if gotFaults != faults {
				t.Fatalf("%s: %s: other faults:\n%s", name, what, cmp.Diff(faults, gotFaults))
			}
			if want != nil {
				if diff := cmp.Diff(standings(want), standings(got)); diff != "" {
					t.Fatalf("%s: %s changes the result:\n%s", name, what, diff)
				}
			}
		}
		same("another order of rows", src, mixed(rng, tables))
		same("doubling all weights", doubled(src), tables)
		same("an absent panel of weight 0", withAbsent(src), tables)
		if want == nil {
			return
		}
		for _, k := range want.Kinds {
			for _, row := range k.Rows {
				zeros := slices.ContainsFunc(row.Flags, func(f scoring.Flag) bool { return f.Code == "counted_zero" })
				for _, trace := range row.Traces {
					withinParts(t, name+" "+row.Subject, trace, zeros)
				}
			}
		}
		if name == "factory-calibration" || params["centred"] == "yes" {
			return // rules that hold all against each other
		}
		dependsOnNobody(t, rng, src, params, tables, want)
	})
}

// dependsOnNobody changes what is known of one subject, and looks at the totals of the others.
func dependsOnNobody(t *rapid.T, rng *rand.Rand, src string, params scoring.Params, tables map[string]rowTable, before *scoring.Result) {
	rows := map[string]scoring.Row{}
	for _, k := range before.Kinds {
		for _, row := range k.Rows {
			rows[row.Subject] = row
		}
	}
	subjects := tables["subjects.csv"].rows
	one := subjects[rng.IntN(len(subjects))][0]
	after, faults := outcome(t, src, params, exchange(rng, tables, func(subject string) bool { return subject == one }))
	if faults != "" {
		return // what is not a result depends on everybody
	}
	changed := scoring.Row{Subject: one}
	if row, scored := rows[one]; scored {
		changed = row
	}
	for _, k := range after.Kinds {
		for _, row := range k.Rows {
			was := rows[row.Subject]
			if row.Subject == one || related(was, changed) || related(row, changed) {
				continue
			}
			if totalText(was) != totalText(row) {
				t.Fatalf("what is known of %s changes %s from %s to %s", one, row.Subject, totalText(was), totalText(row))
			}
		}
	}
}

// shaping are the steps after which a value need no longer lie within its parts.
var shaping = regexp.MustCompile(`\.(full|floor|cap|rounded|step|imputed|centred|counted_zero|missing_zero|periods|each)`)

// withinParts looks at every mean of a tree; zeros tells that what is missing may count as 0.
func withinParts(t *rapid.T, where string, trace *scoring.Trace, zeros bool) {
	for _, input := range trace.Inputs {
		withinParts(t, where, input, zeros)
	}
	if trace.Value == nil || trace.Rule != "weighted_mean" && trace.Rule != "mean" ||
		slices.ContainsFunc(trace.Lines, func(l scoring.Line) bool { return shaping.MatchString(l.Code) }) {
		return
	}
	var low, high *big.Rat
	for _, input := range trace.Inputs {
		v := input.Value
		if v == nil && !zeros {
			continue
		}
		if v == nil {
			v = new(big.Rat)
		}
		if low == nil || v.Cmp(low) < 0 {
			low = v
		}
		if high == nil || v.Cmp(high) > 0 {
			high = v
		}
	}
	if low != nil && (trace.Value.Cmp(low) < 0 || trace.Value.Cmp(high) > 0) {
		t.Fatalf("%s: %s is %s, outside of %s … %s", where, trace.Part, trace.Value.RatString(), low.RatString(), high.RatString())
	}
}

// TestDoubledSchemesDiffer keeps the property above from comparing a scheme with itself.
func TestDoubledSchemesDiffer(t *testing.T) {
	t.Parallel()
	means, absents := 0, 0
	for _, name := range schemes.Names() {
		src, _ := schemes.Source(name)
		if bytes.Contains(src, []byte("weighted_mean:")) && !strings.Contains(string(src), "combine: weighted_mean}}\n") {
			if doubled(string(src)) == string(src) {
				t.Errorf("%s: no weight was doubled", name)
			}
			means++
		}
		if strings.Contains(withAbsent(string(src)), "absent1:") {
			absents++
		}
	}
	if means < 8 || absents < 10 {
		t.Errorf("%d schemes with doubled weights and %d with an absent panel: too few", means, absents)
	}
}
