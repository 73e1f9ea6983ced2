package storage

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"pingyi/scoring"
	"pingyi/survey"
)

// Ballots are cleaned and counted where they are. Closing numbered them so that
// those which are counted together have the upper half of their ids in common,
// their cell (seal.go): a histogram by cell is one scan of a round's answers,
// whatever its panels, and joins nothing. It counts ballots with too few answers
// too: they are rare, so theirs are taken out again.

// cellBits is how far an id is shifted to get the ballot's cell.
const cellBits = `32`

// Ballots of panels with the number of their answers that count: as closing wrote
// it down, if that is what the scheme asks for …
const sqlSheetsAsSealed = `
	SELECT id, panel_id, subject_id, relation, stratum, status, rated AS n
	FROM ballot WHERE round_id = @round AND panel_id = ANY(@panels::bigint[])`

// … or else counted from the answers.
const sqlSheetsCounted = `
	SELECT b.id, b.panel_id, b.subject_id, b.relation, b.stratum, b.status, coalesce(a.n, 0) AS n
	FROM ballot b LEFT JOIN (
		SELECT ballot_id, count(*) AS n FROM answer
		WHERE round_id = @round AND item = ANY(@items::smallint[]) AND value <> '' AND value <> ALL(@unknown::text[])
		GROUP BY ballot_id
	) a ON a.ballot_id = b.id
	WHERE b.round_id = @round AND b.panel_id = ANY(@panels::bigint[])`

// sqlAlike returns the statement that says how many ballots of a cell have how many answers, and which of
// them are valid and have too few. In all else they are equal: what is told of one holds for all.
func sqlAlike(sheets string) string {
	return `
	SELECT cell, b.panel_id, s.code AS subject, b.relation, b.stratum, b.status = 'valid' AS valid, answered, ballots, void
	FROM (
		SELECT id >> ` + cellBits + ` AS cell, n AS answered, count(*) AS ballots, min(id) AS id,
		       coalesce(array_agg(id) FILTER (WHERE n < @enough AND status = 'valid'), '{}') AS void
		FROM (` + sheets + `) sheets GROUP BY 1, 2
	) alike
	CROSS JOIN LATERAL (SELECT * FROM ballot WHERE round_id = @round AND id = alike.id OFFSET 0) b
	JOIN subject s ON s.id = b.subject_id`
}

// How often which answer was given, by cells: of all ballots in a range of cells …
const sqlHistogram = `
	SELECT ballot_id >> ` + cellBits + ` AS cell, item, value, count(*) AS n FROM answer
	WHERE round_id = @round AND value <> ''
	  AND ballot_id BETWEEN @from::bigint << ` + cellBits + ` AND ((@to::bigint + 1) << ` + cellBits + `) - 1
	GROUP BY 1, 2, 3`

// … or of some.
const sqlHistogramOf = `
	SELECT ballot_id >> ` + cellBits + ` AS cell, item, value, count(*) AS n FROM answer
	WHERE round_id = @round AND ballot_id = ANY(@ballots::bigint[]) AND value <> '' GROUP BY 1, 2, 3`

// panelCount is a panel of a round that is to be counted.
type panelCount struct {
	panelOf
	items   map[int16]string // those that count, by their numbers
	unknown []string
	enough  int64 // answers that a ballot needs
	sealed  bool  // closing has counted them
	cells   []cell
}

// cell is a cell's ballots that hold as many answers: what becomes of one becomes of all.
type cell struct {
	Cell                       int64
	PanelID                    int64
	Subject, Relation, Stratum string
	Valid                      bool
	Answered, Ballots          int64
	Void                       []int64 // ids of those that are valid and hold too few answers
}

// given is how often an answer was given in a cell.
type given struct {
	Cell  int64
	Item  int16
	Value string
	N     int64
}

// toCount prepares the counting of a panel.
func toCount(p panelOf, questionnaire *survey.Questionnaire, rule scoring.PanelRule) *panelCount {
	c := &panelCount{panelOf: p, items: map[int16]string{}, unknown: list(rule.Unknown), sealed: asSealed(questionnaire, rule)}
	for _, it := range questionnaire.Items {
		if slices.Contains(rule.Items, it.Code) {
			c.items[int16(it.N)] = it.Code
		}
	}
	// answered ≥ share·items, in whole numbers, and at least one.
	share, asked := rule.Answered, int64(len(rule.Items))
	c.enough = max(1, (share.Num().Int64()*asked+share.Denom().Int64()-1)/share.Denom().Int64())
	return c
}

// countPanels cleans and counts the ballots of panels of one round in the database.
func countPanels(ctx context.Context, tx pgx.Tx, panels []*panelCount, in *inputs) error {
	void, err := sortPanels(ctx, tx, panels)
	if err != nil {
		return err
	}
	cells := []int64{}
	for _, p := range panels {
		for _, a := range p.cells {
			cells = append(cells, a.Cell)
		}
	}
	if len(cells) == 0 {
		return nil
	}
	counts, err := countCells(ctx, tx, pgx.NamedArgs{"round": panels[0].RoundID, "ballots": void,
		"from": slices.Min(cells), "to": slices.Max(cells)})
	if err != nil {
		return err
	}
	for _, p := range panels {
		p.tell(counts, in)
	}
	return nil
}

// sortPanels finds the cells of the panels, and the ballots in them that hold too few answers.
func sortPanels(ctx context.Context, tx pgx.Tx, panels []*panelCount) (void []int64, err error) {
	for _, alike := range readAlike(panels) {
		args, byID := alike[0].args(), map[int64]*panelCount{}
		for _, p := range alike {
			byID[p.PanelID] = p
		}
		args["panels"] = slices.Collect(maps.Keys(byID))
		// Planned anew: a plan that was kept from when there were few ballots would look for each cell's in all.
		rows, _ := tx.Query(ctx, sqlAlike(alike[0].sheets()), pgx.QueryExecModeCacheDescribe, args)
		cells, err := pgx.CollectRows(rows, pgx.RowToStructByName[cell])
		if err != nil {
			return nil, err
		}
		for _, c := range cells {
			void, c.Void = append(void, c.Void...), nil
			p := byID[c.PanelID]
			p.cells = append(p.cells, c)
		}
	}
	return void, nil
}

// readAlike puts panels together whose sheets are read by the same statement: sealed ones that need as
// many answers.
func readAlike(panels []*panelCount) [][]*panelCount {
	var groups [][]*panelCount
	for _, p := range panels {
		i := slices.IndexFunc(groups, func(g []*panelCount) bool {
			return p.sealed && g[0].sealed && p.enough == g[0].enough
		})
		if i < 0 {
			groups = append(groups, nil)
			i = len(groups) - 1
		}
		groups[i] = append(groups[i], p)
	}
	return groups
}

// sheets is the statement that reads the panel's ballots, and args are its arguments.
func (c *panelCount) sheets() string {
	if c.sealed {
		return sqlSheetsAsSealed
	}
	return sqlSheetsCounted
}

func (c *panelCount) args() pgx.NamedArgs {
	return pgx.NamedArgs{"round": c.RoundID, "panels": []int64{c.PanelID}, "items": slices.Collect(maps.Keys(c.items)),
		"unknown": c.unknown, "enough": c.enough}
}

// countCells counts all answers of a range of cells, but those of some ballots.
func countCells(ctx context.Context, tx pgx.Tx, args pgx.NamedArgs) (map[int64][]given, error) {
	rows, _ := tx.Query(ctx, sqlHistogram, args)
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[given])
	if err != nil {
		return nil, err
	}
	rows, _ = tx.Query(ctx, sqlHistogramOf, args)
	less, err := pgx.CollectRows(rows, pgx.RowToStructByPos[given])
	if err != nil {
		return nil, err
	}
	out := map[given]int64{} // by the answer, its N left out
	for _, g := range less {
		out[given{g.Cell, g.Item, g.Value, 0}] = g.N
	}
	cells := map[int64][]given{}
	for _, g := range all {
		if g.N -= out[given{g.Cell, g.Item, g.Value, 0}]; g.N > 0 {
			cells[g.Cell] = append(cells[g.Cell], g)
		}
	}
	return cells, nil
}

// answer is one that was given to an item, by the item's code.
type answer struct{ item, value string }

// told is what is told of ballots that are told apart by nothing else.
type told struct {
	turnout scoring.Turnout
	answers map[answer]int64
}

// tell says what became of a panel's ballots, and how often those that count gave which answer.
func (c *panelCount) tell(counts map[int64][]given, in *inputs) {
	type group struct{ subject, relation string }
	valid := map[group]int64{}
	for _, a := range c.cells {
		if a.Valid {
			valid[group{a.Subject, a.Relation}] += a.Ballots
		}
	}
	all := map[scoring.Turnout]*told{} // without the numbers
	for _, a := range c.cells {
		key := scoring.Turnout{Panel: c.Code, Relation: a.Relation, Subject: a.Subject, Stratum: a.Stratum, Period: c.Period}
		t := all[key]
		if t == nil {
			t = &told{turnout: key, answers: map[answer]int64{}}
			all[key] = t
		}
		switch {
		case !a.Valid || valid[group{a.Subject, a.Relation}] < int64(c.few):
			t.turnout.Invalid += a.Ballots
		case a.Answered < c.enough:
			t.turnout.Void += a.Ballots
		default:
			t.turnout.Valid += a.Ballots
			c.count(t.answers, counts[a.Cell])
			delete(counts, a.Cell) // once, however many answers its ballots hold
		}
	}
	for _, key := range slices.SortedFunc(maps.Keys(all), func(a, b scoring.Turnout) int {
		return cmp.Or(strings.Compare(a.Subject, b.Subject), strings.Compare(a.Relation, b.Relation),
			strings.Compare(a.Stratum, b.Stratum))
	}) {
		in.take(all[key])
	}
}

// count counts those answers of a cell that the panel's rule asks for.
func (c *panelCount) count(answers map[answer]int64, counts []given) {
	for _, g := range counts {
		if item, asked := c.items[g.Item]; asked {
			answers[answer{item, g.Value}] += g.N
		}
	}
}

// take takes over what is told, in an order of its own.
func (in *inputs) take(t *told) {
	in.Turnouts = append(in.Turnouts, t.turnout)
	for _, a := range slices.SortedFunc(maps.Keys(t.answers), func(a, b answer) int {
		return cmp.Or(strings.Compare(a.item, b.item), strings.Compare(a.value, b.value))
	}) {
		in.Counts = append(in.Counts, scoring.Count{Panel: t.turnout.Panel, Relation: t.turnout.Relation, Subject: t.turnout.Subject,
			Stratum: t.turnout.Stratum, Period: t.turnout.Period, Item: a.item, Value: a.value, N: t.answers[a]})
	}
}

// asSealed says whether a rule counts just those answers of a ballot that
// closing counted (ballot.rated): all but texts, "don't know" and what was skipped.
func asSealed(q *survey.Questionnaire, rule scoring.PanelRule) bool {
	for _, it := range q.Items {
		switch it.AnswerKind() {
		case survey.ShortText:
		case survey.Rating, survey.Score, survey.Number, survey.YesNo:
			if !slices.Contains(rule.Items, it.Code) {
				return false
			}
		default:
			return false // an option may be called as closing calls a text
		}
	}
	unknown := slices.Sorted(slices.Values(rule.Unknown))
	return slices.Equal(slices.Compact(unknown), []string{survey.RatingUnknown, survey.DontKnow})
}
