package account

import (
	"time"

	"florin/domain"
	"florin/domain/id"
	"florin/domain/money"
)

// What the bank's own people hold on an account, beside what payments hold: a
// seizure, a dispute, a mistake that is being looked into. It is a reservation
// like any other, named by the hold, with a reason that its holders are shown.

type (
	// HoldPlaced: an operator holds money; the balance has not moved.
	HoldPlaced struct {
		Hold   id.Hold      `json:"hold"`
		Amount money.Amount `json:"amount"`
		Reason string       `json:"reason"` // code
		At     time.Time    `json:"at"`
	}
	// HoldLifted: what was held is free again; Amount says how much that was.
	HoldLifted struct {
		Hold   id.Hold      `json:"hold"`
		Amount money.Amount `json:"amount"`
		Reason string       `json:"reason"` // code
		At     time.Time    `json:"at"`
	}
)

func (HoldPlaced) Kind() string  { return "account.hold_placed" }
func (HoldLifted) Kind() string  { return "account.hold_lifted" }
func (HoldPlaced) accountEvent() {}
func (HoldLifted) accountEvent() {}

type (
	// PlaceHold holds money that is there, also on a frozen account.
	PlaceHold struct {
		Hold   id.Hold
		Amount money.Amount
		Reason string
		At     time.Time
	}
	// LiftHold frees it, and only what PlaceHold holds.
	LiftHold struct {
		Hold   id.Hold
		Reason string
		At     time.Time
	}
)

func (PlaceHold) accountCommand() {}
func (LiftHold) accountCommand()  {}

// ErrNoHold: no operator holds money under this name.
var ErrNoHold = &domain.Refusal{Class: domain.Missing, Code: "not-found", Detail: "There is no such thing."}

func (s State) placeHold(c PlaceHold) ([]Event, error) {
	if s.Class == Internal {
		return nil, ErrMissing
	}
	if err := s.moves(c.Amount); err != nil {
		return nil, err
	}
	switch {
	case !isCode(c.Reason):
		return nil, ErrReason
	case s.find(c.Hold.Stream()) >= 0:
		return nil, ErrReservationExists
	case len(s.Reservations) >= ReservationsMax:
		return nil, ErrReservations
	case s.Available().Minor < c.Amount.Minor:
		return nil, ErrFunds
	case s.Held+c.Amount.Minor > money.MinorMax:
		return nil, ErrAmount
	}
	return []Event{HoldPlaced(c)}, nil
}

func (s State) liftHold(c LiftHold) ([]Event, error) {
	held, ok := s.Reserved(c.Hold.Stream())
	switch {
	case !ok, c.Hold.IsZero():
		return nil, ErrNoHold
	case !isCode(c.Reason):
		return nil, ErrReason
	}
	return []Event{HoldLifted{Hold: c.Hold, Amount: held, Reason: c.Reason, At: c.At}}, nil
}
