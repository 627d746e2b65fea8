package commands

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"florin/domain"
	"florin/domain/account"
	"florin/domain/id"
	"florin/domain/money"
	"florin/domain/transfer"
)

func TestOpenAccount(t *testing.T) {
	t.Parallel()
	h := newHouse(t, newModelLog(t))
	known(t, h.bank, alice)
	known(t, h.bank, bob)
	ask := OpenAccount{Customer: alice, Name: domain.NewProfile("Alice"), Currency: "JPY", Product: "savings"}
	opened, outcome, err := h.bank.Accounts().Open(h.ctx(), h.again(alice, "k"), ask)
	require.NoError(t, err)
	require.Equal(t, AccountAnswer{Account: opened.Account, Customer: alice, IBAN: opened.IBAN, Currency: "JPY", Product: "savings",
		Limits: yens(1_000_000, 5_000_000), Cap: yens(5_000_000, 10_000_000), Zone: "Europe/Berlin", Status: account.Active, At: noon}, opened)
	require.Equal(t, []string{"account.opened", "account.limits_agreed", "account.numbered", "claim.assigned"}, h.kinds(outcome))

	again, replayed, err := h.bank.Accounts().Open(h.ctx(), h.again(alice, "k"), ask)
	require.NoError(t, err)
	require.True(t, replayed.Replayed)
	require.Equal(t, opened, again)
	other, _, err := h.bank.Accounts().Open(h.ctx(), h.again(alice, "k2"), ask)
	require.NoError(t, err)
	require.NotEqual(t, opened.Account, other.Account, "another key opens another account")
	theirs, _, err := h.bank.Accounts().Open(h.ctx(), h.again(bob, "k"), OpenAccount{Customer: bob, Currency: "EUR"})
	require.NoError(t, err, "another customer's key is another key")
	require.Equal(t, "current", theirs.Product)

	for name, tc := range map[string]struct {
		ask  OpenAccount
		code string
	}{
		"an unknown product":          {OpenAccount{Customer: alice, Currency: "EUR", Product: "pyramid"}, "unknown-product"},
		"a currency that is none":     {OpenAccount{Customer: alice, Currency: "XXX"}, "invalid-account"},
		"a place that is none":        {OpenAccount{Customer: alice, Currency: "EUR", Zone: "Mars/Olympus"}, "invalid-time-zone"},
		"no currency":                 {OpenAccount{Customer: alice}, "invalid-account"},
		"nobody":                      {OpenAccount{Currency: "EUR"}, "not-found"},
		"a stranger":                  {OpenAccount{Customer: id.Named[id.Customer]("x"), Currency: "EUR"}, "not-found"},
		"a name with direction marks": {OpenAccount{Customer: alice, Currency: "EUR", Name: domain.NewProfile("\u202e")}, "invalid-account"},
		"a name without end":          {OpenAccount{Customer: alice, Currency: "EUR", Name: domain.NewProfile(strings.Repeat("a", 141))}, "invalid-account"},
	} {
		_, outcome, err := h.bank.Accounts().Open(h.ctx(), h.by(alice), tc.ask)
		require.Equal(t, tc.code, refusalCode(err), name)
		require.Zero(t, outcome.Receipt, name)
	}
	h.audit()
}

func yens(daily, monthly int64) account.Limits {
	return account.Limits{Daily: money.Amount{Minor: daily, Currency: "JPY"}, Monthly: money.Amount{Minor: monthly, Currency: "JPY"}}
}

func TestLimitsOfAnAccount(t *testing.T) {
	t.Parallel()
	h := newHouse(t, newModelLog(t))
	from, to := h.account(alice, "Alice", 10_000_000), h.account(bob, "Bob", 0)
	daily := func(minor int64) SetLimits {
		return SetLimits{Account: from, Limits: account.Limits{Daily: euros(minor)}}
	}
	_, _, err := h.bank.Accounts().SetLimits(h.ctx(), h.by(bob), daily(1))
	require.Equal(t, "not-found", refusalCode(err))
	set, _, err := h.bank.Accounts().SetLimits(h.ctx(), h.by(alice), daily(5000))
	require.NoError(t, err)
	require.Equal(t, account.Limits{Daily: euros(5000), Monthly: euros(10_000_000)}, set.Limits, "what is not said stays")
	_, _, err = h.send(h.by(alice), from, to, 5001)
	require.Equal(t, "limit-exceeded", refusalCode(err))
	_, _, err = h.bank.Accounts().SetLimits(h.ctx(), h.by(alice), daily(5001))
	require.ErrorIs(t, err, account.ErrWider)
	confirmed := daily(5001)
	confirmed.FreshSCA = true
	_, _, err = h.bank.Accounts().SetLimits(h.ctx(), h.by(alice), confirmed)
	require.NoError(t, err)
	capped, outcome, err := h.bank.Accounts().SetCap(h.ctx(), h.operator(), from, account.Limits{Daily: euros(4000)}, "fraud-watch")
	require.NoError(t, err)
	require.Equal(t, euros(4000), capped.Limits.Daily, "at once")
	require.Equal(t, []string{"account.cap_changed"}, h.kinds(outcome))
	_, _, err = h.bank.Accounts().SetLimits(h.ctx(), h.by(alice), confirmed)
	require.Equal(t, "limit-beyond-cap", refusalCode(err))
	_, _, err = h.send(h.by(alice), from, to, 4000)
	require.NoError(t, err)
	h.reopen(h.log)
	_, _, err = h.send(h.by(alice), from, to, 1)
	require.Equal(t, "limit-exceeded", refusalCode(err), "also after a restart")
	h.audit()
}

func TestUnitsAreBounded(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		units    int64
		currency money.Currency
		minor    int64
	}{{10, "EUR", 1000}, {10, "JPY", 1000}, {10, "KWD", 1000}, {1 << 62, "EUR", money.MinorMax / 100 * 100}, {money.MinorMax, "JPY", money.MinorMax / 100 * 100}} {
		amount, err := units(tc.units, tc.currency)
		require.NoError(t, err)
		require.Equal(t, money.Amount{Minor: tc.minor, Currency: tc.currency}, amount)
	}
	amount, err := units(0, "EUR")
	require.NoError(t, err)
	require.Zero(t, amount)
}

func TestAccountsFreezeAndClose(t *testing.T) {
	t.Parallel()
	h := newHouse(t, newModelLog(t))
	full, empty := h.account(alice, "Alice", 100), h.account(alice, "Alice", 0)
	accounts := h.bank.Accounts()

	frozen, _, err := accounts.Freeze(h.ctx(), h.operator(), full, "court-order")
	require.NoError(t, err)
	require.Equal(t, AccountAnswer{Account: full, Status: account.OnIce, Reason: "court-order", At: noon}, frozen)
	h.deposit(full, 100)
	_, _, err = accounts.Freeze(h.ctx(), h.operator(), full, "court-order")
	require.Equal(t, "account-frozen", refusalCode(err))
	_, _, err = accounts.Unfreeze(h.ctx(), h.operator(), full, "")
	require.Equal(t, "invalid-reason", refusalCode(err))
	_, _, err = accounts.Unfreeze(h.ctx(), h.operator(), full, "court-order")
	require.NoError(t, err)
	_, _, err = accounts.Close(h.ctx(), h.by(alice), full, "asked-for")
	require.Equal(t, "account-not-empty", refusalCode(err))
	_, _, err = accounts.Close(h.ctx(), h.by(bob), empty, "asked-for")
	require.Equal(t, "not-found", refusalCode(err), "another's account is not there")
	_, _, err = accounts.Close(h.ctx(), h.by(alice), id.Named[id.Account]("x"), "asked-for")
	require.Equal(t, "not-found", refusalCode(err))
	_, _, err = accounts.Freeze(h.ctx(), h.operator(), account.Nostro(account.Cash).In("EUR"), "court-order")
	require.Equal(t, "not-found", refusalCode(err), "the bank's own books are nobody's to freeze")
	closed, _, err := accounts.Close(h.ctx(), h.by(alice), empty, "asked-for")
	require.NoError(t, err)
	require.Equal(t, account.Finished, closed.Status)
	h.audit()
}

func TestDeposit(t *testing.T) {
	t.Parallel()
	h := newHouse(t, newModelLog(t))
	to := h.account(alice, "Alice", 0)
	order := h.operator()
	ask := MakeDeposit{To: to, Amount: euros(500), Reference: domain.NewEvidence("cash"), Rail: account.SEPA}
	made, outcome, err := h.bank.Deposits().Deposit(h.ctx(), order, ask)
	require.NoError(t, err)
	require.Equal(t, DepositAnswer{Journal: made.Journal, To: to, Amount: euros(500), Balance: euros(500), At: noon}, made)
	require.Equal(t, []string{"journal.posted", "account.credited", "account.opened", "account.debited"}, h.kinds(outcome))

	h.deposit(to, 100)
	again, replayed, err := h.bank.Deposits().Deposit(h.ctx(), order, ask)
	require.NoError(t, err)
	require.True(t, replayed.Replayed)
	require.Equal(t, made, again, "with the balance of then")
	h.balances(account.Nostro(account.SEPA).In("EUR"), -500, 0)

	shut := h.account(bob, "Bob", 0)
	h.close(shut)
	before := h.commits()
	for name, tc := range map[string]struct {
		ask  MakeDeposit
		code string
	}{
		"to nobody":               {MakeDeposit{To: id.Named[id.Account]("x"), Amount: euros(1)}, "not-found"},
		"to the bank's own books": {MakeDeposit{To: account.Nostro(account.SEPA).In("EUR"), Amount: euros(1)}, "not-found"},
		"to a closed account":     {MakeDeposit{To: shut, Amount: euros(1)}, "account-closed"},
		"nothing":                 {MakeDeposit{To: to, Amount: euros(0)}, "invalid-amount"},
		"less than nothing":       {MakeDeposit{To: to, Amount: euros(-1)}, "invalid-amount"},
		"too much":                {MakeDeposit{To: to, Amount: euros(money.MinorMax)}, "invalid-amount"},
		"another currency":        {MakeDeposit{To: to, Amount: dollars(1)}, "currency-mismatch"},
		"a currency that is none": {MakeDeposit{To: to, Amount: money.Amount{Minor: 1, Currency: "XXX"}}, "currency-mismatch"},
		"on a rail that is none":  {MakeDeposit{To: to, Amount: euros(1), Rail: "camel"}, "invalid-account"},
		"with a broken reference": {MakeDeposit{To: to, Amount: euros(1), Reference: domain.NewEvidence("a\nb")}, "invalid-reference"},
	} {
		_, outcome, err := h.bank.Deposits().Deposit(h.ctx(), h.operator(), tc.ask)
		require.Equal(t, tc.code, refusalCode(err), name)
		require.Zero(t, outcome.Receipt, name)
	}
	require.Equal(t, before, h.commits(), "a refused deposit leaves no trace")
	h.audit()
}

func (h *house) reverse(original id.Transfer, minor int64) (TransferAnswer, Outcome, error) {
	ask := ReverseTransfer{Transfer: original, Reference: domain.NewEvidence("by mistake")}
	if minor != 0 {
		ask.Amount = euros(minor)
	}
	return h.bank.Transfers().Reverse(h.ctx(), h.operator(), ask)
}

// sent is a house where alice has sent bob 25.00 of her 100.00.
func sent(t *testing.T) (h *house, from, to id.Account, done TransferAnswer) {
	t.Helper()
	h = newHouse(t, newModelLog(t))
	from, to = h.account(alice, "Alice", 10000), h.account(bob, "Bob", 0)
	done, _, err := h.send(h.by(alice), from, to, 2500)
	require.NoError(t, err)
	return h, from, to, done
}

func TestReverse(t *testing.T) {
	t.Parallel()
	h, from, to, done := sent(t)
	back, outcome, err := h.reverse(done.Transfer, 1000)
	require.NoError(t, err)
	require.Equal(t, []any{transfer.Done, to, from, euros(1000), done.Transfer, "by mistake"},
		[]any{back.Status, back.From, back.To, back.Amount, back.Original, back.Reference.Reveal()})
	require.Equal(t, []string{"transfer.initiated", "transfer.posted", "transfer.reversed", "account.debited", "account.credited"}, h.kinds(outcome))
	h.balances(from, 8500, 0)
	h.balances(to, 1500, 0)

	for _, tc := range []struct {
		original id.Transfer
		minor    int64
		code     string
	}{
		{done.Transfer, 1501, "reversal-exceeds-transfer"}, {done.Transfer, -1, "invalid-amount"},
		{id.Named[id.Transfer]("x"), 1, "not-found"}, {back.Transfer, 1, "transfer-not-reversible"},
	} {
		_, outcome, err := h.reverse(tc.original, tc.minor)
		require.Equal(t, tc.code, refusalCode(err))
		require.Zero(t, outcome.Receipt)
	}
	rest, _, err := h.reverse(done.Transfer, 0)
	require.NoError(t, err)
	require.Equal(t, euros(1500), rest.Amount, "no amount means all that is left")
	_, _, err = h.reverse(done.Transfer, 0)
	require.Equal(t, "transfer-not-reversible", refusalCode(err))
	h.balances(from, 10000, 0)
	h.balances(to, 0, 0)
	h.audit()
}

func TestReverseWhatTheCreditorNoLongerHas(t *testing.T) {
	t.Parallel()
	receivables := account.Receivables.In("EUR")
	for _, tc := range []struct {
		name          string
		change        func(h *house, to, elsewhere id.Account)
		left, owed    int64
		creditorState account.Status
	}{
		{"all is there", func(*house, id.Account, id.Account) {}, 0, 0, account.Active},
		{"a part is spent", func(h *house, to, elsewhere id.Account) { h.spend(to, elsewhere, 2000) }, 0, -2000, account.Active},
		{"all is spent", func(h *house, to, elsewhere id.Account) { h.spend(to, elsewhere, 2500) }, 0, -2500, account.Active},
		{"the account is frozen", func(h *house, to, _ id.Account) { h.freeze(to) }, 0, 0, account.OnIce},
		{"the account is closed", func(h *house, to, elsewhere id.Account) { h.spend(to, elsewhere, 2500); h.close(to) }, 0, -2500, account.Finished},
		{"all is held for another payment", func(h *house, to, elsewhere id.Account) {
			h.deposit(to, 200000-2500)
			h.challenged(bob, to, elsewhere, 200000)
		}, 200000, -2500, account.Active},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			h, from, to, done := sent(t)
			tc.change(h, to, h.account(alice, "Alice", 0))
			_, _, err := h.reverse(done.Transfer, 0)
			require.NoError(t, err)
			state := h.money(to)
			require.Equal(t, []any{tc.left, tc.creditorState, false}, []any{state.Balance, state.Status, state.Overdrawn})
			h.balances(from, 10000, 0)
			require.Equal(t, tc.owed, h.money(receivables).Balance)
			h.audit()
		})
	}
}

func (h *house) spend(from, to id.Account, minor int64) {
	h.t.Helper()
	_, _, err := h.send(h.by(bob), from, to, minor)
	require.NoError(h.t, err)
}

func TestReverseToAClosedDebtor(t *testing.T) {
	t.Parallel()
	h, from, to, done := sent(t)
	_, _, err := h.send(h.by(alice), from, to, 7500)
	require.NoError(t, err)
	h.close(from)
	_, outcome, err := h.reverse(done.Transfer, 0)
	require.Equal(t, "account-closed", refusalCode(err))
	require.Zero(t, outcome.Receipt)
	h.audit()
}
