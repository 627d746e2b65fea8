package projections

import (
	"context"
	"errors"
	"math"

	"florin/domain/authorisation"
	"florin/domain/id"
	"florin/eventbus"
)

var cardsShown = begunOrHeld{"cards", "card", "account", "card > ?", "card"}

// CardsOf lists a customer's cards, and those of the accounts that the customer holds, by
// their identifiers: up to limit above after (zero: from the first).
func (r *Reads) CardsOf(ctx context.Context, customer id.Customer, after id.Card, limit int) ([]Card, error) {
	return r.cards(ctx, cardsShown.where(), cardsShown.arguments(customer, limit, after.String())...)
}

// Card gives one card. ErrMissing.
func (r *Reads) Card(ctx context.Context, of id.Card) (Card, error) {
	found, err := r.cards(ctx, "card = ?", of.String())
	if err == nil && len(found) == 0 {
		err = ErrMissing
	}
	if err != nil {
		return Card{}, err
	}
	return found[0], nil
}

func (r *Reads) cards(ctx context.Context, where string, args ...any) (found []Card, err error) {
	err = r.database.each(ctx, "select "+cardsTable.names()+" from cards where "+where, args, func(row scanner) error {
		var c Card
		err := row.Scan(destinations(c.fields())...)
		c.complete()
		found = append(found, c)
		return err
	})
	return found, err
}

// AuthorisationsOf lists what shops asked of a card, newest first: up to limit that
// began below the position before (0: from the newest). Merchants are opened from
// the log.
func (r *Reads) AuthorisationsOf(ctx context.Context, of id.Card, before eventbus.Position, limit int) ([]Authorisation, error) {
	top := int64(math.MaxInt64)
	if before > 0 && before < math.MaxInt64 {
		top = int64(before)
	}
	return r.authorisations(ctx, "card = ? and begun < ? order by begun desc limit ?", of.String(), top, bounded(limit))
}

// Authorisation gives one authorisation. ErrMissing.
func (r *Reads) Authorisation(ctx context.Context, of id.Authorisation) (Authorisation, error) {
	found, err := r.authorisations(ctx, "authorisation = ?", of.String())
	if err == nil && len(found) == 0 {
		err = ErrMissing
	}
	if err != nil {
		return Authorisation{}, err
	}
	return found[0], nil
}

func (r *Reads) authorisations(ctx context.Context, where string, args ...any) (found []Authorisation, err error) {
	err = r.database.each(ctx, "select "+authorisationsTable.names()+" from card_authorisations where "+where, args, func(row scanner) error {
		var a Authorisation
		err := row.Scan(destinations(a.fields())...)
		a.complete()
		found = append(found, a)
		return err
	})
	for i := range found {
		event, failed := r.first(ctx, found[i].Authorisation.Stream())
		if failed != nil && !errors.Is(failed, errUnreadable) {
			err = errors.Join(err, failed)
		}
		if e, ok := event.(authorisation.Requested); ok {
			found[i].Merchant = e.Merchant.Reveal()
		}
	}
	return found, err
}
