package account

import (
	"florin/domain/id"
	"florin/domain/money"
)

// Class tells the customers' money from the bank's own books.
type Class string

const (
	Customers Class = "customer"
	Internal  Class = "internal"
)

// Chart is a place in the chart of internal accounts: the other side of every
// entry. Money enters and leaves the bank only against these, so they may go
// negative without bound.
type Chart string

// The chart. A place that exists once per rail is made with Nostro or InTransit.
const (
	SchemeSettlement Chart = "scheme-settlement"
	FeesIncome       Chart = "fees-income"
	InterestExpense  Chart = "interest-expense"
	InterestIncome   Chart = "interest-income"
	OtherIncome      Chart = "other-income" // what nobody claims
	InterestAccrued  Chart = "interest-accrued"
	Tax              Chart = "tax"
	FXPosition       Chart = "fx-position"
	Suspense         Chart = "suspense"
	Receivables      Chart = "receivables"
	WriteOff         Chart = "write-off"
	OpeningBalance   Chart = "opening-balance"
)

// Rail is a way in which money reaches other banks.
type Rail string

// The rails. Cash is money handed in by hand.
const (
	Cash          Rail = "cash"
	SEPA          Rail = "sepa"
	SEPAInstant   Rail = "sepa-instant"
	Target        Rail = "target"
	Correspondent Rail = "correspondent"
)

// Nostro is what the bank holds with others on the rail.
func Nostro(rail Rail) Chart { return Chart("nostro-" + string(rail)) }

// InTransit is what has left one side of the rail and not reached the other.
func InTransit(rail Rail) Chart { return Chart("in-transit-" + string(rail)) }

var chart = map[Chart]bool{
	SchemeSettlement: true, FeesIncome: true, InterestExpense: true, InterestIncome: true, OtherIncome: true, InterestAccrued: true, Tax: true,
	FXPosition: true, Suspense: true, Receivables: true, WriteOff: true, OpeningBalance: true,
	Nostro(Cash): true, Nostro(SEPA): true, Nostro(SEPAInstant): true, Nostro(Target): true, Nostro(Correspondent): true,
	InTransit(SEPA): true, InTransit(SEPAInstant): true, InTransit(Target): true, InTransit(Correspondent): true,
}

// Known tells whether the chart has this place.
func (c Chart) Known() bool { return chart[c] }

// In is the account at this place of the chart in a currency: the same one for ever.
func (c Chart) In(currency money.Currency) id.Account {
	return id.Named[id.Account](string(c), string(currency))
}
