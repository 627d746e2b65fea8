package customer_test

import (
	"strings"
	"testing"
	"time"

	"florin/domain/customer"
	"florin/domain/domaintest"
	"florin/domain/id"
)

func TestPasskeys(t *testing.T) {
	t.Parallel()
	key, next := id.Named[id.Factor]("key"), id.Named[id.Factor]("next")
	made := customer.Credential{ID: "id", PublicKey: "public", SignCount: 7, BackupEligible: true, UserVerified: true}
	offer := func(factor id.Factor, kind string) customer.FactorOffered {
		return customer.FactorOffered{Factor: factor, Type: kind, ExpiresAt: noon.Add(customer.OfferTTL), At: noon}
	}
	offered := offer(key, customer.TypePasskey)
	added := customer.PasskeyAdded{Factor: key, Credential: made, Device: phone, UsableFrom: noon.Add(customer.FactorWait), At: noon}
	add := func(change func(*customer.AddPasskey)) customer.AddPasskey {
		c := customer.AddPasskey{Factor: key, Credential: made, Device: phone, At: noon}
		change(&c)
		return c
	}
	use := func(change func(*customer.UsePasskey)) customer.UsePasskey {
		c := customer.UsePasskey{Factor: key, SignCount: 8, BackupEligible: true, UserVerified: true, At: noon}
		change(&c)
		return c
	}
	same := func(*customer.AddPasskey) {}
	used := customer.PasskeyUsed{Factor: key, SignCount: 8, At: noon}
	silent := added
	silent.Credential.SignCount = 0
	domaintest.Run[customer.State](t, []domaintest.Case[customer.Command, customer.Event]{
		{Name: "a passkey is added", Given: given(enrolled, offered), When: add(same), Then: given(added)},
		{Name: "not if it was never offered", Given: given(enrolled), When: add(same), Refused: customer.ErrFactorOffer},
		{Name: "not if an authenticator app was offered", Given: given(enrolled, offer(key, customer.TypeTOTP)), When: add(same), Refused: customer.ErrFactorType},
		{Name: "nor the other way round", Given: given(enrolled, offered), When: customer.AddFactor{Factor: key, Type: customer.TypeTOTP, At: noon}, Refused: customer.ErrFactorType},
		{Name: "not after ten minutes", Given: given(enrolled, offered), When: add(func(c *customer.AddPasskey) { c.At = noon.Add(customer.OfferTTL) }), Refused: customer.ErrFactorOffer},
		{Name: "not one that did not verify its user", Given: given(enrolled, offered), When: add(func(c *customer.AddPasskey) { c.Credential.UserVerified = false }), Refused: customer.ErrPasskey},
		{Name: "not one without a key", Given: given(enrolled, offered), When: add(func(c *customer.AddPasskey) { c.Credential.PublicKey = "" }), Refused: customer.ErrPasskey},
		{Name: "not one like a novel", Given: given(enrolled, offered), When: add(func(c *customer.AddPasskey) { c.Credential.ID = strings.Repeat("x", 5000) }), Refused: customer.ErrPasskey},
		{Name: "not one that is backed up and cannot be", Given: given(enrolled, offered), When: add(func(c *customer.AddPasskey) { c.Credential.BackedUp, c.Credential.BackupEligible = true, false }), Refused: customer.ErrPasskey},
		{Name: "not the same key as a second factor", Given: given(enrolled, added, offer(next, customer.TypePasskey)), When: add(func(c *customer.AddPasskey) { c.Factor = next }), Refused: customer.ErrPasskey},
		{Name: "it signs", Given: given(enrolled, added), When: use(func(*customer.UsePasskey) {}), Then: given(used)},
		{Name: "not twice with the same count", Given: given(enrolled, added, used), When: use(func(*customer.UsePasskey) {}), Refused: customer.ErrPasskeyCloned},
		{Name: "nor with a lower one", Given: given(enrolled, added, used), When: use(func(c *customer.UsePasskey) { c.SignCount = 1 }), Refused: customer.ErrPasskeyCloned},
		{Name: "nor does one that counted stop counting", Given: given(enrolled, added), When: use(func(c *customer.UsePasskey) { c.SignCount = 0 }), Refused: customer.ErrPasskeyCloned},
		{Name: "one that never counts need not", Given: given(enrolled, silent), When: use(func(c *customer.UsePasskey) { c.SignCount = 0 }), Then: given(customer.PasskeyUsed{Factor: key, At: noon})},
		{Name: "not without verifying its user", Given: given(enrolled, added), When: use(func(c *customer.UsePasskey) { c.UserVerified = false }), Refused: customer.ErrPasskey},
		{Name: "it does not become another kind of key", Given: given(enrolled, added), When: use(func(c *customer.UsePasskey) { c.BackupEligible = false }), Refused: customer.ErrPasskey},
		{Name: "a new one authorises no payment", Given: given(enrolled, added), When: use(func(c *customer.UsePasskey) { c.Payment = true }), Refused: customer.ErrFactorWaits},
		{Name: "until a day later", Given: given(enrolled, added), When: use(func(c *customer.UsePasskey) { c.Payment, c.At = true, noon.Add(24*time.Hour) }), Then: given(customer.PasskeyUsed{Factor: key, SignCount: 8, At: noon.Add(24 * time.Hour)})},
		{Name: "an authenticator app is no passkey", Given: given(enrolled), When: use(func(c *customer.UsePasskey) { c.Factor = totp }), Refused: customer.ErrFactor},
		{Name: "once removed it is nobody's", Given: given(enrolled, added, customer.FactorRemoved{Factor: key, At: noon}), When: use(func(*customer.UsePasskey) {}), Refused: customer.ErrFactor},
	})
}
