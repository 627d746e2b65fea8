package service

import (
	"context"
	"net/http"

	"florin/commands"
	"florin/domain/id"
	"florin/gateway/problem"
	"florin/gateway/wire"
	"florin/schemas"
)

// Simulate serves what comes from outside the bank, which in a sandbox customers may
// make by hand: a shop's card terminal, another bank, the rail's answers. Each does
// what the machine does in production, by the same commands, to what is the caller's.
type Simulate struct{ Desk }

// owned is nil for what is the caller's; all else is not there.
func owned[K id.Kind](r *http.Request, owner func(context.Context, id.ID[K]) (id.Customer, error), of id.ID[K]) error {
	who, err := owner(r.Context(), of)
	switch {
	case err != nil:
		return err
	case who.IsZero() || who != CallOf(r.Context()).Caller.Customer:
		return problem.NotFound
	}
	return nil
}

// ownedPath asks the same of what the path names.
func ownedPath[K id.Kind](r *http.Request, owner func(context.Context, id.ID[K]) (id.Customer, error)) (of id.ID[K], err error) {
	if of, err = pathID[id.ID[K]](r); err != nil {
		return of, err
	}
	return of, owned(r, owner, of)
}

// Request is a shop that asks one of the caller's cards for money. It leads to where the
// card's owner reads what shops hold, for the authorisation itself is the network's.
func (s Simulate) Request(w http.ResponseWriter, r *http.Request) error {
	body, err := wire.Decode[schemas.RequestAuthorisation](CallOf(r.Context()).Body)
	if err != nil {
		return err
	}
	if err := owned(r, s.Bank.Cards().Owner, body.Card); err != nil {
		return err
	}
	return Authorisations(s).request(w, r, func(w http.ResponseWriter, _ string, v any) error {
		return wire.Created(w, "/v1/cards/"+body.Card.String()+"/authorisations", v)
	})
}

// Capture is the shop that takes the money.
func (s Simulate) Capture(w http.ResponseWriter, r *http.Request) error {
	return s.network(w, r, Authorisations(s).Capture)
}

// Reverse is the shop that frees what is held.
func (s Simulate) Reverse(w http.ResponseWriter, r *http.Request) error {
	return s.network(w, r, Authorisations(s).Reverse)
}

// Refund is the shop that gives back what it took.
func (s Simulate) Refund(w http.ResponseWriter, r *http.Request) error {
	return s.network(w, r, Authorisations(s).Refund)
}

func (s Simulate) network(w http.ResponseWriter, r *http.Request, handle func(http.ResponseWriter, *http.Request) error) error {
	if _, err := ownedPath(r, s.Bank.Authorisations().Owner); err != nil {
		return err
	}
	return handle(w, r)
}

// Receive is another bank that pays: 201, credited or suspended.
func (s Simulate) Receive(w http.ResponseWriter, r *http.Request) error {
	return Incoming(s).Receive(w, r)
}

// Return is the other bank that sends a payment of the caller's back.
func (s Simulate) Return(w http.ResponseWriter, r *http.Request) error {
	if _, err := ownedPath(r, s.Bank.Payments().Owner); err != nil {
		return err
	}
	return Payments(s).Return(w, r)
}

// Answer is the rail that says what became of a payment of the caller's: so one whose
// reference is "simulate pending" goes on when it is told to.
func (s Simulate) Answer(w http.ResponseWriter, r *http.Request) error {
	call := CallOf(r.Context())
	of, err := ownedPath(r, s.Bank.Payments().Owner)
	if err != nil {
		return err
	}
	body, err := wire.Decode[schemas.SimulateRail](call.Body)
	if err != nil {
		return err
	}
	switch commands.RailStatus(body.Answer) {
	case commands.RailAccepted, commands.RailSettled, commands.RailRejected:
	default:
		return problem.BadRequest.With("The answer is accepted, settled or rejected.")
	}
	if (body.Reason != "") != (body.Answer == string(commands.RailRejected)) {
		return problem.BadRequest.With("A rejection has a reason, and nothing else has one.")
	}
	answer, outcome, err := s.Bank.Payments().Simulate(r.Context(), s.order(r, call), of, commands.RailStatus(body.Answer), body.Reason)
	return Payments(s).answer(w, done, answer, outcome, err)
}
