package projections

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"florin/eventbus"
	"florin/schemas"
)

// Replay makes every view anew from the log up to the commit that ends at upTo,
// in a database of its own in a temporary directory, and gives back the digests
// of all views. progress, if not nil, is called with events done and to do.
//
// Equal digests say that the read models are what the log says and nothing
// else. eventbus.ErrAhead if the log does not reach upTo.
func Replay(ctx context.Context, log eventbus.Log, treaty *schemas.Treaty, upTo eventbus.Position, progress func(done, total uint64)) ([]Digest, error) {
	return replay(ctx, log, treaty.DecodeClosed, treaty.DecodeAny, upTo, progress)
}

func replay(ctx context.Context, log eventbus.Log, decode, reveal decoder, upTo eventbus.Position, progress func(done, total uint64)) (digests []Digest, err error) {
	head, err := log.Head(ctx)
	if err != nil {
		return nil, fmt.Errorf("projections: asking for the log's head: %w", err)
	}
	if upTo > head.Position {
		return nil, eventbus.ErrAhead
	}
	dir, err := os.MkdirTemp("", "florin-replay-")
	if err != nil {
		return nil, fmt.Errorf("projections: replaying: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	db, err := openSQLite(filepath.Join(dir, "replay.db"))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.close()) }()
	r, err := openReads(ctx, db, cut{log, upTo}, decode, reveal)
	if err != nil {
		return nil, err
	}
	r.rebuilding.Lock()
	defer r.rebuilding.Unlock()
	if err := r.rebuild(ctx, Names(), progress); err != nil {
		return nil, err
	}
	return r.Digests(ctx)
}

// Compared is one view, as it serves and as the log alone makes it.
type Compared struct {
	View           string
	State          State
	Live, Replayed Digest
}

// State is how a view that serves stands to the log.
type State string

// The states. All but Equal oblige the operator to something.
const (
	Equal    State = "equal"
	Behind   State = "behind"        // it does not show the whole log: let the bank follow, or rebuild
	Differs  State = "differs"       // rows that do not follow from the log: keep it as evidence, and rebuild
	Skipping State = "parked"        // it passes over a stream that it could not read: see Health, and rebuild
	Absent   State = "no read model" // there is nothing to compare with
)

// Equal tells whether both hold the same rows, at the head of the log, and
// nothing was passed over.
func (c Compared) Equal() bool { return c.State == Equal }

// Compare replays the log to its head, and sets the digests of the read models
// and of the replay beside each other: one outcome for each view. Nothing may be
// written to the log meanwhile, and what was written waited for (Caught), or the
// read models are rightly told to be behind. *Stray if they are not of this log.
func (r *Reads) Compare(ctx context.Context, progress func(done, total uint64)) ([]Compared, error) {
	if err := r.verify(ctx); err != nil {
		return nil, err
	}
	live, err := r.Digests(ctx)
	if err != nil {
		return nil, err
	}
	health, err := r.Health(ctx)
	if err != nil {
		return nil, err
	}
	head, err := r.log.Head(ctx)
	if err != nil {
		return nil, fmt.Errorf("projections: asking for the log's head: %w", err)
	}
	replayed, err := replay(ctx, r.log, r.decode, r.reveal, head.Position, progress)
	if err != nil {
		return nil, err
	}
	compared := make([]Compared, len(live))
	for i := range live {
		compared[i] = Compared{live[i].View, standingOf(live[i], replayed[i], health.Parked), live[i], replayed[i]}
	}
	return compared, nil
}

func standingOf(live, replayed Digest, parked []Parked) State {
	v, _ := view(live.View)
	switch {
	case live.Position < replayed.Position:
		return Behind
	case live != replayed:
		return Differs
	case slices.ContainsFunc(parked, func(p Parked) bool { return p.Projection == v.Projection }):
		return Skipping
	}
	return Equal
}

// CompareFile is Compare for the read database of a bank that is not running. It
// leaves the file as it is, and makes none: what is opened is a copy of it in a
// temporary directory. If there is none every view is replayed, and Absent.
func CompareFile(ctx context.Context, path string, log eventbus.Log, treaty *schemas.Treaty, progress func(done, total uint64)) (compared []Compared, err error) {
	dir, err := os.MkdirTemp("", "florin-compare-")
	if err != nil {
		return nil, fmt.Errorf("projections: comparing: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	copied := filepath.Join(dir, "read.db")
	switch err := copyDatabase(path, copied); {
	case errors.Is(err, fs.ErrNotExist):
		return replayAlone(ctx, log, treaty, progress)
	case err != nil:
		return nil, fmt.Errorf("projections: reading %s: %w", path, err)
	}
	r, err := Open(ctx, copied, log, treaty)
	if err != nil {
		return nil, fmt.Errorf("the copy of %s: %w", path, err)
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	return r.Compare(ctx, progress)
}

func replayAlone(ctx context.Context, log eventbus.Log, treaty *schemas.Treaty, progress func(done, total uint64)) ([]Compared, error) {
	head, err := log.Head(ctx)
	if err != nil {
		return nil, fmt.Errorf("projections: asking for the log's head: %w", err)
	}
	replayed, err := Replay(ctx, log, treaty, head.Position, progress)
	if err != nil {
		return nil, err
	}
	compared := make([]Compared, len(replayed))
	for i, d := range replayed {
		compared[i] = Compared{View: d.View, State: Absent, Replayed: d}
	}
	return compared, nil
}

// copyDatabase copies a SQLite file that nobody writes, with its write-ahead log,
// which a process that was killed has left.
func copyDatabase(from, to string) error {
	if err := copyFile(from, to); err != nil {
		return err
	}
	if err := copyFile(from+"-wal", to+"-wal"); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func copyFile(from, to string) error {
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer source.Close()
	target, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(target, source)
	return errors.Join(err, target.Close())
}
