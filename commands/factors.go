package commands

import (
	"context"
	"time"

	"florin/domain/customer"
	"florin/domain/id"
)

// Factors are the verbs of a customer's means of authentication. That the caller
// is the customer, freshly and by a factor that was there before, is proven before
// any of them. Each change is a fact that the customer is told of.
//
// A new factor comes in two steps: an offer, whose secret or challenge is derived
// from the factor's id and kept nowhere, and the proof that the customer holds it.
type Factors struct{ bank *Bank }

// Factors gives the verbs of factors.
func (b *Bank) Factors() Factors { return Factors{b} }

// FactorAnswer is a factor as a verb left it. Secret and URI are of an offered
// authenticator app alone.
type FactorAnswer struct {
	Factor     id.Factor
	Type       string
	Secret     string   // base32
	URI        string   // otpauth://
	Codes      []string // for recovery
	ExpiresAt  time.Time
	UsableFrom time.Time // for payments; zero: any time
	At         time.Time
}

// List are the factors of a customer, the oldest first. It reads the state that
// decides, so a change that was answered is seen.
func (f Factors) List(ctx context.Context, of id.Customer) ([]customer.Factor, error) {
	state, err := f.bank.customers.look(ctx, of)
	return state.Factors, err
}

// OfferTOTP shows the secret of a new authenticator app. A repeat shows the same.
func (f Factors) OfferTOTP(ctx context.Context, order Order) (FactorAnswer, Outcome, error) {
	return f.offer(ctx, order, "factor.offer_totp", customer.TypeTOTP)
}

func (f Factors) offer(ctx context.Context, order Order, verb, kind string) (FactorAnswer, Outcome, error) {
	offer := customer.OfferFactor{Factor: id.From[id.Factor](DerivedID(order.ID, "factor")), Type: kind, At: order.At}
	return f.change(ctx, order, verb, offer.Factor, offer)
}

// ConfirmTOTP adds an offered authenticator app. The code is spent with it. A wrong
// one changes nothing and takes from no budget: the caller was shown the secret.
func (f Factors) ConfirmTOTP(ctx context.Context, order Order, factor id.Factor, code string) (FactorAnswer, Outcome, error) {
	step, ok, err := f.bank.matchTOTP(factor, code, order.At)
	if err != nil {
		return FactorAnswer{}, Outcome{}, err
	}
	var wrong error
	if !ok {
		wrong = customer.ErrFactorCode
	}
	return f.confirm(ctx, order, "factor.confirm_totp", factor, wrong,
		customer.AddFactor{Factor: factor, Type: customer.TypeTOTP, Device: order.Caller.Device, At: order.At},
		customer.UseOTP{Factor: factor, Step: step, At: order.At})
}

// confirm takes an offered factor in; wrong is what speaks against the proof.
func (f Factors) confirm(ctx context.Context, order Order, verb string, factor id.Factor, wrong error, all ...customer.Command) (FactorAnswer, Outcome, error) {
	b, of := f.bank, order.Caller.Customer
	return execute(ctx, b, verb, order, streams(of), func(w *work) error {
		state, err := b.customers.load(w, of)
		if err != nil {
			return err
		}
		if _, err := state.Offered(factor, order.At); err != nil {
			return missing(state, factor, err)
		}
		if wrong != nil {
			return wrong
		}
		return f.decide(w, of, all...)
	}, f.answer(ctx, factor))
}

// Approve ends the waiting time of a new factor; the caller's device has to be
// another than the one it was added from, and the customer's before it.
func (f Factors) Approve(ctx context.Context, order Order, factor id.Factor) (FactorAnswer, Outcome, error) {
	return f.change(ctx, order, "factor.approve", factor, customer.ApproveFactor{Factor: factor, Device: order.Caller.Device, At: order.At})
}

// Remove takes a factor away, but never the last second one.
func (f Factors) Remove(ctx context.Context, order Order, factor id.Factor) (FactorAnswer, Outcome, error) {
	return f.change(ctx, order, "factor.remove", factor, customer.RemoveFactor{Factor: factor, At: order.At})
}

func (f Factors) change(ctx context.Context, order Order, verb string, factor id.Factor, command customer.Command) (FactorAnswer, Outcome, error) {
	b, of := f.bank, order.Caller.Customer
	return execute(ctx, b, verb, order, streams(of), func(w *work) error {
		if err := f.decide(w, of, command); err != nil {
			state, loadErr := b.customers.load(w, of)
			return orElse(loadErr, missing(state, factor, err))
		}
		return nil
	}, f.answer(ctx, factor))
}

func (f Factors) decide(w *work, of id.Customer, all ...customer.Command) error {
	w.under(ofCustomer(of))
	for _, command := range all {
		if err := f.bank.customers.decide(w, of, command); err != nil {
			return err
		}
	}
	return nil
}

// missing makes what is not the customer's, and was not offered to them, the same
// answer as what is nowhere.
func missing(state customer.State, factor id.Factor, err error) error {
	if _, there := state.Factor(factor); there {
		return err
	}
	for _, offer := range state.Offers {
		if offer.Factor == factor {
			return err
		}
	}
	if err == error(customer.ErrFactor) || err == error(customer.ErrFactorOffer) {
		return customer.ErrUnknown
	}
	return err
}

// answer reads what a verb did to a factor. One that changed nothing says which
// factor it was about.
func (f Factors) answer(ctx context.Context, factor id.Factor) func([]Fact) (FactorAnswer, error) {
	return func(facts []Fact) (answer FactorAnswer, err error) {
		answer.Factor = factor
		for _, fact := range facts {
			switch e := fact.Event.(type) {
			case customer.FactorOffered:
				answer = FactorAnswer{Factor: e.Factor, Type: e.Type, ExpiresAt: e.ExpiresAt, At: e.At}
				if e.Type == customer.TypeTOTP {
					answer.Secret, answer.URI, err = f.bank.totpFor(ctx, e.Factor, id.From[id.Customer](uuidIn(fact.Stream)))
				}
			case customer.FactorAdded:
				answer = FactorAnswer{Factor: e.Factor, Type: e.Type, UsableFrom: e.UsableFrom, At: e.At}
			case customer.RecoveryCodesMade:
				answer = FactorAnswer{Factor: e.Factor, Type: customer.TypeRecovery, At: e.At}
				answer.Codes, err = f.bank.recoveryCodes(e.Factor)
			case customer.PasskeyAdded:
				answer = FactorAnswer{Factor: e.Factor, Type: customer.TypePasskey, UsableFrom: e.UsableFrom, At: e.At}
			case customer.FactorApproved:
				answer.UsableFrom = e.At
			case customer.FactorRemoved: // of recovery codes: the list before
				answer.At = e.At
			}
		}
		return answer, err
	}
}
