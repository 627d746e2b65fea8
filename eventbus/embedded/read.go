package embedded

import (
	"context"
	"fmt"
	"iter"

	"github.com/cockroachdb/pebble/v2"

	"florin/eventbus"
)

// What one look into the store takes out of it, so that no reader, however
// slow, holds on to old files. The first look takes one entry, as many readers
// want no more (a stream's next commit, a receipt); those after it take more.
const (
	pageBytes   = 512 << 10
	pageEntries = 4096
	pageGrowth  = 16
	chunkBytes  = 64 << 10 // records share chunks: small enough to be kept alive by one
)

// Read yields what is durable now, above from.Position. A position beyond the
// durable head is eventbus.ErrAhead.
func (j *Journal) Read(ctx context.Context, from eventbus.Mark) iter.Seq2[eventbus.Entry, error] {
	return func(yield func(eventbus.Entry, error) bool) {
		head, _ := j.head()
		if from.Position > head.Position {
			yield(eventbus.Entry{}, eventbus.ErrAhead)
			return
		}
		j.pages(ctx, from.Position, head.Position, yield)
	}
}

// Follow is Read that then waits for the next durable group. It ends with ctx's
// error, or with the failure that stopped the journal.
func (j *Journal) Follow(ctx context.Context, from eventbus.Mark) iter.Seq2[eventbus.Entry, error] {
	return func(yield func(eventbus.Entry, error) bool) {
		at := from.Position
		for {
			head, changed := j.head()
			if at > head.Position {
				yield(eventbus.Entry{}, eventbus.ErrAhead)
				return
			}
			if at < head.Position {
				if !j.pages(ctx, at, head.Position, yield) {
					return
				}
				at = head.Position
				continue
			}
			if err := j.await(ctx, changed); err != nil {
				yield(eventbus.Entry{}, err)
				return
			}
		}
	}
}

func (j *Journal) await(ctx context.Context, changed <-chan struct{}) error {
	select {
	case <-changed:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-j.store.stop.failed:
		return j.store.stop.failure()
	case <-j.store.gone:
		return errClosed
	}
}

// pages yields the records that end above after and not above upTo; false when
// the reader has had enough or got an error.
func (j *Journal) pages(ctx context.Context, after, upTo eventbus.Position, yield func(eventbus.Entry, error) bool) bool {
	for entries := 1; after < upTo; entries = min(pageGrowth*entries, pageEntries) {
		if err := ctx.Err(); err != nil {
			yield(eventbus.Entry{}, err)
			return false
		}
		page, reached, err := j.page(after, upTo, entries)
		after = reached
		for _, record := range page {
			if !yield(eventbus.Entry{Record: record}, nil) {
				return false
			}
		}
		if err != nil {
			yield(eventbus.Entry{}, err)
			return false
		}
	}
	return true
}

// page is from memory, if the records are new enough.
func (j *Journal) page(after, upTo eventbus.Position, entries int) (page [][]byte, reached eventbus.Position, err error) {
	err = j.store.using(func() (err error) {
		var ok bool
		if page, reached, ok = j.newest.page(after, upTo, entries); !ok {
			page, reached, err = readPage(j.store.db, after, upTo, entries)
		}
		return err
	})
	return page, reached, err
}

// readPage copies the next records out, and gives the position reached. Damage
// is named; the records before it are good.
func readPage(db *pebble.DB, after, upTo eventbus.Position, entries int) (page [][]byte, reached eventbus.Position, err error) {
	it, err := db.NewIter(&pebble.IterOptions{LowerBound: recordKey(after + 1), UpperBound: recordKey(upTo + 1)})
	if err != nil {
		return nil, after, damage(err, after+1)
	}
	defer func() {
		if closing := it.Close(); err == nil { // else it says the same again
			err = damage(closing, reached+1)
		}
	}()
	reached = after
	var chunk []byte
	for ok, size := it.First(), 0; ok; ok = it.Next() {
		value, err := it.ValueAndErr()
		if err != nil {
			return page, reached, damage(err, reached+1)
		}
		if len(value) > cap(chunk)-len(chunk) {
			chunk = make([]byte, 0, max(min(chunkBytes, chunkBytes/pageGrowth*entries), len(value)))
		}
		at := len(chunk)
		chunk = append(chunk, value...)
		page = append(page, chunk[at:len(chunk):len(chunk)])
		reached = keyPosition(it.Key())
		if size += len(value); size >= pageBytes || len(page) >= entries {
			return page, reached, nil
		}
	}
	if err := it.Error(); err != nil {
		return page, reached, damage(err, reached+1)
	}
	if reached < upTo {
		return page, reached, &eventbus.Damage{Position: reached + 1, Why: fmt.Sprintf("no record up to position %d, which is durable", upTo)}
	}
	return page, reached, nil
}

// damage names the position of what Pebble found corrupt. Other errors pass.
func damage(err error, position eventbus.Position) error {
	if err == nil || !pebble.IsCorruptionError(err) {
		return err
	}
	return &eventbus.Damage{Position: position, Why: plain(err)}
}
