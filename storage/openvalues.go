package storage

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"pingyi/survey"
)

// What stands in the ballots of one round, by their ids alone: nothing here names a person. The round's own
// tables are read: a plan for all rounds' would look through those of every round that is open.
const (
	sqlOpenAnswers = `
	SELECT b.k::int, v.item, v.value FROM unnest(@ballots::bytea[]) WITH ORDINALITY AS b (id, k)
	CROSS JOIN LATERAL (
		SELECT item, value FROM open_answer_%d WHERE round_id = @round AND ballot_id = b.id OFFSET 0
	) AS v`
	sqlOpenTexts = `
	SELECT b.k::int, v.item, v.text FROM unnest(@ballots::bytea[]) WITH ORDINALITY AS b (id, k)
	CROSS JOIN LATERAL (
		SELECT item, text FROM open_comment_%d WHERE round_id = @round AND ballot_id = b.id AND text <> '' OFFSET 0
	) AS v`
)

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
	texts       bool // texts can stand in them
}

// ballotsOf works out the ballots of a request whose round has its salt.
func (s *Store) ballotsOf(q formRow, questionnaire *survey.Questionnaire) (ballots, error) {
	key, err := s.roundKey(q.Salt)
	if err != nil {
		return ballots{}, err
	}
	b := ballots{round: q.RoundID, texts: questionnaire.TakesTexts()}
	for _, a := range q.Asked {
		b.ids = append(b.ids, ballotID(key, a.Assignment))
		b.assignments = append(b.assignments, a.Assignment)
	}
	return b, nil
}

// openRead is one statement that reads from ballots of a round.
type openRead struct {
	sql    string
	round  int64
	text   bool
	ids    [][]byte
	places []place
}

// place says which ballot of which request an id is.
type place struct {
	request    int // its place among those read for
	assignment int64
}

// openReads are the statements that read what stands in several requests' ballots.
func openReads(of []ballots) []*openRead {
	var reads []*openRead
	find := func(sql string, round int64, text bool) *openRead {
		for _, r := range reads {
			if r.round == round && r.text == text {
				return r
			}
		}
		reads = append(reads, &openRead{sql: fmt.Sprintf(sql, round), round: round, text: text})
		return reads[len(reads)-1]
	}
	for i, b := range of {
		if len(b.ids) == 0 {
			continue
		}
		find(sqlOpenAnswers, b.round, false).add(i, b)
		if b.texts {
			find(sqlOpenTexts, b.round, true).add(i, b)
		}
	}
	return reads
}

func (r *openRead) add(request int, b ballots) {
	r.ids = append(r.ids, b.ids...)
	for _, a := range b.assignments {
		r.places = append(r.places, place{request, a})
	}
}

// queueOpenValues asks for what stands in ballots; eachOpenValue reads the answer.
func queueOpenValues(b *pgx.Batch, reads []*openRead) {
	for _, r := range reads {
		b.Queue(r.sql, pgx.NamedArgs{"round": r.round, "ballots": r.ids})
	}
}

// eachOpenValue reads the answer to queueOpenValues; i is the place of the request.
func eachOpenValue(results pgx.BatchResults, reads []*openRead, do func(i int, v openValue)) error {
	for _, r := range reads {
		rows, _ := results.Query()
		var k, item int
		v := openValue{text: r.text}
		_, err := pgx.ForEachRow(rows, []any{&k, &item, &v.value}, func() error {
			p := r.places[k-1]
			v.key = survey.Key{Assignment: p.assignment, Item: item}
			do(p.request, v)
			return nil
		})
		if err != nil {
			return fmt.Errorf("reading open ballots of round %d: %w", r.round, err)
		}
	}
	return nil
}

// readBallots fills forms with what has been answered so far.
func (s *Store) readBallots(ctx context.Context, forms ...*OpenForm) error {
	of := make([]ballots, len(forms))
	for i, f := range forms {
		of[i] = f.ballots
	}
	reads, values := openReads(of), make([][]openValue, len(forms))
	batch := &pgx.Batch{}
	queueOpenValues(batch, reads)
	results := s.byKeys(ctx, batch)
	defer func() { _ = results.Close() }() // what failed was returned by the reading
	err := eachOpenValue(results, reads, func(i int, v openValue) { values[i] = append(values[i], v) })
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
