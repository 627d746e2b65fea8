package commands

import (
	"time"

	"florin/domain"
	"florin/domain/attest"
	"florin/domain/attest/trust"
	"florin/domain/device"
	"florin/domain/id"
)

// Trusts is what the bank believes of devices at this moment.
func (b *Bank) Trusts() trust.Trust {
	if b.settings.Trust == nil {
		return trust.Trust{}
	}
	return b.settings.Trust()
}

// judge gives the verdict on what a platform says of a device, at the time of the
// order. An assertion is held against what the device has shown before.
func (b *Bank) judge(w *work, of id.Device, said trust.Statement) (attest.Verdict, error) {
	state, err := b.devices.load(w, of)
	if err != nil {
		return attest.Verdict{}, err
	}
	if state.Revoked {
		return attest.Verdict{}, device.ErrRevoked
	}
	return b.Trusts().Judge(said, trust.Prior{Key: state.AppKey, Counter: uint32(state.Counter)}, w.order.At)
}

// noted is a verdict as the device takes it.
func noted(verdict attest.Verdict, scaKey domain.PublicKey, at time.Time) device.Command {
	if verdict.Format == attest.FormatAssertion {
		return device.Assert{SCAKey: scaKey, Asserted: device.Asserted{Counter: int64(verdict.Counter), Statement: verdict.Digests.Statement, At: at}}
	}
	return device.Attest{SCAKey: scaKey, Attested: device.Attested{
		Level: verdict.Level, Format: verdict.Format, SCAHardware: verdict.Gated, Reasons: verdict.Reasons, AppKey: verdict.AppKey,
		Statement: verdict.Digests.Statement, Roots: verdict.Digests.Roots, List: verdict.Digests.List, At: at,
	}}
}
