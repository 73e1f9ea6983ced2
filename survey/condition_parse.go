package survey

import (
	"math/big"
	"slices"
	"strings"
)

// readCondition reads an item's show_if: a mapping of earlier items to tests, all of which have to
// hold, or a list of such mappings, one of which has to.
func (r *questionnaireReader) readCondition(src itemSource) {
	clauses := src.showIf.items
	switch src.showIf.shape {
	case nothing:
		return
	case mapping:
		clauses = []node{src.showIf}
	case list:
		if len(clauses) == 0 {
			r.fault(src.showIf, "show_if_empty", nil)
		}
	default:
		r.fault(src.showIf, "want_mapping", map[string]any{"Key": "show_if"})
		return
	}
	for _, n := range clauses {
		o := r.source.object(n, "show_if", r.words)
		if n.shape == mapping && len(n.pairs) == 0 {
			r.fault(n, "show_if_empty", nil)
		}
		var tests []Test
		for _, p := range n.pairs {
			if o.found[p.key.text].key.line != p.key.line {
				continue // the second of a key written twice, reported already
			}
			if earlier := r.earlier(p.key, src.item); earlier != nil {
				tests = append(tests, r.readTests(p.value, earlier)...)
			}
		}
		src.item.ShowIf = append(src.item.ShowIf, tests)
	}
}

// earlier returns the item that a condition looks at; nil, with a fault, where it is none that comes
// before.
func (r *questionnaireReader) earlier(key node, it *Item) *Item {
	var codes []string
	for _, other := range r.items {
		if other.item.Code == key.text && key.text != "" {
			switch {
			case other.item.N == it.N:
				r.fault(key, "show_if_self", map[string]any{"Item": key.text})
				return nil
			case other.item.N > it.N:
				r.fault(key, "show_if_later", map[string]any{"Item": key.text, "Line": other.at.line})
				return nil
			}
			return other.item
		}
		if other.item.N < it.N {
			codes = append(codes, other.item.Code)
		}
	}
	if near := nearest(key.text, codes); near != "" {
		r.fault(key, "show_if_near", map[string]any{"Item": key.text, "Nearest": near})
	} else {
		r.fault(key, "show_if_unknown", map[string]any{"Item": key.text})
	}
	return nil
}

// readTests reads what is asked of one earlier answer: a value, a list of values, the word
// "answered", or a mapping of operations.
func (r *questionnaireReader) readTests(n node, earlier *Item) []Test {
	if earlier.AnswerKind() == "" { // its own fault says enough
		return nil
	}
	if n.shape == scalar && n.text == string(OpAnswered) {
		return []Test{{Item: earlier.N, Op: OpAnswered, Values: []string{Yes}}}
	}
	if n.shape == scalar || n.shape == list {
		return []Test{r.valuesTest(n, earlier, OpIn)}
	}
	o := r.source.object(n, "show_if", r.words)
	var tests []Test
	for _, op := range []Op{OpIn, OpNotIn} {
		if v, ok := o.get(string(op)); ok {
			tests = append(tests, r.valuesTest(v, earlier, op))
		}
	}
	for _, op := range []Op{OpAtLeast, OpAtMost} {
		if v, ok := o.get(string(op)); ok {
			tests = append(tests, r.boundTest(v, earlier, op))
		}
	}
	if v, ok := o.get(string(OpAnswered)); ok {
		on, valid := truth(v)
		if !valid {
			r.fault(v, "want_flag", map[string]any{"Key": string(OpAnswered)})
		}
		tests = append(tests, Test{Item: earlier.N, Op: OpAnswered, Values: []string{yesNo(on)}})
	}
	o.close()
	if n.shape == nothing || n.shape == mapping && len(n.pairs) == 0 {
		r.fault(n, "show_if_empty", nil)
	}
	return tests
}

func yesNo(on bool) string {
	if on {
		return Yes
	}
	return No
}

// valuesTest reads values that the earlier item can have.
func (r *questionnaireReader) valuesTest(n node, earlier *Item, op Op) Test {
	t := Test{Item: earlier.N, Op: op}
	items := n.items
	if n.shape == scalar {
		items = []node{n}
	}
	if len(items) == 0 {
		r.fault(n, "show_if_empty", nil)
	}
	for _, v := range items {
		value, ok := r.possible(v, earlier)
		if ok {
			t.Values = append(t.Values, value)
		}
	}
	return t
}

// possible returns the canonical form of a value that the item can have.
func (r *questionnaireReader) possible(v node, it *Item) (string, bool) {
	kind := it.AnswerKind()
	value := v.text
	switch {
	case v.shape != scalar:
		r.fault(v, "want_text", map[string]any{"Key": "show_if"})
		return "", false
	case kind == ShortText:
		r.fault(v, "show_if_typed", map[string]any{"Item": it.Code})
		return "", false
	case kind == YesNo:
		if on, valid := truth(v); valid {
			return yesNo(on), true
		}
	case kind == Number:
		if canonical, err := it.Number(value); err == nil {
			return canonical, true
		}
	}
	if value == it.Unknown() && it.DontKnow {
		return value, true
	}
	var known []string
	for _, c := range it.Choices() {
		known = append(known, c.Value)
	}
	if slices.Contains(known, value) {
		return value, true
	}
	if len(known) == 0 && kind != Number { // the item's own faults left it without choices
		return "", false
	}
	if it.DontKnow {
		known = append(known, it.Unknown())
	}
	r.fault(v, "show_if_value", map[string]any{
		"Item": it.Code, "Value": value, "Known": strings.Join(known, ", ")})
	return "", false
}

// boundTest reads a bound that some answers to the item meet and others do not.
func (r *questionnaireReader) boundTest(n node, it *Item, op Op) Test {
	t := Test{Item: it.N, Op: op, Bound: r.decimalOf(n, string(op))}
	var low, high *big.Rat
	switch it.AnswerKind() {
	case Rating:
		low, high = big.NewRat(1, 1), big.NewRat(int64(max(1, len(it.Levels))), 1)
	case Score:
		low, high = new(big.Rat), big.NewRat(10, 1)
	case Number:
		low, high = it.Min, it.Max
	default:
		r.fault(n, "show_if_measure", map[string]any{"Item": it.Code, "Test": string(op)})
		return t
	}
	if t.Bound == nil || it.AnswerKind() == Rating && len(it.Levels) == 0 {
		return t
	}
	never := op == OpAtLeast && high != nil && t.Bound.Cmp(high) > 0 ||
		op == OpAtMost && low != nil && t.Bound.Cmp(low) < 0
	if never {
		r.fault(n, "show_if_never", map[string]any{"Item": it.Code, "Value": n.text})
	}
	return t
}
