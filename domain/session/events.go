package session

import (
	"time"

	"florin/domain"
	"florin/domain/id"
)

// Event is a fact about one token family. The set is sealed by sessionEvent.
type Event interface {
	domain.Event
	sessionEvent()
}

// Started: a login, or a machine's assertion, began a family. Exactly one of
// Customer, Operator and neither (a client on its own behalf) is whose it is.
type Started struct {
	Session   id.Session  `json:"session"`
	Customer  id.Customer `json:"customer,omitzero"`
	Operator  id.Operator `json:"operator,omitzero"`
	Client    id.Client   `json:"client,omitzero"`
	Device    id.Device   `json:"device,omitzero"`
	Grant     id.Grant    `json:"grant,omitzero"`
	Consent   id.Consent  `json:"consent,omitzero"` // a third party's: what the customer agreed to
	JKT       string      `json:"jkt"`              // every token of the family is bound to this key
	Scopes    []string    `json:"scopes"`
	ACR       string      `json:"acr"`
	AMR       []string    `json:"amr"`
	AuthTime  time.Time   `json:"auth_time"`
	Retry     string      `json:"retry,omitzero"` // keyed (same Idempotency-Key) or until-used (FAPI 2.0 5.3.2.1-9)
	Salt      string      `json:"salt,omitzero"`  // refresh tokens are derived with it
	ExpiresAt time.Time   `json:"expires_at"`     // 90 days from login; nothing extends it
	At        time.Time   `json:"at"`
}

// TokenIssued: the first token of the family, or the first after a step-up. With
// a refresh token it begins a generation.
type TokenIssued struct {
	JTI         string    `json:"jti"`
	Generation  int64     `json:"generation"`            // of the refresh token; 0: none was given
	RefreshHash string    `json:"refresh_hash,omitzero"` // keyed
	ACR         string    `json:"acr"`
	Scopes      []string  `json:"scopes"`
	ExpiresAt   time.Time `json:"expires_at"`
	At          time.Time `json:"at"`
}

// TokenRefreshed: the current refresh token was shown with the right key, and
// has a successor.
type TokenRefreshed struct {
	JTI         string    `json:"jti"`
	Generation  int64     `json:"generation"` // of the successor
	RefreshHash string    `json:"refresh_hash"`
	RetryHash   string    `json:"retry_hash,omitzero"` // keyed, of the Idempotency-Key
	ACR         string    `json:"acr"`
	Scopes      []string  `json:"scopes"`
	ExpiresAt   time.Time `json:"expires_at"`
	At          time.Time `json:"at"`
}

// TokenRepeated: the answer to a refresh was lost, and the same successor was
// given again with another access token.
type TokenRepeated struct {
	JTI        string    `json:"jti"`
	Generation int64     `json:"generation"`
	ACR        string    `json:"acr"`
	Scopes     []string  `json:"scopes"`
	ExpiresAt  time.Time `json:"expires_at"`
	At         time.Time `json:"at"`
}

// TokenRefused: a true refresh token came with another's key. A security event;
// the family goes on, or a leaked token would be a way to log its owner out.
type TokenRefused struct {
	Reason     string    `json:"reason"` // wrong-key
	Generation int64     `json:"generation"`
	At         time.Time `json:"at"`
}

// Elevated: a step-up. What asks for it counts from when it was earned (AuthTime), and no use prolongs it.
type Elevated struct {
	Grant    id.Grant  `json:"grant"`
	ACR      string    `json:"acr"`
	AMR      []string  `json:"amr"`
	AuthTime time.Time `json:"auth_time"`
	At       time.Time `json:"at"`
}

// Revoked: the family is over.
type Revoked struct {
	By     string    `json:"by"`     // customer, operator, system
	Reason string    `json:"reason"` // logout, refresh-token-reused, code-replayed, device-revoked, password-changed, ...
	At     time.Time `json:"at"`
}

func (Started) Kind() string        { return "session.started" }
func (TokenIssued) Kind() string    { return "token.issued" }
func (TokenRefreshed) Kind() string { return "token.refreshed" }
func (TokenRepeated) Kind() string  { return "token.repeated" }
func (TokenRefused) Kind() string   { return "token.refused" }
func (Elevated) Kind() string       { return "session.elevated" }
func (Revoked) Kind() string        { return "session.revoked" }

func (Started) sessionEvent()        {}
func (TokenIssued) sessionEvent()    {}
func (TokenRefreshed) sessionEvent() {}
func (TokenRepeated) sessionEvent()  {}
func (TokenRefused) sessionEvent()   {}
func (Elevated) sessionEvent()       {}
func (Revoked) sessionEvent()        {}
