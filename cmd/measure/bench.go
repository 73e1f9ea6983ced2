package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"pingyi/storage"
	"pingyi/storage/local"
)

const (
	benchToken  = "777000:bench"
	benchSecret = "0123456789abcdef0123456789abcdef"
	hookSecret  = "hook-secret"
	hookPath    = "/telegram/webhook"
	pressers    = 400 // people with an open form
)

// sizes are what can be asked for.
type sizes struct {
	recipients int // people who are sent an invitation
	limit      int // messages a second, to send at this limit alone; 0: at each in turn
	leased     int // deliveries that are leased
	asked      int // people whom a round asks when it opens
	answers    int // of a closed round that is scored
}

// bench is a project on private servers, with a Bot API.
type bench struct {
	sizes
	program  string
	dir      string
	postgres *local.Postgres
	redis    *local.Redis
	telegram *telegram
	store    *storage.Store
	forms    []form
}

// form is what one person is asked.
type form struct {
	Person, Request, Telegram int64
	Assignments               []int64
}

func newBench(ctx context.Context, program string, n sizes) (b *bench, err error) {
	b = &bench{sizes: n, program: program}
	defer func() {
		if err != nil {
			b.close()
		}
	}()
	if b.dir, err = os.MkdirTemp("", "pingyi-measure-"); err != nil {
		return nil, err
	}
	if b.postgres, err = local.StartPostgres(ctx, local.Options{}); err != nil {
		return nil, err
	}
	if b.redis, err = local.StartRedis(ctx, local.Options{}); err != nil {
		return nil, err
	}
	if b.telegram, err = newTelegram(ctx); err != nil {
		return nil, err
	}
	if err := b.project(); err != nil {
		return nil, err
	}
	for _, args := range [][]string{{"migrate"}, {"apply", b.dir}, {"round", "open", "now"}} {
		cmd := exec.CommandContext(ctx, program, args...) //nolint:gosec // our own program
		cmd.Env, cmd.Stderr = b.env(), os.Stderr
		if err := cmd.Run(); err != nil {
			return nil, fmt.Errorf("%s %s: %w", program, strings.Join(args, " "), err)
		}
	}
	b.store, err = storage.Open(ctx, storage.Config{URL: b.postgres.URL("postgres"), Secret: []byte(benchSecret)})
	if err != nil {
		return nil, err
	}
	return b, b.open(ctx)
}

func (b *bench) close() {
	if b.store != nil {
		b.store.Close()
	}
	if b.telegram != nil {
		_ = b.telegram.socket.Close()
	}
	if b.redis != nil {
		_ = b.redis.Stop()
	}
	if b.postgres != nil {
		_ = b.postgres.Stop()
	}
	_ = os.RemoveAll(b.dir)
}

// database makes a migrated database of its own.
func (b *bench) database(ctx context.Context, name string) (*pgxpool.Pool, error) {
	conn, err := pgx.Connect(ctx, b.postgres.URL("postgres"))
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close(ctx) }()
	if _, err := conn.Exec(ctx, "CREATE DATABASE "+name); err != nil {
		return nil, err
	}
	if err := storage.Migrate(ctx, b.postgres.URL(name)); err != nil {
		return nil, err
	}
	return pgxpool.New(ctx, b.postgres.URL(name))
}

func (b *bench) env(more ...string) []string {
	return append([]string{
		"PINGYI_DATABASE_URL=" + b.postgres.URL("postgres"), "PINGYI_REDIS_URL=" + b.redis.URL(), "PINGYI_SECRET=" + benchSecret,
		"PINGYI_TELEGRAM_TOKEN=" + benchToken, "PINGYI_TELEGRAM_API=" + b.telegram.url, "PINGYI_LANG=en",
	}, more...)
}

// project writes a town whose people rate three departments by three questions each.
func (b *bench) project() error {
	var people strings.Builder
	people.WriteString("code,name,kind,unit,post,telegram\n")
	for i := range b.recipients {
		post := "clerk"
		if i < pressers {
			post = "presser"
		}
		fmt.Fprintf(&people, "p%d,Person %d,staff,town,%s,%d\n", i, i, post, 1_000_000+i)
	}
	round := func(code, who string) string {
		return "round: " + code + "\ntitle: " + code + "\nquestionnaire: visit\nsubjects: all\nduration: 14d\npanels:\n" +
			"  - {panel: staff, title: Staff, who: " + who + ", identity: anonymous, minimum: 5, asks: every}\n"
	}
	levels := "[{value: 5, label: Very satisfied, points: 100}, {value: 4, label: Satisfied, points: 80}, {value: 3, label: Fair, points: 60}, " +
		"{value: 2, label: Dissatisfied, points: 40}, {value: 1, label: Very dissatisfied, points: 20}]"
	for name, text := range map[string]string{
		"project.yaml": "project: town\nname: Town\nlanguage: en\nnotice: {version: \"1\", text: We keep answers.}\n",
		"units.csv":    "code,name,kind,parent\ntown,Town,office,\n",
		"people.csv":   people.String(),
		"subjects.csv": "code,name,kind\npolice,Police,department\nhealth,Health,department\nwater,Water,department\n",
		"visit.yaml": "questionnaire: visit\ntitle: Your visit\nitems:\n" +
			"  - {code: a, kind: rating, text: How satisfied are you?, levels: " + levels + "}\n" +
			"  - {code: b, kind: rating, text: How friendly was it?, levels: " + levels + "}\n" +
			"  - {code: c, kind: rating, text: How fast was it?, levels: " + levels + "}\n",
		"now.yaml":   round("now", "{kind: staff, posts: [presser]}"),
		"blast.yaml": round("blast", "{kind: staff}"),
	} {
		if err := os.WriteFile(filepath.Join(b.dir, name), []byte(text), 0o600); err != nil {
			return err
		}
	}
	return nil
}

const (
	sqlForms = `
	SELECT q.person_id AS person, q.id AS request, p.telegram_id AS telegram, array_agg(a.id ORDER BY a.id) AS assignments
	FROM request q JOIN person p ON p.id = q.person_id JOIN assignment a ON a.request_id = q.id
	GROUP BY q.id, p.id ORDER BY q.id`
	sqlQuiet = `WITH spans AS (DELETE FROM span) UPDATE delivery SET state = 'sent', message_id = 5`
)

// open lets everybody begin with their form, as if they had been asked and had pressed the button.
func (b *bench) open(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, b.postgres.URL("postgres"))
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	if _, err := conn.Exec(ctx, sqlQuiet); err != nil {
		return err
	}
	rows, _ := conn.Query(ctx, sqlForms)
	if b.forms, err = pgx.CollectRows(rows, pgx.RowToStructByName[form]); err != nil {
		return err
	}
	now, err := b.store.Now(ctx)
	if err != nil {
		return err
	}
	for _, f := range b.forms {
		err := errors.Join(b.store.Consent(ctx, now, storage.Cause{Actor: f.Person}, f.Person, "1"),
			b.store.Open(ctx, now, storage.Cause{Actor: f.Person}, f.Person, f.Request),
			b.store.SetMessage(ctx, f.Person, f.Request, 5))
		if err != nil {
			return err
		}
	}
	return nil
}

// freeAddress is a loopback address nobody listens at.
func freeAddress(ctx context.Context) (string, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String(), nil
}

// percentile of sorted durations, for people to read.
func percentile(sorted []time.Duration, p int) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(len(sorted)-1, len(sorted)*p/100)].Round(100 * time.Microsecond)
}
