package survey

import "time"

// Identity says who may see whose answers in a panel.
type Identity string

// The identity modes of panels.
const (
	Anonymous    Identity = "anonymous"    // nobody, once the round is closed
	Confidential Identity = "confidential" // nobody; one person's answers stand together under a pseudonym
	Named        Identity = "named"        // whoever may see the results
)

// AsksMode says how a respondent comes to the subjects.
type AsksMode string

// The modes of asking.
const (
	AsksEvery  AsksMode = "every"  // every subject
	AsksDraw   AsksMode = "draw"   // Max subjects drawn for each respondent
	AsksChoose AsksMode = "choose" // the respondent chooses Min to Max subjects
)

// Asks says what each respondent of a panel is asked about. The zero value means every subject.
type Asks struct {
	Mode AsksMode `json:"mode,omitempty"`
	Min  int      `json:"min,omitempty"`
	Max  int      `json:"max,omitempty"`
}

// PersonKind is the capacity in which somebody is asked.
type PersonKind string

// The kinds of people.
const (
	Citizen PersonKind = "citizen"
	Staff   PersonKind = "staff"
	Leader  PersonKind = "leader"
)

// Relation is how a respondent stands to the person who is rated.
type Relation string

// The relations of 360°; the empty one rates any subject.
const (
	Manager     Relation = "manager"     // the rated person's manager
	Peer        Relation = "peer"        // same manager
	Subordinate Relation = "subordinate" // reports to the rated person
	Self        Relation = "self"
)

// Who says which people a panel asks. Empty lists do not narrow.
type Who struct {
	Kind      PersonKind `json:"kind"`
	Units     []string   `json:"units,omitempty"`     // codes; members of exactly these units
	Under     string     `json:"under,omitempty"`     // code of a unit; its members and those of all units below it
	Districts []string   `json:"districts,omitempty"` // codes
	Posts     []string   `json:"posts,omitempty"`
}

// SampleSpec says how many people are drawn and within which strata. The zero value asks all.
type SampleSpec struct {
	Size int      `json:"size,omitempty"`
	By   SampleBy `json:"by,omitempty"`
}

// SampleBy is the property of people that makes the strata of a sample.
type SampleBy string

// The strata of samples.
const (
	ByNothing  SampleBy = ""
	ByDistrict SampleBy = "district"
	ByAge      SampleBy = "age"
	ByUnit     SampleBy = "unit"
	ByPost     SampleBy = "post"
)

// PanelSpec is one group of respondents of a round.
type PanelSpec struct {
	Code          string
	Title         Text
	Imported      bool // nobody is asked in chat: its ballots are collected elsewhere and imported
	Who           Who
	Relation      Relation
	Identity      Identity
	Minimum       int // fewer ballots than this are neither scored nor shown
	Sample        SampleSpec
	Asks          Asks
	Questionnaire string // code; empty: the round's
}

// SubjectSpec says which subjects a round rates: all, those of a kind and of groups, or a list.
type SubjectSpec struct {
	Kind   string   `json:"kind,omitempty"`
	Groups []string `json:"groups,omitempty"`
	List   []string `json:"list,omitempty"` // codes, in the order in which they are asked
}

// Unsubmitted says what closing does with answers that were never submitted.
type Unsubmitted string

// What closing does with answers that were never submitted.
const (
	UnsubmittedVoid  Unsubmitted = "void"  // kept as drafts, not counted
	UnsubmittedCount Unsubmitted = "count" // counted like the others
)

// Misfire says what becomes of due times that passed while nothing ran.
type Misfire string

// The misfire policies.
const (
	MisfireRunOnce Misfire = "run-once" // the latest is made up for, the others are not
	MisfireSkip    Misfire = "skip"     // none is made up for
)

// Shift says what becomes of a due time on a day off.
type Shift string

// The shifts.
const (
	ShiftNone        Shift = "none"
	ShiftNextWorkday Shift = "next-workday"
)

// SeriesSpec is what makes a round file a series.
type SeriesSpec struct {
	Code        string
	Cron        string // five fields, in the project's time zone
	Misfire     Misfire
	Shift       Shift
	RoundCode   string // pattern of the rounds' codes
	PeriodShift Span   // the period is that of the due time moved by this
}

// RoundSpec is a round file: one round, or the body that all rounds of a series share. Once parsed
// it is never changed.
type RoundSpec struct {
	Code          string // empty for a series
	Series        *SeriesSpec
	Title         Text   // series: a pattern
	Period        string // series: a pattern
	Questionnaire string // code; the latest version at opening is pinned
	Scheme        string // code; empty: the round has no evaluation of its own
	Params        map[string]string
	Subjects      SubjectSpec
	Opens         LocalTime // zero: by hand, or by the series
	Closes        LocalTime // zero: Duration after opening
	Duration      Span
	Reminders     []Span // positive: after opening; negative: before the end
	Quiet         *Quiet // nil: the project's
	Unsubmitted   Unsubmitted
	Panels        []PanelSpec
}

// LocalTime is a date and a time of clock in the project's time zone.
type LocalTime struct {
	Year, Month, Day, Hour, Minute int
}

// Zero reports whether no time was given.
func (t LocalTime) Zero() bool { return t == LocalTime{} }

// In returns the moment in a time zone.
func (t LocalTime) In(loc *time.Location) time.Time {
	return time.Date(t.Year, time.Month(t.Month), t.Day, t.Hour, t.Minute, 0, 0, loc)
}

// Panel returns the panel with the code; false where there is none.
func (s *RoundSpec) Panel(code string) (*PanelSpec, bool) {
	for i := range s.Panels {
		if s.Panels[i].Code == code {
			return &s.Panels[i], true
		}
	}
	return nil, false
}

// QuestionnaireOf returns the code of the questionnaire that the panel is asked.
func (s *RoundSpec) QuestionnaireOf(p *PanelSpec) string {
	if p.Questionnaire != "" {
		return p.Questionnaire
	}
	return s.Questionnaire
}
