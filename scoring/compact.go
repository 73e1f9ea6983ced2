package scoring

import (
	"encoding/binary"
	"hash/maphash"
)

// word is a text that is kept: the number of its block and its place in it.
// The zero word is the empty text.
type word uint32

const (
	wordBits  = 20
	wordBlock = 1 << wordBits
)

// texts keeps texts, each with its length before it.
type texts struct{ blocks [][]byte }

// full tells that there is no room for more: at some 4 GB.
func (t *texts) full() bool { return len(t.blocks) >= 1<<(32-wordBits) }

func (t *texts) at(w word) []byte {
	if w == 0 {
		return nil
	}
	entry := t.blocks[w>>wordBits][w%wordBlock:]
	n, head := binary.Uvarint(entry)
	return entry[head : head+int(n)]
}

func (t *texts) add(s []byte) word {
	if len(s) == 0 {
		return 0
	}
	if len(t.blocks) == 0 {
		t.blocks = [][]byte{{0}}
	}
	last := len(t.blocks) - 1
	if need := len(s) + binary.MaxVarintLen32; len(t.blocks[last])+need > wordBlock {
		t.blocks = append(t.blocks, make([]byte, 0, max(wordBlock, need)))
		last++
	}
	w := word(last<<wordBits | len(t.blocks[last]))
	t.blocks[last] = append(binary.AppendUvarint(t.blocks[last], uint64(len(s))), s...)
	return w
}

// index finds numbers by the hash of what they stand for, which is kept
// elsewhere. What it finds does not depend on the seed of the hash.
type index struct {
	seed  maphash.Seed
	slots []uint64 // hash and number+1; 0: free
	used  int
}

func (x *index) hash(s []byte) uint32 { return uint32(maphash.Bytes(x.ready().seed, s)) }

func (x *index) ready() *index {
	if x.slots == nil {
		x.seed, x.slots = maphash.MakeSeed(), make([]uint64, 8)
	}
	return x
}

// find returns the slot of the number with this hash that is the same as what
// is looked for, and -1 where there is none.
func (x *index) find(hash uint32, same func(n uint32) bool) int {
	last := len(x.slots) - 1
	for i := int(hash) & last; x.slots[i] != 0; i = (i + 1) & last {
		if uint32(x.slots[i]>>32) == hash && same(uint32(x.slots[i])-1) {
			return i
		}
	}
	return -1
}

// empty forgets all numbers.
func (x *index) empty() {
	clear(x.slots)
	x.used = 0
}

func (x *index) number(slot int) uint32 { return uint32(x.slots[slot]) - 1 }

// replace puts another number with the same hash into a slot.
func (x *index) replace(slot int, n uint32) {
	x.slots[slot] = x.slots[slot]>>32<<32 | uint64(n+1)
}

func (x *index) add(hash, n uint32) {
	if x.used++; 4*x.used > 3*len(x.slots) {
		old := x.slots
		x.slots = make([]uint64, 2*len(old))
		for _, slot := range old {
			if slot != 0 {
				x.put(slot)
			}
		}
	}
	x.put(uint64(hash)<<32 | uint64(n+1))
}

func (x *index) put(slot uint64) {
	last := len(x.slots) - 1
	i := int(slot>>32) & last
	for x.slots[i] != 0 {
		i = (i + 1) & last
	}
	x.slots[i] = slot
}

// dictionary keeps each distinct text once.
type dictionary struct {
	texts
	index index
}

// word finds or keeps a text.
func (d *dictionary) word(s []byte) word {
	if w, ok := d.look(s); ok {
		return w
	}
	w := d.add(s)
	d.index.add(d.index.hash(s), uint32(w))
	return w
}

// look finds a text that is kept. It changes nothing.
func (d *dictionary) look(s []byte) (word, bool) {
	if len(s) == 0 {
		return 0, true
	}
	if d.index.used == 0 {
		return 0, false
	}
	slot := d.index.find(d.index.hash(s), func(n uint32) bool { return string(d.at(word(n))) == string(s) })
	if slot < 0 {
		return 0, false
	}
	return word(d.index.number(slot)), true
}
