package commands

import (
	"context"

	"florin/domain"
	"florin/domain/account"
	"florin/domain/id"
	"florin/domain/transfer"
)

// AuthoriseTransfer answers a challenge. The gateway has verified what can be
// verified without knowing the transfer: Proven says that the signature over
// Statement is good and by a key of the caller's that Method asks for. A
// statement that could not be read at all comes as the zero Statement, unproven,
// so that the attempt still counts.
type AuthoriseTransfer struct {
	Transfer  id.Transfer
	Method    string // MethodSCAKey, MethodTOTP, MethodPasskey
	Statement transfer.Statement
	Proven    bool
	OTP       string          // MethodTOTP: spent by this attempt, whatever comes of it
	Passkey   PasskeyAssent   // MethodPasskey
	Evidence  domain.Evidence // the signed answer
}

// Authorise posts a challenged transfer whose displayed statement was confirmed.
// Everything that is wrong with an answer is sca-failed, in one text; it is
// recorded while the challenge stands, and the fifth time rejects the transfer. A
// transfer that is not the caller's is not-found.
func (t Transfers) Authorise(ctx context.Context, order Order, ask AuthoriseTransfer) (TransferAnswer, Outcome, error) {
	b := t.bank
	before, err := b.transfers.look(ctx, ask.Transfer) // only for what never changes: whose, from, to
	if err != nil {
		return TransferAnswer{}, Outcome{}, err
	}
	locks := streams(ask.Transfer, before.From, before.To, before.Customer)
	return execute(ctx, b, "transfer.authorise", order, locks, func(w *work) error {
		state, err := b.transfers.load(w, ask.Transfer)
		switch {
		case err != nil:
			return err
		case !asked(order.Caller, state):
			return transfer.ErrMissing
		case state.Phase != transfer.Pending:
			return transfer.ErrSCA // and no one-time password is spent
		}
		return authorise(w, state, ask)
	}, func(facts []Fact) (TransferAnswer, error) {
		answer, err := transferAnswer(facts)
		if err == nil && answer.Status == transfer.TimedOut { // found too late by the answer itself
			err = transfer.ErrSCA
		}
		return answer, err
	})
}

func authorise(w *work, state transfer.State, ask AuthoriseTransfer) error {
	b, at := w.bank, w.order.At
	w.under(ofCustomer(state.Customer))
	own, err := w.own(state.From, state.To)
	if err != nil {
		return err
	}
	ask.Proven, err = w.proves(awaited{state.Customer, state.Device, state.AskedAt, own, state.Amount},
		Confirmation{Method: ask.Method, Proven: ask.Proven, OTP: ask.OTP, Passkey: ask.Passkey})
	if err != nil {
		return err
	}
	refused, err := wouldRefuse(w, state)
	if state.Day != "" {
		refused, err = wouldWait(w, state)
	}
	if err != nil {
		return err
	}
	if err := b.transfers.decide(w, state.Transfer, transfer.Authorise{
		Method: ask.Method, Statement: ask.Statement, Proven: ask.Proven, Evidence: ask.Evidence, Refused: refused, ReviewUntil: w.reviewUntil(), At: at}); err != nil {
		return err
	}
	after, err := b.transfers.load(w, state.Transfer)
	switch {
	case err != nil:
		return err
	case after.Phase == transfer.Pending, after.Phase == transfer.Reviewed, state.Day != "": // failed, and may be tried again; or a person looks at it; or nothing was held
		return nil
	}
	return w.endHeld(state, after.Phase == transfer.Done)
}

// endHeld takes what is held for a transfer that is posted, and frees it for any other.
func (w *work) endHeld(state transfer.State, posted bool) error {
	held, at := state.Reservation(), w.order.At
	if !posted {
		return w.bank.accounts.decide(w, state.From, account.Release{Reservation: held, At: at})
	}
	if err := w.bank.accounts.decide(w, state.From, account.Capture{Reservation: held, Posting: held, Amount: state.Amount, At: at}); err != nil {
		return err
	}
	return w.bank.accounts.decide(w, state.To, account.Credit{Posting: held, Amount: state.Amount, At: at})
}

// stillOwns refuses what a former owner had asked for.
func stillOwns(asked id.Customer, debtor account.State) error {
	if debtor.RoleOf(asked) != account.Owner {
		return account.ErrReader
	}
	return nil
}

// wouldWait is the rule that says no by now to a transfer of a later day: all others are
// asked on the day.
func wouldWait(w *work, state transfer.State) (string, error) {
	debtor, err := w.bank.accounts.load(w, state.From)
	if err != nil {
		return "", err
	}
	creditor, err := w.bank.accounts.load(w, state.To)
	if err == nil {
		err = stillOwns(state.Customer, debtor)
	}
	if err == nil && (debtor.Status == account.Finished || creditor.Status == account.Finished) {
		err = account.ErrClosed
	}
	if err == nil {
		return "", nil
	}
	return codeOf(err)
}

// wouldRefuse asks both accounts beforehand: a freeze or a closure since the
// challenge is a fact of the transfer, not an error of the answer.
func wouldRefuse(w *work, state transfer.State) (string, error) {
	held := state.Reservation()
	debtor, err := w.bank.accounts.load(w, state.From)
	if err != nil {
		return "", err
	}
	creditor, err := w.bank.accounts.load(w, state.To)
	if err != nil {
		return "", err
	}
	if err = stillOwns(state.Customer, debtor); err == nil && !account.SameOwners(debtor, creditor) {
		err = w.bank.payable(w, state.Customer)
	}
	if err == nil {
		_, err = debtor.Decide(account.Capture{Reservation: held, Posting: held, Amount: state.Amount, At: w.order.At})
	}
	if err == nil {
		_, err = creditor.Decide(account.Credit{Posting: held, Amount: state.Amount, At: w.order.At})
	}
	if err == nil {
		return "", nil
	}
	return codeOf(err)
}
