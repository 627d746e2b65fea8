package account

import (
	"time"

	"florin/domain"
	"florin/domain/id"
	"florin/domain/money"
)

// Event is a fact about one account. The set is sealed by accountEvent.
//
// A posting or a reservation is named by the stream of what caused it
// ("transfer/<uuid>", "journal/<uuid>"): the legs lie there, here lies the claim.
// Balance is always the booked balance after the fact.
type Event interface {
	domain.Event
	accountEvent()
}

type (
	// Opened: the account exists. A customer's account belongs to Customer; an
	// internal one has a place in the chart instead, no owner and no limits.
	Opened struct {
		Account        id.Account     `json:"account"`
		Customer       id.Customer    `json:"customer,omitzero"`
		Class          Class          `json:"class"`
		Chart          Chart          `json:"chart,omitempty"`
		Name           domain.Profile `json:"name,omitzero"` // of the holder, as payers are shown it
		Currency       money.Currency `json:"currency"`
		Product        string         `json:"product,omitempty"`
		OverdraftLimit money.Amount   `json:"overdraft_limit,omitzero"`
		DailyLimit     money.Amount   `json:"daily_limit,omitzero"` // of outgoing payments a day (UTC); absent: none
		At             time.Time      `json:"at"`
	}
	// Numbered: the account is known to other banks by this IBAN, for ever. Claim is
	// the stream that keeps the number from being given twice.
	Numbered struct {
		IBAN  domain.Evidence `json:"iban"`
		Claim id.Claim        `json:"claim"`
		At    time.Time       `json:"at"`
	}
	// Debited: money has left. Day is set when it counts against the daily limit.
	Debited struct {
		Posting string       `json:"posting"`
		Amount  money.Amount `json:"amount"`
		Balance money.Amount `json:"balance"`
		Forced  bool         `json:"forced,omitempty"` // posted whatever the balance
		Day     string       `json:"day,omitempty"`    // "2026-01-02"
		At      time.Time    `json:"at"`
	}
	// Credited: money has arrived.
	Credited struct {
		Posting string       `json:"posting"`
		Amount  money.Amount `json:"amount"`
		Balance money.Amount `json:"balance"`
		At      time.Time    `json:"at"`
	}
	// FundsReserved: money is held for a purpose; the balance has not moved.
	FundsReserved struct {
		Reservation string       `json:"reservation"`
		Amount      money.Amount `json:"amount"`
		Day         string       `json:"day,omitempty"` // set when it counts against the daily limit
		At          time.Time    `json:"at"`
	}
	// ReservationCaptured: held money has left. What was held beyond Amount stays held.
	ReservationCaptured struct {
		Reservation string       `json:"reservation"`
		Posting     string       `json:"posting"`
		Amount      money.Amount `json:"amount"`
		Balance     money.Amount `json:"balance"`
		At          time.Time    `json:"at"`
	}
	// ReservationReleased: what was still held is free again; Amount says how much that was.
	ReservationReleased struct {
		Reservation string       `json:"reservation"`
		Amount      money.Amount `json:"amount"`
		At          time.Time    `json:"at"`
	}
	// Overdrawn: the fact before this one left the balance below what the
	// overdraft allows. Only forced debits, and captures after them, can do that.
	Overdrawn struct {
		Balance money.Amount `json:"balance"`
		At      time.Time    `json:"at"`
	}
	// Frozen: no money leaves until it is unfrozen; money may arrive.
	Frozen struct {
		Reason string    `json:"reason"` // code
		At     time.Time `json:"at"`
	}
	// Unfrozen ends Frozen.
	Unfrozen struct {
		Reason string    `json:"reason"`
		At     time.Time `json:"at"`
	}
	// Closed: nothing moves any more.
	Closed struct {
		Reason string    `json:"reason"`
		At     time.Time `json:"at"`
	}
)

func (Opened) Kind() string              { return "account.opened" }
func (Numbered) Kind() string            { return "account.numbered" }
func (Debited) Kind() string             { return "account.debited" }
func (Credited) Kind() string            { return "account.credited" }
func (FundsReserved) Kind() string       { return "account.funds_reserved" }
func (ReservationCaptured) Kind() string { return "account.reservation_captured" }
func (ReservationReleased) Kind() string { return "account.reservation_released" }
func (Overdrawn) Kind() string           { return "account.overdrawn" }
func (Frozen) Kind() string              { return "account.frozen" }
func (Unfrozen) Kind() string            { return "account.unfrozen" }
func (Closed) Kind() string              { return "account.closed" }

func (Opened) accountEvent()              {}
func (Numbered) accountEvent()            {}
func (Debited) accountEvent()             {}
func (Credited) accountEvent()            {}
func (FundsReserved) accountEvent()       {}
func (ReservationCaptured) accountEvent() {}
func (ReservationReleased) accountEvent() {}
func (Overdrawn) accountEvent()           {}
func (Frozen) accountEvent()              {}
func (Unfrozen) accountEvent()            {}
func (Closed) accountEvent()              {}
