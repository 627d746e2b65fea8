package phone

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// attemptsMax bounds the retries of one command; waitMax bounds one wait.
const (
	attemptsMax = 8
	waitMax     = 5 * time.Second
)

// Order is a transfer to be made.
type Order struct {
	From      string `json:"from"`
	To        string `json:"to"`
	Amount    string `json:"amount"`
	Currency  string `json:"currency"`
	Reference string `json:"reference,omitempty"`
	ExecuteOn string `json:"execute_on,omitempty"` // day; "": at once
}

// Transfer is the bank's answer to an order.
type Transfer struct {
	ID        string          `json:"transfer"`
	Status    string          `json:"status"`
	Position  uint64          `json:"position"`
	Exemption string          `json:"exemption,omitempty"`
	Challenge *Challenge      `json:"challenge,omitempty"`
	Raw       json.RawMessage `json:"-"`
	Replayed  bool            `json:"-"`
}

// Challenge is what the customer must confirm. Display is shown and signed verbatim.
type Challenge struct {
	ID        string          `json:"id"`
	Nonce     string          `json:"nonce"`
	Methods   []string        `json:"methods"`
	Display   json.RawMessage `json:"display"`
	ExpiresAt time.Time       `json:"expires_at"`
}

// Get reads a resource with token and proof, and sees at least what this phone
// has been answered before.
func (p *Phone) Get(ctx context.Context, path string) (Answer, error) {
	return p.call(ctx, func() (Request, error) {
		request, err := p.Prepare(http.MethodGet, path, nil, "")
		if seen := p.position(); err == nil && seen > 0 {
			request.Header.Set("Florin-Position", strconv.FormatUint(seen, 10))
		}
		return request, err
	})
}

// Command sends a signed command once, but for the server's wish for a nonce.
func (p *Phone) Command(ctx context.Context, method, path string, body any, idempotencyKey string) (Answer, error) {
	data, err := encode(body)
	if err != nil {
		return Answer{}, err
	}
	return p.call(ctx, func() (Request, error) { return p.Prepare(method, path, data, idempotencyKey) })
}

// Insist sends a signed command until the bank has an answer to it: after lost
// answers, 409, 429 and 503 it signs anew and tries again with the same key.
func (p *Phone) Insist(ctx context.Context, method, path string, body any, idempotencyKey string) (Answer, error) {
	pause := 50 * time.Millisecond
	for attempt := 1; ; attempt++ {
		answer, err := p.Command(ctx, method, path, body, idempotencyKey)
		if attempt == attemptsMax || ctx.Err() != nil || err == nil && !again(answer) {
			return answer, err
		}
		wait := pause << attempt
		if refused, ok := errors.AsType[*Refused](answer.OK()); err == nil && ok {
			wait = max(wait, refused.RetryAfter)
		}
		if err := p.settings.Wait(min(wait, waitMax)); err != nil {
			return answer, err
		}
	}
}

func again(a Answer) bool {
	switch a.Status {
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		return true
	}
	return a.Status == http.StatusConflict && a.refused().Code == "request-in-flight"
}

func encode(body any) ([]byte, error) {
	switch b := body.(type) {
	case nil:
		return nil, nil
	case []byte:
		return b, nil
	}
	return json.Marshal(body)
}

// OpenAccount opens an account in a currency and gives its id.
func (p *Phone) OpenAccount(ctx context.Context, currency string) (string, error) {
	answer, err := p.Insist(ctx, http.MethodPost, "/v1/accounts", map[string]string{"currency": currency}, p.NewID())
	if err != nil {
		return "", err
	}
	var opened struct {
		Account string `json:"account"`
	}
	if err := answer.Decode(&opened); err != nil {
		return "", fmt.Errorf("open account: %w", err)
	}
	return opened.Account, nil
}

// Deposit pays cash in, where the bank lets a customer do that (sandbox).
func (p *Phone) Deposit(ctx context.Context, account, amount, currency string) error {
	body := map[string]string{"to": account, "amount": amount, "currency": currency}
	answer, err := p.Insist(ctx, http.MethodPost, "/v1/deposits", body, p.NewID())
	if err != nil {
		return err
	}
	if err := answer.OK(); err != nil {
		return fmt.Errorf("deposit: %w", err)
	}
	return nil
}

// Transfer makes a transfer and insists on an answer; the same key is the same transfer.
func (p *Phone) Transfer(ctx context.Context, order Order, idempotencyKey string) (Transfer, error) {
	answer, err := p.Insist(ctx, http.MethodPost, "/v1/transfers", order, idempotencyKey)
	if err != nil {
		return Transfer{}, err
	}
	return ReadTransfer(answer)
}

// ReadTransfer reads the answer to a transfer or to its authorization.
func ReadTransfer(answer Answer) (Transfer, error) {
	transfer := Transfer{Raw: answer.Body, Replayed: answer.Header.Get("Idempotency-Replayed") == "true"}
	err := answer.Decode(&transfer)
	return transfer, err
}

// AuthoriseBySCAKey confirms a challenge with the key behind the fingerprint.
func (p *Phone) AuthoriseBySCAKey(ctx context.Context, transfer Transfer) (Transfer, error) {
	statement, err := sign(p.sca, "florin-txn+jwt", true, p.consent(transfer.Challenge.Display))
	if err != nil {
		return Transfer{}, err
	}
	return p.authorise(ctx, transfer.ID, map[string]string{"authorization": statement})
}

// AuthoriseByTOTP confirms a challenge with the device key and a one-time password.
func (p *Phone) AuthoriseByTOTP(ctx context.Context, transfer Transfer) (Transfer, error) {
	otp, err := p.OTP()
	if err != nil {
		return Transfer{}, err
	}
	statement, err := sign(p.device, "florin-txn+jwt", true, p.consent(transfer.Challenge.Display))
	if err != nil {
		return Transfer{}, err
	}
	return p.authorise(ctx, transfer.ID, map[string]string{"authorization": statement, "otp": otp})
}

// consent is the displayed statement, verbatim, made a signed answer.
func (p *Phone) consent(display json.RawMessage) jwt.MapClaims {
	claims := jwt.MapClaims{}
	_ = json.Unmarshal(display, &claims) // what is not an object is refused by the bank
	claims["iat"], claims["jti"] = p.settings.Now().Unix(), p.NewID()
	return claims
}

// SignConsent signs any statement with the SCA key, for tests that change it.
func (p *Phone) SignConsent(display json.RawMessage) (string, error) {
	return sign(p.sca, "florin-txn+jwt", true, p.consent(display))
}

func (p *Phone) authorise(ctx context.Context, transfer string, body map[string]string) (Transfer, error) {
	answer, err := p.Insist(ctx, http.MethodPost, "/v1/transfers/"+transfer+"/authorization", body, p.NewID())
	if err != nil {
		return Transfer{}, err
	}
	return ReadTransfer(answer)
}
