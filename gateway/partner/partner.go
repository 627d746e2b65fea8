// Package partner sends facts to partners as Standard Webhooks has it
// (https://www.standardwebhooks.com): JSON, an identifier that is the same for every
// attempt, a timestamp, and an HMAC of all three by each secret that is good now.
//
//	POST https://partner.example/hook
//	webhook-id: dlv_...
//	webhook-timestamp: 1767355200
//	webhook-signature: v1,<base64> v1,<base64 of the secret before>
//
// A receiver checks the signature over the very bytes, takes no timestamp that is more
// than five minutes off, and notes identifiers: so nothing can be forged, and a replay
// is told from a fact. Any 2xx means taken. What an answer says is read by nobody.
package partner

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"florin/commands"
	"florin/gateway/outbound"
)

// Why an attempt was in vain, as codes.
const (
	byStatus      = "status"
	byTimeout     = "timeout"
	byUnreachable = "unreachable"
	byAddress     = "address-refused"
	bySecret      = "secret-unusable"
)

// Sender posts facts. It is safe for concurrent use.
type Sender struct{ client *outbound.Client }

// New makes a sender above a guarded client.
func New(client *outbound.Client) *Sender { return &Sender{client} }

// Post makes one attempt.
func (s *Sender) Post(ctx context.Context, call commands.WebhookCall) (status int64, reason string) {
	signatures := make([]string, 0, len(call.Secrets))
	for _, secret := range call.Secrets {
		signer, err := standardwebhooks.NewWebhook(secret)
		if err != nil {
			return 0, bySecret
		}
		signature, err := signer.Sign(call.ID, call.At, call.Body)
		if err != nil {
			return 0, bySecret
		}
		signatures = append(signatures, signature)
	}
	header := http.Header{"Content-Type": {"application/json"}, "User-Agent": {"Florin-Webhooks/1"}}
	header.Set(standardwebhooks.HeaderWebhookID, call.ID)
	header.Set(standardwebhooks.HeaderWebhookTimestamp, strconv.FormatInt(call.At.Unix(), 10))
	header.Set(standardwebhooks.HeaderWebhookSignature, strings.Join(signatures, " "))
	answered, err := s.client.Post(ctx, call.URL, header, call.Body)
	switch {
	case err == nil && answered/100 == 2:
		return int64(answered), ""
	case err == nil:
		return int64(answered), byStatus
	case errors.Is(err, outbound.ErrPrivate):
		return 0, byAddress
	case errors.Is(err, context.DeadlineExceeded):
		return 0, byTimeout
	}
	return 0, byUnreachable
}
