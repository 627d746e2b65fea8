package card_test

import (
	"testing"
	"time"

	"florin/domain/card"
	"florin/domain/domaintest"
	"florin/domain/id"
	"florin/domain/money"
)

var (
	at    = time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	owner = id.Named[id.Customer]("alice")
	one   = id.Named[id.Card]("one")
	two   = id.Named[id.Card]("two")
	acc   = id.Named[id.Account]("current")
	shop  = id.Named[id.Authorisation]("shop")
	few   = card.Limits{Each: eur(5000), Day: eur(8000), Month: eur(10000)}
)

func eur(minor int64) money.Amount { return money.Amount{Minor: minor, Currency: "EUR"} }

var (
	issued = card.Issued{Card: one, Customer: owner, Account: acc, Currency: "EUR", Limits: few, At: at}
	made   = card.Personalised{Token: "tok-1", LastFour: "4242", Expires: "2026-03", At: at}
	ready  = []card.Event{issued, made}
	iced   = card.Frozen{Reason: "mislaid", At: at}
	barred = card.Frozen{ByBank: true, Reason: "fraud-suspected", At: at}
)

func after(more ...card.Event) []card.Event { return append(append([]card.Event{}, ready...), more...) }

func spent(minor int64, day string) card.Authorised {
	return card.Authorised{Authorisation: shop, Amount: eur(minor), Day: day, At: at}
}

func TestLife(t *testing.T) {
	t.Parallel()
	issue := card.Issue{Card: one, Customer: owner, Account: acc, Currency: "EUR", Limits: few, Most: few, At: at}
	with := func(change func(*card.Issue)) card.Issue { c := issue; change(&c); return c }
	personalise := card.Personalise{Token: "tok-1", LastFour: "4242", Expires: "2026-03", At: at}
	but := func(change func(*card.Personalise)) card.Personalise { c := personalise; change(&c); return c }
	domaintest.Run[card.State](t, []domaintest.Case[card.Command, card.Event]{
		{Name: "a card is ordered", When: issue, Then: []card.Event{issued}},
		{Name: "a card is ordered once", Given: ready, When: issue, Refused: card.ErrExists},
		{Name: "a card has an owner", When: with(func(c *card.Issue) { c.Customer = id.Customer{} }), Refused: card.ErrInvalid},
		{Name: "a card has an account", When: with(func(c *card.Issue) { c.Account = id.Account{} }), Refused: card.ErrInvalid},
		{Name: "limits are in the account's currency", When: with(func(c *card.Issue) { c.Limits.Day.Currency = "USD" }), Refused: card.ErrLimits},
		{Name: "limits are within the bank's", When: with(func(c *card.Issue) { c.Limits.Day.Minor++ }), Refused: card.ErrLimits},
		{Name: "no limit is more than any", When: with(func(c *card.Issue) { c.Limits.Month = money.Amount{} }), Refused: card.ErrLimits},

		{Name: "its maker says its last four digits", Given: []card.Event{issued}, When: personalise, Then: []card.Event{made}},
		{Name: "a card is made once", Given: ready, When: personalise, Refused: card.ErrMade},
		{Name: "no card that never was is made", When: personalise, Refused: card.ErrMissing},
		{Name: "a closed card is not made", Given: []card.Event{issued, card.Closed{Reason: "r", At: at}}, When: personalise, Refused: card.ErrClosed},
		{Name: "four digits are four", Given: []card.Event{issued}, When: but(func(c *card.Personalise) { c.LastFour = "42424" }), Refused: card.ErrInvalid},
		{Name: "four digits are digits", Given: []card.Event{issued}, When: but(func(c *card.Personalise) { c.LastFour = "424x" }), Refused: card.ErrInvalid},
		{Name: "a card expires in a month", Given: []card.Event{issued}, When: but(func(c *card.Personalise) { c.Expires = "03/26" }), Refused: card.ErrInvalid},
		{Name: "a token is a token", Given: []card.Event{issued}, When: but(func(c *card.Personalise) { c.Token = "" }), Refused: card.ErrInvalid},

		{Name: "its owner freezes it", Given: ready, When: card.Freeze{Reason: "mislaid", At: at}, Then: []card.Event{iced}},
		{Name: "a frozen one is frozen", Given: after(iced), When: card.Freeze{Reason: "mislaid", At: at}, Refused: card.ErrFrozen},
		{Name: "the bank freezes what its owner has frozen", Given: after(iced), When: card.Freeze{ByBank: true, Reason: "fraud-suspected", At: at}, Then: []card.Event{barred}},
		{Name: "a card that is not made needs no ice", Given: []card.Event{issued}, When: card.Freeze{Reason: "mislaid", At: at}, Refused: card.ErrNotActive},
		{Name: "a freeze has a reason", Given: ready, When: card.Freeze{Reason: "Lost it!", At: at}, Refused: card.ErrReason},
		{Name: "its owner thaws it", Given: after(iced), When: card.Unfreeze{Reason: "found", At: at}, Then: []card.Event{card.Unfrozen{Reason: "found", At: at}}},
		{Name: "its owner does not thaw what the bank froze", Given: after(barred), When: card.Unfreeze{Reason: "found", At: at}, Refused: card.ErrByBank},
		{Name: "nor has another made in its place", Given: after(barred), When: card.Replace{Reason: "lost", At: at}, Refused: card.ErrByBank},
		{Name: "the bank has", Given: after(barred), When: card.Replace{ByBank: true, Reason: "lost", At: at}, Then: []card.Event{card.Replaced{Reason: "lost", At: at}}},
		{Name: "what was spent before still counts", Given: after(card.SpendingCarried{Day: at.Format(time.DateOnly), Spent: 1 << 40, Month: at.Format("2006-01"), Monthly: 1 << 40, At: at}),
			When: card.Authorise{Amount: money.Amount{Minor: 1, Currency: "EUR"}, At: at}, Refused: card.ErrLimit},
		{Name: "the bank thaws it", Given: after(barred), When: card.Unfreeze{ByBank: true, Reason: "cleared", At: at}, Then: []card.Event{card.Unfrozen{Reason: "cleared", At: at}}},
		{Name: "what is not frozen is not thawed", Given: ready, When: card.Unfreeze{Reason: "found", At: at}, Refused: card.ErrNotFrozen},

		{Name: "limits change", Given: ready, When: card.SetLimits{Limits: few, Most: few, At: at}, Then: []card.Event{card.LimitsSet{Limits: few, At: at}}},
		{Name: "not beyond the bank's", Given: ready, When: card.SetLimits{Limits: few, Most: card.Limits{Each: eur(1)}, At: at}, Refused: card.ErrLimits},
		{Name: "nor to nought, which the log has for no limit at all", Given: ready, When: card.SetLimits{Limits: card.Limits{Each: eur(0), Day: eur(1), Month: eur(1)}, Most: few, At: at}, Refused: card.ErrLimits},
		{Name: "no card begins with a limit of nought", When: with(func(c *card.Issue) { c.Limits.Day = eur(0) }), Refused: card.ErrLimits},
		{Name: "not below nought", Given: ready, When: card.SetLimits{Limits: card.Limits{Each: eur(-1)}, At: at}, Refused: card.ErrLimits},

		{Name: "another takes its place", Given: ready, When: card.Replace{By: two, Reason: "lost", At: at}, Then: []card.Event{card.Replaced{By: two, Reason: "lost", At: at}}},
		{Name: "only once", Given: after(card.Replaced{By: two, Reason: "lost", At: at}), When: card.Replace{By: two, Reason: "lost", At: at}, Refused: card.ErrClosed},
		{Name: "it ends", Given: ready, When: card.Close{Reason: "unwanted", At: at}, Then: []card.Event{card.Closed{Reason: "unwanted", At: at}}},
		{Name: "what has ended is not frozen", Given: after(card.Closed{Reason: "r", At: at}), When: card.Freeze{Reason: "lost", At: at}, Refused: card.ErrClosed},
	})
}

func TestSpending(t *testing.T) {
	t.Parallel()
	ask := func(minor int64, at time.Time) card.Authorise {
		return card.Authorise{Authorisation: shop, Amount: eur(minor), At: at}
	}
	day, next := "2026-01-31", at.Add(24*time.Hour)
	ok := func(minor int64, day string, at time.Time) []card.Event {
		return []card.Event{card.Authorised{Authorisation: shop, Amount: eur(minor), Day: day, At: at}}
	}
	offline := card.Authorise{Authorisation: shop, Amount: eur(9900), Offline: true, At: at}
	domaintest.Run[card.State](t, []domaintest.Case[card.Command, card.Event]{
		{Name: "within its limits it spends", Given: ready, When: ask(5000, at), Then: ok(5000, day, at)},
		{Name: "not too much at once", Given: ready, When: ask(5001, at), Refused: card.ErrLimit},
		{Name: "not too much in a day", Given: after(spent(4000, day)), When: ask(4001, at), Refused: card.ErrLimit},
		{Name: "up to the day's limit", Given: after(spent(4000, day)), When: ask(4000, at), Then: ok(4000, day, at)},
		{Name: "tomorrow is another day, and here another month", Given: after(spent(4000, day), spent(4000, day)), When: ask(5000, next), Then: ok(5000, "2026-02-01", next)},
		{Name: "not too much in a month", Given: after(spent(4000, "2026-01-29"), spent(4000, "2026-01-30")), When: ask(2001, at), Refused: card.ErrLimit},
		{Name: "the clock set back brings no new day", Given: after(spent(5000, day)), When: ask(3001, at.Add(-48*time.Hour)), Refused: card.ErrLimit},
		{Name: "what was not spent counts again", Given: after(spent(5000, day), card.AuthorisationReleased{Authorisation: shop, Amount: eur(5000), Day: day, At: at}),
			When: ask(5000, at), Then: ok(5000, day, at)},
		{Name: "what yesterday did not spend is no more for today", Given: after(spent(5000, "2026-01-30"), spent(5000, day),
			card.AuthorisationReleased{Authorisation: shop, Amount: eur(5000), Day: "2026-01-30", At: at}), When: ask(3001, at), Refused: card.ErrLimit},
		{Name: "no card without a number", Given: []card.Event{issued}, When: ask(1, at), Refused: card.ErrNotActive},
		{Name: "no frozen card", Given: after(iced), When: ask(1, at), Refused: card.ErrFrozen},
		{Name: "no replaced card", Given: after(card.Replaced{By: two, Reason: "lost", At: at}), When: ask(1, at), Refused: card.ErrClosed},
		{Name: "in its last month it is good", Given: ready, When: ask(1, time.Date(2026, 3, 31, 23, 59, 59, 0, time.UTC)), Then: ok(1, "2026-03-31", time.Date(2026, 3, 31, 23, 59, 59, 0, time.UTC))},
		{Name: "after it it is not", Given: ready, When: ask(1, time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)), Refused: card.ErrExpired},
		{Name: "no other currency", Given: ready, When: card.Authorise{Amount: money.Amount{Minor: 1, Currency: "USD"}, At: at}, Refused: card.ErrCurrency},
		{Name: "nought is no amount", Given: ready, When: ask(0, at), Refused: card.ErrAmount},
		{Name: "a terminal's own yes is counted, whatever the card", Given: after(iced), When: offline,
			Then: []card.Event{card.Authorised{Authorisation: shop, Amount: eur(9900), Day: day, Offline: true, At: at}}},
		{Name: "but of no card that never was", When: offline, Refused: card.ErrMissing},
	})
}
