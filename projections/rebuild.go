package projections

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"

	"florin/eventbus"
)

// ErrRebuilding: another rebuild is under way; wait for it.
var ErrRebuilding = errors.New("projections: a rebuild is under way")

// All is the name of every projection, for Rebuild.
const All = "all"

// swapGapMax is how many events a rebuild may be behind when it begins to swap:
// they are taken in while live writing waits.
const swapGapMax = 2000

// Rebuild makes the projection (or All) anew from the log in tables beside the
// live ones, which serve on, and swaps them in one transaction; what was parked
// is tried again. progress, if not nil, is called after each batch with events
// done and to do. If it fails or ctx ends the live tables are as they were.
// Errors: ErrUnknown, ErrRebuilding, or of the log or database.
func (r *Reads) Rebuild(ctx context.Context, name string, progress func(done, total uint64)) error {
	names := []string{name}
	if name == All {
		names = Names()
	}
	if !r.rebuilding.TryLock() {
		return ErrRebuilding
	}
	defer r.rebuilding.Unlock()
	return r.rebuild(ctx, names, progress)
}

// rebuild works with r.rebuilding held.
func (r *Reads) rebuild(ctx context.Context, names []string, progress func(done, total uint64)) error {
	targets, err := r.beside(names)
	if err != nil {
		return err
	}
	head, err := r.log.Head(ctx)
	if err != nil {
		return fmt.Errorf("projections: asking for the log's head: %w", err)
	}
	err = r.database.transact(ctx, func(w *writer) error {
		for _, t := range targets {
			for _, table := range t.tables {
				w.define("drop table if exists " + table.name)
				w.define(table.create())
			}
		}
		return w.err
	})
	if err == nil {
		err = r.build(ctx, targets, func(done eventbus.Position) {
			if progress != nil {
				progress(uint64(done), max(uint64(head.Position), uint64(done)))
			}
		})
	}
	if err != nil {
		return errors.Join(err, r.discard(targets))
	}
	return nil
}

// beside makes the targets of a rebuild.
func (r *Reads) beside(names []string) ([]*target, error) {
	targets := make([]*target, 0, len(names))
	for _, name := range names {
		i := slices.IndexFunc(definitions, func(d definition) bool { return d.name == name })
		if i < 0 {
			return nil, fmt.Errorf("%w: %q", ErrUnknown, name)
		}
		d := definitions[i]
		d.tables = make([]table, len(definitions[i].tables))
		for n, t := range definitions[i].tables {
			d.tables[n] = t.beside()
		}
		targets = append(targets, newTarget(d))
	}
	return targets, nil
}

// build fills the tables, indexes them and swaps them in.
func (r *Reads) build(ctx context.Context, targets []*target, progress func(eventbus.Position)) error {
	if err := r.catchUp(ctx, targets, progress); err != nil {
		return err
	}
	if err := r.index(ctx, targets); err != nil {
		return err
	}
	if err := r.catchUp(ctx, targets, progress); err != nil { // what came meanwhile
		return err
	}
	return r.swap(ctx, targets, progress)
}

// catchUp reads on until the log's head is near.
func (r *Reads) catchUp(ctx context.Context, targets []*target, progress func(eventbus.Position)) error {
	for {
		head, err := r.log.Head(ctx)
		if err != nil {
			return fmt.Errorf("projections: asking for the log's head: %w", err)
		}
		if targets[0].position+swapGapMax >= head.Position {
			return nil
		}
		if err := r.readOn(ctx, targets, progress); err != nil {
			return err
		}
	}
}

// readOn reads to the head as it is when it gets there. The targets of one
// rebuild move together.
func (r *Reads) readOn(ctx context.Context, targets []*target, progress func(eventbus.Position)) error {
	after := targets[0].position
	read := func(ctx context.Context) iter.Seq2[eventbus.Record, error] { return r.log.ReadAll(ctx, after) }
	return r.pipe(ctx, read, false, func(commits []*commit) error {
		err := r.fill(ctx, targets, commits)
		if err == nil {
			progress(targets[0].position)
		}
		return err
	})
}

// fill is writeBatch without checkpoints: a rebuild that is broken off begins again.
func (r *Reads) fill(ctx context.Context, targets []*target, commits []*commit) error {
	last := commits[len(commits)-1].record
	return r.database.transact(ctx, func(w *writer) error {
		for _, t := range targets {
			t.pending = append(t.pending, t.take(w, commits)...)
			t.position, t.hash = last.Last(), last.Hash
		}
		return w.err
	})
}

// index builds the indexes, each in a transaction of its own so that live
// writing gets its turn.
func (r *Reads) index(ctx context.Context, targets []*target) error {
	for _, t := range targets {
		t.generation = r.generation(t.name) + 1
		for _, table := range t.tables {
			for _, index := range table.indexes {
				err := r.database.transact(ctx, func(w *writer) error {
					w.define(table.createIndex(index, t.generation))
					return w.err
				})
				if err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (r *Reads) generation(name string) (generation int64) {
	r.swapping.Lock()
	defer r.swapping.Unlock()
	for _, t := range r.live {
		if t.name == name {
			return t.generation
		}
	}
	return 0
}

// swap takes in the rest while live writing waits, and puts the new tables in
// the place of the live ones: queries see either all of the old or all of the new.
func (r *Reads) swap(ctx context.Context, targets []*target, progress func(eventbus.Position)) error {
	r.swapping.Lock()
	defer r.swapping.Unlock()
	if err := r.readOn(ctx, targets, progress); err != nil {
		return err
	}
	swapped := make([]*target, len(targets))
	err := r.database.transact(ctx, func(w *writer) error {
		dropViews(w)
		for _, t := range targets {
			r.retire(w, t.name)
		}
		for i, t := range targets {
			swapped[i] = t.install(w)
		}
		createViews(w)
		return w.err
	})
	if err != nil {
		return err
	}
	live := slices.Clone(r.live)
	for i, t := range live {
		for _, s := range swapped {
			if s.name == t.name {
				live[i] = s
			}
		}
	}
	r.live = live
	r.progress.advance(live)
	return r.dropPast(ctx, targets)
}

// retire makes room for the tables that are to be live: those that are go out of the
// way, and what nothing was ever written to goes at once. Why the difference: to free a
// large table takes long, and SQLite reads all of its schema for every renaming.
func (r *Reads) retire(w *writer, name string) {
	for _, live := range r.live {
		if live.name != name {
			continue
		}
		for _, table := range live.tables {
			if live.position == 0 {
				w.define("drop table " + table.name)
			} else {
				w.define("alter table " + table.name + " rename to " + table.past())
			}
		}
	}
}

// install renames the tables of t to the names of the live ones, and gives back
// the target that goes on with them.
func (t *target) install(w *writer) *target {
	i := slices.IndexFunc(definitions, func(d definition) bool { return d.name == t.name })
	live := newTarget(definitions[i])
	live.generation, live.position, live.hash, live.parked = t.generation, t.position, t.hash, t.parked
	for n, table := range live.tables {
		w.define("alter table " + t.tables[n].name + " rename to " + table.name)
	}
	w.exec(deleteParked, t.name)
	for _, p := range t.pending {
		p.write(w)
	}
	live.checkpoint(w, live.position, live.hash)
	return live
}

// dropPast frees the old tables, which nobody reads any more.
func (r *Reads) dropPast(ctx context.Context, targets []*target) error {
	return r.database.transact(ctx, func(w *writer) error {
		for _, t := range targets {
			i := slices.IndexFunc(definitions, func(d definition) bool { return d.name == t.name })
			for _, table := range definitions[i].tables {
				w.define("drop table if exists " + table.past())
			}
		}
		return w.err
	})
}

// discard removes what an unfinished rebuild has left.
func (r *Reads) discard(targets []*target) error {
	return r.database.transact(context.Background(), func(w *writer) error {
		for _, t := range targets {
			for _, table := range t.tables {
				w.define("drop table if exists " + table.name)
			}
		}
		return w.err
	})
}
