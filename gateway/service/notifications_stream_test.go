package service

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"florin/domain/id"
	"florin/eventbus"
	"florin/gateway/problem"
)

// A pipe takes nothing that is not read: it is the narrowest connection there is.
func TestASlowReaderIsCutOff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		listener := &oneConnection{conn: far, over: make(chan struct{})}
		ended := make(chan time.Duration, 1)
		server := &http.Server{WriteTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			stream, err := newEventStream(w)
			if err != nil {
				return
			}
			began := time.Now()
			for {
				if _, err := stream.sendAs(1, "notification", strings.Repeat("x", 4096)); err != nil {
					ended <- time.Since(began)
					return
				}
			}
		})}
		go func() { _ = server.Serve(listener) }()
		_, err := near.Write([]byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n"))
		require.NoError(t, err)
		for head, taken := "", make([]byte, 256); !strings.Contains(head, "begun\n\n"); {
			n, err := near.Read(taken)
			require.NoError(t, err)
			head += string(taken[:n])
		}
		after := <-ended
		require.GreaterOrEqual(t, after, writeWithin)
		require.Less(t, after, 2*writeWithin)
		require.NoError(t, near.Close())
		require.NoError(t, server.Close())
	})
}

type oneConnection struct {
	conn net.Conn
	over chan struct{}
}

func (l *oneConnection) Accept() (net.Conn, error) {
	if conn := l.conn; conn != nil {
		l.conn = nil
		return conn, nil
	}
	<-l.over
	return nil, errors.New("over")
}

func (l *oneConnection) Close() error {
	select {
	case <-l.over:
	default:
		close(l.over)
	}
	return nil
}

func (l *oneConnection) Addr() net.Addr { return &net.TCPAddr{} }

func TestBellsAreBoundedAndTakenBack(t *testing.T) {
	t.Parallel()
	b := newBells(nil, nil)
	ctx, stop := context.WithCancel(context.Background())
	b.stop = stop // a reader is there
	anna, bert := id.Named[id.Customer]("anna"), id.Named[id.Customer]("bert")
	var hung []*bell
	for range bellsOfOneMax {
		one, err := b.hang(anna)
		require.NoError(t, err)
		hung = append(hung, one)
	}
	_, err := b.hang(anna)
	require.ErrorIs(t, err, problem.TooManyStreams)
	berts, err := b.hang(bert)
	require.NoError(t, err)
	for _, at := range []eventbus.Position{8, 9, 10} {
		b.ring(anna, at)
	}
	<-hung[0].rung
	require.Empty(t, hung[0].rung, "three rings are one")
	require.EqualValues(t, 10, hung[0].position())
	require.Empty(t, berts.rung)
	for _, one := range hung {
		b.take(anna, one)
		b.take(anna, one)
	}
	require.NoError(t, ctx.Err(), "bert's stream is still served")
	b.take(bert, berts)
	require.Error(t, ctx.Err(), "the last one ends the reader")
	require.Zero(t, b.all)
}
