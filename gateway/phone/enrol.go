package phone

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/pquerna/otp/totp"
)

// Person is who enrols.
type Person struct {
	UserName string `json:"user_name"`
	Phone    string `json:"phone"`
	Email    string `json:"email"`
	Name     string `json:"name"`
	Password string `json:"password"`
}

// Enrol makes a customer, where the bank lets anybody (sandbox), and remembers it.
func (p *Phone) Enrol(ctx context.Context, person Person) error {
	body, err := json.Marshal(person)
	if err != nil {
		return err
	}
	header := http.Header{"Content-Type": {"application/json"}, "Idempotency-Key": {p.NewID()}}
	answer, err := p.Send(ctx, Request{http.MethodPost, "/v1/customers", header, body})
	if err != nil {
		return err
	}
	var enrolled struct {
		Customer string `json:"customer_id"`
		TOTP     struct {
			Secret string `json:"secret"`
		} `json:"totp"`
	}
	if err := answer.Decode(&enrolled); err != nil {
		return fmt.Errorf("enrol: %w", err)
	}
	p.Remember(Profile{Customer: enrolled.Customer, UserName: person.UserName, Password: person.Password, TOTPSecret: enrolled.TOTP.Secret})
	return nil
}

// Register registers the phone's two keys as a device, with what its platform says of
// them, and remembers the device's id. The same keys again give the same id.
func (p *Phone) Register(ctx context.Context) error {
	answer, err := p.Send(ctx, Request{Method: http.MethodPost, Path: "/v1/devices/challenge"})
	if err != nil {
		return err
	}
	var challenge struct {
		Nonce string `json:"nonce"`
	}
	if err := answer.Decode(&challenge); err != nil {
		return fmt.Errorf("device challenge: %w", err)
	}
	body, err := p.Registration(challenge.Nonce)
	if err != nil {
		return err
	}
	answer, err = p.call(ctx, func() (Request, error) {
		proof, err := p.proof(http.MethodPost, "/v1/devices", "", nil)
		header := http.Header{"Content-Type": {"application/json"}, "Dpop": {proof}}
		return Request{http.MethodPost, "/v1/devices", header, body}, err
	})
	if err != nil {
		return err
	}
	var device struct {
		ID string `json:"device_id"`
	}
	if err := answer.Decode(&device); err != nil {
		return fmt.Errorf("register device: %w", err)
	}
	profile := p.Profile()
	profile.Device = device.ID
	p.Remember(profile)
	return nil
}

// Registration is the body that registers the phone's keys, for a nonce.
func (p *Phone) Registration(nonce string) ([]byte, error) {
	now := p.settings.Now()
	scaProof, err := sign(p.sca, "florin-sca+jwt", false, jwt.MapClaims{
		"aud": p.settings.Base, "nonce": nonce, "iat": now.Unix(), "jkt": p.Thumbprint(),
	})
	if err != nil {
		return nil, err
	}
	attestation, platform, err := p.attestation(nonce)
	if err != nil {
		return nil, err
	}
	registration, err := sign(p.device, "florin-device+jwt", false, jwt.MapClaims{
		"aud": p.settings.Base, "nonce": nonce, "iat": now.Unix(), "exp": now.Add(2 * time.Minute).Unix(),
		"platform": platform, "os": "FlorinOS 1", "model": "Florin Phone", "app_version": "1.0.0",
		"fingerprint": "simulated-" + p.Thumbprint(), "attestation": attestation,
		"sca_jwk": public(p.sca), "sca_proof": scaProof,
	})
	if err != nil {
		return nil, err
	}
	return json.Marshal(map[string]string{"registration": registration})
}

// Login walks the native login to its end: password, then where the bank asks for more
// the key behind the fingerprint, or TOTP on a phone that is new to it, then the code
// for tokens.
func (p *Phone) Login(ctx context.Context) error {
	return p.logIn(ctx, func(step *Refused) (string, error) {
		if slices.Contains(step.Next, scaFactor) {
			return p.assent(ctx, url.Values{"auth_session": {step.AuthSession}}, step.codeChallenge)
		}
		otp, err := p.loginOTP()
		if err != nil {
			return "", err
		}
		return p.challenge(ctx, url.Values{"auth_session": {step.AuthSession}, "otp": {otp}})
	})
}

// logIn logs in with the password; second goes on where that is not enough.
func (p *Phone) logIn(ctx context.Context, second func(step *Refused) (code string, err error)) error {
	p.login.Lock()
	defer p.login.Unlock()
	form, verifier := p.beginning()
	code, err := p.challenge(ctx, form)
	if step, ok := errors.AsType[*Refused](err); ok && step.Code == "insufficient_authorization" {
		step.codeChallenge = form.Get("code_challenge")
		code, err = second(step)
	}
	if err != nil {
		return fmt.Errorf("log in: %w", err)
	}
	return p.token(ctx, "", url.Values{
		"grant_type": {"authorization_code"}, "client_id": {form.Get("client_id")}, "code": {code}, "code_verifier": {verifier},
	})
}

// beginning is the first step of a login, with the password; the verifier is what
// the code is redeemed with.
func (p *Phone) beginning() (form url.Values, verifier string) {
	verifier = p.NewID() + p.NewID()
	challenge := sha256.Sum256([]byte(verifier))
	profile := p.Profile()
	clientID, scopes := p.app()
	return url.Values{
		"client_id": {clientID}, "response_type": {"code"}, "scope": {scopes},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(challenge[:])}, "code_challenge_method": {"S256"},
		"username": {profile.UserName}, "password": {profile.Password},
	}, verifier
}

// OTP is the present code of the customer's TOTP factor.
func (p *Phone) OTP() (string, error) {
	return totp.GenerateCode(p.Profile().TOTPSecret, p.settings.Now())
}

// Challenge makes one step of a native login and gives the code it ended in.
// A step that is not the last is *Refused with code insufficient_authorization.
func (p *Phone) Challenge(ctx context.Context, form url.Values) (code string, err error) {
	return p.challenge(ctx, form)
}

func (p *Phone) challenge(ctx context.Context, form url.Values) (string, error) {
	p.mu.Lock()
	word := p.word
	p.mu.Unlock()
	if word != "" { // at every step: each is counted
		form = maps.Clone(form)
		form.Set("expected", word)
	}
	answer, err := p.form(ctx, "/oauth2/challenge", "", form)
	if err != nil {
		return "", err
	}
	var done struct {
		Code string `json:"authorization_code"`
	}
	err = answer.Decode(&done)
	return done.Code, err
}

// Refresh rotates the refresh token. A lost answer is asked for again with the
// same Idempotency-Key, so the family lives on.
func (p *Phone) Refresh(ctx context.Context) error {
	p.login.Lock()
	defer p.login.Unlock()
	clientID, _ := p.app()
	return p.token(ctx, p.NewID(), url.Values{
		"grant_type": {"refresh_token"}, "client_id": {clientID}, "refresh_token": {p.Tokens().Refresh},
	})
}

// Revoke ends the token family (RFC 7009).
func (p *Phone) Revoke(ctx context.Context) error {
	clientID, _ := p.app()
	answer, err := p.form(ctx, "/oauth2/revoke", "", url.Values{"client_id": {clientID}, "token": {p.Tokens().Refresh}})
	if err != nil {
		return err
	}
	return answer.OK()
}

func (p *Phone) token(ctx context.Context, idempotencyKey string, form url.Values) error {
	answer, err := p.form(ctx, "/oauth2/token", idempotencyKey, form)
	if err != nil {
		return err
	}
	return p.take(answer)
}

// take holds the tokens of the token endpoint's answer.
func (p *Phone) take(answer Answer) error {
	var tokens Tokens
	if err := answer.Decode(&tokens); err != nil {
		return fmt.Errorf("get tokens: %w", err)
	}
	p.SetTokens(tokens)
	return nil
}

func (p *Phone) form(ctx context.Context, path, idempotencyKey string, form url.Values) (Answer, error) {
	return p.call(ctx, func() (Request, error) {
		request, err := p.PrepareForm(path, form)
		if idempotencyKey != "" {
			request.Header.Set("Idempotency-Key", idempotencyKey)
		}
		return request, err
	})
}

// PrepareForm makes a request to an OAuth endpoint, with a proof and no token.
func (p *Phone) PrepareForm(path string, form url.Values) (Request, error) {
	proof, err := p.proof(http.MethodPost, path, "", nil)
	header := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "Dpop": {proof}}
	return Request{http.MethodPost, path, header, []byte(form.Encode())}, err
}
