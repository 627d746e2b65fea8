package eventbus

import (
	"context"
	"iter"
	"sync"
)

// Of reading ahead: what is in memory at most.
const (
	aheadEntries = 256 // of a batch
	aheadBytes   = 256 << 10
	aheadBatches = 2 // waiting
)

type batch struct {
	entries []Entry
	err     error
}

// ahead reads a journal in a goroutine of its own while the caller decodes, so that
// a replay is not held up by the engine. It is for long reads that come to an end;
// the goroutine has ended when the sequence has.
func ahead(read func(context.Context, Mark) iter.Seq2[Entry, error]) func(context.Context, Mark) iter.Seq2[Entry, error] {
	return func(ctx context.Context, from Mark) iter.Seq2[Entry, error] {
		return func(yield func(Entry, error) bool) {
			ctx, cancel := context.WithCancel(ctx)
			var reader sync.WaitGroup
			defer reader.Wait()
			defer cancel()
			batches := make(chan batch, aheadBatches)
			reader.Go(func() {
				defer close(batches)
				fetch(ctx, read(ctx, from), batches)
			})
			for b := range batches {
				for _, entry := range b.entries {
					if !yield(entry, nil) {
						return
					}
				}
				if b.err != nil {
					yield(Entry{}, b.err)
					return
				}
			}
		}
	}
}

// fetch sends what it reads in batches, until the end, an error, or ctx ends.
func fetch(ctx context.Context, entries iter.Seq2[Entry, error], batches chan<- batch) {
	var b batch
	send := func() bool {
		select {
		case batches <- b:
			b = batch{entries: make([]Entry, 0, aheadEntries)}
			return true
		case <-ctx.Done():
			return false
		}
	}
	size := 0
	for entry, err := range entries {
		if err != nil {
			b.err = err
			break
		}
		b.entries = append(b.entries, entry)
		if size += len(entry.Record); len(b.entries) == aheadEntries || size >= aheadBytes {
			if size = 0; !send() {
				return
			}
		}
	}
	if len(b.entries) > 0 || b.err != nil {
		send()
	}
}
