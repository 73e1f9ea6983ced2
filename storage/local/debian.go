package local

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// debian is the root of a Debian system; "/" but in tests.
type debian string

func (d debian) policy() string { return filepath.Join(string(d), "usr/sbin/policy-rc.d") }
func (d debian) cluster() string {
	return filepath.Join(string(d), "etc/postgresql-common/createcluster.conf")
}

// clusterDefault is the distribution's own text of the file cluster.
func (d debian) clusterDefault() string {
	return filepath.Join(string(d), "usr/share/postgresql-common/createcluster.conf")
}

// keepQuiet prevents packages from starting servers of the system and from
// making a cluster while they are being installed. What the system already
// says about either stays as it is. The returned function undoes it.
func (d debian) keepQuiet() (restore func() error, err error) {
	var undo []func() error
	restore = func() error {
		var faults []error
		for _, step := range undo {
			faults = append(faults, step())
		}
		return errors.Join(faults...)
	}
	policy := "#!/bin/sh\n" + d.policyFor(os.Getpid()) + "\n"
	if made, err := writeNew(d.policy(), policy, 0o755); err != nil {
		return restore, err
	} else if made {
		undo = append(undo, func() error { return os.Remove(d.policy()) })
	}
	if made, err := writeNew(d.cluster(), "create_main_cluster = false\n", 0o644); err != nil {
		return restore, err
	} else if made {
		undo = append(undo, d.restoreCluster)
	}
	return restore, nil
}

// policyFor is a script that forbids to start servers while a process lives.
// Should we be killed before undoing it, it removes itself.
func (d debian) policyFor(pid int) string {
	return fmt.Sprintf("kill -0 %d 2>/dev/null && exit 101\nrm -f '%s'\nexit 0", pid, d.policy())
}

// writeNew writes a file that is not there yet, and tells whether it did.
func writeNew(path, text string, mode os.FileMode) (made bool, err error) {
	if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
		return false, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return false, err
	}
	return true, os.WriteFile(path, []byte(text), mode)
}

// restoreCluster puts the distribution's text in place, so that a package
// installed later behaves as its admin expects.
func (d debian) restoreCluster() error {
	// The package manager's copy of the text it could not put there.
	if err := os.Remove(d.cluster() + ".ucf-dist"); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	text, err := os.ReadFile(d.clusterDefault())
	if errors.Is(err, os.ErrNotExist) {
		return errors.Join(os.Remove(d.cluster()), removeEmpty(filepath.Dir(d.cluster())))
	}
	if err != nil {
		return err
	}
	return os.WriteFile(d.cluster(), text, 0o644)
}

func removeEmpty(dir string) error {
	if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
		return err
	}
	return os.Remove(dir)
}
