package customer

import (
	"fmt"
	"time"

	"florin/domain"
	"florin/domain/id"
)

// NameEvent is a fact about one unique name: a user name, phone or e-mail. Its
// stream is called by a keyed hash, so the name itself stands nowhere in clear.
type NameEvent interface {
	domain.Event
	nameEvent()
}

// Taken: the name belongs to this customer, and to nobody else until released.
type Taken struct {
	Claim    id.Claim    `json:"claim"`
	Type     string      `json:"type"` // user_name, phone or email
	Customer id.Customer `json:"customer"`
	At       time.Time   `json:"at"`
}

// Released: the name is free again.
type Released struct {
	At time.Time `json:"at"`
}

func (Taken) Kind() string    { return "claim.taken" }
func (Released) Kind() string { return "claim.released" }
func (Taken) nameEvent()      {}
func (Released) nameEvent()   {}

// NameCommand is something one may ask of a name.
type NameCommand interface{ nameCommand() }

type (
	// Take claims the name for a customer.
	Take struct {
		Claim    id.Claim
		Type     string
		Customer id.Customer
		At       time.Time
	}
	// Release gives the name up; only its holder can.
	Release struct {
		Customer id.Customer
		At       time.Time
	}
)

func (Take) nameCommand()    {}
func (Release) nameCommand() {}

// ErrTaken: somebody has this name. It says neither which name nor who.
var ErrTaken = &domain.Refusal{Class: domain.Refused, Code: "name-taken", Detail: "One of these names cannot be used."}

// Name is one unique name; its zero value is free. Holder is whose it is.
//
//	free -- Take --> taken -- Release --> free
type Name struct{ holder id.Customer }

// Holder is the customer whose name this is; zero when it is free.
func (n Name) Holder() id.Customer { return n.holder }

// Decide answers a command. Taking what one already has changes nothing, and so
// does releasing what one does not hold: the erasing process may come twice.
func (n Name) Decide(command NameCommand) ([]NameEvent, error) {
	switch c := command.(type) {
	case Take:
		switch n.holder {
		case c.Customer:
			return nil, nil
		case id.Customer{}:
			return []NameEvent{Taken(c)}, nil
		}
		return nil, ErrTaken
	case Release:
		if n.holder.IsZero() || n.holder != c.Customer {
			return nil, nil
		}
		return []NameEvent{Released{At: c.At}}, nil
	}
	panic(fmt.Sprintf("customer: unknown command %T", command)) // sealed: a bug, not an input
}

// Evolve takes in one fact.
func (n Name) Evolve(event NameEvent) Name {
	switch e := event.(type) {
	case Taken:
		n.holder = e.Customer
	case Released:
		n.holder = id.Customer{}
	}
	return n
}
