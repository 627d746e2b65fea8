package phone

import (
	"context"
	"crypto/sha256"
	"fmt"
	"net/url"

	"github.com/golang-jwt/jwt/v5"

	"florin/domain/attest/attesttest"
)

// Platform is the maker of a simulated phone, and the app that runs on it. A bank
// believes it if it trusts the maker's root, which only a sandbox does.
type Platform struct {
	Maker  *attesttest.Maker
	Format string // android-key or apple-appattest
	App    string // Android's package, or Apple's team and bundle
	Signer []byte // SHA-256 of the certificate that has signed an Android app

	// Say says something else, over a registration's nonce and challenge: tests attack by
	// it. nil: what the maker says.
	Say func(nonce string, challenge []byte) any
}

// Formats that a simulated phone can show.
const (
	FormatAndroid = "android-key"
	FormatApple   = "apple-appattest"
)

// attestation is what the phone's platform says of its two keys, and which one it is.
func (p *Phone) attestation(nonce string) (statement any, platform string, err error) {
	made := p.settings.Platform
	if made == nil {
		return map[string]any{"format": "none"}, "simulator", nil
	}
	bound := sha256.Sum256([]byte(nonce + p.Thumbprint() + public(p.sca).Thumbprint()))
	if made.Say != nil {
		return made.Say(nonce, bound[:]), "simulator", nil
	}
	now := p.settings.Now()
	var data map[string]any
	switch made.Format {
	case FormatApple:
		object, id, _, err := made.Maker.Apple(attesttest.Apple{At: now, ClientData: bound[:], App: made.App})
		if err != nil {
			return nil, "", err
		}
		platform, data = "ios", map[string]any{"key_id": id, "attestation": object}
	case FormatAndroid: // as Android makes keys: before their thumbprints are known
		first, second := sha256.Sum256([]byte(nonce)), sha256.Sum256([]byte(nonce+p.Thumbprint()))
		device, _, err := made.Maker.Android(&p.device.PublicKey, attesttest.GoodAndroid(first[:], made.App, made.Signer, false, now))
		if err != nil {
			return nil, "", err
		}
		sca, _, err := made.Maker.Android(&p.sca.PublicKey, attesttest.GoodAndroid(second[:], made.App, made.Signer, true, now))
		if err != nil {
			return nil, "", err
		}
		platform, data = "android", map[string]any{"device": device, "sca": sca}
	default:
		return nil, "", fmt.Errorf("phone: no platform attests by %q: %s or %s", made.Format, FormatAndroid, FormatApple)
	}
	return map[string]any{"format": made.Format, "data": data}, platform, nil
}

// LoginBySCAKey logs in without a password, by the key behind the fingerprint: on a
// phone that is the customer's already.
func (p *Phone) LoginBySCAKey(ctx context.Context) error {
	p.login.Lock()
	defer p.login.Unlock()
	form, verifier := p.beginning()
	form.Del("password")
	code, err := p.assent(ctx, form, form.Get("code_challenge"))
	if err != nil {
		return fmt.Errorf("log in by SCA key: %w", err)
	}
	return p.token(ctx, "", url.Values{
		"grant_type": {"authorization_code"}, "client_id": {form.Get("client_id")}, "code": {code}, "code_verifier": {verifier},
	})
}

// scaFactor is how the bank names the key behind the fingerprint among what may follow.
const scaFactor = "sca-key"

// assent takes a step of a login by the key behind the fingerprint.
func (p *Phone) assent(ctx context.Context, form url.Values, codeChallenge string) (code string, err error) {
	assent, err := sign(p.sca, "florin-login+jwt", true, jwt.MapClaims{
		"aud": p.settings.Base, "jkt": p.Thumbprint(), "code_challenge": codeChallenge, "jti": p.NewID(), "iat": p.settings.Now().Unix(),
	})
	if err != nil {
		return "", err
	}
	form.Set("sca_assertion", assent)
	return p.challenge(ctx, form)
}
