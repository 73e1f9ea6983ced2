package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"pingyi/bot/sandbox"
	"pingyi/deploy/demo"
	"pingyi/storage"
	"pingyi/storage/load"
	"pingyi/storage/local"
	"pingyi/survey"
)

const (
	demoListen   = "127.0.0.1:8090"
	demoUsername = "yunhe_pingyi_bot"
	demoCrowd    = 600
	demoPace     = 3 * time.Second
	demoSpread   = 8 * time.Minute
	demoRate     = 200 // messages per second: the sandbox is not Telegram
)

// demo runs a whole city on this machine: private servers, the sandbox in place of Telegram, people who
// answer by themselves. What serves them is the program as it is.
func (a *app) demo() *cobra.Command {
	d := demonstration{app: a}
	cmd := a.command("demo", "cli.demo", cobra.NoArgs, func(cmd *cobra.Command, _ []string) error {
		return d.run(cmd.Context())
	})
	cmd.Flags().StringVar(&d.listen, "listen", demoListen, a.words.Say("cli.flag_listen", nil))
	cmd.Flags().IntVar(&d.crowd, "crowd", demoCrowd, a.words.Say("cli.flag_crowd", nil))
	return cmd
}

// demonstration is one run of the demo.
type demonstration struct {
	*app
	listen string
	crowd  int
	log    *slog.Logger
	cfg    config
	people []sandbox.Person
	yours  map[int64]bool // people who do nothing by themselves: the visitor is they
}

func (d *demonstration) run(ctx context.Context) error {
	d.log = slog.New(slog.NewTextHandler(d.stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	d.tell("%s", d.words.Say("cli.demo_servers", nil))
	options := local.Options{Substitute: true, NoSync: true, Log: d.log} // the city does not outlive the process
	postgres, err := local.StartPostgres(ctx, options)
	if err != nil {
		return err
	}
	defer func() { _ = postgres.Stop() }()
	redis, err := local.StartRedis(ctx, options)
	if err != nil {
		return err
	}
	defer func() { _ = redis.Stop() }()
	if err := d.configure(postgres.URL("postgres"), redis.URL()); err != nil {
		return err
	}
	if err := d.settle(ctx); err != nil {
		return err
	}
	return d.live(ctx)
}

// configure makes up the environment of a service that nobody else knows of.
func (d *demonstration) configure(database, redis string) error {
	var random [32]byte
	_, _ = rand.Read(random[:]) // never fails
	secret := hex.EncodeToString(random[:])
	var err error
	d.cfg, err = readConfig([]string{
		"PINGYI_TELEGRAM_TOKEN=7000000001:" + secret[:35], "PINGYI_SECRET=" + secret,
		"PINGYI_DATABASE_URL=" + database, "PINGYI_REDIS_URL=" + redis,
		"PINGYI_LISTEN=127.0.0.1:0", "PINGYI_SEND_RATE=" + strconv.Itoa(demoRate),
		"PINGYI_LANG=" + string(d.words.Lang()),
	})
	return err
}

// settle moves the city in and makes up its past quarter.
func (d *demonstration) settle(ctx context.Context) error {
	d.tell("%s", d.words.Say("cli.demo_city", nil))
	if err := storage.Migrate(ctx, d.cfg.DatabaseURL); err != nil {
		return err
	}
	store, err := storage.Open(ctx, storage.Config{
		URL: d.cfg.DatabaseURL, Secret: []byte(d.cfg.Secret), Zone: d.cfg.zone, Log: d.log})
	if err != nil {
		return err
	}
	defer store.Close()
	now, err := store.Now(ctx)
	if err != nil {
		return err
	}
	if err := d.load(ctx, store, now.AddDate(0, -4, 0), load.FS(demo.City())); err != nil {
		return err
	}
	if err := d.readPeople(); err != nil {
		return err
	}
	d.tell("%s", d.words.Say("cli.demo_history", nil))
	past := history{store: store, telegram: d.ids(func(sandbox.Person) bool { return true }), turnout: 0.72, seed: 1}
	if err := past.run(ctx, demo.Finished, now.AddDate(0, 0, -60), now.AddDate(0, 0, -46)); err != nil {
		return err
	}
	d.tell("%s", d.words.Say("cli.demo_open", nil))
	for _, code := range []string{demo.Present, demo.Review} {
		if err := store.OpenRound(ctx, now, storage.Cause{}, code); err != nil {
			return err
		}
	}
	return nil
}

func (d *demonstration) load(ctx context.Context, store *storage.Store, now time.Time, files load.Files) error {
	plan, faults, err := load.Make(ctx, store, now, files)
	if err := errors.Join(err, faults.Err()); err != nil {
		return err
	}
	return plan.Apply(ctx, now, storage.Cause{})
}

// live runs the sandbox, the service and the crowd until ctx ends.
func (d *demonstration) live(ctx context.Context) error {
	sb := sandbox.New(sandbox.Config{Token: d.cfg.Token, Username: demoUsername, Name: "云河评议 Pingyi", Logger: d.log})
	defer sb.Close()
	socket, err := d.socket(ctx)
	if err != nil {
		return err
	}
	address := "http://" + socket.Addr().String()
	d.cfg.API = address
	for _, p := range d.people {
		if err := sb.AddPerson(p); err != nil {
			return err
		}
		if p.ID != newcomer {
			if _, err := sb.Start(p.ID, ""); err != nil {
				return err
			}
		}
	}
	server := &http.Server{Handler: sb.Handler(), ReadHeaderTimeout: 10 * time.Second}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		if err := server.Serve(socket); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("the demo's page: %w", err)
		}
		return nil
	})
	group.Go(func() error { return d.runService(ctx, d.cfg, d.log) })
	group.Go(func() error {
		<-ctx.Done()
		return server.Close()
	})
	simulated := d.ids(func(p sandbox.Person) bool { return !d.yours[p.ID] })
	c := crowd{sandbox: sb, pace: demoPace, spread: demoSpread, seed: 2, log: d.log}
	c.live(ctx, simulated[:min(len(simulated), d.crowd)])
	d.tell("%s\n%s", d.words.Say("cli.demo_ready", map[string]any{"URL": address}), d.words.Say("cli.demo_hint", nil))
	return group.Wait()
}

// socket listens where the demo is asked to, or at any free port where the usual one is taken.
func (d *demonstration) socket(ctx context.Context) (net.Listener, error) {
	var lc net.ListenConfig
	socket, err := lc.Listen(ctx, "tcp", d.listen)
	if err != nil && d.listen == demoListen {
		socket, err = lc.Listen(ctx, "tcp", "127.0.0.1:0")
	}
	if err != nil {
		return nil, fmt.Errorf("--listen: %w", err)
	}
	return socket, nil
}

func (d *demonstration) ids(is func(sandbox.Person) bool) []int64 {
	var ids []int64
	for _, p := range d.people {
		if is(p) && p.ID != newcomer {
			ids = append(ids, p.ID)
		}
	}
	return ids
}

// The kinds of people on the page.
const (
	roleResident = "resident"
	roleClerk    = "clerk"
	roleLeader   = "leader"
	roleAdmin    = "admin"
)

// newcomer is somebody the city does not know yet, for trying out how to join.
const newcomer = 1900001

// readPeople gathers who has Telegram in the city: first those the visitor can be, and a newcomer whom
// the city does not know yet, then everybody else.
func (d *demonstration) readPeople() error {
	text, err := fs.ReadFile(demo.City(), "people.csv")
	if err != nil {
		return fmt.Errorf("the city: %w", err)
	}
	districts, err := d.districts()
	if err != nil {
		return err
	}
	people, err := readTable(text)
	if err != nil {
		return fmt.Errorf("people.csv: %w", err)
	}
	personas, err := readTable(demo.Personas())
	if err != nil {
		return fmt.Errorf("personas.csv: %w", err)
	}
	labels := map[string]string{}
	for _, row := range personas {
		labels[row["telegram"]] = row[string(d.words.Lang())]
	}
	d.yours = map[int64]bool{newcomer: true}
	known := map[int64]bool{}
	var featured, others []sandbox.Person
	for _, row := range people {
		id, err := strconv.ParseInt(row["telegram"], 10, 64)
		if err != nil || known[id] {
			continue
		}
		known[id] = true
		p := inhabitant(id, row, districts)
		if label, ok := labels[row["telegram"]]; ok {
			p.Label = label
			d.yours[id] = true
			featured = append(featured, p)
			continue
		}
		others = append(others, p)
	}
	featured = append(featured, sandbox.Person{
		ID: newcomer, First: d.words.Say("cli.demo_newcomer", nil), Language: strings.ToLower(string(d.words.Lang())),
		Role: roleResident, Phone: "+8613800000000", Label: d.words.Say("cli.demo_newcomer_label", nil), Invite: "join",
	})
	d.people = slices.Concat(featured, others)
	return nil
}

// districts are the names of the city's districts, by code.
func (d *demonstration) districts() (map[string]string, error) {
	text, err := fs.ReadFile(demo.City(), "project.yaml")
	if err != nil {
		return nil, fmt.Errorf("the city: %w", err)
	}
	project, faults := survey.ParseProject("project.yaml", text)
	if err := faults.Err(); err != nil {
		return nil, err
	}
	names := map[string]string{}
	for _, place := range project.Enrolment.Districts {
		names[place.Code] = place.Name.In(d.words.Lang())
	}
	return names, nil
}

// inhabitant is one row of people.csv as the page shows it.
func inhabitant(id int64, row, districts map[string]string) sandbox.Person {
	role := map[string]string{"citizen": roleResident, "staff": roleClerk, "leader": roleLeader}[row["kind"]]
	if strings.Contains(row["role"], "admin") {
		role = roleAdmin
	}
	return sandbox.Person{
		ID: id, First: cmp.Or(row["name"], row["code"]), Language: strings.ToLower(row["language"]), Phone: row["phone"],
		Role: role, Label: strings.TrimSpace(row["post"] + " " + districts[row["district"]]),
	}
}

// readTable reads a CSV file with a header into a map per row.
func readTable(text []byte) ([]map[string]string, error) {
	rows, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil {
		return nil, err
	}
	var table []map[string]string
	for _, row := range rows[1:] {
		cells := map[string]string{}
		for i, cell := range row {
			cells[rows[0][i]] = cell
		}
		table = append(table, cells)
	}
	return table, nil
}
