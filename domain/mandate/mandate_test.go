package mandate_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/domain"
	"florin/domain/domaintest"
	"florin/domain/id"
	"florin/domain/mandate"
	"florin/domain/money"
)

var (
	noon     = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	m1       = id.Named[id.Mandate]("m1")
	gas      = id.Named[id.Creditor]("gas")
	account  = id.Named[id.Account]("anna")
	anna     = id.Named[id.Customer]("anna")
	debit    = id.Named[id.DirectDebit]("d1")
	tenEuros = money.Amount{Minor: 1000, Currency: "EUR"}
	terms    = mandate.Terms{CreditorID: domain.NewEvidence("DE98ZZZ09999999999"), CreditorName: domain.NewEvidence("Gas & Co"), Reference: domain.NewEvidence("M-1")}
	granted  = mandate.Granted{Mandate: m1, Account: account, Customer: anna, Creditor: gas, Terms: terms, By: anna, At: noon}
	said     = mandate.Registered{Mandate: m1, Account: account, Customer: anna, Creditor: gas, Terms: terms, At: noon}
	collect  = mandate.Collect{Said: said, DirectDebit: debit, Amount: tenEuros, At: noon}
	took     = mandate.Collected{DirectDebit: debit, Amount: tenEuros, At: noon}
	end      = noon.AddDate(0, mandate.UnusedMonths, 0)
)

type (
	facts = []mandate.Event
	row   = domaintest.Case[mandate.Command, mandate.Event]
)

func TestGrant(t *testing.T) {
	t.Parallel()
	with := func(change func(*mandate.Granted)) mandate.Grant {
		g := granted
		change(&g)
		return mandate.Grant{Asked: g}
	}
	again := granted
	again.At = noon.Add(time.Hour)
	domaintest.Run[mandate.State](t, []row{
		{Name: "a holder lets a creditor collect", When: mandate.Grant{Asked: granted}, Then: facts{granted}},
		{Name: "once", Given: facts{granted}, When: mandate.Grant{Asked: granted}, Refused: mandate.ErrExists},
		{Name: "what a collection has registered stands too", Given: facts{said}, When: mandate.Grant{Asked: granted}, Refused: mandate.ErrExists},
		{Name: "what is suspended stands", Given: facts{granted, mandate.Suspended{By: anna, At: noon}}, When: mandate.Grant{Asked: granted}, Refused: mandate.ErrExists},
		{Name: "what was cancelled is granted anew", Given: facts{granted, mandate.Cancelled{Reason: "customer", At: noon}}, When: mandate.Grant{Asked: again}, Then: facts{again}},
		{Name: "a mandate has a name", When: with(func(g *mandate.Granted) { g.Mandate = id.Mandate{} }), Refused: mandate.ErrMissing},
		{Name: "of whoever grants it", When: with(func(g *mandate.Granted) { g.By = id.Customer{} }), Refused: mandate.ErrMissing},
		{Name: "on an account", When: with(func(g *mandate.Granted) { g.Account = id.Account{} }), Refused: mandate.ErrMissing},
		{Name: "to a creditor", When: with(func(g *mandate.Granted) { g.Creditor = id.Creditor{} }), Refused: mandate.ErrMissing},
		{Name: "who is called something", When: with(func(g *mandate.Granted) { g.Terms.CreditorName = domain.Evidence{} }), Refused: mandate.ErrInvalid},
		{Name: "on one line", When: with(func(g *mandate.Granted) { g.Terms.CreditorName = domain.NewEvidence("a\nb") }), Refused: mandate.ErrInvalid},
		{Name: "that is not too long", When: with(func(g *mandate.Granted) { g.Terms.CreditorName = domain.NewEvidence(strings.Repeat("x", 71)) }), Refused: mandate.ErrInvalid},
		{Name: "a reference is one word", When: with(func(g *mandate.Granted) { g.Terms.Reference = domain.NewEvidence("M 1") }), Refused: mandate.ErrInvalid},
		{Name: "of at most 35 signs", When: with(func(g *mandate.Granted) { g.Terms.Reference = domain.NewEvidence(strings.Repeat("x", 36)) }), Refused: mandate.ErrInvalid},
		{Name: "a limit is more than nothing", When: with(func(g *mandate.Granted) { g.Limit = money.Amount{Minor: -1, Currency: "EUR"} }), Refused: mandate.ErrLimit},
		{Name: "and in euros", When: with(func(g *mandate.Granted) { g.Limit = money.Amount{Minor: 1, Currency: "USD"} }), Refused: mandate.ErrLimit},
	})
}

func TestCollect(t *testing.T) {
	t.Parallel()
	last := collect
	last.Last = true
	nameless := collect
	nameless.Said.Terms.CreditorName = domain.Evidence{}
	late, edge := collect, collect
	late.At, edge.At = end, end.Add(-time.Second)
	limited := facts{granted, mandate.LimitSet{Limit: money.Amount{Minor: 999, Currency: "EUR"}, By: anna, At: noon}}
	domaintest.Run[mandate.State](t, []row{
		{Name: "a first collection registers its mandate", When: collect, Then: facts{said, took}},
		{Name: "what is granted is collected by", Given: facts{granted}, When: collect, Then: facts{took}},
		{Name: "again and again", Given: facts{said, took}, When: collect, Then: facts{took}},
		{Name: "the last time ends it", Given: facts{granted}, When: last, Then: facts{took, mandate.Cancelled{Reason: mandate.Final, At: noon}}},
		{Name: "a creditor without a name registers nothing", When: nameless, Refused: mandate.ErrInvalid},
		{Name: "nothing is collected by what is suspended", Given: facts{granted, mandate.Suspended{By: anna, At: noon}}, When: collect, Refused: mandate.ErrNotCollectable},
		{Name: "nor by what is cancelled", Given: facts{granted, mandate.Cancelled{Reason: "customer", At: noon}}, When: collect, Refused: mandate.ErrNotCollectable},
		{Name: "nor by what is expired", Given: facts{granted, mandate.Expired{At: noon}}, When: collect, Refused: mandate.ErrNotCollectable},
		{Name: "nor by what nobody has used for too long", Given: facts{granted}, When: late, Refused: mandate.ErrNotCollectable},
		{Name: "but a second before", Given: facts{granted}, When: edge, Then: facts{mandate.Collected{DirectDebit: debit, Amount: tenEuros, At: edge.At}}},
		{Name: "nor more than the limit", Given: limited, When: collect, Refused: mandate.ErrNotCollectable},
		{Name: "whose end lets it", Given: append(append(facts(nil), limited...), mandate.LimitSet{By: anna, At: noon}), When: collect, Then: facts{took}},
	})
	var s mandate.State
	require.Empty(t, s.Refuses(tenEuros, noon), "what the bank has not heard of is not refused")
	for _, f := range limited {
		s = s.Evolve(f)
	}
	require.Equal(t, mandate.OverLimit, s.Refuses(tenEuros, noon))
	require.Equal(t, mandate.NoMandate, s.Refuses(tenEuros, end), "being over comes first")
	require.Equal(t, mandate.ByDebtor, s.Evolve(mandate.Suspended{}).Refuses(tenEuros, noon))
}

func TestHoldersChangeMandates(t *testing.T) {
	t.Parallel()
	suspended := facts{granted, mandate.Suspended{By: anna, At: noon}}
	over := facts{granted, mandate.Cancelled{Reason: "customer", At: noon}}
	domaintest.Run[mandate.State](t, []row{
		{Name: "it is suspended", Given: facts{granted}, When: mandate.Suspend{By: anna, At: noon}, Then: facts{mandate.Suspended{By: anna, At: noon}}},
		{Name: "once", Given: suspended, When: mandate.Suspend{By: anna, At: noon}, Refused: mandate.ErrSuspended},
		{Name: "it is resumed", Given: suspended, When: mandate.Resume{By: anna, At: noon}, Then: facts{mandate.Resumed{By: anna, At: noon}}},
		{Name: "if it was suspended", Given: facts{granted}, When: mandate.Resume{By: anna, At: noon}, Refused: mandate.ErrNotSuspended},
		{Name: "it is cancelled", Given: suspended, When: mandate.Cancel{Reason: "customer", At: noon}, Then: facts{mandate.Cancelled{Reason: "customer", At: noon}}},
		{Name: "once, too", Given: over, When: mandate.Cancel{Reason: "customer", At: noon}, Refused: mandate.ErrOver},
		{Name: "what is over is not suspended", Given: over, When: mandate.Suspend{By: anna, At: noon}, Refused: mandate.ErrOver},
		{Name: "nor resumed", Given: over, When: mandate.Resume{By: anna, At: noon}, Refused: mandate.ErrOver},
		{Name: "nor limited", Given: over, When: mandate.SetLimit{Limit: tenEuros, By: anna, At: noon}, Refused: mandate.ErrOver},
		{Name: "what is not there is not cancelled", When: mandate.Cancel{Reason: "customer", At: noon}, Refused: mandate.ErrMissing},
		{Name: "nor suspended, who is not there", When: mandate.Suspend{By: anna, At: noon}, Refused: mandate.ErrMissing},
		{Name: "nor limited, who is not there", When: mandate.SetLimit{By: anna, At: noon}, Refused: mandate.ErrMissing},
		{Name: "a limit is set", Given: facts{granted}, When: mandate.SetLimit{Limit: tenEuros, By: anna, At: noon}, Then: facts{mandate.LimitSet{Limit: tenEuros, By: anna, At: noon}}},
		{Name: "of something", Given: facts{granted}, When: mandate.SetLimit{Limit: money.Amount{Currency: "EUR"}, By: anna, At: noon}, Refused: mandate.ErrLimit},
		{Name: "what was used is not expired", Given: facts{granted, mandate.Collected{DirectDebit: debit, Amount: tenEuros, At: noon.Add(time.Hour)}}, When: mandate.Expire{At: end}, Refused: mandate.ErrNotExpired},
		{Name: "what was not is", Given: facts{granted}, When: mandate.Expire{At: end}, Then: facts{mandate.Expired{At: end}}},
		{Name: "suspended or not", Given: suspended, When: mandate.Expire{At: end}, Then: facts{mandate.Expired{At: end}}},
		{Name: "once, as well", Given: facts{granted, mandate.Expired{At: end}}, When: mandate.Expire{At: end}, Refused: mandate.ErrNotExpired},
		{Name: "what is not there does not expire", When: mandate.Expire{At: end}, Refused: mandate.ErrNotExpired},
	})
}

func TestCreditorsAreBlocked(t *testing.T) {
	t.Parallel()
	blocked, allowed := mandate.CreditorBlocked{Creditor: gas, Account: account, By: anna, At: noon}, mandate.CreditorAllowed{Creditor: gas, Account: account, By: anna, At: noon}
	domaintest.Run[mandate.Creditor](t, []domaintest.Case[mandate.CreditorCommand, mandate.CreditorEvent]{
		{Name: "a creditor is blocked", When: mandate.Block{Asked: blocked}, Then: []mandate.CreditorEvent{blocked}},
		{Name: "once", Given: []mandate.CreditorEvent{blocked}, When: mandate.Block{Asked: blocked}, Refused: mandate.ErrBlocked},
		{Name: "and allowed again", Given: []mandate.CreditorEvent{blocked}, When: mandate.Allow{Asked: allowed}, Then: []mandate.CreditorEvent{allowed}},
		{Name: "if it was blocked", When: mandate.Allow{Asked: allowed}, Refused: mandate.ErrNotBlock},
		{Name: "and not since", Given: []mandate.CreditorEvent{blocked, allowed}, When: mandate.Allow{Asked: allowed}, Refused: mandate.ErrNotBlock},
	})
}
