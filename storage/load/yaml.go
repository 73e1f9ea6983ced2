package load

import (
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/parser"

	"pingyi/scoring"
	"pingyi/scoring/schemes"
	"pingyi/survey"
)

// readYAML gives a file to the parser of its kind.
func (s *set) readYAML(f file) {
	at := place{f.name, position{1, 1}}
	before := len(s.faults)
	defer func() { s.unread[f.kind] = s.unread[f.kind] || len(s.faults) > before }()
	switch f.kind {
	case Project:
		p, faults := survey.ParseProject(f.name, f.text)
		s.faults = append(s.faults, faults...)
		switch {
		case len(faults) > 0:
		case s.project != nil:
			s.faultAt(at, "load.project_twice", nil)
		default:
			s.project = p
		}
	case Questionnaire:
		q, faults := survey.ParseQuestionnaire(f.name, f.text)
		if s.faults = append(s.faults, faults...); len(faults) == 0 {
			s.questionnaires = append(s.questionnaires, body[*survey.Questionnaire]{at, q.Code, f.text, q})
		}
	case Scheme:
		sc, faults := scoring.ParseScheme(f.name, f.text)
		s.takeScoring(faults)
		if len(faults.Errors()) == 0 {
			s.schemes = append(s.schemes, body[*scoring.Scheme]{at, sc.Code, f.text, sc})
		}
	case Series, Round:
		r, faults := survey.ParseRound(f.name, f.text)
		if s.faults = append(s.faults, faults...); len(faults) == 0 {
			s.rounds = append(s.rounds, body[*survey.RoundSpec]{at, roundCode(r), f.text, r})
		}
	case Evaluation:
		e, faults := survey.ParseEvaluation(f.name, f.text)
		if s.faults = append(s.faults, faults...); len(faults) == 0 {
			s.evaluations = append(s.evaluations, body[*survey.EvaluationSpec]{at, e.Code, f.text, e})
		}
	}
}

// roundCode is the code of a round or of a series of rounds.
func roundCode(r *survey.RoundSpec) string {
	if r.Series != nil {
		return r.Series.Code
	}
	return r.Code
}

// addShipped adds the schemes that come with the program where a file names
// one and nothing of that name is there: no copy of it has to lie in the folder.
func (s *set) addShipped(h *standing) {
	have := keys(h.schemes)
	for _, b := range s.schemes {
		have[b.code] = true
	}
	var wanted []string
	for _, r := range s.rounds {
		wanted = append(wanted, r.spec.Scheme)
	}
	for _, e := range s.evaluations {
		wanted = append(wanted, e.spec.Scheme)
	}
	for _, code := range wanted {
		src, shipped := schemes.Source(code)
		if !shipped || have[code] {
			continue
		}
		have[code] = true
		s.readYAML(file{name: code + ".yaml", kind: Scheme, text: src})
	}
}

// takeScoring takes over faults of a scheme; its warnings are notices.
func (s *set) takeScoring(faults scoring.Faults) {
	for _, f := range faults {
		same := survey.Fault{File: f.File, Line: f.Line, Column: f.Column, Code: f.Code, Args: f.Args}
		if f.Warning {
			s.notices = append(s.notices, same)
		} else {
			s.faults = append(s.faults, same)
		}
	}
}

// find returns where a value stands in a YAML file that was parsed before, by
// the path of goccy/go-yaml ($.panels[0].who.units[1]); the end of a path that
// is not there is left off.
func find(text []byte, path string) position {
	file, err := parser.ParseBytes(text, 0)
	if err != nil {
		return position{1, 1}
	}
	for path != "$" && path != "" {
		if p, err := yaml.PathString(path); err == nil {
			if node, err := p.FilterFile(file); err == nil && node != nil {
				at := node.GetToken().Position
				return position{at.Line, at.Column}
			}
		}
		path = path[:max(strings.LastIndexAny(path, ".["), 0)]
	}
	return position{1, 1}
}
