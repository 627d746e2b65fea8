package commands

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"florin/domain/account"
	"florin/domain/id"
	"florin/domain/payment"
	"florin/domain/standing"
)

// What one holder began each owner stops, and who began it is told; their own withdrawal
// tells them nothing. A reader is told that they may only look, and to all others, and to
// who holds the account no more, there is no such thing.
func TestOwnersStopWhatAnotherBegan(t *testing.T) {
	t.Parallel()
	carol, dan, eve := id.Named[id.Customer]("carol"), id.Named[id.Customer]("dan"), id.Named[id.Customer]("eve")
	type stop func(p *remitter, by Order) error
	for name, tc := range map[string]struct {
		begin func(p *remitter, to id.Account) stop
		told  string
	}{
		"a transfer of a later day": {func(p *remitter, to id.Account) stop {
			of := p.scheduled(p.from, to, 100, "2026-01-31")
			return func(p *remitter, by Order) error {
				_, _, err := p.bank.Transfers().Cancel(p.ctx(), by, of)
				return err
			}
		}, "transfer-stopped"},
		"a batch": {func(p *remitter, to id.Account) stop {
			waits := p.waitingBatch(p.from, to, to)
			return func(p *remitter, by Order) error {
				_, _, err := p.bank.Batches().Cancel(p.ctx(), by, waits.Batch)
				return err
			}
		}, "batch-stopped"},
		"a payment": {func(p *remitter, _ id.Account) stop {
			paid := p.paid(300_000)
			require.Equal(p.t, payment.Pending, paid.Status)
			return func(p *remitter, by Order) error {
				_, _, err := p.bank.Payments().Cancel(p.ctx(), by, paid.Payment)
				return err
			}
		}, "payment-stopped"},
		"a file of payments": {func(p *remitter, _ id.Account) stop {
			waits := p.file("one", 100, 200)
			return func(p *remitter, by Order) error {
				_, _, err := p.bank.PaymentFiles().Cancel(p.ctx(), by, waits.File)
				return err
			}
		}, "payment-file-stopped"},
		"a standing order": {func(p *remitter, to id.Account) stop {
			placed := p.place(alice, p.from, to, 100, standing.Plan{First: "2026-01-31", Frequency: standing.Monthly})
			p.confirm(alice, placed)
			return func(p *remitter, by Order) error {
				_, _, err := p.bank.StandingOrders().Cancel(p.ctx(), by, placed.Order)
				return err
			}
		}, "standing-order-cancelled"},
		"a card": {func(p *remitter, _ id.Account) stop {
			of := p.card(alice, p.from)
			return func(p *remitter, by Order) error {
				_, _, err := p.bank.Cards().Freeze(p.ctx(), p.because(by, "customer-request"), of)
				return err
			}
		}, "card-frozen"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newRemitter(t)
			to := p.account(eve, "Eve", 0)
			for _, one := range []struct {
				who  id.Customer
				name string
				role account.Role
			}{{bob, "bobby", account.Owner}, {carol, "carol", account.Reader}, {dan, "daniel", account.Owner}} {
				p.named(one.who, one.name)
				p.joined(alice, one.who, p.from, one.name, one.role)
			}
			_, _, err := p.bank.Accounts().RemoveHolder(p.ctx(), p.by(alice), p.from, dan)
			require.NoError(t, err)
			theirs := tc.begin(p, to)
			for who, code := range map[id.Customer]string{carol: "account-read-only", dan: "not-found", eve: "not-found"} {
				require.Equal(t, code, refusalCode(theirs(p, p.by(who))), who)
			}
			third := p.by(bob)
			third.Caller.ActorType = ActorClient
			require.Equal(t, "not-found", refusalCode(theirs(p, third)), "a consent of one holder says nothing of the others")
			p.settle()
			p.inbox(alice, 0)
			mark := p.newest()
			require.NoError(t, theirs(p, p.by(bob)))
			p.settle()
			require.Equal(t, []string{tc.told}, p.inbox(alice, mark))
			require.Empty(t, p.inbox(bob, mark))
			if !strings.HasSuffix(tc.told, "-stopped") || tc.told == "payment-file-stopped" {
				return // told whoever it was; or its name is used for ever
			}
			hers := tc.begin(p, to)
			p.settle()
			mark = p.newest()
			require.NoError(t, hers(p, p.by(alice)))
			p.settle()
			require.Empty(t, p.inbox(alice, mark), "she knows")
		})
	}
}
