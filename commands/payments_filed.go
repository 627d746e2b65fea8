package commands

import (
	"context"

	"florin/domain/id"
	"florin/domain/payment"
	"florin/domain/paymentfile"
	"florin/domain/risk"
	"florin/schemas"
)

// InitiateFiled makes one payment of a confirmed file, or its rejection: that other
// payments of the file are refused is nothing to it. What was wrong as it was sent never
// becomes a payment (ErrNotReady): the file's list says why, and may not know to whom it
// was. Only the bank's own process asks for it. What was said of its payee is what the
// file was confirmed with.
func (p Payments) InitiateFiled(ctx context.Context, order Order, of id.PaymentFile, item int64) (PaymentAnswer, Outcome, error) {
	b := p.bank
	order.Asked = schemas.PayFiled{File: of, Item: item}
	said, err := b.filed(ctx, of)
	if err != nil {
		return PaymentAnswer{}, Outcome{}, err
	}
	if b.settings.Rail == nil {
		return PaymentAnswer{}, Outcome{}, ErrNoRail
	}
	items := said.Items()
	if item >= int64(len(items)) { // its customer is erased
		return PaymentAnswer{}, Outcome{}, paymentfile.ErrMissing
	}
	if items[item].Refused != "" {
		return PaymentAnswer{}, Outcome{}, payment.ErrNotReady
	}
	f := filedPayment{said, item, items[item], FilePayment(of, item)}
	return execute(ctx, b, "payment.initiate_filed", order, streams(f.payment, of, said.From, said.Customer), f.decide, func(facts []Fact) (PaymentAnswer, error) {
		answer, _ := paymentAnswer(facts) // a rejection is no refusal of the process
		return answer, nil
	})
}

// filedPayment is one InitiateFiled; decide may run several times.
type filedPayment struct {
	said    paymentfile.Submitted
	place   int64 // in the file
	item    paymentfile.Item
	payment id.Payment
}

func (f filedPayment) decide(w *work) error {
	b, at := w.bank, w.order.At
	b.payments.begin(w, f.payment)
	if _, err := b.payments.load(w, f.payment); err != nil { // opened first, so that its facts come first
		return err
	}
	file, err := b.paymentFiles.load(w, f.said.File)
	switch {
	case err != nil:
		return err
	case file.Phase != paymentfile.Confirmed:
		return payment.ErrNotReady
	}
	w.order.Caller.actFor(f.said.Customer)
	w.under(ofCustomer(f.said.Customer))
	command := payment.Initiate{
		Payment: f.payment, Customer: f.said.Customer, From: f.said.From, Creditor: f.item.Creditor, CreditorName: f.item.CreditorName, Amount: f.item.Amount,
		Reference: f.item.Reference, Rail: string(b.settings.Rail.Name()), Device: f.said.Device, Session: f.said.Session, TokenID: f.said.TokenID, At: at,
		Verified: f.payee(), Filed: payment.Filed{File: f.said.File, Item: f.place}, Confirmed: payment.Authorised{Method: file.Method, Challenge: file.Answered},
		ReviewUntil: w.reviewUntil(),
	}
	said, err := w.assessPayment(attempted{customer: f.said.Customer, device: f.said.Device, about: f.payment.String(), account: f.said.From, amount: f.item.Amount,
		facts: risk.Facts{Amount: f.item.Amount, ACR: confirmedACR, Confirmed: true}}, f.item.Creditor.Reveal())
	if err != nil {
		return err
	}
	command.Assessment = paymentAssessed(said)
	if command.Refused, err = codeOf(try(w, func() error { return f.hold(w, command.Outcome()) })); err != nil {
		return err
	}
	return b.payments.decide(w, f.payment, command)
}

// payee is what the creditor's bank said before the file was confirmed.
func (f filedPayment) payee() payment.PayeeVerified {
	if f.item.Payee == "" { // a file of before files were asked for
		return payment.PayeeVerified{Result: payment.NotVerified}
	}
	return payment.PayeeVerified{Result: payment.Match(f.item.Payee), Name: f.item.PayeeName}
}

// hold keeps the money for the payment, if its customer may still pay from there.
func (f filedPayment) hold(w *work, outcome payment.Outcome) error {
	pay := confirmedPayout{f.said.Customer, f.said.Device, f.said.From, f.item.Amount, f.payment}
	if err := w.mayStillSend(pay); err != nil || outcome == payment.Block {
		return err
	}
	return w.holdConfirmed(pay)
}
