package gateway

import (
	"context"
	"net/http"
	"sync"
	"time"

	"florin/gateway/problem"
)

// resetsMax is how many more requests than were brought to an end a connection of HTTP/2
// may take back.
const resetsMax = 100

// resetsOver asks whoever takes back so much to come again later, on another connection.
var resetsOver = problem.TooManyRequests.After(10 * time.Second)

// resets counts the requests of one connection that were taken back before they were
// answered, less those that were not. net/http bounds how many of them are at work at a
// time (CVE-2023-44487), but lets a client that goes on take as many as it can send:
// each costs a handler's start. Apps take back what its owner no longer looks at, and
// never that much more than they wait for.
type resets struct {
	mu    sync.Mutex
	score int
}

type resetsKey struct{}

// withResets gives a connection's requests its count.
func withResets(ctx context.Context) context.Context {
	return context.WithValue(ctx, resetsKey{}, &resets{})
}

func (c *resets) over() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.score >= resetsMax
}

func (c *resets) count(takenBack bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case takenBack:
		c.score++
	case c.score > 0 && c.score < resetsMax: // who is over stays so
		c.score--
	}
}

// calm ends connections of HTTP/2 that take back far more than they wait for: the next
// request is answered at once, and with it the connection is told to go away (GOAWAY),
// which net/http does for Connection: close. Others are not concerned.
type calm struct{ http.Handler }

func (c calm) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	conn, counted := r.Context().Value(resetsKey{}).(*resets)
	if !counted || r.ProtoMajor != 2 {
		c.Handler.ServeHTTP(w, r)
		return
	}
	if conn.over() {
		w.Header().Set("Connection", "close")
		problem.Write(w, r, resetsOver)
		return
	}
	defer func() { conn.count(r.Context().Err() != nil) }()
	c.Handler.ServeHTTP(w, r)
}
