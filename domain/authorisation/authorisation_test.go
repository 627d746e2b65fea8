package authorisation_test

import (
	"testing"
	"time"

	"florin/domain"
	"florin/domain/authorisation"
	"florin/domain/domaintest"
	"florin/domain/id"
	"florin/domain/money"
)

var (
	at    = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	entry = id.Named[id.Journal]("entry")
)

func eur(minor int64) money.Amount { return money.Amount{Minor: minor, Currency: "EUR"} }

var (
	ask = authorisation.Request{Authorisation: id.Named[id.Authorisation]("a"), Card: id.Named[id.Card]("c"), Customer: id.Named[id.Customer]("alice"),
		Account: id.Named[id.Account]("current"), Amount: eur(5000), Merchant: domain.NewEvidence("Books & Co"), Category: "5942", Day: "2026-01-02", At: at}
	requested = authorisation.Requested{Authorisation: ask.Authorisation, Card: ask.Card, Customer: ask.Customer, Account: ask.Account,
		Amount: ask.Amount, Merchant: ask.Merchant, Category: ask.Category, At: at}
	approved = authorisation.Approved{Held: eur(5000), Day: "2026-01-02", ExpiresAt: at.Add(authorisation.ExpiresAfter), At: at}
	declined = authorisation.Declined{Code: "insufficient-funds", At: at}
	held     = []authorisation.Event{requested, approved}
)

func after(more ...authorisation.Event) []authorisation.Event {
	return append(append([]authorisation.Event{}, held...), more...)
}

func taken(minor, left int64) authorisation.Captured {
	return authorisation.Captured{Journal: entry, Amount: eur(minor), Held: eur(left), At: at}
}

func TestAsking(t *testing.T) {
	t.Parallel()
	with := func(change func(*authorisation.Request)) authorisation.Request { c := ask; change(&c); return c }
	offline := requested
	offline.Offline = true
	domaintest.Run[authorisation.State](t, []domaintest.Case[authorisation.Command, authorisation.Event]{
		{Name: "funds are held", When: ask, Then: held},
		{Name: "a rule says no", When: with(func(c *authorisation.Request) { c.Refused = "insufficient-funds" }), Then: []authorisation.Event{requested, declined}},
		{Name: "a terminal's own yes holds nothing", When: with(func(c *authorisation.Request) { c.Offline = true }),
			Then: []authorisation.Event{offline, authorisation.Approved{Held: eur(0), Day: "2026-01-02", At: at}}},
		{Name: "it is asked once", Given: held, When: ask, Refused: authorisation.ErrExists},
		{Name: "a merchant is one clean line", When: with(func(c *authorisation.Request) { c.Merchant = domain.NewEvidence("a\nb") }), Refused: authorisation.ErrMerchant},
		{Name: "a category is four digits", When: with(func(c *authorisation.Request) { c.Category = "594" }), Refused: authorisation.ErrMerchant},
		{Name: "it is for a card", When: with(func(c *authorisation.Request) { c.Card = id.Card{} }), Refused: authorisation.ErrMissing},
	})
}

func TestTaking(t *testing.T) {
	t.Parallel()
	capture := func(minor int64, final bool) authorisation.Capture {
		return authorisation.Capture{Journal: entry, Amount: eur(minor), Final: final, At: at}
	}
	expired := authorisation.Expired{Amount: eur(5000), At: at}
	late := at.Add(authorisation.ExpiresAfter)
	reversed := authorisation.Reversed{Amount: eur(5000), Held: eur(0), At: at}
	refund := func(minor int64) authorisation.Refund {
		return authorisation.Refund{Journal: entry, Amount: eur(minor), At: at}
	}
	domaintest.Run[authorisation.State](t, []domaintest.Case[authorisation.Command, authorisation.Event]{
		{Name: "all is taken", Given: held, When: capture(5000, false), Then: []authorisation.Event{taken(5000, 0)}},
		{Name: "a part is taken", Given: held, When: capture(2000, false), Then: []authorisation.Event{taken(2000, 3000)}},
		{Name: "a last part frees the rest", Given: after(taken(2000, 3000)), When: capture(1000, true),
			Then: []authorisation.Event{taken(1000, 2000), authorisation.Reversed{Amount: eur(2000), Held: eur(0), At: at}}},
		{Name: "more is taken than is held", Given: held, When: capture(6000, false), Then: []authorisation.Event{taken(6000, 0)}},
		{Name: "a shop comes late", Given: after(expired), When: capture(5000, false), Then: []authorisation.Event{taken(5000, 0)}},
		{Name: "a shop comes for what it gave back", Given: after(reversed), When: capture(5000, false), Then: []authorisation.Event{taken(5000, 0)}},
		{Name: "nothing is taken of what was declined", Given: []authorisation.Event{requested, declined}, When: capture(1, false), Refused: authorisation.ErrDeclined},
		{Name: "nothing is taken of nothing", When: capture(1, false), Refused: authorisation.ErrMissing},
		{Name: "nought is nothing", Given: held, When: capture(0, false), Refused: authorisation.ErrAmount},
		{Name: "no other currency", Given: held, When: authorisation.Capture{Amount: money.Amount{Minor: 1, Currency: "USD"}, At: at}, Refused: authorisation.ErrCurrency},

		{Name: "all is freed", Given: held, When: authorisation.Reverse{At: at}, Then: []authorisation.Event{reversed}},
		{Name: "a part is freed", Given: held, When: authorisation.Reverse{Amount: eur(1000), At: at},
			Then: []authorisation.Event{authorisation.Reversed{Amount: eur(1000), Held: eur(4000), At: at}}},
		{Name: "no more than is held is freed", Given: held, When: authorisation.Reverse{Amount: eur(5001), At: at}, Refused: authorisation.ErrNotHeld},
		{Name: "nothing held, nothing freed", Given: after(taken(5000, 0)), When: authorisation.Reverse{At: at}, Refused: authorisation.ErrNotHeld},
		{Name: "its time runs out", Given: after(taken(2000, 3000)), When: authorisation.Expire{At: late}, Then: []authorisation.Event{authorisation.Expired{Amount: eur(3000), At: late}}},
		{Name: "not before it has", Given: held, When: authorisation.Expire{At: late.Add(-time.Microsecond)}, Refused: authorisation.ErrNotHeld},
		{Name: "what is not held does not expire", Given: after(taken(5000, 0)), When: authorisation.Expire{At: late}, Refused: authorisation.ErrNotHeld},

		{Name: "a shop gives back", Given: after(taken(5000, 0)), When: refund(5000), Then: []authorisation.Event{authorisation.Refunded{Journal: entry, Amount: eur(5000), At: at}}},
		{Name: "in parts, and no more than it took", Given: after(taken(5000, 0), authorisation.Refunded{Journal: entry, Amount: eur(4000), At: at}), When: refund(1001), Refused: authorisation.ErrRefund},
		{Name: "nothing of what it has not taken", Given: held, When: refund(1), Refused: authorisation.ErrRefund},
	})
}
