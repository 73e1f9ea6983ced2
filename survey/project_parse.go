package survey

import "slices"

// ParseProject reads project.yaml and returns it, or all its faults.
func ParseProject(file string, src []byte) (*Project, Faults) {
	s := &source{file: file}
	root, ok := s.read(src)
	if !ok {
		return nil, s.done()
	}
	words := &languages{}
	o := s.object(root, "project", words)
	p := &Project{Code: o.code("project")}
	p.Name = o.needText("name")
	o.declare("languages")
	tags := []string{string(ZhHans), string(ZhHant), string(En)}
	p.Language = Lang(o.word("language", tags...))
	p.Contact = o.text("contact")
	p.Groups = readGroups(o)
	p.Notice = readNotice(o)
	p.Enrolment = readEnrolment(o)
	if n, ok := o.scalar("quiet"); ok && n.text != "none" {
		quiet, err := ParseQuiet(n.text)
		if err != nil {
			s.fault(n, "quiet", map[string]any{"Value": n.text})
		}
		p.Quiet = quiet
	}
	p.Retention = readRetention(o)
	o.close()
	p.Languages = s.settle(words)
	if len(p.Languages) == 0 {
		p.Languages = []Lang{p.Language}
	}
	if at, given := o.get("language"); given && !slices.Contains(p.Languages, p.Language) {
		s.fault(at, "language_apart", map[string]any{"Language": string(p.Language), "Known": joinLangs(p.Languages)})
	} else if !given && !slices.Contains(p.Languages, p.Language) {
		p.Language = p.Languages[0]
	}
	if len(s.faults) > 0 {
		return nil, s.done()
	}
	return p, nil
}

func readNotice(o *object) Notice {
	n, ok := o.need("notice")
	if !ok {
		return Notice{}
	}
	sub := o.object(n, "notice", o.words)
	sub.need("version")
	notice := Notice{Version: sub.plain("version"), Text: sub.needText("text")}
	if at, ok := sub.get("version"); ok && (notice.Version == "" || units(notice.Version) > 40) {
		o.fault(at, "version", nil)
	}
	if at, ok := sub.get("text"); ok {
		for l, words := range notice.Text {
			o.limit(at, "text", words, MaxScreen, l)
		}
	}
	sub.close()
	return notice
}

func readEnrolment(o *object) Enrolment {
	n, ok := o.get("enrolment")
	if !ok {
		return Enrolment{}
	}
	sub := o.object(n, "enrolment", o.words)
	e := Enrolment{
		Open:      sub.flag("open"),
		Districts: readPlaces(sub, "districts"),
		Ages:      readPlaces(sub, "ages"),
	}
	sub.close()
	return e
}

func readPlaces(o *object, key string) []Place {
	lines := make(map[string]int)
	var places []Place
	for _, n := range o.list(key) {
		sub := o.object(n, key, o.words)
		if n.shape != mapping {
			continue
		}
		p := Place{Code: sub.code("code"), Name: sub.needLabel("name")}
		sub.close()
		if first, twice := lines[p.Code]; twice && p.Code != "" {
			o.fault(n, "code_twice", map[string]any{"Code": p.Code, "Line": first})
		}
		lines[p.Code] = n.line
		places = append(places, p)
	}
	return places
}

// readGroups reads the names of the groups that subjects are ranked in. Their codes are whatever the
// subjects' files say, in any script.
func readGroups(o *object) []Place {
	var groups []Place
	for _, n := range o.list("groups") {
		sub := o.object(n, "groups", o.words)
		if n.shape != mapping {
			continue
		}
		sub.need("code")
		groups = append(groups, Place{Code: sub.plain("code"), Name: sub.needText("name")})
		sub.close()
	}
	return groups
}

func readRetention(o *object) Retention {
	n, ok := o.get("retention")
	if !ok {
		return Retention{}
	}
	sub := o.object(n, "retention", o.words)
	r := Retention{Requests: sub.span("requests"), Comments: sub.span("comments"), Idle: sub.span("idle")}
	for key, span := range map[string]Span{"requests": r.Requests, "comments": r.Comments, "idle": r.Idle} {
		if at, ok := sub.get(key); ok && span.Negative() {
			o.fault(at, "span_positive", map[string]any{"Key": key})
		}
	}
	sub.close()
	return r
}

// ParseEvaluation reads an evaluation file. Where there are faults they are all
// returned, and the evaluation only says what could be read of it, as with
// ParseRound.
func ParseEvaluation(file string, src []byte) (*EvaluationSpec, Faults) {
	s := &source{file: file}
	root, ok := s.read(src)
	if !ok {
		return nil, s.done()
	}
	words := &languages{}
	o := s.object(root, "evaluation", words)
	e := &EvaluationSpec{
		Code:   o.code("evaluation"),
		Title:  o.needText("title"),
		Period: o.plain("period"),
		Scheme: o.code("scheme"),
		Params: o.params("params"),
	}
	if n, ok := o.need("period"); ok && !ValidPeriod(e.Period) {
		s.fault(n, "period", map[string]any{"Period": e.Period})
	}
	for _, n := range o.list("rounds") {
		r := readEvaluationRound(o, n)
		if slices.ContainsFunc(e.Rounds, func(other EvaluationRound) bool { return other.Round == r.Round && r.Round != "" }) {
			s.fault(n, "entry_twice", map[string]any{"Key": "rounds", "Value": r.Round})
		}
		e.Rounds = append(e.Rounds, r)
	}
	o.close()
	s.settle(words)
	return e, s.done()
}

func readEvaluationRound(o *object, n node) EvaluationRound {
	if n.shape == scalar {
		return EvaluationRound{Round: o.checkCode(n)}
	}
	sub := o.object(n, "rounds", o.words)
	r := EvaluationRound{Round: sub.code("round"), Period: sub.plain("period")}
	sub.close()
	return r
}
