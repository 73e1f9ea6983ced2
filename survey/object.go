package survey

import (
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// object is a mapping being read: every key asked for becomes a known one, and close reports the
// keys that nobody asked for.
type object struct {
	*source
	at    node
	words *languages
	keys  []string // asked for, in order
	found map[string]pair
}

// object begins to read a mapping; for anything else it reports a fault and is empty.
func (s *source) object(n node, name string, words *languages) *object {
	o := &object{source: s, at: n, words: words, found: make(map[string]pair)}
	if n.shape != mapping {
		s.fault(n, "want_mapping", map[string]any{"Key": name})
		return o
	}
	for _, p := range n.pairs {
		if first, twice := o.found[p.key.text]; twice {
			s.fault(p.key, "key_twice", map[string]any{"Key": p.key.text, "Line": first.key.line})
			continue
		}
		o.found[p.key.text] = p
	}
	return o
}

// get returns the value of a key; false where it is absent or empty.
func (o *object) get(key string) (node, bool) {
	if !slices.Contains(o.keys, key) {
		o.keys = append(o.keys, key)
	}
	p, ok := o.found[key]
	return p.value, ok && p.value.shape != nothing
}

// need is get for a key that must be there.
func (o *object) need(key string) (node, bool) {
	n, ok := o.get(key)
	if !ok && o.at.shape == mapping {
		o.fault(o.at, "key_missing", map[string]any{"Key": key})
	}
	return n, ok
}

// has reports whether the key is written, without asking for it.
func (o *object) has(key string) bool {
	_, ok := o.found[key]
	return ok
}

// close reports the keys that were not asked for, each with the one that was probably meant.
func (o *object) close() {
	for key, p := range o.found {
		if slices.Contains(o.keys, key) {
			continue
		}
		if near := nearest(key, o.keys); near != "" {
			o.fault(p.key, "key_near", map[string]any{"Key": key, "Nearest": near})
		} else {
			o.fault(p.key, "key_unknown", map[string]any{"Key": key, "Known": strings.Join(o.keys, ", ")})
		}
	}
}

// refuse reports keys that are right elsewhere but mean nothing for a thing of this kind.
func (o *object) refuse(kind string, keys ...string) {
	for _, key := range keys {
		if slices.Contains(o.keys, key) {
			continue
		}
		if p, ok := o.found[key]; ok {
			o.fault(p.key, "key_unused", map[string]any{"Key": key, "Kind": kind})
		}
		o.keys = append(o.keys, key)
	}
}

// scalar returns the value of a key as written; false where it is absent or no single value.
func (o *object) scalar(key string) (node, bool) {
	n, ok := o.get(key)
	if ok && n.shape != scalar {
		o.fault(n, "want_text", map[string]any{"Key": key})
		return n, false
	}
	return n, ok
}

// codePattern is what codes look like: they stand in file names, callbacks and column headers.
var codePattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,39}$`)

// code returns a required code.
func (o *object) code(key string) string {
	if _, ok := o.need(key); !ok {
		return ""
	}
	return o.codeIf(key)
}

// codeIf returns a code; empty where there is none.
func (o *object) codeIf(key string) string {
	n, ok := o.scalar(key)
	if !ok {
		return ""
	}
	return o.checkCode(n)
}

func (s *source) checkCode(n node) string {
	if n.shape != scalar || !codePattern.MatchString(n.text) {
		s.fault(n, "code_bad", map[string]any{"Code": n.text})
		return ""
	}
	return n.text
}

// plain returns a text that is not translated; empty where there is none.
func (o *object) plain(key string) string {
	n, _ := o.scalar(key)
	return strings.TrimSpace(n.text)
}

// word returns one of the words allowed, the first where the key is absent.
func (o *object) word(key string, allowed ...string) string {
	n, ok := o.scalar(key)
	if !ok {
		return allowed[0]
	}
	return o.oneOf(n, key, allowed)
}

func (s *source) oneOf(n node, key string, allowed []string) string {
	if slices.Contains(allowed, n.text) {
		return n.text
	}
	known := slices.DeleteFunc(slices.Clone(allowed), func(w string) bool { return w == "" })
	args := map[string]any{"Key": key, "Value": n.text, "Known": strings.Join(known, ", ")}
	s.fault(n, "value_unknown", args)
	return allowed[0]
}

// flag returns yes or no, false where the key is absent.
func (o *object) flag(key string) bool {
	n, ok := o.get(key)
	if !ok {
		return false
	}
	on, valid := truth(n)
	if !valid {
		o.fault(n, "want_flag", map[string]any{"Key": key})
	}
	return on
}

// truth reads yes and no in the ways people write them.
func truth(n node) (on, valid bool) {
	if n.shape != scalar {
		return false, false
	}
	switch strings.ToLower(n.text) {
	case "true", "yes", "on":
		return true, true
	case "false", "no", "off":
		return false, true
	}
	return false, false
}

// whole returns a whole number within bounds, or the default where the key is absent.
func (o *object) whole(key string, standard, low, high int) int {
	n, ok := o.get(key)
	if !ok {
		return standard
	}
	return o.wholeOf(n, key, standard, low, high)
}

func (s *source) wholeOf(n node, key string, standard, low, high int) int {
	value, err := strconv.Atoi(n.text)
	if n.shape != scalar || err != nil {
		s.fault(n, "want_whole", map[string]any{"Key": key})
		return standard
	}
	if value < low || value > high {
		s.fault(n, "value_range", map[string]any{"Key": key, "Value": value, "Min": low, "Max": high})
		return standard
	}
	return value
}

// decimal returns a number exactly as written; nil where the key is absent.
func (o *object) decimal(key string) *big.Rat {
	n, ok := o.get(key)
	if !ok {
		return nil
	}
	return o.decimalOf(n, key)
}

func (s *source) decimalOf(n node, key string) *big.Rat {
	canonical, ok := canonicalDecimal(n.text)
	if n.shape != scalar || !ok {
		s.fault(n, "want_number", map[string]any{"Key": key})
		return nil
	}
	value, _ := new(big.Rat).SetString(canonical)
	return value
}

// list returns the entries of a list; none where the key is absent.
func (o *object) list(key string) []node {
	n, ok := o.get(key)
	if ok && n.shape != list {
		o.fault(n, "want_list", map[string]any{"Key": key})
		return nil
	}
	return n.items
}

// codes returns a list of references; a single one may stand without brackets.
func (o *object) codes(key string) []string {
	n, ok := o.get(key)
	if !ok {
		return nil
	}
	items := n.items
	if n.shape == scalar {
		items = []node{n}
	} else if n.shape != list {
		o.fault(n, "want_list", map[string]any{"Key": key})
	}
	var all []string
	for _, item := range items {
		switch {
		case item.shape != scalar || strings.TrimSpace(item.text) == "":
			o.fault(item, "want_text", map[string]any{"Key": key})
		case slices.Contains(all, item.text):
			o.fault(item, "entry_twice", map[string]any{"Key": key, "Value": item.text})
		default:
			all = append(all, item.text)
		}
	}
	return all
}

// span returns a length of time; zero where the key is absent.
func (o *object) span(key string) Span {
	n, ok := o.get(key)
	if !ok {
		return Span{}
	}
	span, _ := o.spanOf(n, key)
	return span
}

func (s *source) spanOf(n node, key string) (Span, bool) {
	span, err := ParseSpan(n.text)
	if n.shape != scalar || err != nil {
		s.fault(n, "want_span", map[string]any{"Key": key, "Value": n.text})
		return Span{}, false
	}
	return span, true
}

// params returns names with values, the values exactly as written.
func (o *object) params(key string) map[string]string {
	n, ok := o.get(key)
	if !ok {
		return nil
	}
	sub := o.object(n, key, o.words)
	all := make(map[string]string, len(sub.found))
	for name, p := range sub.found {
		if p.value.shape != scalar {
			o.fault(p.value, "want_text", map[string]any{"Key": name})
			continue
		}
		all[name] = p.value.text
	}
	return all
}
