package customer

import (
	"slices"
	"time"

	"florin/domain"
	"florin/domain/id"
)

// ContactTTL is how long a code that was sent to a new address is good for.
const ContactTTL = 15 * time.Minute

// Types of contacts, as claims call them.
const (
	Email = "email"
	Phone = "phone"
)

// ContactRequested: the customer wants to be reached there from now on. A code goes
// to the address; it is derived from the salt and stands nowhere.
type ContactRequested struct {
	Type      string         `json:"type"`    // email or phone
	Address   domain.Profile `json:"address"` // normalised
	Claim     id.Claim       `json:"claim"`
	Salt      string         `json:"salt"`
	ExpiresAt time.Time      `json:"expires_at"`
	At        time.Time      `json:"at"`
}

// ContactChanged: the customer has shown the code that was sent there.
type ContactChanged struct {
	Type     string         `json:"type"`
	Address  domain.Profile `json:"address"`
	Claim    id.Claim       `json:"claim"`
	Replaced id.Claim       `json:"replaced,omitzero"` // of the address before
	At       time.Time      `json:"at"`
}

// ContactRemoved: the customer is not reached there any more, and does not log in by
// that name.
type ContactRemoved struct {
	Type  string    `json:"type"`
	Claim id.Claim  `json:"claim"`
	At    time.Time `json:"at"`
}

func (ContactRequested) Kind() string   { return "customer.contact_requested" }
func (ContactChanged) Kind() string     { return "customer.contact_changed" }
func (ContactRemoved) Kind() string     { return "customer.contact_removed" }
func (ContactRequested) customerEvent() {}
func (ContactChanged) customerEvent()   {}
func (ContactRemoved) customerEvent()   {}

type (
	// RequestContact asks for another address.
	RequestContact struct {
		Type    string
		Address domain.Profile
		Claim   id.Claim
		Salt    string
		At      time.Time
	}
	// ChangeContact puts it in the place of the former. Right tells whether the
	// code was the one that was sent for Salt.
	ChangeContact struct {
		Type     string
		Address  domain.Profile
		Claim    id.Claim
		Replaced id.Claim
		Salt     string
		Right    bool
		At       time.Time
	}
)

// RemoveContact takes one away; Claim is of the address that it is.
type RemoveContact struct {
	Type  string
	Claim id.Claim
	At    time.Time
}

func (RemoveContact) customerCommand()  {}
func (RequestContact) customerCommand() {}
func (ChangeContact) customerCommand()  {}

// ErrContactCode: whatever is wrong with the code of a new address.
var ErrContactCode = &domain.Refusal{Class: domain.Refused, Code: "contact-code-invalid", Detail: "This is not the code that was sent to this address, or it has expired."}

// ErrLastContact: nobody could be told of anything, nor get back in.
var ErrLastContact = &domain.Refusal{Class: domain.Refused, Code: "contact-last", Detail: "Verify another contact before you remove this one."}

// Verified is a contact that the customer has read a code at. It holds no address.
type Verified struct {
	Type  string
	Claim id.Claim
}

// Reached are the types of contact that are verified, e-mail first.
func (s State) Reached() []string {
	var types []string
	for _, kind := range []string{Email, Phone} {
		if slices.ContainsFunc(s.Verified, func(v Verified) bool { return v.Type == kind }) {
			types = append(types, kind)
		}
	}
	return types
}

// AskedContact is the change of address that waits for its code. It holds no
// address: the claim tells which it is.
type AskedContact struct {
	Type      string
	Claim     id.Claim
	Salt      string
	ExpiresAt time.Time
}

func (s State) contact(command Command) ([]Event, error) {
	switch c := command.(type) {
	case RequestContact:
		if c.Type != Email && c.Type != Phone || c.Claim.IsZero() || c.Salt == "" {
			return nil, ErrIncomplete
		}
		return []Event{ContactRequested{c.Type, c.Address, c.Claim, c.Salt, c.At.Add(ContactTTL), c.At}}, nil
	case ChangeContact:
		asked := s.Asked
		if !c.Right || asked.Salt == "" || asked.Salt != c.Salt || asked.Type != c.Type || asked.Claim != c.Claim || !c.At.Before(asked.ExpiresAt) ||
			!c.Replaced.IsZero() && !slices.Contains(s.Claims, c.Replaced) {
			return nil, ErrContactCode
		}
		return []Event{ContactChanged{c.Type, c.Address, c.Claim, c.Replaced, c.At}}, nil
	case RemoveContact:
		switch {
		case c.Claim.IsZero(), !slices.Contains(s.Claims, c.Claim):
			return nil, ErrUnknown
		case !slices.ContainsFunc(s.Verified, func(v Verified) bool { return v.Claim != c.Claim }):
			return nil, ErrLastContact
		}
		return []Event{ContactRemoved(c)}, nil
	}
	panic(unknown(command))
}

func (s State) moved(e ContactChanged) State {
	s.Asked = AskedContact{}
	s.Claims = append(lacking(s.Claims, e.Replaced, e.Claim), e.Claim)
	s.Verified = append(unverified(s.Verified, e.Replaced, e.Claim), Verified{e.Type, e.Claim})
	return s
}

// lacking gives the claims but for some; states are shared.
func lacking(claims []id.Claim, gone ...id.Claim) []id.Claim {
	return slices.DeleteFunc(slices.Clone(claims), func(claim id.Claim) bool { return slices.Contains(gone, claim) })
}

// unverified gives the verified contacts but for some.
func unverified(contacts []Verified, gone ...id.Claim) []Verified {
	return slices.DeleteFunc(slices.Clone(contacts), func(v Verified) bool { return slices.Contains(gone, v.Claim) })
}
