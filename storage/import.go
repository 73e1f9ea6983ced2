package storage

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"pingyi/survey"
)

// Ballots that were collected elsewhere come in files and stand beside those
// that were sealed. Who or which device gave them is kept as a keyed digest,
// which tells two of them apart and nothing else.

// ImportTarget is what the ballots of a file are checked against: a round as
// it was opened.
type ImportTarget struct {
	Period   string
	State    survey.RoundState
	Panels   map[string]*survey.Questionnaire // by the panels' codes; shared, not to be changed
	Subjects map[string]bool                  // codes of those that the round rates
	Settled  string                           // an evaluation of the round that is approved or published; "": none
	Files    map[[sha256.Size]byte]bool       // hashes of the files imported before
	Refs     map[string]bool                  // ids of the ballots imported before
}

// ImportFile is a file of ballots, checked. A ballot may come in parts, each
// with some of its answers, that agree in everything else; it may be gone
// through more than once.
type ImportFile struct {
	Name    string // without its folder
	Hash    [sha256.Size]byte
	Ballots iter.Seq[ImportBallot]
}

// ImportBallot is one response of a file, or a part of it. Respondent and
// Device are whatever the file calls them; neither is kept.
type ImportBallot struct {
	Ref, Panel, Subject, Relation, Stratum string
	Status                                 string // "valid", or why it does not count
	Respondent, Device                     string
	Submitted                              string // as scoring reads it; "": unknown
	Count                                  int64  // so many equal ballots, at least 1
	Answers                                []ImportAnswer
}

// ImportAnswer is an answer to an item by its number: a canonical value, or
// the text that was written.
type ImportAnswer struct {
	Item        int
	Value, Text string
}

const (
	sqlImportRound    = `SELECT id, period, state FROM round WHERE code = @code`
	sqlImportPanels   = `SELECT code, id, questionnaire_id FROM panel WHERE round_id = @round`
	sqlImportSubjects = `
	SELECT s.code, s.id, 0 FROM round_subject rs JOIN subject s ON s.id = rs.subject_id WHERE rs.round_id = @round`
	sqlImportFiles   = `SELECT hash FROM ballot_import WHERE round_id = @round`
	sqlImportRefs    = `SELECT ref FROM imported_ballot WHERE round_id = @round`
	sqlImportSettled = `
	SELECT coalesce(min(e.code), '') FROM evaluation e JOIN evaluation_round er ON er.evaluation_id = e.id
	WHERE er.round_id = @round AND e.state IN ('approved', 'published')`
)

// ImportTarget reads what ballots for a round are checked against. A round
// that is not there is survey.ErrNotFound; one that has not opened yet has
// neither panels nor subjects, and is survey.ErrNotYet; one that was called
// off is survey.ErrClosed.
func (s *Store) ImportTarget(ctx context.Context, code string) (*ImportTarget, error) {
	target := &ImportTarget{Panels: map[string]*survey.Questionnaire{}, Subjects: map[string]bool{},
		Files: map[[sha256.Size]byte]bool{}, Refs: map[string]bool{}}
	err := pgx.BeginTxFunc(ctx, s.pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly},
		func(tx pgx.Tx) error { return s.readTarget(ctx, tx, code, target) })
	if err != nil {
		return nil, fmt.Errorf("storage: importing into round %s: %w", code, mapError(err))
	}
	return target, nil
}

func (s *Store) readTarget(ctx context.Context, tx pgx.Tx, code string, target *ImportTarget) error {
	var round int64
	err := tx.QueryRow(ctx, sqlImportRound, pgx.NamedArgs{"code": code}).Scan(&round, &target.Period, &target.State)
	if err != nil {
		return err
	}
	if err := takesImports(target.State); err != nil {
		return err
	}
	args := pgx.NamedArgs{"round": round}
	if err := tx.QueryRow(ctx, sqlImportSettled, args).Scan(&target.Settled); err != nil {
		return err
	}
	panels, err := codesOf(ctx, tx, sqlImportPanels, args)
	if err != nil {
		return err
	}
	for panel, ids := range panels {
		if target.Panels[panel], err = s.questionnaires.get(ctx, tx, ids.questionnaire); err != nil {
			return err
		}
	}
	subjects, err := codesOf(ctx, tx, sqlImportSubjects, args)
	if err != nil {
		return err
	}
	for subject := range subjects {
		target.Subjects[subject] = true
	}
	var hash []byte
	rows, _ := tx.Query(ctx, sqlImportFiles, args)
	if _, err := pgx.ForEachRow(rows, []any{&hash}, func() error {
		target.Files[[sha256.Size]byte(hash)] = true
		return nil
	}); err != nil {
		return err
	}
	var ref string
	rows, _ = tx.Query(ctx, sqlImportRefs, args)
	_, err = pgx.ForEachRow(rows, []any{&ref}, func() error {
		target.Refs[ref] = true
		return nil
	})
	return err
}

// importIDs are the ids behind a code; questionnaire of panels only.
type importIDs struct{ id, questionnaire int64 }

// codesOf reads the panels or the subjects of a round.
func codesOf(ctx context.Context, tx pgx.Tx, sql string, args pgx.NamedArgs) (map[string]importIDs, error) {
	all := make(map[string]importIDs)
	var code string
	var ids importIDs
	rows, _ := tx.Query(ctx, sql, args)
	_, err := pgx.ForEachRow(rows, []any{&code, &ids.id, &ids.questionnaire}, func() error {
		all[code] = ids
		return nil
	})
	return all, err
}

// takesImports says whether a round in this state takes ballots from files.
func takesImports(state survey.RoundState) error {
	switch state {
	case survey.RoundDraft, survey.RoundScheduled:
		return fmt.Errorf("it is %s: %w", state, survey.ErrNotYet)
	case survey.RoundCancelled:
		return fmt.Errorf("it is %s: %w", state, survey.ErrClosed)
	}
	return nil
}

const (
	sqlKeepImport = `
	INSERT INTO ballot_import (round_id, hash, name, ballots, answers, at)
	VALUES (@round, @hash, @name, 0, 0, @now)
	ON CONFLICT (round_id, hash) DO NOTHING RETURNING id`
	// The rows of all files, in their order, for the length of the transaction:
	// it never reaches the write-ahead log.
	sqlIncoming = `
	CREATE TEMP TABLE incoming (
		import_id bigint NOT NULL, ref text NOT NULL, panel_id bigint NOT NULL, subject_id bigint NOT NULL,
		relation text NOT NULL, stratum text NOT NULL, status text NOT NULL, respondent text, device text,
		submitted text NOT NULL, count bigint NOT NULL, item smallint, value text, text text
	) ON COMMIT DROP`
)

// ImportBallots adds the ballots of files to a round that is open or over, all
// or none. A file that was imported before changes nothing, and leaves no
// second trace in the audit log. survey.ErrStale says that a ballot's id was
// imported meanwhile, or that a result with this round was approved.
func (s *Store) ImportBallots(ctx context.Context, now time.Time, cause Cause, code string, files []ImportFile) error {
	err := s.change(ctx, now, cause, func(tx pgx.Tx) error { return s.importBallots(ctx, tx, now, cause, code, files) })
	if err != nil {
		return fmt.Errorf("storage: importing into round %s: %w", code, err)
	}
	return nil
}

func (s *Store) importBallots(ctx context.Context, tx pgx.Tx, now time.Time, cause Cause, code string, files []ImportFile) error {
	rows, _ := tx.Query(ctx, sqlHoldRound, pgx.NamedArgs{"code": code})
	r, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[heldRound])
	if err != nil {
		return err
	}
	if err := takesImports(r.State); err != nil {
		return err
	}
	if err := unsettled(ctx, tx, r.ID); err != nil {
		return err
	}
	w, err := s.importWriter(ctx, tx, r.ID)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, sqlIncoming); err != nil {
		return err
	}
	taken := make(map[int64]importFacts)
	for _, f := range files {
		rows, _ := tx.Query(ctx, sqlKeepImport, pgx.NamedArgs{"round": r.ID, "hash": f.Hash[:], "name": f.Name, "now": now})
		id, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[int64])
		if errors.Is(err, pgx.ErrNoRows) {
			continue // imported before
		}
		if err == nil {
			err = w.copy(ctx, tx, id, f)
		}
		if err != nil {
			return err
		}
		taken[id] = importFacts{File: f.Name, Hash: hex.EncodeToString(f.Hash[:])}
	}
	if len(taken) == 0 {
		return nil
	}
	facts, err := settleImports(ctx, tx, r.ID, taken)
	if err != nil {
		return err
	}
	return s.audit(ctx, tx, now, cause, "round.import", "round:"+code, nil, facts)
}

// unsettled refuses a round whose result has been approved or published.
func unsettled(ctx context.Context, tx pgx.Tx, round int64) error {
	var settled string
	if err := tx.QueryRow(ctx, sqlImportSettled, pgx.NamedArgs{"round": round}).Scan(&settled); err != nil {
		return err
	}
	if settled != "" {
		return fmt.Errorf("evaluation %s is settled: %w", settled, survey.ErrStale)
	}
	return nil
}

// importFacts is what the audit log keeps of a file.
type importFacts struct {
	File    string           `json:"file"`
	Hash    string           `json:"sha256"`
	Ballots int64            `json:"ballots"`
	Answers int64            `json:"answers"`
	Panels  map[string]int64 `json:"panels"` // ballots by panel
}

// importWriter copies the rows of files as they come.
type importWriter struct {
	round            int64
	key              []byte
	panels, subjects map[string]importIDs
}

func (s *Store) importWriter(ctx context.Context, tx pgx.Tx, round int64) (*importWriter, error) {
	key, err := derive(s.keys.secret, "imported respondents")
	if err != nil {
		return nil, err
	}
	w := &importWriter{round: round, key: key}
	args := pgx.NamedArgs{"round": round}
	if w.panels, err = codesOf(ctx, tx, sqlImportPanels, args); err == nil {
		w.subjects, err = codesOf(ctx, tx, sqlImportSubjects, args)
	}
	return w, err
}

func (w *importWriter) copy(ctx context.Context, tx pgx.Tx, id int64, f ImportFile) error {
	next, stop := iter.Pull2(w.rows(id, f.Ballots))
	defer stop()
	var fault error
	_, err := tx.CopyFrom(ctx, pgx.Identifier{"incoming"}, []string{"import_id", "ref", "panel_id", "subject_id", "relation",
		"stratum", "status", "respondent", "device", "submitted", "count", "item", "value", "text"},
		pgx.CopyFromFunc(func() (row []any, err error) {
			row, fault, _ = next()
			return row, fault
		}))
	return cmp.Or(fault, err)
}

// rows yields a row for each answer, and one for what has none.
func (w *importWriter) rows(id int64, ballots iter.Seq[ImportBallot]) iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		for b := range ballots {
			panel, known := w.panels[b.Panel]
			subject, rated := w.subjects[b.Subject]
			if !known || !rated || b.Count < 1 {
				yield(nil, fmt.Errorf("ballot %s: panel, subject or count: %w", b.Ref, survey.ErrInvalid))
				return
			}
			head := []any{id, b.Ref, panel.id, subject.id, b.Relation, b.Stratum, b.Status,
				w.pseudonym("respondent", b.Respondent), w.pseudonym("device", b.Device), b.Submitted, b.Count}
			if len(b.Answers) == 0 && !yield(append(head, nil, nil, nil), nil) {
				return
			}
			for _, a := range b.Answers {
				if !yield(append(slices.Clip(head), int16(a.Item), a.Value, a.Text), nil) {
					return
				}
			}
		}
	}
}

// importedBallot is set in the ids of imported ballots and in no others: they
// are in no cell (seal.go).
const importedBallot int64 = 1 << 62

// pseudonym is the same for the same name in the same round, nil for none.
func (w *importWriter) pseudonym(what, name string) *string {
	if name == "" {
		return nil
	}
	mac := hmac.New(sha256.New, w.key)
	mac.Write(binary.BigEndian.AppendUint64(nil, uint64(w.round)))
	mac.Write([]byte(what + "\x00" + name))
	p := hex.EncodeToString(mac.Sum(nil)[:ballotIDSize])
	return &p
}

// Everything is written in the order of random ids, so that its place tells nothing.
const (
	sqlNumberIncoming = `
	CREATE TEMP TABLE numbered ON COMMIT DROP AS
	SELECT head.*, @bit::bigint | ` + randomID + ` AS id FROM (
		SELECT DISTINCT ON (import_id, ref) import_id, ref, panel_id, subject_id, relation, stratum, status, respondent,
		       device, submitted, count
		FROM incoming ORDER BY import_id, ref
	) head`
	sqlImportedBallots = `
	INSERT INTO ballot (round_id, id, panel_id, subject_id, relation, stratum, status, respondent)
	SELECT @round, id, panel_id, subject_id, relation, stratum, status, respondent FROM numbered ORDER BY id`
	sqlImportedOrigins = `
	INSERT INTO imported_ballot (round_id, ref, ballot_id, panel_id, import_id, device, submitted, count)
	SELECT @round, ref, id, panel_id, import_id, coalesce(device, ''), submitted, count FROM numbered ORDER BY id`
	sqlImportedAnswers = `
	INSERT INTO answer (round_id, ballot_id, item, value)
	SELECT @round, n.id, i.item, i.value FROM incoming i JOIN numbered n USING (import_id, ref)
	WHERE i.item IS NOT NULL AND i.text = '' ORDER BY n.id, i.item`
	sqlImportedComments = `
	WITH texts AS MATERIALIZED (
		SELECT ` + randomID + ` AS id, panel_id, subject_id, relation, item, text FROM incoming WHERE text <> ''
	)
	INSERT INTO comment (id, round_id, panel_id, subject_id, relation, item, text)
	SELECT id, @round, panel_id, subject_id, relation, item, text FROM texts ORDER BY id`
	sqlCountImported = `
	UPDATE ballot_import i SET ballots = b.n, answers = coalesce(a.n, 0)
	FROM (SELECT import_id, sum(n) AS n, jsonb_object_agg(p.code, n) AS panels
	      FROM (SELECT import_id, panel_id, sum(count) AS n FROM numbered GROUP BY 1, 2) by_panel
	      JOIN panel p ON p.id = by_panel.panel_id GROUP BY 1) b
	LEFT JOIN (SELECT import_id, sum(count) AS n FROM incoming WHERE item IS NOT NULL GROUP BY 1) a USING (import_id)
	WHERE i.id = b.import_id RETURNING i.id, i.ballots, i.answers, b.panels`
)

// settleImports writes what has come in where it belongs, and returns what the
// audit log keeps of each file.
func settleImports(ctx context.Context, tx pgx.Tx, round int64, files map[int64]importFacts) ([]importFacts, error) {
	args := pgx.NamedArgs{"round": round, "bit": importedBallot}
	for _, sql := range []string{sqlWholeSets, sqlNumberIncoming, sqlImportedBallots, sqlImportedOrigins,
		sqlImportedAnswers, sqlImportedComments} {
		if _, err := tx.Exec(ctx, sql, args); err != nil {
			return nil, fmt.Errorf("writing what was imported: %w", err)
		}
	}
	var id int64
	var n importFacts
	rows, _ := tx.Query(ctx, sqlCountImported, args)
	_, err := pgx.ForEachRow(rows, []any{&id, &n.Ballots, &n.Answers, &n.Panels}, func() error {
		n.File, n.Hash = files[id].File, files[id].Hash
		files[id] = n
		n.Panels = nil
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("counting what was imported: %w", err)
	}
	var facts []importFacts
	for _, id := range slices.Sorted(maps.Keys(files)) {
		facts = append(facts, files[id])
	}
	return facts, nil
}
