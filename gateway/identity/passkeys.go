package identity

import (
	"net/http"

	"github.com/go-json-experiment/json/jsontext"

	"florin/commands"
	"florin/gateway/problem"
)

// options says what the passkeys of a login are to be asked with. It is no step:
// the auth_session stays as it is.
func (p *Provider) options(r *http.Request, step commands.LoginStep) error {
	question, err := p.settings.Bank.Grants().PasskeyQuestion(r.Context(), step)
	if err != nil {
		return err
	}
	options, err := p.party.Request(question.Challenge, question.Have)
	if err != nil {
		return err
	}
	return &problem.OAuthError{Status: http.StatusBadRequest, Code: errInsufficient, Session: step.AuthSession, Next: question.Next, WebAuthn: jsontext.Value(options)}
}

// passkeyOptions are the same for a page.
func (p *Provider) passkeyOptions(r *http.Request, step commands.LoginStep) (string, error) {
	question, err := p.settings.Bank.Grants().PasskeyQuestion(r.Context(), step)
	if err != nil {
		return "", err
	}
	options, err := p.party.Request(question.Challenge, question.Have)
	return string(options), err
}

// passkey verifies an assertion. One that does not stand is a factor that failed,
// not an error: the commands count it.
func (p *Provider) passkey(r *http.Request, step commands.LoginStep, raw string) (*commands.PasskeyAssent, error) {
	question, err := p.settings.Bank.Grants().PasskeyQuestion(r.Context(), step)
	if err != nil {
		return nil, err
	}
	said, err := p.party.Asserted(raw, question.Challenge, question.Have)
	if err != nil {
		return &commands.PasskeyAssent{}, nil
	}
	return &commands.PasskeyAssent{Factor: said.Factor.Factor, SignCount: said.SignCount, BackupEligible: said.BackupEligible,
		BackedUp: said.BackedUp, UserVerified: said.UserVerified}, nil
}
