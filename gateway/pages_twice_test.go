package gateway

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A button that is pressed twice, or eight times: the browser shows the last answer,
// so each has to be the first one. Once the client has taken the code, none is.
func TestAnAnswerGivenTwiceIsOne(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna, shop := h.customer("anna"), h.thirdParty("shop", "openid")
	b := h.browser().visit("shop", shop.push(wish("openid"))).login("anna", anna)
	form := b.fields()
	before := h.written()
	places := make(chan string, 8)
	for range cap(places) {
		go func() {
			one := &browser{h: h, cookies: b.cookies}
			places <- one.send(http.MethodPost, "/oauth2/authorize", form.Encode()+"&decision=allow").answer.Header.Get("Location")
		}()
	}
	first := <-places
	for range cap(places) - 1 {
		require.Equal(t, first, <-places)
	}
	require.Equal(t, before+1, h.written(), "one fact")
	require.Equal(t, first, b.submit("decision", "allow").answer.Header.Get("Location"))
	code := b.back().Get("code")
	b.send(http.MethodPost, "/oauth2/authorize", form.Encode()+"&decision=deny").own(400, "invalid-request-uri")
	require.Equal(t, 200, shop.redeem(code, nil).Status)
	b.send(http.MethodPost, "/oauth2/authorize", form.Encode()+"&decision=allow").own(400, "invalid-request-uri")

	b = h.browser().visit("shop", shop.push(wish("openid")))
	form = b.fields()
	require.Equal(t, "access_denied", b.submit("decision", "deny").back().Get("error"))
	require.Equal(t, "access_denied", b.send(http.MethodPost, "/oauth2/authorize", form.Encode()+"&decision=deny").back().Get("error"))
}

// So it is with the steps of the login: the same form again is the same step, which
// costs nothing and gives the same answer.
func TestALoginsFormSentTwiceIsOneStep(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna, shop := h.customer("anna"), h.thirdParty("shop", "openid")
	b := h.browser().visit("shop", shop.push(wish("openid")))
	h.pass(30 * time.Second)
	form := b.fields()
	form.Set("username", "anna")
	form.Set("password", password)
	pages := make(chan string, 4)
	for range cap(pages) {
		go func() {
			one := &browser{h: h, cookies: b.cookies}
			pages <- one.send(http.MethodPost, "/oauth2/authorize", form.Encode()).page
		}()
	}
	first := <-pages
	for range cap(pages) - 1 {
		require.Equal(t, first, <-pages)
	}
	hashes, head := h.bank.PasswordHashes(), h.written()
	b.send(http.MethodPost, "/oauth2/authorize", form.Encode())
	require.Equal(t, first, b.page)
	require.Equal(t, hashes, h.bank.PasswordHashes())
	require.Equal(t, head, h.written())
	otp, err := anna.OTP()
	require.NoError(t, err)
	step := b.fields()
	step.Set("otp", otp)
	done := b.send(http.MethodPost, "/oauth2/authorize", step.Encode()).page
	require.Contains(t, done, "Allow access")
	require.Equal(t, done, b.send(http.MethodPost, "/oauth2/authorize", step.Encode()).page)
	step.Set("otp", "000000")
	require.Equal(t, 400, b.send(http.MethodPost, "/oauth2/authorize", step.Encode()).answer.StatusCode, "another answer to a step that was taken")
	b.send(http.MethodPost, "/oauth2/authorize", form.Encode()) // the back button, and the first form again
	require.Contains(t, b.page, "cannot be continued. Log in again.")
	b.login("anna", anna).submit("decision", "allow").back()
}
