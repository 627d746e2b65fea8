package commands

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"florin/domain"
	"florin/domain/attest"
	"florin/domain/attest/android"
	"florin/domain/attest/apple"
	"florin/domain/attest/attesttest"
	"florin/domain/attest/trust"
	"florin/domain/device"
)

const attestedApp = "TEAM.com.example.bank"

// believing is a bank that believes one maker of phones.
func believing(t *testing.T) (*branch, *attesttest.Maker) {
	t.Helper()
	b := newBranch(t)
	maker, err := attesttest.New(rand.Reader, b.now())
	require.NoError(t, err)
	roots, err := attest.ParseRoots(maker.Root())
	require.NoError(t, err)
	believed := trust.Trust{
		Apple: []apple.App{{ID: attestedApp, Environment: apple.Production}}, AppleRoots: apple.Trust{Chains: roots, Receipts: roots},
		Android: []android.App{{Package: "com.example.bank", Signers: [][]byte{make([]byte, sha256.Size)}}}, Chains: android.Trust{Roots: roots},
	}
	b.bank.settings.Trust = func() trust.Trust { return believed }
	return b, maker
}

// keys are those of a phone, private halves included.
type keys struct{ device, sca *ecdsa.PrivateKey }

func newKeys(t *testing.T) keys {
	device, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	sca, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	return keys{device, sca}
}

func (k keys) ask(t *testing.T, format, nonce string) RegisterDevice {
	t.Helper()
	public, err := domain.ECKey(&k.device.PublicKey)
	require.NoError(t, err)
	sca, err := domain.ECKey(&k.sca.PublicKey)
	require.NoError(t, err)
	return RegisterDevice{Key: public, SCAKey: sca, Platform: "test", Statement: trust.Statement{Format: format, Nonce: nonce, Key: public, SCAKey: sca}}
}

func (k keys) challenge(t *testing.T, nonce string) []byte {
	ask := k.ask(t, "", nonce)
	return trust.Challenge(nonce, ask.Key.Thumbprint(), ask.SCAKey.Thumbprint())
}

// TestRacingAssertionsAreOne: a counter is taken by an append at a version, so of many
// with the same one wins, and the device stands where that one left it.
func TestRacingAssertionsAreOne(t *testing.T) {
	t.Parallel()
	b, maker := believing(t)
	k := newKeys(t)
	object, id, app, err := maker.Apple(attesttest.Apple{At: b.now(), ClientData: k.challenge(t, "n"), App: attestedApp})
	require.NoError(t, err)
	first := k.ask(t, attest.FormatApple, "n")
	first.Statement.Object, first.Statement.KeyID = object, id
	answer, _, err := b.bank.Devices().Register(background, b.order(home), first)
	require.NoError(t, err)
	require.Equal(t, DeviceAnswer{Device: answer.Device, JKT: answer.JKT, Status: "registered", Attestation: "hardware"}, answer)

	const racers = 8
	var won, lost atomic.Int64
	var race sync.WaitGroup
	for range racers {
		raw, err := maker.Assert(app, attestedApp, k.challenge(t, "m"), 5)
		require.NoError(t, err)
		ask := k.ask(t, attest.FormatAssertion, "m")
		ask.Statement.Object = raw
		race.Go(func() {
			if _, _, err := b.bank.Devices().Register(background, b.order(home), ask); err == nil {
				won.Add(1)
			} else if refusal, ok := err.(*domain.Refusal); ok && refusal.Code == attest.ErrCounter.Code {
				lost.Add(1)
			}
		})
	}
	race.Wait()
	require.Equal(t, []int64{1, racers - 1}, []int64{won.Load(), lost.Load()})
	state, err := b.bank.devices.look(background, answer.Device)
	require.NoError(t, err)
	require.Equal(t, int64(5), state.Counter)
}

// TestAnAttestationThatDoesNotStandIsNothing: it is refused with its code, and neither a
// new device nor a known one is changed by it.
func TestAnAttestationThatDoesNotStandIsNothing(t *testing.T) {
	t.Parallel()
	b, maker := believing(t)
	k := newKeys(t)
	refused := func(ask RegisterDevice, why *domain.Refusal) {
		t.Helper()
		before := b.head()
		_, _, err := b.bank.Devices().Register(background, b.order(home), ask)
		require.ErrorIs(t, err, why)
		require.Equal(t, before, b.head(), "nothing is written")
	}
	chain := func(key *ecdsa.PrivateKey, gated bool, change func(*attesttest.Android)) [][]byte {
		said := attesttest.GoodAndroid(k.challenge(t, "n"), "com.example.bank", make([]byte, sha256.Size), gated, b.now())
		change(&said)
		made, _, err := maker.Android(&key.PublicKey, said)
		require.NoError(t, err)
		return made
	}
	as := func(*attesttest.Android) {}
	ask := k.ask(t, attest.FormatAndroid, "n")
	ask.Statement.DeviceChain = chain(k.device, false, func(a *attesttest.Android) { a.Boot.Locked = 0 })
	refused(ask, attest.ErrUnlocked)
	ask.Statement.DeviceChain, ask.Statement.SCAChain = chain(k.device, false, as), chain(k.sca, false, as)
	refused(ask, attest.ErrUngated)
	unknown := ask
	unknown.Statement.Format = "safetynet"
	refused(unknown, attest.ErrUnsupported)
	assertion := k.ask(t, attest.FormatAssertion, "n")
	raw, err := maker.Assert(k.device, attestedApp, k.challenge(t, "n"), 1)
	require.NoError(t, err)
	assertion.Statement.Object = raw
	refused(assertion, attest.ErrNoAppKey)

	first, _, err := b.bank.Devices().Register(background, b.order(home), k.ask(t, attest.FormatNone, ""))
	require.NoError(t, err)
	require.Equal(t, "none", first.Attestation)
	refused(ask, attest.ErrUngated)
	other := newKeys(t)
	elsewhere := keys{k.device, other.sca}.ask(t, attest.FormatAndroid, "n")
	elsewhere.Statement.DeviceChain, _, err = maker.Android(&k.device.PublicKey, attesttest.GoodAndroid(
		keys{k.device, other.sca}.challenge(t, "n"), "com.example.bank", make([]byte, sha256.Size), false, b.now()))
	require.NoError(t, err)
	refused(elsewhere, device.ErrOtherKeys)

	ask.Statement.SCAChain = chain(k.sca, true, as)
	again, _, err := b.bank.Devices().Register(background, b.order(home), ask)
	require.NoError(t, err)
	require.True(t, again.Known && again.SCAHardware, "a known device shows later what it is")
	require.Equal(t, "hardware", again.Attestation)
	require.Equal(t, first.Device, again.Device)
	kept, _, err := b.bank.Devices().Register(background, b.order(home), k.ask(t, attest.FormatNone, ""))
	require.NoError(t, err)
	require.Equal(t, again, kept, "and saying nothing takes nothing back")
}
