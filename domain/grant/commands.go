package grant

import (
	"time"

	"florin/domain"
	"florin/domain/id"
)

// Factors of a login, as RFC 8176 names them where it does.
const (
	Password = "pwd"
	OneTime  = "otp"
	SCAKey   = "sca-key" // the device's key that biometrics gate

	Passkey      = "webauthn"      // an assertion by a passkey or security key
	RecoveryCode = "recovery_code" // one of a list made for the day when all else is lost

	// One-time passwords that are sent. They are weaker than a factor that is in
	// somebody's hands: whoever takes over a mailbox or a SIM has them as well.
	ByEmail = "email"
	BySMS   = "sms"

	// OTPSend is no factor: it asks for a one-time password to be sent. It stands for
	// ByEmail and BySMS in what a login asks for.
	OTPSend = "otp_send"

	// Push is the customer's word on a device that was theirs before, for the number
	// that this one shows; PushStart is no factor: it asks for that word.
	Push      = "push"
	PushStart = "push_start"
)

// Classes of authentication, by rising trust.
const (
	ACRDevice      = "urn:florin:acr:device"
	ACRMulti       = "urn:florin:acr:mfa"
	ACRStrong      = "urn:florin:acr:sca"
	ACRStrongInKey = "urn:florin:acr:sca-hw"
)

// Lifetimes and limits.
const (
	LoginTTL      = 10 * time.Minute
	CodeTTL       = 60 * time.Second
	OTPTTL        = 5 * time.Minute // of one that is sent
	OTPsMax       = 3               // sent in one login
	PushesMax     = 3               // asked for in one login
	NonceBytesMax = 512
)

// Command is something one may ask of a login.
type Command interface{ grantCommand() }

type (
	// Start begins a login. Customer is zero for a name that is nobody's: the
	// login then goes its whole way like any other, and fails at its end.
	Start struct {
		Grant         id.Grant
		Client        id.Client
		Device        id.Device
		JKT           string
		Customer      id.Customer
		Attempts      id.Attempts
		Session       id.Session // of a step-up
		Consent       id.Consent // of a login in a browser, on a third party's request; JKT is the browser then
		Bound         bool       // the device is the customer's
		TOTP          id.Factor
		Second        []string
		Scopes        []string
		CodeChallenge string
		Nonce         string
		ACRValues     []string
		At            time.Time
	}
	// Prove shows a factor. Right tells whether it was; Hardware whether the SCA
	// key lives in attested hardware. Step is the version of the login that the
	// caller has seen: a later one has been answered already. CodeHash is kept if
	// this completes the login.
	Prove struct {
		Factor   string
		Right    bool
		Hardware bool
		More     bool // risk wants a second factor where the password alone would do
		Blocked  bool // risk lets nobody in, whatever is shown
		Step     int64
		JKT      string
		CodeHash string
		At       time.Time
	}
	// RequestOTP asks for a one-time password to be sent by one of Sends. It is
	// derived from the login, the step and the salt.
	RequestOTP struct {
		Method string
		Salt   string
		Step   int64
		JKT    string
		At     time.Time
	}
	// RequestApproval asks for the customer's word on another device.
	RequestApproval struct {
		Approvals id.Approvals
		Approval  id.Approval
		Step      int64
		JKT       string
		ExpiresAt time.Time
		At        time.Time
	}
	// Redeem turns the code into a token family. The code itself was right.
	Redeem struct {
		Session   id.Session // to be begun; of a step-up: not looked at
		Client    id.Client
		JKT       string
		Challenge string // S256 of the PKCE verifier (RFC 7636 section 4.6), the only method there is
		At        time.Time
	}
)

// LogOut ends the visit to the bank's own pages that the login was for.
type LogOut struct{ At time.Time }

func (LogOut) grantCommand()          {}
func (Start) grantCommand()           {}
func (Prove) grantCommand()           {}
func (RequestOTP) grantCommand()      {}
func (RequestApproval) grantCommand() {}
func (Redeem) grantCommand()          {}

var (
	// ErrSession: whatever is wrong with an auth_session, it is only told this.
	ErrSession = &domain.Refusal{Class: domain.Invalid, Code: "invalid-session", Detail: "This login cannot be continued; begin a new one."}
	// ErrFactor: the login does not ask for this factor now.
	ErrFactor = &domain.Refusal{Class: domain.Invalid, Code: "invalid-request", Detail: "This login does not ask for that now."}
	// ErrRequest: PKCE or the nonce is not as it must be.
	ErrRequest = &domain.Refusal{Class: domain.Invalid, Code: "invalid-request", Detail: "A code_challenge by S256 is needed."}
	// ErrDenied is how every login fails, whatever the reason.
	ErrDenied = &domain.Refusal{Class: domain.Invalid, Code: "access-denied", Detail: "The login failed."}
	// ErrCode is what is wrong with every code that is not taken.
	ErrCode = &domain.Refusal{Class: domain.Invalid, Code: "invalid-grant", Detail: "The code is not valid any more."}
)
