package storage

import (
	"context"
	"fmt"
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
}

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

const sqlForm = `
	SELECT q.person_id, q.id AS request_id, q.state, coalesce(q.message_id, 0) AS message_id,
	       r.id AS round_id, r.code AS round_code, r.title AS round_title, r.state AS round_state,
	       r.closes_at, r.salt, r.seed,
	       p.id AS panel_id, p.code AS panel_code, p.title AS panel_title, p.relation, p.identity,
	       p.minimum, p.asks, p.asks_min, p.asks_max, p.questionnaire_id
	FROM request q JOIN round r ON r.id = q.round_id JOIN panel p ON p.id = q.panel_id
	WHERE q.id = @request`

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
}

// Form returns a request with its questionnaire, subjects and the answers
// given so far; survey.ErrForbidden where it is somebody else's. Once the round
// is over there are no answers to show.
func (s *Store) Form(ctx context.Context, now time.Time, person, request int64) (*OpenForm, error) {
	f, err := s.form(ctx, now, person, request)
	if err != nil {
		return nil, fmt.Errorf("storage: form of request %d: %w", request, mapError(err))
	}
	return f, nil
}

func (s *Store) form(ctx context.Context, now time.Time, person, request int64) (*OpenForm, error) {
	rows, _ := s.pool.Query(ctx, sqlForm, pgx.NamedArgs{"request": request})
	q, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[formRow])
	if err != nil {
		return nil, err
	}
	if q.PersonID != person {
		return nil, survey.ErrForbidden
	}
	questionnaire, err := s.questionnaires.get(ctx, s.pool, q.QuestionnaireID)
	if err != nil {
		return nil, err
	}
	f := &OpenForm{
		RequestID: q.RequestID, State: q.State, MessageID: q.MessageID,
		Round: FormRound{ID: q.RoundID, Code: q.RoundCode, Title: q.RoundTitle, State: q.RoundState, ClosesAt: q.ClosesAt},
		Panel: FormPanel{ID: q.PanelID, Code: q.PanelCode, Title: q.PanelTitle, Relation: q.Relation,
			Identity: q.Identity, Minimum: q.Minimum, Asks: survey.Asks{Mode: q.Asks, Min: q.AsksMin, Max: q.AsksMax}},
		Form: &survey.Form{Questionnaire: questionnaire,
			Answers: make(map[survey.Key]string), Comments: make(map[survey.Key]string)},
	}
	f.Form.Asks = f.Panel.Asks
	chosen, err := s.readAsked(ctx, f.Form, request)
	if err != nil {
		return nil, err
	}
	if q.Asks == survey.AsksChoose && q.RoundState.Answering() == nil {
		if f.Choosable, err = s.choosable(ctx, now, q, chosen); err != nil {
			return nil, err
		}
	}
	if len(q.Salt) == 0 {
		return f, nil
	}
	return f, s.readAnswers(ctx, f.Form, q)
}

const sqlAsked = `
	SELECT a.id, s.id, s.code, s.name, a.relation
	FROM assignment a JOIN subject s ON s.id = a.subject_id
	WHERE a.request_id = @request AND a.state IN ('invited', 'answered')
	ORDER BY a.position, a.id`

// readAsked fills in the subjects of a form and returns their ids.
func (s *Store) readAsked(ctx context.Context, f *survey.Form, request int64) (map[int64]bool, error) {
	rows, _ := s.pool.Query(ctx, sqlAsked, pgx.NamedArgs{"request": request})
	subjects := make(map[int64]bool)
	var a survey.Asked
	var subject int64
	_, err := pgx.ForEachRow(rows, []any{&a.Assignment, &subject, &a.Subject, &a.Name, &a.Relation}, func() error {
		f.Asked = append(f.Asked, a)
		subjects[subject] = true
		a.Name = nil // the next row gets a map of its own
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading the subjects: %w", err)
	}
	return subjects, nil
}

const (
	sqlOpenAnswers = `
	SELECT ballot_id, item, value FROM open_answer WHERE round_id = @round AND ballot_id = ANY(@ballots::bytea[])`
	sqlOpenComments = `
	SELECT ballot_id, item, text FROM open_comment
	WHERE round_id = @round AND ballot_id = ANY(@ballots::bytea[]) AND text <> ''`
)

// readAnswers fills in what has been answered so far.
func (s *Store) readAnswers(ctx context.Context, f *survey.Form, q formRow) error {
	key, err := s.roundKey(q.Salt)
	if err != nil {
		return err
	}
	whose := make(map[string]int64, len(f.Asked))
	ballots := make([][]byte, 0, len(f.Asked))
	for _, a := range f.Asked {
		id := ballotID(key, a.Assignment)
		whose[string(id)] = a.Assignment
		ballots = append(ballots, id)
	}
	args := pgx.NamedArgs{"round": q.RoundID, "ballots": ballots}
	answers, err := s.readOpen(ctx, sqlOpenAnswers, args, whose)
	if err != nil {
		return err
	}
	texts, err := s.readOpen(ctx, sqlOpenComments, args, whose)
	if err != nil {
		return err
	}
	for k, value := range answers {
		f.Answers[k] = value
	}
	for k, text := range texts {
		if item, ok := f.Questionnaire.Item(k.Item); ok && item.AnswerKind() == survey.ShortText {
			f.Answers[k] = text
		} else {
			f.Comments[k] = text
		}
	}
	return nil
}

// readOpen reads values or texts of open ballots by assignment and item.
func (s *Store) readOpen(ctx context.Context, sql string, args pgx.NamedArgs, whose map[string]int64) (map[survey.Key]string, error) {
	rows, _ := s.pool.Query(ctx, sql, args)
	found := make(map[survey.Key]string)
	var ballot []byte
	var item int
	var value string
	_, err := pgx.ForEachRow(rows, []any{&ballot, &item, &value}, func() error {
		found[survey.Key{Assignment: whose[string(ballot)], Item: item}] = value
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading open ballots: %w", err)
	}
	return found, nil
}

// choosable returns the subjects that a respondent may choose.
func (s *Store) choosable(ctx context.Context, now time.Time, q formRow, chosen map[int64]bool) ([]Choosable, error) {
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
	choosable := make([]Choosable, len(found))
	for i, r := range found {
		choosable[i] = Choosable{ID: r.ID, Code: r.Code, Name: r.Name, Group: r.Group, Chosen: chosen[r.ID]}
	}
	return choosable, nil
}
