package eventbus

import (
	"context"
	"fmt"
	"iter"

	"github.com/google/uuid"
)

// Valid tells whether s can name a stream: a context, a slash, and a UUID in its
// canonical lower-case spelling.
func (s Stream) Valid() bool {
	var key [StreamBytesMax]byte
	_, ok := appendStreamKey(key[:0], s)
	return ok
}

// ReadOnly is the log of a journal that nobody extends: a stopped bank's, a
// backup's, a copy. It opens no epoch and writes nothing, so an auditor leaves no
// trace; every Enqueue is ErrClosed. It keeps no index: ReadStream, Find and
// Version walk the journal from its beginning.
func ReadOnly(journal Journal) Log { return archive{journal} }

type archive struct{ journal Journal }

func (a archive) Enqueue(Commit) (Ticket, error) { return nil, ErrClosed }

func (a archive) Generation() Generation { return 0 }

func (a archive) Durable(context.Context) error { return nil }

// Head implements Log.
func (a archive) Head(ctx context.Context) (Mark, error) { return a.journal.Head(ctx) }

// Find implements Log: a receipt needs no ticket here, so what is there is
// given as one that is long durable.
func (a archive) Find(ctx context.Context, commit uuid.UUID) (Ticket, bool, error) {
	for record, err := range a.ReadAll(ctx, 0) {
		if err != nil {
			return nil, false, err
		}
		if record.ID == commit {
			return settled{Receipt{ID: record.ID, First: record.First, Last: record.Last(), Hash: record.Hash, RecordedAt: record.RecordedAt}}, true, nil
		}
	}
	return nil, false, nil
}

// Version implements Log.
func (a archive) Version(ctx context.Context, stream Stream) (version Version, err error) {
	for e, err := range a.ReadStream(ctx, stream, 0) {
		if err != nil {
			return 0, err
		}
		version = e.Version
	}
	return version, nil
}

// ReadStream implements Log.
func (a archive) ReadStream(ctx context.Context, stream Stream, after Version) iter.Seq2[Recorded, error] {
	return func(yield func(Recorded, error) bool) {
		for record, err := range a.ReadAll(ctx, 0) {
			if err != nil {
				yield(Recorded{}, err)
				return
			}
			for _, e := range record.Events {
				e.RecordedAt = record.RecordedAt
				if e.Stream == stream && e.Version > after && !yield(e, nil) {
					return
				}
			}
		}
	}
}

// ReadCommit implements Log.
func (a archive) ReadCommit(ctx context.Context, receipt Receipt) (Record, error) {
	for record, err := range a.ReadAll(ctx, receipt.First-1) {
		if err == nil && (record.ID != receipt.ID || record.Hash != receipt.Hash) {
			err = &Damage{Position: receipt.First, Why: "another commit than the receipt's"}
		}
		return record, err
	}
	return Record{}, fmt.Errorf("%w: %d", ErrAhead, receipt.First)
}

// ReadAll implements Log.
func (a archive) ReadAll(ctx context.Context, after Position) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		head, err := a.journal.Head(ctx)
		if err == nil && after > head.Position {
			err = fmt.Errorf("%w: %d > %d", ErrAhead, after, head.Position)
		}
		if err != nil {
			yield(Record{}, err)
			return
		}
		end, ok := records(ctx, a.journal, Mark{Position: after}, after, ahead(a.journal.Read), yield)
		if ok && end < head.Position {
			yield(Record{}, &Damage{Position: end + 1, Why: "no commit extends the one before"})
		}
	}
}

// Subscribe implements Log. It ends without an error when ctx does.
func (a archive) Subscribe(ctx context.Context, after Position) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		records(ctx, a.journal, Mark{Position: after}, after, a.journal.Follow, func(r Record, err error) bool {
			return (err == nil || ctx.Err() == nil) && yield(r, err)
		})
	}
}
