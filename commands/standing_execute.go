package commands

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"florin/domain"
	"florin/domain/account"
	"florin/domain/id"
	"florin/domain/risk"
	"florin/domain/standing"
	"florin/domain/transfer"
	"florin/schemas"
)

// standingHours are the times of a day at which an occurrence is tried, in the
// order's time zone: standing.SlotsMax of them.
var standingHours = [standing.SlotsMax]int{6, 12, 18}

// slotTime is when a try of a day is made; the first is 1.
func slotTime(day string, slot int64, zone *time.Location) time.Time {
	date, _ := time.Parse(time.DateOnly, day) // of a plan, which was checked
	return time.Date(date.Year(), date.Month(), date.Day(), standingHours[slot-1], 0, 0, 0, zone)
}

// slotAt is the last try of a day whose time has come; 0: none yet.
func slotAt(day string, now time.Time, zone *time.Location) (slot int64) {
	for slot < standing.SlotsMax && !now.Before(slotTime(day, slot+1, zone)) {
		slot++
	}
	return slot
}

// Execute makes the transfer of one occurrence by one of its day's tries, or begins its
// payment to another bank, and settles it in the same commit; what a rule refuses is a
// fact of both. Only the bank's own process asks for it. The order's id follows from
// occurrence and try, so whoever asks again, after a restart or on another machine, is
// told what was done. ErrNotDue: nothing to do.
func (s StandingOrders) Execute(ctx context.Context, order Order, due id.StandingOrder, occurrence, slot int64) (StandingAnswer, Outcome, error) {
	b := s.bank
	order.Asked = schemas.ExecuteStandingOrder{Order: due, Occurrence: occurrence, Slot: slot}
	before, err := b.orders.look(ctx, due) // only for what never changes
	if err != nil {
		return StandingAnswer{}, Outcome{}, err
	}
	first, err := b.ordered(ctx, due)
	if err != nil {
		return StandingAnswer{}, Outcome{}, err
	}
	named := func(what string) uuid.UUID {
		return DerivedID(due.UUID(), fmt.Sprintf("%s/%d/%d", what, occurrence, slot))
	}
	e := execution{bank: b, order: due, occurrence: occurrence, slot: slot, first: first,
		transfer: id.From[id.Transfer](named("transfer")), payment: id.From[id.Payment](named("payment"))}
	locks := streams(due, e.transfer, e.payment, before.From, cmp.Or(before.To, before.From), before.Customer)
	return execute(ctx, b, "standing.execute", order, locks, e.decide, standingAnswer)
}

type execution struct {
	bank             *Bank
	order            id.StandingOrder
	occurrence, slot int64
	transfer         id.Transfer
	payment          id.Payment
	first            standing.Ordered // as its customer asked for it
}

// reference is the remittance text that the customer gave once.
func (e execution) reference() domain.Evidence { return anew(e.first.Reference) }

func (e execution) decide(w *work) error {
	b, at := e.bank, w.order.At
	state, err := b.orders.load(w, e.order)
	if err != nil {
		return err
	}
	zone, err := b.zone(state.Zone)
	if err != nil {
		return err
	}
	settle := standing.Settle{Occurrence: e.occurrence, Today: at.In(zone).Format(time.DateOnly), Slot: e.slot, At: at}
	if !state.Due(e.occurrence, e.slot, settle.Today) {
		return standing.ErrNotDue
	}
	w.order.Caller.actFor(state.Customer)
	if state.Abroad {
		err = e.pay(w, state, &settle)
	} else {
		err = e.move(w, state, &settle)
	}
	if err != nil {
		return err
	}
	settle.Again = settle.Code == account.ErrFunds.Code || settle.Code == account.ErrLimit.Code || settle.Code == ErrNoRail.Code
	settle.Ends = settle.Code == account.ErrClosed.Code || settle.Code == account.ErrReader.Code || settle.Code == ErrGone.Code
	return b.orders.decide(w, e.order, settle)
}

// Refusals of an occurrence that are its customer's.
var (
	ErrGone    = &domain.Refusal{Class: domain.Refused, Code: "customer-gone", Detail: "The customer is not the bank's any more."}
	ErrLimited = &domain.Refusal{Class: domain.Refused, Code: "customer-limited", Detail: "Payments are stopped for this customer."}
)

// confirmedACR is how strongly a confirmed series was authenticated.
const confirmedACR = "urn:florin:acr:sca"

// move makes the transfer of an occurrence, and notes in settle what came of it.
func (e execution) move(w *work, state standing.State, settle *standing.Settle) error {
	e.bank.transfers.begin(w, e.transfer)
	settle.Transfer = e.transfer
	said, code, err := w.moveConfirmed(confirmedMove{state.Customer, state.Device, state.From, state.To, state.Amount, e.transfer.String(), e.transfer.Stream()})
	if err != nil {
		return err
	}
	if settle.Code = code; said.Outcome == risk.Allow {
		said.Exemption = risk.Recurring
	}
	w.under(ofCustomer(state.Customer))
	return e.bank.transfers.decide(w, e.transfer, transfer.Initiate{Transfer: e.transfer, Customer: state.Customer, From: state.From, To: state.To, Amount: state.Amount,
		Reference: e.reference(), Device: state.Device, Confirmed: true, ReviewUntil: w.reviewUntil(), At: w.order.At, Refused: code, Assessment: assessed(said)})
}

// Skip gives up what was missed too long ago. Only the bank's own process asks for it.
func (s StandingOrders) Skip(ctx context.Context, order Order, skipped id.StandingOrder) (StandingAnswer, Outcome, error) {
	b := s.bank
	order.Asked = schemas.SkipOccurrences{Order: skipped}
	return execute(ctx, b, "standing.skip", order, streams(skipped), func(w *work) error {
		state, err := b.orders.load(w, skipped)
		if err != nil {
			return err
		}
		zone, err := b.zone(state.Zone)
		if err != nil {
			return err
		}
		w.order.Caller.actFor(state.Customer)
		return b.orders.decide(w, skipped, standing.Skip{Today: order.At.In(zone).Format(time.DateOnly), At: order.At})
	}, standingAnswer)
}
