package payment_test

import (
	"strings"
	"testing"
	"time"

	"florin/domain"
	"florin/domain/domaintest"
	"florin/domain/iban"
	"florin/domain/id"
	"florin/domain/money"
	"florin/domain/payment"
)

var (
	noon  = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	late  = noon.Add(10 * time.Minute)
	p1    = id.Named[id.Payment]("p1")
	alice = id.Named[id.Account]("alice")
	chl   = id.Named[id.Challenge]("c1")
	entry = id.Named[id.Journal]("j1")
	order = id.Named[id.StandingOrder]("o1")
	sum   = money.Amount{Minor: 1250, Currency: "EUR"}

	statement = payment.Statement{Audience: "https://bank", Payment: p1.String(), Challenge: chl.String(), Nonce: "n0nce", Debtor: alice.String(),
		Creditor: "DE89370400440532013000", CreditorName: "Bob", Payee: "close-match", PayeeName: "Robert", Amount: "12.50", Currency: "EUR", Fees: "0.00", Expiry: payment.Spell(late)}
	demand = payment.Demand{Challenge: chl, Nonce: "n0nce", Methods: []string{"sca-key", "totp"}, Statement: statement, ExpiresAt: late}
	ask    = payment.Initiate{Payment: p1, Customer: id.Named[id.Customer]("alice"), From: alice, Creditor: domain.NewEvidence("DE89370400440532013000"),
		CreditorName: domain.NewEvidence("Bob"), Amount: sum, Reference: domain.NewEvidence("rent"), Rail: "sepa", Verified: payment.PayeeVerified{Result: payment.Matches},
		Assessment: payment.Assessed{Outcome: payment.Allow, Policy: "fixed-1", Exemption: "low-value"}, Demand: demand, At: noon}
	answer = payment.Authorise{Method: "sca-key", Statement: statement, Proven: true, Evidence: domain.NewEvidence("jws"), At: noon}
	submit = payment.Submit{Message: "m1", EndToEnd: "e1", Journal: entry, At: noon}
)

type (
	facts = []payment.Event
	row   = domaintest.Case[payment.Command, payment.Event]
)

func initiated() payment.Event {
	return payment.Initiated{Payment: p1, Customer: ask.Customer, From: alice, Creditor: ask.Creditor, CreditorName: ask.CreditorName,
		Amount: sum, Reference: ask.Reference, Rail: "sepa", At: noon}
}

func verified(result payment.Match) payment.Event {
	return payment.PayeeVerified{Result: result, At: noon}
}

func assessed(outcome payment.Outcome, exemption string) payment.Event {
	return payment.Assessed{Outcome: outcome, Policy: "fixed-1", Exemption: exemption, At: noon}
}

func challenge() payment.Event {
	return payment.Challenged{Challenge: chl, Nonce: "n0nce", Methods: demand.Methods, Display: domain.NewEvidence(statement.Text()), ExpiresAt: late, At: noon}
}

func challenged() facts {
	return facts{initiated(), verified(payment.Matches), assessed(payment.Challenge, ""), challenge()}
}

func ready() facts {
	return facts{initiated(), verified(payment.Matches), assessed(payment.Allow, "low-value"), payment.Authorised{At: noon}}
}

func sent() facts {
	return after(ready(), payment.Submitted{Message: "m1", EndToEnd: "e1", Journal: entry, At: noon})
}

func failed(method string) payment.Event {
	return payment.AuthorisationFailed{Challenge: chl, Method: method, At: noon}
}

func after(before facts, more ...payment.Event) facts {
	return append(append(facts(nil), before...), more...)
}

func TestInitiate(t *testing.T) {
	t.Parallel()
	with := func(change func(*payment.Initiate)) payment.Initiate { c := ask; change(&c); return c }
	rejected := func(change func(*payment.Initiated), code string) facts {
		first := initiated().(payment.Initiated)
		change(&first)
		return facts{first, payment.Rejected{Code: code, At: noon}}
	}
	domaintest.Run[payment.State](t, []row{
		{Name: "what nothing speaks against is authorised, and nobody confirmed it", When: ask, Then: ready()},
		{Name: "one of a file says so", When: with(func(c *payment.Initiate) { c.Filed = payment.Filed{File: id.Named[id.PaymentFile]("f"), Item: 3} }),
			Then: facts{initiated(), payment.Filed{File: id.Named[id.PaymentFile]("f"), Item: 3, At: noon}, verified(payment.Matches), assessed(payment.Allow, "low-value"), payment.Authorised{At: noon}}},
		{Name: "a refused one too", When: with(func(c *payment.Initiate) {
			c.Filed, c.Refused = payment.Filed{File: id.Named[id.PaymentFile]("f")}, "account-frozen"
		}), Then: facts{initiated(), payment.Filed{File: id.Named[id.PaymentFile]("f"), At: noon}, payment.Rejected{Code: "account-frozen", At: noon}}},
		{Name: "one of a standing order was confirmed with the others, whoever its payee is said to be", When: with(func(c *payment.Initiate) {
			c.Ordered, c.Verified.Result, c.Assessment.Outcome, c.Assessment.Exemption = payment.Ordered{Order: order, Occurrence: 2}, payment.NoMatch, payment.Challenge, "recurring"
		}), Then: facts{initiated(), payment.Ordered{Order: order, Occurrence: 2, At: noon}, verified(payment.NoMatch), assessed(payment.Challenge, "recurring"), payment.Authorised{At: noon}}},
		{Name: "but not what risk blocks", When: with(func(c *payment.Initiate) {
			c.Ordered, c.Assessment.Outcome = payment.Ordered{Order: order}, payment.Block
		}), Then: facts{initiated(), payment.Ordered{Order: order, At: noon}, verified(payment.Matches), assessed(payment.Block, ""), payment.Rejected{Code: "payment-blocked", At: noon}}},
		{Name: "nor what an account refuses", When: with(func(c *payment.Initiate) {
			c.Ordered, c.Refused = payment.Ordered{Order: order}, "insufficient-funds"
		}), Then: facts{initiated(), payment.Ordered{Order: order, At: noon}, payment.Rejected{Code: "insufficient-funds", At: noon}}},
		{Name: "what risk wants confirmed waits", When: with(func(c *payment.Initiate) { c.Assessment.Outcome, c.Assessment.Exemption = payment.Challenge, "" }), Then: challenged()},
		{Name: "what risk blocks is rejected", When: with(func(c *payment.Initiate) { c.Assessment.Outcome = payment.Block }),
			Then: facts{initiated(), verified(payment.Matches), assessed(payment.Block, ""), payment.Rejected{Code: "payment-blocked", At: noon}}},
		{Name: "an outcome that nobody knows is a challenge, never a yes", When: with(func(c *payment.Initiate) { c.Assessment.Outcome = "perhaps" }),
			Then: facts{initiated(), verified(payment.Matches), assessed("perhaps", ""), challenge()}},
		{Name: "a payee known by another name is shown first, and no exemption is used", When: with(func(c *payment.Initiate) { c.Verified.Result = payment.NoMatch }),
			Then: facts{initiated(), verified(payment.NoMatch), assessed(payment.Allow, ""), challenge()}},
		{Name: "nearly the name is not the name", When: with(func(c *payment.Initiate) { c.Verified.Result = payment.AlmostMatch }),
			Then: facts{initiated(), verified(payment.AlmostMatch), assessed(payment.Allow, ""), challenge()}},
		{Name: "a payee whom nobody could verify is shown first", When: with(func(c *payment.Initiate) { c.Verified.Result = payment.NotVerified }),
			Then: facts{initiated(), verified(payment.NotVerified), assessed(payment.Allow, ""), challenge()}},
		{Name: "the account's no is a fact, and risk is not asked", When: with(func(c *payment.Initiate) { c.Refused = "insufficient-funds" }),
			Then: facts{initiated(), payment.Rejected{Code: "insufficient-funds", At: noon}}},
		{Name: "nothing is no amount", When: with(func(c *payment.Initiate) { c.Amount.Minor = 0 }),
			Then: rejected(func(e *payment.Initiated) { e.Amount.Minor = 0 }, "invalid-amount")},
		{Name: "money is not pulled", When: with(func(c *payment.Initiate) { c.Amount.Minor = -1 }),
			Then: rejected(func(e *payment.Initiated) { e.Amount.Minor = -1 }, "invalid-amount")},
		{Name: "the rail carries euros", When: with(func(c *payment.Initiate) { c.Amount.Currency = "USD" }),
			Then: rejected(func(e *payment.Initiated) { e.Amount.Currency = "USD" }, "rail-currency")},
		{Name: "what is too large to be kept leaves no fact", When: with(func(c *payment.Initiate) { c.Amount.Minor = money.MinorMax + 1 }), Refused: payment.ErrAmount},
		{Name: "a sum of no currency leaves no fact", When: with(func(c *payment.Initiate) { c.Amount.Currency = "XXX" }), Refused: payment.ErrAmount},
		{Name: "a payee has a name", When: with(func(c *payment.Initiate) { c.CreditorName = domain.Evidence{} }), Refused: payment.ErrName},
		{Name: "a name is no longer than a rail carries", When: with(func(c *payment.Initiate) { c.CreditorName = domain.NewEvidence(strings.Repeat("é", 71)) }), Refused: payment.ErrName},
		{Name: "a name turns no text around", When: with(func(c *payment.Initiate) { c.CreditorName = domain.NewEvidence("a\u202eb") }), Refused: payment.ErrName},
		{Name: "a name is composed", When: with(func(c *payment.Initiate) { c.CreditorName = domain.NewEvidence("e\u0301") }), Refused: payment.ErrName},
		{Name: "a reference is one line", When: with(func(c *payment.Initiate) { c.Reference = domain.NewEvidence("a\nb") }), Refused: payment.ErrReference},
		{Name: "money goes to an account", When: with(func(c *payment.Initiate) { c.Creditor = domain.Evidence{} }), Refused: iban.ErrInvalid},
		{Name: "money comes from an account", When: with(func(c *payment.Initiate) { c.From = id.Account{} }), Refused: payment.ErrMissing},
		{Name: "money goes by a rail", When: with(func(c *payment.Initiate) { c.Rail = "" }), Refused: payment.ErrMissing},
		{Name: "a payment is made once", Given: ready(), When: ask, Refused: payment.ErrExists},
		{Name: "a rejected one is not made again", Given: facts{initiated(), payment.Rejected{Code: "x", At: noon}}, When: ask, Refused: payment.ErrExists},
	})
}

func TestAuthorise(t *testing.T) {
	t.Parallel()
	with := func(change func(*payment.Authorise)) payment.Authorise { c := answer; change(&c); return c }
	authorised := payment.Authorised{Method: "sca-key", Challenge: chl, Evidence: answer.Evidence, At: noon}
	no := facts{failed("sca-key")}
	rows := []row{
		{Name: "the statement confirmed word for word authorises", Given: challenged(), When: answer, Then: facts{authorised}},
		{Name: "what the account refuses by now is rejected", Given: challenged(), When: with(func(c *payment.Authorise) { c.Refused = "account-frozen" }),
			Then: facts{authorised, payment.Rejected{Code: "account-frozen", At: noon}}},
		{Name: "what is not proven fails", Given: challenged(), When: with(func(c *payment.Authorise) { c.Proven = false }), Then: no},
		{Name: "a method that was not offered fails, and its name is not kept", Given: challenged(), When: with(func(c *payment.Authorise) { c.Method = "pigeon" }), Then: facts{failed("other")}},
		{Name: "the fifth failure rejects", Given: after(challenged(), failed("totp"), failed("totp"), failed("totp"), failed("totp")),
			When: with(func(c *payment.Authorise) { c.Proven = false }), Then: facts{failed("sca-key"), payment.Rejected{Code: "sca-failed", At: noon}}},
		{Name: "an answer in the last moment is too late", Given: challenged(), When: with(func(c *payment.Authorise) { c.At = late }), Then: facts{payment.Expired{At: late}}},
		{Name: "an erased statement is confirmed by nothing", When: answer, Then: no,
			Given: facts{initiated(), payment.Challenged{Challenge: chl, Methods: demand.Methods, Display: domain.ErasedEvidence(), ExpiresAt: late, At: noon}}},
		{Name: "what was confirmed is not confirmed again", Given: after(challenged(), authorised), When: answer, Refused: payment.ErrSCA},
		{Name: "what is nothing is not confirmed", When: answer, Refused: payment.ErrSCA},
	}
	for name, change := range map[string]func(*payment.Statement){
		"audience": func(s *payment.Statement) { s.Audience = "x" }, "payment": func(s *payment.Statement) { s.Payment = "x" },
		"challenge": func(s *payment.Statement) { s.Challenge = "x" }, "nonce": func(s *payment.Statement) { s.Nonce = "x" },
		"debtor": func(s *payment.Statement) { s.Debtor = "x" }, "creditor": func(s *payment.Statement) { s.Creditor = "GB33BUKB20201555555555" },
		"name": func(s *payment.Statement) { s.CreditorName = "x" }, "verification": func(s *payment.Statement) { s.Payee = "match" },
		"holder": func(s *payment.Statement) { s.PayeeName = "" }, "amount": func(s *payment.Statement) { s.Amount = "12.51" },
		"currency": func(s *payment.Statement) { s.Currency = "USD" }, "fees": func(s *payment.Statement) { s.Fees = "1.00" }, "expiry": func(s *payment.Statement) { s.Expiry = "x" },
	} {
		rows = append(rows, row{Name: "another " + name + " is another payment", Given: challenged(), When: with(func(c *payment.Authorise) { change(&c.Statement) }), Then: no})
	}
	domaintest.Run[payment.State](t, rows)
}

func TestWaysToTheRail(t *testing.T) {
	t.Parallel()
	refused := submit
	refused.Refused = "account-frozen"
	settled := after(sent(), payment.Settled{Journal: entry, At: noon})
	domaintest.Run[payment.State](t, []row{
		{Name: "what is authorised is submitted", Given: ready(), When: submit, Then: facts{payment.Submitted{Message: "m1", EndToEnd: "e1", Journal: entry, At: noon}}},
		{Name: "what the account refuses by now is not submitted", Given: ready(), When: refused, Then: facts{payment.Rejected{Code: "account-frozen", At: noon}}},
		{Name: "it is submitted once", Given: sent(), When: submit, Refused: payment.ErrNotReady},
		{Name: "what waits for its customer is not submitted", Given: challenged(), When: submit, Refused: payment.ErrNotReady},
		{Name: "what was cancelled is not submitted", Given: after(ready(), payment.Cancelled{At: noon}), When: submit, Refused: payment.ErrNotReady},
		{Name: "what is nothing is not submitted", When: submit, Refused: payment.ErrNotReady},
		{Name: "a message has a name", Given: ready(), When: payment.Submit{EndToEnd: "e1", Journal: entry, At: noon}, Refused: payment.ErrNotReady},
		{Name: "a challenged one may be cancelled", Given: challenged(), When: payment.Cancel{At: noon}, Then: facts{payment.Cancelled{At: noon}}},
		{Name: "an authorised one may be cancelled", Given: ready(), When: payment.Cancel{At: noon}, Then: facts{payment.Cancelled{At: noon}}},
		{Name: "a submitted one is the rail's", Given: sent(), When: payment.Cancel{At: noon}, Refused: payment.ErrNotCancellable},
		{Name: "a settled one is the rail's", Given: settled, When: payment.Cancel{At: noon}, Refused: payment.ErrNotCancellable},
		{Name: "nothing cannot be cancelled", When: payment.Cancel{At: noon}, Refused: payment.ErrMissing},
		{Name: "a challenge runs out", Given: challenged(), When: payment.Expire{At: late}, Then: facts{payment.Expired{At: late}}},
		{Name: "a challenge does not run out early", Given: challenged(), When: payment.Expire{At: noon}, Refused: payment.ErrNotExpired},
		{Name: "what was confirmed does not run out", Given: ready(), When: payment.Expire{At: late}, Refused: payment.ErrNotExpired},
	})
}

func TestTheRailSays(t *testing.T) {
	t.Parallel()
	taken := after(sent(), payment.Accepted{At: noon})
	settled := after(taken, payment.Settled{Journal: entry, At: noon})
	rejected := after(sent(), payment.Rejected{Code: "rail-rejected", Reason: "AC04", Journal: entry, At: noon})
	back := payment.Return{Return: "r1", Amount: sum, Reason: "AC04", Journal: entry, At: late}
	with := func(change func(*payment.Return)) payment.Return { c := back; change(&c); return c }
	returned := after(settled, payment.Returned(back))
	less := with(func(c *payment.Return) { c.Amount.Minor = 1200 })
	open := payment.InvestigationOpened{Since: noon, At: late}
	domaintest.Run[payment.State](t, []row{
		{Name: "a submitted one is accepted", Given: sent(), When: payment.Accept{At: noon}, Then: facts{payment.Accepted{At: noon}}},
		{Name: "it is accepted once", Given: taken, When: payment.Accept{At: noon}, Refused: payment.ErrNotAwaited},
		{Name: "an accepted one settles", Given: taken, When: payment.Settle{Journal: entry, At: noon}, Then: facts{payment.Settled{Journal: entry, At: noon}}},
		{Name: "one may settle at once", Given: sent(), When: payment.Settle{Journal: entry, At: noon}, Then: facts{payment.Settled{Journal: entry, At: noon}}},
		{Name: "it settles once", Given: settled, When: payment.Settle{Journal: entry, At: noon}, Refused: payment.ErrNotAwaited},
		{Name: "what was not submitted does not settle", Given: ready(), When: payment.Settle{Journal: entry, At: noon}, Refused: payment.ErrNotAwaited},
		{Name: "nothing does not settle", When: payment.Settle{Journal: entry, At: noon}, Refused: payment.ErrMissing},
		{Name: "money moves by an entry", Given: sent(), When: payment.Settle{At: noon}, Refused: payment.ErrNotAwaited},
		{Name: "a submitted one is rejected", Given: sent(), When: payment.Reject{Reason: "AC04", Journal: entry, At: noon}, Then: rejected[len(rejected)-1:]},
		{Name: "a rejected one is not rejected again", Given: rejected, When: payment.Reject{Reason: "AC04", Journal: entry, At: noon}, Refused: payment.ErrNotAwaited},
		{Name: "a rejected one does not settle", Given: rejected, When: payment.Settle{Journal: entry, At: noon}, Refused: payment.ErrNotAwaited},
		{Name: "a settled one is not rejected: it would be returned", Given: settled, When: payment.Reject{Reason: "AC04", Journal: entry, At: noon}, Refused: payment.ErrNotAwaited},
		{Name: "a reason is a code", Given: sent(), When: payment.Reject{Reason: "because", Journal: entry, At: noon}, Refused: payment.ErrReason},
		{Name: "a settled one comes back late", Given: settled, When: back, Then: facts{payment.Returned(back)}},
		{Name: "less a charge", Given: settled, When: less, Then: facts{payment.Returned(less)}},
		{Name: "one comes back whose settlement nobody told of", Given: sent(), When: back, Then: facts{payment.Returned(back)}},
		{Name: "it comes back once", Given: returned, When: back, Refused: payment.ErrNotReturnable},
		{Name: "nor under another name", Given: returned, When: with(func(c *payment.Return) { c.Return = "r2" }), Refused: payment.ErrNotReturnable},
		{Name: "what was rejected does not come back on top", Given: rejected, When: back, Refused: payment.ErrNotReturnable},
		{Name: "what never left does not come back", Given: ready(), When: back, Refused: payment.ErrNotReturnable},
		{Name: "no more comes back than was paid", Given: settled, When: with(func(c *payment.Return) { c.Amount.Minor++ }), Refused: payment.ErrOverReturn},
		{Name: "nothing is no return", Given: settled, When: with(func(c *payment.Return) { c.Amount.Minor = 0 }), Refused: payment.ErrAmount},
		{Name: "nor is money of another kind", Given: settled, When: with(func(c *payment.Return) { c.Amount.Currency = "USD" }), Refused: payment.ErrAmount},
		{Name: "nothing cannot come back", When: back, Refused: payment.ErrMissing},
		{Name: "silence is looked into", Given: taken, When: payment.Investigate{At: late}, Then: facts{open}},
		{Name: "once", Given: after(taken, open), When: payment.Investigate{At: late}, Refused: payment.ErrNotAwaited},
		{Name: "what is settled is no silence", Given: settled, When: payment.Investigate{At: late}, Refused: payment.ErrNotAwaited},
		{Name: "an answer may come after all", Given: after(taken, open), When: payment.Settle{Journal: entry, At: late}, Then: facts{payment.Settled{Journal: entry, At: late}}},
	})
}
