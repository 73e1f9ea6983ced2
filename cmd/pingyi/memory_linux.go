package main

import (
	"errors"
	"fmt"
	"runtime/debug"

	"github.com/prometheus/procfs"
	"golang.org/x/sys/unix"
)

// giveBack returns to the system what starting took and serving does not need: garbage, and the pages of the
// program's own file, most of which are touched only while it starts. What is needed after all is mapped again
// from the file, as at the first time.
func giveBack() error {
	debug.FreeOSMemory()
	self, err := procfs.Self()
	if err != nil {
		return fmt.Errorf("giving memory back: %w", err)
	}
	program, err := self.Executable()
	if err != nil {
		return fmt.Errorf("giving memory back: %w", err)
	}
	maps, err := self.ProcMaps()
	var failed []error
	for _, m := range maps {
		if m.Pathname != program || m.Perms.Write { // what was written is in no file
			continue
		}
		_, _, no := unix.Syscall(unix.SYS_MADVISE, m.StartAddr, m.EndAddr-m.StartAddr, unix.MADV_DONTNEED)
		if no != 0 {
			failed = append(failed, fmt.Errorf("giving memory back: %w", no))
		}
	}
	return errors.Join(append(failed, err)...)
}
