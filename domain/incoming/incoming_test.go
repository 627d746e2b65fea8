package incoming_test

import (
	"strings"
	"testing"
	"time"

	"florin/domain"
	"florin/domain/domaintest"
	"florin/domain/id"
	"florin/domain/incoming"
	"florin/domain/money"
)

var (
	noon  = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	i1    = id.Named[id.Incoming]("i1")
	bob   = id.Named[id.Account]("bob")
	owner = id.Named[id.Customer]("bob")
	entry = id.Named[id.Journal]("j")
	euros = money.Amount{Minor: 1250, Currency: "EUR"}
	came  = incoming.Received{Incoming: i1, Rail: "sepa", Reference: "TX-1", Creditor: domain.NewEvidence("DE1"), Debtor: domain.NewEvidence("FR1"),
		DebtorName: domain.NewEvidence("Zoé"), Amount: euros, Text: domain.NewEvidence("rent"), At: noon}
	toBob = incoming.Receive{Received: came, Account: bob, Customer: owner, Journal: entry}
	toNo  = incoming.Receive{Received: came, Reason: "AC01", Journal: entry}
	back  = incoming.Recall{Return: "r", Recall: "c1", Reason: "FRAD", Owed: euros, Journal: entry, At: noon}
	give  = incoming.GiveBack{Return: "r", Journal: entry, At: noon}
	over  = incoming.SettleReturn{Journal: entry, At: noon}
)

type (
	facts = []incoming.Event
	row   = domaintest.Case[incoming.Command, incoming.Event]
)

func TestIncoming(t *testing.T) {
	t.Parallel()
	booked := facts{came, incoming.Credited{Account: bob, Customer: owner, Journal: entry, At: noon}}
	held := facts{came, incoming.Suspended{Reason: "AC01", Journal: entry, At: noon}}
	recalled := append(append(facts(nil), booked...), incoming.Returned(back))
	gone := append(append(facts(nil), held...), incoming.Returned{Return: "r", Reason: "AC01", Journal: entry, At: noon})
	with := func(change func(*incoming.Receive)) incoming.Receive { c := toBob; change(&c); return c }
	recall := func(change func(*incoming.Recall)) incoming.Recall { c := back; change(&c); return c }
	domaintest.Run[incoming.State](t, []row{
		{Name: "what an account takes is credited", When: toBob, Then: booked},
		{Name: "what no account takes is held with the reason", When: toNo, Then: held},
		{Name: "it comes once", Given: booked, When: toBob, Refused: incoming.ErrExists},
		{Name: "also if it was held", Given: held, When: toNo, Refused: incoming.ErrExists},
		{Name: "the rail has a name for it", When: with(func(c *incoming.Receive) { c.Reference = "" }), Refused: incoming.ErrInvalid},
		{Name: "of one word", When: with(func(c *incoming.Receive) { c.Reference = "T X" }), Refused: incoming.ErrInvalid},
		{Name: "not too long", When: with(func(c *incoming.Receive) { c.Reference = strings.Repeat("x", 65) }), Refused: incoming.ErrInvalid},
		{Name: "it comes from somebody", When: with(func(c *incoming.Receive) { c.DebtorName = domain.Evidence{} }), Refused: incoming.ErrInvalid},
		{Name: "whose name turns nothing around", When: with(func(c *incoming.Receive) { c.DebtorName = domain.NewEvidence("a\u202eb") }), Refused: incoming.ErrInvalid},
		{Name: "from an account", When: with(func(c *incoming.Receive) { c.Debtor = domain.Evidence{} }), Refused: incoming.ErrInvalid},
		{Name: "its text is one line", When: with(func(c *incoming.Receive) { c.Text = domain.NewEvidence("a\nb") }), Refused: incoming.ErrInvalid},
		{Name: "nothing is no payment", When: with(func(c *incoming.Receive) { c.Amount.Minor = 0 }), Refused: incoming.ErrAmount},
		{Name: "nor is less", When: with(func(c *incoming.Receive) { c.Amount.Minor = -1 }), Refused: incoming.ErrAmount},
		{Name: "money for nobody has a reason", When: with(func(c *incoming.Receive) { c.Account = id.Account{} }), Refused: incoming.ErrReason},
		{Name: "what is credited is recalled", Given: booked, When: back, Then: facts{incoming.Returned(back)}},
		{Name: "once", Given: recalled, When: back, Refused: incoming.ErrNotRecallable},
		{Name: "what is held is not recalled: it goes back anyway", Given: held, When: back, Refused: incoming.ErrNotRecallable},
		{Name: "a recall has a reason", Given: booked, When: recall(func(c *incoming.Recall) { c.Reason = "because" }), Refused: incoming.ErrReason},
		{Name: "a recall has a name", Given: booked, When: recall(func(c *incoming.Recall) { c.Recall = "" }), Refused: incoming.ErrInvalid},
		{Name: "what has not come is not recalled", When: back, Refused: incoming.ErrMissing},
		{Name: "what is held goes back", Given: held, When: give, Then: facts{incoming.Returned{Return: "r", Reason: "AC01", Journal: entry, At: noon}}},
		{Name: "once, too", Given: gone, When: give, Refused: incoming.ErrNotReturnable},
		{Name: "what is credited does not go back by itself", Given: booked, When: give, Refused: incoming.ErrNotReturnable},
		{Name: "what has not come does not go back", When: give, Refused: incoming.ErrMissing},
		{Name: "a return arrives", Given: gone, When: over, Then: facts{incoming.ReturnSettled{Journal: entry, At: noon}}},
		{Name: "a recalled one too", Given: recalled, When: over, Then: facts{incoming.ReturnSettled{Journal: entry, At: noon}}},
		{Name: "a return arrives once", Given: append(append(facts(nil), gone...), incoming.ReturnSettled{Journal: entry, At: noon}), When: over, Refused: incoming.ErrNotReturnable},
		{Name: "what was not sent does not arrive", Given: held, When: over, Refused: incoming.ErrNotReturnable},
	})
}
