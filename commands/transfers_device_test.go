package commands

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"florin/domain/device"
	"florin/domain/id"
	"florin/domain/transfer"
)

// phone registers a device of nobody's yet.
func (h *house) phone() id.Device {
	h.t.Helper()
	key := publicKey(h.t)
	phone := id.Named[id.Device](key.Thumbprint())
	h.device(phone, device.Register{Device: phone, JKT: key.Thumbprint(), Key: key, Platform: "test", Attestation: device.AttestedNone, At: noon})
	return phone
}

func (h *house) device(phone id.Device, command device.Command) {
	h.t.Helper()
	_, _, err := execute(context.Background(), h.bank, "test.device", h.operator(), streams(phone), func(w *work) error {
		return h.bank.devices.decide(w, phone, command)
	}, func([]Fact) (struct{}, error) { return struct{}{}, nil })
	require.NoError(h.t, err)
}

func TestARevokedDeviceConfirmsNothing(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name string
		end  func(h *house, asked, answers id.Device)
	}{
		{"the device that answers is revoked", func(h *house, _, answers id.Device) {
			h.device(answers, device.Revoke{By: "customer", Reason: "sold", At: noon})
		}},
		{"the device that asked is lost, and its owner confirms on another", func(h *house, asked, _ id.Device) {
			h.device(asked, device.ReportLost{By: "customer", At: noon})
		}},
	} {
		h := newHouse(t, newModelLog(t))
		from, to := h.account(alice, "Alice", 500000), h.account(bob, "Bob", 0)
		asked, answers := h.phone(), h.phone()
		with := func(phone id.Device) Order { o := h.by(alice); o.Caller.Device = phone; return o }
		waits, _, err := h.send(with(asked), from, to, 200000)
		require.NoError(t, err)
		sound, _, err := h.send(with(asked), from, to, 100001)
		require.NoError(t, err)
		_, _, err = h.answer(with(answers), sound, h.statement(sound))
		require.NoError(t, err, "two good devices")

		tc.end(h, asked, answers)
		_, outcome, err := h.answer(with(answers), waits, h.statement(waits))
		require.ErrorIs(t, err, transfer.ErrSCA, tc.name)
		require.Equal(t, []string{"transfer.authorisation_failed"}, h.kinds(outcome), tc.name)
		h.balances(to, 100001, 0)
		h.audit()
	}
}
