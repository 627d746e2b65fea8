package commands

import (
	"context"
	"errors"
	"fmt"
	"time"

	"florin/domain"
	"florin/domain/account"
	"florin/domain/directdebit"
	"florin/domain/id"
	"florin/domain/journal"
	"florin/domain/mandate"
	"florin/domain/transfer"
	"florin/schemas"
)

// RefundDirectDebit asks for money back that was collected from the caller's account.
type RefundDirectDebit struct {
	DirectDebit id.DirectDebit
	Grounds     directdebit.Grounds
	Evidence    transfer.Signed
}

// Refund pays a collection back at once, frozen or not, and the bank's process then
// claims the money from the other bank. Of one that nobody authorised the mandate ends
// too. Refusals: refund-too-late, account-closed; direct-debit-not-refundable if it was
// paid back already, or never collected.
func (d DirectDebits) Refund(ctx context.Context, order Order, ask RefundDirectDebit) (DirectDebitAnswer, Outcome, error) {
	b := d.bank
	before, err := b.directDebits.look(ctx, ask.DirectDebit) // only for what never changes: whose, by what
	if err != nil {
		return DirectDebitAnswer{}, Outcome{}, err
	}
	return execute(ctx, b, "directdebit.refund", order, streams(ask.DirectDebit, before.Account, before.Mandate), func(w *work) error {
		state, err := b.directDebits.load(w, ask.DirectDebit)
		switch {
		case err != nil:
			return err
		case state.Account.IsZero():
			return directdebit.ErrMissing
		}
		if _, err := w.held(state.Account); err != nil {
			return err
		}
		return refundDirectDebit(w, state, ask)
	}, directDebitAnswer)
}

func refundDirectDebit(w *work, state directdebit.State, ask RefundDirectDebit) error {
	b, order := w.bank, w.order
	w.under(ofCustomer(state.Customer))
	entry := w.entry(state.DirectDebit, "refund")
	if err := b.directDebits.decide(w, state.DirectDebit, directdebit.Refund{Asked: directdebit.Refunded{
		Refund: refundName(state.DirectDebit), Grounds: ask.Grounds, By: order.Caller.Customer, Proof: ask.Evidence.Proof, Body: ask.Evidence.Body,
		TokenID: order.Caller.TokenID, Journal: entry, At: order.At}}); err != nil {
		return err
	}
	if ask.Grounds == directdebit.Unauthorised {
		err := b.mandates.decide(w, state.Mandate, mandate.Cancel{Reason: mandate.Unauthorised, At: order.At})
		if err != nil && !errors.Is(err, mandate.ErrOver) {
			return err
		}
	}
	if err := w.post(entry, journal.DebitRefund, domain.Evidence{}, leg{chart: account.Receivables, amount: state.Amount.Negate()},
		leg{account: state.Account, amount: state.Amount}); err != nil {
		return err
	}
	return b.accounts.decide(w, state.Account, account.Credit{Posting: entry.Stream(), Amount: state.Amount, At: order.At})
}

// AnswerClaim takes in what the other bank says of a refund: RailSettled or
// RailRejected. refund-not-claimed: it was said before.
func (d DirectDebits) AnswerClaim(ctx context.Context, order Order, of id.DirectDebit, said RailAnswer) (DirectDebitAnswer, Outcome, error) {
	b := d.bank
	order.Asked = schemas.AnswerClaim{DirectDebit: of, Status: string(said.Status), Reason: said.Reason}
	return execute(ctx, b, "directdebit.answer_claim", order, streams(of), func(w *work) error {
		state, err := b.directDebits.load(w, of)
		if err != nil {
			return err
		}
		entry := w.entry(of, "claim")
		purpose, source := journal.Settlement, account.Nostro(account.Rail(state.Rail))
		command := directdebit.Command(directdebit.SettleClaim{Journal: entry, At: order.At})
		if said.Status == RailRejected {
			purpose, source = journal.WriteOff, account.WriteOff
			command = directdebit.DenyClaim{Reason: said.Reason, Journal: entry, At: order.At}
		}
		if err := b.directDebits.decide(w, of, command); err != nil {
			return err
		}
		return w.post(entry, purpose, domain.Evidence{}, leg{chart: source, amount: state.Amount.Negate()}, leg{chart: account.Receivables, amount: state.Amount})
	}, directDebitAnswer)
}

// refundName is a refund's name on the rail: Max35Text, the same for ever.
func refundName(of id.DirectDebit) string { u := of.UUID(); return fmt.Sprintf("D%x", u[:]) }

// claiming claims from other banks what customers were paid back, until they answer.
//
//	directdebit.refunded -> Rail.Claim -> DirectDebits.AnswerClaim -> claim_settled, claim_denied
//
// What it tells is the same claim under the same name each time.
type claiming struct {
	bank *Bank
	rest time.Time // until when the rail is left alone
}

func (c *claiming) Name() string { return "direct-debit-claims" }

func (c *claiming) Kinds() []string {
	return []string{directdebit.Refunded{}.Kind(), directdebit.ClaimSettled{}.Kind(), directdebit.ClaimDenied{}.Kind()}
}

// Take notes that something is to be claimed.
func (c *claiming) Take(_ context.Context, fact Happened, agenda *Agenda) error {
	if _, begins := fact.Event.(directdebit.Refunded); begins {
		agenda.Set(fact.Stream, agenda.Now(), railTell)
	} else {
		agenda.Clear(fact.Stream)
	}
	return nil
}

func (c *claiming) Ring(ctx context.Context, alarm Alarm, agenda *Agenda) error {
	of := id.From[id.DirectDebit](uuidIn(alarm.Stream))
	state, err := c.bank.directDebits.look(ctx, of)
	if err != nil || state.Phase != directdebit.PaidBack {
		return err
	}
	now := c.bank.sources.Time()
	if now.Sub(agenda.Now()) > railPause || now.Before(c.rest) {
		agenda.Set(alarm.Stream, maxTime(now, c.rest), alarm.Note)
		return nil
	}
	telling, cancel := context.WithTimeout(ctx, railTimeout)
	defer cancel()
	said, err := c.bank.settings.Rail.Claim(telling, RailReturn{
		Return: state.Refund, Original: state.Reference, Amount: state.Amount, Reason: state.Grounds.Reason()})
	if err != nil {
		c.rest = now.Add(time.Second)
		return fmt.Errorf("commands: rail %s: %w", state.Rail, err)
	}
	if said.Status != RailSettled && said.Status != RailRejected {
		agenda.Set(alarm.Stream, agenda.Now().Add(c.bank.settings.RailTerms.askEvery()), alarm.Note)
		return nil
	}
	order := SystemOrder(c.Name(), alarm.Cause, "directdebit.answer_claim", agenda.Now(), ofCustomer(state.Customer))
	_, _, err = c.bank.DirectDebits().AnswerClaim(ctx, order, of, said)
	return settledAlready(err)
}
