package storage

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"pingyi/survey"
)

// House is what project files can say: as it stands in the database, or the
// part of it that is to be written. Of questionnaires and schemes it holds the
// newest versions.
type House struct {
	Project        *survey.Project // nil: none yet, or not to be written
	Units          []UnitRow
	People         []PersonRow
	Subjects       []SubjectRow // new ones are asked about in this order
	Calendar       survey.Calendar
	Questionnaires []VersionRow
	Schemes        []VersionRow
	Series         []SeriesRow
	Rounds         []RoundRow
	Evaluations    []EvaluationRow
	Values         []ValueRow
	Ledger         []LedgerRow
}

// UnitRow is a unit; Parent is a unit's code or empty.
type UnitRow struct {
	Code       string
	Name       survey.Text
	Kind       string
	Parent     string
	Attributes map[string]string
}

// PersonRow is a person with the memberships and roles that files decide on;
// writing it replaces them. Those from elsewhere are not among them and stay:
// memberships by the public link, admins by PINGYI_ADMINS.
type PersonRow struct {
	Code        string
	Name        string
	Language    survey.Lang
	TelegramID  int64  // 0: not linked; writing it for somebody who is linked, or released, changes nothing
	PhoneHash   []byte // nil: none; see Store.PhoneHash
	Enrolled    bool   // came by itself; writing makes it a person of the roster
	Admin       bool   // by PINGYI_ADMINS; only read
	Released    bool   // gave up its account (not me, /forget); only read
	District    string
	Age         string
	Memberships []MembershipRow // in the order of kind, unit, post, from
	Roles       []RoleRow       // in the order of role, unit
}

// MembershipRow is one capacity of a person. Unit and Manager are codes or
// empty, From and To dates (2006-01-02) or empty.
type MembershipRow struct {
	Kind    survey.PersonKind
	Unit    string
	Manager string
	Post    string
	From    string
	To      string
}

// RoleRow is a right; Unit is the code of the unit it is limited to, or empty.
type RoleRow struct {
	Role string
	Unit string
}

// SubjectRow is who or what is rated; Unit and Person are codes or empty.
type SubjectRow struct {
	Code       string
	Name       survey.Text
	Kind       string
	Group      string
	Parent     string
	Unit       string
	Person     string
	Attributes map[string]string
	Active     bool
}

// VersionRow is a version of a questionnaire or a scheme. Versions are never
// changed: what differs is written under the next number.
type VersionRow struct {
	Code    string
	Version int
	Hash    []byte // of the content as its parser sees it
	Body    string
}

// SeriesRow is a series file.
type SeriesRow struct {
	Code string
	Body string
}

// RoundRow is a round and the file it came from.
type RoundRow struct {
	Code     string
	Title    survey.Text
	Period   string
	Body     string
	State    survey.RoundState
	OpensAt  *time.Time
	ClosesAt *time.Time
}

// EvaluationRow is an evaluation; Scheme is a code, whose newest version is
// taken when the row is written, which makes it a draft again.
type EvaluationRow struct {
	Code    string
	Title   survey.Text
	Period  string
	State   survey.EvaluationState
	Scheme  string
	Version int // of the scheme; only read
	Params  map[string]string
	Rounds  []survey.EvaluationRound // in the order of their codes
}

// ValueKey says which value a row of values.csv is.
type ValueKey struct {
	Subject, Indicator, Period, Source, Date string
}

// ValueRow is a value and what belongs to it, as written in the file.
type ValueRow struct {
	ValueKey
	Value, Target, Due, Weight string
}

// LedgerRow is an entry of the ledger, as written in the file.
type LedgerRow struct {
	ID, Subject, Kind, Points, Category, Date, Approved, Matter, Level, Indicator, Period, Reason string
}

// House reads what stands in the database.
func (s *Store) House(ctx context.Context) (*House, error) {
	var house *House
	err := pgx.BeginTxFunc(ctx, s.pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly},
		func(tx pgx.Tx) (err error) {
			house, err = readHouse(ctx, tx)
			return err
		})
	if err != nil {
		return nil, fmt.Errorf("storage: reading the house: %w", mapError(err))
	}
	return house, nil
}

// The tables that files can change. Locking them keeps the plan true until it
// is written; answering and sending go on, for they write none of these.
const sqlHoldHouse = `
	LOCK TABLE unit, person, membership, role, subject, calendar, questionnaire, scheme, series, round,
	    evaluation, evaluation_round, indicator_value, ledger IN SHARE ROW EXCLUSIVE MODE`

// Apply changes the house: plan sees it as it stands, under lock, and returns
// the rows to write and what to keep of them in the audit log; an error of
// plan ends all of it with nothing changed and is returned as it is, wrapped.
// Rows that are not named stay as they are. Nothing to write is no change, and
// leaves no trace in the log.
func (s *Store) Apply(ctx context.Context, now time.Time, cause Cause,
	plan func(*House) (write *House, record any, err error)) error {
	err := s.join(ctx, now, cause, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, sqlHoldHouse); err != nil {
			return err
		}
		standing, err := readHouse(ctx, tx)
		if err != nil {
			return err
		}
		write, record, err := plan(standing)
		if err != nil || write.empty() {
			return err
		}
		if err := s.writeHouse(ctx, tx, now, write); err != nil {
			return err
		}
		if err := notify(ctx, tx, clockChannel, deliveryChannel); err != nil {
			return err
		}
		return s.audit(ctx, tx, now, cause, "apply", "project", nil, record)
	})
	if err != nil {
		return fmt.Errorf("storage: applying project files: %w", err)
	}
	return nil
}

func (h *House) empty() bool {
	return h == nil || h.Project == nil && len(h.Units)+len(h.People)+len(h.Subjects)+len(h.Calendar)+
		len(h.Questionnaires)+len(h.Schemes)+len(h.Series)+len(h.Rounds)+len(h.Evaluations)+
		len(h.Values)+len(h.Ledger) == 0
}
