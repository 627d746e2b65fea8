package account_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/domain/account"
	"florin/domain/calendar"
	"florin/domain/domaintest"
	"florin/domain/id"
	"florin/domain/money"
)

func folded(events []account.Event) (state account.State) {
	for _, event := range events {
		state = state.Evolve(event)
	}
	return state
}

func TestAnAccountIsMovedToANewerVersion(t *testing.T) {
	t.Parallel()
	giro := id.Named[id.Product]("giro")
	agreed := account.ProductAgreed{Product: giro, Version: 2, At: noon}
	on := opened(agreed)
	announce := func(change func(*account.AnnounceTerms)) account.AnnounceTerms {
		c := account.AnnounceTerms{Version: 3, Newest: 4, Reason: "new-offer", At: noon}
		change(&c)
		return c
	}
	same := func(*account.AnnounceTerms) {}
	month := calendar.Month(calendar.Day(calendar.UTC, noon))
	ahead := func(months int) string {
		made := month
		for range months {
			made = calendar.MonthAfter(made)
		}
		return made
	}
	announced := account.TermsAnnounced{Product: giro, Version: 3, Month: ahead(1), Reason: "new-offer", At: noon}
	waiting := opened(agreed, announced)
	over := func(events []account.Event, month string) facts {
		return append(events[:len(events):len(events)], account.PeriodClosed{Month: month, Until: noon.AddDate(0, 1, 0), At: noon.AddDate(0, 1, 0)})
	}
	adopted := account.TermsAdopted{Product: giro, Version: 3, Month: ahead(1), OverdraftLimit: eur(7_000), At: noon}
	adopt := account.AdoptTerms{OverdraftLimit: eur(7_000), At: noon}
	then := func(event account.Event) []account.Event { return []account.Event{event} }
	type row = domaintest.Case[account.Command, account.Event]
	refused := func(name string, given []account.Event, why error, change func(*account.AnnounceTerms)) row {
		return row{Name: name, Given: given, When: announce(change), Refused: why}
	}
	domaintest.Run[account.State](t, []row{
		{Name: "terms that are not worse hold from the next month", Given: on, When: announce(same), Then: then(announced)},
		{Name: "worse ones from the third", Given: on, When: announce(func(c *account.AnnounceTerms) { c.Worse = true }),
			Then: then(account.TermsAnnounced{Product: giro, Version: 3, Month: ahead(3), Worse: true, Reason: "new-offer", At: noon})},
		{Name: "another version takes its place", Given: waiting, When: announce(func(c *account.AnnounceTerms) { c.Version = 4 }),
			Then: then(account.TermsAnnounced{Product: giro, Version: 4, Month: ahead(1), Reason: "new-offer", At: noon})},
		{Name: "the present version takes it back", Given: waiting, When: announce(func(c *account.AnnounceTerms) { c.Version = 2 }),
			Then: then(account.TermsWithdrawn{Version: 3, Reason: "new-offer", At: noon})},
		refused("the present version", on, account.ErrTerms, func(c *account.AnnounceTerms) { c.Version = 2 }),
		refused("what is announced already", waiting, account.ErrTerms, same),
		refused("an older version", on, account.ErrVersion, func(c *account.AnnounceTerms) { c.Version = 1 }),
		refused("a version that there is not", on, account.ErrVersion, func(c *account.AnnounceTerms) { c.Version = 5 }),
		refused("no reason", on, account.ErrReason, func(c *account.AnnounceTerms) { c.Reason = "" }),
		refused("a product that is not data", opened(), account.ErrNoVersions, same),
		refused("no account", nil, account.ErrMissing, same),
		refused("a closed account", opened(agreed, account.Closed{Reason: "left", At: noon}), account.ErrClosed, same),

		{Name: "it holds once the month before is closed", Given: over(waiting, month), When: adopt, Then: then(adopted)},
		{Name: "not while no month is closed", Given: waiting, When: adopt},
		{Name: "not before its month", Given: over(opened(agreed, account.TermsAnnounced{Product: giro, Version: 3, Month: ahead(3), Worse: true, At: noon}), month), When: adopt},
		{Name: "once", Given: append(over(waiting, month), adopted), When: adopt},
		{Name: "what was taken back does not", Given: over(opened(agreed, announced, account.TermsWithdrawn{Version: 3, At: noon}), month), When: adopt},
		{Name: "nor on a closed account", Given: over(opened(agreed, announced, account.Closed{Reason: "left", At: noon}), month), When: adopt},
		{Name: "an overdraft of another currency", Given: over(waiting, month), When: account.AdoptTerms{OverdraftLimit: money.Amount{Minor: 1, Currency: "USD"}, At: noon}, Refused: account.ErrInvalid},
	})
	state := folded(append(over(waiting, month), adopted))
	require.Equal(t, []any{int64(3), int64(7_000), account.Announced{}}, []any{state.Version, state.Overdraft, state.Announced})
}

// Whatever day holders are told on, they have two months.
func TestWorseTermsLeaveTwoMonths(t *testing.T) {
	t.Parallel()
	on := folded(opened(account.ProductAgreed{Product: id.Named[id.Product]("giro"), Version: 1, At: noon}))
	for day := time.Date(2027, 1, 1, 12, 0, 0, 0, time.UTC); day.Year() < 2029; day = day.AddDate(0, 0, 1) {
		facts, err := on.Decide(account.AnnounceTerms{Version: 2, Newest: 2, Worse: true, Reason: "rates", At: day})
		require.NoError(t, err)
		begins, err := time.Parse(time.DateOnly, facts[0].(account.TermsAnnounced).Month+"-01")
		require.NoError(t, err)
		last := time.Date(day.Year(), day.Month()+3, 0, 0, 0, 0, 0, time.UTC).Day() // of the month two months on
		ends := time.Date(day.Year(), day.Month()+2, min(day.Day(), last), 0, 0, 0, 0, time.UTC)
		require.True(t, begins.After(ends), "%s: %s", day, begins)
	}
}
