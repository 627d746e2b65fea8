package gateway

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/gateway/identity"
)

// Row 27 and group 7: a request_uri is one browser's, once, for a while.
func TestRow27ARequestIsOpenedInOneBrowserAndAnsweredOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna, shop := h.customer("anna"), h.thirdParty("shop", "openid")
	h.thirdParty("other", "openid")
	uri := shop.push(wish("openid"))
	h.browser().visit("other", uri).own(400, "invalid-request-uri")
	h.browser().visit("nobody", uri).own(400, "invalid-request-uri")
	for name, guess := range map[string]string{
		"changed": uri[:len(uri)-4] + "AAAA", "cut": uri[:len(uri)-1], "empty": "urn:ietf:params:oauth:request_uri:", "a URL": "https://shop.example/request",
		"without its name": strings.TrimPrefix(uri, "urn:ietf:params:oauth:request_uri:"),
	} {
		require.Equal(t, 400, h.browser().visit("shop", guess).answer.StatusCode, name)
	}
	b := h.browser().visit("shop", uri)
	require.Equal(t, 200, b.answer.StatusCode)
	require.Equal(t, 200, b.visit("shop", uri).answer.StatusCode, "a reload")
	h.browser().visit("shop", uri).own(400, "invalid-request-uri")
	b.login("anna", anna).submit("decision", "allow").back()
	b.visit("shop", uri).own(400, "invalid-request-uri")

	late := shop.push(wish("openid"))
	h.pass(91 * time.Second)
	h.browser().visit("shop", late).own(400, "invalid-request-uri")

	slow := h.browser().visit("shop", shop.push(wish("openid"))).login("anna", anna)
	h.pass(11 * time.Minute)
	slow.submit("decision", "allow").own(400, "invalid-request-uri")

	seen := map[string]bool{}
	for range 20 { // CVE-2022-39222
		next := shop.push(wish("openid"))
		raw, err := base64.RawURLEncoding.DecodeString(next[strings.LastIndexByte(next, ':')+1:])
		require.NoError(t, err)
		require.Len(t, raw, 48)
		require.False(t, seen[string(raw[16:])])
		seen[string(raw[16:])] = true
	}
}

// Row 26 and group 5: without a request that is known there is nowhere to go.
func TestRow26NothingInTheBrowserDecidesWhereItIsSent(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna, shop := h.customer("anna"), h.thirdParty("shop", "openid")
	evil := url.Values{"response_type": {"code"}, "client_id": {"shop"}, "redirect_uri": {"https://evil.example/"}, "scope": {"openid"}, "state": {"x"}}
	h.browser().send(http.MethodGet, "/oauth2/authorize?"+evil.Encode(), "").own(400, "invalid-request-uri")
	evil.Set("redirect_uri", callback)
	h.browser().send(http.MethodGet, "/oauth2/authorize?"+evil.Encode(), "").own(400, "invalid-request-uri")
	h.browser().send(http.MethodGet, "/oauth2/authorize", "").own(400, "invalid-request-uri")
	uri := shop.push(wish("openid"))
	evil.Set("redirect_uri", "https://evil.example/")
	evil.Set("request_uri", uri)
	twice := evil.Encode() + "&request_uri=x"
	h.browser().send(http.MethodGet, "/oauth2/authorize?"+twice, "").own(400, "invalid-request-uri")
	b := h.browser().send(http.MethodGet, "/oauth2/authorize?"+evil.Encode(), "")
	require.Equal(t, 200, b.answer.StatusCode)
	require.NotContains(t, b.page+b.answer.Header.Get("Content-Security-Policy"), "evil.example", "only what was pushed counts")
	b.login("anna", anna).submit("decision", "allow").back()
}

func TestANoIsTakenToTheClient(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna, shop := h.customer("anna"), h.thirdParty("shop", "openid")
	before := h.browser().visit("shop", shop.push(wish("openid"))).submit("decision", "deny").back()
	require.Equal(t, "access_denied", before.Get("error"))
	require.Empty(t, before.Get("code"))
	b := h.browser().visit("shop", shop.push(wish("openid"))).login("anna", anna)
	form := b.fields()
	form.Set("decision", "allow")
	require.Equal(t, "access_denied", b.submit("decision", "deny").back().Get("error"))
	b.send(http.MethodPost, "/oauth2/authorize", form.Encode()).own(400, "invalid-request-uri")
}

// Row 45, and what ties a form to its browser.
func TestRow45FormsAreTakenFromTheirOwnBrowserAlone(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna, shop := h.customer("anna"), h.thirdParty("shop", "openid")
	b := h.browser().visit("shop", shop.push(wish("openid"))).login("anna", anna)
	form := b.fields()
	form.Set("decision", "allow")
	with := func(name, value string) string {
		changed := url.Values{}
		for n, v := range form {
			changed[n] = v
		}
		changed.Set(name, value)
		return changed.Encode()
	}
	stranger := h.browser()
	stranger.send(http.MethodPost, "/oauth2/authorize", form.Encode()).own(403, "form-foreign")
	stranger.cookies["florin"] = base64.RawURLEncoding.EncodeToString(make([]byte, 32))
	stranger.send(http.MethodPost, "/oauth2/authorize", form.Encode()).own(403, "form-foreign")
	b.send(http.MethodPost, "/oauth2/authorize", with("csrf", "")).own(403, "form-foreign")
	b.send(http.MethodPost, "/oauth2/authorize", with("csrf", form.Get("csrf")[1:]+"A")).own(403, "form-foreign")
	b.send(http.MethodPost, "/oauth2/authorize", with("request_uri", shop.push(wish("openid")))).own(403, "form-foreign")
	b.send(http.MethodPost, "/oauth2/authorize", with("admin", "1")).own(400, "bad-request")
	b.send(http.MethodPost, "/oauth2/authorize?decision=allow", form.Encode()).own(400, "bad-request")
	b.send(http.MethodPost, "/oauth2/authorize", with("decision", "maybe")).own(400, "bad-request")
	for _, foreign := range []string{"Origin: https://evil.example", "Origin: null", "Sec-Fetch-Site: cross-site"} {
		require.Equal(t, 403, b.send(http.MethodPost, "/oauth2/authorize", form.Encode(), foreign).answer.StatusCode, foreign)
		require.Empty(t, b.answer.Header.Get("Access-Control-Allow-Origin"))
	}
	b.send(http.MethodPost, "/oauth2/authorize", form.Encode(), "Content-Type: text/plain").own(415, "unsupported-media-type")
	framed := h.browser().send(http.MethodGet, "/oauth2/authorize?client_id=shop&request_uri=x", "", "Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: iframe")
	require.Equal(t, 403, framed.answer.StatusCode, "no frame of another site's")
	require.NotEmpty(t, b.send(http.MethodPost, "/oauth2/authorize", form.Encode()).back().Get("code"), "the form itself was good")
}

// Group 11: no step is left out, and none is another's.
func TestALoginInABrowserTakesAllItsSteps(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna, bert, shop := h.customer("anna"), h.customer("bert"), h.thirdParty("shop", "openid")
	visit := func() *browser { return h.browser().visit("shop", shop.push(wish("openid"))) }

	b := visit()
	require.Equal(t, 400, b.submit("decision", "allow").answer.StatusCode, "nobody has logged in")
	h.pass(30 * time.Second)
	half := visit().submit("username", "anna", "password", password)
	require.Equal(t, 400, half.submit("decision", "allow").answer.StatusCode, "one factor is none (CVE-2025-64103)")
	require.Contains(t, half.page, "cannot be continued")

	full := visit().login("anna", anna)
	spent := visit().submit("username", "anna", "password", password)
	form := spent.fields()
	otp, err := anna.OTP()
	require.NoError(t, err)
	require.Equal(t, 400, spent.submit("otp", otp).answer.StatusCode, "the one-time password was used already")
	form.Set("otp", otp)
	require.Equal(t, 400, spent.send(http.MethodPost, "/oauth2/authorize", form.Encode()).answer.StatusCode, "a step is taken once")
	other := visit().submit("username", "bert", "password", password)
	require.Equal(t, 400, other.submit("auth_session", full.fields().Get("auth_session"), "decision", "allow").answer.StatusCode, "another browser's login")
	same := h.browser()
	first := shop.push(wish("openid"))
	same.visit("shop", first).login("bert", bert)
	session := same.fields().Get("auth_session")
	same.visit("shop", shop.push(wish("openid")))
	require.Equal(t, 400, same.submit("auth_session", session, "decision", "allow").answer.StatusCode, "another request's login, in the same browser")

	native := h.form(anna, "/oauth2/challenge", url.Values{"auth_session": {full.fields().Get("auth_session")}, "otp": {"000000"}})
	require.Equal(t, "invalid_session", code(native), "a page's login is none of an app's")
	require.NotEmpty(t, full.submit("decision", "allow").back().Get("code"))
}

// Row 29 and groups 12 and 13 on the pages: the answers, the work and the budget
// are the same whether a name is anybody's.
func TestPagesDoNotTellNames(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.customer("anna")
	nobody := h.nobody([]string{"otp", "push"}) // whose made-up factors are like anna's
	shop := h.thirdParty("shop", "openid")
	type seen struct {
		status, size    int
		words           string
		hashes, commits uint64
		retry           string
	}
	secret := regexp.MustCompile(`value="[^"]{20,}"`)
	observe := func(b *browser, pairs ...string) seen {
		hashes, head := h.bank.PasswordHashes(), h.written()
		b.submit(pairs...)
		return seen{b.answer.StatusCode, len(b.page), secret.ReplaceAllString(b.page, ""), h.bank.PasswordHashes() - hashes, h.written() - head, b.answer.Header.Get("Retry-After")}
	}
	last := seen{}
	for attempt := range 6 {
		var steps [2][]seen
		for i, name := range []string{"anna", nobody} {
			b := h.browser().visit("shop", shop.push(wish("openid")))
			steps[i] = append(steps[i], observe(b, "username", name, "password", "wrong password entirely"))
			if steps[i][0].status == 200 {
				steps[i] = append(steps[i], observe(b, "otp", "000000"))
			}
		}
		require.Equal(t, steps[0], steps[1], "attempt %d", attempt)
		if last = steps[0][len(steps[0])-1]; len(steps[0]) == 1 {
			break
		}
		require.Equal(t, 400, last.status)
		require.Contains(t, last.words, "The login failed.")
	}
	require.Equal(t, 429, last.status, "five failures, then a delay, as in the app")
	require.NotEmpty(t, last.retry)
	require.Contains(t, last.words, "Wait "+last.retry+" seconds")
	require.Zero(t, last.hashes)
	native := h.phone()
	require.NoError(t, native.Register(t.Context()))
	require.Equal(t, 429, h.form(native, "/oauth2/challenge", begin("anna", password)).Status, "one budget for page and app")
}

var (
	inputs = regexp.MustCompile(`<input id="([a-z_]+)"`)
	style  = regexp.MustCompile(`(?s)<style>(.*)</style>`)
)

// checkPage holds every page to what can be read off its text.
func checkPage(t *testing.T, b *browser, back string) {
	t.Helper()
	policy, page := b.answer.Header.Get("Content-Security-Policy"), b.page
	scripts := ""
	if strings.Contains(page, `id="passkey"`) { // the one thing that nothing but a script can do
		scripts = "script-src 'self'; "
		tag := `<script src="` + identity.ScriptPath() + `" defer></script>`
		require.Equal(t, 1, strings.Count(page, tag))
		page = strings.Replace(page, tag, "", 1)
		require.Contains(t, page, "<noscript>")
	}
	digest := sha256.Sum256([]byte(style.FindStringSubmatch(page)[1]))
	require.Equal(t, "default-src 'none'; "+scripts+"style-src 'sha256-"+base64.StdEncoding.EncodeToString(digest[:])+"'; form-action 'self'"+back+
		"; frame-ancestors 'none'; base-uri 'none'", policy)
	require.Equal(t, "no-store", b.answer.Header.Get("Cache-Control"))
	require.Equal(t, "same-origin", b.answer.Header.Get("Referrer-Policy"))
	require.Equal(t, "nosniff", b.answer.Header.Get("X-Content-Type-Options"))
	require.Equal(t, "en", b.answer.Header.Get("Content-Language"))
	require.Contains(t, page, `<html lang="en">`)
	require.Equal(t, 1, strings.Count(page, "<h1>"))
	require.Equal(t, 1, strings.Count(page, "<main>"))
	for _, never := range []string{"<script", "<link", "<img", " src=", " style=", "onclick", "javascript:", "http-equiv"} {
		require.NotContains(t, page, never)
	}
	for _, input := range inputs.FindAllStringSubmatch(page, -1) {
		require.Contains(t, page, `<label for="`+input[1]+`">`)
	}
	require.LessOrEqual(t, strings.Count(page, " autofocus"), 1)
	if strings.Contains(page, `role="alert"`) {
		require.Contains(t, page, "<title>Error: ")
		require.Contains(t, page, `tabindex="-1" autofocus`)
	}
}

func TestPagesKeepToThemselvesAndCanBeReadAloud(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna, shop := h.customer("anna"), h.thirdParty("shop", "openid", "payments.transfer")
	values := wish("openid payments.transfer")
	values.Set("authorization_details", payment)
	back := " https://shop.example"
	b := h.browser().visit("shop", shop.push(values))
	checkPage(t, b, back)
	cookie := b.answer.Header.Get("Set-Cookie")
	for _, attribute := range []string{"HttpOnly", "SameSite=Lax", "Path=/"} {
		require.Contains(t, cookie, attribute)
	}
	checkPage(t, b.submit("username", "", "password", ""), back)
	require.Contains(t, b.page, `<a href="#username">Enter your user name`)
	h.pass(30 * time.Second)
	checkPage(t, b.submit("username", "anna", "password", password), back)
	checkPage(t, b.submit("otp", ""), back)
	require.Contains(t, b.page, `<a href="#otp">Enter the six-digit code`)
	otp, err := anna.OTP()
	require.NoError(t, err)
	checkPage(t, b.submit("otp", otp), back)
	require.NotContains(t, b.page, "<b>A</b>", "a third party's words are words")
	require.Equal(t, 406, b.send(http.MethodGet, "/oauth2/authorize", "", "Accept: application/json").answer.StatusCode)
	checkPage(t, b, "")
	checkPage(t, h.browser().visit("shop", "x"), "")
	checkPage(t, h.browser().send(http.MethodPost, "/oauth2/authorize", "a=b"), "")
}
