package transfer

import (
	"time"

	"florin/domain"
	"florin/domain/calendar"
)

// A transfer of a later day is confirmed now and executed then.
//
//	(none) -- Initiate --> challenged -- Authorise --> scheduled -- Run (on its day) --> posted or rejected
//	                                                       '-- Cancel --> cancelled
//
// Why it is always challenged: nobody is there on the day to be asked, so what the
// customer says now has to be enough (a yes to amount, payee and day). Why nothing is
// held: the money has to be there on the day, as with a standing order. It must never be
// executed before its day, nor twice.

type (
	// Dated: it is to be executed on a day of the debtor's account, not before Due.
	Dated struct {
		Day  string    `json:"day"`  // 2026-01-31
		Zone string    `json:"zone"` // IANA
		Due  time.Time `json:"due"`
		At   time.Time `json:"at"`
	}
	// Scheduled: it is confirmed, and waits for its day.
	Scheduled struct {
		At time.Time `json:"at"`
	}
)

func (Dated) Kind() string       { return "transfer.dated" }
func (Scheduled) Kind() string   { return "transfer.scheduled" }
func (Dated) transferEvent()     {}
func (Scheduled) transferEvent() {}

// Run executes what is scheduled, once it is due. Refused is the rule that says no now; Hold
// tells that risk wants a person to look at it.
type Run struct {
	Refused     string
	Hold        bool
	ReviewUntil time.Time
	At          time.Time
}

func (Run) transferCommand() {}

// Refusals.
var (
	ErrDay    = &domain.Refusal{Class: domain.Invalid, Code: "invalid-execution-date", Detail: "The day of a transfer is today or later, and at most a year away."}
	ErrNotDue = &domain.Refusal{Class: domain.Conflict, Code: "transfer-not-due", Detail: "This transfer does not wait to be executed now."}
)

// check says whether the day is one that may be asked for on another.
func (d Dated) check(today string) error {
	if d.Day == "" || calendar.Ahead(d.Day, today) {
		return nil
	}
	return ErrDay
}

func (s State) run(c Run) ([]Event, error) {
	switch {
	case s.Phase != Waiting, c.At.Before(s.Due):
		return nil, ErrNotDue
	case c.Refused != "":
		return []Event{Rejected{Code: c.Refused, At: c.At}}, nil
	case c.Hold:
		return []Event{Held{Until: c.ReviewUntil, At: c.At}}, nil
	}
	return []Event{post(s.From, s.To, s.Amount, c.At)}, nil
}
