package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// kibibytes is a line of /proc/PID/status: VmRSS, or VmHWM, the most there was.
func (c *child) kibibytes(t *testing.T, line string) int64 {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", c.cmd.Process.Pid))
	if err != nil {
		t.Skip("no /proc here: resident memory cannot be told")
	}
	_, rest, _ := strings.Cut(string(text), line+":")
	kib, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
	require.NoError(t, err)
	return kib
}

// flooding is a connection of HTTP/2 that floods.
type flooding struct {
	*http2.Framer
	conn    *tls.Conn
	head    bytes.Buffer
	encoder *hpack.Encoder
	fields  [][2]string
}

func newFlooding(t *testing.T, address string) *flooding {
	t.Helper()
	conn, err := tls.Dial("tcp", address, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}})
	require.NoError(t, err)
	require.NoError(t, conn.SetDeadline(time.Now().Add(20*time.Second)))
	_, err = io.WriteString(conn, http2.ClientPreface)
	require.NoError(t, err)
	f := &flooding{Framer: http2.NewFramer(conn, conn), conn: conn,
		fields: [][2]string{{":method", "GET"}, {":scheme", "https"}, {":authority", address}, {":path", "/oauth2/jwks"}}}
	f.encoder = hpack.NewEncoder(&f.head)
	require.NoError(t, f.WriteSettings())
	go func() { _, _ = io.Copy(io.Discard, conn) }()
	return f
}

func (f *flooding) block(fields ...[2]string) []byte {
	f.head.Reset()
	for _, field := range fields {
		_ = f.encoder.WriteField(hpack.HeaderField{Name: field[0], Value: field[1], Sensitive: true}) // into memory
	}
	return f.head.Bytes()
}

// floods are those of row 6; each sends until it is done or cut off.
var floods = map[string]func(f *flooding){
	"ten thousand requests that are taken back": func(f *flooding) {
		for stream := uint32(1); stream < 20_000; stream += 2 {
			if f.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: f.block(f.fields...), EndStream: true, EndHeaders: true}) != nil ||
				f.WriteRSTStream(stream, http2.ErrCodeCancel) != nil {
				return
			}
		}
	},
	"a header that never ends": func(f *flooding) {
		err := f.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: f.block(f.fields...), EndStream: true})
		for sent := 0; sent < 8<<20 && err == nil; sent += 16_000 {
			err = f.WriteContinuation(1, false, f.block([2]string{"x", strings.Repeat("x", 16_000)}))
		}
	},
	"settings": func(f *flooding) {
		for range 20_000 {
			if f.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 1000}) != nil {
				return
			}
		}
	},
	"bodies that never end": func(f *flooding) {
		post := append([][2]string{{":method", "POST"}}, f.fields[1:]...)
		for stream := uint32(1); stream < 200; stream += 2 {
			if f.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: f.block(post...), EndHeaders: true}) != nil ||
				f.WriteData(stream, false, make([]byte, 600)) != nil {
				return
			}
		}
	},
}

// Row 6: floods of HTTP/2 frames cost the real binary an eighth of its memory at most,
// while they last, and others are served.
func TestRow6FloodsTakeNoMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("the race detector's memory is not the bank's")
	}
	t.Parallel()
	dir := t.TempDir()
	path, environ := program(t)
	certFile, keyFile := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	layCertificate(t, certFile, keyFile, 1)
	bank, base, err := newChild(path, filepath.Join(dir, "bank"), filepath.Join(dir, "bank.log"), childEnvironment(environ),
		"--tls-cert", certFile, "--tls-key", keyFile, "--rate-per-second", "100000", "--rate-burst", "100000", "--log-level", "warn", "--risk-policy", amountsPolicy)
	require.NoError(t, err)
	require.NoError(t, bank.start(context.Background()))
	t.Cleanup(func() { ends(t, bank) })
	address := strings.TrimPrefix(base, "http://")
	client := newHTTPClient()
	client.Transport = &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, ForceAttemptHTTP2: true}
	require.NoError(t, inParallel(2000, 8, func(int) error { // a bank at work
		answer, err := client.Get("https://" + address + "/oauth2/jwks")
		if err == nil {
			err = answer.Body.Close()
		}
		return err
	}))
	flooded := func() {
		for name, flood := range floods {
			f := newFlooding(t, address)
			flood(f)
			answer, err := client.Get("https://" + address + "/oauth2/jwks")
			require.NoError(t, err, name)
			require.NoError(t, answer.Body.Close())
			require.Equal(t, http.StatusOK, answer.StatusCode, "others are served beside %s", name)
			_ = f.conn.Close() // which may be gone
		}
	}
	flooded() // the collector has the room that it wants, then
	flooded()
	before := bank.kibibytes(t, "VmRSS")
	require.NoError(t, os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", bank.cmd.Process.Pid), []byte("5"), 0o600)) // the most there was is what there is
	flooded()
	most := bank.kibibytes(t, "VmHWM")
	t.Logf("%d KiB before, %d KiB at most", before, most)
	require.LessOrEqual(t, most, before*9/8)
}
