package storage

import (
	"net"
	"testing"

	"golang.org/x/sys/unix"
)

// A connection gives up a server that vanished.
func TestSilentServersAreGivenUp(t *testing.T) {
	t.Parallel()
	store := newStore(t)
	conn, err := store.ownConn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer closeConn(t.Context(), conn)
	raw, err := conn.PgConn().Conn().(*net.TCPConn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var limit int
	if err := raw.Control(func(fd uintptr) { limit, err = unix.GetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT) }); err != nil {
		t.Fatal(err)
	}
	same(t, "milliseconds of silence", int(silenceEnds.Milliseconds()), limit)
	same(t, "the pool's patience", pingPatience, store.pool.Config().PingTimeout)
}
