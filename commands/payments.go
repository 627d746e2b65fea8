package commands

import (
	"context"
	"fmt"
	"strings"

	"github.com/google/uuid"

	"florin/domain"
	"florin/domain/account"
	"florin/domain/iban"
	"florin/domain/id"
	"florin/domain/money"
	"florin/domain/payment"
	"florin/domain/quota"
	"florin/domain/risk"
	"florin/schemas"
)

// Payments are the verbs of payments to accounts at other banks.
//
// A payment's own stream says how far it has come. Its money lies in journal entries,
// one for each step: the debtor's account to the rail's account in transit when it is
// submitted, from there to the nostro when it is settled, or back.
type Payments struct{ bank *Bank }

// Payments gives the verbs of payments.
func (b *Bank) Payments() Payments { return Payments{b} }

// InitiatePayment asks for money of the caller's to go to another bank.
type InitiatePayment struct {
	From         id.Account
	Creditor     iban.IBAN
	CreditorName domain.Evidence
	Amount       money.Amount
	Reference    domain.Evidence
	Agent        string         // the creditor's bank, by its BIC; "": it is not said
	ExecuteOn    string         // day; "": at once
	Evidence     payment.Signed // what the caller's device signed
}

// Refusals of what a rail is not for.
var (
	ErrNoRail  = &domain.Refusal{Class: domain.Refused, Code: "rail-unavailable", Detail: "This bank is not connected to other banks."}
	ErrOwnBank = &domain.Refusal{Class: domain.Refused, Code: "iban-own-bank", Detail: "This account is at this bank: make a transfer to it."}
)

// Initiate holds the funds of a payment that the bank's process then submits, or
// challenges it; of one of a later day nothing is held. Refusals: not-found, invalid-name,
// invalid-reference, invalid-bic, bic-country, invalid-execution-date, rail-unavailable,
// iban-own-bank and too-many-scheduled-payments leave no trace; all others are facts of
// the payment.
func (p Payments) Initiate(ctx context.Context, order Order, ask InitiatePayment) (PaymentAnswer, Outcome, error) {
	b := p.bank
	if b.settings.Rail == nil {
		return PaymentAnswer{}, Outcome{}, ErrNoRail
	}
	if b.settings.Money.Issuer.Owns(ask.Creditor) {
		return PaymentAnswer{}, Outcome{}, ErrOwnBank
	}
	if err := agentFits(ask.Agent, ask.Creditor); err != nil {
		return PaymentAnswer{}, Outcome{}, err
	}
	verified, err := p.verified(ctx, order, ask)
	if err != nil {
		return PaymentAnswer{}, Outcome{}, err
	}
	i := payout{
		InitiatePayment: ask, bank: b, order: order, verified: verified,
		payment:   id.From[id.Payment](DerivedID(order.ID, "payment")),
		challenge: id.From[id.Challenge](DerivedID(order.ID, "challenge")),
	}
	locks := streams(i.payment, ask.From, order.Caller.Customer)
	if ask.ExecuteOn != "" {
		locks = streams(i.payment, ask.From, order.Caller.Customer, quotaOf(order.Caller.Customer, quota.Payments))
	}
	return execute(ctx, b, "payment.initiate", order, locks, i.decide, paymentAnswer)
}

// verified asks the creditor's bank before anything is decided, but not for a repeat,
// which is answered from what was said the first time.
func (p Payments) verified(ctx context.Context, order Order, ask InitiatePayment) (RailPayee, error) {
	_, repeated, err := p.bank.log.Find(ctx, order.ID)
	if err != nil || repeated || !payment.Name(ask.CreditorName.Reveal()) {
		return RailPayee{Result: payment.NotVerified}, err
	}
	state, err := p.bank.accounts.look(ctx, ask.From)
	if err != nil || !owns(order.Caller, state) { // nobody asks other banks about their customers from an account of nobody's
		return RailPayee{Result: payment.NotVerified}, err
	}
	return p.VerifyPayee(ctx, domain.NewEvidence(ask.Creditor.String()), ask.CreditorName), nil
}

// payout is one Initiate; decide may run several times.
type payout struct {
	InitiatePayment
	bank      *Bank
	order     Order
	payment   id.Payment
	challenge id.Challenge
	verified  RailPayee
}

func (i payout) decide(w *work) error {
	b, caller := i.bank, i.order.Caller
	b.payments.begin(w, i.payment)
	if _, err := b.payments.load(w, i.payment); err != nil { // opened first, so that its facts come first
		return err
	}
	debtor, err := b.accounts.load(w, i.From)
	if err == nil {
		err = mayMove(caller, debtor)
	}
	if err != nil {
		return err
	}
	command := payment.Initiate{
		Payment: i.payment, Customer: caller.Customer, From: i.From, Creditor: domain.NewEvidence(i.Creditor.String()), CreditorName: i.CreditorName, Amount: i.Amount,
		Reference: i.Reference, Rail: string(b.settings.Rail.Name()), Device: caller.Device, Session: caller.Session,
		Evidence: i.Evidence, TokenID: caller.TokenID, At: i.order.At, ReviewUntil: w.reviewUntil(), Refused: payment.Violation(i.Amount),
		Verified: payment.PayeeVerified{Result: i.verified.Result, Name: i.verified.Name},
	}
	if err := i.date(&command, debtor); err != nil {
		return err
	}
	if command.Refused == "" {
		said, err := w.assessPayment(attempted{customer: caller.Customer, device: caller.Device, about: i.payment.String(), account: i.From, amount: i.Amount,
			facts: risk.Facts{Amount: i.Amount, ACR: caller.ACR}, authTime: caller.AuthTime}, i.Creditor.String())
		if err != nil {
			return err
		}
		command.Assessment = paymentAssessed(said)
		if command.Refused, err = codeOf(try(w, func() error { return i.hold(w, command.Outcome(), debtor) })); err != nil {
			return err
		}
	}
	if command.Refused == "" && command.Outcome() == payment.Challenge {
		var err error
		if command.Demand, err = i.demand(w); err != nil {
			return err
		}
	}
	w.under(ofCustomer(caller.Customer))
	if err := b.payments.decide(w, i.payment, command); err != nil {
		return err
	}
	return i.place(w, command)
}

// hold keeps the money for the payment, unless nothing comes of it, or not today.
func (i payout) hold(w *work, outcome payment.Outcome, debtor account.State) error {
	if err := i.bank.payable(w, debtor.Customer); err != nil || outcome == payment.Block {
		return err
	}
	ceiling, err := i.bank.deviceCeiling(w, false, i.Amount.Currency)
	if err != nil {
		return err
	}
	if i.ExecuteOn != "" {
		return i.wait(w, debtor, ceiling)
	}
	return i.bank.accounts.decide(w, i.From, account.Reserve{Reservation: i.payment.Stream(), Amount: i.Amount, Limited: true, Ceiling: ceiling, At: i.order.At})
}

// demand makes the challenge and the statement that the customer will see.
func (i payout) demand(w *work) (payment.Demand, error) {
	begun, err := w.demand(i.challenge)
	if err != nil {
		return payment.Demand{}, err
	}
	return payment.Demand{
		Challenge: begun.Challenge, Nonce: begun.Nonce, Methods: begun.Methods, ExpiresAt: begun.ExpiresAt,
		Statement: payment.Statement{
			Audience: i.bank.settings.Money.Audience, Payment: i.payment.String(), Challenge: i.challenge.String(), Nonce: begun.Nonce,
			Debtor: i.From.String(), Creditor: i.Creditor.String(), CreditorName: i.CreditorName.Reveal(),
			Payee: string(i.verified.Result), PayeeName: i.verified.Name.Reveal(),
			Amount: i.Amount.Decimal(), Currency: string(i.Amount.Currency),
			Fees: money.Amount{Currency: i.Amount.Currency}.Decimal(), Expiry: payment.Spell(begun.ExpiresAt),
			ExecuteOn: i.ExecuteOn,
		},
	}, nil
}

// assessPayment has risk look at a payment to a number.
func (w *work) assessPayment(a attempted, number string) (said risk.Assessment, err error) {
	a.action = risk.Payment
	if a.payee, err = w.bank.riskPayee(number); err != nil {
		return said, err
	}
	return w.assess(a)
}

func paymentAssessed(a risk.Assessment) payment.Assessed {
	return payment.Assessed{Outcome: payment.Outcome(a.Outcome), Score: a.Score, Policy: a.Policy, Exemption: a.Exemption, Reasons: a.Reasons}
}

// Cancel withdraws a payment of the caller's that is not submitted, and frees the funds.
func (p Payments) Cancel(ctx context.Context, order Order, cancelled id.Payment) (PaymentAnswer, Outcome, error) {
	return p.end(ctx, order, "payment.cancel", cancelled, payment.Cancel{At: order.At})
}

// Expire ends a challenge whose time has run out and frees the funds. Only the bank's
// own process asks for it; a refusal means that there is nothing to do.
func (p Payments) Expire(ctx context.Context, order Order, expired id.Payment) (PaymentAnswer, Outcome, error) {
	order.Asked = schemas.ExpirePayment{Payment: expired}
	return p.end(ctx, order, "payment.expire", expired, payment.Expire{At: order.At})
}

func (p Payments) end(ctx context.Context, order Order, verb string, ended id.Payment, command payment.Command) (PaymentAnswer, Outcome, error) {
	b := p.bank
	before, err := b.payments.look(ctx, ended) // only for what never changes: from
	if err != nil {
		return PaymentAnswer{}, Outcome{}, err
	}
	return execute(ctx, b, verb, order, streams(ended, before.From), func(w *work) error {
		state, err := b.payments.load(w, ended)
		if err == nil && order.Caller.ActorType != ActorSystem {
			err = w.mayStop(order.Caller, state.Customer, state.From)
		}
		if err != nil {
			return err
		}
		if err := b.payments.decide(w, ended, command); err != nil || !state.Held() {
			return err
		}
		return b.accounts.decide(w, state.From, account.Release{Reservation: state.Reservation(), At: order.At})
	}, paymentAnswer)
}

// Sent is the payment that has this name on the rail; false: none can have it.
func Sent(name string) (of id.Payment, ok bool) {
	if len(name) != 2*len(uuid.UUID{}) || name != strings.ToLower(name) {
		return of, false
	}
	named, err := uuid.Parse(name)
	return id.From[id.Payment](named), err == nil
}

// message is a payment's name on the rail: Max35Text, the same for ever.
func message(of id.Payment) string { u := of.UUID(); return fmt.Sprintf("%x", u[:]) }
