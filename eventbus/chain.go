package eventbus

import (
	"context"
	"errors"
)

// extends tells whether a commit is the one that may follow the end.
func (m *Mark) extends(o *Outline) bool { return o.First == m.Position+1 && o.Previous == m.Hash }

// advance makes a commit the end.
func (m *Mark) advance(o *Outline, place []byte) {
	m.Place, m.Position, m.Hash = place, o.Last, o.Hash
}

// strict tells that a journal cannot hold records that extend nothing: only one
// process can write it. In others a leaky fence may have left some, which
// readers pass over.
func strict(j Journal) bool {
	_, ok := j.(Pipelined)
	return ok
}

// Verify walks a journal from a mark to its end and checks all that records say
// of themselves and of their order: form, limits, hashes, chain, dense positions.
// It returns the end, or *Damage with the first position that cannot be trusted.
// A mark with a position but no hash trusts the first record's word for it.
// progress may be nil; it hears the position reached every thousand commits or so.
func Verify(ctx context.Context, journal Journal, from Mark, progress func(Position)) (Mark, error) {
	head, err := journal.Head(ctx)
	if err != nil {
		return from, err
	}
	w := walker{end: from, trust: from.Position > 0 && from.Hash == zeroHash, strict: strict(journal)}
	n := 0
	for entry, err := range ahead(journal.Read)(ctx, from) {
		if err != nil {
			return w.end, err
		}
		outline, ok, err := w.next(entry)
		if err != nil {
			return w.end, err
		}
		if !ok {
			continue
		}
		if _, err := w.decode(entry.Record, outline.First); err != nil {
			return w.end, err
		}
		if n++; progress != nil && n%1024 == 0 {
			progress(w.end.Position)
		}
	}
	if w.end.Position < head.Position {
		return w.end, &Damage{Position: w.end.Position + 1, Why: "no commit extends the one before"}
	}
	if progress != nil {
		progress(w.end.Position)
	}
	return w.end, nil
}

// walker accepts the commits that extend its end and passes over all others.
type walker struct {
	decoder
	end    Mark
	trust  bool // the hash before the first commit is not known: believe it
	strict bool
}

// next tells whether the entry is accepted; then it is the end.
func (w *walker) next(entry Entry) (Outline, bool, error) {
	outline, err := Peek(entry.Record)
	if err != nil {
		return outline, false, w.damage(w.end.Position+1, err)
	}
	if w.trust && outline.First <= w.end.Position+1 && outline.Last > w.end.Position {
		w.trust = false
		w.end.Position, w.end.Hash = outline.First-1, outline.Previous
	}
	if w.trust || !w.end.extends(&outline) {
		if w.strict {
			return outline, false, &Damage{Position: w.end.Position + 1, Why: "the commit does not extend the one before"}
		}
		w.end.Place = entry.Place
		return outline, false, nil
	}
	w.end.advance(&outline, entry.Place)
	return outline, true, nil
}

// decode reads an accepted record in full.
func (w *walker) decode(record []byte, first Position) (Record, error) {
	r, err := w.decoder.decode(record)
	if err != nil {
		return r, w.damage(first, err)
	}
	return r, nil
}

func (w *walker) damage(at Position, err error) error {
	if errors.Is(err, ErrLayout) {
		return err
	}
	return &Damage{Position: at, Why: err.Error()}
}
