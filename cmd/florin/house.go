package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/uuid"

	"florin/eventbus"
	"florin/eventbus/embedded"
	"florin/eventbus/jetstream"
	"florin/eventbus/postgres"
	"florin/schemas"
	"florin/schemas/seal"
)

// The data directory. Keys may lie elsewhere (master_key_file), and the ring is
// to be backed up apart from the log: together they undo an erasure.
func logDir(dir string) string    { return filepath.Join(dir, "log") }
func ringFile(dir string) string  { return filepath.Join(dir, "keys", "ring") }
func readsFile(dir string) string { return filepath.Join(dir, "read.db") }

// ledger is a log and the keys to what is sealed in it.
type ledger struct {
	engine *engine
	log    *eventbus.Sequencer
	ring   *seal.Ring
	treaty *schemas.Treaty
	leaked *breached // passwords that nobody may choose; nil: no list was given
}

// openLedger opens the data directory's log for writing; create begins a new bank
// where there is none, if it was given a name: the log keeps it for ever. The
// process holds the directory until close.
func openLedger(ctx context.Context, c config, create bool, fatal func(error)) (_ *ledger, err error) {
	if _, err := embedded.ReadManifest(vfs.Default, c.Dir); err == nil {
		return nil, fmt.Errorf("--dir %s is a backup: 'florin restore --from %s' makes a bank of it", c.Dir, c.Dir)
	}
	l := &ledger{}
	defer func() {
		if err != nil {
			err = errors.Join(err, l.close())
		}
	}()
	if c.BreachedPasswords != "" {
		if l.leaked, err = openBreached(c.BreachedPasswords); err != nil {
			return nil, err
		}
	}
	begin := create && c.LegalEntity != ""
	if begin {
		if err := os.MkdirAll(filepath.Join(c.Dir, "keys"), 0o700); err != nil {
			return nil, fmt.Errorf("make the data directory: %w", err)
		}
	}
	if l.engine, err = openEngine(ctx, c, begin, fatal); err != nil {
		if create && absent(err) {
			err = errNameless
		}
		return nil, advise(err, c)
	}
	head, err := l.engine.journal.Head(ctx)
	if err != nil {
		return nil, err
	}
	if head.Position == 0 && !begin { // its beginning was broken off
		return nil, advise(embedded.ErrAbsent, c)
	}
	l.ring, err = awaited(ctx, c.standBy, seal.ErrInUse, func() (*seal.Ring, error) { return openRing(c, head.Position == 0) })
	if err != nil {
		return nil, err
	}
	l.treaty = schemas.New(l.ring)
	l.log, err = eventbus.Open(ctx, l.engine.journal, eventbus.Options{
		Clock: time.Now, BuildVersion: buildVersion(), Writer: uuid.New(), Index: l.engine.index,
		Genesis: eventbus.Genesis{
			Ledger: uuid.New(), LegalEntity: c.LegalEntity, Mode: mode(c.Sandbox), KeyRing: l.ring.Fingerprint(),
		},
	})
	if err != nil {
		return nil, advise(err, c)
	}
	if target, err := l.log.Moved(ctx); err != nil || target != "" {
		return nil, errors.Join(err, fmt.Errorf("%w: this bank has moved to %s: serve it with --log", eventbus.ErrClosed, target))
	}
	return l, l.ring.Check(l.log.Genesis().KeyRing)
}

// errNameless: a bank in production is never begun by mistake, nor under a name
// that nobody chose.
var errNameless = errors.New("no log there, and a new bank needs the name that its log keeps for ever: --legal-entity 'NAME', with --sandbox for a sandbox")

// advise adds to an error what the person at the keyboard can do about it.
func advise(err error, c config) error {
	switch {
	case errors.Is(err, errNameless):
		return fmt.Errorf("%w: is --dir %s right?", err, c.Dir)
	case errors.Is(err, embedded.ErrAbsent):
		return fmt.Errorf("%w: is --dir %s right? 'florin serve --dir %s' begins a new bank", err, c.Dir, c.Dir)
	case errors.Is(err, postgres.ErrAbsent), errors.Is(err, jetstream.ErrAbsent):
		return fmt.Errorf("%w: is --log right? 'florin serve --log ... --dir %s' begins a new bank", err, c.Dir)
	case errors.Is(err, eventbus.ErrMode):
		return fmt.Errorf("%w: a bank keeps the mode it was begun in for ever; serve this one %s", err, howTo(c.Sandbox))
	case errors.Is(err, eventbus.ErrIndexAstray) && c.Log != "":
		return fmt.Errorf("%w by removing %s", err, indexDir(c.Dir))
	}
	return err
}

func mode(sandbox bool) string {
	if sandbox {
		return eventbus.Sandbox
	}
	return eventbus.Production
}

// howTo is what somebody should do who asked for the wrong mode.
func howTo(askedForSandbox bool) string {
	if askedForSandbox {
		return "without --sandbox"
	}
	return "with --sandbox"
}

// begunAsSandbox tells the mode that the log was begun in; production if
// there is none yet.
func begunAsSandbox(ctx context.Context, c config) (bool, error) {
	a, err := openArchive(ctx, c)
	if absent(err) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer a.close()
	for record, err := range a.log.ReadAll(ctx, 0) {
		if err != nil {
			return false, err
		}
		var genesis eventbus.Genesis
		err := json.Unmarshal(record.Events[0].Data, &genesis)
		return genesis.Mode == eventbus.Sandbox, err
	}
	return false, nil
}

// openRing opens the key ring, or makes it beside a log that is to begin.
func openRing(c config, fresh bool) (*seal.Ring, error) {
	path := c.MasterKeyFile
	if path == "" {
		path = filepath.Join(c.Dir, "keys", "master.key")
	}
	master, err := seal.LoadMaster(path)
	if errors.Is(err, os.ErrNotExist) && fresh {
		master, err = seal.CreateMaster(path, rand.Reader)
	}
	if err != nil {
		return nil, fmt.Errorf("master key: %w", err)
	}
	file := c.KeyRingFile
	if file == "" {
		file = ringFile(c.Dir)
	}
	ring, err := seal.Open(file, master, rand.Reader)
	if errors.Is(err, seal.ErrNoRing) && fresh {
		ring, err = seal.Create(file, master, rand.Reader)
	}
	return ring, err
}

// close ends in the reverse order of opening.
func (l *ledger) close() error {
	var errs []error
	if l.log != nil {
		errs = append(errs, l.log.Close(context.Background()))
	}
	if l.engine != nil {
		errs = append(errs, l.engine.close())
	}
	if l.ring != nil {
		errs = append(errs, l.ring.Close())
	}
	return errors.Join(append(errs, l.leaked.close())...)
}

// buildVersion is the commit that the binary was built from, as far as it knows.
func buildVersion() string {
	version := "devel"
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" && len(s.Value) >= 12 {
				version = s.Value[:12]
			}
		}
	}
	return version
}

// shortHash is the beginning of a hash, enough for a person to compare.
func shortHash(h eventbus.Hash) string { return hex.EncodeToString(h[:8]) }
