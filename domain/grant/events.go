package grant

import (
	"time"

	"florin/domain"
	"florin/domain/id"
)

// Event is a fact about one native login. The set is sealed by grantEvent.
type Event interface {
	domain.Event
	grantEvent()
}

// Started: somebody at this device wants to be let in. Customer is zero when
// the name given is nobody's; that shows in the log and nowhere else.
type Started struct {
	Grant         id.Grant    `json:"grant"`
	Client        id.Client   `json:"client"`
	Device        id.Device   `json:"device,omitzero"` // zero in a browser
	JKT           string      `json:"jkt"`             // in a browser: the keyed hash of its cookie
	Customer      id.Customer `json:"customer,omitzero"`
	Attempts      id.Attempts `json:"attempts"`         // the budget, a shadow one for nobody's names
	Session       id.Session  `json:"session,omitzero"` // of a step-up: the family that is elevated
	Consent       id.Consent  `json:"consent,omitzero"` // the third party's request that it is for
	Bound         bool        `json:"bound,omitzero"`   // the device was the customer's already
	TOTP          id.Factor   `json:"totp,omitzero"`    // what a one-time password is checked against
	Second        []string    `json:"second"`           // factors offered after the password; made up for nobody
	Next          []string    `json:"next"`
	Scopes        []string    `json:"scopes"`
	CodeChallenge string      `json:"code_challenge"` // S256 (RFC 7636)
	Nonce         string      `json:"nonce,omitzero"` // of OpenID Connect
	ACRValues     []string    `json:"acr_values,omitempty"`
	ExpiresAt     time.Time   `json:"expires_at"`
	At            time.Time   `json:"at"`
}

// FactorVerified: one means of authentication was shown.
type FactorVerified struct {
	Factor string    `json:"factor"`         // pwd, otp, email, sms, sca-key, webauthn, recovery_code, push
	Step   int64     `json:"step"`           // how many factors have been shown, this one included
	Next   []string  `json:"next,omitempty"` // what is asked for now
	At     time.Time `json:"at"`
}

// FactorFailed: what was shown was wrong, or was shown for nobody.
type FactorFailed struct {
	Factor string    `json:"factor"`
	Step   int64     `json:"step"`           // how many factors have been shown, this one included
	Next   []string  `json:"next,omitempty"` // what is asked for now
	At     time.Time `json:"at"`
}

// OTPRequested: a one-time password is to be sent, if the login is somebody's and
// right so far. It stands nowhere: it is derived from this.
type OTPRequested struct {
	Method    string    `json:"method"` // email or sms
	Salt      string    `json:"salt"`
	Step      int64     `json:"step"`
	Next      []string  `json:"next,omitempty"` // what is asked for now
	ExpiresAt time.Time `json:"expires_at"`
	At        time.Time `json:"at"`
}

// ApprovalRequested: the customer is asked on another device, if the login is
// somebody's and right so far.
type ApprovalRequested struct {
	Approvals id.Approvals `json:"approvals"`
	Approval  id.Approval  `json:"approval"`
	Step      int64        `json:"step"`
	Next      []string     `json:"next,omitempty"` // what is asked for now
	ExpiresAt time.Time    `json:"expires_at"`
	At        time.Time    `json:"at"`
}

// Denied: the login is over, without success.
type Denied struct {
	Reason string    `json:"reason"` // for the auditor; the caller is told one thing always
	At     time.Time `json:"at"`
}

// Authenticated: the login is over, in a browser; the customer is asked for consent
// now, and the code is the consent's.
type Authenticated struct {
	ACR       string    `json:"acr"`
	AMR       []string  `json:"amr"`
	AuthTime  time.Time `json:"auth_time"`
	ExpiresAt time.Time `json:"expires_at"`
	At        time.Time `json:"at"`
}

// CodeIssued: the login is over; the code stands for it. Of the code itself only
// a keyed hash is kept.
type CodeIssued struct {
	CodeHash  string    `json:"code_hash"`
	ACR       string    `json:"acr"`
	AMR       []string  `json:"amr"`
	AuthTime  time.Time `json:"auth_time"`
	ExpiresAt time.Time `json:"expires_at"`
	At        time.Time `json:"at"`
}

// Redeemed: the code became this token family, or lifted it (step-up).
type Redeemed struct {
	Session id.Session `json:"session"`
	At      time.Time  `json:"at"`
}

// LoggedOut: whoever had logged in to the bank's own pages has left them; what stood
// for it in the browser stands for nobody.
type LoggedOut struct {
	At time.Time `json:"at"`
}

// CodeReplayed: the code came again; the family it had become ends.
type CodeReplayed struct {
	Session id.Session `json:"session"`
	At      time.Time  `json:"at"`
}

func (Started) Kind() string           { return "grant.started" }
func (FactorVerified) Kind() string    { return "grant.factor_verified" }
func (FactorFailed) Kind() string      { return "grant.factor_failed" }
func (OTPRequested) Kind() string      { return "grant.otp_requested" }
func (ApprovalRequested) Kind() string { return "grant.approval_requested" }
func (Denied) Kind() string            { return "grant.denied" }
func (Authenticated) Kind() string     { return "grant.authenticated" }
func (CodeIssued) Kind() string        { return "grant.code_issued" }
func (Redeemed) Kind() string          { return "grant.redeemed" }
func (CodeReplayed) Kind() string      { return "grant.code_replayed" }
func (LoggedOut) Kind() string         { return "grant.logged_out" }

func (Started) grantEvent()           {}
func (FactorVerified) grantEvent()    {}
func (FactorFailed) grantEvent()      {}
func (OTPRequested) grantEvent()      {}
func (ApprovalRequested) grantEvent() {}
func (Denied) grantEvent()            {}
func (Authenticated) grantEvent()     {}
func (CodeIssued) grantEvent()        {}
func (Redeemed) grantEvent()          {}
func (CodeReplayed) grantEvent()      {}
func (LoggedOut) grantEvent()         {}
