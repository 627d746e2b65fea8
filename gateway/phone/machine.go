package phone

import (
	"context"
	"crypto/ecdsa"
	"maps"
	"net/url"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// Assertion is what an operator or machine authenticates with at the token
// endpoint (RFC 7523, private_key_jwt): used once, good for a minute. Claims of
// change replace the right ones.
func (p *Phone) Assertion(clientID string, key *ecdsa.PrivateKey, change map[string]any) (string, error) {
	now := p.settings.Now()
	claims := jwt.MapClaims{"iss": clientID, "sub": clientID, "aud": p.settings.Base, "jti": p.NewID(),
		"iat": now.Unix(), "exp": now.Add(time.Minute).Unix()}
	maps.Copy(claims, change)
	return jwt.NewWithClaims(jwt.SigningMethodES256, claims).SignedString(key)
}

// MachineForm asks for a token of the client's own, with all scopes it has.
func MachineForm(assertion string) url.Values {
	return url.Values{"grant_type": {"client_credentials"}, "client_assertion": {assertion}, "client_assertion_type": {assertionType}}
}

// LoginByKey gets a token for an operator or machine. It lives 300 seconds, is
// bound to the phone's device key, and cannot be refreshed: log in again.
func (p *Phone) LoginByKey(ctx context.Context, clientID string, key *ecdsa.PrivateKey) error {
	p.login.Lock()
	defer p.login.Unlock()
	answer, err := p.call(ctx, func() (Request, error) {
		assertion, err := p.Assertion(clientID, key, nil) // anew for every attempt: it is used once
		if err != nil {
			return Request{}, err
		}
		return p.PrepareForm("/oauth2/token", MachineForm(assertion))
	})
	if err != nil {
		return err
	}
	return p.take(answer)
}
