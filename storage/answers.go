package storage

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"pingyi/survey"
)

// Tap is one answer pressed or typed: what to set, never what to toggle.
type Tap struct {
	UpdateID     int64 // recorded with the answer; 0: none
	PersonID     int64
	TelegramID   int64 // the account that pressed, which must still be the person's; 0: none did
	RequestID    int64
	AssignmentID int64
	Item         int

	// Value is the answer in canonical form (survey.Item.Check), the text itself
	// for short texts, "" for a skip. It is not looked at where Comment is given.
	Value string
	// Comment, where not nil, is what to set the comment on the item to; empty
	// removes it.
	Comment *string
}

// Answer saves a tap and returns once it is durable. It is refused with
// survey.ErrForbidden (the assignment is somebody else's), ErrNotFound (there
// is none), ErrInvalid (the item does not take the value), ErrStale (the form
// is not open: submitted, declined, or the subject was taken back), ErrPaused,
// ErrClosed; ErrHandled says that the update took effect before. Refused taps
// change nothing.
//
// Whose the assignment is, is looked up apart and without locks: the writing
// transaction touches no row that names a person.
func (s *Store) Answer(ctx context.Context, now time.Time, tap Tap) error {
	rows, _ := s.pool.Query(ctx, sqlTapped, pgx.NamedArgs{"request": tap.RequestID, "assignment": tap.AssignmentID})
	t, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[tapped])
	if err = mapError(err); err == nil {
		err = s.answer(ctx, now, t, tap)
	}
	if err != nil {
		return fmt.Errorf("storage: answer to item %d of assignment %d: %w", tap.Item, tap.AssignmentID, err)
	}
	return nil
}

// answer checks a tap against what was read about it, and writes it.
func (s *Store) answer(ctx context.Context, now time.Time, t tapped, tap Tap) error {
	if err := t.admits(tap); err != nil {
		return err
	}
	key, err := s.roundKey(t.Salt)
	if err != nil {
		return err
	}
	w, err := s.tapOf(ctx, now, t, tap, ballotID(key, tap.AssignmentID))
	if err != nil {
		return err
	}
	return s.write(ctx, w)
}

// Every part is found by its key. An assignment that is not there shows as 0.
const sqlTapped = `
	SELECT q.person_id, q.state, r.id AS round_id, r.state AS round_state, r.salt,
	       p.id AS panel_id, p.questionnaire_id, q.stratum, coalesce(a.request_id, 0) AS request_id,
	       coalesce(a.subject_id, 0) AS subject_id, coalesce(a.relation, '') AS relation,
	       coalesce(a.state, '') AS assignment_state
	FROM request q JOIN round r ON r.id = q.round_id JOIN panel p ON p.id = q.panel_id
	LEFT JOIN assignment a ON a.id = @assignment
	WHERE q.id = @request`

// tapped is what a tap is about, as it stands.
type tapped struct {
	PersonID        int64
	State           survey.RequestState
	RoundID         int64
	RoundState      survey.RoundState
	Salt            []byte
	PanelID         int64
	QuestionnaireID int64
	Stratum         string
	RequestID       int64
	SubjectID       int64
	Relation        string
	AssignmentState survey.AssignmentState
}

// admits says whether what is read about a tap lets it be written.
func (t tapped) admits(tap Tap) error {
	if t.PersonID != tap.PersonID {
		return survey.ErrForbidden
	}
	if err := t.RoundState.Answering(); err != nil {
		return err
	}
	switch {
	case t.RequestID == 0:
		return survey.ErrNotFound
	case t.RequestID != tap.RequestID:
		return survey.ErrForbidden
	case t.State != survey.RequestOpened:
		return survey.ErrStale
	case t.AssignmentState != survey.AssignmentInvited && t.AssignmentState != survey.AssignmentAnswered:
		return survey.ErrStale
	}
	return nil
}

// tapOf turns a tap into rows to write; survey.ErrInvalid where the item does not take what it says.
func (s *Store) tapOf(ctx context.Context, now time.Time, t tapped, tap Tap, ballot []byte) (*tapWrite, error) {
	questionnaire, err := s.questionnaires.get(ctx, s.pool, t.QuestionnaireID)
	if err != nil {
		return nil, err
	}
	w := &tapWrite{
		tap: tap, day: now.UTC(), round: t.RoundID, ballot: ballot, panel: t.PanelID, subject: t.SubjectID,
		relation: t.Relation, stratum: t.Stratum, item: int16(tap.Item),
	}
	return w, w.set(questionnaire, tap)
}

// textGiven stands in open_answer for a text, which is kept apart.
const textGiven = "t"

// set checks the value against the item and puts it where it belongs.
func (w *tapWrite) set(questionnaire *survey.Questionnaire, tap Tap) error {
	item, ok := questionnaire.Item(tap.Item)
	if !ok {
		return fmt.Errorf("there is no such item: %w", survey.ErrInvalid)
	}
	value, text := tap.Value, ""
	var err error
	switch {
	case item.AnswerKind() == survey.ShortText:
		if tap.Comment != nil {
			value = *tap.Comment
		}
		if value != survey.Skipped {
			if text, err = item.Typing(value); err != nil {
				return err
			}
			value = textGiven
		} else if err := item.Check(value); err != nil {
			return err
		}
		w.value, w.text = &value, &text
	case tap.Comment != nil:
		if *tap.Comment != "" {
			if text, err = item.Commenting(*tap.Comment); err != nil {
				return err
			}
		}
		w.text = &text
	default:
		// A multiple choice that is required may pass through the empty set.
		if value != survey.Skipped || item.AnswerKind() != survey.Multiple {
			if err := item.Check(value); err != nil {
				return err
			}
		}
		w.value = &value
	}
	return nil
}
