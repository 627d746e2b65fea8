package commands

import (
	"context"
	"crypto/hmac"
	"encoding/base32"
	"time"

	"github.com/google/uuid"

	"florin/domain"
	"florin/domain/customer"
	"florin/domain/id"
	"florin/domain/recovery"
	"florin/domain/text"
	"florin/schemas"
)

// PermitRecovery is an operator's word that a person was identified who has nothing
// left to prove it by. With an email or a phone (one of them), the person is reached
// there from the recovery on. Reason is a code.
type PermitRecovery struct {
	Customer     id.Customer
	For, Reason  string
	Email, Phone domain.Profile
}

// PermitAnswer holds the code that the operator gives to the person: one proof of a
// recovery, from UsableFrom on. It is derived, so that a repeated answer has it as
// well, and stands nowhere.
type PermitAnswer struct {
	Recovery   id.Recovery
	Code       string
	UsableFrom time.Time
	ExpiresAt  time.Time
	At         time.Time
}

// Permit gives one proof of a recovery to a person, after a waiting time. All
// contacts are told at once and can object, and so can every device. Who asks, for
// which reason, is in the commit's header. Refusals: customer.ErrUnknown,
// customer.ErrReason, recovery.ErrPurpose, ErrContact; customer.ErrPermitContact if
// no contact is given and none is verified, for then no code could be sent.
func (r Recoveries) Permit(ctx context.Context, order Order, ask PermitRecovery) (PermitAnswer, Outcome, error) {
	b := r.bank
	permit := customer.PermitRecovery{Recovery: id.From[id.Recovery](DerivedID(order.ID, "permit")), For: ask.For, Reason: ask.Reason,
		Wait: b.recoveryWait(), At: order.At}
	switch {
	case !text.Code(ask.Reason):
		return PermitAnswer{}, Outcome{}, customer.ErrReason
	case !recovery.Purposes(ask.For):
		return PermitAnswer{}, Outcome{}, recovery.ErrPurpose
	}
	if ask.Email.Reveal() != "" || ask.Phone.Reveal() != "" {
		names, err := b.claims("", ask.Phone.Reveal(), ask.Email.Reveal())
		if err != nil || len(names) != 1 {
			return PermitAnswer{}, Outcome{}, ErrContact
		}
		permit.Contact, permit.Address, permit.Claim = names[0].kind, domain.NewProfile(names[0].normal), names[0].claim
	}
	reached, err := b.contactsOf(ctx, ask.Customer, 0)
	if err != nil {
		return PermitAnswer{}, Outcome{}, err
	}
	nowhere := permit.Claim.IsZero() && (ask.For == recovery.Contact || !reached.emailVerified && !reached.phoneVerified)
	order.Asked = schemas.PermitRecovery{For: ask.For, Reason: ask.Reason, Email: ask.Email.Reveal(), Phone: ask.Phone.Reveal()}
	order.Caller.Reason, order.Caller.OnBehalfOf = ask.Reason, ask.Customer.UUID()
	return execute(ctx, b, "recovery.permit", order, streams(ask.Customer), func(w *work) error {
		person, err := b.customers.load(w, ask.Customer)
		switch {
		case err != nil:
			return err
		case person.Customer.IsZero():
			return customer.ErrUnknown
		case nowhere && person.MayLogIn():
			return customer.ErrPermitContact
		}
		w.under(ofCustomer(ask.Customer))
		return b.customers.decide(w, ask.Customer, permit)
	}, func(facts []Fact) (answer PermitAnswer, err error) {
		for _, fact := range facts {
			if e, ok := fact.Event.(customer.RecoveryPermitted); ok {
				answer = PermitAnswer{Recovery: e.Recovery, UsableFrom: e.UsableFrom, ExpiresAt: e.ExpiresAt, At: e.At}
				answer.Code, err = b.permitCode(e.Recovery)
			}
		}
		return answer, err
	})
}

func (b *Bank) recoveryWait() time.Duration {
	if wait := b.settings.Identity.RecoveryWait; wait > 0 {
		return wait
	}
	return customer.PermitWait
}

// permitCode is what the operator gives to the person.
func (b *Bank) permitCode(of id.Recovery) (string, error) {
	u := of.UUID()
	secret, err := b.mac(keyRecovery, []byte("permit"), u[:])
	if err != nil {
		return "", err
	}
	return spelled(secret), nil
}

// Permitted is the recovery of a customer's that an operator has permitted, for the
// customer to see; false: there is none.
func (r Recoveries) Permitted(ctx context.Context, of id.Customer) (customer.Permit, bool, error) {
	person, err := r.bank.customers.look(ctx, of)
	return person.Permit, person.Permit.Stands(r.bank.sources.Time()), err
}

// Object makes a permit of the caller's void; another's, or one that is over, is
// customer.ErrPermit.
func (r Recoveries) Object(ctx context.Context, order Order, permit id.Recovery) (Outcome, error) {
	return r.object(ctx, order, order.Caller.Customer, customer.ObjectToRecovery{Recovery: permit, By: "device", At: order.At})
}

// ObjectFor makes a customer's permit void for who has called the bank; reason is a
// code. Refused: customer.ErrPermit, customer.ErrReason.
func (r Recoveries) ObjectFor(ctx context.Context, order Order, of id.Customer, reason string) (Outcome, error) {
	if !text.Code(reason) {
		return Outcome{}, customer.ErrReason
	}
	person, err := r.bank.customers.look(ctx, of)
	if err != nil {
		return Outcome{}, err
	}
	order.Caller.Reason, order.Caller.OnBehalfOf = reason, of.UUID()
	return r.object(ctx, order, of, customer.ObjectToRecovery{Recovery: person.Permit.Recovery, By: "operator", At: order.At})
}

// ObjectByContact does so for whoever has got the notice: token is what stood in it.
func (r Recoveries) ObjectByContact(ctx context.Context, order Order, token string) (Outcome, error) {
	b := r.bank
	raw, err := objectionSpelling.DecodeString(token)
	if err != nil || len(raw) != objectionBytes {
		return Outcome{}, customer.ErrPermit
	}
	of := id.From[id.Customer](uuid.UUID(raw[:16]))
	person, err := b.customers.look(ctx, of)
	if err != nil {
		return Outcome{}, err
	}
	right, err := b.objection(of, person.Permit.Recovery)
	if err != nil {
		return Outcome{}, err
	}
	if person.Permit.Recovery.IsZero() || !hmac.Equal([]byte(right), []byte(token)) {
		return Outcome{}, customer.ErrPermit
	}
	order.Caller.OnBehalfOf = of.UUID()
	return r.object(ctx, order, of, customer.ObjectToRecovery{Recovery: person.Permit.Recovery, By: "contact", At: order.At})
}

func (r Recoveries) object(ctx context.Context, order Order, of id.Customer, command customer.ObjectToRecovery) (Outcome, error) {
	if of.IsZero() {
		return Outcome{}, customer.ErrPermit
	}
	_, outcome, err := execute(ctx, r.bank, "recovery.object", order, streams(of), func(w *work) error {
		return r.bank.customers.decide(w, of, command)
	}, nothing)
	return outcome, err
}

// An objection is the customer and a MAC: who has the notice can send it back.
const objectionBytes = 16 + recoveryBytes

var objectionSpelling = base32.StdEncoding.WithPadding(base32.NoPadding)

func (b *Bank) objection(of id.Customer, permit id.Recovery) (string, error) {
	u, p := of.UUID(), permit.UUID()
	proof, err := b.mac(keyRecovery, []byte("objection"), u[:], p[:])
	if err != nil {
		return "", err
	}
	return objectionSpelling.EncodeToString(append(u[:], proof[:recoveryBytes]...)), nil
}
