package gateway

import (
	"context"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/gateway/phone"
)

// stranger is a registered phone that nobody has logged in on.
func (h *house) stranger() *phone.Phone {
	h.t.Helper()
	p := h.phone()
	require.NoError(h.t, p.Register(context.Background()))
	return p
}

// asked is a login of the stranger as far as the step that sends a code.
func (h *house) asked(p *phone.Phone, name, secret, method string) phone.Answer {
	h.t.Helper()
	first := h.form(p, "/oauth2/challenge", begin(name, secret))
	require.Equal(h.t, "insufficient_authorization", code(first), "%s", first.Body)
	return h.form(p, "/oauth2/challenge", url.Values{"auth_session": {field[string](h.t, first, "auth_session")}, "otp_send": {method}})
}

func answerOTP(session, method, otp string) url.Values {
	return url.Values{"auth_session": {session}, "otp_method": {method}, "otp": {otp}}
}

func TestALoginByASentCodeLooksAndDoesNotAct(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna := h.reached("anna")
	from, to := h.account(anna, "50.00"), h.account(anna, "")
	for _, method := range []string{"email", "sms"} {
		other := h.stranger()
		sent := h.asked(other, "anna", password, method)
		require.Equal(t, "insufficient_authorization", code(sent), "%s", sent.Body)
		otp := h.sentCode("login-code")
		done := h.form(other, "/oauth2/challenge", answerOTP(field[string](t, sent, "auth_session"), method, otp))
		require.Equal(t, 200, done.Status, "%s", done.Body)
		tokens := tokensOf(t, h.form(other, "/oauth2/token", redeem(field[string](t, done, "authorization_code"))))
		require.Equal(t, "accounts.read openid", tokens.Scope)
		other.SetTokens(tokens)
		require.Equal(t, 200, h.get(other, "/v1/accounts").Status)
		paid := h.command(other, "POST", "/v1/transfers", order(from, to, "1.00"), other.NewID())
		require.Equal(t, "insufficient-scope", code(paid))
		require.Empty(t, h.told("device-bound"), "the device is nobody's")
		require.NoError(t, other.Refresh(context.Background()))

		again := h.form(other, "/oauth2/challenge", answerOTP(field[string](t, sent, "auth_session"), method, otp))
		require.Equal(t, "invalid_session", code(again), "a code is used once")
		require.NotContains(t, h.logged(), otp)
	}
}

// Group 11: one factor alone, brute force, steps out of order, another's session.
func TestGroup11SentCodes(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.reached("anna")
	p := h.stranger()
	first := h.form(p, "/oauth2/challenge", begin("anna", password))
	session := field[string](t, first, "auth_session")
	require.Equal(t, "invalid_request", code(h.form(p, "/oauth2/challenge", answerOTP(session, "email", "123456"))), "before one was sent")
	require.Equal(t, "invalid_request", code(h.form(p, "/oauth2/challenge", url.Values{"auth_session": {session}, "otp_send": {"pigeon"}})))
	require.Equal(t, "invalid_request", code(h.form(p, "/oauth2/challenge", answerOTP(session, "pigeon", "123456"))))
	sent := h.form(p, "/oauth2/challenge", url.Values{"auth_session": {session}, "otp_send": {"email"}})
	later := field[string](t, sent, "auth_session")
	otp := h.sentCode("login-code")
	require.Equal(t, "invalid_session", code(h.form(p, "/oauth2/challenge", url.Values{"auth_session": {session}, "otp_send": {"email"}})), "a step is taken once")
	require.Equal(t, "invalid_request", code(h.form(p, "/oauth2/challenge", answerOTP(later, "sms", otp))), "by the way it was not sent")
	require.Equal(t, "invalid_session", code(h.form(h.stranger(), "/oauth2/challenge", answerOTP(later, "email", otp))), "another's auth_session")
	require.Equal(t, "access_denied", code(h.form(p, "/oauth2/challenge", answerOTP(later, "email", "x"+otp[1:]))))
	require.Equal(t, "invalid_session", code(h.form(p, "/oauth2/challenge", answerOTP(later, "email", otp))), "one guess for each code (CVE-2024-32868)")

	old := h.asked(h.stranger(), "anna", password, "email")
	require.Equal(t, "insufficient_authorization", code(old))
	late := h.stranger()
	sent = h.asked(late, "anna", password, "email")
	h.post.mu.Lock()
	h.post.messages = nil
	h.post.mu.Unlock()
	messages := h.told("login-code")
	h.pass(5 * time.Minute)
	require.Equal(t, "access_denied", code(h.form(late, "/oauth2/challenge",
		answerOTP(field[string](t, sent, "auth_session"), "email", sixDigits.FindString(messages[len(messages)-1].Text.Reveal())))), "five minutes later")

	h.pass(2 * time.Hour)
	guesser := h.stranger()
	throttled := false
	for range 8 {
		first := h.form(guesser, "/oauth2/challenge", begin("anna", password))
		if throttled = first.Status == 429; throttled {
			break
		}
		sent := h.form(guesser, "/oauth2/challenge", url.Values{"auth_session": {field[string](t, first, "auth_session")}, "otp_send": {"email"}})
		if throttled = sent.Status == 429; throttled {
			break
		}
		h.form(guesser, "/oauth2/challenge", answerOTP(field[string](t, sent, "auth_session"), "email", "000000"))
	}
	require.True(t, throttled, "brute force (CVE-2025-64102)")
}

// Group 13: nothing of a code that is sent tells whose name it was, or whether the
// password was right.
func TestGroup13SendingACodeTellsNobodyApart(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.reached("anna")
	h.reached("bert")
	made := h.nobody([]string{"otp", "push", "otp_send"}, "email", "sms") // whose made-up factors are like theirs
	type seen struct {
		status, size    int
		code, headers   string
		hashes, commits uint64
	}
	try := func(name, secret, method string) (all []seen) {
		p := h.stranger()
		hashes, before := h.bank.PasswordHashes(), h.written()
		look := func(answer phone.Answer) phone.Answer {
			var names []string
			for header := range answer.Header {
				names = append(names, header)
			}
			slices.Sort(names)
			all = append(all, seen{answer.Status, len(answer.Body), code(answer), strings.Join(names, " "), h.bank.PasswordHashes() - hashes, h.written() - before})
			hashes, before = h.bank.PasswordHashes(), h.written()
			return answer
		}
		session := func(answer phone.Answer) string {
			var doc struct {
				Session string `json:"auth_session"`
			}
			require.NoError(t, json.Unmarshal(answer.Body, &doc))
			return doc.Session
		}
		answer := look(h.form(p, "/oauth2/challenge", begin(name, secret)))
		answer = look(h.form(p, "/oauth2/challenge", url.Values{"auth_session": {session(answer)}, "otp_send": {method}}))
		look(h.form(p, "/oauth2/challenge", answerOTP(session(answer), method, "000000")))
		return all
	}
	for _, method := range []string{"email", "sms"} {
		right := try("anna", password, method)
		require.Equal(t, []uint64{1, 0, 0}, []uint64{right[0].hashes, right[1].hashes, right[2].hashes})
		h.pass(2 * time.Hour)
		require.Len(t, h.told("login-code"), 0, "the login was over before its code went out")
		wrong := try("bert", "wrong password entirely", method)
		h.pass(2 * time.Hour)
		nobody := try(made, password, method)
		h.pass(2 * time.Hour)
		require.Equal(t, right, wrong)
		require.Equal(t, right, nobody)
		require.Empty(t, h.told("login-code"))
	}
	h.asked(h.stranger(), "anna", "wrong password entirely", "email")
	require.Empty(t, h.told("login-code"), "who does not know the password sends nobody anything")
	h.asked(h.stranger(), made, password, "email")
	require.Empty(t, h.told("login-code"))
}

// The simulated phone walks it too.
func TestThePhoneLogsInByASentCode(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna := h.reached("anna")
	other := h.stranger()
	other.Remember(anna.Profile())
	for _, way := range []string{"email", "sms"} {
		require.NoError(t, other.LoginBy(t.Context(), way, func(prompt string) (string, error) {
			require.Contains(t, prompt, way)
			return h.sentCode("login-code"), nil
		}))
		require.Equal(t, 200, h.get(other, "/v1/accounts").Status)
		require.Equal(t, "accounts.read", strings.Fields(other.Tokens().Scope)[0])
	}
	require.ErrorContains(t, other.LoginBy(t.Context(), "pigeon", nil), "none of")
}
