package commands

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/domain/batch"
	"florin/domain/device"
	"florin/domain/id"
	"florin/domain/payment"
	"florin/domain/paymentfile"
	"florin/domain/standing"
	"florin/domain/transfer"
)

// What a revoked device asked for is dropped once, however often the process hears of it,
// after a restart too; what it asked for and the customer has confirmed is not.
func TestWhatARevokedDeviceAskedForIsDroppedOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t, newModelLog(t))
	from, to := h.account(alice, "Alice", 900_000), h.account(bob, "Bob", 0)
	gone, stays := h.phone(), h.phone()
	with := func(phone id.Device) Order { o := h.by(alice); o.Caller.Device = phone; return o }
	place := func(phone id.Device) StandingAnswer {
		placed, _, err := h.bank.StandingOrders().Place(h.ctx(), with(phone), PlaceOrder{From: from, To: to, Amount: euros(100), Plan: rent})
		require.NoError(t, err)
		return placed
	}
	submit := func(phone id.Device) BatchAnswer {
		waits, _, err := h.submit(with(phone), batchOf(from, 110_000, to, to))
		require.NoError(t, err)
		return waits
	}
	waits, others, confirmedBefore := submit(gone), submit(stays), place(gone)
	h.confirm(alice, confirmedBefore)
	series, othersSeries := place(gone), place(stays)
	h.catchUp()

	mark := h.newest()
	_, _, err := h.bank.Batches().Cancel(h.ctx(), h.by(alice), submit(stays).Batch)
	require.NoError(t, err)
	require.NotContains(t, h.inbox(alice, mark), "batch-dropped", "whoever withdraws something knows")
	mark = h.newest()
	h.device(gone, device.ReportLost{By: ActorCustomer, At: noon})
	told := h.inbox(alice, mark)
	require.Equal(t, []int{1, 1, 0}, []int{count(told, "batch-dropped"), count(told, "standing-order-cancelled"), count(told, "transfer-dropped")}, "%v", told)
	batches := func() []batch.Phase {
		one, err := h.bank.batches.look(h.ctx(), waits.Batch)
		require.NoError(t, err)
		two, err := h.bank.batches.look(h.ctx(), others.Batch)
		require.NoError(t, err)
		return []batch.Phase{one.Phase, two.Phase}
	}
	orders := func() (phases []standing.Phase) {
		for _, of := range []StandingAnswer{series, othersSeries, confirmedBefore} {
			state, err := h.bank.orders.look(h.ctx(), of.Order)
			require.NoError(t, err)
			phases = append(phases, state.Phase)
		}
		return phases
	}
	require.Equal(t, []batch.Phase{batch.Withdrawn, batch.Pending}, batches())
	require.Equal(t, []transfer.Phase{transfer.Declined, transfer.Declined}, h.phases(waits.Batch, 2))
	require.Equal(t, []standing.Phase{standing.Withdrawn, standing.Pending, standing.Active}, orders())
	h.balances(from, 900_000, 220_000)

	before := h.commits()
	h.reopen(h.log)
	h.catchUp()
	require.Equal(t, before, h.commits())
	h.pass(time.Hour)
	h.catchUp()
	require.Equal(t, []batch.Phase{batch.Withdrawn, batch.TimedOut}, batches())
	h.at("2026-01-31", 6)
	require.Equal(t, []string{"2026-01-31 executed"}, h.occurrences(confirmedBefore.Order), "the customer's own will outlives the telephone")
	require.Equal(t, []standing.Phase{standing.Withdrawn, standing.TimedOut, standing.Active}, orders())
	h.audit()
}

func count(all []string, one string) (n int) {
	for _, s := range all {
		if s == one {
			n++
		}
	}
	return n
}

// A file of a device that is revoked goes with it, and its customer is told why.
func TestAFileOfARevokedDeviceIsDroppedAndTold(t *testing.T) {
	t.Parallel()
	p := newRemitter(t)
	gone := p.phone()
	order := p.by(alice)
	order.Caller.Device = gone
	waits, own := p.fileBy(order, "one", 2_500), p.file("two", 2_500)
	sent, _, err := p.pay(Order{ID: randomCause(), Caller: order.Caller, Intent: []byte("pay"), At: order.At, Subject: order.Subject}, 200_000)
	require.NoError(t, err)
	require.Equal(t, payment.Pending, sent.Status)
	p.settle()
	_, _, err = p.bank.PaymentFiles().Cancel(p.ctx(), p.by(alice), own.File)
	require.NoError(t, err)
	mark := p.newest()
	require.NotContains(t, p.inbox(alice, 0), "payment-file-dropped", "whoever withdraws something knows")

	p.device(gone, device.Revoke{By: ActorCustomer, Reason: "sold", At: noon})
	told := p.inbox(alice, mark)
	require.Equal(t, []int{1, 1}, []int{count(told, "payment-file-dropped"), count(told, "payment-dropped")}, "%v", told)
	p.fileIs(waits.File, paymentfile.Withdrawn)
	mark = p.newest()
	p.restart()
	require.Zero(t, count(p.inbox(alice, mark), "payment-file-dropped"), "once")
}
