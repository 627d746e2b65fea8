package gateway

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/eventbus"
	"florin/gateway/phone"
)

const accountPage = "/account/devices"

// visiting is a browser that has come to the customer's own page.
func (h *house) visiting() *browser {
	h.t.Helper()
	h.pass(30 * time.Second)
	return h.browser().send(http.MethodGet, accountPage, "")
}

// act sends the page's form.
func (b *browser) act(pairs ...string) *browser {
	b.h.t.Helper()
	values := b.fields()
	for i := 0; i+1 < len(pairs); i += 2 {
		values.Set(pairs[i], pairs[i+1])
	}
	b.send(http.MethodPost, accountPage, values.Encode())
	if b.answer.StatusCode == http.StatusSeeOther {
		require.Equal(b.h.t, accountPage, b.answer.Header.Get("Location"))
		return b.send(http.MethodGet, accountPage, "")
	}
	return b
}

func (b *browser) enter(name string, p *phone.Phone) *browser {
	b.h.t.Helper()
	b.act("username", name, "password", password)
	require.Equal(b.h.t, 200, b.answer.StatusCode)
	otp, err := p.OTP()
	require.NoError(b.h.t, err)
	b.act("otp", otp)
	require.Equal(b.h.t, 200, b.h.get(p, "/v1/devices").Status) // the lists show by then what was written before
	require.Equal(b.h.t, 200, b.h.get(p, "/v1/sessions").Status)
	return b.send(http.MethodGet, accountPage, "")
}

var thingField = regexp.MustCompile(`name="thing" value="((dev|ses)_[^"]+)"`)

func (b *browser) things(prefix string) (found []string) {
	for _, match := range thingField.FindAllStringSubmatch(b.page, -1) {
		if match[2] == prefix {
			found = append(found, match[1])
		}
	}
	return found
}

func TestALostPhoneIsReportedOnThePage(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna, bert := h.customer("anna"), h.customer("bert")
	device := anna.Profile().Device
	require.Equal(t, 200, h.command(anna, http.MethodPatch, "/v1/devices/"+device, map[string]string{"name": "Anna's <b>red</b> one"}, anna.NewID()).Status)
	b := h.visiting()
	checkPage(t, b, "")
	cookie := b.answer.Header.Get("Set-Cookie")
	for _, attribute := range []string{"HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=600"} {
		require.Contains(t, cookie, attribute)
	}
	checkPage(t, b.enter("anna", anna), "")
	require.Equal(t, []string{device}, b.things("dev"))
	require.Contains(t, b.page, "Anna&#39;s &lt;b&gt;red&lt;/b&gt; one")
	require.Len(t, b.things("ses"), 1)

	checkPage(t, b.act("thing", device, "act", "lost"), "")
	require.Contains(t, b.page, "Report Anna&#39;s &lt;b&gt;red&lt;/b&gt; one lost?")
	require.Equal(t, 200, h.get(anna, "/v1/accounts").Status, "nothing has happened yet")
	form := b.fields().Encode() + "&act=lost"
	head := h.written()
	checkPage(t, b.send(http.MethodPost, accountPage, form), "")
	require.Contains(t, b.page, "was reported lost")
	require.Equal(t, "invalid-token", code(h.get(anna, "/v1/accounts")), "at once")
	require.Greater(t, h.written(), head)
	head = h.written()
	b.send(http.MethodPost, accountPage, form)
	require.Equal(t, 200, b.answer.StatusCode, "the same button again")
	require.Equal(t, head, h.written(), "changes nothing")
	require.Error(t, anna.Refresh(t.Context()))
	require.Equal(t, 200, h.get(bert, "/v1/accounts").Status)
	b.send(http.MethodGet, accountPage, "")
	require.Empty(t, b.things("dev"))
	require.Empty(t, b.things("ses"))
	require.Contains(t, b.page, "No device can use your account.")

	var told []string
	require.NoError(t, h.bank.Tick(t.Context()))
	for _, message := range h.told("device-lost") {
		told = append(told, message.Channel)
	}
	require.ElementsMatch(t, []string{"email", "sms"}, told)
	facts := h.facts(t, "device", device)
	last := facts[len(facts)-1]
	require.Equal(t, "device.revoked", last.Kind)
	require.Equal(t, "customer", last.Header.ActorType)
	require.Equal(t, anna.Profile().Customer[4:], last.Header.Actor.String())
	require.Equal(t, "account-page", last.Header.Reason)
	require.Equal(t, "urn:florin:acr:mfa", last.Header.ACR)
}

func TestAnotherDeviceAndASessionAreEndedOnThePage(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna := h.customer("anna")
	b := h.visiting().enter("anna", anna)
	session := b.things("ses")
	require.Len(t, session, 1)
	b.act("thing", session[0], "act", "end")
	require.Contains(t, b.page, "End this session?")
	b.act("act", "end")
	require.Contains(t, b.page, "The session was ended")
	require.Equal(t, "invalid-token", code(h.get(anna, "/v1/accounts")))
	h.login(anna)
	require.Equal(t, 200, h.get(anna, "/v1/accounts").Status, "its device still counts")
	b.send(http.MethodGet, accountPage, "")
	b.act("thing", anna.Profile().Device, "act", "revoke").act("act", "revoke")
	require.Contains(t, b.page, "was removed")
	require.Equal(t, "invalid-token", code(h.get(anna, "/v1/accounts")))
	b.send(http.MethodGet, accountPage, "").act("act", "leave")
	require.Contains(t, b.page, "You are logged out")
	require.Contains(t, b.answer.Header.Get("Set-Cookie"), "Max-Age=0")
}

// A cookie may have been copied: logging out ends what it stands for, and not this
// browser's copy alone.
func TestLoggingOutEndsEveryCopyOfTheCookie(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna := h.customer("anna")
	phones := anna.Profile().Device
	b := h.visiting().enter("anna", anna)
	other, copied := h.browser(), b.cookies["florin-account"]
	other.cookies["florin-account"] = copied
	require.Contains(t, other.send(http.MethodGet, accountPage, "").page, "Log out", "a copied cookie is as good as the first")
	form := other.fields()

	require.Equal(t, 403, b.send(http.MethodPost, accountPage, "act=leave&csrf=x").answer.StatusCode, "nobody is logged out by another site")
	require.Contains(t, other.send(http.MethodGet, accountPage, "").page, "Log out")
	before := h.written()
	b.send(http.MethodGet, accountPage, "").act("act", "leave")
	require.Contains(t, b.page, "You are logged out")
	require.EqualValues(t, 1, h.written()-before)

	require.Contains(t, other.send(http.MethodGet, accountPage, "").page, "Log in to see your devices")
	other.cookies["florin-account"] = copied
	form.Set("act", "lost")
	form.Set("thing", phones)
	form.Set("sure", "yes")
	other.send(http.MethodPost, accountPage, form.Encode())
	require.Equal(t, 400, other.answer.StatusCode)
	require.Contains(t, other.page, "cannot be continued")
	require.Equal(t, 200, h.get(anna, "/v1/accounts").Status)
	form.Set("act", "leave")
	form.Del("sure")
	form.Del("thing")
	before = h.written()
	other.cookies["florin-account"] = copied
	other.send(http.MethodPost, accountPage, form.Encode())
	require.Contains(t, other.page, "You are logged out", "once more tells nothing else")
	require.Equal(t, before, h.written())

	h.reopen()
	other.cookies["florin-account"] = copied
	require.Contains(t, other.send(http.MethodGet, accountPage, "").page, "Log in to see your devices", "nor after a restart")
}

// Who may do this, and how it is not done for them.
func TestTheAccountPageIsItsVisitorsAlone(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna, bert := h.customer("anna"), h.customer("bert")
	mine, theirs := anna.Profile().Device, bert.Profile().Device
	head := func() bool {
		return h.get(anna, "/v1/accounts").Status == 200 && h.get(bert, "/v1/accounts").Status == 200
	}
	refused := func(b *browser, status int, why string) {
		t.Helper()
		require.Equal(t, status, b.answer.StatusCode, why)
		require.True(t, head(), why)
	}
	refused(h.visiting().act("thing", mine, "act", "lost", "sure", "yes"), 400, "nobody has logged in")
	half := h.visiting().act("username", "anna", "password", password)
	require.NotContains(t, half.page, "Have a code sent", "a message to the lost phone proves nothing")
	refused(half.act("thing", mine, "act", "lost", "sure", "yes"), 400, "one factor is none (CVE-2025-64103)")

	b := h.visiting().enter("anna", anna)
	form := b.fields()
	form.Set("act", "lost")
	form.Set("sure", "yes")
	csrf := form.Get("csrf")
	with := func(name, value string) string {
		form.Set("csrf", csrf)
		form.Set("thing", mine)
		form.Set(name, value)
		return form.Encode()
	}
	refused(b.send(http.MethodPost, accountPage, with("thing", theirs)), 404, "another's device")
	refused(b.send(http.MethodPost, accountPage, with("thing", "nonsense")), 404, "no device")
	refused(b.send(http.MethodPost, accountPage, with("thing", "dev_\x00")), 404, "no text")
	refused(b.send(http.MethodPost, accountPage, with("csrf", "")), 403, "no token")
	refused(b.send(http.MethodPost, accountPage, with("csrf", strings.Repeat("A", 43))), 403, "another token")
	refused(b.send(http.MethodPost, accountPage, with("thing", mine), "Origin: https://evil.example"), 403, "another site")
	refused(b.send(http.MethodPost, accountPage+"?act=lost", with("thing", mine)), 400, "a query")
	refused(b.send(http.MethodGet, accountPage+"?act=lost&sure=yes&thing="+mine, ""), 400, "a link")
	refused(b.send(http.MethodPost, accountPage, with("thing", mine)+"&admin=1"), 400, "an unknown member")
	other := h.browser()
	refused(other.send(http.MethodPost, accountPage, with("thing", mine)), 403, "another browser")
	other = h.visiting()
	own, _, _ := strings.Cut(other.cookies["florin-account"], ".")
	_, handle, _ := strings.Cut(b.cookies["florin-account"], ".")
	other.cookies["florin-account"] = own + "." + handle
	refused(other.act("thing", mine, "act", "lost", "sure", "yes"), 400, "another browser's login")

	shop := h.thirdParty("shop", "openid")
	asked := h.browser().visit("shop", shop.push(wish("openid"))).login("anna", anna)
	stolen := h.visiting()
	stolen.cookies["florin-account"] = asked.cookies["florin"] + "." + asked.fields().Get("auth_session")
	stolen.send(http.MethodGet, accountPage, "")
	require.Contains(t, stolen.page, "Log in to see your devices", "a login for a third party is none for this page")
	consent := h.browser().visit("shop", shop.push(wish("openid")))
	consent.cookies["florin"] = own
	refused(consent.submit("auth_session", handle, "decision", "allow"), 403, "nor this one for a third party")

	b.send(http.MethodGet, accountPage, "")
	require.Len(t, b.things("dev"), 1, "the visit goes on")
	h.pass(10 * time.Minute)
	h.login(anna)
	h.login(bert)
	refused(b.act("thing", mine, "act", "lost"), 400, "ten minutes later")
	require.Contains(t, b.page, "cannot be continued. Log in again.")
	b = h.visiting().enter("anna", anna)
	for _, foreign := range []string{"Sec-Fetch-Dest: iframe", "Sec-Fetch-Dest: document"} {
		arrived := b.send(http.MethodGet, accountPage, "", "Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", foreign)
		require.Equal(t, strings.HasSuffix(foreign, "document"), arrived.answer.StatusCode == 200, foreign)
	}
}

// noted is one event with the header of its commit.
type noted struct {
	Kind   string
	Header eventbus.Header
}

// facts are the events about one thing, as they lie in the log.
func (h *house) facts(t *testing.T, context, of string) (found []noted) {
	t.Helper()
	stream := eventbus.Stream(context + "/" + of[4:])
	for record, err := range h.log.ReadAll(t.Context(), 0) {
		require.NoError(t, err)
		for _, event := range record.Events {
			if event.Stream == stream {
				found = append(found, noted{event.Kind, record.Header})
			}
		}
	}
	return found
}
