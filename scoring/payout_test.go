package scoring_test

import (
	"fmt"
	"strings"
	"testing"
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
