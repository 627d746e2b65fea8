package service

import (
	"net/http"
	"strconv"
	"time"

	"florin/commands"
	"florin/domain/account"
	"florin/domain/calendar"
	"florin/domain/id"
	"florin/domain/money"
	"florin/eventbus"
	"florin/gateway/problem"
	"florin/gateway/wire"
	"florin/projections"
	"florin/schemas"
)

// Accounts serves /v1/accounts.
type Accounts struct{ Desk }

// AccountAnswer is an account on the wire. Available is what may be spent:
// balance and overdraft, less what is held.
type AccountAnswer struct {
	Account   id.Account        `json:"account"`
	IBAN      string            `json:"iban,omitzero"`
	BIC       string            `json:"bic,omitzero"`
	Currency  money.Currency    `json:"currency"`
	Product   string            `json:"product"`
	Version   int64             `json:"product_version,omitzero"` // of its terms
	Next      NextTerms         `json:"next_terms,omitzero"`      // that were announced
	Status    string            `json:"status"`
	Reason    string            `json:"status_reason,omitzero"` // code, of a freeze or a closure
	Role      string            `json:"role,omitzero"`          // of the caller: owner or reader
	Balance   string            `json:"balance"`
	Available string            `json:"available"`
	Held      string            `json:"held"`
	Limits    AccountLimits     `json:"limits"`
	Blocked   bool              `json:"direct_debits_blocked,omitzero"` // nobody collects from it
	Accrued   AccruedInterest   `json:"accrued_interest,omitzero"`      // of one account alone, if it bears interest
	OpenedAt  time.Time         `json:"opened_at"`
	Position  eventbus.Position `json:"position,omitzero"`
}

// AccruedInterest is what the month that is not closed yet has earned and cost up to the
// last day that is over, as its closing would round it. It is not booked before that.
type AccruedInterest struct {
	Month   string `json:"month"`            // 2026-01
	Through string `json:"through,omitzero"` // the last day that is in it; none: none is over
	Credit  string `json:"credit"`
	Debit   string `json:"debit"`
}

// AccountList is a page of accounts.
type AccountList struct {
	Accounts []AccountAnswer `json:"accounts"`
}

// BalanceAnswer is a balance as it was.
type BalanceAnswer struct {
	Account  id.Account        `json:"account"`
	Balance  string            `json:"balance"`
	Currency money.Currency    `json:"currency"`
	Position eventbus.Position `json:"position"`
	At       time.Time         `json:"at,omitzero"`
}

// TransactionAnswer is an entry of an account: booked, or pending while it is held.
type TransactionAnswer struct {
	Posting      string            `json:"posting"`        // transfer/<uuid> or journal/<uuid>
	About        string            `json:"about,omitzero"` // what it is booked or held for: a transfer, payment, incoming payment, direct debit or card authorisation
	Purpose      string            `json:"purpose"`        // transfer, reversal, deposit, ...
	Status       string            `json:"status"`         // booked or pending
	Counterparty id.Account        `json:"counterparty,omitzero"`
	Name         string            `json:"counterparty_name,omitzero"` // outside the bank: who pays or is paid, or the shop
	IBAN         string            `json:"counterparty_iban,omitzero"`
	Amount       string            `json:"amount"` // signed: negative leaves the account
	Currency     money.Currency    `json:"currency"`
	Balance      string            `json:"balance,omitzero"` // after it; none while pending
	Reason       string            `json:"reason,omitzero"`  // code, of a hold that the bank has placed
	Reference    string            `json:"reference,omitzero"`
	ValueDate    string            `json:"value_date,omitzero"` // from which it counts for interest, if not from its day
	Position     eventbus.Position `json:"position"`
	At           time.Time         `json:"at"`
}

// TransactionList is a page of entries, newest first.
type TransactionList struct {
	Transactions []TransactionAnswer `json:"transactions"`
}

// Open is OpenAccount.
func (s Accounts) Open(w http.ResponseWriter, r *http.Request) error {
	call := CallOf(r.Context())
	body, err := wire.Decode[schemas.OpenAccount](call.Body)
	if err != nil {
		return err
	}
	currency := money.Currency(body.Currency)
	if !currency.Known() {
		return wire.UnknownCurrency
	}
	name := profile(body.Name)
	if name.IsZero() {
		if name, err = s.Bank.Customers().Name(r.Context(), call.Caller.Customer); err != nil {
			return err
		}
	}
	opened, outcome, err := s.Bank.Accounts().Open(r.Context(), s.order(r, call), commands.OpenAccount{
		Customer: call.Caller.Customer, Name: name, Currency: currency, Product: body.Product, Zone: body.TimeZone})
	if err != nil {
		return refused(w, outcome, err)
	}
	answered(w, outcome)
	zero := money.Amount{Currency: opened.Currency}
	return wire.Created(w, "/v1/accounts/"+opened.Account.String(), AccountAnswer{
		Account: opened.Account, IBAN: opened.IBAN.Reveal(), BIC: s.bic(opened.IBAN.Reveal()),
		Currency: opened.Currency, Product: opened.Product, Version: opened.Version, Status: string(opened.Status), Role: string(account.Owner),
		Balance: zero.Decimal(), Available: opened.Overdraft.Add(zero).Decimal(), Held: zero.Decimal(),
		Limits: accountLimitsOf(opened.Limits, opened.Cap, opened.Zone, opened.Overdraft), OpenedAt: opened.At, Position: outcome.Receipt.Last,
	})
}

// List is the accounts that the caller holds, in whatever role.
func (s Accounts) List(w http.ResponseWriter, r *http.Request) error {
	page, err := s.page(r, "accounts")
	if err != nil {
		return err
	}
	if err := s.fresh(r, "accounts"); err != nil {
		return err
	}
	after, err := marked[id.Account](page)
	if err != nil {
		return err
	}
	rows, err := s.Reads.AccountsOf(r.Context(), CallOf(r.Context()).Caller.Customer, after, page.limit+1)
	if err != nil {
		return err
	}
	rows, last, more := cut(rows, page.limit)
	if more {
		page.next(w, r, s.Cursors, last.Account.String())
	}
	list := AccountList{Accounts: make([]AccountAnswer, 0, len(rows))}
	for _, row := range rows {
		role, err := s.Reads.RoleOf(r.Context(), row.Account, CallOf(r.Context()).Caller.Customer)
		if err != nil {
			return err
		}
		answer, err := s.shown(r, row, role)
		if err != nil {
			return err
		}
		list.Accounts = append(list.Accounts, answer)
	}
	return wire.OK(w, list)
}

// Get is one account of the caller's.
func (s Accounts) Get(w http.ResponseWriter, r *http.Request) error {
	row, role, err := s.held(r)
	if err != nil {
		return err
	}
	answer, err := s.shown(r, row, role)
	if err != nil {
		return err
	}
	accrued, err := s.Bank.Periods().Accrued(r.Context(), row.Account)
	if err != nil {
		return err
	}
	if accrued.Month != "" {
		answer.Accrued = AccruedInterest{Month: accrued.Month, Through: accrued.Through, Credit: accrued.Earned.Decimal(), Debit: accrued.Owed.Decimal()}
	}
	return wire.OK(w, answer)
}

// shown is the account with what other banks know it by.
func (s Accounts) shown(r *http.Request, row projections.Account, role account.Role) (AccountAnswer, error) {
	answer := accountOf(row)
	answer.Role = string(role)
	var err error
	answer.IBAN, err = s.Reads.IBAN(r.Context(), row)
	answer.BIC = s.bic(answer.IBAN)
	return answer, err
}

// bic goes with an IBAN: without one nobody needs it.
func (s Accounts) bic(iban string) string {
	if iban == "" {
		return ""
	}
	return s.Bank.Accounts().BIC()
}

// held is the account of the path, with what the caller may do with it; not-found
// if that is nothing.
func (s Accounts) held(r *http.Request) (projections.Account, account.Role, error) {
	asked, err := pathID[id.Account](r)
	if err != nil {
		return projections.Account{}, account.NoRole, err
	}
	if err := s.fresh(r, "accounts"); err != nil {
		return projections.Account{}, account.NoRole, err
	}
	role, err := s.Reads.RoleOf(r.Context(), asked, CallOf(r.Context()).Caller.Customer)
	if err == nil && role == account.NoRole {
		err = problem.NotFound
	}
	if err != nil {
		return projections.Account{}, account.NoRole, err
	}
	row, err := s.Reads.Account(r.Context(), asked)
	return row, role, err
}

// Balance is what the account held at a time or a log position; now, if neither
// is said.
func (s Accounts) Balance(w http.ResponseWriter, r *http.Request) error {
	row, _, err := s.held(r)
	if err != nil {
		return err
	}
	query, err := wire.Query(r, "at", "position")
	if err != nil {
		return err
	}
	answer := BalanceAnswer{Account: row.Account, Currency: row.Currency, Balance: row.Balance.Decimal(), Position: row.Position}
	if query.Get("at") == "" && query.Get("position") == "" {
		return wire.OK(w, answer)
	}
	moment, err := s.moment(r, query.Get("at"), query.Get("position"))
	if err != nil {
		return err
	}
	balance, position, err := s.Reads.BalanceAt(r.Context(), row.Account, moment)
	if err != nil {
		return err
	}
	answer.Balance, answer.Position, answer.At = balance.Decimal(), position, moment.Time
	return wire.OK(w, answer)
}

// moment is the time or the position that is asked about; a position is waited for.
func (s Accounts) moment(r *http.Request, at, position string) (projections.At, error) {
	if at != "" && position != "" {
		return projections.At{}, problem.BadParameter.With("Ask for a time or for a position, not for both.")
	}
	if at != "" {
		when, err := time.Parse(time.RFC3339, at)
		if err != nil {
			return projections.At{}, problem.BadParameter.With("The time is RFC 3339, such as 2026-01-02T15:04:05Z.")
		}
		return projections.At{Time: when.UTC()}, nil
	}
	asked, err := wire.ParsePosition(position)
	if err != nil {
		return projections.At{}, err
	}
	return projections.At{Position: asked}, s.Reads.WaitFor(r.Context(), "accounts", asked)
}

// within is the time between the dates from and to, both included, where the account
// lives; either may be left out. Its name goes into the cursor.
func (s Accounts) within(r *http.Request, row projections.Account) (within projections.Span, name string, err error) {
	query, err := wire.Query(r, "limit", "cursor", "from", "to")
	if err != nil {
		return within, "", err
	}
	from, to, known := query.Get("from"), query.Get("to"), true
	if from != "" {
		within.From, known = calendar.Start(row.Zone, from)
	}
	if to != "" && known {
		within.To, known = calendar.Start(row.Zone, calendar.After(to, 1))
	}
	if !known {
		return within, "", problem.BadParameter.With("The dates from and to are such as 2026-01-31.")
	}
	return within, "/" + from + "/" + to, nil
}

// Transactions is the account's entries, booked and pending, newest first.
func (s Accounts) Transactions(w http.ResponseWriter, r *http.Request) error {
	row, _, err := s.held(r)
	if err != nil {
		return err
	}
	within, dates, err := s.within(r, row)
	if err != nil {
		return err
	}
	page, err := s.page(r, "transactions/"+row.Account.String()+dates, "from", "to")
	if err != nil {
		return err
	}
	before, err := page.position()
	if err != nil {
		return err
	}
	rows, err := s.Reads.Transactions(r.Context(), row.Account, within, before, page.limit+1)
	if err != nil {
		return err
	}
	rows, last, more := cut(rows, page.limit)
	if more {
		page.next(w, r, s.Cursors, strconv.FormatUint(uint64(last.Position), 10))
	}
	list := TransactionList{Transactions: make([]TransactionAnswer, 0, len(rows))}
	for _, row := range rows {
		list.Transactions = append(list.Transactions, transactionOf(row))
	}
	return wire.OK(w, list)
}
