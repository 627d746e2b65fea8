package main

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"

	"florin/commands"
	"florin/gateway"
	"florin/projections"
)

// adminHandler is the private listener: probes and metrics, what the followers of
// the log are doing, and what the host asks of a running bank (see hostAct).
func (b *bank) adminHandler(registry *prometheus.Registry) http.Handler {
	b.register(registry)
	mux := http.NewServeMux()
	mux.Handle("/", gateway.Admin(registry, b.ready))
	mux.HandleFunc("GET /health", b.serveHealth)
	for path, act := range map[string]http.HandlerFunc{"/backup": b.serveBackup, policiesPath: b.servePolicies, rotateKeys.path: rotateKeys.serve(b),
		registerClient.path: registerClient.serve(b), disableClient.path: disableClient.serve(b)} {
		mux.HandleFunc("POST "+path, guarded(b.config.Dir, b.config.Admin, act))
	}
	return mux
}

// health is what the platform team looks at when something lags: a stream that a
// projection could not read, an alarm that a process could not ring.
type health struct {
	Position  uint64                   `json:"position"` // durable head of the log
	Mode      string                   `json:"mode"`
	Following string                   `json:"following"` // ok, or why the read models have stopped
	Parked    []projections.Parked     `json:"parked"`    // streams that a projection could not read
	Processes []commands.ProcessHealth `json:"processes"`
}

func (b *bank) serveHealth(w http.ResponseWriter, r *http.Request) {
	head, err := b.ledger.log.Head(r.Context())
	if err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	reads, err := b.reads.Health(r.Context())
	if err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	said := health{uint64(head.Position), b.ledger.log.Genesis().Mode, "ok", reads.Parked, b.write.Processes()}
	if reads.Stopped != nil {
		said.Following = reads.Stopped.Error()
	}
	_ = json.NewEncoder(w).Encode(said)
}

// register adds what the bank counts to the metrics. Names are kept.
func (b *bank) register(registry *prometheus.Registry) {
	command := func(outcome string, count func(commands.Counts) uint64) {
		registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "florin_commands_total", Help: "Commands by how they ended.", ConstLabels: prometheus.Labels{"outcome": outcome},
		}, func() float64 { return float64(count(b.write.Counts())) }))
	}
	command("committed", func(c commands.Counts) uint64 { return c.Committed })
	command("replayed", func(c commands.Counts) uint64 { return c.Replayed })
	command("refused", func(c commands.Counts) uint64 { return c.Refused })
	command("unknown", func(c commands.Counts) uint64 { return c.Unknown })
	command("failed", func(c commands.Counts) uint64 { return c.Failed })
	registry.MustRegister(
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "florin_log_position", Help: "Durable head of the log, in events."},
			func() float64 { return float64(b.position()) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "florin_guards_lag_events", Help: "How far the revocations that guard requests are behind the log."},
			func() float64 { return float64(b.position()) - float64(b.guards.Position()) }),
	)
}

func (b *bank) position() uint64 {
	head, err := b.ledger.log.Head(context.Background())
	if err != nil {
		return 0
	}
	return uint64(head.Position)
}
