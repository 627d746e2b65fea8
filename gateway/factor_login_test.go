package gateway

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/descope/virtualwebauthn"
	"github.com/stretchr/testify/require"

	"florin/gateway/phone"
)

// half is a login on a new device up to its second factor.
type half struct {
	h       *house
	p       *phone.Phone
	session string
	next    []string
}

func (h *house) half(name string) *half {
	h.t.Helper()
	p := h.phone()
	require.NoError(h.t, p.Register(context.Background()))
	step := h.form(p, "/oauth2/challenge", begin(name, password))
	require.Equal(h.t, "insufficient_authorization", code(step), "%s", step.Body)
	return &half{h, p, field[string](h.t, step, "auth_session"), field[[]string](h.t, step, "next")}
}

func (l *half) step(name, value string) phone.Answer {
	l.h.t.Helper()
	return l.h.form(l.p, "/oauth2/challenge", url.Values{"auth_session": {l.session}, name: {value}})
}

func (l *half) options(t testing.TB) (raw string, challenge []byte) {
	t.Helper()
	answer := l.step("webauthn", "options")
	require.Equal(t, "insufficient_authorization", code(answer), "%s", answer.Body)
	require.Equal(t, l.session, field[string](t, answer, "auth_session"))
	raw = string(field[json.RawMessage](t, answer, "webauthn"))
	parsed, err := virtualwebauthn.ParseAssertionOptions(raw)
	require.NoError(t, err)
	return raw, parsed.Challenge
}

func TestAPasskeyLogsIn(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna, eve := h.customer("anna"), h.customer("eve")
	mine, theirs := h.passkey(t, anna), h.passkey(t, eve)
	login := h.half("anna")
	require.Equal(t, []string{"otp", "webauthn", "push"}, login.next)
	raw, challenge := login.options(t)
	require.Contains(t, raw, `"userVerification":"required"`)
	again, _ := login.options(t)
	require.Equal(t, raw, again, "asking is no step")
	response := mine.assert(challenge)
	require.Equal(t, "invalid_session", code(h.form(eve, "/oauth2/challenge", url.Values{"auth_session": {login.session}, "webauthn": {response}})), "another user's auth_session")
	done := login.step("webauthn", response)
	require.Equal(t, 200, done.Status, "%s", done.Body)
	require.Equal(t, "invalid_session", code(login.step("webauthn", response)), "a replayed assertion")
	tokens := tokensOf(t, h.form(login.p, "/oauth2/token", redeem(field[string](t, done, "authorization_code"))))
	require.NotEmpty(t, tokens.Access)

	later := h.half("anna")
	require.Equal(t, "access_denied", code(later.step("webauthn", response)), "replayed into another login")
	for name, spoil := range map[string]func(k *securityKey){
		"UV flag not set (CVE-2026-8830)":         func(k *securityKey) { k.authenticator.Options.UserNotVerified = true },
		"nobody present":                          func(k *securityKey) { k.authenticator.Options.UserNotPresent = true },
		"another origin":                          func(k *securityKey) { k.party.Origin = "https://evil.test" },
		"another relying party":                   func(k *securityKey) { k.party.ID = "evil.test" },
		"the count went back":                     func(k *securityKey) { k.credential.Counter = 0 },
		"a copy of the key that can be backed up": func(k *securityKey) { k.authenticator.Options.BackupEligible = true },
		"another customer's":                      func(k *securityKey) { *k = *theirs },
		"its id with another key":                 func(k *securityKey) { k.credential.Key = theirs.credential.Key },
	} {
		h.pass(25 * time.Hour)
		login := h.half("anna")
		_, challenge := login.options(t)
		bad := *mine
		spoil(&bad)
		require.Equal(t, "access_denied", code(login.step("webauthn", bad.assert(challenge))), name)
	}
	h.pass(25 * time.Hour)
	one, other := h.half("anna"), h.half("anna")
	_, challenge = one.options(t)
	require.Equal(t, "access_denied", code(other.step("webauthn", mine.assert(challenge))), "another login's challenge")
	require.Equal(t, "invalid_request", code(h.half(h.nobody([]string{"otp", "push"})).step("webauthn", "options")), "not asked for")
}

func TestPasskeyStepsOutOfOrder(t *testing.T) { // group 11
	t.Parallel()
	h := newHouse(t)
	anna := h.customer("anna")
	mine := h.passkey(t, anna)
	stranger := h.phone()
	require.NoError(t, stranger.Register(context.Background()))
	values := begin("anna", "")
	started := h.form(stranger, "/oauth2/challenge", values)
	require.Equal(t, []string{"pwd"}, field[[]string](t, started, "next"))
	early := &half{h, stranger, field[string](t, started, "auth_session"), nil}
	require.Equal(t, "invalid_request", code(early.step("webauthn", "options")), "the second factor does not come first")
	require.Equal(t, "invalid_request", code(early.step("webauthn", mine.assert([]byte("x")))))
	values.Set("webauthn", mine.assert([]byte("x")))
	require.Equal(t, "invalid_session", code(h.form(stranger, "/oauth2/challenge", values)), "nor without having been asked")
	values = url.Values{"auth_session": {h.half("anna").session}, "webauthn": {"{}"}, "otp": {"000000"}}
	require.Contains(t, []string{"invalid_request", "invalid_session"}, code(h.form(stranger, "/oauth2/challenge", values)), "two factors in one step")

	strong := begin("anna", password)
	strong.Set("acr_values", "urn:florin:acr:sca")
	started = h.form(anna, "/oauth2/challenge", strong)
	require.Equal(t, "insufficient_authorization", code(started), "a password cannot reach that: what can is said")
	require.Equal(t, []string{"sca-key"}, field[[]string](t, started, "next"))
	strong.Set("acr_values", "urn:florin:acr:sca urn:florin:acr:mfa")
	require.Equal(t, 200, h.form(anna, "/oauth2/challenge", strong).Status, "the second choice can be had by it")

	own := begin("anna", "")
	started = h.form(anna, "/oauth2/challenge", own)
	require.Equal(t, []string{"pwd", "sca-key", "webauthn"}, field[[]string](t, started, "next"), "beside the device's own key it is the second")
	login := &half{h, anna, field[string](t, started, "auth_session"), nil}
	_, challenge := login.options(t)
	done := login.step("webauthn", mine.assert(challenge))
	require.Equal(t, 200, done.Status, "%s", done.Body)
}

// Group 13: a name that is nobody's has passkeys and recovery codes as well, the
// same each time, and fails like anybody's at the end.
func TestMadeUpPasskeysLookLikeAnybodys(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna := h.customer("anna")
	mine := h.passkey(t, anna)
	require.Equal(t, 201, h.command(anna, http.MethodPost, "/v1/factors/recovery-codes", nil, anna.NewID()).Status)
	nobody := h.nobody([]string{"otp", "webauthn", "recovery_code", "push"})
	known, unknown := h.half("anna"), h.half(nobody)
	require.Equal(t, known.next, unknown.next)
	a, _ := known.options(t)
	b, challenge := unknown.options(t)
	require.Equal(t, len(a), len(b))
	again, _ := h.half(nobody).options(t)
	id := func(raw string) string {
		parsed, err := virtualwebauthn.ParseAssertionOptions(raw)
		require.NoError(t, err)
		return strings.Join(parsed.AllowCredentials, " ")
	}
	require.Equal(t, id(b), id(again), "stable")
	require.NotEqual(t, id(a), id(b))
	right, wrong := known.step("webauthn", mine.assert(challenge)), unknown.step("webauthn", mine.assert(challenge))
	require.Equal(t, string(right.Body), string(wrong.Body))
	require.Equal(t, "access_denied", code(wrong))
	known, unknown = h.half("anna"), h.half(nobody)
	right, wrong = known.step("recovery_code", "AAAA-AAAA-AAAA-AAAA"), unknown.step("recovery_code", "AAAA-AAAA-AAAA-AAAA")
	require.Equal(t, string(right.Body), string(wrong.Body))
	require.Equal(t, "access_denied", code(wrong))
}

// Authenticators choose identifiers of many lengths, and some people have two.
func TestMadeUpPasskeysDifferAsRealOnesDo(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	lengths, two := map[int]bool{}, false
	stranger := h.stranger()
	for i := 0; len(lengths) < 3 || !two; i++ {
		require.Less(t, i, 400)
		h.pass(25 * time.Hour)
		step := h.form(stranger, "/oauth2/challenge", begin(fmt.Sprint("nobody-", i), "wrong password entirely"))
		if !slices.Contains(field[[]string](t, step, "next"), "webauthn") {
			continue
		}
		login := &half{h, stranger, field[string](t, step, "auth_session"), nil}
		raw, _ := login.options(t)
		have, err := virtualwebauthn.ParseAssertionOptions(raw)
		require.NoError(t, err)
		lengths[len(have.AllowCredentials[0])] = true
		two = two || len(have.AllowCredentials) == 2
	}
}

func TestRecoveryCodesAreGoodOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna := h.customer("anna")
	make := func() []string {
		made := h.command(anna, http.MethodPost, "/v1/factors/recovery-codes", nil, anna.NewID())
		require.Equal(t, 201, made.Status, "%s", made.Body)
		codes := field[[]string](t, made, "codes")
		require.Len(t, codes, 10)
		return codes
	}
	old := make()
	codes := make()
	list := h.get(anna, "/v1/factors")
	require.Contains(t, string(list.Body), `"left":10`)
	for _, code := range codes {
		require.NotContains(t, string(list.Body), code, "shown once")
		require.NotContains(t, h.logged(), code)
	}
	require.Len(t, h.factors(anna), 2, "the new list took the old one's place")
	require.Equal(t, "access_denied", code(h.half("anna").step("recovery_code", old[0])), "of the list before")
	done := h.half("anna").step("recovery_code", strings.ToLower(strings.ReplaceAll(codes[3], "-", " ")))
	require.Equal(t, 200, done.Status, "%s", done.Body)
	require.Equal(t, "access_denied", code(h.half("anna").step("recovery_code", codes[3])), "used before")
	require.Equal(t, "factor-last", code(h.command(anna, http.MethodDelete, "/v1/factors/"+h.factors(anna)[0].ID, nil, anna.NewID())), "codes are no second factor to be left with")

	h.pass(25 * time.Hour)
	guess := func() string { return code(h.half("anna").step("recovery_code", "AAAA-AAAA-AAAA-AAAA")) }
	var last string
	for range 6 {
		if last = guess(); last != "access_denied" {
			break
		}
		h.pass(time.Second)
	}
	require.NotEqual(t, "access_denied", last, "a small budget of their own")
}
