package gateway

import (
	"errors"
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/http2"
)

// securePorch is a door that is asked for by HTTP/2.
func securePorch(t *testing.T) (p *porch, address string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address = listener.Addr().String()
	p = newPorch(t, func(s *Settings) { s.Hosts = []string{address} })
	p.secure(listener)
	return p, address
}

// Rows 5, 8, 9, 13 and 14 by HTTP/2, which says the same with other words: what names
// the request comes in pseudo headers, and is held to the same.
func TestRow5ToTheDoorByHTTP2(t *testing.T) {
	t.Parallel()
	p, address := securePorch(t)
	ask := func(method, authority, path string, more ...string) (status string, code http2.ErrCode) {
		f := framerTo(t, address)
		head := f.request(method, authority, path, more...)
		first := head[:min(len(head), 16<<10)] // as much as a frame may hold
		require.NoError(t, f.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: first, EndStream: true, EndHeaders: len(first) == len(head)}))
		for head = head[len(first):]; len(head) > 0; head = head[len(first):] {
			first = head[:min(len(head), 16<<10)]
			require.NoError(t, f.WriteContinuation(1, len(first) == len(head), first))
		}
		return f.ending(1)
	}
	status, _ := ask("GET", address, "/open")
	require.Equal(t, "200", status)
	status, _ = ask("GET", address, "/open", "x-user-id", anna.String(), "x_user_id", anna.String(), "x-florin-internal", "x")
	require.Equal(t, "200", status)
	require.Contains(t, p.metrics(), "florin_identity_headers_stripped_total 3")
	seen := p.seen.Load()
	for name, try := range map[string]struct {
		method, authority, path string
		more                    []string
		status                  string
	}{
		"another host":                {"GET", "evil.example", "/open", nil, "421"},
		"no host":                     {"GET", "", "/open", nil, "421"},
		"a host in its place":         {"GET", "", "/open", []string{"host", "evil.example"}, "421"},
		"two slashes":                 {"GET", address, "//open", nil, "400"},
		"dots":                        {"GET", address, "/x/../open", nil, "400"},
		"escaped":                     {"GET", address, "/%6fpen", nil, "400"},
		"an escaped slash":            {"GET", address, "/open%2fx", nil, "400"},
		"a semicolon":                 {"GET", address, "/open;x", nil, "400"},
		"a header longer than may be": {"GET", address, "/open", []string{"x-big", strings.Repeat("x", HeaderBytesMax)}, "431"},
		"a header list far too long":  {"GET", address, "/open", slices.Repeat([]string{"x-big", strings.Repeat("x", 1000)}, 80), "431"},
		"a query too long":            {"GET", address, "/open?" + strings.Repeat("x", QueryBytesMax+1), nil, "414"},
	} {
		status, code := ask(try.method, try.authority, try.path, try.more...)
		require.Equal(t, try.status, status, "%s: %s", name, code)
	}
	_, refused := ask("GET", "evil@"+address, "/open")
	require.Equal(t, http2.ErrCodeProtocol, refused, "a user before the host")
	_, refused = ask("GET", address, "/open", "x-big", strings.Repeat("x", 3*HeaderBytesMax))
	require.Equal(t, http2.ErrCodeCompression, refused, "one field longer than all may be")
	for name, try := range map[string]struct {
		path string
		more []string
	}{
		"no slash before the path":    {"open", nil},
		"an empty path":               {"", nil},
		"a whole address as the path": {"https://evil.example/open", nil},
		"a status":                    {"/open", []string{":status", "200"}},
		"a pseudo header behind":      {"/open", []string{"x", "y", ":path", "/admin"}},
		"a second authority":          {"/open", []string{":authority", "evil.example"}},
		"a second method":             {"/open", []string{":method", "DELETE"}},
		"a length that is not true":   {"/open", []string{"content-length", "10"}},
		"a length that is none":       {"/open", []string{"content-length", "+3"}},
		"two lengths":                 {"/open", []string{"content-length", "0", "content-length", "1"}},
		"keep-alive":                  {"/open", []string{"keep-alive", "timeout=5"}},
		"proxy-connection":            {"/open", []string{"proxy-connection", "close"}},
	} {
		status, code := ask("GET", address, try.path, try.more...)
		require.True(t, code == http2.ErrCodeProtocol || strings.HasPrefix(status, "4"), "%s: %q %s", name, status, code)
	}
	require.Equal(t, seen, p.seen.Load(), "none of them reached a service")
}

// Row 6: whatever one connection floods with is worked off or ends it, and others are
// served. What it costs the process in memory: cmd/florin, TestRow6FloodsTakeNoMemory.
func TestRow6FloodsOfFrames(t *testing.T) {
	t.Parallel()
	const frames = 10_000
	_, address := securePorch(t)
	for name, flood := range map[string]func(f *framer, i uint32) error{
		"settings that want an answer that is not read": func(f *framer, _ uint32) error { return f.WriteSettings() },
		"pings that want an answer that is not read":    func(f *framer, _ uint32) error { return f.WritePing(false, [8]byte{}) },
		"requests that are taken back":                  func(f *framer, i uint32) error { return f.reset(address, 2*i+1) },
		"more requests at once than may be":             func(f *framer, i uint32) error { return f.open(address, 2*i+1) },
		"empty data of one request":                     func(f *framer, i uint32) error { return f.emptyData(address, i) },
		"windows that grow":                             func(f *framer, _ uint32) error { return f.WriteWindowUpdate(0, 1<<14) },
		"priorities of streams that are not there":      func(f *framer, i uint32) error { return f.WritePriority(2*i+1, http2.PriorityParam{Weight: 1}) },
	} {
		f := framerTo(t, address)
		var failed error
		sent := uint32(0)
		for ; sent < frames && failed == nil; sent++ {
			failed = flood(f, sent)
		}
		if failed == nil {
			failed = f.WritePing(false, [8]byte{1})
		}
		worked := failed == nil && f.answered([8]byte{1})
		t.Logf("%s: %d frames, all worked off: %t", name, sent, worked)
		other := framerTo(t, address)
		require.NoError(t, other.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: other.request("GET", address, "/open"), EndStream: true, EndHeaders: true}))
		status, _ := other.ending(1)
		require.Equal(t, "200", status, "others are served beside %s", name)
		_ = f.conn.Close() // which may be gone
	}
}

// answered reads until the ping is answered, or the connection has ended.
func (f *framer) answered(data [8]byte) bool {
	for {
		frame, err := f.ReadFrame()
		if err != nil {
			require.False(f.t, isTimeout(err), "neither an answer nor an end")
			return false
		}
		if ping, is := frame.(*http2.PingFrame); is && ping.IsAck() && ping.Data == data {
			return true
		}
	}
}

func isTimeout(err error) bool {
	late, is := errors.AsType[net.Error](err)
	return is && late.Timeout()
}

func (f *framer) open(address string, stream uint32) error {
	return f.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: f.request("POST", address, "/open", "content-type", "application/json"), EndHeaders: true})
}

func (f *framer) reset(address string, stream uint32) error {
	if err := f.open(address, stream); err != nil {
		return err
	}
	return f.WriteRSTStream(stream, http2.ErrCodeCancel)
}

func (f *framer) emptyData(address string, i uint32) error {
	if i == 0 {
		return f.open(address, 1)
	}
	return f.WriteData(1, false, nil)
}
