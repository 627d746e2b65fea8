package transfer_test

import (
	"testing"
	"time"

	"florin/domain"
	"florin/domain/domaintest"
	"florin/domain/id"
	"florin/domain/transfer"
)

func TestScheduled(t *testing.T) {
	t.Parallel()
	due := time.Date(2026, 1, 31, 5, 0, 0, 0, time.UTC)
	dated := transfer.Dated{Day: "2026-01-31", Zone: "Europe/Berlin", Due: due, At: noon}
	shown := statement
	shown.ExecuteOn = dated.Day
	with := func(change func(*transfer.Initiate)) transfer.Initiate {
		c := ask
		c.Dated, c.Today, c.Demand.Statement = transfer.Dated{Day: dated.Day, Zone: dated.Zone, Due: due}, "2026-01-02", shown
		change(&c)
		return c
	}
	on := func(day string) transfer.Initiate { return with(func(c *transfer.Initiate) { c.Dated.Day = day }) }
	challenge := transfer.Challenged{Challenge: demand.Challenge, Nonce: demand.Nonce, Methods: demand.Methods, Display: domain.NewEvidence(shown.Text()), ExpiresAt: late, At: noon}
	waits := facts{initiated(), dated, assessed(transfer.Allow, ""), challenge}
	authorised := transfer.Authorised{Method: "sca-key", Challenge: demand.Challenge, Evidence: answer.Evidence, At: noon}
	yes, undated := answer, answer
	yes.Statement = shown
	scheduled := after(waits, authorised, transfer.Scheduled{At: noon})
	ran := post(t, due)
	domaintest.Run[transfer.State](t, []row{
		{Name: "one of a later day is always confirmed, whatever risk would spare", When: with(func(*transfer.Initiate) {}), Then: waits},
		{Name: "what risk blocks is rejected", When: with(func(c *transfer.Initiate) { c.Assessment.Outcome = transfer.Block }),
			Then: facts{initiated(), dated, assessed(transfer.Block, ""), transfer.Rejected{Code: "transfer-blocked", At: noon}}},
		{Name: "what a rule refuses now is not asked for again on the day", When: with(func(c *transfer.Initiate) { c.Refused = "account-closed" }),
			Then: facts{initiated(), dated, transfer.Rejected{Code: "account-closed", At: noon}}},
		{Name: "yesterday is over", When: on("2026-01-01"), Refused: transfer.ErrDay},
		{Name: "more than a year is too far", When: on("2027-01-03"), Refused: transfer.ErrDay},
		{Name: "there is no 30 February", When: on("2026-02-30"), Refused: transfer.ErrDay},
		{Name: "a day is no moment", When: on("2026-01-31T10:00:00Z"), Refused: transfer.ErrDay},
		{Name: "confirmed, it waits for its day", Given: waits, When: yes, Then: facts{authorised, transfer.Scheduled{At: noon}}},
		{Name: "unless a rule says no by now", Given: waits, When: func() transfer.Authorise { c := yes; c.Refused = "account-closed"; return c }(),
			Then: facts{authorised, transfer.Rejected{Code: "account-closed", At: noon}}},
		{Name: "a yes to another day is none", Given: waits, When: undated, Then: facts{failed("sca-key")}},
		{Name: "its day comes", Given: scheduled, When: transfer.Run{At: due}, Then: facts{ran}},
		{Name: "or has come long ago", Given: scheduled, When: transfer.Run{At: due.AddDate(1, 0, 0)}, Then: facts{post(t, due.AddDate(1, 0, 0))}},
		{Name: "what a rule refuses on the day is refused for ever", Given: scheduled, When: transfer.Run{Refused: "insufficient-funds", At: due},
			Then: facts{transfer.Rejected{Code: "insufficient-funds", At: due}}},
		{Name: "not before its day", Given: scheduled, When: transfer.Run{At: due.Add(-time.Second)}, Refused: transfer.ErrNotDue},
		{Name: "nor unconfirmed", Given: waits, When: transfer.Run{At: due}, Refused: transfer.ErrNotDue},
		{Name: "nor twice", Given: after(scheduled, ran), When: transfer.Run{At: due}, Refused: transfer.ErrNotDue},
		{Name: "nor what is withdrawn", Given: after(scheduled, transfer.Cancelled{At: noon}), When: transfer.Run{At: due}, Refused: transfer.ErrNotDue},
		{Name: "nor what never was", When: transfer.Run{At: due}, Refused: transfer.ErrNotDue},
		{Name: "while it waits it is withdrawn", Given: scheduled, When: transfer.Cancel{At: noon}, Then: facts{transfer.Cancelled{At: noon}}},
		{Name: "not any more when it is executed", Given: after(scheduled, ran), When: transfer.Cancel{At: due}, Refused: transfer.ErrNotCancellable},
		{Name: "it is confirmed once", Given: scheduled, When: yes, Refused: transfer.ErrSCA},
		{Name: "it does not expire", Given: scheduled, When: transfer.Expire{At: due}, Refused: transfer.ErrNotExpired},
		{Name: "there is nothing to give back yet", Given: scheduled, When: transfer.Reverse{Reversal: id.Named[id.Transfer]("r"), Amount: twelve, At: noon}, Refused: transfer.ErrNotReversible},
	})
}

// post is the posting of ask's money at another time.
func post(t *testing.T, at time.Time) transfer.Event {
	fact := posted(t).(transfer.Posted)
	fact.At = at
	return fact
}
