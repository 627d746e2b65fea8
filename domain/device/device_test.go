package device_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/domain"
	"florin/domain/device"
	"florin/domain/domaintest"
	"florin/domain/id"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

func key() domain.PublicKey {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	public, err := domain.ECKey(&private.PublicKey)
	if err != nil {
		panic(err)
	}
	return public
}

func registration() device.Register {
	silent := key()
	jkt := silent.Thumbprint()
	return device.Register{Device: id.Named[id.Device](jkt), JKT: jkt, Key: silent, SCAKey: key(), Platform: "ios", Attestation: device.AttestedNone, At: noon}
}

func TestDevice(t *testing.T) {
	t.Parallel()
	register := registration()
	with := func(change func(*device.Register)) device.Register { c := register; change(&c); return c }
	given := func(events ...device.Event) []device.Event { return events }
	ada, eve := id.Named[id.Customer]("ada"), id.Named[id.Customer]("eve")
	registered, bound := device.Registered(register), device.Bound{Customer: ada, At: noon}
	revoked, lost := device.Revoked{By: "customer", Reason: "lost", At: noon}, device.ReportedLost{By: "customer", At: noon}
	domaintest.Run[device.State](t, []domaintest.Case[device.Command, device.Event]{
		{Name: "a key becomes a device", When: register, Then: given(registered)},
		{Name: "the same key is the same device", Given: given(registered), When: register},
		{Name: "a revoked key stays revoked", Given: given(registered, revoked), When: register, Refused: device.ErrRevoked},
		{Name: "a thumbprint of another key", When: with(func(c *device.Register) { c.Key = key() }), Refused: device.ErrKey},
		{Name: "an id that is not the key's", When: with(func(c *device.Register) { c.Device = id.Named[id.Device]("mine") }), Refused: device.ErrKey},
		{Name: "no key at all", When: with(func(c *device.Register) { c.Key, c.JKT = domain.PublicKey{}, "" }), Refused: device.ErrKey},
		{Name: "one key for both purposes", When: with(func(c *device.Register) { c.SCAKey = c.Key }), Refused: device.ErrKey},
		{Name: "an SCA key off the curve", When: with(func(c *device.Register) { c.SCAKey.X = c.SCAKey.Y }), Refused: device.ErrKey},
		{Name: "no platform", When: with(func(c *device.Register) { c.Platform = "" }), Refused: device.ErrText},
		{Name: "a model like a novel", When: with(func(c *device.Register) { c.Model = strings.Repeat("x", 101) }), Refused: device.ErrText},
		{Name: "a level of attestation that is none", When: with(func(c *device.Register) { c.Attestation = "certain" }), Refused: device.ErrText},
		{Name: "an unknown device is not bound", When: device.Bind{Customer: ada, At: noon}, Refused: device.ErrUnknown},
		{Name: "a strong login binds", Given: given(registered), When: device.Bind{Customer: ada, At: noon}, Then: given(bound)},
		{Name: "one of which risk was not sure is so, and it is known", Given: given(registered), When: device.Bind{Customer: ada, Doubted: true, At: noon},
			Then: given(device.Bound{Customer: ada, Doubted: true, At: noon})},
		{Name: "once", Given: given(registered, bound), When: device.Bind{Customer: ada, At: noon}},
		{Name: "one key is never two customers'", Given: given(registered, bound), When: device.Bind{Customer: eve, At: noon}, Refused: device.ErrBound},
		{Name: "its owner names it", Given: given(registered, bound), When: device.Rename{Name: domain.NewProfile("the red one"), At: noon},
			Then: given(device.Renamed{Name: domain.NewProfile("the red one"), At: noon})},
		{Name: "nobody's is not named", Given: given(registered), When: device.Rename{Name: domain.NewProfile("x"), At: noon}, Refused: device.ErrNotBound},
		{Name: "one that is no more is not named", Given: given(registered, bound, revoked), When: device.Rename{Name: domain.NewProfile("x"), At: noon}, Refused: device.ErrRevoked},
		{Name: "not by nothing", Given: given(registered, bound), When: device.Rename{At: noon}, Refused: device.ErrName},
		{Name: "not by blanks", Given: given(registered, bound), When: device.Rename{Name: domain.NewProfile("  "), At: noon}, Refused: device.ErrName},
		{Name: "not by two lines", Given: given(registered, bound), When: device.Rename{Name: domain.NewProfile("a\nb"), At: noon}, Refused: device.ErrName},
		{Name: "not by text that turns around", Given: given(registered, bound), When: device.Rename{Name: domain.NewProfile("a\u202eb"), At: noon}, Refused: device.ErrName},
		{Name: "not by a novel", Given: given(registered, bound), When: device.Rename{Name: domain.NewProfile(strings.Repeat("x", 61)), At: noon}, Refused: device.ErrName},
		{Name: "a revoked one is not bound", Given: given(registered, revoked), When: device.Bind{Customer: ada, At: noon}, Refused: device.ErrRevoked},
		{Name: "no session before it is anybody's", Given: given(registered), When: device.JoinSession{At: noon}, Refused: device.ErrNotBound},
		{Name: "no session after it was revoked", Given: given(registered, bound, revoked), When: device.JoinSession{At: noon}, Refused: device.ErrRevoked},
		{Name: "revoked", Given: given(registered), When: device.Revoke{By: "customer", Reason: "lost", At: noon}, Then: given(revoked)},
		{Name: "once", Given: given(registered, revoked), When: device.Revoke{By: "customer", Reason: "sold", At: noon}},
		{Name: "not without a reason", Given: given(registered), When: device.Revoke{By: "operator", At: noon}, Refused: device.ErrReason},
		{Name: "not for a reason in words", Given: given(registered), When: device.Revoke{By: "operator", Reason: "she called", At: noon}, Refused: device.ErrReason},
		{Name: "an operator says how they know that it is lost", Given: given(registered), When: device.ReportLost{By: "operator", Reason: "customer-called", At: noon},
			Then: given(device.ReportedLost{By: "operator", Reason: "customer-called", At: noon}, device.Revoked{By: "operator", Reason: "lost", At: noon})},
		{Name: "which is not nothing", Given: given(registered), When: device.ReportLost{By: "operator", At: noon}, Refused: device.ErrReason},
		{Name: "nor, of a customer, words", Given: given(registered), When: device.ReportLost{By: "customer", Reason: "Karl took it", At: noon}, Refused: device.ErrReason},
		{Name: "nor of one that was lost before", Given: given(registered, lost, revoked), When: device.ReportLost{By: "operator", At: noon}, Refused: device.ErrReason},
		{Name: "a lost one is revoked with it", Given: given(registered), When: device.ReportLost{By: "customer", At: noon}, Then: given(lost, revoked)},
		{Name: "one that was revoked can still be lost", Given: given(registered, revoked), When: device.ReportLost{By: "customer", At: noon}, Then: given(lost)},
		{Name: "lost once", Given: given(registered, lost, revoked), When: device.ReportLost{By: "customer", At: noon}},
		{Name: "an unknown one cannot be lost", When: device.ReportLost{By: "customer", At: noon}, Refused: device.ErrUnknown},
	})
}

func TestSessionsOfADeviceAreBounded(t *testing.T) {
	t.Parallel()
	state := device.State{}.Evolve(device.Registered(registration())).Evolve(device.Bound{At: noon})
	for i := range device.SessionsMax {
		_, full := state.Displaced()
		require.False(t, full)
		state = state.Evolve(device.SessionJoined{Session: id.Named[id.Session](fmt.Sprint(i)), At: noon})
	}
	oldest, full := state.Displaced()
	require.True(t, full)
	require.Equal(t, id.Named[id.Session]("0"), oldest)
	state = state.Evolve(device.SessionJoined{Session: id.Named[id.Session]("new"), At: noon})
	require.Len(t, state.Sessions, device.SessionsMax)
	require.Equal(t, id.Named[id.Session]("1"), state.Sessions[0].Session)
}
