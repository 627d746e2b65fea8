package gateway

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/require"

	"florin/gateway/phone"
)

// taken is one request as a partner's server got it.
type taken struct {
	header http.Header
	body   []byte
	event  struct {
		SpecVersion string          `json:"specversion"`
		ID          string          `json:"id"`
		Source      string          `json:"source"`
		Type        string          `json:"type"`
		Subject     string          `json:"subject"`
		Time        time.Time       `json:"time"`
		Sequence    string          `json:"sequence"`
		Data        json.RawMessage `json:"data"`
	}
}

func (k taken) id() string { return k.header.Get(standardwebhooks.HeaderWebhookID) }

// receiver is a partner's server. It answers as it is told to, and can lose answers.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	status int
	hangUp bool
	got    []taken
	until  <-chan struct{} // answers nothing before it is closed; nil: at once
}

func newReceiver(t *testing.T) *receiver {
	r := &receiver{status: 204}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		one := taken{header: request.Header}
		one.body, _ = io.ReadAll(request.Body)
		_ = json.Unmarshal(one.body, &one.event)
		r.mu.Lock()
		r.got = append(r.got, one)
		status, hangUp, until := r.status, r.hangUp, r.until
		r.mu.Unlock()
		if until != nil {
			select {
			case <-until:
			case <-request.Context().Done():
			}
		}
		if hangUp { // it has it, and nobody learns of that
			panic(http.ErrAbortHandler)
		}
		w.WriteHeader(status)
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) answering(status int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.status, r.hangUp = status, status == 0
}

// heard gives what came since the last time, once the bank has sent what is due.
func (r *receiver) heard(h *house) []taken {
	h.told("")
	r.mu.Lock()
	defer r.mu.Unlock()
	got := r.got
	r.got = nil
	return got
}

func kindsOf(all []taken) (kinds []string) {
	for _, one := range all {
		kinds = append(kinds, one.event.Type)
	}
	return kinds
}

// desk is an operator's machine for webhooks, with a token that is fresh.
func (h *house) desk(name string) *phone.Phone {
	return h.machine(name, "webhooks.manage", "ledger.post").login()
}

func hookBody(url string, kinds ...string) string {
	body, _ := json.Marshal(map[string]any{"name": "Books Ltd", "url": url, "kinds": append([]string{}, kinds...)})
	return string(body)
}

func (h *house) hook(p *phone.Phone, path, body string) phone.Answer {
	return h.ask(p, Route{Method: http.MethodPost, Keyed: true}, "/v1/webhooks"+path, body, nil)
}

// hooked registers an endpoint, which is active at once in a sandbox.
func (h *house) hooked(p *phone.Phone, url string, kinds ...string) (of, secret string) {
	h.t.Helper()
	answer := h.hook(p, "", hookBody(url, kinds...))
	require.Equal(h.t, 201, answer.Status, "%s", answer.Body)
	require.Equal(h.t, "active", field[string](h.t, answer, "status"))
	return field[string](h.t, answer, "webhook"), field[string](h.t, answer, "secret")
}

type delivery struct {
	Delivery   string    `json:"delivery"`
	Kind       string    `json:"kind"`
	Status     string    `json:"status"`
	HTTPStatus int       `json:"http_status"`
	Reason     string    `json:"reason"`
	Attempt    int       `json:"attempt"`
	Position   int64     `json:"event_position"`
	NextAt     time.Time `json:"next_at"`
}

func (h *house) deliveries(p *phone.Phone, of string) []delivery {
	h.t.Helper()
	answer := h.get(p, "/v1/webhooks/"+of+"/deliveries")
	require.Equal(h.t, 200, answer.Status, "%s", answer.Body)
	return field[[]delivery](h.t, answer, "deliveries")
}

func (s *scene) webhookTries() map[string]try {
	of := s.annas["webhooks"]
	at := func(act string) string { return "/v1/webhooks/" + of + act }
	return map[string]try{
		"POST /v1/webhooks":                {by: "auditor", body: hookBody("http://127.0.0.1:9/hook", "transfer.posted")},
		"GET /v1/webhooks":                 {by: "auditor", list: true},
		"GET /v1/webhooks/{id}":            {by: "auditor"},
		"GET /v1/webhooks/{id}/deliveries": {by: "auditor", path: at("/deliveries"), list: true},
		"DELETE /v1/webhooks/{id}":         {by: "auditor", path: at("")},
		"POST /v1/webhooks/{id}/approval":  {by: "auditor"},
		"POST /v1/webhooks/{id}/secret":    {by: "auditor"},
		"POST /v1/webhooks/{id}/contact":   {by: "auditor", body: `{"contact":"ops@partner.example"}`},
		"POST /v1/webhooks/{id}/disabling": {by: "auditor", body: `{"reason":"contract-ended"}`},
		"POST /v1/webhooks/{id}/enabling":  {by: "auditor"},
		"POST /v1/webhooks/{id}/resend":    {by: "auditor", body: `{"delivery":"dlv_00000000-0000-4000-8000-000000000001"}`},
		"POST /v1/webhooks/{id}/test":      {by: "auditor"},
	}
}
