package identity

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"

	"florin/commands"
	"florin/domain/consent"
	"florin/gateway/problem"
	"florin/gateway/wire"
	"florin/schemas"
)

// AuthorizePath is the one place that browsers come to from elsewhere.
const AuthorizePath = "/oauth2/authorize"

// Authorize is GET /oauth2/authorize: a browser comes with a pushed request, and
// with nothing else that counts (RFC 9126 section 4). Whatever is wrong is said on
// a page of our own: to send a browser anywhere, the request has to be known.
func (p *Provider) Authorize(w http.ResponseWriter, r *http.Request) error {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return problem.BadRequest
	}
	clients, uris := query["client_id"], query["request_uri"]
	if len(clients) != 1 || len(uris) != 1 {
		return consent.ErrURI
	}
	browser := p.browserOf(r)
	if browser == "" {
		browser = base64.RawURLEncoding.EncodeToString(p.settings.Bank.Sources().Secret(browserBytes))
	}
	question, _, err := p.settings.Bank.Consents().Open(r.Context(), p.order(r, nil), clients[0], uris[0], browser)
	if err != nil {
		return err
	}
	http.SetCookie(w, p.cookie(browser))
	if question.Silent { // OpenID Connect Core 3.1.2.6; no browser is ever logged in here already
		return p.sendBack(w, question, url.Values{"error": {"login_required"}})
	}
	return p.show(w, r, p.login(p.asked(question, browser)), nil)
}

// Answer is POST /oauth2/authorize: the forms of the pages. Each holds all that it
// needs, so nothing is kept between them.
func (p *Provider) Answer(w http.ResponseWriter, r *http.Request) error {
	values, err := formOf[schemas.AnswerConsent](r)
	if err != nil {
		return problem.BadRequest
	}
	browser := p.browserOf(r)
	reply := commands.Reply{URI: values.Get("request_uri"), Browser: browser, AuthSession: values.Get("auth_session")}
	if browser == "" || subtle.ConstantTimeCompare([]byte(values.Get("csrf")), []byte(antiForgery(browser, reply.URI))) != 1 {
		return problem.FormForeign
	}
	defer p.turns.wait(reply.URI)() // a button that is pressed twice
	consents, decision := p.settings.Bank.Consents(), values.Get("decision")
	question, err := consents.Ask(r.Context(), p.order(r, nil), reply.URI, browser)
	if err != nil && decision != "" {
		question, err = consents.Answered(r.Context(), p.order(r, nil), reply.URI, browser)
	}
	if err != nil {
		return err
	}
	v := p.asked(question, browser)
	switch decision {
	case "deny":
		if _, err := consents.Deny(r.Context(), p.order(r, nil), reply); err != nil {
			return p.again(w, r, v, err)
		}
		return p.sendBack(w, question, url.Values{"error": {"access_denied"}})
	case "allow":
		code, _, err := consents.Grant(r.Context(), p.order(r, nil), reply)
		if err != nil {
			return p.again(w, r, v, err)
		}
		return p.sendBack(w, question, url.Values{"code": {code}})
	case "":
		return p.factor(w, r, v, values)
	}
	return problem.BadRequest
}

// asked is the visit of a browser that a third party has led here: once the
// customer has logged in, it shows what is asked for.
func (p *Provider) asked(question commands.Question, browser string) visit {
	v := visit{consent: question.Consent, browser: browser, sheet: p.sheet(question, browser)}
	v.done = func(w http.ResponseWriter, r *http.Request, session string) error {
		s := v.sheet.showing(formConsent)
		s.Session = session
		return p.show(w, r, s, nil)
	}
	return v
}

// sendBack ends the visit: the browser goes back to the client with the answer,
// the client's state and the issuer (RFC 9207). The URI is registered, and was
// compared byte for byte when the request was pushed.
func (p *Provider) sendBack(w http.ResponseWriter, question commands.Question, answer url.Values) error {
	answer.Set("iss", p.settings.Issuer)
	if state := question.State.Reveal(); state != "" {
		answer.Set("state", state)
	}
	separator := "?"
	if strings.Contains(question.RedirectURI, "?") {
		separator = "&"
	}
	return wire.SeeOther(w, question.RedirectURI+separator+answer.Encode())
}

const browserBytes = 32

// cookie ties what follows to one browser. It is sent when a client's site leads
// here (Lax), and to nobody else (__Host-). Development has no TLS, and so
// neither prefix nor Secure.
func (p *Provider) cookie(browser string) *http.Cookie {
	return &http.Cookie{
		Name: p.cookieName(), Value: browser, Path: "/", HttpOnly: true, Secure: p.secure(), SameSite: http.SameSiteLaxMode,
		MaxAge: int(2 * consent.PageTTL.Seconds()),
	}
}

func (p *Provider) secure() bool { return strings.HasPrefix(p.settings.Issuer, "https://") }

func (p *Provider) cookieName() string {
	if p.secure() {
		return "__Host-florin"
	}
	return "florin"
}

// browserOf gives the browser's secret, "" if it has none of ours.
func (p *Provider) browserOf(r *http.Request) string {
	cookies := r.CookiesNamed(p.cookieName())
	if len(cookies) != 1 {
		return ""
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(cookies[0].Value)
	if err != nil || len(raw) != browserBytes {
		return ""
	}
	return cookies[0].Value
}

// antiForgery is what a form of this browser holds. It follows from the cookie,
// which no other site can read, and names the request, so that a form for one is
// none for another.
func antiForgery(browser, uri string) string {
	digest := sha256.Sum256([]byte("florin/form\x00" + browser + "\x00" + uri))
	return base64.RawURLEncoding.EncodeToString(digest[:])
}
