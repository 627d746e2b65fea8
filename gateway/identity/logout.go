package identity

import (
	"crypto/subtle"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"florin/commands"
	"florin/domain/id"
	"florin/gateway/problem"
	"florin/gateway/token"
	"florin/gateway/wire"
	"florin/schemas"
)

// LogoutPath is where clients send a browser whose customer logs out (OpenID
// Connect RP-Initiated Logout 1.0).
//
// Why it always asks: nobody is ever logged in to this provider by a cookie, so
// the browser shows nothing about who sits there. The ID token names the client's
// own session, and that alone is ended, once a person has said so in a form which
// no other site can send.
const LogoutPath = "/oauth2/logout"

// logout is what the page holds of a request.
type logout struct{ Hint, RedirectURI, State string }

// logoutStateBytesMax bounds the client's state, as that of a pushed request.
const logoutStateBytesMax = 1024

// LogOut is GET and POST /oauth2/logout: a client's request, which is answered by
// a question, or the answer to that question.
func (p *Provider) LogOut(w http.ResponseWriter, r *http.Request) error {
	values, err := logoutValues(r)
	if err != nil {
		return problem.BadRequest
	}
	browser := p.browserOf(r)
	if values.Has("decision") && (browser == "" || r.Method != http.MethodPost ||
		subtle.ConstantTimeCompare([]byte(values.Get("csrf")), []byte(antiForgery(browser, LogoutPath))) != 1) {
		return problem.FormForeign
	}
	if browser == "" {
		browser = base64.RawURLEncoding.EncodeToString(p.settings.Bank.Sources().Secret(browserBytes))
	}
	named, client, err := p.leaving(r, values)
	if err != nil {
		return err
	}
	s := sheet{Action: LogoutPath, Client: client.Name, ClientID: client.ClientID, CSRF: antiForgery(browser, LogoutPath),
		Logout: logout{values.Get("id_token_hint"), values.Get("post_logout_redirect_uri"), values.Get("state")}}
	switch {
	case named.Session.IsZero(): // no hint: no session of the client's can be meant
		return p.out(w, r, s, "Nobody is logged in here", "This bank keeps no login in a browser. What you have allowed to others you end in the app, under consents.")
	case values.Get("decision") == "":
		s.Back = originOf(s.Logout.RedirectURI)
		http.SetCookie(w, p.cookie(browser))
		return p.show(w, r, s.showing(formLogout), nil)
	case values.Get("decision") == "stay":
		return p.out(w, r, s, "You are still logged in", "Nothing was changed.")
	case values.Get("decision") != "leave":
		return problem.BadRequest
	}
	outcome, err := p.settings.Bank.Sessions().LogOut(r.Context(), p.order(r, nil), named)
	if err != nil {
		return err
	}
	if position := outcome.Receipt.Last; position > 0 {
		if err := p.settings.Settled(r.Context(), position); err != nil {
			return err
		}
	}
	if s.Logout.RedirectURI == "" {
		return p.out(w, r, s, "You are logged out", client.Name+" sees nothing of yours any more.")
	}
	return wire.SeeOther(w, leaveTo(s.Logout.RedirectURI, s.Logout.State))
}

// logoutValues reads the parameters, each once: those of a form, or those that a
// client sends by the address.
func logoutValues(r *http.Request) (url.Values, error) {
	if r.Method == http.MethodPost {
		return formOf[schemas.LogOut](r)
	}
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, problem.BadRequest
	}
	known := wire.Members[schemas.LogOut]()
	for name, given := range values {
		if len(given) != 1 || name == "csrf" || name == "decision" || !slices.Contains(known, name) {
			return nil, problem.BadRequest
		}
		if given[0] == "" {
			delete(values, name)
		}
	}
	return values, nil
}

// leaving finds whose session is meant. A browser is sent only where the client
// that the hint names has registered, byte for byte; without a hint nowhere.
func (p *Provider) leaving(r *http.Request, values url.Values) (named commands.LogOut, client commands.Client, err error) {
	bad := problem.BadRequest.With("The request to log out names no client of ours, or a place that the client has not registered.")
	hint, back := values.Get("id_token_hint"), values.Get("post_logout_redirect_uri")
	if hint == "" {
		if back != "" {
			return named, client, bad
		}
		return named, client, nil
	}
	claims, err := token.ReadIdentity(hint, p.settings.Issuer, p.identityKeys())
	if err != nil || values.Has("client_id") && values.Get("client_id") != claims.Audience || len(values.Get("state")) > logoutStateBytesMax {
		return named, client, bad
	}
	named.ClientID = claims.Audience
	if named.Customer, err = id.Parse[id.Customer](claims.Subject); err != nil {
		return named, client, bad
	}
	if named.Session, err = id.Parse[id.Session](claims.SessionID); err != nil || named.Session.IsZero() {
		return named, client, bad
	}
	client, err = p.settings.Bank.Clients().Get(r.Context(), claims.Audience)
	switch {
	case err != nil:
		return named, client, refusedAs(err, bad)
	case client.Disabled, back != "" && !slices.Contains(client.PostLogoutURIs, back):
		return named, client, bad
	}
	return named, client, nil
}

// out ends the visit on a page of our own.
func (p *Provider) out(w http.ResponseWriter, r *http.Request, s sheet, title, words string) error {
	s.Account = account{Title: title, Words: words}
	return p.show(w, r, s.showing(formOut), nil)
}

// leaveTo is the registered place, with the client's state.
func leaveTo(uri, state string) string {
	if state == "" {
		return uri
	}
	separator := "?"
	if strings.Contains(uri, "?") {
		separator = "&"
	}
	return uri + separator + url.Values{"state": {state}}.Encode()
}
