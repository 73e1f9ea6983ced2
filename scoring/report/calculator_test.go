package report_test

import (
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"pingyi/scoring"
	"pingyi/scoring/formula"
	"pingyi/scoring/report"
	"pingyi/scoring/schemes"
)

// sums finds "expression = number" in a line; what stands before the
// expression ends in a sign that cannot belong to it.
var sums = regexp.MustCompile(`(?:^|[:：;；,→=] ?)([-−0-9.()+×÷²√e^ ]*[+×÷−²√^][-−0-9.()+×÷²√e^ ]*) = (-?[0-9.]+)`)

// calculator keys in what it is shown and keeps count.
type calculator struct {
	t    *testing.T
	say  scoring.Words
	sums int
	seen map[string]bool // codes of steps
}

// result follows every scorecard of a result, or every few.
func (c *calculator) result(name string, r *scoring.Result, every int) {
	c.t.Helper()
	for _, kinds := range [][]scoring.KindResult{r.Kinds, r.Others} {
		for _, k := range kinds {
			for i, row := range k.Rows {
				if i%every > 0 {
					continue
				}
				c.card(name, r, row.Subject)
				for _, t := range row.Traces {
					c.trace(name+" "+row.Subject, t)
				}
				c.note(row.Notes)
			}
		}
	}
}

func (c *calculator) note(lines []scoring.Line) {
	for _, l := range lines {
		c.seen[l.Code] = true
	}
}

// card keys in every sum of a scorecard as it is printed.
func (c *calculator) card(name string, r *scoring.Result, subject string) {
	card, ok := r.Explain(subject)
	if !ok {
		c.t.Errorf("%s: no card for %s", name, subject)
		return
	}
	var b strings.Builder
	if err := report.Card(&b, card, c.say, "en"); err != nil {
		c.t.Fatal(err)
	}
	for _, line := range strings.Split(b.String(), "\n") {
		for _, m := range sums.FindAllStringSubmatch(strings.TrimSpace(line), -1) {
			c.sums++
			want, err := strconv.ParseFloat(m[2], 64)
			if err != nil {
				c.t.Fatal(line)
			}
			// Numbers on a card are rounded to six decimals or more.
			if got, ok := key(m[1]); !ok || math.Abs(got-want) > 0.001 {
				c.t.Errorf("%s %s: %s: %s is %v", name, subject, strings.TrimSpace(line), m[1], got)
			}
		}
	}
}

// trace sees that a part's figure is what its last step arrives at, and that
// the figures of the parts it is made of stand among its steps.
func (c *calculator) trace(where string, t *scoring.Trace) {
	c.note(t.Lines)
	if t.Value != nil && t.Rule != "named" {
		last, found := "", false
		for _, l := range t.Lines {
			for _, name := range []string{"Value", "Rank"} {
				switch v := l.Args[name].(type) {
				case string:
					last, found = v, true
				case int:
					last, found = strconv.Itoa(v), true
				}
			}
		}
		if one := onlyInput(t); !found && one != nil {
			last = scoring.FormatBrief(one.Value)
		}
		if last != scoring.FormatBrief(t.Value) {
			c.t.Errorf("%s: %s is %s, but its steps end in %q: %v", where, t.Part, scoring.FormatBrief(t.Value), last, t.Lines)
		}
		c.inputs(where, t)
	}
	for _, in := range t.Inputs {
		c.trace(where, in)
	}
}

// onlyInput is the one part with a value that a part is made of, or nil.
func onlyInput(t *scoring.Trace) *scoring.Trace {
	var one *scoring.Trace
	for _, in := range t.Inputs {
		if in.Value == nil {
			continue
		}
		if one != nil {
			return nil
		}
		one = in
	}
	return one
}

func (c *calculator) inputs(where string, t *scoring.Trace) {
	if t.Rule == "first_of" || t.Over == "count" || onlyInput(t) != nil {
		return
	}
	for _, in := range t.Inputs {
		if in.Value == nil || in.Weight != nil && in.Weight.Sign() == 0 {
			continue
		}
		shown := false
		for _, l := range t.Lines {
			for _, arg := range []string{"Terms", "Value"} {
				text, _ := l.Args[arg].(string)
				shown = shown || strings.Contains(text, scoring.FormatBrief(in.Value))
			}
		}
		if !shown {
			c.t.Errorf("%s: %s of %s stands in no step of %s", where, scoring.FormatBrief(in.Value), in.Part, t.Part)
		}
	}
}

// key works out an expression as a pocket calculator with a root and a power
// of e does.
func key(text string) (float64, bool) {
	for {
		root, power := strings.LastIndex(text, "√("), strings.LastIndex(text, "e^(")
		at, open := root, len("√")
		f := math.Sqrt
		if power > root {
			at, open, f = power, len("e^"), math.Exp
		}
		if at < 0 {
			break
		}
		end := closing(text, at+open)
		inner, ok := key(text[at+open : end])
		if !ok {
			return 0, false
		}
		text = text[:at] + strconv.FormatFloat(f(inner), 'f', 15, 64) + text[end:]
	}
	for at := strings.Index(text, ")²"); at >= 0; at = strings.Index(text, ")²") {
		start := opening(text, at)
		inner := text[start : at+1]
		text = text[:start] + "(" + inner + " × " + inner + ")" + text[at+len(")²"):]
	}
	e, err := formula.Parse(strings.TrimSpace(text))
	if err != nil {
		return 0, false
	}
	n := e.Eval(func(string) formula.Value { return formula.Missing() }).Number
	if n == nil {
		return 0, false
	}
	v, _ := n.Float64()
	return v, true
}

// closing is the place after the parenthesis that closes the one at a place.
func closing(text string, open int) int {
	depth := 0
	for i := open; i < len(text); i++ {
		switch text[i] {
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return len(text)
}

// opening is the place of the parenthesis that the one at a place closes.
func opening(text string, closed int) int {
	depth := 0
	for i := closed; i >= 0; i-- {
		switch text[i] {
		case ')':
			depth++
		case '(':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return 0
}

// TestPocketCalculator keys in every sum of every scorecard of every example,
// as the scheme stands and with each choice of each of its parameters, and
// follows each figure to the step it comes from.
func TestPocketCalculator(t *testing.T) {
	t.Parallel()
	c := &calculator{t: t, say: words(t, "en"), seen: map[string]bool{}}
	for _, name := range schemes.Names() {
		if _, err := os.Stat(filepath.Join("..", "..", "deploy", "examples", name, "golden.csv")); err != nil {
			continue // a scheme without an example folder of its own
		}
		c.result(name, compute(t, name, nil), 1)
		for _, params := range readings(t, name) {
			c.result(name, compute(t, name, params), 15)
		}
	}
	c.result("steps", computeSteps(t), 1)
	if c.sums < 12000 {
		t.Errorf("only %d sums were checked", c.sums)
	}
	t.Log(c.sums, "sums")
	for _, code := range steps(t) {
		if !c.seen[code] && code != "scoring.trace.hidden" {
			t.Errorf("no scorecard here has the step %s", code)
		}
	}
}

// readings are the choices of a scheme's parameters that are not the defaults.
func readings(t *testing.T, name string) []scoring.Params {
	t.Helper()
	src, _ := schemes.Source(name)
	s, faults := scoring.ParseScheme(name, src)
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	var out []scoring.Params
	for _, p := range s.Params() {
		for _, choice := range p.Choices {
			if choice != p.Value {
				out = append(out, scoring.Params{p.Name: choice})
			}
		}
	}
	return out
}

// steps are the steps a scorecard may have.
func steps(t *testing.T) []string {
	t.Helper()
	src, err := fs.ReadFile(scoring.Locales(), "locales/scoring.en.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for line := range strings.Lines(string(src)) {
		if key, _, ok := strings.Cut(line, ": "); ok && strings.HasPrefix(key, "scoring.trace.") {
			out = append(out, key)
		}
	}
	return out
}

// computeSteps scores a scheme that has what the shipped ones do not.
func computeSteps(t *testing.T) *scoring.Result {
	t.Helper()
	folder := filepath.Join("testdata", "steps")
	src, err := os.ReadFile(filepath.Join(folder, "scheme.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	return computeFolder(t, folder, "steps.yaml", src, nil)
}
