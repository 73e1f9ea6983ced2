package survey

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf16"

	"golang.org/x/text/width"
)

// languages collects the texts of a file, so that once all are read every text can be held against
// the languages of the file: those it declares, else those that occur in it.
type languages struct {
	declared []Lang
	texts    []written
}

type written struct {
	at     node
	key    string
	text   Text
	button bool // stands on a button
}

// declare reads the list of languages that every text must have.
func (o *object) declare(key string) {
	for _, n := range o.list(key) {
		l := Lang(n.text)
		switch {
		case n.shape != scalar || !l.Known():
			o.fault(n, "language_unknown", map[string]any{"Language": n.text, "Known": joinLangs(Langs())})
		case slices.Contains(o.words.declared, l):
			o.fault(n, "entry_twice", map[string]any{"Key": key, "Value": n.text})
		default:
			o.words.declared = append(o.words.declared, l)
		}
	}
}

// text returns the text of a key; nil where it is absent.
func (o *object) text(key string) Text {
	n, ok := o.get(key)
	if !ok {
		return nil
	}
	return o.textOf(n, key)
}

// needText is text for a key that must be there.
func (o *object) needText(key string) Text {
	if _, ok := o.need(key); !ok {
		return nil
	}
	return o.text(key)
}

// needLabel is needText for a text that stands on a button.
func (o *object) needLabel(key string) Text {
	before := len(o.words.texts)
	t := o.needText(key)
	for i := range o.words.texts[before:] {
		o.words.texts[before+i].button = true
	}
	return t
}

func (o *object) textOf(n node, key string) Text {
	var t Text
	switch n.shape {
	case scalar:
		t = Plain(strings.TrimSpace(n.text))
		if t[""] == "" {
			o.fault(n, "text_empty", map[string]any{"Key": key})
		}
	case mapping:
		t = o.translations(n, key)
	default:
		o.fault(n, "want_text", map[string]any{"Key": key})
		return nil
	}
	o.words.texts = append(o.words.texts, written{at: n, key: key, text: t})
	return t
}

func (o *object) translations(n node, key string) Text {
	t := make(Text, len(n.pairs))
	if len(n.pairs) == 0 {
		o.fault(n, "text_empty", map[string]any{"Key": key})
	}
	sub := o.object(n, key, o.words)
	for tag, p := range sub.found {
		l := Lang(tag)
		words := strings.TrimSpace(p.value.text)
		switch {
		case !l.Known():
			o.fault(p.key, "language_unknown", map[string]any{"Language": tag, "Known": joinLangs(Langs())})
		case p.value.shape == scalar && words != "":
			t[l] = words
		case p.value.shape == scalar || p.value.shape == nothing:
			o.fault(p.value, "text_empty", map[string]any{"Key": key + "." + tag})
			t[l] = "" // said once: not missing as well
		default:
			o.fault(p.value, "want_text", map[string]any{"Key": key + "." + tag})
			t[l] = ""
		}
	}
	return t
}

// settle reports the texts that lack a language or do not fit, and returns the languages of the file,
// in the order of Langs; none where the file names none. A text without a language serves all of them only where
// it has no letters to translate.
func (s *source) settle(words *languages) []Lang {
	wanted := words.declared
	if len(wanted) == 0 {
		for _, l := range Langs() {
			if slices.ContainsFunc(words.texts, func(w written) bool { _, ok := w.text[l]; return ok }) {
				wanted = append(wanted, l)
			}
		}
	}
	for _, w := range words.texts {
		s.fits(w)
		if plain, ok := w.text[""]; ok && (len(wanted) <= 1 || !hasLetters(plain)) {
			continue
		}
		missing := slices.DeleteFunc(slices.Clone(wanted), func(l Lang) bool { _, ok := w.text[l]; return ok })
		if len(missing) > 0 {
			s.fault(w.at, "text_language", map[string]any{"Key": w.key, "Missing": joinLangs(missing)})
		}
	}
	ordered := slices.Clone(wanted)
	slices.SortFunc(ordered, func(a, b Lang) int { return slices.Index(Langs(), a) - slices.Index(Langs(), b) })
	return ordered
}

// Limits of what stands on the invitation, beside the sentence on anonymity and the deadline.
const (
	maxTitle = 120  // UTF-16 units of a title
	maxIntro = 2400 // UTF-16 units of an introduction
)

// fits reports titles and introductions that are too long and labels that do not fit a button.
func (s *source) fits(w written) {
	for _, l := range w.text.languages() {
		words := w.text[l]
		switch {
		case w.button && strings.ContainsAny(words, "\n\r"):
			s.fault(w.at, "label_lines", map[string]any{"Label": words})
		case w.button && columns(words) > MaxButton:
			s.fault(w.at, "label_long", map[string]any{
				"Label": words, "Columns": columns(words), "Max": MaxButton})
		case w.key == "title":
			s.limit(w.at, "title", words, maxTitle, l)
		case w.key == "intro":
			s.limit(w.at, "intro", words, maxIntro, l)
		}
	}
}

func (s *source) limit(at node, key, words string, most int, l Lang) {
	if n := units(words); n > most {
		s.fault(at, "text_long", map[string]any{"Key": key, "Units": n, "Max": most, "Language": string(l)})
	}
}

// units is the length of a text as Telegram counts it.
func units(s string) int { return len(utf16.Encode([]rune(s))) }

// columns is the width of a text where Chinese characters and emoji take two columns.
func columns(s string) int {
	n := 0
	for _, r := range s {
		switch width.LookupRune(r).Kind() {
		case width.EastAsianWide, width.EastAsianFullwidth:
			n += 2
		default:
			n++
		}
	}
	return n
}

func hasLetters(s string) bool { return strings.ContainsFunc(s, unicode.IsLetter) }

func joinLangs(ls []Lang) string {
	tags := make([]string, len(ls))
	for i, l := range ls {
		tags[i] = string(l)
	}
	return strings.Join(tags, ", ")
}
