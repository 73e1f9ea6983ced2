package storage

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"pingyi/survey"
)

// Counts say how far a panel, or a group of its people, has come. Each is of
// people; whoever is done has also opened, and so on.
type Counts struct {
	Asked       int
	Delivered   int
	Opened      int
	Done        int
	Declined    int
	Unreachable int
}

// PanelCounts are the counts of one panel of a round, and of the groups of its
// people (districts of citizens, units of others).
type PanelCounts struct {
	ID       int64
	Code     string
	Title    survey.Text
	Identity survey.Identity
	Minimum  int
	Counts
	// Groups has no group smaller than the panel's minimum, or than five where
	// that is below three: the small ones stand
	// together as "", with the next larger where they are too few even so, so
	// that none can be told from the others and the whole. Nil where all of the
	// panel is too small.
	Groups []GroupCounts
}

// GroupCounts are the counts of one group.
type GroupCounts struct {
	Group string      // code
	Name  survey.Text // of the unit; nil where the group is none
	Counts
}

// countColumns add up what the shards of progress hold.
const countColumns = `coalesce(sum(asked), 0)::bigint AS asked, coalesce(sum(delivered), 0)::bigint AS delivered,
	       coalesce(sum(opened), 0)::bigint AS opened, coalesce(sum(done), 0)::bigint AS done,
	       coalesce(sum(declined), 0)::bigint AS declined, coalesce(sum(unreachable), 0)::bigint AS unreachable`

// leastGroup is the least size of a group whose participation is counted apart: the minimum that was
// announced, and five where a panel scores single ballots, for who has answered is nobody's to know.
const leastGroup = `CASE WHEN p.minimum >= 3 THEN p.minimum ELSE 5 END`

const (
	// While a round is under way its requests are counted as they change (trigger
	// count_requests) …
	sqlPanelCounts = `
	SELECT p.id AS panel_id, NULL::text AS group_code, ` + countColumns + `
	FROM panel p LEFT JOIN progress g ON g.round_id = p.round_id AND g.panel_id = p.id
	WHERE p.round_id = @round GROUP BY p.id`
	sqlGroupCounts = `
	SELECT g.panel_id, CASE WHEN merged THEN '' ELSE stratum END AS group_code, ` + countColumns + `
	FROM (
		SELECT s.*, s.asked < ` + leastGroup + ` OR coalesce(sum(s.asked) OVER (
		           PARTITION BY s.panel_id ORDER BY s.stratum <> '', s.asked, s.stratum
		           ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) < ` + leastGroup + `, false) AS merged
		FROM (SELECT panel_id, stratum, ` + countColumns + `
		      FROM progress WHERE round_id = @round GROUP BY panel_id, stratum HAVING sum(asked) > 0) s
		JOIN panel p ON p.id = s.panel_id
	) g JOIN panel p ON p.id = g.panel_id
	GROUP BY g.panel_id, 2, p.minimum HAVING sum(asked) >= ` + leastGroup
	sqlCounts = sqlPanelCounts + ` UNION ALL ` + sqlGroupCounts
	// … and kept at its end, for requests are not.
	sqlTurnout = `
	INSERT INTO turnout (round_id, panel_id, group_code, asked, delivered, opened, done, declined, unreachable)
	SELECT @round, counts.* FROM (` + sqlCounts + `) counts`
	sqlReadCounts = `
	SELECT p.id, p.code, p.title, p.identity, p.minimum, c.group_code, u.name,
	       c.asked, c.delivered, c.opened, c.done, c.declined, c.unreachable
	FROM (
		SELECT panel_id, group_code, asked, delivered, opened, done, declined, unreachable
		FROM turnout WHERE round_id = @round
		UNION ALL
		SELECT counts.* FROM (` + sqlCounts + `) counts
		WHERE NOT EXISTS (SELECT FROM turnout WHERE round_id = @round)
	) c JOIN panel p ON p.id = c.panel_id LEFT JOIN unit u ON u.code = c.group_code
	ORDER BY p.position, c.group_code NULLS FIRST`
)

// RoundCounts returns how far the panels of a round have come, or came. It
// knows no names and no answers.
func (s *Store) RoundCounts(ctx context.Context, round int64) ([]PanelCounts, error) {
	rows, _ := s.pool.Query(ctx, sqlReadCounts, pgx.NamedArgs{"round": round})
	var panels []PanelCounts
	var p PanelCounts
	var group *string
	var unit survey.Text
	_, err := pgx.ForEachRow(rows, append([]any{&p.ID, &p.Code, &p.Title, &p.Identity, &p.Minimum, &group, &unit},
		p.columns()...), func() error {
		if group == nil {
			panels = append(panels, p)
		} else {
			last := &panels[len(panels)-1]
			last.Groups = append(last.Groups, GroupCounts{Group: *group, Name: unit, Counts: p.Counts})
		}
		p.Title, unit = nil, nil // the next row gets maps of its own
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("storage: counts of round %d: %w", round, mapError(err))
	}
	return panels, nil
}

// columns are the places that countColumns are read into.
func (c *Counts) columns() []any {
	return []any{&c.Asked, &c.Delivered, &c.Opened, &c.Done, &c.Declined, &c.Unreachable}
}
