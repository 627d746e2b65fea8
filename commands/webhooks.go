package commands

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"time"

	"florin/domain"
	"florin/domain/id"
	"florin/domain/proposal"
	"florin/domain/webhook"
	"florin/schemas/seal"
)

// Webhooks are the verbs of partners' endpoints.
type Webhooks struct{ bank *Bank }

// Webhooks gives the verbs of webhooks.
func (b *Bank) Webhooks() Webhooks { return Webhooks{b} }

// WebhooksScope is what whoever proposes or approves an endpoint needs.
const WebhooksScope = "webhooks.manage"

// RegisterWebhook proposes an endpoint. Sandbox: one operator is enough, and addresses
// of this machine are taken.
type RegisterWebhook struct {
	Name    string
	URL     string
	Kinds   []string
	Sandbox bool
}

// WebhookAnswer is an endpoint as a verb left it. Secret is there if it was made just
// now: it is told in no other answer.
type WebhookAnswer struct {
	Webhook  id.Webhook
	Status   webhook.Status // "" where the verb does not change it
	Secret   string         // whsec_ and base64
	OldUntil time.Time      // of the secret before
	At       time.Time
}

// Register proposes an endpoint. Refusals: those of webhook.Register.
func (h Webhooks) Register(ctx context.Context, order Order, ask RegisterWebhook) (WebhookAnswer, Outcome, error) {
	b := h.bank
	made := id.From[id.Webhook](DerivedID(order.ID, "webhook"))
	return execute(ctx, b, "webhook.register", order, streams(made), func(w *work) error {
		b.webhooks.begin(w, made)
		return b.webhooks.decide(w, made, webhook.Register{Webhook: made, Name: ask.Name, URL: ask.URL, Kinds: ask.Kinds, By: operatorOf(order.Caller),
			Alone: ask.Sandbox, Near: ask.Sandbox, Known: b.treaty.PublishedKinds(), At: order.At})
	}, h.answer(made))
}

// Approve agrees to an endpoint, as another person than has proposed it. Refusals:
// webhook.ErrOwn, ErrOver; proposal.ErrScope, ErrPerson.
func (h Webhooks) Approve(ctx context.Context, order Order, approved id.Webhook) (WebhookAnswer, Outcome, error) {
	b, by := h.bank, operatorOf(order.Caller)
	return execute(ctx, b, "webhook.approve", order, streams(approved, by), func(w *work) error {
		if err := b.Proposals().mayPropose(w, by, WebhooksScope); err != nil {
			return err
		}
		person, err := b.operators.load(w, by)
		switch {
		case err != nil:
			return err
		case !person.Person():
			return proposal.ErrPerson
		}
		return b.webhooks.decide(w, approved, webhook.Approve{By: by, At: order.At})
	}, h.answer(approved))
}

// RotateSecret makes another secret; the one before signs too for webhook.Overlap.
func (h Webhooks) RotateSecret(ctx context.Context, order Order, of id.Webhook) (WebhookAnswer, Outcome, error) {
	return h.change(ctx, "webhook.rotate_secret", order, of, webhook.Rotate{At: order.At})
}

// Disable stops an endpoint, Enable has it go on where it stopped, Delete ends it.
func (h Webhooks) Disable(ctx context.Context, order Order, of id.Webhook) (WebhookAnswer, Outcome, error) {
	return h.change(ctx, "webhook.disable", order, of, webhook.Disable{Reason: order.Caller.Reason, At: order.At})
}

func (h Webhooks) Enable(ctx context.Context, order Order, of id.Webhook) (WebhookAnswer, Outcome, error) {
	return h.change(ctx, "webhook.enable", order, of, webhook.Enable{At: order.At})
}

func (h Webhooks) Delete(ctx context.Context, order Order, of id.Webhook) (WebhookAnswer, Outcome, error) {
	return h.change(ctx, "webhook.delete", order, of, webhook.Delete{Reason: order.Caller.Reason, At: order.At})
}

// NameContact says whom of the partner's to tell when the bank has disabled an
// endpoint; "" is nobody. Refusals: webhook.ErrContact.
func (h Webhooks) NameContact(ctx context.Context, order Order, of id.Webhook, contact string) (WebhookAnswer, Outcome, error) {
	name := webhook.NameContact{At: order.At}
	if contact != "" {
		normal, ok := normalEmail(contact)
		if !ok {
			return WebhookAnswer{}, Outcome{}, webhook.ErrContact
		}
		name.Contact = domain.NewProfile(normal)
	}
	return execute(ctx, h.bank, "webhook.name_contact", order, streams(of), func(w *work) error {
		w.under(seal.Subject{Kind: "webhook", ID: of.UUID()})
		return h.bank.webhooks.decide(w, of, name)
	}, h.answer(of))
}

// Resend sends once more what lies above from and not above through and was asked for.
func (h Webhooks) Resend(ctx context.Context, order Order, of id.Webhook, from, through int64) (WebhookAnswer, Outcome, error) {
	return h.change(ctx, "webhook.resend", order, of, webhook.Resend{From: from, Through: through, At: order.At})
}

// Test sends the fact that it was asked for.
func (h Webhooks) Test(ctx context.Context, order Order, of id.Webhook) (WebhookAnswer, Outcome, error) {
	return h.change(ctx, "webhook.test", order, of, webhook.Test{At: order.At})
}

func (h Webhooks) change(ctx context.Context, verb string, order Order, of id.Webhook, command webhook.Command) (WebhookAnswer, Outcome, error) {
	return execute(ctx, h.bank, verb, order, streams(of), func(w *work) error {
		return h.bank.webhooks.decide(w, of, command)
	}, h.answer(of))
}

func (h Webhooks) answer(of id.Webhook) func([]Fact) (WebhookAnswer, error) {
	return func(facts []Fact) (answer WebhookAnswer, err error) {
		answer.Webhook = of
		for _, fact := range facts {
			switch e := fact.Event.(type) {
			case webhook.Registered:
				answer.Status, answer.At = webhook.Proposed, e.At
				answer.Secret, err = h.bank.webhookSecret(of, 1)
			case webhook.Approved:
				answer.Status, answer.At = webhook.Active, e.At
			case webhook.Enabled:
				answer.Status, answer.At = webhook.Active, e.At
			case webhook.Disabled:
				answer.Status, answer.At = webhook.Off, e.At
			case webhook.Deleted:
				answer.Status, answer.At = webhook.Gone, e.At
			case webhook.ContactNamed:
				answer.At = e.At
			case webhook.SecretRotated:
				answer.OldUntil, answer.At = e.OldUntil, e.At
				answer.Secret, err = h.bank.webhookSecret(of, e.Generation)
			}
		}
		return answer, err
	}
}

// webhookSecret is derived by a key of the ledger's, and kept nowhere.
func (b *Bank) webhookSecret(of id.Webhook, generation int64) (string, error) {
	u := of.UUID()
	secret, err := b.mac(keyWebhook, u[:], binary.BigEndian.AppendUint64(nil, uint64(generation)))
	return "whsec_" + base64.StdEncoding.EncodeToString(secret), err
}

// webhookSecrets are those that sign now, the newest first.
func (b *Bank) webhookSecrets(hook webhook.State, now time.Time) ([]string, error) {
	newest, err := b.webhookSecret(hook.Webhook, hook.Generation)
	if err != nil || hook.Generation < 2 || !now.Before(hook.OldUntil) {
		return []string{newest}, err
	}
	old, err := b.webhookSecret(hook.Webhook, hook.Generation-1)
	return []string{newest, old}, err
}
