package payment

import (
	"time"

	"florin/domain"
	"florin/domain/id"
	"florin/domain/money"
)

// Command is something one may ask of a payment. The set is sealed.
type Command interface{ paymentCommand() }

type (
	// Initiate asks for money to go to another bank. Refused is the code of the
	// account's rule that said no, Verified what the creditor's bank said of the name,
	// Assessment what risk said, and Demand the challenge to set if one is wanted.
	Initiate struct {
		Payment      id.Payment
		Customer     id.Customer
		From         id.Account
		Creditor     domain.Evidence // IBAN
		CreditorName domain.Evidence
		Amount       money.Amount
		Reference    domain.Evidence
		Rail         string
		Device       id.Device
		Session      id.Session
		Evidence     Signed
		TokenID      string
		Refused      string
		Verified     PayeeVerified // At is filled in
		Assessment   Assessed      // At is filled in
		Demand       Demand
		Filed        Filed      // the file that it is of, if there is one; At is filled in
		Dated        Dated      // of a later day; Day "": at once; At is filled in
		Today        string     // in the zone of Dated
		Ordered      Ordered    // the standing order that it is of, if there is one; At is filled in
		Confirmed    Authorised // already, with others, by the customer; At is filled in
		ReviewUntil  time.Time  // if it is held
		At           time.Time
	}
	// Demand is a challenge ready to be set.
	Demand struct {
		Challenge id.Challenge
		Nonce     string
		Methods   []string
		Statement Statement
		ExpiresAt time.Time
	}
	// Authorise answers the challenge. Proven says that the signature and every other
	// factor of Method were verified over Statement; what the statement says is
	// compared here. Refused is the code of the account's rule that says no by now.
	Authorise struct {
		Method    string
		Statement Statement
		Proven    bool
		Evidence  domain.Evidence
		Refused   string
		At        time.Time

		ReviewUntil time.Time // if it is held
	}
	// Cancel withdraws what is not submitted yet.
	Cancel struct{ At time.Time }
	// Expire ends a challenge whose time has run out.
	Expire struct{ At time.Time }
	// Submit sends it on its way. Refused is the code of the account's rule that says
	// no by now; then the payment ends instead.
	Submit struct {
		Message  string
		EndToEnd string
		Journal  id.Journal
		Refused  string
		At       time.Time
	}
	// Accept, Settle, Reject and Return are what the rail says. Journal is the entry
	// that moves the money.
	Accept struct{ At time.Time }
	Settle struct {
		Journal id.Journal
		At      time.Time
	}
	Reject struct {
		Reason  string
		Journal id.Journal
		At      time.Time
	}
	Return struct {
		Return  string
		Amount  money.Amount
		Reason  string
		Journal id.Journal
		At      time.Time
	}
	// Investigate notes that the rail has not answered for too long.
	Investigate struct{ At time.Time }
)

func (Initiate) paymentCommand()    {}
func (Authorise) paymentCommand()   {}
func (Cancel) paymentCommand()      {}
func (Expire) paymentCommand()      {}
func (Submit) paymentCommand()      {}
func (Accept) paymentCommand()      {}
func (Settle) paymentCommand()      {}
func (Reject) paymentCommand()      {}
func (Return) paymentCommand()      {}
func (Investigate) paymentCommand() {}
