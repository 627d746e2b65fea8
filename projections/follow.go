package projections

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"slices"

	"golang.org/x/sync/errgroup"

	"florin/eventbus"
)

// Stray: a checkpoint that lies beyond the log or beside it. The read models
// come from another history than the log has now (it was restored, or replaced
// by an older replica). Nothing is served on top of that; the mend is to delete
// the read database, or to rebuild all, and start again.
type Stray struct {
	Projection string
	Position   eventbus.Position
	Why        string
}

func (e *Stray) Error() string {
	return fmt.Sprintf("projections: the checkpoint of %s at position %d %s: the log was restored or replaced; "+
		"rebuild the read models (florin projection rebuild all) or delete read.db, then start again", e.Projection, e.Position, e.Why)
}

// bulkEventsMin is how much log makes an empty projection be built beside, with
// its indexes at the end, instead of being followed into place.
const bulkEventsMin = 20_000

// Run follows the log until ctx ends (then it returns nil) or something fails:
// *Stray, an error of the log or of the database. What was committed stays, and
// Run may be called again. It must not run twice at a time.
func (r *Reads) Run(ctx context.Context) error {
	err := r.run(ctx)
	if ctx.Err() != nil {
		err = nil
	}
	if err == nil {
		err = ErrStopped
	}
	r.progress.stop(err)
	if errors.Is(err, ErrStopped) {
		return nil
	}
	return err
}

func (r *Reads) run(ctx context.Context) error {
	if err := r.load(ctx); err != nil {
		return err
	}
	r.progress.start()
	if err := r.verify(ctx); err != nil {
		return err
	}
	head, err := r.log.Head(ctx)
	if err != nil {
		return fmt.Errorf("projections: asking for the log's head: %w", err)
	}
	var bulk []string
	for _, t := range r.live {
		if t.position == 0 && head.Position >= r.bulk {
			bulk = append(bulk, t.name)
		}
	}
	group, ctx := errgroup.WithContext(ctx)
	build := func() error {
		r.rebuilding.Lock()
		defer r.rebuilding.Unlock()
		return r.rebuild(ctx, bulk, nil)
	}
	switch len(bulk) {
	case 0:
	case len(r.live): // nothing to follow with yet
		if err := build(); err != nil {
			return err
		}
	default:
		group.Go(build)
	}
	group.Go(func() error { return r.follow(ctx, bulk) })
	return group.Wait()
}

// follow writes what the log has above the live checkpoints, and then what is
// added. Projections that are being built join when they are swapped in.
func (r *Reads) follow(ctx context.Context, building []string) error {
	after := r.lowest(building)
	subscribe := func(ctx context.Context) iter.Seq2[eventbus.Record, error] { return r.log.Subscribe(ctx, after) }
	return r.pipe(ctx, subscribe, true, func(commits []*commit) error {
		r.swapping.Lock() // a rebuild may put another target in place between batches
		defer r.swapping.Unlock()
		following := slices.DeleteFunc(slices.Clone(r.live), func(t *target) bool {
			return t.position == 0 && slices.Contains(building, t.name)
		})
		if err := writeBatch(ctx, r.database, following, commits); err != nil {
			return err
		}
		r.progress.advance(r.live)
		return nil
	})
}

// lowest is the position that following must begin after.
func (r *Reads) lowest(building []string) eventbus.Position {
	r.swapping.Lock()
	defer r.swapping.Unlock()
	var low eventbus.Position
	first := true
	for _, t := range r.live {
		if t.position == 0 && slices.Contains(building, t.name) {
			continue
		}
		if first || t.position < low {
			low, first = t.position, false
		}
	}
	return low
}

// source reads the log from somewhere, until ctx ends or there is no more.
type source func(ctx context.Context) iter.Seq2[eventbus.Record, error]

// pipe decodes records on one goroutine and writes them on another, in batches,
// until the records end. When live, batches leave time to gather.
func (r *Reads) pipe(ctx context.Context, read source, live bool, write func([]*commit) error) error {
	q, done := newQueue(), make(chan struct{})
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		defer close(done)
		for record, err := range read(ctx) {
			if err != nil {
				return fmt.Errorf("projections: following the log: %w", err)
			}
			if err := q.put(ctx, decodeCommit(r.decode, r.wanted, record)); err != nil {
				return err
			}
		}
		return ctx.Err()
	})
	group.Go(func() error {
		for gap := gapMin; ; {
			commits := q.take(ctx, done)
			if len(commits) == 0 || ctx.Err() != nil {
				return ctx.Err()
			}
			if err := write(commits); err != nil {
				return err
			}
			if live {
				gap = gapAfter(gap, len(commits))
				q.pause(ctx, done, r.progress.wanted, gap)
			}
		}
	})
	return group.Wait()
}

// load reads the live targets back from the database: after a start, and after
// a run that failed.
func (r *Reads) load(ctx context.Context) error {
	r.swapping.Lock()
	defer r.swapping.Unlock()
	live := make([]*target, 0, len(definitions))
	err := r.database.transact(ctx, func(w *writer) error {
		dropViews(w)
		for _, d := range definitions {
			live = append(live, open(w, d))
		}
		createViews(w)
		return w.err
	})
	if err != nil {
		return err
	}
	err = r.database.each(ctx, "select projection, stream, position from parked", nil, func(rows scanner) error {
		var name, stream string
		var from eventbus.Position
		if err := rows.Scan(&name, &stream, (*uint64)(&from)); err != nil {
			return err
		}
		for _, t := range live {
			if t.name == name {
				t.parked[eventbus.Stream(stream)] = from
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	r.live = live
	r.progress.advance(live)
	return nil
}

// open finds the projection as it was left, or makes it anew where its shape
// has changed.
func open(w *writer, d definition) *target {
	t := newTarget(d)
	var version int64
	var hash string
	found := w.row("select version, generation, position, hash from checkpoints where projection = ?",
		[]any{d.name}, []any{&version, &t.generation, &t.position, &hash})
	if found && version == d.version {
		if n, err := hex.Decode(t.hash[:], []byte(hash)); err != nil || n != len(t.hash) {
			w.fail(fmt.Errorf("projections: the checkpoint of %s is not readable: delete read.db and start again", d.name))
		}
		return t
	}
	t.position = 0
	t.generation++
	for _, each := range d.tables {
		w.define("drop table if exists " + each.name)
		w.define(each.create())
		for _, index := range each.indexes {
			w.define(each.createIndex(index, t.generation))
		}
	}
	w.exec(deleteParked, d.name)
	t.checkpoint(w, 0, eventbus.Hash{})
	return t
}

func newTarget(d definition) *target {
	return &target{definition: d, fold: d.begin(d.tables), parked: map[eventbus.Stream]eventbus.Position{}}
}

// verify compares every checkpoint with what the log has there.
func (r *Reads) verify(ctx context.Context) error {
	head, err := r.log.Head(ctx)
	if err != nil {
		return fmt.Errorf("projections: asking for the log's head: %w", err)
	}
	checked := map[eventbus.Position]eventbus.Hash{}
	for _, t := range r.live {
		if t.position == 0 {
			continue
		}
		if t.position > head.Position {
			return &Stray{t.name, t.position, fmt.Sprintf("lies beyond the log's head %d", head.Position)}
		}
		if _, ok := checked[t.position]; !ok {
			if checked[t.position], err = hashAt(ctx, r.log, head.Position, t.position); err != nil {
				return err
			}
		}
		if checked[t.position] != t.hash {
			return &Stray{t.name, t.position, "is not a commit of this log"}
		}
	}
	return nil
}

// hashAt is the hash of the commit that ends at the position; zero if none does.
func hashAt(ctx context.Context, log eventbus.Log, head, position eventbus.Position) (eventbus.Hash, error) {
	if position == 0 || position > head {
		return eventbus.Hash{}, nil
	}
	for record, err := range log.ReadAll(ctx, position-1) {
		if err != nil {
			return eventbus.Hash{}, fmt.Errorf("projections: reading the log at %d: %w", position, err)
		}
		if record.Last() == position {
			return record.Hash, nil
		}
		break
	}
	return eventbus.Hash{}, nil
}
