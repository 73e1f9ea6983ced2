package bot

import "golang.org/x/sys/unix"

// hungUp reports whether the other side has closed a connection, whatever it may have sent before.
func hungUp(fd uintptr) bool {
	fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLRDHUP}} //nolint:gosec // a descriptor is small
	n, err := unix.Poll(fds, 0)
	return err == nil && n > 0
}
