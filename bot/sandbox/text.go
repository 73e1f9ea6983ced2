package sandbox

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// Limits of field sizes, in the units that Telegram's documentation names.
const (
	maxText         = 4096 // UTF-16 units after parsing
	maxCaption      = 1024
	maxCallbackData = 64 // bytes
	maxAnswer       = 200
	maxEntities     = 100
	maxSource       = 1 << 16 // bytes of a text with its markup
)

// utf16Len counts UTF-16 units.
func utf16Len(s string) int {
	n := 0
	for _, r := range s {
		n += utf16.RuneLen(r)
	}
	return n
}

// sliceUTF16 cuts by UTF-16 offset and length; offsets must lie on characters.
func sliceUTF16(s string, offset, length int) string {
	from := byteOffset(s, offset)
	return s[from : from+byteOffset(s[from:], length)]
}

// byteOffset turns a UTF-16 offset into a byte offset, clipped to the end.
func byteOffset(s string, units int) int {
	for i, r := range s {
		if units <= 0 {
			return i
		}
		units -= utf16.RuneLen(r)
	}
	return len(s)
}

// onBoundary tells whether the UTF-16 offset falls between two characters.
func onBoundary(s string, units int) bool {
	for _, r := range s {
		if units <= 0 {
			break
		}
		units -= utf16.RuneLen(r)
	}
	return units == 0
}

// cleanText checks a text's encoding and replaces control characters.
func cleanText(s string) (string, error) {
	if !utf8.ValidString(s) {
		return "", badForm("strings must be encoded in UTF-8")
	}
	return strings.Map(func(r rune) rune {
		if r == '\r' {
			return -1
		}
		if r < ' ' && r != '\n' && r != '\t' || r == 0x7f {
			return ' '
		}
		return r
	}, s), nil
}

// formatted turns a request's text into plain text and entities: by parse_mode,
// by the explicit list, and by what is clickable by itself. It trims white
// space at both ends, as Telegram does.
func formatted(raw, mode string, explicit []Entity) (string, []Entity, error) {
	text, err := cleanText(raw)
	if err != nil {
		return "", nil, err
	}
	if len(text) > maxSource {
		return "", nil, badForm(fmt.Sprintf("message is too long: %d bytes with its markup", len(text)))
	}
	ents := explicit
	if mode != "" && len(explicit) > 0 {
		return "", nil, badForm("parse_mode and a list of entities exclude each other")
	}
	switch mode {
	case "":
		if err := checkEntities(text, explicit); err != nil {
			return "", nil, err
		}
	case "HTML":
		text, ents, err = parseHTML(text)
	case "MarkdownV2":
		text, ents, err = parseMarkdown(text)
	default:
		err = badForm("unsupported parse_mode " + quoted(mode) + "; the sandbox knows HTML and MarkdownV2")
	}
	if err != nil {
		return "", nil, err
	}
	text, ents = trimText(text, ents)
	if len(ents) > maxEntities {
		return "", nil, badForm(fmt.Sprintf("too many entities: %d, Telegram keeps %d", len(ents), maxEntities))
	}
	return text, detectEntities(text, ents), nil
}

// trimText cuts white space at both ends and moves the entities along.
func trimText(text string, ents []Entity) (string, []Entity) {
	left := strings.TrimLeftFunc(text, unicode.IsSpace)
	shift := utf16Len(text[:len(text)-len(left)])
	trimmed := strings.TrimRightFunc(left, unicode.IsSpace)
	size := utf16Len(trimmed)
	var out []Entity
	for _, e := range ents {
		from, to := max(0, e.Offset-shift), min(size, e.Offset-shift+e.Length)
		if from < to {
			e.Offset, e.Length = from, to-from
			out = append(out, e)
		}
	}
	sortEntities(out)
	return trimmed, out
}

func sortEntities(list []Entity) {
	slices.SortStableFunc(list, func(a, b Entity) int {
		if a.Offset != b.Offset {
			return a.Offset - b.Offset
		}
		return b.Length - a.Length
	})
}

// entityTypes are the types a request may name.
var entityTypes = []string{
	"mention", "hashtag", "cashtag", "bot_command", "url", "email", "phone_number", "bold", "italic",
	"underline", "strikethrough", "spoiler", "blockquote", "expandable_blockquote", "code", "pre",
	"text_link", "text_mention", "custom_emoji", "date_time",
}

// checkEntities checks an explicit list against its text.
func checkEntities(text string, list []Entity) error {
	size := utf16Len(text)
	for i, e := range list {
		bad := func(why string) error {
			return badForm(fmt.Sprintf("can't parse entities: entity %d (%s): %s", i, e.Type, why))
		}
		switch {
		case !slices.Contains(entityTypes, e.Type):
			return bad("unknown type")
		case e.Offset < 0 || e.Length <= 0 || e.Offset+e.Length > size:
			return bad(fmt.Sprintf("%d+%d lies outside the text of %d UTF-16 units", e.Offset, e.Length, size))
		case !onBoundary(text, e.Offset) || !onBoundary(text, e.Offset+e.Length):
			return bad("begins or ends inside a character")
		case e.Type == "text_link" && !linkable(e.URL):
			return bad("needs a valid url")
		case e.Type == "text_mention" && e.User == nil:
			return bad("needs a user")
		case e.Type == "custom_emoji" && e.CustomEmoji == "":
			return bad("needs a custom_emoji_id")
		}
	}
	return checkNesting(list)
}

// checkNesting refuses entities that overlap without one containing the other,
// anything inside code and pre, and quotations inside quotations.
func checkNesting(list []Entity) error {
	sorted := slices.Clone(list)
	sortEntities(sorted)
	for i, a := range sorted {
		for _, b := range sorted[i+1:] {
			if b.Offset >= a.Offset+a.Length {
				break
			}
			switch {
			case b.Offset+b.Length > a.Offset+a.Length:
				return badForm("can't parse entities: " + a.Type + " and " + b.Type + " overlap")
			case a.Type == "code" || a.Type == "pre" || b.Type == "code" || b.Type == "pre":
				return badForm("can't parse entities: " + a.Type + " cannot be combined with " + b.Type)
			case isQuote(a) && isQuote(b):
				return badForm("can't parse entities: quotations cannot be nested")
			}
		}
	}
	return nil
}

func isQuote(e Entity) bool { return strings.HasSuffix(e.Type, "blockquote") }

func isTelegramLink(u string) bool {
	return strings.HasPrefix(u, "tg://")
}

// linkable tells whether Telegram accepts the address behind a text or button;
// it takes no host without a dot, such as localhost.
func linkable(u string) bool {
	if isTelegramLink(u) {
		return true
	}
	return linkForm().MatchString(u)
}

// The forms below take as much memory as everything else that is ready before it is needed, in a program that
// is a bot more often than a sandbox: they are made when they are asked for.
var linkForm = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(?i:https?://)?[\p{L}\p{N}_-]+(\.[\p{L}\p{N}_-]+)+(:[0-9]+)?([/?#][^\s<>"]*)?$`)
})

type detector struct {
	kind string
	form *regexp.Regexp
}

var detectors = sync.OnceValue(func() []detector {
	return []detector{
		{"url", regexp.MustCompile(`(?i)\bhttps?://[^\s<>"，。；、！？）】》」]+|\bt\.me/[A-Za-z0-9_]+[^\s<>"，。；、！？）】》」]*`)},
		{"email", regexp.MustCompile(`[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}`)},
		{"bot_command", regexp.MustCompile(`/[A-Za-z0-9_]{1,32}(@[A-Za-z0-9_]{3,32})?`)},
		{"mention", regexp.MustCompile(`@[A-Za-z][A-Za-z0-9_]{3,31}`)},
		{"hashtag", regexp.MustCompile(`#[\p{L}\p{N}_]*\p{L}[\p{L}\p{N}_]*`)},
	}
})

// detectEntities adds what Telegram makes clickable by itself to the entities
// of a text. It does not look inside code, links and other clickable parts.
func detectEntities(text string, ents []Entity) []Entity {
	if !strings.ContainsAny(text, "/@#.") {
		return ents
	}
	out := slices.Clone(ents)
	for _, d := range detectors() {
		for _, at := range d.form.FindAllStringIndex(text, -1) {
			if !standsAlone(text, at[0], at[1]) {
				continue
			}
			e := Entity{Type: d.kind, Offset: utf16Len(text[:at[0]]), Length: utf16Len(text[at[0]:at[1]])}
			if !slices.ContainsFunc(out, func(o Entity) bool { return clickable(o) && overlap(o, e) }) {
				out = append(out, e)
			}
		}
	}
	sortEntities(out)
	return out
}

// standsAlone tells whether a find is not part of a longer word.
func standsAlone(text string, from, to int) bool {
	before, _ := utf8.DecodeLastRuneInString(text[:from])
	after, _ := utf8.DecodeRuneInString(text[to:])
	inWord := func(r rune) bool {
		return strings.ContainsRune("_/@#<>", r) || r < utf8.RuneSelf && (unicode.IsLetter(r) || unicode.IsDigit(r))
	}
	return (from == 0 || !inWord(before)) && (to == len(text) || !inWord(after))
}

func clickable(e Entity) bool {
	switch e.Type {
	case "bold", "italic", "underline", "strikethrough", "spoiler", "blockquote", "expandable_blockquote":
		return false
	}
	return true
}

func overlap(a, b Entity) bool {
	return a.Offset < b.Offset+b.Length && b.Offset < a.Offset+a.Length
}

// quoted shows a short piece of a request in a refusal.
func quoted(s string) string {
	if r := []rune(s); len(r) > 40 {
		s = string(r[:40]) + "…"
	}
	return fmt.Sprintf("%q", s)
}
