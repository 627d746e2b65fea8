package gateway

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// framer speaks HTTP/2 to the public server, frame by frame.
type framer struct {
	t    *testing.T
	conn net.Conn
	*http2.Framer
	head    bytes.Buffer
	encoder *hpack.Encoder
}

// servedHTTP2 is the public server over TLS, and how many requests reached its handler.
func servedHTTP2(t *testing.T) (dial func() *framer, reached *atomic.Int64) {
	t.Helper()
	reached = &atomic.Int64{}
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		reached.Add(1)
		_, _ = io.WriteString(w, r.Proto)
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := Server(handler, slog.New(slog.DiscardHandler))
	config := &tls.Config{Certificates: []tls.Certificate{newAuthority(t, "test").issue(1, time.Now().Add(time.Hour))}, NextProtos: []string{"h2", "http/1.1"}}
	go func() { _ = server.Serve(Framed(tls.NewListener(listener, config))) }()
	t.Cleanup(func() { _ = server.Close() })
	return func() *framer { return framerTo(t, listener.Addr().String()) }, reached
}

// framerTo has begun a connection.
func framerTo(t *testing.T, address string) *framer {
	t.Helper()
	conn, err := tls.Dial("tcp", address, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}})
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	require.NoError(t, conn.SetDeadline(time.Now().Add(20*time.Second)))
	_, err = io.WriteString(conn, http2.ClientPreface)
	require.NoError(t, err)
	f := &framer{t: t, conn: conn, Framer: http2.NewFramer(conn, conn)}
	f.encoder = hpack.NewEncoder(&f.head)
	require.NoError(t, f.WriteSettings())
	return f
}

// request is the header of a request, with more headers in pairs.
func (f *framer) request(method, authority, path string, more ...string) []byte {
	f.head.Reset()
	pairs := append([]string{":method", method, ":scheme", "https", ":authority", authority, ":path", path}, more...)
	for i := 0; i < len(pairs); i += 2 {
		require.NoError(f.t, f.encoder.WriteField(hpack.HeaderField{Name: pairs[i], Value: pairs[i+1]}))
	}
	return f.head.Bytes()
}

// headers are those of a GET, with more.
func (f *framer) headers(more ...hpack.HeaderField) []byte {
	f.head.Reset()
	for _, field := range append([]hpack.HeaderField{{Name: ":method", Value: "GET"}, {Name: ":scheme", Value: "https"}, {Name: ":authority", Value: "a"}, {Name: ":path", Value: "/"}}, more...) {
		require.NoError(f.t, f.encoder.WriteField(field))
	}
	return f.head.Bytes()
}

func (f *framer) get(stream uint32, more ...hpack.HeaderField) error {
	return f.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: f.headers(more...), EndStream: true, EndHeaders: true})
}

// ending reads until the stream or the connection is over: the status it was
// answered with, or the error it was ended for.
func (f *framer) ending(stream uint32) (status string, code http2.ErrCode) {
	decoder := hpack.NewDecoder(4096, func(field hpack.HeaderField) {
		if field.Name == ":status" {
			status = field.Value
		}
	})
	for {
		frame, err := f.ReadFrame()
		if err != nil {
			return status, http2.ErrCodeConnect
		}
		switch frame := frame.(type) {
		case *http2.GoAwayFrame:
			if frame.ErrCode != http2.ErrCodeNo || frame.LastStreamID < stream { // else it is answered before the connection ends
				return status, frame.ErrCode
			}
		case *http2.RSTStreamFrame:
			if frame.StreamID == stream {
				return status, frame.ErrCode
			}
		case *http2.HeadersFrame:
			_, err := decoder.Write(frame.HeaderBlockFragment())
			require.NoError(f.t, err)
			if frame.StreamID == stream && frame.StreamEnded() {
				return status, http2.ErrCodeNo
			}
		case *http2.DataFrame:
			if frame.StreamID == stream && frame.StreamEnded() {
				return status, http2.ErrCodeNo
			}
		}
	}
}

// Row 5.
func TestRow5HeadersThatHTTP2DoesNotHave(t *testing.T) {
	t.Parallel()
	dial, reached := servedHTTP2(t)
	good := dial()
	require.NoError(t, good.get(1))
	status, code := good.ending(1)
	require.Equal(t, "200", status)
	require.Equal(t, http2.ErrCodeNo, code)
	for name, field := range map[string]hpack.HeaderField{
		"CR LF in a value": {Name: "x", Value: "a\r\nX-User-ID: evil"}, "LF in a value": {Name: "x", Value: "a\nb"}, "NUL in a value": {Name: "x", Value: "a\x00b"},
		"upper case": {Name: "X-User-ID", Value: "a"}, "a space in a name": {Name: "x y", Value: "a"}, "connection": {Name: "connection", Value: "x-user-id"},
		"transfer-encoding": {Name: "transfer-encoding", Value: "chunked"}, "upgrade": {Name: "upgrade", Value: "h2c"}, "te": {Name: "te", Value: "gzip"},
		"an unknown pseudo header": {Name: ":evil", Value: "a"}, "a second path": {Name: ":path", Value: "/admin"},
	} {
		f := dial()
		require.NoError(t, f.get(1, field))
		status, code := f.ending(1)
		require.True(t, code == http2.ErrCodeProtocol || status == "400", "%s: %q %s", name, status, code)
	}
	require.EqualValues(t, 1, reached.Load(), "none of them reached a handler")
}

// Row 6: ten thousand requests that are taken back at once.
func TestRow6RapidReset(t *testing.T) {
	t.Parallel()
	dial, reached := servedHTTP2(t)
	f := dial()
	var failed error
	for stream := uint32(1); stream < 20_000 && failed == nil; stream += 2 {
		if failed = f.get(stream); failed == nil {
			failed = f.WriteRSTStream(stream, http2.ErrCodeCancel)
		}
	}
	if failed == nil { // it was all taken: then it was all worked off, and the connection is as good as before
		require.NoError(t, f.get(20_001))
		status, code := f.ending(20_001)
		sentAway := status == "" && code == http2.ErrCodeNo // GOAWAY, before this one was looked at
		require.True(t, status == "200" || status == "429" || sentAway || code == http2.ErrCodeEnhanceYourCalm, "%q %s", status, code)
	}
	require.LessOrEqual(t, reached.Load(), int64(10_001))
	other := dial()
	require.NoError(t, other.get(1))
	status, _ := other.ending(1)
	require.Equal(t, "200", status, "others are served")
}

// Row 6: a header that never ends is cut off, long before it costs memory.
func TestRow6ContinuationFlood(t *testing.T) {
	t.Parallel()
	dial, reached := servedHTTP2(t)
	f := dial()
	require.NoError(t, f.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: f.headers(), EndStream: true}))
	sent, most := 0, 4<<20
	var failed error
	for sent < most && failed == nil {
		f.head.Reset()
		for range 16 {
			require.NoError(t, f.encoder.WriteField(hpack.HeaderField{Name: "x", Value: string(bytes.Repeat([]byte("x"), 1000)), Sensitive: true}))
		}
		failed = f.WriteContinuation(1, false, f.head.Bytes())
		sent += f.head.Len()
	}
	if failed == nil {
		_, code := f.ending(1)
		require.NotEqual(t, http2.ErrCodeNo, code, "%d bytes of one header were taken", sent)
	} else {
		require.False(t, errors.Is(failed, io.ErrShortWrite))
	}
	require.Zero(t, reached.Load())
	other := dial()
	require.NoError(t, other.get(1))
	status, _ := other.ending(1)
	require.Equal(t, "200", status, "others are served")
}
