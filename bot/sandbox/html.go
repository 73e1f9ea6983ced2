package sandbox

import (
	"fmt"
	"html"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
)

// htmlTags maps Telegram's tags to the entity each makes.
var htmlTags = map[string]string{
	"b": "bold", "strong": "bold", "i": "italic", "em": "italic", "u": "underline", "ins": "underline",
	"s": "strikethrough", "strike": "strikethrough", "del": "strikethrough",
	"tg-spoiler": "spoiler", "span": "spoiler", "a": "text_link", "code": "code", "pre": "pre",
	"blockquote": "blockquote", "tg-emoji": "custom_emoji", "tg-time": "date_time",
}

// openTag is a tag waiting for its end.
type openTag struct {
	name string
	at   int // byte offset of the tag in the source
	from int // UTF-16 offset of its content
	ent  Entity
}

// htmlParser reads Telegram's HTML. It is stricter than Telegram in one thing:
// a bare & or > is refused, for it shows a text put in without escaping.
type htmlParser struct {
	src   string
	pos   int
	out   strings.Builder
	units int
	open  []openTag
	ents  []Entity
}

func parseHTML(src string) (string, []Entity, error) {
	p := &htmlParser{src: src}
	for p.pos < len(p.src) {
		var err error
		switch p.src[p.pos] {
		case '<':
			err = p.tag()
		case '&':
			err = p.reference()
		case '>':
			err = p.fail(p.pos, "bare > must be written &gt;")
		default:
			p.plain()
		}
		if err != nil {
			return "", nil, err
		}
	}
	if n := len(p.open); n > 0 {
		return "", nil, p.fail(p.open[n-1].at, "no end tag for <"+p.open[n-1].name+">")
	}
	sortEntities(p.ents)
	ents := languages(p.ents)
	if err := checkNesting(ents); err != nil {
		return "", nil, err
	}
	return p.out.String(), ents, nil
}

func (p *htmlParser) fail(at int, why string) error {
	return badForm(fmt.Sprintf("can't parse entities: byte offset %d: %s", at, why))
}

func (p *htmlParser) write(s string) {
	p.out.WriteString(s)
	p.units += utf16Len(s)
}

func (p *htmlParser) plain() {
	end := strings.IndexAny(p.src[p.pos:], "<>&")
	if end < 0 {
		end = len(p.src) - p.pos
	}
	p.write(p.src[p.pos : p.pos+end])
	p.pos += end
}

var referenceForm = regexp.MustCompile(`^&(lt|gt|amp|quot|#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6});`)

func (p *htmlParser) reference() error {
	ref := referenceForm.FindString(p.src[p.pos:])
	if ref == "" {
		return p.fail(p.pos, "bare & must be written &amp;; named references are &lt; &gt; &amp; &quot;")
	}
	char, ok := character(ref[1 : len(ref)-1])
	if !ok {
		return p.fail(p.pos, "no such character: "+ref)
	}
	p.write(string(char))
	p.pos += len(ref)
	return nil
}

// character is what a reference names: lt, #65 or #x41.
func character(ref string) (rune, bool) {
	digits, numeric := strings.CutPrefix(ref, "#")
	if !numeric {
		return map[string]rune{"lt": '<', "gt": '>', "amp": '&', "quot": '"'}[ref], true
	}
	base := 10
	if digits[0] == 'x' || digits[0] == 'X' {
		digits, base = digits[1:], 16
	}
	n, err := strconv.ParseInt(digits, base, 32)
	char := rune(n)
	return char, err == nil && char != 0 && utf16.RuneLen(char) > 0
}

var (
	startTagForm = regexp.MustCompile(`^<([A-Za-z][A-Za-z0-9-]*)((?:\s+[A-Za-z-]+(?:\s*=\s*(?:"[^"]*"|'[^']*'|[^\s"'=<>]+))?)*)\s*>`)
	endTagForm   = regexp.MustCompile(`^</([A-Za-z][A-Za-z0-9-]*)?\s*>`)
	attrForm     = regexp.MustCompile(`([A-Za-z-]+)(?:\s*=\s*("[^"]*"|'[^']*'|[^\s"'=<>]+))?`)
)

func (p *htmlParser) tag() error {
	if strings.HasPrefix(p.src[p.pos:], "</") {
		return p.endTag()
	}
	m := startTagForm.FindStringSubmatch(p.src[p.pos:])
	if m == nil {
		return p.fail(p.pos, "not a tag; a bare < must be written &lt;")
	}
	name := strings.ToLower(m[1])
	kind, known := htmlTags[name]
	if !known {
		return p.fail(p.pos, "unsupported start tag <"+name+">")
	}
	ent := Entity{Type: kind, Offset: p.units}
	attrs := map[string]string{}
	for _, a := range attrForm.FindAllStringSubmatch(m[2], -1) {
		attrs[strings.ToLower(a[1])] = html.UnescapeString(strings.Trim(a[2], `"'`))
	}
	if err := p.attributes(name, attrs, &ent); err != nil {
		return err
	}
	p.open = append(p.open, openTag{name: name, at: p.pos, from: p.units, ent: ent})
	p.pos += len(m[0])
	return nil
}

// attributes takes over what a tag carries and refuses what it must not.
func (p *htmlParser) attributes(name string, attrs map[string]string, ent *Entity) error {
	take := func(key string) (string, bool) {
		v, ok := attrs[key]
		delete(attrs, key)
		return v, ok
	}
	switch name {
	case "a":
		ent.URL, _ = take("href")
		if id, is := strings.CutPrefix(ent.URL, "tg://user?id="); is {
			n, err := strconv.ParseInt(id, 10, 64)
			if err != nil {
				return p.fail(p.pos, "bad user id in href")
			}
			ent.Type, ent.URL, ent.User = "text_mention", "", &User{ID: n}
		} else if !linkable(ent.URL) {
			return p.fail(p.pos, "<a> needs a href that is a valid address")
		}
	case "span":
		if class, _ := take("class"); class != "tg-spoiler" {
			return p.fail(p.pos, `<span> needs class="tg-spoiler"`)
		}
	case "code":
		if class, ok := take("class"); ok {
			lang, is := strings.CutPrefix(class, "language-")
			if !is {
				return p.fail(p.pos, `the class of <code> must begin with "language-"`)
			}
			ent.Language = lang
		}
	case "blockquote":
		if _, ok := take("expandable"); ok {
			ent.Type = "expandable_blockquote"
		}
	case "tg-emoji":
		if ent.CustomEmoji, _ = take("emoji-id"); ent.CustomEmoji == "" {
			return p.fail(p.pos, "<tg-emoji> needs emoji-id")
		}
	case "tg-time":
		unix, _ := take("unix")
		n, err := strconv.ParseInt(unix, 10, 64)
		if err != nil {
			return p.fail(p.pos, "<tg-time> needs unix")
		}
		ent.UnixTime = n
		ent.TimeFormat, _ = take("format")
	}
	for key := range attrs {
		return p.fail(p.pos, "<"+name+"> has no attribute "+quoted(key))
	}
	return nil
}

func (p *htmlParser) endTag() error {
	m := endTagForm.FindStringSubmatch(p.src[p.pos:])
	if m == nil {
		return p.fail(p.pos, "not an end tag")
	}
	if len(p.open) == 0 {
		return p.fail(p.pos, "unexpected end tag "+m[0])
	}
	top := p.open[len(p.open)-1]
	if name := strings.ToLower(m[1]); name != "" && name != top.name {
		return p.fail(p.pos, "unmatched end tag, expected </"+top.name+">, found </"+name+">")
	}
	p.open = p.open[:len(p.open)-1]
	p.pos += len(m[0])
	if top.ent.Length = p.units - top.from; top.ent.Length > 0 {
		p.ents = append(p.ents, top.ent)
	}
	return nil
}

// languages gives a pre entity the language of the code tag right inside it and
// drops a language named on code alone.
func languages(ents []Entity) []Entity {
	var out []Entity
	for _, e := range ents {
		same := func(o Entity) bool { return o.Offset == e.Offset && o.Length == e.Length }
		switch {
		case e.Type == "code" && slices.ContainsFunc(ents, func(o Entity) bool { return o.Type == "pre" && same(o) }):
			continue
		case e.Type == "code":
			e.Language = ""
		case e.Type == "pre":
			if i := slices.IndexFunc(ents, func(o Entity) bool { return o.Type == "code" && same(o) }); i >= 0 {
				e.Language = ents[i].Language
			}
		}
		out = append(out, e)
	}
	return out
}
