package commands

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"florin/domain"
	"florin/domain/customer"
	"florin/domain/id"
	"florin/domain/session"
	"florin/domain/text"
	"florin/eventbus"
	"florin/schemas"
	"florin/schemas/seal"
)

// NameRunesMax bounds a person's name.
const NameRunesMax = 140

// ErrPersonName: the name is missing, too long, or holds what cannot be seen.
var ErrPersonName = &domain.Refusal{Class: domain.Invalid, Code: "person-name-invalid", Detail: "A name is one line of 1 to 140 characters, without control or direction marks."}

// Customers are the verbs of customers.
type Customers struct{ bank *Bank }

// Customers gives the verbs of customers.
func (b *Bank) Customers() Customers { return Customers{b} }

// EnrolCustomer asks for a person to become a customer. At least one of the first
// three is needed. Active skips the identity checks, which only a sandbox does.
type EnrolCustomer struct {
	UserName domain.Profile
	Phone    domain.Profile
	Email    domain.Profile
	Name     domain.Profile // as the person writes it
	Password string
	Active   bool
}

// EnrolAnswer holds the first factor's secret, which is derived from the factor
// and never kept, so that a repeated answer has it as well.
type EnrolAnswer struct {
	Customer id.Customer
	Status   customer.Status
	Factor   id.Factor
	Secret   string // base32
	URI      string // otpauth://
	At       time.Time
}

// Enrol makes a person a customer: names claimed, password hashed, first factor made.
func (c Customers) Enrol(ctx context.Context, order Order, ask EnrolCustomer) (EnrolAnswer, Outcome, error) {
	b := c.bank
	names, command, err := b.enrolment(ctx, order, ask)
	if err != nil {
		return EnrolAnswer{}, Outcome{}, err
	}
	return execute(ctx, b, "customer.enrol", order, streams(command.Customer), func(w *work) error {
		w.under(ofCustomer(command.Customer))
		w.order.Caller.actFor(command.Customer)
		b.customers.begin(w, command.Customer)
		if err := b.customers.decide(w, command.Customer, command); err != nil {
			return err
		}
		for _, name := range names {
			take := customer.Take{Claim: name.claim, Type: name.kind, Customer: command.Customer, At: order.At}
			if err := b.names.decide(w, name.claim, take); err != nil {
				return err
			}
		}
		return nil
	}, func(facts []Fact) (EnrolAnswer, error) {
		for _, fact := range facts {
			if e, ok := fact.Event.(customer.Enrolled); ok {
				return b.enrolled(e)
			}
		}
		return EnrolAnswer{}, fmt.Errorf("commands: nobody enrolled in %s", order.ID)
	})
}

// enrolment checks what was asked and does the slow part: the password's hash.
func (b *Bank) enrolment(ctx context.Context, order Order, ask EnrolCustomer) ([]name, customer.Enrol, error) {
	command := customer.Enrol{
		Customer: id.From[id.Customer](DerivedID(order.ID, "customer")), Name: ask.Name,
		TOTP: id.From[id.Factor](DerivedID(order.ID, "totp")), Status: customer.Pending, At: order.At,
	}
	if ask.Active {
		command.Status = customer.Active
	}
	called := strings.TrimSpace(ask.Name.Reveal())
	if called == "" || utf8.RuneCountInString(called) > NameRunesMax || !text.Line(called) {
		return nil, command, ErrPersonName
	}
	names, err := b.claims(ask.UserName.Reveal(), ask.Phone.Reveal(), ask.Email.Reveal())
	if err != nil {
		return nil, command, err
	}
	own := make([]string, 0, len(names))
	for _, name := range names {
		command.Claims, own = append(command.Claims, name.claim), append(own, name.normal)
		switch normal := domain.NewProfile(name.normal); name.kind {
		case nameUser:
			command.UserName = normal
		case namePhone:
			command.Phone = normal
		case nameEmail:
			command.Email = normal
		}
	}
	command.Password, err = b.newPassword(ctx, ask.Password, append(own, called)...)
	return names, command, err
}

func (b *Bank) enrolled(e customer.Enrolled) (EnrolAnswer, error) {
	secret, uri, err := b.totpOffer(e.TOTP, enrolledAs(e))
	return EnrolAnswer{Customer: e.Customer, Status: e.Status, Factor: e.TOTP, Secret: secret, URI: uri, At: e.At}, err
}

// LoginName is what a customer enrolled to log in with.
func (c Customers) LoginName(ctx context.Context, named id.Customer) (domain.Profile, error) {
	label, err := c.bank.labelOf(ctx, named)
	return domain.NewProfile(label), err
}

// Name is a customer's name as the person writes it; erased ones read as erased.
func (c Customers) Name(ctx context.Context, named id.Customer) (domain.Profile, error) {
	b := c.bank
	if err := b.log.Durable(ctx); err != nil {
		return domain.Profile{}, err
	}
	for recorded, err := range b.log.ReadStream(ctx, eventbus.Stream(named.Stream()), 0) {
		if err != nil {
			return domain.Profile{}, fmt.Errorf("commands: read %s: %w", named, err)
		}
		event, err := b.treaty.Customers.Decode(recorded.Kind, recorded.SchemaVersion, recorded.ID, recorded.Data)
		if err != nil {
			return domain.Profile{}, fmt.Errorf("commands: read %s: %w", named, err)
		}
		if e, ok := event.(customer.Enrolled); ok {
			return e.Name, nil
		}
		break
	}
	return domain.Profile{}, customer.ErrUnknown
}

// ChangePassword sets another password and ends every session but the caller's.
// That the caller is the customer, freshly and strongly, is proven before.
func (c Customers) ChangePassword(ctx context.Context, order Order, of id.Customer, password string) (Outcome, error) {
	b := c.bank
	own, err := b.ownWords(ctx, of)
	if err != nil {
		return Outcome{}, err
	}
	hash, err := b.newPassword(ctx, password, own...)
	if err != nil {
		return Outcome{}, err
	}
	order.Asked = schemas.ChangePassword{Password: password}
	return c.change(ctx, order, "customer.change_password", of, func(w *work) error {
		if err := b.customers.decide(w, of, customer.ChangePassword{Password: hash, At: order.At}); err != nil {
			return err
		}
		return b.endCustomer(w, of, order.Caller.Session, "password-changed")
	})
}

// Activate, Restrict, ReportDeath and Close move a customer's status. A reason is
// a code; Activate's is the order's own.
//
// First lets a pending customer move money, and refuses one who is restricted
// (customer.ErrRestricted): that one takes two operators.
func (c Customers) First(ctx context.Context, order Order, of id.Customer) (Outcome, error) {
	if !text.Code(order.Caller.Reason) {
		return Outcome{}, customer.ErrReason
	}
	return c.decide(ctx, order, "customer.activate", of, customer.Activate{First: true, At: order.At})
}

func (c Customers) Activate(ctx context.Context, order Order, of id.Customer) (Outcome, error) {
	if !text.Code(order.Caller.Reason) {
		return Outcome{}, customer.ErrReason
	}
	order.Asked = schemas.ActivateCustomer{Reason: order.Caller.Reason}
	return c.decide(ctx, order, "customer.activate", of, customer.Activate{At: order.At})
}

// Restrict lets the customer look and not touch.
func (c Customers) Restrict(ctx context.Context, order Order, of id.Customer, reason string) (Outcome, error) {
	if !text.Code(reason) {
		return Outcome{}, customer.ErrReason
	}
	order.Asked = schemas.RestrictCustomer{Reason: reason}
	return c.decide(ctx, order, "customer.restrict", of, customer.Restrict{Reason: reason, At: order.At})
}

// ReportDeath ends every session; nobody logs in as this customer any more.
func (c Customers) ReportDeath(ctx context.Context, order Order, of id.Customer) (Outcome, error) {
	order.Asked = schemas.ReportDeath{Customer: of}
	return c.end(ctx, order, "customer.report_death", of, customer.ReportDeath{At: order.At}, "customer-deceased")
}

// Close ends the relation and every session.
func (c Customers) Close(ctx context.Context, order Order, of id.Customer, reason string) (Outcome, error) {
	order.Asked = schemas.CloseCustomer{Customer: of, Reason: reason}
	return c.end(ctx, order, "customer.close", of, customer.Close{Reason: reason, At: order.At}, "customer-closed")
}

// RequestErasure begins the forgetting of a person: a fact first, and the erasing
// process follows it. Every session ends at once.
func (c Customers) RequestErasure(ctx context.Context, order Order, of id.Customer, legalBasis string) (Outcome, error) {
	if !text.Code(legalBasis) {
		return Outcome{}, customer.ErrReason
	}
	ask := customer.RequestErasure{Requester: order.Caller.ActorType, LegalBasis: legalBasis, At: order.At}
	order.Asked = schemas.EraseCustomer{LegalBasis: legalBasis}
	return c.end(ctx, order, "customer.request_erasure", of, ask, "erasure-requested")
}

func (c Customers) decide(ctx context.Context, order Order, verb string, of id.Customer, command customer.Command) (Outcome, error) {
	return c.change(ctx, order, verb, of, func(w *work) error { return c.bank.customers.decide(w, of, command) })
}

func (c Customers) end(ctx context.Context, order Order, verb string, of id.Customer, command customer.Command, reason string) (Outcome, error) {
	return c.change(ctx, order, verb, of, func(w *work) error {
		if err := c.bank.customers.decide(w, of, command); err != nil {
			return err
		}
		return c.bank.endCustomer(w, of, id.Session{}, reason)
	})
}

func (c Customers) change(ctx context.Context, order Order, verb string, of id.Customer, part func(*work) error) (Outcome, error) {
	_, outcome, err := execute(ctx, c.bank, verb, order, streams(of), func(w *work) error {
		if caller := order.Caller; !caller.Customer.IsZero() && caller.Customer != of {
			return customer.ErrUnknown
		}
		w.order.Caller.actFor(of)
		return part(w)
	}, nothing)
	return outcome, err
}

// nothing is the answer of verbs whose outcome says it all.
func nothing([]Fact) (struct{}, error) { return struct{}{}, nil }

// endCustomer ends every session on every device of a customer, but for one, and
// those of third parties.
func (b *Bank) endCustomer(w *work, of id.Customer, but id.Session, reason string) error {
	state, err := b.customers.load(w, of)
	if err != nil {
		return err
	}
	for _, device := range slices.Concat(state.Devices, state.Visited) {
		if err := b.endDevice(w, device, of, but, reason); err != nil {
			return err
		}
	}
	for _, agreed := range state.Agreed { // third parties' too: who knew the password could have let them in
		if err := b.sessions.decide(w, agreed, session.Revoke{By: w.order.Caller.ActorType, Reason: reason, At: w.order.At}); err != nil {
			return err
		}
	}
	return b.dropApprovals(w, of, reason)
}

// endDevice ends every session that was begun with a device, but for one; those
// of one customer alone, if that is said: a device nobody is bound to may have
// let others look as well.
func (b *Bank) endDevice(w *work, of id.Device, whose id.Customer, but id.Session, reason string) error {
	state, err := b.devices.load(w, of)
	if err != nil {
		return err
	}
	for _, joined := range state.Sessions {
		if joined.Session == but {
			continue
		}
		family, err := b.sessions.load(w, joined.Session)
		if err != nil {
			return err
		}
		if !whose.IsZero() && family.Customer != whose {
			continue
		}
		revoke := session.Revoke{By: w.order.Caller.ActorType, Reason: reason, At: w.order.At}
		if err := b.sessions.decide(w, joined.Session, revoke); err != nil {
			return err
		}
	}
	return nil
}

// finishErasure releases the names of a customer whose keys are destroyed, and
// notes the end. It is done once, however often it is asked for.
func (b *Bank) finishErasure(ctx context.Context, order Order, of id.Customer) error {
	order.Intent, order.Subject, order.Asked = nil, seal.Subject{}, schemas.FinishErasure{Customer: of}
	_, _, err := execute(ctx, b, "customer.finish_erasure", order, streams(of), func(w *work) error {
		state, err := b.customers.load(w, of)
		if err != nil {
			return err
		}
		for _, claim := range state.Claims {
			if err := b.names.decide(w, claim, customer.Release{Customer: of, At: order.At}); err != nil {
				return err
			}
		}
		return b.customers.decide(w, of, customer.FinishErasure{At: order.At})
	}, nothing)
	return err
}
