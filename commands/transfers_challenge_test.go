package commands

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/domain"
	"florin/domain/id"
	"florin/domain/transfer"
)

func (h *house) answer(order Order, to TransferAnswer, statement transfer.Statement) (TransferAnswer, Outcome, error) {
	return h.bank.Transfers().Authorise(h.ctx(), order, AuthoriseTransfer{Transfer: to.Transfer, Method: MethodSCAKey, Statement: statement,
		Proven: true, Evidence: domain.NewEvidence("jws")})
}

// pending is a house with a challenged transfer of 2,000.00 from alice to bob.
func pending(t *testing.T) (h *house, from, to id.Account, waits TransferAnswer, statement transfer.Statement) {
	t.Helper()
	h = newHouse(t, newModelLog(t))
	from, to = h.account(alice, "Alice", 500000), h.account(bob, "Bob Builder", 0)
	waits, statement = h.challenged(alice, from, to, 200000)
	return h, from, to, waits, statement
}

func TestChallengeShowsAllThatIsSigned(t *testing.T) {
	t.Parallel()
	h, from, to, waits, statement := pending(t)
	require.Equal(t, transfer.Statement{
		Audience: "https://bank.test", Transfer: waits.Transfer.String(), Challenge: waits.Challenge.ID.String(), Nonce: waits.Challenge.Nonce,
		Debtor: from.String(), Creditor: to.String(), CreditorName: "Bob Builder", Amount: "2000.00", Currency: "EUR", Fees: "0.00",
		Expiry: noon.Add(5 * time.Minute).Format(time.RFC3339),
	}, statement)
	require.Equal(t, []string{MethodSCAKey, MethodTOTP}, waits.Challenge.Methods, "no passkey, for there is none")
	require.GreaterOrEqual(t, len(waits.Challenge.Nonce), 22)
	h.balances(from, 500000, 200000)
	h.balances(to, 0, 0)
	h.audit()
}

func TestChallengeIsConfirmed(t *testing.T) {
	t.Parallel()
	h, from, to, waits, statement := pending(t)
	done, outcome, err := h.answer(h.again(alice, "yes"), waits, statement)
	require.NoError(t, err)
	require.Equal(t, []any{waits.Transfer, transfer.Done, from, to, euros(200000)}, []any{done.Transfer, done.Status, done.From, done.To, done.Amount})
	require.Equal(t, []string{"transfer.authorised", "transfer.posted", "account.reservation_captured", "account.credited"}, h.kinds(outcome))
	h.balances(from, 300000, 0)
	h.balances(to, 200000, 0)

	h.reopen(h.log)
	again, replayed, err := h.answer(h.again(alice, "yes"), waits, statement)
	require.NoError(t, err)
	require.True(t, replayed.Replayed)
	require.Equal(t, done, again)
	_, _, err = h.answer(h.by(alice), waits, statement)
	require.Equal(t, "sca-failed", refusalCode(err), "a challenge is answered once")
	h.balances(to, 200000, 0)
	h.audit()
}

func TestWrongAnswersCount(t *testing.T) {
	t.Parallel()
	h, from, to, waits, right := pending(t)
	wrong := []func(*AuthoriseTransfer){
		func(a *AuthoriseTransfer) { a.Statement.Amount = "20.00" },
		func(a *AuthoriseTransfer) { a.Statement.Creditor = from.String() },
		func(a *AuthoriseTransfer) { a.Proven = false },
		func(a *AuthoriseTransfer) { a.Statement = transfer.Statement{} },
		func(a *AuthoriseTransfer) { a.Method = "carrier-pigeon" },
	}
	var first Outcome
	for i, change := range wrong {
		ask := AuthoriseTransfer{Transfer: waits.Transfer, Method: MethodSCAKey, Statement: right, Proven: true}
		change(&ask)
		order := h.by(alice)
		_, outcome, err := h.bank.Transfers().Authorise(h.ctx(), order, ask)
		require.ErrorIs(t, err, transfer.ErrSCA)
		require.Equal(t, "transfer.authorisation_failed", h.kinds(outcome)[0])
		if i == 0 {
			first = outcome
			_, again, err := h.bank.Transfers().Authorise(h.ctx(), order, ask)
			require.ErrorIs(t, err, transfer.ErrSCA)
			require.Equal(t, first.Receipt, again.Receipt, "a retry of a failure is not another failure")
		}
		if i < len(wrong)-1 {
			h.balances(from, 500000, 200000)
		} else {
			require.Equal(t, []string{"transfer.authorisation_failed", "transfer.rejected", "account.reservation_released"}, h.kinds(outcome))
		}
	}
	_, outcome, err := h.answer(h.by(alice), waits, right)
	require.ErrorIs(t, err, transfer.ErrSCA, "the right answer comes too late")
	require.Zero(t, outcome.Receipt)
	h.balances(from, 500000, 0)
	h.balances(to, 0, 0)
	h.audit()
}

func TestChallengeOfAnother(t *testing.T) {
	t.Parallel()
	h, from, to, waits, statement := pending(t)
	h.deposit(to, 500000)
	other, otherStatement := h.challenged(bob, to, from, 200000)

	_, _, err := h.answer(h.by(bob), waits, statement)
	require.Equal(t, "not-found", refusalCode(err), "another's transfer is not there")
	_, _, err = h.answer(h.by(alice), TransferAnswer{Transfer: id.Named[id.Transfer]("x")}, statement)
	require.Equal(t, "not-found", refusalCode(err))
	_, _, err = h.answer(h.by(alice), waits, otherStatement)
	require.Equal(t, "sca-failed", refusalCode(err), "a statement for one transfer confirms no other")
	_, _, err = h.bank.Transfers().Cancel(h.ctx(), h.by(bob), waits.Transfer)
	require.Equal(t, "not-found", refusalCode(err))
	_, _, err = h.bank.Transfers().Cancel(h.ctx(), h.by(bob), other.Transfer)
	require.NoError(t, err)
	h.audit()
}

func TestAccountsChangeWhileItWaits(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name   string
		change func(h *house, from, to id.Account)
		code   string
	}{
		{"the debtor is frozen", func(h *house, from, _ id.Account) { h.freeze(from) }, "account-frozen"},
		{"the creditor is closed", func(h *house, _, to id.Account) { h.close(to) }, "account-closed"},
	} {
		h, from, to, waits, statement := pending(t)
		tc.change(h, from, to)
		_, outcome, err := h.answer(h.by(alice), waits, statement)
		require.Equal(t, tc.code, refusalCode(err), tc.name)
		require.Equal(t, []string{"transfer.authorised", "transfer.rejected", "account.reservation_released"}, h.kinds(outcome), tc.name)
		h.balances(from, 500000, 0)
		h.audit()
	}
}

func TestChallengeIsWithdrawn(t *testing.T) {
	t.Parallel()
	h, from, _, waits, statement := pending(t)
	order := h.again(alice, "no")
	gone, outcome, err := h.bank.Transfers().Cancel(h.ctx(), order, waits.Transfer)
	require.NoError(t, err)
	require.Equal(t, transfer.Withdrawn, gone.Status)
	require.Equal(t, []string{"transfer.cancelled", "account.reservation_released"}, h.kinds(outcome))
	again, _, err := h.bank.Transfers().Cancel(h.ctx(), order, waits.Transfer)
	require.NoError(t, err)
	require.Equal(t, gone, again)
	_, _, err = h.bank.Transfers().Cancel(h.ctx(), h.by(alice), waits.Transfer)
	require.Equal(t, "transfer-not-cancellable", refusalCode(err))
	_, _, err = h.answer(h.by(alice), waits, statement)
	require.Equal(t, "sca-failed", refusalCode(err))
	h.balances(from, 500000, 0)
	h.audit()
}

func TestAnswerAfterItsTime(t *testing.T) {
	t.Parallel()
	h, from, _, waits, statement := pending(t)
	h.pass(5 * time.Minute)
	_, outcome, err := h.answer(h.again(alice, "late"), waits, statement)
	require.ErrorIs(t, err, transfer.ErrSCA)
	require.Equal(t, []string{"transfer.expired", "account.reservation_released"}, h.kinds(outcome))
	_, again, err := h.answer(h.again(alice, "late"), waits, statement)
	require.ErrorIs(t, err, transfer.ErrSCA)
	require.True(t, again.Replayed)
	h.balances(from, 500000, 0)
	h.audit()
}

func TestExpiryFreesTheFunds(t *testing.T) {
	t.Parallel()
	h, from, to, waits, _ := pending(t)
	confirmed, statement := h.challenged(alice, from, to, 150000)
	_, _, err := h.answer(h.by(alice), confirmed, statement)
	require.NoError(t, err)
	withdrawn, _ := h.challenged(alice, from, to, 110000)
	_, _, err = h.bank.Transfers().Cancel(h.ctx(), h.by(alice), withdrawn.Transfer)
	require.NoError(t, err)

	h.follow(func() { // in time: nothing happens
		h.pass(4 * time.Minute)
		require.NoError(t, h.bank.Tick(h.ctx()))
		h.balances(from, 350000, 200000)
	})
	h.reopen(h.log) // what was waiting is not forgotten
	h.follow(func() {
		h.pass(time.Minute)
		require.NoError(t, h.bank.Tick(h.ctx()))
		h.balances(from, 350000, 0)
		state, err := h.bank.transfers.look(h.ctx(), waits.Transfer)
		require.NoError(t, err)
		require.Equal(t, transfer.TimedOut, state.Phase)
	})
	commits := h.commits()
	h.reopen(h.log) // it looks at all of the log again, and does nothing twice
	h.follow(func() {
		h.pass(time.Hour)
		require.NoError(t, h.bank.Tick(h.ctx()))
	})
	require.Equal(t, commits, h.commits())
	h.audit()
}

// follow runs the processes until they have heard all, then does the work.
func (h *house) follow(work func()) {
	h.t.Helper()
	ctx, stop := context.WithCancel(h.ctx())
	ended := make(chan error, 1)
	go func() { ended <- h.bank.Run(ctx) }()
	require.Eventually(h.t, func() bool {
		last := uint64(0)
		for record := range h.log.ReadAll(h.ctx(), 0) {
			last = uint64(record.Last())
		}
		for _, process := range h.bank.Processes() {
			if uint64(process.Position) < last {
				return false
			}
		}
		return true
	}, 30*time.Second, time.Millisecond)
	work()
	stop()
	require.NoError(h.t, <-ended)
}

func TestExpireIsTheBanksOwn(t *testing.T) {
	t.Parallel()
	h, from, _, waits, _ := pending(t)
	system := SystemOrder("test", randomCause(), "transfer.expire", h.now(), ofCustomer(alice))
	_, _, err := h.bank.Transfers().Expire(h.ctx(), system, waits.Transfer)
	require.Equal(t, "transfer-not-expired", refusalCode(err), "not before its time")
	h.pass(5 * time.Minute)
	system.At = h.now()
	_, _, err = h.bank.Transfers().Expire(h.ctx(), h.by(bob), waits.Transfer)
	require.Equal(t, "not-found", refusalCode(err))
	gone, _, err := h.bank.Transfers().Expire(h.ctx(), system, waits.Transfer)
	require.NoError(t, err)
	require.Equal(t, transfer.TimedOut, gone.Status)
	h.balances(from, 500000, 0)
}
