package notify

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"florin/commands"
)

// Webhook posts messages to a service that sends them on, as JSON. Any 2xx means
// that it has the message; 422 that the address cannot be reached; all else is
// tried again. With a secret the request is signed as Standard Webhooks has it.
type Webhook struct {
	target string
	secret []byte // empty: unsigned
	client *http.Client
	now    func() time.Time
}

// Posted is the body of a webhook.
type Posted struct {
	ID       string `json:"id"`
	Channel  string `json:"channel"` // email, sms or push
	To       string `json:"to"`
	Template string `json:"template"`
	Subject  string `json:"subject"`
	Text     string `json:"text"`
}

func newWebhook(target *url.URL, now func() time.Time) (*Webhook, error) {
	if target.Scheme != "https" && !local(target.Hostname()) {
		return nil, ErrTarget
	}
	w := &Webhook{now: now, client: &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // codes go where they were meant to
	}}
	if target.User != nil {
		secret, _ := target.User.Password()
		raw, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
		if err != nil || len(raw) == 0 {
			return nil, ErrTarget
		}
		w.secret = raw
	}
	bare := *target
	bare.User = nil
	w.target = bare.String()
	return w, nil
}

// Notify posts one message.
func (w *Webhook) Notify(ctx context.Context, m commands.Message) error {
	body, err := json.Marshal(Posted{m.ID.String(), m.Channel, m.To.Reveal(), m.Template, m.Subject, m.Text.Reveal()})
	if err != nil {
		return fmt.Errorf("notify: webhook: %w", err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, w.target, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("notify: webhook: %w", err)
	}
	stamp := strconv.FormatInt(w.now().Unix(), 10)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Webhook-Id", m.ID.String())
	request.Header.Set("Webhook-Timestamp", stamp)
	if len(w.secret) > 0 {
		request.Header.Set("Webhook-Signature", "v1,"+Signature(w.secret, m.ID.String(), stamp, body))
	}
	answer, err := w.client.Do(request)
	if err != nil {
		if located, ok := errors.AsType[*url.Error](err); ok {
			err = located.Err // the path of a webhook is often a secret
		}
		return fmt.Errorf("notify: webhook: %w", err)
	}
	defer func() { _ = answer.Body.Close() }()
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, 4<<10)) // the connection can be used again
	switch {
	case answer.StatusCode/100 == 2:
		return nil
	case answer.StatusCode == http.StatusUnprocessableEntity:
		return commands.ErrUndeliverable
	}
	return fmt.Errorf("notify: the webhook answered %d", answer.StatusCode)
}

// Signature is that of Standard Webhooks: HMAC-SHA256 over id, timestamp and body.
func Signature(secret []byte, id, stamp string, body []byte) string {
	h := hmac.New(sha256.New, secret)
	h.Write([]byte(id + "." + stamp + "."))
	h.Write(body)
	return base64.StdEncoding.EncodeToString(h.Sum(nil))
}
