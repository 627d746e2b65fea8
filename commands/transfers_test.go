package commands

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/domain"
	"florin/domain/account"
	"florin/domain/id"
	"florin/domain/money"
	"florin/domain/risk"
	"florin/domain/transfer"
)

func (h *house) statement(answer TransferAnswer) transfer.Statement {
	h.t.Helper()
	var statement transfer.Statement
	require.NoError(h.t, json.Unmarshal([]byte(answer.Challenge.Display.Reveal()), &statement))
	return statement
}

func TestTransferGoesStraightThrough(t *testing.T) {
	t.Parallel()
	h := newHouse(t, newModelLog(t))
	from, to := h.account(alice, "Alice", 10000), h.account(bob, "Bob", 0)

	answer, outcome, err := h.send(h.again(alice, "k"), from, to, 2500)
	require.NoError(t, err)
	require.Equal(t, transfer.Done, answer.Status)
	require.Equal(t, []any{alice, from, to, euros(2500), risk.LowValue, "rent"},
		[]any{answer.Customer, answer.From, answer.To, answer.Amount, answer.Exemption, answer.Reference.Reveal()})
	require.Equal(t, []string{"transfer.initiated", "transfer.assessed", "transfer.posted", "account.debited", "account.credited"}, h.kinds(outcome))
	h.balances(from, 7500, 0)
	h.balances(to, 2500, 0)

	h.reopen(h.log)
	h.pass(400 * 24 * time.Hour)
	again, replayed, err := h.send(h.again(alice, "k"), from, to, 2500)
	require.NoError(t, err)
	require.True(t, replayed.Replayed)
	require.Equal(t, outcome.Receipt, replayed.Receipt)
	require.Equal(t, answer, again, "a retry gets the first answer, a year and a restart later")
	h.balances(from, 7500, 0)
	h.audit()
}

func TestExemptionsAreNamed(t *testing.T) {
	t.Parallel()
	h := newHouse(t, newModelLog(t))
	from, own, to := h.account(alice, "Alice", 500000), h.account(alice, "Alice", 0), h.account(bob, "Bob", 0)
	weak := func(o Order) Order { o.Caller.ACR = "urn:florin:acr:device"; return o }

	for _, tc := range []struct {
		name   string
		order  Order
		to     id.Account
		minor  int64
		status transfer.Phase
		exempt string
	}{
		{"small", h.by(alice), to, 3000, transfer.Done, risk.LowValue},
		{"small on a weak session", weak(h.by(alice)), to, 3000, transfer.Done, risk.LowValue},
		{"middling", h.by(alice), to, 3001, transfer.Done, risk.LowRisk},
		{"middling on a weak session", weak(h.by(alice)), to, 3001, transfer.Pending, ""},
		{"large", h.by(alice), to, 100001, transfer.Pending, ""},
		{"between own accounts", h.by(alice), own, 100000, transfer.Done, risk.OwnAccounts},
		{"between own accounts on a weak session", weak(h.by(alice)), own, 100000, transfer.Done, risk.OwnAccounts},
	} {
		answer, _, err := h.send(tc.order, from, tc.to, tc.minor)
		require.NoError(t, err, tc.name)
		require.Equal(t, tc.status, answer.Status, tc.name)
		require.Equal(t, tc.exempt, answer.Exemption, tc.name)
	}
	h.audit()
}

func TestRefusalsAreFacts(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name  string
		minor int64
		with  func(h *house, from, to id.Account, ask *InitiateTransfer)
		code  string
	}{
		{"more than there is", 10001, nil, "insufficient-funds"},
		{"more than a day allows", 1000001, func(h *house, from, _ id.Account, _ *InitiateTransfer) { h.deposit(from, 5000000) }, "limit-exceeded"},
		{"from a frozen account", 1, func(h *house, from, _ id.Account, _ *InitiateTransfer) { h.freeze(from) }, "account-frozen"},
		{"to a closed account", 1, func(h *house, _, to id.Account, _ *InitiateTransfer) { h.close(to) }, "account-closed"},
		{"a challenge for a closed creditor", 200000, func(h *house, from, to id.Account, _ *InitiateTransfer) { h.deposit(from, 500000); h.close(to) }, "account-closed"},
		{"in another currency", 1, func(_ *house, _, _ id.Account, ask *InitiateTransfer) { ask.Amount = dollars(1) }, "currency-mismatch"},
		{"nothing", 0, nil, "invalid-amount"},
		{"less than nothing", -1, nil, "invalid-amount"},
		{"to where it came from", 1, func(_ *house, from, _ id.Account, ask *InitiateTransfer) { ask.To = from }, "transfer-same-account"},
		{"blocked by risk", 1, func(h *house, _, _ id.Account, _ *InitiateTransfer) {
			h.policy = blockingPolicy(h.t)
			h.reopen(h.log)
		}, "transfer-blocked"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, newModelLog(t))
			from, to := h.account(alice, "Alice", 10000), h.account(bob, "Bob", 0)
			ask := InitiateTransfer{From: from, To: to, Amount: euros(tc.minor)}
			if tc.with != nil {
				tc.with(h, from, to, &ask)
			}
			before := h.money(from)

			_, outcome, err := h.bank.Transfers().Initiate(h.ctx(), h.again(alice, "k"), ask)
			require.Equal(t, tc.code, refusalCode(err))
			require.NotZero(t, outcome.Receipt, "a refusal by a rule is a fact")
			kinds := h.kinds(outcome)
			require.Equal(t, "transfer.initiated", kinds[0])
			require.Equal(t, "transfer.rejected", kinds[len(kinds)-1])
			require.Equal(t, before, h.money(from), "no money moved, none is held")

			h.terms, h.policy = DefaultTerms(), amountsPolicy(t) // whatever stood in the way is gone
			h.reopen(h.log)
			h.deposit(from, 100)
			_, again, err := h.bank.Transfers().Initiate(h.ctx(), h.again(alice, "k"), ask)
			require.Equal(t, tc.code, refusalCode(err), "the same key gets the same refusal for ever")
			require.True(t, again.Replayed)
			require.Equal(t, outcome.Receipt, again.Receipt)
			h.audit()
		})
	}
}

func (h *house) freeze(of id.Account) {
	h.t.Helper()
	_, _, err := h.bank.Accounts().Freeze(h.ctx(), h.operator(), of, "court-order")
	require.NoError(h.t, err)
}

func (h *house) close(of id.Account) {
	h.t.Helper()
	_, _, err := h.bank.Accounts().Close(h.ctx(), h.operator(), of, "asked-for")
	require.NoError(h.t, err)
}

func TestWhatLeavesNoTrace(t *testing.T) {
	t.Parallel()
	h := newHouse(t, newModelLog(t))
	from, to := h.account(alice, "Alice", 10000), h.account(bob, "Bob", 10000)
	nobody := h.by(alice)
	nobody.Caller.Customer = id.Customer{}
	nostro := account.Nostro(account.Cash).In("EUR")
	before := h.commits()

	for _, tc := range []struct {
		name  string
		order Order
		ask   InitiateTransfer
		code  string
	}{
		{"another's account", h.by(alice), InitiateTransfer{From: to, To: from, Amount: euros(1)}, "not-found"},
		{"an unknown debtor", h.by(alice), InitiateTransfer{From: id.Named[id.Account]("x"), To: to, Amount: euros(1)}, "not-found"},
		{"an unknown creditor", h.by(alice), InitiateTransfer{From: from, To: id.Named[id.Account]("x"), Amount: euros(1)}, "not-found"},
		{"the bank's own books as debtor", h.by(alice), InitiateTransfer{From: nostro, To: to, Amount: euros(1)}, "not-found"},
		{"the bank's own books as creditor", h.by(alice), InitiateTransfer{From: from, To: nostro, Amount: euros(1)}, "not-found"},
		{"no customer at all", nobody, InitiateTransfer{From: from, To: to, Amount: euros(1)}, "not-found"},
		{"no customer, the bank's own books", nobody, InitiateTransfer{From: nostro, To: to, Amount: euros(1)}, "not-found"},
		{"what is no amount at all", h.by(alice), InitiateTransfer{From: from, To: to, Amount: euros(money.MinorMax + 1)}, "invalid-amount"},
		{"a currency that is none", h.by(alice), InitiateTransfer{From: from, To: to, Amount: money.Amount{Minor: 1, Currency: "XXX"}}, "invalid-amount"},
		{"a reference that turns text around", h.by(alice), InitiateTransfer{From: from, To: to, Amount: euros(1), Reference: domain.NewEvidence("\u202e")}, "invalid-reference"},
	} {
		_, outcome, err := h.bank.Transfers().Initiate(h.ctx(), tc.order, tc.ask)
		require.Equal(t, tc.code, refusalCode(err), tc.name)
		require.Zero(t, outcome.Receipt, tc.name)
	}
	require.Equal(t, before, h.commits())
	h.audit()
}

func TestDailyLimitLooksAtAllThatLeaves(t *testing.T) {
	t.Parallel()
	h := newHouse(t, newModelLog(t))
	from, own, to := h.account(alice, "Alice", 5000000), h.account(alice, "Alice", 0), h.account(bob, "Bob", 0)

	pending, _ := h.challenged(alice, from, to, 950000)
	_, _, err := h.send(h.by(alice), from, to, 50001)
	require.Equal(t, "limit-exceeded", refusalCode(err))
	_, _, err = h.send(h.by(alice), from, own, 60000)
	require.NoError(t, err, "own accounts are not paying away")
	_, _, err = h.bank.Transfers().Cancel(h.ctx(), h.by(alice), pending.Transfer)
	require.NoError(t, err)
	_, _, err = h.send(h.by(alice), from, to, 50001)
	require.NoError(t, err, "what was withdrawn no longer counts")
	h.audit()
}
