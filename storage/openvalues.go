package storage

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"pingyi/survey"
)

// Ballots by their ids alone: nothing here names a person.
const sqlOpenValues = `
	WITH b AS MATERIALIZED (
		SELECT * FROM unnest(@rounds::bigint[], @ballots::bytea[]) WITH ORDINALITY AS b (round_id, id, k)
	)
	SELECT b.k::int, a.item, a.value, false FROM b JOIN open_answer a ON a.round_id = b.round_id AND a.ballot_id = b.id
	UNION ALL
	SELECT b.k::int, c.item, c.text, true FROM b JOIN open_comment c ON c.round_id = b.round_id AND c.ballot_id = b.id
	WHERE c.text <> ''`

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
func (s *Store) readBallots(ctx context.Context, f *OpenForm, q formRow) error {
	b, err := s.ballotsOf(q)
	if err != nil {
		return err
	}
	var values []openValue
	rows, _ := s.pool.Query(ctx, sqlOpenValues, openValuesOf([]ballots{b}))
	err = eachOpenValue(rows, []ballots{b}, func(_ int, v openValue) { values = append(values, v) })
	if err != nil {
		return err
	}
	f.ballots = b
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
