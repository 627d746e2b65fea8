package identity

// The names of draft-ietf-oauth-first-party-apps, and our own beside them. They
// stand in this one file because it is still a draft.
const (
	paramClientID        = "client_id"
	paramResponseType    = "response_type"
	paramScope           = "scope"
	paramCodeChallenge   = "code_challenge"
	paramChallengeMethod = "code_challenge_method"
	paramNonce           = "nonce"
	paramACRValues       = "acr_values"
	paramMaxAge          = "max_age"
	paramAuthSession     = "auth_session"
	paramUserName        = "username"
	paramPassword        = "password"
	paramOTP             = "otp"
	paramOTPMethod       = "otp_method" // totp (if not said), email or sms
	paramOTPSend         = "otp_send"   // email or sms
	paramWebAuthn        = "webauthn"   // "options", or the PublicKeyCredential of get() as JSON
	paramRecoveryCode    = "recovery_code"
	paramPush            = "push"          // "start", which is answered with the number to show, or "poll"
	paramSCAAssertion    = "sca_assertion" // florin-login+jwt
	paramExpected        = "expected"      // of POST /v1/devices/expected, at every step
)

// askOptions asks for what navigator.credentials.get is to be called with.
const askOptions = "options"

// What a login that is not over yet is answered: it goes on with another step, or
// waits for the customer's word on another device; who asks too often is told to
// slow down (the codes of CIBA and RFC 8628).
const (
	errInsufficient = "insufficient_authorization"
	errPending      = "authorization_pending"
	errSlowDown     = "slow_down"
)

// challengeAnswer ends a native login.
type challengeAnswer struct {
	Code string `json:"authorization_code"`
}
