package batch

import (
	"time"

	"florin/domain"
	"florin/domain/id"
	"florin/domain/money"
)

// Event is a fact about one batch. The set is sealed by batchEvent.
type Event interface {
	domain.Event
	batchEvent()
}

type (
	// Submitted: a customer wants all of Count transfers, or none; or each by itself. The transfers are
	// streams of their own; Digest is over accounts and amounts of all, in their order.
	Submitted struct {
		Batch    id.Batch        `json:"batch"`
		Customer id.Customer     `json:"customer"`
		From     id.Account      `json:"from"`
		Count    int64           `json:"count"`
		Total    money.Amount    `json:"total"`
		Digest   string          `json:"digest"` // SHA-256, hex
		Mode     Mode            `json:"mode,omitempty"`
		Device   id.Device       `json:"device,omitzero"`
		Session  id.Session      `json:"session,omitzero"`
		Proof    domain.Evidence `json:"proof,omitzero"`
		Body     domain.Evidence `json:"body,omitzero"`
		TokenID  string          `json:"jti,omitempty"`
		At       time.Time       `json:"at"`
	}
	// Assessed: risk has said what may happen to the total.
	Assessed struct {
		Outcome   string    `json:"outcome"`
		Score     int64     `json:"score"`
		Policy    string    `json:"policy"`
		Exemption string    `json:"exemption,omitempty"`
		Reasons   []string  `json:"reasons,omitempty"`
		At        time.Time `json:"at"`
	}
	// Challenged: the total is held until the customer confirms what Display says.
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
	// Authorised: total and list are confirmed.
	Authorised struct {
		Challenge id.Challenge    `json:"challenge"`
		Method    string          `json:"method"`
		Evidence  domain.Evidence `json:"evidence,omitzero"`
		At        time.Time       `json:"at"`
	}
	// Executed: all transfers are posted, in the same commit; of each by itself all but
	// Failed.
	Executed struct {
		Failed int64     `json:"failed,omitempty"`
		At     time.Time `json:"at"`
	}
	// Rejected: none is, for ever. Item is the transfer that a rule refused, the
	// first being 1; absent: it was the whole.
	Rejected struct {
		Code string    `json:"code"`
		Item int64     `json:"item,omitempty"`
		At   time.Time `json:"at"`
	}
	// Expired: nobody confirmed in time.
	Expired struct {
		At time.Time `json:"at"`
	}
	// Cancelled: the customer withdrew it.
	Cancelled struct {
		At time.Time `json:"at"`
	}
)

func (Submitted) Kind() string           { return "batch.submitted" }
func (Assessed) Kind() string            { return "batch.assessed" }
func (Challenged) Kind() string          { return "batch.challenged" }
func (AuthorisationFailed) Kind() string { return "batch.authorisation_failed" }
func (Authorised) Kind() string          { return "batch.authorised" }
func (Executed) Kind() string            { return "batch.executed" }
func (Rejected) Kind() string            { return "batch.rejected" }
func (Expired) Kind() string             { return "batch.expired" }
func (Cancelled) Kind() string           { return "batch.cancelled" }

func (Submitted) batchEvent()           {}
func (Assessed) batchEvent()            {}
func (Challenged) batchEvent()          {}
func (AuthorisationFailed) batchEvent() {}
func (Authorised) batchEvent()          {}
func (Executed) batchEvent()            {}
func (Rejected) batchEvent()            {}
func (Expired) batchEvent()             {}
func (Cancelled) batchEvent()           {}
