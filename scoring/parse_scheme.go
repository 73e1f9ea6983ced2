package scoring

import (
	"cmp"
	"math/big"
	"slices"
	"strconv"
	"unicode"
)

// ParseScheme reads a scheme file. The faults hold errors and warnings; the
// scheme is nil if there is any error. file names the source in faults.
func ParseScheme(file string, src []byte) (*Scheme, Faults) {
	s, faults := readScheme(file, src)
	if s == nil {
		return nil, faults.sorted()
	}
	_, found := s.bind(s.defaults())
	faults = append(faults, found...).sorted()
	if len(faults.Errors()) > 0 {
		return nil, faults
	}
	return s, faults
}

// readScheme reads the head and the parameters of a scheme file; the scheme is
// nil only where the file is no YAML.
func readScheme(file string, src []byte) (*Scheme, Faults) {
	root, faults := parseYAML(file, src)
	if len(faults) > 0 {
		return nil, faults
	}
	s := &Scheme{file: file, source: slices.Clone(src)}
	b := &binder{scheme: s, used: map[string]bool{}}
	head := b.block(root, "scheme")
	s.root = head
	s.Code, s.Version = b.text(head.get("scheme")), b.text(head.get("version"))
	s.Title, s.Note = b.title(head.get("title")), b.title(head.get("note"))
	if s.Code == "" {
		b.fault(root, "scheme_code", nil)
	}
	b.readParams(head.get("params"))
	return s, b.faults
}

// Check reads the scheme once more with every choice of every parameter, so
// that no reading of it holds a fault, and returns all faults.
func (s *Scheme) Check() Faults {
	faults, used := s.bindAll(s.defaults())
	for _, p := range s.params {
		for _, choice := range p.Choices {
			params := s.defaults()
			params[p.Name] = choice
			more, alsoUsed := s.bindAll(params)
			faults = append(faults, more...)
			for name := range alsoUsed {
				used[name] = true
			}
		}
	}
	return append(faults, s.unused(used)...).sorted()
}

// unused warns of what is declared and in no reading used.
func (s *Scheme) unused(used map[string]bool) Faults {
	var faults Faults
	for _, block := range []struct{ key, prefix, code string }{
		{"params", "param:", "param_unused"}, {"tables", "table:", "name_unused"}, {"scales", "scale:", "name_unused"},
		{"panels", "panel:", "panel_unused"}, {"ledger", "entry:", "name_unused"},
		{"indicators", "indicator:", "name_unused"},
	} {
		for name, at := range s.root.get(block.key).names() {
			if !used[block.prefix+name] && !used["word:"+name] {
				faults = append(faults, Fault{File: s.file, Line: at.line, Column: at.column, Warning: true,
					Code: "scoring.fault." + block.code, Args: map[string]any{"Name": name, "Panel": name, "Block": block.key}})
			}
		}
	}
	return faults
}

// CheckScheme reads a scheme file and checks it in every reading; a file
// without faults returns none.
func CheckScheme(file string, src []byte) Faults {
	s, faults := readScheme(file, src)
	if s == nil {
		return faults.sorted()
	}
	return append(faults, s.Check()...).sorted()
}

func (s *Scheme) bindAll(params Params) (Faults, map[string]bool) {
	b := s.binder(params)
	b.program()
	return b.faults, b.used
}

func (s *Scheme) defaults() Params {
	params := Params{}
	for _, p := range s.params {
		params[p.Name] = p.Value
	}
	return params
}

func (s *Scheme) binder(params Params) *binder {
	return &binder{scheme: s, params: params, used: map[string]bool{}, scales: map[string]*scale{},
		prog: &program{scheme: s, params: params, decimals: 2, panels: map[string]*panel{},
			entries: map[string]*entryKind{}, tables: map[string]*tableDef{}, kindOf: map[string]*kind{}}}
}

// bind puts parameters in and resolves every name.
func (s *Scheme) bind(params Params) (*program, Faults) {
	b := s.binder(params)
	b.program()
	return b.prog, b.faults.sorted()
}

func (b *binder) program() {
	root := b.scheme.root
	if root.kind != nodeMap {
		return // reported when the scheme was parsed
	}
	b.prog.decimals = int(b.whole(root.get("decimals"), 2, 0))
	b.readTables(root.get("tables"))
	b.readScales(root.get("scales"))
	b.readPanels(root.get("panels"))
	b.readLedger(root.get("ledger"))
	b.readIndicators(root.get("indicators"))
	b.readKinds(root.get("kinds"))
	for i := 0; i < len(b.pending); i++ {
		b.pending[i]()
	}
	b.checkProgram()
}

func (b *binder) readParams(n *node) {
	if !b.isMap(n) {
		return
	}
	for _, e := range n.entries {
		p := Param{Name: e.key, body: e.node}
		if !isName(e.key) || e.key == periodParam {
			b.fault(e.at, "name", map[string]any{"Got": e.key})
		}
		if e.node.kind == nodeMap {
			body := b.block(e.node, "param")
			p.Title = b.title(body.get("title"))
			p.Choices = b.texts(body.get("choices"))
			if v := body.get("value"); v != nil && v.kind == nodeText {
				p.Value = v.text
			} else {
				b.fault(e.node, "param_value", map[string]any{"Name": e.key})
			}
			if len(p.Choices) > 0 && !slices.Contains(p.Choices, p.Value) {
				b.unknown(body.get("value"), "param_default", p.Value, p.Choices)
				p.Choices = append(p.Choices, p.Value) // told once
			}
		} else {
			p.Value = b.text(e.node)
		}
		b.scheme.params = append(b.scheme.params, p)
	}
}

// isName tells whether a word can stand in a formula.
func isName(s string) bool {
	for i, r := range s {
		if !unicode.IsLetter(r) && r != '_' && (i == 0 || !unicode.IsDigit(r)) {
			return false
		}
	}
	return s != "" && s != "and" && s != "or" && s != "not"
}

func (b *binder) readTables(n *node) {
	if !b.isMap(n) {
		return
	}
	for _, e := range n.entries {
		t := &tableDef{rows: map[string]map[string]*big.Rat{}, node: e.node}
		b.prog.tables[e.key] = t
		if !b.isMap(e.node) {
			continue
		}
		for _, row := range e.node.entries {
			if row.node.kind == nodeMap {
				t.rows[row.key] = b.numbers(row.node)
				continue
			}
			if t.rows[""] == nil {
				t.rows[""] = map[string]*big.Rat{}
			}
			if v := b.number(row.node); v != nil {
				t.rows[""][row.key] = v
			}
		}
		if t.rows[""] != nil && len(t.rows) > 1 {
			b.fault(e.at, "table_mixed", map[string]any{"Table": e.key})
		}
	}
}

// table finds a table by name.
func (b *binder) table(n *node) *tableDef {
	name := b.text(n)
	b.used["table:"+name] = true
	t, ok := b.prog.tables[name]
	if !ok {
		if meant := b.unknown(n, "table_unknown", name, keys(b.prog.tables)); meant != "" {
			b.used["table:"+meant] = true
			return b.prog.tables[meant]
		}
		return &tableDef{rows: map[string]map[string]*big.Rat{}}
	}
	return t
}

// likertScale is the five-level scale with given points, best first.
func likertScale(points ...int64) *scale {
	s := &scale{points: map[string]*big.Rat{}, unknown: []string{"0", "dk"}}
	for i, p := range points {
		s.points[strconv.Itoa(len(points)-i)] = rat(p)
	}
	return s
}

// builtInScales are the scales every scheme has.
func builtInScales() map[string]*scale {
	yesno := &scale{points: map[string]*big.Rat{"yes": rat(100), "no": rat(0)}, unknown: []string{"dk"}}
	return map[string]*scale{
		"likert":  likertScale(100, 80, 60, 40, 20),
		"likert0": likertScale(100, 75, 50, 25, 0),
		"levels":  likertScale(5, 4, 3, 2, 1),
		"marks":   {from: rat(0), to: rat(100), unknown: []string{"dk"}},
		"ten":     {from: rat(0), to: rat(10), unknown: []string{"dk"}},
		"yesno":   yesno,
	}
}

func (b *binder) readScales(n *node) {
	b.scales = builtInScales()
	if !b.isMap(n) {
		return
	}
	for _, e := range n.entries {
		body := b.block(e.node, "scale")
		s := &scale{points: b.numbers(body.get("points")), unknown: b.texts(body.get("unknown")),
			from: b.number(body.get("from")), to: b.number(body.get("to"))}
		if len(s.points) == 0 && s.from == nil && s.to == nil {
			b.fault(e.at, "scale_empty", map[string]any{"Scale": e.key})
		}
		if s.from != nil && s.to != nil && s.from.Cmp(s.to) >= 0 {
			b.fault(e.at, "scale_bounds", map[string]any{"Scale": e.key, "From": plain(s.from), "To": plain(s.to)})
		}
		b.levels(e, s)
		b.scales[e.key] = s
	}
}

// levels reports a points map that misses a level between two it has.
func (b *binder) levels(e entry, s *scale) {
	if s.from != nil || s.to != nil {
		return
	}
	var whole []int
	for code := range s.points {
		if v, err := strconv.Atoi(code); err == nil {
			whole = append(whole, v)
		}
	}
	if len(whole) < 2 {
		return
	}
	for v := min(slices.Min(whole), 1); v < slices.Max(whole); v++ {
		code := strconv.Itoa(v)
		if !slices.Contains(whole, v) && !slices.Contains(s.unknown, code) {
			b.fault(e.at, "scale_level", map[string]any{"Scale": e.key, "Level": code})
		}
	}
}

func (b *binder) scale(n *node) *scale {
	name := b.text(n)
	b.used["scale:"+name] = true
	s, ok := b.scales[name]
	if !ok {
		meant := cmp.Or(b.unknown(n, "scale_unknown", name, keys(b.scales)), "likert")
		b.used["scale:"+meant] = true
		return b.scales[meant]
	}
	return s
}

func (b *binder) readPanels(n *node) {
	if !b.isMap(n) {
		return
	}
	for _, e := range n.entries {
		body := &node{kind: nodeMap}
		if e.node.kind != nodeNull {
			body = b.block(e.node, "panel")
		}
		p := &panel{code: e.key, title: b.title(body.get("title")), scale: b.scales["likert"], items: b.texts(body.get("items")),
			once: b.word(body.get("once"), "respondent", "device", "none"), keep: b.word(body.get("keep"), "latest", "first", "all"),
			answered: big.NewRat(1, 2), min: b.whole(body.get("min"), 1, 0), at: e.at.place()}
		if sc := body.get("scale"); sc != nil {
			p.scale = b.scale(sc)
		}
		if n, err := strconv.ParseInt(b.params[minimumParam+e.key], 10, 32); err == nil && body.get("min") == nil {
			p.min = n
		}
		if share := b.fraction(body.get("answered")); share != nil {
			p.answered = share
		}
		b.prog.panels[e.key] = p
	}
}

func (b *binder) panel(n *node) *panel {
	name := b.text(n)
	b.used["panel:"+name] = true
	p, ok := b.prog.panels[name]
	if !ok {
		meant := b.unknown(n, "panel_unknown", name, keys(b.prog.panels))
		b.used["panel:"+meant] = true
		return b.prog.panels[meant]
	}
	return p
}

func (b *binder) readLedger(n *node) {
	if !b.isMap(n) {
		return
	}
	for _, e := range n.entries {
		k := &entryKind{code: e.key, sign: "signed", approval: "refusable"}
		if e.node.kind == nodeText {
			k.sign = b.word(e.node, "signed", "add", "subtract", "none")
		} else {
			body := b.block(e.node, "entry")
			k.title = b.title(body.get("title"))
			k.sign = b.word(body.get("points"), "signed", "add", "subtract", "none")
			k.approval = b.word(body.get("approval"), "refusable", "required")
			k.levels = b.numbers(body.get("levels"))
		}
		b.prog.entries[e.key] = k
	}
}
