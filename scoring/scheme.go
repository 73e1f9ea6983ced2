package scoring

import (
	"math/big"
	"slices"

	"pingyi/scoring/formula"
)

// Scheme is a scheme file that has been read. It is immutable and safe for
// concurrent use; parameters are put in when it is used.
type Scheme struct {
	Code    string
	Version string
	Title   Text
	Note    Text

	file   string
	root   *node
	params []Param
	source []byte
}

// Params lists the scheme's parameters in the order of the file.
func (s *Scheme) Params() []Param { return slices.Clone(s.params) }

// Source returns the file as it was read.
func (s *Scheme) Source() []byte { return slices.Clone(s.source) }

// program is a scheme with its parameters put in and its names resolved.
type program struct {
	scheme   *Scheme
	params   Params
	decimals int
	panels   map[string]*panel
	entries  map[string]*entryKind
	tables   map[string]*tableDef
	declares bool // the scheme lists its indicators
	codes    []indicator
	kinds    []*kind
	kindOf   map[string]*kind
}

// at is a place in the scheme file.
type at struct{ line, column int }

// scale gives the points of an answer. Codes it does not list are numbers
// between from and to, where it has bounds, and faults otherwise.
type scale struct {
	points   map[string]*big.Rat
	unknown  []string // not an answer: 不了解
	from, to *big.Rat
}

// value returns the points of a code; counted is false for an answer that
// leaves every mean, known is false for one the scale does not have.
func (s *scale) value(code string) (points *big.Rat, counted, known bool) {
	if code == "" || slices.Contains(s.unknown, code) {
		return nil, false, true
	}
	if p, ok := s.points[code]; ok {
		return p, true, true
	}
	if s.from == nil && s.to == nil {
		return nil, false, false
	}
	n, ok := ParseNumber(code)
	if !ok || IsPercent(code) || s.from != nil && n.Cmp(s.from) < 0 || s.to != nil && n.Cmp(s.to) > 0 {
		return nil, false, false
	}
	return n, true, true
}

// panel is a group of respondents and the rules by which their sheets are
// cleaned.
type panel struct {
	code     string
	title    Text
	scale    *scale
	items    []string // empty: the items the data holds
	once     string   // respondent, device, none
	keep     string   // latest, first, all
	answered *big.Rat // share of the items that must be answered
	min      int64
	rows     bool    // some rule reads single responses
	named    bool    // some rule must tell whose each is
	least    []int64 // by rule that reads it: the smallest group of one relation that counts there
	at       at
}

// entryKind is a word of the ledger.
type entryKind struct {
	code     string
	title    Text
	sign     string // add, subtract, signed, none
	approval string // required, refusable
	levels   map[string]*big.Rat
}

// tableDef is a named table of numbers: one row, or rows by a word.
type tableDef struct {
	rows map[string]map[string]*big.Rat // "" for a table without rows
	node *node                          // as written
}

// kind is a kind of subject with its tree.
type kind struct {
	code       string
	title      Text
	subjects   []string          // the kinds of subjects it covers
	attributes map[string]string // number, word, subject
	parts      []*part           // the top of the tree
	all        []*part           // the whole tree, parents before children
	byPath     map[string]*part
	total      *part
	rank       *rankRule
	veto       *vetoRule
	grades     []*placeRule
	awards     []*placeRule
	payouts    []*payoutRule
	outcomes   []*outcome
	at         at
}

// part is a component of a tree.
type part struct {
	path     string
	kind     *kind
	parent   *part
	title    Text
	at       at
	rule     rule
	children []*part
	weight   *weight
	when     *condition
	steps    []step
	full     *big.Rat
	floor    []*bound
	cap      []*bound
	round    int // -1: not rounded
	periods  *periodRule
	each     *eachRule
	missing  []*substitute
	labels   []*label
	show     []string // periods, n, rank, grade
	hidden   bool
	ranking  *rankRule // for show: rank
	used     bool
}

// node is the place of a part, for faults.
func (p *part) node() *node { return &node{line: p.at.line, column: p.at.column} }

// rule computes the raw value of a part for every subject of its kind.
type rule interface {
	// name is the word the scheme file uses.
	name() string
	// compute fills one cell per subject of p.kind.
	compute(c *computation, p *part, in scope) []*Cell
	// needs are the parts whose cells are read, apart from the children.
	needs() []*part
}

// weight of a part within its parent: a number, or a row of a table chosen by
// an attribute.
type weight struct {
	fixed  *big.Rat
	table  *tableDef
	by     string // attribute that chooses the table's row; empty: its only one
	column string
}

type condition struct {
	expr  *formula.Expr
	names map[string]operand
	at    at
}

// operand is what a name in a formula stands for.
type operand struct {
	part      *part
	attribute string
	outcome   string // total, rank, grade, last.grade …
	period    string
}

type bound struct {
	value *big.Rat
	when  *condition
}

type substitute struct {
	how   string // drop, zero, constant, mean
	value *big.Rat
	over  string // scope of the mean
	when  *condition
}

type label struct {
	title Text
	code  string
	when  *condition
}

type periodRule struct {
	names   []string // empty: those found in the data
	where   *part    // only periods in which this part has a value
	combine string   // mean, sum, weighted_mean, min, max, latest, count, change
	weights map[string]*big.Rat
	missing string // drop, zero, whole
	at      at
}

type eachRule struct {
	column  string // source, category
	names   []string
	combine string
	missing string
	at      at
}
