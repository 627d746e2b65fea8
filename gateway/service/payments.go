package service

import (
	"net/http"
	"strconv"
	"time"

	"florin/commands"
	"florin/domain/iban"
	"florin/domain/id"
	"florin/domain/money"
	"florin/domain/payment"
	"florin/eventbus"
	"florin/gateway/problem"
	"florin/gateway/rail"
	"florin/gateway/wire"
	"florin/projections"
	"florin/schemas"
)

// Payments serves /v1/payments: money that goes to other banks.
type Payments struct{ Desk }

// PaymentAnswer is a payment on the wire.
type PaymentAnswer struct {
	Payment   id.Payment        `json:"payment"`
	Status    string            `json:"status"`
	Code      string            `json:"code,omitzero"`   // of a rejection
	Reason    string            `json:"reason,omitzero"` // ISO 20022 code, of a rejection by the rail or of a return
	From      id.Account        `json:"from,omitzero"`
	To        string            `json:"to,omitzero"` // IBAN
	Name      string            `json:"name,omitzero"`
	Amount    string            `json:"amount,omitzero"`
	Currency  money.Currency    `json:"currency,omitzero"`
	Returned  string            `json:"returned,omitzero"` // what came back
	Reference string            `json:"reference,omitzero"`
	ExecuteOn string            `json:"execute_on,omitzero"` // day; absent: at once
	Payee     *VerifiedAnswer   `json:"payee,omitzero"`
	Exemption string            `json:"exemption,omitzero"`
	Challenge *ChallengeAnswer  `json:"challenge,omitzero"`
	File      id.PaymentFile    `json:"payment_file,omitzero"`   // that it is of
	Order     id.StandingOrder  `json:"standing_order,omitzero"` // that it is of
	Message   string            `json:"message,omitzero"`        // its name on the rail
	Overdue   bool              `json:"overdue,omitzero"`        // the rail owes an answer, and people look into it
	Recall    *RecallAnswer     `json:"recall,omitzero"`
	History   []TransferStep    `json:"history,omitzero"`
	Position  eventbus.Position `json:"position"`
	At        time.Time         `json:"at,omitzero"`
}

// PaymentList is a page of payments, newest first.
type PaymentList struct {
	Payments []PaymentAnswer `json:"payments"`
}

// VerifiedAnswer is what the other bank says of a name: match, close-match with the name
// that it has, no-match, or unavailable.
type VerifiedAnswer struct {
	Result string `json:"result"`
	Name   string `json:"name,omitzero"`
}

// payeeQuestion is POST /v1/payee-verifications. It is no command: nothing comes of it.
type payeeQuestion struct {
	IBAN string `json:"iban"`
	Name string `json:"name"`
}

// Verify asks whose an account is, before a payment is made.
func (s Payments) Verify(w http.ResponseWriter, r *http.Request) error {
	body, err := wire.Decode[payeeQuestion](CallOf(r.Context()).Body)
	if err != nil {
		return err
	}
	to, err := iban.Parse(body.IBAN)
	if err != nil {
		return err
	}
	if !payment.Name(body.Name) {
		return payment.ErrName
	}
	said := s.Bank.Payments().VerifyPayee(r.Context(), evidence(to.String()), evidence(body.Name))
	return wire.OK(w, payeeOf(said.Result, said.Name.Reveal()))
}

func payeeOf(result payment.Match, name string) *VerifiedAnswer {
	if result == "" {
		return nil
	}
	return &VerifiedAnswer{Result: string(result), Name: name}
}

// Initiate is InitiatePayment: 201 authorised, 202 challenged (one of a later day always), or the refusal.
func (s Payments) Initiate(w http.ResponseWriter, r *http.Request) error {
	call := CallOf(r.Context())
	body, err := wire.Decode[schemas.InitiatePayment](call.Body)
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
	answer, outcome, err := s.Bank.Payments().Initiate(r.Context(), s.order(r, call), commands.InitiatePayment{
		From: body.From, Creditor: to, CreditorName: evidence(body.Name), Amount: amount, Reference: evidence(body.Reference), Agent: body.BIC, ExecuteOn: body.ExecuteOn,
		Evidence: payment.Signed{Proof: evidence(call.Proof), Body: evidence(string(call.Body))},
	})
	return s.answer(w, wire.Created, answer, outcome, err)
}

// Authorise answers a challenge: 200 authorised or scheduled, or 403 sca-failed in one text.
func (s Payments) Authorise(w http.ResponseWriter, r *http.Request) error {
	call := CallOf(r.Context())
	asked, err := pathID[id.Payment](r)
	if err != nil {
		return err
	}
	body, err := wire.Decode[schemas.AuthorisePayment](call.Body)
	if err != nil {
		return err
	}
	shown, said, err := confirmed[payment.Statement](s.Desk, r, schemas.AuthoriseTransfer(body))
	if err != nil {
		return err
	}
	answer, outcome, err := s.Bank.Payments().Authorise(r.Context(), s.order(r, call), commands.AuthorisePayment{
		Payment: asked, Method: said.Method, Statement: shown, Proven: said.Proven, OTP: said.OTP, Passkey: said.Passkey, Evidence: said.Evidence})
	return s.answer(w, done, answer, outcome, err)
}

// Cancel withdraws a payment that is not submitted.
func (s Payments) Cancel(w http.ResponseWriter, r *http.Request) error {
	call := CallOf(r.Context())
	asked, err := pathID[id.Payment](r)
	if err != nil {
		return err
	}
	if err := empty(call.Body); err != nil {
		return err
	}
	answer, outcome, err := s.Bank.Payments().Cancel(r.Context(), s.order(r, call), asked)
	return s.answer(w, done, answer, outcome, err)
}

// Return takes in, from the rail, that a payment came back.
func (s Payments) Return(w http.ResponseWriter, r *http.Request) error {
	call := CallOf(r.Context())
	asked, err := pathID[id.Payment](r)
	if err != nil {
		return err
	}
	body, err := wire.Decode[schemas.ReturnPayment](call.Body)
	if err != nil {
		return err
	}
	amount, err := amountOf(body.Amount, body.Currency)
	if err != nil {
		return err
	}
	answer, outcome, err := s.Bank.Payments().Return(r.Context(), s.order(r, call), commands.ReturnPayment{
		Payment: asked, Amount: amount, Reason: body.Reason, Return: body.Return})
	return s.answer(w, done, answer, outcome, err)
}

// TakeReturn is Return by the rail's own message, a pacs.004.
func (s Payments) TakeReturn(w http.ResponseWriter, r *http.Request) error {
	call := CallOf(r.Context())
	name, said, err := rail.ReadReturn(call.Body)
	if err != nil {
		return payment.ErrMessage
	}
	of, ok := commands.Sent(name)
	if !ok {
		return problem.NotFound
	}
	answer, outcome, err := s.Bank.Payments().Return(r.Context(), s.order(r, call), commands.ReturnPayment{
		Payment: of, Amount: said.Amount, Reason: said.Reason, Return: said.Return})
	return s.answer(w, done, answer, outcome, err)
}

func (s Payments) answer(w http.ResponseWriter, success func(http.ResponseWriter, string, any) error,
	answer commands.PaymentAnswer, outcome commands.Outcome, err error) error {
	if err != nil {
		return refused(w, outcome, err)
	}
	answered(w, outcome)
	body := PaymentAnswer{
		Payment: answer.Payment, Status: string(answer.Status), Reason: answer.Reason, From: answer.From,
		To: answer.Creditor.Reveal(), Name: answer.CreditorName.Reveal(), Reference: answer.Reference.Reveal(), ExecuteOn: answer.ExecuteOn,
		Payee: payeeOf(answer.Payee, answer.PayeeName.Reveal()), Exemption: answer.Exemption, Message: answer.Message,
		Position: outcome.Receipt.Last, At: answer.At,
	}
	if !answer.Amount.IsZero() {
		body.Amount, body.Currency = answer.Amount.Decimal(), answer.Amount.Currency
	}
	if answer.Recall.Status != "" {
		body.Recall = &RecallAnswer{Status: answer.Recall.Status, Reason: answer.Recall.Reason, Denial: answer.Recall.Denial, AnswerBy: answer.Recall.AnswerBy}
	}
	place := "/v1/payments/" + answer.Payment.String()
	if answer.Status == payment.Pending {
		body.Challenge = challengeAnswer(answer.Challenge)
		return wire.Accepted(w, place, body)
	}
	if answer.Status == payment.Reviewed {
		return wire.Accepted(w, place, body)
	}
	return success(w, place, body)
}

// Get is one payment: of the caller's, of an account that the caller holds, or for those who operate the rail of anybody's.
func (s Payments) Get(w http.ResponseWriter, r *http.Request) error {
	asked, err := pathID[id.Payment](r)
	if err != nil {
		return err
	}
	if err := s.fresh(r, "payments"); err != nil {
		return err
	}
	row, err := s.Reads.Payment(r.Context(), asked)
	if err != nil {
		return err
	}
	own := true
	if caller := CallOf(r.Context()).Caller; !caller.Customer.IsZero() {
		if own, err = s.sees(r, row.Customer, row.From); err != nil {
			return err
		}
	}
	return wire.OK(w, paymentSeen(row, own))
}

// List is the caller's payments and those of accounts that the caller holds or, for those
// who operate the rail, all that the rail owes an answer about.
func (s Payments) List(w http.ResponseWriter, r *http.Request) error {
	page, err := s.page(r, "payments")
	if err != nil {
		return err
	}
	before, err := page.position()
	if err != nil {
		return err
	}
	if err := s.fresh(r, "payments"); err != nil {
		return err
	}
	var rows []projections.Payment
	caller := CallOf(r.Context()).Caller
	if caller.Customer.IsZero() {
		rows, err = s.Reads.PaymentsUnanswered(r.Context(), before, page.limit+1)
	} else {
		rows, err = s.Reads.PaymentsOf(r.Context(), caller.Customer, before, page.limit+1)
	}
	if err != nil {
		return err
	}
	rows, last, more := cut(rows, page.limit)
	if more {
		page.next(w, r, s.Cursors, strconv.FormatUint(uint64(last.Begun), 10))
	}
	if caller.Customer.IsZero() {
		list := PaymentList{Payments: make([]PaymentAnswer, 0, len(rows))}
		for _, row := range rows {
			list.Payments = append(list.Payments, paymentOf(row))
		}
		return wire.OK(w, list)
	}
	begun := func(row projections.Payment) (id.Customer, id.Account) { return row.Customer, row.From }
	shown, err := seen(s.Desk, r, rows, begun, paymentSeen)
	if err != nil {
		return err
	}
	return wire.OK(w, PaymentList{Payments: shown})
}

// paymentSeen is a payment as one of the account's holders sees it; own: who began it.
func paymentSeen(row projections.Payment, own bool) PaymentAnswer {
	answer := paymentOf(row)
	if !own {
		answer.Challenge = nil
	}
	return answer
}

func paymentOf(row projections.Payment) PaymentAnswer {
	answer := PaymentAnswer{
		Payment: row.Payment, Status: string(row.Status), Code: row.Code, Reason: row.Reason, From: row.From, To: row.Creditor, Name: row.CreditorName,
		Amount: row.Amount.Decimal(), Currency: row.Amount.Currency, Reference: row.Reference, ExecuteOn: row.ExecuteOn, Payee: payeeOf(row.Payee, row.PayeeName),
		Exemption: row.Exemption, File: row.File, Order: row.Order, Message: row.Message, Overdue: row.Investigated && row.Status.Awaited(), Position: row.Position, At: row.ChangedAt,
	}
	if !row.Returned.IsZero() {
		answer.Returned = row.Returned.Decimal()
	}
	if row.Recall != "" {
		answer.Recall = &RecallAnswer{Status: row.Recall, Reason: row.RecallReason, Denial: row.RecallDenial, AnswerBy: row.AnswerBy, Overdue: row.Delayed && row.Recall == commands.RecallAsked}
	}
	if !row.Challenge.IsZero() {
		answer.Challenge = &ChallengeAnswer{ID: row.Challenge, Nonce: row.Nonce, Methods: row.Methods, Display: display(row.Display), ExpiresAt: row.ExpiresAt}
	}
	for _, step := range row.History {
		answer.History = append(answer.History, TransferStep{Kind: step.Kind, Detail: step.Detail, Position: step.Position, At: step.At})
	}
	return answer
}
