package commands

import (
	"context"

	"florin/domain/id"
)

// What a sandbox lets a customer simulate, it lets happen to the customer's own things
// alone. Whose a thing is never changes; nobody's is what is not there.

// Owner is whose money a payment moves.
func (p Payments) Owner(ctx context.Context, of id.Payment) (id.Customer, error) {
	state, err := p.bank.payments.look(ctx, of)
	return state.Customer, err
}

// Owner is whose card it is.
func (c Cards) Owner(ctx context.Context, of id.Card) (id.Customer, error) {
	state, err := c.bank.cards.look(ctx, of)
	return state.Customer, err
}

// Owner is whose card a shop asked of.
func (a Authorisations) Owner(ctx context.Context, of id.Authorisation) (id.Customer, error) {
	state, err := a.bank.authorisations.look(ctx, of)
	return state.Customer, err
}
