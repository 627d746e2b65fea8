package study

import (
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/google/uuid"

	"florin/domain/risk"
)

// Transaction is one labelled payment.
type Transaction struct {
	ID       string
	At       time.Time
	Customer uuid.UUID
	Payee    uuid.UUID
	Amount   int64 // hundredths of a unit
	Fraud    bool
}

// ErrOrder: transactions come in the order of their time, for a history only grows.
var ErrOrder = errors.New("study: the transactions are not in the order of their time; sort them first")

// Replay makes the transactions in their order, as if each were a command, and shows
// each with what was known before it: a fraud is known from delay after it. It ends
// with the first error, of see's or of the transactions.
func Replay(all iter.Seq2[Transaction, error], delay time.Duration, see func(Transaction, *risk.Vector) error) error {
	history := risk.NewHistory()
	var confirmations []Transaction // not yet due, in order
	var last time.Time
	for t, err := range all {
		if err != nil {
			return err
		}
		if t.At.Before(last) {
			return fmt.Errorf("%w: %s is of %s, after one of %s", ErrOrder, t.ID, t.At.Format(time.RFC3339), last.Format(time.RFC3339))
		}
		last = t.At
		due := 0
		for due < len(confirmations) && !confirmations[due].At.Add(delay).After(t.At) {
			found := confirmations[due]
			history.Confirm(found.Customer, found.Payee, found.At.Add(delay))
			due++
		}
		confirmations = confirmations[due:]
		attempt := risk.Attempt{At: t.At, Customer: t.Customer, Payee: t.Payee, Amount: t.Amount}
		v := history.Look(attempt)
		if err := see(t, &v); err != nil {
			return err
		}
		history.Take(attempt)
		if t.Fraud {
			confirmations = append(confirmations, t)
		}
	}
	return nil
}
