package survey

// The minimum of a panel that declares none: see the field's practice of five for peers,
// subordinates and citizens.
const standardMinimum = 5

func (r *roundReader) readPanels(shared bool) []PanelSpec {
	entries := r.list("panels")
	if n, ok := r.need("panels"); ok && n.shape == list && len(entries) == 0 {
		r.fault(n, "panels_none", nil)
	}
	lines := make(map[string]int)
	panels := make([]PanelSpec, 0, len(entries))
	for _, n := range entries {
		o := r.source.object(n, "panels", r.words)
		if n.shape != mapping {
			panels = append(panels, PanelSpec{}) // places of later panels are told by their numbers
			continue
		}
		p := r.readPanel(o, shared)
		if first, twice := lines[p.Code]; twice && p.Code != "" {
			r.fault(n, "code_twice", map[string]any{"Code": p.Code, "Line": first})
		}
		lines[p.Code] = n.line
		panels = append(panels, p)
	}
	return panels
}

func (r *roundReader) readPanel(o *object, shared bool) PanelSpec {
	p := PanelSpec{
		Code:          o.code("panel"),
		Title:         o.needText("title"),
		Relation:      Relation(o.word("relation", "", string(Manager), string(Peer), string(Subordinate), string(Self))),
		Questionnaire: o.codeIf("questionnaire"),
	}
	if p.Questionnaire == "" && !shared && !o.has("questionnaire") {
		r.fault(o.at, "key_missing", map[string]any{"Key": "questionnaire"})
	}
	if p.Imported = o.flag("imported"); p.Imported {
		r.readImported(o, &p)
		o.close()
		return p
	}
	p.Who = r.readWho(o, p.Relation)
	if n, ok := o.need("identity"); ok {
		p.Identity = Identity(r.oneOf(n, "identity", []string{string(Anonymous), string(Confidential), string(Named)}))
	}
	r.readMinimum(o, &p)
	p.Sample = r.readSample(o)
	p.Asks = r.readAsks(o)
	o.close()
	return p
}

// readImported reads what remains of a panel whose ballots come from elsewhere. What its respondents
// were promised was promised there: by default every ballot counts, and the scheme's own minimum
// holds.
func (r *roundReader) readImported(o *object, p *PanelSpec) {
	o.refuse("imported", "who", "sample", "asks")
	if at, ok := o.get("relation"); ok {
		r.fault(at, "key_unused", map[string]any{"Key": "relation", "Kind": "imported"}) // its file says it
	}
	p.Identity = Identity(o.word("identity", string(Anonymous), string(Confidential), string(Named)))
	p.Minimum = o.whole("minimum", 1, 1, 1000)
	p.Asks = Asks{Mode: AsksEvery}
}

// readMinimum reads the minimum, and holds it against relations with one respondent per subject: no
// minimum can be reached there, and anonymity would be promised in vain.
func (r *roundReader) readMinimum(o *object, p *PanelSpec) {
	alone := p.Relation == Manager || p.Relation == Self
	standard := standardMinimum
	if alone || p.Identity == Named {
		standard = 1
	}
	p.Minimum = o.whole("minimum", standard, 1, 1000)
	if !alone {
		return
	}
	if at, ok := o.get("minimum"); ok && p.Minimum > 1 {
		r.fault(at, "minimum_alone", map[string]any{"Relation": string(p.Relation)})
	}
	if at, ok := o.get("identity"); ok && p.Identity == Anonymous {
		r.fault(at, "anonymous_alone", map[string]any{"Relation": string(p.Relation)})
	}
}

func (r *roundReader) readWho(o *object, relation Relation) Who {
	kinds := []string{string(Citizen), string(Staff), string(Leader)}
	n, ok := o.get("who")
	if !ok {
		if relation == "" && !o.has("who") {
			r.fault(o.at, "key_missing", map[string]any{"Key": "who"})
		}
		return Who{Kind: Staff}
	}
	if n.shape == scalar {
		return Who{Kind: PersonKind(r.oneOf(n, "who", kinds))}
	}
	sub := r.source.object(n, "who", r.words)
	w := Who{
		Kind:      Staff,
		Units:     sub.codes("units"),
		Under:     sub.plain("under"),
		Districts: sub.codes("districts"),
		Posts:     sub.codes("posts"),
	}
	if kind, ok := sub.get("kind"); ok {
		w.Kind = PersonKind(r.oneOf(kind, "kind", kinds))
	} else if relation == "" {
		sub.need("kind")
	}
	sub.close()
	return w
}

func (r *roundReader) readSample(o *object) SampleSpec {
	n, ok := o.get("sample")
	if !ok {
		return SampleSpec{}
	}
	if n.shape == scalar {
		return SampleSpec{Size: r.wholeOf(n, "sample", 0, 1, 10_000_000)}
	}
	sub := r.source.object(n, "sample", r.words)
	sub.need("size")
	s := SampleSpec{
		Size: sub.whole("size", 0, 1, 10_000_000),
		By:   SampleBy(sub.word("by", "", string(ByDistrict), string(ByAge), string(ByUnit), string(ByPost))),
	}
	sub.close()
	return s
}

// maxAsked bounds the subjects of one respondent: nobody answers for more.
const maxAsked = 500

func (r *roundReader) readAsks(o *object) Asks {
	n, ok := o.get("asks")
	every := Asks{Mode: AsksEvery}
	if !ok {
		return every
	}
	if n.shape == scalar {
		r.oneOf(n, "asks", []string{string(AsksEvery), "{draw: …}", "{choose: {min: …, max: …}}"})
		return every
	}
	sub := r.source.object(n, "asks", r.words)
	defer sub.close()
	drawn, draws := sub.get(string(AsksDraw))
	chosen, chooses := sub.get(string(AsksChoose))
	switch {
	case draws == chooses:
		r.fault(n, "asks_one", nil)
		return every
	case draws:
		size := r.wholeOf(drawn, "draw", 1, 1, maxAsked)
		return Asks{Mode: AsksDraw, Min: size, Max: size}
	}
	c := r.source.object(chosen, "choose", r.words)
	defer c.close()
	a := Asks{Mode: AsksChoose, Min: c.whole("min", 1, 1, maxAsked), Max: c.whole("max", maxAsked, 1, maxAsked)}
	if a.Min > a.Max {
		at, _ := c.get("max")
		r.fault(at, "bounds", map[string]any{"Min": a.Min, "Max": a.Max})
	}
	return a
}
