package eventbus

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
)

// tip is an accepted end with what follows from the records up to it.
type tip struct {
	walker
	recordedAt int64
	epoch      uint64
	closed     bool
	before     Mark // of the last commit
}

func (t *tip) take(r *Record) {
	t.recordedAt = r.RecordedAt.UnixMicro()
	t.epoch = r.WriterEpoch
	t.closed = closes(r)
}

// load brings the index up to the journal's end before the first commit.
func (s *Sequencer) load(ctx context.Context, rebuild bool) error {
	if rebuild {
		if err := s.index.Drop(); err != nil {
			return fmt.Errorf("drop the index: %w", err)
		}
	}
	err := s.reach(ctx)
	if errors.Is(err, ErrIndexDamaged) || s.pipelined != nil && errors.Is(err, ErrIndexAstray) {
		if err := s.index.Drop(); err != nil {
			return fmt.Errorf("drop the index: %w", err)
		}
		return s.reach(ctx)
	}
	return err
}

// reach brings the index from where it is to the journal's end.
func (s *Sequencer) reach(ctx context.Context) error {
	t := tip{walker: walker{strict: strict(s.journal)}}
	if err := s.resume(ctx, &t); err != nil {
		return err
	}
	empty := t.end.Position == 0
	if empty { // a young index has no checkpoint yet
		for _, err := range s.index.Scan([]byte{keyCommit}, nil) {
			if err != nil {
				return err
			}
			empty = false
			break
		}
	}
	if err := s.catchUp(ctx, &t); err != nil {
		return err
	}
	head, err := s.journal.Head(ctx)
	if err != nil {
		return err
	}
	if t.end.Position < head.Position && strict(s.journal) {
		return &Damage{Position: t.end.Position + 1, Why: "no commit extends the one before"}
	}
	s.indexMade = empty && t.end.Position > 0
	s.adopt(&t)
	return nil
}

// resume begins at the index's checkpoint if the journal holds its last commit.
func (s *Sequencer) resume(ctx context.Context, t *tip) error {
	value, ok, err := s.index.Get(checkpointKey)
	if err != nil || !ok {
		return err
	}
	c, err := readCheckpoint(value)
	if err != nil {
		return err
	}
	for entry, err := range s.journal.Read(ctx, c.before) {
		if errors.Is(err, ErrAhead) {
			break
		}
		if err != nil {
			return err
		}
		outline, err := Peek(entry.Record)
		if err != nil {
			return t.damage(c.before.Position+1, err)
		}
		if outline.First != c.before.Position+1 || outline.Last != c.end.Position || outline.Hash != c.end.Hash {
			if strict(s.journal) || outline.First > c.end.Position {
				break
			}
			continue
		}
		record, err := t.decode(entry.Record, outline.First)
		if err != nil {
			return err
		}
		t.take(&record)
		t.end, t.before = c.end, c.before
		return nil
	}
	return s.astray(ctx, c)
}

// astray: on a journal whose batches hold records and index together, an index
// that is ahead bears witness to lost records; one that is beside is only wrong.
func (s *Sequencer) astray(ctx context.Context, c checkpoint) error {
	if s.pipelined != nil {
		head, err := s.journal.Head(ctx)
		if err != nil {
			return err
		}
		if c.end.Position > head.Position {
			return &Damage{Position: head.Position + 1, Why: fmt.Sprintf("the index knows of commits up to position %d that are not there", c.end.Position)}
		}
	}
	return fmt.Errorf("%w (index: position %d, hash %s)", ErrIndexAstray, c.end.Position, c.end.Hash)
}

// Of a catch-up, what goes to the index at once.
const (
	catchUpEntries = 16 << 10
	catchUpMarks   = 256 // commits between marks by position
)

// catchUp reads from the tip to the journal's end and indexes what extends it.
func (s *Sequencer) catchUp(ctx context.Context, t *tip) error {
	head, err := s.journal.Head(ctx)
	if err != nil {
		return err
	}
	read := 0
	var batch entries
	batch.reset()
	flush := func() error {
		if len(batch.list) == 0 {
			return nil
		}
		batch.checkpoint(checkpoint{end: t.end, before: t.before})
		err := s.index.Set(batch.list)
		batch.reset()
		return err
	}
	n := 0
	var streams []placed
	for entry, err := range s.journal.Read(ctx, t.end) {
		if err != nil {
			return err
		}
		read++
		before := t.end
		outline, ok, err := t.next(entry)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		record, err := t.decode(entry.Record, outline.First)
		if err != nil {
			return err
		}
		t.take(&record)
		t.before = Mark{Position: before.Position, Place: before.Place}
		streams = lastVersions(streams[:0], record.Events)
		clear(batch.heads) // in journal order the newest head comes last
		batch.commit(record.ID, t.before, streams)
		s.mayNowBe(record.ID, streams)
		if s.pipelined == nil && n%catchUpMarks == 0 {
			batch.position(before)
		}
		if n++; len(batch.list) >= catchUpEntries {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	if read == 0 { // at most what lies in the past and so was not even read
		t.end.Place = head.Place
	}
	return flush()
}

// mayNowBe tells the filter of a commit that another writer made.
func (s *Sequencer) mayNowBe(id uuid.UUID, streams []placed) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.filter.add(s.filter.ofCommit(id))
	for i := range streams {
		s.filter.add(s.filter.ofStream(streams[i].stream))
	}
}

func lastVersions(streams []placed, events []Recorded) []placed {
	for i := range events {
		if i+1 < len(events) && events[i+1].Stream == events[i].Stream {
			continue
		}
		streams = append(streams, placed{events[i].Stream, events[i].Version})
	}
	return streams
}

// adopt makes a tip the end that the next commit extends. The lock is held, or
// nobody else knows the sequencer yet.
func (s *Sequencer) adopt(t *tip) {
	s.end, s.durable = Mark{Position: t.end.Position, Hash: t.end.Hash}, t.end
	s.recordedAt = max(s.recordedAt, t.recordedAt)
	s.epoch, s.closed, s.epochDue = t.epoch, t.closed, !t.closed
	s.durableSeq.Store(s.seq)
	s.resyncs.Add(1)
	s.heads, s.recent = headCache{}, recentReceipts{}
	s.queued, s.queuedSize = 0, 0
}

// resync finds out what the journal holds after a fence, before anything else is
// done: the place of the group in the air is occupied. It reads to the end, settles
// every ticket that waits by its commit id (even to another writer's receipt), and
// ends the generation. It returns false if nothing was accepted since: then the
// group may be appended again at the new place.
func (s *Sequencer) resync(g *group) bool {
	s.mu.Lock()
	s.resyncing, s.suspect = make(chan struct{}), false
	t := tip{walker: walker{end: s.durable, strict: strict(s.journal)}, recordedAt: s.recordedAt, epoch: s.epoch, closed: false}
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		close(s.resyncing)
		s.resyncing = nil
		s.mu.Unlock()
	}()
	if !s.catchUpPatiently(&t) {
		return true
	}
	if t.end.Position == s.durable.Position { // junk at most; the lock is not needed to read what only the writer changes
		s.mu.Lock()
		s.durable.Place = t.end.Place
		s.mu.Unlock()
		if g != nil {
			g.at.Place = t.end.Place
		}
		return false
	}
	if g != nil && t.end.Position == g.end.Position && t.end.Hash == g.end.Hash {
		s.landed(g, t.end)
		return true
	}
	s.endGeneration(&t)
	return true
}

// catchUpPatiently repeats what failed for lack of a connection. It returns false
// if the sequencer has ended.
func (s *Sequencer) catchUpPatiently(t *tip) bool {
	for backoff := backoffMin; ; backoff = min(2*backoff, backoffMax) {
		err := s.catchUp(s.run, t)
		var damage *Damage
		switch {
		case err == nil:
			return true
		case errors.As(err, &damage) || errors.Is(err, ErrLayout):
			s.stop(err)
			return false
		case !pause(s.run, backoff):
			return false
		}
	}
}

// endGeneration fails all that waits, but for what is in the journal.
func (s *Sequencer) endGeneration(t *tip) {
	s.mu.Lock()
	if s.stopped != nil {
		s.mu.Unlock()
		return
	}
	groups := append(append([]*group(nil), s.flying...), s.queue...)
	s.flying, s.queue = nil, nil
	s.mu.Unlock()
	for _, g := range groups {
		g.err = ErrGeneration
		for _, ticket := range g.tickets {
			receipt, ok, err := s.receiptOf(s.run, ticket.receipt.ID)
			if err != nil {
				g.unknown = true
			}
			if !ok {
				continue
			}
			if g.found == nil {
				g.found = make(map[uuid.UUID]Receipt)
			}
			g.found[ticket.receipt.ID] = receipt
		}
	}
	s.mu.Lock()
	s.generation.Add(1)
	s.adopt(t)
	s.mu.Unlock()
	for _, g := range groups {
		close(g.done)
	}
}
