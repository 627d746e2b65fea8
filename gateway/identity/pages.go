package identity

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"strconv"

	"florin/commands"
	"florin/domain/grant"
	"florin/gateway/problem"
	"florin/gateway/token"
)

// The pages are whole documents without a link to elsewhere: what a person sees
// came in this one answer. The only file beside them is the script that asks a
// passkey, which nothing but a script can; its path holds its own hash.
//
//go:embed pages
var pageFiles embed.FS

// pages renders them.
type pages struct {
	templates *template.Template
	style     template.CSS
	styleHash string // for the policy: this style and no other
	script    []byte
}

const scriptFile = "pages/passkey.js"

// ScriptPath is where the script is served: by its content's hash, so that a copy
// kept for ever is never an old one.
func ScriptPath() string {
	script, err := pageFiles.ReadFile(scriptFile)
	if err != nil {
		panic(err) // it is embedded: a build without it is broken
	}
	digest := sha256.Sum256(script)
	return "/pages/passkey." + hex.EncodeToString(digest[:16]) + ".js"
}

// Script is GET /pages/{file}.
func (p *Provider) Script(w http.ResponseWriter, r *http.Request) error {
	if r.URL.Path != ScriptPath() {
		return problem.NotFound
	}
	w.Header().Set("Content-Type", "text/javascript; charset=utf-8")
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	w.Header().Set("Content-Length", strconv.Itoa(len(p.pages.script)))
	_, _ = w.Write(p.pages.script) // the browser is gone: nothing is left to tell
	return nil
}

func newPages() (*pages, error) {
	style, err := pageFiles.ReadFile("pages/style.css")
	if err != nil {
		return nil, fmt.Errorf("identity: pages: %w", err)
	}
	templates, err := template.ParseFS(pageFiles, "pages/*.gohtml")
	if err != nil {
		return nil, fmt.Errorf("identity: pages: %w", err)
	}
	script, err := pageFiles.ReadFile(scriptFile)
	if err != nil {
		return nil, fmt.Errorf("identity: pages: %w", err)
	}
	digest := sha256.Sum256(style)
	return &pages{templates, template.CSS(style), base64.StdEncoding.EncodeToString(digest[:]), script}, nil
}

// Forms of a sheet; none: an error.
const (
	formLogin    = "login"
	formOTP      = "code"
	formSend     = "send"
	formSent     = "sent"
	formRecovery = "recovery"
	formPasskey  = "passkey"
	formPush     = "push"
	formConsent  = "consent"
	formAccount  = "account" // own devices and sessions
	formSure     = "sure"    // is asked before one is ended
	formEnded    = "ended"
	formLogout   = "logout" // is asked before a client's session is ended
	formOut      = "out"
)

// sheet is what one page shows.
type sheet struct {
	Form               string
	Problem            string // in the summary at the top; "" if there is none
	Client, ClientID   string
	Action             string // where its forms go
	URI, CSRF, Session string
	Once               string   // of a login's first form
	Ways               []way    // other factors that would do
	Sends              []string // ways by which one-time passwords can be sent
	Sent               string   // by which way a one-time password was sent last
	More               bool     // another may be sent
	Number             string   // to be chosen on another device
	Polled             bool     // it was asked for, and not there yet
	Options            string   // what a passkey is asked with, JSON
	Account            account
	Logout             logout
	Scopes             []string
	Payment            *token.Payment
	Back               string // origin that the browser goes back to
	Code, Detail       string // of an error
	Advice             string // what to do about it
	Style              template.CSS
	Host               string
}

// Title is the page's heading.
func (s sheet) Title() string {
	switch s.Form {
	case formLogin:
		return "Log in"
	case formOTP, formSend, formSent, formRecovery, formPasskey, formPush:
		return "Confirm that it is you"
	case formAccount:
		return "Your devices and sessions"
	case formSure, formEnded:
		return s.Account.Title
	case formLogout:
		return "Log out of " + s.Client + "?"
	case formOut:
		return s.Account.Title
	case formConsent:
		return "Allow access for " + s.Client + "?"
	}
	return "This cannot be continued"
}

// Field is where the summary leads to.
func (s sheet) Field() string {
	switch s.Form {
	case formLogin:
		return "username"
	case formOTP, formSent:
		return "otp"
	case formRecovery:
		return "recovery_code"
	}
	return ""
}

// Script is the path of the script that the page needs, "" if none.
func (s sheet) Script() string {
	if s.Form != formPasskey {
		return ""
	}
	return ScriptPath()
}

// ByEmail tells by which way the last one-time password was sent.
func (s sheet) ByEmail() bool { return s.Sent == grant.ByEmail }

func (s sheet) showing(form string) sheet {
	s.Form = form
	return s
}

func (s sheet) saying(what string) sheet {
	s.Problem = what
	return s
}

// sheet fills in what every form about this question holds. What it asks for is
// shown to nobody who has not logged in: the payment may be private.
func (p *Provider) sheet(q commands.Question, browser string) sheet {
	s := sheet{
		Action: AuthorizePath, Client: q.ClientName, ClientID: q.ClientID, URI: q.URI, CSRF: antiForgery(browser, q.URI), Back: originOf(q.RedirectURI),
	}
	for _, scope := range q.Scopes {
		s.Scopes = append(s.Scopes, scopeWords[scope])
	}
	if payments := token.WritePayment(q.Payment, q.Debtor); len(payments) == 1 {
		s.Payment = &payments[0]
	}
	return s
}

// scopeWords say what a scope lets software do.
var scopeWords = map[string]string{
	"openid":             "know that it is you, by a number that the bank has given you",
	"profile":            "see your name, and how the bank reaches you",
	"accounts.read":      "see your accounts, their balances and their transactions",
	"accounts.write":     "open accounts in your name",
	"payments.read":      "see your payments and what became of them",
	"payments.transfer":  "make the one payment shown below",
	"cards.read":         "see your cards, without their numbers",
	"cards.write":        "freeze and change your cards",
	"notifications.read": "read what the bank has told you",
}

// originOf is where a redirect URI leads, as a content security policy names it.
func originOf(uri string) string {
	parsed, err := url.Parse(uri)
	switch {
	case err != nil:
		return ""
	case parsed.Host == "":
		return parsed.Scheme + ":"
	}
	return parsed.Scheme + "://" + parsed.Host
}

// show writes a page; err, if any, is why it is shown again.
func (p *Provider) show(w http.ResponseWriter, r *http.Request, s sheet, err error) error {
	s.Style, s.Host = p.pages.style, p.settings.Issuer
	var body bytes.Buffer
	if failed := p.pages.templates.ExecuteTemplate(&body, "page", s); failed != nil {
		return fmt.Errorf("identity: page: %w", failed)
	}
	p.guard(w.Header(), s)
	if err != nil {
		problem.WritePage(w, r, err, func(w http.ResponseWriter, _ *http.Request, _ *problem.Fault) { _, _ = w.Write(body.Bytes()) })
		return nil
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Language", "en")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(body.Bytes()) // the browser is gone: nothing is left to tell
	return nil
}

// guard keeps a page to itself. Its forms may end, by a redirect, at the client:
// browsers hold redirects of a form to form-action too. The referrer policy is
// not the usual no-referrer, for with that a form's Origin would be null.
func (p *Provider) guard(h http.Header, s sheet) {
	action := "'self'"
	if s.Back != "" {
		action += " " + s.Back
	}
	scripts := ""
	if s.Script() != "" {
		scripts = "script-src 'self'; "
	}
	h.Set("Content-Security-Policy", "default-src 'none'; "+scripts+"style-src 'sha256-"+p.pages.styleHash+"'; form-action "+action+"; frame-ancestors 'none'; base-uri 'none'")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
}

// Apologise is the page for what cannot go on. It leads nowhere: nobody knows yet
// where it would be safe to lead to.
func (p *Provider) Apologise(w http.ResponseWriter, r *http.Request, fault *problem.Fault) {
	s := sheet{Code: fault.Code, Detail: fault.Detail, Advice: "Close this page, go back to the app or site that sent you here, and begin again.", Style: p.pages.style, Host: p.settings.Issuer}
	switch {
	case fault.Status == http.StatusTooManyRequests:
		s.Detail, s.Advice = "Too much came from where you are.", "Wait "+waitOf(fault)+", then load this page again."
	case fault.Status >= http.StatusInternalServerError:
		s.Detail, s.Advice = "We cannot answer at the moment. Nothing was shared.", "Wait a moment, then load this page again."
	}
	p.guard(w.Header(), s)
	var body bytes.Buffer
	if err := p.pages.templates.ExecuteTemplate(&body, "page", s); err != nil {
		body.WriteString("This cannot be continued.") // the tests render every page
	}
	_, _ = w.Write(body.Bytes())
}
