package gateway

import (
	"crypto/tls"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/http2"
)

// servedBy is a handler behind the public server over TLS.
func servedBy(t *testing.T, handler http.HandlerFunc, change func(*http.Server)) (dial func() *framer) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := Server(handler, slog.New(slog.DiscardHandler))
	change(server)
	config := &tls.Config{Certificates: []tls.Certificate{newAuthority(t, "test").issue(1, time.Now().Add(time.Hour))}, NextProtos: []string{"h2", "http/1.1"}}
	go func() { _ = server.Serve(Framed(tls.NewListener(listener, config))) }()
	t.Cleanup(func() { _ = server.Close() })
	return func() *framer { return framerTo(t, listener.Addr().String()) }
}

// body reads until a stream is over, and gives what came on it; away: with GOAWAY before.
func (f *framer) body(stream uint32) (text string, away bool) {
	for {
		frame, err := f.ReadFrame()
		require.NoError(f.t, err)
		switch frame := frame.(type) {
		case *http2.GoAwayFrame:
			away = true
		case *http2.DataFrame:
			if frame.StreamID != stream {
				continue
			}
			if text += string(frame.Data()); frame.StreamEnded() {
				return text, away
			}
		}
	}
}

// sentAway reads until the connection has ended, and tells whether it was told to go.
func (f *framer) sentAway() (told bool) {
	for {
		frame, err := f.ReadFrame()
		if err != nil {
			require.False(f.t, isTimeout(err), "the connection goes on")
			return told
		}
		if _, is := frame.(*http2.GoAwayFrame); is {
			told = true
		}
	}
}

// Row 6 (CVE-2023-44487): a connection that takes back one request after the other ends,
// long before ten thousand; and what an app takes back ends nothing.
func TestRow6WhoOnlyTakesBackIsSentAway(t *testing.T) {
	t.Parallel()
	var waited atomic.Int64
	started := make(chan struct{}, 1)
	dial := servedBy(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/short" {
			_, _ = io.WriteString(w, "done")
			return
		}
		started <- struct{}{}
		<-r.Context().Done()
		waited.Add(1)
	}, func(*http.Server) {})
	f := dial()
	path := func(f *framer, stream uint32, path string) {
		require.NoError(t, f.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: f.request("GET", "a", path), EndStream: true, EndHeaders: true}))
	}
	stream := uint32(1)
	takeBack := func(f *framer) {
		path(f, stream, "/long")
		<-started
		require.NoError(t, f.WriteRSTStream(stream, http2.ErrCodeCancel))
		stream += 2
	}
	for range resetsMax - 1 {
		takeBack(f)
	}
	require.Eventually(t, func() bool { return waited.Load() == resetsMax-1 }, 10*time.Second, time.Millisecond)
	path(f, stream, "/short")
	text, away := f.body(stream)
	require.Equal(t, "done", text, "who takes back less is served")
	require.False(t, away)
	stream += 2
	for range 2 {
		takeBack(f)
	}
	require.Eventually(t, func() bool { return waited.Load() == resetsMax+1 }, 10*time.Second, time.Millisecond)
	path(f, stream, "/short")
	text, away = f.body(stream)
	require.Contains(t, text, "too-many-requests")
	require.True(t, f.sentAway() || away, "with the last answer it is told to go, and the connection ends")

	app, stream := dial(), uint32(1)
	for range 3 * resetsMax { // one taken back for each that is waited for
		path(app, stream, "/long")
		<-started
		require.NoError(t, app.WriteRSTStream(stream, http2.ErrCodeCancel))
		path(app, stream+2, "/short")
		text, away := app.body(stream + 2)
		require.Equal(t, "done", text)
		require.False(t, away)
		stream += 4
	}
}

// Row 7: while a header comes a byte at a time nothing else can come, not even the answer
// to a ping: so it ends its connection soon, whatever else is open on it.
func TestRow7AHeaderThatDripsEndsItsConnection(t *testing.T) {
	t.Parallel()
	limits := Server(http.NotFoundHandler(), slog.New(slog.DiscardHandler)).HTTP2
	require.Positive(t, limits.SendPingTimeout)
	require.Less(t, limits.SendPingTimeout+limits.PingTimeout, idleTimeout)
	answer := make(chan struct{})
	dial := servedBy(t, func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-r.Context().Done():
		case <-answer:
			_, _ = io.WriteString(w, "done")
		}
	}, func(s *http.Server) {
		s.HTTP2.SendPingTimeout, s.HTTP2.PingTimeout = 200*time.Millisecond, 2*time.Second
	})
	patient := dial() // which answers the server's pings, and waits for as long as it takes
	require.NoError(t, patient.get(1))
	for pings := 0; pings < 3; {
		frame, err := patient.ReadFrame()
		require.NoError(t, err)
		if ping, is := frame.(*http2.PingFrame); is && !ping.IsAck() {
			require.NoError(t, patient.WritePing(true, ping.Data))
			pings++
		}
	}
	close(answer)
	status, _ := patient.ending(1)
	require.Equal(t, "200", status, "who answers is waited for")

	f := dial()
	head := append([]byte(nil), f.headers()...)
	require.NoError(t, f.WriteHeaders(http2.HeadersFrameParam{StreamID: 3, BlockFragment: head[:1], EndStream: true}))
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		f.sentAway()
	}()
	drip := time.NewTicker(20 * time.Millisecond)
	defer drip.Stop()
	for {
		select {
		case <-ended:
			return
		case <-drip.C:
			_ = f.WriteContinuation(3, false, nil) // the server may have gone
		}
	}
}
