package operator

import (
	"time"

	"florin/domain"
	"florin/domain/id"
)

// Appointed: a person is to be an operator. Nobody can log in as this person
// before an enrolment.
type Appointed struct {
	Operator id.Operator    `json:"operator"` // derived from the user name: it is nobody else's for ever
	Name     domain.Profile `json:"name"`
	UserName domain.Profile `json:"user_name"`
	Scopes   []string       `json:"scopes"` // sorted, each once; beside those of roles
	At       time.Time      `json:"at"`
}

// EnrolmentOpened: whoever shows the code until then sets the person's factors.
// Those that were there before are gone. Of the code a keyed hash is kept.
type EnrolmentOpened struct {
	Factor    id.Factor `json:"factor"` // names the enrolment, and its one-time passwords' seed
	CodeHash  string    `json:"code_hash"`
	ExpiresAt time.Time `json:"expires_at"`
	At        time.Time `json:"at"`
}

// Enrolled: the person has shown the code and chosen what to log in with: a
// password and one-time passwords, a passkey, or all of them.
type Enrolled struct {
	Password string     `json:"password,omitzero"` // PHC string
	TOTP     id.Factor  `json:"totp,omitzero"`
	Step     int64      `json:"step,omitzero"` // of the one-time password that was shown: spent
	Passkey  id.Factor  `json:"passkey,omitzero"`
	Key      Credential `json:"credential,omitzero"` // of the passkey
	At       time.Time  `json:"at"`
}

// Credential is what is kept of a passkey (WebAuthn Level 3 section 4): nothing
// in it is secret.
type Credential struct {
	ID             string `json:"id"`              // base64url
	PublicKey      string `json:"public_key"`      // COSE, base64url
	SignCount      int64  `json:"sign_count"`      // 0: the authenticator does not count
	BackupEligible bool   `json:"backup_eligible"` // may be copied between devices; never changes
	BackedUp       bool   `json:"backed_up"`
	UserVerified   bool   `json:"user_verified"` // by biometrics or a PIN, when it was made
}

// OTPUsed: this step of the one-time passwords, and every older one, is spent.
type OTPUsed struct {
	Step int64     `json:"step"`
	At   time.Time `json:"at"`
}

// PasskeyUsed: an assertion of the passkey's was taken.
type PasskeyUsed struct {
	SignCount int64     `json:"sign_count"`
	BackedUp  bool      `json:"backed_up"`
	At        time.Time `json:"at"`
}

// SessionJoined: a login of the person's began this family of tokens.
type SessionJoined struct {
	Session   id.Session `json:"session"`
	ExpiresAt time.Time  `json:"expires_at"`
	At        time.Time  `json:"at"`
}

// RoleGranted: the operator has these scopes too, for as long as the role. They
// are written down because what a role means may change, and what was granted not.
type RoleGranted struct {
	Role   string    `json:"role"`
	Scopes []string  `json:"scopes"` // sorted, each once
	At     time.Time `json:"at"`
}

// RoleWithdrawn: the role's scopes are gone, unless they were granted otherwise.
type RoleWithdrawn struct {
	Role string    `json:"role"`
	At   time.Time `json:"at"`
}

func (Appointed) Kind() string       { return "operator.appointed" }
func (EnrolmentOpened) Kind() string { return "operator.enrolment_opened" }
func (Enrolled) Kind() string        { return "operator.enrolled" }
func (OTPUsed) Kind() string         { return "operator.otp_used" }
func (PasskeyUsed) Kind() string     { return "operator.passkey_used" }
func (SessionJoined) Kind() string   { return "operator.session_joined" }
func (RoleGranted) Kind() string     { return "operator.role_granted" }
func (RoleWithdrawn) Kind() string   { return "operator.role_withdrawn" }

func (Appointed) operatorEvent()       {}
func (EnrolmentOpened) operatorEvent() {}
func (Enrolled) operatorEvent()        {}
func (OTPUsed) operatorEvent()         {}
func (PasskeyUsed) operatorEvent()     {}
func (SessionJoined) operatorEvent()   {}
func (RoleGranted) operatorEvent()     {}
func (RoleWithdrawn) operatorEvent()   {}
