package commands

import (
	"context"
	"time"

	"florin/domain/account"
	"florin/domain/id"
)

// TermsAnswer is the version of its product that an account will be kept on.
type TermsAnswer struct {
	Account id.Account
	Version int64  // that was announced, or withdrawn
	Month   string // from whose start on; "": it was withdrawn
	Worse   bool   // in some respect than what holds now
	At      time.Time
}

// AnnounceTerms moves an account to a newer version of its product from the start of a
// month on; worse terms with two months' notice. It is for operators alone: the route
// says so. Refusals: those of account.AnnounceTerms.
func (a Accounts) AnnounceTerms(ctx context.Context, order Order, of id.Account, version int64) (TermsAnswer, Outcome, error) {
	b := a.bank
	return execute(ctx, b, "account.announce_terms", order, streams(of), func(w *work) error {
		state, err := b.accounts.load(w, of)
		if err != nil {
			return err
		}
		announce := account.AnnounceTerms{Version: version, Reason: order.Caller.Reason, At: order.At}
		if !state.Product.IsZero() {
			offered, err := b.products.load(w, state.Product)
			if err != nil {
				return err
			}
			now, _ := offered.Terms(state.Version)
			then, _ := offered.Terms(version)
			announce.Newest, announce.Worse = offered.Latest(), then.Worse(now)
		}
		w.order.Caller.actFor(state.Customer)
		return b.accounts.decide(w, of, announce)
	}, termsAnswer)
}

func termsAnswer(facts []Fact) (TermsAnswer, error) {
	for _, fact := range facts {
		of := id.From[id.Account](uuidIn(fact.Stream))
		switch e := fact.Event.(type) {
		case account.TermsAnnounced:
			return TermsAnswer{Account: of, Version: e.Version, Month: e.Month, Worse: e.Worse, At: e.At}, nil
		case account.TermsWithdrawn:
			return TermsAnswer{Account: of, Version: e.Version, At: e.At}, nil
		}
	}
	return TermsAnswer{}, nil
}

// adoptTerms has what was announced for the month after the one that was just closed hold.
func (b *Bank) adoptTerms(w *work, of id.Account) error {
	state, err := b.accounts.load(w, of)
	if err != nil || !state.Adopts() {
		return err
	}
	offered, err := b.products.load(w, state.Product)
	if err != nil {
		return err
	}
	then, _ := offered.Terms(state.Announced.Version)
	return b.accounts.decide(w, of, account.AdoptTerms{OverdraftLimit: then.OverdraftLimit, At: w.order.At})
}
