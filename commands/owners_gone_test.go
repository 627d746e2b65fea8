package commands

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"florin/domain/account"
	"florin/domain/batch"
	"florin/domain/id"
	"florin/domain/payment"
)

// jointly makes bob an owner of an account of alice's.
func (h *house) jointly(of id.Account) {
	h.t.Helper()
	h.named(bob, "bobby")
	h.joined(alice, bob, of, "bobby", account.Owner)
}

// Who was removed confirms no batch either (TestWhoIsRemovedConfirmsNothing is of transfers alone).
func TestWhoIsRemovedConfirmsNoBatch(t *testing.T) {
	t.Parallel()
	for _, mode := range []batch.Mode{"", batch.Each} {
		h := newHouse(t, newModelLog(t))
		joint, bobs := h.account(alice, "Alice", 500_000), h.account(bob, "Bob", 0)
		h.jointly(joint)
		ask := batchOf(joint, 110_000, bobs, bobs)
		ask.Mode = mode
		waits, _, err := h.submit(h.by(bob), ask)
		require.NoError(t, err)
		require.Equal(t, batch.Pending, waits.Status)
		_, _, err = h.bank.Accounts().RemoveHolder(h.ctx(), h.by(alice), joint, bob)
		require.NoError(t, err)
		_, _, err = h.bank.Batches().Authorise(h.ctx(), h.by(bob), waits.Batch, confirmed(waits))
		require.Equal(t, "account-read-only", refusalCode(err), "mode %q", mode)
		h.balances(bobs, 0, 0)
		h.balances(joint, 500_000, 0)
		h.audit()
	}
}

func TestWhoIsRemovedConfirmsNoPayment(t *testing.T) {
	t.Parallel()
	p := newRemitter(t)
	p.named(bob, "bobby")
	p.joined(alice, bob, p.from, "bobby", account.Owner)
	large, _, err := p.pay(p.by(bob), 200_000)
	require.NoError(t, err)
	require.Equal(t, payment.Pending, large.Status)
	var statement payment.Statement
	require.NoError(t, json.Unmarshal([]byte(large.Challenge.Display.Reveal()), &statement))
	_, _, err = p.bank.Accounts().RemoveHolder(p.ctx(), p.by(alice), p.from, bob)
	require.NoError(t, err)
	_, _, err = p.bank.Payments().Authorise(p.ctx(), p.by(bob), AuthorisePayment{Payment: large.Payment, Method: MethodSCAKey, Statement: statement, Proven: true})
	require.Equal(t, "account-read-only", refusalCode(err))
	p.settle()
	p.balances(p.from, 500_000, 0)
}

func TestACardOfARemovedOwnerPaysNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t, newModelLog(t))
	joint := h.account(alice, "Alice", 500_000)
	h.jointly(joint)
	of := h.card(bob, joint)
	_, _, err := h.bank.Accounts().RemoveHolder(h.ctx(), h.by(alice), joint, bob)
	require.NoError(t, err)
	_, _, err = h.asks(of, 10_000)
	require.Error(t, err, "the card of who holds the account no more")
	h.balances(joint, 500_000, 0)
}

func TestAReplacedCardOfARemovedOwner(t *testing.T) {
	t.Parallel()
	h := newHouse(t, newModelLog(t))
	joint := h.account(alice, "Alice", 500_000)
	h.jointly(joint)
	of := h.card(bob, joint)
	_, _, err := h.bank.Accounts().RemoveHolder(h.ctx(), h.by(alice), joint, bob)
	require.NoError(t, err)
	_, _, err = h.bank.Cards().Replace(h.ctx(), h.because(h.by(bob), "lost"), of, SimulatedCard(h.now()))
	require.Error(t, err, "nobody orders a new card for an account that is not theirs")
}

// A joint account that alice opened is not alice's alone: to and from it her limits count.
func TestABatchBetweenAliceAndAJointAccountCounts(t *testing.T) {
	t.Parallel()
	h := newHouse(t, newModelLog(t))
	joint, alices := h.account(alice, "Alice", 0), h.account(alice, "Alice", 5_000_000)
	h.jointly(joint)
	_, _, err := h.send(h.by(alice), alices, joint, 1_200_000)
	require.Equal(t, "limit-exceeded", refusalCode(err), "a single transfer")
	answer, _, err := h.submit(h.by(alice), batchOf(alices, 1_200_000, joint, joint))
	require.Equal(t, "limit-exceeded", refusalCode(err), "a batch: %v %v", answer.Status, answer.Exemption)
	h.balances(joint, 0, 0)
}

func TestABatchOutOfAJointAccountCounts(t *testing.T) {
	t.Parallel()
	h := newHouse(t, newModelLog(t))
	joint, alices := h.account(alice, "Alice", 5_000_000), h.account(alice, "Alice", 0)
	h.jointly(joint)
	answer, _, err := h.submit(h.by(alice), batchOf(joint, 1_200_000, alices))
	require.Equal(t, "limit-exceeded", refusalCode(err), "a batch: %v %v", answer.Status, answer.Exemption)
	require.NotEqual(t, "own-accounts", answer.Exemption)
}

// What a removed owner had asked others to, nobody accepts any more.
func TestAnInvitationEndsWithWhoeverMadeIt(t *testing.T) {
	t.Parallel()
	h := newHouse(t, newModelLog(t))
	carol := id.Named[id.Customer]("carol")
	joint := h.account(alice, "Alice", 100_000)
	h.named(carol, "carol")
	h.jointly(joint)
	invitation, err := h.invite(bob, joint, "carol", account.Owner)
	require.NoError(t, err)
	_, _, err = h.bank.Accounts().RemoveHolder(h.ctx(), h.by(alice), joint, bob)
	require.NoError(t, err)
	_, _, err = h.bank.Accounts().Accept(h.ctx(), h.by(carol), joint, invitation.Invitation)
	require.Equal(t, "not-found", refusalCode(err))
	h.balances(joint, 100_000, 0)
}

// A batch out of a joint account is of money that is not one owner's: another owner empties it past its limits.
func TestAnotherOwnersBatchCounts(t *testing.T) {
	t.Parallel()
	h := newHouse(t, newModelLog(t))
	joint, alices := h.account(alice, "Alice", 5_000_000), h.account(alice, "Alice", 0)
	h.jointly(joint)
	answer, _, err := h.submit(h.by(bob), batchOf(joint, 50_000, alices))
	require.NoError(t, err)
	require.NotEqual(t, "own-accounts", answer.Exemption, "status %s", answer.Status)
	require.EqualValues(t, 50_000, h.money(joint).Spent, "it counts against the day")
}

// A standing order of who holds the account no more, or may only look, is over on its
// first day: nothing is paid, it is not tried again, and its customer is told.
func TestAStandingOrderEndsWithItsOwner(t *testing.T) {
	t.Parallel()
	for name, loses := range map[string]func(h *house, of id.Account){
		"who was removed": func(h *house, of id.Account) {
			_, _, err := h.bank.Accounts().RemoveHolder(h.ctx(), h.by(alice), of, bob)
			require.NoError(h.t, err)
		},
		"who was removed and may look again": func(h *house, of id.Account) {
			_, _, err := h.bank.Accounts().RemoveHolder(h.ctx(), h.by(alice), of, bob)
			require.NoError(h.t, err)
			h.joined(alice, bob, of, "bobby", account.Reader)
		},
	} {
		h := newHouse(t, newModelLog(t))
		joint, bobs := h.account(alice, "Alice", 500_000), h.account(bob, "Bob", 0)
		h.jointly(joint)
		placed, hers := h.place(bob, joint, bobs, 50_000, rent), h.place(alice, joint, bobs, 10_000, rent)
		h.confirm(bob, placed)
		h.confirm(alice, hers)
		loses(h, joint)
		h.catchUp()
		mark := h.newest()
		h.at("2026-01-31", 18)
		require.Equal(t, []string{"2026-01-31 given up 3 account-read-only", "ended account-read-only"}, h.occurrences(placed.Order), name)
		require.Equal(t, []string{"2026-01-31 executed"}, h.occurrences(hers.Order), "the other owner's goes on")
		require.Equal(t, 1, count(h.inbox(bob, mark), "standing-order-ended"), name)
		h.at("2026-02-28", 18)
		require.Equal(t, []string{"2026-01-31 given up 3 account-read-only", "ended account-read-only"}, h.occurrences(placed.Order), name)
		h.balances(joint, 480_000, 0)
		h.audit()
	}
}
