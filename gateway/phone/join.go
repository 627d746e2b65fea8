package phone

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
)

// ways are the second factors of LoginBy, as the login names them.
var ways = []string{"totp", "email", "sms", "recovery-code"}

// LoginBy logs in where the password is not enough, with a code that ask gives:
// of the authenticator app (totp), of a message (email, sms) or of the list
// (recovery-code). ask is called when the code is on its way, and may take minutes.
func (p *Phone) LoginBy(ctx context.Context, way string, ask func(prompt string) (string, error)) error {
	if !slices.Contains(ways, way) {
		return fmt.Errorf("log in: %q is none of %q", way, ways)
	}
	return p.logIn(ctx, func(step *Refused) (string, error) {
		session, prompt, answer := step.AuthSession, "Code of the authenticator app", "otp"
		form := url.Values{}
		switch way {
		case "email", "sms":
			_, err := p.challenge(ctx, url.Values{"auth_session": {session}, "otp_send": {way}})
			sent, ok := errors.AsType[*Refused](err)
			if !ok || sent.Code != "insufficient_authorization" {
				return "", err
			}
			session, prompt = sent.AuthSession, "Code that was sent by "+way
			form.Set("otp_method", way)
		case "recovery-code":
			prompt, answer = "Recovery code", "recovery_code"
		}
		code, err := ask(prompt)
		if err != nil {
			return "", err
		}
		form.Set("auth_session", session)
		form.Set(answer, code)
		return p.challenge(ctx, form)
	})
}

// Expect gives a word for the customer's next phone: with it strangers who guess the
// name meanwhile keep that phone from nothing. It is good for ten minutes.
func (p *Phone) Expect(ctx context.Context) (Answer, error) {
	return p.Command(ctx, http.MethodPost, "/v1/devices/expected", nil, "")
}

// Bring has this phone's logins say the word that it was given by Expect.
func (p *Phone) Bring(word string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.word = word
}

// AddAuthenticator adds an authenticator app that is this phone, and keeps its
// secret in place of the one before. The answer is that of the confirmation.
func (p *Phone) AddAuthenticator(ctx context.Context) (Answer, error) {
	offered, err := p.Command(ctx, http.MethodPost, "/v1/factors/totp", nil, p.NewID())
	if err == nil {
		err = offered.OK()
	}
	if err != nil {
		return offered, fmt.Errorf("offer: %w", err)
	}
	var offer struct {
		Factor string `json:"factor_id"`
		Secret string `json:"secret"`
	}
	if err := json.Unmarshal(offered.Body, &offer); err != nil {
		return offered, fmt.Errorf("offer: %w", err)
	}
	profile := p.Profile()
	former := profile.TOTPSecret
	profile.TOTPSecret = offer.Secret
	p.Remember(profile)
	otp, err := p.OTP()
	if err != nil {
		return offered, err
	}
	confirmed, err := p.Command(ctx, http.MethodPost, "/v1/factors/"+offer.Factor+"/confirmation", map[string]string{"otp": otp}, p.NewID())
	if err == nil {
		err = confirmed.OK()
	}
	if err != nil {
		profile.TOTPSecret = former
		p.Remember(profile)
		return confirmed, fmt.Errorf("confirm: %w", err)
	}
	return confirmed, nil
}
