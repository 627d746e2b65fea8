package commands

import (
	"context"
	"time"

	"florin/domain/account"
	"florin/domain/calendar"
	"florin/domain/customer"
	"florin/domain/id"
	"florin/domain/money"
	"florin/domain/payment"
	"florin/domain/quota"
	"florin/domain/risk"
	"florin/schemas"
)

// date notes on which day of the debtor account's the payment is to be executed.
func (i payout) date(command *payment.Initiate, debtor account.State) error {
	if i.ExecuteOn == "" {
		return nil
	}
	zone := debtor.Zone
	if zone == "" {
		zone = calendar.UTC
	}
	place, err := i.bank.zone(zone)
	if err != nil {
		return err
	}
	command.Today = calendar.Day(zone, i.order.At)
	command.Dated = payment.Dated{Day: i.ExecuteOn, Zone: zone}
	if _, err := time.Parse(time.DateOnly, i.ExecuteOn); err == nil { // else the payment says so
		command.Dated.Due = slotTime(i.ExecuteOn, 1, place).UTC()
	}
	return nil
}

// wait refuses what could never be executed, or is more than the device may send on that
// day. Funds and limits are the day's.
func (i payout) wait(w *work, debtor account.State, ceiling account.Ceiling) error {
	switch {
	case debtor.Status == account.Finished:
		return account.ErrClosed
	case debtor.Currency != i.Amount.Currency:
		return account.ErrCurrency
	}
	return w.deviceMayPlace(i.From, i.ExecuteOn, i.Amount, ceiling)
}

// place takes one of the customer's places for payments of later days.
func (i payout) place(w *work, command payment.Initiate) error {
	if command.Dated.Day == "" || command.Refused != "" || command.Outcome() == payment.Block {
		return nil
	}
	return w.room(i.order.Caller.Customer, quota.Payments, i.payment.String())
}

// Run begins a scheduled payment whose day has come: its funds are held, and it goes to
// the rail as every payment does, or a rule says no, and then that is a fact of the
// payment. Only the bank's own process asks for it; ErrNotDue: there is nothing to do.
func (p Payments) Run(ctx context.Context, order Order, due id.Payment) (PaymentAnswer, Outcome, error) {
	b := p.bank
	order.Asked = schemas.RunPayment{Payment: due}
	before, err := b.payments.look(ctx, due) // only for what never changes
	if err != nil {
		return PaymentAnswer{}, Outcome{}, err
	}
	first, err := b.initiated(ctx, due)
	if err != nil {
		return PaymentAnswer{}, Outcome{}, err
	}
	return execute(ctx, b, "payment.run", order, streams(due, before.From, before.Customer), func(w *work) error {
		state, err := b.payments.load(w, due)
		if err != nil {
			return err
		}
		command := payment.Run{At: order.At}
		if _, err := state.Decide(command); err != nil {
			return err
		}
		w.order.Caller.actFor(state.Customer)
		w.under(ofCustomer(state.Customer))
		pay := confirmedPayout{state.Customer, state.Device, state.From, state.Amount, due}
		said, code, err := w.payConfirmed(pay, first.Creditor.Reveal())
		if err != nil {
			return err
		}
		command.Refused, command.Hold, command.ReviewUntil = code, said.Outcome == risk.Hold, w.reviewUntil()
		return b.payments.decide(w, due, command)
	}, func(facts []Fact) (PaymentAnswer, error) {
		answer, _ := paymentAnswer(facts) // a rejection is no refusal of the process
		return answer, nil
	})
}

// confirmedPayout is money for another bank that its customer confirmed some time ago.
type confirmedPayout struct {
	customer id.Customer
	device   id.Device // that asked for it
	from     id.Account
	amount   money.Amount
	payment  id.Payment
}

// payConfirmed holds it, if its customer may still pay from there; code is that of the
// rule that says no. It was confirmed, so risk may only block it, or have it held. A number that was erased
// pays nobody.
func (w *work) payConfirmed(p confirmedPayout, number string) (said risk.Assessment, code string, err error) {
	if code, err = codeOf(w.mayStillSend(p)); err != nil || code != "" {
		return said, code, err
	}
	if number == "" {
		return said, ErrGone.Code, nil
	}
	said, err = w.assessPayment(attempted{customer: p.customer, device: p.device, about: p.payment.String(), account: p.from, amount: p.amount,
		facts: risk.Facts{Amount: p.amount, ACR: confirmedACR, Confirmed: true}}, number)
	if err != nil || said.Outcome == risk.Block {
		return said, payment.ErrBlocked.Code, err
	}
	code, err = codeOf(try(w, func() error { return w.holdConfirmed(p) }))
	return said, code, err
}

// mayStillSend asks what may have changed since the customer confirmed.
func (w *work) mayStillSend(p confirmedPayout) error {
	person, err := w.bank.customers.load(w, p.customer)
	if err != nil {
		return err
	}
	debtor, err := w.bank.accounts.load(w, p.from)
	switch {
	case err != nil:
		return err
	case person.Erasing, person.Status == customer.ClosedDown, person.Status == customer.Deceased:
		return ErrGone
	case person.Status != customer.Active:
		return ErrLimited
	}
	if err := stillOwns(p.customer, debtor); err != nil {
		return err
	}
	return w.bank.payable(w, p.customer)
}

// holdConfirmed keeps the money for it, within what its device may send.
func (w *work) holdConfirmed(p confirmedPayout) error {
	ceiling, err := w.bank.ceilingOf(w, p.customer, p.device, false, p.amount.Currency)
	if err != nil {
		return err
	}
	return w.bank.accounts.decide(w, p.from, account.Reserve{Reservation: p.payment.Stream(), Amount: p.amount, Limited: true, Ceiling: ceiling, At: w.order.At})
}

// postponing begins payments on their days.
//
//	payment.scheduled -> (Due) -> Payments.Run -> payment.fell_due, and submitting goes on
//
// The command's id follows from the fact: after a restart from the beginning of the
// log, a crash at any point, or a jump of the clock over many days, each is begun once.
type postponing struct{ bank *Bank }

func (p *postponing) Name() string { return "scheduled-payments" }

func (p *postponing) Kinds() []string {
	return []string{payment.Scheduled{}.Kind(), payment.Cancelled{}.Kind()}
}

func (p *postponing) Take(ctx context.Context, fact Happened, agenda *Agenda) error {
	if _, over := fact.Event.(payment.Cancelled); over {
		agenda.Clear(fact.Stream)
		return nil
	}
	state, err := p.bank.payments.look(ctx, id.From[id.Payment](uuidIn(fact.Stream)))
	if err == nil && state.Phase == payment.Waiting {
		agenda.Set(fact.Stream, state.Due, "run")
	}
	return err
}

func (p *postponing) Ring(ctx context.Context, alarm Alarm, agenda *Agenda) error {
	due := id.From[id.Payment](uuidIn(alarm.Stream))
	state, err := p.bank.payments.look(ctx, due)
	if err != nil || state.Phase != payment.Waiting {
		return err
	}
	order := SystemOrder(p.Name(), alarm.Cause, "payment.run", agenda.Now(), ofCustomer(state.Customer))
	if _, _, err = p.bank.Payments().Run(ctx, order, due); refused(err) {
		return nil // it was withdrawn meanwhile
	}
	return err
}
