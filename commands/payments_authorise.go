package commands

import (
	"context"

	"florin/domain"
	"florin/domain/account"
	"florin/domain/id"
	"florin/domain/payment"
)

// AuthorisePayment answers a challenge, as AuthoriseTransfer does that of a transfer.
type AuthorisePayment struct {
	Payment   id.Payment
	Method    string // MethodSCAKey, MethodTOTP, MethodPasskey
	Statement payment.Statement
	Proven    bool
	OTP       string
	Passkey   PasskeyAssent
	Evidence  domain.Evidence // the signed answer
}

// Authorise lets a challenged payment go whose displayed statement was confirmed; the
// funds stay held until it is submitted. Everything that is wrong with an answer is
// sca-failed, in one text; it is recorded while the challenge stands, and the fifth
// time rejects the payment. A payment that is not the caller's is not-found.
func (p Payments) Authorise(ctx context.Context, order Order, ask AuthorisePayment) (PaymentAnswer, Outcome, error) {
	b := p.bank
	before, err := b.payments.look(ctx, ask.Payment) // only for what never changes: whose, from
	if err != nil {
		return PaymentAnswer{}, Outcome{}, err
	}
	return execute(ctx, b, "payment.authorise", order, streams(ask.Payment, before.From, before.Customer), func(w *work) error {
		state, err := b.payments.load(w, ask.Payment)
		switch {
		case err != nil:
			return err
		case !order.Caller.is(state.Customer):
			return payment.ErrMissing
		case state.Phase != payment.Pending:
			return payment.ErrSCA // and no one-time password is spent
		}
		return authorisePayment(w, state, ask)
	}, func(facts []Fact) (PaymentAnswer, error) {
		answer, err := paymentAnswer(facts)
		if err == nil && answer.Status == payment.TimedOut { // found too late by the answer itself
			err = payment.ErrSCA
		}
		return answer, err
	})
}

func authorisePayment(w *work, state payment.State, ask AuthorisePayment) error {
	b, at := w.bank, w.order.At
	w.under(ofCustomer(state.Customer))
	proven, err := w.proves(awaited{state.Customer, state.Device, state.AskedAt, false, state.Amount},
		Confirmation{Method: ask.Method, Proven: ask.Proven, OTP: ask.OTP, Passkey: ask.Passkey})
	if err != nil {
		return err
	}
	refused, err := mayLeave(w, state)
	if err != nil {
		return err
	}
	if err := b.payments.decide(w, state.Payment, payment.Authorise{
		Method: ask.Method, Statement: ask.Statement, Proven: proven, Evidence: ask.Evidence, Refused: refused, ReviewUntil: w.reviewUntil(), At: at}); err != nil {
		return err
	}
	after, err := b.payments.load(w, state.Payment)
	if err != nil || !state.Held() || after.Held() {
		return err
	}
	return b.accounts.decide(w, state.From, account.Release{Reservation: state.Reservation(), At: at})
}

// mayLeave is the code of the rule by which money may not leave by now, or "": a freeze
// since is a fact of the payment, not an error of who asks. Of what is not held yet all
// other rules are asked on its day.
func mayLeave(w *work, state payment.State) (string, error) {
	debtor, err := w.bank.accounts.load(w, state.From)
	if err != nil {
		return "", err
	}
	if err = w.bank.payable(w, state.Customer); err == nil {
		err = stillOwns(state.Customer, debtor)
	}
	switch {
	case err != nil:
	case state.Held():
		_, err = debtor.Decide(account.Capture{Reservation: state.Reservation(), Posting: state.Reservation(), Amount: state.Amount, At: w.order.At})
	case debtor.Status == account.Finished:
		err = account.ErrClosed
	}
	if err == nil {
		return "", nil
	}
	return codeOf(err)
}
