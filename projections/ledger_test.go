package projections_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"florin/domain"
	"florin/domain/account"
	"florin/domain/id"
	"florin/domain/journal"
	"florin/domain/money"
	"florin/domain/transfer"
	"florin/eventbus"
	"florin/projections"
)

var (
	ledgerCash  = account.Nostro(account.Cash).In("EUR")
	ledgerAlice = id.Named[id.Account]("alice")
	ledgerBob   = id.Named[id.Account]("bob")
	ledgerOwner = id.Named[id.Customer]("owner")
)

type ledgerFact struct {
	stream string
	event  domain.Event
}

type ledgerCommits [][]ledgerFact

func ledgerEUR(minor int64) money.Amount { return money.Amount{Minor: minor, Currency: "EUR"} }

func ledgerLegs(t *testing.T, pairs ...any) money.Posting {
	t.Helper()
	var legs []money.Leg
	for i := 0; i < len(pairs); i += 2 {
		legs = append(legs, money.Leg{Account: pairs[i].(id.Account), Amount: ledgerEUR(int64(pairs[i+1].(int)))})
	}
	posting, err := money.NewPosting(legs...)
	require.NoError(t, err)
	return posting
}

// ledgerHistory is sound: two accounts, a deposit, a transfer, a challenged
// transfer that posts, one that expires, a reversal of a part.
func ledgerHistory(t *testing.T) ledgerCommits {
	t.Helper()
	alice, bob, cash := ledgerAlice.Stream(), ledgerBob.Stream(), ledgerCash.Stream()
	j1 := id.Named[id.Journal]("j1").Stream()
	stream := func(name string) string { return id.Named[id.Transfer](name).Stream() }
	t1, t2, t3, t4 := stream("t1"), stream("t2"), stream("t3"), stream("t4")
	return ledgerCommits{
		{{alice, account.Opened{Account: ledgerAlice, Customer: ledgerOwner, Class: account.Customers, Currency: "EUR", OverdraftLimit: ledgerEUR(500)}}},
		{{bob, account.Opened{Account: ledgerBob, Customer: ledgerOwner, Class: account.Customers, Currency: "EUR"}}},
		{{j1, journal.Posted{Purpose: journal.Deposit, Legs: ledgerLegs(t, ledgerCash, -1000, ledgerAlice, 1000)}},
			{cash, account.Opened{Account: ledgerCash, Class: account.Internal, Chart: account.Nostro(account.Cash), Currency: "EUR"}},
			{cash, account.Debited{Posting: j1, Amount: ledgerEUR(1000), Balance: ledgerEUR(-1000)}},
			{alice, account.Credited{Posting: j1, Amount: ledgerEUR(1000), Balance: ledgerEUR(1000)}}},
		{{t1, transfer.Posted{Legs: ledgerLegs(t, ledgerAlice, -300, ledgerBob, 300)}},
			{alice, account.Debited{Posting: t1, Amount: ledgerEUR(300), Balance: ledgerEUR(700)}},
			{bob, account.Credited{Posting: t1, Amount: ledgerEUR(300), Balance: ledgerEUR(300)}}},
		{{t2, transfer.Challenged{}}, {alice, account.FundsReserved{Reservation: t2, Amount: ledgerEUR(1100)}}},
		{{t3, transfer.Challenged{}}, {bob, account.FundsReserved{Reservation: t3, Amount: ledgerEUR(100)}}},
		{{t2, transfer.Posted{Legs: ledgerLegs(t, ledgerAlice, -1100, ledgerBob, 1100)}},
			{alice, account.ReservationCaptured{Reservation: t2, Posting: t2, Amount: ledgerEUR(1100), Balance: ledgerEUR(-400)}},
			{bob, account.Credited{Posting: t2, Amount: ledgerEUR(1100), Balance: ledgerEUR(1400)}}},
		{{t3, transfer.Expired{}}, {bob, account.ReservationReleased{Reservation: t3, Amount: ledgerEUR(100)}}},
		{{t4, transfer.Posted{Legs: ledgerLegs(t, ledgerBob, -200, ledgerAlice, 200)}},
			{t1, transfer.Reversed{Reversal: id.Named[id.Transfer]("t4"), Amount: ledgerEUR(200)}},
			{bob, account.Debited{Posting: t4, Amount: ledgerEUR(200), Balance: ledgerEUR(1200), Forced: true}},
			{alice, account.Credited{Posting: t4, Amount: ledgerEUR(200), Balance: ledgerEUR(-200)}}},
	}
}

func (c ledgerCommits) fold() *projections.Ledger {
	ledger, versions := projections.NewLedger(), map[string]eventbus.Version{}
	position := eventbus.Position(1)
	for _, commit := range c {
		record := eventbus.Record{First: position}
		var events []domain.Event
		for i, fact := range commit {
			record.Events = append(record.Events, eventbus.Recorded{Stream: eventbus.Stream(fact.stream), Position: position, Index: uint32(i), Version: versions[fact.stream] + 1})
			versions[fact.stream]++
			events = append(events, fact.event)
			position++
		}
		ledger.Take(record, events)
	}
	return ledger
}

func TestLedgerIsQuietAboutSoundBooks(t *testing.T) {
	t.Parallel()
	ledger := ledgerHistory(t).fold()
	require.Empty(t, ledger.Findings())
	require.Equal(t, projections.LedgerSummary{Accounts: 3, Postings: 4, Legs: 8}, ledger.Summary())
	booked, held, ok := ledger.Balance(ledgerAlice)
	require.True(t, ok)
	require.Equal(t, ledgerEUR(-200), booked)
	require.Equal(t, ledgerEUR(0), held)
	_, _, ok = ledger.Balance(id.Named[id.Account]("carol"))
	require.False(t, ok)
}

func TestLedgerNamesEveryBreach(t *testing.T) {
	t.Parallel()
	for _, tc := range slices.Concat(ledgerBreachesOfPostings(t), ledgerBreachesOfAccounts()) {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			ledger := tc.tamper(ledgerHistory(t)).fold()
			found := slices.ContainsFunc(ledger.Findings(), func(f projections.LedgerFinding) bool { return f.Rule == tc.rule && f.Position == tc.at })
			require.True(t, found, "%v", ledger.Findings())
			require.Positive(t, ledger.Summary().Findings)
		})
	}
}

// ledgerBreach is a history that was tampered with, and what is found.
type ledgerBreach struct {
	name   string
	tamper func(c ledgerCommits) ledgerCommits
	rule   string
	at     eventbus.Position
}

func ledgerBreachesOfPostings(t *testing.T) []ledgerBreach {
	carol := id.Named[id.Account]("carol")
	return []ledgerBreach{
		{"a leg is taller than its debit", func(c ledgerCommits) ledgerCommits {
			c[3][0].event = transfer.Posted{Legs: ledgerLegs(t, ledgerAlice, -301, ledgerBob, 301)}
			return c
		}, projections.LedgerUnmatched, 9},
		{"the legs name another creditor", func(c ledgerCommits) ledgerCommits {
			c[3][0].event = transfer.Posted{Legs: ledgerLegs(t, ledgerAlice, -300, carol, 300)}
			return c
		}, projections.LedgerLeftOver, 9},
		{"a posting without legs", func(c ledgerCommits) ledgerCommits { c[3][0].event = transfer.Posted{}; return c }, projections.LedgerUnbalanced, 9},
		{"a debit is missing", func(c ledgerCommits) ledgerCommits { c[3] = slices.Delete(c[3], 1, 2); return c }, projections.LedgerLeftOver, 8},
		{"a credit is missing, so the books no longer sum to nought",
			func(c ledgerCommits) ledgerCommits { c[3] = slices.Delete(c[3], 2, 3); return c }, projections.LedgerTrial, 8},
		{"a credit is there twice", func(c ledgerCommits) ledgerCommits {
			again := c[3][2]
			again.event = account.Credited{Posting: c[3][0].stream, Amount: ledgerEUR(300), Balance: ledgerEUR(600)}
			c[3] = append(c[3], again)
			return c
		}, projections.LedgerUnmatched, 10},
		{"a debit without a posting", func(c ledgerCommits) ledgerCommits { c[3] = c[3][1:2]; return c }, projections.LedgerUnmatched, 7},
		{"the posting lies in another commit", func(c ledgerCommits) ledgerCommits {
			legs, moves := c[3][:1], c[3][1:]
			c[3] = moves
			return slices.Insert(c, 3, legs)
		}, projections.LedgerLeftOver, 7},
		{"a balance that nobody booked", func(c ledgerCommits) ledgerCommits {
			c[3][1].event = account.Debited{Posting: c[3][0].stream, Amount: ledgerEUR(300), Balance: ledgerEUR(701)}
			return c
		}, projections.LedgerBalance, 9},
		{"a balance of another currency", func(c ledgerCommits) ledgerCommits {
			c[3][1].event = account.Debited{Posting: c[3][0].stream, Amount: ledgerEUR(300), Balance: money.Amount{Minor: 700, Currency: "USD"}}
			return c
		}, projections.LedgerBalance, 9},
		{"a transfer that posts twice", func(c ledgerCommits) ledgerCommits { return slices.Insert(c, 4, c[3]) }, projections.LedgerPostedOnce, 12},
	}
}

func ledgerBreachesOfAccounts() []ledgerBreach {
	return []ledgerBreach{
		{"an account that is opened twice", func(c ledgerCommits) ledgerCommits { return slices.Insert(c, 1, c[0]) }, projections.LedgerAccount, 2},
		{"money on an account that is not there", func(c ledgerCommits) ledgerCommits { return slices.Delete(c, 1, 2) }, projections.LedgerAccount, 8},
		{"an account that is closed with money on it", func(c ledgerCommits) ledgerCommits {
			return append(c, []ledgerFact{{ledgerBob.Stream(), account.Closed{}}})
		}, projections.LedgerAccount, 23},
		{"held money that leaves unforced", func(c ledgerCommits) ledgerCommits {
			c[4][1].event = account.FundsReserved{Reservation: c[4][0].stream, Amount: ledgerEUR(1201)}
			return c
		}, projections.LedgerOverdraft, 11},
		{"more captured than was held", func(c ledgerCommits) ledgerCommits {
			c[4][1].event = account.FundsReserved{Reservation: c[4][0].stream, Amount: ledgerEUR(1000)}
			return c
		}, projections.LedgerHeld, 16},
		{"another sum released than was held", func(c ledgerCommits) ledgerCommits {
			c[7][1].event = account.ReservationReleased{Reservation: c[7][0].stream, Amount: ledgerEUR(99)}
			return c
		}, projections.LedgerHeld, 18},
		{"more given back than was posted", func(c ledgerCommits) ledgerCommits {
			c[8][1].event = transfer.Reversed{Reversal: id.Named[id.Transfer]("t4"), Amount: ledgerEUR(301)}
			return c
		}, projections.LedgerOverReverse, 22},
		{"a reversal that posted nothing", func(c ledgerCommits) ledgerCommits {
			return append(c, []ledgerFact{{c[8][1].stream, transfer.Reversed{Reversal: id.Named[id.Transfer]("t9"), Amount: ledgerEUR(1)}}})
		}, projections.LedgerOverReverse, 23},
	}
}

func TestLedgerKeepsABoundedList(t *testing.T) {
	t.Parallel()
	var history ledgerCommits
	for range 2 * projections.LedgerFindingsMax {
		history = append(history, []ledgerFact{{ledgerBob.Stream(), account.Credited{Posting: "x", Amount: ledgerEUR(1), Balance: ledgerEUR(1)}}})
	}
	ledger := history.fold()
	require.Len(t, ledger.Findings(), projections.LedgerFindingsMax)
	require.Equal(t, 2*projections.LedgerFindingsMax, ledger.Summary().Findings)
}
