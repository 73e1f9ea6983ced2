package survey

import (
	"math/big"
	"slices"
	"strings"
)

// readScales reads the scales that ratings share by name.
func (r *questionnaireReader) readScales() {
	n, ok := r.get("scales")
	if !ok {
		return
	}
	for name, p := range r.source.object(n, "scales", r.words).found {
		r.checkCode(node{line: p.key.line, column: p.key.column, shape: scalar, text: name})
		r.scales[name] = r.readLevels(p.value, name)
	}
}

// readLevelsOf returns the levels of a rating: its own or those of a shared scale.
func (r *questionnaireReader) readLevelsOf(o *object) []Level {
	scale, named := o.scalar("scale")
	own, given := o.get("levels")
	switch {
	case named && given:
		r.fault(own, "scale_both", nil)
	case given:
		return r.readLevels(own, "levels")
	case named:
		levels, ok := r.scales[scale.text]
		switch {
		case !ok && len(r.scales) == 0:
			r.fault(scale, "scale_none", map[string]any{"Scale": scale.text})
		case !ok:
			var names []string
			for name := range r.scales {
				names = append(names, name)
			}
			slices.Sort(names)
			r.oneOf(scale, "scale", append([]string{""}, names...))
		}
		return levels
	case o.at.shape == mapping && !o.has("scale"):
		r.fault(o.at, "scale_missing", nil)
	}
	return nil
}

// readLevels reads the levels of a scale, best first. Points not given fall evenly from 100: with
// five levels 100, 80, 60, 40, 20.
func (r *questionnaireReader) readLevels(n node, name string) []Level {
	if n.shape != list {
		r.fault(n, "want_list", map[string]any{"Key": name})
		return nil
	}
	if len(n.items) < 2 || len(n.items) > MaxLevels {
		r.fault(n, "levels_number", map[string]any{"Min": 2, "Max": MaxLevels})
		return nil
	}
	levels := make([]Level, len(n.items))
	for i, e := range n.items {
		value := len(n.items) - i
		levels[i] = Level{Value: value, Points: big.NewRat(int64(100*value), int64(len(n.items)))}
		o := r.source.object(e, name, r.words)
		levels[i].Label = o.needLabel("label")
		if at, ok := o.get("value"); ok && o.whole("value", value, 1, MaxLevels) != value {
			r.fault(at, "levels_order", map[string]any{"Want": value, "Value": at.text})
		}
		if points := o.decimal("points"); points != nil {
			levels[i].Points = points
		}
		if i > 0 && levels[i].Points.Cmp(levels[i-1].Points) > 0 {
			at, _ := o.get("points")
			if at.line == 0 {
				at = e
			}
			r.fault(at, "levels_points", map[string]any{
				"Points": decimalText(levels[i].Points), "Above": decimalText(levels[i-1].Points)})
		}
		o.close()
	}
	return levels
}

// decimalText writes a number as a decimal: exactly where it has an end, else to six digits.
func decimalText(n *big.Rat) string {
	digits, exact := n.FloatPrec()
	if !exact {
		digits = 6
	}
	s := n.FloatString(digits)
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	return s
}
