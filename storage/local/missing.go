package local

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// MissingError says that a server's binaries are not here and could not be had.
// It prints as one line that names the command to run.
type MissingError struct {
	Server  string // "PostgreSQL" or "Redis"
	Command string // what installs all that is missing; empty where no package manager is known
	Err     error  // why it could not be had without the user; may be nil
}

// Error is one line.
func (e *MissingError) Error() string {
	if e.Command == "" {
		return e.Server + " is missing: install it and start again"
	}
	return fmt.Sprintf("%s is missing: run `%s` and start again", e.Server, e.Command)
}

// Unwrap returns why the server could not be had.
func (e *MissingError) Unwrap() error { return e.Err }

// missing words the one line for a product that cannot be had. The command
// brings the other product as well where that is missing too.
func missing(ctx context.Context, o Options, p product, err error) error {
	m, ok := systemManager()
	if !ok {
		return &MissingError{Server: p.name, Err: err}
	}
	packages := []string{p.pkg[m.program]}
	for _, other := range []product{postgresProduct(), redisProduct()} {
		if other.name == p.name {
			continue
		}
		if _, found := other.look(ctx, o.search(), ""); !found {
			packages = append(packages, other.pkg[m.program])
		}
	}
	command := strings.Join(append(m.advice, packages...), " ")
	if m.program != "brew" && os.Geteuid() != 0 {
		command = "sudo " + command
	}
	return &MissingError{Server: p.name, Command: command, Err: err}
}

// manager is a package manager of a system.
type manager struct {
	program string
	install []string // the command for us, before the packages' names
	advice  []string // the command for people
}

func managers() []manager {
	return []manager{
		{"apt-get", []string{"apt-get", "install", "-y", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=300"}, []string{"apt-get", "install", "-y"}},
		{"dnf", []string{"dnf", "install", "-y"}, []string{"dnf", "install", "-y"}},
		{"apk", []string{"apk", "add"}, []string{"apk", "add"}},
		{"brew", nil, []string{"brew", "install"}}, // brew refuses root, and a user's brew is the user's to run
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
