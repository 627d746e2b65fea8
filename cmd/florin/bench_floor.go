package main

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"os"
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// barePebble is Pebble alone, given what the log gives it: every commit a batch
// of its record and its five index keys, synced in a pipeline.
type barePebble struct {
	db   *pebble.DB
	next atomic.Uint64
}

func openBarePebble(dir string) (*barePebble, error) {
	options := &pebble.Options{
		FormatMajorVersion: pebble.FormatTableFormatV6, MemTableSize: 16 << 20, MemTableStopWritesThreshold: 4,
		CacheSize: 64 << 20, L0StopWritesThreshold: 32, Logger: silent{},
	}
	for level := range options.Levels {
		options.Levels[level].FilterPolicy = bloom.FilterPolicy(10)
	}
	db, err := pebble.Open(dir, options)
	return &barePebble{db: db}, err
}

func (p *barePebble) append(record []byte) error {
	batch := p.db.NewBatchWithSize(len(record) + 512)
	n := p.next.Add(1)
	key := binary.BigEndian.AppendUint64([]byte{'j'}, n)
	if err := batch.Set(key, record, nil); err != nil {
		return err
	}
	// A receipt, two heads, two places in streams: sizes as the sequencer's.
	var id [36]byte
	for i, size := range []int{18, 26, 26, 34, 34} {
		if _, err := rand.Read(id[:size]); err != nil {
			return err
		}
		id[0], id[1] = 'i', byte(i)
		if err := batch.Set(id[:size], key[1:], nil); err != nil {
			return err
		}
	}
	if err := p.db.ApplyNoSyncWait(batch, pebble.Sync); err != nil {
		return err
	}
	return errors.Join(batch.SyncWait(), batch.Close())
}

func (p *barePebble) close() error { return p.db.Close() }

type silent struct{}

func (silent) Infof(string, ...any)  {}
func (silent) Errorf(string, ...any) {}
func (silent) Fatalf(string, ...any) { os.Exit(exitFailed) }

// rawFile is the least a durable log can do: a preallocated file, written round
// and round, one write and one sync for all who wait.
type rawFile struct {
	file    vfs.File
	at      int64
	mu      sync.Mutex
	pending []byte
	waiting *rawGroup
	wake    chan struct{}
	ended   chan struct{}
}

type rawGroup struct {
	done chan struct{}
	err  error
}

const rawFileBytes = 32 << 20

func openRawFile(path string) (*rawFile, error) {
	file, err := vfs.Default.Create(path, vfs.WriteCategoryUnspecified)
	if err != nil {
		return nil, err
	}
	if _, err := file.Write(make([]byte, rawFileBytes)); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	if err := errors.Join(file.Sync(), file.Close()); err != nil {
		return nil, err
	}
	if file, err = vfs.Default.OpenReadWrite(path, vfs.WriteCategoryUnspecified); err != nil {
		return nil, err
	}
	f := &rawFile{file: file, waiting: newRawGroup(), wake: make(chan struct{}, 1), ended: make(chan struct{})}
	go f.write()
	return f, nil
}

func newRawGroup() *rawGroup { return &rawGroup{done: make(chan struct{})} }

func (f *rawFile) append(record []byte) error {
	f.mu.Lock()
	f.pending = append(f.pending, record...)
	group := f.waiting
	f.mu.Unlock()
	select {
	case f.wake <- struct{}{}:
	default:
	}
	<-group.done
	return group.err
}

func (f *rawFile) write() {
	defer close(f.ended)
	var spare []byte
	for range f.wake {
		f.mu.Lock()
		if len(f.pending) == 0 { // the group before took it
			f.mu.Unlock()
			continue
		}
		data, group := f.pending, f.waiting
		f.pending, f.waiting = spare[:0], newRawGroup()
		f.mu.Unlock()
		if f.at+int64(len(data)) > rawFileBytes {
			f.at = 0
		}
		_, err := f.file.WriteAt(data, f.at)
		group.err = errors.Join(err, f.file.SyncData())
		f.at += int64(len(data))
		spare = data
		close(group.done)
	}
}

func (f *rawFile) close() error {
	close(f.wake)
	<-f.ended
	return f.file.Close()
}
