package embedded

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"florin/eventbus"
)

// Key kinds. A record's key is its kind and the commit's last position.
const (
	keyRecord   = 'j'
	keyIndex    = 'i'
	keySnapshot = 's'
)

// Limits of one group. Why 2 MiB: a batch must fit the write buffer several
// times over, or Pebble flushes for every group.
const (
	GroupBytesMax   = 2 << 20
	GroupCommitsMax = 1024
)

// Options of Open. The zero value opens what exists on the disk.
type Options struct {
	FS              vfs.FS // nil: the disk
	CreateIfMissing bool
	// Fatal is told of the first failed write or sync, once, from whatever
	// goroutine met it; the process must end within 100 ms. Nothing is
	// acknowledged afterwards, whatever it does. nil: print it and exit with status 3.
	Fatal         func(error)
	MemTableBytes int // 0: 8 MiB
	CacheBytes    int // 0: 40 MiB, write buffers included

	probeBytes int // of index and snapshots each, read by Open; 0: probeBytes; below 0: none
}

func (o Options) withDefaults() Options {
	if o.FS == nil {
		o.FS = owned{vfs.Default}
	}
	if o.Fatal == nil {
		o.Fatal = exit
	}
	if o.MemTableBytes == 0 {
		o.MemTableBytes = memTableBytes
	}
	if o.CacheBytes == 0 {
		o.CacheBytes = cacheBytes
	}
	if o.probeBytes == 0 {
		o.probeBytes = probeBytes
	}
	return o
}

// Journal is an eventbus.Pipelined in one directory.
type Journal struct {
	store     *store
	side      *side
	lock      *pebble.Lock
	dir       string
	fs        vfs.FS
	recovered Recovered

	starting sync.Mutex // one Start at a time
	started  eventbus.Mark
	last     *group // the newest, for Close to wait for
	newest   newest
	closed   bool

	mu      sync.Mutex
	durable eventbus.Mark
	changed chan struct{} // closed and replaced when durable advances
}

var _ eventbus.Pipelined = (*Journal)(nil)

// group is what one Start handed over.
type group struct {
	journal *Journal
	batch   *pebble.Batch
	end     eventbus.Mark
	once    sync.Once
	err     error
}

// Head is the durable end.
func (j *Journal) Head(context.Context) (eventbus.Mark, error) {
	head, _ := j.head()
	return head, j.store.stop.failure()
}

// head also gives the channel that is closed when the head moves on.
func (j *Journal) head() (eventbus.Mark, <-chan struct{}) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.durable, j.changed
}

// Limits of one group.
func (j *Journal) Limits() eventbus.Limits {
	return eventbus.Limits{GroupBytesMax: GroupBytesMax, GroupCommitsMax: GroupCommitsMax}
}

// Append is Start and its wait. If ctx ends first, the outcome is unknown.
func (j *Journal) Append(ctx context.Context, at eventbus.Mark, commits [][]byte) (eventbus.Mark, error) {
	g, err := j.start(at, commits, nil)
	if err != nil {
		return eventbus.Mark{}, err
	}
	result := make(chan error, 1)
	go func() { _, err := g.wait(); result <- err }()
	select {
	case err := <-result:
		return g.end, err
	case <-ctx.Done():
		return eventbus.Mark{}, ctx.Err()
	}
}

// Start hands over the next group. Somebody has to call a wait, of this group or
// of a later one, for it to count as durable; waits may be called from any
// goroutine, in any order, more than once. After a failure every Start and wait
// returns it.
func (j *Journal) Start(at eventbus.Mark, commits [][]byte, index []eventbus.IndexEntry) (func() (eventbus.Mark, error), error) {
	g, err := j.start(at, commits, index)
	if err != nil {
		return nil, err
	}
	return g.wait, nil
}

func (j *Journal) start(at eventbus.Mark, commits [][]byte, index []eventbus.IndexEntry) (*group, error) {
	j.starting.Lock()
	defer j.starting.Unlock()
	if j.closed {
		return nil, errClosed
	}
	if err := j.store.stop.failure(); err != nil {
		return nil, err
	}
	if at.Position != j.started.Position || at.Hash != j.started.Hash {
		return nil, &eventbus.Fenced{Head: j.started}
	}
	batch, end, err := j.batch(commits, index)
	if err != nil {
		return nil, err
	}
	if err := j.store.apply(batch, true); err != nil {
		return nil, err
	}
	j.newest.add(commits)
	j.started = end
	j.last = &group{journal: j, batch: batch, end: end}
	return j.last, nil
}

// wait returns when the group is durable: synced, and known beside the log.
func (g *group) wait() (eventbus.Mark, error) {
	g.once.Do(func() {
		if err := g.batch.SyncWait(); err != nil {
			g.journal.store.stop.fail(fmt.Errorf("embedded: sync: %w", err))
		}
		if g.err = g.journal.settle(g.end); g.err == nil {
			_ = g.batch.Close() // back to Pebble's pool
		}
	})
	if g.err != nil {
		return eventbus.Mark{}, g.err
	}
	return g.end, nil
}

// settle makes a synced end the durable one, unless a later one is: syncs are in
// the order of Starts. The side file comes first, then whoever waits.
func (j *Journal) settle(end eventbus.Mark) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if end.Position <= j.durable.Position {
		return nil
	}
	if err := j.side.write(end); err != nil {
		j.store.stop.fail(err)
	}
	if err := j.store.stop.failure(); err != nil {
		return err
	}
	j.durable = end
	close(j.changed)
	j.changed = make(chan struct{})
	return nil
}

// batch holds a whole group. It refuses what does not extend the journal.
func (j *Journal) batch(commits [][]byte, index []eventbus.IndexEntry) (*pebble.Batch, eventbus.Mark, error) {
	end := j.started
	size := 64
	for _, c := range commits {
		size += len(c) + 32
	}
	if len(commits) == 0 || len(commits) > GroupCommitsMax || size > GroupBytesMax+64+32*GroupCommitsMax {
		return nil, end, fmt.Errorf("%w: a group of %d commits, %d bytes", eventbus.ErrInvalid, len(commits), size)
	}
	for _, e := range index {
		size += len(e.Key) + len(e.Value) + 16
	}
	batch := j.store.db.NewBatchWithSize(size)
	for _, c := range commits {
		next, err := extend(end, c)
		if err != nil {
			return nil, end, errors.Join(err, batch.Close())
		}
		end = next
		op := batch.SetDeferred(recordKeyBytes, len(c))
		putRecordKey(op.Key, end.Position)
		copy(op.Value, c)
		if err := op.Finish(); err != nil {
			return nil, end, errors.Join(err, batch.Close())
		}
	}
	if err := setEntries(batch, keyIndex, index); err != nil {
		return nil, end, errors.Join(err, batch.Close())
	}
	return batch, end, nil
}

// extend is the end after a record, if it goes on where the journal ends.
func extend(end eventbus.Mark, record []byte) (eventbus.Mark, error) {
	o, err := eventbus.Peek(record)
	if err != nil {
		return end, fmt.Errorf("%w: %w", eventbus.ErrInvalid, err)
	}
	if o.First != end.Position+1 || o.Previous != end.Hash {
		return end, fmt.Errorf("%w: the record at position %d does not extend position %d", eventbus.ErrInvalid, o.First, end.Position)
	}
	return eventbus.Mark{Position: o.Last, Hash: o.Hash}, nil
}

// Close waits for the groups under way and releases the directory.
func (j *Journal) Close() error {
	j.starting.Lock()
	defer j.starting.Unlock()
	if j.closed {
		return nil
	}
	j.closed = true
	var err error
	if j.last != nil {
		_, err = j.last.wait()
	}
	err = errors.Join(err, j.store.close(), j.side.close())
	return errors.Join(j.store.stop.or(err), j.lock.Close())
}

const recordKeyBytes = 9

func putRecordKey(key []byte, last eventbus.Position) {
	key[0] = keyRecord
	binary.BigEndian.PutUint64(key[1:], uint64(last))
}

func recordKey(last eventbus.Position) []byte {
	key := make([]byte, recordKeyBytes)
	putRecordKey(key, last)
	return key
}

func keyPosition(key []byte) eventbus.Position {
	return eventbus.Position(binary.BigEndian.Uint64(key[1:]))
}
