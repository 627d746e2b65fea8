package service

import (
	"net/http"

	"florin/domain/id"
	"florin/domain/money"
	"florin/eventbus"
	"florin/gateway/wire"
	"florin/projections"
)

// PeriodAnswer is a month of an account that is closed. What it has earned and cost is
// booked as the first of the month after it; charges that there was no money for are
// owed, and taken when the next month is closed.
type PeriodAnswer struct {
	Month         string            `json:"month"` // 2026-01
	From          string            `json:"from"`
	To            string            `json:"to"`
	Opening       string            `json:"opening_balance"`
	Closing       string            `json:"closing_balance"`
	Credits       int64             `json:"credits"` // how many bookings brought money
	CreditSum     string            `json:"credit_sum"`
	Debits        int64             `json:"debits"`
	DebitSum      string            `json:"debit_sum"`
	Interest      string            `json:"interest,omitzero"`       // earned
	DebitInterest string            `json:"debit_interest,omitzero"` // charged
	MonthlyFee    string            `json:"monthly_fee,omitzero"`
	OverdraftFee  string            `json:"overdraft_fee,omitzero"`
	Taken         string            `json:"charges_taken,omitzero"`
	Owed          string            `json:"charges_owed,omitzero"`
	Booked        eventbus.Position `json:"booked_position,omitzero"` // of the last booking in it
	Position      eventbus.Position `json:"position"`                 // of its closing
}

// PeriodList is a page of closed months, newest first.
type PeriodList struct {
	Account  id.Account     `json:"account"`
	Currency money.Currency `json:"currency"`
	Periods  []PeriodAnswer `json:"periods"`
}

// Periods is the account's closed months, newest first.
func (s Accounts) Periods(w http.ResponseWriter, r *http.Request) error {
	row, _, err := s.held(r)
	if err != nil {
		return err
	}
	page, err := s.page(r, "periods/"+row.Account.String())
	if err != nil {
		return err
	}
	rows, err := s.Reads.PeriodsOf(r.Context(), row.Account, page.mark, page.limit+1)
	if err != nil {
		return err
	}
	rows, last, more := cut(rows, page.limit)
	if more {
		page.next(w, r, s.Cursors, last.Month)
	}
	list := PeriodList{Account: row.Account, Currency: row.Currency, Periods: make([]PeriodAnswer, 0, len(rows))}
	for _, row := range rows {
		list.Periods = append(list.Periods, periodOf(row))
	}
	return wire.OK(w, list)
}

func periodOf(p projections.Period) PeriodAnswer {
	sum := func(minor int64) string { return money.Amount{Minor: minor, Currency: p.Currency}.Decimal() }
	some := func(minor int64) string { return decimalOrNone(money.Amount{Minor: minor, Currency: p.Currency}) }
	return PeriodAnswer{Month: p.Month, From: p.From, To: p.To, Opening: sum(p.Opening), Closing: sum(p.Closing),
		Credits: p.Credits, CreditSum: sum(p.CreditSum), Debits: p.Debits, DebitSum: sum(p.DebitSum),
		Interest: some(p.Interest), DebitInterest: some(p.DebitInterest), MonthlyFee: some(p.MonthlyFee), OverdraftFee: some(p.OverdraftFee),
		Taken: some(p.Taken), Owed: some(p.Owed), Booked: p.BookedPosition, Position: p.Position}
}
