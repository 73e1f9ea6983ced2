package storage

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"pingyi/survey"
)

// TodoItem is one request that waits for a person, or was finished and can
// still be changed.
type TodoItem struct {
	RequestID  int64
	RoundID    int64
	RoundTitle survey.Text
	PanelTitle survey.Text
	RoundState survey.RoundState // open or paused
	State      survey.RequestState
	ClosesAt   *time.Time
	MessageID  int64 // the live message; 0: none
}

const sqlTodo = `
	SELECT q.id AS request_id, r.id AS round_id, r.title AS round_title, p.title AS panel_title,
	       r.state AS round_state, q.state, r.closes_at, coalesce(q.message_id, 0) AS message_id
	FROM request q JOIN round r ON r.id = q.round_id JOIN panel p ON p.id = q.panel_id
	WHERE q.person_id = @person AND r.state IN ('open', 'paused') AND q.state <> 'expired'
	ORDER BY q.state IN ('done', 'declined'), r.closes_at, r.id, p.position`

// Todo returns what a person is asked in rounds that are not over: what waits
// first, by its end.
func (s *Store) Todo(ctx context.Context, person int64) ([]TodoItem, error) {
	rows, _ := s.pool.Query(ctx, sqlTodo, pgx.NamedArgs{"person": person})
	items, err := pgx.CollectRows(rows, pgx.RowToStructByName[TodoItem])
	if err != nil {
		return nil, fmt.Errorf("storage: what person %d is asked: %w", person, mapError(err))
	}
	return items, nil
}

// OpenForm is a request as its person may see it.
type OpenForm struct {
	RequestID int64
	State     survey.RequestState
	MessageID int64 // the live message; 0: none
	Round     FormRound
	Panel     FormPanel
	Form      *survey.Form
	Choosable []Choosable // panels where people choose: all they may choose from, in order

	Language survey.Lang // the person's own, where AnswerTo has just read it

	tapped  map[int64]tapped // by assignment: what an answer is checked against
	found   *tapFound        // how things stood when it was read for a press; nil: that is to be looked up
	ballots ballots          // where the answers stand
	blank   bool             // what was answered is not known yet
}

// Blank says that the form was remembered rather than read, and must not be shown.
func (o *OpenForm) Blank() bool { return o.blank }

// FormRound is the round of a form.
type FormRound struct {
	ID       int64
	Code     string
	Title    survey.Text
	State    survey.RoundState
	ClosesAt *time.Time
}

// FormPanel is the panel of a form.
type FormPanel struct {
	ID       int64
	Code     string
	Title    survey.Text
	Relation survey.Relation
	Identity survey.Identity
	Minimum  int
	Asks     survey.Asks
}

// Choosable is a subject that a respondent may choose.
type Choosable struct {
	ID     int64
	Code   string
	Name   survey.Text
	Group  string
	Chosen bool
}

const sqlFormOf = `
	SELECT q.person_id, q.id AS request_id, q.state, coalesce(q.message_id, 0) AS message_id,
	       r.id AS round_id, r.code AS round_code, r.title AS round_title, r.state AS round_state,
	       r.closes_at, r.salt, r.seed, q.stratum,
	       p.id AS panel_id, p.code AS panel_code, p.title AS panel_title, p.relation, p.identity,
	       p.minimum, p.asks, p.asks_min, p.asks_max, p.questionnaire_id,
	       coalesce((SELECT jsonb_agg(jsonb_build_object('assignment', a.id, 'id', s.id, 'code', s.code,
	                                                     'name', s.name, 'relation', a.relation)
	                                  ORDER BY a.position, a.id)
	                 FROM assignment a JOIN subject s ON s.id = a.subject_id
	                 WHERE ` + ofRequest + ` AND a.state IN ('invited', 'answered')), '[]') AS asked
	FROM request q JOIN round r ON r.id = q.round_id JOIN panel p ON p.id = q.panel_id`

const sqlForm = sqlFormOf + `
	WHERE q.id = @request`

// Of many requests, each by its key (see byKeys).
const sqlForms = `
	SELECT t.n::int, f.* FROM unnest(@requests::bigint[]) WITH ORDINALITY AS t (request, n)
	CROSS JOIN LATERAL (` + sqlFormOf + ` WHERE q.id = t.request OFFSET 0) AS f`

// formOfMany is a row of sqlForms: the n-th request that was asked for, counted from 1.
type formOfMany struct {
	N int
	formRow
}

// askedRow is a subject that a request is about.
type askedRow struct {
	Assignment int64           `json:"assignment"`
	ID         int64           `json:"id"` // of the subject
	Code       string          `json:"code"`
	Name       survey.Text     `json:"name"`
	Relation   survey.Relation `json:"relation"`
}

type formRow struct {
	PersonID        int64
	RequestID       int64
	State           survey.RequestState
	MessageID       int64
	RoundID         int64
	RoundCode       string
	RoundTitle      survey.Text
	RoundState      survey.RoundState
	ClosesAt        *time.Time
	Salt            []byte
	Seed            []byte
	Stratum         string
	PanelID         int64
	PanelCode       string
	PanelTitle      survey.Text
	Relation        survey.Relation
	Identity        survey.Identity
	Minimum         int
	Asks            survey.AsksMode
	AsksMin         int
	AsksMax         int
	QuestionnaireID int64
	Asked           []askedRow
}

// Form returns a request with its questionnaire, subjects and the answers
// given so far; survey.ErrForbidden where it is somebody else's. Once the round
// is over there are no answers to show.
func (s *Store) Form(ctx context.Context, now time.Time, person, request int64) (*OpenForm, error) {
	f, q, err := s.form(ctx, person, request)
	if err == nil && q.Asks == survey.AsksChoose && q.RoundState.Answering() == nil {
		f.Choosable, err = s.choosable(ctx, now, q)
	}
	if err != nil {
		return nil, fmt.Errorf("storage: form of request %d: %w", request, mapError(err))
	}
	return f, nil
}

// FormToAnswer is Form without what could be chosen, which takes longer to find
// than everything else: enough for every screen but that of choosing.
func (s *Store) FormToAnswer(ctx context.Context, person, request int64) (*OpenForm, error) {
	f, _, err := s.form(ctx, person, request)
	if err != nil {
		return nil, fmt.Errorf("storage: form of request %d: %w", request, mapError(err))
	}
	return f, nil
}

func (s *Store) form(ctx context.Context, person, request int64) (*OpenForm, formRow, error) {
	rows, _ := s.pool.Query(ctx, sqlForm, pgx.NamedArgs{"request": request})
	q, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[formRow])
	if err != nil {
		return nil, formRow{}, err
	}
	f, err := s.emptyForm(ctx, person, q)
	if err != nil || len(q.Salt) == 0 {
		return f, q, err
	}
	if f.ballots, err = s.ballotsOf(q, f.Form.Questionnaire); err != nil {
		return nil, formRow{}, err
	}
	return f, q, s.readBallots(ctx, f)
}

// emptyForm is a request's form without what has been answered.
func (s *Store) emptyForm(ctx context.Context, person int64, q formRow) (*OpenForm, error) {
	if q.PersonID != person {
		return nil, survey.ErrForbidden
	}
	questionnaire, err := s.questionnaires.get(ctx, s.pool, q.QuestionnaireID)
	if err != nil {
		return nil, err
	}
	asks := survey.Asks{Mode: q.Asks, Min: q.AsksMin, Max: q.AsksMax}
	f := &OpenForm{
		RequestID: q.RequestID, State: q.State, MessageID: q.MessageID,
		Round: FormRound{ID: q.RoundID, Code: q.RoundCode, Title: s.texts.share(textOf{"round", q.RoundID}, q.RoundTitle), State: q.RoundState, ClosesAt: q.ClosesAt},
		Panel: FormPanel{ID: q.PanelID, Code: q.PanelCode, Title: s.texts.share(textOf{"panel", q.PanelID}, q.PanelTitle), Relation: q.Relation,
			Identity: q.Identity, Minimum: q.Minimum, Asks: asks},
		Form: &survey.Form{Questionnaire: questionnaire, Asks: asks,
			Answers: make(map[survey.Key]string), Comments: make(map[survey.Key]string)},
	}
	f.tapped = make(map[int64]tapped, len(q.Asked))
	for _, a := range q.Asked {
		f.Form.Asked = append(f.Form.Asked, survey.Asked{
			Assignment: a.Assignment, Subject: a.Code, Name: s.texts.share(textOf{"subject", a.ID}, a.Name), Relation: a.Relation})
		f.tapped[a.Assignment] = tapped{
			PersonID: q.PersonID, State: q.State, RoundID: q.RoundID, RoundState: q.RoundState, Salt: q.Salt,
			PanelID: q.PanelID, QuestionnaireID: q.QuestionnaireID, Stratum: q.Stratum, RequestID: q.RequestID,
			SubjectID: a.ID, Relation: string(a.Relation), AssignmentState: survey.AssignmentInvited}
	}
	return f, nil
}

// choosable returns the subjects that a respondent may choose.
func (s *Store) choosable(ctx context.Context, now time.Time, q formRow) ([]Choosable, error) {
	type row struct {
		ID    int64
		Code  string
		Name  survey.Text
		Group string
	}
	rows, _ := s.pool.Query(ctx, sqlPairs(q.Relation, oneRequest)+sqlChoosable, pgx.NamedArgs{
		"request": q.RequestID, "round": q.RoundID, "seed": q.Seed, "relation": q.Relation, "today": s.today(now)})
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[row])
	if err != nil {
		return nil, fmt.Errorf("reading what may be chosen: %w", err)
	}
	chosen := make(map[int64]bool, len(q.Asked))
	for _, a := range q.Asked {
		chosen[a.ID] = true
	}
	choosable := make([]Choosable, len(found))
	for i, r := range found {
		choosable[i] = Choosable{ID: r.ID, Code: r.Code, Name: r.Name, Group: r.Group, Chosen: chosen[r.ID]}
	}
	return choosable, nil
}

// maxShared bounds how many texts are remembered to be shared.
const maxShared = 10_000

// sharedTexts keeps one copy of what is the same in many forms, of which thousands are remembered at a
// time (press.go). The zero value is ready; it is safe for concurrent use.
type sharedTexts struct {
	mu    sync.Mutex
	known map[textOf]survey.Text
}

// textOf is whose title or name a text is.
type textOf struct {
	kind string
	id   int64
}

// share returns the text, as the copy that others have where it still reads the same.
func (t *sharedTexts) share(of textOf, text survey.Text) survey.Text {
	t.mu.Lock()
	defer t.mu.Unlock()
	if known, ok := t.known[of]; ok && maps.Equal(known, text) {
		return known
	}
	if t.known == nil || len(t.known) >= maxShared {
		t.known = make(map[textOf]survey.Text)
	}
	t.known[of] = text
	return text
}
