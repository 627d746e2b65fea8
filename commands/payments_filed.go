package commands

import (
	"context"
	"fmt"

	"florin/domain/account"
	"florin/domain/customer"
	"florin/domain/device"
	"florin/domain/id"
	"florin/domain/payment"
	"florin/domain/paymentfile"
	"florin/domain/risk"
	"florin/schemas"
)

// InitiateFiled makes one payment of a confirmed file, or its rejection: that other
// payments of the file are refused is nothing to it. Only the bank's own process asks
// for it. Payees of a file are not verified: its customer has confirmed the file.
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
	f := filedPayment{said, items[item], FilePayment(of, item)}
	return execute(ctx, b, "payment.initiate_filed", order, streams(f.payment, of, said.From, said.Customer), f.decide, func(facts []Fact) (PaymentAnswer, error) {
		answer, _ := paymentAnswer(facts) // a rejection is no refusal of the process
		return answer, nil
	})
}

// filedPayment is one InitiateFiled; decide may run several times.
type filedPayment struct {
	said    paymentfile.Submitted
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
		Verified: payment.PayeeVerified{Result: payment.NotVerified}, Confirmed: payment.Authorised{Method: file.Method, Challenge: file.Answered},
		Assessment: paymentAssessed(risk.Assess(b.settings.Money.Scorer, risk.Facts{
			Customer: f.said.Customer, From: f.said.From, Amount: f.item.Amount, ACR: confirmedACR})),
	}
	if command.Refused, err = codeOf(try(w, func() error { return f.hold(w, command.Outcome()) })); err != nil {
		return err
	}
	return b.payments.decide(w, f.payment, command)
}

// hold keeps the money for the payment, if its customer may still pay from there.
func (f filedPayment) hold(w *work, outcome payment.Outcome) error {
	b := w.bank
	person, err := b.customers.load(w, f.said.Customer)
	if err != nil {
		return err
	}
	debtor, err := b.accounts.load(w, f.said.From)
	switch {
	case err != nil:
		return err
	case person.Erasing, person.Status == customer.ClosedDown, person.Status == customer.Deceased:
		return ErrGone
	case person.Status != customer.Active:
		return ErrLimited
	case debtor.RoleOf(f.said.Customer) != account.Owner:
		return account.ErrReader
	}
	if err := b.payable(w, f.said.Customer); err != nil || outcome == payment.Block {
		return err
	}
	return b.accounts.decide(w, f.said.From, account.Reserve{Reservation: f.payment.Stream(), Amount: f.item.Amount, Limited: true, At: w.order.At})
}

// filing makes the payments of confirmed files, and ends the challenges of those that
// nobody confirmed in time, or that a device has sent which is revoked since.
//
//	paymentfile.challenged -> (ExpiresAt) -> PaymentFiles.Expire
//	device.revoked ---------> at once -----> PaymentFiles.Cancel
//	paymentfile.authorised -> at once -----> Payments.InitiateFiled, one after another
//
// Started again in the middle it makes the same payments: their identifiers follow
// from the file's.
type filing struct{ bank *Bank }

func (f *filing) Name() string { return "payment-files" }

func (f *filing) Kinds() []string {
	return []string{paymentfile.Challenged{}.Kind(), paymentfile.Authorised{}.Kind(), paymentfile.Rejected{}.Kind(), paymentfile.Expired{}.Kind(), paymentfile.Cancelled{}.Kind(),
		device.Revoked{}.Kind()}
}

// Take notes when the challenge ends, with the device that sent the file, or that there
// is something to pay.
func (f *filing) Take(ctx context.Context, fact Happened, agenda *Agenda) error {
	switch e := fact.Event.(type) {
	case paymentfile.Challenged:
		state, err := f.bank.paymentFiles.look(ctx, id.From[id.PaymentFile](uuidIn(fact.Stream)))
		if err != nil {
			return err
		}
		agenda.Set(fact.Stream, e.ExpiresAt, state.Device.String())
	case paymentfile.Authorised:
		agenda.Set(fact.Stream, agenda.Now(), "pay")
	default:
		endWaiting(fact, agenda)
	}
	return nil
}

func (f *filing) Ring(ctx context.Context, alarm Alarm, agenda *Agenda) error {
	of := id.From[id.PaymentFile](uuidIn(alarm.Stream))
	state, err := f.bank.paymentFiles.look(ctx, of)
	if err != nil {
		return err
	}
	order := func(name string) Order {
		return SystemOrder(f.Name(), of.UUID(), name, agenda.Now(), ofCustomer(state.Customer))
	}
	switch state.Phase {
	case paymentfile.Pending:
		if alarm.Note == dropped {
			_, _, err := f.bank.PaymentFiles().Cancel(ctx, dropOrder(f, "paymentfile.cancel", alarm, state.Customer, agenda.Now()), of)
			return settledAlready(err)
		}
		_, _, err := f.bank.PaymentFiles().Expire(ctx, order("paymentfile.expire"), of)
		return settledAlready(err)
	case paymentfile.Confirmed:
		for i := range state.Count {
			pay := order(fmt.Sprintf("payment.initiate_filed/%d", i))
			pay.Caller.Causation = alarm.Cause
			if _, _, err := f.bank.Payments().InitiateFiled(ctx, pay, of, i); err != nil && !refused(err) {
				return err
			}
		}
	}
	return nil
}
