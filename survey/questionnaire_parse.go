package survey

import (
	"crypto/sha256"
	"encoding/json"
	"slices"
)

// ParseQuestionnaire reads a questionnaire file and returns it, or all its faults.
func ParseQuestionnaire(file string, src []byte) (*Questionnaire, Faults) {
	s := &source{file: file}
	root, ok := s.read(src)
	if !ok {
		return nil, s.done()
	}
	r := &questionnaireReader{words: &languages{}, scales: make(map[string][]Level)}
	r.object = s.object(root, "questionnaire", r.words)
	q := r.read()
	if len(s.faults) > 0 {
		return nil, s.done()
	}
	q.Hash = q.hash()
	return q, nil
}

// hash covers what respondents meet and what their answers are worth.
func (q *Questionnaire) hash() [32]byte {
	content := *q
	content.Version, content.Hash = 0, [32]byte{}
	// Only maps by language, numbers and strings: encoding cannot fail, and sorts the maps.
	b, _ := json.Marshal(content)
	return sha256.Sum256(b)
}

// questionnaireReader reads one questionnaire.
type questionnaireReader struct {
	*object
	words  *languages
	scales map[string][]Level
	items  []itemSource
}

// itemSource is an item with what has to wait until all items are known.
type itemSource struct {
	item   *Item
	at     node // the item
	text   node // its text, where a text too long is reported
	showIf node
}

func (r *questionnaireReader) read() *Questionnaire {
	q := &Questionnaire{Code: r.code("questionnaire")}
	r.declare("languages")
	q.Title = r.needText("title")
	q.Intro = r.text("intro")
	q.Minutes = r.whole("minutes", 0, 1, 240)
	r.readScales()
	entries := r.list("items")
	if _, ok := r.need("items"); ok && len(entries) == 0 {
		r.fault(r.at, "items_none", nil)
	}
	if len(entries) > MaxItems {
		r.fault(entries[MaxItems], "items_many", map[string]any{"Max": MaxItems})
	}
	q.Items = make([]Item, len(entries))
	var section Text
	for i, n := range entries {
		section = r.readItem(n, i+1, &q.Items[i], section)
	}
	r.close()
	r.checkCodes()
	for _, it := range r.items {
		r.readCondition(it)
	}
	q.Languages = r.settle(r.words)
	r.checkScreens(q)
	return q
}

// checkCodes reports items of one code.
func (r *questionnaireReader) checkCodes() {
	lines := make(map[string]int)
	for _, it := range r.items {
		code := it.item.Code
		if first, twice := lines[code]; twice && code != "" {
			r.fault(it.at, "code_twice", map[string]any{"Code": code, "Line": first})
			continue
		}
		lines[code] = it.at.line
	}
}

// readItem reads one item and returns the section that goes on after it.
func (r *questionnaireReader) readItem(n node, number int, it *Item, section Text) Text {
	o := r.source.object(n, "items", r.words)
	it.N = number
	if n.shape != mapping {
		return section
	}
	it.Code = o.code("code")
	it.Kind = r.kind(o)
	it.Section = section
	if begun := o.text("section"); begun != nil {
		it.Section = begun
	}
	it.Text = o.needText("text")
	it.Help = o.text("help")
	it.Required = o.flag("required")
	it.Comment = o.flag("comment")
	r.readKind(o, it)
	src := itemSource{item: it, at: n}
	src.text, _ = o.get("text")
	src.showIf, _ = o.get("show_if")
	r.items = append(r.items, src)
	if it.Kind != "" { // without its kind nothing can be said about what belongs to it
		o.refuse(string(it.Kind), "dont_know", "of", "scale", "levels", "options", "min", "max", "decimals")
		o.close()
	}
	return it.Section
}

func (r *questionnaireReader) kind(o *object) Kind {
	n, ok := o.need("kind")
	if !ok {
		return ""
	}
	var kinds []string
	for _, k := range Kinds() {
		kinds = append(kinds, string(k))
	}
	if !slices.Contains(kinds, n.text) {
		r.oneOf(n, "kind", kinds)
		return ""
	}
	return Kind(n.text)
}

// matrixOf returns the kind of a matrix's answers; none where what is written is none of them.
func (r *questionnaireReader) matrixOf(o *object) Kind {
	kinds := []string{string(Rating), string(Score), string(YesNo)}
	n, ok := o.scalar("of")
	switch {
	case !ok && !o.has("of"):
		return Rating
	case ok && r.oneOf(n, "of", kinds) == n.text:
		return Kind(n.text)
	}
	return ""
}

// readKind reads what belongs to the item's kind.
func (r *questionnaireReader) readKind(o *object, it *Item) {
	if it.Kind == Matrix {
		it.Of = r.matrixOf(o)
	}
	if it.Kind != ShortText && it.Kind != "" {
		it.DontKnow = o.flag("dont_know")
	}
	switch it.AnswerKind() {
	case Rating:
		it.Levels = r.readLevelsOf(o)
	case Number:
		it.Decimals = o.whole("decimals", 0, 0, 6)
		it.Min, it.Max = o.decimal("min"), o.decimal("max")
		if it.Min != nil && it.Max != nil && it.Min.Cmp(it.Max) > 0 {
			at, _ := o.get("max")
			r.fault(at, "bounds", map[string]any{"Min": decimalText(it.Min), "Max": decimalText(it.Max)})
		}
	case Single:
		it.Options = r.readOptions(o)
	case Multiple:
		it.Options = r.readOptions(o)
		r.readChoices(o, it)
	case ShortText:
		it.MaxLength = o.whole("max", 500, 1, MaxText)
	}
}

func (r *questionnaireReader) readChoices(o *object, it *Item) {
	most := max(1, len(it.Options))
	it.MinChoices = o.whole("min", 1, 1, MaxOptions)
	it.MaxChoices = o.whole("max", most, 1, MaxOptions)
	for key, n := range map[string]int{"min": it.MinChoices, "max": it.MaxChoices} {
		if at, ok := o.get(key); ok && len(it.Options) > 0 && n > len(it.Options) {
			r.fault(at, "choices_beyond", map[string]any{"Key": key, "Value": n, "Options": len(it.Options)})
			return
		}
	}
	if it.MinChoices > it.MaxChoices {
		at, _ := o.get("max")
		r.fault(at, "bounds", map[string]any{"Min": it.MinChoices, "Max": it.MaxChoices})
	}
}

func (r *questionnaireReader) readOptions(o *object) []Option {
	entries := o.list("options")
	n, ok := o.need("options")
	if !ok {
		return nil
	}
	if n.shape == list && len(entries) < 2 {
		r.fault(n, "options_few", map[string]any{"Min": 2})
	}
	if len(entries) > MaxOptions {
		r.fault(entries[MaxOptions], "options_many", map[string]any{"Max": MaxOptions})
	}
	lines := make(map[string]int)
	var options []Option
	for _, e := range entries {
		sub := r.source.object(e, "options", r.words)
		if e.shape != mapping {
			continue
		}
		option := Option{Code: sub.code("code"), Label: sub.needLabel("label")}
		sub.close()
		first, twice := lines[option.Code]
		switch {
		case option.Code == DontKnow:
			r.fault(e, "code_reserved", map[string]any{"Code": option.Code})
		case twice && option.Code != "":
			r.fault(e, "code_twice", map[string]any{"Code": option.Code, "Line": first})
		}
		lines[option.Code] = e.line
		options = append(options, option)
	}
	return options
}

// checkScreens reports questions that do not fit a message together with their section and help.
func (r *questionnaireReader) checkScreens(q *Questionnaire) {
	spoken := q.Languages
	if len(spoken) == 0 {
		spoken = []Lang{""}
	}
	for _, it := range r.items {
		for _, l := range spoken {
			all := it.item.Section.In(l) + it.item.Text.In(l) + it.item.Help.In(l)
			if n := units(all); n > MaxScreen {
				r.fault(it.text, "screen_long", map[string]any{
					"Item": it.item.Code, "Units": n, "Max": MaxScreen, "Language": string(l)})
			}
		}
	}
}
