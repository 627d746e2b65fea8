package phone

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// Approval is what the bank asks the customer to approve on this phone. Display is
// shown and signed verbatim.
type Approval struct {
	ID        string          `json:"approval_id"`
	Display   json.RawMessage `json:"display"`
	ExpiresAt time.Time       `json:"expires_at"`
}

// Approvals are the requests that wait for this phone: one at most.
func (p *Phone) Approvals(ctx context.Context) ([]Approval, error) {
	answer, err := p.Get(ctx, "/v1/approvals")
	if err != nil {
		return nil, err
	}
	var list struct {
		Approvals []Approval `json:"approvals"`
	}
	err = answer.Decode(&list)
	return list.Approvals, err
}

// Decide answers a request with the key behind the fingerprint: decision is approve
// or deny, number what the asking device shows. It gives the status that follows.
func (p *Phone) Decide(ctx context.Context, asked Approval, decision, number string) (status string, err error) {
	statement, err := p.SignApproval(asked.Display, decision, number, nil)
	if err != nil {
		return "", err
	}
	answer, err := p.Insist(ctx, http.MethodPost, "/v1/approvals/"+asked.ID, map[string]string{"approval": statement}, p.NewID())
	if err != nil {
		return "", err
	}
	var decided struct {
		Status string `json:"status"`
	}
	err = answer.Decode(&decided)
	return decided.Status, err
}

// SignApproval signs what was displayed, the decision and the number with the SCA
// key; claims of change replace the right ones, for tests.
func (p *Phone) SignApproval(display json.RawMessage, decision, number string, change map[string]any) (string, error) {
	claims := p.consent(display)
	claims["decision"] = decision
	if number != "" {
		claims["number"] = number
	}
	for name, value := range change {
		claims[name] = value
	}
	return sign(p.sca, "florin-approval+jwt", true, claims)
}

// SignApprovalSilently does the same with the device key, which no fingerprint
// gates: the bank must not take it.
func (p *Phone) SignApprovalSilently(display json.RawMessage, decision, number string) (string, error) {
	claims := p.consent(display)
	claims["decision"], claims["number"] = decision, number
	return sign(p.device, "florin-approval+jwt", true, jwt.MapClaims(claims))
}

// LoginByApproval logs in with the password and the customer's word on a phone that
// was theirs before. show is called with the number to be typed there; from then on
// it asks, as often as the bank lets it, until there is an answer.
func (p *Phone) LoginByApproval(ctx context.Context, show func(number string)) error {
	p.login.Lock()
	defer p.login.Unlock()
	form, verifier := p.beginning()
	step, err := p.unfinished(ctx, form)
	if err == nil {
		step, err = p.unfinished(ctx, url.Values{"auth_session": {step.AuthSession}, "push": {"start"}})
	}
	if err != nil {
		return fmt.Errorf("log in: %w", err)
	}
	show(step.Number)
	for {
		if err := p.settings.Wait(step.Interval); err != nil {
			return err
		}
		session := step.AuthSession
		code, err := p.challenge(ctx, url.Values{"auth_session": {session}, "push": {"poll"}})
		if err == nil {
			return p.token(ctx, "", url.Values{
				"grant_type": {"authorization_code"}, "client_id": {form.Get("client_id")}, "code": {code}, "code_verifier": {verifier},
			})
		}
		waits, ok := errors.AsType[*Refused](err)
		if !ok || waits.Code != "authorization_pending" && waits.Code != "slow_down" {
			return fmt.Errorf("log in: %w", err)
		}
		step = waits
	}
}

// unfinished takes a step that is not the last.
func (p *Phone) unfinished(ctx context.Context, form url.Values) (*Refused, error) {
	_, err := p.challenge(ctx, form)
	step, ok := errors.AsType[*Refused](err)
	if !ok || step.AuthSession == "" {
		return nil, fmt.Errorf("the bank asks for nothing more: %w", err)
	}
	return step, nil
}
