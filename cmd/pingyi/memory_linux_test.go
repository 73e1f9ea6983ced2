package main

import (
	"testing"

	"github.com/prometheus/procfs"
)

// What starting touched of the program's file is not kept, and the program goes on.
func TestGiveBack(t *testing.T) {
	t.Parallel()
	mapped := func() uint64 {
		self, err := procfs.Self()
		if err != nil {
			t.Fatal(err)
		}
		status, err := self.NewStatus()
		if err != nil {
			t.Fatal(err)
		}
		return status.RssFile
	}
	before := mapped()
	if err := giveBack(); err != nil {
		t.Fatal(err)
	}
	if after := mapped(); after >= before {
		t.Errorf("%d bytes of files are mapped, %d were before", after, before)
	}
}
