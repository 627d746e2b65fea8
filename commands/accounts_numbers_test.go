package commands

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"florin/domain/account"
	"florin/domain/iban"
	"florin/domain/id"
)

func TestAccountsHaveNumbers(t *testing.T) {
	t.Parallel()
	h := newHouse(t, newModelLog(t))
	known(t, h.bank, alice)
	seen := map[string]bool{}
	for range 20 {
		opened, _, err := h.bank.Accounts().Open(h.ctx(), h.by(alice), OpenAccount{Customer: alice, Currency: "EUR"})
		require.NoError(t, err)
		number, err := iban.Parse(opened.IBAN.Reveal())
		require.NoError(t, err)
		require.True(t, h.terms.Issuer.Owns(number))
		require.False(t, seen[number.String()])
		seen[number.String()] = true
		found, ok, err := h.bank.Accounts().Numbered(h.ctx(), number)
		require.NoError(t, err)
		require.True(t, ok)
		require.Equal(t, opened.Account, found)
	}
	for _, of := range []iban.IBAN{{}, h.terms.Issuer.Number(1), must(iban.Parse("DE89370400440532013000"))} {
		_, ok, err := h.bank.Accounts().Numbered(h.ctx(), of)
		require.NoError(t, err)
		require.False(t, ok, "%s", of)
	}
	for record, err := range h.log.ReadAll(context.Background(), 0) {
		require.NoError(t, err)
		for _, event := range record.Events {
			for number := range seen {
				require.NotContains(t, string(event.Data), number, "an IBAN names a person")
				require.False(t, strings.Contains(string(event.Data), number[8:]), "and so does its account number")
			}
		}
	}
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

// Whoever has a number keeps it; the next account gets its second choice, which is
// the same choice whoever makes it.
func TestATakenNumberIsPassedOver(t *testing.T) {
	t.Parallel()
	h := newHouse(t, newModelLog(t))
	known(t, h.bank, alice)
	order := h.again(alice, "k")
	next := id.From[id.Account](DerivedID(order.ID, "account"))
	u := next.UUID()
	taken := make([]iban.IBAN, 3)
	for i := range taken {
		seed := must(h.bank.mac(keyClaim, []byte(nameNumber), u[:], []byte{byte(i)}))
		taken[i] = h.terms.Issuer.Number(seedOf(seed))
		if i == len(taken)-1 {
			break
		}
		claim := must(h.bank.nameClaim(nameIBAN, taken[i].String()))
		system := SystemOrder("test", randomCause(), "assign", h.now(), ofCustomer(alice))
		_, _, err := execute(h.ctx(), h.bank, "test.assign", system, streams(claim), func(w *work) error {
			return h.bank.numbers.decide(w, claim, account.Assign{Claim: claim, Account: id.Named[id.Account]("other"), At: noon})
		}, nothing)
		require.NoError(t, err)
	}
	opened, _, err := h.bank.Accounts().Open(h.ctx(), order, OpenAccount{Customer: alice, Currency: "EUR"})
	require.NoError(t, err)
	require.Equal(t, taken[2].String(), opened.IBAN.Reveal())
	h.reopen(h.log)
	again, outcome, err := h.bank.Accounts().Open(h.ctx(), order, OpenAccount{Customer: alice, Currency: "EUR"})
	require.NoError(t, err)
	require.True(t, outcome.Replayed)
	require.Equal(t, opened, again)
}

func TestABankWithoutACodeNumbersNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t, newModelLog(t))
	h.terms.Issuer = iban.Issuer{}
	h.reopen(h.log)
	known(t, h.bank, alice)
	opened, outcome, err := h.bank.Accounts().Open(h.ctx(), h.by(alice), OpenAccount{Customer: alice, Currency: "EUR"})
	require.NoError(t, err)
	require.True(t, opened.IBAN.IsZero())
	require.Equal(t, []string{"account.opened", "account.limits_agreed"}, h.kinds(outcome))
}
