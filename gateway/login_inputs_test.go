package gateway

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/gateway/phone"
)

const verifier = "a-verifier-of-at-least-43-characters-for-the-tests"

// begin is the first step of a login.
func begin(name, secret string) url.Values {
	hash := sha256.Sum256([]byte(verifier))
	return url.Values{
		"client_id": {phone.ClientID}, "response_type": {"code"}, "scope": {"openid accounts.read"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(hash[:])}, "code_challenge_method": {"S256"},
		"username": {name}, "password": {secret},
	}
}

// code logs in as far as the code.
func (h *house) loginCode(p *phone.Phone, name string) string {
	h.t.Helper()
	h.pass(30 * time.Second)
	answer := h.form(p, "/oauth2/challenge", begin(name, password))
	if code(answer) == "insufficient_authorization" {
		otp, err := p.OTP()
		require.NoError(h.t, err)
		answer = h.form(p, "/oauth2/challenge", url.Values{"auth_session": {field[string](h.t, answer, "auth_session")}, "otp": {otp}})
	}
	require.Equal(h.t, 200, answer.Status, "%s", answer.Body)
	return field[string](h.t, answer, "authorization_code")
}

func redeem(authorization string) url.Values {
	return url.Values{"grant_type": {"authorization_code"}, "client_id": {phone.ClientID}, "code": {authorization}, "code_verifier": {verifier}}
}

func refreshing(token string) url.Values {
	return url.Values{"grant_type": {"refresh_token"}, "client_id": {phone.ClientID}, "refresh_token": {token}}
}

func tokensOf(t testing.TB, answer phone.Answer) phone.Tokens {
	t.Helper()
	require.Equal(t, 200, answer.Status, "%s", answer.Body)
	require.Equal(t, "no-store", answer.Header.Get("Cache-Control"))
	require.Equal(t, "application/json", answer.Header.Get("Content-Type"))
	var tokens phone.Tokens
	require.NoError(t, json.Unmarshal(answer.Body, &tokens))
	require.Equal(t, "DPoP", tokens.Type)
	return tokens
}

// Row 28, and group 3 of identity.md.
func TestRow28RefreshTokens(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna := h.customer("anna")
	first := anna.Tokens()
	second := tokensOf(t, h.form(anna, "/oauth2/token", refreshing(first.Refresh), "Idempotency-Key: r1"))
	require.NotEqual(t, first.Refresh, second.Refresh)

	lost := h.form(anna, "/oauth2/token", refreshing(first.Refresh), "Idempotency-Key: r1")
	require.Equal(t, second.Refresh, tokensOf(t, lost).Refresh, "the answer was lost: the same successor, again")

	thief := h.phone()
	require.NoError(t, thief.Register(context.Background()))
	stolen := h.form(thief, "/oauth2/token", refreshing(second.Refresh))
	require.Equal(t, "invalid_grant", code(stolen), "another key")
	bare, err := anna.Send(context.Background(), phone.Request{Method: http.MethodPost, Path: "/oauth2/token",
		Header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, Body: []byte(refreshing(second.Refresh).Encode())})
	require.NoError(t, err)
	require.Equal(t, "invalid_dpop_proof", code(bare), "without a proof (Keycloak #36475)")
	third := tokensOf(t, h.form(anna, "/oauth2/token", refreshing(second.Refresh), "Idempotency-Key: r2"))
	anna.SetTokens(third)
	require.Equal(t, 200, h.get(anna, "/v1/accounts").Status, "the owner is not logged out by that")

	replayed := h.form(anna, "/oauth2/token", refreshing(first.Refresh), "Idempotency-Key: r1")
	require.Equal(t, 400, replayed.Status)
	require.Equal(t, "invalid_grant", code(replayed))
	require.Equal(t, "invalid_grant", code(h.form(anna, "/oauth2/token", refreshing(third.Refresh))), "the family is revoked")
	require.NoError(t, h.guards.Caught(t.Context()))
	require.Equal(t, 401, h.get(anna, "/v1/accounts").Status, "and so are its access tokens")
}

func TestRefreshInParallelHasOneWinner(t *testing.T) { // CVE-2026-1035
	t.Parallel()
	h := newHouse(t)
	anna := h.customer("anna")
	token := anna.Tokens().Refresh
	var all sync.WaitGroup
	answers := make([]phone.Answer, 8)
	for i := range answers {
		all.Go(func() {
			answers[i] = h.form(anna, "/oauth2/token", refreshing(token), fmt.Sprint("Idempotency-Key: r", i))
		})
	}
	all.Wait()
	won := 0
	for _, answer := range answers {
		if answer.Status == 200 {
			won++
		} else {
			require.Equal(t, "invalid_grant", code(answer), "%s", answer.Body)
		}
	}
	require.LessOrEqual(t, won, 1, "a lost race counts as the second presentation")
}

// forge makes another secret of the same form: another character in every place.
func forge(secret string) string {
	return strings.Map(func(r rune) rune {
		if r == 'A' {
			return 'B'
		}
		return 'A'
	}, secret)
}

// Group 4: codes.
func TestCodesAreUsedOnceByWhoGotThem(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna, bert := h.customer("anna"), h.customer("bert")
	granted := h.loginCode(anna, "anna")
	for name, spoil := range map[string]func(url.Values){
		"wrong verifier":  func(v url.Values) { v.Set("code_verifier", strings.Repeat("x", 43)) },
		"no verifier":     func(v url.Values) { v.Del("code_verifier") },
		"short verifier":  func(v url.Values) { v.Set("code_verifier", "short") },
		"no code":         func(v url.Values) { v.Del("code") },
		"another code":    func(v url.Values) { v.Set("code", forge(granted)) },
		"unknown client":  func(v url.Values) { v.Set("client_id", "other") },
		"no client":       func(v url.Values) { v.Del("client_id") },
		"no grant type":   func(v url.Values) { v.Del("grant_type") },
		"unknown grant":   func(v url.Values) { v.Set("grant_type", "password") },
		"unknown field":   func(v url.Values) { v.Set("client_secret", "x") },
		"a field twice":   func(v url.Values) { v.Add("code", granted) },
		"another's grant": func(v url.Values) { v.Set("grant_type", "client_credentials") },
	} {
		values := redeem(granted)
		spoil(values)
		answer := h.form(anna, "/oauth2/token", values)
		require.Contains(t, []int{400, 401}, answer.Status, name)
		require.Contains(t, []string{"invalid_request", "invalid_grant", "invalid_client", "unsupported_grant_type"}, code(answer), name)
	}
	require.Equal(t, "invalid_grant", code(h.form(bert, "/oauth2/token", redeem(granted))), "another device's code")
	granted = h.loginCode(anna, "anna")
	anna.SetTokens(tokensOf(t, h.form(anna, "/oauth2/token", redeem(granted))))
	require.Equal(t, 200, h.get(anna, "/v1/accounts").Status)
	again := h.form(anna, "/oauth2/token", redeem(granted))
	require.Equal(t, 400, again.Status)
	require.Equal(t, "invalid_grant", code(again), "row 24")
	require.Eventually(t, func() bool { return h.get(anna, "/v1/accounts").Status == 401 }, 10*time.Second, time.Millisecond, "the tokens of the first use die")

	expired := h.loginCode(anna, "anna")
	h.pass(61 * time.Second)
	require.Equal(t, "invalid_grant", code(h.form(anna, "/oauth2/token", redeem(expired))))
}

// Group 6 and row 25.
func TestPKCEIsNeeded(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna := h.customer("anna")
	for name, spoil := range map[string]func(url.Values){
		"missing":        func(v url.Values) { v.Del("code_challenge") },
		"plain":          func(v url.Values) { v.Set("code_challenge_method", "plain") },
		"method omitted": func(v url.Values) { v.Del("code_challenge_method") },
		"short":          func(v url.Values) { v.Set("code_challenge", "abc") },
		"no client":      func(v url.Values) { v.Del("client_id") },
		"no scope":       func(v url.Values) { v.Del("scope") },
		"token type":     func(v url.Values) { v.Set("response_type", "token") },
		"operator scope": func(v url.Values) { v.Set("scope", "openid audit.read") },
		"made-up scope":  func(v url.Values) { v.Set("scope", "everything") },
		"no user":        func(v url.Values) { v.Del("username") },
		"unknown field":  func(v url.Values) { v.Set("redirect", "x") },
		"twice":          func(v url.Values) { v.Add("username", "bert") },
		"two factors":    func(v url.Values) { v.Set("otp", "123456") },
		"bad max_age":    func(v url.Values) { v.Set("max_age", "-1") },
		"huge password":  func(v url.Values) { v.Set("password", strings.Repeat("x", 2000)) },
		"bad UTF-8":      func(v url.Values) { v.Set("username", "\xff") },
	} {
		values := begin("anna", password)
		spoil(values)
		answer := h.form(anna, "/oauth2/challenge", values)
		require.Equal(t, 400, answer.Status, "%s: %s", name, answer.Body)
		require.Contains(t, []string{"invalid_request", "invalid_scope", "unsupported_response_type", "invalid_client"}, code(answer), name)
	}
	query, err := anna.PrepareForm("/oauth2/challenge", begin("anna", password))
	require.NoError(t, err)
	query.Path += "?password=x"
	answer, err := anna.Send(context.Background(), query)
	require.NoError(t, err)
	require.Equal(t, "invalid_request", code(answer), "nothing in the query: it would be logged")
	wrong := h.form(anna, "/oauth2/challenge", begin("anna", password), "Content-Type: application/json")
	require.Equal(t, 415, wrong.Status)
}

// Row 29, and groups 12 and 13: whether the name is anybody's shows in nothing.
func TestRow29NamesCannotBeTriedOut(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.customer("anna")
	stranger := h.phone()
	require.NoError(t, stranger.Register(context.Background()))
	type seen struct {
		status, size  int
		code, headers string
		hashes        uint64
		commits       uint64
	}
	try := func(name string) (seen, phone.Answer) {
		hashes, head := h.bank.PasswordHashes(), h.written()
		answer := h.form(stranger, "/oauth2/challenge", begin(name, "wrong password entirely"))
		names := make([]string, 0, len(answer.Header))
		for header := range answer.Header {
			names = append(names, header)
		}
		slices.Sort(names)
		return seen{status: answer.Status, size: len(answer.Body), code: code(answer), headers: strings.Join(names, " "), hashes: h.bank.PasswordHashes() - hashes, commits: h.written() - head}, answer
	}
	var known, unknown seen
	nobody := h.nobody([]string{"otp", "push"}) // whose made-up factors are like anna's
	var after [2]string
	for attempt := range 6 {
		var a, b phone.Answer
		known, a = try("anna")
		unknown, b = try(nobody)
		require.Equal(t, known, unknown, "attempt %d: %s and %s", attempt, a.Body, b.Body)
		after = [2]string{a.Header.Get("Retry-After"), b.Header.Get("Retry-After")}
		if attempt == 0 {
			require.Equal(t, "insufficient_authorization", known.code, "step one never reveals its result")
			for _, answer := range []phone.Answer{a, b} {
				end := h.form(stranger, "/oauth2/challenge", url.Values{"auth_session": {field[string](t, answer, "auth_session")}, "otp": {"000000"}})
				require.Equal(t, 400, end.Status)
				require.Equal(t, "access_denied", code(end))
			}
		}
		if known.status == 429 {
			break
		}
	}
	require.Equal(t, 429, known.status, "five failures, then a delay")
	require.NotEmpty(t, after[0])
	require.Equal(t, after[0], after[1])
}

func (h *house) head() uint64 {
	head, err := h.log.Head(context.Background())
	require.NoError(h.t, err)
	return uint64(head.Position)
}

func TestAStrangerCannotLockTheOwnerOut(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna := h.customer("anna")
	stranger := h.phone()
	require.NoError(t, stranger.Register(context.Background()))
	for range 20 {
		h.form(stranger, "/oauth2/challenge", begin("anna", "wrong password entirely"))
	}
	h.login(anna)
}

// Group 9: client assertions.
func TestClientAssertionsAreUsedOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	m := h.machine("rail", "payments.operate", "audit.read")
	h.pass(time.Second)
	assertion := m.assertion(nil)
	form := url.Values{"grant_type": {"client_credentials"}, "client_assertion": {assertion},
		"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}, "scope": {"audit.read"}}
	tokens := tokensOf(t, h.form(m.p, "/oauth2/token", form))
	require.Empty(t, tokens.Refresh)
	require.Equal(t, "audit.read", tokens.Scope)
	require.Equal(t, "invalid_client", code(h.form(m.p, "/oauth2/token", form)), "CVE-2020-15222")
	h.reopen()
	require.Equal(t, "invalid_client", code(h.form(m.p, "/oauth2/token", form)), "nor after a restart")
	h.pass(time.Second)
	for name, change := range map[string]map[string]any{
		"aud is the token endpoint": {"aud": h.issuer + "/oauth2/token"}, "expired": {"exp": h.now().Unix() - 60},
		"another issuer": {"iss": "other", "sub": "other"}, "an hour long": {"exp": h.now().Unix() + 3600}, "no jti": {"jti": ""},
	} {
		require.Equal(t, "invalid_client", code(m.token(change)), name)
	}
	require.Equal(t, 200, m.token(nil).Status)
	require.Equal(t, "invalid_scope", code(h.form(m.p, "/oauth2/token", url.Values{"grant_type": {"client_credentials"}, "scope": {"ledger.post"},
		"client_assertion": {m.assertion(nil)}, "client_assertion_type": form["client_assertion_type"]})))
	require.Equal(t, "invalid_client", code(h.form(m.p, "/oauth2/token", url.Values{"grant_type": {"client_credentials"}, "client_id": {"rail"}})))
	require.Equal(t, "invalid_client", code(h.form(m.p, "/oauth2/token", url.Values{"grant_type": {"client_credentials"}, "client_id": {"rail"}}, "Authorization: Basic cmFpbDp4")))
}

func TestRevocationBitesAtOnce(t *testing.T) {
	t.Parallel()
	inBothWirings(t, revocationBitesAtOnce)
}

func revocationBitesAtOnce(t *testing.T, h *house) {
	anna, bert := h.customer("anna"), h.customer("bert")
	revoke := func(p *phone.Phone, token string) phone.Answer {
		return h.form(p, "/oauth2/revoke", url.Values{"client_id": {phone.ClientID}, "token": {token}})
	}
	require.Equal(t, 200, revoke(bert, anna.Tokens().Refresh).Status, "another's token means nothing")
	require.Equal(t, 200, revoke(bert, anna.Tokens().Access).Status)
	require.Equal(t, 200, revoke(anna, "nonsense").Status)
	require.Equal(t, 200, h.get(anna, "/v1/accounts").Status)
	require.Equal(t, 200, revoke(anna, anna.Tokens().Refresh).Status)
	require.Equal(t, 401, h.get(anna, "/v1/accounts").Status)
	h.login(anna)
	require.Equal(t, 200, h.get(anna, "/v1/accounts").Status)
	require.Equal(t, 200, revoke(anna, anna.Tokens().Access).Status)
	require.Equal(t, 401, h.get(anna, "/v1/accounts").Status)
	require.Error(t, anna.Refresh(context.Background()))
	require.Equal(t, "invalid_request", code(h.form(bert, "/oauth2/revoke", url.Values{"client_id": {phone.ClientID}})))
}

func TestDevicesAreRegisteredByTheirOwnWord(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	p := h.phone()
	ctx := context.Background()
	require.NoError(t, p.Register(ctx))
	first := p.Profile().Device
	require.NoError(t, p.Register(ctx))
	require.Equal(t, first, p.Profile().Device, "the same keys are the same device")

	nonce := func() string {
		answer, err := p.Send(ctx, phone.Request{Method: http.MethodPost, Path: "/v1/devices/challenge"})
		require.NoError(t, err)
		require.Equal(t, 120, field[int](t, answer, "expires_in"))
		return field[string](t, answer, "nonce")
	}
	register := func(by *phone.Phone, body []byte) phone.Answer {
		return h.ask(by, Route{Method: http.MethodPost}, "/v1/devices", string(body), nil)
	}
	used := nonce()
	body, err := p.Registration(used)
	require.NoError(t, err)
	require.Equal(t, 200, register(p, body).Status)
	require.Equal(t, "registration-nonce-used", code(register(p, body)), "a nonce is used once")
	old := nonce()
	h.pass(121 * time.Second)
	body, err = p.Registration(old)
	require.NoError(t, err)
	require.Equal(t, "registration-nonce-expired", code(register(p, body)))
	body, err = p.Registration("bm90IG91cnM")
	require.NoError(t, err)
	require.Equal(t, "invalid-registration", code(register(p, body)))
	body, err = p.Registration(nonce())
	require.NoError(t, err)
	require.Equal(t, "invalid-registration", code(register(h.phone(), body)), "by another key than the proof's")
	kept, err := p.Registration(nonce())
	require.NoError(t, err)
	h.reopen()
	require.Equal(t, "invalid-registration", code(register(p, kept)), "a nonce of a former boot")
}

func TestDiscovery(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	read := func(path string) phone.Answer {
		answer, err := h.phone().Send(context.Background(), phone.Request{Method: http.MethodGet, Path: path})
		require.NoError(t, err)
		require.Equal(t, 200, answer.Status)
		return answer
	}
	openid, oauth := read("/.well-known/openid-configuration"), read("/.well-known/oauth-authorization-server")
	require.Equal(t, string(openid.Body), string(oauth.Body))
	require.Equal(t, h.issuer, field[string](t, openid, "issuer"))
	require.Equal(t, []string{"ES256"}, field[[]string](t, openid, "dpop_signing_alg_values_supported"))
	require.Equal(t, []string{"S256"}, field[[]string](t, openid, "code_challenge_methods_supported"))
	require.Equal(t, h.issuer, field[string](t, read("/.well-known/oauth-protected-resource"), "resource"))
	keys := field[[]map[string]string](t, read("/oauth2/jwks"), "keys")
	require.NotEmpty(t, keys)
	for _, key := range keys {
		require.NotEmpty(t, key["kid"])
		require.Equal(t, "sig", key["use"])
		require.Empty(t, key["d"])
	}
}
