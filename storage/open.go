package storage

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"pingyi/survey"
)

// saltSize is the size of the half of a round key that stands in the round's row.
const saltSize = 32

// OpenRound opens a round now, by an admin or by the clock: pins the versions
// of questionnaires and scheme, the subjects with their groups, and the panels;
// draws the samples; writes requests, assignments and what is to be sent; and
// makes the tables for its ballots. All of it or nothing. survey.ErrInvalid
// says that the round cannot be opened as it is (no subject, a questionnaire
// that is not there); survey.ErrStale that it is open already.
func (s *Store) OpenRound(ctx context.Context, now time.Time, cause Cause, code string) error {
	err := s.change(ctx, now, cause, func(tx pgx.Tx) error { return s.openRound(ctx, tx, now, cause, code) })
	if err != nil {
		return fmt.Errorf("storage: opening round %s: %w", code, err)
	}
	return nil
}

func (s *Store) openRound(ctx context.Context, tx pgx.Tx, now time.Time, cause Cause, code string) error {
	if err := holdJoining(ctx, tx); err != nil {
		return err
	}
	r, next, err := holdRound(ctx, tx, code, survey.RoundStart)
	if err != nil {
		return err
	}
	spec, err := parseSpec(r.Spec)
	if err != nil {
		return err
	}
	before := r.facts()
	if err := s.startRound(ctx, tx, now, &r, spec, next); err != nil {
		return err
	}
	if err := pinSubjects(ctx, tx, r.ID, spec.Subjects); err != nil {
		return err
	}
	if err := pinPanels(ctx, tx, r.ID, spec); err != nil {
		return err
	}
	if err := makePartitions(ctx, tx, r.ID); err != nil {
		return err
	}
	quiet, err := quietOf(ctx, tx, spec)
	if err != nil {
		return err
	}
	due := quiet.Next(now.In(s.zone))
	if err := s.askEverybody(ctx, tx, now, due, r, spec); err != nil {
		return err
	}
	if err := ownEvaluation(ctx, tx, r, spec); err != nil {
		return err
	}
	if err := notify(ctx, tx, clockChannel); err != nil {
		return err
	}
	return s.audit(ctx, tx, now, cause, "round.open", "round:"+code, before, r.facts())
}

// parseSpec reads the round file kept with a round.
func parseSpec(body string) (*survey.RoundSpec, error) {
	spec, faults := survey.ParseRound("round", []byte(body))
	if err := faults.Err(); err != nil {
		return nil, fmt.Errorf("%w: %w", survey.ErrInvalid, err)
	}
	return spec, nil
}

// quietOf returns the quiet hours of a round: its own, else the project's.
func quietOf(ctx context.Context, q querier, spec *survey.RoundSpec) (survey.Quiet, error) {
	if spec.Quiet != nil {
		return *spec.Quiet, nil
	}
	p, err := project(ctx, q)
	if errors.Is(err, pgx.ErrNoRows) {
		return survey.Quiet{}, nil
	}
	if err != nil {
		return survey.Quiet{}, fmt.Errorf("reading the project's quiet hours: %w", err)
	}
	return p.Quiet, nil
}

const sqlStartRound = `
	UPDATE round SET state = @state, opened_at = @now, closes_at = @closes, salt = @salt,
	    scheme_id = (SELECT id FROM scheme WHERE code = @scheme ORDER BY version DESC LIMIT 1)
	WHERE id = @round RETURNING scheme_id IS NOT NULL`

// startRound writes the state, the end, the salt and the pinned scheme.
func (s *Store) startRound(ctx context.Context, tx pgx.Tx, now time.Time, r *heldRound,
	spec *survey.RoundSpec, next survey.RoundState) error {
	if r.ClosesAt == nil {
		end := spec.End(now.In(s.zone))
		r.ClosesAt = &end
	}
	if !r.ClosesAt.After(now) {
		return fmt.Errorf("it would end before it opens: %w", survey.ErrInvalid)
	}
	r.State, r.OpenedAt, r.Salt = next, &now, randomBytes(saltSize)
	var pinned bool
	err := tx.QueryRow(ctx, sqlStartRound, pgx.NamedArgs{"round": r.ID, "state": next, "now": now,
		"closes": r.ClosesAt, "salt": r.Salt, "scheme": spec.Scheme}).Scan(&pinned)
	if err != nil {
		return err
	}
	if spec.Scheme != "" && !pinned {
		return fmt.Errorf("scheme %s is not there: %w", spec.Scheme, survey.ErrInvalid)
	}
	return nil
}

const sqlPinSubjects = `
	INSERT INTO round_subject (round_id, subject_id, position, group_code, attributes)
	SELECT @round, id, row_number() OVER (ORDER BY array_position(@list::text[], code), id), group_code, attributes
	FROM subject
	WHERE active
	  AND (@kind::text = '' OR kind = @kind)
	  AND (cardinality(@groups::text[]) = 0 OR group_code = ANY(@groups))
	  AND (cardinality(@list::text[]) = 0 OR code = ANY(@list))`

// pinSubjects copies the subjects of a round with their groups as they are now.
func pinSubjects(ctx context.Context, tx pgx.Tx, round int64, who survey.SubjectSpec) error {
	tag, err := tx.Exec(ctx, sqlPinSubjects, pgx.NamedArgs{"round": round,
		"kind": who.Kind, "groups": list(who.Groups), "list": list(who.List)})
	if err != nil {
		return fmt.Errorf("pinning the subjects: %w", err)
	}
	if n := int(tag.RowsAffected()); n == 0 || n < len(who.List) {
		return fmt.Errorf("%d of its subjects are there: %w", n, survey.ErrInvalid)
	}
	return nil
}

// list makes an empty array of none: SQL's NULL would match nothing.
func list(codes []string) []string {
	if codes == nil {
		return []string{}
	}
	return codes
}

const sqlPinPanel = `
	INSERT INTO panel (round_id, code, position, title, relation, identity, minimum,
	                   asks, asks_min, asks_max, sampled, who, questionnaire_id)
	SELECT @round, @code, @position, @title, @relation, @identity, @minimum,
	       @asks, @min, @max, @sampled, @who, id
	FROM questionnaire WHERE code = @questionnaire ORDER BY version DESC LIMIT 1
	RETURNING id`

// pinPanels writes the panels with the newest versions of their questionnaires.
func pinPanels(ctx context.Context, tx pgx.Tx, round int64, spec *survey.RoundSpec) error {
	for i := range spec.Panels {
		p := &spec.Panels[i]
		var id int64
		err := tx.QueryRow(ctx, sqlPinPanel, pgx.NamedArgs{"round": round, "code": p.Code,
			"position": i + 1, "title": p.Title, "relation": p.Relation, "identity": p.Identity,
			"minimum": p.Minimum, "asks": asksMode(p.Asks), "min": p.Asks.Min, "max": p.Asks.Max,
			"sampled": p.Sample.Size > 0, "who": p.Who, "questionnaire": spec.QuestionnaireOf(p)}).Scan(&id)
		if errors.Is(err, pgx.ErrNoRows) {
			return fmt.Errorf("questionnaire %s is not there: %w", spec.QuestionnaireOf(p), survey.ErrInvalid)
		}
		if err != nil {
			return fmt.Errorf("pinning panel %s: %w", p.Code, err)
		}
	}
	return nil
}

func asksMode(a survey.Asks) survey.AsksMode {
	if a.Mode == "" {
		return survey.AsksEvery
	}
	return a.Mode
}
