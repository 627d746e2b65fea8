package service

import (
	"net/http"

	"florin/commands"
	"florin/domain/customer"
	"florin/domain/id"
	"florin/gateway/passkey"
	"florin/gateway/wire"
	"florin/schemas"
)

// OfferPasskey begins a new passkey or security key.
func (s Factors) OfferPasskey(w http.ResponseWriter, r *http.Request) error {
	call := CallOf(r.Context())
	if err := empty(call.Body); err != nil {
		return err
	}
	answer, outcome, err := s.Bank.Factors().OfferPasskey(r.Context(), s.order(r, call))
	if err != nil {
		return refused(w, outcome, err)
	}
	body := factorOf(answer)
	if body.Options, err = s.creation(r, call.Caller.Customer, answer.Factor); err != nil {
		return err
	}
	return s.answer(w, factorOffered, wire.Created, body, outcome, nil)
}

func (s Factors) creation(r *http.Request, of id.Customer, factor id.Factor) (passkey.Options, error) {
	challenge, err := s.Bank.Factors().PasskeyChallenge(factor)
	if err != nil {
		return nil, err
	}
	called, err := s.Bank.Customers().Name(r.Context(), of)
	if err != nil {
		return nil, err
	}
	name, err := s.Bank.Customers().LoginName(r.Context(), of)
	if err != nil {
		return nil, err
	}
	have, err := s.Bank.Factors().List(r.Context(), of)
	if err != nil {
		return nil, err
	}
	user := of.UUID()
	return s.Party.Creation(challenge, user[:], name.Reveal(), called.Reveal(), have)
}

// AddPasskey takes in the passkey that was made for an offer.
func (s Factors) AddPasskey(w http.ResponseWriter, r *http.Request) error {
	call := CallOf(r.Context())
	asked, err := pathID[id.Factor](r)
	if err != nil {
		return err
	}
	body, err := wire.Decode[schemas.AddPasskey](call.Body)
	if err != nil {
		return err
	}
	challenge, err := s.Bank.Factors().PasskeyChallenge(asked)
	if err != nil {
		return err
	}
	made, err := s.Party.Attested(body.Credential, challenge)
	if err != nil {
		made = customer.Credential{} // the rules say what that is: nothing is told of whose offer it is
	}
	answer, outcome, err := s.Bank.Factors().AddPasskey(r.Context(), s.order(r, call), asked, made)
	return s.answer(w, factorActive, done, factorOf(answer), outcome, err)
}

func assentOf(said passkey.Assertion) commands.PasskeyAssent {
	return commands.PasskeyAssent{Factor: said.Factor.Factor, SignCount: said.SignCount, BackupEligible: said.BackupEligible,
		BackedUp: said.BackedUp, UserVerified: said.UserVerified}
}
