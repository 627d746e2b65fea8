package authorisation

import (
	"time"

	"florin/domain"
	"florin/domain/id"
	"florin/domain/money"
)

// Event is a fact about one authorisation. The set is sealed by authorisationEvent.
type Event interface {
	domain.Event
	authorisationEvent()
}

type (
	// Requested: a shop asked through the card network. Category is the shop's line of
	// business (ISO 18245, four digits); where it was is the customer's to be forgotten.
	Requested struct {
		Authorisation id.Authorisation `json:"authorisation"`
		Card          id.Card          `json:"card"`
		Customer      id.Customer      `json:"customer"`
		Account       id.Account       `json:"account"`
		Amount        money.Amount     `json:"amount"`
		Merchant      domain.Evidence  `json:"merchant,omitzero"`
		Category      string           `json:"category,omitempty"`
		Offline       bool             `json:"offline,omitempty"` // the terminal had said yes by itself
		At            time.Time        `json:"at"`
	}
	// Approved: so much is held until ExpiresAt; nothing, for an offline one. Day is
	// that of the card's limits which it counts to.
	Approved struct {
		Held      money.Amount `json:"held"`
		Day       string       `json:"day"`
		ExpiresAt time.Time    `json:"expires_at,omitzero"`
		At        time.Time    `json:"at"`
	}
	// Declined: a rule of the card or the account said no, for ever.
	Declined struct {
		Code string    `json:"code"`
		At   time.Time `json:"at"`
	}
	// Captured: the shop has taken Amount, by the entry. Held is what is still held.
	Captured struct {
		Journal id.Journal   `json:"journal"`
		Amount  money.Amount `json:"amount"`
		Held    money.Amount `json:"held"`
		At      time.Time    `json:"at"`
	}
	// Reversed: Amount that was held is free again; Held is what is still held.
	Reversed struct {
		Amount money.Amount `json:"amount"`
		Held   money.Amount `json:"held"`
		At     time.Time    `json:"at"`
	}
	// Expired: the shop has not come; what was still held is free again.
	Expired struct {
		Amount money.Amount `json:"amount"`
		At     time.Time    `json:"at"`
	}
	// Refunded: the shop has given Amount back, by the entry.
	Refunded struct {
		Journal id.Journal   `json:"journal"`
		Amount  money.Amount `json:"amount"`
		At      time.Time    `json:"at"`
	}
)

func (Requested) Kind() string { return "authorisation.requested" }
func (Approved) Kind() string  { return "authorisation.approved" }
func (Declined) Kind() string  { return "authorisation.declined" }
func (Captured) Kind() string  { return "authorisation.captured" }
func (Reversed) Kind() string  { return "authorisation.reversed" }
func (Expired) Kind() string   { return "authorisation.expired" }
func (Refunded) Kind() string  { return "authorisation.refunded" }

func (Requested) authorisationEvent() {}
func (Approved) authorisationEvent()  {}
func (Declined) authorisationEvent()  {}
func (Captured) authorisationEvent()  {}
func (Reversed) authorisationEvent()  {}
func (Expired) authorisationEvent()   {}
func (Refunded) authorisationEvent()  {}
