package commands

import (
	"context"

	"florin/domain"
	"florin/domain/account"
	"florin/domain/id"
	"florin/domain/payment"
	"florin/domain/risk"
	"florin/domain/standing"
	"florin/eventbus"
)

// payeeAbroad is whom an order pays at another bank, with what that says of the name;
// zero: the order stays within this one.
func (s StandingOrders) payeeAbroad(ctx context.Context, order Order, ask PlaceOrder) (standing.Payee, error) {
	b := s.bank
	number := ask.Creditor.String()
	switch {
	case number == "":
		return standing.Payee{}, nil
	case b.settings.Rail == nil:
		return standing.Payee{}, ErrNoRail
	case b.settings.Money.Issuer.Owns(ask.Creditor):
		return standing.Payee{}, ErrOwnBank
	}
	said, err := b.Payments().verified(ctx, order, InitiatePayment{From: ask.From, Creditor: ask.Creditor, CreditorName: ask.CreditorName})
	return standing.Payee{IBAN: domain.NewEvidence(number), Name: ask.CreditorName, Verified: standing.Match(said.Result), Holder: said.Name}, err
}

// repeatable refuses what could never be executed, and says whom the customer is shown as
// who is paid.
func (w *work) repeatable(ask PlaceOrder, payee standing.Payee) (name string, err error) {
	switch {
	case !payee.IsZero() && !ask.To.IsZero():
		return "", standing.ErrCreditor
	case !payee.IsZero():
		return ask.CreditorName.Reveal(), w.payableAbroad(ask)
	}
	if err := w.payableTo(ask.From, ask.To, ask.Amount); err != nil {
		return "", err
	}
	if err := w.deviceMayRepeat(ask.From, ask.To, ask.Amount); err != nil {
		return "", err
	}
	return w.bank.holder(w.ctx, ask.To)
}

// staysOwn tells whether the money stays its owners'; what leaves the bank does not.
func (w *work) staysOwn(state standing.State) (bool, error) {
	if state.Abroad {
		return false, nil
	}
	return w.own(state.From, state.To)
}

// payableAbroad refuses what could never be executed, or is more than the caller's device
// could send on any one day.
func (w *work) payableAbroad(ask PlaceOrder) error {
	debtor, err := w.bank.accounts.load(w, ask.From)
	if err == nil {
		err = mayMove(w.order.Caller, debtor)
	}
	switch {
	case err != nil:
		return err
	case debtor.Status == account.Finished:
		return account.ErrClosed
	case payment.Violation(ask.Amount) == payment.ErrCurrency.Code:
		return payment.ErrCurrency
	case debtor.Currency != ask.Amount.Currency:
		return account.ErrCurrency
	}
	ceiling, err := w.bank.deviceCeiling(w, false, ask.Amount.Currency)
	if err != nil {
		return err
	}
	return ceiling.Allows(ask.Amount)
}

// pay begins the payment of an occurrence, which then goes its way like every other, and
// notes in settle what came of that. A rail that is not there now may be back later that
// day; of a payee whose data is erased nobody knows whom to pay.
func (e execution) pay(w *work, state standing.State, settle *standing.Settle) error {
	b, payee := e.bank, e.first.Payee
	number := payee.IBAN.Reveal()
	switch {
	case b.settings.Rail == nil:
		settle.Code = ErrNoRail.Code
		return nil
	case number == "":
		settle.Code = ErrGone.Code
		return nil
	}
	b.payments.begin(w, e.payment)
	if _, err := b.payments.load(w, e.payment); err != nil {
		return err
	}
	settle.Payment = e.payment
	w.under(ofCustomer(state.Customer))
	said, code, err := w.payConfirmed(confirmedPayout{state.Customer, state.Device, state.From, state.Amount, e.payment}, number)
	if err != nil {
		return err
	}
	settle.Code, said.Exemption = code, risk.Recurring
	return b.payments.decide(w, e.payment, payment.Initiate{
		Payment: e.payment, Customer: state.Customer, From: state.From, Creditor: domain.NewEvidence(number), CreditorName: domain.NewEvidence(payee.Name.Reveal()),
		Amount: state.Amount, Reference: e.reference(), Rail: string(b.settings.Rail.Name()), Device: state.Device, ReviewUntil: w.reviewUntil(), At: w.order.At, Refused: code,
		Verified: payment.PayeeVerified{Result: payment.Match(payee.Verified), Name: anew(payee.Holder)}, Assessment: paymentAssessed(said),
		Ordered: payment.Ordered{Order: e.order, Occurrence: e.occurrence},
	})
}

// anew is personal data once more, to be sealed for another fact; "" stays nothing.
func anew(said domain.Evidence) domain.Evidence {
	if said.Reveal() == "" {
		return domain.Evidence{}
	}
	return domain.NewEvidence(said.Reveal())
}

// ordered is what a customer asked for once. It is read from the log and kept nowhere, so
// what is erased there is erased in what follows too.
func (b *Bank) ordered(ctx context.Context, of id.StandingOrder) (standing.Ordered, error) {
	for recorded, err := range b.log.ReadStream(ctx, eventbus.Stream(of.Stream()), 0) {
		if err != nil {
			return standing.Ordered{}, err
		}
		event, err := b.treaty.Standing.Decode(recorded.Kind, recorded.SchemaVersion, recorded.ID, recorded.Data)
		if first, ok := event.(standing.Ordered); ok && err == nil {
			return first, nil
		}
		return standing.Ordered{}, err
	}
	return standing.Ordered{}, nil
}
