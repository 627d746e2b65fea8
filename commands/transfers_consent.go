package commands

import (
	"context"

	"florin/domain/consent"
	"florin/domain/grant"
	"florin/domain/id"
	"florin/domain/transfer"
)

// third tells whether a third party asks, for a customer who has agreed.
func (c Caller) third() bool { return c.ActorType == ActorClient && !c.Customer.IsZero() }

// consentOf is what the customer agreed to with the third party that calls; it is
// zero for every other caller. It never changes for a family.
func (b *Bank) consentOf(ctx context.Context, caller Caller) (id.Consent, error) {
	if !caller.third() {
		return id.Consent{}, nil
	}
	family, err := b.sessions.look(ctx, caller.Session)
	if err == nil && family.Consent.IsZero() {
		err = consent.ErrNoPayment
	}
	return family.Consent, err
}

// agreed holds the request against what the customer has agreed to, and gives what
// the transfer keeps of it: nothing of a customer's own request. A refusal of
// consent leaves no trace in the transfer's stream.
func (i initiation) agreed(w *work) (transfer.Consented, error) {
	if i.consent.IsZero() {
		return transfer.Consented{}, nil
	}
	state, err := i.bank.consents.load(w, i.consent)
	if err != nil {
		return transfer.Consented{}, err
	}
	if _, err := state.Decide(i.pay()); err != nil {
		return transfer.Consented{}, err
	}
	yes := state.Granted
	agreed := transfer.Consented{Consent: i.consent, Client: yes.Client, ACR: yes.ACR, AMR: yes.AMR, AuthTime: yes.AuthTime}
	if state.Confirms(i.order.At) && yes.ACR != grant.ACRDevice {
		agreed.Basis = transfer.ByConsent
	}
	return agreed, nil
}

func (i initiation) pay() consent.Pay {
	return consent.Pay{
		Client: i.order.Caller.Client, Customer: i.order.Caller.Customer, Transfer: i.transfer, From: i.From, To: i.To, Amount: i.Amount,
		Reference: i.Reference.Reveal(), At: i.order.At,
	}
}

// spend notes that the payment was made, once money moves or is held for it. What
// a rule of money refused may be asked for again.
func (i initiation) spend(w *work, command transfer.Initiate) error {
	if i.consent.IsZero() || command.Refused != "" || command.Outcome() == transfer.Block {
		return nil
	}
	return i.bank.consents.decide(w, i.consent, i.pay())
}
