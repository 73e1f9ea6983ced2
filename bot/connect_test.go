package bot

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

const agreed = "HTTP/1.1 200 OK\r\nContent-Length: 25\r\n\r\n" + `{"ok":true,"result":true}`

// answerOnce makes the call that the tests make.
func answerOnce(ctx context.Context, client *Client) error {
	return client.answerQuery(ctx, queryAnswer{query: "7"})
}

// rawAPI is a Bot API by hand: conn has one connection, of which number n was the nth.
func rawAPI(t *testing.T, conn func(n int, c net.Conn)) *Client {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for n := 1; ; n++ {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() { defer func() { _ = c.Close() }(); conn(n, c) }()
		}
	}()
	client, err := NewClient("1:test", "http://"+l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// A server may close connections that are idle, all of them at once: the next call goes by a new one.
func TestConnectionsClosedWhileIdle(t *testing.T) {
	t.Parallel()
	closed := make(chan struct{})
	var conns atomic.Int64
	client := rawAPI(t, func(_ int, c net.Conn) {
		conns.Add(1)
		if _, err := http.ReadRequest(bufio.NewReader(c)); err == nil {
			_, _ = io.WriteString(c, agreed)
		}
		_ = c.Close()
		closed <- struct{}{}
	})
	for range 5 {
		if err := answerOnce(t.Context(), client); err != nil {
			t.Fatal(err)
		}
		<-closed
		time.Sleep(2 * justAnswered)
	}
	if got := conns.Load(); got != 5 {
		t.Errorf("%d connections, want one per call", got)
	}
}

// A call whose answer does not come is not made a second time by itself, on a connection used before
// either: the server may have done it.
func TestLostCallIsNotRepeated(t *testing.T) {
	t.Parallel()
	var calls atomic.Int64
	client := rawAPI(t, func(n int, c net.Conn) {
		r := bufio.NewReader(c)
		for i := 0; ; i++ {
			req, err := http.ReadRequest(r)
			if err != nil {
				return
			}
			_, _ = io.Copy(io.Discard, req.Body)
			calls.Add(1)
			if n == 1 && i == 1 {
				return
			}
			_, _ = io.WriteString(c, agreed)
		}
	})
	if err := answerOnce(t.Context(), client); err != nil {
		t.Fatal(err)
	}
	err := answerOnce(t.Context(), client)
	if got, _ := Judge(err); got != OutcomeAmbiguous {
		t.Errorf("Judge = %v, want ambiguous (%v)", got, err)
	}
	if got := calls.Load(); got != 2 {
		t.Errorf("%d calls arrived, want 2", got)
	}
}

func TestCallEndsAtItsDeadline(t *testing.T) {
	t.Parallel()
	client := rawAPI(t, func(_ int, c net.Conn) { _, _ = io.Copy(io.Discard, c) })
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	err := answerOnce(ctx, client)
	if got, _ := Judge(err); got != OutcomeAmbiguous {
		t.Errorf("Judge = %v, want ambiguous (%v)", got, err)
	}
	cancel()
	if err := answerOnce(ctx, client); !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a call after the end: %v", err)
	}
}

func TestNobodyListens(t *testing.T) {
	t.Parallel()
	client, err := NewClient("1:test", "http://127.0.0.1:1")
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := Judge(answerOnce(t.Context(), client)); got != OutcomeDown {
		t.Errorf("Judge = %v, want down", got)
	}
}

func TestCallByTLS(t *testing.T) {
	t.Parallel()
	api := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"ok":true,"result":true}`)
	}))
	defer api.Close()
	client, err := NewClient("1:test", api.URL)
	if err != nil {
		t.Fatal(err)
	}
	err = answerOnce(t.Context(), client)
	if got, _ := Judge(err); got != OutcomeDown || !errors.As(err, new(*tls.CertificateVerificationError)) {
		t.Errorf("a server nobody vouches for: %v, %v, want down", got, err)
	}
	trusting, err := newConnector(api.URL)
	if err != nil {
		t.Fatal(err)
	}
	trusting.tls.RootCAs = x509.NewCertPool()
	trusting.tls.RootCAs.AddCert(api.Certificate())
	client.direct = trusting.client()
	for range 3 {
		if err := answerOnce(t.Context(), client); err != nil {
			t.Error(err)
		}
		api.CloseClientConnections()
		time.Sleep(2 * justAnswered)
	}
}

// The proxy of the environment is asked for a tunnel, and one that gives none is as good as a server that
// is down.
func TestCallByProxy(t *testing.T) {
	asked := make(chan string, 1)
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked <- r.Method + " " + r.Host
		w.WriteHeader(http.StatusBadGateway)
	}))
	defer proxy.Close()
	t.Setenv("HTTPS_PROXY", proxy.URL)
	const token = "123456:very-secret-token"
	client, err := NewClient(token, "https://api.example.org")
	if err != nil {
		t.Fatal(err)
	}
	err = answerOnce(t.Context(), client)
	if got, _ := Judge(err); got != OutcomeDown {
		t.Errorf("Judge = %v, want down (%v)", got, err)
	}
	if got := <-asked; got != "CONNECT api.example.org:443" {
		t.Errorf("the proxy was asked %q", got)
	}
	if strings.Contains(err.Error(), token) {
		t.Errorf("the token stands in %q", err)
	}
}
