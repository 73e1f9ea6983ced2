package scoring

import (
	"cmp"
	"math/big"
	"slices"
	"strings"
)

// ration is one subject's exact amount in yuan.
type ration struct {
	index int
	code  string
	exact *big.Rat
}

// takeCents rounds rations to whole cents; open tells that they need not use
// the pool up, because they are measured against another figure.
func (p *paid) takeCents(r *payoutRule, rations []ration, cents *big.Int, open bool) {
	if open || cents == nil {
		total := new(big.Rat)
		for _, x := range rations {
			total.Add(total, x.exact)
		}
		cents = nearestCents(total)
	}
	for i, x := range largestRemainder(rations, cents) {
		p.cents[i] = x.cents
		p.note(i, "cents", x.args(r, cents)...)
	}
}

func nearestCents(yuan *big.Rat) *big.Int {
	return floorOf(new(big.Rat).Add(new(big.Rat).Mul(yuan, rat(100)), big.NewRat(1, 2)))
}

// rounded is a ration in whole cents, and how it came to them.
type rounded struct {
	cents  *big.Int
	exact  *big.Rat // in cents
	left   *big.Rat // what lies above whole cents
	place  int      // in the order of what is left
	spare  int64    // cents that went round by one each
	order  string   // codes and remainders, the largest first
	others int
}

// args are the arguments of the step that tells it.
func (x rounded) args(r *payoutRule, all *big.Int) []any {
	return []any{"Payout", r.name, "Exact", x.exact, "Whole", floorOf(x.exact).String(), "Left", x.left, "All", all.String(),
		"Spare", x.spare, "Place", x.place, "Of", x.others, "Order", x.order, "More", int64(x.place) <= x.spare, "Cents", x.cents.String(), "Value", new(big.Rat).SetFrac(x.cents, big.NewInt(100))}
}

// largestRemainder floors each amount to cents, then adds one cent each by
// falling remainder, ties by code, until they add up to the cents given.
func largestRemainder(rations []ration, cents *big.Int) map[int]rounded {
	type rest struct {
		ration
		rounded
	}
	spare := new(big.Int).Set(cents)
	rests := make([]rest, 0, len(rations))
	for _, x := range rations {
		hundred := new(big.Rat).Mul(x.exact, rat(100))
		whole := floorOf(hundred)
		spare.Sub(spare, whole)
		rests = append(rests, rest{x, rounded{cents: whole, exact: hundred, left: new(big.Rat).Sub(hundred, new(big.Rat).SetInt(whole)), others: len(rations)}})
	}
	slices.SortFunc(rests, func(a, b rest) int { return cmp.Or(b.left.Cmp(a.left), cmp.Compare(a.code, b.code)) })
	var order []string
	for _, x := range rests[:min(len(rests), maxListed)] {
		order = append(order, x.code+" "+plain(x.left))
	}
	if len(rests) > maxListed {
		order = append(order, "…")
	}
	out := map[int]rounded{}
	for n, x := range rests {
		x.spare, x.place, x.order = spare.Int64(), n+1, strings.Join(order, ", ")
		if int64(n) < x.spare {
			x.cents = new(big.Int).Add(x.cents, big.NewInt(1))
		}
		out[x.index] = x.rounded
	}
	return out
}
