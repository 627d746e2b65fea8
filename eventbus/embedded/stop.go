package embedded

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// stop is the one-way switch of a store: the first failed write or sync throws
// it, and nothing is acknowledged afterwards.
type stop struct {
	thrown  atomic.Bool
	mu      sync.Mutex
	err     error
	failed  chan struct{}     // closed by the first failure
	fatal   func(error)       // nil until the store is open: an Open that fails returns its error
	judge   func(error) error // says what damage means
	damaged sync.Once
}

func newStop() *stop {
	return &stop{failed: make(chan struct{}), judge: func(err error) error { return err }}
}

// arm says whom to tell, and tells of what has failed before.
func (s *stop) arm(fatal func(error)) {
	s.mu.Lock()
	s.fatal = fatal
	err := s.err
	s.mu.Unlock()
	if err != nil {
		fatal(err)
	}
}

func (s *stop) fail(err error) {
	s.mu.Lock()
	if s.err != nil {
		s.mu.Unlock()
		return
	}
	s.err = err
	s.thrown.Store(true)
	close(s.failed)
	fatal := s.fatal
	s.mu.Unlock()
	if fatal != nil {
		fatal(err)
	}
}

// corrupt stops what has come upon damage in the background. To find its
// position may take a while; nothing is being lost meanwhile.
func (s *stop) corrupt(err error) {
	s.damaged.Do(func() { go func() { s.fail(s.judge(err)) }() })
}

// failure is nil as long as all is well.
func (s *stop) failure() error {
	if !s.thrown.Load() {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// or puts the failure before an error that may only be its consequence.
func (s *stop) or(err error) error {
	if failure := s.failure(); failure != nil {
		return failure
	}
	return err
}

// exit is what happens when Options.Fatal is not given: whoever cannot keep its
// promises must not go on.
func exit(err error) {
	fmt.Fprintf(os.Stderr, "florin: the log cannot be written, stopping: %v\n", err)
	os.Exit(3)
}

// stopFS throws the switch at the first operation that fails to change the disk,
// before Pebble hears of it. From then on the disk is cut off: operations seem to
// succeed and do nothing. Why: Pebble answers failures in the midst of changing
// files with panics that hold its locks, while after the switch no answer of its
// is believed any more. Failing to remove a file harms nothing.
type stopFS struct {
	vfs.FS
	stop *stop
}

// do tells whether the disk is cut off, be it by this operation.
func (f stopFS) do(op, name string, change func() error) (cut bool) {
	if f.stop.thrown.Load() {
		return true
	}
	if err := change(); err != nil {
		f.stop.fail(fmt.Errorf("%s %s: %w", op, name, err))
		return true
	}
	return false
}

// open is do for what gives a file.
func (f stopFS) open(op, name string, change func() (vfs.File, error)) (vfs.File, error) {
	var file vfs.File
	if f.do(op, name, func() (err error) { file, err = change(); return err }) {
		return nowhere{}, nil
	}
	return stopFile{File: file, fs: f, name: name}, nil
}

func (f stopFS) Create(name string, category vfs.DiskWriteCategory) (vfs.File, error) {
	return f.open("create", name, func() (vfs.File, error) {
		if strings.HasPrefix(f.PathBase(name), "marker.") {
			// No marker may outlive in a crash the file it names. Pebble leaves
			// that to the file system.
			if err := syncDir(f.FS, f.PathDir(name)); err != nil {
				return nil, err
			}
		}
		return f.FS.Create(name, category)
	})
}

func (f stopFS) OpenReadWrite(name string, category vfs.DiskWriteCategory, options ...vfs.OpenOption) (vfs.File, error) {
	return f.open("open", name, func() (vfs.File, error) { return f.FS.OpenReadWrite(name, category, options...) })
}

func (f stopFS) ReuseForWrite(from, to string, category vfs.DiskWriteCategory) (vfs.File, error) {
	return f.open("reuse", to, func() (vfs.File, error) { return f.FS.ReuseForWrite(from, to, category) })
}

func (f stopFS) OpenDir(name string) (vfs.File, error) {
	return f.open("open", name, func() (vfs.File, error) { return f.FS.OpenDir(name) })
}

func (f stopFS) Rename(from, to string) error {
	f.do("rename", to, func() error { return f.FS.Rename(from, to) })
	return nil
}

func (f stopFS) Remove(name string) error {
	if f.stop.thrown.Load() {
		return nil
	}
	return f.FS.Remove(name)
}

// GetDiskUsage only paces deletions.
func (f stopFS) GetDiskUsage(string) (vfs.DiskUsage, error) {
	return vfs.DiskUsage{}, vfs.ErrUnsupported
}

func (f stopFS) Unwrap() vfs.FS { return f.FS }

type stopFile struct {
	vfs.File
	fs   stopFS
	name string
}

func (f stopFile) Write(data []byte) (int, error) {
	f.fs.do("write", f.name, func() error { _, err := f.File.Write(data); return err })
	return len(data), nil
}

func (f stopFile) WriteAt(data []byte, at int64) (int, error) {
	f.fs.do("write", f.name, func() error { _, err := f.File.WriteAt(data, at); return err })
	return len(data), nil
}

func (f stopFile) Sync() error {
	f.fs.do("sync", f.name, f.File.Sync)
	return nil
}

func (f stopFile) SyncData() error {
	f.fs.do("sync", f.name, f.File.SyncData)
	return nil
}

func (f stopFile) SyncTo(length int64) (full bool, _ error) {
	f.fs.do("sync", f.name, func() (err error) { full, err = f.File.SyncTo(length); return err })
	return full, nil
}
