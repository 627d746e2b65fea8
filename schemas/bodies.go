package schemas

import (
	"errors"

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

// The JSON bodies of the commands as callers send them. A member is required unless
// it is omitzero.
type (
	// EnrolCustomer is POST /v1/customers.
	EnrolCustomer struct {
		UserName string `json:"user_name"`
		Phone    string `json:"phone"` // E.164
		Email    string `json:"email"`
		Name     string `json:"name"` // as the person writes it
		Password string `json:"password"`
		Reason   string `json:"reason,omitzero"` // code; of an operator's. Not said: new-customer
	}
	// ChangeContact is PATCH /v1/customers/me: one e-mail or one phone, first
	// without and then with the code that was sent there.
	ChangeContact struct {
		Email string `json:"email,omitzero" jsonschema:"anyof_required=email"`
		Phone string `json:"phone,omitzero" jsonschema:"anyof_required=phone"`
		Code  string `json:"code,omitzero"`
	}
	// ChangePassword is POST /v1/customers/me/password.
	ChangePassword struct {
		Password string `json:"password"`
	}
	// BeginRecovery is POST /v1/recovery, signed by the phone's key: whose name it
	// is, and what is to be recovered.
	BeginRecovery struct {
		UserName string `json:"username"` // user name, phone or e-mail
		For      string `json:"for"`      // password, factors, contact or unlock
	}
	// CompleteRecovery is POST /v1/recovery/completion, signed by the same key: two
	// proofs, and what is to be set anew. A contact takes two requests, the second
	// one with the code that the first had sent there.
	CompleteRecovery struct {
		Recovery     id.Recovery `json:"recovery_id"`
		Code         string      `json:"code,omitzero"`
		RecoveryCode string      `json:"recovery_code,omitzero"`
		SCAAssertion string      `json:"sca_assertion,omitzero"` // JWS florin-recovery+jwt
		Password     string      `json:"password,omitzero"`
		Email        string      `json:"email,omitzero"`
		Phone        string      `json:"phone,omitzero"`
		ContactCode  string      `json:"contact_code,omitzero"`
	}
	// PermitRecovery is POST /v1/customers/{id}/recovery: an operator has seen who
	// the person is. With an email or a phone, the person is reached there from then on.
	PermitRecovery struct {
		For    string `json:"for"`
		Reason string `json:"reason"` // code
		Email  string `json:"email,omitzero"`
		Phone  string `json:"phone,omitzero"`
	}
	// ObjectForCustomer is POST /v1/customers/{id}/recovery/objection: the customer has
	// called the bank.
	ObjectForCustomer struct {
		Reason string `json:"reason"` // code
	}
	// RemoveContact is DELETE /v1/customers/me/contacts/{kind}.
	RemoveContact struct{}
	// ObjectToRecovery is DELETE /v1/recovery/{id}, by a device; StopRecovery is POST
	// /v1/recovery/objection, by whoever has the notice.
	ObjectToRecovery struct{}
	StopRecovery     struct {
		Objection string `json:"objection"`
	}
	// ActivateCustomer is POST /v1/customers/{id}/activation, RestrictCustomer
	// POST /v1/customers/{id}/restriction, EraseCustomer POST /v1/customers/{id}/erasure.
	ActivateCustomer struct {
		Reason string `json:"reason"` // code
	}
	RestrictCustomer struct {
		Reason string `json:"reason"` // code
	}
	// LiftSendingLimit is POST /v1/customers/{id}/sending-limit/lifting.
	LiftSendingLimit struct {
		Reason string `json:"reason"` // code
	}
	EraseCustomer struct {
		LegalBasis string `json:"legal_basis"` // code, such as gdpr-17-1-b
	}
	// EnrolOperator is POST /v1/operators/enrolment: first with the name and the code
	// alone, then with what the person will log in with: a password and a one-time
	// password of the secret that the first answer showed, a passkey, or all.
	EnrolOperator struct {
		UserName   string `json:"user_name"`
		Code       string `json:"code"`
		Password   string `json:"password,omitzero"`
		OTP        string `json:"otp,omitzero"`
		Credential string `json:"credential,omitzero"` // PublicKeyCredential of create(), as JSON text
	}
	// MakeProposal is POST /v1/operators/proposals. Which details a kind needs, and
	// which scope, package domain/proposal says.
	MakeProposal struct {
		Kind    string          `json:"kind"` // reversal, erasure, deposit, activation, role-grant, suspense-clearing, receivable-write-off, ...
		Details ProposalDetails `json:"details"`
		Reason  string          `json:"reason"` // code
	}
	ProposalDetails struct {
		Operator   id.Operator `json:"operator,omitzero"` // whom it is about
		Role       string      `json:"role,omitzero"`
		Customer   id.Customer `json:"customer,omitzero"`
		LegalBasis string      `json:"legal_basis,omitzero"` // code
		Transfer   id.Transfer `json:"transfer,omitzero"`
		Journal    id.Journal  `json:"journal,omitzero"` // or transfer, of a clearing: by which the money came to lie there
		Account    id.Account  `json:"account,omitzero"`
		Amount     Decimal     `json:"amount,omitzero"`
		Currency   string      `json:"currency,omitzero"`
		Reference  string      `json:"reference,omitzero"`
	}
	// ApproveProposal is POST /v1/operators/proposals/{id}/approval, RejectProposal
	// POST .../rejection, WithdrawProposal POST .../withdrawal.
	ApproveProposal struct{}
	RejectProposal  struct {
		Reason string `json:"reason"` // code
	}
	WithdrawProposal struct {
		Reason string `json:"reason"` // code
	}
	// RegisterDevice is POST /v1/devices: a JWS of type florin-device+jwt.
	RegisterDevice struct {
		Registration string `json:"registration"`
	}
	// OpenAccount is POST /v1/accounts.
	OpenAccount struct {
		Currency string `json:"currency"`
		Name     string `json:"name,omitzero"`
		Product  string `json:"product,omitzero"`
		TimeZone string `json:"time_zone,omitzero"` // IANA, where days and months of limits are counted
	}
	// SetLimits is POST /v1/accounts/{id}/limits: what is not said stays as it is.
	SetLimits struct {
		Daily    Decimal `json:"daily,omitzero" jsonschema:"anyof_required=daily"`
		Monthly  Decimal `json:"monthly,omitzero" jsonschema:"anyof_required=monthly"`
		Currency string  `json:"currency"`
	}
	// SetCap is POST /v1/accounts/{id}/cap: how far the owners may widen the limits.
	SetCap struct {
		Daily    Decimal `json:"daily,omitzero" jsonschema:"anyof_required=daily"`
		Monthly  Decimal `json:"monthly,omitzero" jsonschema:"anyof_required=monthly"`
		Currency string  `json:"currency"`
		Reason   string  `json:"reason"` // code
	}
	// AnnounceTerms is POST /v1/accounts/{id}/terms: a newer version of the account's product,
	// or its present one to withdraw what was announced.
	AnnounceTerms struct {
		Version int64  `json:"version" jsonschema:"minimum=1"`
		Reason  string `json:"reason"` // code
	}
	// CloseAccount is POST /v1/accounts/{id}/closure, FreezeAccount POST
	// /v1/accounts/{id}/freeze, UnfreezeAccount POST /v1/accounts/{id}/unfreeze.
	CloseAccount struct {
		Reason string `json:"reason"` // code
	}
	FreezeAccount struct {
		Reason string `json:"reason"` // code
	}
	UnfreezeAccount struct {
		Reason string `json:"reason"` // code
	}
	// PlaceHold is POST /v1/accounts/{id}/holds, LiftHold POST
	// /v1/accounts/{id}/holds/release.
	PlaceHold struct {
		Amount   Decimal `json:"amount"`
		Currency string  `json:"currency"`
		Reason   string  `json:"reason"` // code
	}
	LiftHold struct {
		Hold   id.Hold `json:"hold"`
		Reason string  `json:"reason"` // code
	}
	// InviteHolder is POST /v1/accounts/{id}/invitations, EndInvitation POST
	// /v1/accounts/{id}/invitations/end, AcceptInvitation POST
	// /v1/accounts/{id}/holders, RemoveHolder POST /v1/accounts/{id}/holders/removal.
	InviteHolder struct {
		UserName string `json:"user_name"`
		Role     string `json:"role"` // owner or reader
	}
	EndInvitation struct {
		Invitation id.Invitation `json:"invitation"`
	}
	AcceptInvitation struct {
		Invitation id.Invitation `json:"invitation"`
	}
	RemoveHolder struct {
		Holder id.Customer `json:"holder"`
	}
	// InitiateTransfer is POST /v1/transfers. ExecuteOn is a later day (2026-01-31, where
	// the account lives); without it the money moves at once.
	InitiateTransfer struct {
		From      id.Account `json:"from"`
		To        id.Account `json:"to"`
		Amount    Decimal    `json:"amount"`
		Currency  string     `json:"currency"`
		Reference string     `json:"reference,omitzero"`
		ExecuteOn string     `json:"execute_on,omitzero"`
	}
	// RunTransfer executes a scheduled transfer whose day has come.
	RunTransfer struct {
		Transfer id.Transfer `json:"transfer"`
	}
	// AuthoriseTransfer is POST /v1/transfers/{id}/authorization: a JWS of type
	// florin-txn+jwt, and a one-time password if the device key made it; or the
	// displayed statement, verbatim, and as assertion the PublicKeyCredential of get()
	// (its toJSON), whose challenge is the statement's SHA-256.
	AuthoriseTransfer struct {
		Authorization string `json:"authorization"`
		OTP           string `json:"otp,omitzero"`
		Assertion     Object `json:"assertion,omitzero"`
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
		Reason    string     `json:"reason,omitzero"` // code; of an operator's, in production, required
	}
	// RenameDevice is PATCH /v1/devices/{id}.
	RenameDevice struct {
		Name string `json:"name"`
	}
	// AnswerApproval is POST /v1/approvals/{id}: a JWS of type florin-approval+jwt by
	// the SCA key, over what was displayed, the decision and the number.
	AnswerApproval struct {
		Approval string `json:"approval"`
	}
	// RevokeDevice is DELETE /v1/devices/{id}.
	RevokeDevice struct {
		Reason string `json:"reason,omitzero"` // code; an operator gives one, a customer needs none
	}
	// ReportDeviceLost is POST /v1/devices/{id}/lost.
	ReportDeviceLost struct {
		Reason string `json:"reason,omitzero"` // code; an operator says how they know
	}
	// EndSession is DELETE /v1/sessions/{id}.
	EndSession struct{}
	// RevokeConsent is DELETE /v1/consents/{id}.
	RevokeConsent struct{}
)
