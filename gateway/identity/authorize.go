package identity

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"florin/commands"
	"florin/domain/consent"
	"florin/domain/grant"
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
	return p.show(w, r, p.sheet(question, browser, formLogin), nil)
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
	question, err := p.settings.Bank.Consents().Ask(r.Context(), p.order(r, nil), reply.URI, browser)
	if err != nil {
		return err
	}
	switch values.Get("decision") {
	case "deny":
		if _, err := p.settings.Bank.Consents().Deny(r.Context(), p.order(r, nil), reply); err != nil {
			return p.again(w, r, question, browser, err)
		}
		return p.sendBack(w, question, url.Values{"error": {"access_denied"}})
	case "allow":
		code, _, err := p.settings.Bank.Consents().Grant(r.Context(), p.order(r, nil), reply)
		if err != nil {
			return p.again(w, r, question, browser, err)
		}
		return p.sendBack(w, question, url.Values{"code": {code}})
	case "":
		return p.factor(w, r, question, browser, values)
	}
	return problem.BadRequest
}

// factor takes one step of the login, by the same verb as an app's.
func (p *Provider) factor(w http.ResponseWriter, r *http.Request, question commands.Question, browser string, values url.Values) error {
	step := commands.LoginStep{
		AuthSession: values.Get("auth_session"), Consent: question.Consent, Browser: browser, MaxAge: -1,
		UserName: values.Get("username"), Password: values.Get("password"), OTP: strings.ReplaceAll(values.Get("otp"), " ", ""),
	}
	sheet := p.sheet(question, browser, formLogin)
	sheet.Session = step.AuthSession
	switch {
	case len(step.UserName) > userNameBytesMax || len(step.Password) > passwordBytesMax || len(step.OTP) > otpBytesMax:
		return problem.BadRequest
	case step.AuthSession == "" && (step.UserName == "" || step.Password == ""):
		return p.show(w, r, sheet.saying("Enter your user name and your password."), problem.BadRequest)
	case step.AuthSession != "" && step.OTP == "":
		sheet.Form = formCode
		return p.show(w, r, sheet.saying("Enter the six-digit code of your authenticator app."), problem.BadRequest)
	case step.AuthSession != "":
		step.UserName, step.Password = "", ""
	default:
		step.OTP = ""
	}
	answer, _, err := p.settings.Bank.Grants().Challenge(r.Context(), p.order(r, nil), step)
	if err != nil {
		return p.again(w, r, question, browser, err)
	}
	sheet.Session, sheet.Form = answer.AuthSession, formCode
	if answer.Done {
		sheet.Form = formConsent
	}
	return p.show(w, r, sheet, nil)
}

// Bounds of what a person types.
const (
	userNameBytesMax = 320
	passwordBytesMax = 1024
	otpBytesMax      = 16
)

// again lets the login begin anew where that can help; the reasons are as few as
// an app's.
func (p *Provider) again(w http.ResponseWriter, r *http.Request, question commands.Question, browser string, err error) error {
	sheet := p.sheet(question, browser, formLogin)
	switch {
	case errors.Is(err, grant.ErrDenied):
		return p.show(w, r, sheet.saying("The login failed. Check what you entered and try again."), problem.BadRequest.Named("access-denied"))
	case errors.Is(err, grant.ErrSession), errors.Is(err, grant.ErrFactor):
		return p.show(w, r, sheet.saying("This login cannot be continued. Log in again."), problem.BadRequest.Named("invalid-session"))
	}
	if fault := problem.Of(err); fault.Status == http.StatusTooManyRequests {
		return p.show(w, r, sheet.saying("Too many attempts. Wait "+fault.Header.Get("Retry-After")+" seconds and try again."), fault)
	}
	return err
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
