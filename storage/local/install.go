package local

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

// installTimeout bounds everything a package manager may do.
const installTimeout = 10 * time.Minute

// manager is a package manager of a system.
type manager struct {
	program string
	command []string // before the package's name
	pkg     func(product) string
}

func managers() []manager {
	return []manager{
		{"apt-get", []string{"apt-get", "install", "-y", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=300"}, func(p product) string { return p.apt }},
		{"dnf", []string{"dnf", "install", "-y"}, func(p product) string { return p.dnf }},
		{"apk", []string{"apk", "add"}, func(p product) string { return p.apk }},
		{"brew", []string{"brew", "install"}, func(p product) string { return p.brew }},
	}
}

// systemManager returns the package manager of this system, if known.
func systemManager() (manager, bool) {
	for _, m := range managers() {
		if _, err := exec.LookPath(m.program); err == nil {
			return m, true
		}
	}
	return manager{}, false
}

// missing words the one line for a product that cannot be had.
func missing(p product, err error) error {
	m, ok := systemManager()
	if !ok {
		return &MissingError{Server: p.name, Err: err}
	}
	command := strings.Join(append(m.command, m.pkg(p)), " ")
	if m.program != "brew" && os.Geteuid() != 0 {
		command = "sudo " + command
	}
	return &MissingError{Server: p.name, Command: command, Err: err}
}

// install gets a product by the system's package manager. Only for root.
func install(ctx context.Context, o Options, p product) error {
	m, ok := systemManager()
	if !ok || m.program == "brew" { // Homebrew refuses root
		return errors.New("no package manager known")
	}
	ctx, cancel := context.WithTimeout(ctx, installTimeout)
	defer cancel()
	command := append(m.command, m.pkg(p))
	o.logger().Info("installing "+p.name, "command", strings.Join(command, " "))
	if m.program != "apt-get" {
		return run(ctx, command...)
	}
	restore, err := keepQuiet(p)
	if err != nil {
		return err
	}
	defer restore()
	if err := run(ctx, command...); err == nil {
		return nil
	}
	// Package lists may be old or not there at all. A source that fails here
	// need not be the one we want from.
	return errors.Join(run(ctx, "apt-get", "update"), run(ctx, command...))
}

func run(ctx context.Context, command ...string) error {
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive", "LC_ALL=C")
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", strings.Join(command, " "), err, lastLine(output))
	}
	return nil
}
