package gateway

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"florin/commands"
	"florin/domain"
	"florin/domain/client"
	"florin/eventbus"
	"florin/gateway/phone"
	"florin/schemas/seal"
)

// teller is a third party that asks by the back channel.
func (h *house) teller(name string, scopes ...string) *machine {
	h.t.Helper()
	m := &machine{h: h, p: h.phone(), key: key(h.t), name: name}
	jwk, err := domain.ECKey(&m.key.PublicKey)
	require.NoError(h.t, err)
	jwk.KeyID = "t1"
	order := commands.SystemOrder("test", uuid.New(), name, h.now(), seal.Subject{})
	order.Intent = nil
	_, err = h.bank.Clients().Register(context.Background(), order, commands.RegisterClient{
		ClientID: name, Name: "Till Ltd", Keys: []domain.PublicKey{jwk}, GrantTypes: []string{client.CIBA, "refresh_token"}, Scopes: scopes})
	require.NoError(h.t, err)
	h.pass(2 * time.Second) // an assertion of the second the process began in is refused
	return m
}

// asks is a request by the back channel; pairs are further parameters.
func (m *machine) asks(name, scope string, pairs ...string) phone.Answer {
	m.h.t.Helper()
	m.h.pass(time.Second) // a device that is bound at this very moment was not there before
	values := url.Values{"login_hint": {name}, "scope": {scope}}
	for i := 0; i+1 < len(pairs); i += 2 {
		values.Set(pairs[i], pairs[i+1])
	}
	if values.Get("login_hint") == "" {
		values.Del("login_hint")
	}
	return m.h.form(m.p, "/oauth2/bc-authorize", m.proven(values))
}

// asked is one that has to be taken; it gives the auth_req_id.
func (m *machine) asked(name, scope string, pairs ...string) string {
	m.h.t.Helper()
	answer := m.asks(name, scope, pairs...)
	require.Equal(m.h.t, 200, answer.Status, "%s", answer.Body)
	return field[string](m.h.t, answer, "auth_req_id")
}

// collect asks for the answer at once.
func (m *machine) collect(authReqID string, change ...func(url.Values)) phone.Answer {
	m.h.t.Helper()
	values := m.proven(url.Values{"grant_type": {client.CIBA}, "auth_req_id": {authReqID}})
	for _, change := range change {
		change(values)
	}
	return m.h.form(m.p, "/oauth2/token", values)
}

// poll asks as soon as it may.
func (m *machine) poll(authReqID string) phone.Answer {
	m.h.pass(5 * time.Second)
	return m.collect(authReqID)
}

// The whole way: asked, shown on the phone, approved, collected, used, ended.
func TestATellerIsLetInByTheCustomersPhone(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna, till := h.customer("anna"), h.teller("till", "openid", "accounts.read")
	h.account(anna, "100.00")
	begun := till.asks("anna", "openid accounts.read", "binding_message", "Till 4, AB-17")
	require.Equal(t, 200, begun.Status, "%s", begun.Body)
	require.EqualValues(t, 300, field[int](t, begun, "expires_in"))
	require.EqualValues(t, 5, field[int](t, begun, "interval"))
	named := field[string](t, begun, "auth_req_id")
	require.GreaterOrEqual(t, len(named), 43, "256 bits that nobody guesses (CVE-2022-39222)")
	require.Equal(t, "authorization_pending", code(till.poll(named)))
	require.Equal(t, "slow_down", code(till.collect(named)))

	asked := h.waiting(anna)
	var display map[string]string
	require.NoError(t, json.Unmarshal(asked.Display, &display))
	require.Equal(t, map[string]string{"aud": h.issuer, "approval_id": asked.ID, "purpose": "access", "client": "Till Ltd", "scope": "accounts.read openid",
		"message": "Till 4, AB-17", "expiry": display["expiry"]}, display)
	require.Equal(t, "sca-failed", code(h.decideOn(anna, asked, "approve", "", map[string]any{"message": "Till 5"})), "she signs what she was shown")
	status, err := anna.Decide(context.Background(), asked, "approve", "")
	require.NoError(t, err)
	require.Equal(t, "approved", status)
	require.Equal(t, "granted", h.consents(anna)[0].Status, "and sees at once what she has agreed to")

	tokens := tokensOf(t, till.poll(named))
	claims := claimsOf(t, tokens.Access)
	require.Equal(t, "urn:florin:acr:sca", claims["acr"])
	require.Equal(t, []any{"mca", "mfa", "pop", "user"}, claims["amr"])
	require.Equal(t, till.p.Thumbprint(), claims["cnf"].(map[string]any)["jkt"])
	require.Nil(t, claims["device_id"])
	require.Equal(t, anna.Profile().Customer, claimsOf(t, tokens.ID)["sub"])
	require.Equal(t, "till", claimsOf(t, tokens.ID)["aud"])
	till.p.SetTokens(tokens)
	require.Equal(t, 200, h.get(till.p, "/v1/accounts").Status)
	require.Equal(t, "active", h.consents(anna)[0].Status)
	next := tokensOf(t, till.refresh(tokens.Refresh))

	again := till.asked("", "openid", "id_token_hint", tokens.ID)
	require.NoError(t, anna.Refresh(t.Context()))
	require.Equal(t, "till", claimsOf(t, next.ID)["aud"])
	h.onPhone(anna, "deny")
	require.Equal(t, "access_denied", code(till.poll(again)))
	require.Equal(t, 200, h.ask(anna, Route{Method: http.MethodDelete}, "/v1/consents/"+h.consents(anna)[0].ID, "", nil).Status)
	require.Equal(t, 401, h.get(till.p, "/v1/accounts").Status)
	require.Equal(t, "invalid_grant", code(till.refresh(next.Refresh)))
	for _, secret := range []string{named, tokens.Access, tokens.Refresh, "Till 4"} {
		require.NotContains(t, h.logged(), secret, "row 54")
		require.NotContains(t, h.stored(), secret, "only a keyed hash is kept")
	}
}

// stored is all that the log holds of events.
func (h *house) stored() string {
	h.t.Helper()
	var text strings.Builder
	for record, err := range h.log.ReadAll(context.Background(), 0) {
		require.NoError(h.t, err)
		for _, event := range record.Events {
			text.Write(event.Data)
		}
	}
	return text.String()
}

// onPhone answers what waits for a phone.
func (h *house) onPhone(p *phone.Phone, decision string) {
	h.t.Helper()
	_, err := p.Decide(context.Background(), h.waiting(p), decision, "")
	require.NoError(h.t, err)
}

// Group 4, for requests by the back channel.
func TestAnAuthReqIDIsCollectedOnceByWhoAsked(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna := h.customer("anna")
	till, other := h.teller("till", "openid", "accounts.read"), h.teller("other", "openid", "accounts.read")
	named := till.asked("anna", "openid accounts.read")
	require.Equal(t, "invalid_grant", code(other.collect(named)), "another client's, which is not told that it waits")
	h.onPhone(anna, "approve")
	require.Equal(t, "invalid_grant", code(other.collect(named)))
	require.Equal(t, "invalid_grant", code(till.collect(forge(named))))
	require.Equal(t, "invalid_grant", code(till.collect("AAAA")))
	require.Equal(t, "invalid_request", code(till.collect(named, func(v url.Values) { v.Set("scope", "openid") })))
	require.Equal(t, "invalid_request", code(till.collect(named, func(v url.Values) { v.Del("auth_req_id") })))
	require.Equal(t, "invalid_client", code(till.collect(named, func(v url.Values) { v.Set("client_assertion", other.assertion(nil)); v.Set("client_id", "till") })))
	require.Equal(t, "invalid_client", code(till.collect(named, func(v url.Values) { v.Del("client_assertion"); v.Set("client_id", "till") })))
	thief := &machine{h: h, p: h.phone(), key: till.key, name: "till"}
	require.Equal(t, "invalid_grant", code(thief.collect(named)), "another key than the one that asked")
	require.Equal(t, "invalid_dpop_proof", code(till.post("/oauth2/token", till.proven(url.Values{"grant_type": {client.CIBA}, "auth_req_id": {named}}))), "never a bearer's")
	tokens := tokensOf(t, till.collect(named))
	till.p.SetTokens(tokens)
	require.Equal(t, 200, h.get(till.p, "/v1/accounts").Status)
	require.Equal(t, "invalid_grant", code(till.collect(named)))
	require.Eventually(t, func() bool { return h.get(till.p, "/v1/accounts").Status == 401 }, 10*time.Second, time.Millisecond, "the tokens of the first use die")
	require.Equal(t, "invalid_grant", code(till.refresh(tokens.Refresh)))
	require.Len(t, h.told("session-misused"), 2, "and the customer is told")
	shop := h.thirdParty("shop", "openid")
	require.Equal(t, "unauthorized_client", code(shop.asks("anna", "openid")))
	require.Equal(t, "unsupported_grant_type", code(shop.collect(named)))
}

// Twenty polls at once: one gets tokens at most.
func TestOneOfManyPollsCollects(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna, till := h.customer("anna"), h.teller("till", "openid")
	named := till.asked("anna", "openid")
	h.onPhone(anna, "approve")
	h.form(till.p, "/oauth2/token", url.Values{}) // the nonce is there
	const polls = 20
	answers := make([]phone.Answer, polls)
	var all sync.WaitGroup
	gate := make(chan struct{})
	for i := range polls {
		values := till.proven(url.Values{"grant_type": {client.CIBA}, "auth_req_id": {named}})
		all.Go(func() {
			<-gate
			answers[i] = h.form(till.p, "/oauth2/token", values)
		})
	}
	close(gate)
	all.Wait()
	won := 0
	for _, answer := range answers {
		if answer.Status == 200 {
			won++
			continue
		}
		require.Equal(t, "invalid_grant", code(answer), "%s", answer.Body)
	}
	require.Equal(t, 1, won)
}

// Group 13: whether there is such a customer is not told, whatever is asked and
// however long one waits.
func TestATellerLearnsNothingOfNames(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna, till := h.customer("anna"), h.teller("till", "openid", "accounts.read")
	bert, _ := h.customer("bert"), h.customer("carla")
	require.Equal(t, 200, h.ask(h.machine("desk", "customers.manage").login(), Route{Method: http.MethodPost, Keyed: true, Signed: true},
		"/v1/customers/"+bert.Profile().Customer+"/restriction", `{"reason":"sanctions-check"}`, nil).Status)
	names := []string{"anna", "anna@example.test", "nobody", "nobody@example.test", "+4915100000000", "no name\x00 at all", "bert"}
	var first []string
	appends := map[int]bool{}
	for _, name := range names {
		before := h.commits()
		answer := till.asks(name, "openid", "binding_message", "M")
		require.Equal(t, 200, answer.Status, "%s: %s", name, answer.Body)
		appends[h.commits()-before] = true
		named := field[string](t, answer, "auth_req_id")
		require.Equal(t, "authorization_pending", code(till.poll(named)), name)
		body := strings.Replace(string(answer.Body), named, strings.Repeat("x", len(named)), 1)
		first = append(first, body)
		require.Equal(t, first[0], body, name)
		h.pass(5 * time.Minute)
		require.Equal(t, "expired_token", code(till.collect(named)), name)
		h.pass(time.Hour)
		require.NoError(t, anna.Login(t.Context()))
	}
	require.Len(t, appends, 1, "the same work, up to the commits: %v", appends)
	exhausted := map[string]string{}
	for _, name := range []string{"carla", "no-carla"} {
		for i := 0; ; i++ {
			require.Less(t, i, 10)
			answer := till.asks(name, "openid")
			if answer.Status == 429 {
				exhausted[name] = string(answer.Body) + answer.Header.Get("Retry-After") + "after" + strconv.Itoa(i)
				break
			}
		}
	}
	require.Equal(t, exhausted["no-carla"], exhausted["carla"])
}

// commits counts what the log was given at once; what processes tell by themselves
// comes when it comes.
func (h *house) commits() (n int) {
	h.t.Helper()
	for record, err := range h.log.ReadAll(context.Background(), 0) {
		require.NoError(h.t, err)
		if slices.ContainsFunc(record.Events, func(e eventbus.Recorded) bool { return !strings.HasPrefix(e.Kind, "notification.") }) {
			n++
		}
	}
	return n
}

// One waits at most, and whoever asks again and again is not shown.
func TestATellerDoesNotCrowdOutALogin(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna, till := h.customer("anna"), h.teller("till", "openid")
	login := h.push("anna", password)
	behind := till.asked("anna", "openid")
	require.Contains(t, string(h.waiting(anna).Display), `"purpose":"login"`)
	require.Equal(t, "approved", field[string](t, h.decideOn(anna, h.waiting(anna), "approve", login.number, nil), "status"))
	require.Equal(t, "authorization_pending", code(till.poll(behind)), "which looks like nobody's answer")
	waiting, err := anna.Approvals(t.Context())
	require.NoError(t, err)
	require.Empty(t, waiting)

	one := till.asked("anna", "openid")
	first := h.waiting(anna)
	two := till.asked("anna", "openid")
	require.Equal(t, "approval-ended", code(h.decideOn(anna, first, "approve", "", nil)))
	h.onPhone(anna, "approve")
	require.Equal(t, "authorization_pending", code(till.poll(one)), "its approval was for the other")
	tokensOf(t, till.poll(two))
	h.pass(5 * time.Minute)
	require.Equal(t, "expired_token", code(till.poll(one)))
}

// What happens between the yes and its being collected.
func TestAYesOnAPhoneThatIsGoneCountsNoMore(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna, till := h.customer("anna"), h.teller("till", "openid", "payments.transfer")
	second := h.phone()
	second.Remember(phone.Profile{UserName: "anna", Password: password, TOTPSecret: anna.Profile().TOTPSecret})
	require.NoError(t, second.Register(t.Context()))
	h.pass(30 * time.Second)
	h.login(second)
	named := till.asked("anna", "openid payments.transfer", "authorization_details", payment)
	require.Equal(t, "approval-device", code(h.decideOn(second, h.waiting(second), "approve", "", nil)), "a new device vouches for no payment")
	h.onPhone(second, "deny")
	require.Equal(t, "access_denied", code(till.poll(named)))
	named = till.asked("anna", "openid")
	h.onPhone(second, "approve")
	h.login(anna)
	require.Equal(t, 200, h.command(anna, http.MethodPost, "/v1/devices/"+second.Profile().Device+"/lost", nil, anna.NewID()).Status)
	require.Equal(t, "invalid_grant", code(till.poll(named)))

	named = till.asked("anna", "openid")
	h.onPhone(anna, "approve")
	for _, granted := range h.consents(anna) {
		require.Equal(t, 200, h.ask(anna, Route{Method: http.MethodDelete}, "/v1/consents/"+granted.ID, "", nil).Status)
	}
	require.Equal(t, "invalid_grant", code(till.poll(named)), "taken back")
	late := till.asked("anna", "openid", "requested_expiry", "30")
	h.onPhone(anna, "approve")
	h.pass(30 * time.Second)
	require.Equal(t, "expired_token", code(till.collect(late)))
}

func TestATellerIsPaidWhatTheCustomerSaw(t *testing.T) {
	t.Parallel()
	s := newShopping(t)
	till := s.teller("till", "openid", "payments.transfer")
	named := till.asked("anna", "openid payments.transfer", "authorization_details", detailsOf(s.order), "binding_message", "order 17")
	asked := s.waiting(s.anna)
	for _, shown := range []string{`"amount":"120.00"`, `"currency":"EUR"`, "Mona's shop", s.order.To, "order 17"} {
		require.Contains(t, string(asked.Display), shown, "RTS art. 5")
	}
	require.Equal(t, "sca-failed", code(s.decideOn(s.anna, asked, "approve", "", map[string]any{"amount": "1.00"})))
	s.onPhone(s.anna, "approve")
	till.p.SetTokens(tokensOf(t, till.poll(named)))
	other := s.order
	other.Amount = "121.00"
	pay := func(order phone.Order) phone.Answer {
		return s.command(till.p, http.MethodPost, "/v1/transfers", order, till.p.NewID())
	}
	require.Equal(t, "consent-mismatch", code(pay(other)))
	paid := pay(s.order)
	require.Equal(t, 201, paid.Status, "%s", paid.Body)
	require.Equal(t, "posted", field[string](t, paid, "status"))
	require.NotContains(t, string(paid.Body), "exemption", "it was strongly authenticated")
	require.Equal(t, "consent-used", code(pay(s.order)))
	require.JSONEq(t, detailsOf(s.order), string(s.consents(s.anna)[0].Details))
}
