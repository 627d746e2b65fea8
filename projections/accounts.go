package projections

import (
	"time"

	"florin/domain"
	"florin/domain/account"
	"florin/domain/id"
	"florin/domain/money"
	"florin/eventbus"
)

// Account is one account as its owner sees it. Available is what may be spent:
// balance less holds plus overdraft; of an internal account it says nothing.
type Account struct {
	Account        id.Account
	Customer       id.Customer // zero: internal
	Class          account.Class
	Chart          account.Chart
	Product        string
	Version        int64 // of a product that is data; 0: it is none
	NextVersion    int64 // that was announced
	NextMonth      string
	Currency       money.Currency
	Status         account.Status
	Reason         string // of a freeze or a closure
	Balance        money.Amount
	Held           money.Amount
	Available      money.Amount
	OverdraftLimit money.Amount
	DailyLimit     money.Amount // zero: none
	MonthlyLimit   money.Amount
	DailyCap       money.Amount // of what an owner may set
	MonthlyCap     money.Amount
	Zone           string // where days and months are counted; "": UTC
	Overdrawn      bool
	DebitsBlocked  bool // nobody collects from it
	OpenedAt       time.Time
	ClosedAt       time.Time
	Position       eventbus.Position // of the last event that is in it

	counted  time.Time // to which its last booking counts
	numbered uint64    // the version of the stream that holds the IBAN; 0: none does
}

var accountsTable = table{
	name: "accounts", key: []string{"account"},
	columns: []column{
		{"account", text}, {"customer", text}, {"class", text}, {"chart", text}, {"product", text}, {"currency", text},
		{"status", text}, {"balance", bigint}, {"held", bigint}, {"available", bigint}, {"overdraft_limit", bigint},
		{"daily_limit", bigint}, {"overdrawn", bigint}, {"opened_at", bigint}, {"closed_at", bigint}, {"position", bigint}, {"numbered", bigint},
		{"status_reason", text}, {"monthly_limit", bigint}, {"daily_cap", bigint}, {"monthly_cap", bigint}, {"time_zone", text}, {"product_version", bigint},
		{"next_version", bigint}, {"next_month", text}, {"counted_at", bigint}, {"direct_debits_blocked", bigint},
	},
	indexes: []index{{"accounts_by_customer", "customer"}},
}

func (a *Account) fields() []any {
	return []any{
		&a.Account, &a.Customer, (*string)(&a.Class), (*string)(&a.Chart), &a.Product, (*string)(&a.Currency),
		(*string)(&a.Status), &a.Balance.Minor, &a.Held.Minor, &a.Available.Minor, &a.OverdraftLimit.Minor,
		&a.DailyLimit.Minor, &a.Overdrawn, &a.OpenedAt, &a.ClosedAt, (*uint64)(&a.Position), &a.numbered,
		&a.Reason, &a.MonthlyLimit.Minor, &a.DailyCap.Minor, &a.MonthlyCap.Minor, &a.Zone, &a.Version, &a.NextVersion, &a.NextMonth,
		&a.counted, &a.DebitsBlocked,
	}
}

// complete gives every amount the account's currency.
func (a *Account) complete() {
	for _, amount := range []*money.Amount{&a.Balance, &a.Held, &a.Available, &a.OverdraftLimit, &a.DailyLimit, &a.MonthlyLimit, &a.DailyCap, &a.MonthlyCap} {
		amount.Currency = a.Currency
	}
}

// hold is money that is held on an account: a transaction to come.
type hold struct {
	account     id.Account
	reservation string // the stream that asked for it
	purpose     string
	other       id.Account
	minor       int64 // still held
	currency    money.Currency
	at          time.Time
	recordedAt  time.Time
	countedAt   time.Time
	position    eventbus.Position
	reason      string // of the bank's own holds
}

type holdKey struct {
	account     id.Account
	reservation string
}

var holdsTable = table{
	name: "holds", key: []string{"account", "reservation"},
	columns: []column{
		{"account", text}, {"reservation", text}, {"purpose", text}, {"counterparty", text}, {"minor", bigint},
		{"currency", text}, {"booked_at", bigint}, {"recorded_at", bigint}, {"position", bigint}, {"reason", text}, {"counted_at", bigint},
	},
}

func (h *hold) fields() []any {
	return []any{&h.account, &h.reservation, &h.purpose, &h.other, &h.minor, (*string)(&h.currency), &h.at, &h.recordedAt, (*uint64)(&h.position), &h.reason, &h.countedAt}
}

// Transaction is one booking on an account, or a pending one: money that is held.
type Transaction struct {
	Position     eventbus.Position // of its event; newer is higher
	Account      id.Account
	Pending      bool
	Purpose      string       // transfer, reversal, or the purpose of the journal entry
	Posting      string       // the stream that holds the legs: "transfer/<uuid>" or "journal/<uuid>"
	Origin       string       // the stream of what the entry is booked for, such as "payment/<uuid>"; "": the posting is all there is
	Counterparty id.Account   // the other side; of several, the largest
	Amount       money.Amount // negative: money leaves
	Balance      money.Amount // after it; zero while pending
	Forced       bool         // posted whatever the balance
	BookedAt     time.Time
	RecordedAt   time.Time // the log's clock
	CountedAt    time.Time // the later of the two, never before an earlier booking's or in a closed month: in which day it is
	ValueDate    string    // from which it counts for interest; "": from that day
	Reason       string    // code, of a hold that the bank's own people have placed
	Reference    string    // remittance text, opened from the log; "" once it is erased
	Other        Party     // outside the bank, likewise
}

// Party is who pays or is paid elsewhere: a person or a company at another bank, or a shop.
type Party struct{ Name, IBAN string }

var transactionsTable = table{
	name: "transactions", key: []string{"position"},
	columns: []column{
		{"position", bigint}, {"account", text}, {"purpose", text}, {"posting", text}, {"counterparty", text}, {"minor", bigint},
		{"balance", bigint}, {"currency", text}, {"forced", bigint}, {"booked_at", bigint}, {"recorded_at", bigint},
		{"counted_at", bigint}, {"value_date", text}, {"origin", text},
	},
	indexes: []index{{"transactions_by_account", "account, position"}},
}

func (t *Transaction) fields() []any {
	return []any{
		(*uint64)(&t.Position), &t.Account, &t.Purpose, &t.Posting, &t.Counterparty, &t.Amount.Minor,
		&t.Balance.Minor, (*string)(&t.Amount.Currency), &t.Forced, &t.BookedAt, &t.RecordedAt,
		&t.CountedAt, &t.ValueDate, &t.Origin,
	}
}

// accountsFold folds account streams. Of all others it only looks at what the
// same commit says about a booking.
type accountsFold struct {
	accounts     *rows[id.Account, Account]
	holds        *rows[holdKey, hold]
	transactions added[Transaction]
	holders      *rows[holderKey, Holder]
	invitations  *rows[id.Invitation, Invitation]
	periods      *rows[periodKey, Period]
}

func beginAccounts(tables []table) fold {
	return &accountsFold{
		accounts:     newRows(tables[0], func(k id.Account) []any { return []any{k.String()} }, (*Account).fields),
		holds:        newRows(tables[1], func(k holdKey) []any { return []any{k.account.String(), k.reservation} }, (*hold).fields),
		transactions: added[Transaction]{table: tables[2], fields: (*Transaction).fields},
		holders:      newRows(tables[3], func(k holderKey) []any { return []any{k.account.String(), k.customer.String()} }, (*Holder).fields),
		invitations:  newRows(tables[4], func(k id.Invitation) []any { return []any{k.String()} }, (*Invitation).fields),
		periods:      newRows(tables[5], func(k periodKey) []any { return []any{k.account.String(), k.month} }, (*Period).fields),
	}
}

func (a *accountsFold) flush(w *writer) {
	a.accounts.flush(w)
	a.holds.flush(w)
	a.transactions.flush(w)
	a.holders.flush(w)
	a.invitations.flush(w)
	a.periods.flush(w)
}

func (a *accountsFold) forget() {
	a.accounts.forget()
	a.holds.forget()
	a.transactions.forget()
	a.holders.forget()
	a.invitations.forget()
	a.periods.forget()
}

func (a *accountsFold) apply(w *writer, c *commit, f *fact) error {
	if f.context != "account" {
		return nil
	}
	if e, ok := f.event.(account.Opened); ok {
		a.accounts.add(e.Account, Account{
			Account: e.Account, Customer: e.Customer, Class: e.Class, Chart: e.Chart, Product: e.Product, Currency: e.Currency,
			Status: account.Active, Available: e.OverdraftLimit, OverdraftLimit: e.OverdraftLimit, DailyLimit: e.DailyLimit,
			OpenedAt: e.At, Position: f.Position,
		})
		if e.Class == account.Customers {
			a.holders.add(holderKey{e.Account, e.Customer}, Holder{Account: e.Account, Customer: e.Customer, Role: account.Owner, Since: e.At, Position: f.Position})
		}
		return nil
	}
	of, err := streamUUID(f.Stream)
	if err != nil {
		return err
	}
	row, ok := a.accounts.get(w, id.From[id.Account](of))
	if !ok {
		return errNoRow
	}
	if err := a.move(w, c, f, row); err != nil {
		return err
	}
	row.Available.Minor = row.Balance.Minor - row.Held.Minor + row.OverdraftLimit.Minor
	row.Position = f.Position
	return nil
}

// move takes in what happened to an account that is open.
func (a *accountsFold) move(w *writer, c *commit, f *fact, row *Account) error {
	switch e := f.event.(type) {
	case account.Numbered:
		row.numbered = uint64(f.Version)
	case account.Debited:
		row.Balance = e.Balance
		a.book(c, f, row, Transaction{Posting: e.Posting, Amount: e.Amount.Negate(), Balance: e.Balance, Forced: e.Forced, BookedAt: e.At})
	case account.Credited:
		row.Balance = e.Balance
		row.Overdrawn = row.Overdrawn && row.Balance.Minor < -row.OverdraftLimit.Minor
		a.book(c, f, row, Transaction{Posting: e.Posting, Amount: e.Amount, Balance: e.Balance, BookedAt: e.At})
	case account.FundsReserved:
		purpose, other := c.booking(e.Reservation, row.Account, false)
		a.holds.add(holdKey{row.Account, e.Reservation}, hold{
			account: row.Account, reservation: e.Reservation, purpose: purpose, other: other, minor: e.Amount.Minor,
			currency: row.Currency, at: e.At, recordedAt: c.record.RecordedAt, countedAt: account.Counts(row.counted, e.At, c.record.RecordedAt), position: f.Position})
		row.Held.Minor += e.Amount.Minor
	case account.ReservationCaptured:
		row.Balance = e.Balance
		a.free(w, row, e.Reservation, e.Amount.Minor)
		a.book(c, f, row, Transaction{Posting: e.Posting, Amount: e.Amount.Negate(), Balance: e.Balance, BookedAt: e.At})
	case account.ReservationReleased:
		a.free(w, row, e.Reservation, e.Amount.Minor)
	case account.HoldPlaced:
		name := e.Hold.Stream()
		a.holds.add(holdKey{row.Account, name}, hold{account: row.Account, reservation: name, purpose: purposeHold, minor: e.Amount.Minor,
			currency: row.Currency, at: e.At, recordedAt: c.record.RecordedAt, countedAt: account.Counts(row.counted, e.At, c.record.RecordedAt), position: f.Position, reason: e.Reason})
		row.Held.Minor += e.Amount.Minor
	case account.HoldLifted:
		a.free(w, row, e.Hold.Stream(), e.Amount.Minor)
	case account.LimitsAgreed:
		row.Zone = e.Zone
		row.limit(e.Limits, e.Cap)
	case account.LimitsChanged:
		row.limit(e.Limits, account.Limits{Daily: row.DailyCap, Monthly: row.MonthlyCap})
	case account.CapChanged:
		row.limit(e.Limits, e.Cap)
	case account.PeriodClosed:
		a.close(row, f, e)
	case account.ProductAgreed, account.TermsAnnounced, account.TermsWithdrawn, account.TermsAdopted:
		row.keep(e)
	case account.DirectDebitsBlocked:
		row.DebitsBlocked = true
	case account.DirectDebitsAllowed:
		row.DebitsBlocked = false
	case account.Overdrawn:
		row.Overdrawn = true
	case account.Frozen:
		row.Status, row.Reason = account.OnIce, e.Reason
	case account.Unfrozen:
		row.Status, row.Reason = account.Active, ""
	case account.Closed:
		row.Status, row.Reason, row.ClosedAt = account.Finished, e.Reason, e.At
	default:
		return a.share(w, f, row)
	}
	return nil
}

// keep takes in on which terms the account is kept, or will be.
func (a *Account) keep(on domain.Event) {
	switch e := on.(type) {
	case account.ProductAgreed:
		a.Version = e.Version
	case account.TermsAnnounced:
		a.NextVersion, a.NextMonth = e.Version, e.Month
	case account.TermsWithdrawn:
		a.NextVersion, a.NextMonth = 0, ""
	case account.TermsAdopted:
		a.Version, a.OverdraftLimit.Minor, a.NextVersion, a.NextMonth = e.Version, e.OverdraftLimit.Minor, 0, ""
	}
}

func (a *Account) limit(limits, cap account.Limits) {
	a.DailyLimit.Minor, a.MonthlyLimit.Minor = limits.Daily.Minor, limits.Monthly.Minor
	a.DailyCap.Minor, a.MonthlyCap.Minor = cap.Daily.Minor, cap.Monthly.Minor
}

func (a *accountsFold) book(c *commit, f *fact, row *Account, t Transaction) {
	t.Position, t.Account, t.RecordedAt, t.ValueDate = f.Position, row.Account, c.record.RecordedAt, f.ValueDate
	row.counted = account.Counts(row.counted, t.BookedAt, t.RecordedAt)
	t.CountedAt = row.counted
	t.Purpose, t.Counterparty = c.booking(t.Posting, row.Account, t.Amount.IsPositive())
	t.Origin = c.origin(t.Posting)
	a.transactions.add(t)
}

// free ends a hold, or as much of it as minor.
func (a *accountsFold) free(w *writer, row *Account, reservation string, minor int64) {
	key := holdKey{row.Account, reservation}
	held, ok := a.holds.get(w, key)
	if !ok {
		return
	}
	row.Held.Minor -= minor
	if held.minor -= minor; held.minor <= 0 {
		a.holds.remove(key)
	}
}
