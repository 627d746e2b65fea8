// Package standing decides when a standing order is executed: money that moves from
// one account of the bank to another, or to another bank, on days that were agreed once.
// One that is executed once is a transfer of a later day.
//
//	(none) -- Order --> challenged -- Authorise --> active -- Execute (each day) --> ended
//	                        |                         |
//	                        +-- five failures --> rejected
//	                        +-- Expire ---------> expired
//	                        '-- Cancel ---------> cancelled <-- Cancel
//
// The customer confirms the series as a whole, with amount, payee, frequency and days
// before their eyes (PSD2 RTS art. 14), and what the payee's bank says of the name; its
// transfers and payments are not confirmed again. The
// occurrences are settled one after another: executed, failed or skipped, each once.
// One that fails for want of money is tried again, SlotsMax times in its day.
//
// Why an occurrence that was missed is made up for, and how many: a bank that was
// away owes its customers the payments of that time, but not a year of days at once.
// The latest MissedMax are executed in order, what lies before is skipped by a fact.
// It must never execute one occurrence twice, nor one before its day.
//
// Why an order outlives the device that it was asked for with, once it is confirmed: the
// mandate is the customer's, given with two factors of which the device was one, and rent
// is due whatever becomes of a telephone. What still waits goes with the device. A thief
// who had both factors is met like anywhere else: the customer was told of the order when
// it was placed, sees it, and cancels it on any other device.
package standing

import (
	"florin/domain/id"
	"florin/domain/money"
	"florin/domain/sca"
)

const (
	SlotsMax  = 3  // tries of an occurrence in its day
	MissedMax = 12 // occurrences that are made up for
)

// Phase is where a standing order stands; it is also its status on the wire.
type Phase string

const (
	Absent    Phase = ""
	Pending   Phase = "challenged"
	Active    Phase = "active"
	Declined  Phase = "rejected"
	TimedOut  Phase = "expired"
	Withdrawn Phase = "cancelled"
	Over      Phase = "ended"
)

// State is what the rules need to know; its zero value is an order that does not
// exist yet. It holds no personal data.
type State struct {
	Order    id.StandingOrder
	Customer id.Customer
	From, To id.Account // To is zero if the payee is elsewhere
	Abroad   bool       // the payee is at another bank
	Amount   money.Amount
	Plan     Plan
	Zone     string
	Device   id.Device // that asked for it
	Phase    Phase
	SCA      sca.Challenge
	Settled  int64 // occurrences
	Slot     int64 // the last try of the next one
}

// Next is the day of the occurrence that is to be settled next; false: there is none.
func (s State) Next() (day string, ok bool) {
	if s.Phase != Active {
		return "", false
	}
	return s.Plan.Day(s.Settled)
}

// Evolve takes in one fact. It never refuses: what is in the log has happened.
func (s State) Evolve(event Event) State {
	switch e := event.(type) {
	case Ordered:
		s = State{Order: e.Order, Customer: e.Customer, From: e.From, To: e.To, Abroad: !e.Payee.IsZero(), Amount: e.Amount, Plan: e.Plan, Zone: e.Zone, Device: e.Device}
	case Challenged:
		s.Phase, s.SCA = Pending, sca.Of(e.Challenge, e.Methods, e.Display, e.At, e.ExpiresAt)
	case AuthorisationFailed:
		s.SCA, _ = s.SCA.Failed()
	case Authorised:
		s.Phase, s.SCA = Active, sca.Challenge{}
	case Rejected:
		s.Phase, s.SCA = Declined, sca.Challenge{}
	case Expired:
		s.Phase, s.SCA = TimedOut, sca.Challenge{}
	case Cancelled:
		s.Phase, s.SCA = Withdrawn, sca.Challenge{}
	case Ended:
		s.Phase = Over
	case Executed:
		s.Settled, s.Slot = e.Occurrence+1, 0
	case Failed:
		if s.Slot = e.Slot; e.Final {
			s.Settled, s.Slot = e.Occurrence+1, 0
		}
	case Skipped:
		s.Settled, s.Slot = e.Occurrence+e.Count, 0
	}
	return s
}

// Missed is how many of the occurrences that have begun by today are to be skipped:
// all but the latest MissedMax.
func (s State) Missed(today string) int64 {
	var begun int64
	for n := s.Settled; ; n++ {
		day, ok := s.Plan.Day(n)
		if !ok || day > today {
			return max(0, begun-MissedMax)
		}
		begun++
	}
}
