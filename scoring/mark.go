package scoring

import (
	"math/big"
	"slices"
	"time"
)

// reading is a value ready to be marked: one row, or several made one.
type reading struct {
	value  *big.Rat // nil: only a date
	word   string
	target *big.Rat
	date   string
	due    string
	line   int
	ok     bool
}

// gather makes readings of rows: the sum, the latest or the first of them, or
// each by itself.
func (r valueRule) gather(c *computation, rows []*Value) []reading {
	out := make([]reading, len(rows))
	for i, v := range rows {
		out[i] = r.read(c, v)
	}
	switch r.rows {
	case "sum":
		return []reading{sumReadings(out)}
	case "latest", "first":
		best := out[0]
		for _, x := range out[1:] {
			if (x.date > best.date) == (r.rows == "latest") && x.date != best.date {
				best = x
			}
		}
		return []reading{best}
	}
	return out
}

func (r valueRule) read(c *computation, v *Value) reading {
	x := reading{word: v.Value, target: v.Target, date: v.Date, due: v.Due, line: v.Line, ok: true}
	if v.Value == "" {
		return x
	}
	if code := r.unread(v.Value); code != "" {
		c.faultUnread(v, code, keys(r.words))
		x.ok = false
		return x
	}
	x.value, _ = r.number(v.Value)
	return x
}

// unread names what keeps the rule from reading a value, or "".
func (r valueRule) unread(text string) string {
	if _, word := r.words[text]; word || text == "" {
		return ""
	}
	if _, ok := ParseNumber(text); !ok {
		return "value_number"
	}
	if IsPercent(text) && !r.takesPercent() {
		return "percent"
	}
	return ""
}

// tellUnread reports values that no rule for their indicator can read, whether
// their rows count or not. What no rule is for may be a word of another scheme.
func (c *computation) tellUnread() {
	rules := map[string][]valueRule{}
	for i := range c.data.Values {
		v := &c.data.Values[i]
		if _, known := rules[v.Indicator]; !known {
			rules[v.Indicator] = c.prog.rulesFor(v.Indicator)
		}
		code, words := "", []string(nil)
		for _, r := range rules[v.Indicator] {
			if code = r.unread(v.Value); code == "" {
				break
			}
			words = append(words, keys(r.words)...)
		}
		if code != "" {
			c.faultUnread(v, code, words)
		}
	}
}

func (c *computation) faultUnread(v *Value, code string, words []string) {
	args := []any{"Column", "value", "Subject", v.Subject, "Indicator", v.Indicator, "Got", v.Value}
	c.fault(fileValues, v.Line, code, meaning(args, v.Value, words)...)
}

// number is a value's number: that of its word, or its own.
func (r valueRule) number(text string) (*big.Rat, bool) {
	if points, known := r.words[text]; known {
		return points, true
	}
	return ParseNumber(text)
}

// takesPercent tells whether 50% can only be 0.5: where the value is held
// against a target (which then has a percent sign too), or against steps
// written with one.
func (r valueRule) takesPercent() bool {
	if r.score != "steps" || r.onRatio {
		return r.score != "mark"
	}
	return slices.ContainsFunc(r.steps, func(s step) bool { return s.percent })
}

// sumReadings adds values and targets; a row without a target leaves the sum
// without one, so that the fault is found.
func sumReadings(rows []reading) reading {
	total := rows[0]
	for _, x := range rows[1:] {
		total.ok = total.ok && x.ok
		if total.value == nil || x.value == nil {
			continue
		}
		total.value = new(big.Rat).Add(total.value, x.value)
		if total.target == nil || x.target == nil {
			total.target = nil
		} else {
			total.target = new(big.Rat).Add(total.target, x.target)
		}
		total.date = max(total.date, x.date)
	}
	return total
}

// mark applies the rule to a reading; line tells how.
func (r valueRule) mark(c *computation, x reading) (*big.Rat, Line, bool) {
	if !x.ok {
		return nil, Line{}, false
	}
	switch r.score {
	case "deadline":
		return r.deadline(x)
	case "steps":
		if !r.onRatio {
			return r.stepped(c, x, x.value, "")
		}
	case "mark":
		v, bound := r.clip(x.value)
		code := "value"
		if _, isWord := r.words[x.word]; isWord {
			code = "value_word"
		}
		return v, Line{code, map[string]any{"Got": x.word, "Bound": bound}}, true
	}
	if x.target == nil || x.target.Sign() < 0 || x.target.Sign() == 0 && r.better != "lower" {
		c.fault(fileValues, x.line, "target_missing", "Got", ratText(x.target))
		return nil, Line{}, false
	}
	switch r.score {
	case "reached":
		return r.reached(x)
	case "error_rate":
		return r.errorRate(c, x)
	case "position":
		return r.position(c, x)
	}
	ratio, written := r.ratio(x)
	if r.score == "steps" {
		return r.stepped(c, x, ratio, written)
	}
	code := "completion"
	if r.better == "lower" {
		code = "completion_lower"
	}
	return r.late100(x, ratio, ratio.Cmp(rat(1)) >= 0, Line{code, map[string]any{"Ratio": written}})
}

// ratio is actual ÷ target and how it is keyed in; where lower is better it is
// 1 as soon as the target is kept (an actual of 0 too), else target ÷ actual.
func (r valueRule) ratio(x reading) (*big.Rat, string) {
	if r.better != "lower" {
		return new(big.Rat).Quo(x.value, x.target), keyed(x.value) + " ÷ " + plain(x.target)
	}
	if x.value.Cmp(x.target) <= 0 {
		return rat(1), ""
	}
	return new(big.Rat).Quo(x.target, x.value), plain(x.target) + " ÷ " + plain(x.value)
}

// late100 clips a rate, takes off for lateness what was completed late, and
// brings it to 100.
func (r valueRule) late100(x reading, rate *big.Rat, done bool, line Line) (*big.Rat, Line, bool) {
	clipped, bound := r.clip(rate)
	for name, value := range map[string]any{"Got": ratText(x.value), "Target": ratText(x.target), "Raw": plain(rate), "Rate": plain(clipped), "Bound": bound} {
		line.Args[name] = value
	}
	v := new(big.Rat).Mul(clipped, rat(100))
	if !done || !x.isLate() || r.late == nil && r.lateDay == nil {
		return v, line, true
	}
	line.Code += "_late"
	line.Args["Date"], line.Args["Due"] = x.date, x.due
	sum := plain(clipped) + " × 100"
	if r.late != nil {
		v.Mul(v, r.late)
		sum += " × " + plain(r.late)
	}
	if r.lateDay != nil {
		days := rat(x.daysLate())
		v.Sub(v, new(big.Rat).Mul(r.lateDay, days))
		sum += " − " + plain(r.lateDay) + " × " + plain(days)
	}
	line.Args["Sum"], line.Args["Zero"] = sum, v.Sign() < 0
	if v.Sign() < 0 {
		v = new(big.Rat)
	}
	return v, line, true
}

func (x reading) isLate() bool { return x.due != "" && x.date > x.due }

func (x reading) daysLate() int64 {
	date, err1 := time.Parse(time.DateOnly, x.date)
	due, err2 := time.Parse(time.DateOnly, x.due)
	if err1 != nil || err2 != nil || !date.After(due) {
		return 0
	}
	return int64(date.Sub(due).Hours() / 24)
}

func (r valueRule) reached(x reading) (*big.Rat, Line, bool) {
	compared := x.value.Cmp(x.target)
	cmp := compared
	if r.better == "lower" {
		cmp = -cmp
	}
	rate, done := new(big.Rat), cmp > 0 || cmp == 0 && !r.strict
	code := "not_reached"
	if done {
		rate, code = rat(1), "reached"
	}
	sign := map[int]string{-1: "<", 0: "=", 1: ">"}[compared]
	return r.late100(x, rate, done, Line{code, map[string]any{"Sign": sign}})
}

// deadline gives 100 for what is done by its due date, else what the late rule
// leaves; without a date it is not done.
func (r valueRule) deadline(x reading) (*big.Rat, Line, bool) {
	args := map[string]any{"Date": x.date, "Due": x.due, "Sum": "", "Zero": false}
	switch {
	case x.date == "" || x.value != nil && x.value.Sign() == 0:
		return new(big.Rat), Line{"deadline_open", args}, true
	case !x.isLate():
		return rat(100), Line{"deadline_met", args}, true
	case r.late == nil && r.lateDay == nil:
		return new(big.Rat), Line{"deadline_late", args}, true
	}
	return r.late100(x, rat(1), true, Line{"deadline", args})
}

// errorRate is the share without error; steps, where given, go by the rate.
func (r valueRule) errorRate(c *computation, x reading) (*big.Rat, Line, bool) {
	rate, written := new(big.Rat).Quo(x.value, x.target), keyed(x.value)+" ÷ "+plain(x.target)
	if len(r.steps) > 0 {
		return r.stepped(c, x, rate, written)
	}
	return r.percentage(x, new(big.Rat).Sub(rat(1), rate), "error_rate")
}

// position is 100 for the first of `target` places and falls evenly; steps,
// where given, go by the place.
func (r valueRule) position(c *computation, x reading) (*big.Rat, Line, bool) {
	if len(r.steps) > 0 {
		return r.stepped(c, x, x.value, "")
	}
	v := new(big.Rat).Sub(new(big.Rat).Add(x.target, rat(1)), x.value)
	return r.percentage(x, v.Quo(v, x.target), "position")
}

// percentage clips a rate and brings it to 100.
func (r valueRule) percentage(x reading, rate *big.Rat, code string) (*big.Rat, Line, bool) {
	v, bound := r.clip(rate)
	return v.Mul(v, rat(100)), Line{code, map[string]any{"Got": plain(x.value), "Target": plain(x.target), "Bound": bound}}, true
}

// stepped is what the first fitting step gives for a figure; written is how
// that is worked out where it is not the value itself.
func (r valueRule) stepped(c *computation, x reading, on *big.Rat, written string) (*big.Rat, Line, bool) {
	gives, which, ok := findStep(r.steps, on)
	if !ok {
		c.fault(fileValues, x.line, "step_none", "Got", plain(on))
		return nil, Line{}, false
	}
	return gives, Line{"step", map[string]any{"Got": plain(on), "Ratio": written, "How": which.how, "Threshold": ratText(which.threshold)}}, true
}

// findStep returns what the first step that holds gives.
func findStep(steps []step, on *big.Rat) (*big.Rat, step, bool) {
	for _, s := range steps {
		c := 0
		if s.threshold != nil {
			c = on.Cmp(s.threshold)
		}
		if s.how == "" || s.how == "from" && c >= 0 || s.how == "above" && c > 0 || s.how == "up_to" && c <= 0 || s.how == "below" && c < 0 {
			return s.gives, s, true
		}
	}
	return nil, step{}, false
}

// clip keeps a figure within the rule's floor and cap, and names the one that
// held it.
func (r valueRule) clip(v *big.Rat) (clipped *big.Rat, bound string) {
	if r.floor != nil && v.Cmp(r.floor) < 0 {
		v, bound = r.floor, "floor"
	}
	if r.cap != nil && v.Cmp(r.cap) > 0 {
		v, bound = r.cap, "cap"
	}
	return new(big.Rat).Set(v), bound
}
