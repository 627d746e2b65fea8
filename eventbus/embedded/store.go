package embedded

import (
	"errors"
	"fmt"
	"sync"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
	"github.com/cockroachdb/pebble/v2/sstable"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// Sizes that keep a log of a million events well under 300 MB resident. Without
// cgo they are on Go's heap, which the collector walks around. Pebble takes its
// write buffers, of which there may be three while one is flushed, out of the
// cache: what is left must hold the filters of the index.
const (
	memTableBytes = 8 << 20
	cacheBytes    = 40 << 20
	// tableBytes is small on every level, so that the Bloom filter of a table of
	// index keys (about 200 KB) stays in the cache beside others.
	tableBytes = 8 << 20
)

// errClosed answers whoever comes after Close.
var errClosed = errors.New("embedded: closed")

// store is a Pebble store that stops at the first failure.
type store struct {
	db   *pebble.DB
	fs   vfs.FS
	dir  string
	stop *stop
	life sync.RWMutex // users hold it; close waits for them
	shut bool
	gone chan struct{} // closed by close: wakes followers
}

func openStore(dir string, options *pebble.Options, switches *stop) (*store, error) {
	s := &store{fs: options.FS, dir: dir, stop: switches, gone: make(chan struct{})}
	err := guarded(func() (err error) { s.db, err = pebble.Open(dir, options); return err })
	if err = switches.or(err); err == nil {
		return s, nil
	}
	if s.db != nil {
		err = errors.Join(err, s.close())
	}
	return nil, err
}

// guarded turns Pebble's panics over what it reads or cannot write into errors.
func guarded(f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			if cause, ok := r.(error); ok {
				err = fmt.Errorf("pebble: %w", cause)
				return
			}
			err = fmt.Errorf("pebble: %v", r)
		}
	}()
	return f()
}

// apply makes the batch visible; with sync, its SyncWait tells durability.
func (s *store) apply(batch *pebble.Batch, sync bool) error {
	if err := s.stop.failure(); err != nil {
		return err
	}
	err := guarded(func() error {
		if sync {
			return s.db.ApplyNoSyncWait(batch, pebble.Sync)
		}
		return s.db.Apply(batch, pebble.NoSync)
	})
	if err != nil {
		s.stop.fail(err)
	}
	return s.stop.failure()
}

// using runs f while the store is open.
func (s *store) using(f func() error) error {
	s.life.RLock()
	defer s.life.RUnlock()
	if s.shut {
		return errClosed
	}
	if err := f(); err != nil {
		return s.stop.or(err)
	}
	return nil
}

// close waits for whoever uses the store.
func (s *store) close() error {
	s.life.Lock()
	defer s.life.Unlock()
	if s.shut {
		return nil
	}
	s.shut = true
	close(s.gone)
	return s.stop.or(guarded(s.db.Close))
}

// pebbleOptions suit a log that is only ever extended, and an index of small
// keys that are mostly asked for in vain.
func pebbleOptions(fs vfs.FS, switches *stop, o Options) *pebble.Options {
	p := &pebble.Options{
		FS:                          fs,
		FormatMajorVersion:          pebble.FormatTableFormatV6,
		Logger:                      quiet{switches},
		CacheSize:                   int64(o.CacheBytes),
		MemTableSize:                uint64(o.MemTableBytes),
		MemTableStopWritesThreshold: 4,
		L0CompactionThreshold:       10, // keys of the index are spread evenly: every compaction writes most of it anew
		L0StopWritesThreshold:       32,
		LBaseMaxBytes:               64 << 20,
		MaxOpenFiles:                512,
		DisableTableStats:           true, // they only help where much is deleted
		EventListener: &pebble.EventListener{
			BackgroundError: func(err error) {
				switch {
				case errors.Is(err, pebble.ErrCancelledCompaction):
				case pebble.IsCorruptionError(err):
					switches.corrupt(err)
				default:
					switches.fail(err)
				}
			},
			DataCorruption: func(pebble.DataCorruptionInfo) {}, // the reader gets the error
		},
	}
	for level := range p.Levels {
		p.TargetFileSizes[level] = tableBytes
		p.Levels[level].Compression = func() *sstable.CompressionProfile { return sstable.SnappyCompression }
		p.Levels[level].FilterPolicy = bloom.FilterPolicy(10)
		p.Levels[level].BlockSize = 16 << 10
		p.Levels[level].IndexBlockSize = 64 << 10
	}
	// What is flushed is not compressed: records stay as they were written, and are
	// ciphertext, ids and hashes for the most part.
	p.Levels[0].Compression = func() *sstable.CompressionProfile { return sstable.NoCompression }
	p.Experimental.SpanPolicyFunc = spanPolicy
	return p
}

// spanPolicy ends a table where the kind of key ends. So tables of records,
// which only ever grow at the end, overlap no others and move down the levels
// without being written again.
func spanPolicy(start []byte) (pebble.SpanPolicy, []byte, error) {
	if len(start) == 0 {
		return pebble.SpanPolicy{}, nil, nil
	}
	return pebble.SpanPolicy{}, []byte{start[0] + 1}, nil
}

// quiet keeps Pebble's chatter out of the log; what it calls fatal stops us.
type quiet struct{ stop *stop }

func (quiet) Infof(string, ...any)  {}
func (quiet) Errorf(string, ...any) {}
func (q quiet) Fatalf(format string, args ...any) {
	q.stop.fail(fmt.Errorf("embedded: "+format, args...))
}
