package survey

import "slices"

// Project is what holds for one public body: project.yaml.
type Project struct {
	Code      string    `json:"code"`
	Name      Text      `json:"name"`     // the body that asks, as respondents read it
	Language  Lang      `json:"language"` // of plain texts, and of people who have not chosen one
	Languages []Lang    `json:"languages"`
	Contact   Text      `json:"contact,omitempty"` // whom to turn to
	Groups    []Place   `json:"groups,omitempty"`  // names of the groups that subjects are ranked in
	Notice    Notice    `json:"notice"`
	Enrolment Enrolment `json:"enrolment"`
	Quiet     Quiet     `json:"quiet,omitzero"`
	Retention Retention `json:"retention"`
}

// Notice is the privacy notice that people agree to before anything about them is kept.
type Notice struct {
	Version string `json:"version"`
	Text    Text   `json:"text"`
}

// Enrolment is whether and how citizens may join by themselves.
type Enrolment struct {
	Open      bool    `json:"open"`
	Districts []Place `json:"districts,omitempty"` // empty: not asked
	Ages      []Place `json:"ages,omitempty"`      // age bands; empty: not asked
}

// GroupName is what people call a group of subjects; the code itself where the project names none.
func (p *Project) GroupName(code string, l Lang) string {
	for _, g := range p.Groups {
		if g.Code == code {
			return g.Name.In(l)
		}
	}
	return code
}

// Place is a district, an age band that people choose when they join, or a group of subjects.
type Place struct {
	Code string `json:"code"`
	Name Text   `json:"name"`
}

// Takes reports whether a district and an age band are ones that enrolment offers.
func (e Enrolment) Takes(district, age string) bool {
	has := func(places []Place, code string) bool {
		if len(places) == 0 {
			return code == ""
		}
		return slices.ContainsFunc(places, func(p Place) bool { return p.Code == code })
	}
	return has(e.Districts, district) && has(e.Ages, age)
}

// Retention is how long things are kept. A zero span keeps them for good.
type Retention struct {
	Requests Span `json:"requests,omitzero"` // who was asked and who finished, after the round closed
	Comments Span `json:"comments,omitzero"` // comments and typed texts, after the round closed
	Idle     Span `json:"idle,omitzero"`     // enrolled citizens who stopped or cannot be reached any more
}

// EvaluationSpec is an evaluation file: which rounds, by which scheme.
type EvaluationSpec struct {
	Code   string
	Title  Text
	Period string
	Scheme string // code
	Params map[string]string
	Rounds []EvaluationRound
}

// EvaluationRound is a round that an evaluation takes, and the part of its period it stands for.
type EvaluationRound struct {
	Round  string // code
	Period string // empty: no part
}
