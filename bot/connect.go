package bot

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"syscall"
	"time"

	"github.com/valyala/fasthttp"
	"github.com/valyala/fasthttp/fasthttpproxy"
	"golang.org/x/net/http/httpproxy"
)

const (
	// dialTimeout bounds connecting, and as much again the handshake.
	dialTimeout = 10 * time.Second
	// maxCalls is how many calls are made at once, each on a connection of its own; what is beyond waits.
	maxCalls = 1024
	// idleTime is how long a connection is kept that nothing is called by.
	idleTime = 90 * time.Second
	// maxAnswer bounds an answer, which is a message with its buttons at most.
	maxAnswer = 1 << 20
	// maxAnswerHead bounds the header of one, as of a gateway that has much to say.
	maxAnswerHead = 16 << 10
)

// connector opens connections to the Bot API, by the proxy that the environment names.
type connector struct {
	addr  string
	plain fasthttp.DialFunc
	tls   *tls.Config // nil: without
}

// newConnector returns the connector for the Bot API at the base URL.
func newConnector(api string) (*connector, error) {
	at, err := url.Parse(api)
	if err != nil {
		return nil, err
	}
	secure := at.Scheme == "https"
	direct := &net.Dialer{Timeout: dialTimeout, KeepAlive: 30 * time.Second}
	c := &connector{addr: fasthttp.AddMissingPort(at.Host, secure)}
	c.plain = func(addr string) (net.Conn, error) { return direct.DialContext(context.Background(), "tcp", addr) }
	if secure {
		c.tls = &tls.Config{ServerName: at.Hostname(), MinVersion: tls.VersionTLS12}
	}
	proxy, err := httpproxy.FromEnvironment().ProxyFunc()(at)
	if proxy == nil || err != nil {
		return c, err
	}
	tunnel := fasthttpproxy.Dialer{Timeout: dialTimeout, ConnectTimeout: dialTimeout, DialDualStack: true}
	c.plain, err = tunnel.GetDialFuncForTLS(true, secure)
	return c, err
}

// client returns what calls the Bot API. A call is sent again only where nothing of it has left.
func (c *connector) client() *fasthttp.HostClient {
	return &fasthttp.HostClient{
		Addr:                      c.addr,
		IsTLS:                     c.tls != nil,
		Dial:                      c.dial,
		Name:                      "Pingyi",
		MaxConns:                  maxCalls,
		MaxConnWaitTimeout:        callTimeout,
		MaxIdleConnDuration:       idleTime,
		ConnPoolStrategy:          fasthttp.LIFO,
		MaxResponseBodySize:       maxAnswer,
		ReadBufferSize:            maxAnswerHead,
		MaxIdemponentCallAttempts: maxCalls + 1, // every connection may have been closed while it was idle
		RetryIfErr:                func(_ *fasthttp.Request, _ int, err error) (bool, bool) { return false, errors.Is(err, errGone) },
		DisablePathNormalizing:    true,
		SecureErrorLogMessage:     true,
	}
}

// dial connects. Whatever goes wrong in it is an error of dialling: no call has left yet.
func (c *connector) dial(addr string) (net.Conn, error) {
	conn, err := c.plain(addr)
	if err == nil {
		conn, err = c.secure(watch(conn))
	}
	if err != nil {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: err}
	}
	return conn, nil
}

func (c *connector) secure(conn net.Conn) (net.Conn, error) {
	if c.tls == nil {
		return conn, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), dialTimeout)
	defer cancel()
	secured := tls.Client(conn, c.tls)
	if err := secured.HandshakeContext(ctx); err != nil {
		_ = conn.Close()
		return nil, fmt.Errorf("handshake: %w", err)
	}
	return secured, nil
}

// errGone says that a connection was closed while it was idle: nothing of a call has left by it.
var errGone = errors.New("bot: the server had closed the connection")

// justAnswered is how long after an answer a connection is taken to be open without a look: what a server
// does meanwhile is still on its way, and would be missed by looking as well.
const justAnswered = 10 * time.Millisecond

// watched is a connection that looks whether it is still open before it begins to write again. Without
// that a call on a connection closed meanwhile would be lost, and nobody knew whether it had been made.
type watched struct {
	net.Conn
	raw    syscall.RawConn // nil: it cannot be looked at
	read   time.Time       // when something was read last
	begun  bool            // has written since
	look   func(fd uintptr)
	hungUp bool
}

func watch(conn net.Conn) *watched {
	w := &watched{Conn: conn}
	w.look = func(fd uintptr) { w.hungUp = hungUp(fd) }
	if known, ok := conn.(syscall.Conn); ok {
		if raw, err := known.SyscallConn(); err == nil {
			w.raw = raw
		}
	}
	return w
}

// Read implements net.Conn.
func (w *watched) Read(p []byte) (int, error) {
	n, err := w.Conn.Read(p)
	w.begun, w.read = false, time.Now()
	return n, err
}

// Write implements net.Conn.
func (w *watched) Write(p []byte) (int, error) {
	if !w.begun && w.raw != nil && time.Since(w.read) > justAnswered {
		if err := w.raw.Control(w.look); err != nil || w.hungUp {
			return 0, errGone
		}
	}
	w.begun = true
	return w.Conn.Write(p)
}
