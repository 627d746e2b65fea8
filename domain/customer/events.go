package customer

import (
	"time"

	"florin/domain"
	"florin/domain/id"
)

// Event is a fact about one customer. The set is sealed by customerEvent.
type Event interface {
	domain.Event
	customerEvent()
}

// Enrolled: a person became a customer. The claims are the streams that hold
// the person's names, so that they can be released when the names themselves
// can no longer be read.
type Enrolled struct {
	Customer id.Customer    `json:"customer"`
	UserName domain.Profile `json:"user_name,omitzero"`
	Phone    domain.Profile `json:"phone,omitzero"` // E.164
	Email    domain.Profile `json:"email,omitzero"`
	Name     domain.Profile `json:"name,omitzero"` // as the person writes it
	Claims   []id.Claim     `json:"claims"`
	Password string         `json:"password"` // PHC string: argon2id
	TOTP     id.Factor      `json:"totp,omitzero"`
	Status   Status         `json:"status"`
	At       time.Time      `json:"at"`
}

// PasswordChanged: the old password no longer counts.
type PasswordChanged struct {
	Password string    `json:"password"` // PHC string: argon2id
	At       time.Time `json:"at"`
}

// FactorAdded: a further means of authentication. Its secret is derived from
// its id and stands nowhere.
type FactorAdded struct {
	Factor     id.Factor `json:"factor"`
	Type       string    `json:"type"`                 // totp
	Device     id.Device `json:"device,omitzero"`      // that it was added from
	UsableFrom time.Time `json:"usable_from,omitzero"` // for payments, unless it is approved before
	At         time.Time `json:"at"`
}

// FactorOffered: a factor's secret was shown. It counts for nothing until it is
// confirmed.
type FactorOffered struct {
	Factor    id.Factor `json:"factor"`
	Type      string    `json:"type"` // totp
	ExpiresAt time.Time `json:"expires_at"`
	At        time.Time `json:"at"`
}

// PasskeyAdded: a further means of authentication, a passkey or security key.
type PasskeyAdded struct {
	Factor     id.Factor  `json:"factor"`
	Credential Credential `json:"credential"`
	Device     id.Device  `json:"device,omitzero"` // that it was added from
	UsableFrom time.Time  `json:"usable_from"`     // for payments, unless it is approved before
	At         time.Time  `json:"at"`
}

// PasskeyUsed: the passkey has signed; what it says now is what the next use is
// held against.
type PasskeyUsed struct {
	Factor    id.Factor `json:"factor"`
	SignCount int64     `json:"sign_count"`
	BackedUp  bool      `json:"backed_up"`
	At        time.Time `json:"at"`
}

// RecoveryCodesMade: a list of codes was shown. They are derived from the list's
// id and stand nowhere.
type RecoveryCodesMade struct {
	Factor id.Factor `json:"factor"` // the list
	Device id.Device `json:"device,omitzero"`
	Count  int64     `json:"count"`
	At     time.Time `json:"at"`
}

// RecoveryCodeUsed: one code of the list was accepted and never is again.
type RecoveryCodeUsed struct {
	Factor id.Factor `json:"factor"`
	Index  int64     `json:"index"`
	At     time.Time `json:"at"`
}

// FactorApproved: an older device ended a new factor's waiting time.
type FactorApproved struct {
	Factor id.Factor `json:"factor"`
	Device id.Device `json:"device"`
	At     time.Time `json:"at"`
}

// FactorRemoved: the factor no longer counts.
type FactorRemoved struct {
	Factor id.Factor `json:"factor"`
	At     time.Time `json:"at"`
}

// OTPUsed: the one-time password of this step was accepted and never is again.
type OTPUsed struct {
	Factor id.Factor `json:"factor"`
	Step   int64     `json:"step"` // of 30 s since 1970 (RFC 6238)
	At     time.Time `json:"at"`
}

// DeviceBound: the first strong login with this device made it the customer's.
type DeviceBound struct {
	Device id.Device `json:"device"`
	At     time.Time `json:"at"`
}

// DeviceVisited: a weak login, by a password and a code that was sent, has let this
// device look. It is not the customer's.
type DeviceVisited struct {
	Device id.Device `json:"device"`
	At     time.Time `json:"at"`
}

// Activated: the identity checks are passed, or a restriction is lifted.
type Activated struct {
	At time.Time `json:"at"`
}

// Restricted: the customer may look and not touch.
type Restricted struct {
	Reason string    `json:"reason"`
	At     time.Time `json:"at"`
}

// ReportedDeceased: nobody logs in as this customer any more.
type ReportedDeceased struct {
	At time.Time `json:"at"`
}

// Closed: the relation has ended.
type Closed struct {
	Reason string    `json:"reason"`
	At     time.Time `json:"at"`
}

// ErasureRequested: from here on nobody logs in; keys are destroyed by a process.
type ErasureRequested struct {
	Requester  string    `json:"requester"`   // customer or operator
	LegalBasis string    `json:"legal_basis"` // code, such as gdpr-17-1-b
	At         time.Time `json:"at"`
}

// Erased: the profile keys are destroyed and the names are free.
type Erased struct {
	At time.Time `json:"at"`
}

func (Enrolled) Kind() string          { return "customer.enrolled" }
func (PasswordChanged) Kind() string   { return "customer.password_changed" }
func (FactorAdded) Kind() string       { return "customer.factor_added" }
func (FactorOffered) Kind() string     { return "customer.factor_offered" }
func (FactorApproved) Kind() string    { return "customer.factor_approved" }
func (PasskeyAdded) Kind() string      { return "customer.passkey_added" }
func (PasskeyUsed) Kind() string       { return "customer.passkey_used" }
func (RecoveryCodesMade) Kind() string { return "customer.recovery_codes_made" }
func (RecoveryCodeUsed) Kind() string  { return "customer.recovery_code_used" }
func (FactorRemoved) Kind() string     { return "customer.factor_removed" }
func (OTPUsed) Kind() string           { return "customer.otp_used" }
func (DeviceBound) Kind() string       { return "customer.device_bound" }
func (DeviceVisited) Kind() string     { return "customer.device_visited" }
func (Activated) Kind() string         { return "customer.activated" }
func (Restricted) Kind() string        { return "customer.restricted" }
func (ReportedDeceased) Kind() string  { return "customer.reported_deceased" }
func (Closed) Kind() string            { return "customer.closed" }
func (ErasureRequested) Kind() string  { return "customer.erasure_requested" }
func (Erased) Kind() string            { return "customer.erased" }

func (Enrolled) customerEvent()          {}
func (PasswordChanged) customerEvent()   {}
func (FactorAdded) customerEvent()       {}
func (FactorOffered) customerEvent()     {}
func (FactorApproved) customerEvent()    {}
func (PasskeyAdded) customerEvent()      {}
func (PasskeyUsed) customerEvent()       {}
func (RecoveryCodesMade) customerEvent() {}
func (RecoveryCodeUsed) customerEvent()  {}
func (FactorRemoved) customerEvent()     {}
func (OTPUsed) customerEvent()           {}
func (DeviceBound) customerEvent()       {}
func (DeviceVisited) customerEvent()     {}
func (Activated) customerEvent()         {}
func (Restricted) customerEvent()        {}
func (ReportedDeceased) customerEvent()  {}
func (Closed) customerEvent()            {}
func (ErasureRequested) customerEvent()  {}
func (Erased) customerEvent()            {}
