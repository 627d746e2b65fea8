package schemas

import (
	"florin/domain/authorisation"
	"florin/domain/card"
	"florin/domain/id"
)

// Cards lists every kind of record that the stream of a card may hold.
var Cards = newTable(
	Event(1, func(e card.Issued) card.Event { return e }),
	Event(1, func(e card.Personalised) card.Event { return e }),
	Event(1, func(e card.Frozen) card.Event { return e }),
	Event(1, func(e card.Unfrozen) card.Event { return e }),
	Event(1, func(e card.LimitsSet) card.Event { return e }),
	Event(1, func(e card.Replaced) card.Event { return e }),
	Event(1, func(e card.Closed) card.Event { return e }),
	Event(1, func(e card.SpendingCarried) card.Event { return e }),
	Event(1, func(e card.Authorised) card.Event { return e }),
	Event(1, func(e card.AuthorisationReleased) card.Event { return e }),
)

// Authorisations lists every kind of record that the stream of a card's
// authorisation may hold.
var Authorisations = newTable(
	Event(1, func(e authorisation.Requested) authorisation.Event { return e }),
	Event(1, func(e authorisation.Approved) authorisation.Event { return e }),
	Event(1, func(e authorisation.Declined) authorisation.Event { return e }),
	Event(1, func(e authorisation.Captured) authorisation.Event { return e }),
	Event(1, func(e authorisation.Reversed) authorisation.Event { return e }),
	Event(1, func(e authorisation.Expired) authorisation.Event { return e }),
	Event(1, func(e authorisation.Refunded) authorisation.Event { return e }),
)

// The bodies of what is asked of cards, and by the card network. Amounts of limits
// are in the currency of the account; one that is not said is the bank's own.
type (
	// IssueCard is POST /v1/cards.
	IssueCard struct {
		Account id.Account `json:"account"`
		Each    Decimal    `json:"limit_each,omitzero"`
		Day     Decimal    `json:"limit_day,omitzero"`
		Month   Decimal    `json:"limit_month,omitzero"`
	}
	// PersonaliseCard is POST /v1/cards/{id}/personalisation: whoever makes the cards
	// says that it is made. Its number stays with the maker.
	PersonaliseCard struct {
		Token    string `json:"token"`
		LastFour string `json:"last_four"`
		Expires  string `json:"expires"` // the last month it is good in, "2029-11"
	}
	// FreezeCard is POST /v1/cards/{id}/freeze, by the customer or the bank.
	FreezeCard struct {
		Reason string `json:"reason,omitzero"` // code; not said: customer-request
	}
	// UnfreezeCard is POST /v1/cards/{id}/unfreeze.
	UnfreezeCard struct {
		Reason string `json:"reason,omitzero"`
	}
	// SetCardLimits is POST /v1/cards/{id}/limits.
	SetCardLimits struct {
		Each  Decimal `json:"limit_each,omitzero"`
		Day   Decimal `json:"limit_day,omitzero"`
		Month Decimal `json:"limit_month,omitzero"`
	}
	// ReplaceCard is POST /v1/cards/{id}/replace.
	ReplaceCard struct {
		Reason string `json:"reason"` // code: lost, stolen, damaged, expired
	}
	// CloseCard is POST /v1/cards/{id}/close.
	CloseCard struct {
		Reason string `json:"reason,omitzero"`
	}
	// RequestAuthorisation is POST /v1/card-authorisations.
	RequestAuthorisation struct {
		Card     id.Card `json:"card"`
		Amount   Decimal `json:"amount"`
		Currency string  `json:"currency"`
		Merchant string  `json:"merchant,omitzero"` // who and where, one line
		Category string  `json:"category,omitzero"` // ISO 18245, four digits
		Offline  bool    `json:"offline,omitzero"`  // the terminal has said yes by itself
	}
	// CaptureAuthorisation is POST /v1/card-authorisations/{id}/capture. No amount: all
	// that is held. Final frees what is held beyond.
	CaptureAuthorisation struct {
		Amount   Decimal `json:"amount,omitzero"`
		Currency string  `json:"currency,omitzero"`
		Final    bool    `json:"final,omitzero"`
	}
	// ReverseAuthorisation is POST /v1/card-authorisations/{id}/reverse. No amount: all
	// that is held.
	ReverseAuthorisation struct {
		Amount   Decimal `json:"amount,omitzero"`
		Currency string  `json:"currency,omitzero"`
	}
	// RefundAuthorisation is POST /v1/card-authorisations/{id}/refund.
	RefundAuthorisation struct {
		Amount   Decimal `json:"amount"`
		Currency string  `json:"currency"`
	}
	// ExpireAuthorisation is a process of the bank's own: nobody came for what is held.
	ExpireAuthorisation struct {
		Authorisation id.Authorisation `json:"authorisation"`
	}
)
