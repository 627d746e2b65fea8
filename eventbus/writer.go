package eventbus

import (
	"context"
	"errors"
	"time"
)

// Resending after a lost answer.
const (
	backoffMin = 2 * time.Millisecond
	backoffMax = time.Second
)

// flight is a group that a Pipelined journal is making durable.
type flight struct {
	group *group
	wait  func() (Mark, error)
}

func (s *Sequencer) startWriter() {
	if s.pipelined == nil {
		s.idle.Go(s.writeOneByOne)
		return
	}
	flights := make(chan flight, groupsInFlight)
	s.idle.Go(func() { defer close(flights); s.startGroups(flights) })
	s.idle.Go(func() { s.awaitGroups(flights) })
}

// take waits for a group and moves it from the queue to the air. Without one, ok
// tells whether the writer should look for other work (true) or end.
func (s *Sequencer) take() (g *group, ok bool) {
	for {
		s.mu.Lock()
		switch {
		case s.stopped != nil:
			s.mu.Unlock()
			return nil, false
		case s.suspect:
			s.mu.Unlock()
			return nil, true
		case len(s.queue) > 0:
			g = s.queue[0]
			s.queue = append(s.queue[:0], s.queue[1:]...)
			s.flying = append(s.flying, g)
			g.at.Place = s.durable.Place
			s.mu.Unlock()
			return g, true
		case s.closing:
			s.mu.Unlock()
			return nil, false
		}
		s.mu.Unlock()
		select {
		case <-s.wake:
		case <-s.run.Done():
			return nil, false
		}
	}
}

// startGroups hands groups to a Pipelined journal, several at once. Records and
// index entries go together.
func (s *Sequencer) startGroups(flights chan<- flight) {
	groups, commits := 0, 0 // since the last checkpoint
	for {
		g, ok := s.take()
		if !ok {
			return
		}
		groups, commits = groups+1, commits+len(g.tickets)
		withCheckpoint := groups == checkpointGroups || commits >= checkpointCommits
		if withCheckpoint {
			groups, commits = 0, 0
		}
		at := Mark{Position: g.at.Position, Hash: g.at.Hash}
		wait, err := s.pipelined.Start(at, g.records, s.indexEntries(g, withCheckpoint))
		if err != nil {
			s.stop(err)
			return
		}
		flights <- flight{g, wait}
	}
}

// checkpointGroups: a Pipelined journal's index is always as new as its records,
// so its checkpoint may lag; the groups behind it are indexed again at the start.
const (
	checkpointGroups  = 64
	checkpointCommits = 2048
)

func (s *Sequencer) awaitGroups(flights <-chan flight) {
	for f := range flights {
		mark, err := f.wait()
		if err != nil {
			s.stop(err)
			continue // its wait may hold resources; let all of them end
		}
		s.landed(f.group, mark)
	}
}

// indexEntries is valid until the next call.
func (s *Sequencer) indexEntries(g *group, withCheckpoint bool) []IndexEntry {
	e := &s.scratch
	e.reset()
	for i := len(g.tickets) - 1; i >= 0; i-- {
		t := g.tickets[i]
		before := Mark{Position: t.receipt.First - 1, Place: g.at.Place}
		e.commit(t.receipt.ID, before, t.streams)
	}
	if s.pipelined == nil {
		e.position(g.at)
	}
	if withCheckpoint {
		last := g.tickets[len(g.tickets)-1].receipt
		e.checkpoint(checkpoint{end: g.end, before: Mark{Position: last.First - 1, Place: g.at.Place}})
	}
	return e.list
}

// landed acknowledges a group that is durable and in the index.
func (s *Sequencer) landed(g *group, mark Mark) {
	s.mu.Lock()
	if s.stopped != nil {
		s.mu.Unlock()
		return // its tickets have been given up
	}
	if len(s.flying) > 0 && s.flying[0] == g {
		s.flying = append(s.flying[:0], s.flying[1:]...)
	}
	s.durable = Mark{Place: mark.Place, Position: g.end.Position, Hash: g.end.Hash}
	s.durableSeq.Store(g.lastSeq)
	s.queued -= len(g.tickets)
	s.queuedSize -= g.bytes
	for _, t := range g.tickets {
		t.record = nil
	}
	g.records, g.tickets = nil, nil
	s.heads.trim(g.lastSeq)
	s.recent.trim(g.lastSeq)
	s.mu.Unlock()
	close(g.done)
}

// writeOneByOne is the writer for journals that take one group at a time.
func (s *Sequencer) writeOneByOne() {
	for {
		g, ok := s.take()
		if !ok {
			return
		}
		if g == nil {
			s.resync(nil)
			continue
		}
		s.settle(g)
	}
}

// settle appends a group and does not give up before it is known whether it was
// kept. An answer that is lost tells nothing: the append may still land. So the
// same bytes go to the same place again until something occupies it, and nobody
// is told "failed" before that.
func (s *Sequencer) settle(g *group) {
	for backoff := backoffMin; ; backoff = min(2*backoff, backoffMax) {
		mark, err := s.journal.Append(s.run, g.at, g.records)
		var fenced *Fenced
		switch {
		case err == nil:
			s.kept(g, mark)
			return
		case errors.As(err, &fenced):
			if s.resync(g) || !pause(s.run, backoff) {
				return
			} // only the place has moved: append there
		default:
			if !pause(s.run, backoff) {
				return
			}
		}
	}
}

// kept indexes a group that is durable, and acknowledges it.
func (s *Sequencer) kept(g *group, mark Mark) {
	g.end.Place = mark.Place
	err := s.index.Set(s.indexEntries(g, true))
	s.landed(g, mark)
	if err != nil {
		s.stop(err)
	}
}

// pause tells whether the context still holds after d.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
