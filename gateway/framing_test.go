package gateway

import (
	"bufio"
	"crypto/tls"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Rows 1 to 4: what two servers could read differently is read by nobody.
func TestRow1To4OneFramingOrNone(t *testing.T) {
	t.Parallel()
	p := newPorch(t, nil)
	body := `{"text":"x"}`
	post := func(headers, body string) string {
		return "POST /open HTTP/1.1\r\nHost: " + p.address + "\r\nContent-Type: application/json\r\n" + headers + "\r\n" + body
	}
	for name, text := range map[string]string{
		"length and chunked (row 1)":   post("Content-Length: 12\r\nTransfer-Encoding: chunked\r\n", "c\r\n"+body+"\r\n0\r\n\r\n"),
		"chunked and length":           post("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n"),
		"two equal lengths (row 2)":    post("Content-Length: 12\r\nContent-Length: 12\r\n", body),
		"two lengths":                  post("Content-Length: 12\r\nContent-Length: 13\r\n", body),
		"a list of lengths":            post("Content-Length: 12, 12\r\n", body),
		"a signed length":              post("Content-Length: +12\r\n", body),
		"a hexadecimal length":         post("Content-Length: 0xc\r\n", body),
		"chunked on HTTP/1.0 (row 4)":  strings.Replace(post("Transfer-Encoding: chunked\r\n", "c\r\n"+body+"\r\n0\r\n\r\n"), "HTTP/1.1", "HTTP/1.0", 1),
		"a folded header":              post("X-A: 1\r\n 2\r\nContent-Length: 12\r\n", body),
		"a folded length":              post("Content-Length:\r\n 12\r\n", body),
		"a line without CR":            post("X-A: 1\nContent-Length: 12\r\n", body),
		"a CR within a line":           post("X-A: 1\rX-B: 2\r\nContent-Length: 12\r\n", body),
		"a space before the colon":     post("Content-Length : 12\r\n", body),
		"a chunk line without CR":      post("Transfer-Encoding: chunked\r\n", "c\n"+body+"\r\n0\r\n\r\n"),
		"a chunk that begins with 0x":  post("Transfer-Encoding: chunked\r\n", "0xc\r\n"+body+"\r\n0\r\n\r\n"),
		"a signed chunk":               post("Transfer-Encoding: chunked\r\n", "+c\r\n"+body+"\r\n0\r\n\r\n"),
		"a chunk longer than it says":  post("Transfer-Encoding: chunked\r\n", "b\r\n"+body+"\r\n0\r\n\r\n"),
		"a chunk larger than numbers":  post("Transfer-Encoding: chunked\r\n", "fffffffffffffffff\r\n"+body+"\r\n0\r\n\r\n"),
		"two codings, both chunked":    post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
		"a length in another spelling": post("content-length: 12\r\nCONTENT-LENGTH: 12\r\n", body),
	} {
		answer := p.raw(text)
		require.Contains(t, []int{400, 501}, answer.status, name)
		require.Contains(t, []string{"bad-framing", "bad-request", "transfer-coding-unknown"}, answer.code(t), name)
	}
	require.Equal(t, "bad-framing", p.raw(post("Content-Length: 12\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n")).code(t))
	for _, coding := range []string{"xchunked", "chunked, identity", "identity", "gzip, chunked"} { // row 3
		answer := p.raw(post("Transfer-Encoding: "+coding+"\r\n", "0\r\n\r\n"))
		require.Equal(t, 501, answer.status, coding)
		require.Equal(t, "transfer-coding-unknown", answer.code(t))
	}
	require.Zero(t, p.seen.Load(), "nothing reached a service")
	require.Equal(t, 200, p.raw(post("Content-Length: 12\r\nConnection: close\r\n", body)).status)
	require.Equal(t, body, p.raw(post("Transfer-Encoding: chunked\r\nConnection: close\r\n", "5;a=b\r\n"+body[:5]+"\r\n7\r\n"+body[5:]+"\r\n0\r\nX-Trailer: 1\r\n\r\n")).told(t).Body)
}

// What hides behind a good request is not answered, and the connection is over.
func TestRow1ASmuggledRequestIsNotAnswered(t *testing.T) {
	t.Parallel()
	p := newPorch(t, nil)
	conn, err := net.Dial("tcp", p.address)
	require.NoError(t, err)
	defer conn.Close()
	require.NoError(t, conn.SetDeadline(time.Now().Add(20*time.Second)))
	_, err = io.WriteString(conn, "POST /open HTTP/1.1\r\nHost: "+p.address+"\r\nContent-Type: application/json\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n"+
		"0\r\n\r\nGET /open HTTP/1.1\r\nHost: "+p.address+"\r\n\r\n")
	require.NoError(t, err)
	said, err := io.ReadAll(conn)
	require.NoError(t, err)
	require.Equal(t, 1, strings.Count(string(said), "HTTP/1.1 "), "one answer, and the end: %s", said)
	require.Zero(t, p.seen.Load())
}

// Many requests on one connection, pipelined and cut anywhere, are each read.
func TestGoodRequestsPassHoweverTheyAreCut(t *testing.T) {
	t.Parallel()
	p := newPorch(t, nil)
	one := "POST /open HTTP/1.1\r\nHost: " + p.address + "\r\nContent-Type: application/json\r\nContent-Length: 12\r\n\r\n" + `{"text":"x"}`
	two := "POST /open HTTP/1.1\r\nHost: " + p.address + "\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n" + "c\r\n" + `{"text":"y"}` + "\r\n0\r\n\r\n"
	three := "\r\nGET /open HTTP/1.1\r\nHost: " + p.address + "\r\n\r\n"
	text := one + two + three + one
	for _, size := range []int{1, 7, len(text)} {
		conn, err := net.Dial("tcp", p.address)
		require.NoError(t, err)
		require.NoError(t, conn.SetDeadline(time.Now().Add(20*time.Second)))
		go func() {
			for rest := text; rest != ""; {
				n := min(size, len(rest))
				_, _ = io.WriteString(conn, rest[:n])
				rest = rest[n:]
			}
		}()
		reader := bufio.NewReader(conn)
		for i := range 4 {
			response, err := http.ReadResponse(reader, nil)
			require.NoError(t, err, "answer %d of pieces of %d", i, size)
			_, err = io.Copy(io.Discard, response.Body)
			require.NoError(t, err)
			require.Equal(t, 200, response.StatusCode)
		}
		require.NoError(t, conn.Close())
	}
}

// What net/http refuses by itself is a problem like every other.
func TestRefusalsBeforeTheHandlerAreProblems(t *testing.T) {
	t.Parallel()
	p := newPorch(t, nil)
	for name, tc := range map[string]struct {
		text   string
		status int
		code   string
	}{
		"no HTTP":            {"hello\r\n\r\n", 400, "bad-request"},
		"a broken line":      {"GET /open\r\n\r\n", 400, "bad-request"},
		"no host":            {"GET /open HTTP/1.1\r\n\r\n", 400, "bad-request"},
		"two hosts":          {"GET /open HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400, "bad-request"},
		"a megabyte of head": {"GET /open HTTP/1.1\r\nHost: a\r\nX: " + strings.Repeat("x", 1<<20) + "\r\n\r\n", 431, "headers-too-large"},
		"an expectation":     {"GET /open HTTP/1.1\r\nHost: " + p.address + "\r\nExpect: foo\r\n\r\n", 417, "expectation-failed"},
		"and of a body":      {"POST /open HTTP/1.1\r\nHost: " + p.address + "\r\nContent-Length: 2\r\nExpect: 200-ok\r\n\r\n{}", 417, "expectation-failed"},
		"by HTTP/1.0":        {"GET /open HTTP/1.0\r\nHost: " + p.address + "\r\nExpect: foo\r\n\r\n", 417, "expectation-failed"},
		"another version":    {"GET /open HTTP/3.0\r\nHost: a\r\n\r\n", 505, "http-version-unknown"},
	} {
		answer := p.raw(tc.text)
		require.Equal(t, tc.status, answer.status, name)
		require.Equal(t, tc.code, answer.code(t), name)
	}
	require.Zero(t, p.seen.Load())
	continued := p.raw("POST /open HTTP/1.1\r\nHost: " + p.address + "\r\nContent-Type: application/json\r\nContent-Length: 12\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n" + `{"text":"x"}`)
	require.Contains(t, []int{100, 200}, continued.status, "the one expectation that is met")
}

// The same over TLS, where HTTP/2 passes and HTTP/1 is looked at.
func TestRow1OverTLS(t *testing.T) {
	t.Parallel()
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if underTLS(r); r.TLS == nil || !framed(r) {
			w.WriteHeader(http.StatusBadRequest)
		}
		_, _ = io.WriteString(w, r.Proto)
	})
	certificate := newAuthority(t, "test").issue(1, time.Now().Add(time.Hour))
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := Server(handler, slog.New(slog.DiscardHandler))
	go func() {
		_ = server.Serve(Framed(tls.NewListener(listener, &tls.Config{Certificates: []tls.Certificate{certificate}, NextProtos: []string{"h2", "http/1.1"}})))
	}()
	t.Cleanup(func() { _ = server.Close() })
	silent, err := net.Dial("tcp", listener.Addr().String()) // who never shakes hands keeps nobody waiting
	require.NoError(t, err)
	defer silent.Close()

	client := &http.Client{Transport: &http.Transport{ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	response, err := client.Get("https://" + listener.Addr().String() + "/")
	require.NoError(t, err)
	text, _ := io.ReadAll(response.Body)
	require.NoError(t, response.Body.Close())
	require.Equal(t, "HTTP/2.0", string(text))

	for headers, status := range map[string]int{"Content-Length: 0\r\n": 200, "Content-Length: 0\r\nContent-Length: 0\r\n": 400} {
		conn, err := tls.Dial("tcp", listener.Addr().String(), &tls.Config{InsecureSkipVerify: true})
		require.NoError(t, err)
		_, err = io.WriteString(conn, "POST / HTTP/1.1\r\nHost: a\r\n"+headers+"\r\n")
		require.NoError(t, err)
		answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
		require.NoError(t, err)
		require.Equal(t, status, answer.StatusCode, headers)
		require.NoError(t, conn.Close())
	}
}

// shortOfFiles fails to accept once, as a process does that has too many files open.
type shortOfFiles struct {
	net.Listener
	once sync.Once
}

func (s *shortOfFiles) Accept() (conn net.Conn, err error) {
	s.once.Do(func() { err = &net.OpError{Op: "accept", Net: "tcp", Err: syscall.EMFILE} })
	if err != nil {
		return nil, err
	}
	return s.Listener.Accept()
}

// A passing failure to accept ends nothing, and a closed listener ends the server.
func TestFramedGoesOnAfterAPassingFailure(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	framed := Framed(&shortOfFiles{Listener: listener})
	server := Server(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.Proto) }), slog.New(slog.DiscardHandler))
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(framed) }()
	client := &http.Client{Timeout: 20 * time.Second}
	response, err := client.Get("http://" + listener.Addr().String() + "/")
	require.NoError(t, err)
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, "HTTP/1.1", string(text))
	client.CloseIdleConnections()
	require.NoError(t, server.Close())
	require.ErrorIs(t, <-ended, http.ErrServerClosed)
	_, err = framed.Accept()
	require.ErrorIs(t, err, net.ErrClosed)
}

// FuzzFrames: however bytes are cut, what is said of them is the same.
func FuzzFrames(f *testing.F) {
	f.Add([]byte("POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabcGET / HTTP/1.1\r\n\r\n"), uint8(3))
	f.Add([]byte("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"), uint8(1))
	f.Fuzz(func(t *testing.T, text []byte, size uint8) {
		var whole, pieces frames
		want, got := whole.pass(text), true
		for rest := text; len(rest) > 0 && got; {
			n := min(int(size)+1, len(rest))
			got = pieces.pass(rest[:n])
			rest = rest[n:]
		}
		require.Equal(t, want, got)
	})
}
