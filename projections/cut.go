package projections

import (
	"context"
	"iter"

	"florin/eventbus"
)

// cut is a log as it was when its head was at a position: for replays that must
// not see what came later. Only what a rebuild asks of a log is cut.
type cut struct {
	eventbus.Log
	at eventbus.Position
}

func (c cut) Head(context.Context) (eventbus.Mark, error) {
	return eventbus.Mark{Position: c.at}, nil
}

func (c cut) ReadAll(ctx context.Context, after eventbus.Position) iter.Seq2[eventbus.Record, error] {
	return func(yield func(eventbus.Record, error) bool) {
		for record, err := range c.Log.ReadAll(ctx, after) {
			if err == nil && record.Last() > c.at || !yield(record, err) {
				return
			}
		}
	}
}
