package service

import (
	"net/http"
	"strconv"
	"time"

	"florin/commands"
	"florin/domain/id"
	"florin/domain/money"
	"florin/domain/payment"
	"florin/domain/paymentfile"
	"florin/domain/transfer"
	"florin/eventbus"
	"florin/gateway/wire"
	"florin/projections"
	"florin/schemas"
)

// PaymentFiles serves /v1/payment-files: many payments to other banks in one pain.001.
type PaymentFiles struct{ Desk }

// PaymentFileAnswer is a file on the wire. Digest is SHA-256, in hex, of its bytes.
type PaymentFileAnswer struct {
	File      id.PaymentFile    `json:"payment_file"`
	Status    string            `json:"status"`           // challenged, authorised, completed, rejected, expired, cancelled
	Code      string            `json:"code,omitzero"`    // of a rejection
	Message   string            `json:"message,omitzero"` // the customer's name for it (MsgId)
	From      id.Account        `json:"from,omitzero"`
	Count     int64             `json:"count,omitzero"`
	Total     string            `json:"total,omitzero"`
	Currency  money.Currency    `json:"currency,omitzero"`
	Digest    string            `json:"digest,omitzero"`
	Settled   int64             `json:"settled,omitzero"` // payments, once it is completed
	Failed    int64             `json:"failed,omitzero"`
	Challenge *ChallengeAnswer  `json:"challenge,omitzero"`
	Payments  []FiledPayment    `json:"payments,omitzero"`
	Position  eventbus.Position `json:"position"`
	At        time.Time         `json:"at,omitzero"`
}

// FiledPayment is how far one payment of a file has come.
type FiledPayment struct {
	Payment   id.Payment `json:"payment,omitzero"` // once it is made
	EndToEnd  string     `json:"end_to_end"`
	To        string     `json:"to,omitzero"` // IBAN
	Name      string     `json:"name,omitzero"`
	Amount    string     `json:"amount"`
	Reference string     `json:"reference,omitzero"`
	Status    string     `json:"status"`          // ISO 20022 ExternalPaymentTransactionStatus1Code
	Reason    string     `json:"reason,omitzero"` // ISO 20022 ExternalStatusReason1Code, of RJCT

	Payee *VerifiedAnswer `json:"payee,omitzero"` // what was said before the file was confirmed
}

// PaymentFileList is a page of files.
type PaymentFileList struct {
	Files []PaymentFileAnswer `json:"payment_files"`
}

// Submit takes a pain.001 in: 202, for a file is always confirmed.
func (s PaymentFiles) Submit(w http.ResponseWriter, r *http.Request) error {
	call := CallOf(r.Context())
	order := s.order(r, call)
	ask, err := fileOf(call.Body, s.Bank.Today(order.At))
	if err != nil {
		return err
	}
	ask.Evidence = transfer.Signed{Proof: evidence(call.Proof), Body: evidence(string(call.Body))}
	answer, outcome, err := s.Bank.PaymentFiles().Submit(r.Context(), order, ask)
	return s.answer(w, answer, outcome, err)
}

// Authorise confirms a file: 200 authorised, or 403 sca-failed in one text.
func (s PaymentFiles) Authorise(w http.ResponseWriter, r *http.Request) error {
	call := CallOf(r.Context())
	asked, err := pathID[id.PaymentFile](r)
	if err != nil {
		return err
	}
	body, err := wire.Decode[schemas.AuthorisePaymentFile](call.Body)
	if err != nil {
		return err
	}
	_, said, err := confirmed[paymentfile.Statement](s.Desk, r, schemas.AuthoriseTransfer(body))
	if err != nil {
		return err
	}
	answer, outcome, err := s.Bank.PaymentFiles().Authorise(r.Context(), s.order(r, call), asked, said)
	return s.answer(w, answer, outcome, err)
}

// Cancel withdraws a file that is not confirmed.
func (s PaymentFiles) Cancel(w http.ResponseWriter, r *http.Request) error {
	asked, err := pathID[id.PaymentFile](r)
	if err != nil {
		return err
	}
	call := CallOf(r.Context())
	if err := empty(call.Body); err != nil {
		return err
	}
	answer, outcome, err := s.Bank.PaymentFiles().Cancel(r.Context(), s.order(r, call), asked)
	return s.answer(w, answer, outcome, err)
}

func (s PaymentFiles) answer(w http.ResponseWriter, answer commands.PaymentFileAnswer, outcome commands.Outcome, err error) error {
	if err != nil {
		return refused(w, outcome, err)
	}
	answered(w, outcome)
	body := PaymentFileAnswer{File: answer.File, Status: string(answer.Status), Code: answer.Code, From: answer.From, Count: answer.Count, Digest: answer.Digest,
		Position: outcome.Receipt.Last, At: answer.At}
	if answer.Count > 0 {
		body.Total, body.Currency = answer.Total.Decimal(), answer.Total.Currency
	}
	if answer.Status == paymentfile.Pending {
		body.Challenge = challengeAnswer(answer.Challenge)
		return wire.Accepted(w, "/v1/payment-files/"+answer.File.String(), body)
	}
	return wire.OK(w, body)
}

// Get is one file of the caller's, or from an account that they hold, and how far its
// payments have come, as JSON or as a pain.002.
func (s PaymentFiles) Get(w http.ResponseWriter, r *http.Request) error {
	asked, err := pathID[id.PaymentFile](r)
	if err != nil {
		return err
	}
	if err := s.fresh(r, "paymentfiles"); err != nil {
		return err
	}
	if err := s.fresh(r, "payments"); err != nil {
		return err
	}
	row, err := s.Reads.PaymentFile(r.Context(), asked)
	if err != nil {
		return err
	}
	if _, err := s.sees(r, row.Customer, row.From); err != nil {
		return err
	}
	named := make([]id.Payment, len(row.Items))
	for i := range named {
		named[i] = commands.FilePayment(row.File, int64(i))
	}
	made, err := s.Reads.PaymentsNamed(r.Context(), named)
	if err != nil {
		return err
	}
	payments := make([]FiledPayment, len(row.Items))
	for i, item := range row.Items {
		f := filedOf(row, item, made[named[i]])
		f.EndToEnd, f.Reference = item.EndToEnd.Reveal(), item.Reference.Reveal()
		f.To, f.Name, f.Amount = item.Creditor.Reveal(), item.CreditorName.Reveal(), item.Amount.Decimal()
		f.Payee = payeeOf(payment.Match(item.Payee), item.PayeeName.Reveal())
		payments[i] = f
	}
	if wanted := wire.Wanted(r); len(wanted) > 0 && wanted[0] == MediaXML {
		return s.report(w, row, payments)
	}
	answer := fileAnswer(row)
	answer.Payments = payments
	return wire.OK(w, answer)
}

// List are the caller's files and those from the accounts that they hold, newest first,
// without their payments.
func (s PaymentFiles) List(w http.ResponseWriter, r *http.Request) error {
	page, err := s.page(r, "payment-files")
	if err != nil {
		return err
	}
	before, err := page.position()
	if err != nil {
		return err
	}
	if err := s.fresh(r, "paymentfiles"); err != nil {
		return err
	}
	rows, err := s.Reads.PaymentFilesOf(r.Context(), CallOf(r.Context()).Caller.Customer, before, page.limit+1)
	if err != nil {
		return err
	}
	rows, last, more := cut(rows, page.limit)
	if more {
		page.next(w, r, s.Cursors, strconv.FormatUint(uint64(last.Begun), 10))
	}
	begun := func(row projections.PaymentFile) (id.Customer, id.Account) { return row.Customer, row.From }
	shown, err := seen(s.Desk, r, rows, begun, func(row projections.PaymentFile, _ bool) PaymentFileAnswer { return fileAnswer(row) })
	if err != nil {
		return err
	}
	return wire.OK(w, PaymentFileList{Files: shown})
}

func fileAnswer(row projections.PaymentFile) PaymentFileAnswer {
	return PaymentFileAnswer{File: row.File, Status: string(row.Status), Code: row.Code, Message: row.Message, From: row.From, Count: row.Count,
		Total: row.Total.Decimal(), Currency: row.Total.Currency, Digest: row.Digest, Settled: row.Settled, Failed: row.Failed, Position: row.Position, At: row.ChangedAt}
}

// filedOf says how far a payment has come; p is zero while it is not made.
func filedOf(file projections.PaymentFile, item paymentfile.Item, p projections.Payment) FiledPayment {
	f := FiledPayment{Payment: p.Payment, Status: "PDNG"}
	switch p.Status {
	case payment.Absent:
		if item.Refused != "" {
			f.Status, f.Reason = "RJCT", isoReason(item.Refused)
			break
		}
		switch file.Status {
		case paymentfile.Withdrawn:
			f.Status = "CANC"
		case paymentfile.Declined, paymentfile.TimedOut:
			f.Status, f.Reason = "RJCT", "DS01" // not signed as it has to be
		}
	case payment.Ready:
		f.Status = "ACCP"
	case payment.Sent, payment.Taken:
		f.Status = "ACSP"
	case payment.Done:
		f.Status = "ACSC"
	case payment.Declined:
		f.Status, f.Reason = "RJCT", reasonOf(p)
	case payment.GivenBack:
		f.Status, f.Reason = "RJCT", p.Reason
	case payment.Withdrawn:
		f.Status = "CANC"
	}
	return f
}

// reasonOf is a rejection in ISO 20022's words: the rail's own, or what comes nearest.
func reasonOf(p projections.Payment) string {
	if p.Reason != "" {
		return p.Reason
	}
	return isoReason(p.Code)
}

// isoReasons are ISO 20022's ExternalStatusReason1Codes of the bank's own.
var isoReasons = map[string]string{
	"insufficient-funds": "AM04", "limit-exceeded": "AM02", "currency-mismatch": "AM03",
	"account-frozen": "AC06", "account-closed": "AC04", "account-read-only": "AG01", "payment-blocked": "AG01",
	"wrong-agent": "AGNT", "iban-own-bank": "AG03", "invalid-bic": "RC01", "bic-country": "RC07",
	"invalid-iban": "AC03", "invalid-name": "BE21", "invalid-reference": "RR07",
}

func isoReason(code string) string {
	if reason, known := isoReasons[code]; known {
		return reason
	}
	return "NARR" // a narrative
}
