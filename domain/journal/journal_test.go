package journal_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/domain"
	"florin/domain/domaintest"
	"florin/domain/id"
	"florin/domain/journal"
	"florin/domain/money"
)

func TestPost(t *testing.T) {
	t.Parallel()
	ten := money.Amount{Minor: 1000, Currency: "EUR"}
	legs, err := money.NewPosting(money.Leg{Account: id.Named[id.Account]("nostro"), Amount: ten.Negate()}, money.Leg{Account: id.Named[id.Account]("alice"), Amount: ten})
	require.NoError(t, err)
	post := journal.Post{Journal: id.Named[id.Journal]("j"), Purpose: journal.Deposit, Legs: legs, Reference: domain.NewEvidence("cash"),
		At: time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)}
	with := func(change func(*journal.Post)) journal.Post { c := post; change(&c); return c }
	booked := []journal.Event{journal.Posted(post)}

	domaintest.Run[journal.State](t, []domaintest.Case[journal.Command, journal.Event]{
		{Name: "an entry is booked", When: post, Then: booked},
		{Name: "an entry needs no words", When: with(func(c *journal.Post) { c.Reference = domain.Evidence{} }),
			Then: []journal.Event{journal.Posted(with(func(c *journal.Post) { c.Reference = domain.Evidence{} }))}},
		{Name: "an entry is booked once", Given: booked, When: post, Refused: journal.ErrExists},
		{Name: "an entry has a purpose", When: with(func(c *journal.Post) { c.Purpose = "" }), Refused: journal.ErrPurpose},
		{Name: "the bank knows its purposes", When: with(func(c *journal.Post) { c.Purpose = "present" }), Refused: journal.ErrPurpose},
		{Name: "an entry moves something", When: with(func(c *journal.Post) { c.Legs = money.Posting{} }), Refused: journal.ErrNoLegs},
		{Name: "its reference is clean", When: with(func(c *journal.Post) { c.Reference = domain.NewEvidence("a\nb") }), Refused: journal.ErrReference},
	})
}
