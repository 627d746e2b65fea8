package gateway

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"florin/gateway/problem"
)

// record is the outermost layer: it gives the request a name, and writes the one
// wide line and the metrics when it has ended. Secrets cannot get into the line:
// it holds no header, query, body or path, only the route's pattern.
func (d *door) record(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := d.sources.Wall()
		name := d.sources.NewID()
		visit := &visit{report: problem.Report{Instance: "urn:uuid:" + name.String()}, id: name, address: address(r)}
		ctx := withVisit(problem.WithReport(traces.Extract(r.Context(), propagation.HeaderCarrier(r.Header)), &visit.report), visit)
		ctx, span := d.tracer.Start(ctx, "request", trace.WithSpanKind(trace.SpanKindServer))
		r = r.WithContext(ctx)
		underTLS(r)
		seen := &watched{ResponseWriter: w}
		d.metrics.open.Inc()
		defer func() {
			d.metrics.open.Dec()
			d.note(r, visit, seen, d.sources.Wall().Sub(began))
			if d.refusals != nil {
				d.refusals.note(r, visit, d.proofs.Presenter)
			}
			traced(span, r.Method, visit, seen.Status())
		}()
		next.ServeHTTP(seen, r)
	})
}

func (d *door) note(r *http.Request, v *visit, seen *watched, took time.Duration) {
	status, route := seen.Status(), v.route
	if route == "" {
		route = "none"
	}
	d.metrics.requests.WithLabelValues(route, statusClass(status), v.report.Code).Inc()
	d.metrics.seconds.WithLabelValues(route).Observe(took.Seconds())
	level := slog.LevelInfo
	if v.report.Failure != nil {
		level = slog.LevelError
	}
	if !d.settings.Logger.Enabled(r.Context(), level) {
		return
	}
	fields := []slog.Attr{
		slog.String("request", v.id.String()), slog.String("method", methodLabel(r.Method)), slog.String("route", route),
		slog.Int("status", status), slog.Int64("took_us", took.Microseconds()), slog.Int64("bytes", seen.bytes),
	}
	if v.report.Code != "" {
		fields = append(fields, slog.String("code", v.report.Code))
	}
	if v.stripped > 0 {
		fields = append(fields, slog.Int("stripped", v.stripped))
	}
	if c := v.caller; c.ActorType != "" {
		fields = append(fields, slog.String("actor_type", c.ActorType), slog.String("actor", c.Actor.String()),
			slog.String("device", c.Device.String()), slog.String("session", c.Session.String()))
	}
	if v.report.Failure != nil {
		fields = append(fields, slog.String("error", v.report.Failure.Error()))
	}
	d.settings.Logger.LogAttrs(r.Context(), level, "request", fields...)
}

var traces propagation.TraceContext // W3C Trace Context

// traced ends the request's span. It holds no more than the line does.
func traced(span trace.Span, method string, v *visit, status int) {
	if span.IsRecording() {
		span.SetName(methodLabel(method) + " " + v.route)
		span.SetAttributes(attribute.String("http.route", v.route), attribute.Int("http.response.status_code", status),
			attribute.String("florin.code", v.report.Code), attribute.String("florin.request", v.id.String()))
		if status >= http.StatusInternalServerError {
			span.SetStatus(codes.Error, v.report.Code)
		}
	}
	span.End()
}

// methodLabel keeps what a stranger can invent out of logs and metrics.
func methodLabel(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return method
	}
	return "other"
}

func statusClass(status int) string { return string(rune('0'+status/100)) + "xx" }

// watched remembers what was answered.
type watched struct {
	http.ResponseWriter
	status int
	bytes  int64
}

func (w *watched) WriteHeader(status int) {
	if w.status == 0 && status >= 200 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *watched) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	n, err := w.ResponseWriter.Write(p)
	w.bytes += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController reach Flush and the deadlines.
func (w *watched) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// Status is 200 for a handler that wrote nothing, as net/http has it.
func (w *watched) Status() int {
	if w.status == 0 {
		return http.StatusOK
	}
	return w.status
}

// recovered turns a panic into the 500 that reveals nothing. The panic's text is
// logged in the request's line; it may hold values, so it is cut to its type
// unless it is an error of ours.
func (d *door) recovered(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			cause := recover()
			if cause == nil {
				return
			}
			if cause == http.ErrAbortHandler {
				panic(cause)
			}
			d.metrics.panics.Inc()
			if seen, ok := w.(*watched); ok && seen.status != 0 {
				visitOf(r.Context()).report.Failure = panicked(cause)
				panic(http.ErrAbortHandler) // half an answer is out: close the connection
			}
			problem.Write(w, r, panicked(cause))
		}()
		next.ServeHTTP(w, r)
	})
}

// routed notes the pattern that the router has matched.
func routed(r *http.Request) {
	if context := chi.RouteContext(r.Context()); context != nil {
		visitOf(r.Context()).route = context.RoutePattern()
	}
}
