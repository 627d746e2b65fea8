package service

import (
	"context"
	"strings"
	"sync"

	"florin/domain/id"
	"florin/domain/notification"
	"florin/eventbus"
	"florin/gateway/problem"
	"florin/schemas"
)

// Bounds of open streams in one process.
const (
	bellsOfOneMax = 5
	bellsMax      = 10_000
)

// bells wake the streams of customers whose inbox has changed.
//
//	log --one reader--> whose inbox? --rung--> stream, which reads the inbox
//
// One reader serves all streams of the process: it begins with the first and ends
// with the last. A bell holds one position and no events, however slow its stream.
type bells struct {
	log    eventbus.Log
	treaty *schemas.Treaty

	mu   sync.Mutex // guards what follows
	hung map[id.Customer][]*bell
	all  int
	stop context.CancelFunc // of the reader; nil: there is none
}

// bell is one stream's. gone is closed when nobody will ring it any more.
type bell struct {
	rung chan struct{} // holds one
	gone chan struct{}

	mu   sync.Mutex
	last eventbus.Position
}

func (b *bell) position() eventbus.Position {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.last
}

func (b *bell) ring(at eventbus.Position) {
	b.mu.Lock()
	b.last = at
	b.mu.Unlock()
	select {
	case b.rung <- struct{}{}:
	default: // it will see this position too
	}
}

func newBells(log eventbus.Log, treaty *schemas.Treaty) *bells {
	return &bells{log: log, treaty: treaty, hung: map[id.Customer][]*bell{}}
}

// hang gives a bell that rings for whatever is written from now on. Faults: TooManyStreams, Busy.
func (b *bells) hang(of id.Customer) (*bell, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case len(b.hung[of]) >= bellsOfOneMax:
		return nil, problem.TooManyStreams
	case b.all >= bellsMax:
		return nil, problem.Busy
	}
	if b.stop == nil {
		ctx, stop := context.WithCancel(context.Background())
		head, err := b.log.Head(ctx)
		if err != nil {
			stop()
			return nil, err
		}
		b.stop = stop
		go b.follow(ctx, head.Position)
	}
	hung := &bell{rung: make(chan struct{}, 1), gone: make(chan struct{})}
	b.hung[of] = append(b.hung[of], hung)
	b.all++
	return hung, nil
}

// take gives a bell back; one that is gone already was.
func (b *bells) take(of id.Customer, taken *bell) {
	b.mu.Lock()
	defer b.mu.Unlock()
	left := make([]*bell, 0, len(b.hung[of]))
	for _, hung := range b.hung[of] {
		if hung != taken {
			left = append(left, hung)
		}
	}
	b.all -= len(b.hung[of]) - len(left)
	if b.hung[of] = left; len(left) == 0 {
		delete(b.hung, of)
	}
	if b.all == 0 && b.stop != nil {
		b.stop()
		b.stop = nil
	}
}

// follow rings until ctx ends. If the log ends all bells are gone.
func (b *bells) follow(ctx context.Context, after eventbus.Position) {
	for record, err := range b.log.Subscribe(ctx, after) {
		if err != nil {
			break
		}
		for _, e := range record.Events {
			if strings.HasPrefix(string(e.Stream), "notification/") || strings.HasPrefix(string(e.Stream), "inbox/") {
				if event, err := b.treaty.DecodeClosed(e.Kind, e.SchemaVersion, e.ID, e.Data); err == nil {
					b.ring(whose(event), record.Last())
				}
			}
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if ctx.Err() != nil { // the last stream has ended it; others may have begun since, with a reader of their own
		return
	}
	for _, hung := range b.hung {
		for _, one := range hung {
			close(one.gone)
		}
	}
	b.hung, b.all = map[id.Customer][]*bell{}, 0
	b.stop()
	b.stop = nil
}

func (b *bells) ring(of id.Customer, at eventbus.Position) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, hung := range b.hung[of] {
		hung.ring(at)
	}
}

// whose inbox an event changes; zero: nobody's.
func whose(event any) id.Customer {
	switch e := event.(type) {
	case notification.Filed:
		return e.Customer
	case notification.Read:
		return e.Customer
	case notification.AllRead:
		return e.Customer
	}
	return id.Customer{}
}
