package identity

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"florin/commands"
	"florin/domain"
	"florin/domain/id"
	"florin/gateway/problem"
	"florin/gateway/token"
	"florin/gateway/wire"
	"florin/schemas"
)

// Challenge is one step of a native login. The first names the client, what is
// asked for and a factor; the next ones name the auth_session and a factor.
func (p *Provider) Challenge(w http.ResponseWriter, r *http.Request) error {
	proof, err := p.proof(r)
	if err != nil {
		return err
	}
	values, err := formOf[schemas.LogIn](r)
	if err != nil {
		return err
	}
	step, err := p.step(r, proof, values)
	if err != nil {
		return err
	}
	if values.Get(paramWebAuthn) == askOptions {
		return p.options(r, step)
	}
	if raw := values.Get(paramWebAuthn); raw != "" {
		if step.Passkey, err = p.passkey(r, step, raw); err != nil {
			return err
		}
	}
	answer, _, err := p.settings.Bank.Grants().Challenge(r.Context(), p.order(r, proof), step)
	if err != nil {
		return err
	}
	switch {
	case answer.Pending:
		return p.pending(step, answer)
	case answer.Code == "":
		return &problem.OAuthError{Status: http.StatusBadRequest, Code: errInsufficient, Session: answer.AuthSession, Next: answer.Next, Sends: answer.Sends}
	}
	return wire.OK(w, challengeAnswer{answer.Code})
}

func (p *Provider) step(r *http.Request, proof *token.Proof, values url.Values) (commands.LoginStep, error) {
	step := commands.LoginStep{
		AuthSession: values.Get(paramAuthSession), ClientID: values.Get(paramClientID), JKT: proof.JKT,
		CodeChallenge: values.Get(paramCodeChallenge), Nonce: values.Get(paramNonce),
		Scopes: strings.Fields(values.Get(paramScope)), ACRValues: strings.Fields(values.Get(paramACRValues)), MaxAge: -1,
		UserName: values.Get(paramUserName), Password: values.Get(paramPassword), OTP: values.Get(paramOTP),
		OTPMethod: values.Get(paramOTPMethod), OTPSend: values.Get(paramOTPSend), RecoveryCode: values.Get(paramRecoveryCode), Push: values.Get(paramPush),
		Expected: values.Get(paramExpected),
	}
	if !oneOf(step.OTPMethod, "", "totp", "email", "sms") || !oneOf(step.OTPSend, "", "email", "sms") || !oneOf(step.Push, "", commands.PushStart, commands.PushPoll) {
		return step, problem.OAuthInvalidRequest
	}
	if values.Has(paramMaxAge) {
		age, err := strconv.ParseInt(values.Get(paramMaxAge), 10, 32)
		if err != nil || age < 0 {
			return step, problem.OAuthInvalidRequest
		}
		step.MaxAge = age
	}
	if err := asksRightly(values, step); err != nil {
		return step, err
	}
	if raw := values.Get(paramSCAAssertion); raw != "" {
		step.SCA = p.assent(r, proof, raw)
	}
	return step, nil
}

// asksRightly checks what a request for a code has to bring. A step-up brings an
// auth_session and all of it, a further step an auth_session and a factor alone.
func asksRightly(values url.Values, step commands.LoginStep) error {
	begins := values.Has(paramResponseType) || step.AuthSession == ""
	if begins {
		if err := needs(values, paramClientID, paramResponseType, paramScope, paramCodeChallenge, paramChallengeMethod); err != nil {
			return err
		}
		if values.Get(paramResponseType) != "code" {
			return problem.OAuthUnsupportedType
		}
		hash, err := base64.RawURLEncoding.Strict().DecodeString(step.CodeChallenge)
		if values.Get(paramChallengeMethod) != "S256" || err != nil || len(hash) != 32 {
			return problem.OAuthInvalidRequest.Describe("PKCE with code_challenge_method S256 is required.")
		}
		if _, ok := domain.Scopes(step.Scopes, offered()); !ok {
			return problem.OAuthInvalidScope
		}
	}
	if step.AuthSession == "" && step.UserName == "" || step.Password == "" && step.OTP == "" && step.OTPSend == "" && !values.Has(paramSCAAssertion) && !values.Has(paramWebAuthn) && step.RecoveryCode == "" && step.Push == "" && !begins {
		return problem.OAuthInvalidRequest
	}
	if len(step.UserName) > 320 || len(step.Password) > 1024 || len(step.OTP) > 16 || len(step.RecoveryCode) > 64 || len(step.Nonce) > 256 || len(step.AuthSession) > 512 || len(step.ClientID) > 128 || len(step.Expected) > 128 {
		return problem.OAuthInvalidRequest
	}
	return nil
}

// pending tells a login to wait: with the number to be shown when it has just asked,
// and more slowly when it asks too often.
func (p *Provider) pending(step commands.LoginStep, answer commands.LoginAnswer) error {
	waits := &problem.OAuthError{Status: http.StatusBadRequest, Code: errPending, Session: answer.AuthSession, Next: answer.Next, Sends: answer.Sends,
		Number: answer.Number, ExpiresIn: answer.ExpiresIn}
	if step.Push == commands.PushStart {
		waits.Interval = p.pace.begin(answer.AuthSession, p.settings.Bank.Sources().Wall())
		return waits
	}
	var tooFast bool
	if waits.Interval, tooFast = p.pace.ask(answer.AuthSession, p.settings.Bank.Sources().Wall()); tooFast {
		waits.Code = errSlowDown
	}
	return waits
}

func oneOf(text string, allowed ...string) bool { return slices.Contains(allowed, text) }

// assent verifies the SCA key's part in a login. One that does not stand is a
// factor that failed, not an error: the commands count it.
func (p *Provider) assent(r *http.Request, proof *token.Proof, raw string) *commands.SCAAssent {
	failed := &commands.SCAAssent{}
	keys, err := p.settings.Bank.Devices().Keys(r.Context(), id.Named[id.Device](proof.JKT))
	if err != nil || keys.SCA.IsZero() {
		return failed
	}
	now := p.settings.Bank.Sources().Wall()
	assent, err := token.OpenAssent(raw, p.settings.Issuer, keys.SCA, now)
	if err != nil || assent.JKT != proof.JKT || p.assertions.Claim("sca/"+proof.JKT, assent.ID, now) != nil {
		return failed
	}
	return &commands.SCAAssent{CodeChallenge: assent.CodeChallenge, ID: assent.ID}
}
