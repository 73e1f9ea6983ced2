package storage

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"pingyi/survey"
)

// Ballots by their ids alone: nothing here names a person. They are looked up
// one by one: a plan is made while a round has no answers yet, and one that
// reads all of them would be kept when there are a million.
const sqlOpenValues = `
	SELECT b.k::int, v.item, v.value, v.text
	FROM unnest(@rounds::bigint[], @ballots::bytea[]) WITH ORDINALITY AS b (round_id, id, k)
	CROSS JOIN LATERAL (
		SELECT item, value, false FROM open_answer WHERE round_id = b.round_id AND ballot_id = b.id
		UNION ALL
		SELECT item, text, true FROM open_comment WHERE round_id = b.round_id AND ballot_id = b.id AND text <> ''
		OFFSET 0
	) AS v (item, value, text)`

// openValue is one answer or text of an open ballot.
type openValue struct {
	key   survey.Key
	value string
	text  bool
}

// ballots are the open ballots of a request, in the order of its assignments.
type ballots struct {
	round       int64
	ids         [][]byte
	assignments []int64
}

// ballotsOf works out the ballots of a request whose round has its salt.
func (s *Store) ballotsOf(q formRow) (ballots, error) {
	key, err := s.roundKey(q.Salt)
	if err != nil {
		return ballots{}, err
	}
	b := ballots{round: q.RoundID}
	for _, a := range q.Asked {
		b.ids = append(b.ids, ballotID(key, a.Assignment))
		b.assignments = append(b.assignments, a.Assignment)
	}
	return b, nil
}

// openValuesOf asks for what stands in several requests' ballots.
func openValuesOf(of []ballots) pgx.NamedArgs {
	var rounds []int64
	var ids [][]byte
	for _, b := range of {
		for _, id := range b.ids {
			rounds, ids = append(rounds, b.round), append(ids, id)
		}
	}
	return pgx.NamedArgs{"rounds": rounds, "ballots": ids}
}

// eachOpenValue reads the answer to openValuesOf; i is the place of the request in it.
func eachOpenValue(rows pgx.Rows, of []ballots, do func(i int, v openValue)) error {
	type place struct {
		request    int
		assignment int64
	}
	var places []place
	for i, b := range of {
		for _, a := range b.assignments {
			places = append(places, place{i, a})
		}
	}
	var k, item int
	var v openValue
	_, err := pgx.ForEachRow(rows, []any{&k, &item, &v.value, &v.text}, func() error {
		p := places[k-1]
		v.key = survey.Key{Assignment: p.assignment, Item: item}
		do(p.request, v)
		return nil
	})
	if err != nil {
		return fmt.Errorf("reading open ballots: %w", err)
	}
	return nil
}

// readBallots fills a form with what has been answered so far.
func (s *Store) readBallots(ctx context.Context, f *OpenForm) error {
	var values []openValue
	of := []ballots{f.ballots}
	rows, _ := s.pool.Query(ctx, sqlOpenValues, openValuesOf(of))
	err := eachOpenValue(rows, of, func(_ int, v openValue) { values = append(values, v) })
	if err != nil {
		return err
	}
	f.enter(values)
	return nil
}

// enter puts what was read into the form. A typed answer stands under its mark.
func (o *OpenForm) enter(values []openValue) {
	f := o.Form
	for _, v := range values {
		if !v.text {
			f.Answers[v.key] = v.value
		}
	}
	for _, v := range values {
		if !v.text {
			continue
		}
		if item, ok := f.Questionnaire.Item(v.key.Item); ok && item.AnswerKind() == survey.ShortText {
			f.Answers[v.key] = v.value
		} else {
			f.Comments[v.key] = v.value
		}
	}
}
