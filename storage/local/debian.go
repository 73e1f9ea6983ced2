package local

import (
	"fmt"
	"os"
)

const (
	policyFile  = "/usr/sbin/policy-rc.d"
	clusterDir  = "/etc/postgresql-common"
	clusterFile = clusterDir + "/createcluster.conf"
	// clusterDefault is the distribution's own text of clusterFile.
	clusterDefault = "/usr/share/postgresql-common/createcluster.conf"
)

// keepQuiet prevents Debian's packages from starting servers of the system and
// from making a cluster, while they are being installed. What the system
// already says about either stays as it is. The returned function undoes it.
func keepQuiet(p product) (restore func(), err error) {
	var undo []func()
	restore = func() {
		for _, step := range undo {
			step()
		}
	}
	if _, err := os.Lstat(policyFile); os.IsNotExist(err) {
		// Should we be killed before undoing it, it removes itself when asked.
		text := fmt.Sprintf("#!/bin/sh\nkill -0 %d 2>/dev/null && exit 101\nrm -f %s\nexit 0\n", os.Getpid(), policyFile)
		if err := os.WriteFile(policyFile, []byte(text), 0o755); err != nil {
			return restore, err
		}
		undo = append(undo, func() { _ = os.Remove(policyFile) })
	}
	if _, err := os.Lstat(clusterFile); p.apt == "postgresql" && os.IsNotExist(err) {
		if err := os.MkdirAll(clusterDir, 0o755); err != nil {
			return restore, err
		}
		if err := os.WriteFile(clusterFile, []byte("create_main_cluster = false\n"), 0o644); err != nil {
			return restore, err
		}
		undo = append(undo, restoreClusterFile)
	}
	return restore, nil
}

// restoreClusterFile puts the distribution's text back, so that a later
// version's package behaves as its admin expects.
func restoreClusterFile() {
	text, err := os.ReadFile(clusterDefault)
	if err != nil {
		_ = os.Remove(clusterFile)
		return
	}
	_ = os.WriteFile(clusterFile, text, 0o644)
}
