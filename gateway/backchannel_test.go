package gateway

import (
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"
)

// listener is a client's back-channel endpoint.
type listener struct {
	*httptest.Server
	mu     sync.Mutex
	status int
	tokens []string
}

func newListener(t *testing.T) *listener {
	l := &listener{status: 200}
	l.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.tokens = append(l.tokens, r.PostFormValue("logout_token"))
		w.WriteHeader(l.status)
	}))
	t.Cleanup(l.Close)
	return l
}

func (l *listener) answering(status int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.status = status
}

// heard gives what came since the last time, once the bank has told what there is.
func (l *listener) heard(h *house) []string {
	h.told("")
	l.mu.Lock()
	defer l.mu.Unlock()
	tokens := l.tokens
	l.tokens = nil
	return tokens
}

func TestAClientIsToldThatASessionIsOver(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	l := newListener(t)
	anna, shop := h.customer("anna"), h.leavable("shop", l.URL+"/logout")
	tokens := h.agreed(anna, shop)
	require.Empty(t, l.heard(h))
	session := claimsOf(t, tokens.ID)["sid"].(string)
	require.Equal(t, 200, h.ask(anna, Route{Method: http.MethodDelete}, "/v1/sessions/"+session, "", nil).Status)
	l.answering(503)
	first := l.heard(h)
	require.Len(t, first, 1)
	parsed, err := jwt.Parse(first[0], func(k *jwt.Token) (any, error) {
		key, ok := h.bank.Signings().Public(k.Header["kid"].(string))
		require.True(t, ok)
		return key, nil
	}, jwt.WithTimeFunc(h.now), jwt.WithValidMethods([]string{"ES256"}), jwt.WithIssuer(h.issuer), jwt.WithAudience("shop"), jwt.WithExpirationRequired())
	require.NoError(t, err)
	require.Equal(t, "logout+jwt", parsed.Header["typ"])
	claims := parsed.Claims.(jwt.MapClaims)
	require.Equal(t, session, claims["sid"])
	require.Equal(t, anna.Profile().Customer, claims["sub"])
	require.Equal(t, map[string]any{"http://schemas.openid.net/event/backchannel-logout": map[string]any{}}, claims["events"])
	require.NotContains(t, claims, "nonce")
	require.NotEmpty(t, claims["jti"])

	require.Empty(t, l.heard(h), "not at once again")
	h.pass(time.Second)
	second := l.heard(h)
	require.Len(t, second, 1)
	require.Equal(t, claims["jti"], claimsOf(t, second[0])["jti"], "the same message")
	h.reopen()
	l.answering(200)
	third := l.heard(h)
	require.Len(t, third, 1, "a restart forgets nobody who is still to be told")
	require.Equal(t, claims["jti"], claimsOf(t, third[0])["jti"])
	h.pass(time.Hour)
	require.Empty(t, l.heard(h), "it was taken")
	h.reopen()
	require.Empty(t, l.heard(h), "and stays so")

	values := map[string]string{"id_token_hint": first[0]}
	b := h.browser().send(http.MethodGet, "/oauth2/logout?id_token_hint="+values["id_token_hint"], "")
	require.Equal(t, 400, b.answer.StatusCode, "a logout token is no ID token")
}

func TestAClientIsToldWhateverEndsTheSession(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	l := newListener(t)
	anna, shop := h.customer("anna"), h.leavable("shop", l.URL)
	sid := func(id string) string { return claimsOf(t, id)["sid"].(string) }
	told := func(why string, id string) {
		t.Helper()
		heard := l.heard(h)
		require.Len(t, heard, 1, why)
		require.Equal(t, sid(id), sid(heard[0]), why)
	}
	tokens := h.agreed(anna, shop)
	form := h.browser().send(http.MethodGet, "/oauth2/logout?id_token_hint="+tokens.ID, "")
	values := form.fields()
	values.Set("decision", "leave")
	form.send(http.MethodPost, "/oauth2/logout", values.Encode())
	told("logged out at the client", tokens.ID)

	h.login(anna)
	tokens = h.agreed(anna, shop)
	for _, c := range h.consents(anna) {
		if c.Status == "active" {
			require.Equal(t, 200, h.ask(anna, Route{Method: http.MethodDelete}, "/v1/consents/"+c.ID, "", nil).Status)
		}
	}
	told("the consent was taken back", tokens.ID)

	h.login(anna)
	tokens = h.agreed(anna, shop)
	third := tokensOf(t, shop.refresh(tokensOf(t, shop.refresh(tokens.Refresh)).Refresh))
	require.Equal(t, "invalid_grant", code(shop.refresh(tokens.Refresh)))
	told("a token was used twice", third.ID)

	tokens = h.agreed(anna, shop)
	l.answering(400)
	require.Equal(t, 200, h.ask(anna, Route{Method: http.MethodDelete}, "/v1/sessions/"+sid(tokens.ID), "", nil).Status)
	told("it refuses", tokens.ID)
	h.pass(time.Hour)
	require.Empty(t, l.heard(h), "and is not asked again")
}

func TestAChangedPasswordEndsThirdPartiesToo(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	l := newListener(t)
	anna, shop := h.customer("anna"), h.leavable("shop", l.URL)
	first, second := h.agreed(anna, shop), h.agreed(anna, shop)
	h.login(anna)
	changed := h.command(anna, http.MethodPost, "/v1/customers/me/password", map[string]string{"password": "another horse battery staple 8"}, anna.NewID())
	require.NoError(t, changed.OK())
	for _, tokens := range []string{first.Refresh, second.Refresh} {
		require.Equal(t, "invalid_grant", code(shop.refresh(tokens)))
	}
	require.Len(t, l.heard(h), 2, "and their clients are told")
	require.Equal(t, 200, h.get(anna, "/v1/accounts").Status)
}
