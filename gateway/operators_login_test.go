package gateway

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/descope/virtualwebauthn"
	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"florin/domain/id"
	"florin/gateway/phone"
)

// Names cannot be tried out: unknown, not enrolled, disabled, wrong password and
// right password answer alike, step for step, at the same cost.
func TestOperatorsCannotBeTriedOut(t *testing.T) {
	t.Parallel()
	h := newHouseIn(t, false)
	h.person("olga", "auditor")
	h.appoint("waiting", "auditor")
	gone := h.person("gone", "auditor")
	left, err := id.Parse[id.Operator](gone.Profile().Operator)
	require.NoError(t, err)
	_, err = h.bank.Operators().Disable(context.Background(), h.hosts("left"), left, "left")
	require.NoError(t, err)
	h.pass(time.Minute)
	type shape struct {
		status, size    int
		code, next      string
		hashes, appends uint64
	}
	shapes := map[shape][]string{}
	for _, try := range []struct{ name, password string }{{"olga", password}, {"olga", "another pass phrase"}, {"nobody", password},
		{"gone", password}, {"waiting", password}, {"no name!", password}, {"\u202eolga", password}} {
		p := h.phone()
		measured := func(form url.Values) string {
			hashes, before := h.bank.PasswordHashes(), h.head()
			answer, next, session := h.step(p, form)
			text, _ := json.Marshal(next)
			one := shape{answer.Status, len(answer.Body), code(answer), string(text), h.bank.PasswordHashes() - hashes, h.head() - before}
			shapes[one] = append(shapes[one], try.name)
			return session
		}
		session := measured(and(deskForm(try.name), "password", try.password))
		measured(url.Values{"auth_session": {session}, "otp": {"000000"}})
		h.pass(2 * time.Hour) // budgets are whole again
	}
	require.Len(t, shapes, 2, "one shape for each step: %v", shapes)
}

// What strangers try does not keep an operator out who comes with the key of the last
// login; and that key is a lane like any other.
func TestStrangersDoNotLockAnOperatorOut(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	olga := h.person("olga", "teller")
	tries := func(p *phone.Phone) (passed int) {
		for range 40 {
			if answer := h.form(p, "/oauth2/challenge", and(deskForm("olga"), "password", "wrong")); answer.Status == 429 {
				return passed
			}
			passed++
		}
		require.Fail(t, "nothing ever stops the guessing")
		return 0
	}
	require.Equal(t, 5, tries(h.phone()))
	other := h.form(h.phone(), "/oauth2/challenge", and(deskForm("olga"), "password", password))
	require.Equal(t, 429, other.Status, "a key that nobody knows waits with the others of its place")
	h.pass(time.Second)
	h.login(olga)
	require.Equal(t, 5, tries(olga), "whoever has taken the key guesses no more than a stranger")
}

// CVE-2023-47111: guesses at the same time get past the limit.
func TestFiftyGuessesAtOnceAtAnOperator(t *testing.T) {
	t.Parallel()
	h := newHouseIn(t, false)
	h.person("olga", "auditor")
	h.pass(time.Hour)
	phones := make([]*phone.Phone, 50)
	for i := range phones {
		phones[i] = h.phone()
	}
	hashes := h.bank.PasswordHashes()
	var all sync.WaitGroup
	for _, p := range phones {
		all.Go(func() { h.form(p, "/oauth2/challenge", and(deskForm("olga"), "password", "a wrong pass phrase")) })
	}
	all.Wait()
	require.LessOrEqual(t, h.bank.PasswordHashes()-hashes, uint64(5))
	late := h.form(phones[0], "/oauth2/challenge", and(deskForm("olga"), "password", password))
	require.Equal(t, 429, late.Status)
	require.NotEmpty(t, late.Header.Get("Retry-After"))
}

func TestAnOperatorLogsInWithAPasskey(t *testing.T) {
	t.Parallel()
	h := newHouseIn(t, false)
	olga, key := h.enrolWithPasskey(t, "olga")
	_, hers := h.enrolWithPasskey(t, "otto")
	question := func(p *phone.Phone, name string) (session string, challenge []byte) {
		asked, next, session := h.step(p, deskForm(name))
		require.Equal(t, []string{"pwd", "webauthn"}, next, "%s", asked.Body)
		asked, _, _ = h.step(p, url.Values{"auth_session": {session}, "webauthn": {"options"}})
		var options struct {
			WebAuthn json.RawMessage `json:"webauthn"`
		}
		require.NoError(t, json.Unmarshal(asked.Body, &options))
		parsed, err := virtualwebauthn.ParseAssertionOptions(string(options.WebAuthn))
		require.NoError(t, err, "%s", asked.Body)
		return session, parsed.Challenge
	}
	try := func(session, response string) phone.Answer {
		return h.form(olga, "/oauth2/challenge", url.Values{"auth_session": {session}, "webauthn": {response}})
	}
	for name, spoilt := range map[string]func(challenge []byte) string{
		"another's passkey": func(c []byte) string { return hers.assert(c) },
		"another challenge": func([]byte) string { return key.assert([]byte("another challenge that nobody made")) },
		"a user nobody verified (CVE-2026-8830)": func(c []byte) string {
			lazy := *key
			lazy.authenticator.Options.UserNotVerified = true
			return lazy.assert(c)
		},
		"a counter that stood still": func(c []byte) string { key.credential.Counter = 0; return key.assert(c) },
	} {
		session, challenge := question(olga, "olga")
		if name == "a counter that stood still" { // it has to have gone on before
			key.credential.Counter = 7
			require.Equal(t, 200, try(session, key.assert(challenge)).Status)
			session, challenge = question(olga, "olga")
		}
		answer := try(session, spoilt(challenge))
		require.Equal(t, "access_denied", code(answer), name)
		h.pass(2 * time.Hour)
	}
	key.credential.Counter = 20
	session, challenge := question(olga, "olga")
	response := key.assert(challenge)
	done := try(session, response)
	require.Equal(t, 200, done.Status, "%s", done.Body)
	require.Equal(t, "invalid_session", code(try(session, response)))
	token := h.form(olga, "/oauth2/token", url.Values{"grant_type": {"authorization_code"}, "client_id": {phone.DeskClientID},
		"code": {field[string](t, done, "authorization_code")}, "code_verifier": {deskVerifier}})
	require.Equal(t, 200, token.Status, "%s", token.Body)
	claims := jwt.MapClaims{}
	_, _, err := jwt.NewParser().ParseUnverified(field[string](t, token, "access_token"), claims)
	require.NoError(t, err)
	require.Equal(t, "urn:florin:acr:mfa", claims["acr"])
	require.Equal(t, []any{"mfa", "pop", "user"}, claims["amr"])

	options := func(name string) int {
		_, _, session := h.step(olga, deskForm(name))
		asked, _, _ := h.step(olga, url.Values{"auth_session": {session}, "webauthn": {"options"}})
		return len(asked.Body)
	}
	ask := options("olga")
	alike := false // the identifiers of passkeys have many lengths
	for i := 0; i < 50 && !alike; i++ {
		h.pass(time.Hour)
		alike = options(fmt.Sprint("nobody", i)) == ask
	}
	require.True(t, alike, "who has no passkey is asked for one as well")
}

// enrolWithPasskey makes an operator whose second factor is a passkey.
func (h *house) enrolWithPasskey(t *testing.T, name string) (*phone.Phone, *securityKey) {
	t.Helper()
	ctx := context.Background()
	made, p := h.appoint(name, "auditor"), h.phone()
	offered, err := p.EnrolStep(ctx, phone.Enrolment{UserName: name, Code: made.Code})
	require.NoError(t, err)
	unverified := h.securityKey(virtualwebauthn.AuthenticatorOptions{UserNotVerified: true})
	refused, err := p.EnrolStep(ctx, phone.Enrolment{UserName: name, Code: made.Code, Credential: unverified.attest(t, field[json.RawMessage](t, offered, "options"))})
	require.NoError(t, err)
	require.Equal(t, "factor-unconfirmed", code(refused), "a key that verifies nobody is one factor")
	key := h.securityKey(virtualwebauthn.AuthenticatorOptions{})
	enrolled, err := p.EnrolStep(ctx, phone.Enrolment{UserName: name, Code: made.Code, Credential: key.attest(t, field[json.RawMessage](t, offered, "options"))})
	require.NoError(t, err)
	require.Equal(t, 200, enrolled.Status, "%s", enrolled.Body)
	p.Remember(phone.Profile{Operator: field[string](t, enrolled, "operator_id"), UserName: name})
	return p, key
}

func TestOperatorsStepUp(t *testing.T) {
	t.Parallel()
	h := newHouseIn(t, false)
	olga := h.person("olga", "advisor")
	nobody := "/v1/customers/cus_" + uuid.NewString() + "/restriction"
	restrict := func() phone.Answer {
		return h.command(olga, http.MethodPost, nobody, map[string]string{"reason": "check"}, olga.NewID())
	}
	require.Equal(t, 404, restrict().Status, "fresh from the login")
	h.pass(5*time.Minute + time.Second)
	require.NoError(t, olga.Refresh(context.Background()))
	needed := restrict()
	require.Equal(t, "insufficient-user-authentication", code(needed))
	require.Contains(t, needed.Header.Get("WWW-Authenticate"), `acr_values="urn:florin:acr:mfa"`)

	up := and(deskForm("olga"), "auth_session", olga.Tokens().AuthSession)
	up.Del("username")
	thief := h.phone()
	stolen, _, _ := h.step(thief, and(up, "password", password))
	require.Equal(t, "invalid_session", code(stolen), "the handle works with the session's own key alone")
	wrongApp, _, _ := h.step(olga, and(up, "client_id", phone.ClientID, "scope", "openid", "password", password))
	require.Equal(t, "invalid_session", code(wrongApp))
	answer, _, session := h.step(olga, and(up, "password", password))
	require.Equal(t, "insufficient_authorization", code(answer), "one factor lifts nothing")
	done, _, _ := h.step(olga, url.Values{"auth_session": {session}, "otp": {h.otpOf(olga)}})
	require.Equal(t, 200, done.Status, "%s", done.Body)
	lifted := h.form(olga, "/oauth2/token", url.Values{"grant_type": {"authorization_code"}, "client_id": {phone.DeskClientID},
		"code": {field[string](t, done, "authorization_code")}, "code_verifier": {deskVerifier}})
	require.Equal(t, 200, lifted.Status, "%s", lifted.Body)
	tokens := olga.Tokens()
	tokens.Access = field[string](t, lifted, "access_token")
	olga.SetTokens(tokens)
	require.Equal(t, 404, restrict().Status)
	require.NoError(t, olga.Refresh(context.Background()), "the family goes on")
}

// A leaver is out at once: sessions, refresh, login, and a machine's token.
func TestALeaverIsOutAtOnce(t *testing.T) {
	t.Parallel()
	h := newHouseIn(t, false)
	ctx := context.Background()
	olga, machine := h.person("olga", "auditor"), h.operator("audit.read")
	robot := machine.login()
	require.Equal(t, 200, h.get(robot, "/v1/audit/events").Status)
	h.pass(time.Minute)
	_, _, half := h.step(olga, and(deskForm("olga"), "password", password))
	for _, name := range []string{olga.Profile().Operator, machine.name} {
		left, err := id.Parse[id.Operator](name)
		require.NoError(t, err)
		_, err = h.bank.Operators().Disable(ctx, h.hosts("left"), left, "Olga has left us")
		require.Error(t, err, "a reason is a code")
		outcome, err := h.bank.Operators().Disable(ctx, h.hosts("left"), left, "left")
		require.NoError(t, err)
		require.NoError(t, h.guards.WaitFor(ctx, outcome.Receipt.Last))
	}
	require.Equal(t, 401, h.get(olga, "/v1/audit/events").Status)
	require.Equal(t, 401, h.get(robot, "/v1/audit/events").Status)
	require.True(t, phone.IsRefused(olga.Refresh(ctx), "invalid_grant"))
	require.Equal(t, "invalid_client", code(machine.token(nil)))
	denied, _, _ := h.step(olga, url.Values{"auth_session": {half}, "otp": {h.otpOf(olga)}})
	require.Equal(t, "access_denied", code(denied), "nor does a login under way get through")
	require.True(t, phone.IsRefused(olga.Login(ctx), "access_denied"))
	h.reopen()
	require.Equal(t, 401, h.get(olga, "/v1/audit/events").Status, "and after a restart")
}

func TestALostFactorIsReplacedWhole(t *testing.T) {
	t.Parallel()
	h := newHouseIn(t, false)
	ctx := context.Background()
	olga := h.person("olga", "auditor")
	named, err := id.Parse[id.Operator](olga.Profile().Operator)
	require.NoError(t, err)
	_, _, err = h.bank.Operators().OpenEnrolment(ctx, h.hosts(""), named)
	require.Error(t, err, "not without a reason")
	order := h.hosts("lost-phone")
	opened, outcome, err := h.bank.Operators().OpenEnrolment(ctx, order, named)
	require.NoError(t, err)
	again, _, err := h.bank.Operators().OpenEnrolment(ctx, order, named)
	require.NoError(t, err)
	require.Equal(t, opened, again, "the same command, the same code")
	require.NoError(t, h.guards.WaitFor(ctx, outcome.Receipt.Last))
	require.Equal(t, 401, h.get(olga, "/v1/audit/events").Status, "every session is over")
	h.pass(time.Minute)
	require.True(t, phone.IsRefused(olga.Login(ctx), "access_denied"), "and the factors are")
	fresh := h.phone()
	require.NoError(t, fresh.EnrolOperator(ctx, "olga", opened.Code, "another good pass phrase 9"))
	h.login(fresh)
	require.Equal(t, olga.Profile().Operator, fresh.Profile().Operator)
	require.True(t, phone.IsRefused(olga.Login(ctx), "access_denied"), "the lost ones stay lost")
}
