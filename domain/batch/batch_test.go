package batch_test

import (
	"testing"
	"time"

	"florin/domain"
	"florin/domain/batch"
	"florin/domain/domaintest"
	"florin/domain/id"
	"florin/domain/money"
	"florin/domain/sca"
)

func TestBatch(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	until := noon.Add(5 * time.Minute)
	asked := batch.Submitted{Batch: id.Named[id.Batch]("b"), Customer: id.Named[id.Customer]("alice"), From: id.Named[id.Account]("a"), Count: 2,
		Total: money.Amount{Minor: 3000, Currency: "EUR"}, Digest: "d", At: noon}
	demand := sca.Demand{Challenge: id.Named[id.Challenge]("c"), Nonce: "n", Methods: []string{"totp"}, Text: "total and list", ExpiresAt: until}
	with := func(change func(*batch.Submit)) batch.Submit {
		c := batch.Submit{Asked: asked, Assessment: batch.Assessed{Outcome: "challenge", Policy: "p"}, Demand: demand}
		change(&c)
		return c
	}
	assessed := func(outcome string) batch.Assessed { return batch.Assessed{Outcome: outcome, Policy: "p", At: noon} }
	challenged := batch.Challenged{Challenge: demand.Challenge, Nonce: "n", Methods: demand.Methods, Display: domain.NewEvidence("total and list"), ExpiresAt: until, At: noon}
	waiting := []batch.Event{asked, assessed("challenge"), challenged}
	yes := sca.Answer{Method: "totp", Text: "total and list", Proven: true}
	no := yes
	no.Text = "another list"
	authorised := batch.Authorised{Challenge: demand.Challenge, Method: "totp", At: noon}
	failed := batch.AuthorisationFailed{Challenge: demand.Challenge, Method: "totp", At: noon}
	type e = []batch.Event
	after := func(more ...batch.Event) e { return append(waiting[:3:3], more...) }
	domaintest.Run[batch.State](t, []domaintest.Case[batch.Command, batch.Event]{
		{Name: "it is executed at once", When: with(func(c *batch.Submit) { c.Assessment.Outcome = batch.Allow }), Then: e{asked, assessed("allow"), batch.Executed{At: noon}}},
		{Name: "or challenged", When: with(func(*batch.Submit) {}), Then: waiting},
		{Name: "or blocked", When: with(func(c *batch.Submit) { c.Assessment.Outcome = batch.Block }), Then: e{asked, assessed("block"), batch.Rejected{Code: "transfer-blocked", At: noon}}},
		{Name: "whatever is no clear yes is a challenge", When: with(func(c *batch.Submit) { c.Assessment.Outcome = "fine" }), Then: e{asked, assessed("fine"), challenged}},
		{Name: "one refused item refuses all", When: with(func(c *batch.Submit) { c.Refused, c.Item = "account-closed", 2 }),
			Then: e{asked, batch.Rejected{Code: "account-closed", Item: 2, At: noon}}},
		{Name: "it is submitted once", Given: waiting, When: with(func(*batch.Submit) {}), Refused: batch.ErrExists},
		{Name: "it holds something", When: with(func(c *batch.Submit) { c.Asked.Count = 0 }), Refused: batch.ErrSize},
		{Name: "and not too much", When: with(func(c *batch.Submit) { c.Asked.Count = batch.Max + 1 }), Refused: batch.ErrSize},
		{Name: "its total is an amount", When: with(func(c *batch.Submit) { c.Asked.Total.Minor = money.MinorMax + 1 }), Refused: batch.ErrSize},
		{Name: "in a currency", When: with(func(c *batch.Submit) { c.Asked.Total.Currency = "XXQ" }), Refused: batch.ErrSize},
		{Name: "it has a debtor", When: with(func(c *batch.Submit) { c.Asked.From = id.Account{} }), Refused: batch.ErrMissing},
		{Name: "confirmed, it is executed", Given: waiting, When: batch.Authorise{Answer: yes, At: noon}, Then: e{authorised, batch.Executed{At: noon}}},
		{Name: "unless a rule says no by now", Given: waiting, When: batch.Authorise{Answer: yes, Refused: "account-frozen", Item: 1, At: noon},
			Then: e{authorised, batch.Rejected{Code: "account-frozen", Item: 1, At: noon}}},
		{Name: "another list is not confirmed", Given: waiting, When: batch.Authorise{Answer: no, At: noon}, Then: e{failed}},
		{Name: "five failures reject it", Given: after(failed, failed, failed, failed), When: batch.Authorise{Answer: no, At: noon}, Then: e{failed, batch.Rejected{Code: "sca-failed", At: noon}}},
		{Name: "too late is the end", Given: waiting, When: batch.Authorise{Answer: yes, At: until}, Then: e{batch.Expired{At: until}}},
		{Name: "it is confirmed once", Given: after(authorised, batch.Executed{At: noon}), When: batch.Authorise{Answer: yes, At: noon}, Refused: batch.ErrSCA},
		{Name: "it expires", Given: waiting, When: batch.Expire{At: until}, Then: e{batch.Expired{At: until}}},
		{Name: "not before its time", Given: waiting, When: batch.Expire{At: noon}, Refused: batch.ErrNotExpired},
		{Name: "it is withdrawn", Given: waiting, When: batch.Cancel{At: noon}, Then: e{batch.Cancelled{At: noon}}},
		{Name: "not when it is executed", Given: after(authorised, batch.Executed{At: noon}), When: batch.Cancel{At: noon}, Refused: batch.ErrNotCancellable},
		{Name: "nor when it is not there", When: batch.Cancel{At: noon}, Refused: batch.ErrMissing},
	})
}
