//go:build crash

package main

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// cable is the network between a replica and a server, which can be cut and clogged.
type cable struct {
	to       string
	listener net.Listener

	mu      sync.Mutex
	cut     bool
	clogged chan struct{} // closed when bytes flow again; nil: they do
	conns   map[net.Conn]struct{}
}

// lay lays a cable to the server of a URL and returns the URL by the cable.
func lay(t *testing.T, serverURL string) (*cable, string) {
	t.Helper()
	u, err := url.Parse(serverURL)
	if err != nil {
		t.Fatal(err)
	}
	var lc net.ListenConfig
	l, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &cable{to: u.Host, listener: l, conns: map[net.Conn]struct{}{}}
	t.Cleanup(func() { _ = l.Close(); c.sever() })
	go c.accept()
	u.Host = l.Addr().String()
	return c, u.String()
}

func (c *cable) accept() {
	for {
		near, err := c.listener.Accept()
		if err != nil {
			return
		}
		go c.carry(near)
	}
}

func (c *cable) carry(near net.Conn) {
	defer func() { _ = near.Close() }()
	if !c.keep(near) {
		return
	}
	defer c.forget(near)
	far, err := (&net.Dialer{Timeout: time.Second}).DialContext(context.Background(), "tcp", c.to)
	if err != nil {
		return
	}
	defer func() { _ = far.Close() }()
	if !c.keep(far) {
		return
	}
	defer c.forget(far)
	both := make(chan struct{}, 2)
	for _, pair := range [][2]net.Conn{{near, far}, {far, near}} {
		go func() {
			c.copy(pair[0], pair[1])
			both <- struct{}{}
		}()
	}
	<-both // one side ended: both do
}

func (c *cable) copy(to io.Writer, from io.Reader) {
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		if n > 0 {
			c.mu.Lock()
			wait := c.clogged
			c.mu.Unlock()
			if wait != nil {
				<-wait
			}
			if _, err := to.Write(buf[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

func (c *cable) keep(conn net.Conn) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.cut {
		c.conns[conn] = struct{}{}
	}
	return !c.cut
}

func (c *cable) forget(conn net.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.conns, conn)
}

// sever ends all connections and lets none in until mend.
func (c *cable) sever() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cut = true
	for conn := range c.conns {
		_ = conn.Close()
	}
	if c.clogged != nil {
		close(c.clogged)
		c.clogged = nil
	}
}

// clog holds all bytes back until mend; nobody is told.
func (c *cable) clog() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.clogged == nil {
		c.clogged = make(chan struct{})
	}
}

func (c *cable) mend() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cut = false
	if c.clogged != nil {
		close(c.clogged)
		c.clogged = nil
	}
}

// front is what stands before the replicas in webhook mode: it hands calls to them in turn.
type front struct {
	server *http.Server
	url    string
	next   atomic.Int64
}

func newFront(t *testing.T, replicas []*crasher) *front {
	t.Helper()
	var lc net.ListenConfig
	l, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := &front{url: "http://" + l.Addr().String()}
	f.server = &http.Server{ReadHeaderTimeout: time.Second, Handler: &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			to := replicas[int(f.next.Add(1))%len(replicas)]
			r.SetURL(&url.URL{Scheme: "http", Host: to.listen})
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
	}}
	go func() {
		if err := f.server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	}()
	t.Cleanup(func() { _ = f.server.Close() })
	return f
}
