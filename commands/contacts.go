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

// contacts are where a customer can be reached; erased ones cannot.
type contacts struct {
	email, phone domain.Profile
}

// of gives one by the type that claims have.
func (c contacts) of(kind string) domain.Profile {
	if kind == customer.Phone {
		return c.phone
	}
	return c.email
}

func (c contacts) by(channel string) domain.Profile {
	if channel == notification.SMS {
		return c.phone
	}
	return c.email
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
				found.phone = e.Address
			} else {
				found.email = e.Address
			}
		}
	}
	return found, nil
}

// requestedContact is the request for another address that a version of the
// customer's stream is.
func (b *Bank) requestedContact(ctx context.Context, of id.Customer, version eventbus.Version) (found customer.ContactRequested, err error) {
	for recorded, err := range b.log.ReadStream(ctx, eventbus.Stream(of.Stream()), version-1) {
		if err != nil {
			return found, fmt.Errorf("commands: read %s: %w", of, err)
		}
		event, err := b.treaty.Customers.Decode(recorded.Kind, recorded.SchemaVersion, recorded.ID, recorded.Data)
		if err != nil {
			return found, fmt.Errorf("commands: read %s: %w", of, err)
		}
		found, _ = event.(customer.ContactRequested)
		break
	}
	return found, nil
}

func channelOf(kind string) string {
	if kind == customer.Phone {
		return notification.SMS
	}
	return notification.Email
}
