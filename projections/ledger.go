package projections

import (
	"context"
	"fmt"
	"strings"

	"github.com/google/uuid"

	"florin/domain"
	"florin/domain/account"
	"florin/domain/id"
	"florin/domain/journal"
	"florin/domain/money"
	"florin/domain/transfer"
	"florin/eventbus"
)

// LedgerFinding is a breach of the rules of money, at the commit that shows it.
type LedgerFinding struct {
	Position eventbus.Position `json:"position"` // of the commit
	Stream   eventbus.Stream   `json:"stream"`
	Rule     string            `json:"rule"`
	Detail   string            `json:"detail"`
}

func (f LedgerFinding) String() string {
	return fmt.Sprintf("position %d, %s: %s: %s", f.Position, f.Stream, f.Rule, f.Detail)
}

// LedgerFindingsMax bounds what is kept; more are counted.
const LedgerFindingsMax = 1000

// The rules, as findings name them.
const (
	LedgerUnbalanced  = "posting-sums-to-nought"     // the legs of a posting, per currency
	LedgerUnmatched   = "movement-matches-one-leg"   // every debit, credit and capture, in the same commit
	LedgerLeftOver    = "leg-moves-its-account"      // every leg, in the same commit
	LedgerBalance     = "balance-is-what-was-booked" // as each event states it
	LedgerHeld        = "held-is-what-was-reserved"
	LedgerOverdraft   = "nothing-below-the-overdraft-unless-forced"
	LedgerAccount     = "account-is-open"
	LedgerPostedOnce  = "posted-once"
	LedgerOverReverse = "no-more-given-back-than-posted"
	LedgerTrial       = "balances-sum-to-nought"
	LedgerPeriod      = "a-closed-month-is-what-was-booked-in-it"
)

// Ledger keeps its own books from the log and compares: the third time that the
// legs are checked, by code that shares nothing with the two that wrote them. The
// zero Ledger is not ready; NewLedger is.
type Ledger struct {
	accounts map[uuid.UUID]*ledgerAccount
	posted   map[uuid.UUID]ledgerPosted // transfers and journal entries
	sums     map[money.Currency]int64
	off      map[money.Currency]int64 // what the sums were off by when it was last found
	findings []LedgerFinding
	count    LedgerSummary
	at       eventbus.Position
	legs     []ledgerLeg // of the commit at hand, not yet moved
}

// LedgerSummary counts what was looked at.
type LedgerSummary struct {
	Accounts int   `json:"accounts"`
	Postings int   `json:"postings"`
	Legs     int   `json:"legs"`
	Findings int   `json:"findings"`
	Sum      int64 `json:"sum"` // of the absolute sums of all balances per currency: nought
}

type ledgerAccount struct {
	currency             money.Currency
	balance, held, limit int64 // limit: the overdraft
	internal, closed     bool
	forced               bool // may be below the overdraft
	holds                map[string]int64
	booked               []ledgerBooking // since the last month that is closed
	opening              int64           // its closing balance
	month                string
}

type ledgerPosted struct{ amount, reversed int64 }

type ledgerLeg struct {
	posting string
	money.Leg
}

// NewLedger begins before the first commit.
func NewLedger() *Ledger {
	return &Ledger{accounts: map[uuid.UUID]*ledgerAccount{}, posted: map[uuid.UUID]ledgerPosted{}, sums: map[money.Currency]int64{}, off: map[money.Currency]int64{}}
}

// ledgerDecoder reads an event without opening what is sealed in it.
type ledgerDecoder interface {
	DecodeClosed(kind string, version uint16, eventID uuid.UUID, data []byte) (domain.Event, error)
}

// VerifyLedger folds the whole log, or what there is of it up to its durable
// head. Damage to the log, and events nobody can read, are errors; breaches of the
// rules of money are findings.
func VerifyLedger(ctx context.Context, log eventbus.Log, treaty ledgerDecoder) (*Ledger, error) {
	ledger := NewLedger()
	for record, err := range log.ReadAll(ctx, 0) {
		if err != nil {
			return ledger, fmt.Errorf("projections: verify ledger: %w", err)
		}
		if err := ledger.Read(record, treaty); err != nil {
			return ledger, err
		}
	}
	return ledger, nil
}

// Read decodes what concerns money in a commit and takes it in.
func (l *Ledger) Read(record eventbus.Record, treaty ledgerDecoder) error {
	events := make([]domain.Event, len(record.Events))
	for i, recorded := range record.Events {
		if context, _, _ := strings.Cut(string(recorded.Stream), "/"); context != "account" && context != "transfer" && context != "journal" {
			continue
		}
		event, err := treaty.DecodeClosed(recorded.Kind, recorded.SchemaVersion, recorded.ID, recorded.Data)
		if err != nil {
			return fmt.Errorf("projections: verify ledger: position %d: %w", recorded.Position, err)
		}
		events[i] = event
	}
	l.Take(record, events)
	return nil
}

// Take takes in one commit, whole; events[i] is what record.Events[i] decodes to,
// nil where it does not concern money.
func (l *Ledger) Take(record eventbus.Record, events []domain.Event) {
	l.at, l.legs = record.Last(), l.legs[:0]
	for i, event := range events { // legs first: they may lie behind the movements
		switch e := event.(type) {
		case transfer.Posted:
			l.post(record.Events[i].Stream, e.Legs.Legs())
		case journal.Posted:
			l.post(record.Events[i].Stream, e.Legs.Legs())
		}
	}
	for i, event := range events {
		switch e := event.(type) {
		case account.Event:
			l.move(record.Events[i].Stream, record.Events[i].Version, e)
		case transfer.Reversed:
			l.reverse(record.Events[i].Stream, e)
		}
	}
	for _, leg := range l.legs {
		l.find(eventbus.Stream(leg.posting), LedgerLeftOver, "%s of account %s", leg.Amount, leg.Account)
	}
	l.trial()
}

// trial strikes the trial balance, after every commit: what is off is found once,
// where it went off, and not at every commit that follows.
func (l *Ledger) trial() {
	for currency, sum := range l.sums {
		if sum != 0 && sum != l.off[currency] {
			l.find("", LedgerTrial, "%s", money.Amount{Minor: sum, Currency: currency})
		}
		l.off[currency] = sum
	}
}

// Findings are the first LedgerFindingsMax breaches.
func (l *Ledger) Findings() []LedgerFinding { return append([]LedgerFinding(nil), l.findings...) }

// Summary counts what was looked at so far.
func (l *Ledger) Summary() LedgerSummary {
	summary := l.count
	for _, sum := range l.sums {
		summary.Sum += max(sum, -sum)
	}
	return summary
}

// Balance is what the ledger has booked to an account.
func (l *Ledger) Balance(of id.Account) (booked, held money.Amount, ok bool) {
	a, ok := l.accounts[of.UUID()]
	if !ok {
		return booked, held, false
	}
	return money.Amount{Minor: a.balance, Currency: a.currency}, money.Amount{Minor: a.held, Currency: a.currency}, true
}

func (l *Ledger) find(stream eventbus.Stream, rule, format string, details ...any) {
	l.count.Findings++
	if len(l.findings) < LedgerFindingsMax {
		l.findings = append(l.findings, LedgerFinding{l.at, stream, rule, fmt.Sprintf(format, details...)})
	}
}
