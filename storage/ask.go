package storage

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"pingyi/survey"
)

// heldPanel is a panel of an open round, as asking needs it.
type heldPanel struct {
	ID       int64
	RoundID  int64
	Code     string
	Relation survey.Relation
	Asks     survey.AsksMode
	AsksMax  int
	Sampled  bool
	Who      survey.Who
	Seed     []byte
	Spec     string
	Opening  bool `db:"-"` // nobody has been asked in it yet
}

const panelColumns = `p.id, p.round_id, p.code, p.relation, p.asks, p.asks_max, p.sampled, p.who, r.seed, r.spec`

const sqlPanelsToAsk = `
	SELECT ` + panelColumns + ` FROM panel p JOIN round r ON r.id = p.round_id
	WHERE p.round_id = @round ORDER BY p.position`

// The lock keeps the round from closing before the person is asked.
const sqlOpenPanels = `
	SELECT ` + panelColumns + ` FROM panel p JOIN round r ON r.id = p.round_id
	WHERE r.state IN ('open', 'paused') AND NOT p.sampled
	ORDER BY r.id, p.position FOR SHARE OF r`

// everybody is the person id that stands for all people of a panel.
const everybody int64 = 0

// askEverybody writes requests, assignments and invitations of a round that
// opens, while nobody can join.
func (s *Store) askEverybody(ctx context.Context, tx pgx.Tx, now, due time.Time, r heldRound, spec *survey.RoundSpec) error {
	if _, err := tx.Exec(ctx, sqlWholeSets); err != nil {
		return fmt.Errorf("preparing to ask: %w", err)
	}
	rows, _ := tx.Query(ctx, sqlPanelsToAsk, pgx.NamedArgs{"round": r.ID})
	panels, err := pgx.CollectRows(rows, pgx.RowToStructByName[heldPanel])
	if err != nil {
		return fmt.Errorf("reading the panels: %w", err)
	}
	for i, p := range panels {
		p.Opening = true
		if err := s.askPanel(ctx, tx, now, p, spec.Panels[i].Sample, everybody); err != nil {
			return err
		}
	}
	return inviteAll(ctx, tx, due, r.ID)
}

// askNow asks a person who has just joined, or can be written to again, in
// every open round: panels that are not sampled and that the person belongs to
// get a request and assignments, and every request not yet sent an invitation,
// at once (quiet hours are not for people who are here). It may be repeated. It
// runs inside join.
func (s *Store) askNow(ctx context.Context, tx pgx.Tx, now time.Time, person int64) error {
	rows, _ := tx.Query(ctx, sqlOpenPanels)
	panels, err := pgx.CollectRows(rows, pgx.RowToStructByName[heldPanel])
	if err != nil {
		return fmt.Errorf("reading the open panels: %w", err)
	}
	for _, p := range panels {
		if err := s.askPanel(ctx, tx, now, p, survey.SampleSpec{}, person); err != nil {
			return err
		}
	}
	return invite(ctx, tx, now, person, everyRound, priorityWaiting)
}

// Units with their paths, and the people who belong to a panel today, once
// each: their first membership that fits. The stratum of a citizen is the
// district, of others the unit.
const sqlMembers = `
	WITH RECURSIVE units AS (
		SELECT id, code, '/' || code || '/' AS path FROM unit WHERE parent_id IS NULL
		UNION ALL
		SELECT u.id, u.code, above.path || u.code || '/' FROM unit u JOIN units above ON u.parent_id = above.id
	), members AS (
		SELECT DISTINCT ON (p.id) p.id, p.code,
		       CASE m.kind WHEN 'citizen' THEN p.district ELSE coalesce(u.code, '') END AS stratum,
		       coalesce(u.path, '') AS unit_path,
		       CASE @by::text WHEN 'district' THEN p.district WHEN 'age' THEN p.age_band
		                      WHEN 'unit' THEN coalesce(u.code, '') WHEN 'post' THEN m.post ELSE '' END AS cell
		FROM membership m JOIN person p ON p.id = m.person_id LEFT JOIN units u ON u.id = m.unit_id
		WHERE (@person::bigint = 0 OR m.person_id = @person)
		  AND m.kind = @kind
		  AND coalesce(m.from_date, @today::date) <= @today AND coalesce(m.to_date, @today::date) >= @today
		  AND (cardinality(@units::text[]) = 0 OR u.code = ANY(@units))
		  AND (@under::text = '' OR strpos(u.path, '/' || @under || '/') > 0)
		  AND (cardinality(@districts::text[]) = 0 OR p.district = ANY(@districts))
		  AND (cardinality(@posts::text[]) = 0 OR m.post = ANY(@posts))
		ORDER BY p.id, m.id
	)`

const sqlAskAll = sqlMembers + `
	INSERT INTO request (round_id, panel_id, person_id, stratum, unit_path)
	SELECT @round, @panel, id, stratum, unit_path FROM members ORDER BY id`

// A stratified sample by largest remainder, as survey.Sample draws it.
const sqlAskSample = sqlMembers + `, shares AS (
		SELECT cell, least(@size::bigint, total) * n / total AS whole, least(@size::bigint, total) * n % total AS rest,
		       least(@size::bigint, total) AS size
		FROM (SELECT cell, count(*) AS n, sum(count(*)) OVER ()::bigint AS total FROM members GROUP BY cell) strata
	), places AS (
		SELECT cell, whole + (row_number() OVER (ORDER BY rest DESC, cell COLLATE "C")
		                      <= size - sum(whole) OVER ())::int AS n
		FROM shares
	), drawn AS (
		SELECT p.*, row_number() OVER (PARTITION BY cell ORDER BY ` + rank + `, p.id) AS place FROM members p
	)
	INSERT INTO request (round_id, panel_id, person_id, stratum, unit_path)
	SELECT @round, @panel, id, stratum, unit_path FROM drawn JOIN places USING (cell)
	WHERE place <= n ORDER BY id`

// Whoever was asked before is not asked again.
const (
	sqlUnlessAsked = `
	ON CONFLICT (person_id, panel_id) DO NOTHING`
	sqlUnlessRated = `
	ON CONFLICT (person_id, round_id, subject_id, relation) DO NOTHING`
)

// Whoever has nobody to rate in a panel is not asked in it: all subjects stand
// in panels before it, or none is in the relation.
const sqlDropEmpty = `
	DELETE FROM request q WHERE round_id = @round AND panel_id = @panel AND (@person::bigint = 0 OR person_id = @person)
	  AND NOT EXISTS (SELECT FROM assignment a WHERE ` + ofRequest + `)`

// The planner has to know how many were just asked, or it compares everybody
// with all who rate the same subject.
const sqlAsked = `ANALYZE request, assignment`

// askPanel writes the requests and assignments of one panel, for one person or everybody.
func (s *Store) askPanel(ctx context.Context, tx pgx.Tx, now time.Time, p heldPanel,
	sample survey.SampleSpec, person int64) error {
	args := pgx.NamedArgs{"round": p.RoundID, "panel": p.ID, "person": person, "seed": p.Seed,
		"today": s.today(now), "kind": p.Who.Kind, "under": p.Who.Under, "units": list(p.Who.Units),
		"districts": list(p.Who.Districts), "posts": list(p.Who.Posts),
		"opening": p.Opening, "size": sample.Size, "by": sample.By, "relation": p.Relation, "draw": p.AsksMax}
	ask := sqlAskAll
	if sample.Size > 0 {
		ask = sqlAskSample
	}
	unlessRated := ""
	if !p.Opening {
		ask, unlessRated = ask+sqlUnlessAsked, sqlUnlessRated
	}
	steps := []string{ask}
	if person == everybody {
		steps = append(steps, sqlAsked)
	}
	switch p.Asks {
	case survey.AsksEvery:
		steps = append(steps, sqlPairs(p.Relation, panelRequests)+sqlAssignEvery+unlessRated, sqlDropEmpty)
	case survey.AsksDraw:
		steps = append(steps, sqlDraw(p.Relation)+unlessRated, sqlDropEmpty)
	case survey.AsksChoose:
		steps = append(steps, sqlPairs(p.Relation, panelRequests)+sqlDropChoiceless)
	}
	for _, sql := range steps {
		if _, err := tx.Exec(ctx, sql, args); err != nil {
			return fmt.Errorf("asking panel %s: %w", p.Code, err)
		}
	}
	return nil
}

// today is the date in the project's time zone.
func (s *Store) today(now time.Time) string { return now.In(s.zone).Format(time.DateOnly) }
