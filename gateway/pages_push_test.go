package gateway

import (
	"net/http"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var shownNumber = regexp.MustCompile(`<p class="number"[^>]*>([1-9][0-9])</p>`)

func (b *browser) number() string {
	b.h.t.Helper()
	found := shownNumber.FindStringSubmatch(b.page)
	require.NotNil(b.h.t, found, words.FindString(b.page))
	return found[1]
}

func TestALoginInABrowserIsApprovedOnThePhone(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna, shop := h.customer("anna"), h.thirdParty("shop", "openid", "accounts.write")
	back := " https://shop.example"
	b := shop.half("anna", "openid accounts.write")
	checkPage(t, b.submit("way", "push"), back)
	require.NotContains(t, b.page, `class="number"`, "nobody is asked by looking")
	form := b.fields()
	form.Set("push", "start")
	checkPage(t, b.submit("push", "start"), back)
	number := b.number()
	require.Equal(t, b.page, (&browser{h: h, cookies: b.cookies}).send(http.MethodPost, "/oauth2/authorize", form.Encode()).page, "pressed twice, asked once")
	head := h.written()
	checkPage(t, b.submit("push", "poll"), back)
	require.Contains(t, b.page, "Nothing was confirmed yet.")
	require.Equal(t, number, b.number())
	require.Equal(t, head, h.written(), "looking writes nothing")
	asked := h.waiting(anna)
	require.Contains(t, string(asked.Display), "a browser")
	require.Equal(t, 200, h.decideOn(anna, asked, "approve", number, nil).Status)
	b.submit("push", "poll")
	require.Contains(t, b.page, "Allow access")
	require.NotEmpty(t, b.submit("decision", "allow").back().Get("code"))

	h.pass(time.Minute)
	b = shop.half("anna", "openid").submit("way", "push").submit("push", "start")
	require.Equal(t, 200, h.decideOn(anna, h.waiting(anna), "deny", b.number(), nil).Status)
	require.Contains(t, b.submit("push", "poll").page, "The login failed.")

	h.pass(time.Hour)
	h.login(anna)
	b = shop.half("anna", "openid").submit("way", "push").submit("push", "start")
	h.pass(2 * time.Minute)
	require.Contains(t, b.submit("push", "poll").page, "The login failed.", "nobody answered")
	b = shop.half("anna", "openid")
	require.Equal(t, 400, b.submit("push", "poll").answer.StatusCode, "before anybody was asked")
	require.Equal(t, 400, shop.half("anna", "openid").submit("push", "call").answer.StatusCode)
}
