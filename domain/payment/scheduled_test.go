package payment_test

import (
	"testing"
	"time"

	"florin/domain"
	"florin/domain/domaintest"
	"florin/domain/id"
	"florin/domain/payment"
)

func TestScheduled(t *testing.T) {
	t.Parallel()
	due := time.Date(2026, 1, 31, 5, 0, 0, 0, time.UTC)
	dated := payment.Dated{Day: "2026-01-31", Zone: "Europe/Berlin", Due: due, At: noon}
	shown := statement
	shown.ExecuteOn = dated.Day
	with := func(change func(*payment.Initiate)) payment.Initiate {
		c := ask
		c.Dated, c.Today, c.Demand.Statement = payment.Dated{Day: dated.Day, Zone: dated.Zone, Due: due}, "2026-01-02", shown
		change(&c)
		return c
	}
	on := func(day string) payment.Initiate { return with(func(c *payment.Initiate) { c.Dated.Day = day }) }
	challenge := payment.Challenged{Challenge: demand.Challenge, Nonce: demand.Nonce, Methods: demand.Methods, Display: domain.NewEvidence(shown.Text()), ExpiresAt: late, At: noon}
	waits := facts{initiated(), dated, verified(payment.Matches), assessed(payment.Allow, ""), challenge}
	authorised := payment.Authorised{Method: "sca-key", Challenge: demand.Challenge, Evidence: answer.Evidence, At: noon}
	yes := answer
	yes.Statement = shown
	scheduled := after(waits, authorised, payment.Scheduled{At: noon})
	ran := after(scheduled, payment.FellDue{At: due})
	submitDue := submit
	submitDue.At = due
	domaintest.Run[payment.State](t, []row{
		{Name: "one of a later day is always confirmed, whatever risk would spare", When: with(func(*payment.Initiate) {}), Then: waits},
		{Name: "what risk blocks is rejected", When: with(func(c *payment.Initiate) { c.Assessment.Outcome = payment.Block }),
			Then: facts{initiated(), dated, verified(payment.Matches), assessed(payment.Block, ""), payment.Rejected{Code: "payment-blocked", At: noon}}},
		{Name: "what a rule refuses now is not asked for again on the day", When: with(func(c *payment.Initiate) { c.Refused = "account-closed" }),
			Then: facts{initiated(), dated, payment.Rejected{Code: "account-closed", At: noon}}},
		{Name: "yesterday is over", When: on("2026-01-01"), Refused: payment.ErrDay},
		{Name: "more than a year is too far", When: on("2027-01-03"), Refused: payment.ErrDay},
		{Name: "there is no 30 February", When: on("2026-02-30"), Refused: payment.ErrDay},
		{Name: "a day is no moment", When: on("2026-01-31T10:00:00Z"), Refused: payment.ErrDay},
		{Name: "who does not know what today is knows no day", When: with(func(c *payment.Initiate) { c.Today = "" }), Refused: payment.ErrDay},
		{Name: "confirmed, it waits for its day", Given: waits, When: yes, Then: facts{authorised, payment.Scheduled{At: noon}}},
		{Name: "unless a rule says no by now", Given: waits, When: func() payment.Authorise { c := yes; c.Refused = "account-closed"; return c }(),
			Then: facts{authorised, payment.Rejected{Code: "account-closed", At: noon}}},
		{Name: "a yes to another day is none", Given: waits, When: answer, Then: facts{failed("sca-key")}},
		{Name: "its day comes", Given: scheduled, When: payment.Run{At: due}, Then: facts{payment.FellDue{At: due}}},
		{Name: "or has come long ago", Given: scheduled, When: payment.Run{At: due.AddDate(1, 0, 0)}, Then: facts{payment.FellDue{At: due.AddDate(1, 0, 0)}}},
		{Name: "then it goes like others", Given: ran, When: submitDue, Then: facts{payment.Submitted{Message: "m1", EndToEnd: "e1", Journal: entry, At: due}}},
		{Name: "but not before", Given: scheduled, When: submit, Refused: payment.ErrNotReady},
		{Name: "what a rule refuses on the day is refused for ever", Given: scheduled, When: payment.Run{Refused: "insufficient-funds", At: due},
			Then: facts{payment.Rejected{Code: "insufficient-funds", At: due}}},
		{Name: "it does not run before its day", Given: scheduled, When: payment.Run{At: due.Add(-time.Second)}, Refused: payment.ErrNotDue},
		{Name: "nor unconfirmed", Given: waits, When: payment.Run{At: due}, Refused: payment.ErrNotDue},
		{Name: "nor twice", Given: ran, When: payment.Run{At: due}, Refused: payment.ErrNotDue},
		{Name: "nor what is withdrawn", Given: after(scheduled, payment.Cancelled{At: noon}), When: payment.Run{At: due}, Refused: payment.ErrNotDue},
		{Name: "nor what is of no day", Given: ready(), When: payment.Run{At: due}, Refused: payment.ErrNotDue},
		{Name: "nor what never was", When: payment.Run{At: due}, Refused: payment.ErrNotDue},
		{Name: "while it waits it is withdrawn", Given: scheduled, When: payment.Cancel{At: noon}, Then: facts{payment.Cancelled{At: noon}}},
		{Name: "also on its day, until it is submitted", Given: ran, When: payment.Cancel{At: due}, Then: facts{payment.Cancelled{At: due}}},
		{Name: "it is confirmed once", Given: scheduled, When: yes, Refused: payment.ErrSCA},
		{Name: "it does not expire", Given: scheduled, When: payment.Expire{At: due}, Refused: payment.ErrNotExpired},
		{Name: "the rail owes nothing yet", Given: scheduled, When: payment.Settle{Journal: id.Named[id.Journal]("j"), At: due}, Refused: payment.ErrNotAwaited},
	})
}

// What is held is what has to be freed: of a later day nothing is, until it comes.
func TestHeld(t *testing.T) {
	t.Parallel()
	dated, scheduled, due := payment.Dated{Day: "2026-01-31"}, payment.Scheduled{}, payment.FellDue{}
	for name, tc := range map[string]struct {
		given facts
		held  bool
	}{
		"nothing": {nil, false}, "challenged": {challenged(), true}, "ready": {ready(), true}, "sent": {sent(), false},
		"challenged for a day": {facts{initiated(), dated, challenge()}, false}, "scheduled": {facts{initiated(), dated, challenge(), payment.Authorised{}, scheduled}, false},
		"due": {facts{initiated(), dated, challenge(), payment.Authorised{}, scheduled, due}, true}, "over": {after(ready(), payment.Cancelled{}), false},
	} {
		var state payment.State
		for _, fact := range tc.given {
			state = state.Evolve(fact)
		}
		if state.Held() != tc.held {
			t.Errorf("%s: held %t", name, state.Held())
		}
	}
}
