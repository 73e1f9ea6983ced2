package scoring

import (
	"math/big"
	"strings"

	"pingyi/scoring/formula"
)

// constantRule is the same for everybody.
type constantRule struct{ value *big.Rat }

func (r *constantRule) name() string   { return "constant" }
func (r *constantRule) needs() []*part { return nil }

func (r *constantRule) compute(c *computation, p *part, _ scope) []*Cell {
	out := make([]*Cell, len(c.subjects[p.kind]))
	for i := range out {
		out[i] = present(r.value)
		out[i].line("constant", "Value", r.value)
	}
	return out
}

// attributeRule takes a number from a column of subjects.csv, or turns a word
// or a number of it into one.
type attributeRule struct {
	attribute string
	words     map[string]*big.Rat
	steps     []step
	otherwise *big.Rat
}

func (r *attributeRule) name() string   { return "attribute" }
func (r *attributeRule) needs() []*part { return nil }

func (r *attributeRule) compute(c *computation, p *part, in scope) []*Cell {
	subjects := c.subjects[p.kind]
	out := make([]*Cell, len(subjects))
	for i, s := range subjects {
		cell := &Cell{Trace: &Trace{}}
		out[i] = cell
		text := attribute(s, r.attribute)
		value, which, ok := r.value(text)
		switch {
		case ok:
			cell.State, cell.Value = Present, value
			cell.line("attribute", "Attribute", r.attribute, "Got", text, "How", which.how, "Threshold", which.threshold, "Value", value)
		case text == "":
			cell.line("attribute_empty", "Attribute", r.attribute)
		default:
			c.fault(fileSubjects, s.Line, "attribute_value", "Subject", s.Code, "Attribute", r.attribute, "Got", text,
				"Known", strings.Join(keys(r.words), ", "))
		}
	}
	return out
}

// value is what the attribute's text gives, and by which step.
func (r *attributeRule) value(text string) (*big.Rat, step, bool) {
	if v, ok := r.words[text]; ok {
		return v, step{}, true
	}
	if n, ok := ParseNumber(text); ok {
		if len(r.steps) == 0 && len(r.words) == 0 {
			return n, step{}, true
		}
		if v, which, ok := findStep(r.steps, n); ok {
			return v, which, true
		}
	}
	return r.otherwise, step{}, r.otherwise != nil
}

// formulaRule is arithmetic on named parts and attributes.
type formulaRule struct{ *condition }

func (r *formulaRule) name() string   { return "formula" }
func (r *formulaRule) needs() []*part { return r.parts() }

func (r *formulaRule) compute(c *computation, p *part, in scope) []*Cell {
	out := make([]*Cell, len(c.subjects[p.kind]))
	for i := range out {
		cell := &Cell{Trace: &Trace{}}
		out[i] = cell
		env := c.environment(r.condition, p.kind, in, i)
		v := r.expr.Eval(env)
		cell.State, cell.Value = Present, v.Number
		if v.Number == nil {
			cell.State = r.absent(c, in, i, cell, env)
		}
		cell.line("formula", "Formula", r.written(), "Numbers", c.inNumbers(r.condition, p.kind, in, i), "Value", ratOrNil(v.Number))
	}
	return out
}

func ratOrNil(r *big.Rat) any {
	if r == nil {
		return "–"
	}
	return r
}

// absent tells a formula that does not concern the subject from one that lacks
// a value, and flags what it lacks.
func (r *formulaRule) absent(c *computation, in scope, i int, cell *Cell, env func(string) formula.Value) State {
	state := Missing
	for _, name := range r.expr.Names() {
		o := r.names[name.Name]
		if o.part == nil {
			if env(name.Name).Kind == formula.Unknown {
				cell.Flags = append(cell.Flags, Flag{Code: flagMissing, Part: name.Name})
			}
			continue
		}
		switch c.operandCell(o, in, i).State {
		case NotApplicable:
			state = NotApplicable
		case Missing:
			cell.flag(flagMissing, o.part, in)
		}
	}
	return state
}
