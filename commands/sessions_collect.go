package commands

import (
	"context"

	"florin/domain/client"
	"florin/domain/consent"
	"florin/domain/id"
	"florin/domain/session"
)

// CollectTokens asks for the answer to a request by the back channel. JKT is of the
// proven key.
type CollectTokens struct{ ClientID, JKT, AuthReqID string }

// Collect turns the customer's yes into the first tokens of a family. Refusals:
// consent.ErrPending, ErrDenied, ErrExpired; whatever else is wrong is
// invalid-grant. An auth_req_id that comes again ends the family it became.
func (s Sessions) Collect(ctx context.Context, order Order, ask CollectTokens) (Tokens, Outcome, error) {
	b := s.bank
	app, err := b.allowed(ctx, ask.ClientID, client.CIBA)
	if err != nil {
		return Tokens{}, Outcome{}, err
	}
	asked, err := b.readAuthReqID(ask.AuthReqID)
	if err != nil {
		return Tokens{}, Outcome{}, err
	}
	salt := opaque.EncodeToString(b.sources.Secret(16))
	tokens, outcome, err := execute(ctx, b, "session.collect", order, streams(asked), func(w *work) error {
		return s.collect(w, app, asked, ask, salt)
	}, func(facts []Fact) (Tokens, error) { return b.tokens(ctx, app.ClientID, session.Started{}, facts) })
	if err != nil {
		return Tokens{}, outcome, err
	}
	state, err := b.consents.look(ctx, asked) // for what never changes
	tokens.Payment, tokens.Debtor = state.Payment, state.Debtor
	return tokens, outcome, err
}

func (s Sessions) collect(w *work, app Client, asked id.Consent, ask CollectTokens, salt string) error {
	b, at := s.bank, w.order.At
	state, err := b.consents.load(w, asked)
	if err != nil {
		return err
	}
	began := id.From[id.Session](DerivedID(w.order.ID, "session"))
	if err := b.consents.decide(w, asked, consent.Collect{Session: began, Client: app.ID, JKT: ask.JKT, At: at}); err != nil {
		return err
	}
	if state.Redeemed() {
		return b.sessions.decide(w, state.Becomes, session.Revoke{By: ActorSystem, Reason: "code-replayed", At: at})
	}
	by, err := b.devices.load(w, state.By) // revoked in between: its word counts no more
	if err != nil {
		return err
	}
	if !by.Usable() || by.Customer != state.Granted.Customer {
		return session.ErrGrant
	}
	return s.actFor(w, app, asked, state.Granted, began, ask.JKT, salt)
}
