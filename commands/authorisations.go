package commands

import (
	"context"

	"florin/domain"
	"florin/domain/account"
	"florin/domain/authorisation"
	"florin/domain/card"
	"florin/domain/customer"
	"florin/domain/id"
	"florin/domain/money"
	"florin/schemas"
)

// Authorisations are the verbs of what shops ask of cards, through the card network.
//
// An authorisation lies in three streams, committed together: its own, the card's
// (limits) and the account's (the money). What a rule says no to is written too, and
// then the refusal comes beside an Outcome that has a receipt.
type Authorisations struct{ bank *Bank }

// Authorisations gives the verbs of authorisations.
func (b *Bank) Authorisations() Authorisations { return Authorisations{b} }

// RequestAuthorisation is what a shop asks.
type RequestAuthorisation struct {
	Card     id.Card
	Amount   money.Amount
	Merchant domain.Evidence
	Category string
	Offline  bool // the terminal has said yes by itself: nothing is held, and limits do not matter
}

// Request holds the money, or declines. Refusals: not-found and invalid-merchant
// leave no trace; all others are facts of the authorisation.
func (a Authorisations) Request(ctx context.Context, order Order, ask RequestAuthorisation) (AuthorisationAnswer, Outcome, error) {
	b := a.bank
	asked := id.From[id.Authorisation](DerivedID(order.ID, "authorisation"))
	of, err := b.cards.look(ctx, ask.Card) // only for what never changes: its account
	if err != nil {
		return AuthorisationAnswer{}, Outcome{}, err
	}
	return execute(ctx, b, "authorisation.request", order, streams(asked, ask.Card, of.Account), func(w *work) error {
		b.authorisations.begin(w, asked)
		if _, err := b.authorisations.load(w, asked); err != nil { // opened first, so that its facts come first
			return err
		}
		state, err := b.card(w, ask.Card)
		if err != nil {
			return err
		}
		request := authorisation.Request{Authorisation: asked, Card: ask.Card, Customer: state.Customer, Account: state.Account,
			Amount: ask.Amount, Merchant: ask.Merchant, Category: ask.Category, Offline: ask.Offline, At: order.At}
		request.Refused, err = codeOf(try(w, func() error { return hold(w, state, request) }))
		if err != nil {
			return err
		}
		if request.Refused == "" {
			after, err := b.cards.load(w, ask.Card)
			if err != nil {
				return err
			}
			request.Day = after.Day
		}
		return b.authorisations.decide(w, asked, request)
	}, authorisationAnswer)
}

// hold stages what an approval means for card and account.
func hold(w *work, of card.State, ask authorisation.Request) error {
	b := w.bank
	if err := b.cards.decide(w, ask.Card, card.Authorise{Authorisation: ask.Authorisation, Amount: ask.Amount, Offline: ask.Offline, At: ask.At}); err != nil {
		return err
	}
	if ask.Offline {
		return nil
	}
	holder, err := b.customers.load(w, of.Customer)
	switch {
	case err != nil:
		return err
	case holder.Status != customer.Active:
		return ErrNotActive
	}
	if err := b.payable(w, of.Customer); err != nil {
		return err
	}
	behind, err := b.accounts.load(w, of.Account)
	if err == nil {
		err = stillOwns(of.Customer, behind)
	}
	if err != nil {
		return err
	}
	return b.accounts.decide(w, of.Account, account.Reserve{Reservation: ask.Authorisation.Stream(), Amount: ask.Amount, At: ask.At})
}

// CaptureAuthorisation is what a shop takes. The zero amount: all that is held.
type CaptureAuthorisation struct {
	Authorisation id.Authorisation
	Amount        money.Amount
	Final         bool // nothing more will be taken
}

// Capture books what the shop takes against the scheme's settlement: first what is
// held, then by force, whatever the balance. What an account that is closed does not
// have is booked to the receivables.
func (a Authorisations) Capture(ctx context.Context, order Order, ask CaptureAuthorisation) (AuthorisationAnswer, Outcome, error) {
	return a.book(ctx, order, "authorisation.capture", ask.Authorisation, account.Receivables, func(w *work, state authorisation.State, entry id.Journal) error {
		b := w.bank
		if ask.Amount == (money.Amount{}) {
			ask.Amount = state.Remaining()
		}
		if err := b.authorisations.decide(w, ask.Authorisation, authorisation.Capture{Journal: entry, Amount: ask.Amount, Final: ask.Final, At: order.At}); err != nil {
			return err
		}
		if err := settle(w, state, entry, ask.Amount); err != nil {
			return err
		}
		if left := state.Held - ask.Amount.Minor; ask.Final && left > 0 {
			return b.release(w, state, money.Amount{Minor: left, Currency: ask.Amount.Currency})
		}
		return nil
	})
}

// Refund books what the shop gives back. Of an account that is closed it waits in
// suspense for a person to decide.
func (a Authorisations) Refund(ctx context.Context, order Order, refunded id.Authorisation, amount money.Amount) (AuthorisationAnswer, Outcome, error) {
	return a.book(ctx, order, "authorisation.refund", refunded, account.Suspense, func(w *work, state authorisation.State, entry id.Journal) error {
		b := w.bank
		if err := b.authorisations.decide(w, refunded, authorisation.Refund{Journal: entry, Amount: amount, At: order.At}); err != nil {
			return err
		}
		return giveBackToCard(w, state, entry, amount)
	})
}

// book runs what moves money under an authorisation; beside is the place of the chart
// that stands in for an account that is closed.
func (a Authorisations) book(ctx context.Context, order Order, verb string, of id.Authorisation, beside account.Chart,
	decide func(*work, authorisation.State, id.Journal) error) (AuthorisationAnswer, Outcome, error) {
	b := a.bank
	before, err := b.authorisations.look(ctx, of) // only for what never changes: card, account, currency
	if err != nil {
		return AuthorisationAnswer{}, Outcome{}, err
	}
	entry, currency := id.From[id.Journal](DerivedID(order.ID, "journal")), before.Amount.Currency
	locks := streams(of, before.Card, before.Account, entry, account.SchemeSettlement.In(currency), beside.In(currency))
	return execute(ctx, b, verb, order, locks, func(w *work) error {
		state, err := b.authorised(w, of)
		if err != nil {
			return err
		}
		return decide(w, state, entry)
	}, authorisationAnswer)
}

// Reverse frees what is held; the zero amount: all of it.
func (a Authorisations) Reverse(ctx context.Context, order Order, reversed id.Authorisation, amount money.Amount) (AuthorisationAnswer, Outcome, error) {
	return a.free(ctx, order, "authorisation.reverse", reversed, authorisation.Reverse{Amount: amount, At: order.At})
}

// Expire frees what nobody has come for. Only the bank's own process asks for it; a
// refusal means that there is nothing to do.
func (a Authorisations) Expire(ctx context.Context, order Order, expired id.Authorisation) (AuthorisationAnswer, Outcome, error) {
	order.Asked = schemas.ExpireAuthorisation{Authorisation: expired}
	return a.free(ctx, order, "authorisation.expire", expired, authorisation.Expire{At: order.At})
}

func (a Authorisations) free(ctx context.Context, order Order, verb string, of id.Authorisation, command authorisation.Command) (AuthorisationAnswer, Outcome, error) {
	b := a.bank
	return execute(ctx, b, verb, order, streams(of), func(w *work) error {
		before, err := b.authorised(w, of)
		if err != nil {
			return err
		}
		if err := b.authorisations.decide(w, of, command); err != nil {
			return err
		}
		after, err := b.authorisations.load(w, of)
		if err != nil {
			return err
		}
		return b.release(w, before, before.Remaining().Sub(after.Remaining()))
	}, authorisationAnswer)
}

// authorised loads an authorisation; personal data of what follows is its customer's.
func (b *Bank) authorised(w *work, of id.Authorisation) (authorisation.State, error) {
	state, err := b.authorisations.load(w, of)
	if err != nil {
		return state, err
	}
	if state.Phase == authorisation.Absent {
		return state, authorisation.ErrMissing
	}
	w.order.Caller.actFor(state.Customer)
	w.under(ofCustomer(state.Customer))
	return state, nil
}

// release frees held money, and has it count no more against the card's limits.
func (b *Bank) release(w *work, of authorisation.State, amount money.Amount) error {
	at := w.order.At
	if err := b.accounts.decide(w, of.Account, account.Release{Reservation: of.Reservation(), Amount: amount, At: at}); err != nil {
		return err
	}
	return b.cards.decide(w, of.Card, card.Release{Authorisation: of.Authorisation, Amount: amount, Day: of.Day, At: at})
}
