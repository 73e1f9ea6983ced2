package storage

import (
	"net"
	"time"

	"github.com/jackc/pgx/v5"
)

// How long a server is waited for that vanished without a word, as when its
// machine dies: at the door, and on a connection that stood. Then another may
// have its place.
const (
	dialPatience = 5 * time.Second
	pingPatience = 2 * time.Second
	silenceEnds  = 15 * time.Second
)

// sturdy makes connections notice that the other end is gone, whoever waits on
// them, and with whatever patience. A time to connect that the URL names stays.
func sturdy(cc *pgx.ConnConfig) {
	if cc.ConnectTimeout == 0 {
		cc.ConnectTimeout = dialPatience
	}
	dialer := &net.Dialer{
		Timeout:         cc.ConnectTimeout,
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: silenceEnds / 3, Interval: silenceEnds / 3, Count: 2},
		Control:         limitSilence,
	}
	cc.DialFunc = dialer.DialContext
}
