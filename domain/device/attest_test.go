package device_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/domain"
	"florin/domain/device"
	"florin/domain/domaintest"
)

func TestAttestations(t *testing.T) {
	t.Parallel()
	register := registration()
	given := func(events ...device.Event) []device.Event { return events }
	registered, revoked := device.Registered(register), device.Revoked{By: "customer", Reason: "lost", At: noon}
	app := key()
	hardware := device.Attested{Level: device.AttestedHardware, Format: "android-key", SCAHardware: true, Reasons: []string{"android-tee"}, Statement: "a", At: noon}
	apple := device.Attested{Level: device.AttestedHardware, Format: "apple-appattest", AppKey: app, Statement: "b", At: noon}
	software := device.Attested{Level: device.AttestedSoftware, Format: "play-integrity", Statement: "c", At: noon}
	attest := func(e device.Attested) device.Attest { return device.Attest{SCAKey: register.SCAKey, Attested: e} }
	asserted := func(counter int64) device.Asserted {
		return device.Asserted{Counter: counter, Statement: "d", At: noon}
	}
	assert := func(counter int64) device.Assert {
		return device.Assert{SCAKey: register.SCAKey, Asserted: asserted(counter)}
	}
	with := func(change func(*device.Attested)) device.Attest { e := hardware; change(&e); return attest(e) }
	bare := register
	bare.SCAKey = domain.PublicKey{}
	domaintest.Run[device.State](t, []domaintest.Case[device.Command, device.Event]{
		{Name: "a platform vouches", Given: given(registered), When: attest(hardware), Then: given(hardware)},
		{Name: "the same statement again says nothing new", Given: given(registered, hardware), When: attest(hardware)},
		{Name: "another one does", Given: given(registered, hardware), When: attest(software), Then: given(software)},
		{Name: "nobody's device", When: attest(hardware), Refused: device.ErrUnknown},
		{Name: "a revoked one stays revoked", Given: given(registered, revoked), When: attest(hardware), Refused: device.ErrRevoked},
		{Name: "with another SCA key", Given: given(registered), When: device.Attest{SCAKey: key(), Attested: hardware}, Refused: device.ErrOtherKeys},
		{Name: "without the SCA key", Given: given(registered), When: device.Attest{Attested: hardware}, Refused: device.ErrOtherKeys},
		{Name: "of an SCA key that is not there", Given: given(device.Registered(bare)), When: device.Attest{Attested: hardware}, Refused: device.ErrOtherKeys},
		{Name: "none is not attested", Given: given(registered), When: with(func(e *device.Attested) { e.Level = device.AttestedNone }), Refused: device.ErrText},
		{Name: "a level that is none", Given: given(registered), When: with(func(e *device.Attested) { e.Level = "certain" }), Refused: device.ErrText},
		{Name: "of no format", Given: given(registered), When: with(func(e *device.Attested) { e.Format = "" }), Refused: device.ErrText},
		{Name: "of no statement", Given: given(registered), When: with(func(e *device.Attested) { e.Statement = "" }), Refused: device.ErrText},

		{Name: "the attested key signs", Given: given(registered, apple), When: assert(1), Then: given(asserted(1))},
		{Name: "and goes on, with gaps", Given: given(registered, apple, asserted(1)), When: assert(9), Then: given(asserted(9))},
		{Name: "a counter twice", Given: given(registered, apple, asserted(9)), When: assert(9), Refused: device.ErrCounter},
		{Name: "a counter that falls", Given: given(registered, apple, asserted(9)), When: assert(8), Refused: device.ErrCounter},
		{Name: "no counter", Given: given(registered, apple), When: assert(0), Refused: device.ErrCounter},
		{Name: "a new key counts anew", Given: given(registered, apple, asserted(9), apple), When: assert(1), Then: given(asserted(1))},
		{Name: "a key that nobody has attested", Given: given(registered, hardware), When: assert(1), Refused: device.ErrOtherKeys},
		{Name: "for another SCA key", Given: given(registered, apple), When: device.Assert{SCAKey: key(), Asserted: asserted(1)}, Refused: device.ErrOtherKeys},
		{Name: "of a revoked device", Given: given(registered, apple, revoked), When: assert(1), Refused: device.ErrRevoked},
	})
}

func TestALevelOnlyRises(t *testing.T) {
	t.Parallel()
	state := device.State{}.Evolve(device.Registered(registration()))
	require.Equal(t, device.AttestedNone, state.Attestation)
	for _, step := range []struct {
		e     device.Attested
		level string
		gated bool
	}{
		{device.Attested{Level: device.AttestedSoftware, Statement: "a"}, device.AttestedSoftware, false},
		{device.Attested{Level: device.AttestedHardware, SCAHardware: true, Statement: "b"}, device.AttestedHardware, true},
		{device.Attested{Level: device.AttestedSoftware, Statement: "c", At: noon.Add(time.Hour)}, device.AttestedHardware, true},
	} {
		state = state.Evolve(step.e)
		require.Equal(t, []any{step.level, step.gated}, []any{state.Attestation, state.SCAHardware})
	}
}
