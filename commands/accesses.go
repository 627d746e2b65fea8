package commands

import (
	"context"

	"florin/domain/access"
	"florin/domain/id"
	"florin/schemas"
)

// Accesses are the verbs of looking: what a reader was shown is a fact too.
type Accesses struct{ bank *Bank }

// Accesses gives the verbs of looking.
func (b *Bank) Accesses() Accesses { return Accesses{b} }

// Read records that the caller is answered a question; only then answer it.
func (a Accesses) Read(ctx context.Context, order Order, resource, query string) (Outcome, error) {
	b := a.bank
	reader := id.From[id.Access](order.Caller.Actor)
	order.Asked = schemas.GrantAccess{Reader: reader, Resource: resource, Query: query}
	_, outcome, err := execute(ctx, b, "access.read", order, streams(reader), func(w *work) error {
		return b.accesses.decide(w, reader, access.Read{Resource: resource, Query: query, At: order.At})
	}, func([]Fact) (struct{}, error) { return struct{}{}, nil })
	return outcome, err
}
