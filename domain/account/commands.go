package account

import (
	"time"

	"florin/domain"
	"florin/domain/id"
	"florin/domain/money"
)

// Command is something one may ask of an account. The set is sealed.
type Command interface{ accountCommand() }

type (
	// Open opens a customer's account.
	Open struct {
		Account        id.Account
		Customer       id.Customer
		Name           domain.Profile
		Currency       money.Currency
		Product        string
		OverdraftLimit money.Amount // zero: none
		DailyLimit     money.Amount // zero: no limit
		At             time.Time
	}
	// OpenInternal opens the account at a place of the chart.
	OpenInternal struct {
		Chart    Chart
		Currency money.Currency
		At       time.Time
	}
	// AssignNumber gives the account its IBAN.
	AssignNumber struct {
		IBAN  domain.Evidence
		Claim id.Claim
		At    time.Time
	}
	// Debit takes money for a posting. Limited ones count against the daily
	// limit; a Forced one posts whatever the balance, the limit or a freeze say.
	Debit struct {
		Posting string
		Amount  money.Amount
		Limited bool
		Ceiling Ceiling
		Forced  bool
		At      time.Time
	}
	// Credit brings money of a posting.
	Credit struct {
		Posting string
		Amount  money.Amount
		At      time.Time
	}
	// Reserve holds money for what Reservation names.
	Reserve struct {
		Reservation string
		Amount      money.Amount
		Limited     bool
		Ceiling     Ceiling
		At          time.Time
	}
	// Capture takes held money for a posting, at most what is held. A Forced one
	// posts even if the account is frozen.
	Capture struct {
		Reservation string
		Posting     string
		Amount      money.Amount
		Forced      bool
		At          time.Time
	}
	// Release frees what is still held, or as much of it as Amount says.
	Release struct {
		Reservation string
		Amount      money.Amount // zero: all
		At          time.Time
	}
	// Freeze stops money from leaving.
	Freeze struct {
		Reason string
		At     time.Time
	}
	// Unfreeze ends a freeze.
	Unfreeze struct {
		Reason string
		At     time.Time
	}
	// Close ends the account; it must be empty.
	Close struct {
		Reason string
		At     time.Time
	}
)

func (Open) accountCommand()         {}
func (OpenInternal) accountCommand() {}
func (AssignNumber) accountCommand() {}
func (Debit) accountCommand()        {}
func (Credit) accountCommand()       {}
func (Reserve) accountCommand()      {}
func (Capture) accountCommand()      {}
func (Release) accountCommand()      {}
func (Freeze) accountCommand()       {}
func (Unfreeze) accountCommand()     {}
func (Close) accountCommand()        {}

// Ceiling is what may leave in a day, in minor units, because of the device that asks or of risk,
// on top of the account's own limits; 0: any amount. It is Unproven if the device has not
// shown what it is, and else new.
type Ceiling struct {
	Minor    int64
	Unproven bool
	Lowered  bool // by risk, for a while
}

// Allows refuses an amount that is more than may leave on any day.
func (c Ceiling) Allows(amount money.Amount) error {
	if c.Minor == 0 || amount.Minor <= c.Minor {
		return nil
	}
	return c.refusal()
}

func (c Ceiling) refusal() error {
	switch {
	case c.Lowered:
		return ErrLowered
	case c.Unproven:
		return ErrUnproven
	}
	return ErrCeiling
}
