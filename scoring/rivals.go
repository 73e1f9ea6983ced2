package scoring

import (
	"bytes"
	"encoding/binary"
)

// sift settles the responses that count whatever others there are, and puts
// the rest where those of one respondent meet.
func (c *cleaner) sift() {
	c.rivals.overflow = c.b.spool.overflow
	c.unreadable(c.b.each(func(r *record) {
		switch h := &c.heads[r.head]; {
		case h.group == nil:
		case h.invalid:
			h.group.turnout.Invalid += h.count
		case len(c.respondent(r)) == 0:
			c.settle(r)
		default:
			c.rivals.put(c.contest(r), r)
		}
	}))
	if c.rivals.failed != nil {
		c.notice(fileAnswers, "in_memory", "Problem", c.rivals.failed.Error())
	}
}

// respondent is who gave a response, as far as only one of theirs counts;
// empty: it stands for itself.
func (c *cleaner) respondent(r *record) []byte {
	p := c.heads[r.head].group.panel
	switch {
	case p.once == "none" || p.keep == "all":
		return nil
	case p.once == "device":
		return r.device
	}
	return r.respondent
}

// contest tells apart what responses stand against each other. It is valid
// until the next.
func (c *cleaner) contest(r *record) []byte {
	c.key = binary.LittleEndian.AppendUint32(c.key[:0], c.heads[r.head].contest)
	c.key = append(c.key, c.respondent(r)...)
	return c.key
}

// choose settles, of the responses of one respondent, the one that counts.
func (c *cleaner) choose() {
	var p pile
	for i := range c.rivals.buckets {
		if err := c.rivals.load(i, &p); err != nil {
			c.unreadable(err)
			return
		}
		lost := c.contend(&p)
		var r record
		for n := range p.at {
			p.read(uint32(n), &r)
			if h := &c.heads[r.head]; lost[n] {
				h.group.turnout.Superseded += h.count
			} else {
				c.settle(&r)
			}
		}
	}
}

// contend tells which responses do not count because another does.
func (c *cleaner) contend(p *pile) (lost []bool) {
	lost = make([]bool, len(p.at))
	var r, other record
	var key []byte
	for i := range p.at {
		n := uint32(i)
		p.read(n, &r)
		key = append(key[:0], c.contest(&r)...)
		hash := p.index.hash(key)
		slot := p.index.find(hash, func(o uint32) bool {
			p.read(o, &other)
			return bytes.Equal(c.contest(&other), key)
		})
		switch {
		case slot < 0:
			p.index.add(hash, n)
		case r.later(&other) == (c.heads[r.head].group.panel.keep == "latest"):
			lost[p.index.number(slot)] = true
			p.index.replace(slot, n)
		default:
			lost[n] = true
		}
	}
	return lost
}

// later tells whether a response came after another: by time, then by id.
func (r *record) later(other *record) bool {
	if r.submitted != other.submitted {
		return r.submitted > other.submitted
	}
	return bytes.Compare(r.id, other.id) > 0
}
