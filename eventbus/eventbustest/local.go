package eventbustest

import (
	"context"
	"errors"
	"iter"
	"sync"

	"florin/eventbus"
)

// ErrDisk is a failed sync.
var ErrDisk = errors.New("eventbustest: the disk failed")

// Local is the model of a Pipelined journal: a store in the same process whose
// groups are visible in the index at once, but durable only after their sync.
// Closing it keeps what is durable; Crash too.
type Local struct {
	mu      sync.Mutex
	index   MemoryIndex
	groups  []localGroup
	durable int // groups
	started eventbus.Mark
	end     eventbus.Mark // durable
	synced  int           // syncs tried
	failAt  int
	failed  error
	held    chan struct{}
	changed chan struct{}
}

type localGroup struct {
	end     eventbus.Mark
	records [][]byte
	index   []eventbus.IndexEntry
}

// NewLocal is an empty journal.
func NewLocal() *Local { return &Local{changed: make(chan struct{})} }

// FailAt lets the n-th sync from now on fail, and everything after it.
func (l *Local) FailAt(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.failAt = l.synced + n
}

// Hold keeps all groups from becoming durable until release is called.
func (l *Local) Hold() (release func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	held := make(chan struct{})
	l.held = held
	return sync.OnceFunc(func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.held = nil
		close(held)
	})
}

// Crash is the journal as the next process finds it. If tail is true, started
// groups that nobody was told of have survived too.
func (l *Local) Crash(tail bool) *Local {
	l.mu.Lock()
	defer l.mu.Unlock()
	next := NewLocal()
	groups := l.groups[:l.durable]
	if tail {
		groups = l.groups
	}
	for _, g := range groups {
		next.groups = append(next.groups, g)
		next.end, next.started = g.end, g.end
		_ = next.index.Set(g.index)
	}
	next.durable = len(next.groups)
	return next
}

func (l *Local) Start(at eventbus.Mark, commits [][]byte, index []eventbus.IndexEntry) (func() (eventbus.Mark, error), error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.failed != nil {
		return nil, l.failed
	}
	if at.Position != l.started.Position || at.Hash != l.started.Hash {
		return nil, &eventbus.Fenced{Head: l.started}
	}
	g := localGroup{end: at, records: copied(commits)}
	for _, r := range commits {
		o, err := eventbus.Peek(r)
		if err != nil {
			return nil, err
		}
		g.end = eventbus.Mark{Position: o.Last, Hash: o.Hash}
	}
	for _, e := range index {
		g.index = append(g.index, eventbus.IndexEntry{Key: append([]byte(nil), e.Key...), Value: append([]byte(nil), e.Value...)})
	}
	l.groups, l.started = append(l.groups, g), g.end
	n := len(l.groups)
	_ = l.index.Set(index)
	return func() (eventbus.Mark, error) { return l.sync(n) }, nil
}

func (l *Local) sync(n int) (eventbus.Mark, error) {
	l.mu.Lock()
	for l.held != nil {
		held := l.held
		l.mu.Unlock()
		<-held
		l.mu.Lock()
	}
	defer l.mu.Unlock()
	l.synced++
	if l.synced == l.failAt {
		l.failed = ErrDisk
	}
	if l.failed != nil {
		return eventbus.Mark{}, l.failed
	}
	if n > l.durable {
		l.durable, l.end = n, l.groups[n-1].end
		close(l.changed)
		l.changed = make(chan struct{})
	}
	return l.groups[n-1].end, nil
}

func (l *Local) Append(_ context.Context, at eventbus.Mark, commits [][]byte) (eventbus.Mark, error) {
	wait, err := l.Start(at, commits, nil)
	if err != nil {
		return eventbus.Mark{}, err
	}
	return wait()
}

func (l *Local) Index() eventbus.Index { return &l.index }

func (l *Local) Head(context.Context) (eventbus.Mark, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.end, nil
}

func (l *Local) Read(ctx context.Context, from eventbus.Mark) iter.Seq2[eventbus.Entry, error] {
	return l.read(ctx, from, false)
}

func (l *Local) Follow(ctx context.Context, from eventbus.Mark) iter.Seq2[eventbus.Entry, error] {
	return l.read(ctx, from, true)
}

func (l *Local) read(ctx context.Context, from eventbus.Mark, follow bool) iter.Seq2[eventbus.Entry, error] {
	return func(yield func(eventbus.Entry, error) bool) {
		for next := l.groupAbove(from.Position); ; {
			l.mu.Lock()
			changed, more := l.changed, next < l.durable
			var g localGroup
			if more {
				g = l.groups[next]
			}
			l.mu.Unlock()
			if !more {
				if !follow {
					return
				}
				select {
				case <-changed:
					continue
				case <-ctx.Done():
				}
			}
			if err := ctx.Err(); err != nil {
				yield(eventbus.Entry{}, err)
				return
			}
			next++
			for _, r := range g.records {
				if o, err := eventbus.Peek(r); err == nil && o.Last <= from.Position {
					continue
				}
				if !yield(eventbus.Entry{Record: append([]byte(nil), r...)}, nil) {
					return
				}
			}
		}
	}
}

func (l *Local) groupAbove(position eventbus.Position) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	low, high := 0, len(l.groups)
	for low < high {
		if middle := (low + high) / 2; l.groups[middle].end.Position > position {
			high = middle
		} else {
			low = middle + 1
		}
	}
	return low
}

func (l *Local) Limits() eventbus.Limits {
	return eventbus.Limits{GroupBytesMax: 2 * eventbus.CommitBytesMax, GroupCommitsMax: 64}
}

func (l *Local) Close() error { return nil }
