package commands

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/domain/account"
	"florin/domain/iban"
	"florin/domain/id"
	"florin/domain/money"
	"florin/domain/notification"
	"florin/domain/standing"
	"florin/eventbus"
)

func (h *house) newest() eventbus.Position {
	h.t.Helper()
	head, err := h.log.Head(h.ctx())
	require.NoError(h.t, err)
	return head.Position
}

// inbox lets the bank's processes hear everything, and lists what a customer's inbox
// holds of what has happened since mark, in the order of filing.
func (h *house) inbox(who id.Customer, since eventbus.Position) (templates []string) {
	h.t.Helper()
	h.catchUp()
	for record, err := range h.log.ReadAll(h.ctx(), since) {
		require.NoError(h.t, err)
		for _, event := range record.Events {
			if event.Kind != (notification.Filed{}).Kind() {
				continue
			}
			var filed notification.Filed
			require.NoError(h.t, json.Unmarshal(event.Data, &filed))
			require.NotEmpty(h.t, filed.About)
			if filed.Customer == who {
				templates = append(templates, filed.Template)
			}
		}
	}
	return templates
}

func TestWhatServicesDoIsInTheInbox(t *testing.T) {
	t.Parallel()
	carol := id.Named[id.Customer]("carol")
	type told map[id.Customer][]string
	for name, tc := range map[string]struct {
		do   func(h *house, from, to id.Account) // from is alice's, to is bob's
		told told
	}{
		"a card from its order to its end": {func(h *house, from, _ id.Account) {
			of := h.card(alice, from)
			h.took(h.held(of, 1_000), 1_000, true)
			_, _, err := h.asks(of, 90_000_000)
			require.Equal(h.t, "card-limit-exceeded", refusalCode(err))
			_, _, err = h.bank.Cards().Freeze(h.ctx(), h.because(h.by(alice), "customer"), of)
			require.NoError(h.t, err)
			_, _, err = h.bank.Cards().Unfreeze(h.ctx(), h.because(h.by(alice), "customer"), of)
			require.NoError(h.t, err)
			_, _, err = h.bank.Cards().SetLimits(h.ctx(), h.by(alice), of, CardLimits{Day: "50.00"})
			require.NoError(h.t, err)
			_, _, err = h.bank.Cards().Close(h.ctx(), h.because(h.by(alice), "customer"), of)
			require.NoError(h.t, err)
		}, told{alice: {"card-ordered", "card-made", "card-used", "card-declined", "card-frozen", "card-unfrozen", "card-limits-changed", "card-closed"}}},
		"a shop gives money back": {func(h *house, from, _ id.Account) {
			taken := h.held(h.card(alice, from), 1_000)
			h.took(taken, 1_000, true)
			_, _, err := h.bank.Authorisations().Refund(h.ctx(), h.operator(), taken, euros(400))
			require.NoError(h.t, err)
		}, told{alice: {"card-ordered", "card-made", "card-used", "card-refunded"}}},
		"a batch is one message to who sends it, and one for each who is paid": {func(h *house, from, to id.Account) {
			_, _, err := h.submit(h.by(alice), batchOf(from, 100, to, to))
			require.NoError(h.t, err)
		}, told{alice: {"batch-executed"}, bob: {"transfer-received", "transfer-received"}}},
		"a batch that nobody confirms": {func(h *house, from, to id.Account) {
			h.waitingBatch(from, to, to)
			h.catchUp()
			h.pass(time.Hour)
		}, told{alice: {"batch-challenged", "batch-expired"}, bob: nil}},
		"a refused batch": {func(h *house, from, to id.Account) {
			h.close(to)
			_, _, err := h.submit(h.by(alice), batchOf(from, 100, to))
			require.Equal(h.t, "account-closed", refusalCode(err))
		}, told{alice: {"batch-rejected"}, bob: {"account-closed"}}},
		"a standing order that cannot be paid, and is then cancelled": {func(h *house, from, to id.Account) {
			placed := h.place(alice, from, to, 90_000_000, standing.Plan{First: "2026-01-03", Frequency: standing.Monthly})
			h.confirm(alice, placed)
			h.catchUp()
			h.at("2026-01-03", 7)
			h.catchUp()
			h.at("2026-01-03", 13)
			h.catchUp()
			h.at("2026-01-03", 19)
			h.catchUp()
			_, _, err := h.bank.StandingOrders().Cancel(h.ctx(), h.by(alice), placed.Order)
			require.NoError(h.t, err)
		}, told{alice: {"standing-order-challenged", "standing-order-placed", "transfer-rejected", "transfer-rejected", "transfer-rejected",
			"standing-order-failed", "standing-order-cancelled"}, bob: nil}},
		"a standing order runs out": {func(h *house, from, to id.Account) {
			h.confirm(alice, h.place(alice, from, to, 100, standing.Plan{First: "2026-01-03", Frequency: standing.Once}))
			h.catchUp()
			h.at("2026-01-03", 7)
		}, told{alice: {"standing-order-challenged", "standing-order-placed", "transfer-sent", "standing-order-ended"}, bob: {"transfer-received"}}},
		"a joint account": {func(h *house, from, to id.Account) {
			h.named(carol, "carol")
			h.named(bob, "bobby")
			h.joined(alice, carol, from, "carol", account.Reader)
			h.catchUp()
			h.pass(time.Second)
			h.joined(alice, bob, from, "bobby", account.Owner)
			h.freeze(from)
			h.catchUp()
			_, _, err := h.bank.Accounts().RemoveHolder(h.ctx(), h.by(alice), from, carol)
			require.NoError(h.t, err)
		}, told{
			alice: {"holder-added", "holder-added", "account-frozen", "holder-removed"},
			bob:   {"account-invited", "holder-added", "account-frozen", "holder-removed"},
			carol: {"account-invited", "account-frozen", "account-left"},
		}},
		"the bank holds money": {func(h *house, from, _ id.Account) {
			placed, _, err := h.bank.Accounts().PlaceHold(h.ctx(), h.operator(), PlaceHold{Account: from, Amount: euros(700), Reason: "court-order"})
			require.NoError(h.t, err)
			_, _, err = h.bank.Accounts().LiftHold(h.ctx(), h.operator(), from, placed.Hold, "court-order-over")
			require.NoError(h.t, err)
		}, told{alice: {"hold-placed", "hold-lifted"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, newModelLog(t))
			from, to := h.account(alice, "Alice", 5_000_000), h.account(bob, "Bob", 0)
			h.catchUp()
			mark := h.newest()
			tc.do(h, from, to)
			for who, templates := range tc.told {
				require.Equal(t, slices.Sorted(slices.Values(templates)), slices.Sorted(slices.Values(h.inbox(who, mark))), who)
			}
			again := h.newest()
			h.reopen(h.log)
			h.catchUp()
			require.Equal(t, again, h.newest(), "a restart tells nobody anything twice")
			h.audit()
		})
	}
}

func TestWhatBecomesOfAPaymentIsInTheInbox(t *testing.T) {
	t.Parallel()
	p := newRemitter(t)
	p.settle()
	mark := p.newest()
	p.paid(1_000)
	p.settle()
	_, _, err := p.bank.Payees().Save(p.ctx(), p.by(alice), SavePayee{IBAN: must(iban.Parse("DE89370400440532013000")), Name: "Bob Builder"})
	require.NoError(t, err)
	p.settle()
	require.Equal(t, []string{"payment-sent", "payee-saved"}, p.inbox(alice, mark), "what the entry says is not said a second time")
}

func TestWhoeverHoldsAnAccountIsTold(t *testing.T) {
	t.Parallel()
	h := newHouse(t, newModelLog(t))
	joint := h.account(alice, "Alice", 0)
	h.named(bob, "bobby")
	h.joined(alice, bob, joint, "bobby", account.Owner)
	h.catchUp()
	mark := h.newest()
	h.deposit(joint, 700)
	for _, who := range []id.Customer{alice, bob} {
		require.Equal(t, []string{"account-credited"}, h.inbox(who, mark))
	}
	require.Equal(t, money.Amount{Minor: 700, Currency: "EUR"}, h.money(joint).Booked())
}
