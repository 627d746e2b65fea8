package schemas

import (
	"errors"
	"reflect"

	"github.com/go-json-experiment/json/jsontext"

	"florin/domain/id"
)

// ErrDecimal: an amount that is not a JSON string. 1e2 and 0.1 would be floats
// on their way.
var ErrDecimal = errors.New("schemas: an amount is a decimal string")

// Decimal is the text of an amount, as it was written: what it is worth depends
// on the currency beside it (money.Parse).
type Decimal string

// UnmarshalJSONFrom reads a JSON string and nothing else.
func (d *Decimal) UnmarshalJSONFrom(decoder *jsontext.Decoder) error {
	value, err := decoder.ReadToken()
	if err != nil {
		return err
	}
	if value.Kind() != '"' || value.String() == "" { // an amount that is there but empty must not read as none
		return ErrDecimal
	}
	*d = Decimal(value.String())
	return nil
}

// The bodies of the commands as callers send them. A member is required unless
// it is omitzero.
type (
	// EnrolCustomer is POST /v1/customers.
	EnrolCustomer struct {
		UserName string `json:"user_name"`
		Phone    string `json:"phone"` // E.164
		Email    string `json:"email"`
		Name     string `json:"name"` // as the person writes it
		Password string `json:"password"`
	}
	// ChangeContact is PATCH /v1/customers/me: one e-mail or one phone, first
	// without and then with the code that was sent there.
	ChangeContact struct {
		Email string `json:"email,omitzero"`
		Phone string `json:"phone,omitzero"`
		Code  string `json:"code,omitzero"`
	}
	// ActivateCustomer is POST /v1/customers/{id}/activation, RestrictCustomer
	// POST /v1/customers/{id}/restriction, EraseCustomer POST /v1/customers/{id}/erasure.
	ActivateCustomer struct {
		Reason string `json:"reason"` // code
	}
	RestrictCustomer struct {
		Reason string `json:"reason"` // code
	}
	EraseCustomer struct {
		LegalBasis string `json:"legal_basis"` // code, such as gdpr-17-1-b
	}
	// RegisterDevice is POST /v1/devices: a JWS of type florin-device+jwt.
	RegisterDevice struct {
		Registration string `json:"registration"`
	}
	// LogIn is the form of POST /oauth2/challenge (OAuth 2.0 for First-Party
	// Applications): the first step names the client, the later ones the session.
	LogIn struct {
		ClientID            string `json:"client_id,omitzero"`
		ResponseType        string `json:"response_type,omitzero"` // code
		Scope               string `json:"scope,omitzero"`
		CodeChallenge       string `json:"code_challenge,omitzero"`
		CodeChallengeMethod string `json:"code_challenge_method,omitzero"` // S256
		Nonce               string `json:"nonce,omitzero"`
		ACRValues           string `json:"acr_values,omitzero"`
		MaxAge              string `json:"max_age,omitzero"`
		UserName            string `json:"username,omitzero"`
		Password            string `json:"password,omitzero"`
		AuthSession         string `json:"auth_session,omitzero"`
		OTP                 string `json:"otp,omitzero"`
		OTPMethod           string `json:"otp_method,omitzero"`
		OTPSend             string `json:"otp_send,omitzero"` // email or sms
		WebAuthn            string `json:"webauthn,omitzero"` // options, or a PublicKeyCredential
		RecoveryCode        string `json:"recovery_code,omitzero"`
		SCAAssertion        string `json:"sca_assertion,omitzero"` // florin-login+jwt
	}
	// IssueToken is the form of POST /oauth2/token (RFC 6749): which parameters
	// are needed depends on the grant type.
	IssueToken struct {
		GrantType           string `json:"grant_type"`
		ClientID            string `json:"client_id,omitzero"`
		Code                string `json:"code,omitzero"`
		CodeVerifier        string `json:"code_verifier,omitzero"`
		RedirectURI         string `json:"redirect_uri,omitzero"`
		RefreshToken        string `json:"refresh_token,omitzero"`
		ClientAssertionType string `json:"client_assertion_type,omitzero"`
		ClientAssertion     string `json:"client_assertion,omitzero"`
		Scope               string `json:"scope,omitzero"`
	}
	// RevokeToken is the form of POST /oauth2/revoke (RFC 7009).
	RevokeToken struct {
		Token         string `json:"token"`
		TokenTypeHint string `json:"token_type_hint,omitzero"`
		ClientID      string `json:"client_id,omitzero"`
	}
	// OpenAccount is POST /v1/accounts.
	OpenAccount struct {
		Currency string `json:"currency"`
		Name     string `json:"name,omitzero"`
		Product  string `json:"product,omitzero"`
	}
	// InitiateTransfer is POST /v1/transfers.
	InitiateTransfer struct {
		From      id.Account `json:"from"`
		To        id.Account `json:"to"`
		Amount    Decimal    `json:"amount"`
		Currency  string     `json:"currency"`
		Reference string     `json:"reference,omitzero"`
	}
	// AuthoriseTransfer is POST /v1/transfers/{id}/authorization: a JWS of type
	// florin-txn+jwt, and a one-time password if the device key made it; or the
	// displayed statement, verbatim, and as passkey the PublicKeyCredential of get(),
	// as JSON text, whose challenge is the statement's SHA-256.
	AuthoriseTransfer struct {
		Authorization string `json:"authorization"`
		OTP           string `json:"otp,omitzero"`
		Passkey       string `json:"passkey,omitzero"`
	}
	// CancelTransfer is POST /v1/transfers/{id}/cancellation.
	CancelTransfer struct{}
	// ReverseTransfer is POST /v1/transfers/{id}/reversal; without an amount it
	// gives back all that is left.
	ReverseTransfer struct {
		Amount    Decimal `json:"amount,omitzero"`
		Currency  string  `json:"currency,omitzero"`
		Reference string  `json:"reference,omitzero"`
		Reason    string  `json:"reason"` // code
	}
	// ConfirmFactor is POST /v1/factors/{id}/confirmation.
	ConfirmFactor struct {
		OTP string `json:"otp"` // the new authenticator app's present code
	}
	// AddPasskey is POST /v1/factors/{id}/attestation.
	AddPasskey struct {
		Credential string `json:"credential"` // PublicKeyCredential of create(), as JSON text
	}
	// OfferPasskey is POST /v1/factors/passkeys.
	OfferPasskey struct{}
	// MakeRecoveryCodes is POST /v1/factors/recovery-codes.
	MakeRecoveryCodes struct{}
	// OfferTOTP is POST /v1/factors/totp, ApproveFactor POST
	// /v1/factors/{id}/approval, RemoveFactor DELETE /v1/factors/{id}.
	OfferTOTP     struct{}
	ApproveFactor struct{}
	RemoveFactor  struct{}
	// Deposit is POST /v1/deposits.
	Deposit struct {
		To        id.Account `json:"to"`
		Amount    Decimal    `json:"amount"`
		Currency  string     `json:"currency"`
		Reference string     `json:"reference,omitzero"`
	}
	// RenameDevice is PATCH /v1/devices/{id}.
	RenameDevice struct {
		Name string `json:"name"`
	}
	// RevokeDevice is DELETE /v1/devices/{id}.
	RevokeDevice struct{}
	// ReportDeviceLost is POST /v1/devices/{id}/lost.
	ReportDeviceLost struct{}
)

// Command is the name of a command and the type of its body.
type Command struct {
	Name string
	Type reflect.Type
}

// Commands lists every command that has a schema, by name.
func Commands() []Command {
	return []Command{
		body[ActivateCustomer](), body[AddPasskey](), body[ApproveFactor](), body[AuthoriseTransfer](), body[CancelTransfer](), body[ChangeContact](), body[ConfirmFactor](), body[Deposit](), body[EnrolCustomer](), body[EraseCustomer](),
		body[InitiateTransfer](), body[IssueToken](), body[LogIn](), body[MakeRecoveryCodes](), body[OfferPasskey](), body[OfferTOTP](), body[OpenAccount](), body[RegisterDevice](), body[RemoveFactor](), body[RenameDevice](),
		body[ReportDeviceLost](), body[RestrictCustomer](), body[ReverseTransfer](), body[RevokeDevice](), body[RevokeToken](),
	}
}

func body[T any]() Command {
	t := reflect.TypeFor[T]()
	return Command{t.Name(), t}
}
