package service

import (
	"net/http"
	"strconv"
	"time"

	"florin/commands"
	"florin/domain/directdebit"
	"florin/domain/iban"
	"florin/domain/id"
	"florin/domain/money"
	"florin/domain/transfer"
	"florin/eventbus"
	"florin/gateway/wire"
	"florin/projections"
	"florin/schemas"
)

// DirectDebits serves /v1/direct-debits: what other banks collect.
type DirectDebits struct{ Desk }

// DirectDebitAnswer is a collection on the wire. What names account and creditor is
// there for the account's holders alone: who operates a rail need not know them.
type DirectDebitAnswer struct {
	DirectDebit id.DirectDebit    `json:"direct_debit"`
	Status      string            `json:"status"`          // collected, refused, refunded, refund-settled, refund-denied
	Reason      string            `json:"reason,omitzero"` // ISO 20022 code, of a refusal or of a claim that was denied
	Grounds     string            `json:"grounds,omitzero"`
	Account     id.Account        `json:"account,omitzero"`
	Mandate     id.Mandate        `json:"mandate,omitzero"`
	Amount      string            `json:"amount,omitzero"`
	Currency    money.Currency    `json:"currency,omitzero"`
	Creditor    string            `json:"creditor,omitzero"`
	Name        string            `json:"name,omitzero"`
	EndToEnd    string            `json:"end_to_end,omitzero"`
	Text        string            `json:"text,omitzero"`
	CollectedAt time.Time         `json:"collected_at,omitzero"`
	RefundUntil time.Time         `json:"refund_until,omitzero"` // without a reason
	Position    eventbus.Position `json:"position"`
}

// DirectDebitList is a page of collections, newest first.
type DirectDebitList struct {
	DirectDebits []DirectDebitAnswer `json:"direct_debits"`
}

// Collect takes in a collection, from the rail: 201, collected or refused.
func (s DirectDebits) Collect(w http.ResponseWriter, r *http.Request) error {
	call := CallOf(r.Context())
	body, err := wire.Decode[schemas.CollectDirectDebit](call.Body)
	if err != nil {
		return err
	}
	ask, err := collectionOf(body)
	if err != nil {
		return err
	}
	answer, outcome, err := s.Bank.DirectDebits().Collect(r.Context(), s.order(r, call), ask)
	return s.answer(w, func(w http.ResponseWriter, _ string, v any) error { return wire.Pushed(w, v) }, answer, outcome, err)
}

func collectionOf(body schemas.CollectDirectDebit) (commands.CollectDirectDebit, error) {
	ask := commands.CollectDirectDebit{Reference: body.Reference, EndToEnd: body.EndToEnd, CreditorName: evidence(body.Name), Mandate: body.Mandate,
		Sequence: body.Sequence, Text: evidence(body.Text)}
	var err error
	if ask.Amount, err = amountOf(body.Amount, body.Currency); err != nil {
		return ask, err
	}
	if ask.Debtor, err = iban.Parse(body.From); err != nil {
		return ask, err
	}
	if ask.Creditor, err = iban.Parse(body.To); err != nil {
		return ask, err
	}
	ask.CreditorID, err = iban.ParseCreditor(body.Creditor)
	return ask, err
}

// Refund pays a collection back: 200, at once.
func (s DirectDebits) Refund(w http.ResponseWriter, r *http.Request) error {
	call := CallOf(r.Context())
	asked, err := pathID[id.DirectDebit](r)
	if err != nil {
		return err
	}
	body, err := wire.Decode[schemas.RefundDirectDebit](call.Body)
	if err != nil {
		return err
	}
	answer, outcome, err := s.Bank.DirectDebits().Refund(r.Context(), s.order(r, call), commands.RefundDirectDebit{
		DirectDebit: asked, Grounds: directdebit.Grounds(body.Grounds), Evidence: transfer.Signed{Proof: evidence(call.Proof), Body: evidence(string(call.Body))}})
	return s.answer(w, done, answer, outcome, err)
}

func (s DirectDebits) answer(w http.ResponseWriter, success func(http.ResponseWriter, string, any) error,
	answer commands.DirectDebitAnswer, outcome commands.Outcome, err error) error {
	if err != nil {
		return refused(w, outcome, err)
	}
	answered(w, outcome)
	body := DirectDebitAnswer{DirectDebit: answer.DirectDebit, Status: string(answer.Status), Reason: answer.Reason, Grounds: string(answer.Grounds), Position: outcome.Receipt.Last}
	if !answer.Amount.IsZero() {
		body.Amount, body.Currency = answer.Amount.Decimal(), answer.Amount.Currency
	}
	return success(w, "", body)
}

// Get is one collection: from an account that the caller holds, or any for those who
// operate the rail.
func (s DirectDebits) Get(w http.ResponseWriter, r *http.Request) error {
	asked, err := pathID[id.DirectDebit](r)
	if err != nil {
		return err
	}
	if err := s.current(r); err != nil {
		return err
	}
	caller := CallOf(r.Context()).Caller
	if caller.Customer.IsZero() {
		row, err := s.Reads.DirectDebit(r.Context(), asked)
		if err != nil {
			return err
		}
		return wire.OK(w, directDebitOf(row, false))
	}
	row, err := s.Reads.DirectDebitOf(r.Context(), caller.Customer, asked)
	if err != nil {
		return err
	}
	return wire.OK(w, directDebitOf(row, true))
}

// List are the collections from the caller's accounts or, for those who operate the
// rail, those whose money other banks have not given back.
func (s DirectDebits) List(w http.ResponseWriter, r *http.Request) error {
	page, err := s.page(r, "direct-debits")
	if err != nil {
		return err
	}
	before, err := page.position()
	if err != nil {
		return err
	}
	if err := s.current(r); err != nil {
		return err
	}
	var rows []projections.DirectDebit
	caller := CallOf(r.Context()).Caller
	if caller.Customer.IsZero() {
		rows, err = s.Reads.DirectDebitsClaimed(r.Context(), before, page.limit+1)
	} else {
		rows, err = s.Reads.DirectDebitsOf(r.Context(), caller.Customer, before, page.limit+1)
	}
	if err != nil {
		return err
	}
	rows, last, more := cut(rows, page.limit)
	if more {
		page.next(w, r, s.Cursors, strconv.FormatUint(uint64(last.Begun), 10))
	}
	list := DirectDebitList{DirectDebits: make([]DirectDebitAnswer, 0, len(rows))}
	for _, row := range rows {
		list.DirectDebits = append(list.DirectDebits, directDebitOf(row, !caller.Customer.IsZero()))
	}
	return wire.OK(w, list)
}

// current waits for the collections, and for who holds which account.
func (s DirectDebits) current(r *http.Request) error {
	if err := s.fresh(r, "directdebits"); err != nil {
		return err
	}
	return s.fresh(r, "accounts")
}

func directDebitOf(row projections.DirectDebit, holder bool) DirectDebitAnswer {
	answer := DirectDebitAnswer{DirectDebit: row.DirectDebit, Status: string(row.Status), Reason: row.Reason, Grounds: string(row.Grounds),
		Amount: row.Amount.Decimal(), Currency: row.Amount.Currency, CollectedAt: row.CollectedAt, Position: row.Position}
	if row.Status == directdebit.Booked {
		answer.RefundUntil = row.CollectedAt.AddDate(0, 0, 7*directdebit.RefundWeeks)
	}
	if holder {
		answer.Account, answer.Mandate, answer.Creditor, answer.Name = row.Account, row.Mandate, row.CreditorID, row.CreditorName
		answer.EndToEnd, answer.Text = row.EndToEnd, row.Text
	}
	return answer
}
