package projections

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"florin/domain"
	"florin/domain/account"
	"florin/domain/authorisation"
	"florin/domain/batch"
	"florin/domain/card"
	"florin/domain/consent"
	"florin/domain/customer"
	"florin/domain/device"
	"florin/domain/directdebit"
	"florin/domain/fraudcase"
	"florin/domain/id"
	"florin/domain/incoming"
	"florin/domain/mandate"
	"florin/domain/notification"
	"florin/domain/payee"
	"florin/domain/payment"
	"florin/domain/paymentfile"
	"florin/domain/product"
	"florin/domain/proposal"
	"florin/domain/risk"
	"florin/domain/riskpolicy"
	"florin/domain/session"
	"florin/domain/standing"
	"florin/domain/transfer"
	"florin/domain/webhook"
	"florin/eventbus"
)

// golden is a stored event of schemas/testdata, exactly as the treaty keeps it.
type golden struct {
	Kind    string          `json:"kind"`
	Version uint16          `json:"version"`
	Data    json.RawMessage `json:"data"`
}

func TestEveryReleasedKindHasAFold(t *testing.T) {
	t.Parallel()
	b := newBank(t)
	files, err := filepath.Glob("../schemas/testdata/*.json")
	require.NoError(t, err)
	openers := map[string]string{"account": "account.opened", "authorisation": "authorisation.requested", "batch": "batch.submitted", "card": "card.issued", "consent": "consent.granted", "customer": "customer.enrolled", "device": "device.registered", "inbox": "inbox.read", "notification": "notification.filed", "payee": "payee.saved", "proposal": "proposal.made", "session": "session.started", "standing": "standing.ordered", "transfer": "transfer.initiated"}
	openers["paymentfile"] = "paymentfile.submitted"
	openers["incoming"] = "incoming.received"
	openers["mandate"], openers["directdebit"] = "mandate.granted", "directdebit.received"
	openers["payment"], openers["product"] = "payment.initiated", "product.defined"
	openers["riskpolicy"] = "riskpolicy.submitted"
	openers["risk"] = "risk.assessed"
	openers["fraudcase"] = "fraudcase.opened"
	openers["webhook"], openers["delivery"] = "webhook.registered", "delivery.made"
	contexts := map[string][]golden{}
	for _, name := range files {
		data, err := os.ReadFile(name)
		require.NoError(t, err)
		var g golden
		require.NoError(t, json.Unmarshal(data, &g), name)
		context, _, _ := strings.Cut(g.Kind, ".")
		if context == "token" {
			context = "session"
		}
		if openers[context] == g.Kind {
			contexts[context] = append([]golden{g}, contexts[context]...)
		} else {
			contexts[context] = append(contexts[context], g)
		}
	}
	for context, opener := range openers {
		events := contexts[context]
		require.Equal(t, opener, events[0].Kind, "%v", events)
		first, err := b.treaty.DecodeClosed(opener, events[0].Version, uuid.Nil, events[0].Data)
		require.NoError(t, err)
		for _, g := range events {
			b.commit(eventbus.Header{}, part{stream: streamOf(first), raw: []eventbus.Event{
				{Kind: g.Kind, SchemaVersion: g.Version, ContentType: "application/json", Data: g.Data}}})
		}
	}
	r := b.reads("")
	run(t, r)
	require.NoError(t, r.Caught(context.Background()))
	health, err := r.Health(context.Background())
	require.NoError(t, err)
	require.Empty(t, health.Parked)
}

func streamOf(event domain.Event) string {
	switch e := event.(type) {
	case account.Opened:
		return e.Account.Stream()
	case authorisation.Requested:
		return e.Authorisation.Stream()
	case card.Issued:
		return e.Card.Stream()
	case consent.Granted:
		return id.Named[id.Consent]("c").Stream()
	case customer.Enrolled:
		return e.Customer.Stream()
	case device.Registered:
		return e.Device.Stream()
	case directdebit.Received:
		return e.DirectDebit.Stream()
	case fraudcase.Opened:
		return e.Subject.Case().Stream()
	case incoming.Received:
		return e.Incoming.Stream()
	case paymentfile.Submitted:
		return e.File.Stream()
	case mandate.Granted:
		return e.Mandate.Stream()
	case notification.AllRead:
		return id.From[id.Inbox](e.Customer.UUID()).Stream()
	case notification.Filed:
		return e.Notification.Stream()
	case payment.Initiated:
		return e.Payment.Stream()
	case product.Defined:
		return e.Product.Stream()
	case proposal.Made:
		return e.Proposal.Stream()
	case risk.Assessed:
		return e.Decision.Stream()
	case riskpolicy.Submitted:
		return riskpolicy.VersionOf(e.Digest).Stream()
	case session.Started:
		return e.Session.Stream()
	case batch.Submitted:
		return e.Batch.Stream()
	case payee.Saved:
		return id.From[id.Payees](e.Customer.UUID()).Stream()
	case standing.Ordered:
		return e.Order.Stream()
	case webhook.Registered:
		return e.Webhook.Stream()
	case webhook.Delivered:
		return e.Delivery.Stream()
	case transfer.Initiated:
		return e.Transfer.Stream()
	}
	return ""
}
