package load

import (
	"fmt"
	"maps"
	"reflect"

	"pingyi/scoring"
	"pingyi/survey"
)

// checkRound reports what a round names and is not there, and what cannot be
// changed any more.
func (s *set) checkRound(b body[*survey.RoundSpec], k known, h *standing) {
	r := b.spec
	s.names(b.place, b.text, "$.questionnaire", r.Questionnaire, k.questionnaires, "load.questionnaire_unknown")
	s.names(b.place, b.text, "$.scheme", r.Scheme, k.schemes, "load.scheme_unknown")
	s.names(b.place, b.text, "$.subjects.kind", r.Subjects.Kind, k.kinds, "load.kind_unknown")
	s.namesAll(b, "$.subjects.groups", r.Subjects.Groups, k.groups, "load.group_unknown")
	s.namesAll(b, "$.subjects.list", r.Subjects.List, k.subjects, "load.subject_unknown")
	s.checkParams(b.place, b.text, r.Scheme, r.Params, h)
	for i, p := range r.Panels {
		at := fmt.Sprintf("$.panels[%d]", i)
		s.names(b.place, b.text, at+".questionnaire", p.Questionnaire, k.questionnaires, "load.questionnaire_unknown")
		s.names(b.place, b.text, at+".who.under", p.Who.Under, k.units, "load.unit_unknown")
		s.namesAll(b, at+".who.units", p.Who.Units, k.units, "load.unit_unknown")
		s.namesAll(b, at+".who.districts", p.Who.Districts, k.districts, "load.district_unknown")
	}
	if b.broken {
		return
	}
	s.checkScored(b, h)
	if r.Series != nil {
		return
	}
	standing, exists := h.rounds[b.code]
	if !exists || sameRound(standing.Body, r) {
		exists = false // nothing that stands would change
	}
	if exists && standing.State != survey.RoundDraft && standing.State != survey.RoundScheduled {
		s.faultAt(b.place, "load.round_"+string(standing.State), args{"Code": b.code})
		return
	}
	if end := r.Closes; !end.Zero() && !end.In(h.zone).After(h.now) && (exists || h.rounds[b.code].Code == "") {
		s.faultAt(place{b.file, find(b.text, "$.closes")}, "load.round_past", args{"Code": b.code})
	}
}

// sameRound reports whether a round file says what stands; layout and comments
// do not count.
func sameRound(standing string, r *survey.RoundSpec) bool {
	was, faults := survey.ParseRound("", []byte(standing))
	return len(faults) == 0 && reflect.DeepEqual(was, r)
}

// names reports a code in a YAML file that names nothing.
func (s *set) names(file place, text []byte, path, code string, to map[string]bool, fault string) {
	if code == "" || to == nil || to[code] || s.full() {
		return
	}
	s.faultAt(place{file.file, find(text, path)}, fault, args{"Got": code, "Near": nearest(code, maps.Keys(to))})
}

// namesAll is names for a list, which may be written as a single code.
func (s *set) namesAll(b body[*survey.RoundSpec], path string, codes []string, to map[string]bool, fault string) {
	for i, code := range codes {
		s.names(b.place, b.text, fmt.Sprintf("%s[%d]", path, i), code, to, fault)
	}
}

// checkScored reports panels and items that the scheme counts and the round
// does not ask: the score would come without them, and nobody would know why.
func (s *set) checkScored(b body[*survey.RoundSpec], h *standing) {
	of := s.scheme(b.spec.Scheme, h)
	if of == nil {
		return
	}
	rules, faults := of.Panels(b.spec.Params)
	if len(faults) > 0 {
		return // said by checkParams
	}
	for _, rule := range rules {
		panel, asked := b.spec.Panel(rule.Panel)
		if !asked {
			s.notice(place{b.file, find(b.text, "$.scheme")}, "load.panel_unasked", args{"Panel": rule.Panel, "Scheme": b.spec.Scheme})
			continue
		}
		q := s.questionnaire(b.spec.QuestionnaireOf(panel), h)
		if q == nil {
			continue
		}
		asks := map[string]bool{}
		for _, it := range q.Items {
			asks[it.Code] = true
		}
		for _, item := range rule.Items {
			if !asks[item] {
				s.faultAt(place{b.file, find(b.text, "$.scheme")}, "load.item_unasked", args{"Item": item, "Panel": rule.Panel,
					"Questionnaire": q.Code, "Near": nearest(item, maps.Keys(asks))})
			}
		}
	}
}

// questionnaire is the questionnaire of the files, else the one that stands,
// else nil.
func (s *set) questionnaire(code string, h *standing) *survey.Questionnaire {
	for _, b := range s.questionnaires {
		if b.code == code {
			return b.spec
		}
	}
	stands, ok := h.questionnaires[code]
	if !ok {
		return nil
	}
	q, _ := survey.ParseQuestionnaire(code, []byte(stands.Body)) // nil where it no longer parses
	return q
}

// checkParams reports parameters that the scheme does not have or whose values
// it does not take.
func (s *set) checkParams(file place, text []byte, scheme string, params map[string]string, h *standing) {
	of := s.scheme(scheme, h)
	if of == nil {
		return
	}
	_, faults := of.Panels(params)
	for _, f := range faults.Errors() {
		at := find(text, fmt.Sprintf("$.params.%v", f.Args["Name"]))
		s.faultAt(place{file.file, at}, f.Code, f.Args)
	}
}

// scheme is the scheme of the files, else the one that stands, else nil.
func (s *set) scheme(code string, h *standing) *scoring.Scheme {
	for _, b := range s.schemes {
		if b.code == code {
			return b.spec
		}
	}
	stands, ok := h.schemes[code]
	if !ok {
		return nil
	}
	spec, _ := scoring.ParseScheme(code, []byte(stands.Body)) // nil where it no longer parses
	return spec
}

// checkEvaluation reports what an evaluation names and is not there, and what
// cannot be changed any more.
func (s *set) checkEvaluation(b body[*survey.EvaluationSpec], k known, h *standing) {
	e := b.spec
	s.names(b.place, b.text, "$.scheme", e.Scheme, k.schemes, "load.scheme_unknown")
	s.checkParams(b.place, b.text, e.Scheme, e.Params, h)
	for i, r := range e.Rounds {
		s.names(b.place, b.text, fmt.Sprintf("$.rounds[%d].round", i), r.Round, k.rounds, "load.round_unknown")
	}
	for _, r := range s.rounds {
		if r.code == b.code && b.code != "" && r.spec.Series == nil && r.spec.Scheme != "" {
			s.faultAt(b.place, "load.evaluation_of_round", args{"Code": b.code})
		}
	}
	if b.broken {
		return
	}
	was := h.evaluations[b.code]
	done := was.State == survey.EvaluationApproved || was.State == survey.EvaluationPublished
	if done && len(changedEvaluation(was, evaluationRow(e), 0)) > 0 {
		s.faultAt(b.place, "load.evaluation_"+string(was.State), args{"Code": b.code})
	}
}
