package account_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/domain"
	"florin/domain/account"
	"florin/domain/domaintest"
	"florin/domain/id"
	"florin/domain/money"
)

var (
	bert       = id.Named[id.Customer]("bert")
	cleo       = id.Named[id.Customer]("cleo")
	invitation = id.Named[id.Invitation]("bert")
	nobody     = id.Customer{}
)

func invited(who id.Customer, role account.Role) account.HolderInvited {
	return account.HolderInvited{Invitation: invitation, Customer: who, Name: domain.NewProfile("bert"), Role: role, By: alice, ExpiresAt: noon.Add(account.InvitationTTL), At: noon}
}

func added(who id.Customer, role account.Role) account.HolderAdded {
	return account.HolderAdded{Invitation: invitation, Customer: who, Role: role, At: noon}
}

func TestHolders(t *testing.T) {
	t.Parallel()
	invite := account.Invite{Invitation: invitation, Customer: bert, Name: domain.NewProfile("bert"), Role: account.Reader, By: alice, At: noon}
	with := func(change func(*account.Invite)) account.Invite { c := invite; change(&c); return c }
	accept := account.Accept{Invitation: invitation, By: bert, At: noon}
	end := func(by id.Customer) account.EndInvitation {
		return account.EndInvitation{Invitation: invitation, By: by, At: noon}
	}
	remove := func(who, by id.Customer) account.RemoveHolder {
		return account.RemoveHolder{Customer: who, By: by, At: noon}
	}
	waiting := facts{}
	for i := range account.InvitationsMax {
		one := invited(nobody, account.Reader)
		one.Invitation = id.Named[id.Invitation](fmt.Sprint(i))
		waiting = append(waiting, one)
	}
	full := facts{}
	for i := range account.HoldersMax {
		full = append(full, added(id.Named[id.Customer](fmt.Sprint(i)), account.Owner))
	}
	later := noon.Add(account.InvitationTTL)
	joint := opened(invited(bert, account.Owner), added(bert, account.Owner))
	shown := opened(invited(bert, account.Reader), added(bert, account.Reader))

	domaintest.Run[account.State](t, []row{
		{Name: "an owner invites", Given: opened(), When: invite, Then: facts{invited(bert, account.Reader)}},
		{Name: "an owner who joined invites", Given: joint, When: with(func(c *account.Invite) { c.Customer, c.By = cleo, bert }),
			Then: facts{account.HolderInvited{Invitation: invitation, Customer: cleo, Name: domain.NewProfile("bert"), Role: account.Reader, By: bert, ExpiresAt: later, At: noon}}},
		{Name: "a name that is nobody's is invited as well", Given: opened(), When: with(func(c *account.Invite) { c.Customer = nobody }),
			Then: facts{invited(nobody, account.Reader)}},
		{Name: "a reader invites nobody", Given: shown, When: with(func(c *account.Invite) { c.Customer, c.By = cleo, bert }), Refused: account.ErrReader},
		{Name: "a stranger sees no account", Given: opened(), When: with(func(c *account.Invite) { c.By = bert }), Refused: account.ErrMissing},
		{Name: "nobody sees no account", Given: opened(), When: with(func(c *account.Invite) { c.By = nobody }), Refused: account.ErrMissing},
		{Name: "there are two roles", Given: opened(), When: with(func(c *account.Invite) { c.Role = "king" }), Refused: account.ErrRole},
		{Name: "an invitation has a name", Given: opened(), When: with(func(c *account.Invite) { c.Name = domain.Profile{} }), Refused: account.ErrInvalid},
		{Name: "a holder is not invited again", Given: shown, When: invite, Refused: account.ErrHolder},
		{Name: "nor is whoever opened it", Given: opened(), When: with(func(c *account.Invite) { c.Customer = alice }), Refused: account.ErrHolder},
		{Name: "a closed account takes no holders", Given: opened(closed()), When: invite, Refused: account.ErrClosed},
		{Name: "so many may wait and no more", Given: opened(waiting...), When: invite, Refused: account.ErrHolders},
		{Name: "what is too old waits no more", Given: opened(waiting...), When: with(func(c *account.Invite) { c.At = later }),
			Then: facts{account.HolderInvited{Invitation: invitation, Customer: bert, Name: domain.NewProfile("bert"), Role: account.Reader, By: alice, ExpiresAt: later.Add(account.InvitationTTL), At: later}}},
		{Name: "so many may hold it and no more", Given: opened(full...), When: invite, Refused: account.ErrHolders},
		{Name: "who is invited accepts", Given: opened(invited(bert, account.Reader)), When: accept, Then: facts{added(bert, account.Reader)}},
		{Name: "an invitation is accepted once", Given: shown, When: accept, Refused: account.ErrInvitation},
		{Name: "nobody accepts another's", Given: opened(invited(cleo, account.Owner)), When: accept, Refused: account.ErrInvitation},
		{Name: "nobody accepts what was nobody's", Given: opened(invited(nobody, account.Owner)), When: account.Accept{Invitation: invitation, At: noon}, Refused: account.ErrInvitation},
		{Name: "an owner does not accept for who is invited", Given: opened(invited(bert, account.Owner)), When: account.Accept{Invitation: invitation, By: alice, At: noon}, Refused: account.ErrInvitation},
		{Name: "an invitation lasts a week", Given: opened(invited(bert, account.Owner)), When: account.Accept{Invitation: invitation, By: bert, At: later}, Refused: account.ErrInvitation},
		{Name: "a closed account is joined by nobody", Given: opened(invited(bert, account.Owner), closed()), When: accept, Refused: account.ErrClosed},
		{Name: "an owner withdraws", Given: opened(invited(bert, account.Owner)), When: end(alice), Then: facts{account.InvitationEnded(end(alice))}},
		{Name: "an owner withdraws what is nobody's", Given: opened(invited(nobody, account.Owner)), When: end(alice), Then: facts{account.InvitationEnded(end(alice))}},
		{Name: "who is invited declines", Given: opened(invited(bert, account.Owner)), When: end(bert), Then: facts{account.InvitationEnded(end(bert))}},
		{Name: "a stranger declines nothing", Given: opened(invited(bert, account.Owner)), When: end(cleo), Refused: account.ErrMissing},
		{Name: "what is withdrawn is not accepted", Given: opened(invited(bert, account.Owner), account.InvitationEnded(end(alice))), When: accept, Refused: account.ErrInvitation},
		{Name: "what is not there is not withdrawn", Given: opened(), When: end(alice), Refused: account.ErrInvitation},
		{Name: "an owner removes a holder", Given: shown, When: remove(bert, alice), Then: facts{account.HolderRemoved(remove(bert, alice))}},
		{Name: "a reader leaves", Given: shown, When: remove(bert, bert), Then: facts{account.HolderRemoved(remove(bert, bert))}},
		{Name: "a reader removes nobody", Given: slices.Concat(shown, facts{added(cleo, account.Reader)}), When: remove(cleo, bert), Refused: account.ErrReader},
		{Name: "whoever it was opened for stays", Given: joint, When: remove(alice, bert), Refused: account.ErrFirstHolder},
		{Name: "and does not leave", Given: joint, When: remove(alice, alice), Refused: account.ErrFirstHolder},
		{Name: "nobody is removed twice", Given: slices.Concat(shown, facts{account.HolderRemoved(remove(bert, alice))}), When: remove(bert, alice), Refused: account.ErrMissing},
		{Name: "who was removed sees no account", Given: slices.Concat(shown, facts{account.HolderRemoved(remove(bert, alice))}), When: remove(bert, bert), Refused: account.ErrMissing},
		{Name: "the bank's own books have no holders", Given: facts{account.Opened{Account: acc, Class: account.Internal, Chart: account.Tax, Currency: "EUR"}},
			When: with(func(c *account.Invite) { c.By = nobody }), Refused: account.ErrMissing},
	})
}

func TestSameOwners(t *testing.T) {
	t.Parallel()
	of := func(first id.Customer, more ...account.Event) (s account.State) {
		s = s.Evolve(account.Opened{Account: acc, Customer: first, Class: account.Customers, Currency: "EUR"})
		for _, event := range more {
			s = s.Evolve(event)
		}
		return s
	}
	alone, joint, other := of(alice), of(alice, added(bert, account.Owner)), of(bert, added(alice, account.Owner))
	require.True(t, account.SameOwners(alone, of(alice)))
	require.True(t, account.SameOwners(joint, other), "whoever of them came first")
	require.True(t, account.SameOwners(alone, of(alice, added(bert, account.Reader))), "who only looks owns nothing")
	require.False(t, account.SameOwners(alone, joint), "money in it is another's as well")
	require.False(t, account.SameOwners(joint, alone))
	require.False(t, account.SameOwners(of(alice), of(bert)))
	require.False(t, account.SameOwners(account.State{}, account.State{}), "the bank's own books are nobody's")
	require.False(t, account.SameOwners(alone, account.State{}))
}

func TestHoldsOfTheBank(t *testing.T) {
	t.Parallel()
	hold := id.Named[id.Hold]("h")
	place := account.PlaceHold{Hold: hold, Amount: eur(3000), Reason: "court-order", At: noon}
	with := func(change func(*account.PlaceHold)) account.PlaceHold { c := place; change(&c); return c }
	lift := account.LiftHold{Hold: hold, Reason: "paid", At: noon.Add(time.Hour)}
	placed := account.HoldPlaced(place)
	domaintest.Run[account.State](t, []row{
		{Name: "what is there is held", Given: opened(credited(3000, 3000)), When: place, Then: facts{placed}},
		{Name: "the overdraft may be held too", Given: opened(credited(1000, 1000)), When: place, Then: facts{placed}},
		{Name: "what is not there is not held", Given: opened(credited(999, 999)), When: place, Refused: account.ErrFunds},
		{Name: "what is held is not held again", Given: opened(credited(5000, 5000), placed), When: with(func(c *account.PlaceHold) { c.Hold = id.Named[id.Hold]("2"); c.Amount = eur(4001) }), Refused: account.ErrFunds},
		{Name: "a hold has one name", Given: opened(credited(9000, 9000), placed), When: place, Refused: account.ErrReservationExists},
		{Name: "a frozen account can be held on", Given: opened(credited(3000, 3000), frozen()), When: place, Then: facts{placed}},
		{Name: "a closed one not", Given: opened(closed()), When: place, Refused: account.ErrClosed},
		{Name: "nor one that is not there", When: place, Refused: account.ErrMissing},
		{Name: "nor the bank's own", Given: facts{account.Opened{Account: acc, Class: account.Internal, Chart: account.Tax, Currency: "EUR"}}, When: place, Refused: account.ErrMissing},
		{Name: "a hold has a reason", Given: opened(credited(3000, 3000)), When: with(func(c *account.PlaceHold) { c.Reason = "because I say so" }), Refused: account.ErrReason},
		{Name: "nothing is no hold", Given: opened(credited(3000, 3000)), When: with(func(c *account.PlaceHold) { c.Amount = eur(0) }), Refused: account.ErrAmount},
		{Name: "another currency is refused", Given: opened(credited(3000, 3000)),
			When: with(func(c *account.PlaceHold) { c.Amount = money.Amount{Minor: 1, Currency: "USD"} }), Refused: account.ErrCurrency},
		{Name: "held money does not leave", Given: opened(credited(5000, 5000), placed), When: debit(4001), Refused: account.ErrFunds},
		{Name: "a hold counts against no day", Given: opened(credited(50000, 50000), placed), When: debit(10000),
			Then: facts{account.Debited{Posting: "transfer/1", Amount: eur(10000), Balance: eur(40000), Day: day, At: noon}}},
		{Name: "an account with a hold is not closed", Given: opened(credited(3000, 3000), placed), When: account.Close{Reason: "invitation", At: noon}, Refused: account.ErrNotEmpty},
		{Name: "a hold is lifted", Given: opened(credited(3000, 3000), placed), When: lift, Then: facts{account.HoldLifted{Hold: hold, Amount: eur(3000), Reason: "paid", At: lift.At}}},
		{Name: "a hold is lifted once", Given: opened(credited(3000, 3000), placed, account.HoldLifted{Hold: hold, Amount: eur(3000), Reason: "paid"}), When: lift, Refused: account.ErrNoHold},
		{Name: "a payment's reservation is no hold of the bank's", Given: opened(credited(3000, 3000), reserved("transfer/9", 3000)), When: lift, Refused: account.ErrNoHold},
		{Name: "lifting has a reason", Given: opened(credited(3000, 3000), placed), When: account.LiftHold{Hold: hold, At: noon}, Refused: account.ErrReason},
		{Name: "no name is no hold", Given: opened(), When: account.LiftHold{Reason: "paid", At: noon}, Refused: account.ErrNoHold},
	})
}
