package webhook_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/domain"
	"florin/domain/domaintest"
	"florin/domain/id"
	"florin/domain/webhook"
)

var (
	noon       = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	hook       = id.Named[id.Webhook]("hook")
	olga, otto = id.Named[id.Operator]("olga"), id.Named[id.Operator]("otto")
	known      = []string{"account.frozen", "transfer.posted", "transfer.rejected"}
)

func register(change func(*webhook.Register)) webhook.Register {
	c := webhook.Register{Webhook: hook, Name: "Books Ltd", URL: "https://partner.example/hook", Kinds: []string{"transfer.*"}, By: olga, Known: known, At: noon}
	change(&c)
	return c
}

func TestAnEndpointIsProposedApprovedAndEnded(t *testing.T) {
	t.Parallel()
	same := func(*webhook.Register) {}
	registered := webhook.Registered{Webhook: hook, Name: "Books Ltd", URL: "https://partner.example/hook", Kinds: []string{"transfer.*"}, By: olga, At: noon}
	approved := webhook.Approved{By: otto, At: noon}
	active := []webhook.Event{registered, approved}
	off := append(active[:2:2], webhook.Disabled{Reason: "undeliverable", At: noon})
	gone := append(active[:2:2], webhook.Deleted{Reason: "left", At: noon})
	type row = domaintest.Case[webhook.Command, webhook.Event]
	refused := func(name string, why error, change func(*webhook.Register)) row {
		return row{Name: name, When: register(change), Refused: why}
	}
	contact := webhook.NameContact{Contact: domain.NewProfile("ops@partner.example"), At: noon}
	owes := append(active[:2:2], webhook.ContactNamed(contact), webhook.Disabled{Reason: "undeliverable", At: noon})
	told := append(owes[:4:4], webhook.ContactTold{At: noon})
	disable := webhook.Disable{Reason: "left", At: noon}
	domaintest.Run[webhook.State](t, []row{
		{Name: "one operator proposes", When: register(same), Then: []webhook.Event{registered}},
		{Name: "in a sandbox one is enough", When: register(func(c *webhook.Register) { c.Alone = true }), Then: []webhook.Event{registered, webhook.Approved{By: olga, At: noon}}},
		{Name: "it is registered once", Given: active, When: register(same), Refused: webhook.ErrExists},
		refused("an address of this machine", webhook.ErrURL, func(c *webhook.Register) { c.URL = "http://127.0.0.1:80/" }),
		refused("a private address", webhook.ErrURL, func(c *webhook.Register) { c.URL = "https://10.0.0.1/" }),
		refused("no address", webhook.ErrURL, func(c *webhook.Register) { c.URL = "" }),
		refused("no name", webhook.ErrName, func(c *webhook.Register) { c.Name = "" }),
		refused("a name without end", webhook.ErrName, func(c *webhook.Register) { c.Name = strings.Repeat("x", 101) }),
		refused("a name that breaks a line", webhook.ErrName, func(c *webhook.Register) { c.Name = "a\nb" }),
		refused("no kinds", webhook.ErrKinds, func(c *webhook.Register) { c.Kinds = nil }),
		refused("a kind that is not sent", webhook.ErrKinds, func(c *webhook.Register) { c.Kinds = []string{"customer.enrolled"} }),
		refused("a pattern of nothing", webhook.ErrKinds, func(c *webhook.Register) { c.Kinds = []string{"customer.*"} }),
		refused("half a pattern", webhook.ErrKinds, func(c *webhook.Register) { c.Kinds = []string{"trans*"} }),
		refused("a kind twice", webhook.ErrKinds, func(c *webhook.Register) { c.Kinds = []string{"*", "*"} }),
		refused("too many kinds", webhook.ErrKinds, func(c *webhook.Register) { c.Kinds = strings.Fields(strings.Repeat("transfer.posted ", 51)) }),

		{Name: "another approves", Given: []webhook.Event{registered}, When: webhook.Approve{By: otto, At: noon}, Then: []webhook.Event{approved}},
		{Name: "never the proposer", Given: []webhook.Event{registered}, When: webhook.Approve{By: olga, At: noon}, Refused: webhook.ErrOwn},
		{Name: "nor nobody", Given: []webhook.Event{registered}, When: webhook.Approve{At: noon}, Refused: webhook.ErrOwn},
		{Name: "nor twice", Given: active, When: webhook.Approve{By: otto, At: noon}, Refused: webhook.ErrOver},
		{Name: "what is not there cannot be approved", When: webhook.Approve{By: otto, At: noon}, Refused: webhook.ErrUnknown},
		{Name: "what is deleted is not there", Given: gone, When: webhook.Approve{By: otto, At: noon}, Refused: webhook.ErrUnknown},

		{Name: "a secret is rotated", Given: active, When: webhook.Rotate{At: noon}, Then: []webhook.Event{webhook.SecretRotated{Generation: 2, OldUntil: noon.Add(24 * time.Hour), At: noon}}},
		{Name: "an active one is disabled", Given: active, When: disable, Then: []webhook.Event{webhook.Disabled(disable)}},
		{Name: "a disabled one stays so", Given: off, When: disable},
		{Name: "a proposed one is not running", Given: []webhook.Event{registered}, When: disable, Refused: webhook.ErrInactive},
		{Name: "disabling needs a reason", Given: active, When: webhook.Disable{Reason: "No!", At: noon}, Refused: webhook.ErrReason},
		{Name: "a disabled one is enabled", Given: off, When: webhook.Enable{At: noon}, Then: []webhook.Event{webhook.Enabled{At: noon}}},
		{Name: "an active one is on", Given: active, When: webhook.Enable{At: noon}},
		{Name: "enabling is no approval", Given: []webhook.Event{registered}, When: webhook.Enable{At: noon}, Refused: webhook.ErrInactive},
		{Name: "it is deleted", Given: off, When: webhook.Delete{Reason: "left", At: noon}, Then: []webhook.Event{webhook.Deleted{Reason: "left", At: noon}}},
		{Name: "deleting needs a reason", Given: off, When: webhook.Delete{At: noon}, Refused: webhook.ErrReason},
		{Name: "once", Given: gone, When: webhook.Delete{Reason: "left", At: noon}, Refused: webhook.ErrUnknown},

		{Name: "a contact is named", Given: active, When: contact, Then: []webhook.Event{webhook.ContactNamed(contact)}},
		{Name: "of a proposed one as well", Given: []webhook.Event{registered}, When: contact, Then: []webhook.Event{webhook.ContactNamed(contact)}},
		{Name: "of a deleted one nobody", Given: gone, When: contact, Refused: webhook.ErrUnknown},
		{Name: "no contact after none", Given: active, When: webhook.NameContact{At: noon}},
		{Name: "a contact is forgotten", Given: append(active[:2:2], webhook.ContactNamed(contact)), When: webhook.NameContact{At: noon}, Then: []webhook.Event{webhook.ContactNamed{At: noon}}},
		{Name: "the contact is told that it is off", Given: owes, When: webhook.NoteNotice{At: noon}, Then: []webhook.Event{webhook.ContactTold{At: noon}}},
		{Name: "or cannot be", Given: owes, When: webhook.NoteNotice{Failed: true, At: noon}, Then: []webhook.Event{webhook.ContactTold{Failed: true, At: noon}}},
		{Name: "once", Given: told, When: webhook.NoteNotice{At: noon}},
		{Name: "once each time", Given: append(told[:5:5], webhook.Enabled{At: noon}, webhook.Disabled{Reason: "undeliverable", At: noon}), When: webhook.NoteNotice{At: noon}, Then: []webhook.Event{webhook.ContactTold{At: noon}}},
		{Name: "not of what is on again", Given: append(owes[:4:4], webhook.Enabled{At: noon}), When: webhook.NoteNotice{At: noon}},
		{Name: "nobody is told where there is nobody", Given: off, When: webhook.NoteNotice{At: noon}},
		{Name: "facts are sent again", Given: active, When: webhook.Resend{From: 3, Through: 9, At: noon}, Then: []webhook.Event{webhook.ResendRequested{Number: 1, From: 3, Through: 9, At: noon}}},
		{Name: "but not none", Given: active, When: webhook.Resend{From: 9, Through: 9, At: noon}, Refused: webhook.ErrRange},
		{Name: "nor from before the beginning", Given: active, When: webhook.Resend{From: -1, Through: 9, At: noon}, Refused: webhook.ErrRange},
		{Name: "nor to a disabled one", Given: off, When: webhook.Resend{From: 3, Through: 9, At: noon}, Refused: webhook.ErrInactive},
		{Name: "a test is a fact", Given: active, When: webhook.Test{At: noon}, Then: []webhook.Event{webhook.Tested{Number: 1, At: noon}}},
		{Name: "a proposed one is not tested", Given: []webhook.Event{registered}, When: webhook.Test{At: noon}, Refused: webhook.ErrInactive},
	})
}

func TestAnEndpointGetsWhatItAskedFor(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		kinds string
		kind  string
		wants bool
	}{
		{"transfer.posted", "transfer.posted", true}, {"transfer.posted", "transfer.posted_late", false}, {"transfer.*", "transfer.rejected", true},
		{"transfer.*", "transferred.x", false}, {"*", "account.frozen", true}, {"account.frozen transfer.posted", "transfer.rejected", false},
	} {
		state := webhook.State{}.Evolve(webhook.Registered{Webhook: hook, Kinds: strings.Fields(tc.kinds)})
		require.Equal(t, tc.wants, state.Wants(tc.kind), "%s of %s", tc.kind, tc.kinds)
	}
}

func TestADeliveryIsTriedForDaysAndMadeOnce(t *testing.T) {
	t.Parallel()
	of, what := id.Named[id.Delivery]("d"), webhook.What{Event: "e", Kind: "transfer.posted", Position: 7}
	note := func(status int64, reason string, resend int64) webhook.NoteAttempt {
		return webhook.NoteAttempt{Delivery: of, Webhook: hook, What: what, Status: status, Reason: reason, Resend: resend, At: noon}
	}
	made := func(attempt, resend int64) webhook.Delivered {
		return webhook.Delivered{Delivery: of, Webhook: hook, What: what, Status: 200, Attempt: attempt, Resend: resend, At: noon}
	}
	failed := func(attempt int64, pause time.Duration) webhook.AttemptFailed {
		return webhook.AttemptFailed{Delivery: of, Webhook: hook, What: what, Status: 503, Reason: "status", Attempt: attempt, NextAt: noon.Add(pause), At: noon}
	}
	gone := webhook.AttemptFailed{Delivery: of, Webhook: hook, What: what, Status: 410, Reason: "status", Attempt: 1, At: noon}
	domaintest.Run[webhook.Delivery](t, []domaintest.Case[webhook.DeliveryCommand, webhook.DeliveryEvent]{
		{Name: "it is taken", When: note(200, "", 0), Then: []webhook.DeliveryEvent{made(1, 0)}},
		{Name: "once", Given: []webhook.DeliveryEvent{made(1, 0)}, When: note(200, "", 0)},
		{Name: "what was taken does not fail", Given: []webhook.DeliveryEvent{made(1, 0)}, When: note(503, "status", 0)},
		{Name: "again for a resend", Given: []webhook.DeliveryEvent{made(1, 0)}, When: note(200, "", 1), Then: []webhook.DeliveryEvent{made(1, 1)}},
		{Name: "a failure is tried again", When: note(503, "status", 0), Then: []webhook.DeliveryEvent{failed(1, 5*time.Second)}},
		{Name: "later each time", Given: []webhook.DeliveryEvent{failed(1, 5*time.Second)}, When: note(503, "status", 0), Then: []webhook.DeliveryEvent{failed(2, 30*time.Second)}},
		{Name: "and may be taken then", Given: []webhook.DeliveryEvent{failed(1, 5*time.Second)}, When: note(200, "", 0), Then: []webhook.DeliveryEvent{made(2, 0)}},
		{Name: "who is gone is not tried again", When: note(410, "status", 0), Then: []webhook.DeliveryEvent{gone}},
		{Name: "but from the beginning if it is enabled again", Given: []webhook.DeliveryEvent{gone}, When: note(503, "status", 0), Then: []webhook.DeliveryEvent{failed(1, 5*time.Second)}},
	})
	var state webhook.Delivery
	at := noon
	for attempt := int64(1); ; attempt++ {
		require.LessOrEqual(t, attempt, webhook.AttemptsMax())
		command := note(503, "status", 0)
		command.At = at
		events, err := state.Decide(command)
		require.NoError(t, err)
		state = state.Evolve(events[0])
		if state.GivenUp {
			require.Equal(t, webhook.AttemptsMax(), attempt)
			break
		}
		require.True(t, state.NextAt.After(at))
		at = state.NextAt
	}
	require.Greater(t, at.Sub(noon), 72*time.Hour, "it is tried for days")
}
