package eventbus

import (
	"bytes"
	"context"
	"sync"
)

// Durable implements Log. On a journal that others may write, it also asks the
// journal, after the call began, whether this sequencer is still its writer: a
// paused one must not answer from memory.
func (s *Sequencer) Durable(ctx context.Context) error {
	s.mu.Lock()
	err := s.stopped
	generation := s.Generation()
	var last *group
	if n := len(s.queue); n > 0 {
		last = s.queue[n-1]
	} else if n := len(s.flying); n > 0 {
		last = s.flying[n-1]
	}
	s.mu.Unlock()
	if err != nil {
		return err
	}
	if last != nil {
		select {
		case <-last.done:
		case <-ctx.Done():
			return ctx.Err()
		}
		if last.err != nil {
			return last.err
		}
	}
	if s.pipelined == nil {
		if _, err := s.confirm(ctx); err != nil {
			return err
		}
	}
	if s.Generation() != generation {
		return ErrGeneration
	}
	return nil
}

// headChecks lets many callers share one look at the journal's head: a caller
// joins the check that has not begun yet.
type headChecks struct {
	mu      sync.Mutex
	next    *headCheck
	running bool
}

type headCheck struct {
	done chan struct{}
	head Mark
	err  error
}

// confirm gives the journal's end, asked after the call, if it is ours, and
// ErrGeneration if it was not: then the journal has been read to its end.
func (s *Sequencer) confirm(ctx context.Context) (Mark, error) {
	c := &s.checks
	c.mu.Lock()
	if c.next == nil {
		c.next = &headCheck{done: make(chan struct{})}
	}
	check := c.next
	if !c.running {
		c.running = true
		go s.runChecks()
	}
	c.mu.Unlock()
	select {
	case <-check.done:
		return check.head, check.err
	case <-ctx.Done():
		return Mark{}, ctx.Err()
	}
}

func (s *Sequencer) runChecks() {
	c := &s.checks
	for {
		c.mu.Lock()
		check := c.next
		c.next = nil
		c.running = check != nil
		c.mu.Unlock()
		if check == nil {
			return
		}
		check.head, check.err = s.checkHead(s.run)
		close(check.done)
	}
}

func (s *Sequencer) checkHead(ctx context.Context) (Mark, error) {
	for {
		head, err := s.journal.Head(ctx)
		if err != nil {
			if ctx.Err() != nil {
				return head, ErrStopped
			}
			return head, err
		}
		s.mu.Lock()
		if s.stopped != nil {
			s.mu.Unlock()
			return head, s.stopped
		}
		if s.owns(head) {
			s.mu.Unlock()
			return head, nil
		}
		generation := s.Generation()
		var flying *group
		if len(s.flying) > 0 {
			flying = s.flying[0]
		} else {
			s.suspect = true
		}
		resyncing := s.resyncing
		s.mu.Unlock()
		// What is in the air will meet the fence; else the writer is sent to look.
		switch {
		case flying != nil:
			err = await(ctx, flying.done)
		case resyncing != nil:
			err = await(ctx, resyncing)
		default:
			s.signal()
			if !pause(ctx, backoffMin) {
				err = ErrStopped
			}
		}
		if err != nil {
			return head, err
		}
		if s.Generation() != generation {
			return head, ErrGeneration
		}
	}
}

// owns tells whether a head of the journal is one that this sequencer made. The
// lock is held.
func (s *Sequencer) owns(head Mark) bool {
	if len(head.Place) > 0 && bytes.Equal(head.Place, s.durable.Place) {
		return true
	}
	if head.Position <= s.durable.Position {
		return head.Position < s.durable.Position || head.Hash == s.durable.Hash
	}
	for _, g := range s.flying {
		if head.Position == g.end.Position && head.Hash == g.end.Hash {
			return true
		}
	}
	return false
}

func await(ctx context.Context, done <-chan struct{}) error {
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ErrStopped
	}
}
