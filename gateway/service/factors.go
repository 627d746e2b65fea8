package service

import (
	"net/http"
	"time"

	"florin/commands"
	"florin/domain/customer"
	"florin/domain/id"
	"florin/eventbus"
	"florin/gateway/passkey"
	"florin/gateway/problem"
	"florin/gateway/wire"
	"florin/schemas"
)

// Factors serves /v1/factors.
type Factors struct{ Desk }

// FactorAnswer is a factor on the wire. Secret and URI are in the answer to the
// offer and nowhere else.
type FactorAnswer struct {
	Factor     id.Factor         `json:"factor_id"`
	Type       string            `json:"type,omitzero"`
	Status     string            `json:"status"` // offered, active or removed
	Secret     string            `json:"secret,omitzero"`
	URI        string            `json:"uri,omitzero"`
	Options    passkey.Options   `json:"options,omitzero"`     // for navigator.credentials.create
	Codes      []string          `json:"codes,omitzero"`       // for recovery: shown here and nowhere else
	Left       int               `json:"left,omitzero"`        // recovery codes that are good yet
	ExpiresAt  time.Time         `json:"expires_at,omitzero"`  // of an offer
	Since      time.Time         `json:"since,omitzero"`       // when it became a factor
	UsableFrom time.Time         `json:"usable_from,omitzero"` // for payments; not said: it is
	Position   eventbus.Position `json:"position,omitzero"`
}

// FactorList is all factors of a customer.
type FactorList struct {
	Factors []FactorAnswer `json:"factors"`
}

// The states of a factor, as they are told.
const (
	factorOffered = "offered"
	factorActive  = "active"
	factorRemoved = "removed"
)

// List is the caller's own factors.
func (s Factors) List(w http.ResponseWriter, r *http.Request) error {
	if _, err := wire.Query(r); err != nil {
		return err
	}
	factors, err := s.Bank.Factors().List(r.Context(), CallOf(r.Context()).Caller.Customer)
	if err != nil {
		return err
	}
	now := s.Bank.Sources().Now()
	list := FactorList{Factors: make([]FactorAnswer, 0, len(factors))}
	for _, factor := range factors {
		answer := FactorAnswer{Factor: factor.Factor, Type: factor.Type, Status: factorActive, Since: factor.At}
		if !factor.Usable(now) {
			answer.UsableFrom = factor.UsableFrom
		}
		if factor.Type == customer.TypeRecovery {
			answer.Left = customer.RecoveryCodes - factor.SpentCodes()
		}
		list.Factors = append(list.Factors, answer)
	}
	return wire.OK(w, list)
}

// OfferTOTP begins a new authenticator app.
func (s Factors) OfferTOTP(w http.ResponseWriter, r *http.Request) error {
	call := CallOf(r.Context())
	if err := empty(call.Body); err != nil {
		return err
	}
	answer, outcome, err := s.Bank.Factors().OfferTOTP(r.Context(), s.order(r, call))
	return s.answer(w, factorOffered, wire.Created, factorOf(answer), outcome, err)
}

// MakeRecoveryCodes makes a list of codes, and ends the one before.
func (s Factors) MakeRecoveryCodes(w http.ResponseWriter, r *http.Request) error {
	call := CallOf(r.Context())
	if err := empty(call.Body); err != nil {
		return err
	}
	answer, outcome, err := s.Bank.Factors().MakeRecoveryCodes(r.Context(), s.order(r, call))
	return s.answer(w, factorActive, wire.Created, factorOf(answer), outcome, err)
}

// Confirm takes in the authenticator app whose present code is shown.
func (s Factors) Confirm(w http.ResponseWriter, r *http.Request) error {
	call := CallOf(r.Context())
	asked, err := pathID[id.Factor](r)
	if err != nil {
		return err
	}
	body, err := wire.Decode[schemas.ConfirmFactor](call.Body)
	if err != nil {
		return err
	}
	if len(body.OTP) > 16 {
		return problem.BadRequest
	}
	answer, outcome, err := s.Bank.Factors().ConfirmTOTP(r.Context(), s.order(r, call), asked, body.OTP)
	return s.answer(w, factorActive, done, factorOf(answer), outcome, err)
}

// Approve ends the waiting time of a factor that was added from another device.
func (s Factors) Approve(w http.ResponseWriter, r *http.Request) error {
	order, asked, err := s.asked(r)
	if err != nil {
		return err
	}
	answer, outcome, err := s.Bank.Factors().Approve(r.Context(), order, asked)
	return s.answer(w, factorActive, done, factorOf(answer), outcome, err)
}

// Remove takes a factor away.
func (s Factors) Remove(w http.ResponseWriter, r *http.Request) error {
	order, asked, err := s.asked(r)
	if err != nil {
		return err
	}
	answer, outcome, err := s.Bank.Factors().Remove(r.Context(), order, asked)
	return s.answer(w, factorRemoved, done, factorOf(answer), outcome, err)
}

func (s Factors) asked(r *http.Request) (commands.Order, id.Factor, error) {
	call := CallOf(r.Context())
	asked, err := pathID[id.Factor](r)
	if err != nil {
		return commands.Order{}, asked, err
	}
	return s.order(r, call), asked, empty(call.Body)
}

func factorOf(answer commands.FactorAnswer) FactorAnswer {
	return FactorAnswer{Factor: answer.Factor, Type: answer.Type, Secret: answer.Secret, URI: answer.URI, Codes: answer.Codes,
		ExpiresAt: answer.ExpiresAt, Since: answer.At, UsableFrom: answer.UsableFrom}
}

func (s Factors) answer(w http.ResponseWriter, status string, success func(http.ResponseWriter, string, any) error,
	body FactorAnswer, outcome commands.Outcome, err error) error {
	if err != nil {
		return refused(w, outcome, err)
	}
	answered(w, outcome)
	body.Status, body.Position = status, outcome.Receipt.Last
	if status != factorActive {
		body.Since = time.Time{}
	}
	return success(w, "/v1/factors", body)
}
