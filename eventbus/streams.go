package eventbus

import (
	"context"
	"iter"

	"github.com/google/uuid"
)

// Streams yields the streams of a context that the index knows, in the order of
// their UUIDs: every one with an acknowledged commit, and perhaps some whose first
// commit is still on its way, of which ReadStream has nothing yet. It costs what it
// yields. Errors: ErrInvalid for what is no context; those of the index.
func (s *Sequencer) Streams(ctx context.Context, of string) iter.Seq2[Stream, error] {
	return func(yield func(Stream, error) bool) {
		if !Stream(of + "/" + uuid.Nil.String()).Valid() {
			yield("", invalid("context %q", of))
			return
		}
		prefix := append([]byte{keyHead}, of...)
		for entry, err := range s.index.Scan(prefix, nil) {
			if err == nil {
				err = ctx.Err()
			}
			if err != nil {
				yield("", err)
				return
			}
			// A longer context begins with the same letters, and its keys are longer.
			named, err := uuid.FromBytes(entry.Key[len(prefix):])
			if err != nil {
				continue
			}
			if !yield(Stream(of+"/"+named.String()), nil) {
				return
			}
		}
	}
}
