package storage

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"pingyi/survey"
)

// Ballots by their ids alone: nothing here names a person.
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

// queueOpenValues asks for what stands in several requests' ballots; eachOpenValue reads the answer.
func queueOpenValues(b *pgx.Batch, of []ballots) {
	var rounds []int64
	var ids [][]byte
	for _, b := range of {
		for _, id := range b.ids {
			rounds, ids = append(rounds, b.round), append(ids, id)
		}
	}
	b.Queue(sqlOpenValues, pgx.NamedArgs{"rounds": rounds, "ballots": ids})
}

// eachOpenValue reads the answer to queueOpenValues; i is the place of the request in it.
func eachOpenValue(results pgx.BatchResults, of []ballots, do func(i int, v openValue)) error {
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
	rows, _ := results.Query()
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

// readBallots fills forms with what has been answered so far.
func (s *Store) readBallots(ctx context.Context, forms ...*OpenForm) error {
	of, values := make([]ballots, len(forms)), make([][]openValue, len(forms))
	for i, f := range forms {
		of[i] = f.ballots
	}
	batch := &pgx.Batch{}
	queueOpenValues(batch, of)
	results := s.byKeys(ctx, batch)
	defer func() { _ = results.Close() }() // what failed was returned by the reading
	err := eachOpenValue(results, of, func(i int, v openValue) { values[i] = append(values[i], v) })
	if err != nil {
		return err
	}
	for i, f := range forms {
		f.enter(values[i])
	}
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
