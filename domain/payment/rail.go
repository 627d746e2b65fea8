package payment

import "strings"

// What the rail says of a payment that was submitted. It may say things in any
// order, and more than once: what it has said already is a conflict, and nothing.

func (s State) accept(c Accept) ([]Event, error) {
	if s.Phase != Sent {
		return nil, s.notAwaited()
	}
	return []Event{Accepted(c)}, nil
}

func (s State) settle(c Settle) ([]Event, error) {
	if !s.Phase.Awaited() || c.Journal.IsZero() {
		return nil, s.notAwaited()
	}
	return []Event{Settled(c)}, nil
}

func (s State) reject(c Reject) ([]Event, error) {
	switch {
	case !s.Phase.Awaited(), c.Journal.IsZero():
		return nil, s.notAwaited()
	case !Reason(c.Reason):
		return nil, ErrReason
	}
	return []Event{Rejected{Code: RailRejected, Reason: c.Reason, Journal: c.Journal, At: c.At}}, nil
}

// giveBack also takes a return of what nobody said was settled: that word was lost.
func (s State) giveBack(c Return) ([]Event, error) {
	switch {
	case s.Phase == Absent:
		return nil, ErrMissing
	case !Reason(c.Reason):
		return nil, ErrReason
	case c.Amount.Currency != s.Amount.Currency, !c.Amount.IsPositive():
		return nil, ErrAmount
	case c.Amount.Minor > s.Amount.Minor:
		return nil, ErrOverReturn
	case !s.Phase.Awaited() && s.Phase != Done, c.Journal.IsZero(), c.Return == "":
		return nil, ErrNotReturnable
	}
	return []Event{Returned(c)}, nil
}

func (s State) notAwaited() error {
	if s.Phase == Absent {
		return ErrMissing
	}
	return ErrNotAwaited
}

// Reason tells whether it is a reason code of ISO 20022's external code sets: AC04,
// FOCR, NARR.
func Reason(code string) bool {
	return code != "" && len(code) <= 4 && strings.Trim(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == ""
}
