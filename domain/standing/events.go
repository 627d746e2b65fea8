package standing

import (
	"time"

	"florin/domain"
	"florin/domain/id"
	"florin/domain/money"
)

// Event is a fact about one standing order. The set is sealed by standingEvent.
type Event interface {
	domain.Event
	standingEvent()
}

type (
	// Ordered: a customer wants money to move again and again, on the plan's days in
	// the time zone, either To another account of the bank or to a Payee elsewhere.
	Ordered struct {
		Order     id.StandingOrder `json:"order"`
		Customer  id.Customer      `json:"customer"`
		From      id.Account       `json:"from"`
		To        id.Account       `json:"to,omitzero"`
		Payee     Payee            `json:"payee,omitzero"`
		Amount    money.Amount     `json:"amount"`
		Plan      Plan             `json:"plan"`
		Zone      string           `json:"zone"` // IANA
		Reference domain.Evidence  `json:"reference,omitzero"`
		Device    id.Device        `json:"device,omitzero"`
		Session   id.Session       `json:"session,omitzero"`
		Proof     domain.Evidence  `json:"proof,omitzero"` // of the device that asked
		Body      domain.Evidence  `json:"body,omitzero"`  // the exact bytes that it signed
		TokenID   string           `json:"jti,omitempty"`
		At        time.Time        `json:"at"`
	}
	// Challenged: it waits for the customer to confirm the series that Display names.
	Challenged struct {
		Challenge id.Challenge    `json:"challenge"`
		Nonce     string          `json:"nonce"`
		Methods   []string        `json:"methods"`
		Display   domain.Evidence `json:"display,omitzero"`
		ExpiresAt time.Time       `json:"expires_at"`
		At        time.Time       `json:"at"`
	}
	// AuthorisationFailed: an answer was no confirmation.
	AuthorisationFailed struct {
		Challenge id.Challenge `json:"challenge"`
		Method    string       `json:"method"`
		At        time.Time    `json:"at"`
	}
	// Authorised: the series is confirmed, and executed from its first day on.
	Authorised struct {
		Challenge id.Challenge    `json:"challenge"`
		Method    string          `json:"method"`
		Evidence  domain.Evidence `json:"evidence,omitzero"`
		At        time.Time       `json:"at"`
	}
	// Rejected: it was not confirmed, and never will be.
	Rejected struct {
		Code string    `json:"code"`
		At   time.Time `json:"at"`
	}
	// Expired: nobody confirmed it in time.
	Expired struct {
		At time.Time `json:"at"`
	}
	// Executed: the transfer of an occurrence is posted, or its payment is on its way:
	// what becomes of that, the payment says.
	Executed struct {
		Occurrence int64       `json:"occurrence"`
		Day        string      `json:"day"`
		Transfer   id.Transfer `json:"transfer,omitzero"`
		Payment    id.Payment  `json:"payment,omitzero"`
		At         time.Time   `json:"at"`
	}
	// Failed: the transfer or payment of an occurrence was refused. It is tried again that day
	// unless Final.
	Failed struct {
		Occurrence int64       `json:"occurrence"`
		Day        string      `json:"day"`
		Slot       int64       `json:"slot"` // which of the day's tries
		Transfer   id.Transfer `json:"transfer,omitzero"`
		Payment    id.Payment  `json:"payment,omitzero"`
		Code       string      `json:"code"`
		Final      bool        `json:"final,omitempty"`
		At         time.Time   `json:"at"`
	}
	// Skipped: the bank was away for so long that these occurrences are not made up for.
	Skipped struct {
		Occurrence int64     `json:"occurrence"` // the first of them
		Count      int64     `json:"count"`
		At         time.Time `json:"at"`
	}
	// Cancelled: the customer does not want it any more.
	Cancelled struct {
		At time.Time `json:"at"`
	}
	// Ended: there is nothing more to execute, or nothing can be.
	Ended struct {
		Reason string    `json:"reason"` // code
		At     time.Time `json:"at"`
	}
)

func (Ordered) Kind() string             { return "standing.ordered" }
func (Challenged) Kind() string          { return "standing.challenged" }
func (AuthorisationFailed) Kind() string { return "standing.authorisation_failed" }
func (Authorised) Kind() string          { return "standing.authorised" }
func (Rejected) Kind() string            { return "standing.rejected" }
func (Expired) Kind() string             { return "standing.expired" }
func (Executed) Kind() string            { return "standing.executed" }
func (Failed) Kind() string              { return "standing.failed" }
func (Skipped) Kind() string             { return "standing.skipped" }
func (Cancelled) Kind() string           { return "standing.cancelled" }
func (Ended) Kind() string               { return "standing.ended" }

func (Ordered) standingEvent()             {}
func (Challenged) standingEvent()          {}
func (AuthorisationFailed) standingEvent() {}
func (Authorised) standingEvent()          {}
func (Rejected) standingEvent()            {}
func (Expired) standingEvent()             {}
func (Executed) standingEvent()            {}
func (Failed) standingEvent()              {}
func (Skipped) standingEvent()             {}
func (Cancelled) standingEvent()           {}
func (Ended) standingEvent()               {}
