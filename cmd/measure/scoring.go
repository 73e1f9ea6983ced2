package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

const (
	townSubjects = 100
	townItems    = 10
	scoringRuns  = 3 // of which the fastest counts, of each way
)

// panels are those of the town, with the weight and the districts of each.
func townPanels() []struct{ code, weight, districts string } {
	return []struct{ code, weight, districts string }{
		{"residents", "50", "d0, d1, d2, d3"}, {"merchants", "30", "d4, d5, d6"}, {"farmers", "20", "d7, d8, d9"},
	}
}

// town writes a project whose people rate a hundred offices by ten questions, one office each.
func town(dir string) error {
	levels := "[{value: 5, label: Very satisfied, points: 100}, {value: 4, label: Satisfied, points: 80}, {value: 3, label: Fair, points: 60}, " +
		"{value: 2, label: Dissatisfied, points: 40}, {value: 1, label: Very dissatisfied, points: 20}]"
	var subjects, items, panels, rules, parts, districts []string
	for i := range townSubjects {
		subjects = append(subjects, fmt.Sprintf("s%d,Office %d,office\n", i, i))
	}
	var codes []string
	for i := range townItems {
		codes = append(codes, fmt.Sprintf("i%d", i))
		items = append(items, fmt.Sprintf("  - {code: i%d, kind: rating, text: Question %d?, dont_know: true, levels: %s}\n", i, i, levels))
		districts = append(districts, fmt.Sprintf("{code: d%d, name: District %d}", i, i))
	}
	for _, p := range townPanels() {
		panels = append(panels, fmt.Sprintf("  - {panel: %s, title: %s, who: {kind: citizen, districts: [%s]}, identity: anonymous, minimum: 5, asks: {draw: 1}}\n",
			p.code, p.code, p.districts))
		rules = append(rules, fmt.Sprintf("  %s: {title: %s, scale: likert, items: [%s], min: 5}\n", p.code, p.code, strings.Join(codes, ", ")))
		parts = append(parts, fmt.Sprintf("          %s: {weight: %s, title: %s, survey: {panel: %s}}\n", p.code, p.weight, p.code, p.code))
	}
	for name, text := range map[string]string{
		"project.yaml": "project: town\nname: Town\nlanguage: en\nnotice: {version: \"1\", text: We keep answers.}\nenrolment: {districts: [" +
			strings.Join(districts, ", ") + "]}\n",
		"units.csv":    "code,name,kind,parent\ntown,Town,office,\n",
		"subjects.csv": "code,name,kind\n" + strings.Join(subjects, ""),
		"visit.yaml":   "questionnaire: visit\ntitle: Your visit\nitems:\n" + strings.Join(items, ""),
		"quarter.yaml": "round: quarter\ntitle: The quarter\nquestionnaire: visit\nsubjects: all\nduration: 14d\npanels:\n" +
			"  - {panel: everybody, title: Everybody, who: {kind: citizen}, identity: anonymous, minimum: 5, asks: {draw: 1}}\n",
		"round.yaml": "round: year\ntitle: The year\nquestionnaire: visit\nscheme: town\nsubjects: all\nduration: 14d\npanels:\n" +
			strings.Join(panels, ""),
		"scheme.yaml": "scheme: town\nversion: \"1\"\ntitle: Town\npanels:\n" + strings.Join(rules, "") +
			"kinds:\n  office:\n    title: Office\n    parts:\n      total:\n        title: Total\n        weighted_mean:\n" +
			strings.Join(parts, "") + "    total: total\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// townDatabase makes a database with the town in it.
func (b *bench) townDatabase(ctx context.Context, name string) (*pgxpool.Pool, error) {
	pool, err := b.database(ctx, name)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(b.dir, "town-")
	if err == nil {
		err = town(dir)
	}
	if err == nil {
		_, err = b.command(ctx, name, "apply", dir)
	}
	if err != nil {
		pool.Close()
		return nil, err
	}
	return pool, nil
}

// command runs the program on one of the bench's databases and says what it used.
func (b *bench) command(ctx context.Context, database string, args ...string) (*os.ProcessState, error) {
	cmd := exec.CommandContext(ctx, b.program, args...) //nolint:gosec // our own program
	cmd.Env, cmd.Stderr = b.env("PINGYI_DATABASE_URL="+b.postgres.URL(database)), os.Stderr
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%s %s: %w", b.program, strings.Join(args, " "), err)
	}
	return cmd.ProcessState, nil
}

// Ballots of a closed round as sealing writes them: numbered by cells, of each panel and office one.
// One answer in twenty is missing, one in twenty skipped, one in twenty-five "don't know".
const (
	sqlScoringAnswers = `
	INSERT INTO answer (round_id, ballot_id, item, value)
	SELECT r.id, c.cell << 32 | n, i, CASE WHEN h < 102 THEN '' WHEN h < 143 THEN '0' ELSE (1 + h % 5)::text END
	FROM round r, generate_series(1, $1::bigint) AS c (cell), generate_series(1, $2::bigint / $1 / $3) AS n, generate_series(1, $3::int) AS i,
	     LATERAL (SELECT hashint8((c.cell << 32 | n) * 31 + i) & 1023 AS h) AS drawn
	WHERE r.code = 'year' AND h > 51`
	sqlScoringBallots = `
	INSERT INTO ballot (round_id, id, panel_id, subject_id, rated)
	SELECT r.id, a.ballot_id, p.id, s.subject_id, a.rated
	FROM round r CROSS JOIN (SELECT ballot_id, count(*) FILTER (WHERE value NOT IN ('', '0')) AS rated FROM answer GROUP BY ballot_id) a
	JOIN panel p ON p.round_id = r.id AND p.position = 1 + ((a.ballot_id >> 32) - 1) / $1
	JOIN round_subject s ON s.round_id = r.id AND s.position = 1 + ((a.ballot_id >> 32) - 1) % $1
	WHERE r.code = 'year' ORDER BY a.ballot_id`
)

// What one would write by hand to see the means …
const sqlPlain = `
	SELECT b.subject_id, b.panel_id, a.item, count(*), avg(a.value::int), var_samp(a.value::int)
	FROM answer a JOIN ballot b ON b.round_id = a.round_id AND b.id = a.ballot_id
	WHERE a.round_id = (SELECT id FROM round WHERE code = 'year') AND b.status = 'valid' AND a.value NOT IN ('', '0')
	GROUP BY b.subject_id, b.panel_id, a.item`

// … and if office and panel stood beside every answer.
const sqlPlainNarrow = `
	SELECT a.ballot_id >> 32, a.item, count(*), avg(a.value::int), var_samp(a.value::int)
	FROM answer a WHERE a.round_id = (SELECT id FROM round WHERE code = 'year') AND a.value NOT IN ('', '0')
	GROUP BY a.ballot_id >> 32, a.item`

// scoring measures how long it takes to score a closed round of many answers, beside a plain GROUP BY
// over the same rows.
func (b *bench) scoring(ctx context.Context, _ time.Duration) error {
	pool, err := b.townDatabase(ctx, "scoring")
	if err != nil {
		return err
	}
	defer pool.Close()
	for _, verb := range []string{"open", "close"} {
		if _, err := b.command(ctx, "scoring", "round", verb, "year"); err != nil {
			return err
		}
	}
	cells := len(townPanels()) * townSubjects
	if _, err := pool.Exec(ctx, sqlScoringAnswers, cells, b.answers, townItems); err != nil {
		return fmt.Errorf("filling in answers: %w", err)
	}
	if _, err := pool.Exec(ctx, sqlScoringBallots, townSubjects); err != nil {
		return fmt.Errorf("filling in ballots: %w", err)
	}
	if _, err := pool.Exec(ctx, `VACUUM ANALYZE ballot, answer`); err != nil {
		return err
	}
	var memory int64 // of the largest process, in kB
	ways := []struct {
		name string
		do   func() error
		took time.Duration
	}{
		{name: "plain GROUP BY, joined with the ballots", do: func() error { return b.plain(ctx, pool, sqlPlain) }},
		{name: "plain GROUP BY, nothing to join", do: func() error { return b.plain(ctx, pool, sqlPlainNarrow) }},
		{name: "pingyi evaluation score, all of it", do: func() error {
			used, err := b.command(ctx, "scoring", "evaluation", "score", "year")
			if err == nil {
				memory = max(memory, used.SysUsage().(*syscall.Rusage).Maxrss)
			}
			return err
		}},
	}
	for range scoringRuns {
		for i := range ways {
			at := time.Now()
			if err := ways[i].do(); err != nil {
				return fmt.Errorf("%s: %w", ways[i].name, err)
			}
			if took := time.Since(at); ways[i].took == 0 || took < ways[i].took {
				ways[i].took = took
			}
		}
	}
	rows := [][]any{{"", "took", "beside the joined", "beside the narrow", "memory"}}
	for i, way := range ways {
		used := ""
		if i == len(ways)-1 {
			used = fmt.Sprintf("%d MB", memory>>10)
		}
		rows = append(rows, []any{way.name, way.took.Round(10 * time.Millisecond), times(way.took, ways[0].took), times(way.took, ways[1].took), used})
	}
	return table(fmt.Sprintf("Scoring %d answers of a closed round", b.answers), rows...)
}

// plain runs a query on one connection, with the memory that scoring gives its own.
func (b *bench) plain(ctx context.Context, pool *pgxpool.Pool, sql string) error {
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	if _, err := conn.Exec(ctx, `SET work_mem = '64MB'`); err != nil {
		return err
	}
	_, err = conn.Exec(ctx, sql)
	return err
}

func times(a, b time.Duration) string { return fmt.Sprintf("%.2f×", a.Seconds()/b.Seconds()) }
