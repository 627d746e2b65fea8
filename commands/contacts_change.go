package commands

import (
	"context"
	"crypto/subtle"
	"fmt"
	"time"

	"florin/domain"
	"florin/domain/attempt"
	"florin/domain/customer"
	"florin/domain/id"
)

// ChangeContact asks for another e-mail or phone: one of the two. Without a code
// one is sent to the address; with it the address takes the place of the former.
type ChangeContact struct {
	Email, Phone domain.Profile
	Code         string
}

// ContactAnswer tells whether the contact was changed, or until when its code is
// waited for.
type ContactAnswer struct {
	Changed   bool
	ExpiresAt time.Time
	At        time.Time
}

// ErrContact: not one of the two.
var ErrContact = &domain.Refusal{Class: domain.Invalid, Code: "contact-invalid", Detail: "Give one e-mail or one phone, as it can be reached."}

// ChangeContact changes where the caller is reached, and the name to log in with
// that goes with it, in one commit. That the caller is the customer, freshly and
// strongly, is proven before. Whether the address is somebody's already is told
// only to who has read the code that was sent there.
func (c Customers) ChangeContact(ctx context.Context, order Order, ask ChangeContact) (ContactAnswer, Outcome, error) {
	names, err := c.bank.claims("", ask.Phone.Reveal(), ask.Email.Reveal())
	if err != nil || len(names) != 1 {
		return ContactAnswer{}, Outcome{}, ErrContact
	}
	if ask.Code == "" {
		return c.requestContact(ctx, order, names[0])
	}
	return c.verifyContact(ctx, order, names[0], ask.Code)
}

func (c Customers) requestContact(ctx context.Context, order Order, wanted name) (ContactAnswer, Outcome, error) {
	b, of := c.bank, order.Caller.Customer
	if err := b.count(ctx, order, budgetOf(of), of, sendLanes(order.Caller.Device)); err != nil {
		return ContactAnswer{}, Outcome{}, err
	}
	request := customer.RequestContact{Type: wanted.kind, Address: domain.NewProfile(wanted.normal), Claim: wanted.claim,
		Salt: opaque.EncodeToString(b.sources.Secret(16)), At: order.At}
	return c.contact(ctx, order, "customer.request_contact", func(w *work) error { return b.customers.decide(w, of, request) })
}

func (c Customers) verifyContact(ctx context.Context, order Order, wanted name, code string) (ContactAnswer, Outcome, error) {
	b, of := c.bank, order.Caller.Customer
	lanes := otpLanes(order.Caller.Device)
	if err := b.count(ctx, order, budgetOf(of), of, lanes); err != nil {
		return ContactAnswer{}, Outcome{}, err
	}
	before, err := b.contactsOf(ctx, of, 0)
	if err != nil {
		return ContactAnswer{}, Outcome{}, err
	}
	change := customer.ChangeContact{Type: wanted.kind, Address: domain.NewProfile(wanted.normal), Claim: wanted.claim, At: order.At}
	if former := before.of(wanted.kind).Reveal(); former != "" && former != wanted.normal {
		if change.Replaced, err = b.nameClaim(wanted.kind, former); err != nil {
			return ContactAnswer{}, Outcome{}, err
		}
	}
	return c.contact(ctx, order, "customer.change_contact", func(w *work) error {
		state, err := b.customers.load(w, of)
		if err != nil {
			return err
		}
		right, err := b.contactCode(of, wanted.claim, state.Asked.Salt)
		if err != nil {
			return err
		}
		change.Salt, change.Right = state.Asked.Salt, subtle.ConstantTimeCompare([]byte(right), []byte(code)) == 1
		if err := b.customers.decide(w, of, change); err != nil {
			return err
		}
		if err := b.names.decide(w, wanted.claim, customer.Take{Claim: wanted.claim, Type: wanted.kind, Customer: of, At: order.At}); err != nil {
			return err
		}
		if !change.Replaced.IsZero() {
			if err := b.names.decide(w, change.Replaced, customer.Release{Customer: of, At: order.At}); err != nil {
				return err
			}
		}
		return b.attempts.decide(w, budgetOf(of), attempt.Succeed{Lanes: append(lanes, sendLanes(order.Caller.Device)...), At: order.At})
	})
}

// RemoveContact takes the caller's e-mail or phone away, and with it the name to log
// in by; another verified one has to be there. The address is told, once more. That
// the caller is the customer, freshly and strongly, is proven before. Refusals:
// customer.ErrUnknown (there is none), customer.ErrLastContact.
func (c Customers) RemoveContact(ctx context.Context, order Order, kind string) (Outcome, error) {
	b, of := c.bank, order.Caller.Customer
	reached, err := b.contactsOf(ctx, of, 0)
	if err != nil {
		return Outcome{}, err
	}
	remove := customer.RemoveContact{Type: kind, At: order.At}
	if address := reached.of(kind).Reveal(); address != "" {
		if remove.Claim, err = b.nameClaim(kind, address); err != nil {
			return Outcome{}, err
		}
	}
	return c.change(ctx, order, "customer.remove_contact", of, func(w *work) error {
		if err := b.customers.decide(w, of, remove); err != nil {
			return err
		}
		return b.names.decide(w, remove.Claim, customer.Release{Customer: of, At: order.At})
	})
}

func (c Customers) contact(ctx context.Context, order Order, verb string, part func(*work) error) (ContactAnswer, Outcome, error) {
	of := order.Caller.Customer
	return execute(ctx, c.bank, verb, order, streams(of), func(w *work) error {
		if of.IsZero() {
			return customer.ErrUnknown
		}
		w.under(ofCustomer(of))
		return part(w)
	}, func(facts []Fact) (ContactAnswer, error) {
		for _, fact := range facts {
			switch e := fact.Event.(type) {
			case customer.ContactRequested:
				return ContactAnswer{ExpiresAt: e.ExpiresAt, At: e.At}, nil
			case customer.ContactChanged:
				return ContactAnswer{Changed: true, At: e.At}, nil
			}
		}
		return ContactAnswer{}, fmt.Errorf("commands: no contact in %s", order.ID)
	})
}

// contactCode is what is sent to a new address.
func (b *Bank) contactCode(of id.Customer, claim id.Claim, salt string) (string, error) {
	u, c := of.UUID(), claim.UUID()
	return b.derivedOTP([]byte("contact"), u[:], c[:], []byte(salt))
}

// sendLanes bound what a customer's own device may have sent.
func sendLanes(device id.Device) []string {
	return []string{"otp-send-device:" + device.UUID().String()}
}
