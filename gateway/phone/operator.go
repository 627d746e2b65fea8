package phone

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/pquerna/otp/totp"
)

// DeskClientID is the bank's app for its operators.
const DeskClientID = "florin-desk"

// DeskScopes is all that the operators' app may ask for; an operator gets what the
// roles give.
const DeskScopes = "customers.manage ledger.post ledger.reverse payments.operate cards.network risk.read risk.write config.write " +
	"webhooks.manage roles.manage privacy.manage audit.read analytics.read"

// Enrolment is what an operator enrols with: the code that was given on the host,
// or by two operators in two parts, and factors of the person's choice.
type Enrolment struct {
	UserName   string `json:"user_name"`
	Code       string `json:"code"`
	Password   string `json:"password,omitempty"`
	OTP        string `json:"otp,omitempty"`
	Credential string `json:"credential,omitempty"` // a passkey's answer to create()
}

// EnrolStep is one request of an operator's enrolment.
func (p *Phone) EnrolStep(ctx context.Context, enrolment Enrolment) (Answer, error) {
	body, err := json.Marshal(enrolment)
	if err != nil {
		return Answer{}, err
	}
	const path = "/v1/operators/enrolment"
	return p.call(ctx, func() (Request, error) {
		proof, err := p.proof(http.MethodPost, path, "", nil)
		return Request{http.MethodPost, path, http.Header{"Content-Type": {"application/json"}, "Dpop": {proof}}, body}, err
	})
}

// EnrolOperator enrols an operator with a password and an authenticator app, which
// this phone is as well, and remembers both.
func (p *Phone) EnrolOperator(ctx context.Context, userName, code, password string) error {
	offered, err := p.EnrolStep(ctx, Enrolment{UserName: userName, Code: code})
	if err != nil {
		return err
	}
	var offer struct {
		Operator string `json:"operator_id"`
		Secret   string `json:"secret"`
	}
	if err := offered.Decode(&offer); err != nil {
		return fmt.Errorf("enrol: %w", err)
	}
	p.Remember(Profile{Operator: offer.Operator, UserName: userName, Password: password, TOTPSecret: offer.Secret, Step: p.step() - 2})
	otp, err := p.freshOTP()
	if err != nil {
		return fmt.Errorf("enrol: %w", err)
	}
	enrolled, err := p.EnrolStep(ctx, Enrolment{UserName: userName, Code: code, Password: password, OTP: otp})
	if err != nil {
		return err
	}
	if err := enrolled.OK(); err != nil {
		p.Remember(Profile{})
		return fmt.Errorf("enrol: %w", err)
	}
	return nil
}

// app is the client that the phone is: the customers' app, or that of operators.
func (p *Phone) app() (clientID, scopes string) {
	if p.Profile().Operator != "" {
		return DeskClientID, DeskScopes
	}
	return ClientID, Scopes
}

// otpPeriod is how long an authenticator app shows a one-time password.
const otpPeriod = 30 * time.Second

func (p *Phone) step() int64 { return p.settings.Now().Unix() / int64(otpPeriod.Seconds()) }

// freshOTP is a one-time password that an operator has not used yet: each is taken
// once, and one period before and after the present one too. Where all three are
// spent it waits for the next.
func (p *Phone) freshOTP() (string, error) {
	profile := p.Profile()
	next := max(profile.Step+1, p.step()-1)
	if ahead := next - p.step() - 1; ahead > 0 {
		if err := p.settings.Wait(time.Duration(ahead) * otpPeriod); err != nil {
			return "", err
		}
	}
	profile.Step = next
	p.Remember(profile)
	return totp.GenerateCode(profile.TOTPSecret, time.Unix(next*int64(otpPeriod.Seconds()), 0))
}

// loginOTP is what the phone shows of its second factor in a login.
func (p *Phone) loginOTP() (string, error) {
	if p.Profile().Operator == "" {
		return p.OTP()
	}
	return p.freshOTP()
}
