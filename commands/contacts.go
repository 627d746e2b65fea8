package commands

import (
	"context"
	"fmt"

	"florin/domain"
	"florin/domain/customer"
	"florin/domain/id"
	"florin/domain/notification"
	"florin/eventbus"
)

// contacts are where a customer can be reached; erased ones cannot. One is verified
// by the code that was sent to it and by nothing else: what stands in an enrolment
// was only said (CVE-2026-27946). Nothing is recovered by one that is not verified, and
// no code to log in with goes to it.
type contacts struct {
	email, phone domain.Profile

	emailVerified, phoneVerified bool
}

// verified gives the one of a type if it is verified.
func (c contacts) verified(kind string) domain.Profile {
	if kind == customer.Phone && c.phoneVerified || kind == customer.Email && c.emailVerified {
		return c.of(kind)
	}
	return domain.Profile{}
}

// of gives one by the type that claims have.
func (c contacts) of(kind string) domain.Profile {
	if kind == customer.Phone {
		return c.phone
	}
	return c.email
}

func (c contacts) by(channel string) domain.Profile { return c.of(kindOf(channel)) }

// kindOf is the type of contact that a channel reaches.
func kindOf(channel string) string {
	if channel == notification.SMS {
		return customer.Phone
	}
	return customer.Email
}

// contactsOf reads them from the customer's stream, for states hold no names. It
// takes in what stands before a position; 0: all of it.
func (b *Bank) contactsOf(ctx context.Context, of id.Customer, before eventbus.Position) (found contacts, err error) {
	for recorded, err := range b.log.ReadStream(ctx, eventbus.Stream(of.Stream()), 0) {
		if err != nil {
			return found, fmt.Errorf("commands: read %s: %w", of, err)
		}
		if before > 0 && recorded.Position >= before {
			break
		}
		event, err := b.treaty.Customers.Decode(recorded.Kind, recorded.SchemaVersion, recorded.ID, recorded.Data)
		if err != nil {
			return found, fmt.Errorf("commands: read %s: %w", of, err)
		}
		switch e := event.(type) {
		case customer.Enrolled:
			found.email, found.phone = e.Email, e.Phone
		case customer.ContactChanged:
			if e.Type == customer.Phone {
				found.phone, found.phoneVerified = e.Address, true
			} else {
				found.email, found.emailVerified = e.Address, true
			}
		case customer.ContactRemoved:
			if e.Type == customer.Phone {
				found.phone, found.phoneVerified = domain.Profile{}, false
			} else {
				found.email, found.emailVerified = domain.Profile{}, false
			}
		}
	}
	return found, nil
}

// requestedContact is the request for another address that a version of the
// customer's stream is.
func (b *Bank) requestedContact(ctx context.Context, of id.Customer, version eventbus.Version) (customer.ContactRequested, error) {
	event, err := b.customerEvent(ctx, of, version)
	found, _ := event.(customer.ContactRequested)
	return found, err
}

// permittedRecovery is the permit that stands, with its address.
func (b *Bank) permittedRecovery(ctx context.Context, of id.Customer, wanted id.Recovery) (found customer.RecoveryPermitted, err error) {
	for recorded, err := range b.log.ReadStream(ctx, eventbus.Stream(of.Stream()), 0) {
		if err != nil {
			return found, fmt.Errorf("commands: read %s: %w", of, err)
		}
		event, err := b.treaty.Customers.Decode(recorded.Kind, recorded.SchemaVersion, recorded.ID, recorded.Data)
		if err != nil {
			return found, fmt.Errorf("commands: read %s: %w", of, err)
		}
		if e, ok := event.(customer.RecoveryPermitted); ok && e.Recovery == wanted {
			return e, nil
		}
	}
	return found, nil
}

// customerEvent is the event that gave a customer's stream its version.
func (b *Bank) customerEvent(ctx context.Context, of id.Customer, version eventbus.Version) (customer.Event, error) {
	for recorded, err := range b.log.ReadStream(ctx, eventbus.Stream(of.Stream()), version-1) {
		if err != nil {
			return nil, fmt.Errorf("commands: read %s: %w", of, err)
		}
		event, err := b.treaty.Customers.Decode(recorded.Kind, recorded.SchemaVersion, recorded.ID, recorded.Data)
		if err != nil {
			return nil, fmt.Errorf("commands: read %s: %w", of, err)
		}
		return event, nil
	}
	return nil, nil
}

func channelOf(kind string) string {
	if kind == customer.Phone {
		return notification.SMS
	}
	return notification.Email
}
