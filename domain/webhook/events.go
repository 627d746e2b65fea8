package webhook

import (
	"time"

	"florin/domain"
	"florin/domain/id"
)

// Event is a fact about one endpoint. The set is sealed by webhookEvent.
type Event interface {
	domain.Event
	webhookEvent()
}

type (
	// Registered: an operator wants an endpoint to be sent facts of these kinds.
	Registered struct {
		Webhook id.Webhook  `json:"webhook"`
		Name    string      `json:"name"` // of the partner's, not of a person
		URL     string      `json:"url"`
		Kinds   []string    `json:"kinds"`
		By      id.Operator `json:"by,omitzero"`
		At      time.Time   `json:"at"`
	}
	// Approved: it is sent what happens from now on.
	Approved struct {
		By id.Operator `json:"by,omitzero"`
		At time.Time   `json:"at"`
	}
	// SecretRotated: a secret of the next generation signs; the one before signs too
	// until OldUntil.
	SecretRotated struct {
		Generation int64     `json:"generation"`
		OldUntil   time.Time `json:"old_until"`
		At         time.Time `json:"at"`
	}
	// Disabled: nothing is sent to it. The bank itself does that after three days of failures.
	Disabled struct {
		Reason string    `json:"reason"` // code
		At     time.Time `json:"at"`
	}
	// Enabled: it goes on where it stopped.
	Enabled struct {
		At time.Time `json:"at"`
	}
	// Deleted: it is over.
	Deleted struct {
		Reason string    `json:"reason"` // code
		At     time.Time `json:"at"`
	}
	// ResendRequested: what lies above From and not above Through is sent once more.
	ResendRequested struct {
		Number  int64     `json:"number"`
		From    int64     `json:"from"`    // log position
		Through int64     `json:"through"` // log position
		At      time.Time `json:"at"`
	}
	// Tested: this very fact is sent, whatever kinds the endpoint asks for.
	Tested struct {
		Number int64     `json:"number"`
		At     time.Time `json:"at"`
	}
	// ContactNamed: whom of the partner's to tell when the bank has disabled the endpoint;
	// nobody if there is no contact.
	ContactNamed struct {
		Contact domain.Profile `json:"contact,omitzero"` // e-mail
		At      time.Time      `json:"at"`
	}
	// ContactTold: the notifier has taken the word that the endpoint is disabled, or has
	// said that the address can never be reached.
	ContactTold struct {
		Failed bool      `json:"failed,omitempty"`
		At     time.Time `json:"at"`
	}
)

func (Registered) Kind() string      { return "webhook.registered" }
func (Approved) Kind() string        { return "webhook.approved" }
func (SecretRotated) Kind() string   { return "webhook.secret_rotated" }
func (Disabled) Kind() string        { return "webhook.disabled" }
func (Enabled) Kind() string         { return "webhook.enabled" }
func (Deleted) Kind() string         { return "webhook.deleted" }
func (ResendRequested) Kind() string { return "webhook.resend_requested" }
func (Tested) Kind() string          { return "webhook.tested" }
func (ContactNamed) Kind() string    { return "webhook.contact_named" }
func (ContactTold) Kind() string     { return "webhook.contact_told" }

func (Registered) webhookEvent()      {}
func (Approved) webhookEvent()        {}
func (SecretRotated) webhookEvent()   {}
func (Disabled) webhookEvent()        {}
func (Enabled) webhookEvent()         {}
func (Deleted) webhookEvent()         {}
func (ResendRequested) webhookEvent() {}
func (Tested) webhookEvent()          {}
func (ContactNamed) webhookEvent()    {}
func (ContactTold) webhookEvent()     {}
