package customer

import (
	"florin/domain"
)

// TypePasskey: a key pair that signs challenges (WebAuthn), on a phone, in a
// keychain or on a security key.
const TypePasskey = "passkey"

// CredentialBytesMax bounds a credential's id (WebAuthn Level 3 section 4) and its
// public key, in base64url.
const CredentialBytesMax = 4096

var (
	ErrPasskey       = &domain.Refusal{Class: domain.Refused, Code: "passkey-refused", Detail: "This passkey cannot be used."}
	ErrPasskeyCloned = &domain.Refusal{Class: domain.Forbidden, Code: "passkey-cloned", Detail: "This passkey has been used elsewhere since."}
)

// Credential is what is kept of a passkey (the credential record of WebAuthn Level
// 3 section 4): nothing in it is secret.
type Credential struct {
	ID             string `json:"id"`              // base64url
	PublicKey      string `json:"public_key"`      // COSE, base64url
	SignCount      int64  `json:"sign_count"`      // 0: the authenticator does not count
	BackupEligible bool   `json:"backup_eligible"` // may be copied between devices; never changes
	BackedUp       bool   `json:"backed_up"`
	UserVerified   bool   `json:"user_verified"` // by biometrics or a PIN, when it was made
}

// Passkeys are the factors that sign challenges.
func (s State) Passkeys() []Factor {
	var found []Factor
	for _, factor := range s.Factors {
		if factor.Type == TypePasskey {
			found = append(found, factor)
		}
	}
	return found
}

func (s State) addPasskey(c AddPasskey) ([]Event, error) {
	if factor, there := s.factor(c.Factor); there && factor.Credential == c.Credential {
		return nil, nil
	}
	offer, err := s.Offered(c.Factor, c.At)
	switch {
	case err != nil:
		return nil, err
	case offer.Type != TypePasskey:
		return nil, ErrFactorType
	case len(s.Factors) >= FactorsMax:
		return nil, ErrFactorLimit
	case !c.Credential.UserVerified, c.Credential.ID == "", c.Credential.PublicKey == "", c.Credential.SignCount < 0,
		len(c.Credential.ID) > CredentialBytesMax, len(c.Credential.PublicKey) > CredentialBytesMax,
		c.Credential.BackedUp && !c.Credential.BackupEligible:
		return nil, ErrPasskey
	}
	for _, factor := range s.Passkeys() { // the same key twice would be one factor that looks like two
		if factor.Credential.ID == c.Credential.ID {
			return nil, ErrPasskey
		}
	}
	return []Event{PasskeyAdded{Factor: c.Factor, Credential: c.Credential, Device: c.Device, UsableFrom: c.At.Add(FactorWait), At: c.At}}, nil
}

// usePasskey holds what a verified assertion says against the record: WebAuthn
// Level 3 section 7.2, from user verification to the signature counter.
func (s State) usePasskey(c UsePasskey) ([]Event, error) {
	factor, there := s.factor(c.Factor)
	was := factor.Credential
	switch {
	case !there || factor.Type != TypePasskey:
		return nil, ErrFactor
	case !c.UserVerified, c.BackupEligible != was.BackupEligible, c.BackedUp && !c.BackupEligible:
		return nil, ErrPasskey
	case (c.SignCount != 0 || was.SignCount != 0) && c.SignCount <= was.SignCount:
		return nil, ErrPasskeyCloned
	case c.Payment && !factor.Usable(c.At):
		return nil, ErrFactorWaits
	}
	return []Event{PasskeyUsed{Factor: c.Factor, SignCount: c.SignCount, BackedUp: c.BackedUp, At: c.At}}, nil
}
