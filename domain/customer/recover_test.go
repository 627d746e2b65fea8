package customer_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/domain"
	"florin/domain/customer"
	"florin/domain/domaintest"
	"florin/domain/id"
)

func TestRecovering(t *testing.T) {
	t.Parallel()
	this, other := id.Named[id.Recovery]("this"), id.Named[id.Recovery]("other")
	fresh, list, address := id.Named[id.Factor]("fresh"), id.Named[id.Factor]("list"), id.Named[id.Claim]("new@example.org")
	from, until := noon.Add(24*time.Hour), noon.Add(96*time.Hour)
	permit := customer.PermitRecovery{Recovery: other, For: "factors", Reason: "identified-at-desk", Wait: customer.PermitWait, At: noon}
	permitted := customer.RecoveryPermitted{Recovery: other, For: "factors", Reason: "identified-at-desk", UsableFrom: from, ExpiresAt: until, At: noon}
	reached := permitted
	reached.Contact, reached.Address, reached.Claim = customer.Email, domain.NewProfile("new@example.org"), address
	set := customer.Recover{Recovery: this, For: "password", Password: enrol.Password, At: noon}
	changed := customer.PasswordChanged{Password: enrol.Password, At: noon}
	done := customer.Recovered{Recovery: this, For: "password", PaymentsFrom: from, At: noon}
	made := customer.RecoveryCodesMade{Factor: list, Count: 10, At: noon}
	key := customer.PasskeyAdded{Factor: id.Named[id.Factor]("key"), At: noon}
	lost := customer.Recover{Recovery: this, For: "factors", Factor: fresh, Device: phone, At: noon}
	added := customer.FactorAdded{Factor: fresh, Type: customer.TypeTOTP, Device: phone, UsableFrom: from, At: noon}
	use := customer.Recover{Recovery: this, For: "factors", Permit: other, Factor: fresh, At: from}
	alter := func(change func(*customer.Recover)) customer.Recover { c := use; change(&c); return c }
	removed := func(f id.Factor) customer.FactorRemoved { return customer.FactorRemoved{Factor: f, At: noon} }
	domaintest.Run[customer.State](t, []domaintest.Case[customer.Command, customer.Event]{
		{Name: "a password is set anew, and payments pause", Given: given(enrolled), When: set, Then: given(changed, done)},
		{Name: "never in clear", Given: given(enrolled), When: customer.Recover{Recovery: this, Password: "hunter2", At: noon}, Refused: customer.ErrIncomplete},
		{Name: "not of a closed customer", Given: given(enrolled, customer.Closed{At: noon}), When: set, Refused: customer.ErrEnded},
		{Name: "not of one who is being erased", Given: given(enrolled, erasing), When: set, Refused: customer.ErrEnded},
		{Name: "a new factor takes the place of all, and waits a day", Given: given(enrolled, key, made), When: lost,
			Then: given(removed(totp), removed(key.Factor), added, customer.Recovered{Recovery: this, For: "factors", PaymentsFrom: from, At: noon})},
		{Name: "unlocking sets nothing anew", Given: given(enrolled), When: customer.Recover{Recovery: this, For: "unlock", Unlocked: true, At: noon},
			Then: given(customer.Recovered{Recovery: this, For: "unlock", At: noon})},
		{Name: "an operator permits it, after a day", Given: given(enrolled), When: permit, Then: given(permitted)},
		{Name: "not for a closed customer", Given: given(enrolled, customer.Closed{At: noon}), When: permit, Refused: customer.ErrEnded},
		{Name: "not with half a contact", Given: given(enrolled), When: func() customer.PermitRecovery { c := permit; c.Contact = customer.Email; return c }(), Refused: customer.ErrPermitContact},
		{Name: "not without a reason", Given: given(enrolled), When: func() customer.PermitRecovery { c := permit; c.Reason = ""; return c }(), Refused: customer.ErrPermitContact},
		{Name: "a permit is used when it has waited, and the list goes too", Given: given(enrolled, made, permitted), When: use, Then: given(
			customer.FactorRemoved{Factor: totp, At: from}, customer.FactorRemoved{Factor: list, At: from},
			customer.FactorAdded{Factor: fresh, Type: customer.TypeTOTP, UsableFrom: from.Add(24 * time.Hour), At: from},
			customer.Recovered{Recovery: this, For: "factors", Permit: other, PaymentsFrom: from.Add(24 * time.Hour), At: from})},
		{Name: "not a moment before", Given: given(enrolled, permitted), When: alter(func(c *customer.Recover) { c.At = from.Add(-time.Microsecond) }), Refused: customer.ErrPermit},
		{Name: "not three days later", Given: given(enrolled, permitted), When: alter(func(c *customer.Recover) { c.At = until }), Refused: customer.ErrPermit},
		{Name: "not for something else", Given: given(enrolled, permitted), When: alter(func(c *customer.Recover) { c.For, c.Password = "password", enrol.Password }), Refused: customer.ErrPermit},
		{Name: "not one that was never given", Given: given(enrolled), When: use, Refused: customer.ErrPermit},
		{Name: "not twice", Given: given(enrolled, permitted, customer.Recovered{Recovery: this, For: "factors", Permit: other, PaymentsFrom: until, At: from}), When: use, Refused: customer.ErrPermit},
		{Name: "not when the customer got in by themselves meanwhile", Given: given(enrolled, permitted, done), When: use, Refused: customer.ErrPermit},
		{Name: "not after an objection", Given: given(enrolled, permitted, customer.RecoveryObjected{Recovery: other, By: "device", At: noon}), When: use, Refused: customer.ErrPermit},
		{Name: "one objects", Given: given(enrolled, permitted), When: customer.ObjectToRecovery{Recovery: other, By: "contact", At: noon}, Then: given(customer.RecoveryObjected{Recovery: other, By: "contact", At: noon})},
		{Name: "not to what is not there", Given: given(enrolled, permitted), When: customer.ObjectToRecovery{Recovery: this, By: "contact", At: noon}, Refused: customer.ErrPermit},
		{Name: "nor to what is over", Given: given(enrolled, permitted), When: customer.ObjectToRecovery{Recovery: other, By: "contact", At: until}, Refused: customer.ErrPermit},
		{Name: "the permit's contact takes the place of the former", Given: given(enrolled, reached),
			When: alter(func(c *customer.Recover) {
				c.Factor, c.Contact, c.Address, c.Claim, c.Replaced = id.Factor{}, reached.Contact, reached.Address, address, claim
			}),
			Then: given(customer.ContactChanged{Type: customer.Email, Address: reached.Address, Claim: address, Replaced: claim, At: from},
				customer.Recovered{Recovery: this, For: "factors", Permit: other, PaymentsFrom: from.Add(24 * time.Hour), At: from})},
		{Name: "no other does", Given: given(enrolled, reached), When: alter(func(c *customer.Recover) { c.Contact, c.Claim = customer.Email, claim }), Refused: customer.ErrPermit},
		{Name: "and none without a permit", Given: given(enrolled), When: customer.Recover{Recovery: this, For: "contact", Contact: customer.Email, Claim: address, At: noon}, Refused: customer.ErrPermit},
	})
}

func TestAPauseNeverBecomesShorter(t *testing.T) {
	t.Parallel()
	state := customer.State{}
	for _, event := range given(enrolled, customer.Recovered{For: "password", PaymentsFrom: noon.Add(24 * time.Hour), At: noon}, customer.Recovered{For: "unlock", At: noon}) {
		state = state.Evolve(event)
	}
	require.Equal(t, noon.Add(24*time.Hour), state.PaymentsFrom)
}

func TestContactsAreRemoved(t *testing.T) {
	t.Parallel()
	mail, number := id.Named[id.Claim]("mail"), id.Named[id.Claim]("number")
	named := enrolled
	named.Claims = []id.Claim{claim, mail, number}
	verified := customer.ContactChanged{Type: customer.Email, Claim: mail, At: noon}
	remove := customer.RemoveContact{Type: customer.Phone, Claim: number, At: noon}
	removed := customer.ContactRemoved(remove)
	domaintest.Run[customer.State](t, []domaintest.Case[customer.Command, customer.Event]{
		{Name: "one goes when another is verified", Given: given(named, verified), When: remove, Then: given(removed)},
		{Name: "not while the other is only said", Given: given(named), When: remove, Refused: customer.ErrLastContact},
		{Name: "not the verified one itself", Given: given(named, verified), When: customer.RemoveContact{Type: customer.Email, Claim: mail, At: noon}, Refused: customer.ErrLastContact},
		{Name: "not twice", Given: given(named, verified, removed), When: remove, Refused: customer.ErrUnknown},
		{Name: "not what is somebody else's", Given: given(enrolled, verified), When: remove, Refused: customer.ErrUnknown},
		{Name: "not none", Given: given(named, verified), When: customer.RemoveContact{Type: customer.Phone, At: noon}, Refused: customer.ErrUnknown},
		{Name: "not of a closed customer", Given: given(named, verified, customer.Closed{At: noon}), When: remove, Refused: customer.ErrEnded},
		{Name: "a contact that was replaced is no longer verified", Given: given(named, verified,
			customer.ContactChanged{Type: customer.Email, Claim: claim, Replaced: mail, At: noon}), When: customer.RemoveContact{Type: customer.Email, Claim: claim, At: noon}, Refused: customer.ErrLastContact},
	})
}
