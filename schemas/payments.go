package schemas

import (
	"florin/domain/id"
	"florin/domain/payment"
)

// Payments lists every kind of record that the stream of a payment may hold.
var Payments = newTable(
	Event(1, func(e payment.Initiated) payment.Event { return e }),
	Event(1, func(e payment.Filed) payment.Event { return e }),
	Event(1, func(e payment.Ordered) payment.Event { return e }),
	Event(1, func(e payment.Dated) payment.Event { return e }),
	Event(1, func(e payment.PayeeVerified) payment.Event { return e }),
	Event(1, func(e payment.Assessed) payment.Event { return e }),
	Event(1, func(e payment.Challenged) payment.Event { return e }),
	Event(1, func(e payment.AuthorisationFailed) payment.Event { return e }),
	Event(1, func(e payment.Authorised) payment.Event { return e }),
	Event(1, func(e payment.Scheduled) payment.Event { return e }),
	Event(1, func(e payment.FellDue) payment.Event { return e }),
	Event(1, func(e payment.Held) payment.Event { return e }),
	Event(1, func(e payment.Released) payment.Event { return e }),
	Event(1, func(e payment.Submitted) payment.Event { return e }),
	Event(1, func(e payment.Accepted) payment.Event { return e }),
	Event(1, func(e payment.InvestigationOpened) payment.Event { return e }),
	Event(1, func(e payment.Settled) payment.Event { return e }),
	Event(1, func(e payment.Rejected) payment.Event { return e }),
	Event(1, func(e payment.Returned) payment.Event { return e }),
	Event(1, func(e payment.Expired) payment.Event { return e }),
	Event(1, func(e payment.Cancelled) payment.Event { return e }),
	Event(1, func(e payment.Recalled) payment.Event { return e }),
	Event(1, func(e payment.RecallDenied) payment.Event { return e }),
	Event(1, func(e payment.RecallDelayed) payment.Event { return e }),
)

// The commands of payments to other banks.
type (
	// InitiatePayment is POST /v1/payments. To is an IBAN in its electronic form, ExecuteOn
	// a later day (2026-01-31, where the account lives); without it the money leaves at once.
	InitiatePayment struct {
		From      id.Account `json:"from"`
		To        string     `json:"to"`
		Name      string     `json:"name"` // of the payee
		Amount    Decimal    `json:"amount"`
		Currency  string     `json:"currency"`
		Reference string     `json:"reference,omitzero"`
		BIC       string     `json:"bic,omitzero"` // of the payee's bank: nothing is decided by it, but it has to fit the number
		ExecuteOn string     `json:"execute_on,omitzero"`
	}
	// RunPayment begins a scheduled payment whose day has come.
	RunPayment struct {
		Payment id.Payment `json:"payment"`
	}
	// AuthorisePayment is POST /v1/payments/{id}/authorization, as AuthoriseTransfer.
	AuthorisePayment struct {
		Authorization string `json:"authorization"`
		OTP           string `json:"otp,omitzero"`
		Assertion     Object `json:"assertion,omitzero"`
	}
	// CancelPayment is POST /v1/payments/{id}/cancellation.
	CancelPayment struct{}
	// ReturnPayment is POST /v1/payments/{id}/return, by the rail: a payment came back.
	ReturnPayment struct {
		Amount   Decimal `json:"amount"`
		Currency string  `json:"currency"`
		Return   string  `json:"return"` // the rail's name for it
		Reason   string  `json:"reason"` // ISO 20022 ExternalReturnReason1Code
	}
	// TakeReturn is POST /v1/payment-returns, by the rail. Its body is no JSON but a
	// pacs.004 of one payment.
	TakeReturn struct{}
	// RecallOwnPayment is POST /v1/payments/{id}/recall: a settled payment is wanted back.
	RecallOwnPayment struct {
		Reason string `json:"reason"` // ISO 20022 ExternalCancellationReason1Code
	}
	// AnswerRecall is what the other bank said of a recall.
	AnswerRecall struct {
		Payment id.Payment `json:"payment"`
		Recall  string     `json:"recall"`
		Status  string     `json:"status" jsonschema:"enum=returned,enum=rejected"`
		Reason  string     `json:"reason"`
		Return  string     `json:"return,omitzero"`
	}
	// DelayRecall notes that the other bank has not answered a recall in time.
	DelayRecall struct {
		Payment id.Payment `json:"payment"`
	}
	// ExpirePayment ends a challenge whose time has run out.
	ExpirePayment struct {
		Payment id.Payment `json:"payment"`
	}
	// SubmitPayment takes an authorised payment's money out of its account, to be sent.
	SubmitPayment struct {
		Payment id.Payment `json:"payment"`
	}
	// AnswerPayment is what the rail said when it was told or asked.
	AnswerPayment struct {
		Payment id.Payment `json:"payment"`
		Status  string     `json:"status" jsonschema:"enum=accepted,enum=settled,enum=rejected,enum=returned"`
		Reason  string     `json:"reason,omitzero"`
		Return  string     `json:"return,omitzero"`
	}
	// InvestigatePayment notes that the rail has owed an answer for too long.
	InvestigatePayment struct {
		Payment id.Payment `json:"payment"`
	}
)

// recallCommands are those of payments that are wanted back.
func recallCommands() []Command {
	return []Command{
		body[RecallOwnPayment]("payment.recall"), asked[AnswerRecall]("payment.answer_recall"), asked[DelayRecall]("payment.delay_recall"),
		body[SimulateDenial]("payment.simulate_denial"), body[TakeReturn]("payment.return"),
	}
}
