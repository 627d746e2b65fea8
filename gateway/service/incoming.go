package service

import (
	"net/http"
	"strconv"
	"time"

	"florin/commands"
	"florin/domain/iban"
	"florin/domain/id"
	"florin/domain/incoming"
	"florin/domain/money"
	"florin/eventbus"
	"florin/gateway/problem"
	"florin/gateway/wire"
	"florin/projections"
	"florin/schemas"
)

// Incoming serves /v1/incoming-payments: what the rail says has come from other banks.
type Incoming struct{ Desk }

// IncomingAnswer is an incoming payment on the wire. It does not name the account or
// its holder: who operates a rail need not know them.
type IncomingAnswer struct {
	Incoming   id.Incoming       `json:"incoming"`
	Status     string            `json:"status"` // credited, suspended, returned, return-settled
	Rail       string            `json:"rail,omitzero"`
	Reference  string            `json:"reference,omitzero"` // the rail's own name for it
	Reason     string            `json:"reason,omitzero"`    // ISO 20022 code: why no account takes it, or why it goes back
	Return     string            `json:"return,omitzero"`    // our name for that on the rail
	Recall     string            `json:"recall,omitzero"`    // the rail's name for the other bank's recall
	Amount     string            `json:"amount,omitzero"`
	Currency   money.Currency    `json:"currency,omitzero"`
	Position   eventbus.Position `json:"position"`
	ReceivedAt time.Time         `json:"received_at,omitzero"`
	At         time.Time         `json:"at,omitzero"` // of its last change
}

// Receive is ReceivePayment: 201, credited or suspended.
func (s Incoming) Receive(w http.ResponseWriter, r *http.Request) error {
	call := CallOf(r.Context())
	body, err := wire.Decode[schemas.ReceivePayment](call.Body)
	if err != nil {
		return err
	}
	amount, err := amountOf(body.Amount, body.Currency)
	if err != nil {
		return err
	}
	to, err := iban.Parse(body.To)
	if err != nil {
		return err
	}
	from, err := iban.Parse(body.From)
	if err != nil {
		return err
	}
	answer, outcome, err := s.Bank.Incoming().Receive(r.Context(), s.order(r, call), commands.ReceivePayment{
		Reference: body.Reference, Creditor: to, Debtor: from, DebtorName: evidence(body.Name), Amount: amount, Text: evidence(body.Text)})
	return s.answer(w, func(w http.ResponseWriter, _ string, v any) error { return wire.Pushed(w, v) }, answer, outcome, err)
}

// Recall takes a payment back that the other bank wants.
func (s Incoming) Recall(w http.ResponseWriter, r *http.Request) error {
	call := CallOf(r.Context())
	asked, err := pathID[id.Incoming](r)
	if err != nil {
		return err
	}
	body, err := wire.Decode[schemas.RecallPayment](call.Body)
	if err != nil {
		return err
	}
	answer, outcome, err := s.Bank.Incoming().Recall(r.Context(), s.order(r, call), commands.RecallPayment{
		Incoming: asked, Recall: body.Recall, Reason: body.Reason})
	return s.answer(w, done, answer, outcome, err)
}

func (s Incoming) answer(w http.ResponseWriter, success func(http.ResponseWriter, string, any) error,
	answer commands.IncomingAnswer, outcome commands.Outcome, err error) error {
	if err != nil {
		return refused(w, outcome, err)
	}
	answered(w, outcome)
	body := IncomingAnswer{Incoming: answer.Incoming, Status: string(answer.Status), Reason: answer.Reason, Return: answer.Return, Position: outcome.Receipt.Last}
	if !answer.Amount.IsZero() {
		body.Amount, body.Currency = answer.Amount.Decimal(), answer.Amount.Currency
	}
	return success(w, "", body)
}

// IncomingList is a page of incoming payments, newest first.
type IncomingList struct {
	Payments []IncomingAnswer `json:"incoming_payments"`
}

// Get is one incoming payment, for those who operate the rail. The customer who was
// paid sees it among the account's transactions.
func (s Incoming) Get(w http.ResponseWriter, r *http.Request) error {
	asked, err := pathID[id.Incoming](r)
	if err != nil {
		return err
	}
	if err := s.fresh(r, "incoming"); err != nil {
		return err
	}
	row, err := s.Reads.Incoming(r.Context(), asked)
	if err != nil {
		return err
	}
	return wire.OK(w, incomingOf(row))
}

// List is all incoming payments, or those of one status.
func (s Incoming) List(w http.ResponseWriter, r *http.Request) error {
	query, err := wire.Query(r, "status", "limit", "cursor")
	if err != nil {
		return err
	}
	status := incoming.Phase(query.Get("status"))
	switch status {
	case incoming.Absent, incoming.Booked, incoming.Held, incoming.GoingBack, incoming.GoneBack:
	default:
		return problem.BadParameter
	}
	page, err := s.page(r, "incoming-payments\x00"+string(status), "status")
	if err != nil {
		return err
	}
	before, err := page.position()
	if err != nil {
		return err
	}
	if err := s.fresh(r, "incoming"); err != nil {
		return err
	}
	rows, err := s.Reads.IncomingPayments(r.Context(), status, before, page.limit+1)
	if err != nil {
		return err
	}
	rows, last, more := cut(rows, page.limit)
	if more {
		page.next(w, r, s.Cursors, strconv.FormatUint(uint64(last.Begun), 10))
	}
	list := IncomingList{Payments: make([]IncomingAnswer, 0, len(rows))}
	for _, row := range rows {
		list.Payments = append(list.Payments, incomingOf(row))
	}
	return wire.OK(w, list)
}

func incomingOf(row projections.Incoming) IncomingAnswer {
	return IncomingAnswer{Incoming: row.Incoming, Status: string(row.Status), Rail: row.Rail, Reference: row.Reference, Reason: row.Reason, Return: row.Return, Recall: row.Recall,
		Amount: row.Amount.Decimal(), Currency: row.Amount.Currency, Position: row.Position, ReceivedAt: row.ReceivedAt, At: row.ChangedAt}
}
