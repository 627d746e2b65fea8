package gateway

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/descope/virtualwebauthn"
	"github.com/stretchr/testify/require"

	"florin/gateway/identity"
)

var words = regexp.MustCompile(`<p>.*</p>`)

var passkeyOptions = regexp.MustCompile(`data-options="([^"]*)"`)

// half is a login up to the second factor, on a request for scope.
func (m *machine) half(name, scope string) *browser {
	m.h.t.Helper()
	b := m.h.browser().visit(m.name, m.push(wish(scope))).submit("username", name, "password", password)
	require.Equal(m.h.t, 200, b.answer.StatusCode, words.FindString(b.page))
	return b
}

// options are what the passkey page's script would ask with.
func (b *browser) options() (raw string, challenge []byte) {
	b.h.t.Helper()
	found := passkeyOptions.FindStringSubmatch(b.page)
	require.NotNil(b.h.t, found, b.page)
	raw = html.UnescapeString(found[1])
	parsed, err := virtualwebauthn.ParseAssertionOptions(raw)
	require.NoError(b.h.t, err)
	return raw, parsed.Challenge
}

func (b *browser) offers(words ...string) {
	b.h.t.Helper()
	for name, text := range map[string]string{"otp": "Use your authenticator app", "webauthn": "Use a passkey or security key",
		"recovery_code": "Use a recovery code", "otp_send": "Have a code sent to you"} {
		button := `name="way" value="` + name + `">` + text + `</button>`
		require.Equal(b.h.t, strings.Contains(" "+strings.Join(words, " ")+" ", " "+name+" "), strings.Contains(b.page, button), name)
	}
}

func TestEveryFactorOfTheAppIsOnThePages(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna, shop := h.reached("anna"), h.thirdParty("shop", "openid", "accounts.read", "accounts.write")
	key := h.passkey(t, anna)
	made := h.command(anna, http.MethodPost, "/v1/factors/recovery-codes", nil, anna.NewID())
	codes := field[[]string](t, made, "codes")
	back := " https://shop.example"

	b := shop.half("anna", "openid accounts.read")
	b.offers("webauthn", "recovery_code", "otp_send")
	checkPage(t, b.submit("way", "recovery_code"), back)
	b.offers("otp", "webauthn", "otp_send")
	checkPage(t, b.submit("recovery_code", ""), back)
	require.Contains(t, b.page, `<a href="#recovery_code">Enter one of your recovery codes.`)
	require.NotEmpty(t, b.submit("recovery_code", strings.ToLower(codes[2])).submit("decision", "allow").back().Get("code"))

	b = shop.half("anna", "openid accounts.read")
	checkPage(t, b.submit("way", "webauthn"), back)
	b.offers("otp", "recovery_code", "otp_send")
	raw, challenge := b.options()
	require.Contains(t, raw, `"userVerification":"required"`)
	again, _ := b.submit("way", "otp").submit("way", "webauthn").options()
	require.Equal(t, raw, again, "choosing is no step")
	response := key.assert(challenge)
	b.submit("webauthn", response)
	require.Contains(t, b.page, "Allow access")
	require.NotEmpty(t, b.submit("decision", "allow").back().Get("code"))
	replayed := shop.half("anna", "openid accounts.read").submit("way", "webauthn").submit("webauthn", response)
	require.Contains(t, replayed.page, "The login failed.")

	for method, words := range map[string]string{"email": "Code from the e-mail", "sms": "Code from the text message"} {
		b = shop.half("anna", "openid accounts.read")
		checkPage(t, b.submit("way", "otp_send"), back)
		b.offers("otp", "webauthn", "recovery_code")
		checkPage(t, b.submit("otp_send", method), back)
		require.Contains(t, b.page, words)
		b.offers("otp", "webauthn", "recovery_code")
		checkPage(t, b.submit("otp", ""), back)
		require.Contains(t, b.page, words, "an empty answer costs nothing")
		otp := h.sentCode("login-code")
		b.submit("otp", otp)
		require.Contains(t, b.page, "Allow access")
		tokens := tokensOf(t, shop.redeem(b.submit("decision", "allow").back().Get("code"), nil))
		require.Equal(t, "accounts.read openid", tokens.Scope)
		require.NotContains(t, h.logged(), otp)
	}
}

// What a code that is sent is good for: it lets its owner look, and so a third
// party too, and neither act.
func TestASentCodeLetsNobodyElseAct(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.reached("anna")
	shop := h.thirdParty("shop", "openid", "accounts.write", "payments.transfer")
	b := shop.half("anna", "openid accounts.write")
	b.offers()
	require.Equal(t, 400, b.submit("way", "otp_send").answer.StatusCode)
	require.Equal(t, 400, shop.half("anna", "openid accounts.write").submit("otp_send", "email").answer.StatusCode)
	values := wish("openid payments.transfer")
	values.Set("authorization_details", payment)
	b = h.browser().visit("shop", shop.push(values)).submit("username", "anna", "password", password)
	b.offers()
	require.Equal(t, 400, b.submit("otp_send", "sms").answer.StatusCode)
	values = wish("openid")
	values.Set("authorization_details", payment)
	b = h.browser().visit("shop", shop.push(values)).submit("username", "anna", "password", password)
	require.Equal(t, 400, b.submit("otp_send", "sms").answer.StatusCode, "a payment is one by whatever scope")
	require.Empty(t, h.told("login-code"))
}

// Groups 11 and 12 on the pages: steps out of order, another's login, brute force.
func TestGroup11WaysOfThePages(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna, eve, shop := h.reached("anna"), h.customer("eve"), h.thirdParty("shop", "openid")
	mine := h.passkey(t, anna)
	theirs := h.passkey(t, eve)
	first := h.browser().visit("shop", shop.push(wish("openid")))
	for _, early := range [][]string{{"otp", "123456"}, {"otp_send", "email"}, {"webauthn", "{}"}, {"recovery_code", "AAAA"}, {"way", "otp"}} {
		first.submit(early...)
		require.Equal(t, 400, first.answer.StatusCode, "%s before the password", early[0])
	}
	b := shop.half("anna", "openid")
	for _, odd := range [][]string{{"way", "sca-key"}, {"way", "pwd"}, {"otp_send", "pigeon"}, {"otp", "1", "otp_method", "pigeon"},
		{"otp", strings.Repeat("1", 17)}, {"recovery_code", strings.Repeat("A", 65)}, {"webauthn", strings.Repeat("{", 13<<10)}, {"way", "recovery_code"}} {
		form := b.fields()
		for i := 0; i < len(odd); i += 2 {
			form.Set(odd[i], odd[i+1])
		}
		require.Equal(t, 400, b.send(http.MethodPost, "/oauth2/authorize", form.Encode()).answer.StatusCode, odd[0])
		h.pass(25 * time.Hour)
		b = shop.half("anna", "openid")
	}
	form := b.fields()
	form.Set("otp", "123456")
	form.Set("otp_method", "email")
	require.Equal(t, 400, b.send(http.MethodPost, "/oauth2/authorize", form.Encode()).answer.StatusCode, "before one was sent")

	b = shop.half("anna", "openid").submit("way", "webauthn")
	_, challenge := b.options()
	stranger := shop.half("eve", "openid")
	require.Contains(t, stranger.submit("auth_session", b.fields().Get("auth_session"), "way", "webauthn").page, "cannot be continued", "another browser's login")
	stranger = shop.half("eve", "openid").submit("way", "webauthn")
	require.Contains(t, stranger.submit("webauthn", mine.assert(challenge)).page, "The login failed.", "another's passkey")
	require.Contains(t, shop.half("anna", "openid").submit("way", "webauthn").submit("webauthn", theirs.assert(challenge)).page, "The login failed.")
	require.Contains(t, b.submit("webauthn", mine.assert([]byte("another challenge"))).page, "The login failed.")

	h.pass(25 * time.Hour)
	b = shop.half("anna", "openid").submit("way", "otp_send").submit("otp_send", "email")
	otp := h.sentCode("login-code")
	form = b.fields()
	form.Set("otp", "x"+otp[1:])
	require.Contains(t, b.send(http.MethodPost, "/oauth2/authorize", form.Encode()).page, "The login failed.")
	form.Set("otp", otp)
	require.Contains(t, b.send(http.MethodPost, "/oauth2/authorize", form.Encode()).page, "cannot be continued", "one guess for each code")
	b = shop.half("anna", "openid")
	for range 3 {
		b.submit("way", "otp_send")
		require.Contains(t, b.page, "Send it by e-mail")
		b.submit("otp_send", "email")
		require.Equal(t, 200, b.answer.StatusCode)
		h.pass(30 * time.Second)
	}
	require.NotContains(t, b.page, "Send another code", "three in one login")
	require.Contains(t, b.submit("way", "otp_send").page, "Code from the e-mail")

	h.pass(25 * time.Hour)
	var last *browser
	for range 12 {
		last = h.browser().visit("shop", shop.push(wish("openid"))).submit("username", "anna", "password", password)
		if last.answer.StatusCode == 200 {
			last.submit("otp", "000000")
		}
		if last.answer.StatusCode == 429 {
			break
		}
	}
	require.Equal(t, 429, last.answer.StatusCode, "one budget over all ways (CVE-2025-64102)")
	require.Regexp(t, `Too many attempts. Wait \d+ (seconds|minutes) and try again.`, last.page)
}

// Group 13: which ways there are tells nothing of a name, and none tells whether the
// password was right.
func TestGroup13WaysDoNotTellNames(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna, shop := h.reached("anna"), h.thirdParty("shop", "openid")
	key := h.passkey(t, anna)
	require.Equal(t, 201, h.command(anna, http.MethodPost, "/v1/factors/recovery-codes", nil, anna.NewID()).Status)
	nobody := h.nobody([]string{"otp", "webauthn", "recovery_code", "push", "otp_send"}, "email", "sms")
	secret := regexp.MustCompile(`(value|data-options)="[^"]{20,}"|>[1-9][0-9]</p>`)
	walk := func(name string, steps ...[]string) (seen []string) {
		hashes, head := h.bank.PasswordHashes(), h.written()
		b := h.browser().visit("shop", shop.push(wish("openid")))
		b.submit("username", name, "password", "wrong password entirely")
		for _, pairs := range append([][]string{nil}, steps...) {
			if pairs != nil {
				b.submit(pairs...)
			}
			require.NotEqual(t, 429, b.answer.StatusCode)
			seen = append(seen, b.answer.Status+secret.ReplaceAllString(b.page, ""), string(rune('0'+len(b.page)%10)))
		}
		require.EqualValues(t, 1, h.bank.PasswordHashes()-hashes)
		seen = append(seen, string(rune(h.written()-head)))
		h.pass(25 * time.Hour)
		return seen
	}
	for _, steps := range [][][]string{
		{{"way", "recovery_code"}, {"recovery_code", "AAAA-AAAA-AAAA-AAAA"}},
		{{"way", "otp_send"}, {"otp_send", "email"}, {"otp", "000000"}},
		{{"way", "otp_send"}, {"otp_send", "sms"}, {"way", "otp"}, {"otp", "000000"}},
		{{"way", "webauthn"}, {"webauthn", key.assert([]byte("x"))}},
		{{"way", "webauthn"}, {"webauthn", "{}"}},
		{{"way", "push"}, {"push", "start"}, {"push", "poll"}, {"way", "otp"}, {"otp", "000000"}},
	} {
		require.Equal(t, walk("anna", steps...), walk(nobody, steps...), "%v", steps)
	}
	require.Empty(t, h.told("login-code"))
}

func TestThePasskeyScriptIsTheOneOfItsPath(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	get := func(path string) *http.Response {
		answer, err := http.Get(h.issuer + path)
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		return answer
	}
	good := get(identity.ScriptPath())
	require.Equal(t, 200, good.StatusCode)
	require.Equal(t, "text/javascript; charset=utf-8", good.Header.Get("Content-Type"))
	require.Equal(t, "public, max-age=31536000, immutable", good.Header.Get("Cache-Control"))
	require.Equal(t, "nosniff", good.Header.Get("X-Content-Type-Options"))
	for _, path := range []string{"/pages/passkey.js", "/pages/style.css", "/pages/pages.gohtml", identity.ScriptPath() + "x"} {
		require.Equal(t, 404, get(path).StatusCode, path)
	}
	require.Equal(t, 405, (&browser{h: h, cookies: map[string]string{}}).send(http.MethodPost, identity.ScriptPath(), url.Values{}.Encode()).answer.StatusCode)
}

// Who comes too often is told, in words, when to come back.
func TestAPageThatIsAskedTooOftenSaysWhenToComeBack(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.rates.Login = Rate{PerSecond: 0.01, Burst: 2}
	h.reopen()
	b := h.browser()
	for range 2 {
		require.Equal(t, 200, b.send(http.MethodGet, accountPage, "").answer.StatusCode)
	}
	b.send(http.MethodGet, accountPage, "").own(429, "too-many-requests")
	require.Equal(t, "100", b.answer.Header.Get("Retry-After"))
	require.Contains(t, b.page, "Wait 100 seconds, then load this page again.")
	checkPage(t, b, "")
}
