package scoring_test

import (
	"fmt"
	"strings"
	"testing"

	"pingyi/scoring"
)

// Seven level on the first place share three prizes, to the cent.
func TestSplitPrizesAddUp(t *testing.T) {
	t.Parallel()
	s := parse(t, "s.yaml", `
scheme: s
kinds:
  u:
    parts: {x: {values: k}}
    total: x
    payouts: [{payout: reward, prizes: {1: 900, 2: 600, 3: 300}, ties: split}]
`)
	subjects, values := "code\n", "subject,indicator,value\n"
	for _, code := range strings.Fields("a b c d e f g") {
		subjects += code + "\n"
		values += code + ",k,80\n"
	}
	all := rows(t, compute(t, s, folder(t, "subjects.csv", subjects, "values.csv", values), nil))
	got := ""
	for _, code := range strings.Fields("a b c d e f g") {
		got += all[code]["reward.cents"] + " "
	}
	if want := "25715 25715 25714 25714 25714 25714 25714 "; got != want { // 180000 ÷ 7 = 25714.28…
		t.Errorf("the prizes are %s, want %s", got, want)
	}
}

// A village none of whose cadres has a mark keeps its pay; the others' is shared.
func TestPoolOfNobody(t *testing.T) {
	t.Parallel()
	s := parse(t, "s.yaml", `
scheme: s
kinds:
  village:
    parts: {x: {values: k}}
    total: x
    payouts: [{payout: pay, pool: 100, by: x}]
  cadre:
    parts: {y: {values: m}}
    total: y
    payouts: [{payout: part, pool: {of: parent, payout: pay}, by: y}]
`)
	d := folder(t, "subjects.csv", "code,kind,parent\nv1,village,\nv2,village,\nc1,cadre,v1\nc2,cadre,v2\nc3,cadre,v2\n",
		"values.csv", "subject,indicator,value\nv1,k,3\nv2,k,1\nc1,m,\nc2,m,2\nc3,m,1\n")
	all := rows(t, compute(t, s, d, nil))
	got := fmt.Sprint(all["v1"]["pay.cents"], all["c1"]["part.cents"], all["c2"]["part.cents"], all["c3"]["part.cents"])
	if want := fmt.Sprint("7500", "0", "1667", "833"); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if flags := all["c1"]["flags"]; !strings.Contains(flags, "unshared:part") {
		t.Errorf("the flags of c1 are %q", flags)
	}
}

// Payouts that can only come out of each other are told by the check, once a
// circle; one that has money from another kind is not, and is a fault, not a
// loop, only where the data closes the circle.
func TestPayoutCircles(t *testing.T) {
	t.Parallel()
	scheme := func(payouts ...string) string {
		src := "scheme: s\nkinds:\n"
		for i, p := range payouts {
			src += fmt.Sprintf("  k%d:\n    parts: {x: {values: k}}\n    total: x\n    payouts: [%s]\n", i, p)
		}
		return src
	}
	from := func(name, from string) string {
		return fmt.Sprintf("{payout: %s, pool: {of: parent, payout: %s}, by: x}", name, from)
	}
	own := "{payout: pay, pool: 9, by: x}"
	for _, c := range []struct {
		payouts []string
		want    string
	}{
		{[]string{from("pay", "pay")}, "6:16 payout_cycle k0.pay → k0.pay\n"},
		{[]string{from("a", "b"), from("b", "a")}, "6:16 payout_cycle k0.a → k1.b → k0.a\n"},
		{[]string{from("c", "a"), from("a", "b"), from("b", "a"), from("d", "d")}, "10:16 payout_cycle k1.a → k2.b → k1.a\n18:16 payout_cycle k3.d → k3.d\n"},
		{[]string{own, from("pay", "pay"), from("part", "pay")}, ""},
		{[]string{own + ", " + from("a", "b"), from("b", "pay")}, ""},
	} {
		var got string
		for _, f := range scoring.CheckScheme("s.yaml", []byte(scheme(c.payouts...))) {
			got += fmt.Sprintf("%d:%d %s %s\n", f.Line, f.Column, strings.TrimPrefix(f.Code, "scoring.fault."), f.Args["Path"])
		}
		if got != c.want {
			t.Errorf("%v: want %q, got %q", c.payouts, c.want, got)
		}
	}
	s := parse(t, "s.yaml", scheme(own, from("pay", "pay")))
	d := folder(t, "subjects.csv", "code,kind,parent\na,k1,\nb,k1,a\n", "values.csv", "subject,indicator,value\na,k,1\nb,k,1\n")
	_, faults := scoring.Compute(s, d, nil)
	if len(faults) != 1 || !strings.Contains(words(t, "en")(faults[0].Code, faults[0].Args), "in a circle. ") {
		t.Errorf("faults: %v", faults)
	}
}
