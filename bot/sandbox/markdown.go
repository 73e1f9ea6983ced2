package sandbox

import (
	"fmt"
	"strings"
)

// markdownReserved must be escaped by \ wherever they are meant as themselves.
const markdownReserved = "_*[]()~`>#+-=|{}.!"

// markdownMarks are the pairs of marks, longest first.
var markdownMarks = []struct{ mark, kind string }{
	{"||", "spoiler"}, {"__", "underline"}, {"*", "bold"}, {"_", "italic"}, {"~", "strikethrough"},
}

// markdownParser reads MarkdownV2.
type markdownParser struct {
	src   string
	pos   int
	out   strings.Builder
	units int
	open  []openTag
	ents  []Entity
	quote *openTag // the quotation being read
}

func parseMarkdown(src string) (string, []Entity, error) {
	p := &markdownParser{src: src}
	for p.pos < len(p.src) {
		if err := p.next(); err != nil {
			return "", nil, err
		}
	}
	if n := len(p.open); n > 0 {
		return "", nil, p.fail(p.open[n-1].at, "no end of "+p.open[n-1].ent.Type)
	}
	p.endQuote()
	sortEntities(p.ents)
	if err := checkNesting(p.ents); err != nil {
		return "", nil, err
	}
	return p.out.String(), p.ents, nil
}

func (p *markdownParser) fail(at int, why string) error {
	return badForm(fmt.Sprintf("can't parse entities: byte offset %d: %s", at, why))
}

func (p *markdownParser) write(s string) {
	p.out.WriteString(s)
	p.units += utf16Len(s)
}

func (p *markdownParser) at(s string) bool { return strings.HasPrefix(p.src[p.pos:], s) }

func (p *markdownParser) lineStart() bool { return p.pos == 0 || p.src[p.pos-1] == '\n' }

// next reads one element.
func (p *markdownParser) next() error {
	if p.lineStart() && p.startQuote() {
		return nil
	}
	c := p.src[p.pos]
	switch {
	case c == '\\' && p.pos+1 < len(p.src) && p.src[p.pos+1] > 0 && p.src[p.pos+1] < 127:
		p.write(p.src[p.pos+1 : p.pos+2])
		p.pos += 2
		return nil
	case p.at("```"):
		return p.verbatim("```", "pre")
	case c == '`':
		return p.verbatim("`", "code")
	case c == '[':
		p.push("[", Entity{Type: "text_link"}, 1)
		return nil
	case p.at("!["):
		p.push("[", Entity{Type: "custom_emoji"}, 2)
		return nil
	case c == ']':
		return p.endLink()
	}
	for _, m := range markdownMarks {
		if p.at(m.mark) {
			return p.toggle(m.mark, m.kind)
		}
	}
	if strings.IndexByte(markdownReserved, c) >= 0 {
		return p.fail(p.pos, fmt.Sprintf("character %q is reserved and must be escaped by a preceding \\", c))
	}
	if c == '\n' {
		p.write("\n")
		p.pos++
		return nil
	}
	end := strings.IndexAny(p.src[p.pos+1:], markdownReserved+"\\\n")
	if end < 0 {
		end = len(p.src) - p.pos - 1
	}
	p.write(p.src[p.pos : p.pos+1+end])
	p.pos += 1 + end
	return nil
}

func (p *markdownParser) push(mark string, ent Entity, size int) {
	ent.Offset = p.units
	p.open = append(p.open, openTag{name: mark, at: p.pos, from: p.units, ent: ent})
	p.pos += size
}

// toggle opens a mark or closes it where it is the innermost open one. A || at
// the end of an expandable quotation's last line ends the quotation.
func (p *markdownParser) toggle(mark, kind string) error {
	if n := len(p.open); n > 0 && p.open[n-1].name == mark {
		p.pop()
		p.pos += len(mark)
		return nil
	}
	rest := p.src[p.pos+len(mark):]
	if mark == "||" && p.quote != nil && (rest == "" || rest[0] == '\n') {
		p.quote.ent.Type = "expandable_blockquote"
		p.pos += len(mark)
		return nil
	}
	for _, o := range p.open {
		if o.name == mark {
			return p.fail(p.pos, kind+" ends inside another entity")
		}
	}
	p.push(mark, Entity{Type: kind}, len(mark))
	return nil
}

func (p *markdownParser) pop() {
	top := p.open[len(p.open)-1]
	p.open = p.open[:len(p.open)-1]
	if top.ent.Length = p.units - top.from; top.ent.Length > 0 {
		p.ents = append(p.ents, top.ent)
	}
}

// verbatim reads code and pre, where only ` and \ are escaped.
func (p *markdownParser) verbatim(mark, kind string) error {
	start := p.pos
	ent := Entity{Type: kind, Offset: p.units}
	p.pos += len(mark)
	if kind == "pre" {
		line := p.src[p.pos:]
		if nl := strings.IndexByte(line, '\n'); nl >= 0 && !strings.ContainsAny(line[:nl], " `\\") {
			ent.Language = line[:nl]
			p.pos += nl + 1
		}
	}
	for p.pos < len(p.src) && !p.at(mark) {
		size := 1
		if p.src[p.pos] == '\\' && p.pos+1 < len(p.src) && (p.src[p.pos+1] == '`' || p.src[p.pos+1] == '\\') {
			p.pos++
		} else if p.src[p.pos] == '`' {
			return p.fail(p.pos, "` inside "+kind+" must be escaped")
		}
		if next := strings.IndexAny(p.src[p.pos+1:], "`\\"); next > 0 {
			size += next
		} else if next < 0 {
			size = len(p.src) - p.pos
		}
		p.write(p.src[p.pos : p.pos+size])
		p.pos += size
	}
	if !p.at(mark) {
		return p.fail(start, "no end of "+kind)
	}
	p.pos += len(mark)
	if ent.Length = p.units - ent.Offset; ent.Length > 0 {
		p.ents = append(p.ents, ent)
	}
	return nil
}

// endLink closes [text](address).
func (p *markdownParser) endLink() error {
	n := len(p.open)
	if n == 0 || p.open[n-1].name != "[" {
		return p.fail(p.pos, "character ']' is reserved and must be escaped by a preceding \\")
	}
	if !p.at("](") {
		return p.fail(p.pos, "an address in () must follow ]")
	}
	p.pos += 2
	var addr strings.Builder
	for p.pos < len(p.src) && p.src[p.pos] != ')' {
		if p.src[p.pos] == '\\' && p.pos+1 < len(p.src) {
			p.pos++
		}
		addr.WriteByte(p.src[p.pos])
		p.pos++
	}
	if p.pos == len(p.src) {
		return p.fail(p.open[n-1].at, "no end of the address")
	}
	p.pos++
	return p.link(&p.open[n-1], addr.String())
}

func (p *markdownParser) link(tag *openTag, addr string) error {
	id, isEmoji := strings.CutPrefix(addr, "tg://emoji?id=")
	userID, isUser := strings.CutPrefix(addr, "tg://user?id=")
	switch {
	case tag.ent.Type == "custom_emoji":
		if !isEmoji || id == "" {
			return p.fail(tag.at, "a custom emoji needs tg://emoji?id=")
		}
		tag.ent.CustomEmoji = id
	case isUser:
		var n int64
		if _, err := fmt.Sscanf(userID, "%d", &n); err != nil {
			return p.fail(tag.at, "bad user id")
		}
		tag.ent.Type, tag.ent.User = "text_mention", &User{ID: n}
	case !linkable(addr):
		return p.fail(tag.at, "not a valid address")
	default:
		tag.ent.URL = addr
	}
	p.pop()
	return nil
}

// startQuote handles > and **> at the start of a line, and ends a quotation at
// the first line without it.
func (p *markdownParser) startQuote() bool {
	switch {
	case p.at("**>"):
		p.endQuote()
		p.quote = &openTag{from: p.units, ent: Entity{Type: "blockquote", Offset: p.units}}
		p.pos += 3
		return true
	case p.at(">"):
		if p.quote == nil {
			p.quote = &openTag{from: p.units, ent: Entity{Type: "blockquote", Offset: p.units}}
		}
		p.pos++
		return true
	}
	p.endQuote()
	return false
}

func (p *markdownParser) endQuote() {
	if p.quote == nil {
		return
	}
	text := p.out.String()
	if p.quote.ent.Length = p.units - p.quote.from; strings.HasSuffix(text, "\n") {
		p.quote.ent.Length--
	}
	if p.quote.ent.Length > 0 {
		p.ents = append(p.ents, p.quote.ent)
	}
	p.quote = nil
}
