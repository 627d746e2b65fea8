package service

import (
	"context"
	"errors"
	"net/http"

	"florin/commands"
	"florin/domain/customer"
	"florin/domain/id"
	"florin/domain/proposal"
	"florin/domain/text"
	"florin/eventbus"
	"florin/gateway/wire"
	"florin/schemas"
)

// StandingAnswer is a customer as an operator left it. A customer who is to be
// erased is closed at once; the erasing itself follows the log.
type StandingAnswer struct {
	Customer id.Customer       `json:"customer_id"`
	Status   string            `json:"status"`
	Position eventbus.Position `json:"position,omitzero"` // 0: nothing was left to do
}

// Activate lets a pending or restricted customer move money: the identity checks,
// which are made elsewhere, are passed. In production one operator activates who
// is pending; lifting a restriction is a proposal: 202.
func (s Customers) Activate(w http.ResponseWriter, r *http.Request) error {
	body, err := wire.Decode[schemas.ActivateCustomer](CallOf(r.Context()).Body)
	if err != nil {
		return err
	}
	activate := s.Bank.Customers().First
	if s.alone() {
		activate = s.Bank.Customers().Activate
	}
	err = s.stand(w, r, customer.Active, func(ctx context.Context, order commands.Order, of id.Customer) (commands.Outcome, error) {
		order.Caller.Reason = body.Reason
		return activate(ctx, order, of)
	})
	if !errors.Is(err, customer.ErrRestricted) {
		return err
	}
	of, err := pathID[id.Customer](r)
	if err != nil {
		return err
	}
	order := s.order(r, CallOf(r.Context()))
	order.ID = commands.DerivedID(order.ID, "activation") // the request's own is the activation's, should it be pending by then
	order.Caller.Reason = body.Reason
	return s.propose(w, r, order, commands.Propose{Type: proposal.Activation, Details: proposal.Details{Customer: of}})
}

// Restrict lets a customer look and not touch.
func (s Customers) Restrict(w http.ResponseWriter, r *http.Request) error {
	body, err := wire.Decode[schemas.RestrictCustomer](CallOf(r.Context()).Body)
	if err != nil {
		return err
	}
	return s.stand(w, r, customer.Limited, func(ctx context.Context, order commands.Order, of id.Customer) (commands.Outcome, error) {
		order.Caller.Reason = body.Reason
		return s.Bank.Customers().Restrict(ctx, order, of, body.Reason)
	})
}

// LiftSendingLimit ends the limit that risk has put on what a customer sends.
func (s Customers) LiftSendingLimit(w http.ResponseWriter, r *http.Request) error {
	call := CallOf(r.Context())
	body, err := wire.Decode[schemas.LiftSendingLimit](call.Body)
	if err != nil {
		return err
	}
	of, err := pathID[id.Customer](r)
	if err != nil {
		return err
	}
	order, err := s.reasoned(r, call, body.Reason)
	if err != nil {
		return err
	}
	outcome, err := s.Bank.Customers().LiftSendingLimit(r.Context(), order, of)
	if err != nil {
		return refused(w, outcome, err)
	}
	answered(w, outcome)
	return wire.OK(w, StandingAnswer{Customer: of, Status: "unlimited", Position: outcome.Receipt.Last})
}

// Erase begins the forgetting of a person, and ends every session. In production
// it is a proposal: 202.
func (s Customers) Erase(w http.ResponseWriter, r *http.Request) error {
	body, err := wire.Decode[schemas.EraseCustomer](CallOf(r.Context()).Body)
	if err != nil {
		return err
	}
	if !s.alone() {
		of, err := pathID[id.Customer](r)
		if err != nil {
			return err
		}
		if !text.Code(body.LegalBasis) {
			return customer.ErrReason
		}
		order := s.order(r, CallOf(r.Context()))
		order.Caller.Reason = body.LegalBasis
		return s.propose(w, r, order, commands.Propose{Type: proposal.Erasure, Details: proposal.Details{Customer: of, LegalBasis: body.LegalBasis}})
	}
	return s.stand(w, r, customer.ClosedDown, func(ctx context.Context, order commands.Order, of id.Customer) (commands.Outcome, error) {
		order.Caller.Reason = body.LegalBasis
		return s.Bank.Customers().RequestErasure(ctx, order, of, body.LegalBasis)
	})
}

// stand answers when the door knows of the change: the customer's next request
// meets it.
func (s Customers) stand(w http.ResponseWriter, r *http.Request, status customer.Status,
	verb func(context.Context, commands.Order, id.Customer) (commands.Outcome, error)) error {
	of, err := pathID[id.Customer](r)
	if err != nil {
		return err
	}
	outcome, err := verb(r.Context(), s.order(r, CallOf(r.Context())), of)
	if err != nil {
		return refused(w, outcome, err)
	}
	if err := s.settled(r, outcome); err != nil {
		return err
	}
	answered(w, outcome)
	return wire.OK(w, StandingAnswer{Customer: of, Status: string(status), Position: outcome.Receipt.Last})
}
