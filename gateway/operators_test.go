package gateway

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"florin/commands"
	"florin/domain"
	"florin/gateway/phone"
	"florin/schemas/seal"
)

// hosts is the envelope of what is done on the host.
func (h *house) hosts(reason string) commands.Order {
	order := commands.SystemOrder("test", uuid.New(), "host", h.now(), seal.Subject{})
	order.Intent, order.Caller.Reason = nil, reason
	return order
}

// appoint makes a person an operator on the host, and gives the enrolment code.
func (h *house) appoint(name string, roles ...string) commands.EnrolmentAnswer {
	h.t.Helper()
	made, _, err := h.bank.Operators().Appoint(context.Background(), h.hosts("operator-created-on-host"), commands.AppointOperator{
		Name: domain.NewProfile("Mx " + name), UserName: domain.NewProfile(name), Scopes: []string{}, Roles: roles})
	require.NoError(h.t, err)
	return made
}

// person is an operator with a password and an authenticator app, logged in.
func (h *house) person(name string, roles ...string) *phone.Phone {
	h.t.Helper()
	made, p := h.appoint(name, roles...), h.phone()
	require.NoError(h.t, p.EnrolOperator(context.Background(), name, made.Code, password))
	h.login(p)
	return p
}

func deskForm(name string) url.Values {
	challenge := sha256.Sum256([]byte(deskVerifier))
	return url.Values{"client_id": {phone.DeskClientID}, "response_type": {"code"}, "scope": {phone.DeskScopes}, "username": {name},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(challenge[:])}, "code_challenge_method": {"S256"}}
}

const deskVerifier = "the-verifier-of-an-operators-desk-0123456789"

func and(form url.Values, more ...string) url.Values {
	form = maps.Clone(form)
	for i := 0; i < len(more); i += 2 {
		form.Set(more[i], more[i+1])
	}
	return form
}

// step is one step of a login: what it asks for next, and where it goes on.
func (h *house) step(p *phone.Phone, form url.Values) (phone.Answer, []string, string) {
	h.t.Helper()
	answer := h.form(p, "/oauth2/challenge", form)
	var said struct {
		Next    []string `json:"next"`
		Session string   `json:"auth_session"`
	}
	require.NoError(h.t, json.Unmarshal(answer.Body, &said))
	return answer, said.Next, said.Session
}

func (h *house) otpOf(p *phone.Phone) string {
	h.t.Helper()
	code, err := p.OTP()
	require.NoError(h.t, err)
	return code
}

func TestAnOperatorEnrolsOnceAndInTime(t *testing.T) {
	t.Parallel()
	h := newHouseIn(t, false)
	olga, p, ctx := h.appoint("olga", "auditor"), h.phone(), context.Background()
	offered, err := p.EnrolStep(ctx, phone.Enrolment{UserName: "olga", Code: olga.Code})
	require.NoError(t, err)
	require.Equal(t, 200, offered.Status, "%s", offered.Body)
	p.Remember(phone.Profile{TOTPSecret: field[string](t, offered, "secret")})
	other := h.appoint("otto", "auditor")
	head, err := h.log.Head(ctx)
	require.NoError(t, err)
	refused := map[string]bool{}
	for _, wrong := range []phone.Enrolment{
		{UserName: "olga", Code: ""}, {UserName: "olga", Code: "AAAAAAAAAAAAA-AAAAAAAAAAAAA"}, {UserName: "olga", Code: other.Code}, {UserName: "otto", Code: olga.Code},
		{UserName: "nobody", Code: olga.Code}, {UserName: "", Code: olga.Code}, {UserName: "o\x00", Code: olga.Code, Password: password, OTP: h.otpOf(p)},
	} {
		answer, err := p.EnrolStep(ctx, wrong)
		require.NoError(t, err)
		require.Equal(t, "enrolment-refused", code(answer), "%v", wrong)
		var said map[string]any
		require.NoError(t, json.Unmarshal(answer.Body, &said))
		delete(said, "instance")
		text, _ := json.Marshal(said)
		refused[string(text)] = true
	}
	require.Len(t, refused, 1, "every cause reads the same")
	for want, wrong := range map[string]phone.Enrolment{
		"password-weak":        {Password: "olga", OTP: h.otpOf(p)},
		"factor-unconfirmed":   {Password: password, OTP: "000000"},
		"enrolment-incomplete": {Password: password},
	} {
		wrong.UserName, wrong.Code = "olga", olga.Code
		answer, err := p.EnrolStep(ctx, wrong)
		require.NoError(t, err)
		require.Equal(t, want, code(answer))
	}
	now, err := h.log.Head(ctx)
	require.NoError(t, err)
	require.Equal(t, head, now, "nothing of this is a fact")

	answers := make([]phone.Answer, 8)
	var all sync.WaitGroup
	for i := range answers {
		all.Go(func() {
			answers[i], _ = p.EnrolStep(ctx, phone.Enrolment{UserName: "Olga", Code: olga.Code, Password: password, OTP: h.otpOf(p)})
		})
	}
	all.Wait()
	won := slices.DeleteFunc(answers, func(a phone.Answer) bool { return a.Status != 200 })
	require.Len(t, won, 1, "the code is good once, however many come at a time")

	h.pass(31 * time.Minute)
	late, err := p.EnrolStep(ctx, phone.Enrolment{UserName: "otto", Code: other.Code})
	require.NoError(t, err)
	require.Equal(t, "enrolment-refused", code(late), "half an hour later")
	_, _, err = h.bank.Operators().Appoint(ctx, h.hosts("again"), commands.AppointOperator{
		Name: domain.NewProfile("x"), UserName: domain.NewProfile("OLGA"), Scopes: []string{}})
	require.Error(t, err, "a name is one person's for ever")
	require.NotContains(t, h.logged(), olga.Code)
}

func TestAnOperatorLogsInWithTwoFactors(t *testing.T) {
	t.Parallel()
	h := newHouseIn(t, false)
	olga := h.person("olga", "auditor", "security")
	claims := jwt.MapClaims{}
	_, _, err := jwt.NewParser().ParseUnverified(olga.Tokens().Access, claims)
	require.NoError(t, err)
	require.Equal(t, "urn:florin:acr:mfa", claims["acr"])
	require.Equal(t, []any{"mfa", "otp", "pwd"}, claims["amr"])
	require.Equal(t, "audit.read roles.manage", claims["scope"], "no more than the roles give")
	require.Equal(t, olga.Profile().Operator, claims["sub"])
	require.Equal(t, 200, h.get(olga, "/v1/audit/events").Status)
	require.Equal(t, "insufficient-scope", code(h.get(olga, "/v1/analytics")))
	require.Equal(t, "insufficient-scope", code(h.get(olga, "/v1/accounts")), "an operator is no customer")

	require.NoError(t, olga.Refresh(context.Background()))
	require.Equal(t, 200, h.get(olga, "/v1/audit/events").Status)
	before := olga.Tokens()
	h.pass(15*time.Minute + time.Second)
	require.True(t, phone.IsRefused(olga.Refresh(context.Background()), "invalid_grant"), "unattended for a quarter of an hour")
	olga.SetTokens(before)
	h.login(olga)
	for range 49 {
		h.pass(12 * time.Minute)
		require.NoError(t, olga.Refresh(context.Background()))
	}
	h.pass(12 * time.Minute)
	require.True(t, phone.IsRefused(olga.Refresh(context.Background()), "invalid_grant"), "the day is over")

	h.login(olga)
	thief := h.phone()
	thief.Remember(olga.Profile())
	thief.SetTokens(olga.Tokens())
	require.Equal(t, "invalid-dpop-proof", code(h.get(thief, "/v1/audit/events")), "the tokens are bound to the key")
	require.True(t, phone.IsRefused(thief.Refresh(context.Background()), "invalid_grant"))
	require.NoError(t, olga.Refresh(context.Background()), "which does not log the owner out")
	require.NoError(t, olga.Revoke(context.Background()))
	require.Equal(t, 401, h.get(olga, "/v1/audit/events").Status)
}

// CVE-2025-64103: a session that is usable after one factor; the same factor
// counted twice (Kratos #4317); steps out of order; another's auth_session; a
// one-time password's step taken twice.
func TestNoShortWayThroughAnOperatorsLogin(t *testing.T) {
	t.Parallel()
	h := newHouseIn(t, false)
	olga := h.person("olga", "auditor")
	h.pass(time.Minute)
	answer, next, session := h.step(olga, and(deskForm("olga"), "password", password))
	require.Equal(t, "insufficient_authorization", code(answer))
	require.Equal(t, []string{"otp", "webauthn"}, next)
	require.NotContains(t, string(answer.Body), "authorization_code")
	for name, form := range map[string]url.Values{
		"the password again":    {"auth_session": {session}, "password": {password}},
		"two factors at once":   {"auth_session": {session}, "password": {password}, "otp": {h.otpOf(olga)}},
		"an e-mailed code":      {"auth_session": {session}, "otp": {"123456"}, "otp_method": {"email"}},
		"a code to be sent":     {"auth_session": {session}, "otp_send": {"email"}},
		"a recovery code":       {"auth_session": {session}, "recovery_code": {"AAAA-BBBB"}},
		"no factor":             {"auth_session": {session}},
		"a changed session":     {"auth_session": {session[:len(session)-2] + "AA"}, "otp": {h.otpOf(olga)}},
		"the session as code":   {"auth_session": {olga.Tokens().AuthSession}, "otp": {h.otpOf(olga)}},
		"a passkey of nobody's": {"auth_session": {session}, "webauthn": {"{}"}, "otp": {h.otpOf(olga)}},
	} {
		wrong, _, _ := h.step(olga, form)
		require.Contains(t, []string{"invalid_request", "invalid_session", "invalid_client"}, code(wrong), name)
	}
	thief := h.phone()
	wrong, _, _ := h.step(thief, url.Values{"auth_session": {session}, "otp": {h.otpOf(olga)}})
	require.Equal(t, "invalid_session", code(wrong), "an auth_session is bound to the key that began it")
	out, _, _ := h.step(olga, and(deskForm("olga"), "otp", h.otpOf(olga)))
	require.Equal(t, "invalid_request", code(out), "the second factor does not come first")

	otp := h.otpOf(olga)
	done, _, _ := h.step(olga, url.Values{"auth_session": {session}, "otp": {otp}})
	require.Equal(t, 200, done.Status, "none of it has spent the login: %s", done.Body)
	again, _, _ := h.step(olga, url.Values{"auth_session": {session}, "otp": {otp}})
	require.Equal(t, "invalid_session", code(again), "each step is taken once")
	_, _, session = h.step(olga, and(deskForm("olga"), "password", password))
	spent, _, _ := h.step(olga, url.Values{"auth_session": {session}, "otp": {otp}})
	require.Equal(t, "access_denied", code(spent), "a one-time password is taken once")

	token := url.Values{"grant_type": {"authorization_code"}, "client_id": {phone.DeskClientID}, "code": {field[string](t, done, "authorization_code")}, "code_verifier": {deskVerifier}}
	require.Equal(t, "invalid_grant", code(h.form(thief, "/oauth2/token", token)), "nor is the code anybody else's")
	require.Equal(t, "invalid_grant", code(h.form(olga, "/oauth2/token", and(token, "client_id", phone.ClientID))), "nor another app's")
	require.Equal(t, 200, h.form(olga, "/oauth2/token", token).Status)
	require.Equal(t, "invalid_grant", code(h.form(olga, "/oauth2/token", token)), "and it is taken once")
}

func TestNamesOfOperatorsAndCustomersAreApart(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna := h.customer("anna")
	operator := h.person("anna", "teller")
	require.NotEqual(t, anna.Profile().Customer, operator.Profile().Operator, "the same name is another's there")

	h.pass(time.Minute)
	_, next, session := h.step(anna, and(deskForm("anna"), "password", password))
	require.Equal(t, []string{"otp", "webauthn"}, next)
	denied, _, _ := h.step(anna, url.Values{"auth_session": {session}, "otp": {h.otpOf(anna)}})
	require.Equal(t, "access_denied", code(denied), "a customer's factors open no desk")
	bad, _, _ := h.step(operator, and(deskForm("anna"), "client_id", phone.ClientID, "scope", "openid", "password", password))
	require.Equal(t, "invalid_request", code(bad), "nor has an operator's key a device")
	bad, _, _ = h.step(anna, and(deskForm("anna"), "client_id", phone.ClientID, "password", password))
	require.Equal(t, "invalid_scope", code(bad), "a customer's app asks for no operator's scope")
	bad, _, _ = h.step(operator, and(deskForm("anna"), "scope", "payments.transfer", "password", password))
	require.Equal(t, "invalid_scope", code(bad), "nor the desk's for a customer's")
	require.Equal(t, "invalid_grant", code(h.form(operator, "/oauth2/token", url.Values{
		"grant_type": {"refresh_token"}, "client_id": {phone.ClientID}, "refresh_token": {operator.Tokens().Refresh}})))
	require.Equal(t, 200, h.get(anna, "/v1/accounts").Status)
	require.NoError(t, operator.Refresh(context.Background()))
}
