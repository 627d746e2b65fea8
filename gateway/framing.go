package gateway

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"

	"florin/gateway/problem"
)

// Framed has connections of HTTP/1 looked at as their bytes come off the wire. Where
// a request ends is a question that two servers must not answer differently, and
// net/http takes more than one answer: Content-Length beside Transfer-Encoding, or
// twice, folded lines, lines without CR. Such a request is 400 bad-framing, and its
// connection ends. What net/http refuses by itself is answered as a problem too.
// HTTP/2 has frames, and passes as it is.
func Framed(listener net.Listener) net.Listener {
	f := &framing{Listener: listener, ready: make(chan accepted), closed: make(chan struct{})}
	go f.accept()
	return f
}

type framing struct {
	net.Listener
	ready  chan accepted
	closed chan struct{}
	once   sync.Once
}

type accepted struct {
	conn net.Conn
	err  error
}

// accept takes connections until Close. An error, such as of a process that has no
// more files, is the server's to judge: it tries again, or closes. A TLS handshake
// says whether it is HTTP/1; nobody waits for another's.
func (f *framing) accept() {
	for {
		conn, err := f.Listener.Accept()
		if secure, is := conn.(*tls.Conn); is && err == nil {
			go f.shake(secure)
			continue
		}
		if err == nil {
			conn = &framedConn{Conn: conn}
		}
		if !f.give(accepted{conn, err}) {
			return
		}
	}
}

func (f *framing) shake(secure *tls.Conn) {
	ctx, done := context.WithTimeout(context.Background(), headerTimeout)
	defer done()
	if err := secure.HandshakeContext(ctx); err != nil {
		if clear, is := errors.AsType[tls.RecordHeaderError](err); is && clear.Conn != nil { // no TLS at all: HTTP in clear, most likely
			_, _ = clear.Conn.Write(problem.Wire(problem.BadRequest))
		}
		_ = secure.Close()
		return
	}
	var conn net.Conn = secure
	if state := secure.ConnectionState(); state.NegotiatedProtocol != "h2" {
		conn = &framedConn{Conn: secure, secure: &state}
	}
	f.give(accepted{conn, nil})
}

func (f *framing) give(a accepted) bool {
	select {
	case f.ready <- a:
		return true
	case <-f.closed:
		if a.conn != nil {
			_ = a.conn.Close()
		}
		return false
	}
}

func (f *framing) Accept() (net.Conn, error) {
	select {
	case a := <-f.ready:
		return a.conn, a.err
	case <-f.closed:
		return nil, net.ErrClosed
	}
}

func (f *framing) Close() error {
	f.once.Do(func() { close(f.closed) })
	return f.Listener.Close()
}

// framedConn is a connection of HTTP/1.
type framedConn struct {
	net.Conn
	secure *tls.ConnectionState // nil: in clear
	frames frames
	bad    atomic.Bool // from here on nothing on it is believed
}

func (c *framedConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if !c.bad.Load() && !c.frames.pass(p[:n]) {
		c.bad.Store(true)
	}
	return n, err
}

// ownWords are what net/http says by itself, before there is a handler to ask: one
// write, which nothing else looks like, for no handler of ours answers in plain text.
var ownWords = []byte("\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n")

var faultsOfHTTP = map[int]*problem.Fault{400: problem.BadRequest, 417: problem.ExpectationFails, 431: problem.HeadersTooLarge, 501: problem.CodingUnknown, 505: problem.VersionUnknown}

// unexpected is how it begins to say that it does not do what Expect asks for. It says
// no more, and no handler of ours has that status.
var unexpected = []byte(" 417 Expectation Failed\r\n")

func (c *framedConn) Write(p []byte) (int, error) {
	if len(p) < 512 && bytes.HasPrefix(p, []byte("HTTP/1.")) && (bytes.Contains(p, ownWords) || bytes.HasPrefix(p[min(len(p), len("HTTP/1.x")):], unexpected)) {
		status, _ := strconv.Atoi(string(p[9:12]))
		if fault, known := faultsOfHTTP[status]; known {
			if _, err := c.Conn.Write(problem.Wire(fault)); err != nil {
				return 0, err
			}
			return len(p), nil
		}
	}
	return c.Conn.Write(p)
}

type framedKey struct{}

// withFraming gives a connection's requests its framing.
func withFraming(ctx context.Context, conn net.Conn) context.Context {
	if framed, is := conn.(*framedConn); is {
		return context.WithValue(ctx, framedKey{}, framed)
	}
	return ctx
}

// underTLS tells the request the connection's state, with the client's certificate,
// as net/http does where it sees the TLS connection itself.
func underTLS(r *http.Request) {
	if conn, is := r.Context().Value(framedKey{}).(*framedConn); is && r.TLS == nil {
		r.TLS = conn.secure
	}
}

// framed tells whether a request's frame, and those of all before it, are beyond doubt.
// HTTP/2 has its own frames; what a header says of the length beside them is held to
// what net/http has made of it, for of a request without a body it makes nothing.
func framed(r *http.Request) bool {
	if r.ProtoMajor == 2 {
		said := r.Header["Content-Length"]
		return len(said) == 0 || len(said) == 1 && said[0] == strconv.FormatInt(r.ContentLength, 10)
	}
	conn, is := r.Context().Value(framedKey{}).(*framedConn)
	return !is || !conn.bad.Load()
}
