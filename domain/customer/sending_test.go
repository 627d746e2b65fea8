package customer_test

import (
	"testing"
	"time"

	"florin/domain/customer"
	"florin/domain/domaintest"
	"florin/domain/id"
)

func TestSendingLimit(t *testing.T) {
	t.Parallel()
	first, second := id.Named[id.Decision]("first"), id.Named[id.Decision]("second")
	limited := func(hundredths int64, hours int, by id.Decision) customer.SendingLimited {
		return customer.SendingLimited{Hundredths: hundredths, Until: noon.Add(time.Duration(hours) * time.Hour), Decision: by, At: noon}
	}
	ask := func(hundredths int64, hours int) customer.LimitSending {
		return customer.LimitSending(limited(hundredths, hours, second))
	}
	begun := limited(10_000, 24, first)
	over := begun.Until
	late := customer.LimitSending{Hundredths: 50_000, Until: over.Add(time.Hour), Decision: second, At: over}
	domaintest.Run[customer.State](t, []domaintest.Case[customer.Command, customer.Event]{
		{Name: "nobody is limited who is not there", When: ask(10_000, 24), Refused: customer.ErrUnknown},
		{Name: "it begins", Given: given(enrolled), When: ask(10_000, 24), Then: given(limited(10_000, 24, second))},
		{Name: "what is no stricter changes nothing", Given: given(enrolled, begun), When: ask(20_000, 12)},
		{Name: "nor what is the same", Given: given(enrolled, begun), When: ask(10_000, 24)},
		{Name: "a lower one holds for the longer time", Given: given(enrolled, begun), When: ask(5_000, 12), Then: given(limited(5_000, 24, second))},
		{Name: "a longer one keeps the lower limit", Given: given(enrolled, begun), When: ask(20_000, 48), Then: given(limited(10_000, 48, second))},
		{Name: "one that is over counts no more", Given: given(enrolled, begun), When: late, Then: given(customer.SendingLimited(late))},
		{Name: "it is lifted", Given: given(enrolled, begun), When: customer.LiftSendingLimit{At: noon}, Then: given(customer.SendingLimitLifted{At: noon})},
		{Name: "once", Given: given(enrolled, begun, customer.SendingLimitLifted{At: noon}), When: customer.LiftSendingLimit{At: noon}, Refused: customer.ErrNotLimited},
		{Name: "not when there is none", Given: given(enrolled), When: customer.LiftSendingLimit{At: noon}, Refused: customer.ErrNotLimited},
		{Name: "nor when it is over", Given: given(enrolled, begun), When: customer.LiftSendingLimit{At: over}, Refused: customer.ErrNotLimited},
	})
}
