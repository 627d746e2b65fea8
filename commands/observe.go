package commands

import (
	"context"
	"errors"
	"sync/atomic"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"florin/eventbus"
)

// Counts are totals since the start of the process.
type Counts struct {
	Committed, Replayed, Refused, Idle uint64 // how commands ended: Idle had nothing to write
	Unknown, Failed                    uint64
	Conflicts, Generations, Busy       uint64 // why commands were decided again
}

type counts struct {
	committed, replayed, refused, idle, unknown, failed atomic.Uint64
	conflicts, generations, busy                        atomic.Uint64
}

// Counts tells what the funnel has done so far.
func (b *Bank) Counts() Counts {
	c := &b.counts
	return Counts{
		Committed: c.committed.Load(), Replayed: c.replayed.Load(), Refused: c.refused.Load(), Idle: c.idle.Load(),
		Unknown: c.unknown.Load(), Failed: c.failed.Load(),
		Conflicts: c.conflicts.Load(), Generations: c.generations.Load(), Busy: c.busy.Load(),
	}
}

func (c *counts) again(err error) {
	switch {
	case errors.Is(err, eventbus.ErrGeneration):
		c.generations.Add(1)
	case errors.Is(err, eventbus.ErrBusy):
		c.busy.Add(1)
	default:
		c.conflicts.Add(1)
	}
}

func (c *counts) end(outcome Outcome, err error) string {
	_, unknown := errors.AsType[*eventbus.UnknownOutcome](err)
	counter, name := &c.failed, "failed"
	switch {
	case unknown:
		counter, name = &c.unknown, "unknown"
	case refused(err):
		counter, name = &c.refused, "refused"
	case err != nil:
	case outcome.Replayed:
		counter, name = &c.replayed, "replayed"
	case outcome.Receipt.Last == 0:
		counter, name = &c.idle, "idle"
	default:
		counter, name = &c.committed, "committed"
	}
	counter.Add(1)
	return name
}

// observe opens the span of one command. Its attributes hold no personal data.
func (b *Bank) observe(ctx context.Context, verb string) (context.Context, trace.Span) {
	return b.tracer.Start(ctx, verb)
}

func (b *Bank) observed(span trace.Span, outcome Outcome, err error) {
	end := b.counts.end(outcome, err)
	if span.IsRecording() {
		span.SetAttributes(
			attribute.String("florin.outcome", end),
			attribute.Int64("florin.position", int64(outcome.Receipt.Last)),
			attribute.Int("florin.attempts", outcome.Attempts),
		)
		if end == "failed" || end == "unknown" {
			span.SetStatus(codes.Error, end)
		}
	}
	span.End()
}
