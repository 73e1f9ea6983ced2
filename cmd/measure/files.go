package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// answerFile is a folder of answers by the shipped scheme jingzhou: so many responses of panels, and
// so many online votes from devices some of which vote again; each on one subject, with four items.
type answerFile struct {
	title           string
	ballots, online int
}

const (
	ratedSubjects = 122
	ratedItems    = 4
)

func (f answerFile) rows() int { return ratedItems * (f.ballots + f.online) }

// files measures scoring a folder of files beside a plain GROUP BY over the same rows.
func (b *bench) files(ctx context.Context, _ time.Duration) error {
	conn, err := pgx.Connect(ctx, b.postgres.URL("postgres"))
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	rows := [][]any{{"", "rows", "score", "µs/row", "peak MB", "GROUP BY", "×", "COPY + GROUP BY", "×"}}
	for _, f := range []answerFile{
		{"10⁴", 250, 2_250}, {"10⁵", 2_500, 22_500}, {"10⁶", 25_000, 225_000}, {"10⁷", 250_000, 2_250_000},
		{"a year of a city", 25_000, 300_000},
	} {
		row, err := b.scoreFile(ctx, conn, f)
		if err != nil {
			return fmt.Errorf("scoring %s: %w", f.title, err)
		}
		rows = append(rows, row)
	}
	return table("Scoring answers from a file: pingyi score, beside SELECT panel, subject, item, count(*), avg(points) … GROUP BY", rows...)
}

func (b *bench) scoreFile(ctx context.Context, conn *pgx.Conn, f answerFile) ([]any, error) {
	dir, err := os.MkdirTemp(b.dir, "answers")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if err := f.write(dir); err != nil {
		return nil, err
	}
	score, memory, err := b.scoreFolder(ctx, dir)
	if err != nil {
		return nil, err
	}
	copied, err := copyAnswers(ctx, conn, dir)
	if err != nil {
		return nil, err
	}
	first, err := groupAnswers(ctx, conn, f.rows())
	if err != nil {
		return nil, err
	}
	grouped, err := groupAnswers(ctx, conn, f.rows())
	if err != nil {
		return nil, err
	}
	times := func(d time.Duration) string { return fmt.Sprintf("%.2f", score.Seconds()/d.Seconds()) }
	seconds := func(d time.Duration) string { return fmt.Sprintf("%.2f s", d.Seconds()) }
	return []any{f.title, f.rows(), seconds(score), fmt.Sprintf("%.2f", score.Seconds()*1e6/float64(f.rows())), memory,
		seconds(grouped), times(grouped), seconds(copied + first), times(copied + first)}, nil
}

// scoreFolder scores a folder in a process of its own, and tells the most memory it held, in MB.
func (b *bench) scoreFolder(ctx context.Context, dir string) (took time.Duration, memory int64, err error) {
	cmd := exec.CommandContext(ctx, b.program, "score", "--scheme", "jingzhou", "--data", dir, "--format", "csv", "--lang", "en") //nolint:gosec // our own program
	cmd.Stderr = os.Stderr
	began := time.Now()
	if err := cmd.Run(); err != nil {
		return 0, 0, err
	}
	took = time.Since(began)
	if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		memory = usage.Maxrss / 1024
	}
	return took, memory, nil
}

const (
	sqlAnswerTable = `
	DROP TABLE IF EXISTS measured_answer;
	CREATE TABLE measured_answer (id text, panel text, respondent text, subject text, item text, value smallint,
	    status text, submitted_at timestamp, device text)`
	sqlCopyAnswers  = `COPY measured_answer FROM STDIN (FORMAT csv, HEADER)`
	sqlGroupAnswers = `
	SELECT coalesce(sum(n), 0) FROM (
		SELECT panel, subject, item, count(*) AS n, avg(20 * value) FILTER (WHERE value > 0) AS points
		FROM measured_answer GROUP BY panel, subject, item) grouped`
)

func copyAnswers(ctx context.Context, conn *pgx.Conn, dir string) (time.Duration, error) {
	file, err := os.Open(filepath.Join(dir, "answers.csv"))
	if err != nil {
		return 0, err
	}
	defer func() { _ = file.Close() }()
	if _, err := conn.Exec(ctx, sqlAnswerTable); err != nil {
		return 0, err
	}
	began := time.Now()
	_, err = conn.PgConn().CopyFrom(ctx, file, sqlCopyAnswers)
	return time.Since(began), err
}

// groupAnswers makes the averages, and makes sure that they are of all rows.
func groupAnswers(ctx context.Context, conn *pgx.Conn, want int) (time.Duration, error) {
	began := time.Now()
	var got int
	if err := conn.QueryRow(ctx, sqlGroupAnswers).Scan(&got); err != nil {
		return 0, err
	}
	if got != want {
		return 0, fmt.Errorf("the table has %d rows, not %d", got, want)
	}
	return time.Since(began), nil
}

// write makes the folder, the same each time.
func (f answerFile) write(dir string) error {
	rng := rand.New(rand.NewPCG(7, 7))
	err := writeFile(filepath.Join(dir, "subjects.csv"), func(w io.Writer) {
		_, _ = fmt.Fprintln(w, "code,name,kind,group,prov_top3")
		for i := range ratedSubjects {
			group := "city"
			if i >= 113 {
				group = "region"
			}
			_, _ = fmt.Fprintf(w, "s%03d,部门%d,unit,%s,\n", i, i, group)
		}
	})
	if err != nil {
		return err
	}
	panels := []string{"leaders", "servants", "delegates", "residents", "journalists", "honorary", "newspaper"}
	return writeFile(filepath.Join(dir, "answers.csv"), func(w io.Writer) {
		_, _ = fmt.Fprintln(w, "id,panel,respondent,subject,item,value,status,submitted_at,device")
		for i := range f.ballots + f.online {
			panel, respondent, device, levels := "online", "", fmt.Sprint("d", rng.IntN(f.online*9/10)), 6
			if i < f.ballots {
				panel, respondent, device = panels[i%len(panels)], fmt.Sprint("r", i), ""
			}
			first := 0
			if panel == "newspaper" {
				first, levels = 1, 3
			}
			subject := rng.IntN(ratedSubjects)
			for q := range ratedItems {
				_, _ = fmt.Fprintf(w, "b%d,%s,%s,s%03d,q%d,%d,valid,2025-%02d-%02dT10:%02d:00,%s\n", i, panel, respondent,
					subject, q+1, first+rng.IntN(levels), 1+i%12, 1+i%28, i%60, device)
			}
		}
	})
}

// writeFile makes a file; what goes wrong in writing shows at its end.
func writeFile(name string, fill func(io.Writer)) error {
	file, err := os.Create(name)
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(file, 1<<20)
	fill(w)
	if err := w.Flush(); err != nil {
		_ = file.Close()
		return err
	}
	return file.Close()
}
