package local

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"
)

// installTimeout bounds everything that is done to get a product.
const installTimeout = 10 * time.Minute

// install gets a product by the system's package manager. Only for root.
func install(ctx context.Context, o Options, p product, _ string) (programs, error) {
	m, ok := systemManager()
	if !ok || m.install == nil {
		return programs{}, errors.New("no package manager that root could use")
	}
	command := append(slices.Clone(m.install), p.pkg[m.program])
	o.logger().Info("installing a server", "server", p.name, "command", strings.Join(command, " "))
	if err := runInstall(ctx, m, p, command); err != nil {
		return programs{}, err
	}
	found, ok := p.look(ctx, o.search(), "")
	if !ok {
		return programs{}, fmt.Errorf("%s is installed but not found, or too old", p.pkg[m.program])
	}
	return found, nil
}

func runInstall(ctx context.Context, m manager, p product, command []string) (err error) {
	if m.program != "apt-get" {
		return run(ctx, command...)
	}
	if installed(ctx, p.pkg[m.program]) {
		return fmt.Errorf("%s is installed already, but not found, or too old", p.pkg[m.program])
	}
	restore, err := debian("/").keepQuiet()
	defer func() { err = errors.Join(err, restore()) }()
	if err != nil {
		return err
	}
	if run(ctx, command...) != nil {
		// Package lists may be old or not there at all. A source of packages
		// that fails here need not be the one we want from.
		update := run(ctx, append([]string{"apt-get", "update"}, aptPatience()...)...)
		if err := run(ctx, command...); err != nil {
			return errors.Join(update, err)
		}
	}
	// Debian starts a package's server with the system from now on. Postgres
	// has no cluster to start, and others' clusters share its unit.
	if _, err := exec.LookPath("systemctl"); err == nil && p.name == redisProduct().name {
		return run(ctx, "systemctl", "disable", p.pkg[m.program])
	}
	return nil
}

// installed tells whether a Debian package is; one removed but for its
// configuration is not.
func installed(ctx context.Context, pkg string) bool {
	status, err := exec.CommandContext(ctx, "dpkg-query", "--show", "--showformat=${db:Status-Status}", pkg).Output()
	return err == nil && string(status) == "installed"
}

// run runs a command of the system to its end.
func run(ctx context.Context, command ...string) error {
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive", "LC_ALL=C")
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", strings.Join(command, " "), err, lastLine(output))
	}
	return nil
}
