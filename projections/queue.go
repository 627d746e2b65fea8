package projections

import (
	"context"
	"sync"
	"time"
)

// Bounds of a batch. A batch is written as soon as the writer is free, so after
// a quiet time the first commit is visible within a transaction's time. On a busy
// log, where batches hold busyCommits, the next ones gather longer and longer, up
// to gapMax: a transaction costs the cores that serve requests as much for one
// commit as for fifty. Who waits for a position (WaitFor) ends that, all but gapMin.
const (
	batchEventsMax = 8192
	busyCommits    = 4
	gapMin         = 2 * time.Millisecond
	gapMax         = 40 * time.Millisecond
)

// gapAfter is how long to gather after a batch, which gathered for a gap itself.
func gapAfter(gap time.Duration, commits int) time.Duration {
	if commits < busyCommits {
		return gapMin
	}
	return min(2*gap, gapMax)
}

// queue hands decoded commits from the goroutine that decodes to the one that
// writes. At most batchEventsMax events (and one commit) wait in it.
type queue struct {
	mu      sync.Mutex
	commits []*commit
	events  int
	ready   chan struct{} // something waits
	full    chan struct{} // a whole batch waits
	room    chan struct{} // all that waited was taken
}

func newQueue() *queue {
	return &queue{ready: make(chan struct{}, 1), full: make(chan struct{}, 1), room: make(chan struct{}, 1)}
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// put waits while a whole batch is waiting already.
func (q *queue) put(ctx context.Context, c *commit) error {
	for {
		q.mu.Lock()
		if q.events < batchEventsMax {
			q.commits = append(q.commits, c)
			q.events += len(c.facts)
			if q.events >= batchEventsMax {
				signal(q.full)
			}
			signal(q.ready)
			q.mu.Unlock()
			return nil
		}
		q.mu.Unlock()
		select {
		case <-q.room:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// take waits until something is there and takes all of it. It returns nothing
// when done is closed and nothing waits, or when ctx has ended.
func (q *queue) take(ctx context.Context, done <-chan struct{}) []*commit {
	for {
		if commits := q.drain(); len(commits) > 0 || ctx.Err() != nil {
			return commits
		}
		select {
		case <-q.ready:
		case <-ctx.Done():
		case <-done:
			return q.drain()
		}
	}
}

func (q *queue) drain() []*commit {
	q.mu.Lock()
	defer q.mu.Unlock()
	commits := q.commits
	q.commits, q.events = nil, 0
	signal(q.room)
	return commits
}

// pause gives the next batch a gap to gather in, or less of it if it is wanted.
func (q *queue) pause(ctx context.Context, done, wanted <-chan struct{}, gap time.Duration) {
	timer := time.NewTimer(gapMin)
	defer timer.Stop()
	for early := (<-chan struct{})(nil); ; early = wanted {
		select {
		case <-timer.C:
			if early != nil || gap <= gapMin {
				return
			}
			timer.Reset(gap - gapMin)
			continue
		case <-early:
		case <-q.full:
		case <-ctx.Done():
		case <-done:
		}
		return
	}
}
