package commands

import (
	"testing"

	"github.com/stretchr/testify/require"

	"florin/domain"
	"florin/domain/iban"
	"florin/domain/incoming"
)

// SEPA carries euros, in both directions.
func TestTheRailBringsEurosAlone(t *testing.T) {
	t.Parallel()
	p := newRemitter(t)
	opened, _, err := p.bank.Accounts().Open(p.ctx(), p.by(alice), OpenAccount{Customer: alice, Name: domain.NewProfile("Alice"), Currency: "USD"})
	require.NoError(t, err)
	answer, _, err := p.bank.Incoming().Receive(p.ctx(), p.operator(), ReceivePayment{Reference: "TX-1", Creditor: p.number(opened.Account),
		Debtor: must(iban.Parse("DE89370400440532013000")), DebtorName: domain.NewEvidence("Bob"), Amount: dollars(10_000)})
	require.NoError(t, err)
	require.Equal(t, incoming.Held, answer.Status, "it goes back")
	p.balances(opened.Account, 0, 0)
}
