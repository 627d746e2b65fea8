package gateway

import (
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/gateway/phone"
)

// What a customer says in words has no place in the log, where it could never be erased.
func TestReasonsAreCodesWhoeverGivesThem(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna := h.customer("anna")
	device := anna.Profile().Device
	lost := h.command(anna, http.MethodPost, "/v1/devices/"+device+"/lost", map[string]string{"reason": "Anna Schmidt says Karl took it"}, anna.NewID())
	require.Equal(t, "invalid-reason", code(lost))
	lost = h.command(anna, http.MethodPost, "/v1/devices/"+device+"/lost", map[string]string{"reason": strings.Repeat("x", 9000)}, anna.NewID())
	require.Less(t, lost.Status, 500)
}

// Group 13: whoever has removed their authenticator looks like a name that is nobody's.
func TestEverySetOfFactorsIsSomebodysAndNobodys(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna := h.customer("anna")
	h.passkey(t, anna)
	require.Equal(t, 201, h.command(anna, http.MethodPost, "/v1/factors/recovery-codes", nil, anna.NewID()).Status)
	h.pass(25 * time.Hour)
	h.login(anna)
	gone := h.command(anna, http.MethodDelete, "/v1/factors/"+h.factors(anna)[0].ID, nil, anna.NewID())
	require.Equal(t, 200, gone.Status, "%s", gone.Body)
	h.nobody(h.half("anna").next)
}

// What operators did for a customer is for the customer alone.
func TestThirdPartiesAreNotToldWhatTheBankDid(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna, shop := h.customer("anna"), h.thirdParty("shop", "openid", "profile")
	b := h.browser().visit("shop", shop.push(wish("openid profile")))
	shop.p.SetTokens(tokensOf(t, shop.redeem(b.login("anna", anna).submit("decision", "allow").back().Get("code"), nil)))
	require.Equal(t, 403, h.get(shop.p, "/v1/customers/me/acts").Status)
}

// Whoever knew the old password may stand at the last step when it is changed.
func TestAYesByAnOldPasswordIsNone(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna, shop := h.customer("anna"), h.thirdParty("shop", "openid", "accounts.read")
	b := h.browser().visit("shop", shop.push(wish("openid accounts.read"))).login("anna", anna)
	h.login(anna)
	require.Equal(t, 200, h.command(anna, http.MethodPost, "/v1/customers/me/password", map[string]string{"password": another}, anna.NewID()).Status)
	h.pass(2 * time.Second)
	b.submit("decision", "allow")
	require.Equal(t, http.StatusSeeOther, b.answer.StatusCode)
	require.Equal(t, "invalid_grant", code(shop.redeem(b.back().Get("code"), nil)))
}

// The same in the bank's own app.
func TestACodeByAnOldPasswordIsNone(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna := h.customer("anna")
	h.pass(30 * time.Second)
	thief := h.stranger()
	first := h.form(thief, "/oauth2/challenge", begin("anna", password))
	otp, err := anna.OTP()
	require.NoError(t, err)
	done := h.form(thief, "/oauth2/challenge", url.Values{"auth_session": {field[string](t, first, "auth_session")}, "otp": {otp}})
	h.login(anna)
	require.Equal(t, 200, h.command(anna, http.MethodPost, "/v1/customers/me/password", map[string]string{"password": another}, anna.NewID()).Status)
	h.pass(time.Second)
	require.Equal(t, "invalid_grant", code(h.form(thief, "/oauth2/token", redeem(field[string](t, done, "authorization_code")))))
}

// Devices are ended by who has just authenticated, on the page too.
func TestRow30ThePageOfDevicesEndsNothingAfterFiveMinutes(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna := h.customer("anna")
	b := h.visiting().enter("anna", anna)
	h.pass(5*time.Minute + time.Second)
	require.NoError(t, anna.Refresh(t.Context()))
	b.send(http.MethodGet, accountPage, "")
	b.act("thing", anna.Profile().Device, "act", "lost").act("act", "lost")
	require.Equal(t, 200, h.get(anna, "/v1/accounts").Status)
}

// And by nobody who knew an old password.
func TestThePageOfDevicesEndsWithThePassword(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna := h.customer("anna")
	b := h.visiting().enter("anna", anna)
	h.login(anna)
	require.Equal(t, 200, h.command(anna, http.MethodPost, "/v1/customers/me/password", map[string]string{"password": another}, anna.NewID()).Status)
	h.pass(time.Second)
	b.send(http.MethodGet, accountPage, "")
	require.NotContains(t, b.page, "Your devices and sessions")
}

// A shop that asks and asks keeps nobody from approving their own login.
func TestAThirdPartySilencesNoLogin(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna, till := h.customer("anna"), h.teller("till", "openid")
	for range 3 {
		till.asked("anna", "openid")
	}
	h.push("anna", password)
	require.Contains(t, string(h.waiting(anna).Display), `"purpose":"login"`)
}

// The phone that approved a login was in the wrong hands: it is reported before the yes.
func TestAPhoneThatIsLostSinceVouchesForNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna := h.customer("anna")
	own := h.second(anna)
	h.pass(time.Minute)
	h.login(anna)
	shop := h.thirdParty("shop", "openid", "accounts.read")
	b := h.browser().visit("shop", shop.push(wish("openid accounts.read")))
	h.pass(time.Second)
	b.submit("username", "anna", "password", password).submit("way", "push").submit("push", "start")
	number := regexp.MustCompile(`>(\d\d)<`).FindStringSubmatch(b.page)[1]
	require.Equal(t, 200, h.decideOn(anna, h.waiting(anna), "approve", number, nil).Status)
	h.pass(6 * time.Second)
	b.submit("push", "poll")
	h.login(own)
	require.Equal(t, 200, h.command(own, http.MethodPost, "/v1/devices/"+anna.Profile().Device+"/lost", nil, own.NewID()).Status)
	b.submit("decision", "allow")
	require.Equal(t, http.StatusBadRequest, b.answer.StatusCode, "the yes itself is refused")
}

// A password and a code that was sent let in to look: at no other session, consent or preference does that one turn a hand.
func TestALoginThatMayOnlyLookEndsNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna, shop := h.reached("anna"), h.thirdParty("shop", "openid", "accounts.read")
	tokensOf(t, shop.redeem(h.consented(anna, shop), nil))
	other := h.stranger()
	form := begin("anna", password)
	form.Set("scope", "openid profile notifications.read")
	first := h.form(other, "/oauth2/challenge", form)
	sent := h.form(other, "/oauth2/challenge", url.Values{"auth_session": {field[string](t, first, "auth_session")}, "otp_send": {"sms"}})
	done := h.form(other, "/oauth2/challenge", answerOTP(field[string](t, sent, "auth_session"), "sms", h.sentCode("login-code")))
	other.SetTokens(tokensOf(t, h.form(other, "/oauth2/token", redeem(field[string](t, done, "authorization_code")))))
	type session struct {
		ID      string `json:"session_id"`
		Current bool   `json:"current"`
	}
	var all struct{ Sessions []session }
	require.NoError(t, json.Unmarshal(h.get(other, "/v1/sessions").Body, &all))
	own := slices.IndexFunc(all.Sessions, func(s session) bool { return s.Current })
	end := func(path string) phone.Answer {
		return h.ask(other, Route{Method: http.MethodDelete}, path, "", nil)
	}
	for i, s := range all.Sessions {
		if i != own {
			require.Equal(t, "insufficient-user-authentication", code(end("/v1/sessions/"+s.ID)))
		}
	}
	refused := end("/v1/consents/" + h.consents(anna)[0].ID)
	require.Equal(t, "insufficient-user-authentication", code(refused))
	require.Contains(t, refused.Header.Get("WWW-Authenticate"), "acr_values")
	chosen := h.choose(other, `{"language":"fr","time_zone":"Europe/Paris","channels":{"account":[],"payments":[],"cards":[]}}`)
	require.Equal(t, "insufficient-user-authentication", code(chosen))
	require.Equal(t, 200, h.get(anna, "/v1/accounts").Status, "whose phone it is notices nothing")
	require.Equal(t, 200, end("/v1/sessions/"+all.Sessions[own].ID).Status, "but itself it may end")
	require.Equal(t, 401, h.get(other, "/v1/sessions").Status)
}
