package embedded

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"florin/eventbus"
)

var (
	// ErrHeld: another process (or this one) has the directory open.
	ErrHeld = errors.New("another florin holds the data directory")
	// ErrAbsent: there is no log in the directory, and none may be made.
	ErrAbsent = errors.New("no log there")
)

// Open opens the log in dir. It refuses damage with *eventbus.Damage, before it
// has changed anything; what it does not look at (all but the newest records)
// eventbus.Verify does. ErrHeld: stop the other process, or use another directory.
func Open(dir string, options Options) (*Journal, error) {
	options = options.withDefaults()
	switches := newStop()
	switches.judge = func(err error) error { return judge(options.FS, dir, options, err) }
	j, err := open(dir, options, switches)
	if err = switches.or(err); err != nil {
		return nil, fmt.Errorf("embedded: open %s: %w", dir, err)
	}
	switches.arm(options.Fatal)
	return j, nil
}

func open(dir string, options Options, switches *stop) (_ *Journal, err error) {
	lock, err := lockDir(options.FS, dir, options.CreateIfMissing)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, lock.Close())
		}
	}()
	recovered, err := inspect(options.FS, dir, lock, options)
	if err != nil {
		return nil, err
	}
	fs := stopFS{options.FS, switches}
	settings := func() *pebble.Options {
		p := pebbleOptions(fs, switches, options)
		p.Lock = lock
		p.ErrorIfNotExists = !options.CreateIfMissing
		return p
	}
	if len(recovered.Dropped) > 0 {
		if err := mend(dir, settings(), switches, recovered.Dropped); err != nil {
			return nil, err
		}
	}
	s, err := openStore(dir, settings(), switches)
	if err != nil {
		if pebble.IsCorruptionError(err) {
			err = locate(options.FS, dir, options, err)
		}
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	head, err := lastRecord(s.db)
	if err != nil {
		return nil, err
	}
	if head.Position != recovered.Head.Position || head.Hash != recovered.Head.Hash {
		return nil, &eventbus.Damage{Position: min(head.Position, recovered.Head.Position) + 1, Why: "the head has changed while the log was opened"}
	}
	// Pebble has brought what it recovered into synced tables: the head is durable.
	beside, err := openSide(fs, dir, head)
	if err != nil {
		return nil, err
	}
	if err := switches.failure(); err != nil {
		return nil, errors.Join(err, beside.close())
	}
	j := &Journal{
		store: s, side: beside, lock: lock, dir: dir, fs: options.FS, recovered: recovered,
		started: head, durable: head, changed: make(chan struct{}), newest: newest{after: head.Position},
	}
	return j, nil
}

// Recovered tells what Open found.
func (j *Journal) Recovered() Recovered { return j.recovered }

// lockDir takes the process lock.
func lockDir(fs vfs.FS, dir string, create bool) (*pebble.Lock, error) {
	if _, err := fs.Stat(dir); errors.Is(err, os.ErrNotExist) && !create {
		return nil, fmt.Errorf("%w (directory %s does not exist)", ErrAbsent, dir)
	}
	if err := fs.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	lock, err := pebble.LockDirectory(dir, fs)
	if err != nil {
		var path *os.PathError
		if errors.As(err, &path) { // the lock file itself cannot be made
			return nil, err
		}
		return nil, fmt.Errorf("%w: stop it, or use another directory with --dir (%w)", ErrHeld, err)
	}
	return lock, nil
}

// clearDir removes a store's files, and no others.
func clearDir(fs vfs.FS, dir string) error {
	names, err := fs.List(dir)
	if err != nil {
		return err
	}
	for _, name := range names {
		if !storeFile(name) {
			continue
		}
		if err := fs.Remove(fs.PathJoin(dir, name)); err != nil {
			return err
		}
	}
	return nil
}

// storeFile knows the names that Pebble gives.
func storeFile(name string) bool {
	for _, prefix := range []string{"MANIFEST-", "OPTIONS-", "marker.", "temporary.", "CURRENT"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	for _, suffix := range []string{".sst", ".log", ".dbtmp", ".blob"} {
		if strings.HasSuffix(name, suffix) {
			return true
		}
	}
	return false
}

// lockName is Pebble's lock file. It is never copied: to close a second handle
// on it would release the lock.
const lockName = "LOCK"
