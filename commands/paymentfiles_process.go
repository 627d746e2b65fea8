package commands

import (
	"context"
	"fmt"
	"slices"

	"florin/domain/device"
	"florin/domain/id"
	"florin/domain/payment"
	"florin/domain/paymentfile"
	"florin/eventbus"
	"florin/schemas"
)

// filing makes the payments of confirmed files, says when all have come to their ends,
// and ends the challenges of those that nobody confirmed in time, or that a device has
// sent which is revoked since.
//
//	paymentfile.challenged -> (ExpiresAt) -> PaymentFiles.Expire
//	device.revoked ---------> at once -----> PaymentFiles.Cancel
//	paymentfile.authorised -> at once -----> Payments.InitiateFiled, one after another
//	payment.settled, rejected, returned, cancelled -> is it the file's last? PaymentFiles.Complete
//
// Started again in the middle it makes the same payments: their identifiers follow
// from the file's.
type filing struct{ bank *Bank }

func (f *filing) Name() string { return "payment-files" }

func (f *filing) Kinds() []string {
	return []string{paymentfile.Challenged{}.Kind(), paymentfile.Authorised{}.Kind(), paymentfile.Rejected{}.Kind(), paymentfile.Expired{}.Kind(), paymentfile.Cancelled{}.Kind(),
		device.Revoked{}.Kind(), payment.Settled{}.Kind(), payment.Rejected{}.Kind(), payment.Returned{}.Kind(), payment.Cancelled{}.Kind()}
}

// Notes of alarms of a file that is confirmed.
const (
	filePay   = "pay"
	fileCount = "count" // how many payments have come to their ends
)

// Take notes when the challenge ends, with the device that sent the file, or that there
// is something to pay, or to count.
func (f *filing) Take(ctx context.Context, fact Happened, agenda *Agenda) error {
	switch e := fact.Event.(type) {
	case paymentfile.Challenged:
		state, err := f.bank.paymentFiles.look(ctx, id.From[id.PaymentFile](uuidIn(fact.Stream)))
		if err != nil {
			return err
		}
		agenda.Set(fact.Stream, e.ExpiresAt, state.Device.String())
	case paymentfile.Authorised:
		agenda.Set(fact.Stream, agenda.Now(), filePay)
	case payment.Event:
		return f.count(ctx, fact, agenda)
	default:
		endWaiting(fact, agenda)
	}
	return nil
}

// count has the file looked at of which a payment has come to its end, unless payments
// of it are still to be made: then it is looked at after the last.
func (f *filing) count(ctx context.Context, fact Happened, agenda *Agenda) error {
	state, err := f.bank.payments.look(ctx, id.From[id.Payment](uuidIn(fact.Stream)))
	if err != nil || state.File.IsZero() {
		return err
	}
	file := eventbus.Stream(state.File.Stream())
	if !slices.Contains(agenda.Waiting(filePay), file) {
		agenda.Set(file, agenda.Now(), fileCount)
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
	switch {
	case state.Phase == paymentfile.Pending && alarm.Note == dropped:
		_, _, err = f.bank.PaymentFiles().Cancel(ctx, dropOrder(f, "paymentfile.cancel", alarm, state.Customer, agenda.Now()), of)
	case state.Phase == paymentfile.Pending:
		_, _, err = f.bank.PaymentFiles().Expire(ctx, order("paymentfile.expire"), of)
	case state.Phase == paymentfile.Confirmed:
		if alarm.Note == filePay {
			if err := f.pay(ctx, of, state.Count, alarm, order); err != nil {
				return err
			}
		}
		complete := order("paymentfile.complete")
		complete.Caller.Causation = alarm.Cause
		_, _, err = f.bank.PaymentFiles().Complete(ctx, complete, of)
	}
	return settledAlready(err)
}

func (f *filing) pay(ctx context.Context, of id.PaymentFile, count int64, alarm Alarm, order func(string) Order) error {
	for i := range count {
		pay := order(fmt.Sprintf("payment.initiate_filed/%d", i))
		pay.Caller.Causation = alarm.Cause
		if _, _, err := f.bank.Payments().InitiateFiled(ctx, pay, of, i); err != nil && !refused(err) {
			return err
		}
	}
	return nil
}

// Complete says that each payment of a file has come to its end. Only the bank's own
// process asks for it; ErrNotComplete: one has not. What is over stays over, so the
// payments are looked at and need not stand still.
func (p PaymentFiles) Complete(ctx context.Context, order Order, of id.PaymentFile) (PaymentFileAnswer, Outcome, error) {
	b := p.bank
	order.Asked = schemas.CompletePaymentFile{File: of}
	before, err := b.paymentFiles.look(ctx, of)
	if err != nil {
		return PaymentFileAnswer{}, Outcome{}, err
	}
	said, err := b.filed(ctx, of)
	if err != nil {
		return PaymentFileAnswer{}, Outcome{}, err
	}
	command, items := paymentfile.Complete{At: order.At}, said.Items()
	for i := range before.Count {
		one, err := b.payments.look(ctx, FilePayment(of, i))
		switch {
		case err != nil:
			return PaymentFileAnswer{}, Outcome{}, err
		case one.Phase == payment.Absent && i < int64(len(items)) && items[i].Refused != "": // as it was sent: it never becomes a payment
			command.Failed++
		case !one.Phase.Over():
			return PaymentFileAnswer{}, Outcome{}, paymentfile.ErrNotComplete
		case one.Phase != payment.Done:
			command.Failed++
		}
	}
	return p.end(ctx, order, "paymentfile.complete", of, command)
}
