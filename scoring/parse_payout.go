package scoring

import (
	"cmp"
	"maps"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"pingyi/scoring/formula"
)

// payoutRule gives money: shares of a pool, or a prize for each place.
type payoutRule struct {
	name    string
	title   Text
	pool    *big.Rat
	from    string // payout of the parent that is shared out
	by      *part
	over    *part
	split   string              // scope over which the pool is split first
	shares  map[string]*big.Rat // fixed shares of the split
	head    bool                // split by headcount
	sum     *part               // split by the sum of a part
	prizes  map[int]*big.Rat
	table   *tableDef // prizes by a word of an attribute
	tableBy string
	rank    *rankRule
	full    bool // ties all get the full prize
	when    *condition
	once    bool // cents rounded once over all
	at      at
}

func (b *binder) payout(k *kind, body *node) *payoutRule {
	r := &payoutRule{name: b.text(body.get("payout")), title: b.title(body.get("title")), at: body.place(),
		full: b.word(body.get("ties"), "full", "split") == "full", once: b.word(body.get("cents"), "by_level", "once") == "once"}
	if !isName(r.name) {
		b.fault(body, "name", map[string]any{"Got": r.name})
	}
	if w := body.get("when"); w != nil {
		r.when = b.condition(nil, k, w, formula.Truth, true)
	}
	switch pool, prizes := body.get("pool"), body.get("prizes"); {
	case pool != nil && prizes == nil:
		b.pool(k, r, body)
	case prizes != nil && pool == nil:
		b.prizes(k, r, body)
	default:
		b.fault(body, "payout_rule", map[string]any{"Payout": r.name})
	}
	return r
}

func (b *binder) pool(k *kind, r *payoutRule, body *node) {
	if n := body.get("pool"); n.kind == nodeMap {
		pb := b.block(n, "pool")
		b.word(pb.get("of"), "parent")
		r.from = b.text(pb.get("payout"))
		b.later(func() { b.payoutKnown(cmp.Or(pb.get("payout"), n), r.from) })
	} else {
		if r.pool = b.number(n); r.pool.Sign() < 0 {
			b.fault(n, "pool_negative", map[string]any{"Payout": r.name, "Got": plain(r.pool)})
		}
	}
	by, over, split := body.get("by"), body.get("over"), body.get("split")
	if by == nil {
		b.fault(body, "pool_base", map[string]any{"Payout": r.name})
		return
	}
	b.later(func() {
		r.by = b.partNamed(by, nil, k)
		r.over = r.by
		if over != nil {
			r.over = b.partNamed(over, nil, k)
		}
	})
	b.idle(body, false, "prizes", "ties", "within", "break", "order")
	b.idle(body, split != nil, "split", "shares")
	if split == nil || b.text(split) == "none" {
		return
	}
	r.split = b.scopeName(split, k, scopeGroup)
	switch shares := body.get("shares"); {
	case shares == nil || shares.kind == nodeText && b.text(shares) == "headcount":
		r.head = true
	case shares.kind == nodeText:
		if name := b.text(shares); b.prog.tables[name] != nil {
			r.shares = b.weightTable(shares).rows[""]
			b.sharesAddUp(r.name, shares, nil, r.shares)
			return
		}
		b.later(func() { r.sum = b.sharesBy(shares, k) })
	default:
		if r.shares = b.amounts(shares, "weight_negative"); len(r.shares) == 0 {
			b.fault(shares, "shares_empty", map[string]any{"Payout": r.name})
		}
		b.sharesAddUp(r.name, shares, nil, r.shares)
	}
}

// sharesBy finds the part whose sums a pool is split by; a table would do too.
func (b *binder) sharesBy(n *node, k *kind) *part {
	name := b.text(n)
	if k.byPath[name] != nil {
		return b.partNamed(n, nil, k)
	}
	meant := b.unknown(n, "shares_unknown", name, slices.Concat(keys(k.byPath), keys(b.prog.tables), []string{"headcount"}))
	b.used["table:"+meant] = true
	k.byPath[meant].use()
	return k.byPath[meant]
}

// payoutKnown reports a payout no kind has.
func (b *binder) payoutKnown(n *node, name string) {
	var known []string
	for _, k := range b.prog.kinds {
		for _, r := range k.payouts {
			known = append(known, r.name)
		}
	}
	if !slices.Contains(known, name) {
		b.unknown(n, "payout_unknown", name, known)
	}
}

// payoutCircles reports payouts that can only be shared out of themselves,
// whatever kinds the parents are of.
func (b *binder) payoutCircles() {
	named, name := map[string][]*payoutRule{}, map[*payoutRule]string{}
	var open []*payoutRule
	for _, k := range b.prog.kinds {
		for _, r := range k.payouts {
			named[r.name] = append(named[r.name], r)
			name[r] = k.code + "." + r.name
			open = append(open, r)
		}
	}
	funded := func(r *payoutRule) bool { return !slices.Contains(open, r) }
	for before := -1; before != len(open); { // what a payout with money of its own reaches is not open
		before = len(open)
		open = slices.DeleteFunc(slices.Clone(open), func(r *payoutRule) bool {
			return len(named[r.from]) == 0 || slices.ContainsFunc(named[r.from], funded)
		})
	}
	told := map[*payoutRule]bool{}
	for _, r := range open {
		path := []*payoutRule{r}
		for !told[r] {
			told[r] = true
			r = named[r.from][0]
			path = append(path, r)
		}
		first := slices.Index(path, r)
		if first == len(path)-1 {
			continue // it hangs on a circle that has been told
		}
		var names []string
		for _, x := range path[first:] {
			names = append(names, name[x])
		}
		b.fault(&node{line: r.at.line, column: r.at.column}, "payout_cycle", map[string]any{"Payout": r.name, "Path": strings.Join(names, " → ")})
	}
}

func (b *binder) prizes(k *kind, r *payoutRule, body *node) {
	n := body.get("prizes")
	b.idle(body, false, "pool", "over", "split", "shares", "cents")
	r.rank = k.rank
	if body.get("by") != nil || body.get("within") != nil {
		r.rank = b.placeRank(k, body, k.rank)
	}
	if n.kind == nodeMap && slices.ContainsFunc(n.entries, func(e entry) bool { return isName(e.key) }) {
		spec := b.block(n, "weights")
		r.table, r.tableBy = b.table(spec.get("table")), b.text(spec.get("by"))
		b.attributeKnown(spec.get("by"), k, r.tableBy)
		for _, row := range keys(r.table.rows) {
			if slices.ContainsFunc(slices.Collect(maps.Values(r.table.rows[row])), func(v *big.Rat) bool { return v.Sign() < 0 }) {
				b.fault(spec.get("table"), "prize_negative", map[string]any{"Got": b.text(spec.get("table"))})
				break
			}
			b.prizePlaces(r.table, row)
		}
		return
	}
	t := &tableDef{rows: map[string]map[string]*big.Rat{"": b.amounts(n, "prize_negative")}, node: n}
	r.prizes = map[int]*big.Rat{}
	for _, p := range b.prizePlaces(t, "") {
		r.prizes[p] = t.rows[""][strconv.Itoa(p)]
	}
}
