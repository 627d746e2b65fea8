// Package passkey speaks WebAuthn with authenticators: it makes the options that
// a browser or phone is asked with, and verifies what comes back.
//
//	challenge -> Creation -> authenticator -> Attested  -> credential record
//	challenge -> Request  -> authenticator -> Asserted  -> facts for the rules
//
// The library does the algorithms (go-webauthn); this package names the relying
// party, the one origin, and that the user has to be verified, always. Attestation
// is not asked for: which make of authenticator it is decides nothing here.
//
// It must never keep a challenge or count a signature: challenges are derived by
// the commands, and what a counter means is a rule of package customer.
package passkey

import (
	"crypto/elliptic"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/protocol/webauthncose"

	"florin/domain/customer"
)

// ResponseBytesMax bounds what an authenticator sends, as JSON.
const ResponseBytesMax = 12 << 10

// timeoutMilliseconds is how long a person may take; challenges live as long.
const timeoutMilliseconds = 300_000

// ErrResponse is whatever is wrong with what an authenticator sent.
var ErrResponse = errors.New("passkey: the response does not stand")

// Party is the relying party: the issuer's host, and its origin alone.
type Party struct {
	id     string
	origin string
	name   string
}

// New is the relying party of an issuer.
func New(issuer string) (Party, error) {
	at, err := url.Parse(issuer)
	if err != nil || at.Hostname() == "" {
		return Party{}, fmt.Errorf("passkey: %q is no issuer", issuer)
	}
	return Party{id: at.Hostname(), origin: at.Scheme + "://" + at.Host, name: "Florin"}, nil
}

// parameters are the algorithms that are taken, the best first.
var parameters = []protocol.CredentialParameter{
	{Type: protocol.PublicKeyCredentialType, Algorithm: webauthncose.AlgES256},
	{Type: protocol.PublicKeyCredentialType, Algorithm: webauthncose.AlgEdDSA},
	{Type: protocol.PublicKeyCredentialType, Algorithm: webauthncose.AlgRS256},
}

// Options are what a browser or phone is asked with: JSON, as WebAuthn has it.
type Options = json.RawMessage

// Creation is what navigator.credentials.create is called with. The user's id is
// opaque; name and called are for the person's eyes: which account, and whose.
func (p Party) Creation(challenge, user []byte, name, called string, have []customer.Factor) (Options, error) {
	return json.Marshal(protocol.CredentialCreation{Response: protocol.PublicKeyCredentialCreationOptions{
		RelyingParty: protocol.RelyingPartyEntity{CredentialEntity: protocol.CredentialEntity{Name: p.name}, ID: p.id},
		User:         protocol.UserEntity{CredentialEntity: protocol.CredentialEntity{Name: name}, DisplayName: called, ID: protocol.URLEncodedBase64(user)},
		Challenge:    challenge, Parameters: parameters, Timeout: timeoutMilliseconds, CredentialExcludeList: descriptors(have),
		AuthenticatorSelection: protocol.AuthenticatorSelection{ResidentKey: protocol.ResidentKeyRequirementPreferred, UserVerification: protocol.VerificationRequired},
		Attestation:            protocol.PreferNoAttestation,
	}})
}

// Request is what navigator.credentials.get is called with.
func (p Party) Request(challenge []byte, have []customer.Factor) (Options, error) {
	return json.Marshal(protocol.CredentialAssertion{Response: protocol.PublicKeyCredentialRequestOptions{
		Challenge: challenge, Timeout: timeoutMilliseconds, RelyingPartyID: p.id,
		AllowedCredentials: descriptors(have), UserVerification: protocol.VerificationRequired,
	}})
}

func descriptors(have []customer.Factor) []protocol.CredentialDescriptor {
	var all []protocol.CredentialDescriptor
	for _, factor := range have {
		if raw, err := encoding.DecodeString(factor.Credential.ID); err == nil && len(raw) > 0 {
			all = append(all, protocol.CredentialDescriptor{Type: protocol.PublicKeyCredentialType, CredentialID: raw})
		}
	}
	return all
}

var encoding = base64.RawURLEncoding.Strict()

// Attested verifies the answer to Creation: WebAuthn Level 3 section 7.1.
func (p Party) Attested(response string, challenge []byte) (customer.Credential, error) {
	if len(response) > ResponseBytesMax {
		return customer.Credential{}, ErrResponse
	}
	made, err := protocol.ParseCredentialCreationResponseBytes([]byte(response))
	if err != nil {
		return customer.Credential{}, ErrResponse
	}
	if _, err := made.Verify(encoding.EncodeToString(challenge), p.id, []string{p.origin}, nil, nil, protocol.TopOriginExplicitVerificationMode,
		false, true, true, nil, parameters, protocol.AttestationPolicy{}, protocol.SignaturePolicy{}); err != nil {
		return customer.Credential{}, ErrResponse
	}
	data := made.Response.AttestationObject.AuthData
	if made.Response.CollectedClientData.Origin != p.origin || !usable(data.AttData.CredentialPublicKey) {
		return customer.Credential{}, ErrResponse
	}
	return customer.Credential{
		ID: encoding.EncodeToString(data.AttData.CredentialID), PublicKey: encoding.EncodeToString(data.AttData.CredentialPublicKey),
		SignCount: int64(data.Counter), BackupEligible: data.Flags.HasBackupEligible(), BackedUp: data.Flags.HasBackupState(),
		UserVerified: data.Flags.HasUserVerified(),
	}, nil
}

// usable tells whether a key, in COSE, is of an algorithm that was asked for, and
// nothing follows it: the library takes in keys that it then cannot verify with.
func usable(public []byte) bool {
	parsed, err := webauthncose.ParsePublicKey(public)
	if err != nil {
		return false
	}
	var algorithm int64
	switch key := parsed.(type) {
	case webauthncose.EC2PublicKeyData:
		algorithm = key.Algorithm
	case webauthncose.OKPPublicKeyData:
		algorithm = key.Algorithm
	case webauthncose.RSAPublicKeyData:
		algorithm = key.Algorithm
	}
	return slices.ContainsFunc(parameters, func(p protocol.CredentialParameter) bool { return int64(p.Algorithm) == algorithm })
}

// Assertion is what a verified answer to Request says.
type Assertion struct {
	Factor         customer.Factor
	SignCount      int64
	BackupEligible bool
	BackedUp       bool
	UserVerified   bool
}

// Asserted verifies the answer to Request against the passkeys that somebody has:
// WebAuthn Level 3 section 7.2, up to the signature. The rest is for the rules.
func (p Party) Asserted(response string, challenge []byte, have []customer.Factor) (Assertion, error) {
	if len(response) > ResponseBytesMax {
		return Assertion{}, ErrResponse
	}
	said, err := protocol.ParseCredentialRequestResponseBytes([]byte(response))
	if err != nil {
		return Assertion{}, ErrResponse
	}
	for _, factor := range have {
		if factor.Credential.ID != encoding.EncodeToString(said.RawID) {
			continue
		}
		public, err := encoding.DecodeString(factor.Credential.PublicKey)
		if err != nil {
			return Assertion{}, ErrResponse
		}
		if len(public) == 0 {
			public = nobodys()
		}
		if err := said.Verify(encoding.EncodeToString(challenge), p.id, "", []string{p.origin}, nil, nil, protocol.TopOriginExplicitVerificationMode,
			false, true, true, public, protocol.SignaturePolicy{}); err != nil {
			return Assertion{}, ErrResponse
		}
		// The library folds the origin's case; browsers write it in one way only.
		if factor.Credential.PublicKey == "" || said.Response.CollectedClientData.Origin != p.origin {
			return Assertion{}, ErrResponse
		}
		data := said.Response.AuthenticatorData
		return Assertion{
			Factor: factor, SignCount: int64(data.Counter), BackupEligible: data.Flags.HasBackupEligible(),
			BackedUp: data.Flags.HasBackupState(), UserVerified: data.Flags.HasUserVerified(),
		}, nil
	}
	return Assertion{}, ErrResponse
}

// nobodys is a key that a made-up credential is checked with, so that the work is
// the same: P-256's base point, in COSE (RFC 9053 section 7.1.1).
func nobodys() []byte {
	curve := elliptic.P256().Params()
	return cose(curve.Gx.FillBytes(make([]byte, 32)), curve.Gy.FillBytes(make([]byte, 32)))
}

// cose is a P-256 key, its coordinates of 32 bytes each, as authenticators write it.
func cose(x, y []byte) []byte {
	head := []byte{0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20}
	return slices.Concat(head, x, []byte{0x22, 0x58, 0x20}, y)
}
