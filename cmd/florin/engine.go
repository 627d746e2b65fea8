package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"florin/eventbus"
	"florin/eventbus/embedded"
	"florin/eventbus/jetstream"
	"florin/eventbus/postgres"
)

// engine is where the log lies: in the data directory, or on a server that --log names.
// Then the directory holds the keys, and an index, snapshots and read models that can be
// made anew.
type engine struct {
	journal   eventbus.Journal
	index     eventbus.Index // nil: the journal has one
	snapshots eventbus.Index
	local     *embedded.Journal // nil: backups are the server's business
	lease     *postgres.Lease   // nil: the fence alone keeps two writers apart
}

func indexDir(dir string) string { return filepath.Join(dir, "index") }

// errEngine: --log names nothing that there is.
var errEngine = fmt.Errorf("%w: --log is a URL of a server, postgres://user@host/database or nats://user@host,host,host/stream; without it the log lies in --dir", errUsage)

// openEngine opens the log for writing; begin may found one where there is none.
//
// Of its errors absent and held tell those that say what to do.
func openEngine(ctx context.Context, c config, begin bool, fatal func(error)) (*engine, error) {
	if c.Log != "" {
		return openShared(ctx, c, begin, fatal)
	}
	journal, err := embedded.Open(logDir(c.Dir), embedded.Options{CreateIfMissing: begin, Fatal: fatal})
	if err != nil {
		return nil, err
	}
	return &engine{journal: journal, local: journal, snapshots: journal.Snapshots()}, nil
}

// absent tells the errors that say that there is no log.
func absent(err error) bool {
	return errors.Is(err, embedded.ErrAbsent) || errors.Is(err, postgres.ErrAbsent) || errors.Is(err, jetstream.ErrAbsent)
}

// held tells the errors that say that another process writes it.
func held(err error) bool {
	return errors.Is(err, embedded.ErrHeld) || errors.Is(err, postgres.ErrHeld)
}

// openShared opens a log that other processes could write as well. The lease is taken
// before anything is read: whoever has it alone may go on, and what is in the directory
// then is as it left it.
func openShared(ctx context.Context, c config, begin bool, fatal func(error)) (_ *engine, err error) {
	e := &engine{}
	defer func() {
		if err != nil {
			err = errors.Join(err, e.close())
		}
	}()
	journal, err := openServer(ctx, c, begin)
	if err != nil {
		return nil, err
	}
	e.journal = journal
	if table, ok := journal.(*postgres.Journal); ok {
		if e.lease, err = awaited(ctx, c.standBy, postgres.ErrHeld, func() (*postgres.Lease, error) { return table.Lease(ctx) }); err != nil {
			return nil, err
		}
	}
	o := embedded.Options{CreateIfMissing: true, Fatal: fatal}
	if e.index, err = embedded.OpenIndex(indexDir(c.Dir), o); err != nil {
		return nil, err
	}
	e.snapshots, err = embedded.OpenIndex(filepath.Join(c.Dir, "snapshots"), o)
	return e, err
}

func openServer(ctx context.Context, c config, begin bool) (eventbus.Journal, error) {
	switch scheme, _, _ := strings.Cut(c.Log, "://"); scheme {
	case "postgres", "postgresql":
		return opened(postgres.Open(ctx, c.Log, postgres.Options{CreateIfMissing: begin}))
	case "nats", "tls":
		return opened(jetstream.Open(ctx, c.Log, jetstream.Options{CreateIfMissing: begin, SingleNode: c.SingleNodeNATS}))
	}
	return nil, errEngine
}

// opened keeps what was not opened from looking like a journal.
func opened[J eventbus.Journal](journal J, err error) (eventbus.Journal, error) {
	if err != nil {
		return nil, err
	}
	return journal, nil
}

// askEvery is how often a process that stands by asks whether its time has come.
const askEvery = time.Second

// awaited asks for what another process holds until it is free, if somebody stands by,
// who is told.
func awaited[T any](ctx context.Context, standBy func(), held error, ask func() (T, error)) (T, error) {
	for {
		got, err := ask()
		if standBy == nil || !errors.Is(err, held) {
			return got, err
		}
		standBy()
		select {
		case <-ctx.Done():
			return got, ctx.Err()
		case <-time.After(askEvery):
		}
	}
}

// lost is closed when another process has taken over; nil: that cannot be.
func (e *engine) lost() <-chan struct{} {
	if e.lease == nil {
		return nil
	}
	return e.lease.Lost()
}

// errTakenOver: this process was cut off from the server, or paused, for so long that
// another one writes the log now. What it had acknowledged is there.
var errTakenOver = errors.New("another process has taken the log over; start this one again to have it stand by")

// where is how people call the place of a log; never with a password.
func (c config) where() string {
	if c.Log != "" {
		return "the log on the server"
	}
	return c.Dir
}

// holdDirectory keeps banks from the directory's read models until close; where the log
// lies in it, whoever reads that holds the directory already.
func holdDirectory(c config) (eventbus.Index, error) {
	if c.Log == "" {
		return nil, nil
	}
	return embedded.OpenIndex(indexDir(c.Dir), embedded.Options{CreateIfMissing: true})
}

// close ends in the reverse order of opening: who stands by gets a log that is whole.
func (e *engine) close() error {
	var errs []error
	for _, index := range []eventbus.Index{e.snapshots, e.index} {
		if index != nil {
			errs = append(errs, index.Close())
		}
	}
	if e.lease != nil {
		errs = append(errs, e.lease.Close())
	}
	if e.journal != nil {
		errs = append(errs, e.journal.Close())
	}
	return errors.Join(errs...)
}

// errElsewhere: the log is not in the directory, and so it is not Florin's to copy.
var errElsewhere = errors.New("the log lies on a server: copy it with the server's own means (pg_basebackup or pg_dump of the schema florin; nats stream backup), and --dir/keys apart from it")
