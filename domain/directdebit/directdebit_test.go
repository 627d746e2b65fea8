package directdebit_test

import (
	"strings"
	"testing"
	"time"

	"florin/domain"
	"florin/domain/directdebit"
	"florin/domain/domaintest"
	"florin/domain/id"
	"florin/domain/money"
)

var (
	noon  = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	d1    = id.Named[id.DirectDebit]("d1")
	anna  = id.Named[id.Account]("anna")
	owner = id.Named[id.Customer]("anna")
	by    = id.Named[id.Mandate]("m1")
	entry = id.Named[id.Journal]("j")
	word  = domain.NewEvidence
	came  = directdebit.Received{DirectDebit: d1, Rail: "sepa", Reference: "TX-1", EndToEnd: word("E-1"), Debtor: word("DE1"), Creditor: word("FR1"), CreditorName: word("Gas & Co"),
		CreditorID: word("DE98ZZZ09999999999"), Mandate: word("M-1"), Sequence: "RCUR", Amount: money.Amount{Minor: 1250, Currency: "EUR"}, Text: word("May"), At: noon}
	take   = directdebit.Collect{Received: came, Account: anna, Customer: owner, Mandate: by, Journal: entry}
	taken  = directdebit.Collected{Account: anna, Customer: owner, Mandate: by, Journal: entry, At: noon}
	back   = directdebit.Refunded{Refund: "D1", Grounds: directdebit.NoReason, By: owner, Journal: entry, At: noon}
	settle = directdebit.SettleClaim{Journal: entry, At: noon}
	deny   = directdebit.DenyClaim{Reason: "LEGL", Journal: entry, At: noon}
)

type (
	facts = []directdebit.Event
	row   = domaintest.Case[directdebit.Command, directdebit.Event]
)

func TestCollect(t *testing.T) {
	t.Parallel()
	with := func(change func(*directdebit.Collect)) directdebit.Collect { c := take; change(&c); return c }
	no := with(func(c *directdebit.Collect) { c.Reason = "AM04" })
	refused := directdebit.Refused{Account: anna, Customer: owner, Reason: "AM04", At: noon}
	domaintest.Run[directdebit.State](t, []row{
		{Name: "what is allowed is booked", When: take, Then: facts{came, taken}},
		{Name: "what is not is refused with the reason", When: no, Then: facts{came, refused}},
		{Name: "a number of nobody's is refused", When: with(func(c *directdebit.Collect) { c.Reason, c.Account, c.Customer = "AC01", id.Account{}, id.Customer{} }),
			Then: facts{came, directdebit.Refused{Reason: "AC01", At: noon}}},
		{Name: "it comes once", Given: facts{came, taken}, When: take, Refused: directdebit.ErrExists},
		{Name: "also if it was refused", Given: facts{came, refused}, When: take, Refused: directdebit.ErrExists},
		{Name: "the rail has a name for it", When: with(func(c *directdebit.Collect) { c.Reference = "" }), Refused: directdebit.ErrInvalid},
		{Name: "of one word", When: with(func(c *directdebit.Collect) { c.Reference = "T X" }), Refused: directdebit.ErrInvalid},
		{Name: "not too long", When: with(func(c *directdebit.Collect) { c.Reference = strings.Repeat("x", 36) }), Refused: directdebit.ErrInvalid},
		{Name: "the creditor has one, too", When: with(func(c *directdebit.Collect) { c.EndToEnd = domain.Evidence{} }), Refused: directdebit.ErrInvalid},
		{Name: "there is a mandate", When: with(func(c *directdebit.Collect) { c.Received.Mandate = domain.Evidence{} }), Refused: directdebit.ErrInvalid},
		{Name: "and a creditor", When: with(func(c *directdebit.Collect) { c.CreditorID = domain.Evidence{} }), Refused: directdebit.ErrInvalid},
		{Name: "with a name", When: with(func(c *directdebit.Collect) { c.CreditorName = domain.Evidence{} }), Refused: directdebit.ErrInvalid},
		{Name: "that turns nothing around", When: with(func(c *directdebit.Collect) { c.CreditorName = word("a\u202eb") }), Refused: directdebit.ErrInvalid},
		{Name: "and an account", When: with(func(c *directdebit.Collect) { c.Creditor = domain.Evidence{} }), Refused: directdebit.ErrInvalid},
		{Name: "it is from somewhere", When: with(func(c *directdebit.Collect) { c.Debtor = domain.Evidence{} }), Refused: directdebit.ErrInvalid},
		{Name: "its text is one line", When: with(func(c *directdebit.Collect) { c.Text = word("a\nb") }), Refused: directdebit.ErrInvalid},
		{Name: "there are four sequences", When: with(func(c *directdebit.Collect) { c.Sequence = "SOME" }), Refused: directdebit.ErrInvalid},
		{Name: "nothing is no collection", When: with(func(c *directdebit.Collect) { c.Amount.Minor = 0 }), Refused: directdebit.ErrAmount},
		{Name: "nor is less", When: with(func(c *directdebit.Collect) { c.Amount.Minor = -1 }), Refused: directdebit.ErrAmount},
		{Name: "a reason is a code", When: with(func(c *directdebit.Collect) { c.Reason = "because" }), Refused: directdebit.ErrReason},
		{Name: "nothing is booked on no account", When: with(func(c *directdebit.Collect) { c.Account = id.Account{} }), Refused: directdebit.ErrInvalid},
		{Name: "nor by no mandate", When: with(func(c *directdebit.Collect) { c.Mandate = id.Mandate{} }), Refused: directdebit.ErrInvalid},
		{Name: "nor by no entry", When: with(func(c *directdebit.Collect) { c.Journal = id.Journal{} }), Refused: directdebit.ErrInvalid},
	})
}

func TestRefund(t *testing.T) {
	t.Parallel()
	booked := facts{came, taken}
	paid := append(append(facts(nil), booked...), back)
	refund := func(grounds directdebit.Grounds, at time.Time) directdebit.Refunded {
		r := back
		r.Grounds, r.At = grounds, at
		return r
	}
	weeks, months := noon.AddDate(0, 0, 56), noon.AddDate(0, 13, 0)
	late := refund(directdebit.NoReason, weeks.Add(time.Second))
	never := refund(directdebit.Unauthorised, months.Add(time.Second))
	domaintest.Run[directdebit.State](t, []row{
		{Name: "what was collected is paid back", Given: booked, When: directdebit.Refund{Asked: back}, Then: facts{back}},
		{Name: "once", Given: paid, When: directdebit.Refund{Asked: back}, Refused: directdebit.ErrNotRefundable},
		{Name: "for whatever other reason", Given: paid, When: directdebit.Refund{Asked: refund(directdebit.Unauthorised, noon)}, Refused: directdebit.ErrNotRefundable},
		{Name: "for eight weeks", Given: booked, When: directdebit.Refund{Asked: refund(directdebit.NoReason, weeks)}, Then: facts{refund(directdebit.NoReason, weeks)}},
		{Name: "and not a second more", Given: booked, When: directdebit.Refund{Asked: late}, Refused: directdebit.ErrTooLate},
		{Name: "what nobody authorised for thirteen months", Given: booked, When: directdebit.Refund{Asked: refund(directdebit.Unauthorised, months)}, Then: facts{refund(directdebit.Unauthorised, months)}},
		{Name: "and not a second more, either", Given: booked, When: directdebit.Refund{Asked: never}, Refused: directdebit.ErrTooLate},
		{Name: "there are two grounds", Given: booked, When: directdebit.Refund{Asked: refund("regret", noon)}, Refused: directdebit.ErrGrounds},
		{Name: "what was refused is not paid back", Given: facts{came, directdebit.Refused{Reason: "AM04", At: noon}}, When: directdebit.Refund{Asked: back}, Refused: directdebit.ErrNotRefundable},
		{Name: "what has not come is not", When: directdebit.Refund{Asked: back}, Refused: directdebit.ErrMissing},
		{Name: "the other bank gives it back", Given: paid, When: settle, Then: facts{directdebit.ClaimSettled(settle)}},
		{Name: "once, too", Given: append(append(facts(nil), paid...), directdebit.ClaimSettled(settle)), When: settle, Refused: directdebit.ErrNotClaimed},
		{Name: "or it does not", Given: paid, When: deny, Then: facts{directdebit.ClaimDenied(deny)}},
		{Name: "which it says once", Given: append(append(facts(nil), paid...), directdebit.ClaimDenied(deny)), When: settle, Refused: directdebit.ErrNotClaimed},
		{Name: "with a reason", Given: paid, When: directdebit.DenyClaim{Reason: "no", Journal: entry, At: noon}, Refused: directdebit.ErrReason},
		{Name: "what nobody claims is not given back", Given: booked, When: settle, Refused: directdebit.ErrNotClaimed},
		{Name: "nor denied", Given: booked, When: deny, Refused: directdebit.ErrNotClaimed},
		{Name: "what has not come is not given back", When: settle, Refused: directdebit.ErrMissing},
	})
}
