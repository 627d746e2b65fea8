package projections

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"

	"florin/eventbus"
)

// The engine's own tables. A checkpoint is written in the transaction that
// writes the rows it speaks of, so each commit counts exactly once.
var (
	checkpoints = table{name: "checkpoints", key: []string{"projection"}, columns: []column{
		{"projection", text}, {"version", bigint}, {"generation", bigint}, {"position", bigint}, {"hash", text}}}
	parkedStreams = table{name: "parked", key: []string{"projection", "stream"}, columns: []column{
		{"projection", text}, {"stream", text}, {"position", bigint}, {"event_id", text}, {"kind", text}, {"reason", text}}}
)

const deleteParked = "delete from parked where projection = ?"

// target is one projection being brought forward: the live one, or the one
// that a rebuild makes beside it.
type target struct {
	definition
	fold       fold
	generation int64 // counts the rebuilds
	position   eventbus.Position
	hash       eventbus.Hash
	parked     map[eventbus.Stream]eventbus.Position // from where on they are passed over
	pending    []Parked                              // of a rebuild: written when it is swapped in
}

// Parked is an event that a projection could not take in. Its stream is passed
// over by that projection from there on; a rebuild tries again.
type Parked struct {
	Projection string            `json:"projection"`
	Stream     eventbus.Stream   `json:"stream"`
	Position   eventbus.Position `json:"position"`
	EventID    string            `json:"event_id"`
	Kind       string            `json:"kind"`
	Reason     string            `json:"reason"`
}

// poison stops a batch so that it can be tried again without the stream.
type poison struct{ Parked }

func (p *poison) Error() string {
	return fmt.Sprintf("projections: %s parks %s at position %d: %s", p.Projection, p.Stream, p.Position, p.Reason)
}

// take brings the target forward over the commits, as part of w. What it has
// parked on the way is returned.
func (t *target) take(w *writer, commits []*commit) []Parked {
	var parked []Parked
	for {
		err := t.gather(w, commits)
		var bad *poison
		if !errors.As(err, &bad) {
			break
		}
		// Nothing was written yet: begin the batch again as if the stream ended here.
		t.fold.forget()
		t.parked[bad.Stream] = bad.Position
		parked = append(parked, bad.Parked)
	}
	if w.err != nil {
		return nil
	}
	t.fold.flush(w)
	return parked
}

func (p Parked) write(w *writer) {
	w.exec(parkedStreams.upsert(1), p.Projection, string(p.Stream), int64(p.Position), p.EventID, p.Kind, p.Reason)
}

// gather folds the commits above the target's position into memory.
func (t *target) gather(w *writer, commits []*commit) error {
	for _, c := range commits {
		if c.record.Last() <= t.position {
			continue
		}
		for i := range c.facts {
			f := &c.facts[i]
			if !t.folds(f.context) || t.passesOver(f) {
				continue
			}
			err := t.apply(w, c, f)
			if w.err != nil {
				return w.err
			}
			if err != nil {
				return &poison{Parked{t.name, f.Stream, f.Position, f.ID.String(), f.Kind, err.Error()}}
			}
		}
	}
	return nil
}

func (t *target) passesOver(f *fact) bool {
	if len(t.parked) == 0 {
		return false
	}
	from, parked := t.parked[f.Stream]
	return parked && f.Position >= from
}

// apply turns a panic of the fold into a parked stream.
func (t *target) apply(w *writer, c *commit, f *fact) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("folding panicked: %v", p)
		}
	}()
	if f.err != nil && !t.lenient {
		return f.err
	}
	return t.fold.apply(w, c, f)
}

func (t *target) checkpoint(w *writer, position eventbus.Position, hash eventbus.Hash) {
	w.exec(checkpoints.upsert(1), t.name, t.version, t.generation, int64(position), hex.EncodeToString(hash[:]))
}

// writeBatch brings targets forward over commits in one transaction. If it
// fails nothing of it holds, and the targets are as before.
func writeBatch(ctx context.Context, db *database, targets []*target, commits []*commit) error {
	last := commits[len(commits)-1].record
	parked := make([][]Parked, len(targets))
	err := db.transact(ctx, func(w *writer) error {
		for i, t := range targets {
			if last.Last() > t.position {
				parked[i] = t.take(w, commits)
				for _, p := range parked[i] {
					p.write(w)
				}
				t.checkpoint(w, last.Last(), last.Hash)
			}
		}
		return w.err
	})
	for i, t := range targets {
		switch {
		case err != nil:
			t.fold.forget()
			for _, p := range parked[i] {
				delete(t.parked, p.Stream)
			}
		case last.Last() > t.position:
			t.position, t.hash = last.Last(), last.Hash
		}
	}
	return err
}
