package schemas

import (
	"florin/domain/id"
	"florin/domain/webhook"
)

// The JSON bodies of the commands about webhooks. A member is required unless it is
// omitzero.
type (
	// RegisterWebhook is POST /v1/webhooks. The URL is https and leads to the public
	// Internet; a sandbox's may lead to the bank's own machine too, also by http.
	RegisterWebhook struct {
		Name  string   `json:"name"` // of the partner
		URL   string   `json:"url"`
		Kinds []string `json:"kinds"` // "transfer.posted", "transfer.*" or "*"
	}
	// ApproveWebhook is POST /v1/webhooks/{id}/approval, RotateWebhookSecret POST
	// .../secret, EnableWebhook POST .../enabling, TestWebhook POST .../test,
	// DeleteWebhook DELETE /v1/webhooks/{id}.
	ApproveWebhook      struct{}
	RotateWebhookSecret struct{}
	EnableWebhook       struct{}
	TestWebhook         struct{}
	DeleteWebhook       struct{}
	// DisableWebhook is POST /v1/webhooks/{id}/disabling.
	DisableWebhook struct {
		Reason string `json:"reason"` // code
	}
	// NameWebhookContact is POST /v1/webhooks/{id}/contact.
	NameWebhookContact struct {
		Contact string `json:"contact"` // e-mail of the partner's, "" for none
	}
	// NoteWebhookNotice records what became of the word to the contact.
	NoteWebhookNotice struct {
		Webhook id.Webhook `json:"webhook"`
		Failed  bool       `json:"failed,omitzero"`
	}
	// ResendWebhook is POST /v1/webhooks/{id}/resend: one delivery, or all since a
	// position of the log, that one included.
	ResendWebhook struct {
		Delivery id.Delivery `json:"delivery,omitzero" jsonschema:"oneof_required=delivery"`
		Since    int64       `json:"since,omitzero" jsonschema:"oneof_required=since,minimum=1"`
	}
	// NoteDelivery records what became of an attempt.
	NoteDelivery struct {
		Delivery id.Delivery `json:"delivery"`
		Webhook  id.Webhook  `json:"webhook"`
		Status   int64       `json:"status,omitzero"`
		Reason   string      `json:"reason,omitzero"` // code; none: it was taken
	}
)

// Webhooks lists every kind of record that the stream of an endpoint may hold.
var Webhooks = newTable(
	Event(1, func(e webhook.Registered) webhook.Event { return e }),
	Event(1, func(e webhook.Approved) webhook.Event { return e }),
	Event(1, func(e webhook.SecretRotated) webhook.Event { return e }),
	Event(1, func(e webhook.Disabled) webhook.Event { return e }),
	Event(1, func(e webhook.Enabled) webhook.Event { return e }),
	Event(1, func(e webhook.Deleted) webhook.Event { return e }),
	Event(1, func(e webhook.ResendRequested) webhook.Event { return e }),
	Event(1, func(e webhook.Tested) webhook.Event { return e }),
	Event(1, func(e webhook.ContactNamed) webhook.Event { return e }),
	Event(1, func(e webhook.ContactTold) webhook.Event { return e }),
)

// Deliveries lists every kind of record that the stream of a delivery may hold.
var Deliveries = newTable(
	Event(1, func(e webhook.Delivered) webhook.DeliveryEvent { return e }),
	Event(1, func(e webhook.AttemptFailed) webhook.DeliveryEvent { return e }),
)
