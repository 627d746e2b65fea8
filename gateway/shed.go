package gateway

import (
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"florin/gateway/problem"
)

// Load is how much the process takes on at once. What is more is turned away at
// once, before a byte of its body is read: a queue would only make everybody wait
// for answers that nobody waits for any more, and grow without bound.
type Load struct {
	Requests int   // being answered
	Streams  int   // of server-sent events; each lasts as long as its token
	Bytes    int64 // of bodies that are being read or worked on
}

// passedOverMax is the longest body, in bytes, that is read to be thrown away.
const passedOverMax = 4 << 10

// DefaultLoad keeps some 100 MiB in work at the most.
func DefaultLoad() Load { return Load{Requests: 512, Streams: 4096, Bytes: 16 << 20} }

// load counts what is in work.
type load struct {
	most Load
	shed *prometheus.CounterVec // by what there was too much of

	mu  sync.Mutex
	now Load
}

func newLoad(most Load, registry *prometheus.Registry) *load {
	if most == (Load{}) {
		most = DefaultLoad()
	}
	l := &load{most: most, shed: prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "florin_http_shed_total", Help: "Requests that were turned away because the process had enough to do, by what there was too much of."}, []string{"of"})}
	registry.MustRegister(l.shed)
	return l
}

// enter takes a request on, or says what there is too much of. What was taken on
// is given back by leave.
func (l *load) enter(ask Load) (over string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.now.Requests+ask.Requests > l.most.Requests:
		return "requests"
	case l.now.Streams+ask.Streams > l.most.Streams:
		return "streams"
	case l.now.Bytes+ask.Bytes > l.most.Bytes:
		return "bytes"
	}
	l.now.Requests, l.now.Streams, l.now.Bytes = l.now.Requests+ask.Requests, l.now.Streams+ask.Streams, l.now.Bytes+ask.Bytes
	return ""
}

func (l *load) leave(ask Load) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.now.Requests, l.now.Streams, l.now.Bytes = l.now.Requests-ask.Requests, l.now.Streams-ask.Streams, l.now.Bytes-ask.Bytes
}

// streams tells the paths whose answers go on: it is not for a client's Accept to say
// which places it takes.
func streams(path string) bool {
	return strings.HasSuffix(path, "/stream") || strings.HasSuffix(path, "/follow")
}

// asks is what a request will take. A body of unknown length may be as long as any.
func asks(r *http.Request) Load {
	ask := Load{Requests: 1, Bytes: r.ContentLength}
	if r.ContentLength < 0 || r.ContentLength > BodyBytesMax {
		ask.Bytes = BodyBytesMax
	}
	if r.Method == http.MethodGet && streams(r.URL.Path) {
		ask.Requests, ask.Streams = 0, 1
	}
	return ask
}

// admitted turns away what is more than the process can do. Health is asked on
// another listener, and answers whatever happens here.
func (d *door) admitted(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ask := asks(r)
		if over := d.load.enter(ask); over != "" {
			d.load.shed.WithLabelValues(over).Inc()
			busy(w, r)
			return
		}
		defer d.load.leave(ask)
		next.ServeHTTP(w, r)
	})
}

// busy answers before a byte of the body is read. A short body has come with its
// header, most likely: it is passed over when the answer is out, for a new connection
// would cost both sides more, and just now. A longer one, or one of unknown length, ends
// the connection.
func busy(w http.ResponseWriter, r *http.Request) {
	control := http.NewResponseController(w)
	short := r.ContentLength >= 0 && r.ContentLength <= passedOverMax && control.EnableFullDuplex() == nil
	if !short {
		w.Header().Set("Connection", "close") // else net/http would read it, and answer then
	}
	problem.Write(w, r, problem.Busy)
	if short && r.ContentLength > 0 && control.Flush() == nil {
		_, _ = io.Copy(io.Discard, r.Body) // here, for what is left over breaks the connection (net/http, full duplex)
	}
}
