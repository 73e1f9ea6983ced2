package local

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// While packages are installed nothing starts; afterwards all is as it was.
func TestKeepQuiet(t *testing.T) {
	t.Parallel()
	d := debian(t.TempDir())
	restore, err := d.keepQuiet()
	if err != nil {
		t.Fatal(err)
	}
	var exit *exec.ExitError
	if err := exec.CommandContext(t.Context(), d.policy(), "redis-server", "start").Run(); !errors.As(err, &exit) || exit.ExitCode() != 101 {
		t.Errorf("policy: %v, want exit 101, start nothing", err)
	}
	if got := read(t, d.cluster()); got != "create_main_cluster = false\n" {
		t.Errorf("cluster: %q", got)
	}
	if err := restore(); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{d.policy(), d.cluster()} {
		if _, err := os.Stat(path); !os.IsNotExist(err) {
			t.Errorf("%s: %v, want it gone", path, err)
		}
	}
}

// The package that was installed brought its own text: that one stays.
func TestKeepQuietLeavesDistributionsText(t *testing.T) {
	t.Parallel()
	d := debian(t.TempDir())
	restore, err := d.keepQuiet()
	if err != nil {
		t.Fatal(err)
	}
	write(t, d.clusterDefault(), "# as shipped\n")
	write(t, d.cluster()+".ucf-dist", "# as shipped\n")
	if err := restore(); err != nil {
		t.Fatal(err)
	}
	if got := read(t, d.cluster()); got != "# as shipped\n" {
		t.Errorf("cluster: %q, want the distribution's text", got)
	}
	if _, err := os.Stat(d.cluster() + ".ucf-dist"); !os.IsNotExist(err) {
		t.Errorf("copy of the text: %v, want it gone", err)
	}
}

func TestKeepQuietTouchesNothingOfTheSystems(t *testing.T) {
	t.Parallel()
	d := debian(t.TempDir())
	write(t, d.policy(), "the admin's policy")
	write(t, d.cluster(), "the admin's cluster")
	restore, err := d.keepQuiet()
	if err != nil {
		t.Fatal(err)
	}
	check := func() {
		t.Helper()
		if got := read(t, d.policy()) + ", " + read(t, d.cluster()); got != "the admin's policy, the admin's cluster" {
			t.Errorf("files hold %q", got)
		}
	}
	check()
	if err := restore(); err != nil {
		t.Fatal(err)
	}
	check()
}

// A policy left behind by a process that was killed lets servers start, and
// removes itself.
func TestPolicyHealsItself(t *testing.T) {
	t.Parallel()
	d := debian(t.TempDir())
	ended := exec.CommandContext(t.Context(), "/bin/sh", "-c", ":")
	if err := ended.Run(); err != nil {
		t.Fatal(err)
	}
	script(t, d.policy(), d.policyFor(ended.Process.Pid))
	if err := exec.CommandContext(t.Context(), d.policy(), "redis-server", "start").Run(); err != nil {
		t.Errorf("policy: %v, want servers allowed", err)
	}
	if _, err := os.Stat(d.policy()); !os.IsNotExist(err) {
		t.Errorf("policy: %v, want it gone", err)
	}
}
