package commands

import (
	"time"

	"florin/domain"
	"florin/domain/account"
	"florin/domain/authorisation"
	"florin/domain/card"
	"florin/domain/customer"
	"florin/domain/id"
	"florin/domain/journal"
	"florin/domain/money"
)

// settle books a capture: the account pays the scheme.
func settle(w *work, of authorisation.State, entry id.Journal, amount money.Amount) error {
	b, at := w.bank, w.order.At
	behind, err := b.accounts.load(w, of.Account)
	if err != nil {
		return err
	}
	payer := of.Account
	if behind.Status == account.Finished { // empty when it was closed, so nothing is held either
		if payer, err = w.internal(account.Receivables, amount.Currency); err != nil {
			return err
		}
	}
	fromHold := money.Amount{Minor: min(of.Held, amount.Minor), Currency: amount.Currency}
	beyond := amount.Sub(fromHold)
	if err := enter(w, entry, journal.CardPurchase, account.SchemeSettlement, payer, fromHold.Negate(), beyond.Negate()); err != nil {
		return err
	}
	if fromHold.IsPositive() {
		capture := account.Capture{Reservation: of.Reservation(), Posting: entry.Stream(), Amount: fromHold, Forced: true, At: at}
		if err := b.accounts.decide(w, of.Account, capture); err != nil {
			return err
		}
	}
	if beyond.IsPositive() {
		return b.accounts.decide(w, payer, account.Debit{Posting: entry.Stream(), Amount: beyond, Forced: true, At: at})
	}
	return nil
}

// giveBackToCard books a refund: the scheme pays the account.
func giveBackToCard(w *work, of authorisation.State, entry id.Journal, amount money.Amount) error {
	b := w.bank
	behind, err := b.accounts.load(w, of.Account)
	if err != nil {
		return err
	}
	payee := of.Account
	if behind.Status == account.Finished {
		if payee, err = w.internal(account.Suspense, amount.Currency); err != nil {
			return err
		}
	}
	if err := enter(w, entry, journal.CardRefund, account.SchemeSettlement, payee, amount); err != nil {
		return err
	}
	return b.accounts.decide(w, payee, account.Credit{Posting: entry.Stream(), Amount: amount, At: w.order.At})
}

// enter books an entry between a place of the chart and an account: a leg of the
// account for each amount that is not nought, and one of the place for their sum. The
// place's side is booked too; the account's own is the caller's to decide.
func enter(w *work, entry id.Journal, purpose journal.Purpose, chart account.Chart, of id.Account, amounts ...money.Amount) error {
	b, at := w.bank, w.order.At
	var legs []money.Leg
	sum := money.Amount{}
	for _, amount := range amounts {
		if sum = sum.Add(amount); !amount.IsZero() {
			legs = append(legs, money.Leg{Account: of, Amount: amount})
		}
	}
	place, err := w.internal(chart, sum.Currency)
	if err != nil {
		return err
	}
	posting, err := money.NewPosting(append(legs, money.Leg{Account: place, Amount: sum.Negate()})...)
	if err != nil {
		return err
	}
	b.journals.begin(w, entry)
	if err := b.journals.decide(w, entry, journal.Post{Journal: entry, Purpose: purpose, Legs: posting, At: at}); err != nil {
		return err
	}
	if sum.IsPositive() {
		return b.accounts.decide(w, place, account.Debit{Posting: entry.Stream(), Amount: sum, At: at})
	}
	return b.accounts.decide(w, place, account.Credit{Posting: entry.Stream(), Amount: sum.Negate(), At: at})
}

// AuthorisationAnswer is an authorisation as the verb left it. What the verb did not
// touch is zero.
type AuthorisationAnswer struct {
	Authorisation id.Authorisation
	Card          id.Card
	Status        authorisation.Phase
	Amount        money.Amount // asked for, taken, freed or given back by this verb
	Held          money.Amount
	Journal       id.Journal
	ExpiresAt     time.Time
	At            time.Time
}

// authorisationAnswer makes the answer of every verb of authorisations from its
// facts: a decline is the refusal that its code names.
func authorisationAnswer(facts []Fact) (AuthorisationAnswer, error) {
	var (
		answer  AuthorisationAnswer
		refused error
	)
	for _, fact := range facts {
		event, ok := fact.Event.(authorisation.Event)
		if !ok {
			continue
		}
		answer.Authorisation = id.From[id.Authorisation](uuidIn(fact.Stream))
		if declined, no := event.(authorisation.Declined); no {
			refused = declineOf(declined.Code)
		}
		answer.take(event)
	}
	return answer, refused
}

func (a *AuthorisationAnswer) take(event authorisation.Event) {
	switch e := event.(type) {
	case authorisation.Requested:
		a.Card, a.Amount, a.At = e.Card, e.Amount, e.At
	case authorisation.Approved:
		a.Status, a.Held, a.ExpiresAt = authorisation.Open, e.Held, e.ExpiresAt
	case authorisation.Declined:
		a.Status = authorisation.Refused
	case authorisation.Captured:
		a.Status, a.Amount, a.Held, a.Journal, a.At = authorisation.Open, e.Amount, e.Held, e.Journal, e.At
		if e.Held.IsZero() {
			a.Status = authorisation.Taken
		}
	case authorisation.Reversed:
		if a.Journal.IsZero() { // by itself, and not the rest of a last capture
			a.Amount, a.At = e.Amount, e.At
		}
		a.Held = e.Held
		switch {
		case !e.Held.IsZero():
			a.Status = authorisation.Open
		case a.Journal.IsZero():
			a.Status = authorisation.GivenBack
		default:
			a.Status = authorisation.Taken
		}
	case authorisation.Expired:
		a.Status, a.Amount, a.Held, a.At = authorisation.TimedOut, e.Amount, money.Amount{Currency: e.Amount.Currency}, e.At
	case authorisation.Refunded:
		a.Status, a.Amount, a.Journal, a.At = authorisation.Taken, e.Amount, e.Journal, e.At
	}
}

// declineOf is what the network is told of a code kept in the log. One that no rule
// uses any more still gets its answer.
func declineOf(code string) *domain.Refusal {
	if refusal, ok := card.Refusal(code); ok {
		return refusal
	}
	if refusal, ok := account.Refusal(code); ok {
		return refusal
	}
	for _, refusal := range []*domain.Refusal{customer.ErrPaused, ErrNotActive} {
		if refusal.Code == code {
			return refusal
		}
	}
	return &domain.Refusal{Class: domain.Refused, Code: code, Detail: "The authorisation was declined."}
}
