package bot

import (
	"fmt"
	"html"
	"strings"
	"time"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/clipperhouse/uax29/v2/graphemes"
	"github.com/go-telegram/bot/models"
	"github.com/mattn/go-runewidth"

	"pingyi/survey"
)

// Telegram's limits, and how much of them each part of a screen may take, so that no screen can
// exceed them whatever people put into names and texts. Lengths are UTF-16 units.
const (
	maxUnits    = 4096 // of a message, after its markup is taken out
	maxToast    = 200  // of the answer to a callback query
	unitsTitle  = 200
	unitsName   = 120
	unitsIntro  = 1600
	unitsEcho   = 300 // a typed answer or comment shown back
	unitsTyped  = 40  // what was typed where a number is wanted
	unitsNotice = 3000
	unitsRanked = 40  // a name or grade in a ranking, of which a page has many
	unitsPart   = 20  // the title of a part of a total there
	maxButtons  = 96  // in one keyboard, of which Telegram keeps about 10 kB
	bytesLabel  = 120 // of a label, whose columns say little about emoji and stacked marks
	widthButton = 36  // columns of a label that has its row to itself; a Chinese character takes two
	widthHalf   = 16  // of one of two in a row
	barCells    = 8

	// A line of the review holds three things, each cut for itself.
	widthReview     = 60
	widthReviewName = 14
	widthReviewText = 22
	widthReviewSaid = 16

	ellipsis     = "…"
	isolateBegin = "\u2068" // first strong isolate
	isolateEnd   = "\u2069"
)

// markup is text in Telegram's HTML: what is in it has been escaped.
type markup string

// escape makes a text show as typed.
func escape(s string) markup { return markup(html.EscapeString(s)) }

// bold sets markup in bold.
func bold(m markup) markup { return "<b>" + m + "</b>" }

// italic sets markup in italics.
func italic(m markup) markup { return "<i>" + m + "</i>" }

// name shows a name of any length and direction inside a sentence of the other.
func name(s string, units int) markup { return escape(isolate(cut(s, units))) }

// isolate keeps a right-to-left text from rearranging what stands around it.
func isolate(s string) string {
	for _, r := range s {
		if r < firstRightToLeft || r >= firstAsian && r <= lastAsian {
			continue
		}
		if unicode.In(r, unicode.Arabic, unicode.Hebrew, unicode.Syriac, unicode.Thaana, unicode.Nko) {
			return isolateBegin + s + isolateEnd
		}
	}
	return s
}

// Between these no script is written from right to left; looking each character up takes long.
const (
	firstRightToLeft = '\u0590'
	firstAsian       = '\u2000'
	lastAsian        = '\ud7ff'
)

// units is the length of s as Telegram counts it.
func units(s string) int {
	n := 0
	for _, r := range s {
		n += max(utf16.RuneLen(r), 1)
	}
	return n
}

// cut shortens s to at most n units without splitting what looks like one character.
func cut(s string, n int) string {
	return trim(s, n, units)
}

// label makes the text of a button: one line, at most so many columns, never empty.
func label(s string, columns int) string {
	s = oneLine(s)
	// No character takes more columns than bytes: what is short in bytes need not be measured.
	if first, _ := utf8.DecodeRuneInString(s); len(s) <= min(columns, bytesLabel) && s != "" && unicode.IsGraphic(first) {
		return isolate(s)
	}
	s = trim(trim(s, columns, runewidth.StringWidth), bytesLabel, func(s string) int { return len(s) })
	if strings.TrimFunc(s, func(r rune) bool { return !unicode.IsGraphic(r) || unicode.IsSpace(r) }) == "" {
		return "·"
	}
	return isolate(s)
}

// oneLine makes every run of white space one space, and none of those at the ends.
func oneLine(s string) string {
	for i, r := range s {
		if unicode.IsSpace(r) && (r != ' ' || i == 0 || i == len(s)-1 || s[i+1] == ' ') {
			return strings.Join(strings.Fields(s), " ")
		}
	}
	return s
}

// trim shortens s to at most n by the measure, an ellipsis included.
func trim(s string, n int, measure func(string) int) string {
	if measure(s) <= n {
		return s
	}
	kept, used := 0, measure(ellipsis)
	for it := graphemes.FromString(s); it.Next(); {
		used += measure(it.Value())
		if used > n {
			break
		}
		kept += len(it.Value())
	}
	return strings.TrimRightFunc(s[:kept], unicode.IsSpace) + ellipsis
}

// bar draws how far somebody is: n of total.
func bar(n, total int) string {
	if total <= 0 {
		return strings.Repeat("░", barCells)
	}
	full := min(max(n, 0), total) * barCells / total
	return strings.Repeat("▓", full) + strings.Repeat("░", barCells-full)
}

// screen is what a message shows: a text and the buttons under it.
type screen struct {
	text  markup
	rows  [][]inlineButton
	reply models.ReplyMarkup // a keyboard in place of buttons, for new messages only; nil: none
}

// inlineButton is a button under a message. The library's own type is not used: it adds an empty
// copy_text to every button, which is a second action beside the callback.
type inlineButton struct{ Text, Data string }

// inlineKeyboard is the buttons under a message, by rows.
type inlineKeyboard [][]inlineButton

// button makes one button.
func button(text string, columns int, p press) inlineButton {
	return inlineButton{Text: label(text, columns), Data: p.String()}
}

// row appends a row of buttons; an empty row adds nothing.
func (s *screen) row(buttons ...inlineButton) {
	if len(buttons) > 0 {
		s.rows = append(s.rows, buttons)
	}
}

// keyboard is the screen's buttons, as far as Telegram shows them.
func (s *screen) keyboard() inlineKeyboard {
	n := 0
	for i, r := range s.rows {
		if n += len(r); n > maxButtons {
			return s.rows[:i]
		}
	}
	return s.rows
}

// paragraphs joins the parts that are not empty by blank lines.
func paragraphs(parts ...markup) markup { return join("\n\n", parts) }

// lines joins the parts that are not empty by line breaks.
func lines(parts ...markup) markup { return join("\n", parts) }

func join(separator string, parts []markup) markup {
	var joined markup
	for _, p := range parts {
		switch {
		case joined == "":
			joined = p
		case p != "":
			joined += markup(separator) + p
		}
	}
	return joined
}

// words speaks one language: locale texts with their arguments escaped, dates in the project's time
// zone.
type words struct {
	lang  survey.Lang
	say   func(key string, args map[string]any) string
	zone  *time.Location
	today time.Time
}

// html returns a locale text as markup. Arguments of type markup go in as they are, everything else
// as people typed it.
func (w words) html(key string, args map[string]any) markup {
	if len(args) == 0 {
		return markup(w.say(key, nil))
	}
	safe := make(map[string]any, len(args))
	for k, v := range args {
		switch v := v.(type) {
		case string:
			safe[k] = string(escape(v))
		case markup:
			safe[k] = string(v)
		default:
			safe[k] = v
		}
	}
	return markup(w.say(key, safe))
}

// plain returns a locale text without markup: for buttons, answers to presses, file names.
func (w words) plain(key string, args map[string]any) string { return w.say(key, args) }

// when writes a time as people say it, with the year only where it is another one.
func (w words) when(t time.Time) string {
	t = t.In(w.zone)
	args := map[string]any{
		"Year":    t.Year(),
		"Month":   int(t.Month()),
		"Name":    w.say(fmt.Sprintf("date.month%d", int(t.Month())), nil),
		"Day":     t.Day(),
		"Weekday": w.say(fmt.Sprintf("date.weekday%d", int(t.Weekday())), nil),
		"Clock":   t.Format("15:04"),
	}
	if t.Year() != w.today.In(w.zone).Year() {
		return w.say("date.far", args)
	}
	return w.say("date.near", args)
}

// list joins names as the language lists them and says how many more there are.
func (w words) list(names []string, show int) string {
	rest := len(names) - show
	if rest > 0 {
		names = names[:show]
	}
	text := strings.Join(names, w.say("list.comma", nil))
	if rest > 0 {
		text = w.say("list.more", map[string]any{"Names": text, "N": rest})
	}
	return text
}
