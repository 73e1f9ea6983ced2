package storage

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"github.com/jackc/pgx/v5"

	"pingyi/scoring"
	"pingyi/survey"
)

// schemeFile is the name of the scheme in the inputs and in an export.
const schemeFile = "scheme.yaml"

// inputs are all that a run computes from. Encoded they are canonical: the
// same rows give the same bytes. No field names a respondent.
type inputs struct {
	// Files are those of design §7 except answers.csv, and the scheme.
	Files map[string][]byte
	// Answers of panels whose rules read single responses …
	Responses []scoring.Response
	// … and of the others, counted.
	Counts   []scoring.Count
	Turnouts []scoring.Turnout
}

// encode returns the canonical form, and its hash.
func (in *inputs) encode() (packed, hash []byte, err error) {
	plain, err := json.Marshal(in)
	if err != nil {
		return nil, nil, fmt.Errorf("encoding the inputs: %w", err)
	}
	sum := sha256.Sum256(plain)
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(plain); err != nil {
		return nil, nil, err
	}
	if err := z.Close(); err != nil {
		return nil, nil, err
	}
	return b.Bytes(), sum[:], nil
}

// decodeInputs is the inverse of encode.
func decodeInputs(packed []byte) (*inputs, error) {
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, fmt.Errorf("decoding the inputs: %w", err)
	}
	plain, err := io.ReadAll(z)
	if err != nil {
		return nil, fmt.Errorf("decoding the inputs: %w", err)
	}
	in := &inputs{}
	return in, json.Unmarshal(plain, in)
}

// compute scores the inputs. Everything but the answers is read as `pingyi
// score` reads it, so that an exported folder repeats the run.
func (in *inputs) compute() (*scoring.Result, error) {
	scheme, faults := scoring.ParseScheme(schemeFile, in.Files[schemeFile])
	if errs := faults.Errors(); len(errs) > 0 {
		return nil, fmt.Errorf("%w: %w", survey.ErrInvalid, errs)
	}
	data, _, faults := scoring.ReadFolder(scoring.InMemory(in.Files), nil)
	if errs := faults.Errors(); len(errs) > 0 {
		return nil, fmt.Errorf("%w: %w", survey.ErrInvalid, errs)
	}
	for _, r := range in.Responses {
		data.Ballots.Add(r)
	}
	data.Counts, data.Turnouts = in.Counts, in.Turnouts
	result, faults := scoring.Compute(scheme, data, nil)
	if errs := faults.Errors(); len(errs) > 0 {
		return nil, fmt.Errorf("%w: %w", survey.ErrInvalid, errs)
	}
	return result, nil
}

// evaluated is an evaluation with what its inputs are read by.
type evaluated struct {
	ID         int64
	Code       string
	Period     string
	Params     map[string]string
	SchemeID   int64
	SchemeCode string
	Scheme     string
	Panels     []panelOf `db:"-"` // of its closed rounds
}

const sqlEvaluated = `
	SELECT e.id, e.code, e.period, e.params, s.id AS scheme_id, s.code AS scheme_code, s.body AS scheme
	FROM evaluation e JOIN scheme s ON s.id = e.scheme_id WHERE e.code = @code`

// panelOf is a panel of one of an evaluation's rounds.
type panelOf struct {
	RoundID         int64
	Period          string // the part of the evaluation's period
	PanelID         int64
	Code            string
	Identity        survey.Identity
	Minimum         int
	QuestionnaireID int64
	Imported        bool // some of its ballots were
	Strays          bool // of these, some in another relation than its own

	few   int      // ballots of groups smaller than this do not count
	asked []string // items that every response has, answered or not
}

const (
	sqlEvaluatedRounds = `
	SELECT r.code, r.state, er.period FROM evaluation_round er JOIN round r ON r.id = er.round_id
	WHERE er.evaluation_id = @evaluation ORDER BY r.code COLLATE "C"`
	sqlEvaluatedPanels = `
	SELECT r.id AS round_id, er.period, p.id AS panel_id, p.code, p.identity, p.minimum, p.questionnaire_id,
	       EXISTS (SELECT FROM imported_ballot i WHERE i.panel_id = p.id) AS imported,
	       CASE WHEN EXISTS (SELECT FROM imported_ballot i WHERE i.panel_id = p.id)
	            THEN EXISTS (SELECT FROM imported_ballot i JOIN ballot b ON b.round_id = i.round_id AND b.id = i.ballot_id
	                         WHERE i.panel_id = p.id AND b.relation <> p.relation) ELSE false END AS strays
	FROM evaluation_round er JOIN round r ON r.id = er.round_id JOIN panel p ON p.round_id = r.id
	WHERE er.evaluation_id = @evaluation AND r.state = 'closed'
	ORDER BY r.code COLLATE "C", p.position`
)

// Sets of ballots and of requests are joined whole, in memory where they fit: the
// planner takes what was just written for a few rows, and would look each of
// millions up.
const sqlWholeSets = `SELECT set_config('enable_nestloop', 'off', true), set_config('work_mem', '64MB', true)`

// counting says which form the answers are wanted in: counts where they
// suffice, for a run; or rows throughout, for an export.
type counting bool

// readInputs reads what an evaluation computes from, in one snapshot. A round
// that is not over yet is survey.ErrNotYet.
func (s *Store) readInputs(ctx context.Context, code string, count counting) (*evaluated, *inputs, error) {
	var e evaluated
	in := &inputs{}
	snapshot := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	err := pgx.BeginTxFunc(ctx, s.pool, snapshot, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, sqlWholeSets)
		if err != nil {
			return err
		}
		rows, _ := tx.Query(ctx, sqlEvaluated, pgx.NamedArgs{"code": code})
		if e, err = pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[evaluated]); err != nil {
			return err
		}
		if err := roundsOver(ctx, tx, e.ID); err != nil {
			return err
		}
		if in.Files, err = readFiles(ctx, tx, e); err != nil {
			return err
		}
		if e.Panels, err = readPanels(ctx, tx, e.ID); err != nil {
			return err
		}
		return s.readResponses(ctx, tx, e, in, count)
	})
	return &e, in, mapError(err)
}

func roundsOver(ctx context.Context, tx pgx.Tx, evaluation int64) error {
	rows, _ := tx.Query(ctx, sqlEvaluatedRounds, pgx.NamedArgs{"evaluation": evaluation})
	rounds, err := pgx.CollectRows(rows, pgx.RowToStructByName[EvaluatedRound])
	if err != nil {
		return err
	}
	for _, r := range rounds {
		if r.State != survey.RoundClosed && r.State != survey.RoundCancelled {
			return fmt.Errorf("round %s is %s: %w", r.Code, r.State, survey.ErrNotYet)
		}
	}
	return nil
}

func readPanels(ctx context.Context, tx pgx.Tx, evaluation int64) ([]panelOf, error) {
	rows, _ := tx.Query(ctx, sqlEvaluatedPanels, pgx.NamedArgs{"evaluation": evaluation})
	return pgx.CollectRows(rows, pgx.RowToStructByName[panelOf])
}

// readResponses reads the answers of all panels of the closed rounds.
func (s *Store) readResponses(ctx context.Context, tx pgx.Tx, e evaluated, in *inputs, count counting) error {
	scheme, faults := scoring.ParseScheme(schemeFile, []byte(e.Scheme))
	if errs := faults.Errors(); len(errs) > 0 {
		return fmt.Errorf("%w: %w", survey.ErrInvalid, errs)
	}
	rules, err := rulesOf(scheme, runParams(e))
	if err != nil {
		return err
	}
	if err := s.findItems(ctx, tx, e.Panels, rules); err != nil {
		return err
	}
	var ballots scoring.Ballots // that suffice as counts, but may replace each other
	var counted []*panelCount
	respondents := make(map[string]string)
	for _, p := range e.Panels {
		questionnaire, err := s.questionnaires.get(ctx, tx, p.QuestionnaireID)
		if err != nil {
			return err
		}
		rule, known := rules[p.Code]
		p.few = p.fewer(rule, e.Panels)
		take := func(r scoring.Response) { in.Responses = append(in.Responses, r) }
		switch form := formOf(p.Code, rule, e.Panels); {
		case bool(count) && known && form == byCells:
			counted = append(counted, toCount(p, questionnaire, rule))
			continue
		case bool(count) && known && form == byTally:
			take = ballots.Add
		}
		if err := readPanel(ctx, tx, p, questionnaire, respondents, take); err != nil {
			return fmt.Errorf("answers of panel %s: %w", p.Code, err)
		}
	}
	numberResponses(in.Responses)
	if in.Counts, in.Turnouts, faults = scheme.Tally(&ballots, runParams(e)); len(faults) > 0 {
		return fmt.Errorf("%w: %w", survey.ErrInvalid, faults)
	}
	for len(counted) > 0 {
		rest := slices.IndexFunc(counted, func(c *panelCount) bool { return c.RoundID != counted[0].RoundID })
		if rest < 0 {
			rest = len(counted)
		}
		if err := countPanels(ctx, tx, counted[:rest], in); err != nil {
			return fmt.Errorf("answers of round %d: %w", counted[0].RoundID, err)
		}
		counted = counted[rest:]
	}
	return nil
}

// findItems notes the items of panels of which a scheme takes whatever they were asked: each of their
// responses has all of these, answered or not.
func (s *Store) findItems(ctx context.Context, tx pgx.Tx, panels []panelOf, rules map[string]scoring.PanelRule) error {
	all := map[string][]string{}
	for i, p := range panels {
		if rule, known := rules[p.Code]; !known || len(rule.Items) > 0 {
			continue
		}
		questionnaire, err := s.questionnaires.get(ctx, tx, p.QuestionnaireID)
		if err != nil {
			return err
		}
		panels[i].asked = ratedItems(questionnaire)
		all[p.Code] = append(all[p.Code], panels[i].asked...)
	}
	for code, items := range all {
		slices.Sort(items)
		rule := rules[code]
		rule.Items = slices.Compact(items)
		rules[code] = rule
	}
	return nil
}

// fewer is the size below which groups of a panel's ballots are set aside, as
// their people were promised. Where the scheme itself leaves out all that are
// so small, it is left to the scheme, which says so of each figure.
func (p panelOf) fewer(rule scoring.PanelRule, panels []panelOf) int {
	rounds := 0
	for _, other := range panels {
		if other.Code == p.Code {
			rounds++ // figures may take the panel's ballots of several rounds together
		}
	}
	if rule.Min >= int64(p.Minimum) && rounds == 1 && !p.Strays {
		return 0
	}
	return p.Minimum
}

func rulesOf(scheme *scoring.Scheme, given scoring.Params) (map[string]scoring.PanelRule, error) {
	list, faults := scheme.Panels(given)
	if errs := faults.Errors(); len(errs) > 0 {
		return nil, fmt.Errorf("%w: %w", survey.ErrInvalid, errs)
	}
	rules := make(map[string]scoring.PanelRule, len(list))
	for _, rule := range list {
		rules[rule.Panel] = rule
	}
	return rules, nil
}

// form is how the ballots of a panel are read for a run.
type form int

const (
	byRows  form = iota // each response, for rules that read single ones
	byTally             // cleaned as files are, and counted: a respondent could have answered twice
	byCells             // counted where they are
)

// formOf says in which form all panels of a code are read. Over several rounds, of two responses of
// somebody the one that says more counts, which only rows tell.
func formOf(code string, rule scoring.PanelRule, panels []panelOf) form {
	rounds, once := 0, true
	for _, p := range panels {
		if p.Code == code {
			rounds++
			once = once && p.Identity == survey.Anonymous && !p.Imported
		}
	}
	switch {
	case rule.Rows:
		return byRows
	case once:
		return byCells
	case rounds == 1:
		return byTally
	}
	return byRows
}

// runParams are the parameters of an evaluation and its period.
func runParams(e evaluated) scoring.Params {
	p := make(scoring.Params, len(e.Params)+1)
	for name, value := range e.Params {
		p[name] = value
	}
	if e.Period != "" {
		p["period"] = e.Period
	}
	return p
}
