package gateway

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"florin/gateway/phone"
)

// pushing is a login on a new phone that waits for the customer's word on another.
type pushing struct {
	*half
	number string
	begun  phone.Answer
}

// push begins one: password, then push=start.
func (h *house) push(name, secret string) *pushing {
	h.t.Helper()
	h.pass(time.Second) // a phone that is bound at this very moment was not there before
	p := h.stranger()
	first := h.form(p, "/oauth2/challenge", begin(name, secret))
	require.Equal(h.t, "insufficient_authorization", code(first), "%s", first.Body)
	l := &pushing{half: &half{h: h, p: p, session: field[string](h.t, first, "auth_session")}}
	l.begun = l.step("push", "start")
	require.Equal(h.t, "authorization_pending", code(l.begun), "%s", l.begun.Body)
	l.session, l.number = field[string](h.t, l.begun, "auth_session"), field[string](h.t, l.begun, "number")
	return l
}

// poll asks as soon as it may.
func (l *pushing) poll() phone.Answer {
	l.h.t.Helper()
	l.h.pass(5 * time.Second)
	return l.step("push", "poll")
}

// other is a number that is not the one shown.
func (l *pushing) other() string {
	if l.number == "42" {
		return "43"
	}
	return "42"
}

// waiting is the one request that waits for a phone.
func (h *house) waiting(p *phone.Phone) phone.Approval {
	h.t.Helper()
	waiting, err := p.Approvals(context.Background())
	require.NoError(h.t, err)
	require.Len(h.t, waiting, 1)
	return waiting[0]
}

// decideOn answers a request; change replaces claims of the statement.
func (h *house) decideOn(p *phone.Phone, asked phone.Approval, decision, number string, change map[string]any) phone.Answer {
	h.t.Helper()
	statement, err := p.SignApproval(asked.Display, decision, number, change)
	require.NoError(h.t, err)
	return h.command(p, http.MethodPost, "/v1/approvals/"+asked.ID, map[string]string{"approval": statement}, p.NewID())
}

func TestASecondPhoneIsApprovedByTheFirst(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna := h.customer("anna")
	waiting, err := anna.Approvals(context.Background())
	require.NoError(t, err)
	require.Empty(t, waiting)
	h.pass(time.Second)
	login := h.push("anna", password)
	require.Regexp(t, `^[1-9][0-9]$`, login.number)
	require.EqualValues(t, 5, field[int](t, login.begun, "interval"))
	require.EqualValues(t, 120, field[int](t, login.begun, "expires_in"))
	require.Equal(t, "authorization_pending", code(login.poll()))

	asked := h.waiting(anna)
	var display map[string]string
	require.NoError(t, json.Unmarshal(asked.Display, &display))
	require.Equal(t, map[string]string{"aud": h.issuer, "approval_id": asked.ID, "purpose": "login", "client": display["client"],
		"asker": "Florin Phone, FlorinOS 1", "from": "127.0.0.1", "expiry": display["expiry"]}, display)
	require.NotEmpty(t, display["client"])
	require.NotContains(t, string(h.get(anna, "/v1/approvals").Body), `"number"`, "it has to be seen on the asking phone")

	decided := h.decideOn(anna, asked, "approve", login.number, nil)
	require.Equal(t, 200, decided.Status, "%s", decided.Body)
	require.Equal(t, "approved", field[string](t, decided, "status"))
	done := login.poll()
	require.Equal(t, 200, done.Status, "%s", done.Body)
	tokens := tokensOf(t, h.form(login.p, "/oauth2/token", redeem(field[string](t, done, "authorization_code"))))
	claims := claimsOf(t, tokens.Access)
	require.Equal(t, "urn:florin:acr:mfa", claims["acr"])
	require.Equal(t, []any{"mca", "mfa", "pwd", "user"}, claims["amr"])
	require.Contains(t, string(h.get(anna, "/v1/devices").Body), login.p.Profile().Device, "it is bound now")
	require.Equal(t, "invalid_session", code(login.poll()), "a login is over once")
	waiting, err = anna.Approvals(context.Background())
	require.NoError(t, err)
	require.Empty(t, waiting)
}

func TestThePhoneLogsInByApproval(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ctx := context.Background()
	anna := h.customer("anna")
	h.pass(time.Second)
	second := h.stranger()
	profile := second.Profile()
	profile.UserName, profile.Password = "anna", password
	second.Remember(profile)
	require.NoError(t, second.LoginByApproval(ctx, func(number string) {
		status, err := anna.Decide(ctx, h.waiting(anna), "approve", number)
		require.NoError(t, err)
		require.Equal(t, "approved", status)
	}))
	require.Equal(t, 200, h.get(second, "/v1/accounts").Status)
	third := h.stranger()
	third.Remember(profile)
	err := third.LoginByApproval(ctx, func(string) {
		status, err := anna.Decide(ctx, h.waiting(anna), "deny", "")
		require.NoError(t, err)
		require.Equal(t, "denied", status)
	})
	require.True(t, phone.IsRefused(err, "access_denied"), "%v", err)
}

func TestAWrongNumberDenies(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna := h.customer("anna")
	h.pass(time.Second)
	login := h.push("anna", password)
	asked := h.waiting(anna)
	key := anna.NewID()
	statement, err := anna.SignApproval(asked.Display, "approve", login.other(), nil)
	require.NoError(t, err)
	send := func(key string) phone.Answer {
		return h.command(anna, http.MethodPost, "/v1/approvals/"+asked.ID, map[string]string{"approval": statement}, key)
	}
	wrong := send(key)
	require.Equal(t, 200, wrong.Status, "%s", wrong.Body)
	require.Equal(t, "denied", field[string](t, wrong, "status"))
	require.Equal(t, "wrong-number", field[string](t, wrong, "reason"))
	again := send(key)
	require.Equal(t, "true", again.Header.Get("Idempotency-Replayed"))
	require.Equal(t, string(wrong.Body), string(again.Body))
	require.Equal(t, "approval-ended", code(send(anna.NewID())), "the same statement again")
	require.Equal(t, "approval-ended", code(h.decideOn(anna, asked, "approve", login.number, nil)), "there is no second try")
	require.Equal(t, "access_denied", code(login.poll()))
	require.Len(t, h.told("login-denied"), 2, "the customer is told that somebody knows the password")
}

func TestRepliesThatProveNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna, bert := h.customer("anna"), h.customer("bert")
	h.pass(time.Second)
	login := h.push("anna", password)
	asked := h.waiting(anna)
	failed := func(name string, answer phone.Answer) {
		t.Helper()
		require.Equal(t, 403, answer.Status, "%s: %s", name, answer.Body)
		require.Equal(t, "sca-failed", code(answer), name)
	}
	for name, change := range map[string]map[string]any{
		"another place": {"from": "198.51.100.7"}, "another asker": {"asker": "my own tablet"}, "an amount": {"amount": "1.00"},
		"another audience": {"aud": "https://evil.test"}, "another request": {"approval_id": "apr_" + uuid.NewString()}, "a later end": {"expiry": "2036-01-01T00:00:00Z"},
		"a member that nobody knows": {"note": "x"}, "no decision": {"decision": ""}, "a decision that is none": {"decision": "APPROVE"}, "a number for a word": {"number": 42},
		"yesterday's": {"iat": h.now().Add(-time.Hour).Unix()}, "tomorrow's": {"iat": h.now().Add(time.Hour).Unix()}, "no jti": {"jti": ""}, "null": {"from": nil},
	} {
		failed(name, h.decideOn(anna, asked, "approve", login.number, change))
	}
	for name, statement := range map[string]string{"nothing": "", "no JWS": "x.y.z", "dots": "..", "huge": strings.Repeat("A", 20<<10) + ".x.y", "NUL": "a\x00.b.c"} {
		failed(name, h.command(anna, http.MethodPost, "/v1/approvals/"+asked.ID, map[string]string{"approval": statement}, anna.NewID()))
	}
	silent, err := anna.SignApprovalSilently(asked.Display, "approve", login.number)
	require.NoError(t, err)
	failed("the device key, which no fingerprint gates", h.command(anna, http.MethodPost, "/v1/approvals/"+asked.ID, map[string]string{"approval": silent}, anna.NewID()))
	theirs, err := bert.SignApproval(asked.Display, "approve", login.number, nil)
	require.NoError(t, err)
	failed("another's SCA key", h.command(anna, http.MethodPost, "/v1/approvals/"+asked.ID, map[string]string{"approval": theirs}, anna.NewID()))
	payment, err := anna.SignConsent(asked.Display)
	require.NoError(t, err)
	failed("a statement of another type", h.command(anna, http.MethodPost, "/v1/approvals/"+asked.ID, map[string]string{"approval": payment}, anna.NewID()))
	require.Equal(t, "authorization_pending", code(login.poll()), "nothing of it was an answer")

	none := h.decideOn(bert, phone.Approval{ID: "apr_" + uuid.NewString(), Display: asked.Display}, "approve", login.number, nil)
	other := h.decideOn(bert, asked, "approve", login.number, nil)
	require.Equal(t, 404, none.Status)
	require.Equal(t, string(none.Body), string(other.Body), "another customer's is not there, byte for byte")
	waiting, err := bert.Approvals(context.Background())
	require.NoError(t, err)
	require.Empty(t, waiting)
	require.Equal(t, "approved", field[string](t, h.decideOn(anna, asked, "approve", login.number, nil), "status"), "the owner's answer stands")
}

func TestApprovalsEnd(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ctx := context.Background()
	anna := h.customer("anna")
	second := h.phone()
	second.Remember(phone.Profile{UserName: "anna", Password: password, TOTPSecret: anna.Profile().TOTPSecret})
	require.NoError(t, second.Register(ctx))
	h.pass(time.Second)
	login := h.push("anna", password)
	h.login(second) // by password and OTP, after the request
	asked := h.waiting(anna)
	require.Equal(t, "approval-device", code(h.decideOn(second, asked, "approve", login.number, nil)), "a device that came later")
	waiting, err := second.Approvals(ctx)
	require.NoError(t, err)
	require.Empty(t, waiting, "and it is not shown there")
	h.pass(2 * time.Minute)
	require.Equal(t, "approval-ended", code(h.decideOn(anna, asked, "approve", login.number, nil)), "too late")
	require.Equal(t, "access_denied", code(login.poll()))

	h.pass(2 * time.Hour)
	h.login(anna)
	h.login(second)
	h.pass(time.Second)
	login = h.push("anna", password)
	asked = h.waiting(second)
	require.Equal(t, 200, h.command(anna, http.MethodPost, "/v1/devices/"+second.Profile().Device+"/lost", nil, anna.NewID()).Status)
	require.Equal(t, 401, h.decideOn(second, asked, "approve", login.number, nil).Status, "the lost phone answers nothing")
	require.Equal(t, "approval-ended", code(h.decideOn(anna, asked, "approve", login.number, nil)), "what waited was dropped")
	require.Equal(t, "authorization_pending", code(login.poll()), "which looks like nobody's answer")

	h.pass(2 * time.Hour)
	h.login(anna)
	third := h.phone()
	third.Remember(second.Profile())
	require.NoError(t, third.Register(ctx))
	h.login(third)
	h.pass(time.Second)
	login = h.push("anna", password)
	require.Equal(t, "approved", field[string](t, h.decideOn(third, h.waiting(third), "approve", login.number, nil), "status"))
	require.Equal(t, 200, h.command(anna, http.MethodDelete, "/v1/devices/"+third.Profile().Device, nil, anna.NewID()).Status)
	require.Equal(t, "access_denied", code(login.poll()), "revoked in between: its word counts no more")

	h.pass(2 * time.Hour)
	h.login(anna)
	h.pass(time.Second)
	one := h.push("anna", password)
	first := h.waiting(anna)
	two := h.push("anna", password)
	require.Equal(t, "approval-ended", code(h.decideOn(anna, first, "approve", one.number, nil)), "one waits at most: the later one")
	require.Equal(t, "authorization_pending", code(one.poll()))
	require.Equal(t, "approved", field[string](t, h.decideOn(anna, h.waiting(anna), "approve", two.number, nil), "status"))
	require.Equal(t, 200, two.poll().Status)
}

// One winner, however many answer at once; and one code, however many poll.
func TestAnApprovalIsDecidedOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna := h.customer("anna")
	h.pass(time.Second)
	login := h.push("anna", password)
	asked := h.waiting(anna)
	results := make([]string, 16)
	var together sync.WaitGroup
	for i := range results {
		decision := []string{"approve", "deny"}[i%2]
		together.Go(func() {
			if status, err := anna.Decide(context.Background(), asked, decision, login.number); err == nil {
				results[i] = status
			} else if !phone.IsRefused(err, "approval-ended") {
				results[i] = err.Error()
			}
		})
	}
	together.Wait()
	results = slices.DeleteFunc(results, func(s string) bool { return s == "" })
	require.Len(t, results, 1)
	h.pass(5 * time.Second)
	codes := make([]phone.Answer, 8)
	for i := range codes {
		together.Go(func() { codes[i] = login.step("push", "poll") })
	}
	together.Wait()
	granted := 0
	for _, answer := range codes {
		if answer.Status == 200 {
			granted++
		}
	}
	require.Equal(t, map[string]int{"approved": 1, "denied": 0}[results[0]], granted)
}
