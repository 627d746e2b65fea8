package commands

import (
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"florin/domain"
	"florin/domain/account"
	"florin/domain/customer"
	"florin/domain/id"
	"florin/domain/transfer"
)

// named gives a customer a user name that others can invite.
func (h *house) named(who id.Customer, name string) {
	h.t.Helper()
	known(h.t, h.bank, who)
	normal, ok := normalUser(name)
	require.True(h.t, ok)
	claim := must(h.bank.nameClaim(nameUser, normal))
	_, _, err := execute(h.ctx(), h.bank, "test.name", SystemOrder("test", who.UUID(), name, noon, ofCustomer(who)), streams(claim), func(w *work) error {
		return h.bank.names.decide(w, claim, customer.Take{Claim: claim, Type: nameUser, Customer: who, At: noon})
	}, nothing)
	require.NoError(h.t, err)
}

func (h *house) invite(by id.Customer, of id.Account, name string, role account.Role) (HolderAnswer, error) {
	answer, _, err := h.bank.Accounts().Invite(h.ctx(), h.by(by), InviteHolder{Account: of, Name: domain.NewProfile(name), Role: role})
	return answer, err
}

func (h *house) joined(by, who id.Customer, of id.Account, name string, role account.Role) {
	h.t.Helper()
	invitation, err := h.invite(by, of, name, role)
	require.NoError(h.t, err)
	_, _, err = h.bank.Accounts().Accept(h.ctx(), h.by(who), of, invitation.Invitation)
	require.NoError(h.t, err)
}

func TestJointOwnersAndReaders(t *testing.T) {
	t.Parallel()
	h := newHouse(t, newModelLog(t))
	carol := id.Named[id.Customer]("carol")
	joint, alices, bobs := h.account(alice, "Alice", 100_000), h.account(alice, "Alice", 0), h.account(bob, "Bob", 0)
	h.named(bob, "bobby")
	h.named(carol, "carol")
	h.joined(alice, bob, joint, "Bobby", account.Owner)
	h.joined(bob, carol, joint, "carol", account.Reader)

	answer, _, err := h.send(h.by(bob), joint, bobs, 1000)
	require.NoError(t, err, "an owner pays")
	require.Equal(t, transfer.Done, answer.Status)
	_, outcome, err := h.send(h.by(carol), joint, bobs, 1000)
	require.Equal(t, "account-read-only", refusalCode(err), "a reader does not")
	require.Zero(t, outcome.Receipt)
	_, _, err = h.bank.Accounts().Close(h.ctx(), h.by(carol), joint, "asked-for")
	require.Equal(t, "account-read-only", refusalCode(err))
	_, err = h.invite(carol, joint, "bobby", account.Reader)
	require.Equal(t, "account-read-only", refusalCode(err))
	_, _, err = h.send(h.by(carol), alices, bobs, 1)
	require.Equal(t, "not-found", refusalCode(err), "her other accounts are not there")

	own, _, err := h.send(h.by(bob), joint, alices, 60_000)
	require.NoError(t, err)
	require.Equal(t, transfer.Done, own.Status)
	require.NotEqual(t, "own-accounts", own.Exemption, "what is alice's alone is not bob's")
	require.EqualValues(t, 61_000, h.money(joint).Spent, "it counts against the day")

	_, _, err = h.bank.Accounts().RemoveHolder(h.ctx(), h.by(alice), joint, bob)
	require.NoError(t, err)
	_, _, err = h.send(h.by(bob), joint, bobs, 1)
	require.Equal(t, "not-found", refusalCode(err), "who was removed sees no account")
	h.audit()
}

func TestInvitationsTellNobodyApart(t *testing.T) {
	t.Parallel()
	h := newHouse(t, newModelLog(t))
	of := h.account(alice, "Alice", 0)
	h.named(bob, "bobby")
	restricted := id.Named[id.Customer]("restricted")
	h.named(restricted, "limited")
	_, err := h.bank.Customers().Restrict(h.ctx(), h.operator(), restricted, "check")
	require.NoError(t, err)
	var shapes []HolderAnswer
	for _, name := range []string{"bobby", "nobody", "limited", "not a name!", "bob@example.org"} {
		answer, err := h.invite(alice, of, name, account.Reader)
		require.NoError(t, err, name)
		require.False(t, answer.Invitation.IsZero())
		answer.Invitation = id.Invitation{}
		shapes = append(shapes, answer)
	}
	for _, shape := range shapes {
		require.Equal(t, shapes[0], shape)
	}
	state := h.money(of)
	for i, invitation := range state.Invitations {
		require.Equal(t, i == 0, invitation.Customer == bob)
		if i > 0 {
			require.True(t, invitation.Customer.IsZero())
		}
		_, _, err := h.bank.Accounts().Accept(h.ctx(), h.by(restricted), of, invitation.Invitation)
		require.Equal(t, "not-found", refusalCode(err))
	}
	for record, err := range h.log.ReadAll(h.ctx(), 0) {
		require.NoError(t, err)
		for _, event := range record.Events {
			require.NotContains(t, string(event.Data), "bobby")
		}
	}

	order := h.again(bob, "join")
	first, _, err := h.bank.Accounts().Accept(h.ctx(), order, of, state.Invitations[0].Invitation)
	require.NoError(t, err)
	require.Equal(t, account.Reader, first.Role)
	again, outcome, err := h.bank.Accounts().Accept(h.ctx(), order, of, state.Invitations[0].Invitation)
	require.NoError(t, err)
	require.True(t, outcome.Replayed)
	require.Equal(t, first, again)
}

func TestWhoIsRemovedConfirmsNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t, newModelLog(t))
	joint, bobs := h.account(alice, "Alice", 500_000), h.account(bob, "Bob", 0)
	h.named(bob, "bobby")
	h.joined(alice, bob, joint, "bobby", account.Owner)
	asked, statement := h.challenged(bob, joint, bobs, 200_000)
	_, _, err := h.bank.Accounts().RemoveHolder(h.ctx(), h.by(alice), joint, bob)
	require.NoError(t, err)
	_, outcome, err := h.answer(h.by(bob), asked, statement)
	require.Equal(t, "account-read-only", refusalCode(err))
	require.Contains(t, h.kinds(outcome), "transfer.rejected")
	h.balances(bobs, 0, 0)
	require.Equal(t, int64(500_000), h.money(joint).Balance)
	h.audit()
}

func TestHoldsByOperators(t *testing.T) {
	t.Parallel()
	h := newHouse(t, newModelLog(t))
	of, bobs := h.account(alice, "Alice", 10_000), h.account(bob, "Bob", 0)
	order := h.operator()
	placed, outcome, err := h.bank.Accounts().PlaceHold(h.ctx(), order, PlaceHold{Account: of, Amount: euros(6000), Reason: "court-order"})
	require.NoError(t, err)
	require.Equal(t, []string{"account.hold_placed"}, h.kinds(outcome))
	record := must(h.log.ReadCommit(h.ctx(), outcome.Receipt))
	require.Equal(t, alice.UUID(), uuid.UUID(record.Header.OnBehalfOf), "it is on the customer's trail")
	again, replayed, err := h.bank.Accounts().PlaceHold(h.ctx(), order, PlaceHold{Account: of, Amount: euros(6000), Reason: "court-order"})
	require.NoError(t, err)
	require.True(t, replayed.Replayed)
	require.Equal(t, placed, again)
	h.balances(of, 10_000, 6000)
	_, _, err = h.send(h.by(alice), of, bobs, 4001)
	require.Equal(t, "insufficient-funds", refusalCode(err))
	_, _, err = h.bank.Accounts().PlaceHold(h.ctx(), h.operator(), PlaceHold{Account: of, Amount: euros(4001), Reason: "court-order"})
	require.Equal(t, "insufficient-funds", refusalCode(err))
	_, _, err = h.bank.Accounts().PlaceHold(h.ctx(), h.operator(), PlaceHold{Account: account.Nostro(account.Cash).In("EUR"), Amount: euros(1), Reason: "x"})
	require.Equal(t, "not-found", refusalCode(err))
	_, _, err = h.bank.Accounts().LiftHold(h.ctx(), h.operator(), bobs, placed.Hold, "paid")
	require.Equal(t, "not-found", refusalCode(err), "on another account")
	lifted, _, err := h.bank.Accounts().LiftHold(h.ctx(), h.operator(), of, placed.Hold, "paid")
	require.NoError(t, err)
	require.Equal(t, HoldAnswer{Hold: placed.Hold, Account: of, Amount: euros(6000), Reason: "paid", Lifted: true, At: noon}, lifted)
	_, _, err = h.bank.Accounts().LiftHold(h.ctx(), h.operator(), of, placed.Hold, "paid")
	require.Equal(t, "not-found", refusalCode(err))
	h.balances(of, 10_000, 0)
	h.audit()
}
