package gateway

import (
	"encoding/base64"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"florin/domain/id"
	"florin/gateway/phone"
	"florin/gateway/token"
)

// What may be asked is read strictly, and leaves no trace where it is refused.
func TestWhatIsAskedByTheBackChannelIsReadStrictly(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.customer("anna")
	till, other := h.teller("till", "openid", "accounts.read", "payments.transfer"), h.teller("other", "openid")
	kept := h.written()
	issuer := token.Issuer{URL: h.issuer, Key: h.bank.Signings().Current}
	hint, err := issuer.Identity(token.IDClaims{Subject: id.Named[id.Customer]("x").String(), Audience: other.name}, "")
	require.NoError(t, err)
	set := func(name, value string) func(url.Values) { return func(v url.Values) { v.Set(name, value) } }
	for name, test := range map[string]refusedPush{
		"no hint":                     {func(v url.Values) { v.Del("login_hint") }, "invalid_request"},
		"two hints":                   {set("id_token_hint", hint), "invalid_request"},
		"a hint that is no token":     {func(v url.Values) { v.Del("login_hint"); v.Set("id_token_hint", "x.y.z") }, "invalid_request"},
		"another client's hint":       {func(v url.Values) { v.Del("login_hint"); v.Set("id_token_hint", hint) }, "invalid_request"},
		"an endless hint":             {set("login_hint", strings.Repeat("a", 321)), "invalid_request"},
		"a hint of another kind":      {set("login_hint_token", "x"), "invalid_request"},
		"a signed request":            {set("request", "x.y.z"), "invalid_request"},
		"a notification token":        {set("client_notification_token", "x"), "invalid_request"},
		"twice":                       {func(v url.Values) { v.Add("scope", "openid") }, "invalid_request"},
		"no scope":                    {func(v url.Values) { v.Del("scope") }, "invalid_request"},
		"no openid":                   {set("scope", "accounts.read"), "invalid_scope"},
		"more than it has":            {set("scope", "openid cards.read"), "invalid_scope"},
		"what is the app's alone":     {set("scope", "openid factors.manage"), "invalid_scope"},
		"any payment":                 {set("scope", "openid payments.transfer"), "invalid_scope"},
		"a payment of nought":         {set("authorization_details", strings.Replace(payment, "123.50", "0.00", 1)), "invalid_authorization_details"},
		"an unknown type":             {set("authorization_details", `[{"type":"all"}]`), "invalid_authorization_details"},
		"a story":                     {set("binding_message", strings.Repeat("m", 61)), "invalid_binding_message"},
		"two lines":                   {set("binding_message", "a\nb"), "invalid_binding_message"},
		"a message backwards":         {set("binding_message", "pay \u202e001"), "invalid_binding_message"},
		"what no phone here can show": {set("acr_values", "urn:florin:acr:sca-hw"), "unmet_authentication_requirements"},
		"a class that nobody knows":   {set("acr_values", "urn:mace:incommon:iap:silver phr"), "unmet_authentication_requirements"},
		"no time":                     {set("requested_expiry", "0"), "invalid_request"},
		"time backwards":              {set("requested_expiry", "-1"), "invalid_request"},
		"a word for a time":           {set("requested_expiry", "soon"), "invalid_request"},
		"another key":                 {set("dpop_jkt", base64.RawURLEncoding.EncodeToString(make([]byte, 32))), "invalid_dpop_proof"},
		"no assertion":                {func(v url.Values) { v.Del("client_assertion"); v.Set("client_id", "till") }, "invalid_client"},
		"another client's assertion":  {set("client_id", "other"), "invalid_client"},
		"an assertion for elsewhere":  {set("client_assertion", till.assertion(map[string]any{"aud": h.issuer + "/oauth2/bc-authorize"})), "invalid_client"},
		"the bank's own app": {func(v url.Values) {
			v.Del("client_assertion")
			v.Del("client_assertion_type")
			v.Set("client_id", phone.ClientID)
		}, "unauthorized_client"},
	} {
		values := till.proven(url.Values{"login_hint": {"anna"}, "scope": {"openid accounts.read"}})
		test.spoil(values)
		answer := h.form(till.p, "/oauth2/bc-authorize", values)
		require.Contains(t, []int{400, 401}, answer.Status, "%s: %s", name, answer.Body)
		require.Equal(t, test.want, code(answer), name)
	}
	require.Equal(t, kept, h.written(), "nothing of it is kept")
	replayed := till.proven(url.Values{"login_hint": {"anna"}, "scope": {"openid"}}) // CVE-2020-15222
	long := h.form(till.p, "/oauth2/bc-authorize", replayed)
	require.Equal(t, 200, long.Status)
	require.Equal(t, "invalid_client", code(h.form(till.p, "/oauth2/bc-authorize", replayed)))
	require.EqualValues(t, 600, field[int](t, till.asks("anna", "openid", "requested_expiry", "86400"), "expires_in"), "not as long as it likes")
}
