package gateway

import (
	"context"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"florin/gateway/phone"
)

// sent is one attempt: what a phone does by itself after a 503 it does not do here.
func (h *house) sent(p *phone.Phone, method, path string, body []byte, key string) phone.Answer {
	h.t.Helper()
	request, err := p.Prepare(method, path, body, key)
	require.NoError(h.t, err)
	answer, err := p.Send(context.Background(), request)
	require.NoError(h.t, err)
	return answer
}

// An answer that was lost between core and gateway is told as what it is: unknown.
// The gateway sends nothing twice; the client may, with the same key.
func TestALostAnswerIsAnUnknownOutcome(t *testing.T) {
	t.Parallel()
	h := newHouseAs(t, true, true)
	anna, bert := h.customer("anna"), h.customer("bert")
	from, to := h.account(anna, "9000.00"), h.account(bert, "")
	body := []byte(`{"from":"` + from + `","to":"` + to + `","amount":"10.00","currency":"EUR"}`)
	challenged := h.transfer(anna, from, to, "2000.00")
	require.Equal(t, 200, h.get(anna, "/v1/accounts").Status)
	cancel := "/v1/transfers/" + challenged + "/cancellation"
	for name, try := range map[string]struct {
		method, path string
		body         []byte
		key, code    string
	}{
		"a command":             {"POST", "/v1/transfers", body, "k1", "outcome-unknown"},
		"one without a body":    {"POST", cancel, nil, "k2", "outcome-unknown"},
		"a question":            {"GET", "/v1/transfers/" + challenged, nil, "", "unavailable"},
		"one that has no money": {"GET", "/v1/transfers/trf_none", nil, "", "unavailable"},
	} {
		h.behind.loses.Store(true)
		before := h.behind.reached.Load()
		lost := h.sent(anna, try.method, try.path, try.body, try.key)
		h.behind.loses.Store(false)
		require.Equal(t, 503, lost.Status, name)
		require.Equal(t, try.code, code(lost), name)
		require.Equal(t, "1", lost.Header.Get("Retry-After"), name)
		require.EqualValues(t, 1, h.behind.reached.Load()-before, "%s is sent once", name)
	}
	again := h.command(anna, "POST", "/v1/transfers", body, "k1")
	require.Equal(t, 201, again.Status, "%s", again.Body)
	require.Equal(t, "true", again.Header.Get("Idempotency-Replayed"), "it had been done")
	withdrawn := h.command(anna, "POST", cancel, nil, "k2")
	require.Equal(t, "true", withdrawn.Header.Get("Idempotency-Replayed"), "%s", withdrawn.Body)
	require.Equal(t, "8990.00", h.balance(anna, from), "once")
}

// After a few losses in a row nothing more is sent, until one is answered.
func TestABrokenLineIsLeftAlone(t *testing.T) {
	t.Parallel()
	h := newHouseAs(t, true, true)
	anna := h.customer("anna")
	require.Equal(t, 404, h.get(anna, "/v1/transfers/trf_none").Status)
	h.behind.loses.Store(true)
	before := h.behind.reached.Load()
	for range 20 {
		require.Equal(t, "unavailable", code(h.sent(anna, "GET", "/v1/transfers/trf_none", nil, "")))
	}
	require.Less(t, h.behind.reached.Load()-before, int64(10), "most were turned away at once")
	h.behind.loses.Store(false)
	answer := h.sent(anna, "GET", "/v1/transfers/trf_none", nil, "")
	for answer.Status == 503 {
		runtime.Gosched()
		answer = h.sent(anna, "GET", "/v1/transfers/trf_none", nil, "")
	}
	require.Equal(t, 404, answer.Status, "and it heals by itself")
}

// A stopped core is 503 at once, in the words of each endpoint, and comes back
// without a restart of the gateway.
func TestAStoppedCoreIsSaidSo(t *testing.T) {
	t.Parallel()
	h := newHouseAs(t, true, true)
	anna := h.customer("anna")
	require.Equal(t, 200, h.get(anna, "/v1/accounts").Status)
	h.behind.stop()
	raw := func(method, path string) (*http.Response, string) {
		request, err := http.NewRequest(method, h.issuer+path, strings.NewReader(""))
		require.NoError(t, err)
		if method == "POST" {
			request.Header.Set("Content-Type", formType)
		}
		answer, err := http.DefaultClient.Do(request)
		require.NoError(t, err)
		defer answer.Body.Close()
		text := make([]byte, 1<<14)
		n, _ := answer.Body.Read(text)
		return answer, string(text[:n])
	}
	for range 3 {
		down := h.sent(anna, "GET", "/v1/accounts", nil, "")
		require.Equal(t, 503, down.Status, "%s", down.Body)
		require.Equal(t, "unavailable", code(down))
		require.Equal(t, "application/problem+json", down.Header.Get("Content-Type"))
		require.Equal(t, "1", down.Header.Get("Retry-After"))
	}
	token, said := raw("POST", "/oauth2/token")
	require.Equal(t, 503, token.StatusCode)
	require.Contains(t, said, "temporarily_unavailable")
	page, said := raw("GET", "/account/devices")
	require.Equal(t, 503, page.StatusCode)
	require.Contains(t, page.Header.Get("Content-Type"), "text/html")
	require.Contains(t, said, "<!DOCTYPE html>")
	missing, _ := raw("GET", "/v1/nothing")
	require.Equal(t, 404, missing.StatusCode, "what there is not there is not")

	h.behind.stop = h.behind.serve()
	answer := h.sent(anna, "GET", "/v1/accounts", nil, "")
	for answer.Status == 503 {
		answer = h.sent(anna, "GET", "/v1/accounts", nil, "")
	}
	require.Equal(t, "use-dpop-nonce", code(answer), "the nonces of a former core are gone")
	require.Equal(t, 200, h.get(anna, "/v1/accounts").Status)
}

// Rows 9, 10 and 12, through to the service.
func TestRow9And10AndTheServiceHearsTheGatewayAlone(t *testing.T) {
	t.Parallel()
	inBothWirings(t, func(t *testing.T, h *house) {
		anna, evil := h.customer("anna"), h.customer("evil")
		who := evil.Profile().Customer
		require.Equal(t, 200, h.get(anna, "/v1/accounts").Status)
		for name, spoof := range map[string]http.Header{
			"every spelling": {"X-User-Id": {who}, "x-user-id": {who, who}, "X_User_ID": {who}, "x_user-id": {who}, "X-Scopes": {"audit.read"}, "X-Auth-Strength": {"9"},
				"X-Risk-Score": {"0"}, "X-Device-Id": {evil.Profile().Device}, "X-Session-Id": {"ses_x"}},
			"ours":                 {"X-Florin-Internal": {"x.y.z"}, "X-Florin-Code": {"ok"}, "X_Florin_Internal": {"x.y.z"}, "X-Florin-Ahead": {"9000h"}},
			"by Connection":        {"Connection": {"X-User-ID, X-Florin-Internal, DPoP, Authorization"}},
			"by a proxy's word":    {"X-Forwarded-For": {"10.9.8.7"}, "Forwarded": {"for=10.9.8.7"}, "X-Real-Ip": {"10.9.8.7"}, "X-Forwarded-Host": {"evil.example"}},
			"Keep-Alive and Te":    {"Te": {"trailers, X-User-Id"}, "Keep-Alive": {"timeout=1"}, "Trailer": {"X-User-Id"}},
			"Upgrade, to anything": {"Connection": {"Upgrade"}, "Upgrade": {"websocket"}},
		} {
			answer := h.ask(anna, Route{Method: "GET"}, "/v1/customers/me", "", func(r *phone.Request) {
				for name, values := range spoof {
					r.Header[name] = values
				}
			})
			require.Equal(t, 200, answer.Status, "%s: %s", name, answer.Body)
			require.Equal(t, "anna", field[string](t, answer, "user_name"), name)
			for _, header := range []string{"X-Florin-Code", "X-Florin-Why", "X-Florin-Ahead", "X-Florin-Internal", "X-User-Id"} {
				require.Empty(t, answer.Header.Get(header), name)
			}
		}
		require.NotContains(t, h.logged(), "10.9.8.7")
	})
}
