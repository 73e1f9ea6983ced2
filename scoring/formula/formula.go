// Package formula reads and works out the arithmetic and comparisons that a
// scheme may write over named parts: `raw * all / own`, `image >= 72`,
// `area = '后勤' and months < 3`. There is nothing else in the language: no
// assignment, no loop, no call but floor, ceil, abs, min and max.
//
// Numbers are exact. Logic has three values: a comparison with something
// missing is itself missing, and a condition that ends up missing does not
// hold.
package formula

import (
	"fmt"
	"math/big"
	"slices"
	"strings"
)

// Kind is what an expression yields.
type Kind int

// The kinds of values. Unknown is the kind of a name before it is resolved.
const (
	Unknown Kind = iota
	Number
	Word
	Truth
)

// Value is a number, a word, a truth value, or missing (Kind Unknown).
type Value struct {
	Kind   Kind
	Number *big.Rat
	Word   string
	Truth  bool
}

// Missing is the value of what is not there.
func Missing() Value { return Value{} }

// Num makes a number; nil is missing.
func Num(r *big.Rat) Value {
	if r == nil {
		return Value{}
	}
	return Value{Kind: Number, Number: r}
}

// Text makes a word.
func Text(s string) Value { return Value{Kind: Word, Word: s} }

func truth(b bool) Value { return Value{Kind: Truth, Truth: b} }

// Error is a fault of an expression at a column, counted in characters from 1.
type Error struct {
	Column int
	Code   string // unexpected, unclosed, depth, number, function, arguments, kind
	Got    string
}

// Error gives the fault in plain codes.
func (e *Error) Error() string { return fmt.Sprintf("%d: %s %q", e.Column, e.Code, e.Got) }

// Expr is a parsed expression; it is immutable.
type Expr struct {
	source string
	root   *expr
}

// op of an inner expression; leaves have "number", "word" or "name".
type expr struct {
	op     string
	args   []*expr
	number *big.Rat
	text   string
	column int
}

// Name is a name used by an expression, with its column.
type Name struct {
	Name   string
	Column int
}

// Names returns the names used, each once, in order of first use.
func (e *Expr) Names() []Name {
	var out []Name
	e.root.each(func(x *expr) {
		if x.op == "name" && !slices.ContainsFunc(out, func(n Name) bool { return n.Name == x.text }) {
			out = append(out, Name{x.text, x.column})
		}
	})
	return out
}

// Repeated returns the names that stand in the expression more than once.
func (e *Expr) Repeated() []string {
	times := map[string]int{}
	var out []string
	e.root.each(func(x *expr) {
		if x.op != "name" {
			return
		}
		if times[x.text]++; times[x.text] == 2 {
			out = append(out, x.text)
		}
	})
	return out
}

// Bound tells what an expression says that only compares a name with a number,
// with the name on the left: `total >= 60`.
func (e *Expr) Bound() (name, sign string, number *big.Rat, ok bool) {
	if len(e.root.args) != 2 {
		return "", "", nil, false
	}
	left, right, sign := e.root.args[0], e.root.args[1], e.root.op
	if right.op == "name" {
		left, right = right, left
		sign = map[string]string{"<": ">", "<=": ">=", ">": "<", ">=": "<="}[sign]
	}
	number = right.number
	if right.op == "neg" && right.args[0].number != nil {
		number = new(big.Rat).Neg(right.args[0].number)
	}
	ok = left.op == "name" && number != nil && slices.Contains([]string{"<", "<=", ">", ">="}, sign)
	return left.text, sign, number, ok
}

// each calls f for an expression and all within it, from left to right.
func (x *expr) each(f func(*expr)) {
	f(x)
	for _, a := range x.args {
		a.each(f)
	}
}

// Compared returns the words that a name is compared with, in order.
func (e *Expr) Compared(name string) []string {
	var out []string
	e.root.each(func(x *expr) {
		if len(x.args) != 2 {
			return
		}
		for i, a := range x.args {
			if other := x.args[1-i]; a.op == "name" && a.text == name && other.op == "word" {
				out = append(out, other.text)
			}
		}
	})
	return out
}

// String returns the expression as it was written.
func (e *Expr) String() string { return e.source }

// Kind tells what the expression yields, given what its names yield, or where
// kinds do not fit together. A name of Unknown kind fits everywhere.
func (e *Expr) Kind(of func(name string) Kind) (Kind, *Error) { return e.root.kind(of) }

func (x *expr) kind(of func(string) Kind) (Kind, *Error) {
	kinds := make([]Kind, len(x.args))
	for i, a := range x.args {
		k, err := a.kind(of)
		if err != nil {
			return Unknown, err
		}
		kinds[i] = k
	}
	want := func(k Kind) *Error {
		for i, got := range kinds {
			if got != Unknown && got != k {
				return &Error{x.args[i].column, "kind", x.op}
			}
		}
		return nil
	}
	switch x.op {
	case "number":
		return Number, nil
	case "word":
		return Word, nil
	case "name":
		return of(x.text), nil
	case "and", "or", "not":
		return Truth, want(Truth)
	case "=", "!=":
		if kinds[0] != kinds[1] && kinds[0] != Unknown && kinds[1] != Unknown {
			return Unknown, &Error{x.column, "kind", x.op}
		}
		return Truth, nil
	case "<", "<=", ">", ">=":
		return Truth, want(Number)
	}
	return Number, want(Number)
}

// Substitute writes the expression with every name replaced.
func (e *Expr) Substitute(show func(name string) string) string {
	return e.root.write(show, 0)
}

// strength of binding, from or (1) to the sign of a number (7); 0: no operator.
func strength(op string) int {
	switch op {
	case "or":
		return 1
	case "and":
		return 2
	case "not":
		return 3
	case "=", "!=", "<", "<=", ">", ">=":
		return 4
	case "+", "-":
		return 5
	case "*", "/":
		return 6
	case "neg":
		return 7
	}
	return 0
}

func (x *expr) write(show func(string) string, outer int) string {
	parts := make([]string, len(x.args))
	inner := strength(x.op)
	for i, a := range x.args {
		least := inner
		if i == 1 && (x.op == "-" || x.op == "/") {
			least++
		}
		parts[i] = a.write(show, least)
	}
	var s string
	switch {
	case x.op == "number":
		return x.text
	case x.op == "word":
		return "'" + x.text + "'"
	case x.op == "name":
		return show(x.text)
	case x.op == "neg":
		s = "−" + parts[0]
	case x.op == "not":
		s = "not " + parts[0]
	case inner == 0:
		return x.op + "(" + strings.Join(parts, ", ") + ")"
	default:
		sign := map[string]string{"*": "×", "/": "÷", "-": "−", "<=": "≤", ">=": "≥", "!=": "≠"}[x.op]
		if sign == "" {
			sign = x.op
		}
		s = parts[0] + " " + sign + " " + parts[1]
	}
	if inner < outer {
		return "(" + s + ")"
	}
	return s
}
