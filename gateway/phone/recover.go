package phone

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// Recovery is a way back into an account, as far as it has come.
type Recovery struct {
	ID           string    `json:"recovery_id"`
	Status       string    `json:"status"` // "": begun; code-sent; completed
	ExpiresAt    time.Time `json:"expires_at"`
	PaymentsFrom time.Time `json:"payments_from"`
	TOTP         struct {
		Secret string `json:"secret"`
	} `json:"totp"`
}

// Proofs is what is shown for a recovery, and what is to be set anew. BySCAKey has
// the key behind the fingerprint confirm it.
type Proofs struct {
	Recovery     string `json:"recovery_id"`
	Code         string `json:"code,omitempty"`
	RecoveryCode string `json:"recovery_code,omitempty"`
	SCAAssertion string `json:"sca_assertion,omitempty"`
	Password     string `json:"password,omitempty"`
	Email        string `json:"email,omitempty"`
	Phone        string `json:"phone,omitempty"`
	ContactCode  string `json:"contact_code,omitempty"`

	BySCAKey bool `json:"-"`
}

// Recover begins a recovery of a password, factors, a contact, or unlocks. The
// answer is the same whether the name is anybody's.
func (p *Phone) Recover(ctx context.Context, userName, what string) (Recovery, error) {
	return p.recovery(ctx, "/v1/recovery", map[string]string{"username": userName, "for": what})
}

// CompleteRecovery shows the proofs. The phone remembers what was set anew.
func (p *Phone) CompleteRecovery(ctx context.Context, proofs Proofs) (Recovery, error) {
	if proofs.BySCAKey {
		var err error
		if proofs.SCAAssertion, err = p.SignRecovery(proofs.Recovery); err != nil {
			return Recovery{}, err
		}
	}
	done, err := p.recovery(ctx, "/v1/recovery/completion", proofs)
	if err != nil || done.Status != "completed" {
		return done, err
	}
	profile := p.Profile()
	if proofs.Password != "" {
		profile.Password = proofs.Password
	}
	if done.TOTP.Secret != "" {
		profile.TOTPSecret = done.TOTP.Secret
	}
	p.Remember(profile)
	return done, nil
}

// SignRecovery is the word of the key behind the fingerprint for a recovery.
func (p *Phone) SignRecovery(recovery string) (string, error) {
	return sign(p.sca, "florin-recovery+jwt", true, jwt.MapClaims{
		"aud": p.settings.Base, "jkt": p.Thumbprint(), "recovery_id": recovery, "jti": p.NewID(), "iat": p.settings.Now().Unix(),
	})
}

func (p *Phone) recovery(ctx context.Context, path string, body any) (Recovery, error) {
	data, err := json.Marshal(body)
	if err != nil {
		return Recovery{}, err
	}
	key := p.NewID()
	answer, err := p.call(ctx, func() (Request, error) { return p.PrepareStranger(path, data, key) })
	if err != nil {
		return Recovery{}, err
	}
	var recovery Recovery
	if err := answer.Decode(&recovery); err != nil {
		return Recovery{}, fmt.Errorf("recover: %w", err)
	}
	return recovery, nil
}

// PrepareStranger makes a POST that the device key signs and no token comes with:
// of a phone that nobody is logged in on.
func (p *Phone) PrepareStranger(path string, body []byte, idempotencyKey string) (Request, error) {
	proof, err := p.proof(http.MethodPost, path, "", jwt.MapClaims{"content_digest": ContentDigest(body), "idempotency_key": idempotencyKey})
	header := http.Header{"Content-Type": {"application/json"}, "Dpop": {proof}, "Idempotency-Key": {idempotencyKey}}
	return Request{http.MethodPost, path, header, body}, err
}
