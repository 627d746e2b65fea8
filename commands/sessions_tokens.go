package commands

import (
	"context"
	"time"

	"florin/domain/consent"
	"florin/domain/grant"
	"florin/domain/id"
	"florin/domain/session"
)

// Tokens is what a token says, and the secrets beside it. How it looks on the wire
// is the gateway's.
type Tokens struct {
	Customer    id.Customer // of Customer, Operator and neither (a client for itself) one holds
	Operator    id.Operator
	ClientID    string
	Device      id.Device
	Session     id.Session
	JKT         string
	Scopes      []string
	ACR         string
	AMR         []string
	AuthTime    time.Time
	Strength    int64 // 1 device, 2 mfa, 3 sca, 4 sca in attested hardware
	Risk        int64 // how likely the family's login was fraud, in thousandths
	JTI         string
	IssuedAt    time.Time
	ExpiresAt   time.Time
	Refresh     string          // "" for machines and after a step-up: the family's own goes on
	AuthSession string          // the family's step-up handle; "" for machines and third parties
	Nonce       string          // for the ID token
	Payment     consent.Payment // of a third party: the payment that the customer agreed to
	Debtor      id.Account      // of that payment, if it was named
}

var strengths = map[string]int64{grant.ACRDevice: 1, session.ACRKey: 1, grant.ACRMulti: 2, grant.ACRStrong: 3, grant.ACRStrongInKey: 4}

// tokens makes an answer of what a command did to a family. Where it gave no token
// (reuse, another's key) the answer is invalid-grant.
func (b *Bank) tokens(ctx context.Context, clientID string, family session.Started, facts []Fact) (Tokens, error) {
	t := Tokens{ClientID: clientID}
	generation := int64(0)
	issue := func(id, acr string, scopes []string, at, until time.Time) {
		t.JTI, t.ACR, t.Scopes, t.IssuedAt, t.ExpiresAt = id, acr, scopes, at, until
	}
	for _, fact := range facts {
		switch e := fact.Event.(type) {
		case session.Started:
			family = e
			t.AMR, t.AuthTime = e.AMR, e.AuthTime
		case session.Elevated:
			t.AMR, t.AuthTime = e.AMR, e.AuthTime
		case session.TokenIssued:
			generation = e.Generation
			issue(e.JTI, e.ACR, e.Scopes, e.At, e.ExpiresAt)
		case session.TokenRefreshed:
			generation = e.Generation
			issue(e.JTI, e.ACR, e.Scopes, e.At, e.ExpiresAt)
		case session.TokenRepeated:
			generation = e.Generation
			issue(e.JTI, e.ACR, e.Scopes, e.At, e.ExpiresAt)
		}
	}
	if t.JTI == "" {
		return Tokens{}, session.ErrGrant
	}
	if t.AMR == nil { // refreshed: what is left is the key
		t.AMR, t.AuthTime = []string{"pop"}, family.AuthTime
	}
	t.Customer, t.Operator, t.Device, t.Session, t.JKT = family.Customer, family.Operator, family.Device, family.Session, family.JKT
	t.Strength = strengths[t.ACR]
	var err error
	if t.Risk, err = b.sessionRisk(ctx, family.Grant); err != nil {
		return Tokens{}, err
	}
	if generation > 0 {
		if t.Refresh, _, err = b.refreshToken(t.Session, generation, family.Salt); err != nil {
			return Tokens{}, err
		}
	}
	if !family.Client.IsZero() && (!t.Customer.IsZero() || !t.Operator.IsZero()) && family.Consent.IsZero() {
		t.AuthSession, err = b.handle(handleStepUp, t.Session.UUID(), 0)
	}
	return t, err
}
