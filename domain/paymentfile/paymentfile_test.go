package paymentfile_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"florin/domain"
	"florin/domain/domaintest"
	"florin/domain/id"
	"florin/domain/money"
	"florin/domain/paymentfile"
	"florin/domain/sca"
)

func TestPaymentFile(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	until := noon.Add(5 * time.Minute)
	word := domain.NewEvidence
	item := paymentfile.Item{EndToEnd: word("E-1"), Creditor: word("DE1"), CreditorName: word("Bob"), Amount: money.Amount{Minor: 1500, Currency: "EUR"}}
	asked := paymentfile.Submitted{File: id.Named[id.PaymentFile]("f"), Customer: id.Named[id.Customer]("anna"), From: id.Named[id.Account]("a"), Message: word("MSG 1"),
		Total: money.Amount{Minor: 3000, Currency: "EUR"}, Digest: "d", Count: 2, List: paymentfile.List([]paymentfile.Item{item, item}), At: noon}
	demand := sca.Demand{Challenge: id.Named[id.Challenge]("c"), Nonce: "n", Methods: []string{"totp"}, Text: "digest, count, total", ExpiresAt: until}
	with := func(change func(*paymentfile.Submit)) paymentfile.Submit {
		s := paymentfile.Submit{Asked: asked, Items: []paymentfile.Item{item, item}, Demand: demand}
		change(&s)
		return s
	}
	challenged := paymentfile.Challenged{Challenge: demand.Challenge, Nonce: "n", Methods: demand.Methods, Display: word("digest, count, total"), ExpiresAt: until, At: noon}
	waiting := []paymentfile.Event{asked, challenged}
	yes := sca.Answer{Method: "totp", Text: "digest, count, total", Proven: true}
	no := yes
	no.Text = "another file"
	authorised := paymentfile.Authorised{Challenge: demand.Challenge, Method: "totp", At: noon}
	failed := paymentfile.AuthorisationFailed{Challenge: demand.Challenge, Method: "totp", At: noon}
	type e = []paymentfile.Event
	after := func(more ...paymentfile.Event) e { return append(waiting[:2:2], more...) }
	unfit := item
	unfit.Refused = "invalid-bic"
	listing := func(items ...paymentfile.Item) paymentfile.Submitted {
		listed := asked
		listed.List = paymentfile.List(items)
		return listed
	}
	domaintest.Run[paymentfile.State](t, []domaintest.Case[paymentfile.Command, paymentfile.Event]{
		{Name: "what nothing is right in is rejected at once", When: with(func(s *paymentfile.Submit) { s.Items = []paymentfile.Item{unfit, unfit} }),
			Then: e{listing(unfit, unfit), paymentfile.Rejected{Code: "invalid-bic", At: noon}}},
		{Name: "what something is right in is confirmed", When: with(func(s *paymentfile.Submit) { s.Items = []paymentfile.Item{unfit, item} }), Then: e{listing(unfit, item), challenged}},
		{Name: "what is rejected at once is not confirmed", Given: e{listing(unfit, unfit), paymentfile.Rejected{Code: "invalid-bic", At: noon}}, When: paymentfile.Authorise{Answer: yes, At: noon}, Refused: paymentfile.ErrSCA},
		{Name: "a file is always confirmed", When: with(func(*paymentfile.Submit) {}), Then: waiting},
		{Name: "it is taken once", Given: waiting, When: with(func(*paymentfile.Submit) {}), Refused: paymentfile.ErrExists},
		{Name: "it has a name", When: with(func(s *paymentfile.Submit) { s.Asked.Message = domain.Evidence{} }), Refused: paymentfile.ErrInvalid},
		{Name: "of one line", When: with(func(s *paymentfile.Submit) { s.Asked.Message = word("a\nb") }), Refused: paymentfile.ErrInvalid},
		{Name: "that is not too long", When: with(func(s *paymentfile.Submit) { s.Asked.Message = word(strings.Repeat("x", 36)) }), Refused: paymentfile.ErrInvalid},
		{Name: "it has a digest", When: with(func(s *paymentfile.Submit) { s.Asked.Digest = "" }), Refused: paymentfile.ErrInvalid},
		{Name: "it has a debtor", When: with(func(s *paymentfile.Submit) { s.Asked.From = id.Account{} }), Refused: paymentfile.ErrMissing},
		{Name: "it holds something", When: with(func(s *paymentfile.Submit) { s.Items = nil }), Refused: paymentfile.ErrInvalid},
		{Name: "and not too much", When: with(func(s *paymentfile.Submit) { s.Items = slices.Repeat(s.Items, 51) }), Refused: paymentfile.ErrInvalid},
		{Name: "its total is that of its payments", When: with(func(s *paymentfile.Submit) { s.Asked.Total.Minor++ }), Refused: paymentfile.ErrInvalid},
		{Name: "which are in euros", When: with(func(s *paymentfile.Submit) { s.Items[1].Amount.Currency = "USD" }), Refused: paymentfile.ErrInvalid},
		{Name: "and more than nothing", When: with(func(s *paymentfile.Submit) { s.Items[0].Amount.Minor, s.Items[1].Amount.Minor = 0, 3000 }), Refused: paymentfile.ErrInvalid},
		{Name: "and have names", When: with(func(s *paymentfile.Submit) { s.Items[1].EndToEnd = domain.Evidence{} }), Refused: paymentfile.ErrInvalid},
		{Name: "confirmed, it goes", Given: waiting, When: paymentfile.Authorise{Answer: yes, At: noon}, Then: e{authorised}},
		{Name: "another file is not confirmed", Given: waiting, When: paymentfile.Authorise{Answer: no, At: noon}, Then: e{failed}},
		{Name: "five failures reject it", Given: after(failed, failed, failed, failed), When: paymentfile.Authorise{Answer: no, At: noon}, Then: e{failed, paymentfile.Rejected{Code: "sca-failed", At: noon}}},
		{Name: "too late is the end", Given: waiting, When: paymentfile.Authorise{Answer: yes, At: until}, Then: e{paymentfile.Expired{At: until}}},
		{Name: "it is confirmed once", Given: after(authorised), When: paymentfile.Authorise{Answer: yes, At: noon}, Refused: paymentfile.ErrSCA},
		{Name: "what is not there is not confirmed", When: paymentfile.Authorise{Answer: yes, At: noon}, Refused: paymentfile.ErrSCA},
		{Name: "its payments come to their ends", Given: after(authorised), When: paymentfile.Complete{At: noon}, Then: e{paymentfile.Completed{Settled: 2, At: noon}}},
		{Name: "some to another than was wanted", Given: after(authorised), When: paymentfile.Complete{Failed: 1, At: noon}, Then: e{paymentfile.Completed{Settled: 1, Failed: 1, At: noon}}},
		{Name: "all of them", Given: after(authorised), When: paymentfile.Complete{Failed: 2, At: noon}, Then: e{paymentfile.Completed{Failed: 2, At: noon}}},
		{Name: "no more than there are", Given: after(authorised), When: paymentfile.Complete{Failed: 3, At: noon}, Refused: paymentfile.ErrNotComplete},
		{Name: "nor fewer than none", Given: after(authorised), When: paymentfile.Complete{Failed: -1, At: noon}, Refused: paymentfile.ErrNotComplete},
		{Name: "it is complete once", Given: after(authorised, paymentfile.Completed{Settled: 2, At: noon}), When: paymentfile.Complete{At: noon}, Refused: paymentfile.ErrNotComplete},
		{Name: "and not before it is confirmed", Given: waiting, When: paymentfile.Complete{At: noon}, Refused: paymentfile.ErrNotComplete},
		{Name: "nor withdrawn after", Given: after(authorised, paymentfile.Completed{Settled: 2, At: noon}), When: paymentfile.Cancel{At: noon}, Refused: paymentfile.ErrNotCancellable},
		{Name: "it expires", Given: waiting, When: paymentfile.Expire{At: until}, Then: e{paymentfile.Expired{At: until}}},
		{Name: "not before its time", Given: waiting, When: paymentfile.Expire{At: noon}, Refused: paymentfile.ErrNotExpired},
		{Name: "nor once it is confirmed", Given: after(authorised), When: paymentfile.Expire{At: until}, Refused: paymentfile.ErrNotExpired},
		{Name: "it is withdrawn", Given: waiting, When: paymentfile.Cancel{At: noon}, Then: e{paymentfile.Cancelled{At: noon}}},
		{Name: "not when it is confirmed", Given: after(authorised), When: paymentfile.Cancel{At: noon}, Refused: paymentfile.ErrNotCancellable},
		{Name: "nor when it is not there", When: paymentfile.Cancel{At: noon}, Refused: paymentfile.ErrMissing},
	})
}
