package service

import (
	"context"
	"net/http"
	"time"

	"florin/commands"
	"florin/domain/iban"
	"florin/domain/id"
	"florin/domain/mandate"
	"florin/domain/money"
	"florin/domain/transfer"
	"florin/eventbus"
	"florin/gateway/wire"
	"florin/projections"
	"florin/schemas"
)

// Mandates serves /v1/mandates: who may collect from the caller's accounts.
type Mandates struct{ Desk }

// MandateAnswer is a mandate on the wire.
type MandateAnswer struct {
	Mandate     id.Mandate        `json:"mandate"`
	Account     id.Account        `json:"account,omitzero"`
	Status      string            `json:"status,omitzero"` // active, suspended, cancelled, expired
	Reason      string            `json:"reason,omitzero"` // of a cancellation: customer, unauthorised, final-collection
	Creditor    string            `json:"creditor,omitzero"`
	Name        string            `json:"name,omitzero"`
	Reference   string            `json:"reference,omitzero"`
	Limit       string            `json:"limit,omitzero"` // of one collection
	Currency    money.Currency    `json:"currency,omitzero"`
	Blocked     bool              `json:"creditor_blocked"`     // its creditor collects nothing, by whatever mandate
	Granted     bool              `json:"granted,omitzero"`     // by a holder; else the first collection has made it known
	Collections int64             `json:"collections,omitzero"` // so far
	ExpiresAt   time.Time         `json:"expires_at,omitzero"`  // unless something is collected before
	Position    eventbus.Position `json:"position"`
	At          time.Time         `json:"at,omitzero"`
}

// MandateList is a page of mandates.
type MandateList struct {
	Mandates []MandateAnswer `json:"mandates"`
}

// Grant lets a creditor collect, before it does: 201.
func (s Mandates) Grant(w http.ResponseWriter, r *http.Request) error {
	call := CallOf(r.Context())
	body, err := wire.Decode[schemas.GrantMandate](call.Body)
	if err != nil {
		return err
	}
	creditor, err := iban.ParseCreditor(body.Creditor)
	if err != nil {
		return err
	}
	limit, err := limitOf(body.Limit, body.Currency)
	if err != nil {
		return err
	}
	answer, outcome, err := s.Bank.Mandates().Grant(r.Context(), s.order(r, call), commands.GrantMandate{
		Account: body.Account, Creditor: creditor, Name: evidence(body.Name), Reference: body.Reference, Limit: limit,
		Evidence: transfer.Signed{Proof: evidence(call.Proof), Body: evidence(string(call.Body))}})
	if err != nil {
		return refused(w, outcome, err)
	}
	answered(w, outcome)
	granted := mandateAnswer(answer, outcome)
	granted.Granted = true
	return wire.Created(w, "/v1/mandates/"+answer.Mandate.String(), granted)
}

// limitOf reads a limit that may be missing.
func limitOf(decimal schemas.Decimal, currency string) (money.Amount, error) {
	if decimal == "" && currency == "" {
		return money.Amount{}, nil
	}
	return amountOf(decimal, currency)
}

// SetLimit bounds what one collection takes, or lifts the bound.
func (s Mandates) SetLimit(w http.ResponseWriter, r *http.Request) error {
	call := CallOf(r.Context())
	asked, err := pathID[id.Mandate](r)
	if err != nil {
		return err
	}
	body, err := wire.Decode[schemas.SetMandateLimit](call.Body)
	if err != nil {
		return err
	}
	limit, err := limitOf(body.Limit, body.Currency)
	if err != nil {
		return err
	}
	answer, outcome, err := s.Bank.Mandates().SetLimit(r.Context(), s.order(r, call), asked, limit)
	return s.answer(w, answer, outcome, err)
}

// Suspend, Resume, Cancel, Block and Allow take a mandate's identifier and no body.
func (s Mandates) Suspend(w http.ResponseWriter, r *http.Request) error {
	return s.change(w, r, s.Bank.Mandates().Suspend)
}

// Resume ends Suspend.
func (s Mandates) Resume(w http.ResponseWriter, r *http.Request) error {
	return s.change(w, r, s.Bank.Mandates().Resume)
}

// Cancel ends a mandate.
func (s Mandates) Cancel(w http.ResponseWriter, r *http.Request) error {
	return s.change(w, r, s.Bank.Mandates().Cancel)
}

// Block lets the mandate's creditor collect nothing.
func (s Mandates) Block(w http.ResponseWriter, r *http.Request) error {
	return s.change(w, r, s.Bank.Mandates().BlockCreditor)
}

// Allow ends Block.
func (s Mandates) Allow(w http.ResponseWriter, r *http.Request) error {
	return s.change(w, r, s.Bank.Mandates().AllowCreditor)
}

func (s Mandates) change(w http.ResponseWriter, r *http.Request,
	act func(context.Context, commands.Order, id.Mandate) (commands.MandateAnswer, commands.Outcome, error)) error {
	call := CallOf(r.Context())
	asked, err := pathID[id.Mandate](r)
	if err != nil {
		return err
	}
	if err := empty(call.Body); err != nil {
		return err
	}
	answer, outcome, err := act(r.Context(), s.order(r, call), asked)
	return s.answer(w, answer, outcome, err)
}

func (s Mandates) answer(w http.ResponseWriter, answer commands.MandateAnswer, outcome commands.Outcome, err error) error {
	if err != nil {
		return refused(w, outcome, err)
	}
	answered(w, outcome)
	return wire.OK(w, mandateAnswer(answer, outcome))
}

func mandateAnswer(answer commands.MandateAnswer, outcome commands.Outcome) MandateAnswer {
	body := MandateAnswer{Mandate: answer.Mandate, Account: answer.Account, Status: string(answer.Status), Creditor: answer.Creditor.Reveal(),
		Name: answer.Name.Reveal(), Reference: answer.Reference.Reveal(), Blocked: answer.Blocked, Position: outcome.Receipt.Last, At: answer.At}
	if !answer.Limit.IsZero() {
		body.Limit, body.Currency = answer.Limit.Decimal(), answer.Limit.Currency
	}
	return body
}

// Get is one mandate on an account that the caller holds.
func (s Mandates) Get(w http.ResponseWriter, r *http.Request) error {
	asked, err := pathID[id.Mandate](r)
	if err != nil {
		return err
	}
	if err := s.current(r); err != nil {
		return err
	}
	row, err := s.Reads.MandateOf(r.Context(), CallOf(r.Context()).Caller.Customer, asked)
	if err != nil {
		return err
	}
	return wire.OK(w, mandateOf(row))
}

// List are the mandates on the caller's accounts, those that are over too.
func (s Mandates) List(w http.ResponseWriter, r *http.Request) error {
	p, err := s.page(r, "mandates")
	if err != nil {
		return err
	}
	after, err := marked[id.Mandate](p)
	if err != nil {
		return err
	}
	if err := s.current(r); err != nil {
		return err
	}
	rows, err := s.Reads.MandatesOf(r.Context(), CallOf(r.Context()).Caller.Customer, after, p.limit+1)
	if err != nil {
		return err
	}
	rows, last, more := cut(rows, p.limit)
	if more {
		p.next(w, r, s.Cursors, last.Mandate.String())
	}
	list := MandateList{Mandates: make([]MandateAnswer, 0, len(rows))}
	for _, row := range rows {
		list.Mandates = append(list.Mandates, mandateOf(row))
	}
	return wire.OK(w, list)
}

// current waits for the mandates, and for who holds which account.
func (s Mandates) current(r *http.Request) error {
	if err := s.fresh(r, "mandates"); err != nil {
		return err
	}
	return s.fresh(r, "accounts")
}

func mandateOf(row projections.Mandate) MandateAnswer {
	answer := MandateAnswer{Mandate: row.Mandate, Account: row.Account, Status: string(row.Status), Reason: row.Reason, Creditor: row.CreditorID, Name: row.CreditorName,
		Reference: row.Reference, Blocked: row.Blocked, Granted: row.Granted, Collections: row.Count, Position: row.Position, At: row.ChangedAt}
	if !row.Limit.IsZero() {
		answer.Limit, answer.Currency = row.Limit.Decimal(), row.Limit.Currency
	}
	if row.Status == mandate.Active || row.Status == mandate.OnHold {
		answer.ExpiresAt = mandate.State{UsedAt: row.UsedAt}.ExpiresAt()
	}
	return answer
}
