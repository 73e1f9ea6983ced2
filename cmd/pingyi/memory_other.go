//go:build !linux

package main

import "runtime/debug"

// giveBack returns to the system what starting took and serving does not need.
func giveBack() error {
	debug.FreeOSMemory()
	return nil
}
