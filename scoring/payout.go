package scoring

import (
	"cmp"
	"math/big"
	"slices"
	"strings"
)

// paid is a payout of every subject of a kind: exact amounts, and whole cents
// that add up.
type paid struct {
	exact []*big.Rat
	cents []*big.Int
	notes [][]Line
}

// pay works out a payout once.
func (c *computation) pay(k *kind, r *payoutRule) *paid {
	if done, ok := c.paid[r]; ok {
		return done
	}
	n := len(c.subjects[k])
	p := &paid{exact: make([]*big.Rat, n), cents: make([]*big.Int, n), notes: make([][]Line, n)}
	c.paid[r] = p
	if r.by == nil {
		c.payPrizes(k, r, p)
	} else {
		c.payPool(k, r, p)
	}
	return p
}

// payoutFault is a fault of a payout that only the data brings to light.
func (c *computation) payoutFault(r *payoutRule, code string, args ...any) {
	c.fault(c.prog.scheme.file, r.at.line, code, append(args, "Payout", r.name)...)
	c.faults[len(c.faults)-1].Column = r.at.column
}

func (p *paid) note(i int, code string, args ...any) {
	var cell Cell
	cell.line(code, args...)
	p.notes[i] = append(p.notes[i], cell.Trace.Lines...)
}

// payPrizes gives the prize of each place. Those level share the prizes of the
// places they take up, or get the full prize each; what a condition or a veto
// withholds is not handed down.
func (c *computation) payPrizes(k *kind, r *payoutRule, p *paid) {
	t := c.done[k]
	value := c.standing(k, t, r.rank)
	for _, tiers := range c.tiers(k, r.rank, scope{}, value, r.rank.ties == "broken") {
		place := 1
		for _, tier := range tiers {
			width := len(tier)
			if r.rank.ties == "dense" {
				width = 1
			}
			for _, i := range tier {
				amount, prizes := r.prize(c, k, i, place), []*big.Rat(nil)
				if !r.full {
					for q := place; q < place+width; q++ {
						prizes = append(prizes, r.prize(c, k, i, q))
					}
					amount = new(big.Rat).Quo(sumOf(prizes), rat(int64(len(tier))))
				}
				if amount.Sign() == 0 {
					continue
				}
				args := append(c.because(r.when, k, scope{}, i), "Payout", r.name, "Place", place, "Level", len(tier),
					"Terms", listed(prizes, " + "), "Count", len(tier), "Value", amount)
				if t.vetoed[i] || !c.holds2(r.when, k, i) {
					p.note(i, "prize_withheld", append(args, "Veto", t.vetoed[i])...)
					continue
				}
				p.exact[i] = amount
				p.note(i, "prize", args...)
			}
			if !r.full {
				c.splitPrizes(k, r, p, tier)
			}
			place += width
		}
	}
	for i := range p.exact {
		p.exact[i] = orZero(p.exact[i])
		if p.cents[i] == nil {
			p.cents[i] = nearestCents(p.exact[i])
		}
	}
}

// splitPrizes rounds what those level share, so that it adds up again.
func (c *computation) splitPrizes(k *kind, r *payoutRule, p *paid, tier []int) {
	var rations []ration
	whole := true
	for _, i := range tier {
		if p.exact[i] != nil {
			rations = append(rations, ration{i, c.subjects[k][i].Code, p.exact[i]})
			whole = whole && new(big.Rat).Mul(p.exact[i], rat(100)).IsInt()
		}
	}
	if !whole {
		p.takeCents(r, rations, nil, true)
	}
}

func (r *payoutRule) prize(c *computation, k *kind, i, place int) *big.Rat {
	if r.table == nil {
		return orZero(r.prizes[place])
	}
	row := r.table.rows[""]
	if r.tableBy != "" {
		row = r.table.rows[attribute(c.subjects[k][i], r.tableBy)]
	}
	return orZero(row[plain(rat(int64(place)))])
}

// portion is a pool with those who share it.
type portion struct {
	key    string
	exact  *big.Rat
	cents  *big.Int // nil: not yet rounded
	who    []int
	origin []Line // how it comes about
}

func (q *portion) note(code string, args ...any) {
	var cell Cell
	cell.line(code, args...)
	q.origin = append(q.origin, cell.Trace.Lines...)
}

func (c *computation) payPool(k *kind, r *payoutRule, p *paid) {
	var members []int
	for i := range p.exact {
		if c.holds2(r.when, k, i) {
			members = append(members, i)
		} else {
			p.note(i, "share_not", append(c.because(r.when, k, scope{}, i), "Payout", r.name)...)
		}
	}
	portions := c.portions(k, r, members)
	if !r.once {
		settle(r, portions)
	}
	var once []ration
	total := new(big.Rat)
	for _, q := range portions {
		rations := c.shareOut(k, r, q, p)
		if r.once {
			once = append(once, rations...)
			for _, x := range rations {
				total.Add(total, x.exact)
			}
			continue
		}
		p.takeCents(r, rations, q.cents, r.over != r.by)
	}
	if r.once {
		p.takeCents(r, once, nearestCents(total), false)
	}
	for i := range p.exact {
		p.exact[i] = orZero(p.exact[i])
		if p.cents[i] == nil {
			p.cents[i] = new(big.Int)
		}
	}
}

// portions splits the pool: by the parents' payouts, by a scope, or not at all.
func (c *computation) portions(k *kind, r *payoutRule, members []int) []*portion {
	by := func(within string) map[string][]int {
		out := map[string][]int{}
		for _, i := range members {
			key := scopeKey(c.subjects[k][i], within)
			out[key] = append(out[key], i)
		}
		return out
	}
	var out []*portion
	switch {
	case r.from != "":
		for parent, who := range by(scopeParent) {
			at, ok := c.place[parent]
			if !ok {
				continue
			}
			for _, up := range at.kind.payouts {
				if up.name == r.from {
					given := c.pay(at.kind, up)
					if given.exact[at.index] == nil { // still being worked out
						c.payoutFault(r, "payout_cycle")
						return nil
					}
					q := &portion{key: parent, exact: given.exact[at.index], cents: given.cents[at.index], who: who}
					q.note("pool_parent", "Payout", r.name, "From", r.from, "Subject", parent, "Value", q.exact, "Cents", q.cents.String())
					out = append(out, q)
				}
			}
		}
	case r.split != "":
		out = c.splitPool(r, by(r.split))
	default:
		out = []*portion{{exact: r.pool, who: members}}
	}
	slices.SortFunc(out, func(a, b *portion) int { return cmp.Compare(a.key, b.key) })
	return out
}

func (c *computation) splitPool(r *payoutRule, by map[string][]int) []*portion {
	base, parts, total := map[string]*big.Rat{}, map[string][]*big.Rat{}, new(big.Rat)
	for key, who := range by {
		switch {
		case r.head:
			base[key] = rat(int64(len(who)))
			parts[key] = nil
		case r.sum != nil:
			base[key] = new(big.Rat)
			for _, i := range who {
				if cell := c.cells(r.sum, scope{})[i]; cell.ok() {
					base[key].Add(base[key], cell.Value)
					parts[key] = append(parts[key], cell.Value)
				}
			}
		default:
			share, ok := r.shares[key]
			if !ok {
				c.payoutFault(r, "share_missing", "Got", key, "Known", strings.Join(keys(r.shares), ", "))
			}
			base[key] = orZero(share)
		}
		total.Add(total, base[key])
	}
	var shares []*big.Rat
	for _, key := range keys(base) {
		shares = append(shares, base[key])
	}
	var out []*portion
	for key, who := range by {
		if total.Sign() == 0 {
			c.payoutFault(r, "pool_zero")
			return nil
		}
		part := new(big.Rat).Quo(new(big.Rat).Mul(r.pool, base[key]), total)
		q := &portion{key: key, exact: part, who: who}
		if r.sum != nil {
			q.note("pool_sum", "Payout", r.name, "Scope", key, "Terms", listed(parts[key], " + "), "Part", r.sum.path, "Count", len(parts[key]), "Value", base[key])
		}
		q.note("pool_part", "Payout", r.name, "Scope", key, "Pool", r.pool, "Own", base[key], "All", total, "Terms", listed(shares, " + "), "Heads", r.head, "Value", part)
		out = append(out, q)
	}
	return out
}

// settle rounds portions to cents so that they add up.
func settle(r *payoutRule, portions []*portion) {
	var open []ration
	total := new(big.Rat)
	for n, q := range portions {
		if q.cents == nil {
			open = append(open, ration{n, q.key, q.exact})
			total.Add(total, q.exact)
		}
	}
	cents := nearestCents(total)
	for n, x := range largestRemainder(open, cents) {
		q := portions[n]
		q.cents = x.cents
		if len(q.origin) > 0 {
			q.note("cents", x.args(r, cents)...)
		}
	}
}

// shareOut gives each member pool × own ÷ Σ over; amounts are exact.
func (c *computation) shareOut(k *kind, r *payoutRule, q *portion, p *paid) []ration {
	own, over := c.cells(r.by, scope{}), c.cells(r.over, scope{})
	var summed []*big.Rat
	for _, i := range q.who {
		if over[i].ok() {
			summed = append(summed, over[i].Value)
		}
	}
	base, terms, count := sumOf(summed), listed(summed, " + "), len(summed)
	if base.Sign() <= 0 {
		c.unshared(k, r, q, p)
		return nil
	}
	pool := q.exact
	var out []ration
	for _, i := range q.who {
		if !own[i].ok() {
			p.note(i, "share_none", "Payout", r.name, "Part", r.by.path)
			continue
		}
		if own[i].Value.Sign() < 0 {
			c.payoutFault(r, "share_negative", "Subject", c.subjects[k][i].Code)
			return nil
		}
		part := new(big.Rat).Quo(own[i].Value, base)
		p.exact[i] = new(big.Rat).Mul(pool, part)
		p.notes[i] = append(p.notes[i], q.origin...)
		p.note(i, "share_base", "Payout", r.name, "Part", r.over.path, "Terms", terms, "Count", count, "Value", base)
		p.note(i, "share", "Payout", r.name, "Part", r.by.path, "Pool", pool, "Own", own[i].Value, "All", base, "Value", p.exact[i])
		level := p.exact[i]
		if q.cents != nil { // the cents of this level are shared, not the exact pool
			whole := new(big.Rat).SetFrac(q.cents, big.NewInt(100))
			if level = new(big.Rat).Mul(whole, part); whole.Cmp(pool) != 0 {
				p.note(i, "share_cents", "Payout", r.name, "Pool", whole, "Own", own[i].Value, "All", base, "Value", level)
			}
		}
		out = append(out, ration{i, c.subjects[k][i].Code, level})
	}
	return out
}

// unshared is a pool that nobody has a figure for. Where it is one parent's of
// many it stays with the parent, and all are told; else there is no result.
func (c *computation) unshared(k *kind, r *payoutRule, q *portion, p *paid) {
	if len(q.who) == 0 || q.exact.Sign() == 0 {
		return
	}
	if r.from == "" {
		c.payoutFault(r, "pool_zero")
		return
	}
	for _, i := range q.who {
		p.note(i, "share_none", "Payout", r.name, "Part", r.by.path)
		c.done[k].flag(i, flagUnshared, r.name)
	}
}
