package formula_test

import (
	"errors"
	"math/big"
	"testing"

	"pingyi/scoring/formula"
)

func env(name string) formula.Value {
	switch name {
	case "raw":
		return formula.Num(big.NewRat(90, 1))
	case "mean":
		return formula.Num(big.NewRat(84, 1))
	case "zero":
		return formula.Num(new(big.Rat))
	case "image.residents":
		return formula.Num(big.NewRat(7199, 100))
	case "area", "地区":
		return formula.Text("后勤")
	}
	return formula.Missing()
}

func TestEval(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ source, want string }{
		{"raw * 2 / 3 - 10", "50"},
		{"raw − (mean − 80) × 2", "82"},
		{"-raw + 100", "10"},
		{"2 - 3 - 4", "-5"},
		{"2 / 3 / 4", "1/6"},
		{"10% * raw", "9"},
		{"floor(7 / 2) + ceil(7 / 2) + abs(-3)", "10"},
		{"floor(-7 / 2)", "-4"},
		{"min(raw, mean, 100) + max(1, 2, 1)", "86"},
		{"raw / zero", "missing"},
		{"raw + nothing", "missing"},
	} {
		e, err := formula.Parse(c.source)
		if err != nil {
			t.Errorf("%s: %v", c.source, err)
			continue
		}
		got := "missing"
		if v := e.Eval(env); v.Kind == formula.Number {
			got = v.Number.RatString()
		}
		if got != c.want {
			t.Errorf("%s = %s, want %s", c.source, got, c.want)
		}
	}
}

func TestHolds(t *testing.T) {
	t.Parallel()
	for source, want := range map[string]bool{
		"image.residents >= 72":            false,
		"image.residents ≥ 71.99":          true,
		"area = '后勤' and raw > mean":       true,
		"地区 = \"后勤\"":                      true,
		"area != '后勤' or raw <= mean":      false,
		"not raw < mean":                   true,
		"nothing > 3 or raw = 90":          true,
		"nothing > 3 and raw = 90":         false,
		"not nothing > 3":                  false,
		"not (area = 'x' or mean > 100)":   true,
		"area > 3":                         false,
		"raw > mean and raw < 91 or 1 = 2": true,
	} {
		e, err := formula.Parse(source)
		if err != nil {
			t.Errorf("%s: %v", source, err)
			continue
		}
		if got := e.Holds(env); got != want {
			t.Errorf("%s: %v, want %v", source, got, want)
		}
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	for source, want := range map[string]formula.Error{
		"":            {Column: 1, Code: "unexpected"},
		"1 +":         {Column: 4, Code: "unexpected"},
		"(1 + 2":      {Column: 1, Code: "unclosed", Got: "("},
		"a = 'b":      {Column: 5, Code: "unclosed", Got: "'"},
		"1 < 2 < 3":   {Column: 7, Code: "unexpected", Got: "<"},
		"exec(1)":     {Column: 1, Code: "function", Got: "exec"},
		"floor(1, 2)": {Column: 1, Code: "arguments", Got: "floor"},
		"1.2.3":       {Column: 1, Code: "number", Got: "1.2.3"},
		"a ; b":       {Column: 3, Code: "unexpected", Got: ";"},
		"得分 + * raw":  {Column: 6, Code: "unexpected", Got: "*"},
		"raw mean":    {Column: 5, Code: "unexpected", Got: "mean"},
	} {
		_, err := formula.Parse(source)
		var got *formula.Error
		if !errors.As(err, &got) || *got != want {
			t.Errorf("%q: got %v, want %v", source, err, want)
		}
	}
}

func TestKind(t *testing.T) {
	t.Parallel()
	of := func(name string) formula.Kind {
		return map[string]formula.Kind{"raw": formula.Number, "area": formula.Word}[name]
	}
	for source, column := range map[string]int{
		"raw and area = 'x'": 1, "raw + area": 7, "area = 3": 6, "1 + (raw > 2)": 10,
	} {
		e, err := formula.Parse(source)
		if err != nil {
			t.Fatal(err)
		}
		if _, bad := e.Kind(of); bad == nil || bad.Column != column {
			t.Errorf("%s: %v, want a fault at %d", source, bad, column)
		}
	}
}

func TestSubstitute(t *testing.T) {
	t.Parallel()
	e, err := formula.Parse("raw - (mean - (1 - 2)) * min(raw, 3) / (2 * mean)")
	if err != nil {
		t.Fatal(err)
	}
	got := e.Substitute(func(n string) string { return "[" + n + "]" })
	if want := "[raw] − ([mean] − (1 − 2)) × min([raw], 3) ÷ (2 × [mean])"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"a*b/c", "not (x >= 72 and y = '后勤')", "min(1,2)%", "((((", "-−-1", "'"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		e, err := formula.Parse(s)
		if err != nil {
			return
		}
		e.Eval(env)
		shown := e.Substitute(func(n string) string { return n })
		again, err := formula.Parse(shown)
		if err != nil {
			t.Fatalf("%q shown as %q: %v", s, shown, err)
		}
		if twice := again.Substitute(func(n string) string { return n }); twice != shown {
			t.Fatalf("%q: %q then %q", s, shown, twice)
		}
	})
}
