// Package problem is the only place where an error becomes a status code. It
// writes RFC 9457 documents for the resources and RFC 6749 documents for the
// OAuth endpoints.
//
//	*domain.Refusal    -> the status of its class, its own code and detail
//	*Fault             -> what the front door itself refuses (faults.go)
//	log, read side     -> 503, retry with the same key
//	anything else      -> 500 "internal-error", which reveals nothing
//
// Only the last row is a defect of ours: its error goes to the request's one log
// line (Report), or to slog if the request has none. A document never holds a
// value that the caller sent, a stack, or personal data.
package problem

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"florin/domain"
	"florin/eventbus"
	"florin/projections"
)

// Document is an RFC 9457 problem. Code is the last segment of Type.
type Document struct {
	Type     string `json:"type"`
	Title    string `json:"title"`
	Status   int    `json:"status"`
	Detail   string `json:"detail,omitempty"`
	Code     string `json:"code"`
	Instance string `json:"instance,omitempty"` // urn:uuid of the request, to name it to the bank
}

var classes = map[domain.Class]int{
	domain.Invalid:   http.StatusUnprocessableEntity,
	domain.Missing:   http.StatusNotFound,
	domain.Conflict:  http.StatusConflict,
	domain.Forbidden: http.StatusForbidden,
	domain.Refused:   http.StatusUnprocessableEntity,
	domain.Malformed: http.StatusBadRequest,
	domain.Throttled: http.StatusTooManyRequests,
	domain.Gone:      http.StatusGone,
	domain.Unproven:  http.StatusUnauthorized,
}

// Handler is an http.Handler that may end in an error. It must not have written
// anything when it returns one.
type Handler func(http.ResponseWriter, *http.Request) error

func (h Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := h(w, r); err != nil {
		Write(w, r, err)
	}
}

// Report is what a request's log line says of its end. Write fills it in.
type Report struct {
	Code     string // of the problem, "" on success
	Failure  error  // a defect of ours, nil for refusals
	Instance string // urn:uuid of the request
}

type reportKey struct{}

// WithReport gives the context a report to be filled in.
func WithReport(ctx context.Context, report *Report) context.Context {
	return context.WithValue(ctx, reportKey{}, report)
}

// Write answers with the problem that err stands for.
func Write(w http.ResponseWriter, r *http.Request, err error) {
	fault := Of(err)
	report, _ := r.Context().Value(reportKey{}).(*Report)
	note(r, report, fault, err)
	doc := Document{
		Type: "/problems/" + fault.Code, Title: title(fault.Code), Status: fault.Status,
		Detail: fault.Detail, Code: fault.Code,
	}
	if report != nil && fault.Status != http.StatusNotFound {
		doc.Instance = report.Instance // a 404 is the same for everybody, byte for byte
	}
	body, encodeErr := json.Marshal(doc)
	if encodeErr != nil {
		body = []byte(`{"type":"/problems/internal-error","title":"Internal error","status":500,"code":"internal-error"}`)
	}
	head(w, fault)
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body))) // so that it is whole before the handler ends
	w.WriteHeader(fault.Status)
	_, _ = w.Write(body)
}

// Wire is a fault as a whole HTTP/1.1 response that ends its connection: for what
// is wrong before there is a request to answer.
func Wire(fault *Fault) []byte {
	body, err := json.Marshal(Document{Type: "/problems/" + fault.Code, Title: title(fault.Code), Status: fault.Status, Detail: fault.Detail, Code: fault.Code})
	if err != nil {
		body = []byte("{}")
	}
	return fmt.Appendf(nil, "HTTP/1.1 %d %s\r\nContent-Type: application/problem+json\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s",
		fault.Status, http.StatusText(fault.Status), len(body), body)
}

// Of gives the fault that err stands for; what it does not know is internal.
func Of(err error) *Fault {
	if fault, ok := errors.AsType[*Fault](err); ok {
		return fault
	}
	if refusal, ok := errors.AsType[*domain.Refusal](err); ok {
		return ofRefusal(err, refusal)
	}
	if _, ok := errors.AsType[*eventbus.UnknownOutcome](err); ok {
		return OutcomeUnknown
	}
	switch {
	case errors.Is(err, eventbus.ErrBusy), errors.Is(err, eventbus.ErrGeneration), errors.Is(err, eventbus.ErrUnavailable):
		return Busy
	case errors.Is(err, projections.ErrUnknown): // a view: its name is a part of the path
		return NotFound
	case errors.Is(err, projections.ErrBehind):
		return ReadBehind
	case errors.Is(err, eventbus.ErrStopped), errors.Is(err, eventbus.ErrClosed), errors.Is(err, projections.ErrStopped):
		return Unavailable
	case errors.Is(err, eventbus.ErrAhead):
		return PositionAhead
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return OutcomeUnknown // the caller, or its time, is gone: only the log can say
	}
	return internal
}

func ofRefusal(err error, refusal *domain.Refusal) *Fault {
	status, known := classes[refusal.Class]
	if !known || refusal.Code == "" {
		return internal
	}
	if refusal.Class == domain.Missing && refusal.Code == NotFound.Code {
		return NotFound // one text, whichever room says so: not there and not yours are the same
	}
	if refusal.Code == StepUp.Code {
		return StepUp // with what to show
	}
	fault := &Fault{Status: status, Code: refusal.Code, Detail: refusal.Detail}
	var delayed interface{ RetryAfter() time.Duration }
	switch {
	case errors.As(err, &delayed):
		fault = fault.After(delayed.RetryAfter())
	case status == http.StatusTooManyRequests:
		fault = fault.After(time.Second)
	case refusal.Code == "request-in-flight":
		fault = fault.After(time.Second)
	}
	return fault
}

// note tells the log of a failure once: in the request's own line if it has one.
func note(r *http.Request, report *Report, fault *Fault, err error) {
	if report != nil {
		report.Code = fault.Code
		if fault.Status >= http.StatusInternalServerError {
			report.Failure = err
		}
		return
	}
	if fault.Status >= http.StatusInternalServerError {
		slog.ErrorContext(r.Context(), "request failed", "code", fault.Code, "error", err)
	}
}

func head(w http.ResponseWriter, fault *Fault) {
	header := w.Header()
	for name, values := range fault.Header {
		header[name] = values
	}
	header.Set("Cache-Control", "no-store")
	header.Del("ETag")
	header.Del("Location")
}

// title is the code in words: what RFC 9457 wants is a summary of the type.
func title(code string) string {
	words := strings.ReplaceAll(code, "-", " ")
	return strings.ToUpper(words[:1]) + words[1:]
}

// seconds rounds up: a caller that comes back too early is refused again.
func seconds(d time.Duration) string {
	return strconv.FormatInt(int64(math.Ceil(max(d.Seconds(), 1))), 10)
}
