package transfer

import (
	"time"

	"florin/domain"
	"florin/domain/id"
	"florin/domain/money"
)

// Command is something one may ask of a transfer. The set is sealed.
type Command interface{ transferCommand() }

type (
	// Initiate asks for money to move. Refused is the code of the account's rule
	// that said no, Assessment what risk said of what was not refused, and Demand
	// the challenge to set if risk wants one.
	Initiate struct {
		Transfer   id.Transfer
		Customer   id.Customer
		From, To   id.Account
		Amount     money.Amount
		Reference  domain.Evidence
		Device     id.Device
		Session    id.Session
		Evidence   Signed
		TokenID    string
		Refused    string
		Assessment Assessed // At is filled in
		Demand     Demand
		Confirmed  bool       // by its customer, as one of a series
		Consented  Consented  // At is filled in
		Payee      PayeeNamed // zero: the creditor is none
		Dated      Dated      // zero: it is executed at once; At is filled in
		Today      string     // in the place of Dated
		Batch      id.Batch   // it waits for its batch; zero: it is by itself
		At         time.Time

		ReviewUntil time.Time // if it is held
	}
	// Demand is a challenge ready to be set.
	Demand struct {
		Challenge id.Challenge
		Nonce     string
		Methods   []string
		Statement Statement
		ExpiresAt time.Time
	}
	// Authorise answers the challenge. Proven says that the signature and every
	// other factor of Method were verified over Statement; what the statement says
	// is compared here. Refused is the code of the account's rule that says no by
	// now, although funds are held (frozen, closed).
	Authorise struct {
		Method      string
		Statement   Statement
		Proven      bool
		Evidence    domain.Evidence
		Refused     string
		ReviewUntil time.Time // if it is held
		At          time.Time
	}
	// Execute posts what waits with its batch: every rule was asked there.
	Execute struct{ At time.Time }
	// Drop ends what waits with its batch.
	Drop struct {
		Code string
		At   time.Time
	}
	// Cancel withdraws what is not executed yet.
	Cancel struct{ At time.Time }
	// Expire ends a challenge whose time has run out.
	Expire struct{ At time.Time }
	// Reverse notes on the original that Reversal gives Amount back.
	Reverse struct {
		Reversal id.Transfer
		Amount   money.Amount
		At       time.Time
	}
	// GiveBack makes the reversing transfer: To is the original's debtor. The legs
	// are the caller's, for what the creditor no longer has is owed by another account.
	GiveBack struct {
		Transfer, Original id.Transfer
		Customer           id.Customer // whose money is taken: the original's creditor
		From, To           id.Account
		Amount             money.Amount
		Reference          domain.Evidence
		Legs               money.Posting
		At                 time.Time
	}
)

func (Initiate) transferCommand()  {}
func (Authorise) transferCommand() {}
func (Execute) transferCommand()   {}
func (Drop) transferCommand()      {}
func (Cancel) transferCommand()    {}
func (Expire) transferCommand()    {}
func (Reverse) transferCommand()   {}
func (GiveBack) transferCommand()  {}
