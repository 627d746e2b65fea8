package gateway

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"florin/commands"
	"florin/domain/id"
	"florin/gateway/phone"
	"florin/schemas/seal"
)

// Row 30: an elevation ends; what needs it asks for it again, and goes on.
func TestRow30StepUp(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ctx := context.Background()
	anna := h.customer("anna")
	other := h.phone()
	other.Remember(phone.Profile{Customer: anna.Profile().Customer, UserName: "anna", Password: password, TOTPSecret: anna.Profile().TOTPSecret})
	require.NoError(t, other.Register(ctx))
	h.login(other)
	from, to := h.account(anna, "500.00"), h.account(h.customer("bert"), "")

	h.pass(5*time.Minute + time.Second)
	require.NoError(t, anna.Refresh(ctx))
	handle := anna.Tokens().AuthSession
	require.NotEmpty(t, handle)
	require.Equal(t, 200, h.get(anna, "/v1/accounts").Status, "reads go on")
	remove := func() phone.Answer {
		return h.command(anna, http.MethodDelete, "/v1/devices/"+other.Profile().Device, nil, anna.NewID())
	}
	refused := remove()
	require.Equal(t, 401, refused.Status, "%s", refused.Body)
	require.Equal(t, "insufficient-user-authentication", code(refused))
	require.Contains(t, refused.Header.Get("WWW-Authenticate"), `acr_values="urn:florin:acr:mfa", max_age="300"`)
	paid := h.command(anna, http.MethodPost, "/v1/transfers", order(from, to, "100.00"), anna.NewID())
	require.Equal(t, 202, paid.Status, "a payment on a weak session is challenged, not refused: %s", paid.Body)

	h.pass(30 * time.Second)
	values := begin("", password)
	values.Del("username")
	values.Set("auth_session", handle)
	values.Set("acr_values", "urn:florin:acr:mfa")
	stolen := h.form(other, "/oauth2/challenge", values)
	require.Equal(t, "invalid_session", code(stolen), "the handle works with its own device's key alone: %s", stolen.Body)
	answer := h.form(anna, "/oauth2/challenge", values)
	if code(answer) == "insufficient_authorization" {
		otp, err := anna.OTP()
		require.NoError(t, err)
		answer = h.form(anna, "/oauth2/challenge", url.Values{"auth_session": {field[string](t, answer, "auth_session")}, "otp": {otp}})
	}
	require.Equal(t, 200, answer.Status, "%s", answer.Body)
	lifted := tokensOf(t, h.form(anna, "/oauth2/token", redeem(field[string](t, answer, "authorization_code"))))
	weak := anna.Tokens()
	anna.SetTokens(lifted)
	require.NoError(t, other.Refresh(ctx))
	require.Equal(t, 200, h.get(other, "/v1/accounts").Status)
	done := remove()
	require.Equal(t, 200, done.Status, "%s", done.Body)
	require.Equal(t, 401, h.get(other, "/v1/accounts").Status, "and bites at once")
	if lifted.Refresh == "" {
		lifted.Refresh = weak.Refresh
	}
	anna.SetTokens(lifted)
	require.NoError(t, anna.Refresh(ctx), "the family goes on")
}

func TestWhenTheLogStopsNothingIsPromised(t *testing.T) { // group 10, CVE-2020-15223
	t.Parallel()
	h := newHouse(t)
	anna := h.customer("anna")
	from, to := h.account(anna, "100.00"), h.account(anna, "")
	h.sound() // for the last time: a log that has stopped is not read
	h.unread = true
	require.NoError(t, h.log.Close(context.Background()))
	revoked := h.form(anna, "/oauth2/revoke", url.Values{"client_id": {phone.ClientID}, "token": {anna.Tokens().Refresh}})
	require.Equal(t, 503, revoked.Status, "%s", revoked.Body)
	require.NotEmpty(t, revoked.Header.Get("Retry-After"))
	refreshed := h.form(anna, "/oauth2/token", refreshing(anna.Tokens().Refresh))
	require.Equal(t, 503, refreshed.Status, "%s", refreshed.Body)
	paid := h.command(anna, http.MethodPost, "/v1/transfers", order(from, to, "1.00"), "k")
	require.Equal(t, 503, paid.Status, "%s", paid.Body)
	require.NotEmpty(t, paid.Header.Get("Retry-After"))
}

func TestFollowEndsWithItsSession(t *testing.T) {
	t.Parallel()
	inBothWirings(t, followEndsWithItsSession)
}

func followEndsWithItsSession(t *testing.T, h *house) {
	anna, auditor := h.customer("anna"), h.machine("auditor", "audit.read")
	p := auditor.login()
	h.get(p, "/v1/audit/events") // learns the nonce
	follow := func(after string) (*http.Response, *bufio.Reader) {
		request, err := p.Prepare(http.MethodGet, "/v1/audit/follow", nil, "")
		require.NoError(t, err)
		req, err := http.NewRequest(http.MethodGet, h.issuer+"/v1/audit/follow", nil)
		require.NoError(t, err)
		req.Header = request.Header
		req.Header.Set("Accept", "text/event-stream")
		if after != "" {
			req.Header.Set("Last-Event-ID", after)
		}
		resp, err := (&http.Client{Timeout: 20 * time.Second}).Do(req)
		require.NoError(t, err)
		t.Cleanup(func() { _ = resp.Body.Close() })
		require.Equal(t, 200, resp.StatusCode)
		return resp, bufio.NewReader(resp.Body)
	}
	next := func(stream *bufio.Reader) (id uint64, data map[string]any) {
		for {
			line, err := stream.ReadString('\n')
			require.NoError(t, err)
			if value, ok := strings.CutPrefix(line, "id: "); ok {
				_, err := fmt.Sscan(value, &id)
				require.NoError(t, err)
			}
			if value, ok := strings.CutPrefix(line, "data: "); ok {
				require.NoError(t, json.Unmarshal([]byte(value), &data))
				return id, data
			}
		}
	}
	_, stream := follow("")
	first, data := next(stream)
	require.EqualValues(t, 1, first)
	require.NotEmpty(t, data["kind"])
	second, _ := next(stream)
	require.EqualValues(t, 2, second)
	_, resumed := follow("3")
	third, _ := next(resumed)
	require.EqualValues(t, 4, third)
	head := h.head()
	_, live := follow(fmt.Sprint(head))
	h.account(anna, "")
	fresh, data := next(live)
	require.Equal(t, head+1, fresh, "catch-up and live are one path")
	require.NotEmpty(t, data["kind"])

	ends := func(stream *bufio.Reader) {
		_, err := io.Copy(io.Discard, stream) // io.ErrUnexpectedEOF is no end
		require.NoError(t, err)
	}
	revoked := h.form(p, "/oauth2/revoke", url.Values{"token": {p.Tokens().Access}, "client_id": {auditor.name},
		"client_assertion": {auditor.assertion(nil)}, "client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}})
	require.Equal(t, 200, revoked.Status, "%s", revoked.Body)
	ends(live)
	p = auditor.login()
	h.get(p, "/v1/audit/events")
	h.pass(299 * time.Second)
	_, brief := follow("1")
	ends(brief)
}

func TestLimitedCustomersLookAndDoNotAct(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	customer, err := id.Parse[id.Customer](s.anna.Profile().Customer)
	require.NoError(t, err)
	system := commands.SystemOrder("test", uuid.New(), "restrict", s.now(), seal.Subject{})
	system.Intent = nil
	outcome, err := s.bank.Customers().Restrict(context.Background(), system, customer, "sanctions-check")
	require.NoError(t, err)
	require.NoError(t, s.guards.WaitFor(context.Background(), outcome.Receipt.Last))
	s.each(t, func(t *testing.T, row Route, try try) {
		switch {
		case try.by != "customer":
		case row.Acts:
			require.Equal(t, "customer-limited", code(s.ask(s.anna, row, try.path, try.body, nil)))
		case row.Method == http.MethodGet && len(row.Gives) == 0: // a stream does not end
			require.Equal(t, 200, s.ask(s.anna, row, try.path, try.body, nil).Status)
		}
	})
}
