package commands

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"florin/domain"
	"florin/domain/dataset"
	"florin/domain/id"
	"florin/domain/risk"
	"florin/eventbus"
)

// Where a customer was is personal: a place lies sealed in the log (risk.located), beside
// the decision of the login that it was seen at, and the book has but the identifier of
// that decision.
//
//	login --> address --> Facts --> speed since the last place, what lists say --> decision
//	      \-> it has succeeded --> risk.located, sealed

// addressKnown sets what the data sets say of the address that a login comes from.
func (w *work) addressKnown(attempt *risk.Attempt, address string) (here dataset.Place, data []risk.DataSet) {
	found := w.lookups()
	facts, known := found.know(address)
	if !known {
		return here, found.data
	}
	if found.has(dataset.Addresses) {
		attempt.Known.Set(risk.AddressFlags, facts.Flags)
	}
	if facts.Flags&dataset.Anonymiser != 0 { // it is somewhere else than who hides behind it
		return here, found.data
	}
	if last, at, was := w.lastPlace(attempt.Customer); was {
		if kmh, tells := dataset.Speed(last, facts.Place, int64(w.order.At.Sub(at)/time.Second)); tells {
			attempt.Known.Set(risk.Speed, kmh)
		}
	}
	return facts.Place, found.data
}

// lastPlace is where a customer last logged in, and when; of one who was erased nobody
// knows any more.
func (w *work) lastPlace(customer uuid.UUID) (place dataset.Place, at time.Time, known bool) {
	decision, known := w.bank.book.located(w.ctx, w.generation, customer)
	if !known {
		return place, at, false
	}
	for recorded, err := range w.bank.log.ReadStream(w.ctx, eventbus.Stream(id.From[id.Decision](decision).Stream()), 0) {
		if err != nil {
			return place, at, false
		}
		event, err := w.bank.treaty.Risk.Decode(recorded.Kind, recorded.SchemaVersion, recorded.ID, recorded.Data)
		if e, is := event.(risk.Located); err == nil && is {
			_, err := fmt.Sscan(e.Place.Reveal(), &place.North, &place.East, &place.WithinKM)
			place.Known = err == nil
			return place, e.At, place.Known
		}
	}
	return place, at, false
}

// notePlace keeps where a customer has logged in.
func (w *work) notePlace(decision id.Decision, customer id.Customer, here dataset.Place) error {
	before := w.subject
	w.under(ofCustomer(customer))
	defer w.under(before)
	return w.bank.decisions.decide(w, decision, risk.Locate{Located: risk.Located{Customer: customer,
		Place: domain.NewProfile(fmt.Sprint(here.North, here.East, here.WithinKM)), At: w.order.At}})
}

// located is the decision beside which it lies where a customer last was.
func (b *book) located(ctx context.Context, generation eventbus.Generation, customer uuid.UUID) (of uuid.UUID, known bool) {
	if !b.current(generation, customer) && b.pull(ctx, generation, customer) != nil {
		return of, false
	}
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.history.Located(customer)
}
