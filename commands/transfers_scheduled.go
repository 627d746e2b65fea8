package commands

import (
	"context"
	"time"

	"florin/domain/account"
	"florin/domain/calendar"
	"florin/domain/consent"
	"florin/domain/customer"
	"florin/domain/id"
	"florin/domain/money"
	"florin/domain/quota"
	"florin/domain/risk"
	"florin/domain/transfer"
	"florin/schemas"
)

// date notes on which day of the debtor account's the transfer is to be executed. What a
// third party may pay is paid at once.
func (i initiation) date(command *transfer.Initiate, debtor account.State) error {
	if i.ExecuteOn == "" {
		return nil
	}
	if !i.consent.IsZero() {
		return consent.ErrOther
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
	command.Dated = transfer.Dated{Day: i.ExecuteOn, Zone: zone}
	if _, err := time.Parse(time.DateOnly, i.ExecuteOn); err == nil { // else the transfer says so
		command.Dated.Due = slotTime(i.ExecuteOn, 1, place).UTC()
	}
	return nil
}

// wait refuses what could never be executed, or is more than the device may send on that
// day. Funds and limits are the day's.
func (i initiation) wait(w *work, debtor, creditor account.State) error {
	switch {
	case debtor.Status == account.Finished, creditor.Status == account.Finished:
		return account.ErrClosed
	case debtor.Currency != i.Amount.Currency, creditor.Currency != i.Amount.Currency:
		return account.ErrCurrency
	case !i.limited:
		return nil
	}
	return w.deviceMayPlace(i.From, i.ExecuteOn, i.Amount, i.ceiling)
}

// Run executes a scheduled transfer whose day has come: money moves, or a rule says no,
// and then that is a fact of the transfer. Only the bank's own process asks for it;
// ErrNotDue: there is nothing to do.
func (t Transfers) Run(ctx context.Context, order Order, due id.Transfer) (TransferAnswer, Outcome, error) {
	b := t.bank
	order.Asked = schemas.RunTransfer{Transfer: due}
	before, err := b.transfers.look(ctx, due) // only for what never changes
	if err != nil {
		return TransferAnswer{}, Outcome{}, err
	}
	locks := streams(due, before.From, before.To, before.Customer)
	return execute(ctx, b, "transfer.run", order, locks, func(w *work) error {
		state, err := b.transfers.load(w, due)
		if err != nil {
			return err
		}
		command := transfer.Run{At: order.At}
		if _, err := state.Decide(command); err != nil {
			return err
		}
		w.order.Caller.actFor(state.Customer)
		w.under(ofCustomer(state.Customer))
		move := confirmedMove{state.Customer, state.Device, state.From, state.To, state.Amount, due.String(), state.Reservation()}
		said, code, err := w.moveConfirmed(move)
		if err != nil {
			return err
		}
		command.Refused, command.Hold, command.ReviewUntil = code, said.Outcome == risk.Hold, w.reviewUntil()
		return b.transfers.decide(w, due, command)
	}, transferAnswer)
}

// confirmedMove is money that its customer confirmed some time ago.
type confirmedMove struct {
	customer id.Customer
	device   id.Device // that asked for it
	from, to id.Account
	amount   money.Amount
	about    string // the transfer's identifier, and
	posting  string // its stream
}

// moveConfirmed stages it, if its customer may still pay from there; code is that of the
// rule that says no. It was confirmed, so risk may only block it, or have it held.
func (w *work) moveConfirmed(m confirmedMove) (said risk.Assessment, code string, err error) {
	own, err := w.mayStillPay(m)
	if code, err = codeOf(err); err != nil || code != "" {
		return said, code, err
	}
	said, err = w.assess(attempted{action: risk.Transfer, customer: m.customer, device: m.device, about: m.about, account: m.from, payee: riskPayeeOf(own, m.to), amount: m.amount,
		facts: risk.Facts{Own: own, Confirmed: true, Amount: m.amount, ACR: confirmedACR}})
	if err != nil || said.Outcome == risk.Block {
		return said, transfer.ErrBlocked.Code, err
	}
	code, err = codeOf(try(w, func() error {
		ceiling, err := w.bank.ceilingOf(w, m.customer, m.device, own, m.amount.Currency)
		if err != nil {
			return err
		}
		if said.Outcome == risk.Hold {
			return w.bank.accounts.decide(w, m.from, account.Reserve{Reservation: m.posting, Amount: m.amount, Limited: !own, Ceiling: ceiling, At: w.order.At})
		}
		if err := w.bank.accounts.decide(w, m.from, account.Debit{Posting: m.posting, Amount: m.amount, Limited: !own, Ceiling: ceiling, At: w.order.At}); err != nil {
			return err
		}
		return w.bank.accounts.decide(w, m.to, account.Credit{Posting: m.posting, Amount: m.amount, At: w.order.At})
	}))
	return said, code, err
}

// mayStillPay asks what may have changed since the customer confirmed.
func (w *work) mayStillPay(m confirmedMove) (own bool, err error) {
	person, err := w.bank.customers.load(w, m.customer)
	if err != nil {
		return false, err
	}
	switch {
	case person.Erasing, person.Status == customer.ClosedDown, person.Status == customer.Deceased:
		return false, ErrGone
	case person.Status != customer.Active:
		return false, ErrLimited
	}
	debtor, err := w.bank.accounts.load(w, m.from)
	if err == nil {
		err = stillOwns(m.customer, debtor)
	}
	if err != nil {
		return false, err
	}
	own, err = w.own(m.from, m.to)
	if err == nil && !own {
		err = w.bank.payable(w, m.customer)
	}
	return own, err
}

// scheduling executes transfers on their days.
//
//	transfer.scheduled -> (Due) -> Transfers.Run
//
// The command's id follows from the fact: after a restart from the beginning of the
// log, a crash at any point, or a jump of the clock over many days, each is made once.
type scheduling struct{ bank *Bank }

func (s *scheduling) Name() string { return "scheduled-transfers" }

func (s *scheduling) Kinds() []string {
	return []string{transfer.Scheduled{}.Kind(), transfer.Cancelled{}.Kind()}
}

func (s *scheduling) Take(ctx context.Context, fact Happened, agenda *Agenda) error {
	if _, over := fact.Event.(transfer.Cancelled); over {
		agenda.Clear(fact.Stream)
		return nil
	}
	state, err := s.bank.transfers.look(ctx, id.From[id.Transfer](uuidIn(fact.Stream)))
	if err == nil && state.Phase == transfer.Waiting {
		agenda.Set(fact.Stream, state.Due, "run")
	}
	return err
}

func (s *scheduling) Ring(ctx context.Context, alarm Alarm, agenda *Agenda) error {
	due := id.From[id.Transfer](uuidIn(alarm.Stream))
	state, err := s.bank.transfers.look(ctx, due)
	if err != nil || state.Phase != transfer.Waiting {
		return err
	}
	order := SystemOrder(s.Name(), alarm.Cause, "transfer.run", agenda.Now(), ofCustomer(state.Customer))
	if _, _, err = s.bank.Transfers().Run(ctx, order, due); refused(err) {
		return nil // a rule said no, which is a fact; or it was withdrawn meanwhile
	}
	return err
}

// place takes one of the customer's places for transfers of later days.
func (i initiation) place(w *work, command transfer.Initiate) error {
	if command.Dated.Day == "" || command.Refused != "" || command.Outcome() == transfer.Block {
		return nil
	}
	return w.room(i.order.Caller.Customer, quota.Transfers, i.transfer.String())
}
