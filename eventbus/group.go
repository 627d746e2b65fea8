package eventbus

import (
	"context"
	"errors"

	"github.com/google/uuid"
)

// group is what goes to the journal in one append.
type group struct {
	at      Mark // the end that it extends
	end     Mark // its own end, without a place
	tickets []*ticket
	records [][]byte
	bytes   int
	lastSeq uint64

	// Set before done is closed.
	err     error
	unknown bool                  // err does not tell whether it was kept
	found   map[uuid.UUID]Receipt // err, but these commits are in the journal
	done    chan struct{}
}

func newGroup(at Mark) *group { return &group{at: at, end: at, done: make(chan struct{})} }

// placed is a stream of a commit with the version of its last event.
type placed struct {
	stream  Stream
	version Version
}

// ticket is a commit in the queue.
type ticket struct {
	draft
	receipt Receipt
	group   *group
	seq     uint64 // counts enqueued commits, over generations
	streams []placed
	inline  [4]placed
}

func (t *ticket) Receipt() Receipt { return t.receipt }

func (t *ticket) Repeated() bool { return false }

func (t *ticket) Wait(ctx context.Context) (Receipt, error) {
	select {
	case <-t.group.done:
	default:
		select {
		case <-t.group.done:
		case <-ctx.Done():
			return Receipt{}, errors.Join(&UnknownOutcome{ID: t.receipt.ID}, ctx.Err())
		}
	}
	if t.group.err == nil {
		return t.receipt, nil
	}
	if receipt, ok := t.group.found[t.receipt.ID]; ok {
		return receipt, nil
	}
	if t.group.unknown {
		return Receipt{}, errors.Join(t.group.err, &UnknownOutcome{ID: t.receipt.ID})
	}
	return Receipt{}, t.group.err
}

// repeated is a ticket that was there before.
type repeated struct{ *ticket }

func (repeated) Repeated() bool { return true }

// settled is the ticket of a commit that has long been durable.
type settled struct{ receipt Receipt }

func (s settled) Receipt() Receipt                      { return s.receipt }
func (s settled) Repeated() bool                        { return true }
func (s settled) Wait(context.Context) (Receipt, error) { return s.receipt, nil }
