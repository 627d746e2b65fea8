package commands

import (
	"context"
	"time"

	"florin/domain"
	"florin/domain/customer"
	"florin/domain/id"
	"florin/domain/recovery"
	"florin/domain/session"
)

// Recoveries are the verbs of getting back into an account (package recovery). Work
// and answers are the same whether the name is anybody's, until the end: to begin
// takes two commits, each try one, and one password hash if there is a password.
//
// What the caller's phone signs is not kept as evidence: the digest of a body with a
// password and a code in it would be something to guess against.
type Recoveries struct{ bank *Bank }

// Recoveries gives the verbs of recoveries.
func (b *Bank) Recoveries() Recoveries { return Recoveries{b} }

// BeginRecovery names who wants what back. JKT is of the proven key.
type BeginRecovery struct {
	JKT, UserName, For string
}

// Refusals of a recovery that are not the aggregate's own.
var (
	// ErrRecoveryDevice: nothing is accepted from this key.
	ErrRecoveryDevice = &domain.Refusal{Class: domain.Forbidden, Code: "device-unknown", Detail: "Register this device first; one that was removed needs new keys."}
	// ErrRecoveryIncomplete: what is to be set anew does not fit what is recovered.
	ErrRecoveryIncomplete = &domain.Refusal{Class: domain.Invalid, Code: "recovery-incomplete", Detail: "Give what is to be set anew, and nothing else: a password, or one e-mail or phone."}
)

// RecoveryAnswer is a recovery as far as it has come. Begun, it is the same for a
// name that is nobody's.
type RecoveryAnswer struct {
	Recovery     id.Recovery
	Done         bool
	ExpiresAt    time.Time // of what is waited for
	PaymentsFrom time.Time // once done: no money leaves to others before
	Secret, URI  string    // of the new authenticator app, if factors were recovered
	At           time.Time
}

// Begin starts a recovery and has a code sent to the customer's verified contacts.
// The attempt is counted first, in lanes of recoveries alone. Refusals:
// *attempt.Throttled, recovery.ErrPurpose, ErrRecoveryDevice; none of them depends
// on whether the name is anybody's, but for the first, whose budget a made-up one
// stands for.
func (r Recoveries) Begin(ctx context.Context, order Order, ask BeginRecovery) (RecoveryAnswer, Outcome, error) {
	b := r.bank
	if !recovery.Purposes(ask.For) {
		return RecoveryAnswer{}, Outcome{}, recovery.ErrPurpose
	}
	from, err := b.devices.look(ctx, id.Named[id.Device](ask.JKT))
	if err != nil {
		return RecoveryAnswer{}, Outcome{}, err
	}
	if !from.Usable() {
		return RecoveryAnswer{}, Outcome{}, ErrRecoveryDevice
	}
	start := recovery.Start{Recovery: id.From[id.Recovery](DerivedID(order.ID, "recovery")), Device: from.Device, JKT: ask.JKT, For: ask.For,
		Salt: opaque.EncodeToString(b.sources.Secret(16)), At: order.At}
	person, err := r.find(ctx, ask.UserName, &start)
	if err != nil {
		return RecoveryAnswer{}, Outcome{}, err
	}
	lanes, err := b.recoveryLanes(order.Caller, from.Device, !person.IsZero() && from.Customer == person)
	if err != nil {
		return RecoveryAnswer{}, Outcome{}, err
	}
	var around []budgetLanes
	if from.Customer.IsZero() || from.Customer != person {
		if around, err = b.placesOf(ctx, order.Caller.IP.Reveal()); err != nil {
			return RecoveryAnswer{}, Outcome{}, err
		}
	}
	if err := b.count(ctx, order, start.Attempts, person, lanes, around...); err != nil {
		return RecoveryAnswer{}, Outcome{}, err
	}
	return execute(ctx, b, "recovery.begin", order, streams(start.Recovery), func(w *work) error {
		b.recoveries.begin(w, start.Recovery)
		return b.recoveries.decide(w, start.Recovery, start)
	}, func(facts []Fact) (RecoveryAnswer, error) { return r.answer(ctx, facts) })
}

// find fills in whose recovery it is: of a name that is nobody's a shadow budget, the
// same each time.
func (r Recoveries) find(ctx context.Context, userName string, start *recovery.Start) (id.Customer, error) {
	b := r.bank
	claim, err := b.claimOf(userName)
	if err != nil {
		return id.Customer{}, err
	}
	name, err := b.names.look(ctx, claim)
	if err != nil {
		return id.Customer{}, err
	}
	person, err := b.customers.look(ctx, name.Holder()) // of nobody: the same look, in vain
	if err != nil {
		return id.Customer{}, err
	}
	start.Customer, start.Attempts = person.Customer, shadowOf(claim)
	if !person.Customer.IsZero() {
		start.Attempts = budgetOf(person.Customer)
	}
	if person.Permit.Usable(start.For, start.At) {
		start.Permit = person.Permit.Recovery
	}
	return person.Customer, nil
}

// answer reads how far a verb has brought a recovery.
func (r Recoveries) answer(ctx context.Context, facts []Fact) (answer RecoveryAnswer, err error) {
	for _, fact := range facts {
		switch e := fact.Event.(type) {
		case recovery.Started:
			answer = RecoveryAnswer{Recovery: e.Recovery, ExpiresAt: e.ExpiresAt, At: e.At}
		case recovery.Failed:
			return RecoveryAnswer{}, recovery.ErrRefused
		case recovery.Proven:
			answer.Recovery, answer.ExpiresAt, answer.At = id.From[id.Recovery](uuidIn(fact.Stream)), e.ExpiresAt, e.At
		case recovery.Completed:
			answer.Recovery, answer.Done, answer.At = id.From[id.Recovery](uuidIn(fact.Stream)), true, e.At
		case customer.Recovered:
			answer.PaymentsFrom = e.PaymentsFrom
		case customer.FactorAdded:
			if answer.Secret, answer.URI, err = r.bank.totpFor(ctx, e.Factor, id.From[id.Customer](uuidIn(fact.Stream))); err != nil {
				return RecoveryAnswer{}, err
			}
		}
	}
	return answer, nil
}

// recoveryCode is what is sent to the customer's contacts: derived by whoever sends
// it and by whoever checks it.
func (b *Bank) recoveryCode(of id.Recovery, salt string) (string, error) {
	u := of.UUID()
	return b.derivedOTP([]byte("recovery"), u[:], []byte(salt))
}

// outlived refuses tokens for what was authenticated before the customer was
// recovered: a code that was under way, and a third party's family, which is no
// device's. Its access tokens end within five minutes by themselves.
func (b *Bank) outlived(w *work, of id.Customer, authTime time.Time) error {
	person, err := b.customers.load(w, of)
	if err != nil {
		return err
	}
	if authTime.Before(person.RecoveredAt) {
		return session.ErrGrant
	}
	return nil
}

// overtaken refuses a first token for what was authenticated before the password was
// changed: whoever knew the old one could be at the last step. Families that go on
// are ended by the change itself, but for the one that made it.
func (b *Bank) overtaken(w *work, of id.Customer, authTime time.Time) error {
	person, err := b.customers.load(w, of)
	if err != nil {
		return err
	}
	if authTime.Before(person.PasswordAt) {
		return session.ErrGrant
	}
	return b.outlived(w, of, authTime)
}

// payable refuses money that is to leave to others while the customer was recovered
// a short time ago: whoever has got in by a stolen mailbox and a stolen phone has
// not got at the money yet. The customer's stream is leaned on, so that a recovery
// at the same time is not overtaken.
func (b *Bank) payable(w *work, of id.Customer) error {
	if of.IsZero() {
		return nil
	}
	person, err := b.customers.load(w, of)
	if err != nil {
		return err
	}
	if w.order.At.Before(person.PaymentsFrom) {
		return customer.ErrPaused
	}
	return nil
}
