package transfer_test

import (
	"testing"
	"time"

	"florin/domain/domaintest"
	"florin/domain/transfer"
)

func TestReview(t *testing.T) {
	t.Parallel()
	until := noon.Add(72 * time.Hour)
	suspect := facts{initiated(), assessed(transfer.Hold, ""), challenged()[2]}
	yes := answer
	yes.ReviewUntil = until
	authorised := transfer.Authorised{Method: "sca-key", Challenge: chl, Evidence: answer.Evidence, At: noon}
	held := append(suspect[:3:3], authorised, transfer.Held{Until: until, At: noon})
	after := func(more ...transfer.Event) facts { return append(held[:5:5], more...) }
	with := func(change func(*transfer.Initiate)) transfer.Initiate {
		c := ask
		c.Assessment, c.ReviewUntil = transfer.Assessed{Outcome: transfer.Hold, Policy: "fixed-1"}, until
		change(&c)
		return c
	}
	domaintest.Run[transfer.State](t, []row{
		{Name: "it is confirmed first", When: with(func(*transfer.Initiate) {}), Then: suspect},
		{Name: "and then held", Given: suspect, When: yes, Then: facts{authorised, transfer.Held{Until: until, At: noon}}},
		{Name: "of a series it was confirmed before", When: with(func(c *transfer.Initiate) { c.Confirmed = true }),
			Then: facts{initiated(), assessed(transfer.Hold, ""), transfer.Held{Until: until, At: noon}}},
		{Name: "a rule that says no is heard first", Given: suspect, When: func() transfer.Authorise { c := yes; c.Refused = "account-frozen"; return c }(),
			Then: facts{authorised, transfer.Rejected{Code: "account-frozen", At: noon}}},
		{Name: "released it is posted", Given: held, When: transfer.Release{At: noon}, Then: facts{transfer.Released{At: noon}, posted(t)}},
		{Name: "unless a rule says no by now", Given: held, When: transfer.Release{Refused: "account-frozen", At: noon},
			Then: facts{transfer.Released{At: noon}, transfer.Rejected{Code: "account-frozen", At: noon}}},
		{Name: "refused it is over", Given: held, When: transfer.Refuse{At: noon}, Then: facts{transfer.Rejected{Code: "review-refused", At: noon}}},
		{Name: "its customer withdraws it", Given: held, When: transfer.Cancel{At: noon}, Then: facts{transfer.Cancelled{At: noon}}},
		{Name: "nobody has looked", Given: held, When: transfer.Refuse{Lapsed: true, At: until}, Then: facts{transfer.Rejected{Code: "review-lapsed", At: until}}},
		{Name: "but there is time left", Given: held, When: transfer.Refuse{Lapsed: true, At: until.Add(-1)}, Refused: transfer.ErrNotHeld},
		{Name: "nobody releases what is not confirmed", Given: suspect, When: transfer.Release{At: noon}, Refused: transfer.ErrNotHeld},
		{Name: "nor refuses it", Given: suspect, When: transfer.Refuse{At: noon}, Refused: transfer.ErrNotHeld},
		{Name: "nor what is not there", When: transfer.Release{At: noon}, Refused: transfer.ErrNotHeld},
		{Name: "it is released once", Given: after(transfer.Released{At: noon}, posted(t)), When: transfer.Release{At: noon}, Refused: transfer.ErrNotHeld},
		{Name: "and not after a no", Given: after(transfer.Rejected{Code: "review-refused", At: noon}), When: transfer.Release{At: noon}, Refused: transfer.ErrNotHeld},
		{Name: "nor once it is withdrawn", Given: after(transfer.Cancelled{At: noon}), When: transfer.Release{At: noon}, Refused: transfer.ErrNotHeld},
		{Name: "it is confirmed once", Given: held, When: yes, Refused: transfer.ErrSCA},
		{Name: "it does not expire", Given: held, When: transfer.Expire{At: until}, Refused: transfer.ErrNotExpired},
	})
}
