package account_test

import (
	"testing"

	"florin/domain/account"
	"florin/domain/domaintest"
	"florin/domain/id"
)

func TestDirectDebitsAreBlockedAsAWhole(t *testing.T) {
	t.Parallel()
	anna := id.Named[id.Customer]("anna")
	block := account.BlockDirectDebits{Asked: account.DirectDebitsBlocked{By: anna, At: noon}}
	allow := account.AllowDirectDebits{Asked: account.DirectDebitsAllowed{By: anna, At: noon}}
	internal := facts{account.Opened{Account: account.Suspense.In("EUR"), Class: account.Internal, Chart: account.Suspense, Currency: "EUR", At: noon}}
	type row = domaintest.Case[account.Command, account.Event]
	domaintest.Run[account.State](t, []row{
		{Name: "an owner blocks them all", Given: opened(), When: block, Then: facts{block.Asked}},
		{Name: "of a frozen account, too", Given: opened(frozen()), When: block, Then: facts{block.Asked}},
		{Name: "once", Given: opened(block.Asked), When: block, Refused: account.ErrDebitsBlocked},
		{Name: "and allows them again", Given: opened(block.Asked), When: allow, Then: facts{allow.Asked}},
		{Name: "once", Given: opened(block.Asked, allow.Asked), When: allow, Refused: account.ErrDebitsAllowed},
		{Name: "what is not blocked is not allowed", Given: opened(), When: allow, Refused: account.ErrDebitsAllowed},
		{Name: "they are blocked again", Given: opened(block.Asked, allow.Asked), When: block, Then: facts{block.Asked}},
		{Name: "nothing is blocked of nothing", When: block, Refused: account.ErrMissing},
		{Name: "nor of an account of the bank's own", Given: internal, When: block, Refused: account.ErrMissing},
		{Name: "of a closed account there is nothing to block", Given: opened(closed()), When: block, Refused: account.ErrClosed},
		{Name: "nor to allow", Given: opened(block.Asked, closed()), When: allow, Refused: account.ErrClosed},
		{Name: "the owner's own payments go on", Given: opened(credited(500, 500), block.Asked), When: debit(100),
			Then: facts{account.Debited{Posting: debit(100).Posting, Amount: eur(100), Balance: eur(400), Day: "2026-01-02", At: noon}}},
	})
}
