package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"florin/gateway/phone"
)

// attack is something a thief or a fraudster tries; the bank must answer want.
type attack struct {
	name string
	want int
	try  func(ctx context.Context) (phone.Answer, error)
}

// scene is who takes part: a victim with two accounts, a thief with a phone of
// his own and an account, logged in as himself.
type scene struct {
	victim, thief    *phone.Phone
	from, to, thiefs string
	challenged       phone.Transfer // waiting for the victim's fingerprint
}

func (s scene) order() phone.Order {
	return phone.Order{From: s.from, To: s.to, Amount: "1.00", Currency: "EUR", Reference: "demo"}
}

// prepared is a good transfer request of the victim's, signed and not yet sent.
func (s scene) prepared() (phone.Request, error) {
	body, err := json.Marshal(s.order())
	if err != nil {
		return phone.Request{}, err
	}
	return s.victim.Prepare(http.MethodPost, "/v1/transfers", body, s.victim.NewID())
}

// changed sends a good request after somebody on the way has changed it.
func (s scene) changed(change func(*phone.Request)) func(context.Context) (phone.Answer, error) {
	return func(ctx context.Context) (phone.Answer, error) {
		if _, err := s.victim.Get(ctx, "/v1/accounts"); err != nil { // so that the nonce is fresh and not the reason
			return phone.Answer{}, err
		}
		request, err := s.prepared()
		if err != nil {
			return phone.Answer{}, err
		}
		change(&request)
		return s.victim.Send(ctx, request)
	}
}

func (s scene) attacks() []attack {
	return []attack{
		{"amount changed under a valid signature", http.StatusUnauthorized, s.changed(func(r *phone.Request) {
			r.Body = bytes.Replace(r.Body, []byte(`"1.00"`), []byte(`"9.00"`), 1)
		})},
		{"payee changed under a valid signature", http.StatusUnauthorized, s.changed(func(r *phone.Request) {
			r.Body = bytes.Replace(r.Body, []byte(s.to), []byte(s.thiefs), 1)
		})},
		{"captured request under another idempotency key", http.StatusUnauthorized, s.changed(func(r *phone.Request) {
			r.Header.Set("Idempotency-Key", s.thief.NewID())
		})},
		{"token used as a bearer token", http.StatusUnauthorized, s.changed(func(r *phone.Request) {
			r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), "DPoP ", "Bearer ", 1))
			r.Header.Del("DPoP")
		})},
		{"token stolen and used on another device", http.StatusUnauthorized, s.stolenToken},
		{"proof replayed", http.StatusUnauthorized, s.replayedProof},
		{"someone else's account debited", http.StatusNotFound, s.foreignAccount},
		{"someone else's account read", http.StatusNotFound, func(ctx context.Context) (phone.Answer, error) {
			return s.thief.Get(ctx, "/v1/accounts/"+s.from)
		}},
		{"challenge answered with a changed statement", http.StatusForbidden, s.changedStatement},
	}
}

func (s scene) stolenToken(ctx context.Context) (phone.Answer, error) {
	own := s.thief.Tokens()
	defer s.thief.SetTokens(own)
	s.thief.SetTokens(s.victim.Tokens())
	return s.thief.Command(ctx, http.MethodPost, "/v1/transfers", s.order(), s.thief.NewID())
}

func (s scene) replayedProof(ctx context.Context) (phone.Answer, error) {
	if _, err := s.victim.Get(ctx, "/v1/accounts"); err != nil {
		return phone.Answer{}, err
	}
	request, err := s.victim.Prepare(http.MethodGet, "/v1/accounts", nil, "")
	if err != nil {
		return phone.Answer{}, err
	}
	first, err := s.victim.Send(ctx, request)
	if err != nil {
		return phone.Answer{}, err
	}
	if err := first.OK(); err != nil {
		return phone.Answer{}, fmt.Errorf("the first use must be good: %w", err)
	}
	return s.victim.Send(ctx, request)
}

func (s scene) foreignAccount(ctx context.Context) (phone.Answer, error) {
	order := s.order()
	order.To = s.thiefs
	return s.thief.Command(ctx, http.MethodPost, "/v1/transfers", order, s.thief.NewID())
}

func (s scene) changedStatement(ctx context.Context) (phone.Answer, error) {
	var statement map[string]any
	if err := json.Unmarshal(s.challenged.Challenge.Display, &statement); err != nil {
		return phone.Answer{}, fmt.Errorf("read what is displayed: %w", err)
	}
	statement["creditor"] = s.thiefs
	changed, err := json.Marshal(statement)
	if err != nil {
		return phone.Answer{}, err
	}
	signed, err := s.victim.SignConsent(changed)
	if err != nil {
		return phone.Answer{}, err
	}
	return s.victim.Command(ctx, http.MethodPost, "/v1/transfers/"+s.challenged.ID+"/authorization",
		map[string]string{"authorization": signed}, s.victim.NewID())
}

// forgedHeaders is not refused but in vain: the thief names the victim in every
// identity header and still sees his own accounts only.
func (s scene) forgedHeaders(ctx context.Context) error {
	if _, err := s.thief.Get(ctx, "/v1/accounts"); err != nil {
		return err
	}
	request, err := s.thief.Prepare(http.MethodGet, "/v1/accounts", nil, "")
	if err != nil {
		return err
	}
	for _, name := range []string{"X-User-ID", "X_User_ID", "x-user-id", "X-Florin-User-Id"} {
		request.Header[name] = []string{s.victim.Profile().Customer}
	}
	request.Header.Set("Connection", "X-User-ID, Authorization")
	answer, err := s.thief.Send(ctx, request)
	if err != nil {
		return err
	}
	if err := answer.OK(); err != nil {
		return err
	}
	if bytes.Contains(answer.Body, []byte(s.from)) || !bytes.Contains(answer.Body, []byte(s.thiefs)) {
		return fmt.Errorf("forged headers changed who is asked about")
	}
	return nil
}
