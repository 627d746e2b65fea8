package eventbus

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"

	"github.com/google/uuid"
)

// ReadAll implements Log.
func (s *Sequencer) ReadAll(ctx context.Context, after Position) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		head, err := s.Head(ctx)
		if err == nil && after > head.Position {
			err = fmt.Errorf("%w: %d > %d", ErrAhead, after, head.Position)
		}
		if err != nil {
			yield(Record{}, err)
			return
		}
		end, ok := s.records(ctx, after, ahead(s.journal.Read), yield)
		if ok && end < head.Position {
			yield(Record{}, &Damage{Position: end + 1, Why: "no commit extends the one before"})
		}
	}
}

// Subscribe implements Log. It ends without an error when ctx does.
func (s *Sequencer) Subscribe(ctx context.Context, after Position) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		head, err := s.Head(ctx)
		if err == nil && after > head.Position {
			err = fmt.Errorf("%w: %d > %d", ErrAhead, after, head.Position)
		}
		if err == nil {
			s.records(ctx, after, s.journal.Follow, func(r Record, err error) bool {
				return (err == nil || ctx.Err() == nil) && yield(r, err)
			})
			return
		}
		if ctx.Err() == nil {
			yield(Record{}, err)
		}
	}
}

// records reads from the best mark that is known at or below a position.
func (s *Sequencer) records(ctx context.Context, after Position, read func(context.Context, Mark) iter.Seq2[Entry, error], yield func(Record, error) bool) (Position, bool) {
	from := Mark{Position: after}
	if s.pipelined == nil {
		var err error
		if from, err = markBelow(s.index, after); err != nil {
			return after, yield(Record{}, err) && false
		}
	}
	return records(ctx, s.journal, from, after, read, yield)
}

// records is the one path of all readers, catching up or live; whoever is slow is
// slow in its own iterator. It returns the position reached, and whether it came to
// an end by itself.
func records(ctx context.Context, journal Journal, from Mark, after Position,
	read func(context.Context, Mark) iter.Seq2[Entry, error], yield func(Record, error) bool,
) (Position, bool) {
	w := walker{end: from, trust: from.Position > 0 && from.Hash == zeroHash, strict: strict(journal)}
	for entry, err := range read(ctx, from) {
		if err != nil {
			yield(Record{}, err)
			return w.end.Position, false
		}
		outline, ok, err := w.next(entry)
		if err != nil {
			yield(Record{}, err)
			return w.end.Position, false
		}
		if !ok || outline.Last <= after {
			continue
		}
		record, err := w.decode(entry.Record, outline.First)
		if !yield(record, err) || err != nil {
			return w.end.Position, false
		}
	}
	return w.end.Position, true
}

// Head implements Log. On a journal that others read as well it may lie above what this
// sequencer has heard of its own groups: whoever follows may have seen it.
func (s *Sequencer) Head(ctx context.Context) (head Mark, err error) {
	if s.pipelined == nil {
		if head, err = s.confirm(ctx); err != nil && !errors.Is(err, ErrGeneration) {
			return Mark{}, err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err == nil && head.Position > s.durable.Position {
		return head, nil
	}
	return s.durable, nil
}

// Generation implements Log.
func (s *Sequencer) Generation() Generation {
	return Generation(s.generation.Load())
}

// Version implements Log.
func (s *Sequencer) Version(ctx context.Context, stream Stream) (Version, error) {
	for ctx.Err() == nil {
		resyncs, seen := s.resyncs.Load(), s.durableSeq.Load()
		s.mu.Lock()
		h, ok := s.heads.byStream[stream]
		var version Version
		if ok {
			version = h.version
		}
		resyncing := s.resyncing != nil
		ok = ok || !resyncing && !s.filter.possible(s.filter.ofStream(stream))
		s.mu.Unlock()
		if resyncing {
			if err := s.awaitResync(); err != nil {
				return 0, err
			}
			continue
		}
		if ok {
			return version, nil
		}
		version, err := s.indexedHead(stream)
		if err != nil {
			return 0, err
		}
		s.mu.Lock()
		h, ok = s.heads.byStream[stream]
		if ok {
			version = h.version
		}
		valid := ok || (resyncs == s.resyncs.Load() && s.heads.evicted <= seen)
		s.mu.Unlock()
		if valid {
			return version, nil
		}
	}
	return 0, ctx.Err()
}

// Find implements Log.
func (s *Sequencer) Find(ctx context.Context, commit uuid.UUID) (Ticket, bool, error) {
	for ctx.Err() == nil {
		resyncs, seen := s.resyncs.Load(), s.durableSeq.Load()
		s.mu.Lock()
		known, ok := s.recent.byID[commit]
		possible, stopped := s.filter.possible(s.filter.ofCommit(commit)), s.stopped
		s.mu.Unlock()
		switch {
		case stopped != nil:
			return nil, false, stopped
		case ok:
			return repeated{known}, true, nil
		case !possible:
			return nil, false, nil
		}
		value, found, err := s.index.Get(commitKey(commit))
		if err != nil {
			return nil, false, err
		}
		s.mu.Lock()
		known, ok = s.recent.byID[commit]
		valid := resyncs == s.resyncs.Load() && s.recent.evicted <= seen
		s.mu.Unlock()
		switch {
		case ok:
			return repeated{known}, true, nil
		case found:
			locator, err := readLocator(value)
			if err != nil {
				return nil, false, err
			}
			receipt, err := s.receiptAt(ctx, locator, commit)
			return settled{receipt}, err == nil, err
		case valid:
			return nil, false, nil
		}
	}
	return nil, false, ctx.Err()
}

// receiptOf looks a durable commit up in the index.
func (s *Sequencer) receiptOf(ctx context.Context, id uuid.UUID) (Receipt, bool, error) {
	value, ok, err := s.index.Get(commitKey(id))
	if err != nil || !ok {
		return Receipt{}, false, err
	}
	locator, err := readLocator(value)
	if err != nil {
		return Receipt{}, false, err
	}
	receipt, err := s.receiptAt(ctx, locator, id)
	return receipt, err == nil, err
}

func (s *Sequencer) receiptAt(ctx context.Context, locator Mark, id uuid.UUID) (Receipt, error) {
	_, o, err := s.recordAt(ctx, locator, func(o *Outline) bool { return o.ID == id })
	return Receipt{ID: o.ID, First: o.First, Last: o.Last, Hash: o.Hash, RecordedAt: o.RecordedAt}, err
}

// recordAt reads the commit that a locator names.
func (s *Sequencer) recordAt(ctx context.Context, locator Mark, is func(*Outline) bool) ([]byte, Outline, error) {
	for entry, err := range s.journal.Read(ctx, locator) {
		if err != nil {
			return nil, Outline{}, err
		}
		outline, err := Peek(entry.Record)
		if err != nil {
			return nil, outline, &Damage{Position: locator.Position + 1, Why: err.Error()}
		}
		if outline.First == locator.Position+1 && is(&outline) {
			return entry.Record, outline, nil
		}
		if s.pipelined != nil || outline.First > locator.Position+1 {
			break
		}
	}
	if err := ctx.Err(); err != nil {
		return nil, Outline{}, err
	}
	return nil, Outline{}, &Damage{Position: locator.Position + 1, Why: "the index names a commit that is not there"}
}

// ReadCommit implements Log.
func (s *Sequencer) ReadCommit(ctx context.Context, receipt Receipt) (Record, error) {
	locator := Mark{Position: receipt.First - 1}
	if s.pipelined == nil {
		value, ok, err := s.index.Get(commitKey(receipt.ID))
		if err == nil && ok {
			locator, err = readLocator(value)
		}
		if err != nil {
			return Record{}, err
		}
		if !ok {
			return Record{}, fmt.Errorf("%w: commit %s", ErrAhead, receipt.ID)
		}
	}
	s.mu.Lock()
	ahead := receipt.Last > s.durable.Position
	s.mu.Unlock()
	if ahead || receipt.First == 0 {
		return Record{}, fmt.Errorf("%w: %d", ErrAhead, receipt.Last)
	}
	encoded, _, err := s.recordAt(ctx, locator, func(o *Outline) bool { return o.ID == receipt.ID && o.Hash == receipt.Hash })
	if err != nil {
		return Record{}, err
	}
	record, err := Decode(encoded)
	if err != nil {
		return Record{}, &Damage{Position: receipt.First, Why: err.Error()}
	}
	return record, nil
}

// ReadStream implements Log.
func (s *Sequencer) ReadStream(ctx context.Context, stream Stream, after Version) iter.Seq2[Recorded, error] {
	return func(yield func(Recorded, error) bool) {
		prefix, err := streamKey(keyStream, stream)
		if err != nil {
			yield(Recorded{}, err)
			return
		}
		s.mu.Lock()
		end := s.durable.Position
		s.mu.Unlock()
		var d decoder
		next := after + 1
		from := binary.BigEndian.AppendUint64(append([]byte(nil), prefix...), uint64(next))
		for entry, err := range s.index.Scan(prefix, from) {
			if err == nil {
				err = ctx.Err()
			}
			if err != nil {
				yield(Recorded{}, err)
				return
			}
			if len(entry.Key) != len(prefix)+8 {
				continue
			}
			locator, err := readLocator(entry.Value)
			if err == nil && locator.Position >= end {
				return
			}
			if err == nil {
				next, err = s.streamCommit(ctx, &d, locator, stream, next, yield)
			}
			if errors.Is(err, errEnough) {
				return
			}
			if err != nil {
				yield(Recorded{}, err)
				return
			}
		}
	}
}

// errEnough: the receiver wants no more.
var errEnough = errors.New("eventbus: enough")

// streamCommit yields one commit's events of a stream, from version next on, and
// returns the version after them.
func (s *Sequencer) streamCommit(ctx context.Context, d *decoder, locator Mark, stream Stream, next Version, yield func(Recorded, error) bool) (Version, error) {
	encoded, _, err := s.recordAt(ctx, locator, func(*Outline) bool { return true })
	if err != nil {
		return next, err
	}
	record, err := d.decode(encoded)
	if err != nil {
		return next, &Damage{Position: locator.Position + 1, Why: err.Error()}
	}
	for i := range record.Events {
		e := &record.Events[i]
		if e.Stream != stream || e.Version < next {
			continue
		}
		if e.Version != next {
			return next, &Damage{Position: e.Position, Why: fmt.Sprintf("%s: version %d where %d is due", stream, e.Version, next)}
		}
		next++
		e.RecordedAt = record.RecordedAt
		if !yield(*e, nil) {
			return next, errEnough
		}
	}
	return next, nil
}
