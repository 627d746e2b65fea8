package gateway

import (
	"cmp"
	"crypto/tls"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/http2"
)

// The limits of tests are a fortieth of the real ones, which the first test names.
const (
	slowHeader = headerTimeout / 40
	slowBody   = bodyTimeout / 40
	slowIdle   = idleTimeout / 90
)

// slow serves the porch's door to slow clients, in clear or over TLS.
func (p *porch) slow(secure bool) (address string) {
	p.t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(p.t, err)
	address = listener.Addr().String()
	p.door.hosts = append(p.door.hosts, address) // before anybody asks
	server := Server(p.door.handler(p.rows()), slog.New(slog.DiscardHandler))
	server.ReadHeaderTimeout, server.ReadTimeout, server.IdleTimeout = slowHeader, slowBody, slowIdle
	if secure {
		config := &tls.Config{Certificates: []tls.Certificate{newAuthority(p.t.(*testing.T), "test").issue(1, time.Now().Add(time.Hour))}, NextProtos: []string{"h2", "http/1.1"}}
		listener = tls.NewListener(listener, config)
	}
	go func() { _ = server.Serve(Framed(listener)) }()
	p.t.Cleanup(func() { _ = server.Close() })
	return address
}

// drip sends a text a byte at a time, for as long as it is taken.
func drip(conn io.Writer, text string) {
	clock := time.NewTicker(5 * time.Millisecond)
	defer clock.Stop()
	for i := range len(text) {
		if _, err := io.WriteString(conn, text[i:i+1]); err != nil {
			return
		}
		<-clock.C
	}
}

// Row 7.
func TestRow7TheLimitsOfSlowClients(t *testing.T) {
	t.Parallel()
	server := Server(http.NotFoundHandler(), slog.New(slog.DiscardHandler))
	require.Equal(t, 5*time.Second, server.ReadHeaderTimeout)
	require.Equal(t, 30*time.Second, server.ReadTimeout)
	require.Positive(t, server.IdleTimeout)
	require.Positive(t, server.WriteTimeout)
	require.Positive(t, server.HTTP2.WriteByteTimeout)
}

// Row 7: headers and bodies that come a byte at a time, many at once. Each ends at its
// limit, and nobody else waits for them.
func TestRow7SlowHeadersAndBodies(t *testing.T) {
	t.Parallel()
	const many = 50
	p := newPorch(t, func(s *Settings) { s.Load = Load{Requests: 2 * many, Streams: 1, Bytes: 1 << 20} })
	address := p.slow(false)
	head := "POST /open HTTP/1.1\r\nHost: " + address + "\r\nContent-Type: application/json\r\nContent-Length: 2000\r\n\r\n"
	long := strings.Repeat("x", 1<<16)
	var all sync.WaitGroup
	for name, slow := range map[string]struct {
		first, rest string
		limit       time.Duration
		answer      string
	}{
		"nothing at all":          {"", "", slowHeader, ""},
		"the request line":        {"", "GET /" + long, slowHeader, ""},
		"a header":                {"GET /open HTTP/1.1\r\nHost: " + address + "\r\nX: ", long, slowHeader, ""},
		"headers that never end":  {"GET /open HTTP/1.1\r\nHost: " + address + "\r\n", strings.Repeat("X-A: b\r\n", 4000), slowHeader, ""},
		"a body":                  {head, long, slowBody, `"request-timeout"`},
		"a body that stops":       {head + "{", "", slowBody, `"request-timeout"`},
		"a chunked body":          {strings.Replace(head, "Content-Length: 2000", "Transfer-Encoding: chunked", 1) + "7d0\r\n", long, slowBody, `"request-timeout"`},
		"a second request's head": {"GET /open HTTP/1.1\r\nHost: " + address + "\r\n\r\nGET ", long, slowHeader, "200 OK"},
	} {
		all.Go(func() {
			began := time.Now()
			said, err := p.dripped(address, slow.first, slow.rest)
			took := time.Since(began)
			switch {
			case err != nil:
				t.Errorf("%s: %v", name, err)
			case took > slow.limit+5*time.Second, took < slow.limit/2:
				t.Errorf("%s ended after %s, and has %s", name, took, slow.limit)
			case slow.answer == "" && said == "": // of half a line net/http may say what else is wrong with it
			case !strings.Contains(said, cmp.Or(slow.answer, `"bad-request"`)):
				t.Errorf("%s: %s", name, said)
			}
		})
	}
	for range many {
		p.opened(head + "{") // on the listener with the real limits: they are there all the time
	}
	began := time.Now()
	require.Equal(t, 200, p.send("GET", "/open", "").status)
	require.Less(t, time.Since(began), 2*time.Second, "others are served meanwhile")
	all.Wait()
}

// dripped sends the first at once and the rest a byte at a time, and gives what is
// said until the connection ends.
func (p *porch) dripped(address, first, rest string) (said string, err error) {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	if err := conn.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
		return "", err
	}
	if _, err := io.WriteString(conn, first); err != nil {
		return "", err
	}
	go drip(conn, rest)
	text, err := io.ReadAll(conn)
	if isTimeout(err) {
		return "", err
	}
	return string(text), nil // a connection may end by a reset
}

// Row 7 over HTTP/2: a body that comes a byte at a time ends with its stream, a header
// with its connection, and so does a handshake that is not gone on with.
func TestRow7SlowOverHTTP2(t *testing.T) {
	t.Parallel()
	p := newPorch(t, nil)
	address := p.slow(true)
	t.Run("a body", func(t *testing.T) {
		t.Parallel()
		f := framerTo(t, address)
		began := time.Now()
		require.NoError(t, f.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: f.request("POST", address, "/open", "content-type", "application/json", "content-length", "2000"), EndHeaders: true}))
		go func() {
			for f.WriteData(1, false, []byte("x")) == nil && time.Since(began) < 10*time.Second {
				<-time.After(5 * time.Millisecond)
			}
		}()
		status, _ := f.ending(1)
		require.Equal(t, "408", status)
		require.Less(t, time.Since(began), slowBody+5*time.Second)
	})
	t.Run("a header", func(t *testing.T) {
		t.Parallel()
		f := framerTo(t, address)
		began := time.Now()
		require.NoError(t, f.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: f.request("GET", address, "/open"), EndStream: true}))
		go func() {
			for f.WriteContinuation(1, false, nil) == nil && time.Since(began) < 10*time.Second {
				<-time.After(5 * time.Millisecond)
			}
		}()
		status, _ := f.ending(1)
		require.Empty(t, status)
		require.Less(t, time.Since(began), slowIdle+5*time.Second)
	})
	require.Zero(t, p.seen.Load())
}
