package customer

import (
	"time"

	"florin/domain"
	"florin/domain/id"
)

// What follows a recovery.
const (
	PaymentsPause = 24 * time.Hour // no money leaves to others for so long
	PermitWait    = 24 * time.Hour // unless the bank says otherwise: before a permit is good
	PermitTTL     = 72 * time.Hour // how long it is good then
)

// RecoveryPermitted: an operator has seen who the person is, and has given them a
// code that stands for one proof of a recovery, after a waiting time. The code is
// derived from the permit's id and stands nowhere.
type RecoveryPermitted struct {
	Recovery   id.Recovery    `json:"recovery"` // the permit
	For        string         `json:"for"`
	Contact    string         `json:"contact,omitzero"` // email or phone: where the person is reached from now on
	Address    domain.Profile `json:"address,omitzero"` // normalised
	Claim      id.Claim       `json:"claim,omitzero"`   // of the address
	Reason     string         `json:"reason"`           // code
	UsableFrom time.Time      `json:"usable_from"`
	ExpiresAt  time.Time      `json:"expires_at"`
	At         time.Time      `json:"at"`
}

// RecoveryObjected: the customer did not ask for that; the permit is void.
type RecoveryObjected struct {
	Recovery id.Recovery `json:"recovery"`
	By       string      `json:"by"` // device, contact or operator
	At       time.Time   `json:"at"`
}

// Recovered: the customer has got back in. What was set anew is told by the facts
// beside this one.
type Recovered struct {
	Recovery     id.Recovery `json:"recovery"`
	For          string      `json:"for"`
	Permit       id.Recovery `json:"permit,omitzero"`
	PaymentsFrom time.Time   `json:"payments_from,omitzero"` // no money leaves to others before
	At           time.Time   `json:"at"`
}

func (RecoveryPermitted) Kind() string { return "customer.recovery_permitted" }
func (RecoveryObjected) Kind() string  { return "customer.recovery_objected" }
func (Recovered) Kind() string         { return "customer.recovered" }

func (RecoveryPermitted) customerEvent() {}
func (RecoveryObjected) customerEvent()  {}
func (Recovered) customerEvent()         {}

type (
	// PermitRecovery is an operator's; another permit ends the one before. With a
	// contact, the person is reached there from the recovery on.
	PermitRecovery struct {
		Recovery id.Recovery
		For      string
		Contact  string
		Address  domain.Profile
		Claim    id.Claim
		Reason   string
		Wait     time.Duration
		At       time.Time
	}
	// ObjectToRecovery makes a permit void.
	ObjectToRecovery struct {
		Recovery id.Recovery
		By       string
		At       time.Time
	}
	// Recover sets anew what was lost. That it was proven is decided by package
	// recovery. A Password is a PHC string, "" leaves it; a Factor takes the place of
	// all second factors; Address and the claims are those of the permit's contact.
	// Unlocked says that nothing is set anew.
	Recover struct {
		Recovery id.Recovery
		For      string
		Permit   id.Recovery
		Password string
		Factor   id.Factor
		Device   id.Device
		Contact  string
		Address  domain.Profile
		Claim    id.Claim
		Replaced id.Claim
		Unlocked bool
		At       time.Time
	}
)

func (PermitRecovery) customerCommand()   {}
func (ObjectToRecovery) customerCommand() {}
func (Recover) customerCommand()          {}

var (
	// ErrPermit: there is no permit of this id that could be used or objected to.
	ErrPermit = &domain.Refusal{Class: domain.Missing, Code: "not-found", Detail: "There is no such thing."}
	// ErrPaused: the customer was recovered less than PaymentsPause ago.
	ErrPaused = &domain.Refusal{Class: domain.Forbidden, Code: "payments-paused", Detail: "The account was recovered a short time ago; payments to others wait for a day."}
	// ErrPermitContact: half a contact, or none where one is needed.
	ErrPermitContact = &domain.Refusal{Class: domain.Refused, Code: "recovery-contact-needed", Detail: "The code has nowhere to go: name an e-mail or a phone that the person is reached by."}
)

// Permit is the recovery that an operator has permitted, if any. It holds no
// address: the claim tells which it is.
type Permit struct {
	Recovery   id.Recovery
	For        string
	Contact    string
	Claim      id.Claim
	UsableFrom time.Time
	ExpiresAt  time.Time
}

// Stands tells whether the permit is neither used, nor void, nor over.
func (p Permit) Stands(at time.Time) bool { return !p.Recovery.IsZero() && at.Before(p.ExpiresAt) }

// Usable tells whether it is good now, for what it was given for.
func (p Permit) Usable(what string, at time.Time) bool {
	return p.Stands(at) && p.For == what && !at.Before(p.UsableFrom)
}

func (s State) recovering(command Command) ([]Event, error) {
	switch c := command.(type) {
	case PermitRecovery:
		return s.permitRecovery(c)
	case ObjectToRecovery:
		if !s.Permit.Stands(c.At) || s.Permit.Recovery != c.Recovery {
			return nil, ErrPermit
		}
		return []Event{RecoveryObjected(c)}, nil
	case Recover:
		return s.recover(c)
	}
	panic(unknown(command))
}

func (s State) permitRecovery(c PermitRecovery) ([]Event, error) {
	named := c.Contact == Email || c.Contact == Phone
	if c.Recovery.IsZero() || c.For == "" || c.Reason == "" || c.Wait < 0 || named == c.Claim.IsZero() || !named && c.Contact != "" {
		return nil, ErrPermitContact
	}
	from := c.At.Add(c.Wait)
	return []Event{RecoveryPermitted{Recovery: c.Recovery, For: c.For, Contact: c.Contact, Address: c.Address, Claim: c.Claim, Reason: c.Reason,
		UsableFrom: from, ExpiresAt: from.Add(PermitTTL), At: c.At}}, nil
}

// recover says each fact that it consists of, and the one that sums it up. After a
// permit the list of recovery codes is lost as well; the new factor is waited for
// like any other.
func (s State) recover(c Recover) ([]Event, error) {
	switch {
	case c.Password != "" && !hashed(c.Password):
		return nil, ErrIncomplete
	case !c.Permit.IsZero() && (s.Permit.Recovery != c.Permit || !s.Permit.Usable(c.For, c.At)):
		return nil, ErrPermit
	case !c.Claim.IsZero() && (c.Permit.IsZero() || s.Permit.Claim != c.Claim || s.Permit.Contact != c.Contact):
		return nil, ErrPermit
	}
	var events []Event
	if c.Password != "" {
		events = append(events, PasswordChanged{Password: c.Password, At: c.At})
	}
	if !c.Factor.IsZero() {
		for _, f := range s.Factors {
			if Second(f.Type) || f.Type == TypeRecovery && !c.Permit.IsZero() {
				events = append(events, FactorRemoved{Factor: f.Factor, At: c.At})
			}
		}
		events = append(events, FactorAdded{Factor: c.Factor, Type: TypeTOTP, Device: c.Device, UsableFrom: c.At.Add(FactorWait), At: c.At})
	}
	if !c.Claim.IsZero() {
		events = append(events, ContactChanged{c.Contact, c.Address, c.Claim, c.Replaced, c.At})
	}
	done := Recovered{Recovery: c.Recovery, For: c.For, Permit: c.Permit, At: c.At}
	if !c.Unlocked {
		done.PaymentsFrom = c.At.Add(PaymentsPause)
	}
	return append(events, done), nil
}
