// Package customer decides about the persons who are the bank's customers, and
// about the unique names they are found by.
//
//	(none) -- Enrol --> pending -- Activate --> active <--> restricted
//	                       any of them --> deceased, closed
//	                       any of them -- RequestErasure --> closed -- FinishErasure --> erased
//
// The state holds no name: names are sealed in the events, and found by claims
// (see Name). Passwords arrive hashed; the secret of a TOTP factor is derived
// from the factor's id outside and is known nowhere here.
package customer

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"florin/domain"
	"florin/domain/id"
)

// TypeTOTP: one-time passwords of an authenticator app (RFC 6238).
const TypeTOTP = "totp"

var (
	ErrExists     = &domain.Refusal{Class: domain.Conflict, Code: "customer-exists", Detail: "This customer is enrolled already."}
	ErrUnknown    = &domain.Refusal{Class: domain.Missing, Code: "not-found", Detail: "There is no such thing."}
	ErrIncomplete = &domain.Refusal{Class: domain.Invalid, Code: "enrolment-incomplete", Detail: "A name to log in with, a password and a first factor are needed."}
	ErrEnded      = &domain.Refusal{Class: domain.Conflict, Code: "customer-ended", Detail: "This customer relation has ended."}
	ErrFactor     = &domain.Refusal{Class: domain.Missing, Code: "factor-unknown", Detail: "There is no such factor."}
	ErrFactorType = &domain.Refusal{Class: domain.Invalid, Code: "factor-type-unknown", Detail: "Factors of this type are not offered."}
	ErrLastFactor = &domain.Refusal{Class: domain.Refused, Code: "factor-last", Detail: "Add another factor before you remove the last one."}
	ErrOTPSpent   = &domain.Refusal{Class: domain.Forbidden, Code: "otp-spent", Detail: "This one-time password was used already."}
	ErrReason     = &domain.Refusal{Class: domain.Invalid, Code: "invalid-reason", Detail: "Give a reason code of lower-case letters, digits and hyphens."}
	// ErrRestricted: letting a restricted customer act again takes two operators.
	ErrRestricted = &domain.Refusal{Class: domain.Conflict, Code: "customer-restricted", Detail: "This customer is restricted; two operators have to lift that."}
	ErrNotErasing = &domain.Refusal{Class: domain.Conflict, Code: "erasure-not-requested", Detail: "Erasure was not requested."}
)

// State is what the rules need to know of a customer; its zero value is nobody.
type State struct {
	Customer id.Customer
	Status   Status
	Password string // PHC string
	Factors  []Factor
	Offers   []Offer
	Claims   []id.Claim
	Verified []Verified   // by a code that was sent there
	Devices  []id.Device  // ever bound, the revoked included
	BoundAt  []time.Time  // each of them
	Visited  []id.Device  // by weak logins; not the customer's
	Agreed   []id.Session // of third parties, the latest last; ended ones may be among them
	Asked    AskedContact
	Permit   Permit // of an operator, to recover
	Erasing  bool
	Gone     bool // erased

	Sending SendingLimit // by risk

	PasswordAt   time.Time // a login that began before has shown another password
	RecoveredAt  time.Time // what was authenticated before is over
	PaymentsFrom time.Time // no money leaves to others before: the customer was recovered
}

// MayLogIn tells whether anybody may log in as this customer.
func (s State) MayLogIn() bool {
	return (s.Status == Pending || s.Status == Active || s.Status == Limited) && !s.Erasing
}

// TOTP is the factor that one-time passwords are checked against.
func (s State) TOTP() (Factor, bool) {
	for _, factor := range s.Factors {
		if factor.Type == TypeTOTP {
			return factor, true
		}
	}
	return Factor{}, false
}

// Decide answers a command with the facts that follow from it.
func (s State) Decide(command Command) ([]Event, error) {
	if c, first := command.(Enrol); first {
		return s.enrol(c)
	}
	if s.Customer.IsZero() {
		return nil, ErrUnknown
	}
	if c, last := command.(FinishErasure); last {
		return s.finishErasure(c)
	}
	if s.Gone || s.Erasing {
		if _, again := command.(RequestErasure); again {
			return nil, nil
		}
		return nil, ErrEnded
	}
	switch c := command.(type) {
	case ChangePassword, OfferFactor, AddFactor, AddPasskey, RemoveFactor, ApproveFactor, UseOTP, UsePasskey, MakeRecoveryCodes, UseRecoveryCode, BindDevice, VisitDevice, JoinThirdParty:
		if !s.MayLogIn() {
			return nil, ErrEnded
		}
		return s.means(c)
	case RequestContact, ChangeContact, RemoveContact:
		if !s.MayLogIn() {
			return nil, ErrEnded
		}
		return s.contact(c)
	case PermitRecovery, ObjectToRecovery, Recover:
		if !s.MayLogIn() {
			return nil, ErrEnded
		}
		return s.recovering(c)
	case LimitSending:
		return s.limitSending(c)
	case LiftSendingLimit:
		return s.liftSendingLimit(c)
	case RequestErasure:
		return []Event{ErasureRequested(c)}, nil
	}
	return s.standing(command)
}

func (s State) enrol(c Enrol) ([]Event, error) {
	switch {
	case !s.Customer.IsZero():
		return nil, ErrExists
	case len(c.Claims) == 0, c.TOTP.IsZero(), !hashed(c.Password), c.Status != Pending && c.Status != Active:
		return nil, ErrIncomplete
	}
	return []Event{Enrolled(c)}, nil
}

// means decides about passwords, factors and devices.
func (s State) means(command Command) ([]Event, error) {
	switch c := command.(type) {
	case ChangePassword:
		if !hashed(c.Password) {
			return nil, ErrIncomplete
		}
		return []Event{PasswordChanged(c)}, nil
	case OfferFactor:
		return s.offer(c)
	case AddFactor:
		return s.addFactor(c)
	case RemoveFactor:
		return s.removeFactor(c)
	case ApproveFactor:
		return s.approveFactor(c)
	case AddPasskey:
		return s.addPasskey(c)
	case UseOTP:
		return s.useOTP(c)
	case UsePasskey:
		return s.usePasskey(c)
	case MakeRecoveryCodes:
		return s.makeRecoveryCodes(c)
	case UseRecoveryCode:
		return s.useRecoveryCode(c)
	case BindDevice:
		if slices.Contains(s.Devices, c.Device) {
			return nil, nil
		}
		return []Event{DeviceBound(c)}, nil
	case VisitDevice:
		if slices.Contains(s.Devices, c.Device) || slices.Contains(s.Visited, c.Device) {
			return nil, nil
		}
		return []Event{DeviceVisited(c)}, nil
	case JoinThirdParty:
		return s.joinThirdParty(c)
	}
	panic(unknown(command))
}

// standing decides about the status. Being where one is to go changes nothing.
func (s State) standing(command Command) ([]Event, error) {
	if s.Status == ClosedDown {
		if _, again := command.(Close); again {
			return nil, nil
		}
		return nil, ErrEnded
	}
	switch c := command.(type) {
	case Activate:
		switch s.Status {
		case Active:
			return nil, nil
		case Deceased:
			return nil, ErrEnded
		}
		if c.First && s.Status == Limited {
			return nil, ErrRestricted
		}
		return []Event{Activated{At: c.At}}, nil
	case Restrict:
		switch s.Status {
		case Limited:
			return nil, nil
		case Deceased:
			return nil, ErrEnded
		}
		return []Event{Restricted(c)}, nil
	case ReportDeath:
		if s.Status == Deceased {
			return nil, nil
		}
		return []Event{ReportedDeceased(c)}, nil
	case Close:
		return []Event{Closed(c)}, nil
	}
	panic(unknown(command))
}

func (s State) finishErasure(c FinishErasure) ([]Event, error) {
	switch {
	case s.Gone:
		return nil, nil
	case !s.Erasing:
		return nil, ErrNotErasing
	}
	return []Event{Erased(c)}, nil
}

func (s State) factor(wanted id.Factor) (Factor, bool) {
	for _, factor := range s.Factors {
		if factor.Factor == wanted {
			return factor, true
		}
	}
	return Factor{}, false
}

// hashed tells whether text is a PHC string of argon2id; a password in clear
// never gets past here.
func hashed(text string) bool { return strings.HasPrefix(text, "$argon2id$") }

func unknown(command Command) string { // sealed: a bug, not an input
	return fmt.Sprintf("customer: unknown command %T", command)
}
