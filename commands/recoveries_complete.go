package commands

import (
	"context"
	"crypto/subtle"

	"florin/domain"
	"florin/domain/attempt"
	"florin/domain/customer"
	"florin/domain/device"
	"florin/domain/id"
	"florin/domain/recovery"
)

// CompleteRecovery shows proofs, and what is to be set anew. SCA tells that the
// caller's device has confirmed this recovery with its SCA key: nil that it did not
// try, false that it did not stand.
type CompleteRecovery struct {
	Recovery     id.Recovery
	JKT          string
	Code         string
	RecoveryCode string // of the list, or the permit's
	SCA          *bool
	Password     string
	Email, Phone domain.Profile
	ContactCode  string // the second time, when a contact is recovered
}

// Complete sets anew what was lost, if all proofs are right and are enough: every
// session ends, the customer is told everywhere, and for a day no money leaves to
// others. With a permit every device but the caller's ends too, for the customer
// has said that none is left.
//
// Refusals: recovery.ErrRefused whatever is wrong with recovery or proofs; a try is
// a fact then, with a receipt, and the fifth is the last. ErrPassword,
// recovery.ErrProofs and ErrRecoveryIncomplete cost no try, and say nothing about
// whose the name is, but for a password of the person's own words: that is said to
// who has shown the proofs. customer.ErrTaken is told to who reads the new contact's mail.
func (r Recoveries) Complete(ctx context.Context, order Order, ask CompleteRecovery) (RecoveryAnswer, Outcome, error) {
	b := r.bank
	c := completion{CompleteRecovery: ask, bank: b, order: order}
	if err := c.prepare(ctx); err != nil {
		return RecoveryAnswer{}, Outcome{}, err
	}
	return execute(ctx, b, "recovery.complete", order, streams(ask.Recovery, c.before.Customer), c.decide, func(facts []Fact) (RecoveryAnswer, error) { return r.answer(ctx, facts) })
}

// completion is one Complete; decide may run several times.
type completion struct {
	CompleteRecovery
	bank    *Bank
	order   Order
	before  recovery.State             // for what never changes
	contact name                       // the new one, if there is one
	permit  customer.RecoveryPermitted // with its address
	hash    string
}

// prepare checks what stands in the request and does the slow part. A recovery that
// takes nothing more costs no hash; whether it does, does not depend on whose it is.
func (c *completion) prepare(ctx context.Context) (err error) {
	if c.ContactCode == "" && !recovery.Enough(c.proofs()) {
		return recovery.ErrProofs
	}
	if c.Email.Reveal() != "" || c.Phone.Reveal() != "" {
		names, err := c.bank.claims("", c.Phone.Reveal(), c.Email.Reveal())
		if err != nil || len(names) != 1 {
			return ErrContact
		}
		c.contact = names[0]
	}
	if c.Password != "" {
		if err := c.bank.choosable(c.Password); err != nil {
			return err
		}
	}
	if c.before, err = c.bank.recoveries.look(ctx, c.Recovery); err != nil {
		return err
	}
	if !c.before.Permit.IsZero() {
		if c.permit, err = c.bank.permittedRecovery(ctx, c.before.Customer, c.before.Permit); err != nil {
			return err
		}
	}
	if c.Password != "" && c.before.Expects(c.JKT, c.order.At) == nil {
		c.hash, err = c.bank.hashPassword(ctx, c.Password)
	}
	return err
}

func (c completion) decide(w *work) error {
	b := c.bank
	state, err := b.recoveries.load(w, c.Recovery)
	if err != nil {
		return err
	}
	if err := state.Expects(c.JKT, c.order.At); err != nil {
		return err
	}
	if !c.fits(state) {
		return ErrRecoveryIncomplete
	}
	person, err := b.customers.load(w, state.Customer)
	if err != nil {
		return err
	}
	w.under(ofCustomer(state.Customer))
	if state.Confirming() {
		return c.confirm(w, state, person)
	}
	found, err := c.check(w, state, person)
	if err != nil {
		return err
	}
	return c.prove(w, state, person, found)
}

// prove notes the proofs, and does with right ones what they are for. What speaks
// against that by then (a code was spent meanwhile, a permit used or objected to)
// makes them wrong ones.
func (c completion) prove(w *work, state recovery.State, person customer.State, found checked) error {
	b := c.bank
	prove := recovery.Prove{JKT: c.JKT, Proofs: found.shown, Right: found.right && person.MayLogIn(), At: c.order.At}
	if state.For == recovery.Contact && c.contact.kind != "" {
		prove.Contact, prove.Claim = c.contact.kind, c.contact.claim
	}
	if prove.Right {
		if err := c.unlikeTheirOwn(w, state.Customer); err != nil {
			return err
		}
		err := try(w, func() error {
			if err := b.recoveries.decide(w, c.Recovery, prove); err != nil {
				return err
			}
			return c.proven(w, state, person, found)
		})
		if err == nil || !refused(err) || err == error(customer.ErrTaken) {
			return err
		}
		prove.Right = false
	}
	return b.recoveries.decide(w, c.Recovery, prove)
}

// unlikeTheirOwn refuses a password that is the person's own name or address. It
// would tell who the person is, and so it is asked when that is proven.
func (c completion) unlikeTheirOwn(w *work, of id.Customer) error {
	if c.Password == "" {
		return nil
	}
	own, err := c.bank.ownWords(w.ctx, of)
	if err != nil {
		return err
	}
	return c.bank.choosable(c.Password, own...)
}

// fits tells whether what is to be set anew is what this recovery is for.
func (c completion) fits(state recovery.State) bool {
	contact := c.contact.kind != ""
	switch state.For {
	case recovery.Password:
		return c.Password != "" && !contact && c.ContactCode == ""
	case recovery.Factors:
		return !contact && c.ContactCode == ""
	case recovery.Contact: // a permit has one of its own
		return c.Password == "" && contact == c.permit.Claim.IsZero() && (c.ContactCode != "") == state.Confirming()
	}
	return c.Password == "" && !contact && c.ContactCode == ""
}

// proven does what the proofs are for. With a contact of the customer's own choice
// a code goes there first.
func (c completion) proven(w *work, state recovery.State, person customer.State, found checked) error {
	b, of := c.bank, state.Customer
	if found.spent != nil {
		if err := b.customers.decide(w, of, found.spent); err != nil {
			return err
		}
	}
	if c.contact.kind != "" {
		return b.customers.decide(w, of, customer.RequestContact{Type: c.contact.kind, Address: domain.NewProfile(c.contact.normal), Claim: c.contact.claim,
			Salt: opaque.EncodeToString(b.sources.Secret(16)), At: c.order.At})
	}
	if err := c.setAnew(w, state, found.permitted); err != nil {
		return err
	}
	if found.permitted {
		if err := c.endDevices(w, person); err != nil {
			return err
		}
	}
	return c.finish(w, state)
}

// setAnew sets password, factors, and the contact that a permit names.
func (c completion) setAnew(w *work, state recovery.State, permitted bool) error {
	set := customer.Recover{Recovery: c.Recovery, For: state.For, Password: c.hash, Unlocked: state.For == recovery.Unlock, At: c.order.At}
	if state.For == recovery.Factors {
		set.Factor, set.Device = id.From[id.Factor](DerivedID(c.order.ID, "factor")), state.Device
	}
	if permitted {
		set.Permit = state.Permit
	}
	if !permitted || c.permit.Claim.IsZero() {
		return c.bank.customers.decide(w, state.Customer, set)
	}
	var err error
	set.Contact, set.Address, set.Claim = c.permit.Contact, c.permit.Address, c.permit.Claim
	if set.Replaced, err = c.replaced(w, state.Customer, set.Contact, set.Address.Reveal()); err != nil {
		return err
	}
	if err := c.bank.customers.decide(w, state.Customer, set); err != nil {
		return err
	}
	return c.move(w, state.Customer, set.Contact, set.Claim, set.Replaced)
}

// confirm takes the code that went to the new contact, and ends the recovery.
func (c completion) confirm(w *work, state recovery.State, person customer.State) error {
	b, of := c.bank, state.Customer
	want, err := b.contactCode(of, c.contact.claim, person.Asked.Salt)
	if err != nil {
		return err
	}
	right := person.Asked.Salt != "" && subtle.ConstantTimeCompare([]byte(want), []byte(c.ContactCode)) == 1
	confirm := recovery.Confirm{JKT: c.JKT, Claim: c.contact.claim, Right: right && person.MayLogIn(), At: c.order.At}
	if !confirm.Right {
		return b.recoveries.decide(w, c.Recovery, confirm)
	}
	replaced, err := c.replaced(w, of, c.contact.kind, c.contact.normal)
	if err != nil {
		return err
	}
	if err := b.recoveries.decide(w, c.Recovery, confirm); err != nil {
		return err
	}
	if err := b.customers.decide(w, of, customer.ChangeContact{Type: c.contact.kind, Address: domain.NewProfile(c.contact.normal), Claim: c.contact.claim,
		Replaced: replaced, Salt: person.Asked.Salt, Right: true, At: c.order.At}); err != nil {
		return err
	}
	if err := b.customers.decide(w, of, customer.Recover{Recovery: c.Recovery, For: state.For, At: c.order.At}); err != nil {
		return err
	}
	if err := c.move(w, of, c.contact.kind, c.contact.claim, replaced); err != nil {
		return err
	}
	return c.finish(w, state)
}

// replaced is the claim of the address that a new one takes the place of.
func (c completion) replaced(w *work, of id.Customer, kind, normal string) (id.Claim, error) {
	reached, err := c.bank.contactsOf(w.ctx, of, 0)
	if err != nil {
		return id.Claim{}, err
	}
	former := reached.of(kind).Reveal()
	if former == "" || former == normal {
		return id.Claim{}, nil
	}
	return c.bank.nameClaim(kind, former)
}

// move takes the new name and gives the former one up.
func (c completion) move(w *work, of id.Customer, kind string, claim, replaced id.Claim) error {
	if err := c.bank.names.decide(w, claim, customer.Take{Claim: claim, Type: kind, Customer: of, At: c.order.At}); err != nil || replaced.IsZero() {
		return err
	}
	return c.bank.names.decide(w, replaced, customer.Release{Customer: of, At: c.order.At})
}

// endDevices revokes every device that was the customer's but the caller's.
func (c completion) endDevices(w *work, person customer.State) error {
	for _, lost := range person.Devices {
		if lost == id.Named[id.Device](c.JKT) {
			continue
		}
		if err := c.bank.devices.decide(w, lost, device.Revoke{By: ActorCustomer, Reason: "recovered", At: c.order.At}); err != nil {
			return err
		}
	}
	return nil
}

// finish ends every session, and gives back what tries have cost: in all lanes that
// strangers share, and in those of this device and this place.
func (c completion) finish(w *work, state recovery.State) error {
	b := c.bank
	if state.For != recovery.Unlock {
		if err := b.endCustomer(w, state.Customer, id.Session{}, "recovered"); err != nil {
			return err
		}
	}
	var given []string
	for _, bound := range []bool{false, true} {
		lanes, err := b.lanesOf(w.ctx, c.order.Caller, state.Device, bound)
		if err != nil {
			return err
		}
		more, err := b.recoveryLanes(c.order.Caller, state.Device, bound)
		if err != nil {
			return err
		}
		given = append(append(given, lanes.all()...), more...)
	}
	places, err := b.placesOf(w.ctx, c.order.Caller.IP.Reveal())
	if err != nil {
		return err
	}
	if err := w.giveBack(places, state.Attempts); err != nil {
		return err
	}
	return b.attempts.decide(w, state.Attempts, attempt.Succeed{Lanes: given, At: c.order.At})
}
