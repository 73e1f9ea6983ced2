package local

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"

	"github.com/redis/go-redis/v9"
)

// redisDatabases is the number of logical databases of a private Redis: one
// for each test that runs at the same time.
const redisDatabases = 1024

// Redis is a private Redis server that keeps nothing on disk. Its methods may
// be called from several goroutines.
type Redis struct {
	server     *server
	substitute *substitute // instead of server, where there is no Redis
	password   string
	bus        int // the port where nodes of a cluster meet; 0: no node of one
}

// StartRedis starts a private Redis server and returns once it answers. Where
// its binary is missing it is installed or fetched first; if that cannot be,
// the error is a [MissingError], or a substitute starts where the options allow
// it. The context bounds the start only: the server runs until Stop, or until
// this process ends.
func StartRedis(ctx context.Context, o Options) (*Redis, error) {
	return launchRedis(ctx, o, &Redis{password: rand.Text()})
}

func launchRedis(ctx context.Context, o Options, r *Redis) (*Redis, error) {
	programs, err := find(ctx, o, redisProduct())
	var absent *MissingError
	if o.Substitute && errors.As(err, &absent) {
		o.logger().Warn("Redis is missing: a small substitute inside this process takes its place", "install", absent.Command)
		r.substitute, err = startSubstitute(r.password)
		return r, err
	}
	if err != nil {
		return nil, err
	}
	account, err := serverAccount()
	if err != nil {
		return nil, err
	}
	folder, err := openFolder(o, account, "redis")
	if err != nil {
		return nil, fmt.Errorf("redis: %w", err)
	}
	r.server = &server{
		name: "redis", account: account, folder: folder, libraries: programs.libraries,
		stopSignal: "TERM",
		command:    func(port int) ([]string, error) { return r.command(programs, port) },
		knock:      r.knock,
	}
	if err := r.server.start(ctx); err != nil {
		return nil, errors.Join(err, folder.close())
	}
	return r, nil
}

// command writes the configuration, password included, to a file: command
// lines are public.
func (r *Redis) command(b programs, port int) ([]string, error) {
	file := filepath.Join(r.server.folder.home, "redis.conf")
	text := fmt.Sprintf("bind 127.0.0.1\nport %d\nrequirepass %s\ndatabases %d\ndir %q\nsave \"\"\nappendonly no\n",
		port, r.password, redisDatabases, r.server.folder.home)
	if r.bus != 0 {
		text += fmt.Sprintf("cluster-enabled yes\ncluster-port %d\ncluster-node-timeout 1000\ncluster-require-full-coverage no\n", r.bus)
	}
	err := errors.Join(os.WriteFile(file, []byte(text), 0o600), r.server.account.own(file))
	return []string{b.path(b.redis), file}, err
}

// URL is the address of the server's first database, password included.
func (r *Redis) URL() string { return r.DatabaseURL(0) }

// DatabaseURL is the address of one of the server's logical databases, 0..1023.
func (r *Redis) DatabaseURL(database int) string {
	address := url.URL{
		Scheme: "redis",
		User:   url.UserPassword("default", r.password),
		Host:   r.address(),
		Path:   "/" + strconv.Itoa(database),
	}
	return address.String()
}

func (r *Redis) address() string {
	if r.substitute != nil {
		return r.substitute.mini.Addr()
	}
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(r.server.port))
}

// Kill ends the server by SIGKILL; all it held is lost. Start runs it again.
func (r *Redis) Kill() error {
	if r.substitute != nil {
		return r.substitute.kill()
	}
	return r.server.kill()
}

// Start runs a killed server again, empty, on the same port.
func (r *Redis) Start(ctx context.Context) error {
	if r.substitute != nil {
		return r.substitute.start()
	}
	return r.server.start(ctx)
}

// Stop ends the server for good. Stopping twice does nothing.
func (r *Redis) Stop() error {
	if r.substitute != nil {
		r.substitute.stop()
		return nil
	}
	return r.server.stop()
}

func (r *Redis) knock(ctx context.Context) error {
	return r.do(func(client *redis.Client) error { return client.Ping(ctx).Err() })
}

// do does something with a client of this one server.
func (r *Redis) do(do func(*redis.Client) error) error {
	options, err := redis.ParseURL(r.URL())
	if err != nil {
		return err
	}
	options.MaxRetries = -1
	client := redis.NewClient(options)
	return errors.Join(do(client), client.Close())
}
