package transfer_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/domain"
	"florin/domain/domaintest"
	"florin/domain/id"
	"florin/domain/money"
	"florin/domain/transfer"
)

var (
	noon   = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	late   = noon.Add(10 * time.Minute)
	t1     = id.Named[id.Transfer]("t1")
	t2     = id.Named[id.Transfer]("t2")
	alice  = id.Named[id.Account]("alice")
	bob    = id.Named[id.Account]("bob")
	debts  = id.Named[id.Account]("receivables")
	chl    = id.Named[id.Challenge]("c1")
	twelve = money.Amount{Minor: 1250, Currency: "EUR"}

	statement = transfer.Statement{Audience: "https://bank", Transfer: t1.String(), Challenge: chl.String(), Nonce: "n0nce",
		Debtor: alice.String(), Creditor: bob.String(), CreditorName: "Bob", Amount: "12.50", Currency: "EUR", Fees: "0.00", Expiry: transfer.Spell(late)}
	demand = transfer.Demand{Challenge: chl, Nonce: "n0nce", Methods: []string{"sca-key", "totp"}, Statement: statement, ExpiresAt: late}
	ask    = transfer.Initiate{Transfer: t1, Customer: id.Named[id.Customer]("alice"), From: alice, To: bob, Amount: twelve,
		Reference: domain.NewEvidence("rent"), Assessment: transfer.Assessed{Outcome: transfer.Allow, Policy: "fixed-1", Exemption: "low-value"}, Demand: demand, At: noon}
	answer = transfer.Authorise{Method: "sca-key", Statement: statement, Proven: true, Evidence: domain.NewEvidence("jws"), At: noon}
)

type (
	facts = []transfer.Event
	row   = domaintest.Case[transfer.Command, transfer.Event]
)

func initiated() transfer.Event {
	return transfer.Initiated{Transfer: t1, Customer: ask.Customer, From: alice, To: bob, Amount: twelve, Reference: ask.Reference, At: noon}
}

func assessed(outcome transfer.Outcome, exemption string) transfer.Event {
	return transfer.Assessed{Outcome: outcome, Policy: "fixed-1", Exemption: exemption, At: noon}
}

func legs(t *testing.T, legs ...money.Leg) money.Posting {
	t.Helper()
	posting, err := money.NewPosting(legs...)
	require.NoError(t, err)
	return posting
}

func posted(t *testing.T) transfer.Event {
	return transfer.Posted{Legs: legs(t, money.Leg{Account: alice, Amount: twelve.Negate()}, money.Leg{Account: bob, Amount: twelve}), At: noon}
}

func challenged() facts {
	return facts{initiated(), assessed(transfer.Challenge, ""), transfer.Challenged{Challenge: chl, Nonce: "n0nce",
		Methods: demand.Methods, Display: domain.NewEvidence(statement.Text()), ExpiresAt: late, At: noon}}
}

func failed(method string) transfer.Event {
	return transfer.AuthorisationFailed{Challenge: chl, Method: method, At: noon}
}

func after(before facts, more ...transfer.Event) facts {
	return append(append(facts(nil), before...), more...)
}

func TestInitiate(t *testing.T) {
	t.Parallel()
	with := func(change func(*transfer.Initiate)) transfer.Initiate { c := ask; change(&c); return c }
	outcome := func(o transfer.Outcome, exemption string) transfer.Initiate {
		return with(func(c *transfer.Initiate) { c.Assessment.Outcome, c.Assessment.Exemption = o, exemption })
	}
	rejected := func(change func(*transfer.Initiated), code string) facts {
		first := initiated().(transfer.Initiated)
		change(&first)
		return facts{first, transfer.Rejected{Code: code, At: noon}}
	}

	domaintest.Run[transfer.State](t, []row{
		{Name: "what nothing speaks against is posted at once", When: ask,
			Then: facts{initiated(), assessed(transfer.Allow, "low-value"), posted(t)}},
		{Name: "what risk wants confirmed waits", When: outcome(transfer.Challenge, ""), Then: challenged()},
		{Name: "what risk blocks is rejected", When: outcome(transfer.Block, ""),
			Then: facts{initiated(), assessed(transfer.Block, ""), transfer.Rejected{Code: "transfer-blocked", At: noon}}},
		{Name: "an outcome that nobody knows is a challenge, never a yes", When: outcome("perhaps", ""),
			Then: after(facts{initiated(), assessed("perhaps", "")}, challenged()[2])},
		{Name: "no outcome is a challenge, never a yes", When: outcome("", ""),
			Then: after(facts{initiated(), assessed("", "")}, challenged()[2])},
		{Name: "the account's no is a fact, and risk is not asked",
			When: with(func(c *transfer.Initiate) { c.Refused = "insufficient-funds" }),
			Then: facts{initiated(), transfer.Rejected{Code: "insufficient-funds", At: noon}}},
		{Name: "money cannot go where it came from", When: with(func(c *transfer.Initiate) { c.To = c.From }),
			Then: rejected(func(e *transfer.Initiated) { e.To = e.From }, "transfer-same-account")},
		{Name: "nothing is no amount", When: with(func(c *transfer.Initiate) { c.Amount.Minor = 0 }),
			Then: rejected(func(e *transfer.Initiated) { e.Amount.Minor = 0 }, "invalid-amount")},
		{Name: "money is not pulled", When: with(func(c *transfer.Initiate) { c.Amount.Minor = -1 }),
			Then: rejected(func(e *transfer.Initiated) { e.Amount.Minor = -1 }, "invalid-amount")},
		{Name: "what is too large to be kept leaves no fact", When: with(func(c *transfer.Initiate) { c.Amount.Minor = money.MinorMax + 1 }), Refused: transfer.ErrAmount},
		{Name: "what is too small to be kept leaves no fact", When: with(func(c *transfer.Initiate) { c.Amount.Minor = -money.MinorMax - 1 }), Refused: transfer.ErrAmount},
		{Name: "a sum of no currency leaves no fact", When: with(func(c *transfer.Initiate) { c.Amount.Currency = "XXX" }), Refused: transfer.ErrAmount},
		{Name: "the transfer's own rule speaks before the account's",
			When: with(func(c *transfer.Initiate) { c.Amount.Minor, c.Refused = 0, "account-frozen" }),
			Then: rejected(func(e *transfer.Initiated) { e.Amount.Minor = 0 }, "invalid-amount")},
		{Name: "a long reference is refused", When: with(func(c *transfer.Initiate) { c.Reference = domain.NewEvidence(strings.Repeat("é", 141)) }), Refused: transfer.ErrReference},
		{Name: "a reference turns no text around", When: with(func(c *transfer.Initiate) { c.Reference = domain.NewEvidence("a\u202eb") }), Refused: transfer.ErrReference},
		{Name: "a reference is composed", When: with(func(c *transfer.Initiate) { c.Reference = domain.NewEvidence("e\u0301") }), Refused: transfer.ErrReference},
		{Name: "a transfer needs a name", When: with(func(c *transfer.Initiate) { c.Transfer = id.Transfer{} }), Refused: transfer.ErrMissing},
		{Name: "money comes from somewhere", When: with(func(c *transfer.Initiate) { c.From = id.Account{} }), Refused: transfer.ErrMissing},
		{Name: "money goes somewhere", When: with(func(c *transfer.Initiate) { c.To = id.Account{} }), Refused: transfer.ErrMissing},
		{Name: "a transfer is made once", Given: after(facts{initiated()}, posted(t)), When: ask, Refused: transfer.ErrExists},
		{Name: "a rejected transfer is not made again", Given: facts{initiated(), transfer.Rejected{Code: "insufficient-funds", At: noon}}, When: ask, Refused: transfer.ErrExists},
	})
}

func TestAuthorise(t *testing.T) {
	t.Parallel()
	with := func(change func(*transfer.Authorise)) transfer.Authorise { c := answer; change(&c); return c }
	said := func(change func(*transfer.Statement)) transfer.Authorise {
		c := answer
		change(&c.Statement)
		return c
	}
	authorised := transfer.Authorised{Method: "sca-key", Challenge: chl, Evidence: answer.Evidence, At: noon}
	no := facts{failed("sca-key")}
	rows := []row{
		{Name: "the statement confirmed word for word posts", Given: challenged(), When: answer, Then: facts{authorised, posted(t)}},
		{Name: "another method that was offered will do", Given: challenged(), When: with(func(c *transfer.Authorise) { c.Method = "totp" }),
			Then: facts{transfer.Authorised{Method: "totp", Challenge: chl, Evidence: answer.Evidence, At: noon}, posted(t)}},
		{Name: "what the account refuses by now is rejected", Given: challenged(), When: with(func(c *transfer.Authorise) { c.Refused = "account-frozen" }),
			Then: facts{authorised, transfer.Rejected{Code: "account-frozen", At: noon}}},
		{Name: "a wrong answer fails before the account is asked", Given: challenged(),
			When: with(func(c *transfer.Authorise) { c.Proven, c.Refused = false, "account-frozen" }), Then: no},
		{Name: "what is not proven fails", Given: challenged(), When: with(func(c *transfer.Authorise) { c.Proven = false }), Then: no},
		{Name: "a method that was not offered fails, and its name is not kept", Given: challenged(),
			When: with(func(c *transfer.Authorise) { c.Method = "<script>" }), Then: facts{failed("other")}},
		{Name: "no statement at all fails", Given: challenged(), When: with(func(c *transfer.Authorise) { c.Statement = transfer.Statement{} }), Then: no},
		{Name: "the fourth failure leaves one more", Given: after(challenged(), failed("sca-key"), failed("totp"), failed("sca-key")),
			When: with(func(c *transfer.Authorise) { c.Proven = false }), Then: no},
		{Name: "the fifth failure rejects", Given: after(challenged(), failed("sca-key"), failed("totp"), failed("sca-key"), failed("other")),
			When: with(func(c *transfer.Authorise) { c.Proven = false }), Then: after(no, transfer.Rejected{Code: "sca-failed", At: noon})},
		{Name: "after four failures the right answer still counts", Given: after(challenged(), failed("sca-key"), failed("totp"), failed("sca-key"), failed("other")),
			When: answer, Then: facts{authorised, posted(t)}},
		{Name: "at its last moment it is too late", Given: challenged(), When: with(func(c *transfer.Authorise) { c.At = late }), Then: facts{transfer.Expired{At: late}}},
		{Name: "a wrong answer too late is not counted", Given: challenged(), When: with(func(c *transfer.Authorise) { c.At, c.Proven = late, false }), Then: facts{transfer.Expired{At: late}}},
		{Name: "just before it is in time", Given: challenged(), When: with(func(c *transfer.Authorise) { c.At = late.Add(-1); c.Proven = false }),
			Then: facts{transfer.AuthorisationFailed{Challenge: chl, Method: "sca-key", At: late.Add(-1)}}},
		{Name: "no transfer, no answer", When: answer, Refused: transfer.ErrSCA},
		{Name: "it is answered once", Given: after(challenged(), authorised, posted(t)), When: answer, Refused: transfer.ErrSCA},
		{Name: "what was posted at once is not answered", Given: facts{initiated(), posted(t)}, When: answer, Refused: transfer.ErrSCA},
		{Name: "what was rejected is not answered", Given: after(challenged(), transfer.Rejected{Code: "sca-failed", At: noon}), When: answer, Refused: transfer.ErrSCA},
		{Name: "what has expired is not answered", Given: after(challenged(), transfer.Expired{At: late}), When: answer, Refused: transfer.ErrSCA},
		{Name: "what was withdrawn is not answered", Given: after(challenged(), transfer.Cancelled{At: noon}), When: answer, Refused: transfer.ErrSCA},
		{Name: "a display that was erased confirms nothing, not even nothing",
			Given: facts{initiated(), transfer.Challenged{Challenge: chl, Methods: demand.Methods, Display: domain.ErasedEvidence(), ExpiresAt: late}},
			When:  answer, Then: no},
	}
	for field, change := range map[string]func(*transfer.Statement){
		"audience":      func(s *transfer.Statement) { s.Audience = "https://evil" },
		"transfer":      func(s *transfer.Statement) { s.Transfer = t2.String() },
		"challenge":     func(s *transfer.Statement) { s.Challenge = id.Named[id.Challenge]("c2").String() },
		"nonce":         func(s *transfer.Statement) { s.Nonce = "stale" },
		"debtor":        func(s *transfer.Statement) { s.Debtor = bob.String() },
		"creditor":      func(s *transfer.Statement) { s.Creditor = debts.String() },
		"creditor name": func(s *transfer.Statement) { s.CreditorName = "Вob" },
		"amount":        func(s *transfer.Statement) { s.Amount = "12.5" },
		"currency":      func(s *transfer.Statement) { s.Currency = "USD" },
		"fees":          func(s *transfer.Statement) { s.Fees = "" },
		"expiry":        func(s *transfer.Statement) { s.Expiry = transfer.Spell(late.Add(time.Hour)) },
	} {
		rows = append(rows, row{Name: "another " + field + " was not what was displayed", Given: challenged(), When: said(change), Then: no})
	}
	domaintest.Run[transfer.State](t, rows)
}

func TestATransferWaitsForItsBatch(t *testing.T) {
	t.Parallel()
	ten := money.Amount{Minor: 1000, Currency: "EUR"}
	at := time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	ask := transfer.Initiate{Transfer: id.Named[id.Transfer]("b1"), Customer: id.Named[id.Customer]("alice"), From: id.Named[id.Account]("a"), To: id.Named[id.Account]("b"),
		Amount: ten, Batch: id.Named[id.Batch]("batch"), At: at}
	events, err := transfer.State{}.Decide(ask)
	require.NoError(t, err)
	require.Equal(t, transfer.Batched{Batch: ask.Batch, At: at}, events[1])
	refused := ask
	refused.To = refused.From
	no, err := transfer.State{}.Decide(refused)
	require.NoError(t, err)
	require.Equal(t, transfer.Rejected{Code: "transfer-same-account", At: at}, no[1])
	legs, err := money.NewPosting(money.Leg{Account: ask.From, Amount: ten.Negate()}, money.Leg{Account: ask.To, Amount: ten})
	require.NoError(t, err)
	posted := transfer.Posted{Legs: legs, At: at}
	domaintest.Run[transfer.State](t, []domaintest.Case[transfer.Command, transfer.Event]{
		{Name: "it is posted with its batch", Given: events, When: transfer.Execute{At: at}, Then: []transfer.Event{posted}},
		{Name: "or rejected with it", Given: events, When: transfer.Drop{Code: "batch-expired", At: at}, Then: []transfer.Event{transfer.Rejected{Code: "batch-expired", At: at}}},
		{Name: "once", Given: append(events[:2:2], posted), When: transfer.Execute{At: at}, Refused: transfer.ErrNotBatched},
		{Name: "and not both", Given: append(events[:2:2], posted), When: transfer.Drop{Code: "batch-expired", At: at}, Refused: transfer.ErrNotBatched},
		{Name: "one by itself is not posted so", When: transfer.Execute{At: at}, Refused: transfer.ErrNotBatched},
		{Name: "nor withdrawn by itself", Given: events, When: transfer.Cancel{At: at}, Refused: transfer.ErrNotCancellable},
		{Name: "nor confirmed", Given: events, When: transfer.Authorise{Method: "totp", Proven: true, At: at}, Refused: transfer.ErrSCA},
		{Name: "nor given back", Given: events, When: transfer.Reverse{Reversal: id.Named[id.Transfer]("r"), Amount: ten, At: at}, Refused: transfer.ErrNotReversible},
	})
}

func TestCancelAndExpire(t *testing.T) {
	t.Parallel()
	rows := []row{
		{Name: "what waits may be withdrawn", Given: challenged(), When: transfer.Cancel{At: noon}, Then: facts{transfer.Cancelled{At: noon}}},
		{Name: "what is not there cannot be withdrawn", When: transfer.Cancel{At: noon}, Refused: transfer.ErrMissing},
		{Name: "what waited too long expires", Given: challenged(), When: transfer.Expire{At: late}, Then: facts{transfer.Expired{At: late}}},
		{Name: "what waits in time does not expire", Given: challenged(), When: transfer.Expire{At: late.Add(-1)}, Refused: transfer.ErrNotExpired},
		{Name: "what is not there does not expire", When: transfer.Expire{At: late}, Refused: transfer.ErrNotExpired},
	}
	for name, end := range map[string]transfer.Event{
		"posted": posted(t), "rejected": transfer.Rejected{Code: "sca-failed", At: noon}, "expired": transfer.Expired{At: late}, "cancelled": transfer.Cancelled{At: noon},
	} {
		rows = append(rows,
			row{Name: "what is " + name + " cannot be withdrawn", Given: after(challenged(), end), When: transfer.Cancel{At: noon}, Refused: transfer.ErrNotCancellable},
			row{Name: "what is " + name + " does not expire", Given: after(challenged(), end), When: transfer.Expire{At: late}, Refused: transfer.ErrNotExpired})
	}
	domaintest.Run[transfer.State](t, rows)
}

func TestReverse(t *testing.T) {
	t.Parallel()
	reverse := func(minor int64) transfer.Reverse {
		return transfer.Reverse{Reversal: t2, Amount: money.Amount{Minor: minor, Currency: "EUR"}, At: noon}
	}
	done := facts{initiated(), assessed(transfer.Allow, "low-value"), posted(t)}
	dollars := reverse(1)
	dollars.Amount.Currency = "USD"
	back := facts{transfer.Initiated{Transfer: t2, From: bob, To: alice, Amount: twelve, Original: t1, At: noon}, posted(t)}

	domaintest.Run[transfer.State](t, []row{
		{Name: "all may be given back", Given: done, When: reverse(1250), Then: facts{transfer.Reversed(reverse(1250))}},
		{Name: "a part may be given back", Given: done, When: reverse(1), Then: facts{transfer.Reversed(reverse(1))}},
		{Name: "and then the rest", Given: after(done, transfer.Reversed(reverse(1))), When: reverse(1249), Then: facts{transfer.Reversed(reverse(1249))}},
		{Name: "but no cent more", Given: after(done, transfer.Reversed(reverse(1))), When: reverse(1250), Refused: transfer.ErrOverReversal},
		{Name: "not more than there was", Given: done, When: reverse(1251), Refused: transfer.ErrOverReversal},
		{Name: "nothing more when all is back", Given: after(done, transfer.Reversed(reverse(1250))), When: reverse(1), Refused: transfer.ErrNotReversible},
		{Name: "nothing is no amount", Given: done, When: reverse(0), Refused: transfer.ErrAmount},
		{Name: "a reversal is not another payment", Given: done, When: reverse(-1), Refused: transfer.ErrAmount},
		{Name: "in its own currency", Given: done, When: dollars, Refused: transfer.ErrAmount},
		{Name: "what is not there is not reversed", When: reverse(1), Refused: transfer.ErrMissing},
		{Name: "what never moved is not reversed", Given: challenged(), When: reverse(1), Refused: transfer.ErrNotReversible},
		{Name: "what was rejected is not reversed", Given: facts{initiated(), transfer.Rejected{Code: "x", At: noon}}, When: reverse(1), Refused: transfer.ErrNotReversible},
		{Name: "a reversal is not reversed", Given: back, When: reverse(1), Refused: transfer.ErrNotReversible},
	})
}

func TestGiveBack(t *testing.T) {
	t.Parallel()
	five, seven := money.Amount{Minor: 500, Currency: "EUR"}, money.Amount{Minor: 750, Currency: "EUR"}
	split := legs(t, money.Leg{Account: bob, Amount: five.Negate()}, money.Leg{Account: debts, Amount: seven.Negate()}, money.Leg{Account: alice, Amount: twelve})
	give := transfer.GiveBack{Transfer: t2, Original: t1, From: bob, To: alice, Amount: twelve, Legs: split, At: noon}
	with := func(change func(*transfer.GiveBack)) transfer.GiveBack { c := give; change(&c); return c }
	made := facts{transfer.Initiated{Transfer: t2, From: bob, To: alice, Amount: twelve, Original: t1, At: noon}, transfer.Posted{Legs: split, At: noon}}

	domaintest.Run[transfer.State](t, []row{
		{Name: "what the creditor no longer has is owed by another account", When: give, Then: made},
		{Name: "it is given back once", Given: made, When: give, Refused: transfer.ErrExists},
		{Name: "it names the original", When: with(func(c *transfer.GiveBack) { c.Original = id.Transfer{} }), Refused: transfer.ErrMissing},
		{Name: "it has a name", When: with(func(c *transfer.GiveBack) { c.Transfer = id.Transfer{} }), Refused: transfer.ErrMissing},
		{Name: "the debtor gets the whole amount", When: with(func(c *transfer.GiveBack) { c.Amount = five }), Refused: transfer.ErrLegs},
		{Name: "the debtor is part of it", When: with(func(c *transfer.GiveBack) { c.To = id.Named[id.Account]("carol") }), Refused: transfer.ErrLegs},
		{Name: "it has legs", When: with(func(c *transfer.GiveBack) { c.Legs = money.Posting{} }), Refused: transfer.ErrLegs},
		{Name: "it does not go round", When: with(func(c *transfer.GiveBack) { c.From = alice }), Refused: transfer.ErrAmount},
		{Name: "its reference is clean", When: with(func(c *transfer.GiveBack) { c.Reference = domain.NewEvidence("a\nb") }), Refused: transfer.ErrReference},
	})
}

func TestStatementHasOneSpelling(t *testing.T) {
	t.Parallel()
	require.Equal(t, `{"aud":"https://bank","transfer":"`+t1.String()+`","challenge":"`+chl.String()+`","nonce":"n0nce","debtor":"`+alice.String()+
		`","creditor":"`+bob.String()+`","creditor_name":"Bob","amount":"12.50","currency":"EUR","fees":"0.00","expiry":"2026-01-02T12:10:00Z"}`, statement.Text())
}

func TestStateForgetsTheStatement(t *testing.T) {
	t.Parallel()
	var state transfer.State
	for _, fact := range challenged() {
		state = state.Evolve(fact)
	}
	require.NotZero(t, state.Displayed)
	state = state.Evolve(transfer.Cancelled{At: noon})
	require.Zero(t, state.Displayed)
	require.True(t, state.Phase.Final())
}

func TestRefusalsAreFoundByCode(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"sca-failed", "transfer-blocked", "transfer-same-account", "invalid-amount"} {
		refusal, ok := transfer.Refusal(code)
		require.True(t, ok)
		require.Equal(t, code, refusal.Code)
	}
	_, ok := transfer.Refusal("insufficient-funds")
	require.False(t, ok, "that one is the account's")
}

// A third party asks for what the customer has agreed to.
func TestConsented(t *testing.T) {
	t.Parallel()
	yes := transfer.Consented{Consent: id.Named[id.Consent]("c"), Client: id.Named[id.Client]("shop"), ACR: "mfa", AMR: []string{"mfa"}, AuthTime: noon}
	told := func(basis string) transfer.Event { e := yes; e.Basis, e.At = basis, noon; return e }
	asking := func(outcome transfer.Outcome, basis string) transfer.Initiate {
		c := ask
		c.Consented, c.Assessment.Outcome = yes, outcome
		c.Consented.Basis = basis
		return c
	}
	challenged := transfer.Challenged{Challenge: chl, Nonce: "n0nce", Methods: demand.Methods, Display: domain.NewEvidence(statement.Text()), ExpiresAt: late, At: noon}
	domaintest.Run[transfer.State](t, []row{
		{Name: "a yes stands for the answer to a challenge", When: asking(transfer.Challenge, transfer.ByConsent),
			Then: facts{initiated(), assessed(transfer.Challenge, ""), told(transfer.ByConsent), posted(t)}},
		{Name: "and for an exemption", When: asking(transfer.Allow, transfer.ByConsent),
			Then: facts{initiated(), assessed(transfer.Allow, ""), told(transfer.ByConsent), posted(t)}},
		{Name: "without it no exemption spares the challenge", When: asking(transfer.Allow, ""),
			Then: facts{initiated(), assessed(transfer.Allow, ""), told(""), challenged}},
		{Name: "what risk blocks stays blocked", When: asking(transfer.Block, transfer.ByConsent),
			Then: facts{initiated(), assessed(transfer.Block, ""), told(transfer.ByConsent), transfer.Rejected{Code: "transfer-blocked", At: noon}}},
	})
}
