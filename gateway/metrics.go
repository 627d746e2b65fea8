package gateway

import (
	"context"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metrics of the front door. Labels come from the route table and the codes of
// problems, never from a caller.
type metrics struct {
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	open     prometheus.Gauge
	panics   prometheus.Counter
	stripped prometheus.Counter

	refused       *prometheus.CounterVec
	refusedOver   prometheus.Counter
	refusedFailed prometheus.Counter
	misused       *prometheus.CounterVec
}

func newMetrics(registry *prometheus.Registry) *metrics {
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "florin_http_requests_total", Help: "Requests by route, class of status and problem code."}, []string{"route", "status", "code"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "florin_http_request_seconds", Help: "Time from the first byte of the header to the end of the answer.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 5}}, []string{"route"}),
		open: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "florin_http_requests_open", Help: "Requests being answered."}),
		panics: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "florin_http_panics_total", Help: "Requests that ended in a panic."}),
		stripped: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "florin_identity_headers_stripped_total", Help: "Identity headers that came from outside and were taken away."}),
	}
	m.refused = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "florin_access_refused_total", Help: "Requests that were turned away, by code: what access.refused events count."}, []string{"code"})
	m.refusedOver = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "florin_access_refused_overflow_total", Help: "Refusals of kinds for which there was no room: counted among those of several routes, or of nobody."})
	m.refusedFailed = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "florin_access_refused_failed_total", Help: "Records of refusals that the log did not take; they are tried again."})
	m.misused = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "florin_internal_refused_total", Help: "Calls of the internal listener that no gateway made, or made for another request."}, []string{"why"})
	registry.MustRegister(m.misused, m.requests, m.seconds, m.open, m.panics, m.stripped, m.refused, m.refusedOver, m.refusedFailed)
	return m
}

// Admin is the handler of the second, private listener: is the process alive, is
// it ready, how does it fare. Ready says why not.
func Admin(registry *prometheus.Registry, ready func(context.Context) error) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { say(w, http.StatusOK, "ok") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		if err := ready(r.Context()); err != nil {
			say(w, http.StatusServiceUnavailable, err.Error())
			return
		}
		say(w, http.StatusOK, "ok")
	})
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	return mux
}

func say(w http.ResponseWriter, status int, line string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(line + "\n"))
}
