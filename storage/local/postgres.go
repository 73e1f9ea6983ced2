package local

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
)

// role is the superuser and owner of everything in a private Postgres.
const role = "pingyi"

// Postgres is a private Postgres server: UTF-8, ordered by code point, in UTC.
// Its methods may be called from several goroutines.
type Postgres struct {
	server   *server
	options  Options
	programs programs
	password string
}

// StartPostgres starts a private Postgres server and returns once it answers.
// Where its binaries are missing they are installed or fetched first; if that
// cannot be, the error is a [MissingError]. The context bounds the start only:
// the server runs until Stop, or until this process ends.
func StartPostgres(ctx context.Context, o Options) (*Postgres, error) {
	p, err := newPostgres(ctx, o)
	if err != nil {
		return nil, err
	}
	if p.password, err = prepareData(ctx, o, p.server.account, p.server.folder, p.programs); err == nil {
		err = p.server.start(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, p.server.folder.close())
	}
	return p, nil
}

// newPostgres is a server with a folder, but without data yet.
func newPostgres(ctx context.Context, o Options) (*Postgres, error) {
	account, err := serverAccount()
	if err != nil {
		return nil, err
	}
	programs, err := find(ctx, o, postgresProduct())
	if err != nil {
		return nil, err
	}
	folder, err := openFolder(o, account, "postgres")
	if err != nil {
		return nil, fmt.Errorf("postgres: %w", err)
	}
	p := &Postgres{options: o, programs: programs, server: &server{
		name: "postgres", account: account, folder: folder, libraries: programs.libraries,
		// Fast shutdown writes a checkpoint; data that is to be removed needs none.
		stopSignal: "INT",
	}}
	if folder.temporary {
		p.server.stopSignal = "QUIT"
	}
	p.server.command = func(port int) ([]string, error) {
		// The folder's lock proves that no server runs there, whoever has the
		// process number of one that crashed by now.
		if err := os.Remove(filepath.Join(p.data(), "postmaster.pid")); err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, err
		}
		return postgresCommand(programs, p.data(), port, o.NoSync), nil
	}
	p.server.knock = p.knock
	return p, nil
}

// data is the folder of the database itself.
func (p *Postgres) data() string { return filepath.Join(p.server.folder.home, "data") }

func postgresCommand(b programs, data string, port int, noSync bool) []string {
	command := []string{
		b.path("postgres"), "-D", data,
		"-c", "listen_addresses=127.0.0.1", "-c", "port=" + strconv.Itoa(port),
		"-c", "unix_socket_directories=",
		"-c", "max_connections=300", "-c", "max_wal_size=1GB",
		"-c", "timezone=UTC", "-c", "log_timezone=UTC",
		"-c", "jit=off",
	}
	if noSync {
		// synchronous_commit stays on: a killed server must not forget commits.
		command = append(command, "-c", "fsync=off", "-c", "full_page_writes=off", "-c", "wal_level=minimal", "-c", "max_wal_senders=0")
	}
	return command
}

// URL is the address of a database of the server, password included. A new
// server has only the database "postgres".
func (p *Postgres) URL(database string) string {
	address := url.URL{
		Scheme:   "postgres",
		User:     url.UserPassword(role, p.password),
		Host:     net.JoinHostPort("127.0.0.1", strconv.Itoa(p.server.port)),
		Path:     "/" + database,
		RawQuery: "sslmode=disable",
	}
	return address.String()
}

// Kill ends the server by SIGKILL, as a crash would. Start runs it again.
func (p *Postgres) Kill() error { return p.server.kill() }

// Start runs a killed server again, on the same data and port.
func (p *Postgres) Start(ctx context.Context) error { return p.server.start(ctx) }

// Stop ends the server for good and removes its data where they are temporary.
// Stopping twice does nothing.
func (p *Postgres) Stop() error { return p.server.stop() }

func (p *Postgres) knock(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, p.URL("postgres"))
	if err != nil {
		return err
	}
	return conn.Close(ctx)
}

// prepareData fills the server's home with a fresh data directory, or keeps
// the one it has, and returns the password.
func prepareData(ctx context.Context, o Options, a account, f *folder, b programs) (string, error) {
	passwordFile := filepath.Join(f.path, "password")
	if _, err := os.Stat(filepath.Join(f.path, "ready")); err == nil {
		password, err := os.ReadFile(passwordFile)
		return strings.TrimSpace(string(password)), err
	}
	t, err := findTemplate(ctx, o, a, b)
	if err != nil {
		return "", err
	}
	if err := t.copyTo(ctx, a, f); err != nil {
		return "", err
	}
	if err := os.WriteFile(passwordFile, []byte(t.password), 0o600); err != nil {
		return "", err
	}
	return t.password, os.WriteFile(filepath.Join(f.path, "ready"), nil, 0o600)
}
