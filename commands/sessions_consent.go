package commands

import (
	"context"

	"florin/domain/client"
	"florin/domain/consent"
	"florin/domain/customer"
	"florin/domain/id"
	"florin/domain/session"
)

// redeemConsent turns a third party's code into the first tokens of a family
// without a device: it is bound to the third party's key.
func (s Sessions) redeemConsent(ctx context.Context, order Order, app Client, asked id.Consent, ask RedeemCode) (Tokens, Outcome, error) {
	b := s.bank
	salt := opaque.EncodeToString(b.sources.Secret(16))
	tokens, outcome, err := execute(ctx, b, "session.redeem", order, streams(asked), func(w *work) error {
		return s.agreed(w, app, asked, ask, salt)
	}, func(facts []Fact) (Tokens, error) { return b.tokens(ctx, app.ClientID, session.Started{}, facts) })
	if err != nil {
		return Tokens{}, outcome, err
	}
	state, err := b.consents.look(ctx, asked) // for what never changes: nonce, details
	tokens.Nonce, tokens.Payment, tokens.Debtor = state.Nonce, state.Payment, state.Debtor
	return tokens, outcome, err
}

func (s Sessions) agreed(w *work, app Client, asked id.Consent, ask RedeemCode, salt string) error {
	b, at := s.bank, w.order.At
	state, err := b.consents.load(w, asked)
	if err != nil {
		return err
	}
	began := id.From[id.Session](DerivedID(w.order.ID, "session"))
	redeem := consent.Redeem{Session: began, Client: app.ID, JKT: ask.JKT, RedirectURI: ask.RedirectURI, Challenge: ask.Challenge, At: at}
	if err := b.consents.decide(w, asked, redeem); err != nil {
		return err
	}
	if state.Redeemed() {
		return b.sessions.decide(w, state.Becomes, session.Revoke{By: ActorSystem, Reason: "code-replayed", At: at})
	}
	return s.actFor(w, app, asked, state.Granted, began, ask.JKT, salt)
}

// actFor begins the family of a third party that acts for a customer who has agreed.
func (s Sessions) actFor(w *work, app Client, asked id.Consent, yes consent.Granted, began id.Session, jkt, salt string) error {
	b, at := s.bank, w.order.At
	if err := b.standing(w, yes.Customer, id.Device{}, app, false); err != nil {
		return err
	}
	check := b.overtaken
	if yes.Grant.IsZero() { // given by a device's key, which no password opens
		check = b.outlived
	}
	if err := check(w, yes.Customer, yes.AuthTime); err != nil {
		return err
	}
	if !app.uses(client.RefreshToken) {
		salt = ""
	}
	if err := s.join(w, yes.Customer, began); err != nil {
		return err
	}
	return s.begin(w, session.Start{
		Session: began, Customer: yes.Customer, Client: app.ID, Grant: yes.Grant, Consent: asked, JKT: jkt, Scopes: yes.Scopes,
		ACR: yes.ACR, AMR: yes.AMR, AuthTime: yes.AuthTime, Retry: session.RetryUntilUsed, Salt: salt,
		ExpiresAt: yes.AuthTime.Add(session.LifeMax), At: at,
	})
}

// join notes the family with its customer, and ends the one that it displaces.
func (s Sessions) join(w *work, of id.Customer, began id.Session) error {
	b, at := s.bank, w.order.At
	person, err := b.customers.load(w, of)
	if err != nil {
		return err
	}
	if oldest, full := person.Displaced(); full {
		if err := b.sessions.decide(w, oldest, session.Revoke{By: ActorSystem, Reason: "displaced", At: at}); err != nil {
			return err
		}
	}
	return b.customers.decide(w, of, customer.JoinThirdParty{Session: began, At: at})
}

// begin starts a family and gives its first tokens; one without a salt has
// nothing to refresh with.
func (s Sessions) begin(w *work, start session.Start) error {
	b := s.bank
	b.sessions.begin(w, start.Session)
	if err := b.sessions.decide(w, start.Session, start); err != nil {
		return err
	}
	issue := session.Issue{JTI: jti(w), At: start.At}
	if start.Salt != "" {
		var err error
		if _, issue.RefreshHash, err = b.refreshToken(start.Session, 1, start.Salt); err != nil {
			return err
		}
	}
	return b.sessions.decide(w, start.Session, issue)
}

// detailed adds what the customer agreed to in detail, for a third party's tokens.
func (b *Bank) detailed(ctx context.Context, tokens Tokens, family session.Started) (Tokens, error) {
	if family.Consent.IsZero() {
		return tokens, nil
	}
	state, err := b.consents.look(ctx, family.Consent)
	tokens.Payment, tokens.Debtor = state.Payment, state.Debtor
	return tokens, err
}
