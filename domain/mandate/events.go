package mandate

import (
	"time"

	"florin/domain"
	"florin/domain/id"
	"florin/domain/money"
)

// Event is a fact about one mandate. The set is sealed by mandateEvent.
type Event interface {
	domain.Event
	mandateEvent()
}

// Terms are what a creditor says of itself and of the mandate.
type Terms struct {
	CreditorID   domain.Evidence `json:"creditor_id"` // SEPA creditor identifier
	CreditorName domain.Evidence `json:"creditor_name"`
	Reference    domain.Evidence `json:"reference"` // unique mandate reference (UMR)
}

type (
	// Granted: the account's holder lets the creditor collect, under strong authentication.
	Granted struct {
		Mandate  id.Mandate      `json:"mandate"`
		Account  id.Account      `json:"account"`
		Customer id.Customer     `json:"customer"` // who holds the account
		Creditor id.Creditor     `json:"creditor"`
		Terms    Terms           `json:"terms"`
		Limit    money.Amount    `json:"limit,omitzero"` // of one collection
		By       id.Customer     `json:"by"`
		Device   id.Device       `json:"device,omitzero"`
		Session  id.Session      `json:"session,omitzero"`
		Proof    domain.Evidence `json:"proof,omitzero"`
		Body     domain.Evidence `json:"body,omitzero"`
		TokenID  string          `json:"jti,omitempty"`
		At       time.Time       `json:"at"`
	}
	// Registered: a collection was the first that the bank heard of it.
	Registered struct {
		Mandate  id.Mandate  `json:"mandate"`
		Account  id.Account  `json:"account"`
		Customer id.Customer `json:"customer"`
		Creditor id.Creditor `json:"creditor"`
		Terms    Terms       `json:"terms"`
		At       time.Time   `json:"at"`
	}
	// Collected: money was taken by it.
	Collected struct {
		DirectDebit id.DirectDebit `json:"direct_debit"`
		Amount      money.Amount   `json:"amount"`
		At          time.Time      `json:"at"`
	}
	// LimitSet: one collection takes at most this; absent: as much as it says.
	LimitSet struct {
		Limit money.Amount `json:"limit,omitzero"`
		By    id.Customer  `json:"by"`
		At    time.Time    `json:"at"`
	}
	// Suspended: nothing is collected by it until it is resumed.
	Suspended struct {
		By id.Customer `json:"by"`
		At time.Time   `json:"at"`
	}
	// Resumed ends Suspended.
	Resumed struct {
		By id.Customer `json:"by"`
		At time.Time   `json:"at"`
	}
	// Cancelled: it is over. Reason is a code: customer, unauthorised, final-collection.
	Cancelled struct {
		Reason string    `json:"reason"`
		At     time.Time `json:"at"`
	}
	// Expired: nothing was collected by it for UnusedMonths.
	Expired struct {
		At time.Time `json:"at"`
	}
)

func (Granted) Kind() string    { return "mandate.granted" }
func (Registered) Kind() string { return "mandate.registered" }
func (Collected) Kind() string  { return "mandate.collected" }
func (LimitSet) Kind() string   { return "mandate.limit_set" }
func (Suspended) Kind() string  { return "mandate.suspended" }
func (Resumed) Kind() string    { return "mandate.resumed" }
func (Cancelled) Kind() string  { return "mandate.cancelled" }
func (Expired) Kind() string    { return "mandate.expired" }

func (Granted) mandateEvent()    {}
func (Registered) mandateEvent() {}
func (Collected) mandateEvent()  {}
func (LimitSet) mandateEvent()   {}
func (Suspended) mandateEvent()  {}
func (Resumed) mandateEvent()    {}
func (Cancelled) mandateEvent()  {}
func (Expired) mandateEvent()    {}

// CreditorEvent is a fact about one creditor of an account. The set is sealed.
type CreditorEvent interface {
	domain.Event
	creditorEvent()
}

type (
	// CreditorBlocked: the holder lets this creditor collect nothing, by whatever mandate.
	CreditorBlocked struct {
		Creditor id.Creditor `json:"creditor"`
		Account  id.Account  `json:"account"`
		By       id.Customer `json:"by"`
		At       time.Time   `json:"at"`
	}
	// CreditorAllowed ends CreditorBlocked.
	CreditorAllowed struct {
		Creditor id.Creditor `json:"creditor"`
		Account  id.Account  `json:"account"`
		By       id.Customer `json:"by"`
		At       time.Time   `json:"at"`
	}
)

func (CreditorBlocked) Kind() string { return "mandate.creditor_blocked" }
func (CreditorAllowed) Kind() string { return "mandate.creditor_allowed" }

func (CreditorBlocked) creditorEvent() {}
func (CreditorAllowed) creditorEvent() {}
