package gateway

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/summerwind/h2spec/config"
	"github.com/summerwind/h2spec/generic"
	"github.com/summerwind/h2spec/hpack"
	"github.com/summerwind/h2spec/http2"
	"github.com/summerwind/h2spec/spec"
)

// secure has the porch's door behind the public listener, over TLS.
func (p *porch) secure(listener net.Listener) {
	p.t.Helper()
	server := Server(p.door.handler(p.rows()), slog.New(slog.DiscardHandler))
	config := &tls.Config{Certificates: []tls.Certificate{newAuthority(p.t.(*testing.T), "test").issue(1, time.Now().Add(time.Hour))}, NextProtos: []string{"h2", "http/1.1"}}
	go func() { _ = server.Serve(Framed(tls.NewListener(listener, config))) }()
	p.t.Cleanup(func() { _ = server.Close() })
}

// casesOf are all cases of a group and of those below it.
func casesOf(group *spec.TestGroup) (all []*spec.TestCase) {
	all = append(append(all, group.Tests...), group.StrictTests...)
	for _, below := range group.Groups {
		all = append(all, casesOf(below)...)
	}
	return all
}

// differs is what net/http does otherwise than h2spec would have it, and why that will do.
var differs = map[string]string{
	`http2/6.5.3: Sends multiple values of SETTINGS_INITIAL_WINDOW_SIZE`:                                          "whoever says a setting twice is hung up on: nobody does who means well",
	`http2/8.1.2.2: Sends a HEADERS frame that contains the connection-specific header field`:                     "answered 400 before any handler of ours, as RFC 9113 section 8.1.1 allows",
	`http2/8.1.2.2: Sends a HEADERS frame that contains the TE header field with any value other than "trailers"`: "answered 400 likewise",
}

// Rows 5 and 6: every case of h2spec, the strict ones too, against the public listener
// with the front door behind it. Why not by its command: that prints, and ends the
// process where it cannot connect.
func TestRow5AsH2SpecHasIt(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	p := newPorch(t, func(s *Settings) { s.Hosts = []string{listener.Addr().String()} })
	p.secure(listener)
	port, err := strconv.Atoi(listener.Addr().String()[len("127.0.0.1:"):])
	require.NoError(t, err)
	with := &config.Config{Host: "127.0.0.1", Port: port, Path: "/open", Timeout: 2 * time.Second, MaxHeaderLen: 4000, Strict: true, TLS: true, Insecure: true}
	var passed, skipped atomic.Int64
	var failed sync.Map
	var all sync.WaitGroup
	turns := make(chan struct{}, 16)
	for _, group := range []*spec.TestGroup{generic.Spec(), http2.Spec(), hpack.Spec()} {
		for _, one := range casesOf(group) {
			all.Go(func() {
				turns <- struct{}{}
				defer func() { <-turns }()
				name := fmt.Sprintf("%s: %s", one.Parent.ID(), one.Desc)
				conn, err := spec.Dial(with)
				if err == nil {
					err = one.Run(with, conn)
					conn.Close()
				}
				switch {
				case errors.Is(err, spec.ErrSkipped):
					skipped.Add(1)
				case err != nil:
					failed.Store(name, err.Error())
				default:
					passed.Add(1)
				}
			})
		}
	}
	all.Wait()
	for name := range differs {
		_, otherwise := failed.LoadAndDelete(name)
		require.True(t, otherwise, "it no longer differs: %s", name)
	}
	failed.Range(func(name, why any) bool { t.Errorf("%s: %s", name, why); return true })
	t.Logf("h2spec: %d cases passed, %d skipped, %d differ for a reason", passed.Load(), skipped.Load(), len(differs))
	require.Greater(t, passed.Load(), int64(130))
	require.Zero(t, skipped.Load())
}
