package scoring

import "math/big"

// State tells whether a cell has a value.
type State int

// The states of a cell. NotApplicable is a part that does not concern the
// subject (its `when` does not hold); it is left out without a word.
const (
	Missing State = iota
	Present
	NotApplicable
)

// Cell is the value of one part for one subject, with how it came about. A
// cell never changes once computed.
type Cell struct {
	State State
	Value *big.Rat
	Words []string // what a pick rule or labels found
	N     int64    // responses behind it, where it comes from a survey
	Flags []Flag
	Trace *Trace
}

// Flag marks something a reader of the total must know, such as a part that
// dropped out. Code is a word of the result files; Part and Scope say where.
type Flag struct {
	Code  string // missing, below_minimum, imputed, …
	Part  string
	Scope string
}

// String is the flag as the result files have it: code:part@scope.
func (f Flag) String() string {
	s := f.Code
	if f.Part != "" {
		s += ":" + f.Part
	}
	if f.Scope != "" {
		s += "@" + f.Scope
	}
	return s
}

// The codes of flags.
const (
	flagMissing   = "missing"
	flagMinimum   = "below_minimum"
	flagRescaled  = "rescaled"
	flagZero      = "counted_zero"
	flagImputed   = "imputed"
	flagUnsigned  = "unapproved"
	flagVeto      = "veto"
	flagUnranked  = "unranked"
	flagFallback  = "shift_used"
	flagUndecided = "tie_at_border"
	flagUnshared  = "unshared"
)

// Trace says how a cell was made: the rule, its steps as codes with arguments,
// and the cells of the part's children.
type Trace struct {
	Part   string
	Title  Text
	Rule   string
	Over   string // how periods or sources are combined; empty: it is one figure
	Scope  string
	State  State
	Value  *big.Rat
	Words  []string // what a pick found, in place of a value
	Weight *big.Rat // within its parent, where it has one
	Lines  []Line
	Inputs []*Trace
	N      int64    // responses behind it, where it comes straight from them
	Panels []string // whose they are
	Hidden bool     // see Figure.Hidden
}

// Line is one step of a trace.
type Line struct {
	Code string
	Args map[string]any
}

func present(v *big.Rat) *Cell { return &Cell{State: Present, Value: v} }

func (c *Cell) ok() bool { return c != nil && c.State == Present && c.Value != nil }

// line adds a step to the cell's trace; args alternate names and values.
func (c *Cell) line(code string, args ...any) {
	m := map[string]any{}
	for i := 0; i+1 < len(args); i += 2 {
		switch v := args[i+1].(type) {
		case *big.Rat:
			if v == nil {
				m[args[i].(string)] = "–"
			} else {
				m[args[i].(string)] = plain(v)
			}
		default:
			m[args[i].(string)] = v
		}
	}
	if c.Trace == nil {
		c.Trace = &Trace{}
	}
	c.Trace.Lines = append(c.Trace.Lines, Line{"scoring.trace." + code, m})
}

func (c *Cell) flag(code string, p *part, in scope) {
	f := Flag{Code: code, Part: p.path, Scope: in.String()}
	for _, have := range c.Flags {
		if have == f {
			return
		}
	}
	c.Flags = append(c.Flags, f)
}

// input nests the trace of a member; of one named from elsewhere only the
// value, for its own trace stands in its own place.
func (c *Cell) input(member *Cell, weight *big.Rat, named bool) {
	var t Trace
	if member.Trace != nil {
		t = *member.Trace
	}
	t.Weight = weight
	if named {
		t.Lines, t.Inputs, t.Rule, t.Over = nil, nil, "named", ""
	}
	c.Trace.Inputs = append(c.Trace.Inputs, &t)
}
