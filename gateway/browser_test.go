package gateway

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"florin/commands"
	"florin/domain"
	"florin/gateway/phone"
	"florin/schemas/seal"
)

const (
	callback = "https://shop.example/callback"
	state    = "state of the shop & more"
	payment  = `[{"type":"payment_initiation","instructedAmount":{"amount":"123.50","currency":"EUR"},"creditorName":"Merchant <b>A</b>",` +
		`"creditorAccount":{"iban":"DE02100100109307118603"},"remittanceInformationUnstructured":"Ref 17"}]`
)

// thirdParty is a confidential client that acts for customers.
func (h *house) thirdParty(name string, scopes ...string) *machine {
	h.t.Helper()
	m := &machine{h: h, p: h.phone(), key: key(h.t), name: name}
	jwk, err := domain.ECKey(&m.key.PublicKey)
	require.NoError(h.t, err)
	jwk.KeyID = "t1"
	order := commands.SystemOrder("test", uuid.New(), name, h.now(), seal.Subject{})
	order.Intent = nil
	_, err = h.bank.Clients().Register(context.Background(), order, commands.RegisterClient{
		ClientID: name, Name: "Shop Ltd", Keys: []domain.PublicKey{jwk}, RedirectURIs: []string{callback},
		GrantTypes: []string{"authorization_code", "refresh_token"}, Scopes: scopes})
	require.NoError(h.t, err)
	h.pass(2 * 1e9) // an assertion of the second the process began in is refused
	return m
}

func (m *machine) proven(values url.Values) url.Values {
	values.Set("client_assertion", m.assertion(nil))
	values.Set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
	return values
}

func wish(scope string) url.Values {
	return url.Values{"response_type": {"code"}, "redirect_uri": {callback}, "scope": {scope}, "state": {state}, "nonce": {"n-1"},
		"code_challenge": {begin("", "").Get("code_challenge")}, "code_challenge_method": {"S256"}}
}

// push pushes a request that has to be taken, and gives its request_uri.
func (m *machine) push(values url.Values) string {
	m.h.t.Helper()
	answer := m.h.form(m.p, "/oauth2/par", m.proven(values))
	require.Equal(m.h.t, http.StatusCreated, answer.Status, "%s", answer.Body)
	return field[string](m.h.t, answer, "request_uri")
}

// post sends a form without a DPoP proof.
func (m *machine) post(path string, values url.Values) phone.Answer {
	answer, err := m.p.Send(context.Background(), phone.Request{Method: http.MethodPost, Path: path,
		Header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, Body: []byte(values.Encode())})
	require.NoError(m.h.t, err)
	return answer
}

func (m *machine) redeem(code string, change func(url.Values)) phone.Answer {
	values := m.proven(url.Values{"grant_type": {"authorization_code"}, "code": {code}, "code_verifier": {verifier}, "redirect_uri": {callback}})
	if change != nil {
		change(values)
	}
	return m.h.form(m.p, "/oauth2/token", values)
}

func (m *machine) refresh(token string) phone.Answer {
	return m.h.form(m.p, "/oauth2/token", m.proven(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}}))
}

// browser is a person's: it keeps cookies, fills in forms, and runs no script.
type browser struct {
	h       *house
	cookies map[string]string
	page    string
	answer  *http.Response
}

func (h *house) browser() *browser { return &browser{h: h, cookies: map[string]string{}} }

func (b *browser) send(method, path, body string, headers ...string) *browser {
	b.h.t.Helper()
	request, err := http.NewRequest(method, b.h.issuer+path, strings.NewReader(body))
	require.NoError(b.h.t, err)
	if method == http.MethodPost {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		request.Header.Set("Origin", b.h.issuer)
	}
	request.Header.Set("Accept", "text/html,application/xhtml+xml,*/*;q=0.8")
	for name, value := range b.cookies {
		request.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ": ")
		request.Header.Set(name, value)
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	b.answer, err = client.Do(request)
	require.NoError(b.h.t, err)
	defer b.answer.Body.Close()
	text, err := io.ReadAll(b.answer.Body)
	require.NoError(b.h.t, err)
	b.page = string(text)
	for _, cookie := range b.answer.Cookies() {
		b.cookies[cookie.Name] = cookie.Value
	}
	return b
}

// visit comes from the client's site, as browsers say it.
func (b *browser) visit(clientID, uri string) *browser {
	b.h.t.Helper()
	query := url.Values{"client_id": {clientID}, "request_uri": {uri}}
	return b.send(http.MethodGet, "/oauth2/authorize?"+query.Encode(), "", "Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document")
}

var hiddenField = regexp.MustCompile(`<input type="hidden" name="([a-z_]+)" value="([^"]*)">`)

// fields are the hidden ones of the form that is shown.
func (b *browser) fields() url.Values {
	values := url.Values{}
	for _, match := range hiddenField.FindAllStringSubmatch(b.page, -1) {
		values.Set(match[1], match[2])
	}
	return values
}

// submit sends the form that is shown; pairs are what was typed or pressed.
func (b *browser) submit(pairs ...string) *browser {
	b.h.t.Helper()
	values := b.fields()
	for i := 0; i+1 < len(pairs); i += 2 {
		values.Set(pairs[i], pairs[i+1])
	}
	return b.send(http.MethodPost, "/oauth2/authorize", values.Encode())
}

// login logs in as far as the question.
func (b *browser) login(name string, p *phone.Phone) *browser {
	b.h.t.Helper()
	b.h.pass(30 * 1e9)
	b.submit("username", name, "password", password)
	require.Equal(b.h.t, 200, b.answer.StatusCode, b.page)
	otp, err := p.OTP()
	require.NoError(b.h.t, err)
	return b.submit("otp", otp[:3]+" "+otp[3:])
}

// back is where the browser is sent, which must be the client's.
func (b *browser) back() url.Values {
	b.h.t.Helper()
	require.Equal(b.h.t, http.StatusSeeOther, b.answer.StatusCode, b.page)
	location := b.answer.Header.Get("Location")
	require.True(b.h.t, strings.HasPrefix(location, callback+"?"), location)
	values, err := url.ParseQuery(strings.TrimPrefix(location, callback+"?"))
	require.NoError(b.h.t, err)
	require.Equal(b.h.t, []string{b.h.issuer}, values["iss"])
	require.Equal(b.h.t, []string{state}, values["state"])
	return values
}

// own is a page of the bank's own, that leads nowhere.
func (b *browser) own(status int, reason string) {
	b.h.t.Helper()
	require.Equal(b.h.t, status, b.answer.StatusCode, b.page)
	require.Empty(b.h.t, b.answer.Header.Get("Location"))
	require.Equal(b.h.t, "text/html; charset=utf-8", b.answer.Header.Get("Content-Type"))
	require.Contains(b.h.t, b.page, "Reason: "+reason)
}
