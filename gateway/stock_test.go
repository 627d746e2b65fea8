package gateway

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"florin/commands"
	"florin/gateway/phone"
	"florin/schemas/seal"
)

// proving adds a phone's DPoP proofs to what a stock client sends: the one thing
// that golang.org/x/oauth2 does not know.
type proving struct{ p *phone.Phone }

func (t proving) RoundTrip(r *http.Request) (*http.Response, error) {
	made, err := t.p.PrepareForm(r.URL.Path, nil)
	if r.Header.Get("Authorization") != "" {
		made, err = t.p.Prepare(r.Method, r.URL.Path, nil, "")
	}
	if err != nil {
		return nil, err
	}
	r = r.Clone(r.Context())
	r.Header["DPoP"] = []string{made.Header.Get("DPoP")}
	return http.DefaultTransport.RoundTrip(r)
}

// stock is what a program with the stock Go libraries would hold.
type stock struct {
	ctx      context.Context
	provider *oidc.Provider
	verifier *oidc.IDTokenVerifier
	config   oauth2.Config
}

func (h *house) stock(p *phone.Phone) *stock {
	h.t.Helper()
	ctx := oidc.ClientContext(context.Background(), &http.Client{Transport: proving{p}})
	provider, err := oidc.NewProvider(ctx, h.issuer)
	require.NoError(h.t, err, "discovery")
	endpoint := provider.Endpoint()
	endpoint.AuthStyle = oauth2.AuthStyleInParams
	return &stock{ctx, provider, provider.VerifierContext(ctx, &oidc.Config{ClientID: phone.ClientID, Now: h.now}),
		oauth2.Config{ClientID: phone.ClientID, Endpoint: endpoint}}
}

// code walks the native login up to the code.
func (h *house) code(p *phone.Phone, verifier string) string {
	h.t.Helper()
	h.pass(30 * time.Second)
	profile := p.Profile()
	answer := h.form(p, "/oauth2/challenge", url.Values{
		"client_id": {phone.ClientID}, "response_type": {"code"}, "scope": {phone.Scopes}, "nonce": {"n-1"}, "username": {profile.UserName}, "password": {profile.Password},
		"code_challenge": {oauth2.S256ChallengeFromVerifier(verifier)}, "code_challenge_method": {"S256"}})
	if code(answer) == "insufficient_authorization" {
		otp, err := p.OTP()
		require.NoError(h.t, err)
		answer = h.form(p, "/oauth2/challenge", url.Values{"auth_session": {field[string](h.t, answer, "auth_session")}, "otp": {otp}})
	}
	return field[string](h.t, answer, "authorization_code")
}

func TestStockGoClients(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna := h.customer("anna")
	s := h.stock(anna)
	verifier := oauth2.GenerateVerifier()
	code := h.code(anna, verifier)
	_, err := s.config.Exchange(s.ctx, code, oauth2.VerifierOption(oauth2.GenerateVerifier()))
	require.ErrorContains(t, err, "invalid_grant", "another's verifier")
	tokens, err := s.config.Exchange(s.ctx, code, oauth2.VerifierOption(verifier))
	require.NoError(t, err)
	require.Equal(t, "DPoP", tokens.Type())

	raw, _ := tokens.Extra("id_token").(string)
	identity, err := s.verifier.Verify(s.ctx, raw)
	require.NoError(t, err)
	require.Equal(t, anna.Profile().Customer, identity.Subject)
	require.Equal(t, "n-1", identity.Nonce)
	require.Equal(t, h.issuer, identity.Issuer)
	for name, bad := range map[string]string{
		"an access token": tokens.AccessToken, "a spoiled signature": raw[:len(raw)-6] + "AAAAAA", "no signature": raw[:strings.LastIndexByte(raw, '.')+1],
	} {
		_, err := s.verifier.Verify(s.ctx, bad)
		require.Error(t, err, name)
	}
	_, err = s.provider.VerifierContext(s.ctx, &oidc.Config{ClientID: "other", Now: h.now}).Verify(s.ctx, raw)
	require.ErrorContains(t, err, "audience")

	anna.SetTokens(phone.Tokens{Access: tokens.AccessToken, Refresh: tokens.RefreshToken})
	info, err := s.provider.UserInfo(s.ctx, oauth2.StaticTokenSource(tokens))
	require.NoError(t, err)
	require.Equal(t, identity.Subject, info.Subject)

	rotated, err := s.config.TokenSource(s.ctx, &oauth2.Token{RefreshToken: tokens.RefreshToken}).Token()
	require.NoError(t, err)
	require.NotEqual(t, tokens.RefreshToken, rotated.RefreshToken)
	h.pass(6 * time.Minute)
	_, err = s.verifier.Verify(s.ctx, raw)
	require.ErrorContains(t, err, "expired")
}

func (h *house) rotateKeys(lead time.Duration) string {
	h.t.Helper()
	order := commands.SystemOrder("test", uuid.New(), "rotate", h.now(), seal.Subject{})
	order.Intent = nil
	kid, _, err := h.bank.Signings().Rotate(context.Background(), order, lead)
	require.NoError(h.t, err)
	return kid
}

func (h *house) published() string {
	h.t.Helper()
	answer, err := h.phone().Send(context.Background(), phone.Request{Method: http.MethodGet, Path: "/oauth2/jwks"})
	require.NoError(h.t, err)
	return string(answer.Body)
}

// Row 53: over a rotation with overlap every request passes and every ID token
// verifies with the key set that the stock client has or fetches; after an
// emergency nothing that the removed key has signed is believed.
func TestRow53KeysRotateUnderLoad(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	phones := []*phone.Phone{h.customer("anna"), h.customer("bert"), h.customer("carl"), h.customer("dora")}
	for _, p := range phones { // all tokens of about the same age
		require.NoError(t, p.Refresh(t.Context()))
	}
	s := h.stock(phones[0])
	asked, errs := 0, make(chan error, 1000)
	load := func(step int) {
		var all sync.WaitGroup
		for _, p := range phones {
			all.Go(func() {
				if step%10 == 9 { // every 200 s of 300
					errs <- p.Refresh(context.Background())
				}
				_, err := s.verifier.Verify(s.ctx, p.Tokens().ID)
				errs <- err
				if answer := h.ask(p, Route{Method: http.MethodGet}, "/oauth2/userinfo", "", nil); answer.Status != http.StatusOK {
					errs <- fmt.Errorf("%d %s", answer.Status, answer.Body)
				}
			})
		}
		all.Wait()
		asked += len(phones)
	}
	first := h.published()
	var kid string
	for step := range 60 { // twenty minutes: ten until the new key signs, ten after
		if step == 2 {
			var rotating sync.WaitGroup
			rotating.Go(func() { kid = h.rotateKeys(commands.KeyLead) })
			load(step)
			rotating.Wait()
			require.Contains(t, h.published(), kid, "published before it signs")
			require.Contains(t, h.published(), first[strings.Index(first, `"kid"`):][:20])
		} else {
			load(step)
		}
		h.pass(20 * time.Second)
	}
	close(errs)
	for err := range errs {
		require.NoError(t, err)
	}
	require.Contains(t, h.published(), kid)
	require.Equal(t, 1, strings.Count(h.published(), `"kid"`), "the old one is gone when its last token is")
	t.Logf("%d requests and ID tokens over a rotation, 0 errors", asked)

	before := phones[0].Tokens()
	h.rotateKeys(0)
	removed := time.Now()
	if h.apart { // a gateway is told by the feed
		until(t, func() bool {
			return h.ask(phones[0], Route{Method: http.MethodGet}, "/oauth2/userinfo", "", nil).Status == http.StatusUnauthorized
		})
	}
	answer := h.ask(phones[0], Route{Method: http.MethodGet}, "/oauth2/userinfo", "", nil)
	require.Equal(t, 401, answer.Status)
	require.Equal(t, "invalid-token", code(answer))
	require.NotContains(t, h.published(), kid)
	t.Logf("401 %s after the removal", time.Since(removed).Round(10*time.Microsecond))
	fresh := h.stock(phones[0])
	_, err := fresh.verifier.Verify(fresh.ctx, before.ID)
	require.Error(t, err, "an ID token of the removed key")
	require.NoError(t, phones[0].Refresh(t.Context()), "nobody is logged out")
	require.Equal(t, 200, h.ask(phones[0], Route{Method: http.MethodGet}, "/oauth2/userinfo", "", nil).Status)
	_, err = s.verifier.Verify(s.ctx, phones[0].Tokens().ID)
	require.NoError(t, err, "the stock client fetches the new key by itself")
}

// A revoked device is refused everywhere in under a second, while it goes on asking.
func TestARevokedDeviceIsOutAtOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	first := h.customer("anna")
	second := h.phone()
	second.Remember(first.Profile())
	require.NoError(t, second.Register(t.Context()))
	h.login(second)
	h.login(first)
	started, out := make(chan struct{}), make(chan time.Time, 1)
	go func() {
		for n := 0; ; n++ {
			if answer := h.ask(second, Route{Method: http.MethodGet}, "/oauth2/userinfo", "", nil); answer.Status == http.StatusUnauthorized {
				out <- time.Now()
				return
			}
			if n == 0 {
				close(started)
			}
		}
	}()
	<-started
	asked := time.Now()
	answer := h.command(first, http.MethodDelete, "/v1/devices/"+second.Profile().Device, nil, first.NewID())
	answered := time.Now()
	require.NoError(t, answer.OK())
	select {
	case refused := <-out:
		t.Logf("the device was refused %s after the request to revoke it, %s after its answer",
			refused.Sub(asked).Round(time.Microsecond), refused.Sub(answered).Round(time.Microsecond))
		require.Less(t, refused.Sub(asked), 5*time.Second, "a busy machine's second; florin bench measures it")
	case <-time.After(10 * time.Second):
		t.Fatal("the revoked device still gets in")
	}
	require.Error(t, second.Refresh(t.Context()), "nor does it get another token")
	require.Equal(t, 200, h.ask(first, Route{Method: http.MethodGet}, "/oauth2/userinfo", "", nil).Status)
}
