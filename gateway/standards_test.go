package gateway

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/gateway/phone"
)

// introspect asks as the machine, which proves itself anew each time.
func (m *machine) introspect(token string) phone.Answer {
	m.h.t.Helper()
	m.h.pass(time.Second) // an assertion of the second the process began in is refused
	return m.h.form(m.p, "/oauth2/introspect", url.Values{
		"token": {token}, "client_assertion": {m.assertion(nil)}, "client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
	})
}

const inactive = `{"active":false}`

func TestAnAuditorSeesWhatStandsBehindAToken(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna, auditor := h.customer("anna"), h.machine("auditor", "audit.read")
	tokens := anna.Tokens()

	access := auditor.introspect(tokens.Access)
	require.Equal(t, 200, access.Status, "%s", access.Body)
	require.True(t, field[bool](t, access, "active"))
	require.Equal(t, phone.ClientID, field[string](t, access, "client_id"))
	require.Equal(t, anna.Profile().Customer, field[string](t, access, "sub"))
	require.Equal(t, anna.Profile().Device, field[string](t, access, "device_id"))
	require.Equal(t, "DPoP", field[string](t, access, "token_type"))
	require.Equal(t, anna.Thumbprint(), field[map[string]string](t, access, "cnf")["jkt"])
	require.Equal(t, h.issuer, field[string](t, access, "iss"))
	require.Equal(t, "no-store", access.Header.Get("Cache-Control"))

	refresh := auditor.introspect(tokens.Refresh)
	require.True(t, field[bool](t, refresh, "active"))
	require.Equal(t, anna.Profile().Customer, field[string](t, refresh, "sub"))
	require.Equal(t, int64(30*24*3600), field[int64](t, refresh, "exp")-field[int64](t, refresh, "iat"))

	require.NoError(t, anna.Refresh(t.Context()))
	require.JSONEq(t, inactive, string(auditor.introspect(tokens.Refresh).Body), "a token that has a successor")
	require.True(t, field[bool](t, auditor.introspect(anna.Tokens().Refresh), "active"), "asking about the old one ends nothing")
	require.NoError(t, anna.Revoke(t.Context()))
	for _, dead := range []string{tokens.Access, anna.Tokens().Access, anna.Tokens().Refresh} {
		require.Equal(t, inactive, string(auditor.introspect(dead).Body), "a family that is over")
	}
}

func TestWhatIsNotActiveLooksTheSame(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna, auditor, stranger := h.customer("anna"), h.machine("auditor", "audit.read"), h.machine("stranger", "ledger.post")
	old := anna.Tokens()
	own := stranger.login().Tokens().Access
	require.True(t, field[bool](t, stranger.introspect(own), "active"), "its own")
	forged := forge(old.Refresh)
	answers := []phone.Answer{
		stranger.introspect(old.Access), stranger.introspect(old.Refresh), // another's
		auditor.introspect("nonsense"), auditor.introspect(forged), auditor.introspect(old.Access[:len(old.Access)-4]),
		auditor.introspect(old.ID), auditor.introspect(strings.Repeat("x", 5<<10)),
	}
	h.pass(6 * time.Minute)
	answers = append(answers, auditor.introspect(old.Access)) // expired
	h.login(anna)
	answer := h.command(anna, http.MethodDelete, "/v1/devices/"+anna.Profile().Device, nil, anna.NewID())
	require.NoError(t, answer.OK())
	answers = append(answers, auditor.introspect(anna.Tokens().Access), auditor.introspect(anna.Tokens().Refresh)) // its device is gone
	for i, answer := range answers {
		require.Equal(t, 200, answer.Status, i)
		require.Equal(t, inactive, string(answer.Body), i)
	}
}

func TestOnlyProvenClientsIntrospect(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna, auditor := h.customer("anna"), h.machine("auditor", "audit.read")
	h.pass(time.Second)
	raw := anna.Tokens().Access
	for name, values := range map[string]url.Values{
		"nobody":         {"token": {raw}},
		"a public app":   {"token": {raw}, "client_id": {phone.ClientID}},
		"without a key":  {"token": {raw}, "client_id": {"auditor"}},
		"a wrong aud":    {"token": {raw}, "client_assertion": {auditor.assertion(map[string]any{"aud": h.issuer + "/oauth2/introspect"})}, "client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}},
		"another's name": {"token": {raw}, "client_id": {"other"}, "client_assertion": {auditor.assertion(nil)}, "client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}},
	} {
		answer := h.form(anna, "/oauth2/introspect", values)
		require.Equal(t, 401, answer.Status, name)
		require.Equal(t, "invalid_client", code(answer), name)
	}
	used := url.Values{"token": {raw}, "client_assertion": {auditor.assertion(nil)}, "client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}}
	require.Equal(t, 200, h.form(anna, "/oauth2/introspect", used).Status)
	require.Equal(t, "invalid_client", code(h.form(anna, "/oauth2/introspect", used)), "CVE-2020-15222: an assertion is used once")
	used.Del("token")
	require.Equal(t, "invalid_request", code(h.form(anna, "/oauth2/introspect", used)))
}

func TestUserInfoFollowsTheScope(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna := h.customer("anna")
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		answer := h.ask(anna, Route{Method: method}, "/oauth2/userinfo", "", nil)
		require.Equal(t, 200, answer.Status, "%s", answer.Body)
		require.Equal(t, anna.Profile().Customer, field[string](t, answer, "sub"))
		require.Equal(t, "Anna anna", field[string](t, answer, "name"))
		require.Equal(t, "anna", field[string](t, answer, "preferred_username"))
		require.NotContains(t, string(answer.Body), "@example.test", "no scope asks for contacts")
	}
	narrow := h.form(anna, "/oauth2/token", url.Values{
		"grant_type": {"refresh_token"}, "client_id": {phone.ClientID}, "refresh_token": {anna.Tokens().Refresh}, "scope": {"openid"}})
	require.Equal(t, 200, narrow.Status, "%s", narrow.Body)
	anna.SetTokens(phone.Tokens{Access: field[string](t, narrow, "access_token")})
	answer := h.ask(anna, Route{Method: http.MethodGet}, "/oauth2/userinfo", "", nil)
	require.Equal(t, `{"sub":"`+anna.Profile().Customer+`"}`, string(answer.Body))
	machine := h.machine("auditor", "audit.read").login()
	require.Equal(t, 403, h.ask(machine, Route{Method: http.MethodGet}, "/oauth2/userinfo", "", nil).Status)
}

// What discovery names is there, and what is there is named.
func TestDiscoveryIsTheRouteTable(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	served := map[string]bool{}
	for _, row := range h.routes {
		if strings.HasPrefix(row.Path, "/oauth2/") {
			served[h.issuer+row.Path] = true
		}
	}
	for _, path := range []string{"/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"} {
		answer, err := h.phone().Send(t.Context(), phone.Request{Method: http.MethodGet, Path: path})
		require.NoError(t, err)
		var document map[string]any
		require.NoError(t, json.Unmarshal(answer.Body, &document))
		require.Equal(t, h.issuer, document["issuer"])
		named := map[string]bool{}
		for name, value := range document {
			if strings.HasSuffix(name, "_endpoint") || name == "jwks_uri" {
				named[value.(string)] = true
			}
		}
		require.Equal(t, served, named)
	}
}
