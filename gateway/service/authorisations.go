package service

import (
	"net/http"
	"time"

	"florin/commands"
	"florin/domain/id"
	"florin/domain/money"
	"florin/eventbus"
	"florin/gateway/wire"
	"florin/projections"
	"florin/schemas"
)

// Authorisations serves /v1/card-authorisations, for the machine of the card network.
type Authorisations struct{ Desk }

// AuthorisationAnswer is an authorisation on the wire. Of a command's answer, Amount
// is what that command asked for, took, freed or gave back.
type AuthorisationAnswer struct {
	Authorisation id.Authorisation  `json:"authorisation"`
	Card          id.Card           `json:"card,omitzero"`
	Status        string            `json:"status"`
	Code          string            `json:"code,omitzero"` // of a decline
	Amount        string            `json:"amount"`
	Currency      money.Currency    `json:"currency"`
	Held          string            `json:"held,omitzero"`
	Captured      string            `json:"captured,omitzero"`
	Refunded      string            `json:"refunded,omitzero"`
	Merchant      string            `json:"merchant,omitzero"`
	Category      string            `json:"category,omitzero"`
	Offline       bool              `json:"offline,omitzero"`
	Journal       id.Journal        `json:"journal,omitzero"`
	ExpiresAt     time.Time         `json:"expires_at,omitzero"`
	Position      eventbus.Position `json:"position,omitzero"`
	At            time.Time         `json:"at"`
}

// AuthorisationList is a page of them.
type AuthorisationList struct {
	Authorisations []AuthorisationAnswer `json:"authorisations"`
}

// Request holds money for a shop, or declines: 422 with the code of the rule.
func (s Authorisations) Request(w http.ResponseWriter, r *http.Request) error {
	return s.request(w, r, wire.Created)
}

func (s Authorisations) request(w http.ResponseWriter, r *http.Request, success func(http.ResponseWriter, string, any) error) error {
	call := CallOf(r.Context())
	body, err := wire.Decode[schemas.RequestAuthorisation](call.Body)
	if err != nil {
		return err
	}
	amount, err := amountOf(body.Amount, body.Currency)
	if err != nil {
		return err
	}
	answer, outcome, err := s.Bank.Authorisations().Request(r.Context(), s.order(r, call), commands.RequestAuthorisation{
		Card: body.Card, Amount: amount, Merchant: evidence(body.Merchant), Category: body.Category, Offline: body.Offline})
	return s.answer(w, success, answer, outcome, err)
}

// Capture takes money for the shop.
func (s Authorisations) Capture(w http.ResponseWriter, r *http.Request) error {
	call := CallOf(r.Context())
	of, err := pathID[id.Authorisation](r)
	if err != nil {
		return err
	}
	body, err := wire.Decode[schemas.CaptureAuthorisation](call.Body)
	if err != nil {
		return err
	}
	amount, err := amountIfAny(body.Amount, body.Currency)
	if err != nil {
		return err
	}
	answer, outcome, err := s.Bank.Authorisations().Capture(r.Context(), s.order(r, call), commands.CaptureAuthorisation{
		Authorisation: of, Amount: amount, Final: body.Final})
	return s.answer(w, done, answer, outcome, err)
}

// amountIfAny is an amount that need not be said.
func amountIfAny(decimal schemas.Decimal, currency string) (money.Amount, error) {
	if decimal == "" && currency == "" {
		return money.Amount{}, nil
	}
	return amountOf(decimal, currency)
}

// Reverse frees what is held.
func (s Authorisations) Reverse(w http.ResponseWriter, r *http.Request) error {
	call := CallOf(r.Context())
	of, err := pathID[id.Authorisation](r)
	if err != nil {
		return err
	}
	body, err := wire.Decode[schemas.ReverseAuthorisation](call.Body)
	if err != nil {
		return err
	}
	amount, err := amountIfAny(body.Amount, body.Currency)
	if err != nil {
		return err
	}
	answer, outcome, err := s.Bank.Authorisations().Reverse(r.Context(), s.order(r, call), of, amount)
	return s.answer(w, done, answer, outcome, err)
}

// Refund gives back what was taken.
func (s Authorisations) Refund(w http.ResponseWriter, r *http.Request) error {
	call := CallOf(r.Context())
	of, err := pathID[id.Authorisation](r)
	if err != nil {
		return err
	}
	body, err := wire.Decode[schemas.RefundAuthorisation](call.Body)
	if err != nil {
		return err
	}
	amount, err := amountOf(body.Amount, body.Currency)
	if err != nil {
		return err
	}
	answer, outcome, err := s.Bank.Authorisations().Refund(r.Context(), s.order(r, call), of, amount)
	return s.answer(w, done, answer, outcome, err)
}

func (s Authorisations) answer(w http.ResponseWriter, success func(http.ResponseWriter, string, any) error,
	answer commands.AuthorisationAnswer, outcome commands.Outcome, err error) error {
	if err != nil {
		return refused(w, outcome, err)
	}
	answered(w, outcome)
	body := AuthorisationAnswer{Authorisation: answer.Authorisation, Card: answer.Card, Status: string(answer.Status),
		Amount: answer.Amount.Decimal(), Currency: answer.Amount.Currency, Journal: answer.Journal, ExpiresAt: answer.ExpiresAt,
		Position: outcome.Receipt.Last, At: answer.At}
	if answer.Held != (money.Amount{}) {
		body.Held = answer.Held.Decimal()
	}
	return success(w, "/v1/card-authorisations/"+answer.Authorisation.String(), body)
}

// Get is one authorisation, whole.
func (s Authorisations) Get(w http.ResponseWriter, r *http.Request) error {
	of, err := pathID[id.Authorisation](r)
	if err != nil {
		return err
	}
	if err := s.fresh(r, "cards"); err != nil {
		return err
	}
	row, err := s.Reads.Authorisation(r.Context(), of)
	if err != nil {
		return err
	}
	return wire.OK(w, authorisationOf(row))
}

func authorisationOf(row projections.Authorisation) AuthorisationAnswer {
	return AuthorisationAnswer{Authorisation: row.Authorisation, Card: row.Card, Status: string(row.Status), Code: row.Code,
		Amount: row.Amount.Decimal(), Currency: row.Amount.Currency, Held: row.Held.Decimal(), Captured: row.Captured.Decimal(),
		Refunded: row.Refunded.Decimal(), Merchant: row.Merchant, Category: row.Category, Offline: row.Offline,
		ExpiresAt: row.ExpiresAt, At: row.ChangedAt}
}
