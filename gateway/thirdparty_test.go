package gateway

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/gateway/phone"
)

func claimsOf(t testing.TB, raw string) map[string]any {
	t.Helper()
	text, err := base64.RawURLEncoding.DecodeString(strings.Split(raw, ".")[1])
	require.NoError(t, err)
	var claims map[string]any
	require.NoError(t, json.Unmarshal(text, &claims))
	return claims
}

// The whole way: push, login, consent, code, tokens, refresh, until the customer
// ends it.
func TestAThirdPartyActsForACustomerWhoAgreed(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna, shop := h.customer("anna"), h.thirdParty("shop", "openid", "accounts.read", "payments.transfer")
	account := h.account(anna, "500.00")
	values := wish("openid accounts.read payments.transfer")
	values.Set("authorization_details", payment)
	pushed := h.form(shop.p, "/oauth2/par", shop.proven(values))
	require.Equal(t, 201, pushed.Status, "%s", pushed.Body)
	require.EqualValues(t, 90, field[int](t, pushed, "expires_in"))
	uri := field[string](t, pushed, "request_uri")

	b := h.browser().visit("shop", uri)
	require.Equal(t, 200, b.answer.StatusCode, b.page)
	require.NotContains(t, b.page, "Merchant", "what is asked for is for the customer alone")
	b.login("anna", anna)
	for _, shown := range []string{"Shop Ltd", "see your accounts", "make the one payment", "123.50 EUR", "Merchant &lt;b&gt;A&lt;/b&gt;", "DE02100100109307118603", "Ref 17", "https://shop.example"} {
		require.Contains(t, b.page, shown)
	}
	granted := b.submit("decision", "allow").back().Get("code")

	tokens := tokensOf(t, shop.redeem(granted, nil))
	claims := claimsOf(t, tokens.Access)
	details, err := json.Marshal(claims["authorization_details"])
	require.NoError(t, err)
	require.JSONEq(t, payment, string(details))
	require.Equal(t, shop.p.Thumbprint(), claims["cnf"].(map[string]any)["jkt"])
	require.Nil(t, claims["device_id"])
	require.Equal(t, "urn:florin:acr:mfa", claims["acr"])
	identity := claimsOf(t, tokens.ID)
	require.Equal(t, "n-1", identity["nonce"])
	require.Equal(t, "shop", identity["aud"])
	require.Equal(t, anna.Profile().Customer, identity["sub"])
	require.Empty(t, tokens.AuthSession, "no step-up but by another consent")

	shop.p.SetTokens(tokens)
	require.Equal(t, 200, h.get(shop.p, "/v1/accounts/"+account).Status)
	require.Equal(t, "insufficient-scope", code(h.get(shop.p, "/v1/devices")))
	paid := h.command(shop.p, http.MethodPost, "/v1/transfers", phone.Order{From: account, To: account, Amount: "1.00", Currency: "EUR"}, "k")
	require.Equal(t, 403, paid.Status, "it is not the payment that anna agreed to")

	// FAPI 2.0 section 5.3.2.1-9: the token before works until its successor is used.
	second := tokensOf(t, shop.refresh(tokens.Refresh))
	require.NotNil(t, claimsOf(t, second.Access)["authorization_details"])
	require.Equal(t, second.Refresh, tokensOf(t, shop.refresh(tokens.Refresh)).Refresh, "the answer was lost")
	third := tokensOf(t, shop.refresh(second.Refresh))
	require.Equal(t, "invalid_grant", code(shop.refresh(tokens.Refresh)), "row 28")
	require.Equal(t, "invalid_grant", code(shop.refresh(third.Refresh)), "the family is revoked")

	logged := h.logged()
	for _, secret := range []string{granted, uri, tokens.Access, tokens.Refresh, password, state, "Merchant", "DE0210010"} {
		require.NotContains(t, logged, secret, "row 54")
	}
}

func TestACustomerEndsAThirdPartysAccess(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna, shop := h.customer("anna"), h.thirdParty("shop", "openid", "accounts.read")
	tokens := h.agreed(anna, shop)
	shop.p.SetTokens(tokens)
	require.Equal(t, 200, h.get(shop.p, "/v1/accounts").Status)
	session := claimsOf(t, tokens.Access)["sid"].(string)
	require.Contains(t, string(h.get(anna, "/v1/sessions").Body), session, "it is among her sessions")
	ended := h.ask(anna, Route{Method: http.MethodDelete}, "/v1/sessions/"+session, "", nil)
	require.Equal(t, 200, ended.Status, "%s", ended.Body)
	require.Equal(t, 401, h.get(shop.p, "/v1/accounts").Status)
	require.Equal(t, "invalid_grant", code(shop.refresh(tokens.Refresh)))
}

// agreed is a whole consent without a payment.
func (h *house) agreed(p *phone.Phone, shop *machine) phone.Tokens {
	h.t.Helper()
	return tokensOf(h.t, shop.redeem(h.consented(p, shop), nil))
}

func (h *house) consented(p *phone.Phone, shop *machine) (code string) {
	h.t.Helper()
	b := h.browser().visit("shop", shop.push(wish("openid accounts.read")))
	return b.login(p.Profile().UserName, p).submit("decision", "allow").back().Get("code")
}

// Group 4 (CVE-2026-28513) and row 24, for third parties.
func TestAThirdPartysCodeIsUsedOnceByWhoGotIt(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna := h.customer("anna")
	shop, other := h.thirdParty("shop", "openid", "accounts.read"), h.thirdParty("other", "openid", "accounts.read")
	granted := h.consented(anna, shop)
	for name, spoil := range map[string]func(url.Values){
		"another verifier":      func(v url.Values) { v.Set("code_verifier", strings.Repeat("x", 43)) },
		"no verifier":           func(v url.Values) { v.Del("code_verifier") },
		"another redirect":      func(v url.Values) { v.Set("redirect_uri", callback+"/") },
		"no redirect":           func(v url.Values) { v.Del("redirect_uri") },
		"no assertion":          func(v url.Values) { v.Del("client_assertion"); v.Set("client_id", "shop") },
		"the other's assertion": func(v url.Values) { v.Set("client_assertion", other.assertion(nil)) },
		"another code":          func(v url.Values) { v.Set("code", forge(granted)) },
	} {
		answer := shop.redeem(granted, spoil)
		require.Contains(t, []int{400, 401}, answer.Status, "%s: %s", name, answer.Body)
	}
	thief := &machine{h: h, p: h.phone(), key: shop.key, name: "shop"}
	require.Equal(t, "invalid_grant", code(thief.redeem(granted, nil)), "another key than the one that pushed")
	shop.p.SetTokens(tokensOf(t, shop.redeem(granted, nil)))
	require.Equal(t, 200, h.get(shop.p, "/v1/accounts").Status)
	require.Equal(t, "invalid_grant", code(shop.redeem(granted, nil)))
	require.Eventually(t, func() bool { return h.get(shop.p, "/v1/accounts").Status == 401 }, 10*time.Second, time.Millisecond, "the tokens of the first use die")
	values := shop.proven(wish("openid accounts.read")) // said by name, not shown (RFC 9449 section 10)
	values.Set("dpop_jkt", thief.p.Thumbprint())
	pushed := shop.post("/oauth2/par", values)
	require.Equal(t, 201, pushed.Status, "%s", pushed.Body)
	b := h.browser().visit("shop", field[string](t, pushed, "request_uri"))
	granted = b.login("anna", anna).submit("decision", "allow").back().Get("code")
	require.Equal(t, "invalid_grant", code(shop.redeem(granted, nil)))
	tokensOf(t, thief.redeem(granted, nil))
	expired := h.consented(anna, shop)
	h.pass(61 * time.Second)
	require.Equal(t, "invalid_grant", code(shop.redeem(expired, nil)))
}

// Groups 5, 6 and 9; rows 25, 26 and 45: what a third party may push.
func TestWhatIsPushedIsReadStrictly(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	shop := h.thirdParty("shop", "openid", "accounts.read", "payments.transfer")
	h.thirdParty("machine-like", "openid")
	kept := h.written()
	for name, test := range refusedPushes(shop) {
		values := shop.proven(wish("openid accounts.read"))
		test.spoil(values)
		answer := h.form(shop.p, "/oauth2/par", values)
		require.Contains(t, []int{400, 401}, answer.Status, "%s: %s", name, answer.Body)
		require.Equal(t, test.want, code(answer), name)
	}
	require.Equal(t, kept, h.written(), "nothing of it is kept")

	replayed := shop.proven(wish("openid")) // CVE-2020-15222
	require.Equal(t, 201, h.form(shop.p, "/oauth2/par", replayed).Status)
	require.Equal(t, "invalid_client", code(h.form(shop.p, "/oauth2/par", replayed)))
	require.Equal(t, 415, h.form(shop.p, "/oauth2/par", shop.proven(wish("openid")), "Content-Type: text/plain").Status)
	require.Equal(t, 403, h.form(shop.p, "/oauth2/par", shop.proven(wish("openid")), "Origin: null").Status)
}

// refusedPush is a way to spoil a good request, and the error it is refused with.
type refusedPush struct {
	spoil func(url.Values)
	want  string
}

func refusedPushes(shop *machine) map[string]refusedPush {
	redirect := func(uri string) func(url.Values) { return func(v url.Values) { v.Set("redirect_uri", uri) } }
	return map[string]refusedPush{
		"another case":            {redirect("https://shop.example/Callback"), "invalid_request"},
		"another host's case":     {redirect("https://SHOP.example/callback"), "invalid_request"},
		"a port":                  {redirect("https://shop.example:443/callback"), "invalid_request"},
		"a fragment":              {redirect(callback + "#x"), "invalid_request"},
		"a query":                 {redirect(callback + "?a=b"), "invalid_request"},
		"a prefix":                {redirect(callback + "/more"), "invalid_request"},
		"a shorter one":           {redirect("https://shop.example/"), "invalid_request"},
		"userinfo":                {redirect("https://shop.example@evil.example/callback"), "invalid_request"},
		"a longer host":           {redirect("https://shop.example.evil.example/callback"), "invalid_request"},
		"another scheme":          {redirect("http://shop.example/callback"), "invalid_request"},
		"no redirect":             {func(v url.Values) { v.Del("redirect_uri") }, "invalid_request"},
		"no PKCE":                 {func(v url.Values) { v.Del("code_challenge") }, "invalid_request"},
		"plain":                   {func(v url.Values) { v.Set("code_challenge_method", "plain") }, "invalid_request"},
		"method omitted":          {func(v url.Values) { v.Del("code_challenge_method") }, "invalid_request"},
		"a short challenge":       {func(v url.Values) { v.Set("code_challenge", "abc") }, "invalid_request"},
		"implicit":                {func(v url.Values) { v.Set("response_type", "token") }, "unsupported_response_type"},
		"hybrid":                  {func(v url.Values) { v.Set("response_type", "code id_token") }, "unsupported_response_type"},
		"a fragment response":     {func(v url.Values) { v.Set("response_mode", "fragment") }, "invalid_request"},
		"none and more":           {func(v url.Values) { v.Set("prompt", "none login") }, "invalid_request"},
		"a prompt nobody knows":   {func(v url.Values) { v.Set("prompt", "create") }, "invalid_request"},
		"claims":                  {func(v url.Values) { v.Set("claims", "{}") }, "invalid_request"},
		"a request object":        {func(v url.Values) { v.Set("request", "x.y.z") }, "invalid_request"},
		"a request_uri":           {func(v url.Values) { v.Set("request_uri", "urn:x") }, "invalid_request"},
		"twice":                   {func(v url.Values) { v.Add("state", "b") }, "invalid_request"},
		"a long state":            {func(v url.Values) { v.Set("state", strings.Repeat("s", 2000)) }, "invalid_request"},
		"more than it has":        {func(v url.Values) { v.Set("scope", "openid cards.read") }, "invalid_scope"},
		"what is the app's alone": {func(v url.Values) { v.Set("scope", "openid factors.manage") }, "invalid_scope"},
		"an operator's scope":     {func(v url.Values) { v.Set("scope", "audit.read") }, "invalid_scope"},
		"no scope":                {func(v url.Values) { v.Del("scope") }, "invalid_request"},
		"any payment":             {func(v url.Values) { v.Set("scope", "payments.transfer") }, "invalid_scope"},
		"a payment of nought": {func(v url.Values) {
			v.Set("authorization_details", strings.Replace(payment, "123.50", "0.00", 1))
		}, "invalid_authorization_details"},
		"a payment backwards": {func(v url.Values) {
			v.Set("authorization_details", strings.Replace(payment, "Merchant", "\u202eMerchant", 1))
		}, "invalid_authorization_details"},
		"an unknown type": {func(v url.Values) { v.Set("authorization_details", `[{"type":"all"}]`) }, "invalid_authorization_details"},
		"another key": {func(v url.Values) {
			v.Set("dpop_jkt", base64.RawURLEncoding.EncodeToString(make([]byte, 32)))
		}, "invalid_dpop_proof"},
		"no assertion":               {func(v url.Values) { v.Del("client_assertion"); v.Set("client_id", "shop") }, "invalid_client"},
		"another client's assertion": {func(v url.Values) { v.Set("client_id", "machine-like") }, "invalid_client"},
		"an assertion for the endpoint": {func(v url.Values) {
			v.Set("client_assertion", shop.assertion(map[string]any{"aud": shop.h.issuer + "/oauth2/par"}))
		}, "invalid_client"},
		"the bank's own app": {func(v url.Values) {
			v.Del("client_assertion")
			v.Del("client_assertion_type")
			v.Set("client_id", phone.ClientID)
		}, "unauthorized_client"},
	}
}

// Who authenticates revokes without a proof, as stock clients do; who does not is
// known by the key alone.
func TestAThirdPartyRevokesWithoutAProof(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna, shop, other := h.customer("anna"), h.thirdParty("shop", "openid"), h.thirdParty("other", "openid")
	agree := func() phone.Tokens {
		h.pass(30 * time.Second)
		b := h.browser().visit("shop", shop.push(wish("openid"))).login("anna", anna)
		tokens := tokensOf(t, shop.redeem(b.submit("decision", "allow").back().Get("code"), nil))
		shop.p.SetTokens(tokens)
		return tokens
	}
	tokens := agree()
	require.Equal(t, 200, other.post("/oauth2/revoke", other.proven(url.Values{"token": {tokens.Refresh}})).Status)
	require.Equal(t, 200, other.post("/oauth2/revoke", other.proven(url.Values{"token": {tokens.Access}})).Status)
	require.Equal(t, "invalid_dpop_proof", code(other.post("/oauth2/revoke", url.Values{"token": {anna.Tokens().Refresh}, "client_id": {phone.ClientID}})))
	require.Equal(t, "invalid_client", code(other.post("/oauth2/revoke", url.Values{"token": {tokens.Refresh}, "client_id": {"shop"}})))
	require.Equal(t, 200, h.form(other.p, "/oauth2/revoke", shop.proven(url.Values{"token": {tokens.Access}})).Status, "a proof by another key is another's")
	require.Equal(t, 200, h.get(shop.p, "/oauth2/userinfo").Status, "nothing of that ends it")
	require.NoError(t, anna.Refresh(t.Context()))
	for name, what := range map[string]func(phone.Tokens) string{
		"by its refresh token": func(tokens phone.Tokens) string { return tokens.Refresh },
		"by its access token":  func(tokens phone.Tokens) string { return tokens.Access },
	} {
		tokens := agree()
		require.Equal(t, 200, shop.post("/oauth2/revoke", shop.proven(url.Values{"token": {what(tokens)}})).Status, name)
		require.Equal(t, 401, h.get(shop.p, "/oauth2/userinfo").Status, name)
		require.Equal(t, "invalid_grant", code(shop.refresh(tokens.Refresh)), name)
	}
}

// A third party that would have people type their factors into its own app is sent to
// the bank's pages, whether the factors were right or not.
func TestAThirdPartyIsRedirectedToTheWeb(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.customer("anna")
	shop, desk := h.thirdParty("shop", "openid", "accounts.read"), h.machine("desk", "customers.manage")
	p := h.stranger()
	kept := h.written()
	challenge := func(client, name, secret string) phone.Answer {
		return h.form(p, "/oauth2/challenge", url.Values{
			"client_id": {client}, "response_type": {"code"}, "scope": {"openid accounts.read"}, "username": {name}, "password": {secret},
			"code_challenge": {strings.Repeat("A", 43)}, "code_challenge_method": {"S256"},
		})
	}
	for _, try := range [][2]string{{"anna", password}, {"anna", "wrong"}, {"nobody", password}} {
		answer := challenge(shop.name, try[0], try[1])
		require.Equal(t, 400, answer.Status, "%s", answer.Body)
		require.Equal(t, "redirect_to_web", code(answer))
	}
	require.Equal(t, "unauthorized_client", code(challenge(desk.name, "anna", password)), "a machine sends nobody anywhere")
	require.Equal(t, kept, h.written())
}
