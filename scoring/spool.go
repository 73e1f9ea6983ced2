package scoring

import (
	"encoding/binary"
	"hash/maphash"
	"io"
)

// Scratch is room outside of memory, such as a temporary file. Each place in it
// is written once, before it is read.
type Scratch interface {
	io.WriterAt
	io.ReaderAt
}

// Overflow opens new scratch for responses that are too many to be held. Where
// there is none, because it is nil or fails, they stay in memory. Whoever gives
// it closes what it opened once the data is needed no more.
type Overflow func() (Scratch, error)

const (
	spoolBuckets = 256
	spoolBlock   = 8 << 10
	spoolHeld    = 1 << 20 // bytes that stay in memory in any case
)

// spool keeps any number of records in little memory. They are dealt out to
// buckets by the hash of what must meet again, so that one bucket at a time can
// be looked through; each keeps the order in which its records came.
type spool struct {
	overflow Overflow
	scratch  Scratch      // opened when needed
	seed     maphash.Seed // of the buckets: no result depends on it
	buckets  []bucket
	held     int64 // bytes in blocks that are in memory
	end      int64 // of what was written to scratch
	failed   error // why there is no room outside of memory, where some was wanted
}

type bucket struct {
	blocks []block
	open   []byte // the block in the making
}

// block holds whole records.
type block struct {
	held   []byte // nil: in scratch
	at     int64
	length int
}

// put adds a record to the bucket of a key.
func (s *spool) put(key []byte, r *record) {
	if s.buckets == nil {
		s.seed, s.buckets = maphash.MakeSeed(), make([]bucket, spoolBuckets)
	}
	b := &s.buckets[maphash.Bytes(s.seed, key)%spoolBuckets]
	if b.open = r.append(b.open); len(b.open) >= spoolBlock {
		s.finish(b)
	}
}

// finish puts the block in the making aside.
func (s *spool) finish(b *bucket) {
	done := block{length: len(b.open)}
	if s.held+int64(len(b.open)) > spoolHeld && s.write(b.open) {
		done.at = s.end
		s.end += int64(len(b.open))
		b.open = b.open[:0]
	} else {
		s.held += int64(len(b.open))
		done.held, b.open = b.open, nil
	}
	b.blocks = append(b.blocks, done)
}

// write tells whether there was room outside of memory.
func (s *spool) write(src []byte) bool {
	if s.overflow == nil {
		return false
	}
	var err error
	if s.scratch == nil {
		s.scratch, err = s.overflow()
	}
	if err == nil {
		_, err = s.scratch.WriteAt(src, s.end)
	}
	if err != nil {
		s.overflow, s.failed = nil, err // a full disk: what comes now stays in memory
	}
	return err == nil
}

// load reads a bucket. It is safe for concurrent use while nothing is put.
func (s *spool) load(bucket int, into *pile) error {
	b := &s.buckets[bucket]
	into.bytes = into.bytes[:0]
	for _, part := range b.blocks {
		from := len(into.bytes)
		if part.held != nil {
			into.bytes = append(into.bytes, part.held...)
			continue
		}
		into.bytes = append(into.bytes, make([]byte, part.length)...)
		if _, err := s.scratch.ReadAt(into.bytes[from:], part.at); err != nil {
			return err
		}
	}
	into.bytes = append(into.bytes, b.open...)
	into.divide()
	return nil
}

// pile is a bucket in memory. It can be loaded again and again.
type pile struct {
	bytes []byte
	at    []uint32 // where each record begins
	index index    // for whoever looks for equals
}

// divide finds where the records begin.
func (p *pile) divide() {
	p.at = p.at[:0]
	p.index.empty()
	for at := 0; at < len(p.bytes); {
		p.at = append(p.at, uint32(at))
		at += recordHead + int(binary.LittleEndian.Uint32(p.bytes[at:]))
	}
}

// read reads a record by its number.
func (p *pile) read(n uint32, into *record) { into.read(p.bytes[p.at[n]:]) }

// id is that of a record.
func (p *pile) id(n uint32) []byte {
	id, _ := cutText(p.bytes[p.at[n]+recordHead:])
	return id
}

// record is a response, or those of its rows that stand together. What it holds
// belongs to whoever it was read from.
type record struct {
	id, respondent, device []byte
	head                   uint32 // its number
	submitted              int64  // as parseTime has it
	line                   uint64 // of its first row
	pairs                  []uint32
}

// recordHead is the size of the length that stands before each.
const recordHead = 4

// append writes a record: its length, and what it holds, the id first.
func (r *record) append(to []byte) []byte {
	to = append(to, make([]byte, recordHead)...)
	begin := len(to)
	for _, s := range [...][]byte{r.id, r.respondent, r.device} {
		to = append(binary.AppendUvarint(to, uint64(len(s))), s...)
	}
	to = binary.AppendUvarint(to, uint64(r.head))
	to = binary.LittleEndian.AppendUint64(to, uint64(r.submitted))
	to = binary.AppendUvarint(to, r.line)
	to = binary.AppendUvarint(to, uint64(len(r.pairs)))
	for _, a := range r.pairs {
		to = binary.AppendUvarint(to, uint64(a))
	}
	binary.LittleEndian.PutUint32(to[begin-recordHead:], uint32(len(to)-begin))
	return to
}

// read reads what append wrote.
func (r *record) read(from []byte) {
	number := func() uint64 {
		v, n := binary.Uvarint(from)
		from = from[n:]
		return v
	}
	r.id, from = cutText(from[recordHead:])
	r.respondent, from = cutText(from)
	r.device, from = cutText(from)
	r.head = uint32(number())
	r.submitted, from = int64(binary.LittleEndian.Uint64(from)), from[8:]
	r.line = number()
	r.pairs = r.pairs[:0]
	for range number() {
		r.pairs = append(r.pairs, uint32(number()))
	}
}

// cutText reads a text with its length before it.
func cutText(from []byte) (text, rest []byte) {
	length, n := binary.Uvarint(from)
	end := n + int(length)
	return from[n:end:end], from[end:]
}
