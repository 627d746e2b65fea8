package consent

import (
	"time"

	"florin/domain"
	"florin/domain/id"
	"florin/domain/money"
)

// Event is a fact about one request for consent. The set is sealed by consentEvent.
type Event interface {
	domain.Event
	consentEvent()
}

// Payment is what authorization_details of type payment_initiation ask for (RFC
// 9396): this one payment and no other.
type Payment struct {
	Amount          money.Amount    `json:"amount"`
	CreditorName    domain.Evidence `json:"creditor_name"`
	CreditorAccount domain.Evidence `json:"creditor_account"` // an IBAN, or an account of this bank
	Reference       domain.Evidence `json:"reference,omitzero"`
}

// IsZero tells that no payment is asked for.
func (p Payment) IsZero() bool { return p == Payment{} }

// Requested: a client, authenticated, asked to act for a customer yet unknown.
type Requested struct {
	Consent       id.Consent     `json:"consent"`
	Client        id.Client      `json:"client"`
	JKT           string         `json:"jkt,omitzero"` // the code works with this key alone (RFC 9449 section 10)
	Scopes        []string       `json:"scopes"`
	Payment       Payment        `json:"payment,omitzero"`
	RedirectURI   string         `json:"redirect_uri"`
	State         domain.Profile `json:"state,omitzero"` // the client's own; it may hold anything
	CodeChallenge string         `json:"code_challenge"` // S256 (RFC 7636)
	Nonce         string         `json:"nonce,omitzero"` // of OpenID Connect
	ACRValues     []string       `json:"acr_values,omitempty"`
	ExpiresAt     time.Time      `json:"expires_at"`
	At            time.Time      `json:"at"`
}

// Opened: a browser was shown the request, and no other will be.
type Opened struct {
	Browser   string    `json:"browser"` // keyed hash of its cookie
	ExpiresAt time.Time `json:"expires_at"`
	At        time.Time `json:"at"`
}

// Granted: the customer agreed to exactly this; the code stands for it. Of the
// code itself only a keyed hash is kept.
type Granted struct {
	Client    id.Client   `json:"client"`
	Customer  id.Customer `json:"customer"`
	Grant     id.Grant    `json:"grant"` // the login that shows who agreed
	Scopes    []string    `json:"scopes"`
	Payment   Payment     `json:"payment,omitzero"`
	ACR       string      `json:"acr"`
	AMR       []string    `json:"amr"`
	AuthTime  time.Time   `json:"auth_time"`
	CodeHash  string      `json:"code_hash"`
	ExpiresAt time.Time   `json:"expires_at"`
	At        time.Time   `json:"at"`
}

// Denied: the customer, or whoever sat there before any login, said no.
type Denied struct {
	Client   id.Client   `json:"client"`
	Customer id.Customer `json:"customer,omitzero"`
	Grant    id.Grant    `json:"grant,omitzero"`
	Scopes   []string    `json:"scopes"`
	Payment  Payment     `json:"payment,omitzero"`
	At       time.Time   `json:"at"`
}

// Redeemed: the code became this token family.
type Redeemed struct {
	Session id.Session `json:"session"`
	At      time.Time  `json:"at"`
}

// CodeReplayed: the code came again; the family it had become ends.
type CodeReplayed struct {
	Session id.Session `json:"session"`
	At      time.Time  `json:"at"`
}

func (Requested) Kind() string    { return "consent.requested" }
func (Opened) Kind() string       { return "consent.opened" }
func (Granted) Kind() string      { return "consent.granted" }
func (Denied) Kind() string       { return "consent.denied" }
func (Redeemed) Kind() string     { return "consent.redeemed" }
func (CodeReplayed) Kind() string { return "consent.code_replayed" }

func (Requested) consentEvent()    {}
func (Opened) consentEvent()       {}
func (Granted) consentEvent()      {}
func (Denied) consentEvent()       {}
func (Redeemed) consentEvent()     {}
func (CodeReplayed) consentEvent() {}
