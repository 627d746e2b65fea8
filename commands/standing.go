package commands

import (
	"cmp"
	"context"
	"strconv"
	"time"

	"florin/domain"
	"florin/domain/account"
	"florin/domain/calendar"
	"florin/domain/iban"
	"florin/domain/id"
	"florin/domain/money"
	"florin/domain/quota"
	"florin/domain/standing"
	"florin/domain/transfer"
	"florin/schemas"
)

// StandingOrders are the verbs of standing orders, between accounts of the bank and to
// accounts at others.
type StandingOrders struct{ bank *Bank }

// StandingOrders gives the verbs of standing orders.
func (b *Bank) StandingOrders() StandingOrders { return StandingOrders{b} }

// PlaceOrder asks for money of the caller's to move on the plan's days, To an account of
// the bank or to a Creditor at another.
type PlaceOrder struct {
	From, To     id.Account
	Creditor     iban.IBAN
	CreditorName domain.Evidence
	Amount       money.Amount
	Plan         standing.Plan
	Zone         string // IANA; "": the bank's
	Reference    domain.Evidence
	Evidence     transfer.Signed
}

// StandingAnswer is a standing order as the verb left it. What the verb did not touch
// is zero.
type StandingAnswer struct {
	Order     id.StandingOrder
	Status    standing.Phase
	From, To  id.Account
	Payee     standing.Payee // at another bank; zero: there is none
	Amount    money.Amount
	Plan      standing.Plan
	Zone      string
	Reference domain.Evidence
	Challenge Challenge
	At        time.Time
}

// ErrZone: no such time zone.
var ErrZone = &domain.Refusal{Class: domain.Invalid, Code: "unknown-time-zone", Detail: "Name a time zone of the IANA database, such as Europe/Berlin."}

// zoneBytesMax is longer than any name of a time zone.
const zoneBytesMax = 64

// zone finds a time zone; "" is the bank's own.
func (b *Bank) zone(name string) (*time.Location, error) {
	if name == "" {
		name = b.settings.Money.Zone
	}
	if len(name) > zoneBytesMax || name == "Local" {
		return nil, ErrZone
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, ErrZone
	}
	return zone, nil
}

// Place asks for a standing order, and challenges it: a series is always confirmed
// (PSD2 RTS art. 14), with what a payee's bank says of the name. Nothing is held. Refusals
// leave no trace.
func (s StandingOrders) Place(ctx context.Context, order Order, ask PlaceOrder) (StandingAnswer, Outcome, error) {
	b := s.bank
	zone, err := b.zone(ask.Zone)
	if err != nil {
		return StandingAnswer{}, Outcome{}, err
	}
	payee, err := s.payeeAbroad(ctx, order, ask)
	if err != nil {
		return StandingAnswer{}, Outcome{}, err
	}
	placed := id.From[id.StandingOrder](DerivedID(order.ID, "standing-order"))
	locks := streams(placed, ask.From, cmp.Or(ask.To, ask.From), quotaOf(order.Caller.Customer, quota.StandingOrders))
	return execute(ctx, b, "standing.place", order, locks, func(w *work) error {
		b.orders.begin(w, placed)
		if _, err := b.orders.load(w, placed); err != nil {
			return err
		}
		name, err := w.repeatable(ask, payee)
		if err != nil {
			return err
		}
		command := standing.Order{Today: order.At.In(zone).Format(time.DateOnly), Asked: standing.Ordered{
			Order: placed, Customer: order.Caller.Customer, From: ask.From, To: ask.To, Payee: payee, Amount: ask.Amount, Plan: ask.Plan, Zone: zone.String(),
			Reference: ask.Reference, Device: order.Caller.Device, Session: order.Caller.Session, Proof: ask.Evidence.Proof, Body: ask.Evidence.Body,
			TokenID: order.Caller.TokenID, At: order.At,
		}}
		if command.Demand, err = w.demand(id.From[id.Challenge](DerivedID(order.ID, "challenge"))); err != nil {
			return err
		}
		command.Demand.Text = b.seriesText(command, name)
		w.under(ofCustomer(order.Caller.Customer))
		if err := b.orders.decide(w, placed, command); err != nil {
			return err
		}
		return w.room(order.Caller.Customer, quota.StandingOrders, placed.String())
	}, standingAnswer)
}

// payableTo refuses what could never be executed: money that is not the caller's, an
// account that is not there or closed, another currency.
func (w *work) payableTo(from, to id.Account, amount money.Amount) error {
	debtor, err := w.bank.accounts.load(w, from)
	if err != nil {
		return err
	}
	creditor, err := w.bank.accounts.load(w, to)
	if err == nil {
		err = mayMove(w.order.Caller, debtor)
	}
	switch {
	case err != nil:
		return err
	case creditor.Class != account.Customers:
		return account.ErrMissing
	case debtor.Status == account.Finished, creditor.Status == account.Finished:
		return account.ErrClosed
	case debtor.Currency != amount.Currency, creditor.Currency != amount.Currency:
		return account.ErrCurrency
	}
	return nil
}

// deviceMayRepeat refuses an amount that the caller's device, which is new or has not
// shown what it is, could not send on any one day: so its customer hears of it now, and
// not when the first day has come.
func (w *work) deviceMayRepeat(from, to id.Account, amount money.Amount) error {
	own, err := w.own(from, to)
	if err != nil {
		return err
	}
	ceiling, err := w.bank.deviceCeiling(w, own, amount.Currency)
	if err != nil {
		return err
	}
	return ceiling.Allows(amount)
}

// seriesText is what the customer confirms.
func (b *Bank) seriesText(c standing.Order, creditor string) string {
	said := standing.Statement{
		Audience: b.settings.Money.Audience, Order: c.Asked.Order.String(), Challenge: c.Demand.Challenge.String(), Nonce: c.Demand.Nonce,
		Debtor: c.Asked.From.String(), Creditor: c.Asked.To.String(), CreditorName: creditor,
		Amount: c.Asked.Amount.Decimal(), Currency: string(c.Asked.Amount.Currency), Fees: money.Amount{Currency: c.Asked.Amount.Currency}.Decimal(),
		Frequency: string(c.Asked.Plan.Frequency), First: c.Asked.Plan.First, Last: c.Asked.Plan.Last, Expiry: transfer.Spell(c.Demand.ExpiresAt),
	}
	if payee := c.Asked.Payee; !payee.IsZero() {
		said.Creditor, said.Payee, said.PayeeName = payee.IBAN.Reveal(), string(payee.Verified), payee.Holder.Reveal()
	}
	if c.Asked.Plan.Count > 0 {
		said.Count = strconv.FormatInt(c.Asked.Plan.Count, 10)
	}
	return said.Text()
}

// Authorise confirms a series, in the same way and with the same one text of failure
// as a transfer.
func (s StandingOrders) Authorise(ctx context.Context, order Order, authorised id.StandingOrder, said Confirmation) (StandingAnswer, Outcome, error) {
	b := s.bank
	before, err := b.orders.look(ctx, authorised) // only for what never changes
	if err != nil {
		return StandingAnswer{}, Outcome{}, err
	}
	locks := streams(authorised, before.From, cmp.Or(before.To, before.From), before.Customer)
	return execute(ctx, b, "standing.authorise", order, locks, func(w *work) error {
		state, err := b.orders.load(w, authorised)
		switch {
		case err != nil:
			return err
		case !order.Caller.is(state.Customer):
			return standing.ErrMissing
		case state.Phase != standing.Pending:
			return standing.ErrSCA // and no one-time password is spent
		}
		w.under(ofCustomer(state.Customer))
		own, err := w.staysOwn(state)
		if err != nil {
			return err
		}
		proven, err := w.proves(awaited{state.Customer, state.Device, state.SCA.AskedAt, own, state.Amount}, said)
		if err != nil {
			return err
		}
		return b.orders.decide(w, authorised, standing.Authorise{Answer: said.answer(proven), At: order.At})
	}, func(facts []Fact) (StandingAnswer, error) {
		answer, err := standingAnswer(facts)
		if err == nil && answer.Status != standing.Active {
			err = standing.ErrSCA
		}
		return answer, err
	})
}

// Cancel withdraws a standing order of the caller's, or of an account that the caller
// owns; the bank's own process, one that waits for an answer and whose device is gone.
func (s StandingOrders) Cancel(ctx context.Context, order Order, cancelled id.StandingOrder) (StandingAnswer, Outcome, error) {
	b := s.bank
	before, err := b.orders.look(ctx, cancelled) // only for what never changes: from
	if err != nil {
		return StandingAnswer{}, Outcome{}, err
	}
	return execute(ctx, b, "standing.cancel", order, streams(cancelled, before.From), func(w *work) error {
		state, err := b.orders.load(w, cancelled)
		if err == nil && order.Caller.ActorType != ActorSystem {
			err = w.mayStop(order.Caller, state.Customer, state.From)
		}
		if err != nil {
			return err
		}
		return b.orders.decide(w, cancelled, standing.Cancel{At: order.At})
	}, standingAnswer)
}

// Expire ends a challenge whose time has run out. Only the bank's own process asks for it.
func (s StandingOrders) Expire(ctx context.Context, order Order, expired id.StandingOrder) (StandingAnswer, Outcome, error) {
	order.Asked = schemas.ExpireStandingOrder{Order: expired}
	return execute(ctx, s.bank, "standing.expire", order, streams(expired), func(w *work) error {
		return s.bank.orders.decide(w, expired, standing.Expire{At: order.At})
	}, standingAnswer)
}

// standingAnswer makes the answer of every verb of standing orders from its facts.
func standingAnswer(facts []Fact) (StandingAnswer, error) {
	var answer StandingAnswer
	for _, fact := range facts {
		event, ok := fact.Event.(standing.Event)
		if !ok {
			continue
		}
		answer.Order = id.From[id.StandingOrder](uuidIn(fact.Stream))
		switch e := event.(type) {
		case standing.Ordered:
			answer = StandingAnswer{Order: e.Order, From: e.From, To: e.To, Payee: e.Payee, Amount: e.Amount, Plan: e.Plan, Zone: e.Zone, Reference: e.Reference, At: e.At}
		case standing.Challenged:
			answer.Status, answer.Challenge = standing.Pending, Challenge{e.Challenge, e.Nonce, e.Methods, e.Display, e.ExpiresAt}
		case standing.Authorised:
			answer.Status, answer.At = standing.Active, e.At
		case standing.Rejected:
			answer.Status, answer.At = standing.Declined, e.At
		case standing.Expired:
			answer.Status, answer.At = standing.TimedOut, e.At
		case standing.Cancelled:
			answer.Status, answer.At = standing.Withdrawn, e.At
		case standing.Ended:
			answer.Status, answer.At = standing.Over, e.At
		}
	}
	return answer, nil
}

// Today is the bank's own day at a time: that of its place.
func (b *Bank) Today(at time.Time) string {
	return calendar.Day(cmp.Or(b.settings.Money.Zone, calendar.UTC), at)
}
