package gateway

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"florin/commands"
	"florin/domain"
	"florin/domain/id"
	"florin/gateway/token"
)

// Limits of the folds. A fold lives for a window at least and is recorded once in
// each, so they bound the records too: a thousand a minute, whatever is sent, and
// some 26 for one subject.
const (
	refusalWindow     = time.Minute
	refusalFoldsMax   = 1024
	refusalKindsMax   = 16 // of one subject at a time: code, reason and route; what goes beyond is one more
	refusalWriteLimit = 5 * time.Second
)

// refusedCodes are the answers that turn somebody away from what they are not, or
// not yet, allowed. An expired token and a missing nonce are none: they are how
// every session goes on. What a login refuses is in the log as the login's own.
var refusedCodes = []string{
	"customer-limited", "insufficient-scope", "insufficient-user-authentication", "invalid-client", "invalid-dpop-proof", "invalid-grant",
	"invalid-token", "redirect-to-web", "sca-failed", "signature-required", "unauthorized-client",
}

// refusals keeps count of who was turned away, and has the log told.
//
//	first of a kind -> recorded at once
//	the next ones   -> counted, one record a window, until a window brings none
//
// A request is answered before any of this and never waits for it. What cannot be
// recorded keeps its count and is tried again. A kind is a subject (actor and
// device of a token of ours, or nobody), a code, a reason and a route: subjects
// cannot be made up, so a stranger reaches few kinds. Why not one record for each:
// then whoever is refused writes the log as fast as the network allows.
type refusals struct {
	record  func(context.Context, commands.Order, commands.RefusedAccess) error
	sources commands.Sources
	metrics *metrics
	logger  *slog.Logger
	wake    chan struct{}

	writing sync.Mutex // one round at a time
	mu      sync.Mutex // guards what follows
	folds   map[kindOfRefusal]*fold
	kinds   map[subject]int
	fresh   []*fold
}

type subject struct {
	actor  uuid.UUID // of the token that was shown; nobody's: Nil
	device id.Device
	code   string // where there is no actor: one subject for each
}

type kindOfRefusal struct {
	subject
	code, why, resource string
}

// fold is the refusals of one kind. count is of those that stand in no record yet.
type fold struct {
	kind         kindOfRefusal
	first        commands.RefusedAccess // as the first request of the window showed itself
	caller       commands.Caller        // of the record: the bank's own, on the customer's trail
	count        int64
	since, until time.Time
	closes       time.Time // when the next record is due
	pending      *pending
}

// pending is a record that may have been written or not: it is tried again as it was.
type pending struct {
	order commands.Order
	ask   commands.RefusedAccess
}

func newRefusals(sources commands.Sources, metrics *metrics, logger *slog.Logger) *refusals {
	return &refusals{
		sources: sources, metrics: metrics, logger: logger, wake: make(chan struct{}, 1),
		folds: map[kindOfRefusal]*fold{}, kinds: map[subject]int{},
	}
}

// note takes in an answered request. It does nothing slow but for the first of a
// window that can be attributed, whose proof it verifies.
func (f *refusals) note(r *http.Request, v *visit, presenter func(http.Header) string) {
	code := strings.ReplaceAll(v.report.Code, "_", "-") // of OAuth
	if _, refused := slices.BinarySearch(refusedCodes, code); !refused || v.why == whyExpired {
		return
	}
	f.metrics.refused.WithLabelValues(code).Inc()
	kind := kindOf(r, v, code)
	if f.counted(kind) {
		return
	}
	first := commands.RefusedAccess{Code: code, Shown: shownBy(v), IP: domain.NewProfile(v.address)}
	if v.shown != nil {
		if first.Operator = v.shown.Operator; v.presenter == "" {
			v.presenter = presenter(r.Header)
		}
		if v.presenter != "" {
			first.Presenter = id.Named[id.Device](v.presenter)
		}
	}
	f.begin(kind, first, gatewayCaller(v.id, traceparent(r)))
}

var whyExpired = token.Why(token.ErrExpired)

func kindOf(r *http.Request, v *visit, code string) kindOfRefusal {
	kind := kindOfRefusal{code: code, why: v.why, resource: methodLabel(r.Method) + " " + v.route}
	if v.shown == nil {
		kind.subject.code = code
		return kind
	}
	kind.actor, kind.device = shownBy(v).Actor, v.shown.Device
	if thirdParty(v.shown) { // what it tries for two customers are two things
		kind.actor = commands.DerivedID(kind.actor, v.shown.Customer.String())
	}
	return kind
}

// shownBy is who the token that was shown stands for.
func shownBy(v *visit) commands.Caller {
	if v.shown == nil {
		return commands.Caller{}
	}
	caller := commands.Caller{Customer: v.shown.Customer, Client: v.shown.Client, Device: v.shown.Device, Session: v.shown.Session}
	caller.ActorType, caller.Actor = actorOf(v.shown)
	return caller
}

// place is the kind that a refusal counts as: where there is no room for its own it
// is one of several routes, or of nobody.
func (f *refusals) place(kind kindOfRefusal) (placed kindOfRefusal, over bool) {
	if _, there := f.folds[kind]; there {
		return kind, false
	}
	if f.kinds[kind.subject] >= refusalKindsMax {
		kind, over = kindOfRefusal{subject: kind.subject, code: kind.code}, true
	}
	if _, there := f.folds[kind]; !there && len(f.folds) >= refusalFoldsMax {
		kind, over = kindOfRefusal{subject: subject{code: kind.code}, code: kind.code}, true
	}
	return kind, over
}

// counted adds one to a fold that has begun its window.
func (f *refusals) counted(kind kindOfRefusal) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	kind, over := f.place(kind)
	there, ok := f.folds[kind]
	if !ok || there.count == 0 {
		return false
	}
	if over {
		f.metrics.refusedOver.Inc()
	}
	there.count, there.until = there.count+1, f.sources.Time()
	return true
}

// begin counts the first of a window.
func (f *refusals) begin(kind kindOfRefusal, first commands.RefusedAccess, caller commands.Caller) {
	now := f.sources.Time()
	f.mu.Lock()
	defer f.mu.Unlock()
	kind, over := f.place(kind)
	if over {
		f.metrics.refusedOver.Inc()
	}
	there, ok := f.folds[kind]
	if !ok {
		there = &fold{kind: kind}
		f.folds[kind] = there
		f.kinds[kind.subject]++
		f.fresh = append(f.fresh, there)
		select {
		case f.wake <- struct{}{}:
		default: // it is awake
		}
	}
	if there.count == 0 {
		if first.Why, first.Resource = kind.why, kind.resource; kind.actor == uuid.Nil {
			first.Shown, first.Operator, first.Presenter = commands.Caller{}, id.Operator{}, id.Device{}
		}
		caller.OnBehalfOf = first.Shown.Customer.UUID()
		there.first, there.caller, there.since = first, caller, now
	}
	there.count, there.until = there.count+1, now
}

// run records the first of each kind as it comes, until ctx ends; then all that is
// left. To be ended after the last request, and before the log.
func (f *refusals) run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			f.flush(context.WithoutCancel(ctx))
			return nil
		case <-f.wake:
			f.mu.Lock()
			fresh := f.fresh
			f.fresh = nil
			f.mu.Unlock()
			f.round(ctx, fresh)
		}
	}
}

// tick records what was counted in the windows that are over, and what could not
// be recorded before; it forgets what came to nothing.
func (f *refusals) tick(ctx context.Context) {
	now := f.sources.Time()
	f.mu.Lock()
	var due []*fold
	for kind, there := range f.folds {
		switch {
		case there.pending == nil && now.Before(there.closes):
		case there.pending == nil && there.count == 0:
			delete(f.folds, kind)
			if f.kinds[kind.subject]--; f.kinds[kind.subject] == 0 {
				delete(f.kinds, kind.subject)
			}
		default:
			due = append(due, there)
		}
	}
	f.mu.Unlock()
	f.round(ctx, due)
}

// flush records all there is, whatever its window; what it cannot is lost and said so.
func (f *refusals) flush(ctx context.Context) {
	f.round(ctx, f.all())
	f.round(ctx, f.all()) // what was counted beside a record that had to be tried again
	lost := int64(0)
	f.mu.Lock()
	for _, there := range f.folds {
		if lost += there.count; there.pending != nil {
			lost += there.pending.ask.Count
		}
	}
	f.mu.Unlock()
	if lost > 0 {
		f.logger.ErrorContext(ctx, "refusals are not in the log", "count", lost)
	}
}

func (f *refusals) all() []*fold {
	f.mu.Lock()
	defer f.mu.Unlock()
	all := make([]*fold, 0, len(f.folds))
	for _, there := range f.folds {
		all = append(all, there)
	}
	return all
}

// round writes the folds' records in the order of their first refusal. A failure
// ends it: the log that failed once is not asked a thousand times.
func (f *refusals) round(ctx context.Context, folds []*fold) {
	if f.record == nil {
		return
	}
	f.writing.Lock()
	defer f.writing.Unlock()
	f.mu.Lock()
	slices.SortFunc(folds, func(a, b *fold) int {
		return cmp.Or(a.since.Compare(b.since), strings.Compare(a.kind.code, b.kind.code))
	})
	f.mu.Unlock()
	for _, there := range folds {
		if err := f.write(ctx, there); err != nil {
			f.metrics.refusedFailed.Inc()
			return
		}
	}
}

// write makes one record of what was counted. After an error its outcome may be
// unknown, so the same order is given again.
func (f *refusals) write(ctx context.Context, of *fold) error {
	now := f.sources.Time()
	f.mu.Lock()
	of.closes = now.Add(refusalWindow)
	if of.pending == nil && of.count > 0 {
		of.pending = &pending{commands.Order{ID: f.sources.NewID(), Caller: of.caller, At: now}, of.first}
		of.pending.ask.Count, of.pending.ask.Since, of.pending.ask.Until = of.count, of.since, of.until
		of.count = 0
	}
	todo := of.pending
	f.mu.Unlock()
	if todo == nil {
		return nil
	}
	ctx, done := context.WithTimeout(ctx, refusalWriteLimit)
	defer done()
	if err := f.record(ctx, todo.order, todo.ask); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	of.pending = nil
	return nil
}
