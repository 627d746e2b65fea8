package projections

import (
	"slices"

	"florin/domain/id"
)

// begunOrHeld says which rows of a table a customer is shown: those that they began, and
// those that anybody began on an account that they hold. Each half walks an index of its
// own, so that a page costs a page however many rows there are. The projections of
// accounts and of the table may be a moment apart: who serves a row that the customer did
// not begin asks the account itself.
type begunOrHeld struct {
	table, key, account string
	after, order        string // what a page begins after, and in which order it goes on
}

func (b begunOrHeld) where() string {
	half := func(whose string) string {
		return "select " + b.key + " from (select " + b.key + " from " + b.table + " where " + whose + " and " + b.after + " order by " + b.order + " limit ?) as half"
	}
	return b.key + " in (" + half("customer = ?") + " union " + half(b.account+" in (select account from holders where customer = ?)") + ") order by " + b.order + " limit ?"
}

// arguments fills in where; after are those of the condition.
func (b begunOrHeld) arguments(customer id.Customer, limit int, after ...any) []any {
	half := append(append([]any{customer.String()}, after...), bounded(limit))
	return append(slices.Concat(half, half), bounded(limit))
}
