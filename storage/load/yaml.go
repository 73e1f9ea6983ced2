package load

import (
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/parser"

	"pingyi/scoring"
	"pingyi/scoring/schemes"
	"pingyi/survey"
)

// readYAML gives a file to the parser of its kind. A file with faults still
// says what it is called and what it refers to, as far as that can be read.
func (s *set) readYAML(f file) {
	at := place{f.name, position{1, 1}}
	switch f.kind {
	case Project:
		s.readProject(at, f)
	case Questionnaire:
		q, faults := survey.ParseQuestionnaire(f.name, f.text)
		code := announced(f)
		if q != nil {
			code = q.Code
		}
		s.questionnaires = take(s, s.questionnaires, body[*survey.Questionnaire]{at, code, f.text, q, len(faults) > 0}, f)
		s.faults = append(s.faults, faults...)
	case Scheme:
		sc, faults := scoring.ParseScheme(f.name, f.text)
		code := announced(f)
		if sc != nil {
			code = sc.Code
		}
		s.schemes = take(s, s.schemes, body[*scoring.Scheme]{at, code, f.text, sc, len(faults.Errors()) > 0}, f)
		s.takeScoring(faults)
	case Series, Round:
		r, faults := survey.ParseRound(f.name, f.text)
		switch {
		case r != nil:
		case f.kind == Series:
			r = &survey.RoundSpec{Series: &survey.SeriesSpec{Code: announced(f)}}
		default:
			r = &survey.RoundSpec{Code: announced(f)}
		}
		s.rounds = take(s, s.rounds, body[*survey.RoundSpec]{at, roundCode(r), f.text, r, len(faults) > 0}, f)
		s.faults = append(s.faults, faults...)
	case Evaluation:
		e, faults := survey.ParseEvaluation(f.name, f.text)
		if e == nil {
			e = &survey.EvaluationSpec{Code: announced(f)}
		}
		s.evaluations = take(s, s.evaluations, body[*survey.EvaluationSpec]{at, e.Code, f.text, e, len(faults) > 0}, f)
		s.faults = append(s.faults, faults...)
	}
}

func (s *set) readProject(at place, f file) {
	p, faults := survey.ParseProject(f.name, f.text)
	s.faults = append(s.faults, faults...)
	switch {
	case len(faults) > 0:
		s.unread[Project] = true
	case s.project != nil:
		s.faultAt(at, "load.project_twice", nil)
	default:
		s.project = p
	}
}

// take adds a file to those of its kind. One that does not even say what it is
// called may be whatever is referred to.
func take[T any](s *set, all []body[T], b body[T], f file) []body[T] {
	s.unread[f.kind] = s.unread[f.kind] || b.code == ""
	return append(all, b)
}

// announced is the code that a YAML file gives itself: the value of its first
// key, which says what it is. It is found in files with faults, too; "" where
// there is none.
func announced(f file) string {
	line := firstLine(f.text)
	_, value, _ := strings.Cut(line, ":")
	value, _, _ = strings.Cut(value, " #")
	code := strings.Trim(strings.TrimSpace(value), `"'`)
	if checkCode(code, codeForm) != "" {
		return ""
	}
	return code
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
