package formula

import (
	"math/big"
	"strings"
	"unicode"
)

// Limits that keep a formula something a person can check.
const (
	maxDepth  = 40
	maxLength = 2000
)

// functions and how many arguments they take (-1: one or more).
func arity(name string) (n int, known bool) {
	switch name {
	case "floor", "ceil", "abs":
		return 1, true
	case "min", "max":
		return -1, true
	}
	return 0, false
}

// Parse reads an expression.
func Parse(source string) (*Expr, error) {
	p := &parser{src: []rune(source)}
	if len(p.src) > maxLength {
		return nil, &Error{maxLength, "depth", ""}
	}
	p.scan()
	root, err := p.binary(1)
	if err == nil && p.tok != "" {
		err = p.unexpected()
	}
	if err != nil {
		return nil, err
	}
	return &Expr{source: strings.TrimSpace(source), root: root}, nil
}

// parser holds one token ahead: tok is its text and class tells what it is.
type parser struct {
	src   []rune
	pos   int
	tok   string
	class string // number, word, name, sign; empty at the end
	at    int    // column of tok
	depth int
	bad   *Error
}

func (p *parser) scan() {
	for p.pos < len(p.src) && unicode.IsSpace(p.src[p.pos]) {
		p.pos++
	}
	p.at, p.tok, p.class = p.pos+1, "", ""
	if p.pos == len(p.src) {
		return
	}
	start, c := p.pos, p.src[p.pos]
	take := func(ok func(rune) bool) {
		for p.pos < len(p.src) && ok(p.src[p.pos]) {
			p.pos++
		}
		p.tok = string(p.src[start:p.pos])
	}
	switch {
	case unicode.IsDigit(c):
		p.class = "number"
		take(func(r rune) bool { return r >= '0' && r <= '9' || r == '.' })
		if p.pos < len(p.src) && p.src[p.pos] == '%' {
			p.pos++
			p.tok += "%"
		}
	case isNameStart(c):
		p.class = "name"
		take(func(r rune) bool { return isNameStart(r) || unicode.IsDigit(r) || r == '.' || r == ':' })
	case c == '\'' || c == '"':
		p.class = "word"
		p.pos++
		for p.pos < len(p.src) && p.src[p.pos] != c {
			p.pos++
		}
		if p.pos == len(p.src) {
			p.bad = &Error{p.at, "unclosed", string(c)}
		}
		p.tok = string(p.src[start+1 : p.pos])
		p.pos = min(p.pos+1, len(p.src))
	default:
		p.class = "sign"
		p.pos++
		if p.pos < len(p.src) && p.src[p.pos] == '=' && strings.ContainsRune("<>!=", c) {
			p.pos++
		}
		p.tok = canonical(string(p.src[start:p.pos]))
	}
	if p.tok == "and" || p.tok == "or" || p.tok == "not" {
		p.class = "sign"
	}
}

func isNameStart(r rune) bool { return unicode.IsLetter(r) || r == '_' }

func canonical(sign string) string {
	switch sign {
	case "×":
		return "*"
	case "÷":
		return "/"
	case "−":
		return "-"
	case "≤":
		return "<="
	case "≥":
		return ">="
	case "≠":
		return "!="
	case "==":
		return "="
	}
	return sign
}

func (p *parser) unexpected() *Error {
	if p.bad != nil {
		return p.bad
	}
	return &Error{p.at, "unexpected", p.tok}
}

// isSign tells whether the token is the given sign, not a quoted word like it.
func (p *parser) isSign(s string) bool { return p.class == "sign" && p.tok == s }

// binary reads operators at least as strong as level (see strength).
func (p *parser) binary(level int) (*expr, error) {
	p.depth++
	defer func() { p.depth-- }()
	if p.depth > maxDepth {
		return nil, &Error{p.at, "depth", ""}
	}
	left, err := p.unary()
	if err != nil {
		return nil, err
	}
	for {
		s := strength(p.tok)
		if p.class != "sign" || s == 0 || s < level || p.tok == "not" {
			return left, nil
		}
		op, at := p.tok, p.at
		p.scan()
		right, err := p.binary(s + 1)
		if err != nil {
			return nil, err
		}
		if s == 4 && (strength(left.op) == 4 || strength(right.op) == 4) {
			return nil, &Error{at, "unexpected", op} // a < b < c means nothing here
		}
		left = &expr{op: op, args: []*expr{left, right}, column: at}
	}
}

func (p *parser) unary() (*expr, error) {
	at := p.at
	for sign, op := range map[string]string{"-": "neg", "not": "not"} {
		if p.isSign(sign) {
			p.scan()
			arg, err := p.binary(strength(op))
			if err != nil {
				return nil, err
			}
			return &expr{op: op, args: []*expr{arg}, column: at}, nil
		}
	}
	return p.atom()
}

func (p *parser) atom() (*expr, error) {
	at, tok := p.at, p.tok
	switch {
	case p.bad != nil:
		return nil, p.bad
	case p.class == "number":
		n, ok := number(tok)
		if !ok {
			return nil, &Error{at, "number", tok}
		}
		p.scan()
		return &expr{op: "number", number: n, text: tok, column: at}, nil
	case p.class == "word":
		p.scan()
		return &expr{op: "word", text: tok, column: at}, nil
	case p.class == "name":
		p.scan()
		if p.isSign("(") {
			return p.call(tok, at)
		}
		return &expr{op: "name", text: tok, column: at}, nil
	case p.isSign("("):
		p.scan()
		inner, err := p.binary(1)
		if err != nil {
			return nil, err
		}
		if !p.isSign(")") {
			return nil, &Error{at, "unclosed", "("}
		}
		p.scan()
		return inner, nil
	}
	return nil, p.unexpected()
}

func (p *parser) call(name string, at int) (*expr, error) {
	n, known := arity(name)
	if !known {
		return nil, &Error{at, "function", name}
	}
	x := &expr{op: name, column: at}
	for more := true; more; more = p.isSign(",") {
		p.scan()
		arg, err := p.binary(1)
		if err != nil {
			return nil, err
		}
		x.args = append(x.args, arg)
	}
	if !p.isSign(")") {
		return nil, &Error{at, "unclosed", "("}
	}
	p.scan()
	if n > 0 && len(x.args) != n {
		return nil, &Error{at, "arguments", name}
	}
	return x, nil
}

func number(s string) (*big.Rat, bool) {
	body, percent := strings.CutSuffix(s, "%")
	if strings.HasSuffix(body, ".") || strings.Count(body, ".") > 1 || len(body) > maxDepth {
		return nil, false
	}
	n, ok := new(big.Rat).SetString(body)
	if ok && percent {
		n.Quo(n, big.NewRat(100, 1))
	}
	return n, ok
}
