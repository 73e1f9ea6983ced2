package local

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	embedded "github.com/fergusstrange/embedded-postgres"
)

// embeddedVersion is the release that is fetched where no package can be had.
const embeddedVersion = embedded.V17

// fetched is the folder that the fetched server is extracted to.
func fetched(dir string) string {
	return filepath.Join(dir, "embedded-"+string(embeddedVersion), "server")
}

// lookFetched looks at what was fetched earlier.
func lookFetched(ctx context.Context, p product, dir string) (programs, bool) {
	server := fetched(dir)
	return p.look(ctx, []string{filepath.Join(server, "bin")}, filepath.Join(server, "lib"))
}

// fetch gets the Postgres binaries by the embedded-postgres library, for
// systems whose package manager cannot be used. The library fetches as part of
// a start, so a throw-away server is started and stopped.
func fetch(ctx context.Context, o Options, p product, dir string) (programs, error) {
	server := fetched(dir)
	work := filepath.Dir(server)
	// What a broken download left would be taken for good.
	if err := errors.Join(os.RemoveAll(work), os.MkdirAll(work, 0o755)); err != nil {
		return programs{}, err
	}
	port, err := freePort(ctx)
	if err != nil {
		return programs{}, err
	}
	config := embedded.DefaultConfig().Version(embeddedVersion).Port(uint32(port)).
		CachePath(filepath.Join(work, "archive")).BinariesPath(server).
		RuntimePath(filepath.Join(work, "runtime")).
		Locale("C").Encoding("UTF8").StartTimeout(time.Minute).Logger(io.Discard)
	if o.Repository != "" {
		config = config.BinaryRepositoryURL(o.Repository)
	}
	o.logger().Info("fetching a server", "server", p.name, "version", string(embeddedVersion), "into", work)
	err = startOnce(ctx, embedded.NewDatabase(config))
	// No fault of the server's: the library minds our umask.
	if openErr := openTree(dir); openErr != nil {
		return programs{}, errors.Join(err, openErr)
	}
	// The binaries may be good although the library could not start them: root
	// may not, and we start them differently.
	found, ok := lookFetched(ctx, p, dir)
	if !ok {
		return programs{}, fmt.Errorf("embedded postgres: %w", errors.Join(err, os.RemoveAll(work)))
	}
	return found, errors.Join(os.RemoveAll(filepath.Join(work, "runtime")), os.RemoveAll(filepath.Join(work, "archive")))
}

// startOnce starts and stops the library's server; its download knows no
// context, so it is left behind when ours ends.
func startOnce(ctx context.Context, database *embedded.EmbeddedPostgres) error {
	done := make(chan error, 1)
	go func() {
		if err := database.Start(); err != nil {
			done <- err
			return
		}
		done <- database.Stop()
	}()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}
