package formula

import "math/big"

// Eval works the expression out. A division by zero is missing.
func (e *Expr) Eval(env func(name string) Value) Value { return e.root.eval(env) }

// Holds tells whether a condition holds; what is missing does not.
func (e *Expr) Holds(env func(name string) Value) bool {
	v := e.root.eval(env)
	return v.Kind == Truth && v.Truth
}

func (x *expr) eval(env func(string) Value) Value {
	switch x.op {
	case "number":
		return Num(x.number)
	case "word":
		return Text(x.text)
	case "name":
		return env(x.text)
	case "and", "or":
		return x.logic(env)
	case "not":
		v := x.args[0].eval(env)
		if v.Kind != Truth {
			return Missing()
		}
		return truth(!v.Truth)
	case "=", "!=", "<", "<=", ">", ">=":
		return compare(x.op, x.args[0].eval(env), x.args[1].eval(env))
	}
	ns := make([]*big.Rat, len(x.args))
	for i, a := range x.args {
		v := a.eval(env)
		if v.Kind != Number {
			return Missing()
		}
		ns[i] = v.Number
	}
	return Num(arithmetic(x.op, ns))
}

// logic is Kleene's: false and missing is false, true or missing is true.
func (x *expr) logic(env func(string) Value) Value {
	deciding := x.op == "or"
	missing := false
	for _, a := range x.args {
		v := a.eval(env)
		if v.Kind != Truth {
			missing = true
		} else if v.Truth == deciding {
			return v
		}
	}
	if missing {
		return Missing()
	}
	return truth(!deciding)
}

func compare(op string, a, b Value) Value {
	switch {
	case a.Kind == Number && b.Kind == Number:
		c := a.Number.Cmp(b.Number)
		switch op {
		case "=":
			return truth(c == 0)
		case "!=":
			return truth(c != 0)
		case "<":
			return truth(c < 0)
		case "<=":
			return truth(c <= 0)
		case ">":
			return truth(c > 0)
		}
		return truth(c >= 0)
	case a.Kind == Word && b.Kind == Word && op == "=":
		return truth(a.Word == b.Word)
	case a.Kind == Word && b.Kind == Word && op == "!=":
		return truth(a.Word != b.Word)
	}
	return Missing()
}

func arithmetic(op string, ns []*big.Rat) *big.Rat {
	out := new(big.Rat).Set(ns[0])
	switch op {
	case "+":
		return out.Add(ns[0], ns[1])
	case "-":
		return out.Sub(ns[0], ns[1])
	case "*":
		return out.Mul(ns[0], ns[1])
	case "/":
		if ns[1].Sign() == 0 {
			return nil
		}
		return out.Quo(ns[0], ns[1])
	case "neg":
		return out.Neg(ns[0])
	case "abs":
		return out.Abs(ns[0])
	case "floor":
		return out.SetInt(new(big.Int).Div(ns[0].Num(), ns[0].Denom()))
	case "ceil":
		below := new(big.Int).Div(new(big.Int).Neg(ns[0].Num()), ns[0].Denom())
		return out.SetInt(below.Neg(below))
	}
	for _, n := range ns[1:] {
		if (op == "min") == (n.Cmp(out) < 0) && n.Cmp(out) != 0 {
			out.Set(n)
		}
	}
	return out
}
