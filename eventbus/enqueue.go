package eventbus

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/google/uuid"
)

// Reasons to begin an Enqueue anew.
var (
	errLookAgain = errors.New("eventbus: look into the index again")
	errResyncing = errors.New("eventbus: resynchronising")
)

// Enqueue implements Log.
func (s *Sequencer) Enqueue(c Commit) (Ticket, error) {
	t, err := s.prepare(&c)
	if err != nil {
		return nil, err
	}
	var look look
	for {
		ticket, err := s.admit(&c, t, &look)
		switch {
		case err == errLookAgain:
			if err := s.look(&look, c.ID, c.Streams); err != nil {
				return nil, err
			}
			if look.found {
				return s.settled(look.locator, c.ID)
			}
			continue
		case err == errResyncing:
			if err := s.awaitResync(); err != nil {
				return nil, err
			}
			continue
		case err != nil:
			return nil, err
		}
		s.signal()
		return ticket, nil
	}
}

// prepare does all that needs no place in the log: checks, encoding, event hashes.
func (s *Sequencer) prepare(c *Commit) (*ticket, error) {
	if err := checkCommit(c); err != nil {
		return nil, err
	}
	size, count := 0, 0
	for i := range c.Streams {
		count += len(c.Streams[i].Events)
		for j := range c.Streams[i].Events {
			size += eventBytes(&c.Streams[i].Events[j], c.Streams[i].Stream)
		}
	}
	if count == 0 || count > EventsPerCommitMax {
		return nil, invalid("%d events", count)
	}
	t := &ticket{}
	if err := t.begin(c.ID, &c.Header, s.build, count, size); err != nil {
		return nil, err
	}
	t.streams = t.inline[:0]
	for i := range c.Streams {
		a := &c.Streams[i]
		for j := range a.Events {
			if err := t.add(a.Stream, a.Expected+Version(j)+1, &a.Events[j]); err != nil {
				return nil, err
			}
		}
		if len(a.Events) > 0 {
			t.streams = append(t.streams, placed{a.Stream, a.Expected + Version(len(a.Events))})
		}
	}
	return t, t.finish()
}

func checkCommit(c *Commit) error {
	if c.Header.Unknown != nil {
		return invalid("unknown fields from a caller")
	}
	for i := range c.Streams {
		a := &c.Streams[i]
		if Position(a.Expected) >= positionMax {
			return invalid("expected version %d", a.Expected)
		}
		if len(a.Events) == 0 {
			var key [StreamBytesMax]byte
			if _, ok := appendStreamKey(key[:0], a.Stream); !ok {
				return invalid("stream %q", a.Stream)
			}
		}
		for j := range a.Events {
			if a.Events[j].Unknown != nil || strings.HasPrefix(a.Events[j].Kind, ownKinds) {
				return invalid("kind %q from a caller", a.Events[j].Kind)
			}
		}
	}
	return checkDistinct(c.Streams)
}

// checkDistinct: each stream once.
func checkDistinct(streams []Append) error {
	if len(streams) <= 16 {
		for i := range streams {
			for j := range i {
				if streams[i].Stream == streams[j].Stream {
					return invalid("stream %q twice", streams[i].Stream)
				}
			}
		}
		return nil
	}
	seen := make(map[Stream]struct{}, len(streams))
	for i := range streams {
		seen[streams[i].Stream] = struct{}{}
	}
	if len(seen) != len(streams) {
		return invalid("a stream twice")
	}
	return nil
}

// admit decides under the lock: a repeat, a refusal, or a place in the log.
func (s *Sequencer) admit(c *Commit, t *ticket, l *look) (Ticket, error) {
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.resyncing != nil {
		return nil, errResyncing
	}
	if s.stopped != nil {
		return nil, s.stopped
	}
	if known, ok := s.recent.byID[c.ID]; ok {
		return repeated{known}, nil
	}
	if !l.began && s.filter.possible(s.filter.ofCommit(c.ID)) {
		l.want(c.Streams)
		return nil, errLookAgain
	}
	if l.began && (l.resyncs != s.resyncs.Load() || s.recent.evicted > l.seen || s.heads.evicted > l.seen) {
		return nil, errLookAgain
	}
	if err := s.refusal(); err != nil {
		return nil, err
	}
	if c.Generation != s.Generation() {
		return nil, ErrGeneration
	}
	if err := s.checkHeads(c.Streams, l); err != nil {
		return nil, err
	}
	if s.queued >= queueCommitsMax || s.queuedSize+len(t.record) > queueBytesMax {
		return nil, ErrBusy
	}
	if s.epochDue {
		if _, err := s.enterEpoch(); err != nil {
			return nil, err
		}
	}
	s.enter(t, c.ID, now.UnixMicro())
	return t, nil
}

// refusal tells why nothing can be appended. The lock is held.
func (s *Sequencer) refusal() error {
	switch {
	case s.stopped != nil:
		return s.stopped
	case s.closing:
		return ErrStopped
	case s.closed:
		return ErrClosed
	}
	return nil
}

// checkHeads compares all expected versions, guards included.
func (s *Sequencer) checkHeads(streams []Append, l *look) error {
	again := false
	for i := range streams {
		a := &streams[i]
		h, ok := s.heads.byStream[a.Stream]
		version := Version(0)
		switch {
		case ok:
			version = h.version
		case l.heads != nil && l.heads[i].known:
			if version = l.heads[i].version; version > 0 {
				s.heads.put(Stream(strings.Clone(string(a.Stream))), &head{version: version})
			}
		case s.filter.possible(s.filter.ofStream(a.Stream)):
			if l.heads == nil {
				l.want(streams)
			}
			l.heads[i].wanted, again = true, true
			continue
		}
		if version != a.Expected {
			return &VersionConflict{Stream: a.Stream, Expected: a.Expected, Actual: version}
		}
	}
	if again {
		return errLookAgain
	}
	return nil
}

// enter gives a checked commit its place. The lock is held.
func (s *Sequencer) enter(t *ticket, id uuid.UUID, now int64) {
	s.recordedAt = max(s.recordedAt, now)
	s.seq++
	t.seq = s.seq
	first := s.end.Position + 1
	hash := t.place(first, s.end.Hash, s.recordedAt, s.epoch)
	t.hashed = nil
	t.receipt = Receipt{
		ID: id, First: first, Last: s.end.Position + Position(t.count), Hash: hash,
		RecordedAt: time.UnixMicro(s.recordedAt).UTC(),
	}
	for i := range t.streams {
		p := &t.streams[i]
		if h, ok := s.heads.byStream[p.stream]; ok {
			h.version, h.seq = p.version, t.seq
			continue
		}
		p.stream = Stream(strings.Clone(string(p.stream)))
		s.heads.put(p.stream, &head{version: p.version, seq: t.seq})
		s.filter.add(s.filter.ofStream(p.stream))
	}
	s.filter.add(s.filter.ofCommit(id))
	s.recent.put(t)
	g := s.openGroup(len(t.record))
	s.end = Mark{Position: t.receipt.Last, Hash: hash}
	t.group, g.end, g.lastSeq = g, s.end, t.seq
	g.tickets, g.records, g.bytes = append(g.tickets, t), append(g.records, t.record), g.bytes+len(t.record)
	s.queued++
	s.queuedSize += len(t.record)
}

// openGroup is the group at the queue's end if it has room, else a new one.
func (s *Sequencer) openGroup(size int) *group {
	if n := len(s.queue); n > 0 {
		g := s.queue[n-1]
		if len(g.records) < s.limits.GroupCommitsMax && g.bytes+size <= s.limits.GroupBytesMax {
			return g
		}
	}
	g := newGroup(s.end)
	s.queue = append(s.queue, g)
	return g
}

// awaitResync waits a bounded time for the index to reach the journal's end.
func (s *Sequencer) awaitResync() error {
	s.mu.Lock()
	resyncing := s.resyncing
	s.mu.Unlock()
	if resyncing == nil {
		return nil
	}
	timer := time.NewTimer(resyncWait)
	defer timer.Stop()
	select {
	case <-resyncing:
		return nil
	case <-s.run.Done():
		return ErrStopped
	case <-timer.C:
		return ErrBusy
	}
}

// settled makes the ticket of a commit found in the index. On a Pipelined journal
// it may not be durable yet: then it is among the recent ones.
func (s *Sequencer) settled(locator Mark, id uuid.UUID) (Ticket, error) {
	s.mu.Lock()
	known, ok := s.recent.byID[id]
	stopped := s.stopped
	s.mu.Unlock()
	if ok {
		return repeated{known}, nil
	}
	if stopped != nil {
		return nil, stopped
	}
	receipt, err := s.receiptAt(context.Background(), locator, id)
	if err != nil {
		return nil, err
	}
	return settled{receipt}, nil
}
